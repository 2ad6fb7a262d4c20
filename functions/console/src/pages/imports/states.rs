//! The states, verdicts, outcomes and columns of imports, and what people call them.

use maud::Markup;
use serde::{Deserialize, Serialize};

use crate::parts;
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

    /// Of rows that somebody who knows better can mend.
    pub const TO_MEND: [Self; 2] = [Self::BadPhone, Self::MissingName];

    /// The field of the row because of which it cannot become a customer.
    pub const fn wrong_field(self) -> Option<&'static str> {
        match self {
            Self::New | Self::Updates => None,
            Self::MissingName => Some("name"),
            Self::DuplicateInFile | Self::BadPhone | Self::Suppressed => Some("phone"),
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
