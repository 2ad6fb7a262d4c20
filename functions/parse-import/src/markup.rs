//! The XML of a workbook, looked at without being kept: whether its tags are closed in order, and how long its pieces are.
//!
//! What the library makes of XML that is not well-formed is anybody's guess. So nothing but plain tags is let through: what is
//! [counted](crate::counts) here is what the library will see.

use memchr::{memchr, memchr2, memchr3};
use shared::model::import::ImportFailure::{self, CellTooLarge, Damaged, SuspiciousArchive};

use crate::counts::{Counts, Tag, is_kept};
use crate::limits::Limits;

/// Bytes of one tag or text. A cell of a spreadsheet program has at most 32,767 characters.
const PIECE: u64 = 256 << 10;
/// Bytes of a tag's name, and of a tag that is kept whole.
const NAME: usize = 100;
const WHOLE: usize = 16 << 10;
/// Tags inside each other.
const DEPTH: usize = 200;

/// Where in the XML the next byte is.
#[derive(Debug, Clone, Copy)]
enum At {
    Text,
    /// Behind `<`.
    Open,
    /// In a tag's name.
    Name,
    /// Behind the slash that ends `<name/`.
    Slash,
    /// In a tag behind its name; whether right behind a slash.
    Tag(bool),
    /// In a quoted value of a tag.
    Value(u8),
    /// Behind the name of a closing tag.
    Closing,
    /// Behind `<!`.
    Special,
    /// In `<!-- -->`, behind so many hyphens.
    Comment(u8),
    /// In `<![CDATA[ ]]>`, behind so many brackets.
    Data(u8),
    /// Behind `<?`.
    Instruct,
    /// In `<? ?>`, and whether behind a question mark.
    Instruction(bool),
}

/// A part that is being looked at.
#[derive(Debug)]
pub(crate) struct Markup {
    at: At,
    /// Bytes since the beginning of this tag or text, and since the beginning of the part.
    piece: u64,
    position: u64,
    /// This tag's name with the slash before it, and all of the tag when it is one of those that are kept.
    name: Vec<u8>,
    whole: Vec<u8>,
    keeps: bool,
    /// The names of the open tags, one behind the other, and where each begins.
    open: Vec<u8>,
    starts: Vec<usize>,
    counts: Counts,
}

