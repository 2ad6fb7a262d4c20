//! The provider that hands messages to KakaoTalk: an edge that we do not control, behind one trait.
//!
//! It has no idempotency key, so the one question that matters after a call is whether it may have taken effect:
//! [`SendOutcome`] keeps the four answers apart.

mod aligo;
mod answer;
mod form;

use std::ops::RangeInclusive;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

pub use aligo::{Aligo, Credentials, Unusable};

use crate::model::PhoneNumber;
use crate::model::approval::Described;
use crate::model::link::TOKEN_LENGTH;
use crate::model::template::Button;
use crate::model::wording::Wording;

/// What is handed over in one call: at most 500 messages of one template.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// The key of the clinic's KakaoTalk channel.
    pub sender_key: &'a str,
    /// The number registered as the sender, digits only.
    pub sender_phone: &'a str,
    /// The provider's code of the template.
    pub template_code: &'a str,
    /// The buttons of whoever has none of their own. `#{link}` in their addresses stands for the recipient's link; they have no
    /// other variables.
    pub buttons: &'a [Button],
    /// The recipients.
    pub recipients: Vec<Recipient<'a>>,
}

/// One recipient of a [`Call`].
#[derive(Debug, Clone)]
pub struct Recipient<'a> {
    /// Who receives it.
    pub phone: &'a PhoneNumber,
    /// The finished text.
    pub text: &'a str,
    /// The finished emphasised title, empty when the template has none.
    pub title: &'a str,
    /// The token of the link: letters, digits, `-` and `_`.
    pub link: &'a str,
    /// The finished buttons, when they are not the [call's](Call::buttons) with the link filled in.
    pub buttons: Option<&'a [Button]>,
}

/// What became of a call that sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// The provider has taken it.
    Accepted {
        /// The provider's `mid`.
        provider_id: String,
        /// How many messages it says it took; 0 also when it does not say.
        accepted: u32,
        /// How many numbers it found malformed, without saying which.
        refused: u32,
    },
    /// The provider says that nothing of it was sent.
    Rejected {
        /// Its code.
        code: i32,
        /// Its words.
        message: String,
    },
    /// It never left this machine: it may be tried again.
    NotSent {
        /// For the log.
        why: String,
    },
    /// It may have been taken: it must never be sent again, but looked up.
    Unknown {
        /// For the log.
        why: String,
    },
}

/// A change of a channel's templates.
#[derive(Debug, Clone, Copy)]
pub enum TemplateChange<'a> {
    /// A new one. Not idempotent: the same call makes a second one.
    Add(&'a Wording),
    /// One that waits says something else.
    Modify {
        /// The provider's code of it.
        code: &'a str,
        /// What it is to say.
        wording: &'a Wording,
    },
    /// It goes away.
    Delete {
        /// The provider's code of it.
        code: &'a str,
    },
    /// Kakao is asked to look at it.
    RequestReview {
        /// The provider's code of it.
        code: &'a str,
    },
}

/// What became of a [`TemplateChange`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeOutcome {
    /// It is done.
    Done {
        /// The provider's code of a new template; empty when it does not say.
        code: String,
    },
    /// The provider says that nothing was changed.
    Refused {
        /// Its code.
        code: i32,
        /// Its words.
        message: String,
    },
    /// It never left this machine.
    NotSent {
        /// For the log.
        why: String,
    },
    /// It may have been done.
    Unclear {
        /// For the log.
        why: String,
    },
}

/// The provider's code of "not in this state of the template".
pub const WRONG_STATE: i32 = 509;

/// A question to the provider was not answered. Questions may be repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// It refused, for example because of the key or the caller's address.
    #[error("the provider refused with code {code}: {message}")]
    Refused {
        /// Its code.
        code: i32,
        /// Its words.
        message: String,
    },
    /// It could not be reached, or what it said could not be read.
    #[error("no usable answer of the provider: {0}")]
    Unusable(String),
}

impl NoAnswer {
    /// Whether the provider has understood the question and will not answer it: neither our access nor what it said is in doubt.
    #[must_use]
    pub fn is_about_the_question(&self) -> bool {
        match self {
            Self::Refused { code: -101, .. } | Self::Unusable(_) => false,
            Self::Refused { code, message } => *code != -99 || !["IP", "인증"].iter().any(|word| message.contains(word)),
        }
    }
}

/// One page of a list of the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    /// What is on the page.
    pub rows: Vec<T>,
    /// How many pages there are.
    pub pages: u32,
    /// How many rows there are on all pages together; none when it does not say.
    pub total: Option<u32>,
}

/// A call that the provider took, by its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenCall {
    /// Its `mid`.
    pub provider_id: String,
    /// When it was taken, to the second; none when the date cannot be read.
    pub taken_at: Option<DateTime<Utc>>,
    /// How many messages it has; none when that cannot be read.
    pub messages: Option<u32>,
}

