//! The habits of the HTTP API: who calls, what is asked, how it is answered.

mod caller;
pub mod filter;
mod input;
mod kind;
mod members;
pub mod openapi;
mod page;
mod problem;
mod source;
mod source_key;

pub use caller::Language;
pub use input::{Body, IdempotencyKey, Ids, Params, moment};
pub use kind::Kind;
pub use openapi::{Route, Table};
pub use page::{Cursor, Page};
pub use problem::{Problem, Text};
pub use source::{Source, Visitor};
pub use source_key::{NotProven, SOURCE_HEADER, SourceKey};

pub use crate::model::person::{Caller, Staff};

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

use crate::telemetry;

/// Finishes a function's router: unknown routes, problems in the caller's language, one started and completed line each.
pub fn app(name: &'static str, routes: Router) -> Router {
    routes
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async { Problem::of(Kind::MethodNotAllowed) })
        .layer(middleware::from_fn(move |request: Request, next: Next| answer(name, request, next)))
}

async fn answer(name: &'static str, request: Request, next: Next) -> Response {
    let language = Language::of(request.headers());
    let served = telemetry::invocation(name, async { Ok::<_, std::convert::Infallible>(next.run(request).await) }).await;
    let mut response = served.unwrap_or_else(|never| match never {});
    match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem.render(language),
        None => response,
    }
}

/// Answers Lambda's invocations with the router.
///
/// # Errors
/// When the runtime API cannot be reached.
pub async fn run(router: Router) -> Result<(), lambda_http::Error> {
    lambda_http::run(router).await
}

/// A JSON answer as it was given before, for a repeated `Idempotency-Key`.
#[must_use]
pub fn replay(status: u16, body: String) -> Response {
    let status = axum::http::StatusCode::from_u16(status).unwrap_or(axum::http::StatusCode::OK);
    (status, [(axum::http::header::CONTENT_TYPE, "application/json"), (IDEMPOTENT_REPLAYED, "true")], body).into_response()
}

/// Set on answers that were given before.
const IDEMPOTENT_REPLAYED: axum::http::HeaderName = axum::http::HeaderName::from_static("idempotent-replayed");
