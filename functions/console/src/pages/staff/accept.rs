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

/// What the API says of an invitation, and of one that was accepted.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invitation {
    clinic_name: String,
}

/// Says which clinic invites. Nothing is used up by looking.
///
/// # Errors
/// When the API does not answer.
pub async fn show(site: Site, Path(token): Path<String>) -> Answer {
    page(&site, &token, &Errors::none(), &html! {}).await
}

/// Accepts the invitation.
///
/// # Errors
/// When nobody is signed in, or the API does not answer.
pub async fn accept(site: Person, Path(token): Path<String>, form: Form) -> Answer {
    if form.restored() {
        return page(&site, &token, &Errors::none(), &parts::restored(&site, &form)).await;
    }
    let words = &site.words().staff;
    let call = site.api().post(["staff", "invitations", "accept"]).json(&json!({ "token": token }));
    match call.send::<Invitation>().await {
        Ok(accepted) => Ok(site.go_saying("/", Tone::Good, &words.accepted.replace("{clinic}", &accepted.clinic_name))),
        Err(failure) if failure.is_not_found() => Ok(unknown(&site)),
        Err(failure) => {
            let problem = failure.about_input()?;
            page(&site, &token, &Errors::whole(problem.text()), &html! {}).await
        }
    }
}

async fn page(site: &Site, token: &str, errors: &Errors, above: &Markup) -> Answer {
    let call = site.anonymous_api().post(["staff", "invitations", "preview"]).json(&json!({ "token": token }));
    match call.send::<Invitation>().await {
        Ok(invitation) => Ok(invited(site, token, &invitation.clinic_name, errors, above)),
        Err(failure) if failure.is_not_found() => Ok(unknown(site)),
        Err(failure) => Err(failure),
    }
}

fn invited(site: &Site, token: &str, clinic: &str, errors: &Errors, above: &Markup) -> Response {
    let (words, account) = (&site.words().staff, &site.words().account);
    let here = format!("/staff-invitations/{}", parts::encoded(token));
    Page::new(site, words.invited_title).errors(errors).body(html! {
        h1 { (words.invited_title) }
        (above)
        (parts::error_summary(site, errors))
        div.card {
            p { strong { (words.invited_by.replace("{clinic}", clinic)) } }
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
