//! What can be switched while the simulator runs: everything about the provider that is not confirmed, and the delays.

use std::{collections::BTreeMap, net::IpAddr};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::outcome::Fate;

/// The content type of the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ContentType {
    /// `text/html; charset=UTF-8` around a JSON body: the awkward one, hence the default.
    Html,
    /// `application/json; charset=utf-8`.
    Json,
}

impl ContentType {
    /// The value of the header.
    #[must_use]
    pub const fn header(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=UTF-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }
}

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Numbers {
    /// As in the published samples: `code`, `scnt`, `unit` numbers; `mid` and paging strings.
    Documented,
    /// Every number a string, `code` included.
    Strings,
    /// `mid` and paging numbers too.
    Numbers,
}

/// The shape of `heartinfo`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HeartinfoShape {
    /// `result_code` and the counts side by side.
    Flat,
    /// `code` and the counts under `list`.
    List,
}

/// When a sender profile that the account does not have is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ProfileCheck {
    /// At once: the call is refused.
    Refuse,
    /// Later: every message ends with `rslt` 1.
    Result,
}

/// The name of the field with a call's date of registration in `history/list`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DateField {
    /// `regdate` and `reg_date`.
    Both,
    /// `regdate`, as documented.
    Regdate,
    /// `reg_date`, as also seen.
    RegDate,
}

/// Whether a call with `failover=Y` needs `fsubject_N` and `fmessage_N` for every receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SubstituteFields {
    /// Without them the call is refused, as the provider's own samples say.
    Required,
    /// Without them there is no substitute.
    Optional,
}

/// Whether a message must keep the line breaks of its template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LineBreaks {
    /// CRLF is CRLF.
    Exact,
    /// LF, CR and CRLF are the same.
    Either,
}

/// The switches. `GET` and `PATCH /admin/settings` read and write them in camelCase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// The content type of the answers.
    pub content_type: ContentType,
    /// How numbers are written.
    pub numbers: Numbers,
    /// `code` for a wrong key or account: -101 or -99.
    pub auth_failure_code: i64,
    /// When an unknown sender profile is noticed.
    pub profile_check: ProfileCheck,
    /// The shape of `heartinfo`.
    pub heartinfo_shape: HeartinfoShape,
    /// `code` of a successful `heartinfo` or `cancel`: 1 or 0.
    pub done_code: i64,
    /// The name of the date field in `history/list`.
    pub date_field: DateField,
    /// How strictly line breaks are compared.
    pub line_breaks: LineBreaks,
    /// Whether substitutes need their texts.
    pub substitute_fields: SubstituteFields,
    /// `status` of an approved template that the review does not name: "A" or "R".
    pub approved_status: String,
    /// Whether malformed numbers appear in `history/detail` (status 3, `rslt` I) or not at all.
    pub malformed_listed: bool,
    /// The addresses that may call; `null` admits everyone.
    pub allowed_ips: Option<Vec<IpAddr>>,
    /// The sender numbers of the account; `null` admits every one. Others end with `rslt` S.
    pub senders: Option<Vec<String>>,
    /// Milliseconds from the arrival of a call to its answer; the simulator's own work is done meanwhile.
    pub latency_ms: u32,
    /// Milliseconds from acceptance until a receiver is listed; `null` is a third of `resultDelayMs`.
    pub appear_delay_ms: Option<u32>,
    /// Milliseconds from acceptance until a result is final.
    pub result_delay_ms: u32,
    /// Whether numbers that end in 91, 92 or 93 fail as ordinary people's do.
    pub ordinary_failures: bool,
    /// Outcomes by number, before any rule about last digits.
    pub outcomes: BTreeMap<String, Fate>,
    /// Won per message.
    pub unit_price: f64,
    /// Milliseconds by which the simulator's clock is ahead of the machine's.
    pub clock_offset_ms: i64,
    /// What the simulator's clock shows while it stands still; `null` while it runs.
    pub clock_stopped_at: Option<DateTime<Utc>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            content_type: ContentType::Html,
            numbers: Numbers::Documented,
            auth_failure_code: -101,
            profile_check: ProfileCheck::Refuse,
            heartinfo_shape: HeartinfoShape::Flat,
            done_code: 1,
            date_field: DateField::Both,
            line_breaks: LineBreaks::Exact,
            substitute_fields: SubstituteFields::Required,
            approved_status: "A".to_owned(),
            malformed_listed: true,
            allowed_ips: None,
            senders: None,
            latency_ms: 0,
            appear_delay_ms: None,
            result_delay_ms: 3_000,
            ordinary_failures: true,
            outcomes: BTreeMap::new(),
            unit_price: 6.5,
            clock_offset_ms: 0,
            clock_stopped_at: None,
        }
    }
}

impl Settings {
    /// These settings with some of them replaced.
    ///
    /// # Errors
    /// When one of the changes is unknown or makes no sense.
    pub fn changed(&self, changes: Value) -> Result<Self, String> {
        let Value::Object(changes) = changes else {
            return Err("settings are an object".to_owned());
        };
        let mut merged = serde_json::to_value(self).map_err(|error| error.to_string())?;
        for (name, value) in changes {
            merged[name] = value;
        }
        let settings: Self = serde_json::from_value(merged).map_err(|error| error.to_string())?;
        if settings.unit_price < 0.0 {
            return Err("unitPrice must not be negative".to_owned());
        }
        Ok(settings)
    }

    /// From acceptance until a receiver is listed.
    #[must_use]
    pub fn appear_delay(&self) -> TimeDelta {
        let milliseconds = self.appear_delay_ms.unwrap_or(self.result_delay_ms / 3);
        TimeDelta::milliseconds(milliseconds.into())
    }

    /// From acceptance until a result is final.
    #[must_use]
    pub fn result_delay(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.result_delay_ms.into())
    }

    /// Whether a call from this address is let in.
    #[must_use]
    pub fn admits(&self, address: IpAddr) -> bool {
        self.allowed_ips.as_ref().is_none_or(|allowed| allowed.contains(&address))
    }

    /// Whether this is a sender number of the account.
    #[must_use]
    pub fn owns_sender(&self, number: &str) -> bool {
        self.senders.as_ref().is_none_or(|senders| senders.iter().any(|sender| crate::outcome::digits(sender) == number))
    }
}
