//! What would become of it: asked of the API when the page is there already, because everybody's message is looked at.

use axum::extract::RawQuery;
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;
use shared::model::result::Reason;

use super::frame::Frame;
use super::known::Known;
use super::plan::Plan;
use super::{check, said};
use crate::api::{Failure, List, Problem};
use crate::form::{Errors, Form};
use crate::page;
use crate::parts;
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

/// The part that says who lacks a value.
pub const LACKING: &str = "lacking";
/// All of it, with the way on.
pub const WHOLE: &str = "whole";
/// How many of those who get nothing are shown at once.
const FEW: u32 = 10;
/// What is asked for on the page of pre-flight itself.
const LAST_FORM: [&str; 2] = ["name", "scheduledAt"];

/// What the API says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preflight {
    /// Whether it may go.
    pub ready: bool,
    /// Whether everybody was looked at.
    pub complete: bool,
    /// For how many it is.
    pub recipients: u64,
    /// How many would get it.
    pub sendable: u64,
    /// The others.
    pub excluded: Excluded,
    /// Who these are.
    pub problems: List<Unsendable>,
    /// The longest text.
    pub characters: Characters,
    /// What it costs.
    pub cost: Cost,
    /// What was compared.
    pub checks: Vec<Check>,
    /// What should be known.
    pub warnings: Vec<Warning>,
}

/// How many get nothing.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Excluded {
    /// Together.
    pub total: u64,
    /// By reason.
    pub by_reason: std::collections::BTreeMap<String, u64>,
}

/// Somebody who gets nothing.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unsendable {
    /// The customer.
    pub customer_id: Option<String>,
    /// The name.
    pub name: String,
    /// The phone.
    pub phone: String,
    /// Why.
    pub reason: String,
    /// Why, as a stable word.
    pub reason_code: String,
    /// The variables without a value.
    #[serde(default)]
    pub missing: Vec<String>,
}

/// How long texts are.
#[derive(Debug, Deserialize)]
pub struct Characters {
    /// The longest.
    pub longest: u64,
}

/// What it costs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// One message.
    pub unit_price: f64,
    /// All of them.
    pub total: f64,
}

/// A comparison with what is approved.
#[derive(Debug, Deserialize)]
pub struct Check {
    /// What was compared.
    #[serde(rename = "check")]
    pub compared: String,
    /// What came of it.
    pub outcome: String,
    /// What is wrong.
    pub explanation: Option<String>,
}

/// What should be known.
#[derive(Debug, Deserialize)]
pub struct Warning {
    /// As a stable word.
    pub kind: String,
    /// In the reader's language.
    pub text: String,
    /// How many it is about.
    pub count: Option<u64>,
    /// When.
    pub at: Option<DateTime<Utc>>,
}

impl Preflight {
    /// How many it goes to, and whether that is known: where there was no time for everybody, it is at most everybody.
    pub fn reaches(&self, known: &Known) -> (u64, bool) {
        if self.complete { (self.sendable, true) } else { (known.members(), false) }
    }
}

/// Asks the API.
///
/// # Errors
/// What the API says is wrong with it.
pub async fn ask(site: &Site, known: &Known, plan: &Plan) -> Result<Option<Preflight>, Failure> {
    let Some(template) = &known.template else { return Ok(None) };
    let wish = plan.wish(template, &known.shell.zone);
    site.api().post(["campaigns", "preflight"]).query("limit", FEW).json(&wish).send().await.map(Some)
}

/// Stands in a page until the answer is there. Where the address would be too long it is waited for.
///
/// # Errors
/// When the API does not answer.
pub async fn later(frame: &Frame<'_>, part: &str, waiting: &str) -> Result<Markup, Failure> {
    let words = &frame.site.words().send;
    let address = frame.plan.address("/send/preflight", &[("part", part)]).filter(|_| !frame.form.has("checked"));
    let Some(address) = address else {
        return now(frame.site, frame.known, frame.plan, part, &Form::default(), &Errors::none()).await;
    };
    Ok(html! {
        div #preflight data-live=(address) data-now {
            p.muted role="status" data-with-script hidden { (waiting) }
            div data-without-script {
                p { (words.look_now_hint) }
                p { button.button.primary type="submit" form="wizard" name="checked" value="yes" { (words.look_now) } }
            }
        }
    })
}

