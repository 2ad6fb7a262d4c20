//! Comma-separated values, as the programs of Korean offices save them.

use std::borrow::Cow;

use encoding_rs::{EUC_KR, Encoding};
use memchr::{memchr, memchr2_iter, memchr3};
use shared::db::imports::Contents;
use shared::model::import::ImportFailure;

use crate::cells::Cells;
use crate::file::{How, Limits, Refusal, Stop, Take};
use crate::header::{Wished, shortcoming};
use crate::table::Table;
use crate::text;

/// What stands between the values; the first is taken when all are as good.
const DELIMITERS: [u8; 4] = [b',', b'\t', b';', b'|'];
/// Bytes in which the delimiter is looked for.
const SAMPLE: usize = 64 << 10;
/// How files begin that are text but no table: web pages (and what old programs save as .xls), PDF, RTF.
const OTHER_TEXT: [&str; 3] = ["<", "%PDF-", "{\\rtf"];

/// Reads the list in a csv file.
///
/// # Errors
/// When the file is refused, and whatever `take` answers.
pub fn read(bytes: &[u8], how: &How, found: &mut Contents, take: &mut Take<'_>) -> Result<(), Stop> {
    let text = decode(bytes)?;
    let text = text.trim_start_matches('\u{feff}');
    if OTHER_TEXT.iter().any(|start| text.trim_start().starts_with(start)) {
        return Err(ImportFailure::NotASpreadsheet.into());
    }
    if how.wish.sheet.is_some() {
        return Err(ImportFailure::NoSuchSheet.into());
    }
    let delimiter = delimiter(text, how);
    let lines = memchr2_iter(b'\n', b'\r', text.as_bytes()).take(how.limits.rows as usize + 1).count();
    if lines > how.limits.rows as usize {
        // Perhaps too many rows: this is found out before any is written.
        list(text, delimiter, how, found, &mut |_| Ok(()))?;
    }
    list(text, delimiter, how, found, take)
}

fn list(text: &str, delimiter: u8, how: &How, found: &mut Contents, take: &mut Take<'_>) -> Result<(), Stop> {
    let mut table = Table::new(how, None, found, take);
    records(text, delimiter, &how.limits, &mut |number, cells| {
        table.row(number, cells)?;
        Ok(!table.is_hopeless())
    })?;
    table.finish()
}

/// UTF-8 with or without its mark, UTF-16 with it ("Unicode text"), or CP949.
fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, ImportFailure> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes[mark..]);
        return text.ok_or(ImportFailure::UnknownEncoding);
    }
    // No text holds these; pictures and programs do.
    if bytes.iter().any(|byte| matches!(byte, 0..=8 | 14..=25 | 28..=31 | 127)) {
        return Err(ImportFailure::NotASpreadsheet);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(_) => EUC_KR.decode_without_bom_handling_and_without_replacement(bytes).ok_or(ImportFailure::UnknownEncoding),
    }
}

/// The delimiter under which a header is found, or at least half of one.
fn delimiter(text: &str, how: &How) -> u8 {
    let sample = &text[..text.floor_char_boundary(SAMPLE)];
    let wished = Wished::new(&how.wish, how.limits.columns);
    let rank = |delimiter: u8| {
        let mut best = 0;
        let probed = records(sample, delimiter, &how.limits, &mut |_, cells| {
            let rank = match shortcoming(cells.texts(), &wished) {
                None => 3,
                Some(ImportFailure::NoHeader) => usize::from(cells.texts().len() > 1),
                Some(_) => 2,
            };
            best = best.max(rank);
            Ok(best < 3)
        });
        // The sample may be cut off in the middle of a quoted cell; the whole text will tell.
        if matches!(&probed, Ok(()) | Err(Stop::Refused(Refusal { failure: ImportFailure::UnclosedQuote, .. }))) {
            best
        } else {
            0
        }
    };
    // Of equals the last is the greatest for `max_by_key`.
    DELIMITERS.into_iter().rev().max_by_key(|&delimiter| rank(delimiter)).unwrap_or(b',')
}

