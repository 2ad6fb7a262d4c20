//! My lines of the ledger.

use axum::extract::Query;
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;

use super::{Clinic, Mine, ZONE, friends};
use crate::api::List;
use crate::page::Page;
use crate::parts;
use crate::site::{Answer, Person, Site};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    clinic_id: String,
    reason: String,
    amount: i64,
    balance: i64,
    at: DateTime<Utc>,
}

#[derive(Deserialize)]
pub(super) struct Filter {
    #[serde(default)]
    clinic: String,
    #[serde(default)]
    cursor: String,
}

pub(super) async fn show(site: Person, Query(filter): Query<Filter>) -> Answer {
    let api = site.api();
    let list = api
        .get(["me", "points"])
        .query("limit", 50)
        .maybe("clinicId", Some(&filter.clinic))
        .maybe("cursor", Some(&filter.cursor));
    let (mine, ledger) = tokio::try_join!(api.get(["me"]).send::<Mine>(), list.send::<List<Line>>())?;
    let words = &site.words().me;
    let path = parts::address("/me/points", [("clinic", filter.clinic.as_str())]);
    Ok(Page::new(&site, words.history).body(html! {
        p { a href="/me" { "← " (words.title) } }
        h1 { (words.history) }
        (friends::clinics(&site, "/me/points", &mine, &filter.clinic))
        (lines(&site, &ledger, &mine.clinics))
        (parts::pager(&site, &path, filter.cursor.is_empty(), ledger.next_cursor.as_deref()))
    }))
}

/// The lines as a table; who has several clinics sees at which one each was.
pub(super) fn lines(site: &Site, ledger: &List<Line>, clinics: &[Clinic]) -> Markup {
    let words = &site.words().me;
    if ledger.items.is_empty() {
        return html! { p.muted { (words.no_history) } };
    }
    let several = clinics.len() > 1;
    let name = |id: &str| clinics.iter().find(|clinic| clinic.id == id).map_or("", |clinic| clinic.name.as_str());
    let head = html! {
        th scope="col" { (words.reason) }
        th.number scope="col" { (words.amount) }
        th.number scope="col" { (words.balance) }
        @if several { th scope="col" { (words.clinic) } }
    };
    let rows = html! {
        @for line in &ledger.items {
            tr {
                th scope="row" { (words.reason_of(&line.reason)) br; span.muted.small.light { (parts::day(line.at, ZONE)) } }
                td.number { @if line.amount > 0 { "+" } (parts::number(line.amount)) }
                td.number { (parts::number(line.balance)) }
                @if several { td { (name(&line.clinic_id)) } }
            }
        }
    };
    parts::table(words.history, &head, &rows)
}
