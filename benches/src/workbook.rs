//! The list as a spreadsheet program saves it: texts in the table of shared strings.

use std::path::Path;

use rust_xlsxwriter::{Workbook, XlsxError};

use crate::people::{self, HEADER, PhoneCell};

/// Writes the list.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, rows: u32) -> Result<(), XlsxError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name("고객")?;
    for (column, header) in (0..).zip(HEADER) {
        sheet.write_string(0, column, header)?;
    }
    for person in people::list(rows) {
        let row = person.number - 1;
        match &person.phone_cell {
            PhoneCell::Text(text) => sheet.write_string(row, 1, text)?,
            PhoneCell::Number(number) => sheet.write_number(row, 1, f64::from(*number))?,
        };
        for (column, text) in [(0, &person.name), (2, &person.group), (3, &person.memo)] {
            if !text.is_empty() {
                sheet.write_string(row, column, text)?;
            }
        }
    }
    workbook.save(path)
}
