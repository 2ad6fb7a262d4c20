//! What Cognito's refusals mean.

use aws_sdk_cognitoidentityprovider::error::{ProvideErrorMetadata, SdkError};

/// Why Cognito did not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum No {
    /// The address has an account.
    #[error("the address has an account")]
    Known,
    /// The code is another one, or too old.
    #[error("wrong or expired code")]
    WrongCode,
    /// Wrong password, unknown or unconfirmed account, a token that is void.
    #[error("not authorized")]
    NotAuthorized,
    /// The password breaks a rule of the pool.
    #[error("weak password")]
    WeakPassword,
    /// It cannot be done with this account in its present state, or a value cannot be used.
    #[error("unusable")]
    Unusable,
    /// Too often for this account, or more mails than the pool may send.
    #[error("too often")]
    TooOften,
    /// Too often for the whole pool.
    #[error("too many requests")]
    Busy,
    /// A code could not be sent.
    #[error("the code could not be sent")]
    NotDelivered,
    /// Cognito says that something of ours is wrong. It did nothing.
    #[error("Cognito does not answer usably")]
    Unavailable,
    /// No answer, or that something of Cognito's is wrong. It may have been done all the same.
    #[error("Cognito does not answer")]
    Unanswered,
}

impl No {
    /// Whether it says nothing about the person or the account.
    pub const fn is_trouble(self) -> bool {
        matches!(self, Self::Busy | Self::Unavailable | Self::Unanswered)
    }
}

/// What a refusal means. Its message is not logged: it may quote what somebody typed.
pub fn no<E: ProvideErrorMetadata>(operation: &'static str, error: &SdkError<E>) -> No {
    let meaning = meaning(error);
    if meaning.is_trouble() || meaning == No::NotDelivered {
        tell(operation, error);
    }
    meaning
}

/// A refusal of what nobody but this function asks for, whatever it is.
pub fn ours<E: ProvideErrorMetadata>(operation: &'static str, error: &SdkError<E>) -> No {
    tell(operation, error);
    No::Unavailable
}

fn meaning<E: ProvideErrorMetadata>(error: &SdkError<E>) -> No {
    let broken = error.raw_response().is_none_or(|response| response.status().is_server_error());
    if broken && !matches!(error, SdkError::ConstructionFailure(_)) {
        return No::Unanswered;
    }
    // Not the person's fault: the secret of the client is another one by now.
    let ours = error.message().is_some_and(|message| message.to_ascii_lowercase().contains("secret"));
    match error.code() {
        Some(_) if ours => No::Unavailable,
        Some("UsernameExistsException") => No::Known,
        Some("CodeMismatchException" | "ExpiredCodeException") => No::WrongCode,
        Some(
            "NotAuthorizedException"
            | "UnauthorizedException"
            | "UserNotFoundException"
            | "UserNotConfirmedException"
            | "PasswordResetRequiredException"
            | "AliasExistsException"
            | "RefreshTokenReuseException",
        ) => No::NotAuthorized,
        Some("InvalidPasswordException" | "PasswordHistoryPolicyViolationException") => No::WeakPassword,
        Some("InvalidParameterException" | "UnsupportedTokenTypeException") => No::Unusable,
        Some("LimitExceededException" | "TooManyFailedAttemptsException") => No::TooOften,
        Some("TooManyRequestsException") => No::Busy,
        Some("CodeDeliveryFailureException") => No::NotDelivered,
        _ => No::Unavailable,
    }
}

fn tell<E: ProvideErrorMetadata>(operation: &'static str, error: &SdkError<E>) {
    let reason = error.code().unwrap_or(match error {
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(_) => "no connection",
        _ => "no usable answer",
    });
    tracing::warn!(event = "sign_in.unavailable", operation, reason, "Cognito did not do it");
}
