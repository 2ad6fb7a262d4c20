//! What staff decide about members.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde_json::{Value, json};
use shared::model::UserId;
use shared::testing::{Answer, Client};

use crate::world::{CONSOLE, World, items, path, refused};

async fn decide(staff: &Client, user: UserId, what: &str) -> Answer {
    staff.post(&format!("{}/{what}", path(user)), Value::Null).await
}

#[tokio::test]
async fn whoever_is_confirmed_has_a_code_and_is_a_customer_and_earns_nothing() {
    let world = World::new().await;
    let user = world.stands("guest", world.clinic, "pending").await;
    world.run("UPDATE users SET phone = '+821012345678'").await;
    let confirmed = decide(&world.nurse, user, "confirm").await;
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    let seen = &confirmed.json;
    assert_eq!((&seen["membership"], &seen["points"], &seen["pointsHeld"]), (&json!("confirmed"), &json!(0), &json!(0)));
    assert!(seen["confirmedAt"].is_string() && seen["customerId"].is_string() && seen.get("source").is_none());
    assert_eq!(world.count("customers WHERE phone = '+821012345678' AND name = '이름 guest'").await, 1);
    for table in ["referrals", "outbox", "held_grants", "person_keys", "invite_counts"] {
        assert_eq!(world.count(table).await, 0, "{table}");
    }
    let me = world.app.with_subject("guest").get("/v1/me").await.json;
    assert_eq!(me["clinics"][0]["inviteLink"], format!("{CONSOLE}/i/{}", seen["ownCode"].as_str().unwrap()));
    // The answer was lost: the same again.
    let again = decide(&world.nurse, user, "confirm").await;
    assert_eq!((again.status, &again.json), (200, seen));
    assert_eq!((world.count("referral_codes WHERE user_id IS NOT NULL").await, world.count("customers").await), (1, 1));
    world.test.finish().await;
}

#[tokio::test]
async fn without_a_proven_phone_a_member_is_no_customer() {
    let world = World::new().await;
    let user = world.stands("guest", world.clinic, "pending").await;
    assert_eq!(decide(&world.owner, user, "confirm").await.json["customerId"], Value::Null);
    assert_eq!(world.count("customers").await, 0);
    world.test.finish().await;
}

#[tokio::test]
async fn each_decision_belongs_to_a_state_and_a_repeated_one_changes_nothing() {
    let world = World::new().await;
    for (state, because, confirm, decline, end) in [
        ("pending", None, 200, 200, 409),
        ("confirmed", None, 200, 409, 200),
        ("ended", Some("declined"), 200, 200, 409),
        ("ended", Some("removed"), 200, 409, 200),
        ("ended", Some("left"), 409, 409, 409),
    ] {
        for (what, status) in [("confirm", confirm), ("decline", decline), ("end", end)] {
            let user = world.stands(&format!("{state} {because:?} {what}"), world.clinic, state).await;
            if because.is_some() {
                let sql = "UPDATE memberships SET ended_because = ? WHERE user_id = ?";
                sqlx::query(sql).bind(because).bind(user).execute(&world.test.pool).await.unwrap();
            }
            let before = row(&world, user).await;
            let answer = decide(&world.nurse, user, what).await;
            assert_eq!(answer.status, status, "{state} {because:?} {what}: {answer:?}");
            if status == 409 {
                assert_eq!(refused(&answer), (409, "membership-state"));
                assert_eq!(row(&world, user).await, before, "what is refused changes nothing");
                continue;
            }
            let after = row(&world, user).await;
            let expected = match what {
                "confirm" => ("confirmed".to_owned(), None),
                "decline" => ("ended".to_owned(), Some("declined".to_owned())),
                _ => ("ended".to_owned(), Some("removed".to_owned())),
            };
            assert_eq!((after.0.clone(), after.1.clone()), expected);
            assert_eq!(answer.json["membership"], after.0);
            let again = decide(&world.owner, user, what).await;
            assert_eq!((again.status, &again.json), (200, &answer.json));
            assert_eq!(row(&world, user).await, after, "the second time changes nothing");
        }
    }
    world.test.finish().await;
}

type Row = (String, Option<String>, Option<chrono::NaiveDateTime>, Option<chrono::NaiveDateTime>);

