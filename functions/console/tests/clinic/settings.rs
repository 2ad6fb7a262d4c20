//! Settings of a clinic.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::standin::{Browser, problem};

#[tokio::test]
async fn an_owner_sees_every_setting_in_a_form_and_a_colleague_sees_it_in_words() {
    let mut owner = Browser::of_clinic("owner").await;
    let page = owner.get("/settings").await.body;
    for part in [
        "value=\"21:00\"",
        "value=\"500\"",
        "20:59부터 08:00까지",
        "&lt;i&gt;안내",
        "발신 정보 필요",
        "name=\"holdsUnproven\" value=\"yes\" checked",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    let mut colleague = Browser::of_clinic("staff").await;
    let page = colleague.get("/settings").await.body;
    assert!(!page.contains("action=\"/settings/") && page.contains("21:00 – 08:30") && page.contains("제한 없음"));
}

#[tokio::test]
async fn a_part_is_saved_alone_and_an_error_leaves_the_other_parts_as_they_are() {
    let mut browser = Browser::of_clinic("owner").await;
    browser.answers("PATCH /v1/clinic", 200, json!({}));
    let began =
        [("had-acceptsMembers", "yes"), ("had-holdsUnproven", "yes"), ("had-invitesPerDay", "20"), ("had-invitesInTotal", "")];
    let form: Vec<_> =
        began.into_iter().chain([("acceptsMembers", "yes"), ("invitesPerDay", ""), ("invitesInTotal", "")]).collect();
    let shown = browser.post("/settings/members", &form).await;
    assert_eq!((shown.status, shown.location.as_str()), (StatusCode::SEE_OTHER, "/settings"));
    assert_eq!(browser.asked().pop().unwrap().1, json!({ "holdsUnproven": false, "invitesPerDay": null }));

    browser.answers("PATCH /v1/clinic", 422, problem(422, "invalid-input", Some("quietHours.to")));
    let form = [("quiet", "yes"), ("quietFrom", "22:00"), ("quietTo", "22:00")];
    let shown = browser.post("/settings/quiet-hours", &form).await;
    assert_eq!(shown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        shown.body.contains("id=\"field-quietTo-error\">")
            && shown.body.contains("value=\"22:00\"")
            && shown.body.contains("value=\"500\"")
    );
    assert_eq!(browser.get("/settings/quiet-hours").await.location, "/settings");
    assert_eq!(browser.post("/settings/nothing", &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_another_owner_changed_while_a_form_was_open_stays() {
    let mut browser = Browser::of_clinic("owner").await;
    let page = browser.get("/settings").await.body;
    for (field, value) in [("name", "&lt;b&gt;단골&lt;/b&gt;의원"), ("linkHosts", "www.example.com"), ("joinPoints", "1000")]
    {
        assert!(page.contains(&format!("name=\"had-{field}\" value=\"{value}\"")), "{field}: {page}");
    }
    browser.answers("PATCH /v1/clinic", 422, problem(422, "invalid-input", Some("linkHosts")));
    let began = [("had-name", "옛이름의원"), ("had-senderKey", "old"), ("had-linkHosts", "old.example.com")];
    let now = [("name", "옛이름의원"), ("senderKey", "old"), ("linkHosts", "old.example.com\r\nnew.example.com")];
    let form: Vec<_> = began.into_iter().chain(now).collect();
    browser.asked();
    let again = browser.post("/settings/clinic", &form).await.body;
    let told: Vec<_> = browser.asked().into_iter().filter(|(call, _)| call.starts_with("PATCH")).collect();
    let wanted = json!({ "linkHosts": ["new.example.com", "www.example.com"] });
    assert_eq!(told, [("PATCH /v1/clinic".to_owned(), wanted)], "the other host was taken away and one was added meanwhile");
    assert!(again.contains("name=\"had-linkHosts\" value=\"old.example.com\""), "{again}");
}

#[tokio::test]
async fn an_outdated_form_of_the_settings_comes_back_filled_and_unsaved() {
    let mut browser = Browser::of_clinic("owner").await;
    let shown = browser.post_with("/settings/clinic", "of-yesterday", &[("name", "새이름의원")]).await;
    assert!(shown.body.contains("value=\"새이름의원\""));
    assert!(browser.asked().iter().all(|(call, body)| call.starts_with("GET ") && *body == Value::Null));
}

#[tokio::test]
async fn a_key_that_was_saved_is_tried_at_once_and_the_provider_is_heard_beside_its_field() {
    let mut browser = Browser::of_clinic("owner").await;
    browser.answers("PATCH /v1/clinic", 200, json!({}));
    let (sync, form) = ("POST /v1/templates/sync", [("had-senderKey", "old"), ("senderKey", "key")]);

    browser.answers(sync, 502, problem(502, "provider-refused", None));
    let shown = browser.post("/settings/clinic", &form).await;
    assert_eq!(shown.status, StatusCode::UNPROCESSABLE_ENTITY);
    let beside = shown.body.split("id=\"field-senderKey-error\">").nth(1).unwrap_or_default();
    assert!(beside.starts_with("저장했지만") && shown.body.contains("name=\"had-senderKey\" value=\"key\""), "{}", shown.body);

    for (status, answer) in [(503, problem(503, "provider-unavailable", None)), (200, json!({ "synced": 1, "removed": 0 }))] {
        browser.answers(sync, status, answer);
        assert_eq!(browser.post("/settings/clinic", &form).await.location, "/settings");
    }

    browser.asked();
    browser
        .post("/settings/clinic", &[("had-name", "옛이름"), ("name", "새이름"), ("had-senderKey", "key"), ("senderKey", "key")])
        .await;
    assert!(browser.asked().iter().all(|(call, _)| call != sync), "the key is as it was");
}
