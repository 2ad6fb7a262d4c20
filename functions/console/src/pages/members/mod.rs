//! Members and those who wait to be confirmed.

mod act;
mod list;
mod profile;
mod tree;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;
use shared::model::state::MembershipState;

use crate::parts;
use crate::site::{Deps, Site};
use crate::visitor::Tone;
use crate::words::Words;
use crate::words::members::Members;

/// Its routes.
pub fn routes() -> Router<Arc<Deps>> {
    Router::new().route("/members", get(list::show)).route("/members/{user}", get(profile::show).post(act::act))
}

/// The page of a member.
#[must_use]
pub fn path(user: &str) -> String {
    format!("/members/{user}")
}

/// A code by which somebody came: whose it is, and what it is called.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CodeOf {
    owner: String,
    label: Option<String>,
    invited_by: Option<Inviter>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inviter {
    user_id: String,
    name: String,
}

impl CodeOf {
    /// In words: what the clinic calls its code, or who invited.
    fn name(&self, words: &Words) -> String {
        match (&self.invited_by, &self.label) {
            (Some(inviter), _) => (words.members.invited_by_name)(&inviter.name),
            (None, _) if self.owner == "member" => (words.members.invited_by_name)(words.members.by_withdrawn),
            (None, Some(label)) => label.clone(),
            (None, None) => words.codes.unnamed.to_owned(),
        }
    }
}

fn state(words: &Members, state: MembershipState) -> Markup {
    match state {
        MembershipState::Pending => parts::badge(Tone::Warning, words.pending),
        MembershipState::Confirmed => parts::badge(Tone::Good, words.confirmed),
        MembershipState::Ended => parts::badge(Tone::Plain, words.ended),
    }
}

/// Takes somebody as a member by one click. `next` is where to go afterwards.
fn confirm_button(site: &Site, label: &str, (user, name): (&str, &str), next: &str) -> Markup {
    html! {
        form method="post" action=(path(user)) {
            (parts::csrf(site)) (parts::hidden("do", "confirm")) (parts::hidden("next", next))
            button.button.primary type="submit" { (label) span.visually-hidden { " " (name) } }
        }
    }
}

/// Does not take somebody who asked, after a question.
fn decline_button(site: &Site, (user, name): (&str, &str), next: &str) -> Markup {
    let words = &site.words().members;
    let fields = html! { (parts::hidden("do", "decline")) (parts::hidden("next", next)) };
    let question = words.decline_question.replace("{}", name);
    parts::confirm(site, &format!("decline-{user}"), words.decline, &question, &path(user), &fields)
}
