//! What is shown when a page cannot be.

use axum::http::StatusCode;
use axum::response::Response;
use maud::html;

use crate::api::Failure;
use crate::around::Refusal;
use crate::form::Unreadable;
use crate::page::Page;
use crate::site::Site;

/// The page of a failure. Somebody who works for no clinic is shown the first steps instead.
#[must_use]
pub fn page(site: &Site, failure: &Failure) -> Response {
    let words = &site.words().common;
    match failure {
        Failure::Problem(problem) if problem.is("not-staff") => site.go("/start"),
        Failure::Problem(problem) if problem.status == 404 => missing(site),
        Failure::Problem(problem) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            plain(site, status, &problem.title, problem.detail.as_deref().unwrap_or(""))
        }
        Failure::SignedOut => site.go("/sign-in"),
        Failure::Unreachable(reason) | Failure::Unreadable(reason) => {
            tracing::error!(event = "api.failed", error = %reason, "a page could not be shown");
            plain(site, StatusCode::SERVICE_UNAVAILABLE, words.broken_title, words.broken_text)
        }
    }
}

/// The page of a form that was not read.
#[must_use]
pub fn refused(site: &Site, refusal: Refusal) -> Response {
    let words = &site.words().common;
    match refusal {
        Refusal::Foreign => plain(site, StatusCode::FORBIDDEN, words.foreign_title, words.foreign_text),
        Refusal::Unreadable(Unreadable::TooLarge) => {
            plain(site, StatusCode::PAYLOAD_TOO_LARGE, words.foreign_title, words.too_large)
        }
        Refusal::Unreadable(Unreadable::NotAForm) => {
            plain(site, StatusCode::UNSUPPORTED_MEDIA_TYPE, words.foreign_title, words.foreign_text)
        }
    }
}

/// There is no such page.
#[must_use]
pub fn missing(site: &Site) -> Response {
    let words = &site.words().common;
    plain(site, StatusCode::NOT_FOUND, words.missing_title, words.missing_text)
}

fn plain(site: &Site, status: StatusCode, title: &str, text: &str) -> Response {
    let words = &site.words().common;
    Page::new(site, title).status(status).body(html! {
        h1 { (title) }
        p { (text) }
        p { a.button href="/" { (words.home) } }
    })
}