async fn row(world: &World, user: UserId) -> Row {
    let sql = "SELECT state, ended_because, ended_at, confirmed_at FROM memberships WHERE user_id = ?";
    sqlx::query_as(sql).bind(user).fetch_one(&world.test.pool).await.unwrap()
}

#[tokio::test]
async fn of_two_who_decide_otherwise_at_once_one_comes_second_and_sees_what_the_first_did() {
    let world = World::new().await;
    let another = world.another().await.with_subject("nurse");
    for round in 0..20 {
        let user = world.stands(&format!("guest {round}"), world.clinic, "pending").await;
        let (confirmed, declined) = tokio::join!(decide(&world.owner, user, "confirm"), decide(&another, user, "decline"));
        let state = row(&world, user).await;
        // Declining first leaves room for confirming; confirming first does not for declining.
        match (confirmed.status, declined.status) {
            (200, 200 | 409) => assert_eq!(state.0, "confirmed"),
            other => panic!("{other:?}"),
        }
        assert_eq!(world.count("referral_codes WHERE user_id IS NOT NULL").await, round + 1);
    }
    world.test.finish().await;
}

#[tokio::test]
async fn many_who_confirm_at_once_make_one_code_and_one_customer() {
    let world = World::new().await;
    let user = world.stands("guest", world.clinic, "pending").await;
    world.run("UPDATE users SET phone = '+821012345678'").await;
    let mut deciding = Vec::new();
    for _ in 0..6 {
        let staff = world.another().await.with_subject("nurse");
        deciding.push(tokio::spawn(async move { decide(&staff, user, "confirm").await }));
    }
    let mut answers = Vec::new();
    for answer in deciding {
        let answer = answer.await.unwrap();
        assert_eq!(answer.status, 200);
        answers.push(answer.json);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!((world.count("referral_codes WHERE user_id IS NOT NULL").await, world.count("customers").await), (1, 1));
    world.test.finish().await;
}

#[tokio::test]
async fn nothing_is_decided_about_somebody_who_withdraws_meanwhile() {
    let world = World::new().await;
    let user = world.stands("guest", world.clinic, "pending").await;
    let mut withdrawing = world.test.pool.begin().await.unwrap();
    sqlx::query("SELECT id FROM users WHERE id = ? FOR UPDATE").bind(user).execute(&mut *withdrawing).await.unwrap();
    sqlx::query("UPDATE users SET withdrawn_at = NOW(6) WHERE id = ?").bind(user).execute(&mut *withdrawing).await.unwrap();
    let end = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        withdrawing.commit().await.unwrap();
    };
    let (answer, ()) = tokio::join!(decide(&world.owner, user, "confirm"), end);
    assert_eq!(refused(&answer), (404, "not-found"));
    assert_eq!((row(&world, user).await.0, world.count("audit_entries").await), ("pending".to_owned(), 0));
    world.test.finish().await;
}

/// What somebody changes of themselves later is none of the clinic's any more.
#[tokio::test]
async fn the_phone_of_somebody_who_left_or_was_declined_is_not_shown() {
    let world = World::new().await;
    for (subject, state, act) in [("guest", "pending", "decline"), ("host", "confirmed", "end")] {
        let user = world.stands(subject, world.clinic, state).await;
        sqlx::query("UPDATE users SET phone = '+821012345678' WHERE id = ?")
            .bind(user)
            .execute(&world.test.pool)
            .await
            .unwrap();
        let phone = async || {
            let listed = items(&world.nurse.get("/v1/members").await);
            let listed = listed.into_iter().find(|item| item["userId"] == json!(user)).unwrap();
            (world.nurse.get(&path(user)).await.json["phone"].clone(), listed["phone"].clone())
        };
        assert_eq!(phone().await, (json!("010-1234-5678"), json!("010-1234-5678")));
        let ended = world.owner.post(&format!("{}/{act}", path(user)), Value::Null).await;
        assert_eq!((ended.status, &ended.json["phone"]), (200, &Value::Null), "{act}");
        assert_eq!(phone().await, (Value::Null, Value::Null), "{act}");
        world.owner.post(&format!("{}/confirm", path(user)), Value::Null).await;
        assert_eq!(phone().await.0, json!("010-1234-5678"));
    }
    world.test.finish().await;
}
