//! Reading an uploaded file, whatever its name claims it to be.

use shared::db::imports::Contents;
use shared::model::import::{ImportFailure, Wish};

pub use crate::limits::Limits;
use crate::table::Line;
use crate::{csv, xlsx};

/// The head of an OLE container: Excel before 2007, and whatever Office has encrypted.
const OLE: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
/// How Fasoo and `SoftCamp` mark the documents that they encrypt, which Korean offices upload without knowing it.
const RIGHTS_MANAGED: [&[u8]; 2] = [b"DRMONE", b"SCDSA0"];

/// How a file is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct How {
    /// How much of it.
    pub limits: Limits,
    /// What staff want it to be read as; empty when everything is to be found.
    pub wish: Wish,
}

/// Why a file cannot become a list to review.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{failure}")]
pub struct Refusal {
    /// The reason.
    pub failure: ImportFailure,
    /// Where in the file, or which limit, for people.
    pub at: Option<String>,
}

impl From<ImportFailure> for Refusal {
    fn from(failure: ImportFailure) -> Self {
        Self { failure, at: None }
    }
}

impl Refusal {
    /// The file has more bytes than are read.
    #[must_use]
    pub fn too_large(limits: &Limits) -> Self {
        let (size, unit) = if limits.bytes < 1 << 20 { (limits.bytes >> 10, "KB") } else { (limits.bytes >> 20, "MB") };
        Self { failure: ImportFailure::TooLarge, at: Some(format!("최대 {size}{unit}")) }
    }
}

/// Why reading ended before the end of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The file cannot become a list to review.
    Refused(Refusal),
    /// Nobody wants the rows any more.
    Abandoned,
}

impl From<ImportFailure> for Stop {
    fn from(failure: ImportFailure) -> Self {
        Self::Refused(failure.into())
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Takes the lines of the list, one by one.
pub type Take<'a> = dyn FnMut(Line) -> Result<(), Stop> + 'a;

/// Reads the list in a file. What is in the file is put into `found` as far as it is read, also when the file is refused.
///
/// # Errors
/// When the file is refused, and whatever `take` answers.
pub fn read(bytes: &[u8], how: &How, found: &mut Contents, take: &mut Take<'_>) -> Result<(), Stop> {
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > how.limits.bytes {
        return Err(Refusal::too_large(&how.limits).into());
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return xlsx::read(bytes, how, found, take);
    }
    if bytes.starts_with(OLE) {
        return Err(container(bytes).into());
    }
    let head = &bytes[..bytes.len().min(16)];
    if RIGHTS_MANAGED.iter().any(|mark| contains(head, mark)) {
        return Err(ImportFailure::Encrypted.into());
    }
    csv::read(bytes, how, found, take)
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
    memchr::memmem::find(bytes, wanted).is_some()
}
