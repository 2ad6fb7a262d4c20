//! Signing in and out, and the language.

use axum::extract::Query;
use axum::http::header;
use axum::response::Response;
use maud::html;
use secrecy::SecretString;
use serde_json::json;
use shared::http::Language;

use super::{Next, coming_back, onward};
use crate::around;
use crate::form::{Errors, Form};
use crate::page::Page;
use crate::parts::{self, Field};
use crate::site::{Answer, Site, inside};
use crate::visitor::{forget_notice, keep_language};

/// Asks for e-mail and password.
pub async fn show(site: Site, Query(query): Query<Next>) -> Response {
    if site.is_signed_in() {
        return site.go(onward(&query.next));
    }
    form_page(&site, &Form::with([("next", query.next.as_str())]), &Errors::none())
}

/// Signs somebody in.
///
/// # Errors
/// When the sign-in service does not answer.
pub async fn sign_in(site: Site, form: Form) -> Answer {
    if form.restored() {
        return Ok(form_page(&site, &form, &Errors::none()));
    }
    let password = SecretString::from(form.raw("password"));
    match around::sign_in(&site, form.text("email"), &password).await {
        Ok(tokens) => {
            let mut response = site.go(onward(form.text("next")));
            for cookie in site.visitor().clone().sign_in(tokens, &site.deps().ambient) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            Ok(response)
        }
        Err(failure) => match failure.problem() {
            Some(problem) if problem.status < 500 => Ok(form_page(&site, &form, &Errors::of(problem, &[]))),
            _ => Err(failure),
        },
    }
}

fn form_page(site: &Site, form: &Form, errors: &Errors) -> Response {
    let words = site.words();
    let next = form.text("next");
    Page::new(site, words.account.sign_in).errors(errors).body(html! {
        h1 { (words.account.sign_in) }
        (coming_back(site, next))
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        form.card method="post" action="/sign-in" {
            (parts::csrf(site)) (parts::hidden("next", next))
            (Field::text("email", words.common.email, form, errors).kind("email").autocomplete("username").required())
            (Field::text("password", words.account.password, form, errors).kind("password").autocomplete("current-password").required())
            button.button.primary.whole type="submit" { (words.account.sign_in) }
        }
        p { a href=(parts::address("/password/forgot", [("next", next)])) { (words.account.forgot) } }
        p { (words.account.no_account) " " a href=(parts::address("/sign-up", [("next", next)])) { (words.account.sign_up) } }
        p { a href=(parts::address("/sign-up/confirm", [("next", next)])) { (words.account.have_code) } }
    })
}

/// Ends the session, here and at the sign-in service.
pub async fn sign_out(site: Site) -> Response {
    if let Some(refresh) = &site.visitor().refresh {
        use secrecy::ExposeSecret;
        let body = json!({ "refreshToken": refresh.expose_secret() });
        if let Err(failure) = site.anonymous_api().post(["sessions", "end"]).json(&body).done().await {
            tracing::warn!(event = "session.not_ended", error = ?failure, "a refresh token could not be made void");
        }
    }
    let mut response = site.go("/sign-in");
    for cookie in site.visitor().clone().leave().into_iter().chain(forget_notice()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Keeps a language.
pub async fn language(site: Site, form: Form) -> Response {
    let language = if form.text("language") == "en" { Language::English } else { Language::Korean };
    let mut response = site.go(inside(form.text("next")).unwrap_or("/"));
    for cookie in keep_language(language) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
