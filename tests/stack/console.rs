//! Pages, and what no route of the API takes.

use reqwest::{Method, header};
use serde_json::{Value, json};

use crate::clinic;
use crate::support::{Answer, Stack};

fn kind(answer: &Answer) -> &str {
    answer.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default()
}

#[tokio::test]
async fn what_does_not_exist_below_v1_is_answered_as_the_api_would() {
    let stack = Stack::of_environment();
    let (owner, _) = clinic(&stack, "nowhere").await;
    let unknown = [
        (Method::GET, "/v1/nothing"),
        (Method::POST, "/v1/nothing"),
        (Method::DELETE, "/v1/nothing/at/all"),
        (Method::GET, "/v1"),
        // A route that is there, by another method.
        (Method::DELETE, "/v1/stats"),
        (Method::PUT, "/v1/customers"),
    ];
    for (method, path) in unknown {
        for language in ["ko", "en"] {
            let answer = owner.send(method.clone(), path, &[("Accept-Language", language)], json!({"name": "홍길동"})).await;
            let not_found = json!("https://dangol.dev/problems/not-found");
            assert_eq!((answer.status.as_u16(), &answer.json["type"]), (404, &not_found), "{method} {path}: {}", answer.text);
            assert_eq!(kind(&answer), "application/problem+json", "{method} {path}");
            assert_ne!(answer.json["title"], Value::Null, "{method} {path}");
            assert!(!answer.headers.contains_key(header::SET_COOKIE), "{method} {path} begins a session");
        }
    }
}

#[tokio::test]
async fn everything_else_is_a_page_also_what_does_not_exist() {
    let stack = Stack::of_environment();
    for (path, status) in [("/sign-in", 200), ("/nothing", 404), ("/nothing/at/all", 404)] {
        let page = stack.anonymous(Method::GET, path, &[("Accept", "text/html")]).await;
        assert_eq!(page.status, status, "{path}: {}", page.text);
        assert!(kind(&page).starts_with("text/html"), "{path}: {}", kind(&page));
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
    }
}

/// The header is for the console. From anybody else it changes nothing, whatever it says.
#[tokio::test]
async fn nobody_is_refused_for_saying_to_be_another_and_nobody_is_believed() {
    let stack = Stack::of_environment();
    for told in ["203.0.113.1", "AAAA.1772413200.203.0.113.1", ""] {
        let answer = stack.anonymous(Method::GET, "/v1/invitations/00000000", &[("x-dangol-source", told)]).await;
        assert_eq!(answer.status, 404, "{told}: {}", answer.text);
    }
}
