//! What was sent last, and by which codes people came.

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;

use crate::pages::campaigns::campaign_tone;
use crate::parts::{self, number, share};
use crate::site::Site;
use crate::words::dashboard::Dashboard;

/// How many codes are shown.
const MOST_CODES: usize = 5;

/// The campaigns that are the newest.
#[derive(Deserialize)]
pub struct Campaigns {
    items: Vec<Campaign>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Campaign {
    id: String,
    name: String,
    state: String,
    state_text: String,
    scheduled_at: Option<DateTime<Utc>>,
    started_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    #[serde(default)]
    counts: Option<Counts>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    requested: u64,
    delivered: u64,
    unique_clicks: u64,
}

/// The clinic's own referral codes.
#[derive(Deserialize)]
pub struct Codes {
    items: Vec<Code>,
}

#[derive(Deserialize)]
struct Code {
    #[serde(rename = "code")]
    text: String,
    label: Option<String>,
    state: String,
    uses: u64,
}

impl Campaigns {
    /// The list.
    pub fn section(&self, site: &Site, zone: &str) -> Markup {
        let words = &site.words().dashboard;
        html! {
            section #latest aria-labelledby="latest-title" {
                div.head.part {
                    h2 #latest-title { (words.latest) }
                    @if !self.items.is_empty() { a href="/campaigns" { (words.all_campaigns) } }
                }
                @if self.items.is_empty() {
                    p.card.muted { (words.no_campaigns) }
                } @else {
                    (parts::table(words.latest, &self.head(site), &self.rows(zone)))
                }
            }
        }
    }

    /// Whether the API tells what became of each.
    fn has_counts(&self) -> bool {
        self.items.iter().any(|campaign| campaign.counts.is_some())
    }

    fn head(&self, site: &Site) -> Markup {
        let (words, common) = (&site.words().dashboard, &site.words().common);
        html! {
            th scope="col" { (common.name) }
            th scope="col" { (common.state) }
            @if self.has_counts() {
                th.number scope="col" { (words.delivered) }
                th.number scope="col" { (words.clicks) }
            }
            th scope="col" { (common.when) }
        }
    }

    fn rows(&self, zone: &str) -> Markup {
        html! {
            @for campaign in &self.items {
                tr {
                    th scope="row" { a href={ "/campaigns/" (campaign.id) } { (campaign.name) } }
                    td { (parts::badge(campaign_tone(&campaign.state), &campaign.state_text)) }
                    @if self.has_counts() { (numbers(campaign.counts.as_ref())) }
                    td.nowrap { (parts::moment(campaign.started_at.or(campaign.scheduled_at).unwrap_or(campaign.created_at), zone)) }
                }
            }
        }
    }
}

fn numbers(counts: Option<&Counts>) -> Markup {
    let of = |part: u64, whole: u64| format!("{} / {}", number(part), number(whole));
    html! {
        @match counts {
            Some(it) => {
                td.number { (of(it.delivered, it.requested)) }
                td.number { (of(it.unique_clicks, it.delivered)) }
            }
            None => { td.number { "–" } td.number { "–" } }
        }
    }
}

impl Codes {
    /// How many people have come by them.
    pub fn uses(&self) -> u64 {
        self.items.iter().map(|code| code.uses).sum()
    }

    /// One that can be printed.
    pub fn first_usable(&self) -> Option<&str> {
        self.items.iter().find(|code| code.state == "usable").map(|code| code.text.as_str())
    }

    /// By which codes people came.
    pub fn section(&self, words: &Dashboard) -> Markup {
        let uses = self.uses();
        let mut codes: Vec<&Code> = self.items.iter().collect();
        codes.sort_by_key(|code| std::cmp::Reverse(code.uses));
        html! {
            section #ways aria-labelledby="ways-title" {
                div.head.part { h2 #ways-title { (words.ways) } a href="/codes" { (words.all_codes) } }
                @if uses == 0 {
                    div.card {
                        p.muted { (words.nobody_came) }
                        @if let Some(code) = self.first_usable() {
                            p { a.button href={ "/codes/" (code) "/print?format=poster" } { (words.print_code) } }
                        }
                    }
                } @else {
                    ul.card.ways {
                        @for code in codes.iter().take(MOST_CODES) {
                            li {
                                span { @match &code.label { Some(label) => (label), None => code { (code.text) } } }
                                progress max=(uses) value=(code.uses) aria-hidden="true" {}
                                span.number { (number(code.uses)) " / " (number(uses)) " " span.muted { "(" (share(code.uses, uses)) ")" } }
                            }
                        }
                    }
                    p.muted.small { (words.ways_text) }
                }
            }
        }
    }
}
