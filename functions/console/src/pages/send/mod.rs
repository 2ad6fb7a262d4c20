//! Sending: groups, template, link, variables, preview, pre-flight, and then the button. Each step is one page, and all that is said
//! travels with it.

mod ask;
mod check;
mod excluded;
mod frame;
mod groups;
mod known;
mod link;
mod plan;
mod preflight;
mod preview;
mod step;
pub mod talk;
mod template;
mod trial;
mod variables;

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};

use crate::form::{CSRF_FIELD, Errors, Form};
use crate::parts;
use crate::site::{Answer, Deps, Person, Site};
use crate::visitor::Tone;

use frame::Frame;
use known::Known;
pub use plan::moment;
pub use preflight::won;
pub use step::Step;

use plan::{PATH, Plan};

/// Its routes.
pub fn routes() -> Router<Arc<Deps>> {
    Router::new()
        .route("/send", get(show).post(show))
        .route("/send/preflight", get(preflight::fragment))
        .route("/send/excluded", get(excluded::show).post(excluded::show))
        .route("/send/excluded/list", get(excluded::fragment))
        .route("/send/test", post(trial::send))
        .route("/send/tests/{id}", get(trial::progress))
        .route("/send/ask", post(ask::send))
        .layer(from_fn(led_here))
}

/// Another site's link chooses groups and a template. It puts no words of others into a message: without those the address is asked for
/// once more, so that nothing on the page leads back to them.
async fn led_here(site: Site, RawQuery(query): RawQuery, request: Request, next: Next) -> Response {
    let pairs = url::form_urlencoded::parse(query.as_deref().unwrap_or_default().as_bytes());
    let (choices, others): (Vec<_>, Vec<_>) = pairs.partition(|(name, _)| matches!(&**name, "group" | "template"));
    if site.is_led_from_elsewhere() && !others.is_empty() {
        return site.go(&parts::address(PATH, choices.iter().map(|(name, value)| (&**name, &**value))));
    }
    next.run(request).await
}

/// What an address or a form says. An address has no key: that is of one page only.
fn said(query: Option<&str>, form: Form) -> Form {
    match query {
        Some(query) if !form.has("here") && form.carried().next().is_none() => {
            let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            Form::with(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).filter(|(name, _)| *name != "key"))
        }
        _ => form,
    }
}

/// Shows a step, or the first one before it that is not answered yet. It changes nothing: what is said comes by the address, or by a
/// form where it is too long for one.
///
/// # Errors
/// When the API does not answer.
pub async fn show(site: Person, RawQuery(query): RawQuery, form: Form) -> Answer {
    let form = said(query.as_deref(), form);
    let mut plan = Plan::read(&form);
    let too_many = form.has("everybody") && !groups::choose_everybody(&site, &mut plan).await?;
    let known = Known::of(&site, &mut plan).await?;
    let wanted = form.filled("step").or(form.filled("here")).and_then(Step::named);
    let is_first_visit = wanted.is_none();
    let wanted = wanted.unwrap_or(if plan.groups.is_empty() { Step::Groups } else { Step::Template });
    let wanted = wanted.or_after(known.template.as_ref());
    if form.has(CSRF_FIELD) && !form.restored() && plan.is_short() && !too_many {
        // A page that came by a form cannot be gone back to: where the address has room, it is the address.
        return Ok(at_step(&site, &known, &plan, wanted));
    }
    let (step, errors) = reached(&site, &known, &plan, wanted);
    let mut errors = if is_first_visit { Errors::none() } else { errors };
    if too_many {
        errors.add("group", site.words().send.too_many_for_everybody);
    }
    let frame = Frame { site: &site, known: &known, plan: &plan, form: &form, errors: &errors, step };
    match step {
        Step::Groups => groups::page(&frame).await,
        Step::Template => template::page(&frame).await,
        Step::Link => Ok(link::page(&frame)),
        Step::Variables => variables::page(&frame).await,
        Step::Preview => preview::page(&frame).await,
        Step::Check => check::page(&frame, form.has("checked")).await,
    }
}

/// Goes to a step by its address, which does not have what was lost: that is said there.
fn at_step(site: &Site, known: &Known, plan: &Plan, step: Step) -> Response {
    let address = plan.address(PATH, &[("step", step.name())]).unwrap_or_else(|| PATH.to_owned());
    match known.lost(&site.words().send) {
        Some(lost) => site.go_saying(&address, Tone::Warning, &lost),
        None => site.go(&address),
    }
}

/// Says what a step has no answer to.
type Missing = fn(&Person, &Known, &Plan) -> Errors;

/// How far the way leads: to the step that is wanted, or to the first one before it that is not answered, and what is wrong there.
fn reached(site: &Person, known: &Known, plan: &Plan, wanted: Step) -> (Step, Errors) {
    let checks: [(Step, Missing); 4] = [
        (Step::Groups, groups::errors),
        (Step::Template, template::errors),
        (Step::Link, link::errors),
        (Step::Variables, variables::errors),
    ];
    let open = checks.into_iter().filter(|(step, _)| *step < wanted && step.applies(known.template.as_ref()));
    let found = open.map(|(step, check)| (step, check(site, known, plan))).find(|(_, errors)| !errors.is_empty());
    found.unwrap_or((wanted, Errors::none()))
}
