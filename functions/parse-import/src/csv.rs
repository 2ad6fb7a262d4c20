//! Comma-separated values, as the programs of Korean offices save them.

use std::borrow::Cow;

use csv::{ReaderBuilder, StringRecord};
use encoding_rs::{EUC_KR, Encoding};
use shared::db::imports::Contents;
use shared::model::import::ImportFailure;

use crate::file::{Limits, Stop, Take};
use crate::table::{Cells, Table, is_header, near_miss};

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
pub fn read(bytes: &[u8], limits: &Limits, take: &mut Take<'_>) -> Result<Contents, Stop> {
    let text = decode(bytes)?;
    let text = text.trim_start_matches('\u{feff}');
    if OTHER_TEXT.iter().any(|start| text.trim_start().starts_with(start)) {
        return Err(ImportFailure::NotASpreadsheet.into());
    }
    let mut table = Table::new(limits, take);
    records(text, delimiter(text, limits), limits, &mut |number, cells| {
        table.row(number, cells)?;
        Ok(!table.is_hopeless())
    })?;
    table.finish(None)
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
fn delimiter(text: &str, limits: &Limits) -> u8 {
    let sample = &text[..text.floor_char_boundary(SAMPLE)];
    let rank = |delimiter: u8| {
        let mut best = 0;
        let probed = records(sample, delimiter, limits, &mut |_, cells| {
            let rank = if is_header(&cells.texts) {
                3
            } else if near_miss(&cells.texts) == ImportFailure::NoHeader {
                usize::from(cells.texts.len() > 1)
            } else {
                2
            };
            best = best.max(rank);
            Ok(best < 3)
        });
        // The sample may be cut off in the middle of a record; the whole text will tell.
        if probed.is_ok() { best } else { 0 }
    };
    // Of equals the last is the greatest for `max_by_key`.
    DELIMITERS.into_iter().rev().max_by_key(|&delimiter| rank(delimiter)).unwrap_or(b',')
}

/// Goes through the records for as long as it is told to, with the numbers a spreadsheet would give to their rows.
fn records(
    text: &str,
    delimiter: u8,
    limits: &Limits,
    each: &mut dyn FnMut(u32, &mut Cells) -> Result<bool, Stop>,
) -> Result<(), Stop> {
    let mut reader = ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut record = StringRecord::new();
    let mut cells = Cells::default();
    let (mut number, mut read) = (0_u32, 0);
    loop {
        let more = reader.read_record(&mut record).map_err(|_| ImportFailure::Damaged)?;
        if !more {
            return Ok(());
        }
        // The reader passes over empty lines without a word, but they are rows.
        let end = usize::try_from(reader.position().byte()).unwrap_or(text.len()).min(text.len());
        number = number.saturating_add(1).saturating_add(empty_lines(text, read, end));
        read = end;
        cells.clear();
        for (column, field) in record.iter().enumerate() {
            cells.put(column, unquoted(field).to_owned(), limits);
        }
        if !each(number, &mut cells)? {
            return Ok(());
        }
    }
}

/// How many empty lines come before the record that was read from `text[from..to]`.
fn empty_lines(text: &str, from: usize, to: usize) -> u32 {
    let bytes = text.as_bytes();
    let mut at = from;
    // The line feed that belongs to the end of the record before.
    if at > 0 && bytes[at - 1] == b'\r' && bytes.get(at) == Some(&b'\n') {
        at += 1;
    }
    let mut lines = 0;
    while at < to && matches!(bytes[at], b'\r' | b'\n') {
        at += if bytes[at..to].starts_with(b"\r\n") { 2 } else { 1 };
        lines += 1;
    }
    lines
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
        read(bytes, &Limits::default(), &mut |line| {
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
    fn what_is_no_table_is_refused() {
        let refused = |bytes: &[u8]| lines(bytes).map(drop);
        assert_eq!(refused(b""), Err(Stop::Refused(ImportFailure::Empty)));
        assert_eq!(refused(b"\n \n"), Err(Stop::Refused(ImportFailure::Empty)));
        assert_eq!(refused(b"<html><table>"), Err(Stop::Refused(ImportFailure::NotASpreadsheet)));
        assert_eq!(refused(b"\x89PNG\r\n\x1a\n\0\0"), Err(Stop::Refused(ImportFailure::NotASpreadsheet)));
        assert_eq!(refused(b"\xff\xff\xfe,\xff"), Err(Stop::Refused(ImportFailure::UnknownEncoding)));
    }
}
