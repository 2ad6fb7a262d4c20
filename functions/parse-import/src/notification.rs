//! What says that a file is to be read: S3 when it was uploaded, staff when they corrected how to read it.

use serde::Deserialize;
use shared::message::ImportRemapped;
use shared::model::{ClinicId, ImportId};

/// A message of the queue. Of the bucket's, everything but the keys is left unread.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Notification {
    /// An import is to be read again.
    Remapped(ImportRemapped),
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
    /// Whether it has just been uploaded; otherwise it was read before.
    pub is_new: bool,
}

impl Notification {
    /// The files to be read; `None` stands for one that is no import's.
    pub fn uploads(&self) -> Vec<Option<Upload>> {
        match self {
            Self::Remapped(ImportRemapped::V1 { clinic_id, import_id }) => vec![Some(Upload::again(*clinic_id, *import_id))],
            Self::Created { records } => records.iter().map(|record| Upload::from_key(&record.s3.object.key)).collect(),
            Self::Test { event: TestEvent::Test } => Vec::new(),
        }
    }
}

impl Upload {
    /// Reads a key as S3 writes it into its notifications: URL-encoded, with a plus for a space.
    fn from_key(encoded: &str) -> Option<Self> {
        let (key, _) = url::form_urlencoded::parse(encoded.as_bytes()).next()?;
        let (clinic, import) = key.strip_prefix("imports/")?.split_once('/')?;
        Some(Self { clinic: clinic.parse().ok()?, import: import.parse().ok()?, key: key.into_owned(), is_new: true })
    }

    /// A file that was read before.
    fn again(clinic: ClinicId, import: ImportId) -> Self {
        Self { key: format!("imports/{clinic}/{import}"), clinic, import, is_new: false }
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

    #[test]
    fn whoever_asks_for_an_import_means_the_same_file() {
        let id = "019900000000700080000000000000ff";
        let (clinic, import) = (format!("cli_{id}"), format!("imp_{id}"));
        let remapped = format!(r#"{{"type":"import_remapped.v1","clinicId":"{clinic}","importId":"{import}"}}"#);
        let again = serde_json::from_str::<Notification>(&remapped).unwrap().uploads();
        let uploaded = format!(r#"{{"Records":[{{"s3":{{"object":{{"key":"imports/{clinic}/{import}"}}}}}}]}}"#);
        let new = serde_json::from_str::<Notification>(&uploaded).unwrap().uploads();
        let new = new.into_iter().map(|upload| upload.map(|upload| Upload { is_new: false, ..upload }));
        assert_eq!(again, new.collect::<Vec<_>>());
        for unknown in [r#"{"type":"import_remapped.v2"}"#, r#"{"type":"import_revoked.v1"}"#, r#"{"Event":"x"}"#, "{}"] {
            assert!(serde_json::from_str::<Notification>(unknown).is_err(), "{unknown}");
        }
    }
}