/// Goes through the records for as long as it is told to, with the numbers a spreadsheet would give to their rows: empty lines
/// are rows too.
///
/// Fields are looked at where they stand. A reader that first takes a whole record would need memory for a line of ten million
/// commas.
fn records(
    text: &str,
    delimiter: u8,
    limits: &Limits,
    each: &mut dyn FnMut(u32, &Cells) -> Result<bool, Stop>,
) -> Result<(), Stop> {
    let mut cells = Cells::default();
    let (mut number, mut column, mut rest) = (1_u32, 0, text);
    while !rest.is_empty() {
        let Some((field, behind)) = field(rest, delimiter) else {
            let at = format!("{}{number}", text::letters(column));
            return Err(Refusal { failure: ImportFailure::UnclosedQuote, at: Some(at) }.into());
        };
        cells.put(column, &field, limits);
        column += 1;
        if let Some(behind) = behind.strip_prefix(char::from(delimiter)) {
            rest = behind;
            continue;
        }
        if !each(number, &cells)? {
            return Ok(());
        }
        cells.clear();
        (number, column) = (number.saturating_add(1), 0);
        rest = behind.strip_prefix("\r\n").or_else(|| behind.strip_prefix(['\r', '\n'])).unwrap_or(behind);
    }
    if column > 0 { each(number, &cells).map(drop) } else { Ok(()) }
}

/// The field with which a text begins, and what comes behind it: a delimiter, the end of a line, or nothing. `None` when a quote
/// is not closed.
fn field(text: &str, delimiter: u8) -> Option<(Cow<'_, str>, &str)> {
    let end = |text: &str| memchr3(delimiter, b'\n', b'\r', text.as_bytes()).unwrap_or(text.len());
    let Some(mut rest) = text.strip_prefix('"') else {
        let (field, behind) = text.split_at(end(text));
        return Some((Cow::Borrowed(unquoted(field)), behind));
    };
    let mut field = String::new();
    // What is quoted, up to the quote that is not doubled.
    while let Some(quote) = memchr(b'"', rest.as_bytes()) {
        field.push_str(&rest[..quote]);
        rest = &rest[quote + 1..];
        let Some(behind) = rest.strip_prefix('"') else {
            // Nothing should stand between the quote and the delimiter; what does is kept.
            let (more, behind) = rest.split_at(end(rest));
            field.push_str(more);
            return Some((Cow::Owned(unquoted(&field).to_owned()), behind));
        };
        field.push('"');
        rest = behind;
    }
    None
}

