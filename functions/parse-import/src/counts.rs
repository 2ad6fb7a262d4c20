//! What is in a part of a workbook: rows and cells, and what the library will keep of it in memory when it opens the file.

use std::mem::size_of;

use shared::model::import::ImportFailure::{self, CellTooLarge, SuspiciousArchive, TooLarge};

use crate::attributes::attribute;
use crate::limits::Limits;

/// Bytes between the beginning and the end of a cell or a text, with all formatting inside.
const CELL: u64 = 1 << 20;
/// Bytes of a tag whose text is kept.
const TAG: u64 = 16 << 10;

/// An allocation is at least so large.
const ALLOCATION: u64 = 32;
/// A text, and its place in the list of texts.
const TEXT: u64 = size_of::<String>() as u64 + ALLOCATION;
/// Bytes of `<si/>`, than which no text is shorter in the file.
const EMPTY_TEXT: u64 = 5;
/// A format of a cell with its two texts, and its place in two lists.
const FORMAT: u64 = size_of::<calamine::Style>() as u64 + 8 + 2 * ALLOCATION;
/// A font, a fill, the lines around a cell.
const LOOK: u64 = 160;
/// A number format, a relation, a name or a sheet: up to three texts in a table that may be half empty.
const ENTRY: u64 = 320;
/// Colours of a theme.
const COLOUR: u64 = 8;

/// What is read as XML under whatever name the relation gives.
const READ: [&[u8]; 4] = [b"worksheet", b"chartsheet", b"dialogsheet", b"officeDocument"];

/// A tag that opens an element.
pub(crate) struct Tag<'a> {
    /// Its name with the prefix.
    pub name: &'a [u8],
    /// Bytes of it.
    pub length: u64,
    /// What stands behind its name, if it [is kept](is_kept).
    pub whole: Option<&'a [u8]>,
    /// How many tags are open around it.
    pub depth: usize,
    /// Where in the part it ends.
    pub position: u64,
}

/// Whether a tag is to be kept whole until it is counted.
pub(crate) fn is_kept(name: &[u8]) -> bool {
    matches!(local(name), b"sst" | b"Relationship")
}

/// A name without its prefix.
fn local(name: &[u8]) -> &[u8] {
    name.iter().position(|&byte| byte == b':').map_or(name, |colon| &name[colon + 1..])
}

/// A cell or a text that is open: how many tags are open around it, and where it began.
#[derive(Debug)]
struct Open {
    depth: usize,
    begun: u64,
    /// Whether it is kept, and put together from runs.
    kept: bool,
    in_runs: bool,
    text: u64,
}

/// What was counted so far.
#[derive(Debug)]
pub(crate) struct Counts {
    limits: Limits,
    open: Option<Open>,
    /// Bytes that opening the workbook will take.
    pub opened: u64,
    /// Rows with a cell that may hold something.
    pub rows: u64,
    /// Tags that open an element.
    pub tags: u64,
    /// Texts among them.
    pub texts: u64,
    sheets: usize,
    /// Whether such a cell was seen in this row.
    filled: bool,
    /// The longest tag with a text that is copied into formats.
    longest: u64,
}

impl Counts {
    /// Nothing was seen.
    pub fn new(limits: &Limits) -> Self {
        Self { limits: *limits, open: None, opened: 0, rows: 0, tags: 0, texts: 0, sheets: 0, filled: false, longest: 0 }
    }

