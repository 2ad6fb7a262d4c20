//! Imports as the API shows them, and what all of their pages share.

use std::collections::BTreeMap;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use super::states::{Role, State, Verdict};
use crate::parts;
use crate::site::Site;
use crate::words::imports::Imports as Texts;

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
    pub rows_undone: u64,
    pub created_at: DateTime<Utc>,
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
    pub fn follow(&self, site: &Site) -> Response {
        match HeaderValue::from_str(&self.url) {
            Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
            Err(_) => site.go("/imports"),
        }
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
    fn an_address_stays_below_its_import() {
        assert_eq!(path("imp_1", "rows"), "/imports/imp_1/rows");
        assert_eq!(path("../../x?y#z", ""), "/imports/..%2F..%2Fx%3Fy%23z");
    }
}
