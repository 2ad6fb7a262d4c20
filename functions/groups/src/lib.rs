//! Triggered by the routes below `/v1/groups`.
//! Responsible for the clinic's groups: their names, who is in them, and how many customers each of them has at this moment.

mod all;
mod edit;
mod members;
mod view;
mod wish;

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
    let within = &[Kind::NotFound, Kind::UnassignedGroup];
    Table::new("Groups", "Named sets of customers. Whoever is in none of them is in the unassigned group (미지정).")
        .for_staff()
        .add(route!(view::list))
        .add(route!(edit::make))
        .add(route!(view::show))
        .add(route!(edit::rename).answers(&[Kind::UnassignedGroup]))
        .add(route!(edit::delete).answers(&[Kind::UnassignedGroup, Kind::GroupInUse]))
        .add(route!(members::add).answers(within))
        .add(route!(members::remove).answers(within))
        .add(route!(members::copy).answers(within))
        .add(route!(members::relocate).answers(within))
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
