//! What the provider is asked while somebody waits: it may be slow or down, and that is no reason to fail.

use std::time::Duration;

use shared::http::{Kind, Language, Problem};
use shared::model::approval::Described;
use shared::provider::{NoAnswer, Provider};

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Silence {
    /// None came in time, or none that can be read.
    NoAnswer,
    /// It said no.
    Refused {
        /// Its code.
        code: i32,
        /// Its words.
        message: String,
    },
}

impl Silence {
    /// In the caller's language.
    pub fn explained(&self, language: Language) -> String {
        match self {
            Self::NoAnswer => {
                let (ko, en) = Kind::ProviderUnavailable.title();
                language.choose(ko, en).to_owned()
            }
            Self::Refused { code, message } => {
                let (ko, en) = Kind::ProviderRefused.title();
                format!("{} ({code}: {message})", language.choose(ko, en))
            }
        }
    }
}

impl From<Silence> for Problem {
    fn from(silence: Silence) -> Self {
        match silence {
            Silence::NoAnswer => Self::of(Kind::ProviderUnavailable),
            Silence::Refused { code, message } => {
                let (ko, en) = (format!("코드 {code}: {message}"), format!("Code {code}: {message}"));
                Self::of(Kind::ProviderRefused).detail(ko, en).with("code", code)
            }
        }
    }
}

/// How many messages the money in the account pays for.
pub async fn balance<V: Provider>(provider: &V, patience: Duration) -> Result<u64, Silence> {
    within(patience, provider.balance()).await
}

/// The balance, and the templates of the channel, at once.
pub async fn ask_both<V: Provider>(
    provider: &V,
    patience: Duration,
    sender_key: &str,
) -> (Result<u64, Silence>, Result<Vec<Described>, Silence>) {
    tokio::join!(balance(provider, patience), within(patience, provider.templates(sender_key)))
}

async fn within<T>(patience: Duration, answer: impl Future<Output = Result<T, NoAnswer>>) -> Result<T, Silence> {
    let why = match tokio::time::timeout(patience, answer).await {
        Ok(Ok(answer)) => return Ok(answer),
        Ok(Err(NoAnswer::Refused { code, message })) => {
            tracing::warn!(event = "provider.refused", code, message, "the provider refused");
            return Err(Silence::Refused { code, message });
        }
        Ok(Err(NoAnswer::Unusable(why))) => why,
        Err(_) => "no answer in time".to_owned(),
    };
    tracing::warn!(event = "provider.unusable", why, "the provider did not answer usably");
    Err(Silence::NoAnswer)
}