impl Markup {
    /// A part of which nothing was seen.
    pub fn new(limits: &Limits) -> Self {
        Self {
            at: At::Text,
            piece: 0,
            position: 0,
            name: Vec::with_capacity(NAME),
            whole: Vec::new(),
            keeps: false,
            open: Vec::new(),
            starts: Vec::new(),
            counts: Counts::new(limits),
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
                At::Text => memchr2(b'<', 0, rest),
                At::Tag(_) => memchr3(b'>', b'"', b'\'', rest),
                At::Value(quote) => memchr(quote, rest),
                _ => Some(0),
            };
            let run = run.unwrap_or(rest.len());
            let (seen, later) = rest.split_at(run.max(1));
            self.count(seen)?;
            if run == 0 {
                self.step(byte)?;
            } else if let At::Tag(_) = self.at {
                self.at = At::Tag(seen.ends_with(b"/"));
            }
            rest = later;
        }
        Ok(())
    }

    fn count(&mut self, bytes: &[u8]) -> Result<(), ImportFailure> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.position += length;
        self.piece += length;
        if self.piece > PIECE {
            return Err(CellTooLarge);
        }
        if self.keeps {
            self.whole.extend_from_slice(bytes);
            if self.whole.len() > WHOLE {
                return Err(SuspiciousArchive);
            }
        }
        Ok(())
    }

    fn step(&mut self, byte: u8) -> Result<(), ImportFailure> {
        self.at = match self.at {
            At::Text if byte == b'<' => {
                self.counts.text(self.piece - 1);
                self.piece = 1;
                self.name.clear();
                At::Open
            }
            At::Open if byte == b'!' => At::Special,
            At::Open if byte == b'?' => At::Instruct,
            At::Open | At::Name => self.named(byte)?,
            At::Slash if byte == b'>' => self.opened(true)?,
            At::Closing if byte == b'>' => self.closed()?,
            At::Closing if is_space(byte) => At::Closing,
            At::Tag(slash) if byte == b'>' => self.opened(slash)?,
            At::Tag(_) => At::Value(byte),
            At::Value(_) => At::Tag(false),
            At::Special => self.special(byte)?,
            At::Comment(hyphens) => match byte {
                b'-' => At::Comment(hyphens.saturating_add(1)),
                b'>' if hyphens >= 2 => self.text(),
                _ => At::Comment(0),
            },
            At::Data(brackets) => match byte {
                b']' => At::Data(brackets.saturating_add(1)),
                b'>' if brackets >= 2 => {
                    self.counts.text(self.piece);
                    self.text()
                }
                _ => At::Data(0),
            },
            At::Instruct if byte.is_ascii_alphabetic() => {
                self.keep();
                At::Instruction(false)
            }
            At::Instruction(true) if byte == b'>' => self.instructed()?,
            At::Instruction(_) => At::Instruction(byte == b'?'),
            At::Text | At::Slash | At::Closing | At::Instruct => return Err(SuspiciousArchive),
        };
        Ok(())
    }

    fn text(&mut self) -> At {
        self.piece = 0;
        self.keeps = false;
        At::Text
    }

    fn keep(&mut self) {
        self.whole.clear();
        self.keeps = true;
    }

    fn named(&mut self, byte: u8) -> Result<At, ImportFailure> {
        let is_closing = self.name.first() == Some(&b'/');
        let letters = self.name.len() - usize::from(is_closing);
        match byte {
            b'/' if self.name.is_empty() => self.name.push(byte),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' | 0x80.. => self.name.push(byte),
            b':' if letters > 0 && !self.name.contains(&b':') => self.name.push(byte),
            b'>' | b'/' | b' ' | b'\t' | b'\r' | b'\n' if letters > 0 => return self.name_ended(byte, is_closing),
            _ => return Err(SuspiciousArchive),
        }
        if self.name.len() > NAME { Err(SuspiciousArchive) } else { Ok(At::Name) }
    }

    fn name_ended(&mut self, byte: u8, is_closing: bool) -> Result<At, ImportFailure> {
        if !is_closing && is_kept(&self.name) {
            self.keep();
        }
        match byte {
            b'>' if is_closing => self.closed(),
            b'>' => self.opened(false),
            b'/' if is_closing => Err(SuspiciousArchive),
            b'/' => Ok(At::Slash),
            _ if is_closing => Ok(At::Closing),
            _ => Ok(At::Tag(false)),
        }
    }

    /// A tag has ended that opens an element; an empty one is closed at once.
    fn opened(&mut self, is_empty: bool) -> Result<At, ImportFailure> {
        if self.starts.len() >= DEPTH {
            return Err(SuspiciousArchive);
        }
        let whole = if self.keeps { Some(self.whole.as_slice()) } else { None };
        let tag = Tag { name: &self.name, length: self.piece, whole, depth: self.starts.len(), position: self.position };
        self.counts.open(&tag)?;
        if is_empty {
            self.counts.close(self.starts.len(), self.position)?;
        } else {
            self.starts.push(self.open.len());
            self.open.extend_from_slice(&self.name);
        }
        Ok(self.text())
    }

    /// A closing tag has ended.
    fn closed(&mut self) -> Result<At, ImportFailure> {
        let start = self.starts.pop().ok_or(Damaged)?;
        if self.open[start..] != self.name[1..] {
            return Err(Damaged);
        }
        self.open.truncate(start);
        self.counts.close(self.starts.len(), self.position)?;
        Ok(self.text())
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

    /// A declaration or another instruction has ended.
    fn instructed(&mut self) -> Result<At, ImportFailure> {
        let whole = self.whole.to_ascii_lowercase();
        let whole = String::from_utf8_lossy(&whole);
        // In another encoding the checks might see other tags than the library does.
        let encoding =
            whole.split_once("encoding").map(|(_, rest)| rest.trim_start_matches([' ', '=', '"', '\'', '\t', '\r', '\n']));
        match encoding {
            Some(encoding) if !["utf-8", "utf8", "us-ascii"].iter().any(|known| encoding.starts_with(known)) => {
                Err(SuspiciousArchive)
            }
            _ => Ok(self.text()),
        }
    }

    /// Ends the part; answers what is in it.
    ///
    /// # Errors
    /// When it ends in the middle of something.
    pub fn finish(self) -> Result<Counts, ImportFailure> {
        if matches!(self.at, At::Text) && self.starts.is_empty() { Ok(self.counts) } else { Err(Damaged) }
    }
}

