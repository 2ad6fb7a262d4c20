//! Everybody and everything that visited the links of a campaign.

use axum::extract::{Path, Query};
use chrono::{DateTime, Utc};
use maud::html;
use serde::Deserialize;

use super::known::{Campaign, tabs};
use crate::api::List;
use crate::page::{Nav, Page};
use crate::parts;
use crate::site::{Answer, Person};
use crate::visitor::Tone;

/// Which visits.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    class: String,
    #[serde(default)]
    cursor: String,
}

/// A visit.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Click {
    message_number: u32,
    name: String,
    clicked_at: DateTime<Utc>,
    class: String,
    class_text: String,
    agent: String,
}

/// The page.
///
/// # Errors
/// When there is no such campaign, or the API does not answer.
pub async fn show(site: Person, Path(id): Path<String>, Query(wanted): Query<Wanted>) -> Answer {
    let words = &site.words().campaigns;
    let class = words.click_classes.iter().map(|(class, _)| *class).find(|class| *class == wanted.class).unwrap_or_default();
    let api = site.api();
    let call = api
        .get(["campaigns", &id, "clicks"])
        .query("limit", 50)
        .maybe("class", Some(class))
        .maybe("cursor", Some(&wanted.cursor));
    let (shell, campaign, list) =
        tokio::try_join!(site.shell(), api.get(["campaigns", &id]).send::<Campaign>(), call.send::<List<Click>>())?;
    let path = format!("/campaigns/{}/clicks", parts::encoded(&id));
    let counts = |class: &str| match class {
        "human" => campaign.clicks.human,
        "preview" => campaign.clicks.previews,
        "prefetch" => campaign.clicks.prefetches,
        "bot" => campaign.clicks.bots,
        _ => campaign.clicks.rejected,
    };
    let head = html! { th { (site.words().common.when) } th { (words.recipient) } th { (words.class) } th { (words.agent) } };
    let rows = html! {
        @for click in &list.items {
            tr {
                td.nowrap { (parts::moment(click.clicked_at, &shell.zone)) }
                th scope="row" { a href={ "/campaigns/" (campaign.id) "/messages/" (click.message_number) } { (click.name) } }
                td { (parts::badge(if click.class == "human" { Tone::Good } else { Tone::Plain }, &click.class_text)) }
                td.small.muted.agent { (click.agent) }
            }
        }
    };
    let content = html! {
        p { a href={ "/campaigns/" (campaign.id) } { "← " (campaign.name) } }
        h1 { (words.clicks_of.replace("{}", &campaign.name)) }
        (tabs(&site, &campaign.id, "/clicks"))
        p { (words.clicks_hint) }
        nav aria-label=(words.filters) {
            ul.chips {
                li { a href=(path) aria-current=[class.is_empty().then_some("true")] { (words.all) } }
                @for (name, text) in &words.click_classes {
                    li {
                        a href=(parts::address(&path, [("class", *name)])) aria-current=[(class == *name).then_some("true")] {
                            (text) " " (parts::number(counts(name)))
                        }
                    }
                }
            }
        }
        @if list.items.is_empty() { p.muted { @if list.next_cursor.is_some() { (words.none_in_this_part) } @else { (words.no_clicks) } } }
        @else { (parts::table(words.tab_clicks, &head, &rows)) }
        (parts::pager(&site, &parts::address(&path, [("class", class)]), wanted.cursor.is_empty(), list.next_cursor.as_deref()))
    };
    Ok(Page::staff(&site, shell, Nav::Campaigns, words.clicks_of.replace("{}", &campaign.name)).body(content))
}
