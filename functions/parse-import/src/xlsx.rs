//! Workbooks, read cell by cell after a [scan](crate::scan) found nothing wrong.

use std::io::Cursor;

use calamine::{Reader, SheetType, SheetVisible, Xlsx, XlsxError};
use shared::db::imports::Contents;
use shared::model::import::ImportFailure;

use crate::cells::Cells;
use crate::file::{How, Stop, Take};
use crate::limits::LAST_ROW;
use crate::table::{Table, worse};
use crate::{scan, value};

type Workbook<'a> = Xlsx<Cursor<&'a [u8]>>;

/// Reads the list in the sheet that staff chose, or in the first visible sheet that has one.
///
/// # Errors
/// When the file is refused, and whatever `take` answers.
pub fn read(bytes: &[u8], how: &How, found: &mut Contents, take: &mut Take<'_>) -> Result<(), Stop> {
    let rows = scan::check(bytes, &how.limits)?;
    let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(|error| refusal(&error))?;
    let visible = |sheet: &&calamine::Sheet| sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet;
    found.sheets = workbook.sheets_metadata().iter().filter(visible).map(|sheet| sheet.name.clone()).collect();
    let mut sheets = found.sheets.clone();
    if let Some(wish) = &how.wish.sheet {
        sheets.retain(|sheet| sheet == wish);
        if sheets.is_empty() {
            return Err(ImportFailure::NoSuchSheet.into());
        }
    }
    if rows > u64::from(how.limits.rows) + 1 {
        // More than the list may have with its header, perhaps: this is found out before any row is written.
        list(&mut workbook, &sheets, how, found, &mut |_| Ok(()))?;
    }
    list(&mut workbook, &sheets, how, found, take)
}

fn list(
    workbook: &mut Workbook<'_>,
    sheets: &[String],
    how: &How,
    found: &mut Contents,
    take: &mut Take<'_>,
) -> Result<(), Stop> {
    // What comes nearest to a list, for whoever corrects how the file is read.
    let mut nearest: Option<(ImportFailure, Contents)> = None;
    for sheet in sheets {
        let mut table = Table::new(how, Some(sheet), found, take);
        rows(workbook, sheet, how, &mut table)?;
        if table.has_header() {
            return table.finish();
        }
        let miss = table.miss();
        if nearest.as_ref().is_none_or(|(known, _)| worse(*known, miss) != *known) {
            nearest = Some((miss, found.clone()));
        }
    }
    let (miss, contents) = nearest.unwrap_or_else(|| (ImportFailure::Empty, found.clone()));
    *found = contents;
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

fn rows(workbook: &mut Workbook<'_>, sheet: &str, how: &How, table: &mut Table<'_, '_>) -> Result<(), Stop> {
    let mut reader = workbook.worksheet_cells_reader(sheet).map_err(|error| refusal(&error))?;
    let (mut cells, mut text) = (Cells::default(), String::new());
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
            table.row(number, &cells)?;
            if table.is_hopeless() {
                return Ok(());
            }
            cells.clear();
            number = row;
        }
        let text = value::show(cell.get_value(), &mut text);
        cells.put(usize::try_from(column).unwrap_or(usize::MAX), text, &how.limits);
    }
    table.row(number, &cells)
}
