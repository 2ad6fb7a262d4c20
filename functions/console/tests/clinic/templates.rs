//! Templates: what their forms tell the API.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::standin::{Browser, problem};

fn template(content: &str, doctor: &str) -> Value {
    let source = |name: &str, column: &str| json!({ "variable": name, "filledBy": "column", "column": column, "columnKnown": true, "default": null });
    json!({
        "id": "tpl_1", "code": "T1", "name": "검진 안내", "content": content, "kind": "BA", "emphasisTitle": "", "emphasisSubtitle": "",
        "buttons": [], "sources": [source("검진일", "검진일"), source("담당의", doctor)], "comments": [], "sendable": false,
        "obstacle": { "kind": "not-submitted", "text": "검수 요청 전입니다." }, "editable": true, "inspection": "REG", "status": "R",
        "lastUsedAt": null, "syncedAt": "2026-11-21T00:00:00Z",
    })
}

async fn staff() -> Browser {
    let browser = Browser::of_clinic("staff").await;
    browser.answers("GET /v1/templates/tpl_1", 200, template("#{검진일} #{담당의}", "원장"));
    browser.answers("GET /v1/customers/columns", 200, json!({ "items": [] }));
    browser.answers("PATCH /v1/templates/tpl_1", 200, json!({}));
    browser.answers("PUT /v1/templates/tpl_1/sources", 200, json!({}));
    browser
}

#[tokio::test]
async fn of_a_template_what_was_changed_is_told_and_a_form_that_is_shown_again_knows_it_still() {
    let mut browser = staff().await;
    let page = browser.get("/templates/tpl_1").await.body;
    assert!(page.contains("name=\"had-content\" value=\"#{검진일} #{담당의}\""), "{page}");
    let form = [
        ("name", "검진 안내"),
        ("content", "#{검진일}에 #{담당의}"),
        ("kind", "BA"),
        ("had-name", "검진 안내"),
        ("had-content", "#{검진일} #{담당의}"),
        ("had-kind", "BA"),
    ];
    browser.asked();
    assert_eq!(browser.post("/templates/tpl_1", &form).await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.asked(), [("PATCH /v1/templates/tpl_1".to_owned(), json!({ "content": "#{검진일}에 #{담당의}" }))]);

    browser.answers("PATCH /v1/templates/tpl_1", 422, problem(422, "invalid-input", Some("content")));
    let again = browser.post("/templates/tpl_1", &form).await.body;
    assert!(again.contains("name=\"had-content\" value=\"#{검진일} #{담당의}\"") && again.contains("#{검진일}에"), "{again}");
}

#[tokio::test]
async fn what_a_colleague_said_of_another_variable_meanwhile_stays() {
    let mut browser = staff().await;
    let page = browser.get("/templates/tpl_1").await.body;
    assert!(page.contains("name=\"had-column-1\" value=\"원장\""), "{page}");
    browser.answers("GET /v1/templates/tpl_1", 200, template("#{검진일} #{담당의}", "담당 의사"));
    let form = [
        ("variable-0", "검진일"),
        ("column-0", "다음 검진"),
        ("default-0", " 곧 "),
        ("variable-1", "담당의"),
        ("column-1", "원장"),
        ("had-variable-0", "검진일"),
        ("had-column-0", "검진일"),
        ("had-variable-1", "담당의"),
        ("had-column-1", "원장"),
    ];
    browser.asked();
    assert_eq!(browser.post("/templates/tpl_1/sources", &form).await.status, StatusCode::SEE_OTHER);
    let sources = json!({
        "검진일": { "column": "다음 검진", "default": "곧" }, "담당의": { "column": "담당 의사", "default": null },
    });
    assert_eq!(browser.asked().pop().unwrap().1, json!({ "sources": sources }));
}

#[tokio::test]
async fn a_clinic_without_templates_is_offered_examples_with_its_name_and_one_with_templates_is_not() {
    let mut browser = staff().await;
    browser.answers("GET /v1/templates", 200, json!({ "items": [], "nextCursor": null }));
    let page = browser.get("/templates/new").await.body;
    for key in ["reservation", "visit", "checkup"] {
        assert!(page.contains(&format!("href=\"/templates/new?example={key}\"")), "{key}: {page}");
        let filled = browser.get(&format!("/templates/new?example={key}")).await.body;
        let text = filled.split("<textarea").nth(1).unwrap().split("</textarea>").next().unwrap();
        assert!(
            text.contains("#{고객명}님, ") && text.contains("&lt;b&gt;단골&lt;/b&gt;의원") && !text.contains("{clinic}"),
            "{text}"
        );
    }
    browser.answers("GET /v1/templates", 200, json!({ "items": [template("", "원장")], "nextCursor": null }));
    assert!(!browser.get("/templates/new").await.body.contains("?example="));
}
