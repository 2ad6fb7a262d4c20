//! Where somebody comes who works for no clinic: they register one, or learn where they belong.

use axum::response::Response;
use maud::html;
use serde_json::json;

use super::hosts;
use crate::api::Failure;
use crate::form::{Errors, Form};
use crate::page::Page;
use crate::parts::{self, Field};
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

/// Asks what the clinic is called. Whoever works for one already goes on to it.
///
/// # Errors
/// When the API does not answer.
pub async fn show(site: Person) -> Answer {
    match site.shell().await {
        Ok(_) => Ok(site.go("/")),
        Err(Failure::Problem(problem)) if problem.is("not-staff") => Ok(page(&site, &Form::default(), &Errors::none())),
        Err(other) => Err(other),
    }
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
        h2 { (words.not_yours) }
        div.card {
            h3 { (words.staff_title) }
            p { (words.staff_text) }
        }
        div.card {
            h3 { (words.member_title) }
            p { (words.member_text) }
            p { a.button href="/me" { (site.words().common.my_page) } }
        }
    })
}
