//! QR codes are read back by a decoder, from both forms, and need no database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use referral_codes::{Deps, routes};
use shared::clock::Ambient;
use shared::db::{self, Database};
use shared::model::ReferralCode;
use tower::ServiceExt;

const CONSOLE: &str = "https://app.dangol.example";

struct Drawn {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Drawn {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

/// A function whose database does not exist.
fn router(console: &str) -> axum::Router {
    let nowhere = "mysql://nobody@127.0.0.1:1/nothing".parse().unwrap();
    let database = Database::from_pool(db::pool_options(1).connect_lazy_with(nowhere));
    let deps = Deps { database, ambient: Ambient::system().unwrap(), console: console.parse().unwrap() };
    shared::http::app("referral-codes", routes(deps))
}

async fn draw_at(console: &str, code: &str, query: &str) -> Drawn {
    let request = Request::get(format!("/v1/invitations/{code}/qr{query}")).body(Body::empty()).unwrap();
    let response = router(console).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap().to_vec();
    Drawn { status: parts.status.as_u16(), headers: parts.headers, body }
}

async fn draw(code: &str, query: &str) -> Drawn {
    draw_at(CONSOLE, code, query).await
}

/// Grey values, row by row.
struct Picture {
    side: usize,
    grey: Vec<u8>,
}

impl Picture {
    fn of_png(bytes: &[u8]) -> Self {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut grey = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut grey).unwrap();
        assert_eq!((frame.color_type, frame.bit_depth), (png::ColorType::Grayscale, png::BitDepth::Eight));
        assert_eq!(frame.width, frame.height);
        Self { side: usize::try_from(frame.width).unwrap(), grey }
    }

    /// Paints what the document says: rectangles, and paths of `M`, `h`, `v` and `z`, on a square of `scale` pixels a unit.
    fn of_svg(text: &str, scale: usize) -> Self {
        let attribute = |tag: &BytesStart, name: &str| {
            let found = tag.attributes().map(Result::unwrap).find(|found| found.key.as_ref() == name);
            found.map(|found| found.value.into_owned())
        };
        let (mut reader, mut picture) = (Reader::from_str(text), Self { side: 0, grey: Vec::new() });
        loop {
            match reader.read_event().unwrap() {
                Event::Eof => return picture,
                Event::Start(tag) if tag.name().as_ref() == "svg" => {
                    assert_eq!(attribute(&tag, "xmlns").unwrap(), "http://www.w3.org/2000/svg");
                    let view = attribute(&tag, "viewBox").unwrap();
                    let [_, _, width, height] = *numbers(&view).as_slice() else { panic!("{view}") };
                    assert_eq!(width, height);
                    picture.side = width * scale;
                    // Paper that is neither black nor white until something is painted.
                    picture.grey = vec![0x7f; picture.side * picture.side];
                }
                Event::Empty(tag) if tag.name().as_ref() == "rect" => {
                    assert_eq!(attribute(&tag, "fill").unwrap(), "#fff");
                    let size = |name| attribute(&tag, name).unwrap().parse::<usize>().unwrap();
                    picture.fill((0, 0), (size("width"), size("height")), scale, 0xff);
                }
                Event::Empty(tag) if tag.name().as_ref() == "path" => {
                    for part in attribute(&tag, "d").unwrap().split_terminator('z') {
                        let [x, y, run, height, back] = *numbers(part).as_slice() else { panic!("{part}") };
                        assert_eq!(part, format!("M{x} {y}h{run}v{height}h-{back}"));
                        assert_eq!(run, back);
                        picture.fill((x, y), (run, height), scale, 0);
                    }
                }
                _ => {}
            }
        }
    }

    fn fill(&mut self, (x, y): (usize, usize), (width, height): (usize, usize), scale: usize, grey: u8) {
        for row in y * scale..(y + height) * scale {
            self.grey[row * self.side..][x * scale..(x + width) * scale].fill(grey);
        }
    }

    /// The text of the only code in it, the modules of the code along one side, and how strong its correction is (0 is M).
    fn read(&self) -> (String, usize, u16) {
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(self.side, self.side, |x, y| self.grey[y * self.side + x]);
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1, "codes found");
        let (meta, text) = grids[0].decode().unwrap();
        (text, meta.version.to_size(), meta.ecc_level)
    }

