//! The way to a campaign, against a stand-in for the API that remembers what it is asked.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::response::Parts;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use console::api::Client;
use console::assets::Assets;
use console::{Deps, routes};
use serde_json::{Value, json};
use shared::clock::Ambient;
use tower::ServiceExt as _;

const CSRF: &str = "0123456789abcdef0123456789abcdef";
const PLAN: [(&str, &str); 4] = [
    ("group", "grp_1"),
    ("template", "tpl_1"),
    ("destination", "https://www.example.com/a"),
    ("default.예약일", "예약하신 날"),
];
/// What the last page adds to that.
const CONFIRMED: [(&str, &str); 3] = [("key", "the-key"), ("confirmed", "1233"), ("confirmed-members", "1234")];

/// The stand-in.
struct Api {
    /// Which requests for campaigns came, by their keys.
    asked: Mutex<Vec<(String, Value)>>,
    /// How many would get it, and whether there is time to look at everybody.
    found: Mutex<(u64, bool)>,
    /// How many are in each group.
    members: Mutex<u64>,
    /// How long ago campaigns were asked for.
    ago: Mutex<TimeDelta>,
    /// How many groups there are.
    groups: Mutex<usize>,
}

impl Default for Api {
    fn default() -> Self {
        Self {
            asked: Mutex::default(),
            found: Mutex::new((1233, true)),
            members: Mutex::new(1234),
            ago: Mutex::default(),
            groups: Mutex::new(1),
        }
    }
}

/// Answers as the API does: the same key with the same words once, with other words not at all.
async fn ask(State(api): State<Arc<Api>>, headers: HeaderMap, Json(wish): Json<Value>) -> Response {
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    let mut asked = api.asked.lock().unwrap();
    let before = asked.iter().find(|(known, _)| *known == key).map(|(_, before)| before.clone());
    asked.push((key, wish.clone()));
    if before.is_some_and(|before| before != wish) {
        let problem = json!({ "type": "https://dangol.dev/problems/idempotency-key-reused", "status": 409, "title": "이미 쓴 키입니다." });
        return (StatusCode::CONFLICT, Json(problem)).into_response();
    }
    (
        StatusCode::ACCEPTED,
        Json(json!({ "id": "cmp_1", "state": "requested", "createdAt": Ambient::system().unwrap().now() - *api.ago.lock().unwrap() })),
    )
        .into_response()
}

