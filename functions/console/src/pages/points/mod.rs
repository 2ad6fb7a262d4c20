//! The ledger, and grants that are held.

use std::sync::Arc;

use axum::Router;

use crate::site::Deps;

/// Its routes.
pub fn routes() -> Router<Arc<Deps>> {
    Router::new()
}
