//! The numbers of a clinic: what has become of its messages, how that changes over time, and what to do next.

mod chart;
mod now;
mod period;
mod recent;
mod steps;
mod trends;

use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::routing::get;
use maud::{Markup, html};

use crate::api::Failure;
use crate::page::{Nav, Page, fragment};
use crate::site::{Answer, Deps, Person};
use now::StatsNow;
use period::{Asked, Chosen};
use recent::{Campaigns, Codes};
use trends::Series;

/// Its routes.
pub fn routes() -> Router<Arc<Deps>> {
    Router::new().route("/", get(show)).route("/dashboard/now", get(numbers))
}

/// The page.
async fn show(site: Person, Query(asked): Query<Asked>) -> Answer {
    let chosen = Chosen::of(&asked, site.deps().ambient.now(), site.words());
    let api = site.api();
    let (shell, now, series, campaigns, codes) = tokio::try_join!(
        site.shell(),
        api.get(["stats"]).send::<StatsNow>(),
        async { Ok::<_, Failure>(chosen.cut(chosen.query(api.get(["stats", "series"])).send::<Series>().await?)) },
        api.get(["campaigns"]).query("limit", 5).send::<Campaigns>(),
        api.get(["referral-codes"]).query("limit", 200).send::<Codes>(),
    )?;
    let steps = if now.has_everything() { None } else { Some(steps::find(&site, &now, &codes).await?) };
    let words = &site.words().dashboard;
    let (zone, owner) = (shell.zone.clone(), shell.owner);
    Ok(Page::staff(&site, shell, Nav::Dashboard, words.title).errors(&chosen.errors).script("live").body(html! {
        div.head {
            h1 { (words.title) }
            div.actions {
                a.button.primary[steps.is_none()] href="/send" { (words.send) }
                a.button href="/imports" { (words.import) }
            }
        }
        @if let Some(steps) = &steps { (steps.card(words, owner)) }
        section aria-labelledby="now-title" {
            div.head.part {
                h2 #now-title { (words.now) }
                span.muted.small data-with-script hidden { (words.renews_itself) }
                a.button.small data-without-script href=(site.here()) { (site.words().common.refresh) }
            }
            (now.cards(words))
        }
        (trends::section(&site, &asked, &chosen, &series))
        (latest(&site, &campaigns, &codes, &zone))
    }))
}

fn latest(site: &Person, campaigns: &Campaigns, codes: &Codes, zone: &str) -> Markup {
    html! {
        div.columns {
            (campaigns.section(site, zone))
            (codes.section(&site.words().dashboard))
        }
    }
}

/// The numbers of this moment alone, for the script that keeps them fresh.
async fn numbers(site: Person) -> Answer {
    let now: StatsNow = site.api().get(["stats"]).send().await?;
    Ok(fragment(now.cards(&site.words().dashboard)))
}
