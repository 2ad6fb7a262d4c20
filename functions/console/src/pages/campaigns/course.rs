//! The course of a campaign, hour by hour.

use axum::extract::Path;
use chrono::{DateTime, FixedOffset, TimeDelta};
use chrono_tz::Tz;
use maud::{Markup, html};
use serde::Deserialize;

use super::known::{Campaign, tabs};
use crate::page::{Nav, Page};
use crate::parts;
use crate::site::{Answer, Person};

/// How many days are shown. Later clicks are in the numbers of the campaign.
const DAYS: TimeDelta = TimeDelta::days(6);

#[derive(Debug, Deserialize)]
struct Series {
    total: Numbers,
    periods: Vec<Period>,
}

#[derive(Debug, Deserialize)]
struct Period {
    begin: DateTime<FixedOffset>,
    #[serde(flatten)]
    numbers: Numbers,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Numbers {
    sent: i64,
    delivered: i64,
    failed: i64,
    human_clicks: i64,
    unique_clicks: i64,
}

impl Numbers {
    const fn all(self) -> [i64; 5] {
        [self.sent, self.delivered, self.failed, self.unique_clicks, self.human_clicks]
    }
}

/// The page.
///
/// # Errors
/// When there is no such campaign, or the API does not answer.
pub async fn show(site: Person, Path(id): Path<String>) -> Answer {
    let words = &site.words().campaigns;
    let api = site.api();
    let (shell, campaign) = tokio::try_join!(site.shell(), api.get(["campaigns", &id]).send::<Campaign>())?;
    let series = match campaign.started_at {
        Some(began) => {
            let zone: Tz = shell.zone.parse().unwrap_or(chrono_tz::Asia::Seoul);
            let last = site.deps().ambient.now().min(began + DAYS).max(began);
            let day = |at: DateTime<chrono::Utc>| at.with_timezone(&zone).date_naive();
            let call = api.get(["stats", "series"]).query("by", "hour").query("from", day(began)).query("to", day(last));
            Some(call.query("campaignId", &campaign.id).send::<Series>().await?)
        }
        None => None,
    };
    let content = html! {
        p { a href={ "/campaigns/" (campaign.id) } { "← " (campaign.name) } }
        h1 { (words.hours_of.replace("{}", &campaign.name)) }
        (tabs(&site, &campaign.id, "/hours"))
        @match &series {
            Some(series) => { p { (words.hours_hint) } (table(&site, series)) },
            None => p.muted { (words.not_begun) },
        }
    };
    let title = words.hours_of.replace("{}", &campaign.name);
    Ok(Page::staff(&site, shell, Nav::Campaigns, title).body(content))
}

fn table(site: &Person, series: &Series) -> Markup {
    let words = &site.words().campaigns;
    let most =
        |pick: fn(Numbers) -> i64| series.periods.iter().map(|period| pick(period.numbers)).max().unwrap_or_default().max(1);
    let (most_sent, most_clicks) = (most(|numbers| numbers.sent.max(numbers.delivered)), most(|numbers| numbers.unique_clicks));
    let head = html! {
        th { (words.hour) } th.number { (words.taken) } th.number { (words.message_state("delivered")) } th.number { (words.message_state("failed")) }
        th.number { (words.clicked_people) } th.number { (words.visits) }
    };
    let bar =
        |value: i64, most: i64| html! { progress max=(most) value=(value) aria-hidden="true" {} " " (parts::number(value)) };
    let rows = html! {
        @for period in series.periods.iter().filter(|period| period.numbers.all().iter().any(|count| *count != 0)) {
            tr {
                th.nowrap scope="row" { time datetime=(period.begin.to_rfc3339()) { (period.begin.format("%Y-%m-%d %H:00").to_string()) } }
                td.number.with-bar { (bar(period.numbers.sent, most_sent)) }
                td.number.with-bar { (bar(period.numbers.delivered, most_sent)) }
                td.number { (parts::number(period.numbers.failed)) }
                td.number.with-bar { (bar(period.numbers.unique_clicks, most_clicks)) }
                td.number { (parts::number(period.numbers.human_clicks)) }
            }
        }
        tr.total {
            th scope="row" { (words.together) }
            @for count in series.total.all() { td.number { (parts::number(count)) } }
        }
    };
    parts::table(words.tab_hours, &head, &rows)
}
