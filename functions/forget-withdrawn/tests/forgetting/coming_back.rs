//! Somebody who withdraws and signs up again.

use serde_json::json;
use shared::aws::topics::{Outgoing, Publisher};
use shared::clock::Ambient;
use shared::db::referral_codes::{self, Owner};
use shared::model::ClinicId;
use shared::model::console::ConsoleOrigin;
use shared::model::id::OutboxId;
use shared::testing::people::{pepper, source_key};
use shared::testing::{Answer, Client};
use signup_with_referral::Deps;

use crate::world::{EMAIL, PHONE, SUBJECT, World};

/// Signs people up.
async fn desk(world: &World) -> Client {
    let deps = Deps {
        database: world.test.another_with(4).await,
        ambient: Ambient::seeded(world.clock.clone(), 11),
        publisher: Topics,
        pepper: pepper(),
        console: ConsoleOrigin::default(),
        source_key: source_key(),
    };
    Client::signed_in("signup-with-referral", signup_with_referral::routes(deps), SUBJECT)
}

/// Takes every fact: what was earned the answers say.
struct Topics;

impl Publisher for Topics {
    async fn publish(&self, outgoing: &[Outgoing]) -> Vec<OutboxId> {
        outgoing.iter().map(|fact| fact.id).collect()
    }
}

async fn code(world: &World, clinic: ClinicId) -> String {
    let mut connection = world.test.pool.acquire().await.unwrap();
    let code = referral_codes::insert(&mut connection, &world.ambient, clinic, Owner::Clinic).await.unwrap();
    code.as_str().to_owned()
}

async fn join(person: &Client, code: &str) -> Answer {
    person.post("/v1/signups", json!({"referralCode": code})).await
}

#[tokio::test]
async fn coming_back_under_another_account_pays_nothing() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let code = code(&world, clinic).await;
    let desk = desk(&world).await;
    let person = desk.proving(Some(PHONE), Some(EMAIL));
    let first = join(&person, &code).await;
    assert_eq!((first.status, &first.json["joinPoints"]), (201, &json!(1000)), "{}", first.json);
    assert_eq!(world.number("SELECT COUNT(*) FROM customers").await, 1);

    assert_eq!(world.withdraw().await.status, 204);
    let refused = join(&person, &code).await;
    assert_eq!((refused.status, &refused.json["type"]), (401, &json!("https://dangol.dev/problems/unauthenticated")));
    world.run().await.unwrap();
    assert_eq!(world.run_later().await.finished, 1);

    for (subject, phone, email) in [
        ("another account with the phone", Some(PHONE), Some("new@mail.example")),
        ("another account with the address", Some("+821022223333"), Some(EMAIL)),
    ] {
        let again = join(&desk.with_subject(subject).proving(phone, email), &code).await;
        assert_eq!((again.status, &again.json["joinPoints"]), (201, &json!(0)), "{}", again.json);
    }
    let stranger = join(&desk.with_subject("a stranger").proving(Some("+821044445555"), None), &code).await;
    assert_eq!(stranger.json["joinPoints"], json!(1000), "{}", stranger.json);
    world.test.drop_database().await;
}

#[tokio::test]
async fn a_phone_that_was_proven_after_joining_pays_nothing_under_another_account() {
    // Stored by a later request, or proven by the token with which the person withdraws.
    for stored in [true, false] {
        let world = World::new().await;
        let clinic = world.clinic().await;
        let code = code(&world, clinic).await;
        let desk = desk(&world).await;
        let first = join(&desk.proving(None, Some(EMAIL)), &code).await;
        assert_eq!(first.json["joinPoints"], json!(1000), "{}", first.json);
        if stored {
            // As a request of before there were hashes has left it.
            world.execute("UPDATE users SET phone = '+821098765432'").await;
            assert_eq!(world.withdraw().await.status, 204);
        } else {
            let person = world.client.proving(Some(PHONE), Some("another@mail.example"));
            let withdrawn = person.send("DELETE", "/v1/me", &[], json!({"confirm": "withdraw"})).await;
            assert_eq!(withdrawn.status, 204);
        }
        world.run().await.unwrap();
        assert_eq!(world.run_later().await.finished, 1);
        let again = join(&desk.with_subject("again").proving(Some(PHONE), Some("new@mail.example")), &code).await;
        assert_eq!((again.status, &again.json["joinPoints"]), (201, &json!(0)), "{stored}: {}", again.json);
        world.test.drop_database().await;
    }
}
