//! How much of a file is read.

use shared::config::Environment;
use shared::model::import::{Largest, MAX_FILE_BYTES, MAX_ROWS};

/// The last row that a spreadsheet program knows.
pub(crate) const LAST_ROW: u32 = 1_048_576;

/// How much is read before a file is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: u64,
    /// Parts of a workbook, which is a zip archive.
    pub entries: usize,
    /// Bytes of all parts together, as counted while inflating them.
    pub inflated: u64,
    /// How many times larger than the archive's bytes a part may be.
    pub ratio: u64,
    /// Bytes that opening a workbook takes and keeps: its different texts and its formats. This, the file, and about 40 MiB for
    /// the function itself and for the rows on their way are what reading takes at most.
    pub opened: u64,
    /// Tags in all parts together. A cell has two at least, and hardly a list comes near; going through them takes seconds.
    pub tags: u64,
    /// Rows from the header to the last row of the list.
    pub rows: u32,
    /// Columns.
    pub columns: usize,
    /// Bytes of text in a cell.
    pub cell: usize,
    /// Bytes of text in all rows together. One text of a workbook may stand in a million cells.
    pub text: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self::new(MAX_ROWS, MAX_FILE_BYTES)
    }
}

impl Limits {
    /// The limits for lists of so many rows in files of so many bytes. What a file may take grows with them, and so must the
    /// memory of the function.
    #[must_use]
    pub fn new(rows: u32, bytes: u64) -> Self {
        let rows = rows.clamp(1, LAST_ROW);
        let times = u64::from(rows.div_ceil(MAX_ROWS)).max(bytes.div_ceil(MAX_FILE_BYTES));
        Self {
            bytes,
            entries: 64,
            inflated: times * (100 << 20),
            ratio: 200,
            opened: times * (64 << 20),
            tags: times * 12_000_000,
            rows,
            columns: 50,
            cell: 1000,
            text: times * (128 << 20),
        }
    }

    /// Reads `IMPORT_MAX_ROWS` and `IMPORT_MAX_BYTES`, which may be missing.
    pub fn read(environment: &mut Environment) -> Self {
        let Largest { bytes, rows } = Largest::read(environment);
        Self::new(rows, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_lists_and_files_may_take_more_and_smaller_ones_as_much_as_ever() {
        let read = |rows: &'static str, bytes: &'static str| {
            let mut environment =
                Environment::from_lookup(move |name| Some(if name == "IMPORT_MAX_ROWS" { rows } else { bytes }.to_owned()));
            let limits = Limits::read(&mut environment);
            assert_eq!(environment.check(), Ok(()));
            limits
        };
        assert_eq!(read("", ""), Limits::default());
        let limits = read("1000000", "33554432");
        assert_eq!((limits.rows, limits.bytes), (1_000_000, 32 << 20));
        assert_eq!((limits.inflated, limits.opened), (500 << 20, 320 << 20));
        assert_eq!(read("", "33554432").inflated, 400 << 20);
        assert_eq!(read("5000", "").inflated, Limits::default().inflated);
        assert_eq!(read("4000000000", "").rows, LAST_ROW);
    }
}
