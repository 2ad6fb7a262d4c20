//! The rows of an import: shown by verdict or outcome, left out and taken back in.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use axum::extract::Path;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use super::model::{Import, Outcome, State, Verdict, cut, path};
use super::show::refused;
use crate::api::Failure;
use crate::form::Form;
use crate::parts;
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

/// Characters of a cell that a table shows, and cells of a kind.
const CELL: usize = 40;
const DETAILS: usize = 4;

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
    field: String,
    from: Option<String>,
    to: String,
}

/// A page of rows.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rows {
    #[serde(default)]
    pub items: Vec<Row>,
    #[serde(default)]
    pub next_cursor: Option<String>,
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

    /// Asks the API for the rows.
    ///
    /// # Errors
    /// When there is no such import or no such filter, or the API does not answer.
    pub async fn list(&self, site: &Site, id: &str) -> Result<Rows, Failure> {
        let rows = site.api().get(["imports", id, "rows"]).maybe("verdict", Some(&self.verdict));
        let rows = rows.maybe("outcome", Some(&self.outcome)).maybe("deleted", Some(&self.deleted));
        rows.maybe("cursor", Some(&self.cursor)).send().await
    }

    fn pairs(&self) -> [(&str, &str); 3] {
        [("verdict", &self.verdict), ("outcome", &self.outcome), ("deleted", &self.deleted)]
    }

    /// The page of the import that shows these rows.
    pub fn address(&self, id: &str) -> String {
        parts::address(&path(id, ""), self.pairs().into_iter().chain([("cursor", self.cursor.as_str())]))
    }

    /// The page on which a row of them is edited.
    fn of_row(&self, id: &str, number: u64) -> String {
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

    fn shows_deleted(&self) -> bool {
        self.deleted == "true"
    }

    /// The verdict that is shown alone.
    fn verdict(&self) -> Option<Verdict> {
        Verdict::ALL.into_iter().find(|verdict| verdict.code() == self.verdict)
    }
}

/// The chips, and below them the rows: to choose and change while they are reviewed, to read afterwards.
pub fn part(site: &Site, import: &Import, filter: &Filter, rows: &Rows) -> Markup {
    let words = &site.words().imports;
    let path = parts::address(&import.path(), filter.pairs());
    html! {
        @if import.state == State::Ready { (chips(site, import, filter)) }
        @if rows.items.is_empty() {
            div.empty { h2 { (words.no_rows_title) } p { (words.no_rows_text) } p { a.button href=(import.path()) { (words.all_rows) } } }
        } @else if import.state == State::Ready {
            (whole(site, import, filter))
            form method="post" action=(super::model::path(&import.id, "rows")) data-select {
                (parts::csrf(site)) (filter.hidden())
                // Enter in a box presses the first button of its form: this one, which does nothing.
                button type="submit" disabled hidden {}
                (table(site, import, filter, rows))
                (bar(site, filter))
            }
        } @else {
            (table(site, import, filter, rows))
        }
        (parts::pager(site, &path, filter.cursor.is_empty(), rows.next_cursor.as_deref()))
    }
}

fn chips(site: &Site, import: &Import, filter: &Filter) -> Markup {
    let words = &site.words().imports;
    let here = |yes: bool| yes.then_some("true");
    let address = |name: &str, value: &str| parts::address(&import.path(), [(name, value)]);
    html! {
        nav aria-label=(words.verdicts_label) {
            ul.chips.verdicts {
                li { a href=(import.path()) aria-current=[here(filter.verdict.is_empty() && !filter.shows_deleted())] {
                    (words.all_rows) " " b { (parts::number(import.good() + import.bad())) }
                } }
                @for verdict in Verdict::ALL {
                    @let tone = if import.count(verdict) > 0 { verdict.tone() } else { Tone::Plain };
                    li { a.(tone.class()) href=(address("verdict", verdict.code())) aria-current=[here(filter.verdict() == Some(verdict))] {
                        (verdict.word(words)) " " b { (parts::number(import.count(verdict))) }
                    } }
                }
                li { a href=(address("deleted", "true")) aria-current=[here(filter.shows_deleted())] {
                    (words.deleted) " " b { (parts::number(import.deleted)) }
                } }
            }
        }
    }
}

/// What can be done with all rows that the chip stands for.
fn whole(site: &Site, import: &Import, filter: &Filter) -> Markup {
    let words = &site.words().imports;
    let action = path(&import.id, "rows");
    html! {
        @if filter.shows_deleted() {
            form.actions method="post" action=(action) {
                (parts::csrf(site))
                button.button type="submit" name="restore-all" value="yes" { ((words.restore_all)(import.deleted)) }
            }
        } @else if let Some(verdict) = filter.verdict() {
            div.actions {
                (parts::confirm(site, "delete-verdict", &(words.delete_verdict)(import.count(verdict)), words.delete_verdict_question,
                    &action, &parts::hidden("delete-verdict", verdict.code())))
            }
        }
    }
}

