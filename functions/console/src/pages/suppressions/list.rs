//! The numbers to which nothing is sent, and those that were lifted.

use axum::extract::Query;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use crate::api::{List, Problem};
use crate::form::{Errors, Form};
use crate::page::{Nav, Page, Shell};
use crate::pages::suppressions::{Suppression, who, whose};
use crate::parts::{self, Field};
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

/// The most characters of a search.
const MAX_SEARCH: usize = 50;
/// The most characters of a note.
const MAX_NOTE: usize = 200;

/// Which of them to show.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    q: String,
    reason: String,
    cursor: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Added {
    added: u64,
    already_there: u64,
}

/// Shows those that hold.
///
/// # Errors
/// When the API does not answer.
pub async fn show(site: Person, Query(asked): Query<Asked>) -> Answer {
    page(&site, &asked, &Form::default(), &Errors::none()).await
}

/// Adds numbers.
///
/// # Errors
/// When the API does not answer.
pub async fn add(site: Person, form: Form) -> Answer {
    let asked = Asked::default();
    if form.restored() {
        return page(&site, &asked, &form, &Errors::none()).await;
    }
    let phones: Vec<_> = numbers(form.raw("phones")).map(|(_, phone)| phone).collect();
    let body = json!({ "phones": phones, "note": form.filled("note") });
    match site.api().post(["suppressions"]).json(&body).send::<Added>().await {
        Ok(done) => {
            let text = (site.words().suppressions.added)(done.added, done.already_there);
            Ok(site.go_saying("/suppressions", Tone::Good, &text))
        }
        Err(failure) => {
            let problem = failure.about_input()?;
            let errors = line_error(&site, &problem, form.raw("phones")).unwrap_or_else(|| Errors::of(&problem, &[]));
            page(&site, &asked, &form, &errors).await
        }
    }
}

/// The numbers of a text with the lines on which they stand, from 1.
fn numbers(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    lines
        .flat_map(|(line, text)| text.split([',', ';', '\t']).map(move |phone| (line, phone.trim())))
        .filter(|(_, phone)| !phone.is_empty())
}

/// What is wrong with one of many numbers: people count lines.
fn line_error(site: &Site, problem: &Problem, text: &str) -> Option<Errors> {
    let index: usize = problem.field.as_deref()?.strip_prefix("phones[")?.strip_suffix(']')?.parse().ok()?;
    let (line, phone) = numbers(text).nth(index)?;
    let mut errors = Errors::none();
    errors.add("phones", (site.words().suppressions.at_line)(line, phone, problem.short()));
    Some(errors)
}

async fn page(site: &Person, asked: &Asked, form: &Form, errors: &Errors) -> Answer {
    let q: String = asked.q.trim().chars().take(MAX_SEARCH).collect();
    let known = site.words().suppressions.reasons.iter().any(|(reason, _)| *reason == asked.reason);
    let reason = if known { asked.reason.as_str() } else { "" };
    // What has no digit is refused; the field says so, and nothing else does.
    let searchable = q.is_empty() || q.chars().any(char::is_numeric);
    let call = site.api().get(["suppressions"]).maybe("q", searchable.then_some(&q)).maybe("reason", Some(reason));
    let (shell, listed) =
        tokio::try_join!(site.shell(), call.maybe("cursor", Some(&asked.cursor)).send::<List<Suppression>>())?;
    let asked = Asked { q, reason: reason.to_owned(), cursor: asked.cursor.clone() };
    Ok(drawn(site, shell, &asked, &listed, form, errors))
}

fn drawn(site: &Person, shell: Shell, asked: &Asked, listed: &List<Suppression>, form: &Form, errors: &Errors) -> Response {
    let words = &site.words().suppressions;
    let zone = shell.zone.clone();
    let here = parts::address("/suppressions", [("q", asked.q.as_str()), ("reason", &asked.reason)]);
    Page::staff(site, shell, Nav::Suppressions, words.title).errors(errors).body(html! {
        h1 { (words.title) }
        p.muted { (words.intro) }
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        details.card.more open[!errors.is_empty() || form.restored()] {
            summary { (words.add) }
            form method="post" action="/suppressions" {
                (parts::csrf(site))
                (Field::text("phones", words.phones, form, errors).rows(4).hint(words.phones_hint).required())
                (Field::text("note", site.words().common.note, form, errors).hint(words.note_hint).max_length(MAX_NOTE).autocomplete("off"))
                button.button.primary type="submit" { (words.add_button) }
            }
        }
        (views(site, "/suppressions"))
        (search(site, asked))
        @if listed.items.is_empty() && listed.next_cursor.is_none() {
            @if asked.q.is_empty() && asked.reason.is_empty() {
                (parts::empty(words.none, words.none_text, None))
            } @else {
                (parts::empty(words.none_found, words.none_found_text, None))
            }
        } @else {
            (table(site, &listed.items, &zone))
        }
        (parts::pager(site, &here, asked.cursor.is_empty(), listed.next_cursor.as_deref()))
    })
}

