//! A template as the API tells it, and what people read about its state.

use chrono::{DateTime, Utc};
use maud::Markup;
use serde::Deserialize;
use shared::model::template::Button;

use crate::api::{Failure, Problem};
use crate::parts;
use crate::visitor::Tone;
use crate::words::templates::Templates;

/// A template.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    pub id: String,
    pub code: String,
    pub name: String,
    pub content: String,
    pub kind: String,
    pub emphasis_title: String,
    pub emphasis_subtitle: String,
    pub buttons: Vec<Button>,
    pub sources: Vec<Variable>,
    pub comments: Vec<Comment>,
    pub sendable: bool,
    #[serde(default)]
    pub obstacle: Option<Obstacle>,
    pub editable: bool,
    #[serde(default)]
    pub not_editable_because: Option<String>,
    pub inspection: String,
    pub status: String,
    pub last_used_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub dormancy: Option<Dormancy>,
    pub synced_at: DateTime<Utc>,
}

/// What fills a variable.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Variable {
    #[serde(rename = "variable")]
    pub name: String,
    pub filled_by: String,
    pub column: Option<String>,
    pub column_known: Option<bool>,
    pub default: Option<String>,
}

/// What a reviewer wrote.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comment {
    pub text: String,
    pub inspection: String,
    pub written_at: Option<DateTime<Utc>>,
}

/// Why it cannot be sent.
#[derive(Deserialize)]
pub struct Obstacle {
    pub kind: String,
    pub text: String,
}

/// When it falls dormant.
#[derive(Deserialize)]
pub struct Dormancy {
    pub from: DateTime<Utc>,
    #[serde(default)]
    pub warning: Option<String>,
}

impl Template {
    /// Its state as a word on a colour.
    pub fn badge(&self, words: &Templates) -> Markup {
        let (tone, word) = match self.obstacle.as_ref().map(|obstacle| obstacle.kind.as_str()) {
            None => (Tone::Good, words.sendable),
            Some("not-submitted") => (Tone::Plain, words.not_submitted),
            Some("in-review") => (Tone::Warning, words.in_review),
            Some("refused") => (Tone::Bad, words.refused),
            Some("stopped") => (Tone::Bad, words.stopped),
            Some(_) => (Tone::Warning, words.unclear),
        };
        parts::badge(tone, word)
    }

    /// Whether Kakao is reviewing it.
    pub fn is_in_review(&self) -> bool {
        self.inspection == "REQ"
    }

    /// Whether it waits here: then it can be submitted and deleted.
    pub fn waits(&self) -> bool {
        matches!(self.inspection.as_str(), "REG" | "REJ") && self.status == "R" && !self.code.starts_with(['D', 'P'])
    }
}

/// The problem when it is about the input, or when the provider is the one who did not do it: then nothing that was typed is lost.
///
/// # Errors
/// Any other failure.
pub fn about_provider(failure: Failure) -> Result<Problem, Failure> {
    match failure.problem() {
        Some(problem) if problem.code().starts_with("provider-") => Ok(problem.clone()),
        _ => failure.about_input(),
    }
}
