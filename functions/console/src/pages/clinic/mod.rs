//! A new clinic: first steps.

pub mod hosts;
mod start;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use crate::site::Deps;

/// Its routes.
pub fn routes() -> Router<Arc<Deps>> {
    Router::new().route("/start", get(start::show).post(start::register))
}
