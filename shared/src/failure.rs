//! How a consumer's work can fail: the one decision that the queue needs.

use std::error::Error;

use lambda_runtime::Diagnostic;

/// Why a message was not worked off, decided where the knowledge is.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The same message may succeed later: it goes back to the queue.
    #[error("retry: {0}")]
    Retry(#[source] Box<dyn Error + Send + Sync>),
    /// The same message can never succeed: it goes to the dead-letter queue at once.
    #[error("reject: {0}")]
    Reject(#[source] Box<dyn Error + Send + Sync>),
}

impl Failure {
    /// A failure that may pass.
    pub fn retry(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Retry(cause.into())
    }

    /// A failure that will not pass.
    pub fn reject(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Reject(cause.into())
    }
}

impl From<sqlx::Error> for Failure {
    /// A database that does not answer today may answer tomorrow.
    fn from(cause: sqlx::Error) -> Self {
        Self::retry(cause)
    }
}

impl From<Failure> for Diagnostic {
    /// The names under which CloudWatch counts them.
    fn from(failure: Failure) -> Self {
        let error_type = match &failure {
            Failure::Retry(_) => "Retry",
            Failure::Reject(_) => "Reject",
        };
        Self { error_type: error_type.to_owned(), error_message: chain(&failure) }
    }
}

/// Renders an error with everything that caused it, for one log line.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.ends_with(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}
