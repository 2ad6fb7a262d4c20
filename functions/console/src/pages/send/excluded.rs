//! Everybody who would get nothing, page by page.

use axum::extract::RawQuery;
use maud::{Markup, html};
use serde::Deserialize;

use super::known::Known;
use super::plan::{PATH, Plan};
use super::preflight::{Unsendable, people};
use super::said;
use crate::api::{Failure, List};
use crate::form::Form;
use crate::page::{self, Nav, Page};
use crate::parts;
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

/// What pre-flight says of them.
#[derive(Debug, Deserialize)]
struct Found {
    problems: List<Unsendable>,
}

/// The page. It changes nothing. Looking at everybody takes a while, so an address answers without and has the list come later; a button
/// waits for it.
///
/// # Errors
/// When the API does not answer.
pub async fn show(site: Person, RawQuery(query): RawQuery, form: Form) -> Answer {
    let form = said(query.as_deref(), form);
    let mut plan = Plan::read(&form);
    let known = Known::of(&site, &mut plan).await?;
    let (words, common) = (&site.words().send, &site.words().common);
    let list = match plan.address("/send/excluded/list", &[]).filter(|_| !site.is_sent()) {
        Some(address) => html! {
            div data-live=(address) data-now {
                p.muted role="status" data-with-script hidden { (words.checking) }
                p data-without-script { button.button.primary type="submit" form="excluded" { (words.look_now) } }
            }
        },
        None => list(&site, &known, &plan, &form).await?,
    };
    Ok(Page::staff(&site, known.shell.clone(), Nav::Campaigns, words.who_gets_nothing).script("live").body(html! {
        h1 { (words.who_gets_nothing) }
        (list)
        form #excluded method="post" action="/send/excluded" {
            (parts::csrf(&site)) (plan.hidden(&[]))
            div.actions { button.button type="submit" formaction=(PATH) name="step" value="check" { (common.back) } }
        }
    }))
}

/// The list, as a piece of the page.
///
/// # Errors
/// When the API does not answer.
pub async fn fragment(site: Person, RawQuery(query): RawQuery) -> Answer {
    let form = said(query.as_deref(), Form::default());
    let mut plan = Plan::read(&form);
    let known = Known::of(&site, &mut plan).await?;
    Ok(page::fragment(list(&site, &known, &plan, &form).await?))
}

async fn list(site: &Site, known: &Known, plan: &Plan, form: &Form) -> Result<Markup, Failure> {
    let (words, common) = (&site.words().send, &site.words().common);
    let Some(template) = &known.template else { return Ok(html! { div { p.muted { (words.nobody_else) } } }) };
    let wish = plan.wish(template, &known.shell.zone);
    let call = site.api().post(["campaigns", "preflight"]).maybe("cursor", form.filled("cursor")).json(&wish);
    let Found { problems } = match call.send().await {
        Ok(found) => found,
        Err(failure) => {
            let problem = failure.about_input()?;
            return Ok(html! { div { (parts::notice(Tone::Bad, html! { p { (problem.text()) } })) } });
        }
    };
    let listed: Vec<_> = problems.items.iter().collect();
    Ok(html! {
        div {
            @if listed.is_empty() { p.muted { @if problems.next_cursor.is_some() { (words.none_in_this_part) } @else { (words.nobody_else) } } }
            @else { (people(site, &listed)) }
            div.actions {
                @if let Some(next) = &problems.next_cursor { button.button type="submit" form="excluded" name="cursor" value=(next) { (common.next_page) } }
                @if form.filled("cursor").is_some() { button.button type="submit" form="excluded" { (common.first_page) } }
            }
        }
    })
}
