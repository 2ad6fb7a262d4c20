//! Triggered by `POST /v1/campaigns`, `GET /v1/campaigns`, `GET /v1/campaigns/{campaignId}` and its `/messages`.
//! Responsible for writing down what a clinic wants to send, once it can be sent, and for showing what became of every message.

mod ask;
mod show;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use shared::aws::topics::Publisher;
use shared::clock::Ambient;
use shared::db::Database;

/// What the use case needs.
pub struct Deps<P> {
    /// The database.
    pub database: Database,
    /// Where facts are published.
    pub publisher: P,
    /// Time and randomness.
    pub ambient: Ambient,
}

/// The routes of this function.
pub fn routes<P: Publisher + Send + Sync + 'static>(deps: Deps<P>) -> Router {
    Router::new()
        .route("/v1/campaigns", get(show::list).post(ask::ask))
        .route("/v1/campaigns/{campaignId}", get(show::find))
        .route("/v1/campaigns/{campaignId}/messages", get(show::messages))
        .with_state(Arc::new(deps))
}
