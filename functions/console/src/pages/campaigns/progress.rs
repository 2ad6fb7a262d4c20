//! How far a campaign is, by numbers that add up: a piece of its page that renews itself.

use axum::extract::{Path, Query};
use chrono::TimeDelta;
use maud::{Markup, html};
use serde::Deserialize;

use super::known::{Campaign, GroupNow, ReasonCount, Totals, message_tone};
use crate::page;
use crate::pages::send::won;
use crate::parts;
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

/// How long after its end results and clicks are still looked for every few seconds.
const AFTERWARDS: TimeDelta = TimeDelta::hours(1);

/// What the page around it shows.
#[derive(Debug, Deserialize)]
pub struct Seen {
    #[serde(default)]
    seen: String,
}

/// The piece by itself.
///
/// # Errors
/// When the API does not answer.
pub async fn fragment(site: Person, Path(id): Path<String>, Query(Seen { seen }): Query<Seen>) -> Answer {
    let campaign: Campaign = site.api().get(["campaigns", &id]).send().await?;
    Ok(page::fragment(progress(&site, &campaign, &seen)))
}

/// The piece. When other buttons belong to the state than those that the page shows, the page is to be loaded anew.
pub fn progress(site: &Site, campaign: &Campaign, seen: &str) -> Markup {
    let words = &site.words().campaigns;
    let now = site.deps().ambient.now();
    let is_over = campaign.finished_at.is_some_and(|at| at + AFTERWARDS < now);
    let is_same = campaign.phase() == seen;
    let path = format!("/campaigns/{}", parts::encoded(&campaign.id));
    let address = format!("{path}/progress?seen={}", campaign.phase());
    html! {
        div #progress data-live=[Some(address).filter(|_| is_same && !is_over)] data-reload=[Some(path).filter(|_| !is_same || !is_over)] {
            (state(site, campaign))
            @if campaign.state != "scheduled" {
                @if campaign.progress.complete { (parts::progress(words.with_result, campaign.progress.with_result, campaign.to_send())) }
                @else { p.muted { (words.writing_down.replace("{}", &parts::number(campaign.messages.requested))) } }
                (tally(site, campaign))
                div.columns {
                    div { (groups(site, campaign)) }
                    div { (clicks(site, campaign)) (reasons(site, campaign)) }
                }
            }
        }
    }
}

fn state(site: &Site, campaign: &Campaign) -> Markup {
    let words = &site.words().campaigns;
    html! {
        p.campaign-state role="status" {
            (campaign.badge(words))
            @if let Some(canary) = campaign.canary.as_ref().filter(|canary| canary.state == "waiting") { " " (canary.text) }
            @if campaign.awaits_results() { " " (words.results_to_come) }
        }
        @if let Some(failure) = &campaign.failure {
            (parts::notice(if campaign.state == "failed" { Tone::Bad } else { Tone::Warning }, html! { (failure) }))
        }
    }
}

/// All messages, and how many are in which state: the one is the sum of the others.
fn tally(site: &Site, campaign: &Campaign) -> Markup {
    let words = &site.words().campaigns;
    let path = format!("/campaigns/{}", parts::encoded(&campaign.id));
    html! {
        ul.tally aria-label=(words.by_state) {
            li.tally-all { a href={ (path) "#messages" } { span { (words.requested) } strong #requested { (parts::number(campaign.messages.requested)) } } }
            @for (state, count) in campaign.messages.by_state() {
                li.(message_tone(state).class()) data-none[count == 0] {
                    a href={ (path) "?state=" (state) "#messages" } {
                        span { (words.message_state(state)) }
                        strong id={ "count-" (state) } { (parts::number(count)) }
                    }
                }
            }
        }
        p.small.muted { (words.adds_up_hint) }
    }
}

fn groups(site: &Site, campaign: &Campaign) -> Markup {
    let words = &site.words().campaigns;
    let head = html! {
        th { (words.group) } th.number { (words.requested) }
        @for (state, _) in Totals::default().by_state() { th.number { (words.message_state(state)) } }
    };
    let name = |group: &GroupNow| match (&group.id, &group.name) {
        (_, Some(name)) => name.clone(),
        (Some(_), None) => words.group_gone.to_owned(),
        (None, None) => words.no_group.to_owned(),
    };
    let rows = html! {
        @for group in &campaign.groups {
            tr {
                th scope="row" { (name(group)) }
                td.number { (parts::number(group.messages.requested)) }
                @for (_, count) in group.messages.by_state() { td.number { (parts::number(count)) } }
            }
        }
    };
    html! {
        @if !campaign.groups.is_empty() && campaign.kind != "test" {
            h2 { (words.by_group) }
            (parts::table(words.by_group, &head, &rows))
        }
    }
}

fn clicks(site: &Site, campaign: &Campaign) -> Markup {
    let words = &site.words().campaigns;
    let clicks = &campaign.clicks;
    let left_out = clicks.previews + clicks.prefetches + clicks.bots + clicks.rejected;
    let delivered = campaign.messages.delivered;
    html! {
        @if campaign.destination.is_some() {
            section.card {
                h2 { (words.tab_clicks) }
                p.figure #unique-clicks { (words.people.replace("{}", &parts::number(clicks.unique))) }
                p { (words.of_delivered.replace("{n}", &parts::number(delivered)).replace("{share}", &parts::share(clicks.unique, delivered))) }
                p.small.muted {
                    (words.all_clicks.replace("{n}", &parts::number(clicks.human)).replace("{left}", &parts::number(left_out))) " "
                    a href={ "/campaigns/" (parts::encoded(&campaign.id)) "/clicks" } { (words.see_clicks) }
                }
            }
        }
        @if let Some(cost) = campaign.estimated_cost {
            p.muted { (words.cost.replace("{}", &won(cost))) }
        }
    }
}

fn reasons(site: &Site, campaign: &Campaign) -> Markup {
    let words = &site.words().campaigns;
    let path = format!("/campaigns/{}", parts::encoded(&campaign.id));
    let list = |state: &str, reasons: &[ReasonCount]| {
        html! {
            @if !reasons.is_empty() {
                h3 { (words.why(state)) }
                ul.reason-list {
                    @for reason in reasons {
                        li {
                            a href=(format!("{}#messages", parts::address(&path, [("state", state), ("reason", reason.reason_code.as_str())]))) { (reason.reason) }
                            " " strong.nowrap { (words.messages.replace("{}", &parts::number(reason.count))) }
                        }
                    }
                }
            }
        }
    };
    html! { (list("failed", &campaign.failures)) (list("unknown", &campaign.unknowns)) (list("excluded", &campaign.excluded)) }
}
