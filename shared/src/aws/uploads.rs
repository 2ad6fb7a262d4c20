//! S3: files that people upload by an address signed for them.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::presigning::PresigningConfig;

use crate::config::Environment;
use crate::failure::{Failure, chain};

/// The bucket for uploads.
#[derive(Debug, Clone)]
pub struct Uploads {
    client: aws_sdk_s3::Client,
    bucket: String,
}

impl Uploads {
    /// Reads `UPLOAD_BUCKET`.
    pub fn read(environment: &mut Environment) -> impl FnOnce(&SdkConfig) -> Self + use<> {
        let bucket = environment.text("UPLOAD_BUCKET");
        |sdk| {
            // Path-style addresses work with every endpoint and every bucket name.
            let config = aws_sdk_s3::config::Builder::from(sdk).force_path_style(true).build();
            Self { client: aws_sdk_s3::Client::from_conf(config), bucket }
        }
    }

    /// An address to which the file can be PUT within the time given.
    ///
    /// # Errors
    /// When signing is not possible (no credentials).
    pub async fn signed_put(&self, key: &str, valid_for: Duration) -> Result<String, Failure> {
        let config = PresigningConfig::expires_in(valid_for).map_err(Failure::reject)?;
        let request = self.client.put_object().bucket(&self.bucket).key(key).presigned(config).await;
        request.map(|request| request.uri().to_owned()).map_err(|error| Failure::retry(chain(&error)))
    }

    /// The file, or `None` when it is larger than the limit (in bytes).
    ///
    /// # Errors
    /// When it cannot be fetched now.
    pub async fn fetch(&self, key: &str, limit: u64) -> Result<Option<Vec<u8>>, Failure> {
        let answer = self.client.get_object().bucket(&self.bucket).key(key).send().await;
        let answer = answer.map_err(|error| Failure::retry(chain(&error)))?;
        let length = answer.content_length().and_then(|length| u64::try_from(length).ok());
        let Some(length) = length.filter(|&length| length <= limit).and_then(|length| usize::try_from(length).ok()) else {
            return Ok(None);
        };
        // Piece by piece into one place: collecting it first would take its size three times.
        let (mut file, mut body) = (Vec::with_capacity(length), answer.body);
        while let Some(piece) = body.try_next().await.map_err(|error| Failure::retry(chain(&error)))? {
            file.extend_from_slice(&piece);
        }
        Ok(Some(file))
    }
}
