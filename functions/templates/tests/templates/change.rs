//! Editing, deleting and submitting templates.

use serde_json::{Value, json};

use crate::support::{Scene, kind};

/// What the provider is asked to do.
const CALLS: [&str; 3] = ["modify", "request", "del"];

async fn scene(changes: Value) -> (Scene, String) {
    let scene = Scene::new().await;
    scene.add_template("TA_1", &changes);
    scene.sync().await;
    let path = scene.path("TA_1").await;
    (scene, path)
}

fn waiting() -> Value {
    json!({"inspStatus": "REG", "status": "R"})
}

async fn ask(scene: &Scene, path: &str, call: &str) -> shared::testing::Answer {
    match call {
        "modify" => scene.staff.send("PATCH", path, &[], json!({"content": "#{고객명}님, 새 내용"})).await,
        "request" => scene.staff.post(&format!("{path}/review"), Value::Null).await,
        _ => scene.staff.send("DELETE", path, &[], Value::Null).await,
    }
}

#[tokio::test]
async fn a_template_is_edited_submitted_refused_edited_again_and_deleted() {
    let (scene, path) = scene(waiting()).await;
    let edited = ask(&scene, &path, "modify").await;
    assert_eq!(
        (edited.status, &edited.json["content"], &edited.json["name"]),
        (200, &json!("#{고객명}님, 새 내용"), &json!("검진 안내"))
    );
    assert_eq!(edited.json["buttons"][0]["name"], "예약하기");
    let asked = ask(&scene, &path, "request").await;
    assert_eq!((asked.status, &asked.json["inspection"], &asked.json["editable"]), (200, &json!("REQ"), &json!(false)));
    assert_eq!(kind(&ask(&scene, &path, "modify").await), (409, "template-state"));

    scene.review("TA_1", json!({"inspStatus": "REJ", "comment": "다시"}));
    scene.sync().await;
    let edit = json!({"buttons": [], "emphasisTitle": "제목"});
    let edited = scene.staff.send("PATCH", &path, &[], edit).await.json;
    assert_eq!(
        (&edited["buttons"], &edited["emphasisTitle"], &edited["inspection"]),
        (&json!([]), &json!("제목"), &json!("REG"))
    );
    assert_eq!(ask(&scene, &path, "del").await.status, 204);
    assert!(scene.codes().is_empty());
    assert_eq!(scene.staff.get(&path).await.status, 404);
    scene.test.finish().await;
}

#[tokio::test]
async fn an_approved_template_is_never_changed() {
    let (scene, path) = scene(json!({})).await;
    for call in CALLS {
        let refused = ask(&scene, &path, call).await;
        assert_eq!(kind(&refused), (409, "template-state"), "{call}");
        assert_eq!(scene.calls(call), 0);
    }
    let english = scene.staff.send("DELETE", &path, &[("accept-language", "en")], Value::Null).await;
    assert_eq!(english.json["detail"], "An approved template cannot be changed or deleted. Make a new one.");
    scene.test.finish().await;
}

#[tokio::test]
async fn an_approval_that_nobody_has_heard_of_yet_is_found_when_the_provider_refuses() {
    let (scene, path) = scene(waiting()).await;
    scene.review("TA_1", json!({"inspStatus": "APR"}));
    let refused = ask(&scene, &path, "del").await;
    assert_eq!((kind(&refused), &refused.json["code"]), ((409, "template-state"), &json!(509)));
    assert_eq!(scene.staff.get(&path).await.json["inspection"], "APR");
    scene.test.finish().await;
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_and_what_happened_is_told() {
    for call in CALLS {
        for fault in ["acceptThenReset", "acceptThenDelay", "acceptThenServerError", "acceptThenBrokenJson"] {
            let (scene, path) = scene(waiting()).await;
            scene.fault(fault, call);
            let answer = ask(&scene, &path, call).await;
            assert!(matches!(answer.status, 200 | 204), "{call} {fault}: {answer:?}");
            assert_eq!(scene.calls(call), 1);
            scene.test.finish().await;
        }
    }
}

#[tokio::test]
async fn a_call_that_did_nothing_and_one_that_cannot_be_looked_up_are_told_apart() {
    for call in CALLS {
        let (scene, path) = scene(waiting()).await;
        scene.fault("reset", call);
        let unclear = ask(&scene, &path, call).await;
        assert_eq!((kind(&unclear), &unclear.json["effect"]), ((503, "provider-unclear"), &json!("not-seen")), "{call}");
        scene.fault("acceptThenReset", call);
        scene.fault("serverError", "list");
        let unclear = ask(&scene, &path, call).await;
        assert_eq!((kind(&unclear), &unclear.json["effect"]), ((503, "provider-unclear"), &json!("unknown")), "{call}");
        scene.fault("refuse", call);
        let refused = ask(&scene, &path, call).await;
        assert_eq!(kind(&refused), (502, "provider-refused"), "{call}");
        scene.test.finish().await;
    }
}

#[tokio::test]
async fn what_the_provider_said_it_did_is_stored_even_when_it_does_not_show_it() {
    for (call, status) in [("modify", 200), ("request", 200), ("del", 204)] {
        let (scene, path) = scene(waiting()).await;
        scene.fault("serverError", "list");
        assert_eq!(ask(&scene, &path, call).await.status, status, "{call}");
        let shown = scene.staff.get(&path).await;
        match call {
            "modify" => assert_eq!(shown.json["content"], "#{고객명}님, 새 내용"),
            "request" => assert_eq!(shown.json["inspection"], "REQ"),
            _ => assert_eq!(shown.status, 404),
        }
        scene.test.finish().await;
    }
}

#[tokio::test]
async fn a_foreign_clinics_template_is_not_there() {
    let (scene, path) = scene(waiting()).await;
    scene.add_staff("other", Some("another-key"), 9).await;
    let other = scene.staff.with_subject("other");
    for (method, path, body) in [
        ("GET", path.clone(), Value::Null),
        ("PATCH", path.clone(), json!({"name": "x"})),
        ("DELETE", path.clone(), Value::Null),
        ("POST", format!("{path}/review"), Value::Null),
        ("PUT", format!("{path}/sources"), json!({"sources": {}})),
        ("POST", format!("{path}/preview"), json!({"customerId": "cus_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e"})),
    ] {
        assert_eq!(kind(&other.send(method, &path, &[], body).await), (404, "not-found"), "{method} {path}");
    }
    assert_eq!(scene.codes(), ["TA_1"]);
    scene.test.finish().await;
}
