//! Triggered by `GET /v1/openapi.json`, `/docs` and `/docs/{file}`, by anybody.
//! Responsible for the documentation of the API: as a document, and as a page on which operations can be tried (Swagger UI).

use axum::Router;
use axum::http::HeaderName;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::response::IntoResponse;
use shared::http::{Ids, Problem, Table};
use shared::route;
use utoipa::openapi::OpenApi;

/// What the code of all functions says; `make openapi` renews it.
pub const DOCUMENT: &str = include_str!("../openapi.json");

const PAGE: &str = include_str!("page.html");

/// What the page may load: its own files, and the API beside it. Swagger UI draws its icons from `data:` addresses.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The next deployment may change them.
const MINUTES: (HeaderName, &str) = (CACHE_CONTROL, "public, max-age=300");
/// They change with the version of Swagger UI only.
const DAY: (HeaderName, &str) = (CACHE_CONTROL, "public, max-age=86400");

/// What stands for itself: guessing another type would only help an attacker.
const AS_SAID: [(HeaderName, &str); 2] = [(X_CONTENT_TYPE_OPTIONS, "nosniff"), (REFERRER_POLICY, "no-referrer")];

const TEXT: &str = "text/plain; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The files of the page: name, type, age and contents.
const FILES: [(&str, &str, (HeaderName, &str), &str); 6] = [
    ("page.css", "text/css; charset=utf-8", MINUTES, include_str!("page.css")),
    ("page.js", SCRIPT, MINUTES, include_str!("page.js")),
    ("swagger-ui.css", "text/css; charset=utf-8", DAY, include_str!(concat!(env!("OUT_DIR"), "/swagger-ui.css"))),
    ("swagger-ui-bundle.js", SCRIPT, DAY, include_str!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js"))),
    ("LICENSE", TEXT, DAY, include_str!(concat!(env!("OUT_DIR"), "/LICENSE"))),
    ("NOTICE", TEXT, DAY, include_str!(concat!(env!("OUT_DIR"), "/NOTICE"))),
];

fn table() -> Table<()> {
    Table::new("Documentation", "What you are reading.").add(route!(document)).add(route!(page)).add(route!(file))
}

/// The routes of this function.
pub fn routes() -> Router {
    table().router(())
}

/// The documentation of these routes.
#[must_use]
pub fn openapi() -> OpenApi {
    table().document()
}

/// This document, as OpenAPI 3.1
#[utoipa::path(
    get,
    path = "/v1/openapi.json",
    operation_id = "showOpenApi",
    responses((status = 200, content_type = "application/json", body = Object))
)]
async fn document() -> impl IntoResponse {
    (AS_SAID, [(CONTENT_TYPE, "application/json"), MINUTES], DOCUMENT)
}

/// This document as a page, on which operations can be tried
#[utoipa::path(
    get,
    path = "/docs",
    operation_id = "showDocs",
    responses((status = 200, content_type = "text/html", body = String))
)]
async fn page() -> impl IntoResponse {
    let robots = (HeaderName::from_static("x-robots-tag"), "noindex");
    (AS_SAID, [(CONTENT_TYPE, "text/html; charset=utf-8"), MINUTES, (CONTENT_SECURITY_POLICY, POLICY), robots], PAGE)
}

/// The files that the page loads
#[utoipa::path(
    get,
    path = "/docs/{file}",
    operation_id = "showDocsFile",
    responses(
        (status = 200, content(
            (String = "text/css"),
            (String = "text/javascript"),
            (String = "text/plain"),
        ))
    )
)]
async fn file(Ids(name): Ids<String>) -> Result<impl IntoResponse, Problem> {
    let found = FILES.into_iter().find(|(known, ..)| *known == name);
    let (_, kind, age, contents) = found.ok_or_else(Problem::not_found)?;
    Ok((AS_SAID, [(CONTENT_TYPE, kind), age], contents))
}
