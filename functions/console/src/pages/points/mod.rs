//! The ledger of points, and points that are held.

mod held;
mod ledger;
pub(super) mod line;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;

use super::members;
use crate::site::Deps;
use crate::words::points::Points;

/// Its routes.
pub fn routes() -> Router<Arc<Deps>> {
    Router::new()
        .route("/points", get(ledger::show).post(ledger::take_back))
        .route("/points/held", get(held::show).post(held::decide))
}

/// The longest note that the API takes, in characters.
const LONGEST_NOTE: usize = 200;

/// A person, as lines name one.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Named {
    user_id: String,
    /// Nothing of somebody who has withdrawn.
    name: Option<String>,
}

/// A colleague, as lines name one.
#[derive(Debug, Deserialize)]
pub(super) struct Colleague {
    name: Option<String>,
}

fn link(words: &Points, person: &Named) -> Markup {
    html! {
        @match &person.name {
            Some(name) => a href=(members::path(&person.user_id)) { (name) },
            None => span.muted { (words.withdrawn) },
        }
    }
}

fn colleague(words: &Points, colleague: &Colleague) -> String {
    colleague.name.clone().unwrap_or_else(|| words.somebody_gone.to_owned())
}
