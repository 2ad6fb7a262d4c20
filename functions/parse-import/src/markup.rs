//! The XML of a workbook, looked at without being kept: how long its pieces are, and how many there are of those that the
//! library keeps in memory.

use shared::model::import::ImportFailure::{self, CellTooLarge, Damaged, SuspiciousArchive, TooLarge};

use crate::file::Limits;

/// Bytes of one tag or text. A cell of a spreadsheet program has at most 32,767 characters.
const PIECE: u64 = 256 << 10;
/// Bytes between the beginning and the end of a cell or a text, with all formatting inside.
const CELL: u64 = 1 << 20;
/// Bytes of a tag's name that are kept; the names that count are shorter.
const NAME: usize = 40;
/// Bytes of a tag that is kept whole.
const KEPT: usize = 4 << 10;
/// Formats, names and relations. Spreadsheet programs stop at about 65,000 of each.
const DEFINITIONS: u64 = 200_000;
const FORMATS: u64 = 65_536;
/// The library copies names of fonts and number formats into every format of a cell: bytes of the longest tag times the
/// number of formats.
const FORMATS_BYTES: u64 = 64 << 20;

/// Where in the XML the next byte is.
#[derive(Debug, Clone, Copy)]
enum At {
    Text,
    /// Behind `<`.
    Open,
    /// In a tag's name.
    Name,
    /// In a tag behind its name, or in a quoted value of it.
    Tag(Option<u8>),
    /// Behind `<!`.
    Special,
    /// In `<!-- -->`, behind so many hyphens.
    Comment(u8),
    /// In `<![CDATA[ ]]>`, behind so many brackets.
    Data(u8),
    /// In `<? ?>`, and whether behind a question mark.
    Instruction(bool),
}

/// A part that is being looked at.
#[derive(Debug)]
pub struct Markup {
    strings_limit: u64,
    sheets_limit: u64,
    at: At,
    /// Bytes since the beginning of this tag or text.
    piece: u64,
    /// Bytes since the beginning of the part.
    position: u64,
    name: Vec<u8>,
    /// A tag that is kept whole: the declaration, or the head of the shared strings.
    kept: Option<Vec<u8>>,
    /// Where the cell or text began that is open.
    cell: Option<u64>,
    longest_tag: u64,
    strings: u64,
    definitions: u64,
    formats: u64,
    sheets: u64,
}

impl Markup {
    /// A part of which nothing was seen.
    pub fn new(limits: &Limits) -> Self {
        Self {
            strings_limit: limits.strings,
            sheets_limit: u64::try_from(limits.entries).unwrap_or(u64::MAX),
            at: At::Text,
            piece: 0,
            position: 0,
            name: Vec::with_capacity(NAME),
            kept: None,
            cell: None,
            longest_tag: 0,
            strings: 0,
            definitions: 0,
            formats: 0,
            sheets: 0,
        }
    }

