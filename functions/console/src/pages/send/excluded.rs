//! Everybody who would get nothing, page by page.

use axum::extract::RawQuery;
use axum::response::Response;
use maud::html;
use serde::Deserialize;

use super::known::{Known, List};
use super::plan::{PATH, Plan};
use super::preflight::{Unsendable, people};
use super::said;
use crate::form::Form;
use crate::page::{Nav, Page};
use crate::parts;
use crate::site::{Answer, Person};

/// What pre-flight says of them.
#[derive(Debug, Deserialize)]
struct Found {
    problems: List<Unsendable>,
}

/// The page. It changes nothing.
///
/// # Errors
/// When the API does not answer.
pub async fn show(site: Person, RawQuery(query): RawQuery, form: Form) -> Answer {
    let form = said(query.as_deref(), form);
    let mut plan = Plan::read(&form);
    let known = Known::of(&site, &mut plan).await?;
    let Some(template) = &known.template else { return Ok(site.go(PATH)) };
    let wish = plan.wish(template, &known.shell.zone);
    let call = site.api().post(["campaigns", "preflight"]).maybe("cursor", form.filled("cursor")).json(&wish);
    let found: Found = match call.send().await {
        Ok(found) => found,
        Err(failure) => {
            failure.about_input()?;
            return Ok(site.go(&plan.address(PATH, &[("step", "check")]).unwrap_or_else(|| PATH.to_owned())));
        }
    };
    Ok(page(&site, &known, &plan, &form, &found.problems))
}

fn page(site: &Person, known: &Known, plan: &Plan, form: &Form, list: &List<Unsendable>) -> Response {
    let (words, common) = (&site.words().send, &site.words().common);
    let listed: Vec<_> = list.items.iter().collect();
    Page::staff(site, known.shell.clone(), Nav::Campaigns, words.who_gets_nothing).body(html! {
        h1 { (words.who_gets_nothing) }
        @if listed.is_empty() { p.muted { @if list.next_cursor.is_some() { (words.none_in_this_part) } @else { (words.nobody_else) } } }
        @else { (people(site, &listed)) }
        form method="post" action="/send/excluded" {
            (parts::csrf(site)) (plan.hidden(&[]))
            div.actions {
                @if let Some(next) = &list.next_cursor { button.button type="submit" name="cursor" value=(next) { (common.next_page) } }
                @if form.filled("cursor").is_some() { button.button type="submit" { (common.first_page) } }
                button.button type="submit" formaction=(PATH) name="step" value="check" { (common.back) }
            }
        }
    })
}
