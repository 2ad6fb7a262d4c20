//! Signing up: an address and a name first, then the code that the address got, and the password.
//!
//! The password is asked for together with the code. The account begins with one that nobody knows: whoever signs an address up
//! that is not theirs has nothing of it, and no password waits in a page until a mail comes.

use axum::extract::Query;
use axum::response::Response;
use maud::{Markup, html};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::address::{self, Address};
use super::{Next, coming_back, enter, onward};
use crate::api::Problem;
use crate::form::{Errors, Form};
use crate::page::Page;
use crate::parts::{self, Field};
use crate::site::{Answer, Site, inside};
use crate::visitor::Tone;
use crate::words::account::Account;

/// Asks for address and name.
pub async fn show(site: Site, Query(query): Query<Next>) -> Response {
    if site.is_signed_in() {
        return site.go(onward(&query.next));
    }
    address_page(&site, &Form::with([("next", query.next.as_str())]), &Errors::none())
}

/// Has the address get a code.
///
/// # Errors
/// When the sign-in service does not answer.
pub async fn sign_up(site: Site, form: Form) -> Answer {
    if form.restored() {
        return Ok(address_page(&site, &form, &Errors::none()));
    }
    let email = form.text("email");
    let body = json!({
        "email": email,
        "name": form.text("name"),
        "phone": form.filled("phone"),
        "password": unknown_password(&site).expose_secret(),
    });
    match site.anonymous_api().post(["accounts"]).json(&body).done().await {
        Ok(()) => {
            let mut response = site.go(&parts::address("/sign-up/confirm", [("next", form.text("next"))]));
            address::keep(&mut response, email);
            Ok(response)
        }
        Err(failure) => Ok(address_page(&site, &form, &Errors::of(&failure.about_input()?, &[]))),
    }
}

/// What the account has until its owner shows the code: nobody is to know it, so it is thrown away.
fn unknown_password(site: &Site) -> SecretString {
    let mut random = [0; 24];
    site.deps().ambient.fill(&mut random);
    format!("a1{}", hex::encode(random)).into()
}

fn steps(site: &Site, second: bool) -> Markup {
    let words = &site.words().account;
    html! {
        ol.steps aria-label=(words.steps) {
            li aria-current=[(!second).then_some("step")] { (words.step_address) }
            li aria-current=[second.then_some("step")] { (words.step_code) }
        }
    }
}

/// Whether somebody comes by an invitation of a clinic or a friend: they are patients, all others come to work.
fn is_patient(next: &str) -> bool {
    inside(next).is_some_and(|path| path.starts_with("/i/"))
}

/// Who sees the name.
fn name_hint(words: &Account, next: &str) -> &'static str {
    if is_patient(next) { words.name_hint } else { words.staff_name_hint }
}

fn address_page(site: &Site, form: &Form, errors: &Errors) -> Response {
    let (words, common) = (&site.words().account, &site.words().common);
    let next = form.text("next");
    Page::new(site, words.sign_up).errors(errors).body(html! {
        h1 { (words.sign_up) }
        (steps(site, false))
        p { (words.sign_up_lead) }
        (coming_back(site, next))
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        form.card method="post" action="/sign-up" {
            (parts::csrf(site)) (parts::hidden("next", next))
            (Field::text("email", common.email, form, errors).kind("email").hint(words.email_hint).autocomplete("username").max_length(254).required())
            (Field::text("name", common.name, form, errors).hint(name_hint(words, next)).autocomplete("name").max_length(50).required())
            (Field::text("phone", words.phone_optional, form, errors).kind("tel").hint(words.phone_hint).autocomplete("tel").max_length(30))
            @if is_patient(next) { p.hint { (site.words().invite.seen) } }
            button.button.primary.whole type="submit" { (words.send_code) }
        }
        p { (words.have_account) " " a href=(parts::address("/sign-in", [("next", next)])) { (words.sign_in) } }
        p { a href=(parts::address("/sign-up/confirm", [("next", next)])) { (words.have_code) } }
    })
}

/// Asks for the code and for a password.
pub async fn show_confirm(site: Site, address: Address, Query(query): Query<Next>) -> Response {
    if site.is_signed_in() {
        return site.go(onward(&query.next));
    }
    let form = Form::with([("email", address.0.as_str()), ("next", query.next.as_str())]);
    code_page(&site, &form, &address, &Errors::none())
}

