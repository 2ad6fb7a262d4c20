//! Adding templates, whatever becomes of the provider's answer.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Scene, kind};

fn wish() -> Value {
    json!({
        "name": "검진 안내", "content": "#{고객명}님,\n#{검진일}에 뵙겠습니다.",
        "buttons": [{"name": "예약 보기", "linkType": "WL", "tracked": true}],
        "emphasisTitle": "검진", "emphasisSubtitle": "안내",
    })
}

#[tokio::test]
async fn a_template_is_added_once_per_key() {
    let scene = Scene::new().await;
    let added = scene.staff.post_once("k1", "/v1/templates", wish()).await;
    assert_eq!(added.status, 201, "{added:?}");
    let shown = &added.json;
    assert_eq!((&shown["inspection"], &shown["status"], &shown["editable"]), (&json!("REG"), &json!("R"), &json!(true)));
    assert_eq!(shown["content"], "#{고객명}님,\r\n#{검진일}에 뵙겠습니다.");
    assert_eq!((&shown["emphasisKind"], &shown["emphasisTitle"]), (&json!("TEXT"), &json!("검진")));
    assert_eq!(shown["buttons"][0]["linkPc"], "https://go.example.com/c/#{link}");
    assert_eq!((&shown["obstacle"]["kind"], &shown["variables"]), (&json!("not-submitted"), &json!(["검진일", "고객명"])));

    let again = scene.staff.post_once("k1", "/v1/templates", wish()).await;
    assert_eq!((again.status, &again.json, again.headers.contains_key("idempotent-replayed")), (201, shown, true));
    let mut other = wish();
    other["name"] = "다른 이름".into();
    assert_eq!(kind(&scene.staff.post_once("k1", "/v1/templates", other).await), (422, "idempotency-key-reused"));
    // Another key for the same name and text: there is one already.
    let twin = scene.staff.post_once("k2", "/v1/templates", wish()).await;
    assert_eq!((kind(&twin), &twin.json["templateId"]), ((409, "template-exists"), &shown["id"]));
    assert_eq!(scene.calls("add"), 1);
    scene.test.finish().await;
}

#[tokio::test]
async fn what_kakao_would_not_take_is_said_before_the_provider_is_asked() {
    let scene = Scene::new().await;
    for (field, value, wrong) in [
        ("name", json!(" "), "name"),
        ("content", json!("가".repeat(1001)), "content"),
        ("content", json!("#{가}".repeat(41)), "content"),
        ("kind", json!("XX"), "kind"),
        ("buttons", json!([{"name": "#{고객명}", "linkType": "MD"}]), "buttons[0].name"),
        ("buttons", json!([{"name": "보기", "linkType": "WL", "linkMo": "https://#{h}/"}]), "buttons[0].linkMo"),
        ("buttons", json!([{"name": "보기", "linkType": "WL", "linkMo": "https://a.kr/#{link}"}]), "buttons[0].linkMo"),
        ("buttons", json!([{"name": "보기", "linkType": "MD", "tracked": true}]), "buttons[0].tracked"),
        ("emphasisTitle", json!(""), "emphasisTitle"),
        ("emphasisSubtitle", json!("#{고객명}"), "emphasisSubtitle"),
    ] {
        let mut wish = wish();
        wish[field] = value;
        let refused = scene.staff.post_once("k", "/v1/templates", wish).await;
        assert_eq!((kind(&refused), &refused.json["field"]), ((422, "invalid-input"), &json!(wrong)));
    }
    assert_eq!(kind(&scene.staff.post("/v1/templates", wish()).await), (400, "idempotency-key-required"));
    assert_eq!((scene.calls("add"), scene.calls("list")), (0, 0));
    scene.test.finish().await;
}

