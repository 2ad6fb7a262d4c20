//! The way to a campaign, against a stand-in for the API that remembers what it is asked.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use console::api::Client;
use console::assets::Assets;
use console::{Deps, routes};
use serde_json::{Value, json};
use shared::clock::Ambient;
use tower::ServiceExt as _;

const CSRF: &str = "0123456789abcdef0123456789abcdef";
const PLAN: [(&str, &str); 5] = [
    ("group", "grp_1"),
    ("template", "tpl_1"),
    ("destination", "https://www.example.com/a"),
    ("key", "the-key"),
    ("default.예약일", "예약하신 날"),
];

/// Which requests for campaigns came, by their keys.
type Asked = Arc<Mutex<Vec<(String, Value)>>>;

/// Answers as the API does: the same key with the same words once, with other words not at all.
async fn ask(State(asked): State<Asked>, headers: HeaderMap, Json(wish): Json<Value>) -> Response {
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    let mut asked = asked.lock().unwrap();
    let before = asked.iter().find(|(known, _)| *known == key).map(|(_, before)| before.clone());
    asked.push((key, wish.clone()));
    if before.is_some_and(|before| before != wish) {
        let problem = json!({ "type": "https://dangol.dev/problems/idempotency-key-reused", "status": 409, "title": "이미 쓴 키입니다." });
        return (StatusCode::CONFLICT, Json(problem)).into_response();
    }
    (StatusCode::ACCEPTED, Json(json!({ "id": "cmp_1", "state": "requested" }))).into_response()
}

async fn preflight(Json(wish): Json<Value>) -> Response {
    if wish["scheduledAt"] == "2020-01-01T00:00:00Z" {
        let problem = json!({
            "type": "https://dangol.dev/problems/invalid-input", "status": 422, "title": "입력값을 확인해 주세요.",
            "detail": "이미 지난 시각입니다.", "field": "scheduledAt",
        });
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(problem)).into_response();
    }
    let problem = json!({
        "customerId": "cus_1", "name": "<b>김</b>", "phone": "010-1234-5678", "reason": "값이 없습니다.",
        "reasonCode": "missing_variable", "missing": ["예약일"],
    });
    let found = json!({
        "ready": true, "complete": true, "recipients": 1234, "sendable": 1233,
        "excluded": { "total": 1, "byReason": { "missing_variable": 1 } }, "problems": { "items": [problem] },
        "characters": { "longest": 70 }, "cost": { "unitPrice": 6.5, "total": 8014.5, "currency": "KRW" },
        "balance": { "messages": 10, "enough": false }, "balanceProblem": null,
        "checks": [{ "check": "text", "outcome": "same", "explanation": null }],
        "warnings": [{ "kind": "balance_too_low", "text": "충전금이 부족합니다.", "count": null, "at": null }],
    });
    Json(found).into_response()
}

fn template() -> Value {
    json!({
        "id": "tpl_1", "name": "예약 안내", "content": "#{고객명}님 #{예약일}", "sendable": true,
        "buttons": [{ "name": "보기", "linkType": "WL", "linkMo": "https://go.example.com/c/#{link}" }],
        "sources": [
            { "variable": "고객명", "filledBy": "name", "column": null, "default": null },
            { "variable": "예약일", "filledBy": "column", "column": "예약일", "default": null },
        ],
    })
}

/// The pages in front of the stand-in, and what that was asked.
async fn pages() -> (Router, Asked) {
    let asked = Asked::default();
    let clinic = json!({
        "name": "새봄의원", "timeZone": "Asia/Seoul", "linkHosts": ["www.example.com"], "senderKey": "k", "senderPhone": "02-1",
    });
    let group = |Path(id): Path<String>| async move { Json(json!({ "id": id, "name": "VIP", "customers": 1234 })) };
    let api = Router::new()
        .route("/v1/clinic", get(move || async move { Json(clinic) }))
        .route("/v1/groups", get(|| async { Json(json!({ "items": [{ "id": "grp_1", "name": "VIP", "customers": 1234 }] })) }))
        .route("/v1/groups/{id}", get(group))
        .route("/v1/templates/{id}", get(|| async { Json(template()) }))
        .route("/v1/campaigns/preflight", post(preflight))
        .route("/v1/campaigns", post(ask))
        .with_state(asked.clone());
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, api).await.unwrap() });
    let deps = Deps {
        client: Client::new(address.parse().unwrap()).unwrap(),
        ambient: Ambient::system().unwrap(),
        origin: "http://localhost".parse().unwrap(),
        uploads_url: "http://localhost".to_owned(),
        sources: Box::new(|_| None),
        assets: Assets::new(),
    };
    (routes(deps), asked)
}

