//! Pausing, going on, calling off, sending again: each asks once more.

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use super::known::Campaign;
use super::messages::Wanted;
use super::show;
use crate::api::Failure;
use crate::form::{Errors, Form};
use crate::pages::send::moment;
use crate::parts::{self, Field};
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

/// What can be done with it as it is.
pub fn buttons(site: &Site, campaign: &Campaign) -> Markup {
    let words = &site.words().campaigns;
    let path = format!("/campaigns/{}", parts::encoded(&campaign.id));
    let left = parts::number(campaign.messages.queued);
    let question = |id, class, label, question: &str, fields| {
        parts::confirm_as(site, class, id, label, &question.replace("{}", &left), (&format!("{path}/{id}"), &fields))
    };
    if campaign.has_ended() {
        return html! {};
    }
    let key = parts::hidden("key", &site.fresh_key());
    html! {
        div.actions {
            @if campaign.state == "paused" { (question("resume", "primary", words.resume, words.resume_question, key)) }
            @else { (question("pause", "", words.pause, words.pause_question, html! {})) }
            (question("cancel", "danger", words.cancel, if campaign.state == "scheduled" { words.cancel_scheduled_question } else { words.cancel_question }, html! {}))
        }
    }
}

/// Sending again to a part of its recipients: when results are known (those that never come are not waited for longer than a day), and
/// to those who did not click when they had a day for it. A form with something wrong, or after a sign-in in between, stays open.
pub fn follow_up(site: &Site, campaign: &Campaign, form: &Form, errors: &Errors) -> Markup {
    let words = &site.words().campaigns;
    let not_clicked = campaign.messages.delivered.saturating_sub(campaign.clicks.unique);
    let is_a_day_over = campaign.is_a_day_over(site.deps().ambient.now());
    let failed = campaign.failed_and_may_pass();
    let to_failed = failed > 0 && campaign.source_campaign_id.is_none() && (is_a_day_over || !campaign.awaits_results());
    let to_not_clicked = not_clicked > 0 && campaign.destination.is_some();
    if !campaign.has_ended() || campaign.kind == "test" || !(to_failed || to_not_clicked) {
        return html! {};
    }
    let action = format!("/campaigns/{}/again", parts::encoded(&campaign.id));
    let question = |id, class, part: &str, label, question: &str, count: u64| {
        let text = question.replace("{}", &parts::number(count));
        if (form.restored() || errors.at("at").is_some()) && form.text("part") == part {
            return html! {
                form method="post" action=(action) {
                    p { (text) }
                    (parts::csrf(site)) (parts::hidden("key", form.text("key"))) (parts::hidden("part", part))
                    (Field::text("at", words.again_at, form, errors).kind("datetime-local"))
                    button type="submit" class={ "button " (class) } { (label) }
                }
            };
        }
        let at = format!("{id}-at");
        let fields = html! {
            (parts::hidden("key", &site.fresh_key())) (parts::hidden("part", part))
            div.field {
                label for=(at) { (words.again_at) }
                input type="datetime-local" id=(at) name="at";
            }
        };
        parts::confirm_as(site, class, id, label, &text, (&action, &fields))
    };
    html! {
        section.card {
            h2 { (words.again_title) }
            p { (words.again_hint) }
            div.actions {
                @if to_failed { (question("again-failed", "primary", "failed", words.again_failed, words.again_failed_question, failed)) }
                @if to_not_clicked && is_a_day_over {
                    (question("again-not-clicked", "", "not_clicked", words.again_not_clicked, words.again_not_clicked_question, not_clicked))
                }
            }
            @if to_not_clicked && !is_a_day_over { p.small.muted { (words.again_tomorrow) } }
        }
    }
}

/// Back to the campaign with what the API says, when that is about what was asked for.
fn told(site: &Site, id: &str, done: Result<(), Failure>, text: &str) -> Answer {
    let path = format!("/campaigns/{}", parts::encoded(id));
    match done {
        Ok(()) => Ok(site.go_saying(&path, Tone::Good, text)),
        Err(failure) => {
            let problem = failure.about_input()?;
            Ok(site.go_saying(&path, Tone::Bad, &problem.text()))
        }
    }
}

/// A button that was pressed when the session had ended is not carried out: the page is shown again.
fn restored(site: &Site, id: &str) -> Response {
    site.go_saying(&format!("/campaigns/{}", parts::encoded(id)), Tone::Warning, site.words().common.not_done)
}

/// Pauses it.
///
/// # Errors
/// When the API does not answer.
pub async fn pause(site: Person, Path(id): Path<String>, form: Form) -> Answer {
    if form.restored() {
        return Ok(restored(&site, &id));
    }
    let done = site.api().post(["campaigns", &id, "pause"]).done().await;
    told(&site, &id, done, site.words().campaigns.paused)
}

/// Lets it go on.
///
/// # Errors
/// When the API does not answer.
pub async fn resume(site: Person, Path(id): Path<String>, form: Form) -> Answer {
    if form.restored() {
        return Ok(restored(&site, &id));
    }
    let done = site.api().post(["campaigns", &id, "resume"]).idempotent(form.text("key")).done().await;
    told(&site, &id, done, site.words().campaigns.resumed)
}

/// Calls it off.
///
/// # Errors
/// When the API does not answer.
pub async fn cancel(site: Person, Path(id): Path<String>, form: Form) -> Answer {
    if form.restored() {
        return Ok(restored(&site, &id));
    }
    let done = site.api().post(["campaigns", &id, "cancel"]).done().await;
    told(&site, &id, done, site.words().campaigns.canceled)
}

/// The new campaign.
#[derive(Debug, Deserialize)]
struct Again {
    id: String,
}

/// Sends it again to a part of its recipients.
///
/// # Errors
/// When the API does not answer.
pub async fn again(site: Person, Path(id): Path<String>, form: Form) -> Answer {
    if form.restored() {
        return show::page(&site, &id, &Wanted::default(), &form, &Errors::none()).await;
    }
    let words = &site.words().campaigns;
    let mut wish = json!({ "part": form.text("part") });
    if let Some(text) = form.filled("at") {
        let zone = site.shell().await?.zone;
        let Some(at) = moment(text, &zone) else {
            let mut errors = Errors::none();
            errors.add("at", site.words().send.no_time);
            return show::page(&site, &id, &Wanted::default(), &form, &errors).await;
        };
        wish["scheduledAt"] = json!(at);
    }
    let call = site.api().post(["campaigns", &id, "again"]).idempotent(form.text("key")).json(&wish);
    match call.send::<Again>().await {
        Ok(campaign) => Ok(site.go_saying(&format!("/campaigns/{}", campaign.id), Tone::Good, words.sent_again)),
        Err(Failure::Problem(problem)) if problem.field.as_deref() == Some("scheduledAt") => {
            let errors = Errors::of(&problem, &[("scheduledAt", "at")]);
            show::page(&site, &id, &Wanted::default(), &form, &errors).await
        }
        Err(failure) => told(&site, &id, Err(failure), ""),
    }
}
