//! Triggered by the routes below `/v1/imports`.
//! Responsible for an import from its upload address over its review to its approval, and for its revocation; reading,
//! committing and undoing are done by queue consumers.

mod bad_rows;
mod changes;
mod decision;
mod edit;
mod lives;
mod reason;
mod remap;
mod rows;
mod selection;
mod start;
mod template;
mod view;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use shared::aws::downloads::{Downloads, S3Downloads};
use shared::aws::topics::{Publisher, SnsPublisher};
use shared::clock::Ambient;
use shared::db::Database;
use shared::failure::Failure;
use shared::http::{Kind, Table};
use shared::model::import::Largest;
use shared::route;
use shared::store::Store;
use utoipa::openapi::OpenApi;

/// Where files are uploaded to.
pub trait Uploads {
    /// An address to which the file can be PUT within the time given.
    fn signed_put(&self, key: &str, valid_for: Duration) -> impl Future<Output = Result<String, Failure>> + Send;
}

impl Uploads for shared::aws::uploads::Uploads {
    async fn signed_put(&self, key: &str, valid_for: Duration) -> Result<String, Failure> {
        Self::signed_put(self, key, valid_for).await
    }
}

/// What the use case needs.
pub struct Deps<P, U, D> {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
    /// Tells of approvals, revocations and files that are to be read anew.
    pub publisher: P,
    /// Signs the upload.
    pub uploads: U,
    /// Offers the template and the bad rows.
    pub downloads: D,
    /// Knows how far reading is.
    pub store: Store,
    /// What parse-import reads.
    pub largest: Largest,
}

fn table<P, U, D>() -> Table<Arc<Deps<P, U, D>>>
where
    P: Publisher + Send + Sync + 'static,
    U: Uploads + Send + Sync + 'static,
    D: Downloads + Send + Sync + 'static,
{
    let review = &[Kind::ImportNotReady];
    Table::new("Imports", "Lists of customers from spreadsheets: uploaded, reviewed row by row, committed once, undone.")
        .for_staff()
        .add(route!(lives::list::<P, U, D>))
        .add(route!(start::start::<P, U, D>))
        .add(route!(template::offer::<P, U, D>))
        .add(route!(lives::show::<P, U, D>))
        .add(route!(lives::discard::<P, U, D>).answers(&[Kind::ImportState]))
        .add(route!(remap::remap::<P, U, D>).answers(&[Kind::ImportState]))
        .add(route!(rows::list::<P, U, D>))
        .add(route!(edit::edit::<P, U, D>).answers(&[Kind::ImportNotReady, Kind::RowDeleted]))
        .add(route!(selection::delete_row::<P, U, D>).answers(review))
        .add(route!(selection::delete_rows::<P, U, D>).answers(review))
        .add(route!(selection::restore_rows::<P, U, D>).answers(review))
        .add(route!(bad_rows::offer::<P, U, D>).answers(&[Kind::ImportNotReady, Kind::NoRows, Kind::ExportTooLarge]))
        .add(route!(decision::commit::<P, U, D>).answers(&[Kind::ImportNotReady, Kind::ImportState, Kind::NoRows]))
        .add(route!(decision::undo::<P, U, D>).answers(&[Kind::ImportState]))
}

/// The routes of this function.
pub fn routes<P, U, D>(deps: Deps<P, U, D>) -> Router
where
    P: Publisher + Send + Sync + 'static,
    U: Uploads + Send + Sync + 'static,
    D: Downloads + Send + Sync + 'static,
{
    table().router(Arc::new(deps))
}

/// The documentation of these routes.
#[must_use]
pub fn openapi() -> OpenApi {
    table::<SnsPublisher, shared::aws::uploads::Uploads, S3Downloads>().document()
}