/// Confirms the account, gives it its password, and signs its owner in.
///
/// # Errors
/// When the sign-in service does not answer.
pub async fn confirm(site: Site, address: Address, form: Form) -> Answer {
    if form.restored() {
        return Ok(code_page(&site, &form, &address, &Errors::none()));
    }
    let (email, password) = (form.text("email"), SecretString::from(form.raw("password")));
    let body = json!({ "email": email, "code": form.text("code"), "password": password.expose_secret() });
    let words = &site.words().account;
    match site.anonymous_api().post(["accounts", "confirm"]).json(&body).done().await {
        Ok(()) => Ok(enter(&site, email, &password, form.text("next"), [words.welcome, words.confirmed]).await),
        Err(failure) => match failure.problem() {
            Some(problem) => Ok(code_page(&site, &form, &address, &wrong(&site, problem))),
            None => Err(failure),
        },
    }
}

/// What is wrong with code and password. After a failure in the middle nobody knows whether the code was used up.
pub(super) fn wrong(site: &Site, problem: &Problem) -> Errors {
    let mut errors = Errors::none();
    match problem.code() {
        "weak-password" => errors.add("password", problem.text()),
        "wrong-code" => errors.add("code", problem.text()),
        _ if problem.status >= 500 => return Errors::whole(format!("{} {}", problem.text(), site.words().account.cut_off)),
        _ => return Errors::of(problem, &[("newPassword", "password")]),
    }
    errors
}

/// Leads to the page whose button sends the code again, when somebody changes the language after an error.
pub async fn back_to_confirm(site: Site) -> Response {
    site.go("/sign-up/confirm")
}

/// Sends the code again.
///
/// # Errors
/// When the sign-in service does not answer.
pub async fn resend(site: Site, address: Address, form: Form) -> Answer {
    if form.restored() {
        return Ok(code_page(&site, &form, &address, &Errors::none()));
    }
    let email = form.text("email");
    match site.anonymous_api().post(["accounts", "resend"]).json(&json!({ "email": email })).done().await {
        Ok(()) => {
            let path = parts::address("/sign-up/confirm", [("next", form.text("next"))]);
            let mut response = site.go_saying(&path, Tone::Good, site.words().account.resent);
            address::keep(&mut response, email);
            Ok(response)
        }
        Err(failure) => Ok(code_page(&site, &form, &address, &Errors::of(&failure.about_input()?, &[]))),
    }
}

fn code_page(site: &Site, form: &Form, address: &Address, errors: &Errors) -> Response {
    let (words, common) = (&site.words().account, &site.words().common);
    let next = form.text("next");
    Page::new(site, words.check_mail).script("account").errors(errors).body(html! {
        h1 { (words.check_mail) }
        (steps(site, true))
        @if address.0.is_empty() { p { (words.code_lead) } } @else { p { (words.code_sent_before) " " strong { (address.0) } } }
        p.muted { (words.mail_hint) }
        (coming_back(site, next))
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        form.card method="post" action="/sign-up/confirm" data-reveal=(words.reveal) data-conceal=(words.conceal) {
            (parts::csrf(site)) (parts::hidden("next", next))
            (Field::text("email", common.email, form, errors).kind("email").autocomplete("username").max_length(254).required())
            (Field::text("code", words.code, form, errors).hint(words.code_hint).autocomplete("one-time-code").input_mode("numeric").max_length(32).required())
            (Field::text("password", words.choose_password, form, errors).kind("password").hint(words.password_hint).autocomplete("new-password").max_length(256).required())
            button.button.primary.whole type="submit" { (words.confirm) }
            button.button.whole type="submit" formaction="/sign-up/resend" formnovalidate { (words.resend) }
        }
        p { (words.signed_up_before) " " a href=(parts::address("/password/reset", [("next", next)])) { (words.reset_title) } }
        p { a href=(parts::address("/sign-up", [("next", next)])) { (words.other_address) } }
    })
}

#[cfg(test)]
mod tests {
    use shared::http::Language;

    use super::*;
    use crate::words::Words;

    #[test]
    fn who_was_not_invited_as_a_patient_reads_that_colleagues_see_the_name() {
        let words = &Words::of(Language::Korean).account;
        for next in ["", "/", "/staff-invitations/abc", "https://elsewhere.example/i/7K3M9QXF"] {
            assert_eq!(name_hint(words, next), words.staff_name_hint, "{next}");
        }
        assert_eq!(name_hint(words, "/i/7K3M9QXF"), words.name_hint);
    }
}
