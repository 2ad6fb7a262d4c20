//! Points that are held for review.

use serde_json::json;
use shared::message::PointsEarned;
use shared::testing::PublishMode;

use crate::world::{World, kind};

#[tokio::test]
async fn released_points_are_granted_once_under_the_key_they_were_held_under() {
    let world = World::new().await;
    let member = world.member("member", 100).await;
    let held = world.held(member, 500, "daily_cap").await;
    let listed = world.owner.with_subject("staff").get("/v1/points/held").await.json;
    assert_eq!((&listed["items"][0]["amount"], &listed["items"][0]["heldBecauseCode"]), (&json!(500), &json!("daily_cap")));
    let path = format!("/v1/points/held/{held}/release");
    assert_eq!(world.owner.post(&path, json!({"note": "확인했습니다."})).await.status, 204);
    let earned = world.publisher.take::<PointsEarned>();
    let [PointsEarned::V1 { grant_key, amount, .. }] = &earned[..] else { panic!("{earned:?}") };
    assert_eq!((grant_key, amount.get()), (&format!("invite:{held}"), 500));
    // Published as often as it likes.
    world.grant(&earned).await;
    world.grant(&[earned.clone(), earned].concat()).await;
    assert_eq!((world.balance(member).await, world.lines().await), (600, 2));
    // Whoever has not got the answer asks again, and nothing more happens; another owner is told that it is decided.
    let audited = world.audited().await;
    assert_eq!(world.owner.post(&path, json!({"note": "다시"})).await.status, 204);
    world.staff(world.clinic, "partner", "owner").await;
    let again = world.owner.with_subject("partner").post(&path, json!({})).await;
    assert_eq!((kind(&again).as_str(), &again.json["state"]), ("already-decided", &json!("released")));
    assert_eq!((world.publisher.take::<PointsEarned>().len(), world.audited().await), (0, audited));
    let released = world.owner.get("/v1/points/held?state=released").await.json["items"][0].take();
    assert_eq!((&released["note"], &released["decidedBy"]["name"]), (&json!("확인했습니다."), &json!("직원 owner")));
    world.finish().await;
}

#[tokio::test]
async fn a_release_whose_publication_fails_waits_in_the_outbox() {
    let world = World::new().await;
    let member = world.member("member", 100).await;
    let held = world.held(member, 500, "burst").await;
    world.publisher.set(PublishMode::Down);
    assert_eq!(world.owner.post(&format!("/v1/points/held/{held}/release"), json!({})).await.status, 204);
    assert_eq!(world.test.outbox_size().await, 1);
    let body: String = sqlx::query_scalar("SELECT body FROM outbox").fetch_one(&world.test.pool).await.unwrap();
    world.grant(&[serde_json::from_str(&body).unwrap()]).await;
    sqlx::query("DELETE FROM outbox").execute(&world.test.pool).await.unwrap();
    assert_eq!(world.balance(member).await, 600);
    world.finish().await;
}

#[tokio::test]
async fn refused_points_are_never_granted() {
    let world = World::new().await;
    let member = world.member("member", 100).await;
    let held = world.held(member, 500, "total_cap").await;
    let path = format!("/v1/points/held/{held}/refuse");
    assert_eq!(world.owner.post(&path, json!({"note": ""})).await.json["field"], "note");
    assert_eq!(world.owner.post(&path, json!({"note": "같은 사람입니다."})).await.status, 204);
    let audited = world.audited().await;
    assert_eq!(world.owner.post(&path, json!({"note": "x"})).await.status, 204);
    world.staff(world.clinic, "partner", "owner").await;
    assert_eq!(kind(&world.owner.with_subject("partner").post(&path, json!({"note": "x"})).await), "already-decided");
    assert_eq!(world.audited().await, audited);
    let refused = world.owner.get("/v1/points/held?state=refused").await.json["items"][0].take();
    assert_eq!(refused["note"], "같은 사람입니다.");
    let release = world.owner.post(&format!("/v1/points/held/{held}/release"), json!({})).await;
    assert_eq!((kind(&release).as_str(), &release.json["state"]), ("already-decided", &json!("refused")));
    assert_eq!((world.balance(member).await, world.test.outbox_size().await), (100, 0));
    world.finish().await;
}

