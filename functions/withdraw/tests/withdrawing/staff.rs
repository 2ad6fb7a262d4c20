//! Withdrawing, and beginning to work for a clinic, at the same moment.

use std::time::Duration;

use serde_json::json;
use shared::clock::Ambient;
use shared::testing::{Answer, Client};
use sqlx::Executor;
use tokio::time::{sleep, timeout};

use crate::world::World;

/// Statements of this database that wait for somebody who has locked a table.
const WAITING: &str = "SELECT COUNT(*) FROM information_schema.processlist
    WHERE db = DATABASE() AND state LIKE 'Waiting for table%' AND info LIKE 'INSERT INTO withdrawals%'";

async fn registrar(world: &World) -> Client {
    let deps =
        register_clinic::Deps { database: world.test.another_with(8).await, ambient: Ambient::seeded(world.clock.clone(), 11) };
    Client::signed_in("register-clinic", register_clinic::routes(deps), "person")
}

async fn register(registrar: &Client, subject: &str) -> Answer {
    registrar.with_subject(subject).post("/v1/clinics", json!({"name": "새봄의원"})).await
}

/// The clinic begins while the withdrawal is on its way to its first line: it would be left without an owner.
#[tokio::test]
async fn whoever_becomes_an_owner_while_they_withdraw_stays() {
    let world = World::new().await;
    world.user("person", None).await;
    let registrar = registrar(&world).await;
    let mut holder = world.test.pool.acquire().await.unwrap();
    holder.execute("LOCK TABLES withdrawals READ").await.unwrap();
    let client = world.client.clone();
    let withdrawing = tokio::spawn(async move { client.send("DELETE", "/v1/me", &[], json!({"confirm": "withdraw"})).await });
    let arrived = async {
        while world.number(WAITING).await == 0 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(10), arrived).await.expect("the withdrawal writes its line");
    assert_eq!(register(&registrar, "person").await.status, 201);
    holder.execute("UNLOCK TABLES").await.unwrap();
    let refused = withdrawing.await.unwrap();
    assert_eq!((refused.status, &refused.json["type"]), (409, &json!("https://dangol.dev/problems/last-owner")));
    assert_eq!(world.number("SELECT COUNT(*) FROM withdrawals").await, 0);
    assert_eq!(world.number("SELECT COUNT(*) FROM users WHERE withdrawn_at IS NULL").await, 1);
    world.test.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_withdrawal_and_a_new_clinic_at_the_same_moment_one_is_refused() {
    let world = World::new().await;
    let registrar = registrar(&world).await;
    for round in 0..40 {
        let subject = format!("person {round}");
        world.user(&subject, None).await;
        let (client, registrar) = (world.client.with_subject(&subject), registrar.clone());
        let withdrawing =
            tokio::spawn(async move { client.send("DELETE", "/v1/me", &[], json!({"confirm": "withdraw"})).await.status });
        // Each round begins a little later, so that the two meet at every step.
        sleep(Duration::from_micros(150 * round)).await;
        let registered = tokio::spawn(async move { register(&registrar, &subject).await.status });
        let answers = (withdrawing.await.unwrap(), registered.await.unwrap());
        assert!([(204, 401), (409, 201)].contains(&answers), "round {round}: {answers:?}");
    }
    let both = "SELECT COUNT(*) FROM withdrawals w JOIN staff s ON s.subject = w.subject";
    assert_eq!(world.number(both).await, 0);
    world.test.finish().await;
}
