//! Requests to withdraw.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::testing::people::pepper;
use tokio::task::JoinSet;

use crate::world::World;

const PHONE: &str = "+821012345678";

#[tokio::test]
async fn nobody_withdraws_by_mistake_or_without_signing_in() {
    let world = World::new().await;
    world.user("person", None).await;
    for (body, status, kind) in [
        (Value::Null, 422, "invalid-input"),
        (json!({}), 422, "invalid-input"),
        (json!({"confirm": ""}), 422, "invalid-input"),
        (json!({"confirm": "yes"}), 422, "invalid-input"),
        (json!({"confirm": "withdraw", "userId": "usr_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e"}), 422, "invalid-input"),
    ] {
        let answer = world.ask("person", body.clone()).await;
        let kind = format!("https://dangol.dev/problems/{kind}");
        assert_eq!((answer.status, &answer.json["type"]), (status, &json!(kind)), "{body}");
    }
    let deps = withdraw::Deps { database: world.test.another().await, ambient: shared::testing::ambient().0, pepper: pepper() };
    let anonymous = shared::testing::Client::anonymous("withdraw", withdraw::routes(deps));
    assert_eq!(anonymous.send("DELETE", "/v1/me", &[], json!({"confirm": "withdraw"})).await.status, 401);
    assert_eq!(world.number("SELECT COUNT(*) FROM withdrawals").await, 0);
    assert_eq!(world.number("SELECT COUNT(*) FROM users WHERE withdrawn_at IS NULL").await, 1);
    world.test.finish().await;
}

#[tokio::test]
async fn a_withdrawal_ends_every_membership_and_takes_the_person_off_the_user() {
    let world = World::new().await;
    let clinics = [world.clinic().await, world.clinic().await, world.clinic().await, world.clinic().await];
    let user = world.user("person", Some(PHONE)).await;
    let made = world.customer(clinics[0], PHONE).await;
    let known = world.customer(clinics[1], PHONE).await;
    let left = world.customer(clinics[3], PHONE).await;
    world.member(clinics[0], user, "confirmed", Some((made, true))).await;
    world.member(clinics[1], user, "confirmed", Some((known, false))).await;
    world.member(clinics[2], user, "pending", None).await;
    world.member(clinics[3], user, "ended", Some((left, true))).await;
    assert_eq!(world.withdraw("person").await.status, 204);

    let memberships: Vec<(String, String)> = sqlx::query_as(
        "SELECT CAST(state AS CHAR), CAST(ended_because AS CHAR) FROM memberships
         WHERE customer_id IS NULL AND customer_made = FALSE AND ended_at IS NOT NULL ORDER BY created_at, ended_because DESC",
    )
    .fetch_all(&world.test.pool)
    .await
    .unwrap();
    let ended = |because: &str| ("ended".to_owned(), because.to_owned());
    assert_eq!(memberships, [ended("withdrawn"), ended("withdrawn"), ended("withdrawn"), ended("left")]);
    let kept: Vec<shared::model::CustomerId> =
        sqlx::query_scalar("SELECT id FROM customers").fetch_all(&world.test.pool).await.unwrap();
    assert_eq!(kept, [known], "whom the clinic had entered itself");
    let (name, phone, subject): (String, Option<String>, String) =
        sqlx::query_as("SELECT name, CAST(phone AS CHAR), CAST(subject AS CHAR) FROM users")
            .fetch_one(&world.test.pool)
            .await
            .unwrap();
    assert_eq!((name.as_str(), phone, subject), ("", None, format!("withdrawn:{}", user.uuid())));
    assert_eq!(world.number("SELECT COUNT(*) FROM users WHERE withdrawn_at IS NOT NULL").await, 1);
    assert_eq!(world.number("SELECT COUNT(*) FROM withdrawn_customers").await, 2);
    world.test.finish().await;
}

#[tokio::test]
async fn asking_again_is_no_error_and_changes_nothing() {
    let world = World::new().await;
    world.user("person", Some(PHONE)).await;
    assert_eq!(world.withdraw("person").await.status, 204);
    world.clock.advance(chrono::TimeDelta::hours(1));
    assert_eq!(world.withdraw("person").await.status, 204);
    assert_eq!(world.number("SELECT COUNT(*) FROM users").await, 1);
    assert_eq!(world.number("SELECT COUNT(DISTINCT requested_at) FROM withdrawals").await, 1);
    world.test.finish().await;
}

#[tokio::test]
async fn ten_requests_at_the_same_moment_are_one_withdrawal() {
    // Without a user the requests race for making one.
    for has_user in [true, false, false, false] {
        let world = World::new().await;
        if has_user {
            world.user("person", Some(PHONE)).await;
        }
        let mut requests = JoinSet::new();
        for _ in 0..10 {
            let client = world.client.clone();
            requests.spawn(async move { client.send("DELETE", "/v1/me", &[], json!({"confirm": "withdraw"})).await.status });
        }
        assert_eq!(requests.join_all().await, [204; 10], "{has_user}");
        assert_eq!(world.number("SELECT COUNT(*) FROM withdrawals").await, 1);
        assert_eq!(world.number("SELECT COUNT(*) FROM users WHERE withdrawn_at IS NOT NULL").await, 1);
        world.test.finish().await;
    }
}

