//! Taking lines back.

use serde_json::json;

use crate::world::{World, kind};

#[tokio::test]
async fn a_line_is_taken_back_once_by_a_new_line() {
    let world = World::new().await;
    let (member, staff) = (world.member("member", 1000).await, world.owner.with_subject("staff"));
    let spent = world.spend(&staff, "k1", member, 700).await.json;
    let back = world.reverse(&staff, "k2", &spent["id"]).await;
    assert_eq!((back.status, &back.json["amount"], &back.json["balance"]), (201, &json!(700), &json!(1000)));
    assert_eq!(back.json["reverses"], spent["id"]);
    assert_eq!(kind(&world.reverse(&staff, "k3", &spent["id"]).await), "not-reversible");
    assert_eq!(kind(&world.reverse(&staff, "k4", &back.json["id"]).await), "not-reversible");
    assert_eq!(world.reverse(&staff, "k2", &spent["id"]).await.json, back.json);
    assert_eq!((world.balance(member).await, world.lines().await), (1000, 3));
    world.finish().await;
}

#[tokio::test]
async fn of_twenty_who_take_a_line_back_at_once_one_succeeds() {
    let world = World::new().await;
    let member = world.member("member", 1000).await;
    let spent = world.spend(&world.owner, "k", member, 700).await.json;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..20 {
        let (client, path) = (world.owner.clone(), format!("/v1/points/{}/reverse", spent["id"].as_str().unwrap()));
        tasks.spawn(async move { client.post_once(&format!("r{number}"), &path, json!({})).await.status });
    }
    let mut answers = tasks.join_all().await;
    answers.sort_unstable();
    assert_eq!((answers[0], &answers[1..]), (201, &[409; 19][..]));
    assert_eq!(world.balance(member).await, 1000);
    world.finish().await;
}

#[tokio::test]
async fn a_grant_that_was_spent_cannot_be_taken_back() {
    let world = World::new().await;
    let member = world.member("member", 1000).await;
    world.spend(&world.owner, "k1", member, 1).await;
    let grant = world.owner.get("/v1/points?reason=join").await.json["items"][0]["id"].clone();
    let refused = world.reverse(&world.owner, "k2", &grant).await;
    assert_eq!((kind(&refused).as_str(), &refused.json["balance"]), ("not-enough-points", &json!(999)));
    assert_eq!((world.balance(member).await, world.lines().await), (999, 2));
    world.finish().await;
}

#[tokio::test]
async fn nobody_gives_points_back_to_themselves() {
    let world = World::new().await;
    let own = world.member("staff", 1000).await;
    let staff = world.owner.with_subject("staff");
    let spent = world.spend(&staff, "k1", own, 400).await.json;
    assert_eq!(world.reverse(&staff, "k2", &spent["id"]).await.json["field"], "userId");
    assert_eq!(world.reverse(&world.owner, "k3", &spent["id"]).await.status, 201);
    world.finish().await;
}

#[tokio::test]
async fn a_correction_is_taken_back_by_the_owner_alone() {
    let world = World::new().await;
    let (member, staff) = (world.member("member", 1000).await, world.owner.with_subject("staff"));
    for (number, amount) in [(1, 300), (2, -300)] {
        let corrected = world.adjust(&world.owner, &format!("a{number}"), member, amount).await.json;
        let refused = world.reverse(&staff, &format!("s{number}"), &corrected["id"]).await;
        assert_eq!(kind(&refused), "not-owner", "{amount}");
        assert_eq!(world.balance(member).await, 1000 + amount);
        assert_eq!(world.reverse(&world.owner, &format!("o{number}"), &corrected["id"]).await.status, 201);
    }
    assert_eq!((world.balance(member).await, world.lines().await), (1000, 5));
    world.finish().await;
}

#[tokio::test]
async fn while_points_are_off_spending_is_taken_back_and_no_correction_that_gives_points() {
    let world = World::new().await;
    let member = world.member("member", 1000).await;
    let spent = world.spend(&world.owner, "k1", member, 400).await.json;
    let down = world.adjust(&world.owner, "k2", member, -100).await.json;
    let up = world.adjust(&world.owner, "k3", member, 50).await.json;
    sqlx::query("UPDATE clinics SET points_enabled = FALSE").execute(&world.test.pool).await.unwrap();
    assert_eq!(kind(&world.reverse(&world.owner, "k4", &down["id"]).await), "points-off");
    assert_eq!(world.reverse(&world.owner, "k5", &up["id"]).await.status, 201);
    assert_eq!(world.reverse(&world.owner, "k6", &spent["id"]).await.status, 201);
    assert_eq!(world.balance(member).await, 900);
    sqlx::query("UPDATE clinics SET points_enabled = TRUE").execute(&world.test.pool).await.unwrap();
    assert_eq!(world.reverse(&world.owner, "k4", &down["id"]).await.status, 201);
    world.finish().await;
}

#[tokio::test]
async fn a_foreign_line_and_none_answer_alike() {
    let world = World::new().await;
    let member = world.member("member", 1000).await;
    let spent = world.spend(&world.owner, "k", member, 1).await.json;
    let (_, stranger) = world.stranger().await;
    let foreign = world.reverse(&stranger, "k", &spent["id"]).await;
    let none = world.reverse(&world.owner, "k9", &json!(format!("pnt_{:032x}", 7))).await;
    let text = world.reverse(&world.owner, "k9", &json!("pnt_7")).await;
    assert_eq!(foreign.status, 404);
    assert_eq!((&foreign.json, &foreign.json), (&none.json, &text.json));
    world.finish().await;
}
