//! What members and staff see, against a real database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use memberships::{Deps, routes};
use register_clinic::Deps as ClinicDeps;
use serde_json::json;
use shared::clock::Ambient;
use shared::message::PointsEarned;
use shared::testing::{Client, FakePublisher, TestDatabase};
use signup_with_referral::Deps as SignupDeps;

async fn clients(test: &TestDatabase, publisher: &Arc<FakePublisher>) -> (Client, Client, Client) {
    let ambient = || Ambient::system().unwrap();
    let clinic = ClinicDeps { database: test.another().await, ambient: ambient() };
    let signup = SignupDeps { database: test.another().await, ambient: ambient(), publisher: publisher.clone() };
    let own = Deps { database: test.another().await };
    (
        Client::signed_in("register-clinic", register_clinic::routes(clinic), "owner"),
        Client::anonymous("signup-with-referral", signup_with_referral::routes(signup)),
        Client::anonymous("memberships", routes(own)),
    )
}

#[tokio::test]
async fn a_user_sees_their_clinics_and_friends_and_staff_their_members() {
    let test = TestDatabase::new().await;
    let publisher = Arc::default();
    let (staff, signup, members) = clients(&test, &publisher).await;
    let clinic = staff.post("/v1/clinics", json!({"name": "새봄"})).await.json;
    let join = async |who: &str, code: &serde_json::Value| {
        signup.with_subject(who).post("/v1/signups", json!({ "referralCode": code })).await.json["referralCode"].clone()
    };
    let own = join("host", &clinic["referralCode"]).await;
    join("guest", &own).await;

    let me = members.with_subject("host").get("/v1/me").await.json;
    assert_eq!((&me["clinics"][0]["clinicName"], &me["clinics"][0]["referralCode"]), (&json!("새봄"), &own));
    let friends = members.with_subject("host").get("/v1/me/friends").await.json;
    assert_eq!((&friends["invited"][0]["name"], &friends["invitedBy"]), (&json!("이름 guest"), &json!([])));
    let friends = members.with_subject("guest").get("/v1/me/friends").await.json;
    assert_eq!((&friends["invited"], &friends["invitedBy"][0]["name"]), (&json!([]), &json!("이름 host")));

    let first = members.with_subject("owner").get("/v1/members?limit=1").await.json;
    let next = format!("/v1/members?limit=1&cursor={}", first["nextCursor"].as_str().unwrap());
    let second = members.with_subject("owner").get(&next).await.json;
    assert_eq!((&first["items"][0]["name"], &second["items"][0]["name"]), (&json!("이름 host"), &json!("이름 guest")));
    assert_eq!(second["items"][0]["referralCode"], own);
    assert_eq!(second.get("nextCursor"), None);
    assert_eq!(publisher.take::<PointsEarned>().len(), 3);
    test.finish().await;
}

#[tokio::test]
async fn withdrawn_friends_are_not_shown() {
    let test = TestDatabase::new().await;
    let publisher = Arc::default();
    let (staff, signup, members) = clients(&test, &publisher).await;
    let clinic = staff.post("/v1/clinics", json!({"name": "새봄"})).await.json;
    let host = signup.with_subject("host").post("/v1/signups", json!({"referralCode": clinic["referralCode"]})).await.json;
    signup.with_subject("guest").post("/v1/signups", json!({"referralCode": host["referralCode"]})).await;
    sqlx::query("UPDATE users SET withdrawn_at = created_at WHERE subject = 'guest'").execute(&test.pool).await.unwrap();
    assert_eq!(members.with_subject("host").get("/v1/me/friends").await.json["invited"], json!([]));
    assert_eq!(members.with_subject("owner").get("/v1/members").await.json["items"].as_array().unwrap().len(), 1);
    assert_eq!(publisher.take::<PointsEarned>().len(), 3);
    test.finish().await;
}

#[tokio::test]
async fn somebody_new_sees_empty_lists_and_a_stranger_no_members() {
    let test = TestDatabase::new().await;
    let (_, _, members) = clients(&test, &Arc::default()).await;
    let nobody = members.with_subject("nobody");
    assert_eq!(nobody.get("/v1/me").await.json, json!({"name": "이름 nobody", "clinics": []}));
    assert_eq!(nobody.get("/v1/me/points").await.json, json!({"items": []}));
    assert_eq!(nobody.get("/v1/members").await.status, 403);
    assert_eq!(nobody.get("/v1/me/points?cursor=!").await.json["field"], "cursor");
    test.finish().await;
}
