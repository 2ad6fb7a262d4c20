//! Points that somebody of the clinic is to look at first.

use axum::extract::Query;
use axum::response::Response;
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use shared::model::state::{HeldState, PointReason};

use super::line;
use super::{Colleague, LONGEST_NOTE, Named, colleague, link};
use crate::api::{Failure, List};
use crate::form::{Errors, Form};
use crate::page::{Nav, Page, Shell};
use crate::parts::{self, Field};
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;
use crate::words::points::Points;

/// What to show.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    state: String,
    #[serde(default)]
    cursor: String,
}

impl Asked {
    fn state(&self) -> HeldState {
        HeldState::ALL.iter().copied().find(|state| state.as_str() == self.state).unwrap_or(HeldState::Held)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Grant {
    id: String,
    member: Named,
    reason: PointReason,
    amount: u64,
    joined: Option<Named>,
    held_because: String,
    held_because_code: String,
    decided_by: Option<Colleague>,
    decided_at: Option<DateTime<Utc>>,
    #[serde(default)]
    note: String,
    at: DateTime<Utc>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Clinic {
    points_enabled: bool,
}

/// Shows what is held, or was.
///
/// # Errors
/// As the API says.
pub async fn show(site: Person, Query(asked): Query<Asked>) -> Answer {
    page(&site, &asked, None).await
}

/// Grants held points, or does not.
///
/// # Errors
/// As the API says.
pub async fn decide(site: Person, form: Form) -> Answer {
    let words = site.words();
    let releases = form.text("do") == "release";
    if form.restored() && releases {
        return Ok(site.go_saying("/points/held", Tone::Warning, words.common.not_done));
    }
    if form.restored() {
        return page(&site, &Asked::default(), Some((&form, &Errors::none()))).await;
    }
    let (deed, body) = if releases { ("release", json!({})) } else { ("refuse", json!({ "note": form.text("note") })) };
    match site.api().post(["points", "held", form.text("held"), deed]).json(&body).done().await {
        Ok(()) => {
            let said = if releases { words.points.released_said } else { words.points.refused_said };
            Ok(site.go_saying("/points/held", Tone::Good, said))
        }
        Err(failure) => {
            let problem = failure.about_input()?;
            if !releases && problem.field.as_deref() == Some("note") {
                return page(&site, &Asked::default(), Some((&form, &Errors::of(&problem, &[])))).await;
            }
            let said = if problem.field.is_some() { problem.short().to_owned() } else { problem.text() };
            Ok(site.go_saying("/points/held", Tone::Bad, &said))
        }
    }
}

async fn page(site: &Site, asked: &Asked, question: Option<(&Form, &Errors)>) -> Answer {
    let api = site.api();
    let held =
        api.get(["points", "held"]).query("state", asked.state()).maybe("cursor", Some(&asked.cursor)).send::<List<Grant>>();
    let (shell, clinic, held) = tokio::try_join!(site.shell(), api.get(["clinic"]).send::<Clinic>(), held)?;
    Ok::<_, Failure>(body(site, shell, asked, (clinic.points_enabled, &held, question)))
}

fn body(site: &Site, shell: Shell, asked: &Asked, shown: (bool, &List<Grant>, Option<(&Form, &Errors)>)) -> Response {
    let words = &site.words().points;
    let (granting, held, question) = shown;
    let (zone, owner) = (shell.zone.clone(), shell.owner);
    let none = Errors::none();
    let path = parts::address("/points/held", [("state", asked.state().as_str())]);
    Page::staff(site, shell, Nav::Points, words.held_title).errors(question.map_or(&none, |(_, errors)| errors)).body(html! {
        div.head {
            h1 { (words.held_title) }
            a href="/points" { (words.back_to_ledger) }
        }
        p { (words.held_lead) }
        @if let Some((form, errors)) = question { (asks_again(site, form, errors)) }
        @if !owner { (parts::notice(Tone::Plain, html! { (words.owners_decide) })) }
        @if !granting {
            @let settings = site.words().codes.to_settings;
            (parts::notice(Tone::Warning, html! { (words.points_are_off) " " a href="/settings" { (settings) } }))
        }
        (chips(words, asked.state()))
        @if held.items.is_empty() {
            (parts::empty(words.none_held_title, words.none_held_text, None))
        } @else {
            ul.held-list {
                @for held in &held.items { li.card { (grant(site, held, (asked.state(), &zone), (owner, granting))) } }
            }
        }
        (parts::pager(site, &path, asked.cursor.is_empty(), held.next_cursor.as_deref()))
    })
}

fn chips(words: &Points, here: HeldState) -> Markup {
    let states = [
        (HeldState::Held, words.state_held),
        (HeldState::Released, words.state_released),
        (HeldState::Refused, words.state_refused),
    ];
    html! {
        nav aria-label=(words.states) {
            ul.chips {
                @for (state, word) in states {
                    @let path = parts::address("/points/held", [("state", state.as_str())]);
                    li { a href=(path) aria-current=[(state == here).then_some("page")] { (word) } }
                }
            }
        }
    }
}

/// One grant: who, how many, why it is held, and what can be done.
fn grant(site: &Site, held: &Grant, (state, zone): (HeldState, &str), (owner, granting): (bool, bool)) -> Markup {
    let words = &site.words().points;
    html! {
        h2 { (link(words, &held.member)) " " strong.delta-up { (line::signed(i64::try_from(held.amount).unwrap_or(i64::MAX))) } }
        p.because { (held.held_because) }
        @if let Some(check) = check(words, &held.held_because_code).filter(|_| state == HeldState::Held) { p.hint { (check) } }
        dl.facts {
            dt { (words.kind) }
            dd {
                (line::reason(words, held.reason)) " · "
                @match held.joined.as_ref().filter(|joined| joined.user_id != held.member.user_id) {
                    Some(joined) => (for_joining(words, joined)),
                    None => (words.for_own_joining),
                }
            }
            dt { (words.since) } dd { (parts::moment(held.at, zone)) }
            @if let Some(at) = held.decided_at {
                dt { (words.decided) }
                dd { (parts::moment(at, zone)) @if let Some(by) = &held.decided_by { " · " (colleague(words, by)) } }
            }
            @if !held.note.is_empty() { dt { (site.words().common.note) } dd { (held.note) } }
        }
        @if state == HeldState::Held && owner { (buttons(site, held, granting)) }
    }
}

/// `김단골님의 가입`, with a link where the name is.
fn for_joining(words: &Points, joined: &Named) -> Markup {
    let (before, after) = words.for_joining_of.split_once("{}").unwrap_or((words.for_joining_of, ""));
    html! { (before) (link(words, joined)) (after) }
}

/// What the clinic should look at; nothing for reasons that came later than this page.
fn check(words: &Points, because: &str) -> Option<&'static str> {
    Some(match because {
        "daily_cap" => words.check_daily_cap,
        "total_cap" => words.check_total_cap,
        "burst" => words.check_burst,
        "staff" => words.check_staff,
        "unproven_phone" => words.check_unproven,
        _ => return None,
    })
}

fn buttons(site: &Site, held: &Grant, granting: bool) -> Markup {
    let words = &site.words().points;
    let name = held.member.name.as_deref().unwrap_or(words.withdrawn);
    let what = format!("{name} {}", parts::number(held.amount));
    let note = format!("note-{}", held.id);
    let fields = html! {
        (parts::hidden("do", "refuse")) (parts::hidden("held", &held.id)) (parts::hidden("what", &what))
        div.field {
            label for=(note) { (words.refuse_note) span.required aria-hidden="true" { " *" } }
            input id=(note) name="note" type="text" maxlength=(LONGEST_NOTE) required;
        }
    };
    html! {
        div.row-actions {
            // Nothing is granted to whoever has withdrawn, nor while points are off.
            @if granting && held.member.name.is_some() {
                form method="post" action="/points/held" {
                    (parts::csrf(site)) (parts::hidden("do", "release")) (parts::hidden("held", &held.id))
                    button.button.primary type="submit" { (words.release) span.visually-hidden { " " (what) } }
                }
            }
            @let question = words.refuse_question.replace("{}", &what);
            (parts::confirm(site, &format!("refuse-{}", held.id), words.refuse, &question, "/points/held", &fields))
        }
    }
}

/// The question of a refusal, when it could not be answered.
fn asks_again(site: &Site, form: &Form, errors: &Errors) -> Markup {
    let words = site.words();
    html! {
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        form.card #refuse method="post" action="/points/held" {
            (parts::csrf(site))
            @for name in ["do", "held", "what"] { (parts::hidden(name, form.text(name))) }
            p { (words.points.refuse_question.replace("{}", form.text("what"))) }
            (Field::text("note", words.points.refuse_note, form, errors).max_length(LONGEST_NOTE).required())
            div.actions {
                button.button.danger type="submit" { (words.points.refuse) }
                a.button href="/points/held" { (words.common.cancel) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::model::state::HoldReason;

    use super::*;
    use crate::words::{en, ko};

    #[test]
    fn every_reason_that_there_is_says_what_to_look_at() {
        for reason in HoldReason::ALL {
            let texts = [&ko::WORDS.points, &en::WORDS.points].map(|words| check(words, reason.as_str()));
            assert!(texts[0].is_some() && texts[1].is_some() && texts[0] != texts[1], "{reason}");
        }
        assert_eq!(check(&ko::WORDS.points, "some day"), None);
    }

    #[test]
    fn an_unknown_state_shows_what_waits() {
        assert_eq!(Asked { state: "x".into(), cursor: String::new() }.state(), HeldState::Held);
        assert_eq!(Asked { state: "refused".into(), cursor: String::new() }.state(), HeldState::Refused);
    }
}
