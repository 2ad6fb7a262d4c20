//! The page of a campaign.

use axum::http::StatusCode;
use chrono::TimeDelta;
use console::words::ko::WORDS;
use serde_json::{Value, json};
use shared::clock::Ambient;

use crate::standin::{Browser, problem};

/// A campaign that was handed over so long ago: two arrived, one failed for this reason, so many results are to come.
fn campaign(ago: TimeDelta, sent: u64, reason: &str) -> Value {
    let then = Ambient::system().unwrap().now() - ago;
    json!({
        "id": "cmp_1", "name": "3월 안내", "kind": "information", "state": "finished", "stateText": "완료", "templateId": "tpl_1",
        "destination": "https://www.example.com/", "createdAt": then, "startedAt": then,
        "finishedAt": then, "progress": { "complete": true, "withResult": 3 },
        "messages": { "requested": 3 + sent, "queued": 0, "sent": sent, "delivered": 2, "failed": 1, "unknown": 0, "excluded": 0 },
        "groups": [], "excluded": [], "unknowns": [], "failures": [{ "reason": "실패", "reasonCode": reason, "count": 1 }],
        "clicks": { "human": 1, "unique": 1, "previews": 0, "prefetches": 0, "bots": 0, "rejected": 0 }, "estimatedCost": 19.5,
    })
}

async fn shown(ago: TimeDelta, sent: u64, reason: &str) -> String {
    let mut browser = Browser::of_clinic("staff").await;
    browser.answers("GET /v1/campaigns/cmp_1", 200, campaign(ago, sent, reason));
    browser.answers("GET /v1/campaigns/cmp_1/messages", 200, json!({ "items": [] }));
    browser.get("/campaigns/cmp_1").await.body
}

const FAILED: &str = "popovertarget=\"again-failed\"";
const NOT_CLICKED: &str = "popovertarget=\"again-not-clicked\"";

#[tokio::test]
async fn a_campaign_whose_results_are_awaited_is_not_called_finished_and_is_not_sent_again() {
    let page = shown(TimeDelta::minutes(5), 4, "not_reachable").await;
    assert!(page.contains("<span class=\"badge plain\">결과 대기</span> 보내기는 끝났고") && !page.contains("완료"), "{page}");
    assert!(page.contains("progress?seen=awaiting") && !page.contains(FAILED) && !page.contains(NOT_CLICKED), "{page}");
    let page = shown(TimeDelta::minutes(5), 0, "not_reachable").await;
    assert!(page.contains("<span class=\"badge good\">완료</span>") && page.contains(FAILED), "{page}");
}

#[tokio::test]
async fn whoever_did_not_click_has_a_day_for_it_and_what_failed_for_good_is_not_offered() {
    let page = shown(TimeDelta::hours(23), 0, "not_reachable").await;
    assert!(page.contains("24시간이 지난 뒤") && page.contains(FAILED) && !page.contains(NOT_CLICKED), "{page}");
    let page = shown(TimeDelta::hours(25), 1, "safe_number").await;
    assert!(!page.contains("24시간이 지난 뒤") && !page.contains(FAILED), "{page}");
    assert!(page.contains("class=\"button \" popovertarget=\"again-not-clicked\""), "{page}");
}

#[tokio::test]
async fn a_time_at_which_nothing_can_be_sent_again_is_said_beside_its_field() {
    let mut browser = Browser::of_clinic("staff").await;
    browser.answers("GET /v1/campaigns/cmp_1", 200, campaign(TimeDelta::minutes(50), 0, "not_reachable"));
    browser.answers("GET /v1/campaigns/cmp_1/messages", 200, json!({ "items": [] }));
    browser.answers("POST /v1/campaigns/cmp_1/again", 422, problem(422, "invalid-input", Some("scheduledAt")));
    for (at, said) in [("2020-01-01T09:00", "detail"), ("soon", "날짜와 시각을 입력해 주세요.")] {
        let shown = browser.post("/campaigns/cmp_1/again", &[("part", "failed"), ("key", "k"), ("at", at)]).await;
        assert_eq!(shown.status, StatusCode::UNPROCESSABLE_ENTITY);
        let error = format!("id=\"field-at-error\">{said}<");
        assert!(shown.body.contains(&error) && shown.body.contains(&format!("value=\"{at}\"")), "{}", shown.body);
        assert!(
            shown.body.contains("data-reload=\"/campaigns/cmp_1\""),
            "loaded anew, this page would send again: {}",
            shown.body
        );
    }
}

#[tokio::test]
async fn after_a_sign_in_in_between_sending_again_is_as_it_was_and_a_mere_button_says_that_nothing_was_done() {
    let mut browser = Browser::of_clinic("staff").await;
    browser.answers("GET /v1/campaigns/cmp_1", 200, campaign(TimeDelta::hours(1), 0, "not_reachable"));
    browser.answers("GET /v1/campaigns/cmp_1/messages", 200, json!({ "items": [] }));
    let fields = [("part", "failed"), ("key", "the-key"), ("at", "2030-01-01T09:00")];
    let shown = browser.post_with("/campaigns/cmp_1/again", "of-another-session", &fields).await.body;
    assert!(shown.contains(WORDS.common.form_restored) && !shown.contains(FAILED), "{shown}");
    assert!(shown.contains("value=\"2030-01-01T09:00\"") && shown.contains("value=\"the-key\""), "{shown}");
    let led = browser.post_with("/campaigns/cmp_1/pause", "of-another-session", &[]).await;
    assert_eq!(led.status, StatusCode::SEE_OTHER);
    assert!(browser.get("/campaigns/cmp_1").await.body.contains(WORDS.common.not_done));
    assert!(browser.asked().iter().all(|(call, _)| call.starts_with("GET ")));
}
