//! Beginning to work for a clinic.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::world::{World, accept, items, kind};

#[tokio::test]
async fn who_accepts_works_for_the_clinic_with_the_role_and_the_name_that_the_owner_gave() {
    let world = World::new().await;
    let token = world.invite("박간호사", "staff").await;
    let nurse = world.owner.with_subject("nurse").proving(Some("+821012345678"), None);
    let accepted = accept(&nurse, &token).await;
    assert_eq!(accepted.status, 200, "{accepted:?}");
    assert_eq!(accepted.json["clinicId"], json!(world.clinic));
    assert_eq!((&accepted.json["clinicName"], &accepted.json["role"]), (&json!("owner의 병원"), &json!("staff")));
    let list = items(&nurse.get("/v1/staff").await);
    let you = list.iter().find(|item| item["you"] == true).unwrap();
    assert_eq!((&you["name"], &you["role"], &you["id"]), (&json!("박간호사"), &json!("staff"), &accepted.json["staffId"]));
    assert_eq!(list.len(), 2);
    let phones: Vec<Option<String>> =
        sqlx::query_scalar("SELECT phone FROM staff WHERE subject IN ('owner', 'nurse') ORDER BY subject")
            .fetch_all(&world.test.pool)
            .await
            .unwrap();
    assert_eq!(phones, [Some("+821012345678".to_owned()), None], "only a phone that is proven");
    world.test.finish().await;
}

#[tokio::test]
async fn a_link_names_the_clinic_to_whoever_holds_it_until_it_is_used() {
    let world = World::new().await;
    let (token, anybody) = (world.invite("박간호사", "staff").await, world.worker(1).await);
    let preview = async |token: &str| anybody.post("/v1/staff/invitations/preview", json!({ "token": token })).await;
    for _ in 0..2 {
        let shown = preview(&token).await;
        assert_eq!((shown.status, shown.json), (200, json!({ "clinicName": "owner의 병원" })));
    }
    for wrong in ["", "no token", &"0".repeat(32)] {
        assert_eq!(kind(&preview(wrong).await), (404, "unknown-invitation"), "{wrong}");
    }
    assert_eq!(accept(&world.owner.with_subject("nurse"), &token).await.status, 200);
    assert_eq!(kind(&preview(&token).await), (404, "unknown-invitation"), "accepted");
    let late = world.invite("늦은이", "staff").await;
    world.clock.advance(TimeDelta::days(7));
    assert_eq!(kind(&preview(&late).await), (404, "unknown-invitation"), "expired");
    world.test.finish().await;
}

#[tokio::test]
async fn a_link_works_for_one_person_who_may_repeat_it() {
    let world = World::new().await;
    let token = world.invite("박간호사", "owner").await;
    let (first, second) = (world.owner.with_subject("first"), world.owner.with_subject("second"));
    let accepted = accept(&first, &token).await;
    let again = accept(&first, &format!(" {token}\n")).await;
    assert_eq!((again.status, &again.json), (200, &accepted.json), "the answer was lost");
    assert_eq!(kind(&accept(&second, &token).await), (404, "unknown-invitation"));
    assert_eq!(world.staff().await.len(), 2);
    world.test.finish().await;
}

#[tokio::test]
async fn who_works_for_a_clinic_already_is_told_so_and_the_link_stays_good() {
    let world = World::new().await;
    let token = world.invite("박간호사", "staff").await;
    for (client, whose) in [(&world.other, "another's"), (&world.owner, "the own")] {
        assert_eq!(kind(&accept(client, &token).await), (409, "already-staff"), "owner of {whose} clinic");
    }
    assert_eq!(accept(&world.owner.with_subject("nurse"), &token).await.status, 200);
    world.test.finish().await;
}

#[tokio::test]
async fn an_account_that_has_withdrawn_begins_nowhere() {
    let world = World::new().await;
    let token = world.invite("박간호사", "staff").await;
    sqlx::query("INSERT INTO withdrawals (user_id, subject, requested_at) VALUES (?, 'gone', NOW(6))")
        .bind(world.clinic)
        .execute(&world.test.pool)
        .await
        .unwrap();
    assert_eq!(kind(&accept(&world.owner.with_subject("gone"), &token).await), (401, "unauthenticated"));
    let registered = world.clinics.with_subject("gone").post("/v1/clinics", json!({"name": "새 병원"})).await;
    assert_eq!(kind(&registered), (401, "unauthenticated"));
    assert_eq!(world.staff().await.len(), 1);
    assert_eq!(accept(&world.owner.with_subject("nurse"), &token).await.status, 200, "the link is still good");
    world.test.finish().await;
}

#[tokio::test]
async fn an_invitation_ends_with_the_rights_of_who_made_it() {
    let world = World::new().await;
    let second = world.hire("second", "owner").await;
    let invite = async |name: &str| {
        let made =
            world.owner.with_subject("second").post("/v1/staff/invitations", json!({"name": name, "role": "owner"})).await;
        made.json["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
    };
    let (one, path) = (invite("하나").await, format!("/v1/staff/{second}"));
    assert_eq!(world.owner.send("PATCH", &path, &[], json!({"role": "staff"})).await.status, 200);
    assert_eq!(kind(&accept(&world.owner.with_subject("one"), &one).await), (404, "unknown-invitation"));
    world.owner.send("PATCH", &path, &[], json!({"role": "owner"})).await;
    let two = invite("둘").await;
    assert_eq!(world.owner.send("DELETE", &path, &[], Value::Null).await.status, 204);
    assert_eq!(kind(&accept(&world.owner.with_subject("two"), &two).await), (404, "unknown-invitation"));
    assert_eq!(world.staff().await.len(), 1);
    world.test.finish().await;
}
