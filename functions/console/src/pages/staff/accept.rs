//! Where the link of an invitation leads: somebody begins to work for a clinic.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use crate::form::{Errors, Form};
use crate::page::Page;
use crate::parts;
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Accepted {
    clinic_name: String,
}

/// Says what it is about. Whether the link works is known once somebody accepts: nobody learns it by opening links.
pub async fn show(site: Site, Path(token): Path<String>) -> Response {
    page(&site, &token, &Errors::none(), &html! {})
}

/// Accepts the invitation.
///
/// # Errors
/// When nobody is signed in, or the API does not answer.
pub async fn accept(site: Person, Path(token): Path<String>, form: Form) -> Answer {
    if form.restored() {
        return Ok(page(&site, &token, &Errors::none(), &parts::restored(&site, &form)));
    }
    let words = &site.words().staff;
    let call = site.api().post(["staff", "invitations", "accept"]).json(&json!({ "token": token }));
    match call.send::<Accepted>().await {
        Ok(accepted) => Ok(site.go_saying("/", Tone::Good, &words.accepted.replace("{clinic}", &accepted.clinic_name))),
        Err(failure) if failure.is_not_found() => Ok(unknown(&site)),
        Err(failure) => {
            let problem = failure.about_input()?;
            Ok(page(&site, &token, &Errors::whole(problem.text()), &html! {}))
        }
    }
}

fn page(site: &Site, token: &str, errors: &Errors, above: &Markup) -> Response {
    let (words, account) = (&site.words().staff, &site.words().account);
    let here = format!("/staff-invitations/{}", parts::encoded(token));
    Page::new(site, words.invited_title).errors(errors).body(html! {
        h1 { (words.invited_title) }
        (above)
        (parts::error_summary(site, errors))
        div.card {
            p { (words.invited_text) }
            @if site.is_signed_in() {
                @if let Some(email) = site.visitor().email() {
                    p { (words.invited_as) " " strong { (email) } br; span.muted.small { (words.other_account) } }
                }
                form method="post" action=(here) {
                    (parts::csrf(site))
                    button.button.primary.whole type="submit" { (words.accept) }
                }
            } @else {
                p { (words.invited_signed_out) }
                p { a.button.primary.whole href=(parts::address("/sign-in", [("next", here.as_str())])) { (account.sign_in) } }
                p { a.button.whole href=(parts::address("/sign-up", [("next", here.as_str())])) { (account.sign_up) } }
            }
        }
    })
}

fn unknown(site: &Site) -> Response {
    let words = &site.words().staff;
    Page::new(site, words.unknown_title).status(StatusCode::NOT_FOUND).body(html! {
        h1 { (words.unknown_title) }
        p { (words.unknown_text) }
        p { a.button href="/" { (site.words().common.home) } }
    })
}