#[tokio::test]
async fn whoever_works_for_a_clinic_stays_until_they_are_removed() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    world.staff(clinic, "owner", "owner").await;
    world.staff(clinic, "colleague", "staff").await;
    // An owner of another clinic is no help.
    world.staff(world.clinic().await, "somebody", "owner").await;
    for (subject, kind) in [("owner", "last-owner"), ("colleague", "still-staff")] {
        let answer = world.withdraw(subject).await;
        let kind = format!("https://dangol.dev/problems/{kind}");
        assert_eq!((answer.status, &answer.json["type"]), (409, &json!(kind)));
    }
    world.staff(clinic, "second owner", "owner").await;
    assert_eq!(world.withdraw("owner").await.json["type"], "https://dangol.dev/problems/still-staff");
    assert_eq!(
        world.number("SELECT (SELECT COUNT(*) FROM withdrawals) + (SELECT COUNT(*) FROM users)").await,
        0,
        "all or nothing"
    );
    // As staff is removed.
    world
        .execute("UPDATE staff SET subject = CONCAT('removed:', HEX(id)), removed_at = NOW() WHERE subject = 'colleague'")
        .await;
    assert_eq!(world.withdraw("colleague").await.status, 204);
    world.test.finish().await;
}

#[tokio::test]
async fn somebody_elses_things_stay() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let (person, other) = (world.user("person", Some(PHONE)).await, world.user("other", Some("+821055556666")).await);
    let (mine, others) = (world.customer(clinic, PHONE).await, world.customer(clinic, "+821055556666").await);
    world.member(clinic, person, "confirmed", Some((mine, true))).await;
    world.member(clinic, other, "confirmed", Some((others, true))).await;
    for (user, code, subject) in [(person, "AAAA0000", "person"), (other, "BBBB0000", "other")] {
        let insert = sqlx::query("INSERT INTO referral_codes (code, clinic_id, user_id, created_at) VALUES (?, ?, ?, NOW(6))");
        insert.bind(code).bind(clinic).bind(user).execute(&world.test.pool).await.unwrap();
        let insert = "INSERT INTO idempotency_keys (subject, route, idempotency_key, request_hash, created_at)
             VALUES (?, 'r', 'k', REPEAT('h', 32), NOW(6))";
        sqlx::query(insert).bind(subject).execute(&world.test.pool).await.unwrap();
        let insert = "INSERT INTO person_keys (person_key, user_id, created_at) VALUES (REPEAT(LEFT(?, 1), 32), ?, NOW(6))";
        sqlx::query(insert).bind(subject).bind(user).execute(&world.test.pool).await.unwrap();
        let insert =
            "INSERT INTO held_grants (clinic_id, id, grant_key, user_id, reason, amount, referral_id, held_because, created_at)
             VALUES (?, REPEAT(LEFT(?, 1), 16), ?, ?, 'invite', 10, REPEAT('r', 16), 'burst', NOW(6))";
        let insert = sqlx::query(insert).bind(clinic).bind(subject).bind(subject).bind(user);
        insert.execute(&world.test.pool).await.unwrap();
        let insert = "INSERT INTO point_entries (id, grant_key, clinic_id, user_id, reason, amount, created_at, note)
             VALUES (REPEAT(LEFT(?, 1), 16), ?, ?, ?, 'adjust', 5, NOW(6), 'a note')";
        let insert = sqlx::query(insert).bind(subject).bind(subject).bind(clinic).bind(user);
        insert.execute(&world.test.pool).await.unwrap();
    }
    world.execute("INSERT INTO suppressions (clinic_id, phone, reason, created_at) SELECT id, '+821012345678', 'asked', NOW(6) FROM clinics").await;
    assert_eq!(world.withdraw("person").await.status, 204);
    let left: BTreeSet<(String, i64)> = sqlx::query_as(
        "SELECT 'confirmed', COUNT(*) FROM memberships WHERE state = 'confirmed' UNION ALL
         SELECT 'customers', COUNT(*) FROM customers UNION ALL
         SELECT 'codes', COUNT(*) FROM referral_codes WHERE disabled_at IS NULL UNION ALL
         SELECT 'answers', COUNT(*) FROM idempotency_keys UNION ALL
         SELECT 'keys for ever', COUNT(*) FROM person_keys WHERE forget_at IS NULL UNION ALL
         SELECT 'keys', COUNT(*) FROM person_keys UNION ALL
         SELECT 'held', COUNT(*) FROM held_grants WHERE state = 'held' UNION ALL
         SELECT 'notes', COUNT(*) FROM point_entries WHERE note <> '' UNION ALL
         SELECT 'lines', COUNT(*) FROM point_entries UNION ALL
         SELECT 'refusals', COUNT(*) FROM suppressions",
    )
    .fetch_all(&world.test.pool)
    .await
    .unwrap()
    .into_iter()
    .collect();
    let expected = [
        ("answers", 1),
        ("codes", 1),
        ("confirmed", 1),
        ("customers", 1),
        ("held", 1),
        ("keys", 2),
        ("keys for ever", 1),
        ("lines", 2),
        ("notes", 1),
        ("refusals", 1),
    ];
    assert_eq!(left, expected.map(|(what, count)| (what.to_owned(), count)).into());
    world.test.finish().await;
}
