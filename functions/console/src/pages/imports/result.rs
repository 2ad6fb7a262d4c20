//! What became of the rows, and taking it back.

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::json;

use super::model::{Existing, Import, lead_back, path};
use super::preview;
use super::rows::{Filter, Row};
use super::show::{head, refused, title};
use super::states::{Outcome, State, Verdict};
use crate::api::List;
use crate::form::Form;
use crate::page::{Nav, Page, Shell};
use crate::parts;
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;
use crate::words::imports::Imports as Texts;

/// A line of the result: what became of so many rows, and the filter that shows them.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    tone: Tone,
    word: &'static str,
    rows: u64,
    filter: (&'static str, &'static str),
}

impl Line {
    fn is_chosen(&self, filter: &Filter) -> bool {
        let (name, value) = self.filter;
        match name {
            "outcome" => filter.outcome == value,
            "verdict" => filter.verdict == value,
            _ => filter.deleted == value,
        }
    }
}

/// Every row of the file is in exactly one of the lines.
fn lines(import: &Import, words: &Texts) -> Vec<Line> {
    let of_outcome = |outcome: Outcome, rows: u64| Line {
        tone: outcome.tone(),
        word: outcome.word(words),
        rows,
        filter: ("outcome", outcome.code()),
    };
    // Where known customers are left alone, a few of these rows may be of people who opted out meanwhile. The API does not count
    // them apart; the list of rows shows each.
    let not_taken = match import.options.existing {
        Existing::Leave => Outcome::Left,
        Existing::Update => Outcome::Suppressed,
    };
    let taken = if import.state == State::Undone {
        vec![of_outcome(Outcome::Undone, import.rows_undone), of_outcome(Outcome::Kept, import.rows_kept)]
    } else {
        let unchanged = import.rows_committed.saturating_sub(import.rows_added + import.rows_updated);
        vec![
            of_outcome(Outcome::Added, import.rows_added),
            of_outcome(Outcome::Updated, import.rows_updated),
            of_outcome(Outcome::Unchanged, unchanged),
        ]
    };
    let not_taken = of_outcome(not_taken, import.good().saturating_sub(import.rows_committed));
    let bad = [Verdict::DuplicateInFile, Verdict::BadPhone, Verdict::MissingName, Verdict::Suppressed];
    let verdicts = bad.into_iter().map(|verdict| Line {
        tone: verdict.tone(),
        word: verdict.word(words),
        rows: import.count(verdict),
        filter: ("verdict", verdict.code()),
    });
    let deleted = Line { tone: Tone::Plain, word: words.deleted, rows: import.deleted, filter: ("deleted", "true") };
    taken.into_iter().chain([not_taken]).chain(verdicts).chain([deleted]).collect()
}

/// The page of an import that is committed, or was.
pub fn page(site: &Site, shell: Shell, import: &Import, filter: &Filter, listed: &List<Row>) -> Response {
    let words = &site.words().imports;
    Page::staff(site, shell, Nav::Imports, title(site, import)).body(html! {
        (head(site, import, &html! {
            @if import.bad() > 0 && !import.rows_expired { a.button href=(path(&import.id, "bad-rows")) { (words.download_bad) } }
            a.button href="/imports" { (words.another) }
            @if import.state == State::Committed && !import.rows_expired { (undo_button(site, import)) }
        }))
        @if import.state == State::Undone { (undone(site, import)) } @else { (committed(site, import)) }
        @if import.rows_expired {
            p.muted { (words.expired) }
        } @else {
            h2 { (words.result_heading) }
            (sums(site, import))
            h2 #rows { (words.rows_caption) }
            (chips(site, import, filter))
            (preview::part(site, import, filter, listed))
        }
    })
}

fn committed(site: &Site, import: &Import) -> Markup {
    let words = &site.words().imports;
    let group = import.options.target_group_id.as_deref().unwrap_or_default();
    html! {
        section.card.import-decision aria-label=(words.result_heading) {
            p role="status" {
                strong { ((words.result_added)(import.rows_added)) }
                @if import.rows_updated > 0 { " " ((words.result_updated)(import.rows_updated)) }
            }
            div.actions {
                a.button.primary href=(parts::address("/send", [("group", group)])) { (words.send_to_them) }
                a.button href=(parts::address("/customers", [("group", group)])) { (words.show_customers) }
            }
        }
    }
}

fn undone(site: &Site, import: &Import) -> Markup {
    let words = &site.words().imports;
    html! {
        div.notice.plain role="status" {
            p { strong { ((words.result_undone)(import.rows_undone)) } }
            @if import.rows_kept > 0 {
                p {
                    ((words.result_kept)(import.rows_kept)) " "
                    a href={ (parts::address(&import.path(), [("outcome", "kept")])) "#rows" } { (words.show_kept) }
                }
            }
        }
    }
}