async fn preflight(State(api): State<Arc<Api>>, Json(wish): Json<Value>) -> Response {
    let (sendable, complete) = *api.found.lock().unwrap();
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
        "ready": true, "complete": complete, "recipients": sendable + 1, "sendable": sendable,
        "excluded": { "total": 1, "byReason": { "missing_variable": 1 } }, "problems": { "items": [problem] },
        "characters": { "longest": 70 }, "cost": { "unitPrice": 6.5, "total": 8014.5, "currency": "KRW" },
        "balance": { "messages": 10, "enough": false }, "balanceProblem": null,
        "checks": [{ "check": "text", "outcome": "same", "explanation": null }],
        "warnings": [
            { "kind": "balance_too_low", "text": "충전금이 부족합니다.", "count": null, "at": null },
            { "kind": "held_by_quiet_hours", "text": "나중에 시작합니다.", "count": null, "at": "2026-12-01T23:00:00Z" },
            { "kind": "stopped_by_quiet_hours", "text": "이어서 보냅니다.", "count": null, "at": "2026-12-02T23:30:00Z" },
        ],
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

/// What has an id that ends so was deleted.
fn found(id: &str, thing: Value) -> Response {
    let problem = json!({ "type": "https://dangol.dev/problems/not-found", "status": 404, "title": "찾을 수 없습니다." });
    if id.ends_with("_gone") { (StatusCode::NOT_FOUND, Json(problem)).into_response() } else { Json(thing).into_response() }
}

async fn group(State(api): State<Arc<Api>>, Path(id): Path<String>) -> Response {
    found(&id, json!({ "id": id, "name": "VIP", "unassigned": false, "customers": *api.members.lock().unwrap() }))
}

async fn groups(State(api): State<Arc<Api>>, Query(query): Query<HashMap<String, String>>) -> Response {
    let (all, limit) = (*api.groups.lock().unwrap(), query["limit"].parse().unwrap());
    let one = |number| json!({ "id": format!("grp_{number}"), "name": "VIP", "unassigned": false, "customers": 1234 });
    let items: Vec<_> = (1..=all).take(limit).map(one).collect();
    Json(json!({ "items": items, "nextCursor": (all > limit).then_some("grp_next") })).into_response()
}

/// The pages in front of the stand-in, and that.
async fn pages() -> (Router, Arc<Api>) {
    let stand_in = Arc::new(Api::default());
    let clinic = json!({
        "name": "새봄의원", "timeZone": "Asia/Seoul", "linkHosts": ["www.example.com"], "senderKey": "k", "senderPhone": "02-1",
    });
    let api = Router::new()
        .route("/v1/clinic", get(move || async move { Json(clinic) }))
        .route("/v1/customers", get(|| async { Json(json!({ "items": [], "total": 1234 })) }))
        .route("/v1/groups", get(groups))
        .route("/v1/groups/{id}", get(group))
        .route("/v1/templates", get(|| async { Json(json!({ "items": [template()] })) }))
        .route("/v1/templates/{id}", get(|Path(id): Path<String>| async move { found(&id, template()) }))
        .route("/v1/campaigns/preflight", post(preflight))
        .route("/v1/campaigns", post(ask))
        .with_state(stand_in.clone());
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
    (routes(deps), stand_in)
}

/// A request of somebody who is signed in for longer than any test takes.
async fn answer(pages: &Router, request: axum::http::request::Builder, body: String) -> (Parts, Body) {
    let token = format!("h.{}.s", URL_SAFE_NO_PAD.encode(json!({ "exp": 99_999_999_999_i64 }).to_string()));
    let has_origin = request
        .headers_ref()
        .is_some_and(|headers| headers.contains_key("sec-fetch-site") || headers.contains_key(header::REFERER));
    let request = if has_origin { request } else { request.header("sec-fetch-site", "same-origin") };
    let request = request
        .header(header::COOKIE, format!("__Host-dangol-id={token}; __Host-dangol-csrf={CSRF}; __Host-dangol-language=ko"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body));
    pages.clone().oneshot(request.unwrap()).await.unwrap().into_parts()
}

async fn send(pages: &Router, request: axum::http::request::Builder, body: String) -> (StatusCode, String, String) {
    let (parts, body) = answer(pages, request, body).await;
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
    let (pages, api) = pages().await;
    let fields = [&PLAN[..], &CONFIRMED].concat();
    let (first, second) = tokio::join!(press(&pages, "/send/ask", CSRF, &fields), press(&pages, "/send/ask", CSRF, &fields));
    for (status, location, _) in [first, second] {
        assert_eq!((status, location.as_str()), (StatusCode::SEE_OTHER, "/campaigns/cmp_1"));
    }
    let asked = api.asked.lock().unwrap();
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
    let fields = [&PLAN[..], &CONFIRMED].concat();
    press(&pages, "/send/ask", CSRF, &fields).await;
    let (status, _, page) = press(&pages, "/send/ask", CSRF, &[&fields[..], &[("name", "다른 이름")]].concat()).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("이미 요청한 발송입니다"), "{page}");
}

#[tokio::test]
async fn a_form_from_before_signing_in_again_is_shown_and_not_sent() {
    let (pages, api) = pages().await;
    let (status, _, page) =
        press(&pages, "/send/ask", "of-another-session", &[&PLAN[..], &CONFIRMED, &[("name", "3월 안내")]].concat()).await;
    assert_eq!((status, api.asked.lock().unwrap().len()), (StatusCode::OK, 0));
    assert!(page.contains("value=\"3월 안내\"") && page.contains(console::words::ko::WORDS.common.form_restored), "{page}");
    assert!(page.contains("1,233명에게 보낼까요? 약 8,014.5원이 듭니다."), "{page}");
}

#[tokio::test]
async fn nothing_is_sent_before_every_step_is_answered() {
    let (pages, api) = pages().await;
    for without in ["group", "destination"] {
        let some: Vec<_> = PLAN.into_iter().chain(CONFIRMED).filter(|(name, _)| *name != without).collect();
        let (status, location, _) = press(&pages, "/send/ask", CSRF, &some).await;
        assert!(status == StatusCode::SEE_OTHER && location.starts_with("/send?"), "{location}");
        let (status, _, page) = send(&pages, Request::get(location), String::new()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.contains(if without == "group" { "하나 이상 선택" } else { "연결할 주소를 입력" }), "{page}");
    }
    assert!(api.asked.lock().unwrap().is_empty());
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
    let (pages, api) = pages().await;
    let late = [("when", "later"), ("at", "2020-01-01T09:00"), ("step", "check"), ("checked", "yes")];
    let (_, _, page) = open(&pages, "/send", &[&PLAN[..], &late].concat()).await;
    assert!(
        page.contains("id=\"field-at-error\">이미 지난 시각입니다.") && page.contains("value=\"2020-01-01T09:00\""),
        "{page}"
    );
    let (status, _, page) =
        press(&pages, "/send/ask", CSRF, &[&PLAN[..], &CONFIRMED, &[("when", "later"), ("at", "")]].concat()).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("날짜와 시각을 입력해 주세요."), "{page}");
    assert!(api.asked.lock().unwrap().is_empty());
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

