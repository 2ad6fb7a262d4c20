//! Triggered by `/` and every address that is not the API's, in a browser.
//! Responsible for the pages: those of a clinic's staff, and those of the people whom it invites. It is a client of the public
//! API with the token of the person who looks, so it can do nothing that the API does not allow.

pub mod api;
pub mod around;
pub mod assets;
pub mod began;
pub mod form;
pub mod page;
pub mod pages;
pub mod parts;
pub mod site;
pub mod visitor;
pub mod words;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

pub use site::Deps;

/// The pages.
pub fn routes(deps: Deps) -> Router {
    let deps = Arc::new(deps);
    Router::new()
        .route("/assets/{version}/{name}", get(assets::file))
        .merge(pages::routes())
        .fallback(missing)
        .method_not_allowed_fallback(back)
        .layer(from_fn_with_state(deps.clone(), around::around))
        .with_state(deps)
}

/// No page has this address. Below the stylesheet's and the scripts' there is nobody to show a page to.
async fn missing(site: Result<site::Site, StatusCode>) -> Response {
    site.map_or_else(|_| StatusCode::NOT_FOUND.into_response(), |site| pages::broken::missing(&site))
}

/// The address of a button, opened as a page: after a sign-in or in another language. The page with the button is meant.
async fn back(site: Result<site::Site, StatusCode>) -> Response {
    site.map_or_else(|_| StatusCode::METHOD_NOT_ALLOWED.into_response(), |site| site.go(site.page_before()))
}