    /// Looks at the next bytes.
    ///
    /// # Errors
    /// Why the part is better not read.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), ImportFailure> {
        let mut rest = bytes;
        while let Some(&byte) = rest.first() {
            // Most bytes are text between tags, or the inside of tags.
            let run = match self.at {
                At::Text => rest.iter().position(|&byte| byte == b'<' || byte == 0).unwrap_or(rest.len()),
                At::Tag(None) if self.kept.is_none() => {
                    rest.iter().position(|&byte| matches!(byte, b'>' | b'"' | b'\'' | 0)).unwrap_or(rest.len())
                }
                _ => 0,
            };
            let taken = if run == 0 {
                self.step(byte)?;
                1
            } else {
                run
            };
            self.count(taken)?;
            rest = &rest[taken..];
        }
        Ok(())
    }

    fn count(&mut self, bytes: usize) -> Result<(), ImportFailure> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.position += bytes;
        self.piece += bytes;
        if self.piece > PIECE { Err(CellTooLarge) } else { Ok(()) }
    }

    fn step(&mut self, byte: u8) -> Result<(), ImportFailure> {
        if byte == 0 {
            return Err(SuspiciousArchive);
        }
        if let Some(kept) = &mut self.kept {
            kept.push(byte);
            if kept.len() > KEPT {
                return Err(SuspiciousArchive);
            }
        }
        self.at = match self.at {
            At::Text if byte == b'<' => {
                self.piece = 0;
                self.name.clear();
                At::Open
            }
            At::Text => At::Text,
            At::Open if byte == b'!' => At::Special,
            At::Open if byte == b'?' => {
                self.kept = Some(Vec::new());
                At::Instruction(false)
            }
            At::Open | At::Name => self.named(byte)?,
            At::Tag(None) if byte == b'>' => self.closed()?,
            At::Tag(None) if matches!(byte, b'"' | b'\'') => At::Tag(Some(byte)),
            At::Tag(Some(quote)) if byte == quote => At::Tag(None),
            At::Tag(quote) => At::Tag(quote),
            At::Special => self.special(byte)?,
            At::Comment(hyphens) => match byte {
                b'-' => At::Comment(hyphens.saturating_add(1)),
                b'>' if hyphens >= 2 => self.text(),
                _ => At::Comment(0),
            },
            At::Data(brackets) => match byte {
                b']' => At::Data(brackets.saturating_add(1)),
                b'>' if brackets >= 2 => self.text(),
                _ => At::Data(0),
            },
            At::Instruction(true) if byte == b'>' => self.declared()?,
            At::Instruction(_) => At::Instruction(byte == b'?'),
        };
        Ok(())
    }

    fn text(&mut self) -> At {
        self.piece = 0;
        At::Text
    }

    fn named(&mut self, byte: u8) -> Result<At, ImportFailure> {
        let ends = byte.is_ascii_whitespace() || byte == b'>' || byte == b'/' && !self.name.is_empty();
        if !ends {
            if self.name.len() < NAME {
                self.name.push(byte);
            }
            return Ok(At::Name);
        }
        self.element()?;
        if byte == b'>' { self.closed() } else { Ok(At::Tag(None)) }
    }

    fn special(&mut self, byte: u8) -> Result<At, ImportFailure> {
        self.name.push(byte);
        match self.name.as_slice() {
            b"--" => Ok(At::Comment(0)),
            b"[CDATA[" => Ok(At::Data(0)),
            name if b"--".starts_with(name) || b"[CDATA[".starts_with(name) => Ok(At::Special),
            // A document type, which could define entities.
            _ => Err(SuspiciousArchive),
        }
    }

    /// A tag's name is complete.
    fn element(&mut self) -> Result<(), ImportFailure> {
        let (closing, name) = match self.name.strip_prefix(b"/") {
            Some(name) => (true, name),
            None => (false, self.name.as_slice()),
        };
        let name = name.rsplit(|&byte| byte == b':').next().unwrap_or_default();
        if let Some(begun) = self.cell
            && self.position - begun > CELL
        {
            return Err(CellTooLarge);
        }
        if matches!(name, b"si" | b"c" | b"definedName") {
            self.cell = (!closing).then_some(self.position);
        }
        if closing {
            return Ok(());
        }
        match name {
            b"si" => self.strings += 1,
            b"sheet" => self.sheets += 1,
            b"sst" => self.kept = Some(Vec::new()),
            b"xf" => self.formats += 1,
            b"font" | b"fill" | b"border" | b"numFmt" | b"definedName" | b"Relationship" => self.definitions += 1,
            _ => {}
        }
        if self.strings > self.strings_limit {
            return Err(TooLarge);
        }
        let many = self.sheets > self.sheets_limit || self.definitions > DEFINITIONS || self.formats > FORMATS;
        if many { Err(SuspiciousArchive) } else { Ok(()) }
    }

    /// A tag has ended.
    fn closed(&mut self) -> Result<At, ImportFailure> {
        self.longest_tag = self.longest_tag.max(self.piece);
        if let Some(kept) = self.kept.take()
            && claims(&kept).into_iter().any(|claim| claim > self.strings_limit)
        {
            return Err(SuspiciousArchive);
        }
        Ok(self.text())
    }

    /// A declaration or another instruction has ended.
    fn declared(&mut self) -> Result<At, ImportFailure> {
        let kept = self.kept.take().unwrap_or_default().to_ascii_lowercase();
        let kept = String::from_utf8_lossy(&kept);
        // In another encoding the checks might see other tags than the library does.
        let encoding =
            kept.split_once("encoding").map(|(_, rest)| rest.trim_start_matches([' ', '=', '"', '\'', '\t', '\r', '\n']));
        match encoding {
            Some(encoding) if !["utf-8", "utf8", "us-ascii"].iter().any(|known| encoding.starts_with(known)) => {
                Err(SuspiciousArchive)
            }
            _ => Ok(self.text()),
        }
    }

    /// Ends the part; answers how many texts it holds.
    ///
    /// # Errors
    /// When it ends in the middle of something, or holds too much.
    pub fn finish(self) -> Result<u64, ImportFailure> {
        if !matches!(self.at, At::Text) {
            return Err(Damaged);
        }
        let copied = self.formats.saturating_mul(self.longest_tag);
        if copied > FORMATS_BYTES { Err(SuspiciousArchive) } else { Ok(self.strings) }
    }
}