/// What the provider knows of one message of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The number as the provider writes it.
    pub phone: String,
    /// The text that it took.
    pub text: String,
    /// The buttons that it took, as JSON. Our link's token is in there.
    pub buttons: String,
    /// `rslt`, raw; empty while there is none.
    pub code: String,
    /// The provider's words for it.
    pub message: String,
    /// Whether `code` will not change any more.
    pub is_final: bool,
    /// The id of the SMS that was sent instead; empty when there is none.
    pub substitute_id: String,
}

/// The provider.
pub trait Provider {
    /// Hands over a call, once: an implementation never repeats it.
    fn send(&self, call: &Call<'_>) -> impl Future<Output = SendOutcome> + Send;

    /// The templates of a channel.
    fn templates(&self, sender_key: &str) -> impl Future<Output = Result<Vec<Described>, NoAnswer>> + Send;

    /// Changes the templates of a channel, once: an implementation never repeats it.
    fn change_template(&self, sender_key: &str, change: &TemplateChange<'_>) -> impl Future<Output = ChangeOutcome> + Send;

    /// How many `AlimTalk` messages the money in the account pays for.
    fn balance(&self) -> impl Future<Output = Result<u64, NoAnswer>> + Send;

    /// One page (from 1) of the calls taken on these days in Korea, newest first.
    fn history(
        &self,
        days: RangeInclusive<NaiveDate>,
        page: u32,
    ) -> impl Future<Output = Result<Listing<TakenCall>, NoAnswer>> + Send;

    /// One page (from 1) of what is known of the messages of a call. A message can be missing for a while.
    fn detail(&self, provider_id: &str, page: u32) -> impl Future<Output = Result<Listing<Report>, NoAnswer>> + Send;
}

impl<V: Provider + Send + Sync> Provider for Arc<V> {
    fn send(&self, call: &Call<'_>) -> impl Future<Output = SendOutcome> + Send {
        V::send(self, call)
    }

    fn templates(&self, sender_key: &str) -> impl Future<Output = Result<Vec<Described>, NoAnswer>> + Send {
        V::templates(self, sender_key)
    }

    fn change_template(&self, sender_key: &str, change: &TemplateChange<'_>) -> impl Future<Output = ChangeOutcome> + Send {
        V::change_template(self, sender_key, change)
    }

    fn balance(&self) -> impl Future<Output = Result<u64, NoAnswer>> + Send {
        V::balance(self)
    }

    fn history(
        &self,
        days: RangeInclusive<NaiveDate>,
        page: u32,
    ) -> impl Future<Output = Result<Listing<TakenCall>, NoAnswer>> + Send {
        V::history(self, days, page)
    }

    fn detail(&self, provider_id: &str, page: u32) -> impl Future<Output = Result<Listing<Report>, NoAnswer>> + Send {
        V::detail(self, provider_id, page)
    }
}

impl From<NoAnswer> for crate::failure::Failure {
    /// A question may be asked again.
    fn from(cause: NoAnswer) -> Self {
        Self::retry(cause)
    }
}

/// The words in a report's buttons that can be a link's token: whatever surrounds it in the address, and however the JSON around
/// the address is escaped, a token is a run of these letters.
pub fn tokens_in(buttons: &str) -> impl Iterator<Item = &str> {
    let separates = |letter: char| !(letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'));
    buttons.split(separates).filter(|word| word.len() == TOKEN_LENGTH)
}

/// The day in Korea, by whose time the provider reads and writes every date.
#[must_use]
pub fn day_in_korea(moment: DateTime<Utc>) -> NaiveDate {
    moment.with_timezone(&answer::KOREA).date_naive()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_our_access_says_nothing_about_the_question() {
        let refused = |code, message: &str| NoAnswer::Refused { code, message: message.to_owned() }.is_about_the_question();
        assert!(!refused(-101, "인증오류입니다.") && !refused(-99, "인증되지 않는 서버 IP로 부터의 호출 입니다."));
        assert!(refused(-99, "일시적인 오류가 발생하였습니다.") && refused(509, "인증 상태가 아닙니다."));
        assert!(!NoAnswer::Unusable(String::new()).is_about_the_question());
    }

    #[test]
    fn a_token_is_found_in_buttons_however_they_are_written() {
        let token = "AbC-_9".repeat(8)[..TOKEN_LENGTH].to_owned();
        for buttons in [
            format!(r#"{{"button":[{{"name":"보기","linkMo":"https://go.example.com/c/{token}","linkPc":""}}]}}"#),
            format!(r#"{{"button":[{{"linkM":"https:\/\/go.example.com\/c\/{token}?a=1"}}]}}"#),
            format!("[&quot;https://go.example.com/c/{token}&quot;]"),
        ] {
            assert_eq!(tokens_in(&buttons).collect::<Vec<_>>(), [token.as_str()], "{buttons}");
        }
        assert_eq!(tokens_in("").count(), 0);
    }
}
