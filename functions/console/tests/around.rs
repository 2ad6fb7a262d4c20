//! What is around every page, without the API: it is not asked here.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use console::api::Client;
use console::assets::Assets;
use console::{Deps, routes};
use shared::clock::Ambient;
use tower::ServiceExt;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn console() -> Router {
    routes(Deps {
        // Nobody listens there: a page that asks the API fails.
        client: Client::new("http://127.0.0.1:1".parse().unwrap()).unwrap(),
        ambient: Ambient::system().unwrap(),
        origin: "https://console.example.com".parse().unwrap(),
        uploads_url: "https://files.example.com/bucket/".to_owned(),
        sources: Box::new(|_| None),
        assets: Assets::new(),
    })
}

async fn answered(request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let response = console().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    (parts.status, parts.headers, String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap())
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

/// A form that was sent from somewhere (`same-origin`, `cross-site`), by a browser with the token of [`TOKEN`].
fn form(path: &str, site: Option<&str>, body: &str) -> Request<Body> {
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::COOKIE, format!("__Host-dangol-csrf={TOKEN}"));
    let request = match site {
        Some(site) => request.header("sec-fetch-site", site),
        None => request,
    };
    request.body(Body::from(body.to_owned())).unwrap()
}

#[tokio::test]
async fn every_answer_has_the_security_headers_and_no_page_is_kept() {
    for path in ["/sign-in", "/nothing", "/assets/x/console.css", "/assets/x/nothing", "/v1/nothing", "/customers"] {
        let (_, headers, _) = answered(get(path)).await;
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        for part in
            ["default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'", "base-uri 'none'"]
        {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        assert_eq!(headers[header::REFERRER_POLICY], "same-origin", "{path}");
        assert!(headers[header::STRICT_TRANSPORT_SECURITY].to_str().unwrap().starts_with("max-age="), "{path}");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store", "{path}");
    }
}

#[tokio::test]
async fn stylesheet_and_scripts_are_kept_for_ever_under_their_version() {
    let path = Assets::new().path("console.css");
    let (status, headers, text) = answered(get(&path)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
    assert!(text.contains(":root") && headers.get(header::SET_COOKIE).is_none());
    for path in ["/assets/nothing.js", "/assets/a/nothing.js", "/assets/a/b/c", "/assets/"] {
        assert_eq!(answered(get(path)).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn what_the_api_does_not_have_is_answered_in_its_words_and_sets_no_cookie() {
    for request in [get("/v1/nothing"), get("/v1"), form("/v1/stats", Some("cross-site"), "a=b"), form("/c/abc", None, "")] {
        let (status, headers, text) = answered(request).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
        assert!(text.contains("not-found") && headers.get(header::SET_COOKIE).is_none(), "{text}");
    }
}

#[tokio::test]
async fn cookies_are_out_of_reach_for_scripts_and_other_sites() {
    let (_, headers, _) = answered(get("/sign-in")).await;
    let cookie = headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("__Host-dangol-csrf="), "{cookie}");
    for part in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
}

#[tokio::test]
async fn a_form_of_another_site_is_refused_whatever_token_it_has() {
    for site in ["cross-site", "same-site", "none"] {
        let body = format!("csrf={TOKEN}&language=en");
        let (status, headers, _) = answered(form("/language", Some(site), &body)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{site}");
        assert!(headers.get_all(header::SET_COOKIE).iter().all(|cookie| !cookie.to_str().unwrap().contains("language")));
    }
    let mut old = form("/language", None, &format!("csrf={TOKEN}&language=en"));
    old.headers_mut().insert(header::ORIGIN, "https://evil.example".parse().unwrap());
    assert_eq!(answered(old).await.0, StatusCode::FORBIDDEN, "an older browser says it in another way");
    let (status, ..) = answered(form("/language", None, "language=en")).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "no token, and a browser that does not say where the form was");
    let (status, ..) = answered(form("/language", None, "csrf=0123&language=en")).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "another token");
}

#[tokio::test]
async fn a_form_with_the_token_is_carried_out() {
    for site in [Some("same-origin"), None] {
        let (status, headers, _) = answered(form("/language", site, &format!("csrf={TOKEN}&language=en&next=/i/ABC"))).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        assert_eq!(headers[header::LOCATION], "/i/ABC");
        assert!(
            headers
                .get_all(header::SET_COOKIE)
                .iter()
                .any(|cookie| cookie.to_str().unwrap().starts_with("__Host-dangol-language=en"))
        );
    }
}

#[tokio::test]
async fn a_form_of_ours_with_an_old_token_comes_back_filled_and_without_the_password() {
    let body = "csrf=0123&email=kim%40example.com&password=secret-word-1";
    let (status, _, text) = answered(form("/sign-in", Some("same-origin"), body)).await;
    assert_eq!(status, StatusCode::OK);
    assert!(text.contains("value=\"kim@example.com\"") && !text.contains("secret-word-1"), "{text}");
    assert!(text.contains(&format!("name=\"csrf\" value=\"{TOKEN}\"")), "and with the token that is right now");
}

#[tokio::test]
async fn a_form_of_somebody_whose_session_has_ended_is_carried_through_the_sign_in() {
    let body = format!("csrf={TOKEN}&name=%3Cb%3E%EA%B9%80%3C%2Fb%3E&groupIds=a&groupIds=b&newPassword=secret");
    let (status, _, text) = answered(form("/customers/new?group=grp_1", Some("same-origin"), &body)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(text.contains("action=\"/customers/new?group=grp_1\""), "{text}");
    assert!(text.contains("name=\"name\" value=\"&lt;b&gt;김&lt;/b&gt;\""), "{text}");
    assert!(text.contains("name=\"groupIds\" value=\"a\"") && text.contains("name=\"groupIds\" value=\"b\""), "{text}");
    assert!(!text.contains("secret"), "a password is typed anew");
}

#[tokio::test]
async fn a_page_that_needs_a_session_leads_to_the_sign_in_and_back() {
    let (status, headers, _) = answered(get("/customers?q=a")).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(headers[header::LOCATION], "/sign-in?next=%2Fcustomers%3Fq%3Da");
}

#[tokio::test]
async fn a_button_pressed_after_the_session_has_ended_leads_back_to_its_page() {
    let body = format!("csrf={TOKEN}");
    let mut press = form("/suppressions/sup_1/lift", Some("same-origin"), &body);
    press.headers_mut().insert(header::REFERER, "https://console.example.com/suppressions?q=a".parse().unwrap());
    let (status, headers, _) = answered(press).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(headers[header::LOCATION], "/sign-in?next=%2Fsuppressions%3Fq%3Da");
    let elsewhere = form("/suppressions/sup_1/lift", Some("same-origin"), &body);
    assert_eq!(answered(elsewhere).await.1[header::LOCATION], "/sign-in?next=%2F");
}

#[tokio::test]
async fn a_token_that_says_nothing_or_has_ended_is_no_session() {
    use base64::Engine;
    let token = |claims: &str| format!("a.{}.c", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims));
    for token in ["x".to_owned(), token("{}"), token("{\"exp\": 1}")] {
        let request = |path: &str| Request::get(path).header(header::COOKIE, format!("__Host-dangol-id={token}"));
        let (status, headers, _) = answered(request("/customers").body(Body::empty()).unwrap()).await;
        assert_eq!(
            (status, headers[header::LOCATION].to_str().unwrap()),
            (StatusCode::SEE_OTHER, "/sign-in?next=%2Fcustomers")
        );
        let gone =
            headers.get_all(header::SET_COOKIE).iter().filter(|cookie| cookie.to_str().unwrap().contains("Max-Age=0")).count();
        assert_eq!(gone, 2, "both tokens are taken back");
        assert_eq!(
            answered(request("/sign-in").body(Body::empty()).unwrap()).await.0,
            StatusCode::OK,
            "and nobody is led in circles"
        );
    }
}

#[tokio::test]
async fn pages_that_need_nobody_signed_in_are_shown_while_a_session_cannot_be_renewed() {
    let request =
        |path: &str| Request::get(path).header(header::COOKIE, "__Host-dangol-refresh=token").body(Body::empty()).unwrap();
    let (status, headers, _) = answered(request("/sign-in")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(headers.get_all(header::SET_COOKIE).iter().all(|cookie| !cookie.to_str().unwrap().contains("refresh")), "it stays");
    assert_eq!(
        answered(request("/customers")).await.0,
        StatusCode::SERVICE_UNAVAILABLE,
        "not a sign-in: the session has not ended"
    );
}

#[tokio::test]
async fn a_form_of_more_fields_than_any_page_has_is_refused_before_it_is_looked_at() {
    let body = format!("csrf={TOKEN}{}", "&a".repeat(12_000));
    assert_eq!(answered(form("/send", Some("same-origin"), &body)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let mut parts = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n".repeat(12_001);
    parts.push_str("--x--\r\n");
    let mut many = form("/imports", Some("same-origin"), &parts);
    many.headers_mut().insert(header::CONTENT_TYPE, "multipart/form-data; boundary=x".parse().unwrap());
    assert_eq!(answered(many).await.0, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn whoever_leaves_a_desk_leaves_nothing_but_the_language() {
    let (_, headers, _) = answered(form("/sign-out", Some("same-origin"), &format!("csrf={TOKEN}"))).await;
    let set: Vec<_> = headers.get_all(header::SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap()).collect();
    for name in ["id", "refresh", "csrf", "address", "notice"] {
        let cookie = format!("__Host-dangol-{name}=;");
        assert!(set.iter().any(|set| set.starts_with(&cookie) && set.contains("Max-Age=0")), "{name}: {set:?}");
    }
    assert_eq!(set.len(), 5, "each of them once: {set:?}");
}

#[tokio::test]
async fn an_address_of_a_button_leads_to_the_page_before_and_never_around_in_circles() {
    for (referer, path) in [("/settings", "/settings"), ("/sign-out", "/"), ("", "/")] {
        let request = Request::get("/sign-out").header(header::REFERER, format!("https://console.example.com{referer}"));
        let (status, headers, _) = answered(request.body(Body::empty()).unwrap()).await;
        assert_eq!((status, headers[header::LOCATION].to_str().unwrap()), (StatusCode::SEE_OTHER, path));
    }
    let foreign = Request::get("/sign-out").header(header::REFERER, "https://console.example.com.evil.example/a");
    assert_eq!(answered(foreign.body(Body::empty()).unwrap()).await.1[header::LOCATION], "/");
}

#[tokio::test]
async fn a_body_that_is_too_large_or_no_form_is_refused_with_a_page() {
    let large = form("/sign-in", Some("same-origin"), &"a".repeat(console::form::MAX_BYTES + 1));
    assert_eq!(answered(large).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let mut json = form("/sign-in", Some("same-origin"), "{}");
    json.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
    let (status, headers, _) = answered(json).await;
    assert_eq!(
        (status, headers[header::CONTENT_TYPE].to_str().unwrap()),
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, "text/html; charset=utf-8")
    );
}

#[tokio::test]
async fn the_language_is_the_one_that_was_chosen_or_the_browsers_or_korean() {
    let said = |language: &'static str, cookie: &'static str| async move {
        let request = Request::get("/sign-in").header(header::ACCEPT_LANGUAGE, language).header(header::COOKIE, cookie);
        answered(request.body(Body::empty()).unwrap()).await.2
    };
    assert!(said("", "").await.contains("lang=\"ko\""));
    assert!(said("en-US,en;q=0.9", "").await.contains("lang=\"en\""));
    assert!(said("en-US,en;q=0.9", "__Host-dangol-language=ko").await.contains("lang=\"ko\""));
}

#[tokio::test]
async fn a_link_of_another_site_says_where_a_sign_in_leads_and_not_what_is_filled_in_there() {
    let led = |path: &str, from: &str| Request::get(path).header("sec-fetch-site", from).body(Body::empty()).unwrap();
    for path in ["/sign-in", "/sign-up", "/sign-up/confirm", "/password/forgot"] {
        let full = format!("{path}?next=%2Fsend%3Fdestination%3Dhttps%253A%252F%252Fevil.example%252F");
        let (status, headers, _) = answered(led(&full, "cross-site")).await;
        assert_eq!(
            (status, headers[header::LOCATION].to_str().unwrap()),
            (StatusCode::SEE_OTHER, &*format!("{path}?next=%2Fsend"))
        );
        let (status, _, body) = answered(led(&full, "same-origin")).await;
        assert!(
            status == StatusCode::OK && body.contains("evil.example"),
            "whose session has ended comes back to what was said"
        );
    }
    assert_eq!(answered(led("/sign-in?next=%2Fi%2F7K3M9QXF", "cross-site")).await.0, StatusCode::OK, "there is no circle");
}
