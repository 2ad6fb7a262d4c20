//! The log as owners read it.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;

use super::asked::Asked;
use crate::api::List;
use crate::form::Errors;
use crate::page::{Nav, Page, Shell};
use crate::parts::{self, Field};
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;
use crate::words::audit::Audit;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    at: DateTime<Utc>,
    staff: Actor,
    action_text: String,
    subject: Subject,
    people: u32,
}

#[derive(Deserialize)]
struct Actor {
    id: String,
    name: String,
    removed: bool,
}

#[derive(Deserialize)]
struct Subject {
    kind: String,
    id: Option<String>,
    name: Option<String>,
}

/// Lists what staff did with whose data.
///
/// # Errors
/// When the API does not answer.
pub async fn show(site: Person, Query(asked): Query<Asked>) -> Answer {
    let shell = site.shell().await?;
    let words = &site.words().audit;
    if !shell.owner {
        return Ok(for_owners(&site, shell));
    }
    let [from, to] = match asked.span(&shell.zone, words) {
        Ok(span) => span.map(|at| at.map(|at| at.to_rfc3339())),
        Err(errors) => return Ok(page(&site, shell, &asked, &List::default(), &errors)),
    };
    let call = site
        .api()
        .get(["audit"])
        .query("limit", 50)
        .maybe("staffId", Some(&asked.staff))
        .maybe("subject", Some(&asked.subject))
        .maybe("action", Some(&asked.action))
        .maybe("from", from)
        .maybe("to", to)
        .maybe("cursor", Some(&asked.cursor));
    match call.send::<List<Line>>().await {
        Ok(lines) => Ok(page(&site, shell, &asked, &lines, &Errors::none())),
        Err(failure) if failure.problem().is_some_and(|problem| problem.is("not-owner")) => Ok(for_owners(&site, shell)),
        Err(failure) => {
            let errors = Errors::whole(failure.about_input()?.title);
            Ok(page(&site, shell, &asked, &List::default(), &errors))
        }
    }
}

fn for_owners(site: &Site, shell: Shell) -> Response {
    let words = &site.words().audit;
    Page::staff(site, shell, Nav::Audit, words.title).status(StatusCode::FORBIDDEN).body(html! {
        div.head { h1 { (words.title) } }
        (parts::notice(Tone::Plain, html! { (words.for_owners) }))
    })
}

fn page(site: &Site, shell: Shell, asked: &Asked, lines: &List<Line>, errors: &Errors) -> Response {
    let words = &site.words().audit;
    let listed = rows(words, &shell, asked, lines);
    Page::staff(site, shell, Nav::Audit, words.title).errors(errors).body(html! {
        div.head { h1 { (words.title) } }
        p.muted { (words.lead) }
        (parts::error_summary(site, errors))
        (search(site, asked, errors))
        (frequent(words, asked))
        (chosen(words, asked, lines))
        @if errors.is_empty() {
            @if lines.items.is_empty() {
                (parts::empty(words.none_title, words.none_text, Some(("/audit", site.words().common.reset))))
            } @else {
                (listed)
            }
            (parts::pager(site, &asked.without("cursor"), asked.cursor.is_empty(), lines.next_cursor.as_deref()))
        }
    })
}

fn search(site: &Site, asked: &Asked, errors: &Errors) -> Markup {
    let words = &site.words().audit;
    let form = asked.form();
    let known = words.actions.iter().flat_map(|(_, actions)| actions.iter()).any(|(name, _)| *name == asked.action);
    html! {
        form.search role="search" aria-label=(words.title) method="get" action="/audit" {
            @for (name, value) in [("staff", &asked.staff), ("subject", &asked.subject)] {
                @if !value.is_empty() { (parts::hidden(name, value)) }
            }
            div.field {
                label for="field-action" { (words.action) }
                select #field-action name="action" {
                    option value="" { (words.any_action) }
                    @if !known && !asked.action.is_empty() { option value=(asked.action) selected { (asked.action) } }
                    @for (group, actions) in words.actions {
                        optgroup label=(group) {
                            @for (name, text) in *actions { option value=(name) selected[*name == asked.action] { (text) } }
                        }
                    }
                }
            }
            (Field::text("from", words.from, &form, errors).kind("date"))
            (Field::text("to", words.to, &form, errors).kind("date"))
            button.button.primary type="submit" { (words.show) }
            @if asked.is_narrow() { a.button href="/audit" { (site.words().common.reset) } }
        }
    }
}

