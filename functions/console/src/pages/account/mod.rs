//! Accounts: signing up and in, lost passwords, languages.

mod address;
mod password;
mod session;
mod sign_up;

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, Request};
use axum::http::header;
use axum::middleware::{self, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};
use secrecy::SecretString;
use serde::Deserialize;

use crate::around;
use crate::parts;
use crate::site::{Deps, Site, inside};
use crate::visitor::{Tone, keep_notice};

/// Its routes.
pub fn routes() -> Router<Arc<Deps>> {
    Router::new()
        .route("/sign-in", get(session::show).post(session::sign_in))
        .route("/sign-out", post(session::sign_out))
        .route("/language", post(session::language))
        .route("/sign-up", get(sign_up::show).post(sign_up::sign_up))
        .route("/sign-up/confirm", get(sign_up::show_confirm).post(sign_up::confirm))
        .route("/sign-up/resend", get(sign_up::back_to_confirm).post(sign_up::resend))
        .route("/password/forgot", get(password::show_forgot).post(password::forgot))
        .route("/password/reset", get(password::show_reset).post(password::reset))
        .layer(from_fn(led_here))
}

/// Another site's link says to which page a sign-in leads, and not what is filled in there.
async fn led_here(site: Site, RawQuery(query): RawQuery, request: Request, next: middleware::Next) -> Response {
    let query = query.unwrap_or_default();
    let onward = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "next").map(|(_, onward)| onward);
    match onward.as_deref().and_then(|onward| onward.split_once(['?', '#'])) {
        Some((path, _)) if site.is_led_from_elsewhere() => site.go(&parts::address(site.path(), [("next", path)])),
        _ => next.run(request).await,
    }
}

/// Where to go afterwards.
#[derive(Deserialize)]
struct Next {
    #[serde(default)]
    next: String,
}

/// The page to go to once somebody is signed in.
fn onward(next: &str) -> &str {
    inside(next).unwrap_or("/")
}

/// Says to somebody who was invited that they come back to the invitation.
fn coming_back(site: &Site, next: &str) -> Markup {
    let words = &site.words().account;
    let text = match inside(next) {
        Some(path) if path.starts_with("/i/") => words.back_to_invite,
        Some(path) if path.starts_with("/staff-invitations/") => words.back_to_staff_invitation,
        _ => return html! {},
    };
    html! { p.muted { (text) } }
}

/// Signs somebody in whose password has just been set, and goes on; asks for the password when that does not work.
async fn enter(site: &Site, email: &str, password: &SecretString, next: &str, texts: [&str; 2]) -> Response {
    let [welcome, ask] = texts;
    let Ok(tokens) = around::sign_in(site, email, password).await else {
        return site.go_saying(&crate::parts::address("/sign-in", [("next", next)]), Tone::Good, ask);
    };
    let mut response = site.go(onward(next));
    for cookie in
        site.visitor().clone().sign_in(tokens, &site.deps().ambient).into_iter().chain(keep_notice(Tone::Good, welcome))
    {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    address::forget(&mut response);
    response
}