/// A request of somebody who is signed in for longer than any test takes.
async fn send(pages: &Router, request: axum::http::request::Builder, body: String) -> (StatusCode, String, String) {
    let token = format!("h.{}.s", URL_SAFE_NO_PAD.encode(json!({ "exp": 99_999_999_999_i64 }).to_string()));
    let request = request
        .header(header::COOKIE, format!("__Host-dangol-id={token}; __Host-dangol-csrf={CSRF}; __Host-dangol-language=ko"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(body));
    let answer = pages.clone().oneshot(request.unwrap()).await.unwrap();
    let (parts, body) = answer.into_parts();
    let location = parts.headers.get(header::LOCATION).map(|at| at.to_str().unwrap().to_owned()).unwrap_or_default();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    (parts.status, location, String::from_utf8(body.to_vec()).unwrap())
}

fn encoded(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

async fn open(pages: &Router, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String, String) {
    send(pages, Request::get(format!("{path}?{}", encoded(fields))), String::new()).await
}

async fn press(pages: &Router, path: &str, csrf: &str, fields: &[(&str, &str)]) -> (StatusCode, String, String) {
    send(pages, Request::post(path), encoded(&[fields, &[("csrf", csrf)]].concat())).await
}

#[tokio::test]
async fn pressing_twice_asks_for_the_same_campaign_with_the_same_key() {
    let (pages, asked) = pages().await;
    let (first, second) = tokio::join!(press(&pages, "/send/ask", CSRF, &PLAN), press(&pages, "/send/ask", CSRF, &PLAN));
    for (status, location, _) in [first, second] {
        assert_eq!((status, location.as_str()), (StatusCode::SEE_OTHER, "/campaigns/cmp_1"));
    }
    let asked = asked.lock().unwrap();
    assert_eq!((asked.len(), &asked[0]), (2, &asked[1]));
    let wish = json!({
        "groupIds": ["grp_1"], "templateId": "tpl_1", "destination": "https://www.example.com/a",
        "sources": { "예약일": { "default": "예약하신 날" } },
    });
    assert_eq!(asked[0], ("the-key".to_owned(), wish));
}

#[tokio::test]
async fn what_was_changed_after_sending_is_not_sent_as_well() {
    let (pages, _) = pages().await;
    press(&pages, "/send/ask", CSRF, &PLAN).await;
    let (status, _, page) = press(&pages, "/send/ask", CSRF, &[&PLAN[..], &[("name", "다른 이름")]].concat()).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("이미 요청한 발송입니다"), "{page}");
}

#[tokio::test]
async fn a_form_from_before_signing_in_again_is_shown_and_not_sent() {
    let (pages, asked) = pages().await;
    let (status, _, page) =
        press(&pages, "/send/ask", "of-another-session", &[&PLAN[..], &[("name", "3월 안내")]].concat()).await;
    assert_eq!((status, asked.lock().unwrap().len()), (StatusCode::OK, 0));
    assert!(page.contains("value=\"3월 안내\"") && page.contains(console::words::ko::WORDS.common.form_restored), "{page}");
    assert!(page.contains("1,233명에게 보낼까요? 약 8,014.5원이 듭니다."), "{page}");
}

#[tokio::test]
async fn nothing_is_sent_before_every_step_is_answered() {
    let (pages, asked) = pages().await;
    for without in ["group", "destination"] {
        let some: Vec<_> = PLAN.into_iter().filter(|(name, _)| *name != without).collect();
        let (status, location, _) = press(&pages, "/send/ask", CSRF, &some).await;
        assert!(status == StatusCode::SEE_OTHER && location.starts_with("/send?"), "{location}");
        let (status, _, page) = send(&pages, Request::get(location), String::new()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.contains(if without == "group" { "하나 이상 선택" } else { "연결할 주소를 입력" }), "{page}");
    }
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_link_to_a_foreign_host_is_refused_in_plain_words() {
    let (pages, _) = pages().await;
    let fields: HashMap<_, _> =
        PLAN.into_iter().chain([("destination", "https://evil.example.net/"), ("step", "check")]).collect();
    let (status, _, page) = open(&pages, "/send", &fields.into_iter().collect::<Vec<_>>()).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.contains("evil.example.net은(는) 등록되지 않은 도메인입니다.") && page.contains("href=\"#field-destination\"")
    );
}

#[tokio::test]
async fn pre_flight_says_who_gets_it_who_does_not_and_what_it_costs() {
    let (pages, _) = pages().await;
    let (status, _, page) = open(&pages, "/send", &[&PLAN[..], &[("step", "check")]].concat()).await;
    assert!(status == StatusCode::OK && page.contains("data-live=\"/send/preflight?") && !page.contains("/send/ask"), "{page}");
    for fields in [&[("part", "whole")], &[("part", "lacking")]] {
        let (status, _, piece) = open(&pages, "/send/preflight", &[&PLAN[..], fields].concat()).await;
        assert_eq!(status, StatusCode::OK);
        assert!(piece.contains("&lt;b&gt;김&lt;/b&gt;") && piece.contains("예약일") && !piece.contains("<html"), "{piece}");
        assert_eq!(
            piece.contains("1,233명") && piece.contains("충전금이 부족합니다.") && piece.contains("/send/ask"),
            fields[0].1 == "whole"
        );
    }
}

#[tokio::test]
async fn a_time_that_has_passed_is_said_beside_its_field_and_the_rest_is_kept() {
    let (pages, asked) = pages().await;
    let late = [("when", "later"), ("at", "2020-01-01T09:00"), ("step", "check"), ("checked", "yes")];
    let (_, _, page) = open(&pages, "/send", &[&PLAN[..], &late].concat()).await;
    assert!(
        page.contains("id=\"field-at-error\">이미 지난 시각입니다.") && page.contains("value=\"2020-01-01T09:00\""),
        "{page}"
    );
    let (status, _, page) = press(&pages, "/send/ask", CSRF, &[&PLAN[..], &[("when", "later"), ("at", "")]].concat()).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("날짜와 시각을 입력해 주세요."), "{page}");
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_has_no_room_in_an_address_travels_in_a_form() {
    let (pages, _) = pages().await;
    let long = format!("https://www.example.com/{}", "a".repeat(1_950));
    let fields: Vec<_> =
        PLAN.iter().copied().filter(|(name, _)| *name != "destination").chain([("destination", long.as_str())]).collect();
    let (status, _, page) = press(&pages, "/send", CSRF, &[&fields[..], &[("here", "link"), ("step", "check")]].concat()).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("id=\"wizard\" method=\"post\"") && page.contains(&long) && page.contains("/send/ask"), "{page}");
}
