//! Lists that are uploaded, reviewed and committed.

mod commit;
mod edit;
mod list;
mod mapping;
mod model;
mod preview;
mod result;
mod rows;
mod show;
mod states;
mod upload;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::site::Deps;

/// Its routes.
pub fn routes() -> Router<Arc<Deps>> {
    Router::new()
        .route("/imports", get(list::show).post(upload::send))
        .route("/imports/begin", post(upload::begin))
        .route("/imports/template", get(upload::template))
        .route("/imports/{id}", get(show::show))
        .route("/imports/{id}/progress", get(show::progress))
        .route("/imports/{id}/discard", get(show::back).post(show::discard))
        .route("/imports/{id}/undo", get(show::back).post(result::undo))
        .route("/imports/{id}/bad-rows", get(show::bad_rows))
        .route("/imports/{id}/rows", get(show::back).post(rows::change))
        .route("/imports/{id}/rows/{number}", get(edit::show).post(edit::save))
        .route("/imports/{id}/mapping", get(mapping::show).post(mapping::read_anew))
        .route("/imports/{id}/commit", get(commit::show).post(commit::commit))
}
