//! Name and phone.

use axum::http::header;
use axum::response::Response;
use maud::{Markup, html};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::Mine;
use crate::api::Failure;
use crate::form::{Errors, Form};
use crate::page::Page;
use crate::parts::{self, Field};
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

pub(super) async fn show(site: Person) -> Answer {
    let mine: Mine = site.api().get(["me"]).send().await?;
    let form = Form::with([("name", mine.name.as_deref().unwrap_or_default())]);
    Ok(page(&site, mine.phone.as_deref(), &form, &Errors::none()))
}

fn page(site: &Site, phone: Option<&str>, form: &Form, errors: &Errors) -> Response {
    let words = &site.words().me;
    let common = &site.words().common;
    Page::new(site, words.profile).errors(errors).body(html! {
        p { a href="/me" { "← " (words.title) } }
        h1 { (words.profile) }
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        form method="post" action="/me/profile" {
            (parts::csrf(site))
            (Field::text("name", common.name, form, errors).hint(words.name_hint).autocomplete("name").max_length(100).required())
            button.button.primary type="submit" { (common.save) }
        }
        h2 { (words.prove_phone) }
        p { @match phone { Some(phone) => (phone), None => (words.no_phone) } }
        p.muted { (words.prove_phone_text) }
        form.inline-form method="post" action="/me/phone/code" {
            (parts::csrf(site))
            (Field::text("phone", common.phone, form, errors).kind("tel").autocomplete("tel").required())
            button.button type="submit" { (words.send_code) }
        }
        h2 { (words.withdraw) }
        p { a href="/me/withdraw" { (words.withdraw) } }
    })
}

/// Shows the form again with what was typed into it.
async fn again(site: &Site, form: &Form, errors: &Errors) -> Answer {
    let mine: Mine = site.api().get(["me"]).send().await?;
    let name = form.filled("name").or(mine.name.as_deref()).unwrap_or_default();
    let mut shown = Form::with([("name", name), ("phone", form.text("phone"))]);
    if form.restored() {
        shown = shown.restore();
    }
    Ok(page(site, mine.phone.as_deref(), &shown, errors))
}

pub(super) async fn rename(site: Person, form: Form) -> Answer {
    if form.restored() {
        return again(&site, &form, &Errors::none()).await;
    }
    match site.api().patch(["me"]).json(&json!({ "name": form.text("name") })).done().await {
        Ok(()) => Ok(site.go_saying("/me", Tone::Good, site.words().me.name_changed)),
        Err(failure) => again(&site, &form, &Errors::of(&failure.about_input()?, &[])).await,
    }
}

pub(super) async fn send_code(site: Person, form: Form) -> Answer {
    if form.restored() {
        return again(&site, &form, &Errors::none()).await;
    }
    let Some(refresh) = &site.visitor().refresh else { return Err(Failure::SignedOut) };
    let body = json!({ "phone": form.text("phone"), "refreshToken": refresh.expose_secret() });
    match site.api().post(["me", "phone", "code"]).json(&body).done().await {
        Ok(()) => Ok(site.go_saying("/me/phone", Tone::Good, site.words().me.code_sent)),
        Err(failure) => {
            let problem = failure.about_input()?;
            let mut errors = Errors::of(&problem, &[]);
            if problem.is("phone-proof-off") {
                errors = Errors::none();
                errors.add("phone", format!("{} {}", problem.text(), site.words().me.ask_at_the_desk));
            }
            again(&site, &form, &errors).await
        }
    }
}

pub(super) async fn show_code(site: Person) -> Response {
    code_page(&site, &Form::default(), &Errors::none())
}

fn code_page(site: &Site, form: &Form, errors: &Errors) -> Response {
    let words = &site.words().me;
    let code: Markup = html! {
        (Field::text("code", words.code, form, errors).autocomplete("one-time-code").input_mode("numeric").max_length(10).required())
    };
    Page::new(site, words.prove_phone).errors(errors).body(html! {
        p { a href="/me/profile" { "← " (words.profile) } }
        h1 { (words.prove_phone) }
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        form method="post" action="/me/phone" { (parts::csrf(site)) (code) button.button.primary type="submit" { (words.verify) } }
    })
}

/// Confirms the code, then has a token that says so, then has the API take the phone over.
pub(super) async fn verify(site: Person, form: Form) -> Answer {
    if form.restored() {
        return Ok(code_page(&site, &form, &Errors::none()));
    }
    let Some(refresh) = &site.visitor().refresh else { return Err(Failure::SignedOut) };
    let body = json!({ "code": form.text("code"), "refreshToken": refresh.expose_secret() });
    if let Err(failure) = site.api().post(["me", "phone", "verify"]).json(&body).done().await {
        return Ok(code_page(&site, &form, &Errors::of(&failure.about_input()?, &[])));
    }
    let mut visitor = site.visitor().clone();
    visitor.token = None;
    let cookies = visitor.renew(&site.deps().client, site.deps().ambient.now()).await;
    if let Some(trouble) = visitor.trouble.take() {
        return Err(trouble);
    }
    let renewed = site.with(visitor);
    renewed.api().patch(["me"]).json(&json!({})).send::<Value>().await?;
    let mut response = site.go_saying("/me", Tone::Good, site.words().me.phone_proven);
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
