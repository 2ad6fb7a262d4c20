//! Triggered by the routes below `/v1/suppressions`.
//! Responsible for the ledger of phones that must not be written to: who sees it, who adds to it, and who takes a phone off it.

mod change;
mod read;
mod view;

use std::sync::Arc;

use axum::Router;
use shared::clock::Ambient;
use shared::db::Database;
use shared::http::{Kind, Table};
use shared::route;
use utoipa::openapi::OpenApi;

/// What the use case needs.
pub struct Deps {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
}

fn table() -> Table<Arc<Deps>> {
    Table::new(
        "Suppressions",
        "Phones that must not be written to, why, and since when. Nothing lifts them but a person with a reason.",
    )
    .for_staff()
    .add(route!(read::list))
    .add(route!(change::add))
    .add(route!(read::lifted))
    .add(route!(read::show))
    .add(route!(change::lift).answers(&[Kind::NotOwner]))
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
