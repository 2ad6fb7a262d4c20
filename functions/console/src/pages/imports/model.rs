//! Imports as the API shows them, and what their states and verdicts are called.

use std::collections::BTreeMap;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use crate::parts;
use crate::site::{Answer, Site};
use crate::visitor::Tone;
use crate::words::imports::Imports as Texts;

/// Where an import is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Uploading,
    Parsing,
    Ready,
    Committing,
    Committed,
    Failed,
    Undoing,
    Undone,
}

impl State {
    /// Whether somebody works on it, so that it changes by itself.
    pub const fn is_moving(self) -> bool {
        matches!(self, Self::Uploading | Self::Parsing | Self::Committing | Self::Undoing)
    }

    /// Whether staff may throw it away.
    pub const fn is_discardable(self) -> bool {
        matches!(self, Self::Uploading | Self::Ready | Self::Failed)
    }

    /// Whether its rows have become customers, be it for a while.
    pub const fn is_decided(self) -> bool {
        matches!(self, Self::Committing | Self::Committed | Self::Undoing | Self::Undone)
    }

    pub fn badge(self, words: &Texts) -> Markup {
        let (tone, word) = match self {
            Self::Uploading => (Tone::Plain, words.state_uploading),
            Self::Parsing => (Tone::Plain, words.state_parsing),
            Self::Ready => (Tone::Warning, words.state_ready),
            Self::Committing => (Tone::Plain, words.state_committing),
            Self::Committed => (Tone::Good, words.state_committed),
            Self::Failed => (Tone::Bad, words.state_failed),
            Self::Undoing => (Tone::Plain, words.state_undoing),
            Self::Undone => (Tone::Plain, words.state_undone),
        };
        parts::badge(tone, word)
    }
}

/// What committing would do with a row. In the order in which people read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    New,
    Updates,
    DuplicateInFile,
    BadPhone,
    MissingName,
    Suppressed,
}

impl Verdict {
    pub const ALL: [Self; 6] =
        [Self::New, Self::Updates, Self::DuplicateInFile, Self::BadPhone, Self::MissingName, Self::Suppressed];

    /// As the API spells it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Updates => "updates",
            Self::DuplicateInFile => "duplicate_in_file",
            Self::BadPhone => "bad_phone",
            Self::MissingName => "missing_name",
            Self::Suppressed => "suppressed",
        }
    }

    pub const fn tone(self) -> Tone {
        match self {
            Self::New => Tone::Good,
            Self::Updates => Tone::Plain,
            Self::DuplicateInFile | Self::Suppressed => Tone::Warning,
            Self::BadPhone | Self::MissingName => Tone::Bad,
        }
    }

    pub const fn word(self, words: &Texts) -> &'static str {
        match self {
            Self::New => words.verdict_new,
            Self::Updates => words.verdict_updates,
            Self::DuplicateInFile => words.verdict_duplicate,
            Self::BadPhone => words.verdict_bad_phone,
            Self::MissingName => words.verdict_missing_name,
            Self::Suppressed => words.verdict_suppressed,
        }
    }
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Added,
    Updated,
    Unchanged,
    Left,
    Suppressed,
    Undone,
    Kept,
}

impl Outcome {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Left => "left",
            Self::Suppressed => "suppressed",
            Self::Undone => "undone",
            Self::Kept => "kept",
        }
    }

    pub const fn tone(self) -> Tone {
        match self {
            Self::Added => Tone::Good,
            Self::Updated | Self::Unchanged | Self::Left | Self::Undone => Tone::Plain,
            Self::Suppressed | Self::Kept => Tone::Warning,
        }
    }

    pub const fn word(self, words: &Texts) -> &'static str {
        match self {
            Self::Added => words.outcome_added,
            Self::Updated => words.outcome_updated,
            Self::Unchanged => words.outcome_unchanged,
            Self::Left => words.outcome_left,
            Self::Suppressed => words.outcome_suppressed,
            Self::Undone => words.outcome_undone,
            Self::Kept => words.outcome_kept,
        }
    }
}

/// What happens to customers whom the clinic has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Existing {
    Update,
    Leave,
}

/// Why a file cannot be read.
#[derive(Debug, Deserialize)]
pub struct FileFailure {
    pub text: String,
    pub at: Option<String>,
}

/// How an import is committed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    pub target_group_id: Option<String>,
    pub existing: Existing,
}

/// An import in a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    pub id: String,
    pub file_name: String,
    pub state: State,
    pub rows_read: u64,
    pub rows_committed: u64,
    pub created_at: DateTime<Utc>,
}

