//! A look at every part of a workbook before it is opened.
//!
//! The library that reads workbooks reserves what a file claims to need and keeps whatever it finds; some files of a few
//! kilobytes make it abort the process, which nothing can catch. Here the parts are inflated piece by piece, counted and
//! thrown away, so nothing that a file says is believed.

use std::io::{Cursor, Read};

use shared::model::import::ImportFailure::{self, Damaged, Encrypted, NotASpreadsheet, SuspiciousArchive, TooLarge};
use zip::ZipArchive;

use crate::file::Limits;
use crate::markup::Markup;

/// Bytes of a part from which on its ratio says something: a sheet of a few rows may well be all alike.
const RATIO_FROM: u64 = 1 << 20;

/// Looks at a workbook.
///
/// # Errors
/// Why it is better not opened.
pub fn check(bytes: &[u8], limits: &Limits) -> Result<(), ImportFailure> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| Damaged)?;
    if archive.len() > limits.entries || archive.has_duplicate_names() {
        return Err(SuspiciousArchive);
    }
    let mut names = Vec::with_capacity(archive.len());
    for name in archive.file_names() {
        names.push(name.map_err(|_| SuspiciousArchive)?.replace('\\', "/").to_lowercase());
    }
    if names.iter().any(|name| !is_plain(name)) {
        return Err(SuspiciousArchive);
    }
    // Documents, archives and binary workbooks (xlsb) are zip archives too.
    if !names.iter().any(|name| name == "_rels/.rels") || !names.iter().any(|name| name.ends_with("workbook.xml")) {
        return Err(NotASpreadsheet);
    }
    let mut total = 0;
    let mut strings = 0;
    for at in 0..archive.len() {
        let raw = archive.by_index_raw(at).map_err(|_| Damaged)?;
        if raw.encrypted() {
            return Err(Encrypted);
        }
        if raw.is_symlink() {
            return Err(SuspiciousArchive);
        }
        // A part cannot be made of more bytes than the file has, whatever it claims.
        let packed = raw.compressed_size().min(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        drop(raw);
        let part = archive.by_index(at).map_err(|_| Damaged)?;
        strings += inflate(part, packed, &mut total, limits)?;
        if strings > limits.strings {
            return Err(TooLarge);
        }
    }
    // Parts that share their bytes multiply what they inflate to; last, because asking for it trusts the checks above.
    if archive.has_overlapping_files().unwrap_or(true) { Err(SuspiciousArchive) } else { Ok(()) }
}

/// Whether a part's name stays inside the archive.
fn is_plain(name: &str) -> bool {
    !name.starts_with('/')
        && !name.contains(|c: char| c.is_control() || c == ':')
        && name.split('/').all(|component| component != "..")
}

/// Inflates one part; answers how many texts it holds.
fn inflate(mut part: impl Read, packed: u64, total: &mut u64, limits: &Limits) -> Result<u64, ImportFailure> {
    let mut buffer = vec![0; 64 << 10];
    let mut size = 0;
    let mut content = Content::Unknown;
    loop {
        let length = part.read(&mut buffer).map_err(|_| Damaged)?;
        if length == 0 {
            break;
        }
        let piece = &buffer[..length];
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        size += length;
        *total += length;
        if size > RATIO_FROM && size > packed.saturating_mul(limits.ratio) {
            return Err(SuspiciousArchive);
        }
        if *total > limits.inflated {
            return Err(TooLarge);
        }
        if let Content::Unknown = content {
            content = Content::of(piece, limits)?;
        }
        match &mut content {
            Content::Markup(markup) => markup.feed(piece)?,
            // Pictures do not shrink. Whatever else this is, the library would read it into memory as one text.
            Content::Other if size > limits.bytes => return Err(SuspiciousArchive),
            Content::Unknown | Content::Other => {}
        }
    }
    match content {
        Content::Markup(markup) => markup.finish(),
        Content::Unknown | Content::Other => Ok(0),
    }
}

enum Content {
    /// Nothing but white space so far.
    Unknown,
    Markup(Box<Markup>),
    Other,
}

impl Content {
    fn of(piece: &[u8], limits: &Limits) -> Result<Self, ImportFailure> {
        // In UTF-16 none of the checks would see anything; no spreadsheet program writes it.
        if piece.starts_with(b"\xff\xfe") || piece.starts_with(b"\xfe\xff") {
            return Err(SuspiciousArchive);
        }
        let text = piece.strip_prefix(b"\xef\xbb\xbf").unwrap_or(piece).trim_ascii_start();
        match text.first() {
            None => Ok(Self::Unknown),
            Some(b'<' | 0) => Ok(Self::Markup(Box::new(Markup::new(limits)))),
            Some(_) => Ok(Self::Other),
        }
    }
}