/// White space, as the library knows it.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(text: &str, step: usize) -> Result<Counts, ImportFailure> {
        let mut markup = Markup::new(&Limits::default());
        for piece in text.as_bytes().chunks(step) {
            markup.feed(piece)?;
        }
        markup.finish()
    }

    fn refusal(text: &str) -> Option<ImportFailure> {
        let whole = look(text, text.len()).err();
        for step in [1, 2, 3, 7, 4096] {
            assert_eq!(look(text, step).err(), whole, "in pieces of {step}: {text:.200}");
        }
        whole
    }

    #[test]
    fn what_is_found_does_not_depend_on_where_the_pieces_are_cut() {
        let text = r#"<?xml version="1.0" encoding="UTF-8"?><!-- <si> - -- --><x:sst a="'>'" uniqueCount='3'><x:si><t>a&lt;</t></x:si>
            <si/><si t=">"  ><![CDATA[ ]] <si> ]]></si ></x:sst>"#;
        assert_eq!(refusal(text), None);
        let opened: Vec<u64> = [1, 2, 3, 7, 64, text.len()].map(|step| look(text, step).unwrap().opened).into();
        assert!(opened.iter().all(|bytes| *bytes == opened[0] && (3 * 56..3 * 56 + 60).contains(bytes)), "{opened:?}");
    }

    #[test]
    fn claims_are_seen_wherever_they_hide() {
        for text in [
            r#"<sst uniqueCount="99999999999">"#,
            r#"<sst a=">" uniqueCount = '18446744073709551616'/>"#,
            r#"<!-- <sst a=' --><sst a=">'>" uniqueCount="99999999">"#,
            r#"<x:sst a="<si>" uniqueCount="99999999"></x:sst>"#,
        ] {
            assert_eq!(refusal(text), Some(SuspiciousArchive), "{text}");
        }
        assert_eq!(refusal(r#"<sst uniqueCount="2000000"/>"#), Some(ImportFailure::TooLarge), "a great many, but plausible");
    }

    #[test]
    fn what_could_mean_something_else_to_the_library_is_refused() {
        for text in [
            "<!DOCTYPE x [<!ENTITY a \"b\">]><x/>",
            "<?xml version='1.0' encoding='UTF-16'?><x/>",
            "<?xml version='1.0' encoding = \"ISO-2022-JP\"?><x/>",
            "<x>\0</x>",
            "<![IGNORE[<x/>]]>",
            "<></>",
            "<?><x/>",
            "<x/ ><x>",
            "<x/y/>",
            "<x></x/>",
            "<x></x a='>'>",
            "<a:b:si></a:b:si>",
            "<x\u{b}y/>",
            "< x/>",
        ] {
            assert_eq!(refusal(text), Some(SuspiciousArchive), "{text}");
        }
        for text in ["<x><y", "<x>", "</x>", "<x></y>", "<x><y></x></y>", "<x><x:y></y></x>", "<x"] {
            assert_eq!(refusal(text), Some(Damaged), "{text}");
        }
        for text in ["<x></x\n>", "<x a='/'\t/>", "<x a=\"/\"></x>", "<x a='b' / c='d'></x>", "<!-- > -> --><x/>", "x"] {
            assert_eq!(refusal(text), None, "{text}");
        }
    }

    #[test]
    fn endless_texts_tags_cells_and_depths_are_refused() {
        let long = "x".repeat(300 << 10);
        for text in [format!("<t>{long}</t>"), format!("<t a='{long}'/>"), format!("<!--{long}-->")] {
            assert_eq!(refusal(&text), Some(CellTooLarge));
        }
        assert_eq!(refusal(&format!("<{long}>")), Some(SuspiciousArchive));
        // A text that the library would put together from a million pieces, of which none is long.
        for (tag, inside) in [("si", "<r><t>x</t></r>"), ("si", "<si><t>x</t></si>"), ("c", "<c/>"), ("definedName", "<b></b>")]
        {
            let text = format!("<{tag}>{}</{tag}>", inside.repeat((1 << 20) / inside.len() + 1));
            assert_eq!(look(&text, 4096).err(), Some(CellTooLarge), "{tag}{inside}");
        }
        let nested = |depth| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert_eq!((refusal(&nested(DEPTH)), refusal(&nested(DEPTH + 1))), (None, Some(SuspiciousArchive)));
    }
}
