//! Where every message and every visit of a campaign is: the proof that none is lost.

use axum::extract::Path;
use maud::{Markup, html};
use serde::Deserialize;

use super::known::{Campaign, tabs};
use crate::page::{Nav, Page};
use crate::parts;
use crate::site::{Answer, Person};
use crate::visitor::Tone;

#[derive(Debug, Deserialize)]
struct Report {
    status: String,
    messages: Messages,
    visits: Visits,
    counters: Counters,
}

#[derive(Debug, Deserialize)]
struct Messages {
    requested: i64,
    queued: u64,
    sent: u64,
    delivered: u64,
    failed: u64,
    unknown: u64,
    excluded: u64,
    difference: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Visits {
    answered: u64,
    human: u64,
    preview: u64,
    prefetch: u64,
    bot: u64,
    rejected: u64,
    recorded: u64,
    still_queued: u64,
    missing: u64,
}

#[derive(Debug, Deserialize)]
struct Counters {
    differences: Vec<Difference>,
}

#[derive(Debug, Deserialize)]
struct Difference {
    counter: String,
    rows: i64,
    counted: i64,
}

/// The page.
///
/// # Errors
/// When there is no such campaign, or the API does not answer.
pub async fn show(site: Person, Path(id): Path<String>) -> Answer {
    let words = &site.words().campaigns;
    let api = site.api();
    let (shell, campaign, report) = tokio::try_join!(
        site.shell(),
        api.get(["campaigns", &id]).send::<Campaign>(),
        api.get(["stats", "campaigns", &id, "conservation"]).send::<Report>(),
    )?;
    let (tone, text) = match report.status.as_str() {
        "adds_up" => (Tone::Good, words.adds_up),
        "catching_up" => (Tone::Plain, words.catching_up),
        "missing" => (Tone::Warning, words.missing),
        _ => (Tone::Bad, words.differs),
    };
    let title = words.where_of.replace("{}", &campaign.name);
    let content = html! {
        p { a href={ "/campaigns/" (campaign.id) } { "← " (campaign.name) } }
        h1 { (title) }
        (tabs(&site, &campaign.id, "/whereabouts"))
        (parts::notice(tone, html! { p { (text.replace("{}", &parts::number(report.visits.missing))) } }))
        div.columns.halves {
            section { h2 { (words.messages_title) } (messages(&site, &campaign.id, &report.messages)) }
            section { h2 { (words.visits_title) } (visits(&site, &report.visits)) }
        }
        @if !report.counters.differences.is_empty() { (differences(&site, &report.counters)) }
    };
    Ok(Page::staff(&site, shell, Nav::Campaigns, title).body(content))
}

fn line(place: &Markup, means: &str, count: impl Into<i128>, class: &str) -> Markup {
    html! {
        tr.(class) { th scope="row" { (place) @if !means.is_empty() { br; span.small.muted.light { (means) } } } td.number { (parts::number(count)) } }
    }
}

fn messages(site: &Person, id: &str, messages: &Messages) -> Markup {
    let words = &site.words().campaigns;
    let states = [
        ("queued", words.means_queued, messages.queued),
        ("sent", words.means_sent, messages.sent),
        ("delivered", words.means_delivered, messages.delivered),
        ("failed", words.means_failed, messages.failed),
        ("unknown", words.means_unknown, messages.unknown),
        ("excluded", words.means_excluded, messages.excluded),
    ];
    let link = |state: &str| html! { a href={ "/campaigns/" (parts::encoded(id)) "?state=" (state) "#messages" } { (words.message_state(state)) } };
    let rows = html! {
        @for (state, means, count) in states { (line(&link(state), means, count, "")) }
        (line(&html! { (words.sum_of_states) }, "", messages.requested - messages.difference, "total"))
        (line(&html! { (words.requested) }, words.means_requested, messages.requested, "total"))
        @if messages.difference != 0 { (line(&html! { (words.difference) }, "", messages.difference, "total")) }
    };
    parts::table(words.messages_title, &html! { th { (words.place) } th.number { (words.count) } }, &rows)
}

fn visits(site: &Person, visits: &Visits) -> Markup {
    let words = &site.words().campaigns;
    let counts = [visits.human, visits.preview, visits.prefetch, visits.bot, visits.rejected];
    let rows = html! {
        @for ((_, name), count) in words.click_classes.iter().zip(counts) { (line(&html! { (name) }, "", count, "")) }
        (line(&html! { (words.recorded) }, "", visits.recorded, "total"))
        (line(&html! { (words.still_queued) }, words.means_still_queued, visits.still_queued, ""))
        (line(&html! { (words.answered) }, words.means_answered, visits.answered, "total"))
    };
    parts::table(words.visits_title, &html! { th { (words.place) } th.number { (words.count) } }, &rows)
}

fn differences(site: &Person, counters: &Counters) -> Markup {
    let words = &site.words().campaigns;
    let head = html! { th { (words.counter) } th.number { (words.by_rows) } th.number { (words.by_counter) } };
    let rows = html! {
        @for difference in &counters.differences {
            tr {
                th scope="row" { (difference.counter) }
                td.number { (parts::number(difference.rows)) }
                td.number { (parts::number(difference.counted)) }
            }
        }
    };
    html! { h2 { (words.counters_title) } p { (words.counters_hint) } (parts::table(words.counters_title, &head, &rows)) }
}