    /// An element begins.
    ///
    /// # Errors
    /// When there is too much of something.
    pub fn open(&mut self, tag: &Tag<'_>) -> Result<(), ImportFailure> {
        let name = local(tag.name);
        self.within(tag.position)?;
        self.tags += 1;
        if self.tags > self.limits.tags {
            return Err(TooLarge);
        }
        match name {
            b"row" => self.filled = false,
            b"v" | b"is" if !self.filled => {
                self.filled = true;
                self.rows += 1;
            }
            b"si" => self.texts += 1,
            b"sheet" => self.sheets += 1,
            b"sst" => match claims(tag.whole.unwrap_or_default()) {
                claimed if claimed > self.limits.inflated / EMPTY_TEXT => return Err(SuspiciousArchive),
                claimed if claimed > self.limits.opened / TEXT => return Err(TooLarge),
                _ => {}
            },
            b"Relationship" if !is_safe(tag.whole.unwrap_or_default()) => return Err(SuspiciousArchive),
            b"r" => {
                if let Some(open) = &mut self.open {
                    open.in_runs = true;
                }
            }
            _ => {}
        }
        if self.open.is_none() && matches!(name, b"c" | b"si" | b"definedName") {
            let kept = name != b"c";
            self.open = Some(Open { depth: tag.depth, begun: tag.position, kept, in_runs: false, text: 0 });
        }
        self.weigh(name, tag.length)?;
        if self.sheets > self.limits.entries { Err(SuspiciousArchive) } else { Ok(()) }
    }

    /// Adds what the library keeps of an element: it makes structures of its own of texts, formats and relations, and copies
    /// the names of fonts and number formats into every format of a cell.
    fn weigh(&mut self, name: &[u8], length: u64) -> Result<(), ImportFailure> {
        let (bytes, has_text) = match name {
            b"si" => (TEXT, false),
            b"xf" => (FORMAT + 2 * self.longest, false),
            b"font" | b"fill" | b"border" => (LOOK, false),
            b"numFmt" | b"name" | b"definedName" | b"sheet" | b"Relationship" => (ENTRY + 2 * length, true),
            b"srgbClr" | b"sysClr" => (COLOUR, false),
            _ => return Ok(()),
        };
        if has_text && length > TAG {
            return Err(SuspiciousArchive);
        }
        if matches!(name, b"numFmt" | b"name") {
            self.longest = self.longest.max(length);
        }
        self.keep(bytes, if name == b"si" { TooLarge } else { SuspiciousArchive })
    }

    fn keep(&mut self, bytes: u64, reason: ImportFailure) -> Result<(), ImportFailure> {
        self.opened = self.opened.saturating_add(bytes);
        if self.opened > self.limits.opened { Err(reason) } else { Ok(()) }
    }

    /// The element ends around which so many tags are open.
    ///
    /// # Errors
    /// When it is a cell or a text that was too long.
    pub fn close(&mut self, depth: usize, position: u64) -> Result<(), ImportFailure> {
        self.within(position)?;
        match self.open.take_if(|open| open.depth == depth) {
            // Putting runs together may take twice their size.
            Some(Open { kept: true, in_runs, text, .. }) => self.keep(if in_runs { 2 * text } else { text }, TooLarge),
            _ => Ok(()),
        }
    }

    /// Text of so many bytes ends.
    pub fn text(&mut self, length: u64) {
        if let Some(open) = &mut self.open {
            open.text += length;
        }
    }

    fn within(&self, position: u64) -> Result<(), ImportFailure> {
        match &self.open {
            Some(open) if position - open.begun > CELL => Err(CellTooLarge),
            _ => Ok(()),
        }
    }
}

/// The largest number that the head of the shared strings gives for `uniqueCount`: so many places the library will reserve.
fn claims(tag: &[u8]) -> u64 {
    let tag = String::from_utf8_lossy(tag);
    let claim = |after: &str| {
        let value = after.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '=' | '"' | '\'' | '+'));
        let digits = value.bytes().take_while(u8::is_ascii_digit);
        digits.fold(0_u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
    };
    tag.split("uniqueCount").skip(1).map(claim).max().unwrap_or_default()
}