#[tokio::test]
async fn an_answer_that_is_lost_is_looked_up_and_no_second_template_is_added() {
    for fault in ["acceptThenReset", "acceptThenDelay", "acceptThenServerError", "acceptThenBrokenJson"] {
        let scene = Scene::new().await;
        scene.fault(fault, "add");
        let added = scene.staff.post_once("k1", "/v1/templates", wish()).await;
        assert_eq!((added.status, scene.codes().len(), scene.calls("add")), (201, 1, 1), "{fault}: {added:?}");
        assert_eq!(scene.staff.post_once("k1", "/v1/templates", wish()).await.json, added.json);
        scene.test.finish().await;
    }
}

#[tokio::test]
async fn when_nothing_can_be_looked_up_either_the_same_key_finds_out_later() {
    let scene = Scene::new().await;
    scene.fault("acceptThenReset", "add");
    // The question before is answered, the one after is not.
    let lost = json!({"kind": "serverError", "path": "/akv10/template/list/", "skip": 1});
    scene.simulator.add_fault(lost).unwrap();
    let unclear = scene.staff.post_once("k1", "/v1/templates", wish()).await;
    assert_eq!((kind(&unclear), &unclear.json["effect"]), ((503, "provider-unclear"), &json!("unknown")));
    let added = scene.staff.post_once("k1", "/v1/templates", wish()).await;
    assert_eq!((added.status, scene.codes().len(), scene.calls("add")), (201, 1, 1), "{added:?}");
    scene.test.finish().await;
}

#[tokio::test]
async fn a_call_that_left_no_trace_is_repeated_only_after_it_must_be_over() {
    let scene = Scene::new().await;
    scene.fault("reset", "add");
    let unclear = scene.staff.post_once("k1", "/v1/templates", wish()).await;
    assert_eq!((kind(&unclear), &unclear.json["effect"]), ((503, "provider-unclear"), &json!("not-seen")));
    assert_eq!(kind(&scene.staff.post_once("k1", "/v1/templates", wish()).await), (409, "in-progress"));
    scene.clock.advance(TimeDelta::seconds(61));
    assert_eq!(scene.staff.post_once("k1", "/v1/templates", wish()).await.status, 201);
    assert_eq!((scene.codes().len(), scene.calls("add")), (1, 2));
    scene.test.finish().await;
}

#[tokio::test]
async fn what_the_provider_refused_may_be_tried_again_under_the_same_key_with_other_words() {
    let scene = Scene::new().await;
    scene.fault("refuse", "add");
    let refused = scene.staff.post_once("k1", "/v1/templates", wish()).await;
    assert_eq!(kind(&refused), (502, "provider-refused"));
    let mut other = wish();
    other["name"] = "다른 이름".into();
    let added = scene.staff.post_once("k1", "/v1/templates", other).await;
    assert_eq!((added.status, &added.json["name"]), (201, &json!("다른 이름")));
    scene.test.finish().await;
}

#[tokio::test]
async fn a_template_that_is_there_but_not_shown_yet_is_kept() {
    let scene = Scene::new().await;
    let lost = json!({"kind": "serverError", "path": "/akv10/template/list/", "skip": 1});
    scene.simulator.add_fault(lost).unwrap();
    let added = scene.staff.post_once("k1", "/v1/templates", wish()).await;
    assert_eq!((added.status, &added.json["code"], &added.json["inspection"]), (201, &json!("TA_0001"), &json!("REG")));
    scene.sync().await;
    assert!(scene.path("TA_0001").await.ends_with(added.json["id"].as_str().unwrap()));
    scene.test.finish().await;
}

#[tokio::test]
async fn two_requests_with_one_key_at_the_same_time_add_one_template() {
    let scene = Scene::new().await;
    scene.simulator.add_fault(json!({"kind": "latency", "path": "/akv10/template/add/", "milliseconds": 300})).unwrap();
    let ask = || scene.staff.post_once("k1", "/v1/templates", wish());
    let (one, other) = tokio::join!(ask(), ask());
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert!(statuses == [201, 409] || statuses == [201, 201], "{one:?} {other:?}");
    assert_eq!((scene.codes().len(), scene.calls("add")), (1, 1));
    scene.test.finish().await;
}
