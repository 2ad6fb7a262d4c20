//! The rows of an import: which of them are shown, and how they are left out and taken back in.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, Query};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use super::model::path;
use super::show::refused;
use super::states::{Outcome, Verdict};
use crate::api::{Failure, List};
use crate::form::Form;
use crate::parts;
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

/// Which rows are shown, as the address says it.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
pub struct Filter {
    #[serde(default)]
    pub verdict: String,
    #[serde(default)]
    pub outcome: String,
    #[serde(default)]
    pub deleted: String,
    #[serde(default)]
    pub cursor: String,
}

/// A row of the file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    pub number: u64,
    pub name: String,
    pub phone_text: String,
    pub phone: Option<String>,
    pub group: Option<String>,
    pub attributes: BTreeMap<String, String>,
    pub verdict: Verdict,
    pub deleted: bool,
    pub outcome: Option<Outcome>,
    pub customer_id: Option<String>,
    pub changes: Vec<Change>,
    pub reason: Option<String>,
}

/// What a row changes of a customer.
#[derive(Debug, Deserialize)]
pub struct Change {
    pub field: String,
    pub from: Option<String>,
    pub to: String,
}

/// The row beside the one whose button was pressed.
#[derive(Deserialize)]
pub struct Near {
    near: Option<u64>,
}

#[derive(Deserialize)]
struct Changed {
    changed: u64,
}

impl Filter {
    /// What a form kept of it.
    pub fn of(form: &Form) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        Self { verdict: text("verdict"), outcome: text("outcome"), deleted: text("deleted"), cursor: text("cursor") }
    }

    /// The rows of this verdict.
    pub fn of_verdict(verdict: Verdict) -> Self {
        Self { verdict: verdict.code().to_owned(), ..Self::default() }
    }

    /// Asks the API for the rows.
    ///
    /// # Errors
    /// When there is no such import or no such filter, or the API does not answer.
    pub async fn list(&self, site: &Site, id: &str) -> Result<List<Row>, Failure> {
        let rows = site.api().get(["imports", id, "rows"]).maybe("verdict", Some(&self.verdict));
        let rows = rows.maybe("outcome", Some(&self.outcome)).maybe("deleted", Some(&self.deleted));
        rows.maybe("cursor", Some(&self.cursor)).send().await
    }

    pub fn pairs(&self) -> [(&str, &str); 3] {
        [("verdict", &self.verdict), ("outcome", &self.outcome), ("deleted", &self.deleted)]
    }

    /// The page of the import that shows these rows.
    pub fn address(&self, id: &str) -> String {
        parts::address(&path(id, ""), self.pairs().into_iter().chain([("cursor", self.cursor.as_str())]))
    }

    /// The same, with this row in sight.
    pub fn address_of_row(&self, id: &str, number: u64) -> String {
        format!("{}#row-{number}", self.address(id))
    }

    /// The page on which a row of them is edited.
    pub fn of_row(&self, id: &str, number: u64) -> String {
        let pairs = self.pairs().into_iter().chain([("cursor", self.cursor.as_str())]);
        parts::address(&path(id, &format!("rows/{number}")), pairs)
    }

    /// Keeps it in a form.
    pub fn hidden(&self) -> Markup {
        html! {
            @for (name, value) in self.pairs() { @if !value.is_empty() { (parts::hidden(name, value)) } }
            @if !self.cursor.is_empty() { (parts::hidden("cursor", &self.cursor)) }
        }
    }

    pub fn shows_deleted(&self) -> bool {
        self.deleted == "true"
    }

    /// The verdict that is shown alone.
    pub fn verdict(&self) -> Option<Verdict> {
        Verdict::ALL.into_iter().find(|verdict| verdict.code() == self.verdict)
    }
}

/// What a pressed button asks the API for: the last segment of the path, and the body.
fn asked(form: &Form) -> Option<(&'static str, serde_json::Value)> {
    let one = |name: &str| form.number(name).map(|number| json!({ "numbers": [number] }));
    let chosen = || {
        let numbers: BTreeSet<u64> = form.all("row").iter().filter_map(|number| number.parse().ok()).collect();
        (!numbers.is_empty()).then(|| json!({ "numbers": numbers }))
    };
    if form.has("delete") {
        one("delete").map(|rows| ("delete", rows))
    } else if form.has("restore") {
        one("restore").map(|rows| ("restore", rows))
    } else if form.has("delete-verdict") {
        Some(("delete", json!({ "verdict": form.text("delete-verdict") })))
    } else if form.has("restore-all") {
        Some(("restore", json!({ "all": true })))
    } else if form.has("restore-chosen") {
        chosen().map(|rows| ("restore", rows))
    } else {
        chosen().map(|rows| ("delete", rows))
    }
}

/// Leaves rows out, or takes them back in.
///
/// # Errors
/// When there is no such import, or the API does not answer.
pub async fn change(site: Person, Path(id): Path<String>, Query(near): Query<Near>, form: Form) -> Answer {
    let words = &site.words().imports;
    let filter = Filter::of(&form);
    if form.restored() {
        let again = if form.has("row") { words.nothing_chosen } else { "" };
        let text = format!("{} {again}", site.words().common.not_done);
        return Ok(site.go_saying(&filter.address(&id), Tone::Warning, text.trim_end()));
    }
    let Some((verb, rows)) = asked(&form) else {
        return Ok(site.go_saying(&filter.address(&id), Tone::Warning, words.nothing_chosen));
    };
    match site.api().post(["imports", &id, "rows", verb]).json(&rows).send::<Changed>().await {
        Ok(Changed { changed }) => {
            let said = if verb == "delete" { words.rows_deleted } else { words.rows_restored };
            let address = near.near.map_or_else(|| filter.address(&id), |row| filter.address_of_row(&id, row));
            Ok(site.go_saying(&address, Tone::Good, &said(changed)))
        }
        Err(failure) => refused(&site, &id, failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_button_of_a_row_counts_and_not_the_boxes() {
        let form = Form::with([("row", "4"), ("row", "5"), ("delete", "17")]);
        assert_eq!(asked(&form), Some(("delete", json!({ "numbers": [17] }))));
        let form = Form::with([("row", "4"), ("restore", "17")]);
        assert_eq!(asked(&form), Some(("restore", json!({ "numbers": [17] }))));
    }

    #[test]
    fn chosen_rows_are_named_once_each() {
        let form = Form::with([("row", "5"), ("row", "4"), ("row", "5"), ("row", "x"), ("delete-chosen", "yes")]);
        assert_eq!(asked(&form), Some(("delete", json!({ "numbers": [4, 5] }))));
        let form = Form::with([("row", "5"), ("restore-chosen", "yes")]);
        assert_eq!(asked(&form), Some(("restore", json!({ "numbers": [5] }))));
    }

    #[test]
    fn without_a_choice_nothing_is_asked() {
        assert_eq!(asked(&Form::with([("delete-chosen", "yes")])), None);
        assert_eq!(asked(&Form::with([("delete", "x")])), None);
    }

    #[test]
    fn a_page_of_rows_is_found_again() {
        let filter = Filter { verdict: "bad_phone".to_owned(), cursor: "Ng==".to_owned(), ..Filter::default() };
        assert_eq!(filter.address("imp_1"), "/imports/imp_1?verdict=bad_phone&cursor=Ng%3D%3D");
        let form = Form::with([("verdict", "bad_phone"), ("cursor", "Ng==")]);
        assert_eq!(Filter::of(&form), filter);
    }
}
