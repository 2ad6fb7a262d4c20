//! A look at every part of a workbook before it is opened.
//!
//! The library that reads workbooks reserves what a file claims to need and keeps whatever it finds; some files of a few
//! kilobytes make it abort the process, which nothing can catch. Here the parts are inflated piece by piece, counted and
//! thrown away, so nothing that a file says is believed.

use std::io::{Cursor, Read};

use memchr::memmem;
use shared::model::import::ImportFailure::{self, Damaged, Encrypted, NotASpreadsheet, SuspiciousArchive, TooLarge};
use zip::ZipArchive;

use crate::limits::Limits;
use crate::markup::Markup;

/// Bytes of a part from which on its ratio says something: a sheet of a few rows may well be all alike.
const RATIO_FROM: u64 = 1 << 20;
/// How each entry of an archive's directory begins, and how many times more often than there may be entries this may stand in a
/// file: archives inside the archive have a directory too.
const ENTRY: &[u8] = b"PK\x01\x02";
const ENTRIES_INSIDE: usize = 16;
/// Bytes in which a part shows what it is.
const HEAD: u64 = 4 << 10;

/// Looks at a workbook; answers how many rows the longest of its sheets has.
///
/// # Errors
/// Why it is better not opened.
pub fn check(bytes: &[u8], limits: &Limits) -> Result<u64, ImportFailure> {
    // Opening the archive takes memory for every entry of its directory.
    if memmem::find_iter(bytes, ENTRY).nth(limits.entries * ENTRIES_INSIDE).is_some() {
        return Err(SuspiciousArchive);
    }
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
    let mut seen = Seen { limits: *limits, inflated: 0, rows: 0 };
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
        let is_markup = raw.name().is_ok_and(|name| [".xml", ".rels"].iter().any(|end| name.to_lowercase().ends_with(end)));
        drop(raw);
        let part = archive.by_index(at).map_err(|_| Damaged)?;
        seen.inflate(part, packed, is_markup)?;
    }
    // Parts that share their bytes multiply what they inflate to; last, because asking for it trusts the checks above.
    if archive.has_overlapping_files().unwrap_or(true) { Err(SuspiciousArchive) } else { Ok(seen.rows) }
}

/// Whether a part's name stays inside the archive.
fn is_plain(name: &str) -> bool {
    !name.starts_with('/')
        && !name.contains(|c: char| c.is_control() || c == ':')
        && name.split('/').all(|component| component != "..")
}

/// What was seen so far.
struct Seen {
    /// With what is left of the memory and the tags for the other parts.
    limits: Limits,
    inflated: u64,
    /// Rows of the longest sheet.
    rows: u64,
}

impl Seen {
    /// Inflates one part. `is_markup` when its name says that it is read as XML.
    fn inflate(&mut self, mut part: impl Read, packed: u64, is_markup: bool) -> Result<(), ImportFailure> {
        let mut piece = Vec::with_capacity(64 << 10);
        part.by_ref().take(HEAD).read_to_end(&mut piece).map_err(|_| Damaged)?;
        let mut markup = if has_markup(&piece, is_markup)? { Some(Markup::new(&self.limits)) } else { None };
        let mut size = 0;
        while !piece.is_empty() {
            let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
            size += length;
            self.inflated += length;
            if size > RATIO_FROM && size > packed.saturating_mul(self.limits.ratio) {
                return Err(SuspiciousArchive);
            }
            if self.inflated > self.limits.inflated {
                return Err(TooLarge);
            }
            match &mut markup {
                Some(markup) => markup.feed(&piece)?,
                // Pictures do not shrink.
                None if size > self.limits.bytes => return Err(SuspiciousArchive),
                None => {}
            }
            piece.clear();
            part.by_ref().take(64 << 10).read_to_end(&mut piece).map_err(|_| Damaged)?;
        }
        if let Some(markup) = markup {
            let counts = markup.finish()?;
            self.limits.opened -= counts.opened;
            self.limits.tags -= counts.tags;
            self.rows = self.rows.max(counts.rows);
        }
        Ok(())
    }
}

/// Whether a part is XML, by how it begins. One that is read as XML must be.
fn has_markup(head: &[u8], is_markup: bool) -> Result<bool, ImportFailure> {
    // In UTF-16 none of the checks would see anything; no spreadsheet program writes it.
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return Err(SuspiciousArchive);
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    match text.first() {
        Some(b'<') => Ok(true),
        Some(_) if is_markup => Err(SuspiciousArchive),
        _ => Ok(is_markup),
    }
}