/// Whether a relation makes the library read, as XML, only parts that were looked at as XML.
fn is_safe(tag: &[u8]) -> bool {
    let (Ok(kind), Ok(target)) = (attribute(tag, b"Type"), attribute(tag, b"Target")) else { return false };
    let kind = kind.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    !READ.contains(&kind) || target.len() >= 4 && target[target.len() - 4..].eq_ignore_ascii_case(b".xml")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markup::Markup;

    fn look(text: &str, limits: &Limits) -> Result<Counts, ImportFailure> {
        let mut markup = Markup::new(limits);
        markup.feed(text.as_bytes())?;
        markup.finish()
    }

    fn opened(text: &str) -> u64 {
        look(text, &Limits::default()).unwrap().opened
    }

    #[test]
    fn texts_weigh_their_bytes_and_their_place_and_runs_twice_their_bytes() {
        assert_eq!(opened("<sst><si><t>가나다</t></si><si/></sst>"), 2 * TEXT + 9);
        assert_eq!(opened("<sst><si><r><t>abc</t></r><r><t>de</t></r></si></sst>"), TEXT + 10);
        assert_eq!(opened("<sheetData><row><c><is><t>abc</t></is></c></row></sheetData>"), 0, "cells are not kept");
    }

    #[test]
    fn a_workbook_that_would_take_too_much_memory_is_too_large_or_suspicious() {
        let limits = Limits { opened: 100 * TEXT, ..Limits::default() };
        let texts = |count: usize| format!("<sst>{}</sst>", "<si/>".repeat(count));
        assert_eq!((look(&texts(100), &limits).err(), look(&texts(101), &limits).err()), (None, Some(TooLarge)));
        for tag in ["<xf/>", "<font/>", "<numFmt/>", "<Relationship/>", "<definedName/>", "<srgbClr/>"] {
            let text = format!("<x>{}</x>", tag.repeat(1000));
            assert_eq!(look(&text, &limits).err(), Some(SuspiciousArchive), "{tag}");
        }
        // Formats that would copy a long name endlessly.
        let name = format!("<numFmt formatCode='{}'/>", "0".repeat(10_000));
        let formats = |count: usize| format!("<s>{name}{}</s>", "<xf/>".repeat(count));
        assert_eq!(look(&formats(1000), &Limits::default()).err(), None);
        assert_eq!(look(&formats(10_000), &Limits::default()).err(), Some(SuspiciousArchive));
        let endless = format!("<numFmt formatCode='{}'/>", "0".repeat(20_000));
        assert_eq!(look(&endless, &Limits::default()).err(), Some(SuspiciousArchive));
    }

    #[test]
    fn rows_count_when_they_hold_something_and_tags_always() {
        let sheet = "<row><c/><c s='1'/></row><row><c><v>1</v></c><c><is/></c></row><row/><row><c><is/></c></row>";
        let limits = Limits { tags: 13, ..Limits::default() };
        assert_eq!(look(&format!("<x>{sheet}</x>"), &limits).unwrap().rows, 2);
        assert_eq!(look(&format!("<x>{sheet}<a/></x>"), &limits).err(), Some(TooLarge));
    }

    #[test]
    fn relations_lead_only_to_parts_that_were_looked_at() {
        let relation = |kind: &str, target: &str| {
            let text = format!("<Relationship Type='http://x/{kind}' Target='{target}'/>");
            look(&text, &Limits::default()).map(drop)
        };
        assert_eq!(relation("worksheet", "worksheets/Sheet1.XML"), Ok(()));
        assert_eq!(relation("image", "media/image1.png"), Ok(()));
        for target in ["sheet1.bin", "xml", "", "sheet1.xml?"] {
            assert_eq!(relation("worksheet", target), Err(SuspiciousArchive), "{target}");
        }
        assert_eq!(relation("officeDocument", "xl/workbook.bin"), Err(SuspiciousArchive));
        let twice = "<Relationship Type='a/image' Type='a/worksheet' Target='x.bin'/>";
        assert_eq!(look(twice, &Limits::default()).err(), Some(SuspiciousArchive));
    }
}