/// `="01012345678"`, by which programs keep Excel from eating the zero.
fn unquoted(field: &str) -> &str {
    field.trim().strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Line;

    fn lines(bytes: &[u8]) -> Result<Vec<Line>, Stop> {
        let mut lines = Vec::new();
        read(bytes, &How::default(), &mut Contents::default(), &mut |line| {
            lines.push(line);
            Ok(())
        })?;
        Ok(lines)
    }

    fn brief(bytes: &[u8]) -> Vec<(u32, String, String)> {
        lines(bytes).unwrap().into_iter().map(|line| (line.number, line.name, line.phone)).collect()
    }

    fn kim(number: u32) -> (u32, String, String) {
        (number, "김단골".into(), "010-1234-5678".into())
    }

    #[test]
    fn the_encodings_of_korean_offices_are_read() {
        let text = "이름,휴대폰\r\n김단골,010-1234-5678\r\n";
        let utf16: Vec<u8> =
            "\u{feff}이름\t휴대폰\r\n김단골\t010-1234-5678".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [text.as_bytes(), format!("\u{feff}{text}").as_bytes(), &EUC_KR.encode(text).0, &utf16] {
            assert_eq!(brief(bytes), [kim(2)]);
        }
    }

    #[test]
    fn the_delimiter_is_the_one_under_which_a_header_is_found() {
        for delimiter in [",", ";", "\t", "|"] {
            let text = format!(
                "명단, 2026; 서울|강남\n이름{delimiter}휴대폰{delimiter}메모\n김단골{delimiter}010-1234-5678{delimiter}\"a,b;c|d\te\""
            );
            assert_eq!(brief(text.as_bytes()), [kim(3)], "{delimiter}");
        }
    }

    #[test]
    fn rows_are_numbered_as_a_spreadsheet_numbers_them() {
        let rows = "\n이름,휴대폰\n\n\n김단골,010-1234-5678\n\"김\n단골\",010-1234-5678\n,\n김단골,010-1234-5678";
        for end in ["\n", "\r\n", "\r"] {
            let numbers: Vec<u32> = brief(rows.replace('\n', end).as_bytes()).into_iter().map(|(number, ..)| number).collect();
            assert_eq!(numbers, [5, 6, 8], "{end:?}");
        }
    }

    #[test]
    fn a_number_wrapped_as_a_formula_keeps_its_zero() {
        assert_eq!(
            brief("이름,휴대폰\n김단골,\"=\"\"010-1234-5678\"\"\"\n김단골,=\"010-1234-5678\"".as_bytes()),
            [kim(2), kim(3)]
        );
    }

    #[test]
    fn fields_end_where_they_should_however_they_are_quoted() {
        for (text, fields) in [
            ("a,b", vec!["a", "b"]),
            ("a,", vec!["a", ""]),
            ("", vec![""]),
            (r#""a,b",c"#, vec!["a,b", "c"]),
            (r#""say ""hi""",c"#, vec![r#"say "hi""#, "c"]),
            (r#""a"b,c"#, vec!["ab", "c"]),
            (r#"a"b,c"#, vec![r#"a"b"#, "c"]),
            ("\"a\r\nb\",\"\"", vec!["a\r\nb", ""]),
        ] {
            let (mut found, mut rest) = (Vec::new(), text);
            loop {
                let (next, behind) = field(rest, b',').unwrap();
                found.push(next.into_owned());
                let Some(behind) = behind.strip_prefix(',') else { break };
                rest = behind;
            }
            assert_eq!(found, fields, "{text}");
        }
        assert_eq!(field("a\nb", b',').map(|(_, behind)| behind), Some("\nb"));
        assert_eq!(field("\"a,b", b','), None);
    }

    #[test]
    fn a_quote_that_is_never_closed_swallows_nobody() {
        let text = "이름,휴대폰\n김단골,010-1234-5678\n\"이단골,010-1234-5679\n박단골,010-1234-5680\n";
        let at = Some("A3".to_owned());
        assert_eq!(lines(text.as_bytes()), Err(Refusal { failure: ImportFailure::UnclosedQuote, at }.into()));
        // Also where the delimiter is looked for and a quoted cell happens to be cut off there.
        let long = format!("이름\t휴대폰\t메모\n김단골\t010-1234-5678\t\"{}\"\n", "가".repeat(300));
        let text = format!("{}{}", long, long.lines().nth(1).unwrap().to_owned() + "\n").repeat(200);
        assert!(lines(text.as_bytes()).is_ok_and(|lines| lines.len() > 300));
    }

    #[test]
    fn what_is_no_table_is_refused() {
        let refused = |bytes: &[u8]| lines(bytes).map(drop);
        assert_eq!(refused(b""), Err(ImportFailure::Empty.into()));
        assert_eq!(refused(b"\n \n"), Err(ImportFailure::Empty.into()));
        assert_eq!(refused(b"<html><table>"), Err(ImportFailure::NotASpreadsheet.into()));
        assert_eq!(refused(b"\x89PNG\r\n\x1a\n\0\0"), Err(ImportFailure::NotASpreadsheet.into()));
        assert_eq!(refused(b"\xff\xff\xfe,\xff"), Err(ImportFailure::UnknownEncoding.into()));
    }
}
