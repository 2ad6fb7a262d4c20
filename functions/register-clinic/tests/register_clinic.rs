//! Registering a clinic, against a real database.

use register_clinic::{Deps, routes};
use serde_json::json;
use shared::testing::{Client, TestDatabase, ambient};

async fn client() -> (TestDatabase, Client) {
    let test = TestDatabase::new().await;
    let deps = Deps { database: test.another().await, ambient: ambient().0 };
    (test, Client::signed_in("register-clinic", routes(deps), "owner"))
}

#[tokio::test]
async fn a_clinic_begins_with_its_unassigned_group_and_its_own_code() {
    let (test, owner) = client().await;
    let made = owner.post("/v1/clinics", json!({"name": " 새봄치과의원 ", "linkHosts": ["WWW.Example.com"]})).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.json["name"], "새봄치과의원");
    assert_eq!(made.json["linkHosts"], json!(["www.example.com"]));
    assert!(made.json["unassignedGroupId"].as_str().unwrap().starts_with("grp_"));
    assert_eq!(made.json["referralCode"].as_str().unwrap().len(), 8);
    assert_eq!(owner.get("/v1/clinic").await.json, made.json);
    test.finish().await;
}

#[tokio::test]
async fn one_account_registers_one_clinic() {
    let (test, owner) = client().await;
    assert_eq!(owner.post("/v1/clinics", json!({"name": "첫 병원"})).await.status, 201);
    let second = owner.post("/v1/clinics", json!({"name": "둘째 병원"})).await;
    assert_eq!((second.status, &second.json["type"]), (409, &json!("https://dangol.dev/problems/already-staff")));
    let clinics: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM clinics").fetch_one(&test.pool).await.unwrap();
    assert_eq!(clinics, 1);
    test.finish().await;
}

#[tokio::test]
async fn settings_change_one_by_one() {
    let (test, owner) = client().await;
    owner.post("/v1/clinics", json!({"name": "새봄"})).await;
    let changed = owner.send("PATCH", "/v1/clinic", &[], json!({"joinPoints": 500})).await;
    assert_eq!((changed.status, &changed.json["joinPoints"], &changed.json["invitePoints"]), (200, &json!(500), &json!(1000)));
    test.finish().await;
}

#[tokio::test]
async fn who_is_not_signed_in_or_not_staff_is_told_so_in_their_language() {
    let (test, owner) = client().await;
    let stranger = owner.with_subject("stranger").send("GET", "/v1/clinic", &[("accept-language", "en")], json!(null)).await;
    assert_eq!((stranger.status, &stranger.json["title"]), (403, &json!("Only a clinic's staff can do this.")));
    assert_eq!(stranger.headers["content-type"], "application/problem+json");
    let deps = Deps { database: test.another().await, ambient: ambient().0 };
    let anonymous = Client::anonymous("register-clinic", routes(deps)).get("/v1/clinic").await;
    assert_eq!((anonymous.status, &anonymous.json["title"]), (401, &json!("로그인이 필요합니다.")));
    test.finish().await;
}

#[tokio::test]
async fn an_unknown_field_is_refused_by_name() {
    let (test, owner) = client().await;
    let refused = owner.post("/v1/clinics", json!({"name": "새봄", "clinicId": "cli_1"})).await;
    assert_eq!((refused.status, &refused.json["field"]), (422, &json!("clinicId")));
    test.finish().await;
}
