//! Where somebody comes who works for no clinic: members go to their own page, others say why they are here.

use axum::extract::Query;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::hosts;
use crate::api::Failure;
use crate::form::{Errors, Form};
use crate::page::Page;
use crate::parts::{self, Field};
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

/// The form of a clinic.
const FORM: &str = "/start?as=clinic";

/// As whom somebody begins.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default, rename = "as")]
    role: String,
}

#[derive(Deserialize)]
struct Mine {
    clinics: Vec<IgnoredAny>,
}

/// Asks what somebody is here for, or what their clinic is called. Whoever works for a clinic already goes on to it, and whoever is a
/// member of one goes to their own page, from which a link leads to the form.
///
/// # Errors
/// When the API does not answer.
pub async fn show(site: Person, Query(asked): Query<Asked>) -> Answer {
    match site.shell().await {
        Ok(_) => return Ok(site.go("/")),
        Err(Failure::Problem(problem)) if problem.is("not-staff") => {}
        Err(other) => return Err(other),
    }
    if asked.role == "clinic" {
        return Ok(page(&site, &Form::default(), &Errors::none()));
    }
    let mine: Mine = site.api().get(["me"]).send().await?;
    Ok(if mine.clinics.is_empty() { choices(&site) } else { site.go("/me") })
}

/// Registers the clinic.
///
/// # Errors
/// When the API does not answer.
pub async fn register(site: Person, form: Form) -> Answer {
    if form.restored() {
        return Ok(page(&site, &form, &Errors::none()));
    }
    let body = json!({
        "name": form.text("name"),
        "senderKey": form.filled("senderKey"),
        "senderPhone": form.filled("senderPhone"),
        "linkHosts": hosts::typed(form.text("linkHosts")),
    });
    match site.api().post(["clinics"]).json(&body).done().await {
        Ok(()) => Ok(site.go_saying("/", Tone::Good, site.words().clinic.registered)),
        Err(failure) => {
            let problem = failure.about_input()?;
            match problem.code() {
                // The button was pressed twice, or there was a clinic before.
                "already-staff" => Ok(site.go("/")),
                "sender-key-taken" => {
                    let mut errors = Errors::none();
                    errors.add("senderKey", problem.text());
                    Ok(page(&site, &form, &errors))
                }
                _ => Ok(page(&site, &form, &Errors::of(&problem, &[]))),
            }
        }
    }
}

fn page(site: &Site, form: &Form, errors: &Errors) -> Response {
    let words = &site.words().clinic;
    Page::new(site, words.title).errors(errors).body(html! {
        h1 { (words.title) }
        p { (words.lead) }
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        form.card #register method="post" action="/start" {
            (parts::csrf(site))
            (Field::text("name", words.name, form, errors).hint(words.name_hint).autocomplete("organization").max_length(100).required())
            fieldset {
                legend { (words.sender_title) }
                (Field::text("senderKey", words.sender_key, form, errors).hint(words.sender_key_hint).max_length(64))
                (Field::text("senderPhone", words.sender_phone, form, errors).kind("tel").hint(words.sender_phone_hint).max_length(30))
                (Field::text("linkHosts", words.link_hosts, form, errors).rows(2).hint(words.link_hosts_hint).max_length(2000))
            }
            button.button.primary.whole type="submit" { (words.register) }
        }
        p { a href="/start" { (words.not_yours) } }
    })
}

fn choices(site: &Site) -> Response {
    let words = &site.words().clinic;
    let told = |title: &str, text: &Markup| html! { details.card.more { summary { (title) } (text) } };
    Page::new(site, words.choices).body(html! {
        h1 { (words.choices) }
        p { a.button.primary.wide href=(FORM) { (words.to_form) } }
        (told(words.staff_title, &html! { p { (words.staff_text) } }))
        (told(words.member_title, &html! { p { (words.member_text) } p { a.button href="/me" { (site.words().common.my_page) } } }))
    })
}
