//! Where variables come from, and what a customer would get.

use serde_json::{Value, json};
use shared::testing::Answer;

use crate::support::{Scene, kind};

/// A template with an own column, and its path.
async fn scene(changes: Value) -> (Scene, String) {
    let scene = Scene::new().await;
    let mut template = json!({"templtContent": "#{고객명}님,\r\n#{검진일}에 뵙겠습니다."});
    template.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    scene.add_template("TA_1", &template);
    scene.sync().await;
    let path = scene.path("TA_1").await;
    (scene, path)
}

async fn set(scene: &Scene, path: &str, sources: Value) -> Answer {
    scene.staff.send("PUT", &format!("{path}/sources"), &[], json!({"sources": sources})).await
}

async fn preview(scene: &Scene, path: &str, wish: Value) -> Value {
    let answer = scene.staff.post(&format!("{path}/preview"), wish).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

fn kinds(preview: &Value) -> Vec<&str> {
    preview["problems"].as_array().unwrap().iter().map(|problem| problem["kind"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn sources_are_kept_shown_and_survive_a_synchronisation() {
    let (scene, path) = scene(json!({})).await;
    sqlx::query("INSERT INTO customer_columns (clinic_id, name, created_at) VALUES (?, '다음 검진', NOW(6))")
        .bind(scene.clinic)
        .execute(&scene.test.pool)
        .await
        .unwrap();
    let by_itself = json!([
        {"variable": "검진일", "filledBy": "column", "column": "검진일", "columnKnown": false, "default": null},
        {"variable": "고객명", "filledBy": "name", "column": null, "columnKnown": null, "default": null},
    ]);
    assert_eq!(scene.staff.get(&path).await.json["sources"], by_itself);
    let given = set(&scene, &path, json!({"검진일": {"column": " 다음 검진 ", "default": "예약하신 날"}})).await;
    let source = json!({
        "variable": "검진일", "filledBy": "column", "column": "다음 검진", "columnKnown": true, "default": "예약하신 날",
    });
    assert_eq!((given.status, &given.json["sources"][0]), (200, &source));
    scene.sync().await;
    assert_eq!(scene.staff.get(&path).await.json["sources"][0], source);
    assert_eq!(set(&scene, &path, json!({"검진일": {}})).await.json["sources"], by_itself);
    for (sources, field) in [
        (json!({"없음": {"default": "x"}}), "sources.없음"),
        (json!({"고객명": {"default": "손님"}}), "sources.고객명"),
        (json!({"link": {"default": "x"}}), "sources.link"),
        (json!({"검진일": {"default": "가".repeat(201)}}), "sources.검진일.default"),
    ] {
        let refused = set(&scene, &path, sources).await;
        assert_eq!((kind(&refused), &refused.json["field"]), ((422, "invalid-input"), &json!(field)));
    }
    scene.test.finish().await;
}

#[tokio::test]
async fn a_preview_is_what_the_customer_would_get_with_button_and_link() {
    let (scene, path) = scene(json!({})).await;
    sqlx::query("INSERT INTO link_hosts (clinic_id, host) VALUES (?, 'www.example.com')")
        .bind(scene.clinic)
        .execute(&scene.test.pool)
        .await
        .unwrap();
    let customer = scene.add_customer("010-1234-5678", json!({"검진일": "3월 2일"})).await;
    let wish = json!({"customerId": customer, "destination": "https://www.example.com/checkup"});
    let shown = preview(&scene, &path, wish).await;
    assert_eq!((&shown["text"], &shown["characters"]), (&json!("김단골님,\r\n3월 2일에 뵙겠습니다."), &json!(20)));
    let link = shown["buttons"][0]["linkMo"].as_str().unwrap();
    assert_eq!(link.strip_prefix("https://go.example.com/c/").map(str::len), Some(44));
    assert_eq!((&shown["destination"], &shown["sendable"]), (&json!("https://www.example.com/checkup"), &json!(true)));
    assert!(kinds(&shown).is_empty());
    let elsewhere = json!({"customerId": customer, "destination": "https://evil.example/"});
    let shown = preview(&scene, &path, elsewhere).await;
    assert_eq!(
        (kinds(&shown), &shown["destination"], &shown["sendable"]),
        (vec!["bad-destination"], &Value::Null, &json!(false))
    );
    scene.test.finish().await;
}

#[tokio::test]
async fn everything_that_stands_in_the_way_is_said_in_the_readers_language() {
    let (scene, path) = scene(json!({"inspStatus": "REQ", "status": "R"})).await;
    let customer = scene.add_customer("0505-123-4567", json!({"검진일": " "})).await;
    sqlx::query("INSERT INTO suppressions (clinic_id, phone, reason, created_at) SELECT clinic_id, phone, 'blocked', NOW(6) FROM customers")
        .execute(&scene.test.pool)
        .await
        .unwrap();
    let wish = json!({"customerId": customer});
    let shown = preview(&scene, &path, wish.clone()).await;
    assert_eq!(kinds(&shown), ["in-review", "suppressed", "safe_number", "missing_variable"]);
    assert_eq!(
        (&shown["text"], &shown["buttons"], &shown["problems"][3]["variables"]),
        (&Value::Null, &Value::Null, &json!(["검진일"]))
    );
    assert_eq!(shown["problems"][3]["text"], "문구의 변수에 채울 값이 없습니다.");
    let english = scene.staff.send("POST", &format!("{path}/preview"), &[("accept-language", "en")], wish.clone()).await.json;
    assert_eq!(english["problems"][0]["text"], "Kakao is reviewing the template.");
    // With a default only the others are left; a long one is too long.
    set(&scene, &path, json!({"검진일": {"default": "곧"}})).await;
    let shown = preview(&scene, &path, wish).await;
    assert_eq!((kinds(&shown).len(), &shown["text"]), (3, &json!("김단골님,\r\n곧에 뵙겠습니다.")));
    let long = scene.add_customer("010-1234-9999", json!({"검진일": "가".repeat(1000)})).await;
    let shown = preview(&scene, &path, json!({"customerId": long})).await;
    assert_eq!((kinds(&shown), &shown["characters"]), (vec!["in-review", "too_long"], &json!(1015)));
    scene.test.finish().await;
}

#[tokio::test]
async fn a_foreign_clinics_customer_is_not_there() {
    let (scene, path) = scene(json!({})).await;
    let customer = scene.add_customer("010-1234-5678", json!({})).await;
    let other = scene.add_staff("other", None, 9).await;
    sqlx::query("UPDATE customers SET clinic_id = ?").bind(other).execute(&scene.test.pool).await.unwrap();
    let answer = scene.staff.post(&format!("{path}/preview"), json!({"customerId": customer})).await;
    assert_eq!((kind(&answer), &answer.json["field"]), ((404, "not-found"), &json!("customerId")));
    scene.test.finish().await;
}

#[tokio::test]
async fn a_preview_takes_sources_of_its_own_and_keeps_none_of_them() {
    let (scene, path) = scene(json!({})).await;
    let customer = scene.add_customer("010-1234-5678", json!({"다음 검진": "3월 2일"})).await;
    let with = |sources: Value| json!({"customerId": customer, "sources": sources});
    let shown = preview(&scene, &path, with(json!({"검진일": {"column": "다음 검진"}}))).await;
    assert_eq!(shown["text"], "김단골님,\r\n3월 2일에 뵙겠습니다.");
    let shown = preview(&scene, &path, with(json!({"검진일": {"default": "예약하신 날"}}))).await;
    assert_eq!(shown["text"], "김단골님,\r\n예약하신 날에 뵙겠습니다.");
    assert_eq!(kinds(&preview(&scene, &path, with(json!({"검진일": {}}))).await), ["missing_variable"]);
    assert_eq!(kinds(&preview(&scene, &path, json!({"customerId": customer})).await), ["missing_variable"]);
    let refused = scene.staff.post(&format!("{path}/preview"), with(json!({"없음": {"default": "x"}}))).await;
    assert_eq!((kind(&refused), &refused.json["field"]), ((422, "invalid-input"), &json!("sources.없음")));
    scene.test.finish().await;
}
