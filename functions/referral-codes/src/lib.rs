//! Triggered by the routes below `/v1/referral-codes`, and by `GET /v1/invitations/{code}/qr`, by anybody.
//! Responsible for the referral codes of a clinic and of its members: who sees them, and whether they can be used; and for their QR codes.

mod change;
mod qr;
mod read;
mod view;

use std::sync::Arc;

use axum::Router;
use shared::clock::Ambient;
use shared::db::Database;
use shared::http::{Kind, Table};
use shared::model::console::ConsoleOrigin;
use shared::route;
use utoipa::openapi::OpenApi;

/// What the use case needs.
pub struct Deps {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
    /// Where the console is, to which invite links lead.
    pub console: ConsoleOrigin,
}

fn table() -> Table<Arc<Deps>> {
    Table::new(
        "Referral codes",
        "The codes by which people join a clinic: its own, each with a name, and those of its members.",
    )
    .add(route!(read::list).answers(&[Kind::NotStaff]))
    .add(route!(change::add).answers(&[Kind::NotStaff, Kind::TooManyCodes]))
    .add(route!(read::show).answers(&[Kind::NotStaff]))
    .add(route!(change::change).answers(&[Kind::NotStaff]))
    .add(route!(qr::draw).answers(&[Kind::Unavailable]))
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