#[tokio::test]
async fn of_twenty_who_decide_at_once_one_decides() {
    let world = World::new().await;
    let member = world.member("member", 100).await;
    let held = world.held(member, 500, "burst").await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..20 {
        let owner = format!("owner-{number}");
        world.staff(world.clinic, &owner, "owner").await;
        let client = world.owner.with_subject(&owner);
        let what = if number % 2 == 0 { "release" } else { "refuse" };
        let path = format!("/v1/points/held/{held}/{what}");
        tasks.spawn(async move { client.post(&path, json!({"note": "결정"})).await.status });
    }
    let mut answers = tasks.join_all().await;
    answers.sort_unstable();
    assert_eq!((answers[0], &answers[1..]), (204, &[409; 19][..]));
    let released = world.number("SELECT COUNT(*) FROM held_grants WHERE state = 'released'").await;
    assert_eq!(i64::try_from(world.publisher.take::<PointsEarned>().len()).unwrap(), released);
    assert_eq!(world.audited().await.len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_decision_asked_for_twenty_times_at_once_is_made_once_and_always_answered_alike() {
    let world = World::new().await;
    let member = world.member("member", 100).await;
    let (released, refused) = (world.held(member, 500, "burst").await, world.held(member, 500, "burst").await);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..40 {
        let client = world.owner.clone();
        let path = if number % 2 == 0 { format!("{released}/release") } else { format!("{refused}/refuse") };
        tasks.spawn(async move { client.post(&format!("/v1/points/held/{path}"), json!({"note": "결정"})).await.status });
    }
    assert_eq!(tasks.join_all().await, [204; 40]);
    assert_eq!((world.publisher.take::<PointsEarned>().len(), world.audited().await.len()), (1, 2));
    world.finish().await;
}

#[tokio::test]
async fn a_release_waits_for_a_withdrawal_without_holding_what_that_needs() {
    let world = World::new().await;
    let member = world.member("member", 0).await;
    let held = world.held(member, 500, "burst").await;
    // As a withdrawal does: the person first, then what is held for them.
    let mut withdrawal = world.test.pool.begin().await.unwrap();
    sqlx::query("SELECT id FROM users WHERE id = ? FOR UPDATE").bind(member).execute(&mut *withdrawal).await.unwrap();
    let (client, path) = (world.owner.clone(), format!("/v1/points/held/{held}/release"));
    let release = tokio::spawn(async move { client.post(&path, json!({})).await });
    let waiting = "SELECT COUNT(*) FROM information_schema.innodb_trx t
                   JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
                   WHERE t.trx_state = 'LOCK WAIT' AND p.db = DATABASE()";
    while world.number(waiting).await == 0 {
        assert!(!release.is_finished(), "it did not wait");
        // The server shows the same for a tenth of a second.
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    }
    let free = sqlx::query("SELECT id FROM held_grants WHERE id = ? FOR UPDATE NOWAIT").bind(held);
    free.execute(&mut *withdrawal).await.unwrap();
    sqlx::query("UPDATE held_grants SET state = 'refused', decided_at = NOW(6)").execute(&mut *withdrawal).await.unwrap();
    sqlx::query("UPDATE users SET withdrawn_at = NOW(6)").execute(&mut *withdrawal).await.unwrap();
    withdrawal.commit().await.unwrap();
    assert_eq!(kind(&release.await.unwrap()), "already-decided");
    assert!(world.publisher.take::<PointsEarned>().is_empty());
    world.finish().await;
}

#[tokio::test]
async fn only_the_owner_decides_and_not_for_themselves() {
    let world = World::new().await;
    let own = world.member("owner", 0).await;
    let held = world.held(own, 500, "staff").await;
    let path = format!("/v1/points/held/{held}/release");
    assert_eq!(kind(&world.owner.with_subject("staff").post(&path, json!({})).await), "not-owner");
    let refuse = format!("/v1/points/held/{held}/refuse");
    assert_eq!(kind(&world.owner.with_subject("staff").post(&refuse, json!({"note": "x"})).await), "not-owner");
    assert_eq!(world.owner.post(&path, json!({})).await.json["field"], "userId");
    // By another account with a phone that the owner had proven when they came to work here.
    let private = world.member("private", 0).await;
    for stored in [
        "UPDATE staff SET phone = '+821012345678' WHERE subject = 'owner'",
        "UPDATE users SET phone = '+821012345678' WHERE subject = 'private'",
    ] {
        sqlx::query(stored).execute(&world.test.pool).await.unwrap();
    }
    let theirs = format!("/v1/points/held/{}/release", world.held(private, 500, "staff").await);
    assert_eq!(world.owner.post(&theirs, json!({})).await.json["field"], "userId");
    let (_, stranger) = world.stranger().await;
    assert_eq!(stranger.post(&path, json!({})).await.status, 404);
    assert_eq!(stranger.post(&refuse, json!({"note": "x"})).await.status, 404);
    assert_eq!(stranger.get("/v1/points/held").await.json, json!({"items": []}));
    assert_eq!(world.number("SELECT COUNT(*) FROM held_grants WHERE state = 'held'").await, 2);
    world.finish().await;
}

#[tokio::test]
async fn nothing_is_released_to_the_withdrawn_or_while_points_are_off() {
    let world = World::new().await;
    let (member, gone) = (world.member("member", 0).await, world.member("gone", 0).await);
    let (held, lost) = (world.held(member, 500, "burst").await, world.held(gone, 500, "burst").await);
    sqlx::query("UPDATE users SET withdrawn_at = NOW(6) WHERE subject = 'gone'").execute(&world.test.pool).await.unwrap();
    let withdrawn = world.owner.post(&format!("/v1/points/held/{lost}/release"), json!({})).await;
    assert_eq!(kind(&withdrawn), "membership-state");
    sqlx::query("UPDATE clinics SET points_enabled = FALSE").execute(&world.test.pool).await.unwrap();
    assert_eq!(kind(&world.owner.post(&format!("/v1/points/held/{held}/release"), json!({})).await), "points-off");
    assert_eq!(world.owner.post(&format!("/v1/points/held/{lost}/refuse"), json!({"note": "탈퇴"})).await.status, 204);
    world.finish().await;
}

#[tokio::test]
async fn what_is_held_comes_in_pages() {
    let world = World::new().await;
    let member = world.member("member", 0).await;
    for amount in 1..=5 {
        world.held(member, amount, "burst").await;
        // Ids sort by the millisecond in which they were made.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let (mut amounts, mut path) = (Vec::new(), "/v1/points/held?limit=2".to_owned());
    loop {
        let page = world.owner.get(&path).await.json;
        amounts.extend(page["items"].as_array().unwrap().iter().map(|item| item["amount"].as_i64().unwrap()));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("/v1/points/held?limit=2&cursor={cursor}");
    }
    assert_eq!(amounts, [5, 4, 3, 2, 1]);
    assert_eq!(world.owner.get("/v1/points/held?cursor=!").await.json["field"], "cursor");
    world.finish().await;
}
