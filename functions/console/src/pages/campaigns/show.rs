//! One campaign: what it is, what can be done with it, how far it is, and its messages.

use axum::extract::{Path, Query};
use maud::{Markup, html};

use super::control;
use super::known::{Campaign, tabs};
use super::messages::{self, Message, Wanted};
use super::progress::progress;
use crate::api::List;
use crate::form::{Errors, Form};
use crate::page::{Nav, Page, Shell};
use crate::parts;
use crate::site::{Answer, Person};
use crate::visitor::Tone;

/// The page.
///
/// # Errors
/// When there is no such campaign, or the API does not answer.
pub async fn show(site: Person, Path(id): Path<String>, Query(wanted): Query<Wanted>) -> Answer {
    page(&site, &id, &wanted.tidy(), &Form::default(), &Errors::none()).await
}

/// The page with what is wrong with the form that sends again.
///
/// # Errors
/// When there is no such campaign, or the API does not answer.
pub async fn page(site: &Person, id: &str, wanted: &Wanted, form: &Form, errors: &Errors) -> Answer {
    let list = async {
        let list = wanted.of(site.api().get(["campaigns", id, "messages"])).send::<List<Message>>().await;
        match list {
            // A group that is none, or another list's cursor: the list from its beginning.
            Err(failure) if failure.problem().is_some_and(|problem| problem.is("invalid-input")) => {
                site.api().get(["campaigns", id, "messages"]).send().await
            }
            other => other,
        }
    };
    let (shell, campaign, list) = tokio::try_join!(site.shell(), site.api().get(["campaigns", id]).send::<Campaign>(), list)?;
    let words = &site.words().campaigns;
    let path = format!("/campaigns/{}", parts::encoded(id));
    let refresh = if site.is_sent() { &path } else { site.here() };
    let content = html! {
        (parts::restored(site, form)) (parts::error_summary(site, errors))
        p { a href="/campaigns" { "← " (words.title) } }
        div.head {
            h1 {
                (campaign.name)
                @if campaign.kind != "information" { " " (parts::badge(Tone::Plain, words.kind(&campaign.kind))) }
            }
            (control::buttons(site, &campaign))
        }
        (tabs(site, &campaign.id, ""))
        (facts(site, &shell, &campaign))
        (progress(site, &campaign, campaign.phase()))
        p data-without-script { a.button.small href=(refresh) { (site.words().common.refresh) } }
        (control::follow_up(site, &campaign, form, errors))
        (messages::section(site, &shell, &campaign, wanted, &list))
    };
    let title = campaign.name.clone();
    Ok(Page::staff(site, shell, Nav::Campaigns, title).script("live").errors(errors).body(content))
}

/// What it is.
fn facts(site: &Person, shell: &Shell, campaign: &Campaign) -> Markup {
    let words = &site.words().campaigns;
    let moments = [
        (words.asked_at, Some(campaign.created_at)),
        (words.planned_at, campaign.scheduled_at),
        (words.began_at, campaign.started_at),
        (words.ended_at, campaign.finished_at),
    ];
    html! {
        dl.facts.campaign-facts {
            @for (name, at) in moments {
                @if let Some(at) = at { dt { (name) } dd { (parts::moment(at, &shell.zone)) } }
            }
            dt { (words.template) }
            dd { a href={ "/templates/" (campaign.template_id) } { (words.see_template) } }
            @if let Some(source) = &campaign.source_campaign_id {
                dt { (words.sent_again_from) }
                dd { a href={ "/campaigns/" (source) } { (words.see_source) } }
            }
            @if let Some(destination) = &campaign.destination {
                dt { (words.link) }
                dd { (destination) @if let Some(at) = campaign.link_expires_at { " (" (words.link_until) " " (parts::moment(at, &shell.zone)) ")" } }
            }
        }
    }
}
