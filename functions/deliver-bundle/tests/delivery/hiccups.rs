//! A database that fails after the claim: what is certain of an attempt is not lost.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use shared::clock::Clock;
use shared::db::campaigns::progress;
use shared::model::state::{BundleState, CampaignState, MessageState};
use shared::provider::SendOutcome;
use shared::testing::FixedClock;
use sqlx::Executor;
use sqlx::mysql::MySqlPool;

use crate::scene::{Acting, Answer, Scene, announced, worker_on};

/// Makes changes of a table fail that meet the condition.
async fn forbid(scene: &Scene, table: &str, condition: &str) {
    let trigger = format!(
        "CREATE TRIGGER forbidden BEFORE UPDATE ON {table} FOR EACH ROW
         IF {condition} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'forbidden'; END IF"
    );
    scene.test.pool.execute(sqlx::AssertSqlSafe(trigger)).await.unwrap();
}

async fn allow(pool: &MySqlPool) {
    pool.execute("DROP TRIGGER forbidden").await.unwrap();
}

#[tokio::test]
async fn a_bundle_whose_messages_cannot_be_read_is_put_back_and_goes_later() {
    let (scene, sending, bundle) = Scene::with_bundle().await;
    let worker = scene.worker().await;
    scene.execute("RENAME TABLE suppressions TO hidden").await;
    assert!(scene.wake(&worker).await);
    let stored = sending.bundle(bundle).await;
    assert_eq!((stored.state, stored.attempt, scene.simulator.sends()), (BundleState::Prepared, 1, 0));
    scene.execute("RENAME TABLE hidden TO suppressions").await;
    scene.clock.advance(TimeDelta::seconds(5));
    assert!(scene.wake(&worker).await);
    assert_eq!((sending.states().await, announced(&worker)), (vec![MessageState::Sent; 2], vec![bundle]));
    scene.test.finish().await;
}

#[tokio::test]
async fn an_answer_that_the_database_does_not_take_is_stored_as_soon_as_it_does() {
    let (scene, sending, bundle) = Scene::with_bundle().await;
    let worker = scene.worker().await;
    forbid(&scene, "bundles", "NEW.state = 'accepted'").await;
    let later = async {
        while scene.simulator.sends() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(sending.bundle(bundle).await.state, BundleState::Calling);
        allow(&scene.test.pool).await;
    };
    let (woken, ()) = tokio::join!(scene.wake(&worker), later);
    assert!(woken);
    assert_eq!((sending.states().await, announced(&worker)), (vec![MessageState::Sent; 2], vec![bundle]));
    assert_eq!((sending.state().await.0, scene.simulator.sends()), (CampaignState::Finished, 1));
    scene.test.finish().await;
}

#[tokio::test]
async fn an_answer_is_given_up_shortly_before_the_worker_ends() {
    let (scene, sending, bundle) = Scene::with_bundle().await;
    let (clock, pool) = (scene.clock.clone(), scene.test.pool.clone());
    let ends = clock.now() + TimeDelta::seconds(50);
    // The call takes so long that no second is left.
    let slow = Acting(move || -> Answer {
        clock.advance(TimeDelta::milliseconds(49_001));
        Box::pin(async { SendOutcome::Accepted { provider_id: "1".to_owned(), accepted: 2, refused: 0 } })
    });
    let worker = scene.worker_with(slow).await;
    forbid(&scene, "bundles", "NEW.state = 'accepted'").await;
    let woken = deliver_bundle::handle_until(&worker, shared::testing::sending::event(&crate::scene::wake_up()), ends).await;
    assert!(woken.is_err());
    assert_eq!(sending.bundle(bundle).await.state, BundleState::Calling);
    allow(&pool).await;
    drop(pool);
    scene.test.finish().await;
}

#[tokio::test]
async fn an_answer_is_stored_also_when_the_gate_cannot_be_told() {
    let (scene, sending, bundle) = Scene::with_bundle().await;
    forbid(&scene, "provider_gate", "NEW.failures > OLD.failures").await;
    scene.simulator.add_fault(json!({"kind": "acceptThenReset"})).unwrap();
    let worker = scene.worker().await;
    assert!(scene.wake(&worker).await);
    assert_eq!(sending.bundle(bundle).await.state, BundleState::Unknown);
    assert_eq!((sending.states().await, scene.gate().await.failures), (vec![MessageState::Unknown; 2], 0));
    scene.test.finish().await;
}

/// A clock at one look at which whoever has refused messages takes that back.
struct Lifting {
    clock: FixedClock,
    looks: AtomicU32,
    at: u32,
    pool: MySqlPool,
}

impl Clock for Lifting {
    fn now(&self) -> DateTime<Utc> {
        if self.looks.fetch_add(1, Ordering::SeqCst) + 1 == self.at {
            let pool = self.pool.clone();
            let lift = async move { pool.execute("DELETE FROM suppressions").await.unwrap() };
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(lift));
        }
        self.clock.now()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whenever_a_refusal_is_taken_back_the_bundle_goes() {
    let scene = Scene::new().await;
    let mut seen = Vec::new();
    for at in 1..=6 {
        let mut sending = scene.campaign(at.into()).await;
        let bundle = sending.add_bundle(&["010-1234-0001", "010-1234-0002"]).await;
        let refuse = sqlx::query(
            "INSERT INTO suppressions (clinic_id, phone, reason, created_at) VALUES (?, '+821012340002', 'asked', NOW(6))",
        );
        refuse.bind(sending.campaign.clinic).execute(&scene.test.pool).await.unwrap();
        let clock = Lifting { clock: scene.clock.clone(), looks: AtomicU32::new(0), at, pool: scene.test.pool.clone() };
        let worker = worker_on(scene.test.another().await, clock, scene.aligo());
        assert!(scene.wake(&worker).await);
        assert_eq!(announced(&worker), [bundle], "{at}");
        seen.push(sending.states().await[1]);
    }
    assert!(seen.contains(&MessageState::Sent) && seen.contains(&MessageState::Excluded), "{seen:?}");
    scene.test.finish().await;
}

#[tokio::test]
async fn nobody_waits_for_a_campaign_that_is_locked_when_it_could_be_finished() {
    let (scene, sending, bundle) = Scene::with_bundle().await;
    let held = Arc::new(Mutex::new(None));
    let (pool, holding, id) = (scene.test.pool.clone(), Arc::clone(&held), sending.campaign.id);
    let locking = Acting(move || -> Answer {
        let (pool, holding) = (pool.clone(), Arc::clone(&holding));
        Box::pin(async move {
            let mut tx = pool.begin().await.unwrap();
            sqlx::query("SELECT id FROM campaigns WHERE id = ? FOR UPDATE").bind(id).fetch_one(&mut *tx).await.unwrap();
            *holding.lock().unwrap() = Some(tx);
            SendOutcome::Accepted { provider_id: "1".to_owned(), accepted: 2, refused: 0 }
        })
    });
    let worker = scene.worker_with(locking).await;
    let begun = Instant::now();
    assert!(scene.wake(&worker).await);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!((sending.state().await.0, announced(&worker)), (CampaignState::Sending, vec![bundle]));
    let tx = held.lock().unwrap().take().unwrap();
    tx.rollback().await.unwrap();
    // What is left is left to reconcile.
    let mut tx = scene.test.pool.begin().await.unwrap();
    assert!(progress::finish_if_done(&mut tx, sending.campaign.clinic, id, scene.clock.now()).await.unwrap());
    tx.commit().await.unwrap();
    drop(worker);
    scene.test.finish().await;
}
