//! Signing in when a session has ended: in the middle of a form the form is kept, elsewhere the page is.

use axum::http::StatusCode;
use axum::response::Response;
use maud::html;

use crate::api::Failure;
use crate::form::{Errors, Form, SIGN_IN_PREFIX};
use crate::page::Page;
use crate::parts::{self, Field};
use crate::site::Site;

/// Asks for e-mail and password. A form that was sent is carried along in hidden fields and comes back filled.
#[must_use]
pub fn page(site: &Site, form: &Form, failure: Option<&Failure>) -> Response {
    let carried: Vec<_> = form.carried().collect();
    if carried.is_empty() && failure.is_none() {
        // A mere button has an address that shows nothing: the page with the button does.
        let next = if site.is_sent() { site.page_before() } else { site.here() };
        return site.go(&parts::address("/sign-in", [("next", next)]));
    }
    let words = site.words();
    let errors = failure.map_or_else(Errors::none, |failure| match failure.problem() {
        Some(problem) => Errors::whole(problem.text()),
        None => Errors::whole(words.common.broken_text),
    });
    let (email, password) = (format!("{SIGN_IN_PREFIX}email"), format!("{SIGN_IN_PREFIX}password"));
    Page::new(site, words.account.sign_in_again).status(StatusCode::UNAUTHORIZED).body(html! {
        h1 { (words.account.sign_in_again) }
        p { (words.account.form_is_kept) }
        (parts::error_summary(site, &errors))
        form method="post" action=(site.here()) {
            (parts::csrf(site))
            @for (name, value) in carried { (parts::hidden(name, value)) }
            (Field::text(&email, words.common.email, form, &errors).kind("email").autocomplete("username").required())
            (Field::text(&password, words.account.password, form, &errors).kind("password").autocomplete("current-password").required())
            button.button.primary type="submit" { (words.account.sign_in) }
        }
    })
}
