//! Groups.

pub mod choose;
mod list;
mod one;

use std::sync::Arc;

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use serde::Deserialize;

use crate::site::Deps;
use crate::words::Words;

/// The most characters of a group's name, and of a search.
pub const MAX_NAME: usize = 50;

/// A group.
#[derive(Debug, Clone, Deserialize)]
pub struct Group {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it holds those who are in no other.
    pub unassigned: bool,
    /// How many customers are in it.
    pub customers: u64,
}

impl Group {
    /// What it is called.
    #[must_use]
    pub fn name<'a>(&'a self, words: &'a Words) -> &'a str {
        words.groups.name_of(&self.name, self.unassigned)
    }
}

/// Its routes.
pub fn routes() -> Router<Arc<Deps>> {
    Router::new()
        .route("/groups", get(list::show).post(list::make))
        .route("/groups/choose", get(choose::find))
        .route("/groups/{id}", get(one::show).post(one::rename))
        .route("/groups/{id}/delete", get(|| async { Redirect::to("/groups") }).post(one::delete))
}
