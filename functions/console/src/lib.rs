//! Triggered by `/` and every address that is not the API's, in a browser.
//! Responsible for the pages: those of a clinic's staff, and those of the people whom it invites. It is a client of the public
//! API with the token of the person who looks, so it can do nothing that the API does not allow.

pub mod api;
pub mod around;
pub mod assets;
pub mod form;
pub mod page;
pub mod pages;
pub mod parts;
pub mod site;
pub mod visitor;
pub mod words;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;

pub use site::Deps;

/// The pages.
pub fn routes(deps: Deps) -> Router {
    let deps = Arc::new(deps);
    Router::new()
        .route("/assets/{version}/{name}", get(assets::file))
        .merge(pages::routes())
        .fallback(|site: site::Site| async move { pages::broken::missing(&site) })
        .layer(from_fn_with_state(deps.clone(), around::around))
        .with_state(deps)
}