/// The numbers that the head of the shared strings gives for `uniqueCount`.
fn claims(tag: &[u8]) -> Vec<u64> {
    let tag = String::from_utf8_lossy(tag);
    let mut claims = Vec::new();
    for after in tag.split("uniqueCount").skip(1) {
        let value = after.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '=' | '"' | '\'' | '+'));
        let digits = value.bytes().take_while(u8::is_ascii_digit);
        claims.push(digits.fold(0_u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0'))));
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(text: &str, step: usize) -> Result<u64, ImportFailure> {
        let mut markup = Markup::new(&Limits::default());
        for piece in text.as_bytes().chunks(step) {
            markup.feed(piece)?;
        }
        markup.finish()
    }

    #[test]
    fn what_is_found_does_not_depend_on_where_the_pieces_are_cut() {
        let text = r#"<?xml version="1.0" encoding="UTF-8"?><!-- <si> - -- --><x:sst a="'>'" uniqueCount='3'><x:si><t>a&lt;</t></x:si>
            <si/><si t=">"><![CDATA[ ]] <si> ]]></si></x:sst>"#;
        for step in [1, 2, 3, 7, 64, text.len()] {
            assert_eq!(look(text, step), Ok(3), "{step}");
        }
    }

    #[test]
    fn claims_are_seen_wherever_they_hide() {
        for text in [
            r#"<sst uniqueCount="99999999999">"#,
            r#"<sst a=">" uniqueCount = '18446744073709551616'/>"#,
            r#"<!-- <sst a=' --><sst a=">'>" uniqueCount="99999999">"#,
            r#"<x:sst a="<si>" uniqueCount="99999999"></x:sst>"#,
        ] {
            assert_eq!(look(text, 5), Err(SuspiciousArchive), "{text}");
        }
    }

    #[test]
    fn what_could_mean_something_else_to_the_reader_is_refused() {
        for text in [
            "<!DOCTYPE x [<!ENTITY a \"b\">]><x/>",
            "<?xml version='1.0' encoding='UTF-16'?><x/>",
            "<?xml version='1.0' encoding = \"ISO-2022-JP\"?><x/>",
            "<x>\0</x>",
            "<![IGNORE[<x/>]]>",
        ] {
            assert_eq!(look(text, 3), Err(SuspiciousArchive), "{text}");
        }
        assert_eq!(look("<x><y", 3), Err(Damaged));
    }

    #[test]
    fn endless_texts_tags_and_cells_are_refused() {
        let long = "x".repeat(300 << 10);
        for text in [format!("<t>{long}</t>"), format!("<t a='{long}'/>"), format!("<!--{long}-->"), format!("<{long}>")] {
            assert_eq!(look(&text, 4096), Err(CellTooLarge));
        }
        let runs = format!("<si>{}</si>", "<r><t>x</t></r>".repeat(80_000));
        assert_eq!(look(&runs, 4096), Err(CellTooLarge));
    }

    #[test]
    fn formats_that_would_be_copied_endlessly_are_refused() {
        let format = format!("<numFmt formatCode='{}'/>", "0".repeat(10_000));
        assert_eq!(look(&format!("<s>{format}{}</s>", "<xf/>".repeat(10_000)), 4096), Err(SuspiciousArchive));
        assert_eq!(look(&format!("<s>{format}{}</s>", "<xf/>".repeat(1000)), 4096), Ok(0));
        assert_eq!(look(&"<xf/>".repeat(70_000), 4096), Err(SuspiciousArchive));
    }
}
