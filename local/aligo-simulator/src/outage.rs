//! Times at which the provider is down. They are measured by the simulator's clock, so a test decides when they are over.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How the provider is down. Nothing is taken in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OutageKind {
    /// Nobody listens: connections are refused, and the ones that are open are reset.
    Refused,
    /// Connections are made, but reset as soon as a call has come in.
    Closed,
    /// Every call is answered with an error page and 503.
    Unavailable,
}

/// One period of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outage {
    /// How it is down.
    pub kind: OutageKind,
    /// Its first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it; `None` is never.
    pub until: Option<DateTime<Utc>>,
}

impl Outage {
    /// Whether the provider is down at `now`.
    #[must_use]
    pub fn covers(&self, now: DateTime<Utc>) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }

    /// Whether it refuses connections and is not over at `now`.
    #[must_use]
    pub fn will_refuse(&self, now: DateTime<Utc>) -> bool {
        self.kind == OutageKind::Refused && self.until.is_none_or(|until| now < until)
    }
}

/// What `POST /admin/outages` takes.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewOutage {
    /// How the provider will be down.
    pub kind: OutageKind,
    /// From when on; when left out, at once.
    pub from: Option<DateTime<Utc>>,
    /// Until when.
    pub until: Option<DateTime<Utc>>,
    /// For how long instead; without either, until it is deleted.
    pub for_ms: Option<u32>,
}

impl NewOutage {
    /// The period.
    ///
    /// # Errors
    /// When it has two ends, or ends before it begins.
    pub fn at(self, now: DateTime<Utc>) -> Result<Outage, &'static str> {
        let from = self.from.unwrap_or(now);
        let until = match (self.until, self.for_ms) {
            (Some(_), Some(_)) => return Err("an outage has until or forMs, not both"),
            (until, None) => until,
            (None, Some(milliseconds)) => {
                let end = from.checked_add_signed(TimeDelta::milliseconds(milliseconds.into()));
                Some(end.ok_or("the outage ends too late")?)
            }
        };
        if until.is_some_and(|until| until <= from) {
            return Err("an outage ends after it begins");
        }
        Ok(Outage { kind: self.kind, from, until })
    }
}
