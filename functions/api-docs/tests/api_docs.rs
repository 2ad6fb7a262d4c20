//! The document and the page, as anybody gets them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use tower::ServiceExt as _;

async fn get(path: &str) -> (StatusCode, HeaderMap, String) {
    let app = shared::http::app("api-docs", api_docs::routes());
    let answer = app.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = answer.into_parts();
    let body = axum::body::to_bytes(body, 10 << 20).await.unwrap();
    (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
}

/// The addresses in a page that are to be loaded.
fn addresses(page: &str) -> Vec<&str> {
    let after = |name: &'static str| page.split(name).skip(1).filter_map(|rest| rest.split('"').next());
    after("href=\"").chain(after("src=\"")).filter(|address| !address.starts_with("data:")).collect()
}

#[tokio::test]
async fn the_document_is_the_committed_one() {
    let (status, headers, body) = get("/v1/openapi.json").await;
    assert_eq!((status, headers["content-type"].to_str().unwrap()), (StatusCode::OK, "application/json"));
    let document: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["paths"]["/v1/openapi.json"]["get"].is_object());
    assert_eq!(body, api_docs::DOCUMENT);
}

#[tokio::test]
async fn the_page_loads_nothing_but_files_that_are_there() {
    let (status, _, page) = get("/docs").await;
    assert_eq!(status, StatusCode::OK);
    let addresses = addresses(&page);
    assert!(addresses.len() >= 6, "{addresses:?}");
    for address in addresses {
        assert!(!address.starts_with('/') && !address.contains(':'), "{address} does not survive a stage in the path");
        let (status, headers, body) = get(&format!("/{address}")).await;
        assert_eq!(status, StatusCode::OK, "{address}");
        assert!(!body.is_empty() && headers["cache-control"].to_str().unwrap().starts_with("public"), "{address}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{address}");
    }
}

#[tokio::test]
async fn the_page_runs_no_script_but_its_own_files() {
    let (_, headers, page) = get("/docs").await;
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains(" on"), "{page}");
    let scripts = page.split("<script").skip(1);
    assert!(scripts.into_iter().all(|script| script.starts_with(" src=") && script.contains("></script>")), "{page}");
}

#[tokio::test]
async fn a_file_that_is_not_there_is_not_found() {
    for path in ["/docs/swagger-ui.js.map", "/docs/..%2FCargo.toml", "/docs/openapi.json", "/docs/a/b"] {
        let (status, headers, _) = get(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(headers["content-type"], "application/problem+json", "{path}");
    }
}
