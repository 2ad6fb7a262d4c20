//! One member: who it is, their points, and whom they brought.

use axum::extract::Path;
use axum::response::Response;
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;
use shared::model::state::{EndReason, MembershipState, UnpaidReason};

use super::tree::{self, Tree};
use super::{CodeOf, confirm_button, decline_button, path, state};
use crate::api::{Failure, List};
use crate::form::{Errors, Form};
use crate::page::{Nav, Page, Shell};
use crate::pages::points::line::{self, Line};
use crate::parts::{self, Field};
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;
use crate::words::Words;
use crate::words::members::Members;

/// How many lines of the ledger stand here; the rest is on a page of its own.
const LINES: u32 = 10;
/// The longest note that the API takes, in characters.
const LONGEST_NOTE: usize = 200;

/// A member as the API shows one.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// The member.
    pub user_id: String,
    /// Their name.
    pub name: String,
    phone: Option<String>,
    membership: MembershipState,
    since: DateTime<Utc>,
    confirmed_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    ended_because: Option<EndReason>,
    customer_id: Option<String>,
    source: Option<Source>,
    own_code: Option<String>,
    points: i64,
    points_held: u64,
    invited_count: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Source {
    code: String,
    #[serde(flatten)]
    of: CodeOf,
    unpaid_because: Option<UnpaidReason>,
}

/// Everything that the page shows.
struct Shown {
    profile: Profile,
    tree: Tree,
    lines: List<Line>,
}

/// Shows a member.
///
/// # Errors
/// As the API says.
pub async fn show(site: Person, Path(user): Path<String>) -> Answer {
    page(&site, &user, &Form::default(), &Errors::none()).await
}

/// The page, with a form that was sent and what is wrong with it.
///
/// # Errors
/// As the API says.
pub async fn page(site: &Site, user: &str, form: &Form, errors: &Errors) -> Result<Response, Failure> {
    let api = site.api();
    let (shell, profile, tree, lines) = tokio::try_join!(
        site.shell(),
        api.get(["members", user]).send::<Profile>(),
        api.get(["members", user, "tree"]).send::<Tree>(),
        api.get(["points"]).query("userId", user).query("limit", LINES).send::<List<Line>>(),
    )?;
    Ok(body(site, shell, &Shown { profile, tree, lines }, (form, errors)))
}

fn body(site: &Site, shell: Shell, shown: &Shown, (form, errors): (&Form, &Errors)) -> Response {
    let words = &site.words().members;
    let Shown { profile, tree, lines } = shown;
    let (zone, owner) = (shell.zone.clone(), shell.owner);
    let title = format!("{} · {}", profile.name, words.title);
    Page::staff(site, shell, Nav::Members, title).errors(errors).body(html! {
        div.head {
            h1 { (profile.name) " " (state(words, profile.membership)) }
            (decisions(site, profile))
        }
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        div.columns.side-by-side {
            (points(site, profile, (form, errors), owner))
            section.card aria-labelledby="facts" {
                h2 #facts { (words.facts) }
                (facts(site, profile, &zone))
            }
        }
        (history(site, profile, lines, (&zone, owner)))
        (tree::draw(words, tree, profile.invited_count, &zone))
    })
}

/// What the clinic can decide now.
fn decisions(site: &Site, profile: &Profile) -> Markup {
    let words = &site.words().members;
    let (user, here) = ((profile.user_id.as_str(), profile.name.as_str()), path(&profile.user_id));
    html! {
        div.actions {
            @match (profile.membership, profile.ended_because) {
                (MembershipState::Pending, _) => {
                    (confirm_button(site, words.confirm, user, &here))
                    (decline_button(site, user, &here))
                },
                (MembershipState::Confirmed, _) => {
                    @let question = words.end_question.replace("{}", &profile.name);
                    (parts::confirm(site, "end-membership", words.end, &question, &here, &parts::hidden("do", "end")))
                },
                (MembershipState::Ended, Some(EndReason::Declined | EndReason::Removed)) => {
                    (confirm_button(site, words.take_back, user, &here))
                },
                (MembershipState::Ended, _) => {},
            }
        }
    }
}

fn points(site: &Site, profile: &Profile, form: (&Form, &Errors), owner: bool) -> Markup {
    let words = &site.words().members;
    let here = path(&profile.user_id);
    html! {
        section.card aria-labelledby="points" {
            h2 #points { (words.points_title) }
            p { span.muted { (words.balance) } br; strong.figure #balance { (parts::number(profile.points)) } }
            @if profile.points_held > 0 {
                p { (words.held.replace("{}", &parts::number(profile.points_held))) " " a href="/points/held" { (words.show_held) } }
            }
            @if profile.points > 0 || form.0.has("spend-amount") { (spend(site, &here, form)) }
            @if owner && profile.membership != MembershipState::Pending { (adjust(site, &here, form)) }
        }
    }
}

/// The last lines of the ledger.
fn history(site: &Site, profile: &Profile, lines: &List<Line>, shell: (&str, bool)) -> Markup {
    let words = &site.words().members;
    let whole = parts::address("/points", [("userId", profile.user_id.as_str())]);
    html! {
        div {
            h2 #history { (words.history) }
            @if lines.items.is_empty() {
                p { (words.no_history) }
            } @else {
                (line::table(site, &lines.items, shell, line::Of::Member(&path(&profile.user_id))))
                p { a href=(whole) { (words.whole_history) } }
            }
        }
    }
}

/// The key of a form that was brought back; a new one for a new form, and for one that the API has refused.
fn key(site: &Site, (form, errors): (&Form, &Errors), deed: &str) -> Markup {
    let kept = form.filled("key").filter(|_| form.text("do") == deed && errors.is_empty());
    parts::hidden("key", &kept.map_or_else(|| site.fresh_key(), str::to_owned))
}

fn spend(site: &Site, here: &str, (form, errors): (&Form, &Errors)) -> Markup {
    let words = &site.words().members;
    html! {
        form #spend method="post" action=(here) {
            (parts::csrf(site)) (parts::hidden("do", "spend")) (key(site, (form, errors), "spend"))
            div.inline-form {
                (Field::text("spend-amount", words.spend_amount, form, errors).input_mode("numeric").max_length(12).required())
                (Field::text("spend-note", words.spend_note, form, errors).max_length(LONGEST_NOTE))
                button.button.primary type="submit" { (words.spend) }
            }
        }
    }
}