fn sums(site: &Site, import: &Import) -> Markup {
    let words = &site.words().imports;
    let lines = lines(import, words);
    let total: u64 = lines.iter().map(|line| line.rows).sum();
    let head = html! { th scope="col" { (words.outcome_column) } th.number scope="col" { (words.rows_column) } };
    let body = html! {
        @for line in lines.iter().filter(|line| line.rows > 0) {
            tr {
                th scope="row" { (parts::badge(line.tone, line.word)) }
                td.number {
                    a href={ (parts::address(&import.path(), [line.filter])) "#rows" } aria-label={ (line.word) " " (parts::number(line.rows)) } {
                        (parts::number(line.rows))
                    }
                }
            }
        }
        tr.import-total { th scope="row" { (words.result_total) } td.number { (parts::number(total)) } }
    };
    html! { div.import-sums { (parts::table(words.result_caption, &head, &body)) } }
}

fn chips(site: &Site, import: &Import, filter: &Filter) -> Markup {
    let words = &site.words().imports;
    let here = |yes: bool| yes.then_some("true");
    let address = |name: &str, value: &str| format!("{}#rows", parts::address(&import.path(), [(name, value)]));
    let all = filter.verdict.is_empty() && filter.outcome.is_empty() && filter.deleted.is_empty();
    html! {
        nav aria-label=(words.outcomes_label) {
            ul.chips.verdicts {
                li { a href=(address("", "")) aria-current=[here(all)] { (words.all_rows) } }
                @for line in lines(import, words) {
                    @let is_here = line.is_chosen(filter);
                    @if line.rows > 0 {
                        li { a.(line.tone.class()) href=(address(line.filter.0, line.filter.1)) aria-current=[here(is_here)] {
                            (line.word) " " b { (parts::number(line.rows)) }
                        } }
                    }
                }
            }
        }
    }
}

fn undo_button(site: &Site, import: &Import) -> Markup {
    let words = &site.words().imports;
    let key = parts::hidden("key", &site.fresh_key());
    let question = (words.undo_question)(import.rows_added, import.rows_updated);
    parts::confirm(site, "undo", words.undo, &question, &path(&import.id, "undo"), &key)
}

/// Takes the import back.
///
/// # Errors
/// When there is no such import, or the API does not answer.
pub async fn undo(site: Person, Path(id): Path<String>, form: Form) -> Answer {
    if form.restored() {
        return Ok(site.go_saying(&path(&id, ""), Tone::Warning, site.words().common.not_done));
    }
    match site.api().post(["imports", &id, "undo"]).idempotent(form.text("key")).json(&json!({})).done().await {
        Ok(()) => Ok(lead_back(&site, &id)),
        Err(failure) => refused(&site, &id, failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Words;

    fn import(existing: &str, committed: u64) -> Import {
        serde_json::from_value(json!({
            "id": "imp_1", "fileName": "고객.xlsx", "state": "committed", "rowsRead": 3000, "rowsCommitted": committed, "rowsAdded": 2800,
            "rowsUpdated": 40, "rowsUndone": 0, "rowsKept": 0, "rowsExpired": false, "options": { "existing": existing }, "sheet": null,
            "sheets": [], "headerRow": 1, "columns": [], "sample": [], "remappable": false,
            "counts": { "new": 2800, "updates": 77, "duplicate_in_file": 61, "bad_phone": 31, "missing_name": 29, "suppressed": 0 },
            "deleted": 2,
        }))
        .unwrap()
    }

    #[test]
    fn every_row_of_the_file_is_in_one_line() {
        let words = &Words::of(shared::http::Language::Korean).imports;
        for (existing, committed) in [("update", 2870), ("leave", 2840)] {
            let lines = lines(&import(existing, committed), words);
            assert_eq!(lines.iter().map(|line| line.rows).sum::<u64>(), 3000, "{existing}");
        }
    }

    #[test]
    fn who_was_not_taken_is_named_by_the_choice() {
        let words = &Words::of(shared::http::Language::Korean).imports;
        let not_taken = |existing| lines(&import(existing, 2850), words).remove(3);
        assert_eq!((not_taken("leave").filter, not_taken("leave").rows), (("outcome", "left"), 27));
        assert_eq!(not_taken("update").filter, ("outcome", "suppressed"));
    }

    #[test]
    fn what_was_taken_back_is_not_told_as_imported() {
        let words = &Words::of(shared::http::Language::Korean).imports;
        let undone = Import { state: State::Undone, rows_undone: 2868, rows_kept: 2, ..import("update", 2870) };
        let lines = lines(&undone, words);
        let taken: Vec<_> = lines.iter().take(2).map(|line| (line.filter.1, line.rows)).collect();
        assert_eq!(taken, [("undone", 2868), ("kept", 2)]);
        assert_eq!(lines.iter().map(|line| line.rows).sum::<u64>(), 3000);
    }
}
