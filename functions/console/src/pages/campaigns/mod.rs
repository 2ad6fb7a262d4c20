//! What was sent, and what became of it.

mod clicks;
mod conservation;
mod control;
mod course;
mod export;
mod known;
mod list;
mod message;
mod messages;
mod progress;
mod show;

pub use known::{campaign_tone, message_tone};

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::site::Deps;

/// Its routes.
pub fn routes() -> Router<Arc<Deps>> {
    Router::new()
        .route("/campaigns", get(list::show))
        .route("/campaigns/{id}", get(show::show))
        .route("/campaigns/{id}/progress", get(progress::fragment))
        .route("/campaigns/{id}/pause", post(control::pause))
        .route("/campaigns/{id}/resume", post(control::resume))
        .route("/campaigns/{id}/cancel", post(control::cancel))
        .route("/campaigns/{id}/again", post(control::again))
        .route("/campaigns/{id}/export", post(export::export))
        .route("/campaigns/{id}/messages/{number}", get(message::show))
        .route("/campaigns/{id}/clicks", get(clicks::show))
        .route("/campaigns/{id}/hours", get(course::show))
        .route("/campaigns/{id}/whereabouts", get(conservation::show))
}
