//! Triggered by the routes below `/v1/customers`.
//! Responsible for a clinic's customers one by one, and for finding, deleting and exporting many; lists of many come by bulk-import.

mod change;
mod delete;
mod export;
mod input;
mod read;
mod view;

use std::sync::Arc;

use axum::Router;
use shared::aws::downloads::{Downloads, S3Downloads};
use shared::clock::Ambient;
use shared::db::Database;
use shared::http::{Kind, Table};
use shared::route;
use utoipa::openapi::OpenApi;

/// What the use case needs.
pub struct Deps<D> {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
    /// Keeps exports for people to download.
    pub downloads: D,
}

fn table<D: Downloads + Send + Sync + 'static>() -> Table<Arc<Deps<D>>> {
    Table::new("Customers", "A clinic's contacts: found, added, changed, deleted and exported.")
        .for_staff()
        .add(route!(read::list::<D>).answers(&[Kind::NotFound]))
        .add(route!(change::add::<D>).answers(&[Kind::PhoneTaken]))
        .add(route!(read::columns::<D>))
        .add(route!(delete::delete_many::<D>).answers(&[Kind::NotFound]))
        .add(route!(export::export::<D>).answers(&[Kind::NotFound, Kind::ExportTooLarge]))
        .add(route!(read::show::<D>))
        .add(route!(change::change::<D>).answers(&[Kind::PhoneTaken]))
        .add(route!(delete::delete::<D>))
}

/// The routes of this function.
pub fn routes<D: Downloads + Send + Sync + 'static>(deps: Deps<D>) -> Router {
    table().router(Arc::new(deps))
}

/// The documentation of these routes.
#[must_use]
pub fn openapi() -> OpenApi {
    table::<S3Downloads>().document()
}
