//! A campaign as the API shows it.

use chrono::{DateTime, TimeDelta, Utc};
use maud::{Markup, html};
use serde::Deserialize;
use shared::model::result::Reason;

use crate::parts;
use crate::site::Site;
use crate::visitor::Tone;
use crate::words::campaigns::Campaigns;

/// Many open a message on the next day.
const DAY: TimeDelta = TimeDelta::hours(24);

/// A campaign and what has become of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Campaign {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `information`, `advertising` or `test`.
    pub kind: String,
    /// Its state.
    pub state: String,
    /// The same in the reader's language.
    pub state_text: String,
    /// What is sent.
    pub template_id: String,
    /// To some of whose recipients it goes.
    pub source_campaign_id: Option<String>,
    /// Where the link leads.
    pub destination: Option<String>,
    /// When the link ends.
    pub link_expires_at: Option<DateTime<Utc>>,
    /// When it is to begin.
    pub scheduled_at: Option<DateTime<Utc>>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// Why it was stopped or is paused.
    pub failure: Option<String>,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// What the first few messages decide.
    pub canary: Option<Canary>,
    /// How far it is.
    pub progress: Progress,
    /// Messages by state.
    pub messages: Totals,
    /// The same by group.
    pub groups: Vec<GroupNow>,
    /// Why messages are left out.
    pub excluded: Vec<ReasonCount>,
    /// Why messages failed.
    pub failures: Vec<ReasonCount>,
    /// Why it is not known.
    pub unknowns: Vec<ReasonCount>,
    /// Visits of the link.
    pub clicks: Clicks,
    /// What it costs if all is sent.
    pub estimated_cost: Option<f64>,
}

/// What the first few messages decide.
#[derive(Debug, Deserialize)]
pub struct Canary {
    /// `waiting` or `released`.
    pub state: String,
    /// The same in the reader's language.
    pub text: String,
}

/// How far it is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Whether all messages are written down.
    pub complete: bool,
    /// How many came to an end.
    pub with_result: u64,
}

/// Messages by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Totals {
    /// All of them.
    pub requested: u64,
    /// Waiting.
    pub queued: u64,
    /// At the provider.
    pub sent: u64,
    /// Arrived.
    pub delivered: u64,
    /// Did not arrive.
    pub failed: u64,
    /// Nobody knows.
    pub unknown: u64,
    /// Never to be sent.
    pub excluded: u64,
}

/// The messages of a group.
#[derive(Debug, Deserialize)]
pub struct GroupNow {
    /// The group.
    pub id: Option<String>,
    /// Its name, unless it is gone.
    pub name: Option<String>,
    /// Its messages.
    #[serde(flatten)]
    pub messages: Totals,
}

/// How many messages have the same reason.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReasonCount {
    /// In the reader's language.
    pub reason: String,
    /// As a stable word.
    pub reason_code: String,
    /// How many.
    pub count: u64,
}

/// Visits of the link.
#[derive(Debug, Deserialize)]
pub struct Clicks {
    /// Of people.
    pub human: u64,
    /// People.
    pub unique: u64,
    /// Of link previews.
    pub previews: u64,
    /// Ahead of a decision.
    pub prefetches: u64,
    /// Of programs.
    pub bots: u64,
    /// After the link had ended.
    pub rejected: u64,
}

impl Totals {
    /// The states in the order of a message's life, each with its number. Together they are all messages.
    pub const fn by_state(&self) -> [(&'static str, u64); 6] {
        [
            ("queued", self.queued),
            ("sent", self.sent),
            ("delivered", self.delivered),
            ("failed", self.failed),
            ("unknown", self.unknown),
            ("excluded", self.excluded),
        ]
    }
}

impl Campaign {
    /// Whether it has come to its end.
    pub fn has_ended(&self) -> bool {
        matches!(self.state.as_str(), "finished" | "canceled" | "failed")
    }

    /// Whether everything is handed over, and results are to come.
    pub fn awaits_results(&self) -> bool {
        self.state == "finished" && self.messages.sent > 0
    }

    /// Whether it ended so long ago that whoever looks at messages has done so.
    pub fn is_a_day_over(&self, now: DateTime<Utc>) -> bool {
        self.finished_at.is_some_and(|at| at + DAY <= now)
    }

    /// How many messages failed for a reason that may have passed: others are not sent again. A reason of a later version may.
    pub fn failed_and_may_pass(&self) -> u64 {
        let may_pass = |code: &str| Reason::named(code).is_none_or(Reason::may_pass);
        self.failures.iter().filter(|failure| may_pass(&failure.reason_code)).map(|failure| failure.count).sum()
    }

    /// Its state as a badge.
    pub fn badge(&self, words: &Campaigns) -> Markup {
        if self.awaits_results() {
            return parts::badge(Tone::Plain, words.awaiting_results);
        }
        parts::badge(campaign_tone(&self.state), &self.state_text)
    }

    /// What can be done with it: the same buttons belong to all states of this name.
    pub fn phase(&self) -> &'static str {
        match self.state.as_str() {
            "paused" => "paused",
            _ if self.awaits_results() => "awaiting",
            _ if self.has_ended() => "ended",
            _ => "active",
        }
    }

    /// How many are sent at all.
    pub const fn to_send(&self) -> u64 {
        self.messages.requested - self.messages.excluded
    }
}

/// Which colour goes with a campaign's state.
#[must_use]
pub fn campaign_tone(state: &str) -> Tone {
    match state {
        "finished" => Tone::Good,
        "paused" => Tone::Warning,
        "failed" => Tone::Bad,
        _ => Tone::Plain,
    }
}

/// Which colour goes with a message's state.
#[must_use]
pub fn message_tone(state: &str) -> Tone {
    match state {
        "delivered" => Tone::Good,
        "unknown" => Tone::Warning,
        "failed" => Tone::Bad,
        _ => Tone::Plain,
    }
}

/// The way between the pages of a campaign.
pub fn tabs(site: &Site, id: &str, here: &str) -> Markup {
    let words = &site.words().campaigns;
    let tabs = [
        ("", words.tab_progress),
        ("/clicks", words.tab_clicks),
        ("/hours", words.tab_hours),
        ("/whereabouts", words.tab_where),
    ];
    html! {
        nav aria-label=(words.tabs) {
            ul.chips {
                @for (path, name) in tabs {
                    li { a href={ "/campaigns/" (parts::encoded(id)) (path) } aria-current=[(path == here).then_some("page")] { (name) } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_states_of_messages_are_all_there_is() {
        let totals = Totals { requested: 21, queued: 1, sent: 2, delivered: 3, failed: 4, unknown: 5, excluded: 6 };
        assert_eq!(totals.by_state().iter().map(|(_, count)| count).sum::<u64>(), totals.requested);
    }
}
