//! A test to one's own phone, with the values of the customer whose message was looked at last.

use axum::extract::Path;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

use super::check;
use super::frame::Frame;
use super::known::Known;
use super::plan::{PATH, Plan};
use super::reached;
use super::step::Step;
use crate::api::List;
use crate::form::{Errors, Form};
use crate::page;
use crate::pages::campaigns::message_tone;
use crate::parts::{self, Field};
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

/// What the API takes.
const MOST: usize = 5;
/// After so many looks nobody waits any more: two seconds each.
const LOOKS: u32 = 150;

/// A test that was asked for.
#[derive(Debug, Deserialize)]
struct Test {
    id: String,
}

/// One message of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    phone: String,
    state: String,
    state_text: String,
    reason: Option<String>,
}

/// The form.
pub fn form(site: &Site, plan: &Plan, form: &Form, errors: &Errors) -> Markup {
    let words = &site.words().send;
    let key = form.filled("test-key").map_or_else(|| site.fresh_key(), str::to_owned);
    html! {
        section.card {
            h3 { (words.test_title) }
            p.muted { @if plan.who.is_empty() { (words.test_of_nobody) } @else { (words.test_of_somebody) } }
            form #test.inline-form method="post" action="/send/test" {
                (parts::csrf(site)) (plan.hidden(&[])) (parts::hidden("test-key", &key))
                (Field::text("phones", words.own_phones, form, errors).kind("tel").hint(words.own_phones_hint).autocomplete("tel").required())
                button.button type="submit" { (words.test) }
            }
        }
    }
}

/// The numbers that somebody typed.
fn phones(text: &str) -> Vec<&str> {
    let parts = text.split([',', ';', '\n']).map(str::trim);
    parts.filter(|phone| !phone.is_empty()).collect()
}

/// Sends a test and comes back to the last page, which tells what becomes of it.
///
/// # Errors
/// When the API does not answer.
pub async fn send(site: Person, form: Form) -> Answer {
    let mut plan = Plan::read(&form);
    let known = Known::of(&site, &mut plan).await?;
    let (step, _) = reached(&site, &known, &plan, Step::Check);
    let Some(template) = known.template.as_ref().filter(|_| step == Step::Check) else {
        return Ok(site.go(&plan.address(PATH, &[("step", "check")]).unwrap_or_else(|| PATH.to_owned())));
    };
    let phones = phones(form.raw("phones"));
    let mut errors = Errors::none();
    if phones.is_empty() || phones.len() > MOST {
        errors.add("phones", site.words().send.phones_count);
    }
    if form.restored() || !errors.is_empty() {
        return again(&site, &known, &plan, &form, &errors).await;
    }
    let mut wish = plan.message(template, &known.shell.zone);
    wish.insert("phones".to_owned(), json!(phones));
    if !plan.who.is_empty() {
        wish.insert("customerId".to_owned(), json!(plan.who));
    }
    let call = site.api().post(["campaigns", "test"]).idempotent(form.text("test-key")).json(&Value::Object(wish));
    match call.send::<Test>().await {
        Ok(test) => {
            plan.tested = test.id;
            match plan.address(PATH, &[("step", "check")]) {
                Some(address) => Ok(site.go_saying(&address, Tone::Good, site.words().send.test_sent)),
                None => again(&site, &known, &plan, &Form::default(), &Errors::none()).await,
            }
        }
        Err(failure) => {
            let problem = failure.about_input()?;
            let errors = match problem.field.as_deref() {
                Some(field) if field.starts_with("phones") => {
                    let mut errors = Errors::none();
                    errors.add("phones", problem.short());
                    errors
                }
                _ => Errors::whole(problem.text()),
            };
            let form = if problem.is("idempotency-key-reused") { Form::with([("phones", form.raw("phones"))]) } else { form };
            again(&site, &known, &plan, &form, &errors).await
        }
    }
}

async fn again(site: &Person, known: &Known, plan: &Plan, form: &Form, errors: &Errors) -> Answer {
    check::again(&Frame { site, known, plan, form, errors, step: Step::Check }).await
}

/// Stands in the page until it is known what became of the test.
pub fn waiting(site: &Site, id: &str) -> Markup {
    let words = &site.words().send;
    html! {
        section.card {
            h3 { (words.test_result) }
            div #test-result data-live=(address(id, 0)) data-now {
                p.muted { (words.test_waiting) }
            }
            p { a href={ "/campaigns/" (parts::encoded(id)) } { (words.test_page) } }
        }
    }
}

fn address(id: &str, look: u32) -> String {
    format!("/send/tests/{}?look={look}", parts::encoded(id))
}

/// How many times it was looked at.
#[derive(Debug, Deserialize)]
pub struct Looked {
    #[serde(default)]
    look: u32,
}

/// What became of the messages of a test, as a piece of a page.
///
/// # Errors
/// When the API does not answer.
pub async fn progress(
    site: Person,
    Path(id): Path<String>,
    axum::extract::Query(Looked { look }): axum::extract::Query<Looked>,
) -> Answer {
    let words = &site.words().send;
    let list: List<Message> = site.api().get(["campaigns", &id, "messages"]).query("limit", MOST).send().await?;
    let is_open = list.items.is_empty() || list.items.iter().any(|message| matches!(message.state.as_str(), "queued" | "sent"));
    let live = Some(address(&id, look + 1)).filter(|_| is_open && look < LOOKS);
    Ok(page::fragment(html! {
        div #test-result data-live=[live] {
            @if list.items.is_empty() { p.muted { (words.test_waiting) } }
            div role="status" { ul {
                @for message in &list.items {
                    li { (message.phone) " " (parts::badge(message_tone(&message.state), &message.state_text)) @if let Some(reason) = &message.reason { " " (reason) } }
                }
            } }
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_numbers_are_told_apart_and_hyphens_and_spaces_stay_within_one() {
        assert_eq!(phones(" 010-1234-5678, 010 9999 0000;\n,"), ["010-1234-5678", "010 9999 0000"]);
        assert!(phones(" , ").is_empty());
    }
}
