//! What can go wrong with a call.

use serde::{Deserialize, Serialize};

use crate::{answer::CATCH_ALL, form::Form, outcome};

/// The path of the call that sends, in the form that the script and the request counts use.
pub const SEND_PATH: &str = "/akv10/alimtalk/send/";

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Wait before doing anything, then go on with the script. The call is carried out even if the caller has gone.
    Latency,
    /// Answer `code` and `message` without accepting anything.
    Refuse,
    /// Reset the connection without accepting anything.
    Reset,
    /// Accept, then reset the connection without an answer.
    AcceptThenReset,
    /// Accept, then answer only after `milliseconds`.
    AcceptThenDelay,
    /// Answer an error page with `status` without accepting anything.
    ServerError,
    /// Accept, then answer an error page with `status`.
    AcceptThenServerError,
    /// Accept, then answer half of the JSON.
    AcceptThenBrokenJson,
    /// Count `failed` well-formed numbers as malformed, then go on with the script.
    Partial,
}

impl Kind {
    /// Whether the call takes effect.
    #[must_use]
    pub const fn accepts(self) -> bool {
        !matches!(self, Self::Refuse | Self::Reset | Self::ServerError)
    }
}

/// One line of the script.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub kind: Kind,
    /// The call that it befalls; "*" is every one.
    #[serde(default = "send_path")]
    pub path: String,
    /// Only calls with this template.
    #[serde(default)]
    pub tpl_code: Option<String>,
    /// Only calls with this receiver.
    #[serde(default)]
    pub receiver: Option<String>,
    /// How often it happens; 0 is until the script is deleted. When left out: once, but always with a `share`.
    #[serde(default)]
    pub times: Option<u32>,
    /// How many matching calls are spared first.
    #[serde(default)]
    pub skip: u32,
    /// How likely it befalls a matching call, whatever the other lines do.
    #[serde(default = "certain")]
    pub probability: f64,
    /// How many of all matching calls it befalls. The lines with a share exclude each other: one draw per call decides.
    #[serde(default)]
    pub share: Option<f64>,
    /// For the two kinds that wait.
    #[serde(default = "a_second")]
    pub milliseconds: u64,
    /// For the two kinds with an error page.
    #[serde(default = "bad_gateway")]
    pub status: u16,
    /// For `refuse`.
    #[serde(default = "catch_all")]
    pub code: i64,
    /// For `refuse`.
    #[serde(default = "excuse")]
    pub message: String,
    /// For `partial`.
    #[serde(default = "once")]
    pub failed: u32,
}

fn send_path() -> String {
    SEND_PATH.to_owned()
}

const fn once() -> u32 {
    1
}

const fn certain() -> f64 {
    1.0
}

const fn a_second() -> u64 {
    1_000
}

const fn bad_gateway() -> u16 {
    502
}

const fn catch_all() -> i64 {
    CATCH_ALL
}

fn excuse() -> String {
    "일시적인 오류가 발생하였습니다.".to_owned()
}

impl Fault {
    /// Why the script cannot be taken over, if so.
    #[must_use]
    pub fn problem(&self) -> Option<&'static str> {
        if !(0.0..=1.0).contains(&self.probability) {
            Some("probability must be from 0 to 1")
        } else if self.share.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            Some("share must be from 0 to 1")
        } else if self.share.is_some() && (self.probability < 1.0 || self.skip > 0) {
            Some("a line with a share can have neither probability nor skip")
        } else if !(500..=599).contains(&self.status) {
            Some("status must be from 500 to 599")
        } else if self.kind == Kind::Refuse && self.code == 0 {
            Some("code 0 is no refusal")
        } else {
            None
        }
    }

    /// How often it may happen; `None` is for ever.
    #[must_use]
    pub fn limit(&self) -> Option<u32> {
        match self.times {
            Some(0) => None,
            None => self.share.is_none().then_some(1),
            Some(times) => Some(times),
        }
    }

    /// Whether it can befall this call.
    #[must_use]
    pub fn concerns(&self, path: &str, form: &Form<'_>) -> bool {
        let path_matches = self.path == "*" || self.path.trim_end_matches('/') == path.trim_end_matches('/');
        let template_matches = self.tpl_code.is_none() || self.tpl_code.as_deref() == form.get("tpl_code");
        let receiver_matches = self.receiver.as_deref().is_none_or(|wanted| {
            let wanted = outcome::digits(wanted);
            let mut receivers = form.numbered().filter_map(|(_, fields)| fields.get("receiver"));
            receivers.any(|receiver| outcome::digits(receiver) == wanted)
        });
        path_matches && template_matches && receiver_matches
    }
}
