//! Who looked at or changed whose data.

mod asked;
mod show;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use crate::site::Deps;

/// Its routes.
pub fn routes() -> Router<Arc<Deps>> {
    Router::new().route("/audit", get(show::show))
}
