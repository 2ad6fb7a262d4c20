//! Secrets Manager: read at cold start, as JSON of a known shape.

use aws_config::SdkConfig;
use serde::de::DeserializeOwned;

/// A secret could not be read.
#[derive(Debug, thiserror::Error)]
#[error("secret {arn}: {reason}")]
pub struct SecretUnavailable {
    arn: String,
    reason: String,
}

/// Reads a JSON secret.
///
/// # Errors
/// When it is not there or not of the expected shape. The message never shows the secret.
pub async fn read<T: DeserializeOwned>(sdk: &SdkConfig, arn: &str) -> Result<T, SecretUnavailable> {
    let failed = |reason: String| SecretUnavailable { arn: arn.to_owned(), reason };
    let client = aws_sdk_secretsmanager::Client::new(sdk);
    let answer = client.get_secret_value().secret_id(arn).send().await;
    let answer = answer.map_err(|error| failed(crate::failure::chain(&error)))?;
    let text = answer.secret_string().ok_or_else(|| failed("holds no text".to_owned()))?;
    // serde's message may quote the value; only say where it does not fit.
    serde_json::from_str(text).map_err(|error| failed(format!("unexpected shape at column {}", error.column())))
}
