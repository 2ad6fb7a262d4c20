//! Reading an uploaded file, whatever its name claims it to be.

use shared::db::imports::Contents;
use shared::model::import::{ImportFailure, MAX_FILE_BYTES};

use crate::table::Line;
use crate::{csv, xlsx};

/// The head of an OLE container: Excel before 2007, and whatever Office has encrypted.
const OLE: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
/// How Fasoo and `SoftCamp` mark the documents that they encrypt, which Korean offices upload without knowing it.
const RIGHTS_MANAGED: [&[u8]; 2] = [b"DRMONE", b"SCDSA0"];

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
    /// Different texts in a workbook.
    pub strings: u64,
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
        Self {
            bytes: MAX_FILE_BYTES,
            entries: 64,
            inflated: 100 << 20,
            ratio: 200,
            strings: 1_000_000,
            rows: 200_000,
            columns: 50,
            cell: 1000,
            text: 128 << 20,
        }
    }
}

/// Why reading ended before the end of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The file cannot become a list to review.
    Refused(ImportFailure),
    /// Nobody wants the rows any more.
    Abandoned,
}

impl From<ImportFailure> for Stop {
    fn from(failure: ImportFailure) -> Self {
        Self::Refused(failure)
    }
}

/// Takes the lines of the list, one by one.
pub type Take<'a> = dyn FnMut(Line) -> Result<(), Stop> + 'a;

/// Reads the list in a file.
///
/// # Errors
/// When the file is refused, and whatever `take` answers.
pub fn read(bytes: &[u8], limits: &Limits, take: &mut Take<'_>) -> Result<Contents, Stop> {
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limits.bytes {
        return Err(ImportFailure::TooLarge.into());
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return xlsx::read(bytes, limits, take);
    }
    if bytes.starts_with(OLE) {
        return Err(container(bytes).into());
    }
    let head = &bytes[..bytes.len().min(16)];
    if RIGHTS_MANAGED.iter().any(|mark| contains(head, mark)) {
        return Err(ImportFailure::Encrypted.into());
    }
    csv::read(bytes, limits, take)
}

/// What an OLE container holds, by the names of its streams.
fn container(bytes: &[u8]) -> ImportFailure {
    let holds = |name: &str| {
        let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        contains(bytes, &name)
    };
    if holds("EncryptedPackage") {
        ImportFailure::Encrypted
    } else if holds("Workbook") {
        ImportFailure::OldExcel
    } else if ["WordDocument", "PowerPoint Document", "HwpSummaryInformation"].into_iter().any(holds) {
        ImportFailure::NotASpreadsheet
    } else {
        ImportFailure::Encrypted
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
