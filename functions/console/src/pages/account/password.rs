//! A password that was lost: a code goes to the address, and with it a new password is set.

use axum::extract::Query;
use axum::response::Response;
use maud::html;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::address::{self, Address};
use super::sign_up::wrong;
use super::{Next, enter};
use crate::form::{Errors, Form};
use crate::page::Page;
use crate::parts::{self, Field};
use crate::site::{Answer, Site};

/// Asks for the address.
pub async fn show_forgot(site: Site, address: Address, Query(query): Query<Next>) -> Response {
    let form = Form::with([("email", address.0.as_str()), ("next", query.next.as_str())]);
    address_page(&site, &form, &Errors::none())
}

/// Has the address get a code.
///
/// # Errors
/// When the sign-in service does not answer.
pub async fn forgot(site: Site, form: Form) -> Answer {
    if form.restored() {
        return Ok(address_page(&site, &form, &Errors::none()));
    }
    let email = form.text("email");
    match site.anonymous_api().post(["password", "forgot"]).json(&json!({ "email": email })).done().await {
        Ok(()) => {
            let mut response = site.go(&parts::address("/password/reset", [("next", form.text("next"))]));
            address::keep(&mut response, email);
            Ok(response)
        }
        Err(failure) => Ok(address_page(&site, &form, &Errors::of(&failure.about_input()?, &[]))),
    }
}

fn address_page(site: &Site, form: &Form, errors: &Errors) -> Response {
    let (words, common) = (&site.words().account, &site.words().common);
    let next = form.text("next");
    Page::new(site, words.reset_title).errors(errors).body(html! {
        h1 { (words.reset_title) }
        p { (words.forgot_lead) }
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        form.card method="post" action="/password/forgot" {
            (parts::csrf(site)) (parts::hidden("next", next))
            (Field::text("email", common.email, form, errors).kind("email").autocomplete("username").max_length(254).required())
            button.button.primary.whole type="submit" { (words.send_code) }
        }
        p { a href=(parts::address("/sign-in", [("next", next)])) { (words.sign_in) } }
    })
}

/// Asks for the code and a new password.
pub async fn show_reset(site: Site, address: Address, Query(query): Query<Next>) -> Response {
    let form = Form::with([("email", address.0.as_str()), ("next", query.next.as_str())]);
    code_page(&site, &form, &Errors::none())
}

/// Sets the password, and signs the owner of the account in.
///
/// # Errors
/// When the sign-in service does not answer.
pub async fn reset(site: Site, form: Form) -> Answer {
    if form.restored() {
        return Ok(code_page(&site, &form, &Errors::none()));
    }
    let (email, password) = (form.text("email"), SecretString::from(form.raw("password")));
    let body = json!({ "email": email, "code": form.text("code"), "newPassword": password.expose_secret() });
    let words = &site.words().account;
    match site.anonymous_api().post(["password", "reset"]).json(&body).done().await {
        Ok(()) => Ok(enter(&site, email, &password, form.text("next"), [words.was_reset, words.was_reset_sign_in]).await),
        Err(failure) => match failure.problem() {
            Some(problem) => Ok(code_page(&site, &form, &wrong(&site, problem))),
            None => Err(failure),
        },
    }
}

fn code_page(site: &Site, form: &Form, errors: &Errors) -> Response {
    let (words, common) = (&site.words().account, &site.words().common);
    let next = form.text("next");
    Page::new(site, words.reset_title).script("account").errors(errors).body(html! {
        h1 { (words.reset_title) }
        p { (words.reset_lead) }
        p.muted { (words.reset_mail_hint) }
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        form.card method="post" action="/password/reset" data-reveal=(words.reveal) data-conceal=(words.conceal) {
            (parts::csrf(site)) (parts::hidden("next", next))
            (Field::text("email", common.email, form, errors).kind("email").autocomplete("username").max_length(254).required())
            (Field::text("code", words.code, form, errors).hint(words.code_hint).autocomplete("one-time-code").input_mode("numeric").max_length(32).required())
            (Field::text("password", words.new_password, form, errors).kind("password").hint(words.password_hint).autocomplete("new-password").max_length(256).required())
            button.button.primary.whole type="submit" { (words.reset) }
        }
        p { a href=(parts::address("/password/forgot", [("next", next)])) { (words.resend) } }
        p { a href=(parts::address("/sign-in", [("next", next)])) { (words.sign_in) } }
    })
}