/// What a column was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Name,
    Phone,
    Group,
    Attribute,
    Ignored,
}

impl Role {
    pub const ALL: [Self; 5] = [Self::Name, Self::Phone, Self::Group, Self::Attribute, Self::Ignored];

    pub const fn code(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Phone => "phone",
            Self::Group => "group",
            Self::Attribute => "attribute",
            Self::Ignored => "ignored",
        }
    }

    pub const fn word(self, words: &Texts) -> &'static str {
        match self {
            Self::Name => words.role_name,
            Self::Phone => words.role_phone,
            Self::Group => words.role_group,
            Self::Attribute => words.role_attribute,
            Self::Ignored => words.role_ignored,
        }
    }
}

/// A column of the file.
#[derive(Debug, Clone, Deserialize)]
pub struct Column {
    #[serde(default)]
    pub letter: String,
    pub header: String,
    pub role: Role,
}

/// A row of the sheet as it stands there.
#[derive(Debug, Clone, Deserialize)]
pub struct SampleRow {
    pub number: u64,
    pub cells: Vec<String>,
}

/// An import under review.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Import {
    pub id: String,
    pub file_name: String,
    pub state: State,
    pub failure: Option<FileFailure>,
    pub sheet: Option<String>,
    pub rows_read: u64,
    pub rows_committed: u64,
    pub rows_added: u64,
    pub rows_updated: u64,
    pub rows_undone: u64,
    pub rows_kept: u64,
    pub rows_expired: bool,
    pub options: Options,
    pub sheets: Vec<String>,
    pub header_row: u64,
    pub columns: Vec<Column>,
    pub sample: Vec<SampleRow>,
    pub remappable: bool,
    pub counts: BTreeMap<Verdict, u64>,
    pub deleted: u64,
}

impl Import {
    pub fn count(&self, verdict: Verdict) -> u64 {
        self.counts.get(&verdict).copied().unwrap_or(0)
    }

    /// Rows that can become customers.
    pub fn good(&self) -> u64 {
        self.count(Verdict::New) + self.count(Verdict::Updates)
    }

    /// Rows that are not deleted and cannot.
    pub fn bad(&self) -> u64 {
        self.counts.values().sum::<u64>().saturating_sub(self.good())
    }

    /// The address of its page.
    pub fn path(&self) -> String {
        path(&self.id, "")
    }
}

/// The address of an import's page, or of one below it.
pub fn path(id: &str, below: &str) -> String {
    let id = parts::encoded(id);
    if below.is_empty() { format!("/imports/{id}") } else { format!("/imports/{id}/{below}") }
}

/// The steps of an import, and which of them this is.
pub fn steps(words: &Texts, here: usize) -> Markup {
    html! {
        ol.steps aria-label=(words.steps_label) {
            @for (index, step) in words.steps.iter().enumerate() { li aria-current=[(index == here).then_some("step")] { (step) } }
        }
    }
}

/// A text that fits into a table: the rest is left out.
pub fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Where a file can be downloaded.
#[derive(Deserialize)]
pub struct Offer {
    url: String,
}

impl Offer {
    /// Leads the browser to the file.
    ///
    /// # Errors
    /// Never; it is what a handler answers.
    pub fn follow(&self, site: &Site) -> Answer {
        let Ok(location) = HeaderValue::from_str(&self.url) else { return Ok(site.go("/imports")) };
        Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response())
    }
}

/// What an address below an import answers that is not there any more: the import.
pub fn lead_back(site: &Site, id: &str) -> Response {
    site.go(&path(id, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!([cut("가나다", 3), cut("가나다라", 3), cut("", 3)], ["가나다", "가나다…", ""]);
    }

    #[test]
    fn the_api_spells_verdicts_outcomes_and_roles_as_the_pages_do() {
        let spelt = |value: serde_json::Value| value.as_str().map(str::to_owned);
        for verdict in Verdict::ALL {
            assert_eq!(spelt(serde_json::to_value(verdict).unwrap()).as_deref(), Some(verdict.code()));
        }
        for role in Role::ALL {
            assert_eq!(spelt(serde_json::to_value(role).unwrap()).as_deref(), Some(role.code()));
        }
        let outcome = serde_json::to_value(Outcome::Unchanged).unwrap();
        assert_eq!(spelt(outcome).as_deref(), Some(Outcome::Unchanged.code()));
    }

    #[test]
    fn an_address_stays_below_its_import() {
        assert_eq!(path("imp_1", "rows"), "/imports/imp_1/rows");
        assert_eq!(path("../../x?y#z", ""), "/imports/..%2F..%2Fx%3Fy%23z");
    }
}