fn adjust(site: &Site, here: &str, (form, errors): (&Form, &Errors)) -> Markup {
    let words = &site.words().members;
    html! {
        details.more open[form.text("do") == "adjust"] {
            summary { (words.adjust) }
            form #adjust method="post" action=(here) {
                (parts::csrf(site)) (parts::hidden("do", "adjust")) (key(site, (form, errors), "adjust"))
                (Field::text("adjust-amount", words.adjust_amount, form, errors).hint(words.adjust_amount_hint).max_length(12).required())
                (Field::text("adjust-note", words.adjust_note, form, errors).max_length(LONGEST_NOTE).required())
                button.button type="submit" { (words.adjust) }
            }
        }
    }
}

fn facts(site: &Site, profile: &Profile, zone: &str) -> Markup {
    let words = &site.words().members;
    let common = &site.words().common;
    html! {
        dl.facts {
            dt { (common.phone) }
            dd { @match &profile.phone { Some(phone) => (phone), None => span.muted { (words.unproven) } } }
            dt { (words.since) } dd { (parts::moment(profile.since, zone)) }
            @if let Some(at) = profile.confirmed_at { dt { (words.confirmed_at) } dd { (parts::moment(at, zone)) } }
            @if let Some(at) = profile.ended_at { dt { (words.ended_at) } dd { (parts::moment(at, zone)) } }
            @if let Some(because) = profile.ended_because { dt { (words.ended_because) } dd { (ended(words, because)) } }
            dt { (words.customer) }
            dd {
                @match &profile.customer_id {
                    Some(customer) => { a href={ "/customers/" (customer) } { (words.show_customer) } br; },
                    None => { (words.no_customer) br; },
                }
                @if let Some(text) = link(words, profile) { span.muted.small { (text) } }
            }
            (source(site.words(), profile))
            @if let Some(code) = &profile.own_code { dt { (words.own_code) } dd { a href={ "/codes/" (code) } { code { (code) } } } }
        }
        @if profile.ended_because == Some(EndReason::Left) { (parts::notice(Tone::Plain, html! { (words.left_text) })) }
    }
}

/// Why the member is a customer, or is none.
fn link(words: &Members, profile: &Profile) -> Option<&'static str> {
    match (profile.membership, &profile.customer_id, &profile.phone) {
        (_, Some(_), _) => Some(words.linked),
        (MembershipState::Pending, None, _) => Some(words.linked_once_confirmed),
        (MembershipState::Confirmed, None, None) => Some(words.linked_once_proven),
        (MembershipState::Confirmed, None, Some(_)) => Some(words.not_linked),
        (MembershipState::Ended, None, _) => None,
    }
}

fn source(words: &Words, profile: &Profile) -> Markup {
    let (all, words) = (words, &words.members);
    let Some(source) = &profile.source else {
        return html! { dt { (words.came_by) } dd { (words.no_code) } };
    };
    html! {
        dt { (words.came_by) }
        dd { a href={ "/codes/" (source.code) } { (source.of.name(all)) } br; code.muted.small { (source.code) } }
        dt { (words.invited_by) }
        dd {
            @match &source.of.invited_by {
                Some(inviter) => a href=(path(&inviter.user_id)) { (inviter.name) },
                None if source.of.owner == "clinic" => (words.by_clinic),
                None => (words.by_withdrawn),
            }
        }
        @if let Some(because) = source.unpaid_because { dt { (words.unpaid) } dd { (unpaid(words, because)) } }
    }
}

const fn ended(words: &Members, because: EndReason) -> &'static str {
    match because {
        EndReason::Declined => words.declined,
        EndReason::Removed => words.removed,
        EndReason::Left => words.left,
        EndReason::Withdrawn => words.withdrawn,
    }
}

const fn unpaid(words: &Members, because: UnpaidReason) -> &'static str {
    match because {
        UnpaidReason::KnownCustomer => words.unpaid_known_customer,
        UnpaidReason::KnownMember => words.unpaid_known_member,
        UnpaidReason::Staff => words.unpaid_staff,
        UnpaidReason::NotFirst => words.unpaid_not_first,
        UnpaidReason::PointsOff => words.unpaid_points_off,
        UnpaidReason::NoPoints => words.unpaid_no_points,
    }
}
