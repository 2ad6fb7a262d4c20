//! Writing, row by row.

use std::fs::File;
use std::io::{self, BufWriter, Seek as _, Write as _};

use rust_xlsxwriter::{self as xlsx, Workbook, XlsxError};
use serde::{Deserialize, Serialize};

use super::neutralised;

/// Rows that a sheet of Excel can have, the header included.
const MAX_ROWS: u32 = 1_048_576;
/// Bytes that a file may have before it is compressed. A function has 512 MiB of disk, and an xlsx file lies there twice.
const MAX_BYTES: usize = 360 << 20;
/// What a cell weighs besides its text: `<c r="AB123456" s="1" t="inlineStr"><is><t></t></is></c>`.
const CELL_OVERHEAD: usize = 64;
/// The width of a column in characters.
const COLUMN_WIDTH: f64 = 18.0;
/// Excel reads a csv file without it as text in the machine's own encoding.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The form of a spreadsheet file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Excel workbook with one sheet.
    Xlsx,
    /// UTF-8 with a byte order mark, commas, quotes where they are needed.
    Csv,
}

impl Format {
    /// The end of a file's name, without the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
        }
    }
}

/// The file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteFailed {
    /// More than a sheet or the disk can hold.
    #[error("more rows or text than one spreadsheet can hold")]
    Full,
    /// The temporary file cannot be written.
    #[error("temporary file: {0}")]
    File(#[from] io::Error),
    /// The workbook cannot be put together.
    #[error("workbook: {0}")]
    Workbook(#[from] XlsxError),
    /// The lines cannot be put together.
    #[error("csv: {0}")]
    Lines(#[from] csv::Error),
}

/// A spreadsheet that is being written. Its file has no name, so nothing is left on the disk whatever happens.
pub struct Writer {
    sheet: Sheet,
    rows: u32,
    bytes: usize,
}

enum Sheet {
    Xlsx { workbook: Box<Workbook>, text: xlsx::Format },
    Csv(Box<csv::Writer<File>>),
}

impl Writer {
    /// Begins a file with a row of column names.
    ///
    /// # Errors
    /// When the temporary file cannot be made.
    pub fn new(format: Format, header: &[&str]) -> Result<Self, WriteFailed> {
        let sheet = match format {
            Format::Xlsx => xlsx_sheet(header.len())?,
            Format::Csv => {
                let mut file = tempfile::tempfile()?;
                file.write_all(BYTE_ORDER_MARK)?;
                let mut lines = csv::WriterBuilder::new();
                lines.terminator(csv::Terminator::CRLF).buffer_capacity(64 << 10);
                Sheet::Csv(Box::new(lines.from_writer(file)))
            }
        };
        let mut writer = Self { sheet, rows: 0, bytes: 0 };
        writer.put(header, true)?;
        Ok(writer)
    }

    /// Adds a row; it has as many cells as the header. Every cell is text, so that a phone keeps its zero, and none is a
    /// formula.
    ///
    /// # Errors
    /// [`WriteFailed::Full`] when there is no room for the row, and when the temporary file cannot be written.
    pub fn row(&mut self, cells: &[&str]) -> Result<(), WriteFailed> {
        self.put(cells, false)
    }

    /// How many rows the file has below the header.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.rows.saturating_sub(1)
    }

    fn put(&mut self, cells: &[&str], header: bool) -> Result<(), WriteFailed> {
        self.bytes += cells.iter().map(|cell| cell.len() + CELL_OVERHEAD).sum::<usize>();
        if self.rows >= MAX_ROWS || self.bytes > MAX_BYTES {
            return Err(WriteFailed::Full);
        }
        match &mut self.sheet {
            Sheet::Xlsx { workbook, text } => {
                let sheet = workbook.worksheet_from_index(0)?;
                let bold = header.then(|| text.clone().set_bold());
                let format = bold.as_ref().unwrap_or(text);
                for (column, cell) in (0..).zip(cells) {
                    if !cell.is_empty() {
                        sheet.write_string_with_format(self.rows, column, neutralised(cell), format)?;
                    }
                }
            }
            Sheet::Csv(lines) => lines.write_record(cells.iter().map(|cell| neutralised(cell).into_owned()))?,
        }
        self.rows += 1;
        Ok(())
    }

    /// Ends the file and gives it back, to be read from its beginning.
    ///
    /// # Errors
    /// When the temporary file cannot be written.
    pub fn finish(self) -> Result<File, WriteFailed> {
        let mut file = match self.sheet {
            Sheet::Xlsx { mut workbook, .. } => {
                let mut file = BufWriter::with_capacity(64 << 10, tempfile::tempfile()?);
                workbook.save_to_writer(&mut file)?;
                file.into_inner().map_err(io::IntoInnerError::into_error)?
            }
            Sheet::Csv(lines) => lines.into_inner().map_err(|error| io::Error::from(error.error().kind()))?,
        };
        file.rewind()?;
        Ok(file)
    }
}

fn xlsx_sheet(columns: usize) -> Result<Sheet, WriteFailed> {
    let mut workbook = Box::new(Workbook::new());
    // Numbers that people type below the last row stay the text that they are.
    let text = xlsx::Format::new().set_num_format("@");
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    sheet.set_freeze_panes(1, 0)?;
    if let Some(last) = columns.checked_sub(1) {
        let last = u16::try_from(last).map_err(|_| WriteFailed::Full)?;
        sheet.set_column_range_format(0, last, &text)?;
        sheet.set_column_range_width(0, last, COLUMN_WIDTH)?;
    }
    Ok(Sheet::Xlsx { workbook, text })
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read as _};

    use calamine::{Data, Reader as _, Xlsx};

    use super::*;

    const HEADER: &[&str] = &["이름", "휴대폰", "메모"];
    const ROWS: &[&[&str]] = &[
        &["김단골", "010-1234-5678", "=HYPERLINK(\"http://a.b\")"],
        &["a,\"b\"\nc", "", "<&> _x0041_ \u{1}"],
        &["'-", "＝1", " 끝 "],
    ];

    fn write(format: Format) -> File {
        let mut writer = Writer::new(format, HEADER).unwrap();
        for row in ROWS {
            writer.row(row).unwrap();
        }
        assert_eq!(writer.rows(), 3);
        writer.finish().unwrap()
    }

    #[test]
    fn a_workbook_says_what_was_written_as_text() {
        let mut workbook: Xlsx<_> = calamine::open_workbook_from_rs(BufReader::new(write(Format::Xlsx))).unwrap();
        let range = workbook.worksheet_range_at(0).unwrap().unwrap();
        let rows: Vec<Vec<Data>> = range.rows().map(<[Data]>::to_vec).collect();
        let texts = |cells: [&str; 3]| {
            cells.map(|cell| if cell.is_empty() { Data::Empty } else { Data::String(cell.to_owned()) }).to_vec()
        };
        assert_eq!(rows[0], texts(["이름", "휴대폰", "메모"]));
        assert_eq!(rows[1], texts(["김단골", "010-1234-5678", "'=HYPERLINK(\"http://a.b\")"]));
        assert_eq!(rows[2][..2], texts(["a,\"b\"\nc", "", ""])[..2]);
        assert_eq!(rows[3], texts(["''-", "'＝1", " 끝 "]));
    }

    #[test]
    fn lines_have_a_mark_for_excel_and_quotes_where_they_are_needed() {
        let mut text = String::new();
        write(Format::Csv).read_to_string(&mut text).unwrap();
        let expected = "\u{feff}이름,휴대폰,메모\r\n\
                        김단골,010-1234-5678,\"'=HYPERLINK(\"\"http://a.b\"\")\"\r\n\
                        \"a,\"\"b\"\"\nc\",,<&> _x0041_ \u{1}\r\n\
                        ''-,'＝1, 끝 \r\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_file_that_would_not_fit_on_the_disk_is_refused_before_the_disk_is_full() {
        let mut writer = Writer::new(Format::Csv, &["메모"]).unwrap();
        writer.bytes = MAX_BYTES - 100;
        assert!(writer.row(&["짧다"]).is_ok());
        assert!(matches!(writer.row(&["짧다"]), Err(WriteFailed::Full)));
        let mut writer = Writer::new(Format::Xlsx, &["메모"]).unwrap();
        writer.rows = MAX_ROWS;
        assert!(matches!(writer.row(&["짧다"]), Err(WriteFailed::Full)));
    }
}