/// What owners look for most, one click away.
const FREQUENT: [&str; 5] = ["customer.export", "message.export", "customer.delete", "points.adjust", "staff.invite"];

fn frequent(words: &Audit, asked: &Asked) -> Markup {
    let texts = words.actions.iter().flat_map(|(_, actions)| actions.iter()).filter(|(name, _)| FREQUENT.contains(name));
    html! {
        ul.chips aria-label=(words.frequent) {
            @for (name, text) in texts {
                @let here = asked.action == *name;
                li { a href=(if here { asked.without("action") } else { asked.also("action", name) }) aria-current=[here.then_some("true")] { (text) } }
            }
        }
    }
}

/// The colleague and the subject that somebody has picked from a line, each with the way back.
fn chosen(words: &Audit, asked: &Asked, lines: &List<Line>) -> Markup {
    let staff = lines.items.iter().find(|line| line.staff.id == asked.staff).map_or(words.chosen, |line| &line.staff.name);
    let about = lines.items.iter().find(|line| line.subject.id.as_deref() == Some(asked.subject.as_str()));
    let about = about.and_then(|line| line.subject.name.as_deref()).unwrap_or(words.chosen);
    let all = [("staff", &asked.staff, words.staff, staff), ("subject", &asked.subject, words.subject, about)];
    let set: Vec<_> = all.into_iter().filter(|(_, value, ..)| !value.is_empty()).collect();
    html! {
        @if !set.is_empty() {
            ul.chips #filters aria-label=(words.filters) {
                @for (name, _, label, text) in set {
                    li {
                        a href=(asked.without(name)) {
                            (label) ": " (text)
                            span.visually-hidden { ", " (words.without.replace("{filter}", label)) }
                            span.cross aria-hidden="true" { "×" }
                        }
                    }
                }
            }
        }
    }
}

fn rows(words: &Audit, shell: &Shell, asked: &Asked, lines: &List<Line>) -> Markup {
    let head = html! {
        th scope="col" { (words.at) }
        th scope="col" { (words.staff) }
        th scope="col" { (words.action) }
        th scope="col" { (words.subject) }
        th.number scope="col" { (words.people) }
    };
    let body = html! {
        @for line in &lines.items {
            tr {
                td.nowrap { (parts::moment(line.at, &shell.zone)) }
                td.nowrap {
                    a href=(asked.also("staff", &line.staff.id)) title=(words.only_staff.replace("{name}", &line.staff.name)) { (line.staff.name) }
                    @if line.staff.removed { " " (parts::badge(Tone::Plain, words.left)) }
                }
                th.name scope="row" { (line.action_text) }
                td { (subject(words, asked, line)) }
                td.number { @if line.people == 0 { "–" } @else { (parts::number(line.people)) } }
            }
        }
    };
    parts::table(words.caption, &head, &body)
}

fn subject(words: &Audit, asked: &Asked, Line { subject, people, .. }: &Line) -> Markup {
    let Some(id) = &subject.id else { return html! { span.muted { (if *people == 0 { "–" } else { words.many }) } } };
    let kind = words.kinds.iter().find(|(kind, _)| *kind == subject.kind).map_or(subject.kind.as_str(), |(_, word)| *word);
    html! {
        div.subject {
            span.muted.small { (kind) }
            @match (&subject.name, place(&subject.kind, id)) {
                (Some(name), Some(path)) => a href=(path) { (name) },
                (Some(name), None) => span { (name) },
                (None, _) => (parts::badge(Tone::Plain, words.gone)),
            }
            @if asked.subject.is_empty() { a.small.nowrap href=(asked.also("subject", id)) { (words.only_subject) } }
        }
    }
}

/// Where a subject is shown.
fn place(kind: &str, id: &str) -> Option<String> {
    match kind {
        "customer" => Some(format!("/customers/{id}")),
        "user" => Some(format!("/members/{id}")),
        "group" => Some(parts::address("/customers", [("group", id)])),
        "import" => Some(format!("/imports/{id}")),
        "campaign" => Some(format!("/campaigns/{id}")),
        _ => None,
    }
}
