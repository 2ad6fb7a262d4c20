//! The rows of an import in a table: to choose and change while they are reviewed, to read afterwards.

use maud::{Markup, html};

use super::model::{Import, cut, path};
use super::rows::{Filter, Row};
use super::states::{State, Verdict};
use crate::api::List;
use crate::parts;
use crate::site::Site;
use crate::visitor::Tone;

/// Characters of a cell that a table shows, and cells of a kind.
const CELL: usize = 40;
const DETAILS: usize = 4;

/// The id of the form to which the buttons of single rows belong.
const ONE_ROW: &str = "one-row";

/// The chips, and below them the rows: to choose and change while they are reviewed, to read afterwards.
pub fn part(site: &Site, import: &Import, filter: &Filter, rows: &List<Row>) -> Markup {
    let words = &site.words().imports;
    let listed = parts::address(&import.path(), filter.pairs());
    html! {
        @if import.state == State::Ready { (chips(site, import, filter)) }
        @if rows.items.is_empty() {
            div.empty { h2 { (words.no_rows_title) } p { (words.no_rows_text) } p { a.button href=(import.path()) { (words.all_rows) } } }
        } @else if import.state == State::Ready {
            (whole(site, import, filter))
            // The buttons of single rows have a form of their own: Enter in a box presses the first button of the box's form.
            form id=(ONE_ROW) method="post" { (parts::csrf(site)) (filter.hidden()) }
            form method="post" action=(path(&import.id, "rows")) data-select {
                (parts::csrf(site)) (filter.hidden())
                (table(site, import, filter, rows))
                (bar(site, filter))
            }
        } @else {
            (table(site, import, filter, rows))
        }
        (parts::pager(site, &listed, filter.cursor.is_empty(), rows.next_cursor.as_deref()))
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

fn table(site: &Site, import: &Import, filter: &Filter, rows: &List<Row>) -> Markup {
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
        @for (index, row) in rows.items.iter().enumerate() {
            // Where the eye is when this row is gone.
            @let near = rows.items.get(index + 1).or_else(|| rows.items.get(index.checked_sub(1)?)).map_or(row.number, |row| row.number);
            tr #{ "row-" (row.number) } {
                @if open { td { input type="checkbox" name="row" value=(row.number) data-row aria-label=((words.choose_row)(row.number)); } }
                th.number scope="row" { (row.number) }
                td { (badge(site, row)) }
                td.import-cell { (customer(row)) }
                td.nowrap { (row.phone.as_deref().map_or_else(|| cut(&row.phone_text, CELL), str::to_owned)) }
                @if with_group { td.import-cell { (row.group.as_deref().unwrap_or_default()) } }
                td.import-reason { (reason(site, row)) (details(site, row)) }
                @if open { td { (buttons(site, import, filter, row, near)) } }
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

fn buttons(site: &Site, import: &Import, filter: &Filter, row: &Row, near: u64) -> Markup {
    let (words, common) = (&site.words().imports, &site.words().common);
    let action = format!("{}?near={near}", path(&import.id, "rows"));
    html! {
        div.import-actions {
            @if row.deleted {
                button.button.small type="submit" form=(ONE_ROW) formaction=(action) name="restore" value=(row.number) aria-label=((words.restore_row)(row.number)) { (words.restore) }
            } @else {
                a.button.small href=(filter.of_row(&import.id, row.number)) aria-label=((words.edit_row)(row.number)) { (common.edit) }
                button.button.small.danger type="submit" form=(ONE_ROW) formaction=(action) name="delete" value=(row.number) aria-label=((words.delete_row)(row.number)) { (common.delete) }
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