/// What stands in a hidden field of a page.
fn hidden<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

#[tokio::test]
async fn a_key_belongs_to_one_page_and_is_in_no_address() {
    let (pages, _) = pages().await;
    let fields = [&PLAN[..], &CONFIRMED[..1], &[("step", "check"), ("checked", "yes")]].concat();
    let (_, _, first) = open(&pages, "/send", &fields).await;
    let (_, _, second) = open(&pages, "/send", &fields).await;
    let (first, second) = (hidden(&first, "key").unwrap(), hidden(&second, "key").unwrap());
    assert!(first.len() == 32 && second.len() == 32 && first != second, "{first} {second}");
    let (_, _, page) = open(&pages, "/send", &fields[..fields.len() - 1]).await;
    let (_, live) = page.split_once("data-live=\"/send/preflight?").unwrap();
    assert!(!live.split('"').next().unwrap().contains("key") && hidden(&page, "key").is_none(), "{page}");
}

#[tokio::test]
async fn a_page_that_a_browser_has_kept_does_not_say_that_it_was_sent_now() {
    let (pages, api) = pages().await;
    *api.ago.lock().unwrap() = TimeDelta::minutes(10);
    let body = encoded(&[&PLAN[..], &CONFIRMED, &[("csrf", CSRF)]].concat());
    let (notice, _) = notice(&pages, "/send/ask", body).await;
    assert!(notice.contains(console::words::ko::WORDS.send.sent_once), "{notice}");
}

