//! Texts for messages, which Kakao approves.

mod draft;
mod edit;
mod editor;
mod examples;
mod list;
mod sources;
mod steps;
mod talk;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::site::Deps;

/// Its routes.
pub fn routes() -> Router<Arc<Deps>> {
    Router::new()
        .route("/templates", get(list::show))
        .route("/templates/sync", get(list::lead_back).post(list::synchronise))
        .route("/templates/preview", post(editor::preview))
        .route("/templates/new", get(edit::begin).post(edit::create))
        .route("/templates/{id}", get(edit::show).post(edit::change))
        .route("/templates/{id}/sources", get(edit::lead_back).post(sources::set))
        .route("/templates/{id}/review", get(edit::lead_back).post(steps::request_review))
        .route("/templates/{id}/delete", get(edit::lead_back).post(steps::delete))
}