    /// How many pixels are white around what is black: left, top, right, bottom.
    fn border(&self) -> [usize; 4] {
        let dark = |x: usize, y: usize| self.grey[y * self.side + x] == 0;
        let column = |x: &usize| (0..self.side).any(|y| dark(*x, y));
        let row = |y: &usize| (0..self.side).any(|x| dark(x, *y));
        let first = |found: Option<usize>| found.unwrap();
        let last = |found: Option<usize>| self.side - 1 - found.unwrap();
        [
            first((0..self.side).find(column)),
            first((0..self.side).find(row)),
            last((0..self.side).rfind(column)),
            last((0..self.side).rfind(row)),
        ]
    }
}

/// The numbers in a text.
fn numbers(text: &str) -> Vec<usize> {
    text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).map(|part| part.parse().unwrap()).collect()
}

fn codes(count: u64) -> Vec<String> {
    (0..count).map(|seed| ReferralCode::new(&Ambient::seeded(shared::testing::FixedClock::new(), seed)).to_string()).collect()
}

#[tokio::test]
async fn what_is_drawn_is_the_invite_link_in_both_forms() {
    for code in codes(40) {
        let link = format!("{CONSOLE}/i/{code}");
        let png = draw(&code, "?format=png&size=256").await;
        assert_eq!((png.status, png.header("content-type")), (200, "image/png"));
        assert_eq!(Picture::of_png(&png.body).read().0, link);
        let svg = draw(&code, "").await;
        assert_eq!((svg.status, svg.header("content-type")), (200, "image/svg+xml"));
        assert_eq!(Picture::of_svg(std::str::from_utf8(&svg.body).unwrap(), 6).read().0, link);
    }
}

#[tokio::test]
async fn every_size_is_exact_readable_and_has_a_border_of_four_modules() {
    let code = &codes(1)[0];
    for size in [128, 129, 200, 511, 512, 1000, 1024, 2047, 2048] {
        let drawn = draw(code, &format!("?format=png&size={size}")).await;
        let picture = Picture::of_png(&drawn.body);
        assert_eq!(picture.side, size);
        let (text, modules, _) = picture.read();
        assert_eq!(text, format!("{CONSOLE}/i/{code}"));
        let scale = size / (modules + 8);
        assert!(picture.border().into_iter().all(|border| border >= 4 * scale), "{size}: {:?}", picture.border());
        assert!(drawn.body.len() < 20_000, "{size}: {} bytes", drawn.body.len());
        let svg = draw(code, &format!("?format=svg&size={size}")).await;
        let text = String::from_utf8(svg.body).unwrap();
        assert!(text.contains(&format!("width=\"{size}\" height=\"{size}\"")));
        assert_eq!(Picture::of_svg(&text, 3).border(), [12; 4]);
    }
}

#[tokio::test]
async fn links_of_every_length_have_at_least_correction_m() {
    for length in 1..=92 {
        let console = format!("https://{}", "a".repeat(length));
        let code = &codes(1)[0];
        let drawn = draw_at(&console, code, "?format=png&size=128").await;
        assert_eq!(drawn.status, 200, "{length}");
        let (text, _, correction) = Picture::of_png(&drawn.body).read();
        assert_eq!(text, format!("{console}/i/{code}"));
        // As the format information of a code says it: M 0, L 1, H 2, Q 3.
        assert_ne!(correction, 1, "{length}");
    }
}

#[tokio::test]
async fn the_same_code_is_the_same_picture_however_it_is_typed_and_may_be_kept_by_anybody() {
    let code = &codes(3)[2];
    let typed = format!("{}-{}", &code[..4], &code[4..]).to_lowercase();
    for query in ["?format=png", "?format=svg"] {
        let (one, two) = (draw(code, query).await, draw(&typed, query).await);
        assert_eq!(one.body, two.body);
        assert_eq!(one.header("cache-control"), "public, max-age=86400");
        assert_eq!(one.header("x-content-type-options"), "nosniff");
        assert_eq!(one.header("content-security-policy"), "default-src 'none'; sandbox");
        assert_eq!(one.header("content-disposition"), format!("inline; filename=\"{code}.{}\"", &query[8..]));
    }
}

#[tokio::test]
async fn what_is_no_code_or_no_size_is_refused() {
    let code = &codes(1)[0];
    let mistyped = format!("{}{}", &code[..7], if code.ends_with('0') { '1' } else { '0' });
    for text in [mistyped.as_str(), "short", "%ED%95%9C%EA%B8%80", "0000000000"] {
        assert_eq!(draw(text, "").await.status, 404, "{text}");
    }
    for query in ["?size=127", "?size=2049", "?size=-1", "?size=big", "?size=4294967297", "?format=gif", "?color=red"] {
        let refused = draw(code, query).await;
        assert_eq!((refused.status, refused.header("content-type")), (422, "application/problem+json"), "{query}");
    }
}
