//! Colleagues and invitations of them.

mod accept;
mod colleague;
mod invitations;
mod list;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;

use crate::parts;
use crate::site::{Deps, Site};
use crate::visitor::Tone;
use crate::words::staff::Staff;

/// Its routes.
pub fn routes() -> Router<Arc<Deps>> {
    Router::new()
        .route("/staff", get(list::show))
        .route("/staff/invitations", get(invitations::show))
        .route("/staff/invitations/new", get(invitations::show_new).post(invitations::invite))
        .route("/staff/invitations/{invitation}/revoke", get(invitations::back).post(invitations::revoke))
        .route("/staff/{colleague}", get(colleague::show).post(colleague::change))
        .route("/staff/{colleague}/remove", get(colleague::back).post(colleague::remove))
        .route("/staff-invitations/{token}", get(accept::show).post(accept::accept))
}

/// Where a list was left.
#[derive(Deserialize)]
struct Turned {
    #[serde(default)]
    cursor: Option<String>,
}

/// What somebody may do, as a word and a colour.
fn role_badge(words: &Staff, role: &str) -> Markup {
    let (tone, word) = if role == "owner" { (Tone::Good, words.owner) } else { (Tone::Plain, words.staff) };
    parts::badge(tone, word)
}

/// The roles to choose from.
const fn roles(words: &Staff) -> [(&'static str, &'static str); 2] {
    [("staff", words.staff), ("owner", words.owner)]
}

/// What the roles mean.
fn roles_explained(words: &Staff) -> Markup {
    html! { ul.muted.small { li { (words.staff_text) } li { (words.owner_text) } } }
}

/// Leads from one list to the others.
fn lists(site: &Site, owner: bool, here: &str) -> Markup {
    let words = &site.words().staff;
    let all = [
        ("/staff", words.present, false),
        ("/staff/invitations", words.invitations, true),
        ("/staff?removed=true", words.removed, false),
    ];
    html! {
        nav aria-label=(words.lists) {
            ul.chips {
                @for (path, label, _) in all.into_iter().filter(|(.., owners)| owner || !owners) {
                    li { a href=(path) aria-current=[(path == here).then_some("page")] { (label) } }
                }
            }
        }
    }
}
