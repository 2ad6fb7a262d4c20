//! The page for people.

use reqwest::Method;
use serde_json::json;

use crate::support::{Receiver, Simulator, message, receiver};

async fn page(simulator: &Simulator, query: &str) -> String {
    let response = simulator.client.get(simulator.url(query)).send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    let policy = response.headers()["content-security-policy"].to_str().expect("a policy");
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    response.text().await.expect("a page")
}

#[tokio::test]
async fn a_delivered_message_is_shown_with_a_link_to_click() {
    let simulator = Simulator::with_template().await;
    assert!(page(&simulator, "/").await.contains("아직 받은 메시지가 없습니다"));
    simulator.accepted(&[receiver("01012345678"), receiver("01012345692")]).await;
    assert!(page(&simulator, "/").await.contains("보내는 중"));
    simulator.advance(3_000);
    let html = page(&simulator, "/").await;
    assert!(html.contains("김단골님, 안녕하세요."));
    assert!(html.contains("<a href=\"https://go.example.com/c/token-01012345678\""));
    assert!(html.contains("2026-03-02 12:00:03 도착"));
    assert!(html.contains("도착하지 않음: 발신프로필을 차단한 사용자 (B)"));
}

#[tokio::test]
async fn one_phone_can_be_looked_at() {
    let simulator = Simulator::with_template().await;
    simulator.accepted(&[receiver("01012345678"), receiver("01012345679")]).await;
    let html = page(&simulator, "/?phone=5678").await;
    assert!(html.contains("token-01012345678"));
    assert!(!html.contains("token-01012345679"));
}

#[tokio::test]
async fn nothing_that_a_sender_writes_runs_in_the_page() {
    let simulator = Simulator::with_template().await;
    let button = json!({ "button": [{
        "name": "<img src=x onerror=alert(1)>", "linkType": "WL",
        "linkMo": "javascript:alert(1)",
    }, { "name": "둘", "linkType": "WL", "linkMo": "https://a.example/\"onclick=\"alert(1)" }] });
    let nasty = Receiver {
        message: message("<script>alert('1')</script>"),
        button: Some(button.to_string()),
        emtitle: Some("<b>제목</b>".to_owned()),
        ..receiver("01012345678")
    };
    simulator.accepted(&[nasty]).await;
    simulator
        .admin(Method::POST, "profiles", json!({ "senderKey": simulator.options.sender_key, "uuid": "@x", "name": "<i>x</i>" }))
        .await;
    let html = page(&simulator, "/").await;
    for raw in ["<script", "<img", "javascript:", "<b>", "<i>", "\"onclick"] {
        assert!(!html.contains(raw), "{raw} got through");
    }
    assert!(html.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"));
    let html = page(&simulator, "/?phone=%22%3E%3Cscript%3E").await;
    assert!(html.contains("value=\"&quot;&gt;&lt;script&gt;\""));
}

#[tokio::test]
async fn the_style_sheet_is_served() {
    let simulator = Simulator::start().await;
    let response = simulator.client.get(simulator.url("/page.css")).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/css; charset=utf-8");
}
