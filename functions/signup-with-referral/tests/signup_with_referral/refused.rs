//! Codes by which nobody joins, and that leave nothing behind.

use serde_json::json;
use shared::clock::Ambient;
use shared::model::ReferralCode;
use shared::testing::FixedClock;

use crate::world::{World, code, hex, kind, user};

fn unknown() -> String {
    ReferralCode::new(&Ambient::seeded(FixedClock::new(), 9)).into()
}

#[tokio::test]
async fn a_refused_code_says_why() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let first = world.join("first", &clinic.code).await;
    let friend = world.join("friend", &clinic.code).await;
    world.earned();
    assert_eq!(kind(&world.join("first", &code(&first)).await), (409, "own-code"));
    assert_eq!(kind(&world.join("first", &code(&friend)).await), (409, "already-referred"));
    assert_eq!(kind(&world.join("first", &unknown()).await), (404, "unknown-code"));
    let mut typo = clinic.code.clone().into_bytes();
    typo[0] = if typo[0] == b'Z' { b'Y' } else { b'Z' };
    let typo = world.join("third", &String::from_utf8(typo).unwrap()).await;
    assert_eq!((kind(&typo), &typo.json["field"]), ((422, "invalid-input"), &json!("referralCode")));
    assert_eq!(world.earned(), []);
    world.test.finish().await;
}

#[tokio::test]
async fn a_clinic_that_is_closed_takes_nobody_new_and_nobody_back() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let first = world.join("first", &clinic.code).await;
    world.earned();
    world.end(&first, "left").await;
    world.set(&clinic, "accepts_members = FALSE").await;
    for who in ["first", "second"] {
        assert_eq!(kind(&world.join(who, &clinic.code).await), (409, "clinic-closed"));
    }
    assert_eq!((world.count("users").await, world.count("code_guesses").await), (1, 0));
    world.test.finish().await;
}

#[tokio::test]
async fn the_code_of_one_who_is_no_member_any_more_is_unknown() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    for because in ["left", "removed", "withdrawn"] {
        let host = world.join(because, &clinic.code).await;
        world.end(&host, because).await;
        assert_eq!(kind(&world.join("guest", &code(&host)).await), (404, "unknown-code"));
    }
    let host = world.join("anonymous", &clinic.code).await;
    world.run(&format!("UPDATE users SET withdrawn_at = created_at WHERE id = {}", hex(user(&host).uuid()))).await;
    assert_eq!(kind(&world.join("guest", &code(&host)).await), (404, "unknown-code"));
    world.earned();
    world.test.finish().await;
}

#[tokio::test]
async fn a_code_works_until_the_moment_it_expires() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let expires = world.ambient.now() + chrono::TimeDelta::seconds(1);
    sqlx::query("UPDATE referral_codes SET expires_at = ?").bind(expires).execute(&world.test.pool).await.unwrap();
    assert_eq!(world.join("first", &clinic.code).await.status, 201);
    world.clock.advance(chrono::TimeDelta::seconds(1));
    assert_eq!(kind(&world.join("second", &clinic.code).await), (404, "unknown-code"));
    world.earned();
    world.test.finish().await;
}

#[tokio::test]
async fn a_refused_code_writes_nothing_but_the_guess() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    assert_eq!(kind(&world.join("stranger", &unknown()).await), (404, "unknown-code"));
    world.run("UPDATE referral_codes SET disabled_at = created_at").await;
    assert_eq!(kind(&world.join("stranger", &clinic.code).await), (404, "unknown-code"));
    for table in ["users", "memberships", "referrals", "person_keys", "customers", "outbox", "held_grants", "invite_counts"] {
        assert_eq!(world.count(table).await, 0, "{table}");
    }
    assert_eq!(world.count("code_guesses WHERE guesses = 2").await, 1);
    world.test.finish().await;
}

#[tokio::test]
async fn a_token_of_an_account_that_has_withdrawn_is_worth_nothing() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    world.run("INSERT INTO withdrawals (user_id, subject, requested_at) VALUES (RANDOM_BYTES(16), 'gone', NOW(6))").await;
    assert_eq!(kind(&world.join("gone", &clinic.code).await), (401, "unauthenticated"));
    assert_eq!(world.count("users").await, 0);
    world.test.finish().await;
}
