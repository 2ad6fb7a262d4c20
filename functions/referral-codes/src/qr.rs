//! QR codes of invite links: drawn from the code and the console's address alone, so that nobody learns from one whether a code exists.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use fast_qr::{ECL, QRBuilder, QRCode};
use serde::Deserialize;
use shared::http::{Ids, Params, Problem};
use shared::model::ReferralCode;
use utoipa::{IntoParams, ToSchema};

use crate::Deps;

/// Modules of white around a code that scanners need to tell it from what is printed beside it.
const QUIET: usize = 4;
const SMALLEST: u32 = 128;
const LARGEST: u32 = 2048;
const USUAL: u32 = 512;

/// How a QR code is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Lines, sharp at any size: for print.
    #[default]
    Svg,
    /// Pixels.
    Png,
}

/// How a QR code is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// `svg` unless said.
    #[param(inline)]
    format: Option<Format>,
    /// Width and height in pixels with the white border, 128 to 2048; 512 unless said.
    #[param(minimum = 128, maximum = 2048)]
    size: Option<u32>,
}

/// Why a link has no QR code.
#[derive(Debug, thiserror::Error)]
enum NotDrawn {
    #[error("the invite link is too long for a QR code: {0}")]
    Link(#[from] fast_qr::qr::QRCodeError),
    #[error("no room for a QR code of {0} modules")]
    Room(usize),
    #[error("the picture cannot be written: {0}")]
    Picture(#[from] png::EncodingError),
}

/// Draws the QR code of an invite link
///
/// For anybody, and of any code that is not mistyped, whether or not it exists. Error correction M or better, with a white border
/// of four modules.
#[utoipa::path(
    get,
    path = "/v1/invitations/{code}/qr",
    operation_id = "drawInvitation",
    responses((status = 200, content((String = "image/svg+xml"), (String = "image/png"))))
)]
pub async fn draw(
    State(deps): State<Arc<Deps>>,
    Ids(code): Ids<ReferralCode>,
    Params(wanted): Params<Wanted>,
) -> Result<Response, Problem> {
    let size = wanted.size.unwrap_or(USUAL);
    if !(SMALLEST..=LARGEST).contains(&size) {
        let ko = format!("크기는 {SMALLEST}~{LARGEST} 픽셀이어야 합니다.");
        return Err(Problem::invalid("size", ko, format!("must be {SMALLEST} to {LARGEST} pixels")));
    }
    let format = wanted.format.unwrap_or_default();
    let qr = encode(&deps.console.invite_link(&code)).map_err(Problem::internal)?;
    let (kind, ending, picture) = match format {
        Format::Svg => ("image/svg+xml", "svg", svg(&qr, size).into_bytes()),
        Format::Png => ("image/png", "png", png(&qr, size).map_err(Problem::internal)?),
    };
    let name = HeaderValue::try_from(format!("inline; filename=\"{code}.{ending}\"")).map_err(Problem::internal)?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CONTENT_DISPOSITION, name),
        // The same picture for ever, unless the console moves.
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        // An SVG that is opened by itself is a document.
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
        (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex")),
    ];
    Ok((headers, picture).into_response())
}

/// The smallest code that holds the text with correction M, and with the best correction for which it has room.
fn encode(text: &str) -> Result<QRCode, NotDrawn> {
    let code = |level, version| {
        let mut builder = QRBuilder::new(text);
        builder.ecl(level);
        if let Some(version) = version {
            builder.version(version);
        }
        builder.build()
    };
    let plain = code(ECL::M, None)?;
    Ok([ECL::H, ECL::Q].into_iter().find_map(|level| code(level, plain.version).ok()).unwrap_or(plain))
}

/// A path of one rectangle per run of dark modules.
fn svg(qr: &QRCode, size: u32) -> String {
    let width = qr.size + 2 * QUIET;
    let mut path = String::new();
    for row in 0..qr.size {
        let mut column = 0;
        while column < qr.size {
            let run = qr[row][column..].iter().take_while(|module| module.value()).count();
            if run > 0 {
                // Writing to a String cannot fail.
                _ = write!(path, "M{} {}h{run}v1h-{run}z", column + QUIET, row + QUIET);
            }
            column += run.max(1);
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {width}\" width=\"{size}\" height=\"{size}\" \
         shape-rendering=\"crispEdges\"><rect width=\"{width}\" height=\"{width}\" fill=\"#fff\"/><path d=\"{path}\"/></svg>"
    )
}

/// Black and white, a bit for each pixel. Modules are whole pixels: what is left over makes the border wider.
fn png(qr: &QRCode, size: u32) -> Result<Vec<u8>, NotDrawn> {
    let pixels = usize::try_from(size).map_err(|_| NotDrawn::Room(qr.size))?;
    let scale = pixels / (qr.size + 2 * QUIET);
    if scale == 0 {
        return Err(NotDrawn::Room(qr.size));
    }
    let border = (pixels - qr.size * scale) / 2;
    let stride = pixels.div_ceil(8);
    let mut data = vec![0xff_u8; stride * pixels];
    for row in 0..qr.size {
        let first = (border + row * scale) * stride;
        for column in (0..qr.size).filter(|&column| qr[row][column].value()) {
            let left = border + column * scale;
            for x in left..left + scale {
                data[first + x / 8] &= !(0x80 >> (x % 8));
            }
        }
        for copy in 1..scale {
            data.copy_within(first..first + stride, first + copy * stride);
        }
    }
    let mut picture = Vec::new();
    let mut encoder = png::Encoder::new(&mut picture, size, size);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&data)?;
    writer.finish()?;
    Ok(picture)
}
