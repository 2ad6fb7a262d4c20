//! The audit log.

use axum::http::StatusCode;
use serde_json::json;

use crate::standin::{Browser, problem};

#[tokio::test]
async fn owners_read_who_did_what_and_every_filter_reaches_the_api() {
    let mut browser = Browser::of_clinic("owner").await;
    let staff = json!({ "id": "stf_2", "name": "<script>", "removed": true });
    let line = |kind: &str, id: Option<&str>, name: Option<&str>| {
        json!({ "at": "2026-11-20T15:30:00Z", "staff": staff, "action": "customer.show", "actionText": "고객 조회", "people": 1200,
            "subject": { "kind": kind, "id": id, "name": name } })
    };
    let lines =
        [line("customer", Some("cus_1"), Some("<b>홍길동")), line("user", Some("usr_1"), None), line("many", None, None)];
    browser.answers("GET /v1/audit", 200, json!({ "items": lines, "nextCursor": "a b" }));
    let page = browser.get("/audit?staff=stf_2&from=2026-11-20&to=2026-11-21&action=customer.show").await.body;
    let asked = browser.asked().pop().unwrap().0;
    for part in [
        "staffId=stf_2",
        "action=customer.show",
        "from=2026-11-19T15%3A00%3A00%2B00%3A00",
        "to=2026-11-21T15%3A00%3A00%2B00%3A00",
    ] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
    for part in [
        "/customers/cus_1",
        "&lt;b&gt;홍길동",
        "2026-11-21 00:30",
        "1,200",
        "그만둠",
        "삭제됨",
        "여러 명",
        "cursor=a+b",
        "subject=usr_1",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(page.contains("<option value=\"customer.show\" selected") && !page.contains("<script>"));
}

#[tokio::test]
async fn a_colleague_reads_that_the_log_is_for_owners_and_a_wrong_day_is_said_beside_it() {
    let mut colleague = Browser::of_clinic("staff").await;
    let shown = colleague.get("/audit").await;
    assert!(shown.status == StatusCode::FORBIDDEN && shown.body.contains("감사 기록은 대표만 볼 수 있습니다"));
    assert_eq!(colleague.asked().len(), 1, "the log itself is not asked for");

    let mut owner = Browser::of_clinic("owner").await;
    let shown = owner.get("/audit?from=yesterday").await;
    assert!(shown.status == StatusCode::UNPROCESSABLE_ENTITY && shown.body.contains("id=\"field-from-error\""));
    owner.answers("GET /v1/audit", 422, problem(422, "invalid-input", Some("staffId")));
    assert!(owner.get("/audit?staff=x").await.body.contains("title of invalid-input"));
}
