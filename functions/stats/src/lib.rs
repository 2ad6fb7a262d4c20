//! Triggered by `GET /v1/stats`, `GET /v1/stats/series` and `GET /v1/stats/campaigns/{campaignId}/conservation`.
//! Responsible for the clinic's numbers, now and over time, each rate with what it is a part of, and for the proof that they add up.

mod conservation;
mod now;
mod series;
mod span;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use shared::clock::Ambient;
use shared::db::Database;
use shared::http::{Kind, Table};
use shared::route;
use shared::store::Store;
use utoipa::openapi::OpenApi;

/// How long a reader waits for the store, which knows only what was answered lately.
pub const STORE_PATIENCE: Duration = Duration::from_millis(300);

/// What the use case needs.
pub struct Deps {
    /// The database.
    pub database: Database,
    /// What was answered, as far as it is remembered.
    pub store: Store,
    /// Time and randomness.
    pub ambient: Ambient,
}

fn table() -> Table<Arc<Deps>> {
    Table::new("Statistics", "The numbers of the clinic, each rate with what it is a part of.")
        .for_staff()
        .add(route!(now::show))
        .add(route!(series::show).answers(&[Kind::NotFound]))
        .add(route!(conservation::show))
}

/// The routes of this function.
pub fn routes(deps: Deps) -> Router {
    table().router(Arc::new(deps))
}

/// The documentation of these routes.
#[must_use]
pub fn openapi() -> OpenApi {
    table().document()
}
