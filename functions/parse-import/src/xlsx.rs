//! Workbooks, read cell by cell after a [scan](crate::scan) found nothing wrong.

use std::io::Cursor;

use calamine::{DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxError};
use shared::db::imports::Contents;
use shared::model::import::ImportFailure;

use crate::file::{Limits, Stop, Take};
use crate::scan;
use crate::table::{Cells, Table, worse};

/// The last row that a spreadsheet program knows.
const LAST_ROW: u32 = 1_048_576;
/// The first serial number that is no date any more: 10000-01-01.
const DATES_END: f64 = 2_958_466.0;

/// Reads the list in the first visible sheet that has one.
///
/// # Errors
/// When the file is refused, and whatever `take` answers.
pub fn read(bytes: &[u8], limits: &Limits, take: &mut Take<'_>) -> Result<Contents, Stop> {
    scan::check(bytes, limits)?;
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| refusal(&error))?;
    let visible = |sheet: &&calamine::Sheet| sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet;
    let sheets: Vec<String> = workbook.sheets_metadata().iter().filter(visible).map(|sheet| sheet.name.clone()).collect();
    let mut miss = ImportFailure::Empty;
    for sheet in sheets {
        let mut table = Table::new(limits, take);
        rows(&mut workbook, &sheet, limits, &mut table)?;
        if table.has_header() {
            return table.finish(Some(sheet.chars().take(255).collect()));
        }
        miss = worse(miss, table.miss());
    }
    Err(miss.into())
}

/// Why the library could not read the workbook.
fn refusal(error: &XlsxError) -> ImportFailure {
    tracing::warn!(event = "workbook.unreadable", %error, "workbook cannot be read");
    match error {
        XlsxError::Password => ImportFailure::Encrypted,
        _ => ImportFailure::Damaged,
    }
}

fn rows(workbook: &mut Xlsx<Cursor<&[u8]>>, sheet: &str, limits: &Limits, table: &mut Table<'_, '_>) -> Result<(), Stop> {
    let mut reader = workbook.worksheet_cells_reader(sheet).map_err(|error| refusal(&error))?;
    let mut cells = Cells::default();
    // The row being filled, counted from 1.
    let mut number = 0;
    loop {
        let cell = match reader.next_cell() {
            Ok(cell) => cell,
            // An error of a formula that the library does not know (#SPILL! and younger ones): the cell holds nothing.
            Err(XlsxError::CellError(_)) => continue,
            Err(error) => return Err(refusal(&error).into()),
        };
        let Some(cell) = cell else { break };
        let (row, column) = cell.get_position();
        let row = row.saturating_add(1);
        if row != number {
            if row < number || row > LAST_ROW {
                return Err(ImportFailure::Damaged.into());
            }
            table.row(number, &mut cells)?;
            if table.is_hopeless() {
                return Ok(());
            }
            cells.clear();
            number = row;
        }
        cells.put(usize::try_from(column).unwrap_or(usize::MAX), text(cell.get_value()), limits);
    }
    table.row(number, &mut cells)
}

/// What people see in a cell, more or less. A formula is its last result.
fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(value) => value.to_string(),
        DataRef::Float(value) => number(*value),
        DataRef::String(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(value) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
        DataRef::DateTime(value) => moment(value),
        DataRef::DateTimeIso(text) => iso(text),
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

/// A number without `.0`, an exponent, or the noise behind the 15 digits that spreadsheet programs keep.
fn number(value: f64) -> String {
    if !value.is_finite() {
        return String::new();
    }
    let shown: f64 = format!("{value:.14e}").parse().unwrap_or(value);
    shown.to_string()
}

/// `2026-03-02`, with `14:30` behind it when there is a time of day, or a duration as `26:30`.
fn moment(value: &ExcelDateTime) -> String {
    let serial = value.as_f64();
    if !(0.0..DATES_END).contains(&serial) {
        return number(serial);
    }
    if value.is_duration() {
        let minutes = value.as_duration().map(|duration| duration.num_minutes()).unwrap_or_default();
        return format!("{}:{:02}", minutes / 60, minutes % 60);
    }
    let (year, month, day, hour, minute, ..) = value.to_ymd_hms_milli();
    let time = format!("{hour:02}:{minute:02}");
    if serial < 1.0 {
        time
    } else if time == "00:00" {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:04}-{month:02}-{day:02} {time}")
    }
}

/// A moment that the file spells out: `2026-03-02T00:00:00`.
fn iso(text: &str) -> String {
    match text.split_once('T') {
        Some((date, time)) if time.starts_with("00:00") => date.to_owned(),
        Some((date, time)) => format!("{date} {}", time.get(..5).unwrap_or(time)),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType::{DateTime, TimeDelta};

    use super::*;

    #[test]
    fn numbers_are_shown_as_people_see_them() {
        for (value, shown) in [
            (1_012_345_678.0, "1012345678"),
            (64_000.0, "64000"),
            (0.1 + 0.2, "0.3"),
            (-1.5, "-1.5"),
            (821_012_345_678.0, "821012345678"),
            (f64::NAN, ""),
        ] {
            assert_eq!(number(value), shown);
        }
    }

    #[test]
    fn dates_are_shown_with_the_year_first_and_times_only_where_there_are_any() {
        let shown = |serial, kind, since_1904| moment(&ExcelDateTime::new(serial, kind, since_1904));
        assert_eq!(shown(45_429.0, DateTime, false), "2024-05-17");
        assert_eq!(shown(45_429.0 - 1462.0, DateTime, true), "2024-05-17");
        assert_eq!(shown(45_943.5, DateTime, false), "2025-10-13 12:00");
        assert_eq!(shown(0.5, DateTime, false), "12:00");
        assert_eq!(shown(1.104_166_666_7, TimeDelta, false), "26:30");
        assert_eq!(shown(1_012_345_678.0, DateTime, false), "1012345678", "a phone in a cell that is formatted as a date");
        assert_eq!((iso("2026-03-02T00:00:00"), iso("2026-03-02T14:30:00")), ("2026-03-02".into(), "2026-03-02 14:30".into()));
    }
}