fn table(site: &Site, import: &Import, filter: &Filter, rows: &Rows) -> Markup {
    let (words, common) = (&site.words().imports, &site.words().common);
    let open = import.state == State::Ready;
    let with_group = rows.items.iter().any(|row| row.group.is_some());
    let head = html! {
        @if open { th scope="col" { input type="checkbox" hidden data-with-script data-all aria-label=(words.choose_all); } }
        th.number scope="col" { (words.row_column) }
        th scope="col" { (if open { words.verdict_column } else { words.outcome_column }) }
        th scope="col" { (common.name) } th scope="col" { (common.phone) }
        @if with_group { th scope="col" { (words.group_column) } }
        th scope="col" { (words.reason_column) }
        @if open { th scope="col" { (words.actions_column) } }
    };
    let body = html! {
        @for row in &rows.items {
            tr #{ "row-" (row.number) } {
                @if open { td { input type="checkbox" name="row" value=(row.number) data-row aria-label=((words.choose_row)(row.number)); } }
                th.number scope="row" { (row.number) }
                td { (badge(site, row)) }
                td.import-cell { (customer(row)) }
                td.nowrap { (row.phone.as_deref().map_or_else(|| cut(&row.phone_text, CELL), str::to_owned)) }
                @if with_group { td.import-cell { (row.group.as_deref().unwrap_or_default()) } }
                td.import-reason { (reason(site, row)) (details(site, row)) }
                @if open { td { (buttons(site, import, filter, row)) } }
            }
        }
    };
    parts::table(words.rows_caption, &head, &body)
}

fn badge(site: &Site, row: &Row) -> Markup {
    let words = &site.words().imports;
    match row.outcome {
        _ if row.deleted => parts::badge(Tone::Plain, words.deleted),
        Some(outcome) => parts::badge(outcome.tone(), outcome.word(words)),
        None => parts::badge(row.verdict.tone(), row.verdict.word(words)),
    }
}

fn customer(row: &Row) -> Markup {
    let name = cut(&row.name, CELL);
    html! {
        @match row.customer_id.as_deref().filter(|_| !name.is_empty()) {
            Some(id) => a href={ "/customers/" (parts::encoded(id)) } { (name) },
            None => (name),
        }
    }
}

fn details(site: &Site, row: &Row) -> Markup {
    let words = &site.words().imports;
    let more = row.attributes.len().saturating_sub(DETAILS);
    html! {
        @if !row.attributes.is_empty() {
            p.import-details {
                @for (header, value) in row.attributes.iter().take(DETAILS) {
                    span.detail { span.muted { (cut(header, CELL / 2)) } " " (cut(value, CELL)) } " "
                }
                @if more > 0 { span.muted { ((words.more_details)(u64::try_from(more).unwrap_or(u64::MAX))) } }
            }
        }
    }
}

fn reason(site: &Site, row: &Row) -> Markup {
    let words = &site.words();
    let more = row.changes.len().saturating_sub(DETAILS);
    html! {
        @if let Some(reason) = &row.reason { p { (reason) } }
        @if !row.changes.is_empty() {
            ul.import-changes aria-label=(words.imports.from_to) {
                @for change in row.changes.iter().take(DETAILS) {
                    @let name = change.field.strip_prefix("attributes.").unwrap_or(words.common.name);
                    li {
                        span.muted { (cut(name, CELL / 2)) } " "
                        del { (change.from.as_deref().map_or_else(|| words.imports.nothing.to_owned(), |from| cut(from, CELL))) }
                        " → " ins { (cut(&change.to, CELL)) }
                    }
                }
                @if more > 0 { li.muted { ((words.imports.more_details)(u64::try_from(more).unwrap_or(u64::MAX))) } }
            }
        }
    }
}

fn buttons(site: &Site, import: &Import, filter: &Filter, row: &Row) -> Markup {
    let (words, common) = (&site.words().imports, &site.words().common);
    html! {
        div.import-actions {
            @if row.deleted {
                button.button.small type="submit" name="restore" value=(row.number) aria-label=((words.restore_row)(row.number)) { (words.restore) }
            } @else {
                a.button.small href=(filter.of_row(&import.id, row.number)) aria-label=((words.edit_row)(row.number)) { (common.edit) }
                button.button.small.danger type="submit" name="delete" value=(row.number) aria-label=((words.delete_row)(row.number)) { (common.delete) }
            }
        }
    }
}

/// What can be done with the chosen rows.
fn bar(site: &Site, filter: &Filter) -> Markup {
    let words = &site.words().imports;
    html! {
        div.selection {
            span role="status" hidden data-with-script data-count=(words.chosen) {}
            @if filter.shows_deleted() {
                button.button type="submit" name="restore-chosen" value="yes" data-needs { (words.restore_chosen) }
            } @else {
                button.button.danger type="submit" name="delete-chosen" value="yes" data-needs { (words.delete_chosen) }
            }
        }
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
pub async fn change(site: Person, Path(id): Path<String>, form: Form) -> Answer {
    let words = &site.words().imports;
    let filter = Filter::of(&form);
    if form.restored() {
        return Ok(site.go_saying(&filter.address(&id), Tone::Warning, site.words().common.form_restored));
    }
    let Some((verb, rows)) = asked(&form) else {
        return Ok(site.go_saying(&filter.address(&id), Tone::Warning, words.nothing_chosen));
    };
    match site.api().post(["imports", &id, "rows", verb]).json(&rows).send::<Changed>().await {
        Ok(Changed { changed }) => {
            let said = if verb == "delete" { words.rows_deleted } else { words.rows_restored };
            Ok(site.go_saying(&filter.address(&id), Tone::Good, &said(changed)))
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
