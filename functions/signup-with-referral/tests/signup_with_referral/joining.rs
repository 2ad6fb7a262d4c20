//! Joining by a code that can be used.

use serde_json::{Value, json};
use shared::testing::PublishMode;

use crate::world::{World, code, join, paid, points};

#[tokio::test]
async fn a_new_user_becomes_a_member_with_a_code_and_earns_join_points() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let joined = world.join("first", &clinic.code).await;
    assert_eq!((joined.status, &joined.json["membership"], points(&joined)), (201, &json!("confirmed"), (1000, 0, false)));
    assert_ne!(code(&joined), clinic.code);
    assert_eq!(joined.json["inviteLink"], json!(format!("https://app.example.com/i/{}", code(&joined))));
    assert_eq!(world.earned(), paid(&[("join", 1000)]));
    world.test.finish().await;
}

#[tokio::test]
async fn a_friends_code_earns_both_of_them_points() {
    let world = World::new().await;
    let first = world.join("first", &world.clinic().await.code).await;
    world.earned();
    assert_eq!(world.join("friend", &code(&first).to_lowercase()).await.status, 201);
    assert_eq!(world.earned(), paid(&[("join", 1000), ("invite", 1000)]));
    assert_eq!(world.unpaid().await, ["-", "-"]);
    world.test.finish().await;
}

#[tokio::test]
async fn amounts_are_the_settings_of_the_moment() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let first = world.join("first", &clinic.code).await;
    world.set(&clinic, "join_points = 30, invite_points = 70").await;
    world.join("friend", &code(&first)).await;
    world.set(&clinic, "join_points = 0").await;
    assert_eq!(points(&world.join("another", &code(&first)).await), (0, 0, false));
    assert_eq!(world.earned(), paid(&[("join", 1000), ("join", 30), ("invite", 70), ("invite", 70)]));
    world.test.finish().await;
}

#[tokio::test]
async fn the_same_request_again_gives_the_same_answer_and_no_points() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let first = world.join("first", &clinic.code).await;
    world.earned();
    let again = world.join("first", &clinic.code).await;
    assert_eq!((again.status, code(&again), points(&again)), (200, code(&first), (1000, 0, false)));
    // What the clinic grants others by now, and where else the person joins, changes nothing.
    world.set(&clinic, "join_points = 30").await;
    let other = world.clinic().await;
    for _ in 0..2 {
        assert_eq!(points(&world.join("first", &other.code).await), (0, 0, false));
    }
    assert_eq!(points(&world.join("first", &clinic.code).await), (1000, 0, false));
    assert_eq!(world.earned(), []);
    world.test.finish().await;
}

#[tokio::test]
async fn a_code_of_ones_own_that_nobody_can_use_is_not_handed_out() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let first = world.join("first", &clinic.code).await;
    world.earned();
    let none =
        |answer: &shared::testing::Answer| [&answer.json["referralCode"], &answer.json["inviteLink"]] == [&Value::Null; 2];
    for change in ["disabled_at = created_at", "disabled_at = NULL, expires_at = created_at"] {
        world.run(&format!("UPDATE referral_codes SET {change} WHERE code = '{}'", code(&first))).await;
        let again = world.join("first", &clinic.code).await;
        assert!(again.status == 200 && none(&again), "{change}");
        world.end(&first, "left").await;
        let back = world.join("first", &clinic.code).await;
        assert!(back.status == 201 && none(&back), "{change}");
    }
    world.run("UPDATE referral_codes SET expires_at = NULL").await;
    assert_eq!(code(&world.join("first", &clinic.code).await), code(&first));
    world.test.finish().await;
}

#[tokio::test]
async fn the_same_request_is_answered_also_when_the_code_or_the_clinic_has_closed_since() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let first = world.join("first", &clinic.code).await;
    world.earned();
    world.set(&clinic, "accepts_members = FALSE").await;
    assert_eq!(world.join("first", &clinic.code).await.status, 200);
    world.run("UPDATE referral_codes SET disabled_at = created_at WHERE user_id IS NULL").await;
    let again = world.join("first", &clinic.code).await;
    assert_eq!((again.status, code(&again)), (200, code(&first)));
    world.test.finish().await;
}

#[tokio::test]
async fn points_for_joining_come_once_in_a_lifetime() {
    let world = World::new().await;
    let host = world.join("host", &world.clinic().await.code).await;
    let (two, three) = (world.clinic().await, world.clinic().await);
    world.earned();
    assert_eq!(world.join("guest", &two.code).await.status, 201);
    assert_eq!(world.earned(), paid(&[("join", 1000)]));
    // Not new any more: neither the guest nor the friend who invites them to another clinic earns anything.
    assert_eq!(world.join("guest", &code(&host)).await.status, 201);
    assert_eq!(world.join("guest", &three.code).await.status, 201);
    assert_eq!(world.earned(), []);
    assert_eq!(world.unpaid().await, ["-", "-", "not_first", "-"]);
    world.test.finish().await;
}

#[tokio::test]
async fn ten_sign_ups_of_one_person_at_once_join_once_and_none_fails() {
    let world = World::with_connections(10).await;
    let clinic = world.clinic().await;
    let tasks = (0..10).map(|_| {
        let (client, code) = (world.proven("eager", 1), clinic.code.clone());
        tokio::spawn(async move { join(&client, &code).await.status })
    });
    let mut statuses = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        statuses.push(task.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 200, 200, 201]);
    assert_eq!(world.earned(), paid(&[("join", 1000)]));
    world.test.finish().await;
}

#[tokio::test]
async fn points_wait_in_the_outbox_when_the_topic_is_down() {
    let world = World::new().await;
    let first = world.join("first", &world.clinic().await.code).await;
    world.earned();
    world.publisher.set(PublishMode::Down);
    assert_eq!(world.join("friend", &code(&first)).await.status, 201);
    assert_eq!(world.test.outbox_size().await, 2);
    world.test.drop_database().await;
}

#[tokio::test]
async fn nobody_joins_without_signing_in() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let answer = join(&world.anybody, &clinic.code).await;
    assert_eq!((answer.status, answer.json["status"].clone()), (401, Value::from(401)));
    world.test.finish().await;
}
