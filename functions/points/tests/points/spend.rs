//! Spending.

use serde_json::{Value, json};

use crate::world::{World, kind};

#[tokio::test]
async fn a_member_spends_what_they_have_and_no_more() {
    let world = World::new().await;
    let (member, staff) = (world.member("member", 1000).await, world.owner.with_subject("staff"));
    let spent = world.spend(&staff, "k1", member, 700).await;
    assert_eq!((spent.status, &spent.json["amount"], &spent.json["balance"]), (201, &json!(-700), &json!(300)));
    let refused = world.spend(&staff, "k2", member, 301).await;
    assert_eq!((refused.status, kind(&refused).as_str(), &refused.json["balance"]), (409, "not-enough-points", &json!(300)));
    assert_eq!((world.balance(member).await, world.lines().await), (300, 2));
    // What was refused is not remembered: with enough points the same key may come again.
    world.adjust(&world.owner, "k3", member, 1).await;
    assert_eq!(world.spend(&staff, "k2", member, 301).await.status, 201);
    assert_eq!(world.balance(member).await, 0);
    assert_eq!(world.audited().await[0], ("points.spend".to_owned(), "user".to_owned(), 1));
    world.finish().await;
}

#[tokio::test]
async fn who_has_never_had_points_cannot_spend_any() {
    let world = World::new().await;
    let member = world.member("member", 0).await;
    let refused = world.spend(&world.owner, "k", member, 1).await;
    assert_eq!((kind(&refused).as_str(), &refused.json["balance"]), ("not-enough-points", &json!(0)));
    assert_eq!(world.lines().await, 0);
    world.finish().await;
}

#[tokio::test]
async fn the_same_spending_asked_for_again_gets_the_first_answer() {
    let world = World::new().await;
    let member = world.member("member", 1000).await;
    let first = world.spend(&world.owner, "k", member, 400).await;
    let again = world.spend(&world.owner, "k", member, 400).await;
    assert_eq!((again.status, &again.json), (201, &first.json));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    let other = world.spend(&world.owner, "k", member, 401).await;
    assert_eq!(kind(&other), "idempotency-key-reused");
    let without = world.owner.post(&format!("/v1/members/{member}/points/spend"), json!({"amount": 1})).await;
    assert_eq!(kind(&without), "idempotency-key-required");
    assert_eq!(world.balance(member).await, 600);
    world.finish().await;
}

#[tokio::test]
async fn fifty_spendings_at_once_never_take_more_than_there_is() {
    let world = World::new().await;
    let member = world.member("member", 1000).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..50 {
        let (client, path) = (world.owner.clone(), format!("/v1/members/{member}/points/spend"));
        tasks.spawn(async move { client.post_once(&format!("k{number}"), &path, json!({"amount": 90})).await.status });
    }
    let answers = tasks.join_all().await;
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 11, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 409).count(), 39, "{answers:?}");
    assert_eq!(world.balance(member).await, 10);
    world.finish().await;
}

#[tokio::test]
async fn one_key_sent_twenty_times_at_once_spends_once() {
    let world = World::new().await;
    let member = world.member("member", 1000).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (client, path) = (world.owner.clone(), format!("/v1/members/{member}/points/spend"));
        tasks.spawn(async move { client.post_once("k", &path, json!({"amount": 90})).await.json["id"].clone() });
    }
    let ids = tasks.join_all().await;
    assert!(ids[0].is_string() && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(world.balance(member).await, 910);
    world.finish().await;
}

#[tokio::test]
async fn points_that_were_earned_can_be_spent_when_points_are_off_and_after_leaving() {
    let world = World::new().await;
    let member = world.member("member", 1000).await;
    sqlx::query("UPDATE clinics SET points_enabled = FALSE").execute(&world.test.pool).await.unwrap();
    assert_eq!(world.spend(&world.owner, "k1", member, 100).await.status, 201);
    let left = "UPDATE memberships SET state = 'ended', ended_because = 'left'";
    sqlx::query(left).execute(&world.test.pool).await.unwrap();
    assert_eq!(world.spend(&world.owner, "k2", member, 100).await.status, 201);
    world.finish().await;
}

#[tokio::test]
async fn a_foreign_member_a_withdrawn_one_and_nobody_answer_alike() {
    let world = World::new().await;
    let member = world.member("member", 1000).await;
    let (_, stranger) = world.stranger().await;
    let foreign = world.spend(&stranger, "k", member, 1).await;
    let nobody = world.spend(&world.owner, "k", shared::model::UserId::new(&world.ambient), 1).await;
    let withdrawn = world.member("withdrawn", 100).await;
    let gone = sqlx::query("UPDATE users SET withdrawn_at = NOW(6) WHERE id = ?").bind(withdrawn);
    gone.execute(&world.test.pool).await.unwrap();
    let withdrawn = world.spend(&world.owner, "k", withdrawn, 1).await;
    assert_eq!(foreign.status, 404);
    assert_eq!((&foreign.json, &foreign.json), (&nobody.json, &withdrawn.json));
    let outsider = world.spend(&world.owner.with_subject("outsider"), "k", member, 1).await;
    assert_eq!(kind(&outsider), "not-staff");
    assert_eq!(world.balance(member).await, 1000);
    world.finish().await;
}

#[tokio::test]
async fn amounts_and_notes_that_cannot_be_used_are_named() {
    let world = World::new().await;
    let path = format!("/v1/members/{}/points/spend", world.member("member", 1000).await);
    for (asked, field) in [
        (json!({"amount": 0}), "amount"),
        (json!({"amount": -1}), "amount"),
        (json!({"amount": 1_000_001}), "amount"),
        (json!({"amount": 1.5}), "amount"),
        (json!({"amount": 1, "note": "가".repeat(201)}), "note"),
        (json!({"amount": 1, "reason": "join"}), "reason"),
        (json!({}), "amount"),
    ] {
        let refused = world.owner.post_once("k", &path, asked.clone()).await;
        assert_eq!((refused.status, &refused.json["field"]), (422, &json!(field)), "{asked}");
    }
    assert_eq!(world.lines().await, 1);
    let noted = world.owner.post_once("k", &path, json!({"amount": 1, "note": " 스케일링\u{202e} "})).await;
    assert_eq!(noted.status, 201);
    let line = world.owner.get("/v1/points?reason=spend").await.json["items"][0].take();
    assert_ne!(line["note"], Value::Null);
    world.finish().await;
}
