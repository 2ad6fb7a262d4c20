//! Asking a clinic, and leaving it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::model::ClinicId;
use shared::testing::{Answer, Client, FixedClock};

use crate::world::{World, items, path, refused};

async fn ask(who: &Client, clinic: ClinicId) -> Answer {
    who.post("/v1/memberships", json!({ "clinicId": clinic })).await
}

async fn leave(who: &Client, clinic: ClinicId) -> Answer {
    who.send("DELETE", &format!("/v1/memberships/{clinic}"), &[], Value::Null).await
}

#[tokio::test]
async fn whoever_asks_waits_for_the_clinic_and_earns_nothing() {
    let world = World::new().await;
    let guest = world.app.with_subject("guest").proving(Some("+821012345678"), None);
    let asked = ask(&guest, world.clinic).await;
    assert_eq!(asked.status, 201, "{asked:?}");
    assert_eq!(asked.json, json!({"clinicId": world.clinic, "clinicName": "새봄의원", "membership": "pending"}));
    let again = ask(&guest, world.clinic).await;
    assert_eq!((again.status, again.json), (200, asked.json));
    let me = guest.get("/v1/me").await.json;
    assert_eq!((&me["clinics"][0]["membership"], &me["phone"]), (&json!("pending"), &json!("010-1234-5678")));
    let nothing =
        ["referrals", "customers", "outbox", "held_grants", "person_keys", "referral_codes WHERE user_id IS NOT NULL"];
    for table in nothing {
        assert_eq!(world.count(table).await, 0, "{table}");
    }
    world.test.finish().await;
}

#[tokio::test]
async fn a_member_need_not_ask() {
    let world = World::new().await;
    world.member("host", world.clinic).await;
    assert_eq!(refused(&ask(&world.app.with_subject("host"), world.clinic).await), (409, "already-member"));
    world.test.finish().await;
}

#[tokio::test]
async fn a_clinic_that_takes_nobody_is_not_asked_but_answers_who_asked_before() {
    let world = World::new().await;
    let (early, late) = (world.app.with_subject("early"), world.app.with_subject("late"));
    ask(&early, world.clinic).await;
    world.run("UPDATE clinics SET accepts_members = FALSE").await;
    assert_eq!(ask(&early, world.clinic).await.status, 200);
    assert_eq!(refused(&ask(&late, world.clinic).await), (409, "clinic-closed"));
    assert_eq!((world.count("memberships").await, world.count("users WHERE subject = 'late'").await), (1, 0));
    world.test.finish().await;
}

#[tokio::test]
async fn whoever_was_declined_may_ask_again_when_a_month_is_over() {
    let clock = FixedClock::new();
    let world = World::with(Ambient::seeded(clock.clone(), 7)).await;
    let guest = world.app.with_subject("guest");
    ask(&guest, world.clinic).await;
    let user = world.find("guest").await.unwrap();
    assert_eq!(world.owner.post(&format!("{}/decline", path(user)), Value::Null).await.status, 200);
    assert_eq!(guest.get("/v1/me").await.json["clinics"], json!([]));
    let early = ask(&guest, world.clinic).await;
    assert_eq!(refused(&early), (409, "membership-ended"));
    let from: DateTime<Utc> = early.json["askAgainFrom"].as_str().unwrap().parse().unwrap();
    assert_eq!(from, Ambient::seeded(clock.clone(), 0).now() + TimeDelta::days(30));
    clock.advance(TimeDelta::days(30) - TimeDelta::seconds(1));
    assert_eq!(ask(&guest, world.clinic).await.status, 409);
    clock.advance(TimeDelta::seconds(1));
    assert_eq!(ask(&guest, world.clinic).await.status, 201);
    world.test.finish().await;
}

#[tokio::test]
async fn whoever_asks_again_comes_first_and_who_only_repeats_the_question_does_not() {
    let clock = FixedClock::new();
    let world = World::with(Ambient::seeded(clock.clone(), 7)).await;
    let (early, late) = (world.app.with_subject("early"), world.app.with_subject("late"));
    let waiting = async || {
        let first = world.owner.get("/v1/members?state=pending&limit=1").await;
        let rest = format!("/v1/members?state=pending&limit=1&cursor={}", first.json["nextCursor"].as_str().unwrap());
        [first, world.owner.get(&rest).await].map(|page| items(&page)[0]["userId"].clone())
    };
    for who in [&early, &late] {
        ask(who, world.clinic).await;
        clock.advance(TimeDelta::hours(1));
    }
    let [first, second] = waiting().await;
    assert_eq!((first, second), (json!(world.find("late").await), json!(world.find("early").await)));
    assert_eq!(ask(&early, world.clinic).await.status, 200);
    assert_eq!(waiting().await[0], json!(world.find("late").await));
    leave(&early, world.clinic).await;
    assert_eq!(ask(&early, world.clinic).await.status, 201);
    assert_eq!(waiting().await, [json!(world.find("early").await), json!(world.find("late").await)]);
    let since = early.get("/v1/me").await.json["clinics"][0]["since"].clone();
    assert_eq!(since, json!(Ambient::seeded(clock.clone(), 0).now()));
    world.test.finish().await;
}

#[tokio::test]
async fn whom_the_clinic_removed_does_not_ask_again() {
    let world = World::new().await;
    let user = world.stands("host", world.clinic, "confirmed").await;
    assert_eq!(world.owner.post(&format!("{}/end", path(user)), Value::Null).await.status, 200);
    let answer = ask(&world.app.with_subject("host"), world.clinic).await;
    assert_eq!((refused(&answer), answer.json.get("askAgainFrom")), ((409, "membership-ended"), None));
    assert_eq!(leave(&world.app.with_subject("host"), world.clinic).await.status, 404);
    world.test.finish().await;
}

#[tokio::test]
async fn a_member_leaves_once_and_may_ask_again() {
    let world = World::new().await;
    world.member("host", world.clinic).await;
    let host = world.app.with_subject("host");
    assert_eq!(leave(&host, world.clinic).await.status, 204);
    assert_eq!(world.count("memberships WHERE ended_because = 'left' AND ended_at IS NOT NULL").await, 1);
    assert_eq!(refused(&leave(&host, world.clinic).await), (404, "not-found"));
    assert_eq!(ask(&host, world.clinic).await.status, 201);
    assert_eq!(leave(&host, world.clinic).await.status, 204, "a question is taken back");
    assert_eq!(world.count("memberships").await, 1);
    world.test.finish().await;
}

#[tokio::test]
async fn many_questions_of_one_person_at_once_make_one_membership() {
    let world = World::new().await;
    let mut instances = Vec::new();
    for _ in 0..8 {
        instances.push(world.another().await.with_subject("guest"));
    }
    let clinic = world.clinic;
    let asking = instances.into_iter().map(|guest| tokio::spawn(async move { ask(&guest, clinic).await.status }));
    let mut statuses = Vec::new();
    for asked in asking.collect::<Vec<_>>() {
        statuses.push(asked.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 201]);
    assert_eq!((world.count("users").await, world.count("memberships").await), (1, 1));
    world.test.finish().await;
}
