//! S3: files that are made for one person to download, by an address signed for them.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Seek as _;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::config::RequestChecksumCalculation;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::clock::Ambient;
use crate::config::Environment;
use crate::failure::{Failure, chain};
use crate::model::ClinicId;

/// How long an address works.
pub const VALID_FOR: Duration = Duration::from_mins(15);
/// How long the bucket may take for one file, each time: a person waits, and API Gateway gives up after 29 s.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a file is offered to the bucket.
const TRIES: u32 = 2;

/// Where a file can be downloaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// The address; whoever has it can read the file.
    pub url: String,
    /// The name under which a browser saves it.
    pub file_name: String,
    /// When the address stops working.
    pub expires_at: DateTime<Utc>,
}

/// Keeps files for people to download.
pub trait Downloads {
    /// Keeps the file and answers an address that works for [`VALID_FOR`].
    ///
    /// # Errors
    /// When the file could not be kept; nothing was promised then.
    fn offer(
        &self,
        ambient: &Ambient,
        clinic: ClinicId,
        file: File,
        file_name: &str,
    ) -> impl Future<Output = Result<Link, Failure>> + Send;
}

/// Files below `exports/` in the bucket for uploads, which forgets them after a day.
#[derive(Debug, Clone)]
pub struct S3Downloads {
    client: aws_sdk_s3::Client,
    bucket: String,
}

impl S3Downloads {
    /// Reads `UPLOAD_BUCKET`.
    pub fn read(environment: &mut Environment) -> impl FnOnce(&SdkConfig) -> Self + use<> {
        let bucket = environment.text("UPLOAD_BUCKET");
        |sdk| {
            let timeouts = TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(2))
                .operation_attempt_timeout(PATIENCE)
                .operation_timeout(PATIENCE)
                .build();
            // Path-style addresses work with every endpoint and every bucket name. The body is a file that is read once, so
            // its checksum would have to follow it, in a form that not every endpoint reads.
            let config = aws_sdk_s3::config::Builder::from(sdk)
                .force_path_style(true)
                .timeout_config(timeouts)
                .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
                .build();
            Self { client: aws_sdk_s3::Client::from_conf(config), bucket }
        }
    }

    async fn put(&self, key: &str, file: &File, file_name: &str) -> Result<(), Failure> {
        let mut file = file.try_clone().map_err(Failure::retry)?;
        file.rewind().map_err(Failure::retry)?;
        let body = ByteStream::read_from().file(tokio::fs::File::from_std(file)).build().await.map_err(Failure::retry)?;
        let request = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type(content_type(file_name))
            .content_disposition(disposition(file_name))
            .cache_control("no-store")
            .body(body);
        request.send().await.map(drop).map_err(|error| Failure::retry(chain(&error)))
    }
}

impl Downloads for S3Downloads {
    async fn offer(&self, ambient: &Ambient, clinic: ClinicId, file: File, file_name: &str) -> Result<Link, Failure> {
        let key = format!("exports/{clinic}/{}/{file_name}", ambient.uuid());
        let mut tries = 1;
        // The client does not try again itself: it cannot rewind a file.
        while let Err(failure) = self.put(&key, &file, file_name).await {
            if tries >= TRIES {
                return Err(failure);
            }
            tries += 1;
        }
        let expires_at = ambient.now() + VALID_FOR;
        let config = PresigningConfig::expires_in(VALID_FOR).map_err(Failure::reject)?;
        let request = self.client.get_object().bucket(&self.bucket).key(&key).presigned(config).await;
        let url = request.map(|request| request.uri().to_owned()).map_err(|error| Failure::retry(chain(&error)))?;
        Ok(Link { url, file_name: file_name.to_owned(), expires_at })
    }
}

fn content_type(file_name: &str) -> &'static str {
    match file_name.rsplit_once('.') {
        Some((_, "xlsx")) => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Some((_, "csv")) => "text/csv; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Saved, never shown, under its own name: RFC 6266, with the plain form for programs that know no other.
fn disposition(file_name: &str) -> String {
    let plain: String =
        file_name.chars().map(|c| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '_' }).collect();
    let mut exact = String::new();
    for byte in file_name.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_".contains(&byte) {
            exact.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            _ = write!(exact, "%{byte:02X}");
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_saved_under_its_own_name_whatever_is_in_it() {
        assert_eq!(
            disposition("고객\"\r\n1.xlsx"),
            "attachment; filename=\"_____1.xlsx\"; filename*=UTF-8''%EA%B3%A0%EA%B0%9D%22%0D%0A1.xlsx"
        );
        assert_eq!(content_type("고객.csv"), "text/csv; charset=utf-8");
    }
}
