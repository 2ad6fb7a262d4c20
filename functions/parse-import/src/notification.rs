//! What S3 says when a file was uploaded.

use serde::Deserialize;
use shared::model::{ClinicId, ImportId};

/// A message of the bucket. Everything but the keys is left unread.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Notification {
    /// Files were uploaded.
    Created {
        /// One for each file.
        #[serde(rename = "Records")]
        records: Vec<Record>,
    },
    /// The bucket was told to send notifications and tries whether it can.
    Test {
        /// `s3:TestEvent`.
        #[serde(rename = "Event")]
        event: TestEvent,
    },
}

/// The one event that is about no file.
#[derive(Debug, Deserialize)]
pub enum TestEvent {
    /// `s3:TestEvent`
    #[serde(rename = "s3:TestEvent")]
    Test,
}

/// A file that was uploaded.
#[derive(Debug, Deserialize)]
pub struct Record {
    s3: Entity,
}

#[derive(Debug, Deserialize)]
struct Entity {
    object: Object,
}

#[derive(Debug, Deserialize)]
struct Object {
    key: String,
}

/// A file and the import that it is for, by its key `imports/<clinicId>/<importId>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// The key in the bucket.
    pub key: String,
    /// Whose import.
    pub clinic: ClinicId,
    /// Which import.
    pub import: ImportId,
}

impl Notification {
    /// The uploaded files; `None` stands for one that is no import's.
    pub fn uploads(&self) -> impl Iterator<Item = Option<Upload>> {
        let records = match self {
            Self::Created { records } => records.as_slice(),
            Self::Test { event: TestEvent::Test } => &[],
        };
        records.iter().map(|record| Upload::from_key(&record.s3.object.key))
    }
}

impl Upload {
    /// Reads a key as S3 writes it into its notifications: URL-encoded, with a plus for a space.
    fn from_key(encoded: &str) -> Option<Self> {
        let (key, _) = url::form_urlencoded::parse(encoded.as_bytes()).next()?;
        let (clinic, import) = key.strip_prefix("imports/")?.split_once('/')?;
        Some(Self { clinic: clinic.parse().ok()?, import: import.parse().ok()?, key: key.into_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_s3_writes_it() {
        let id = "019900000000700080000000000000ff";
        let upload = Upload::from_key(&format!("imports%2Fcli_{id}/imp%5F{id}")).unwrap();
        assert_eq!(upload.key, format!("imports/cli_{id}/imp_{id}"));
        assert_eq!((upload.clinic.to_string(), upload.import.to_string()), (format!("cli_{id}"), format!("imp_{id}")));
        for key in [
            "",
            "imports/",
            "imports/cli_1/imp_1",
            &format!("exports/cli_{id}/imp_{id}"),
            &format!("imports/cli_{id}/imp_{id}/x"),
        ] {
            assert_eq!(Upload::from_key(key), None, "{key}");
        }
    }
}