/// The way to those that hold, and to those that were lifted.
fn views(site: &Site, here: &str) -> Markup {
    let words = &site.words().suppressions;
    html! {
        nav aria-label=(words.views) {
            ul.chips {
                @for (path, label) in [("/suppressions", words.now), ("/suppressions/lifted", words.lifted)] {
                    li { a href=(path) aria-current=[(path == here).then_some("page")] { (label) } }
                }
            }
        }
    }
}

fn search(site: &Site, asked: &Asked) -> Markup {
    let words = site.words();
    let form = Form::with([("q", asked.q.as_str()), ("reason", &asked.reason)]);
    let mut errors = Errors::none();
    if !asked.q.is_empty() && !asked.q.chars().any(char::is_numeric) {
        errors.add("q", words.suppressions.search_hint);
    }
    let reasons = std::iter::once(("", words.suppressions.any_reason)).chain(words.suppressions.reasons);
    html! {
        form.search method="get" action="/suppressions" role="search" {
            (Field::text("q", words.suppressions.search, &form, &errors).kind("search").input_mode("numeric").max_length(MAX_SEARCH).autocomplete("off"))
            (Field::text("reason", words.suppressions.reason, &form, &errors).options(reasons))
            button.button type="submit" { (words.common.search) }
            @if !asked.q.is_empty() || !asked.reason.is_empty() { a.button href="/suppressions" { (words.common.reset) } }
        }
    }
}

fn table(site: &Site, items: &[Suppression], zone: &str) -> Markup {
    let words = &site.words().suppressions;
    let head = html! {
        th scope="col" { (site.words().common.phone) }
        th scope="col" { (words.customer) }
        th scope="col" { (words.reason) }
        th scope="col" { (words.since) }
        th scope="col" { (words.by) }
        th scope="col" { (words.lift) }
    };
    let rows = html! {
        @for line in items {
            tr {
                th.nowrap scope="row" { (line.phone) }
                td.person { (whose(site, line.customer.as_ref())) }
                td.wide { (line.reason) @if let Some(note) = &line.note { p.hint { (note) } } }
                td.nowrap { (parts::day(line.since, zone)) }
                td { (who(site, &line.by)) }
                td { a.button.small href={ "/suppressions/" (parts::encoded(&line.id)) } { (words.details) span.visually-hidden { ": " (line.phone) } } }
            }
        }
    };
    parts::table(words.now, &head, &rows)
}

/// Shows those that were lifted.
///
/// # Errors
/// When the API does not answer.
pub async fn lifted(site: Person, Query(asked): Query<Asked>) -> Answer {
    let call = site.api().get(["suppressions", "lifted"]).maybe("cursor", Some(&asked.cursor));
    let (shell, listed) = tokio::try_join!(site.shell(), call.send::<List<Suppression>>())?;
    let words = &site.words().suppressions;
    let zone = shell.zone.clone();
    let path = "/suppressions/lifted";
    Ok(Page::staff(&site, shell, Nav::Suppressions, format!("{} · {}", words.lifted, words.title)).body(html! {
        h1 { (words.title) ": " (words.lifted) }
        (views(&site, path))
        @if listed.items.is_empty() {
            (parts::empty(words.none_lifted, words.none_lifted_text, None))
        } @else {
            (lifted_table(&site, &listed.items, &zone))
        }
        (parts::pager(&site, path, asked.cursor.is_empty(), listed.next_cursor.as_deref()))
    }))
}

fn lifted_table(site: &Site, items: &[Suppression], zone: &str) -> Markup {
    let words = &site.words().suppressions;
    let head = html! {
        th scope="col" { (site.words().common.phone) }
        th scope="col" { (words.customer) }
        th scope="col" { (words.reason) }
        th scope="col" { (words.since) }
        th scope="col" { (words.lifted_at) }
        th scope="col" { (words.lifted_by) }
        th scope="col" { (words.because) }
    };
    let rows = html! {
        @for line in items {
            tr {
                th.nowrap scope="row" { (line.phone) }
                td.person { (whose(site, line.customer.as_ref())) }
                td.wide { (line.reason) @if let Some(note) = &line.note { p.hint { (note) } } }
                td.nowrap { (parts::day(line.since, zone)) }
                td.nowrap { @if let Some(at) = line.lifted_at { (parts::day(at, zone)) } }
                td { @if let Some(by) = &line.lifted_by { (who(site, by)) } }
                td.wide { @if let Some(because) = &line.lifted_because { (because) } }
            }
        }
    };
    parts::table(words.lifted, &head, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_however_they_were_pasted() {
        let found: Vec<_> = numbers("010-1111-2222\r\n\n 010 3333 4444 , 010-5555-6666\n\t010-7777-8888;\n").collect();
        assert_eq!(found, [(1, "010-1111-2222"), (3, "010 3333 4444"), (3, "010-5555-6666"), (4, "010-7777-8888")]);
        assert_eq!(numbers(" \n,;\n").count(), 0);
    }
}
