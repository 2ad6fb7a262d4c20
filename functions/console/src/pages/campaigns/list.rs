//! All campaigns, newest first.

use axum::extract::Query;
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;

use super::known::campaign_tone;
use crate::api::List;
use crate::page::{Nav, Page, Shell};
use crate::parts;
use crate::site::{Answer, Person};
use crate::visitor::Tone;

const PATH: &str = "/campaigns";
/// The states that one asks for.
const STATES: [&str; 8] = ["scheduled", "requested", "preparing", "sending", "paused", "finished", "canceled", "failed"];
const KINDS: [&str; 3] = ["information", "advertising", "test"];

/// Which ones.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    state: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    cursor: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    id: String,
    name: String,
    kind: String,
    state: String,
    state_text: String,
    failure: Option<String>,
    #[serde(default)]
    template_name: Option<String>,
    scheduled_at: Option<DateTime<Utc>>,
    started_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    #[serde(default)]
    counts: Option<Counts>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    requested: u64,
    delivered: u64,
    failed: u64,
    unique_clicks: u64,
}

/// The page.
///
/// # Errors
/// When the API does not answer.
pub async fn show(site: Person, Query(mut wanted): Query<Wanted>) -> Answer {
    if !STATES.contains(&wanted.state.as_str()) {
        wanted.state.clear();
    }
    if !KINDS.contains(&wanted.kind.as_str()) {
        wanted.kind.clear();
    }
    let call = site.api().get(["campaigns"]).query("limit", 50).maybe("state", Some(&wanted.state));
    let call = call.maybe("kind", Some(&wanted.kind)).maybe("cursor", Some(&wanted.cursor));
    let (shell, list) = tokio::try_join!(site.shell(), call.send::<List<Item>>())?;
    let words = &site.words().campaigns;
    let is_narrowed = !wanted.state.is_empty() || !wanted.kind.is_empty();
    let path = parts::address(PATH, [("state", wanted.state.as_str()), ("kind", wanted.kind.as_str())]);
    let content = html! {
        div.head {
            h1 { (words.title) }
            div.actions { a.button.primary href="/send" { (words.new) } }
        }
        @if list.items.is_empty() && !is_narrowed && wanted.cursor.is_empty() {
            (parts::empty(words.none_yet, words.begin_here, Some(("/send", words.new))))
        } @else {
            (filters(&site, &wanted))
            @if list.items.is_empty() { p.muted { (words.none_like_this) } } @else { (table(&site, &shell, &list.items)) }
            (parts::pager(&site, &path, wanted.cursor.is_empty(), list.next_cursor.as_deref()))
        }
    };
    Ok(Page::staff(&site, shell, Nav::Campaigns, words.title).body(content))
}

fn filters(site: &Person, wanted: &Wanted) -> Markup {
    let words = &site.words().campaigns;
    let chip = |label: &str, state: &str, kind: &str| {
        let is_here = wanted.state == state && wanted.kind == kind;
        html! { li { a href=(parts::address(PATH, [("state", state), ("kind", kind)])) aria-current=[is_here.then_some("true")] { (label) } } }
    };
    html! {
        nav aria-label=(words.filters) {
            ul.chips {
                (chip(words.all, "", ""))
                @for state in ["scheduled", "sending", "paused", "finished", "canceled", "failed"] { (chip(words.campaign_state(state), state, "")) }
                (chip(words.kind("advertising"), "", "advertising"))
                (chip(words.tests, "", "test"))
            }
        }
    }
}

fn table(site: &Person, shell: &Shell, items: &[Item]) -> Markup {
    let (words, common) = (&site.words().campaigns, &site.words().common);
    let has_counts = items.iter().any(|item| item.counts.is_some());
    let head = html! {
        th { (common.name) } th { (common.state) }
        @if has_counts {
            th.number { (words.requested) } th.number { (words.message_state("delivered")) }
            th.number { (words.message_state("failed")) } th.number { (words.clicked_people) }
        }
        th { (words.begins) }
    };
    let rows = html! {
        @for item in items {
            tr {
                th scope="row" {
                    a href={ (PATH) "/" (item.id) } { (item.name) }
                    @if item.kind != "information" { " " (parts::badge(Tone::Plain, words.kind(&item.kind))) }
                    @if let Some(template) = item.template_name.as_ref().filter(|name| **name != item.name) { br; span.small.muted.light { (template) } }
                }
                td {
                    (parts::badge(campaign_tone(&item.state), &item.state_text))
                    @if let Some(failure) = item.failure.as_ref().filter(|_| item.state != "canceled") { br; span.small { (failure) } }
                }
                @if has_counts {
                    @match &item.counts {
                        Some(counts) => {
                            td.number { (parts::number(counts.requested)) }
                            td.number { (parts::number(counts.delivered)) }
                            td.number { (parts::number(counts.failed)) }
                            td.number { (parts::number(counts.unique_clicks)) br; span.small.muted { (parts::share(counts.unique_clicks, counts.delivered)) } }
                        }
                        None => { td.number { "–" } td.number { "–" } td.number { "–" } td.number { "–" } }
                    }
                }
                td.nowrap {
                    @match (item.started_at, item.scheduled_at) {
                        (Some(at), _) => (parts::moment(at, &shell.zone)),
                        (None, Some(at)) => { (parts::moment(at, &shell.zone)) " " span.small.muted { (words.planned) } }
                        (None, None) => (parts::moment(item.created_at, &shell.zone)),
                    }
                }
            }
        }
    };
    parts::table(words.title, &head, &rows)
}