#[tokio::test]
async fn another_number_than_the_one_that_was_confirmed_is_not_sent() {
    let (pages, api) = pages().await;
    *api.found.lock().unwrap() = (2000, true);
    let fields = [&PLAN[..], &CONFIRMED].concat();
    let (status, _, page) = press(&pages, "/send/ask", CSRF, &fields).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && api.asked.lock().unwrap().is_empty());
    assert!(
        page.contains("받는 고객이 1,233명에서 2,000명으로 바뀌었습니다.") && page.contains("2,000명에게 보내기"),
        "{page}"
    );
    assert_eq!((hidden(&page, "key"), hidden(&page, "confirmed")), (Some("the-key"), Some("2000")));
    let again = [&PLAN[..], &CONFIRMED[..1], &[("confirmed", "2000"), ("confirmed-members", "1234")]].concat();
    assert_eq!(press(&pages, "/send/ask", CSRF, &again).await.0, StatusCode::SEE_OTHER);
    let unconfirmed = [&PLAN[..], &CONFIRMED[..1]].concat();
    assert_eq!(press(&pages, "/send/ask", CSRF, &unconfirmed).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(api.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn without_time_for_everybody_the_sizes_of_groups_are_confirmed() {
    let (pages, api) = pages().await;
    *api.found.lock().unwrap() = (700, false);
    let (_, _, page) = open(&pages, "/send", &[&PLAN[..], &[("step", "check"), ("checked", "yes")]].concat()).await;
    assert!(page.contains("최대 1,234명에게 보내기") && page.contains("최대 1,234명에게 보낼까요? 약 8,021원"), "{page}");
    assert_eq!((hidden(&page, "confirmed"), hidden(&page, "confirmed-members")), (None, Some("1234")));
    let fields = [&PLAN[..], &CONFIRMED[..1], &CONFIRMED[2..]].concat();
    *api.members.lock().unwrap() = 1300;
    let (_, _, page) = press(&pages, "/send/ask", CSRF, &fields).await;
    assert!(page.contains("1,234명에서 1,300명으로") && api.asked.lock().unwrap().is_empty(), "{page}");
    *api.members.lock().unwrap() = 1234;
    assert_eq!(press(&pages, "/send/ask", CSRF, &fields).await.0, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn what_was_deleted_meanwhile_is_said_and_nothing_is_sent() {
    let (pages, api) = pages().await;
    let fields = [&PLAN[..], &CONFIRMED, &[("group", "grp_gone")]].concat();
    let (status, _, page) = press(&pages, "/send/ask", CSRF, &fields).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("선택한 그룹 2개 가운데 1개가 삭제되었습니다. 지금 선택한 그룹은 1개입니다."), "{page}");
    let other: Vec<_> =
        fields.iter().map(|(name, value)| (*name, if *name == "template" { "tpl_gone" } else { value })).collect();
    let (notice, location) = notice(&pages, "/send/ask", encoded(&[&other[..], &[("csrf", CSRF)]].concat())).await;
    assert!(notice.contains("선택한 템플릿이 삭제되었습니다.") && location.starts_with("/send?"), "{notice} {location}");
    assert!(api.asked.lock().unwrap().is_empty());
}

/// What the next page is to say, and which it is.
async fn notice(pages: &Router, path: &str, body: String) -> (String, String) {
    let (parts, _) = answer(pages, Request::post(path), body).await;
    let mut cookies = parts.headers.get_all(header::SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap());
    let cookie = cookies.find_map(|cookie| cookie.strip_prefix("__Host-dangol-notice=")).unwrap_or_default();
    let said: Vec<_> = url::form_urlencoded::parse(cookie.split(';').next().unwrap().as_bytes()).into_owned().collect();
    (
        said.first().map(|(_, text)| text.clone()).unwrap_or_default(),
        parts.headers[header::LOCATION].to_str().unwrap().to_owned(),
    )
}

#[tokio::test]
async fn a_link_of_another_site_chooses_groups_and_a_template_and_says_nothing_else() {
    let (pages, _) = pages().await;
    let fields = [&PLAN[..], &[("name", "남의 이름"), ("step", "link")]].concat();
    for path in ["/send", "/send/preflight", "/send/excluded"] {
        for (name, value) in [("sec-fetch-site", "cross-site"), ("referer", "https://evil.example/")] {
            let request = Request::get(format!("{path}?{}", encoded(&fields))).header(name, value);
            let (status, location, _) = send(&pages, request, String::new()).await;
            assert_eq!((status, location.as_str()), (StatusCode::SEE_OTHER, "/send?group=grp_1&template=tpl_1"));
            let (status, ..) = send(&pages, Request::get(location).header(name, value), String::new()).await;
            assert_eq!(status, StatusCode::OK, "there is no circle");
        }
    }
    let kept = Request::get(format!("/send?{}", encoded(&fields))).header("sec-fetch-site", "none");
    assert!(send(&pages, kept, String::new()).await.2.contains("www.example.com/a"));
}

#[tokio::test]
async fn warnings_about_time_say_the_moment_on_the_clinics_clock() {
    let (pages, _) = pages().await;
    let (_, _, piece) = open(&pages, "/send/preflight", &[&PLAN[..], &[("part", "whole")]].concat()).await;
    for text in [
        "나중에 시작합니다. (시작: <time datetime=\"2026-12-01T23:00:00+00:00\">2026-12-02 08:00",
        "이어서 보내는 시각: <time",
        "2026-12-03 08:30",
    ] {
        assert!(piece.contains(text), "{text}: {piece}");
    }
    assert!(!piece.contains("10건"), "the account of all clinics is no matter of one");
}

#[tokio::test]
async fn everybody_is_chosen_as_long_as_the_api_takes_so_many_groups() {
    let (pages, api) = pages().await;
    *api.groups.lock().unwrap() = 100;
    let everybody = [("here", "groups"), ("everybody", "yes")];
    let (_, _, page) = open(&pages, "/send", &everybody).await;
    assert_eq!(page.matches("name=\"group\"").count(), 100);
    assert!(page.contains("최대 123,400명") && page.contains("모든 고객 선택 (1,234명)"), "{page}");
    *api.groups.lock().unwrap() = 101;
    let (status, _, page) = open(&pages, "/send", &everybody).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("그룹이 100개보다 많아"), "{page}");
}

#[tokio::test]
async fn every_step_says_how_many_people_it_goes_to() {
    let (pages, _) = pages().await;
    for step in ["template", "link", "check"] {
        let (_, _, page) = open(&pages, "/send", &[&PLAN[..], &[("step", step)]].concat()).await;
        assert!(page.contains("<strong class=\"nowrap\">1,234명</strong>"), "{page}");
    }
    let (_, _, page) = open(&pages, "/send", &[("group", "grp_1"), ("group", "grp_2"), ("step", "template")]).await;
    assert!(page.contains("최대 2,468명"), "{page}");
    assert!(page.contains("value=\"tpl_1\" checked"), "the only template is marked: {page}");
}
