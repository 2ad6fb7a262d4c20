//! The button that sends.

use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use maud::html;
use serde::Deserialize;

use super::check;
use super::frame::Frame;
use super::known::Known;
use super::plan::{PATH, Plan, moment};
use super::preflight::{self, Preflight};
use super::step::Step;
use super::{at_step, reached};
use crate::api::{Failure, Problem};
use crate::form::{Errors, Form};
use crate::page::{Nav, Page};
use crate::parts;
use crate::site::{Answer, Person};
use crate::visitor::Tone;

/// Whoever presses later than this a second time means another campaign.
const PRESSING_TWICE: TimeDelta = TimeDelta::minutes(1);

/// The campaign that is written down.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Campaign {
    id: String,
    state: String,
    created_at: DateTime<Utc>,
}

/// Asks for the campaign. The key was made with the last page: however often its button is pressed, it is asked for once, and from a
/// page that is opened anew it is asked for anew.
///
/// What was confirmed is a number of people, so everybody is looked at again before. Between that and the moment at which the API reads
/// the groups (some seconds later, or at the planned time) customers may still come and go: the API takes no number with the wish, and
/// those who are in the groups when it begins get it.
///
/// # Errors
/// When the API does not answer.
pub async fn send(site: Person, form: Form) -> Answer {
    let mut plan = Plan::read(&form);
    let known = Known::of(&site, &mut plan).await?;
    let (step, errors) = reached(&site, &known, &plan, Step::Check);
    let key = form.text("key");
    if form.restored() || step != Step::Check || key.is_empty() {
        return back(&site, &known, &plan, &form, &errors).await;
    }
    let Some(template) = &known.template else { return Ok(site.go(PATH)) };
    if plan.later && moment(&plan.at, &known.shell.zone).is_none() {
        let mut errors = Errors::none();
        errors.add("at", site.words().send.no_time);
        return back(&site, &known, &plan, &form, &errors).await;
    }
    let found = match preflight::ask(&site, &known, &plan).await {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(site.go(PATH)),
        Err(failure) => return refused(&site, &known, &plan, &form, failure).await,
    };
    if let Some(text) = unconfirmed(&site, &known, &form, &found) {
        let errors = Errors::whole(text);
        return Ok(check::with(
            &Frame { site: &site, known: &known, plan: &plan, form: &form, errors: &errors, step: Step::Check },
            &found,
        ));
    }
    let wish = plan.wish(template, &known.shell.zone);
    match site.api().post(["campaigns"]).idempotent(key).json(&wish).send::<Campaign>().await {
        Ok(campaign) => {
            let words = &site.words().send;
            let (tone, text) = match campaign.state.as_str() {
                // A page that the browser had kept: its key brings the campaign of then.
                _ if campaign.created_at + PRESSING_TWICE < site.deps().ambient.now() => (Tone::Warning, words.sent_once),
                "scheduled" => (Tone::Good, words.scheduled),
                _ => (Tone::Good, words.sent),
            };
            Ok(site.go_saying(&format!("/campaigns/{}", campaign.id), tone, text))
        }
        Err(failure) => refused(&site, &known, &plan, &form, failure).await,
    }
}

/// Why it is not sent although the button was pressed: it is not what the page with the button said.
fn unconfirmed(site: &Person, known: &Known, form: &Form, found: &Preflight) -> Option<String> {
    let words = &site.words().send;
    let number = |name| form.text(name).parse::<u64>().ok();
    let (before, now) = match (number("confirmed"), found.reaches(known)) {
        (Some(before), (now, true)) => (Some(before), now),
        // Without time for everybody only the sizes of groups can be compared.
        _ => (number("confirmed-members"), known.members()),
    };
    match before {
        Some(before) if before != now => {
            let text = words.count_changed.replace("{before}", &parts::number(before));
            Some(text.replace("{now}", &parts::number(now)))
        }
        Some(_) if found.ready && known.lost(words).is_none() => None,
        _ => Some(words.not_sent_yet.to_owned()),
    }
}

/// What the API says is wrong, above the form or beside its field. What it does not find was deleted a moment ago.
async fn refused(site: &Person, known: &Known, plan: &Plan, form: &Form, failure: Failure) -> Answer {
    if failure.is_not_found() {
        let mut plan = plan.clone();
        let known = Known::of(site, &mut plan).await?;
        return back(site, &known, &plan, form, &Errors::whole(site.words().send.not_sent_yet)).await;
    }
    let problem = failure.about_input()?;
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
        return Ok(at_step(site, known, plan, Step::Check));
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