/// The answer, as a piece of a page.
///
/// # Errors
/// When the API does not answer.
pub async fn fragment(site: Person, RawQuery(query): RawQuery) -> Answer {
    let form = said(query.as_deref(), Form::default());
    let mut plan = Plan::read(&form);
    let known = Known::of(&site, &mut plan).await?;
    Ok(page::fragment(now(&site, &known, &plan, form.text("part"), &Form::default(), &Errors::none()).await?))
}

/// The answer.
///
/// # Errors
/// When the API does not answer.
pub async fn now(site: &Site, known: &Known, plan: &Plan, part: &str, form: &Form, errors: &Errors) -> Result<Markup, Failure> {
    let words = &site.words().send;
    let mut errors = errors.clone();
    if plan.later && plan.begins(&known.shell.zone).is_none() && errors.is_empty() {
        errors.add("at", words.no_time);
    }
    // Name and time are said below what is asked for here: where they are wrong, everything else is looked at without them.
    let without = Plan { name: String::new(), later: false, ..plan.clone() };
    let is_wrong = errors.at("name").or(errors.at("at")).is_some();
    let mut asked = ask(site, known, if is_wrong { &without } else { plan }).await;
    let about_the_last_form = |problem: &Problem| problem.field.as_deref().is_some_and(|field| LAST_FORM.contains(&field));
    if let Err(Failure::Problem(problem)) = &asked
        && about_the_last_form(problem)
    {
        if errors.is_empty() {
            errors = Errors::of(problem, &[("scheduledAt", "at")]);
        }
        asked = ask(site, known, &without).await;
    }
    let found = match asked {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(html! { div #preflight {} }),
        Err(failure) => {
            let problem = failure.about_input()?;
            return Ok(html! {
                div #preflight {
                    (parts::notice(Tone::Bad, html! { p { strong { (words.cannot_go) } } p { (problem.text()) } }))
                }
            });
        }
    };
    Ok(html! {
        div #preflight {
            @if part == LACKING { (lacking(site, &found)) } @else { (check::result(site, known, plan, &found, form, &errors)) }
        }
    })
}

/// Who lacks a value for a variable.
fn lacking(site: &Site, found: &Preflight) -> Markup {
    let words = &site.words().send;
    let count = found.excluded.by_reason.get(Reason::MissingVariable.as_str()).copied().unwrap_or_default();
    let listed: Vec<_> =
        found.problems.items.iter().filter(|who| who.reason_code == Reason::MissingVariable.as_str()).collect();
    html! {
        @if count == 0 {
            p role="status" { (parts::badge(Tone::Good, words.nobody_lacks)) }
        } @else {
            p role="status" { (parts::badge(Tone::Warning, &words.some_lack.replace("{}", &parts::number(count)))) " " (words.lacking_hint) }
            @if !listed.is_empty() { (people(site, &listed)) }
            @if u64::try_from(listed.len()).is_ok_and(|shown| shown < count) { p.muted { (words.first_few) } }
        }
    }
}

/// Some of those who get nothing.
pub fn people(site: &Site, people: &[&Unsendable]) -> Markup {
    let (words, common) = (&site.words().send, &site.words().common);
    let head = html! { th { (common.name) } th { (common.phone) } th { (words.why) } };
    let rows = html! {
        @for who in people {
            tr {
                th scope="row" {
                    @match &who.customer_id { Some(id) => a href={ "/customers/" (id) } { (who.name) }, None => (who.name) }
                }
                td.nowrap { (who.phone) }
                td.reason-cell { (who.reason) @if !who.missing.is_empty() { " (" (who.missing.join(", ")) ")" } }
            }
        }
    };
    parts::table(words.who_gets_nothing, &head, &rows)
}

/// A reason in the reader's words; one of a later version as it is.
pub fn plain<'a>(site: &Site, code: &'a str) -> &'a str {
    Reason::named(code).map_or(code, |reason| {
        let (ko, en) = reason.explanation();
        site.language().choose(ko, en)
    })
}

/// An amount in won, with the decimals that it has.
#[must_use]
pub fn won(amount: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "no clinic spends more won than fit")]
    let tenths = (amount * 10.0).round() as i64;
    let whole = parts::number(tenths / 10);
    if tenths % 10 == 0 { whole } else { format!("{whole}.{}", tenths % 10) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_with_the_decimals_that_it_has() {
        assert_eq!([won(6.5), won(3237.0), won(1_234_567.5), won(0.0)], ["6.5", "3,237", "1,234,567.5", "0"]);
    }
}
