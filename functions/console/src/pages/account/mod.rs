//! Accounts: signing up and in, lost passwords, languages.

mod session;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::site::Deps;

/// Its routes.
pub fn routes() -> Router<Arc<Deps>> {
    Router::new()
        .route("/sign-in", get(session::show).post(session::sign_in))
        .route("/sign-out", post(session::sign_out))
        .route("/language", post(session::language))
}
