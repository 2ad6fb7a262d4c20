//! The button that sends.

use axum::response::Response;
use maud::html;
use serde::Deserialize;

use super::check;
use super::frame::Frame;
use super::known::Known;
use super::plan::{PATH, Plan, moment};
use super::reached;
use super::step::Step;
use crate::api::{Failure, Problem};
use crate::form::{Errors, Form};
use crate::page::{Nav, Page};
use crate::parts;
use crate::site::{Answer, Person};
use crate::visitor::Tone;

/// The campaign that is written down.
#[derive(Debug, Deserialize)]
struct Campaign {
    id: String,
    state: String,
}

/// Asks for the campaign. The key was made when the wizard began: whatever is pressed how often, it is asked for once.
///
/// # Errors
/// When the API does not answer.
pub async fn send(site: Person, form: Form) -> Answer {
    let mut plan = Plan::read(&form);
    let known = Known::of(&site, &mut plan).await?;
    let (step, errors) = reached(&site, &known, &plan, Step::Check);
    if form.restored() || step != Step::Check || plan.key.is_empty() {
        return back(&site, &known, &plan, &form, &errors).await;
    }
    let Some(template) = &known.template else { return Ok(site.go(PATH)) };
    if plan.later && moment(&plan.at, &known.shell.zone).is_none() {
        let mut errors = Errors::none();
        errors.add("at", site.words().send.no_time);
        return back(&site, &known, &plan, &form, &errors).await;
    }
    let wish = plan.wish(template, &known.shell.zone);
    match site.api().post(["campaigns"]).idempotent(&plan.key).json(&wish).send::<Campaign>().await {
        Ok(campaign) => {
            let words = &site.words().send;
            let text = if campaign.state == "scheduled" { words.scheduled } else { words.sent };
            Ok(site.go_saying(&format!("/campaigns/{}", campaign.id), Tone::Good, text))
        }
        Err(failure) => refused(&site, &known, &plan, &form, failure).await,
    }
}

/// What the API says is wrong, above the form or beside its field.
async fn refused(site: &Person, known: &Known, plan: &Plan, form: &Form, failure: Failure) -> Answer {
    let problem = match failure {
        Failure::Problem(problem) if problem.status == 404 => *problem,
        other => other.about_input()?,
    };
    if problem.is("idempotency-key-reused") {
        return Ok(sent_before(site, known));
    }
    back(site, known, plan, form, &errors(&problem)).await
}

fn errors(problem: &Problem) -> Errors {
    match problem.field.as_deref() {
        Some("scheduledAt" | "name") => Errors::of(problem, &[("scheduledAt", "at")]),
        _ => Errors::whole(problem.text()),
    }
}

/// The last page with what is wrong; an earlier step when that is not answered.
async fn back(site: &Person, known: &Known, plan: &Plan, form: &Form, errors: &Errors) -> Answer {
    let (step, _) = reached(site, known, plan, Step::Check);
    if step != Step::Check {
        let address = plan.address(PATH, &[("step", "check")]);
        return Ok(site.go(&address.unwrap_or_else(|| PATH.to_owned())));
    }
    check::again(&Frame { site, known, plan, form, errors, step: Step::Check }).await
}

/// The same key with something else: it was sent already, and then somebody went back and changed it.
fn sent_before(site: &Person, known: &Known) -> Response {
    let words = &site.words().send;
    Page::staff(site, known.shell.clone(), Nav::Campaigns, words.sent_before_title).body(html! {
        h1 { (words.sent_before_title) }
        (parts::notice(Tone::Warning, html! { p { (words.sent_before) } }))
        p.actions {
            a.button.primary href="/campaigns" { (words.to_campaigns) }
            a.button href=(PATH) { (words.title) }
        }
    })
}
