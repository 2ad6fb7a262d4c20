//! The gate before the provider: places in time for all workers together, and a breaker.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use shared::clock::Clock;
use shared::db::bundles::claim::{Claim, LONGEST_WAIT, claim};
use shared::db::provider_gate;
use shared::model::state::BundleState;
use shared::provider::SendOutcome;
use shared::testing::sending::event;
use sqlx::Executor;
use tokio::task::JoinSet;

use crate::scene::{Acting, Answer, INTERVAL, Jumping, Scene, ambient, announced, wake_all, wake_up, worker_on};

#[tokio::test]
async fn calls_get_places_in_time_and_nobody_waits_for_a_far_one() {
    let scene = Scene::new().await;
    let mut sending = scene.campaign(1).await;
    sending.add_bundles(55, 1).await;
    let now = scene.clock.now();
    for place in 0..=50 {
        assert_eq!(scene.claimed().await.place, now + INTERVAL * place);
    }
    let too_far = now + INTERVAL * 51;
    assert!(matches!(scene.claim().await, Claim::NotBefore(moment) if moment == too_far - LONGEST_WAIT));
    scene.clock.advance(INTERVAL);
    assert_eq!(scene.claimed().await.place, too_far);
    // Places that nobody took are not saved up.
    scene.clock.advance(TimeDelta::minutes(1));
    let now = scene.clock.now();
    assert_eq!((scene.claimed().await.place, scene.claimed().await.place), (now, now + INTERVAL));
    scene.test.finish().await;
}

#[tokio::test]
async fn ten_workers_at_once_get_places_one_interval_apart_and_bundles_of_their_own() {
    let scene = Scene::new().await;
    let mut sending = scene.campaign(1).await;
    let bundles = sending.add_bundles(40, 1).await;
    let mut workers = JoinSet::new();
    for _ in 0..10 {
        let (database, clock) = (scene.test.another().await, scene.clock.clone());
        workers.spawn(async move {
            let ambient = &ambient(clock);
            let mut claimed = Vec::new();
            for _ in 0..4 {
                let claim = database.transaction::<_, sqlx::Error>("claim", |tx| Box::pin(claim(tx, ambient, INTERVAL)));
                let Claim::Taken(taken) = claim.await.unwrap() else { panic!("there is one for everybody") };
                claimed.push((taken.place, taken.attempt.bundle));
            }
            claimed
        });
    }
    let claimed: Vec<_> = workers.join_all().await.concat();
    let places: BTreeSet<DateTime<Utc>> = claimed.iter().map(|(place, _)| *place).collect();
    let now = scene.clock.now();
    assert_eq!(places, (0..40).map(|place| now + INTERVAL * place).collect());
    assert_eq!(claimed.iter().map(|(_, bundle)| *bundle).collect::<BTreeSet<_>>(), bundles.into_iter().collect());
    scene.test.finish().await;
}

/// A provider that is away, and counts how often somebody tries.
fn away(tries: &Arc<AtomicU32>) -> Acting<impl Fn() -> Answer + Send + Sync + 'static> {
    let tries = Arc::clone(tries);
    Acting(move || -> Answer {
        tries.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { SendOutcome::NotSent { why: "no connection".to_owned() } })
    })
}

/// Ten workers are woken at once.
async fn wake_ten(scene: &Scene, tries: &Arc<AtomicU32>) {
    let mut workers = Vec::new();
    for _ in 0..10 {
        workers.push(scene.worker_with(away(tries)).await);
    }
    wake_all(workers).await;
}

#[tokio::test]
async fn five_failures_close_the_gate_then_one_of_ten_tries_ever_later_and_an_answer_opens_it() {
    let scene = Scene::new().await;
    let mut sending = scene.campaign(1).await;
    let bundles = sending.add_bundles(20, 1).await;
    let tries = Arc::new(AtomicU32::new(0));
    let worker = scene.worker_with(away(&tries)).await;
    assert!(scene.wake(&worker).await);
    let closed = |seconds| Some(scene.clock.now() + TimeDelta::seconds(seconds));
    let gate = scene.gate().await;
    assert_eq!((gate.failures, gate.closed_until, gate.reason.as_deref()), (5, closed(30), Some("down")));
    assert_eq!(tries.load(Ordering::SeqCst), 5);
    for (tried, closed_for, next) in [(5, 30, 60), (6, 60, 60), (7, 60, 60)] {
        // While it is closed no attempt is spent.
        scene.clock.advance(TimeDelta::seconds(closed_for) - TimeDelta::microseconds(1));
        wake_in_vain(&scene, &tries).await;
        scene.clock.advance(TimeDelta::microseconds(1));
        wake_ten(&scene, &tries).await;
        let gate = scene.gate().await;
        assert_eq!((tries.load(Ordering::SeqCst), gate.failures), (tried + 1, tried + 1));
        assert_eq!(gate.closed_until, Some(scene.clock.now() + TimeDelta::seconds(next)));
    }
    let attempts: u32 =
        sqlx::query_scalar("SELECT CAST(SUM(attempt) AS UNSIGNED) FROM bundles").fetch_one(&scene.test.pool).await.unwrap();
    assert_eq!((attempts, scene.count(BundleState::Prepared).await), (8, 20));
    scene.clock.advance(TimeDelta::seconds(60));
    let worker = scene.worker().await;
    assert!(scene.wake(&worker).await);
    assert!(!scene.gate().await.is_troubled());
    assert_eq!(announced(&worker).into_iter().collect::<BTreeSet<_>>(), bundles.into_iter().collect());
    scene.test.finish().await;
}

/// Nobody is let through. A worker whose shift is longer than the gate stays closed would wait for it.
async fn wake_in_vain(scene: &Scene, tries: &Arc<AtomicU32>) {
    let before = tries.load(Ordering::SeqCst);
    let worker = scene.worker_with(away(tries)).await;
    let ends = scene.clock.now() + TimeDelta::seconds(30);
    deliver_bundle::handle_until(&worker, event(&wake_up()), ends).await.unwrap();
    assert!(matches!(scene.claim().await, Claim::NotBefore(_)));
    assert_eq!(tries.load(Ordering::SeqCst), before);
}

#[tokio::test]
async fn calls_that_were_under_way_when_the_gate_was_closed_do_not_close_it_for_longer() {
    let scene = Scene::new().await;
    let mut connection = scene.test.pool.acquire().await.unwrap();
    let now = scene.clock.now();
    for _ in 0..4 {
        assert_eq!(provider_gate::note_failure(&mut connection, false, now).await.unwrap(), None);
    }
    let until = now + TimeDelta::seconds(30);
    assert_eq!(provider_gate::note_failure(&mut connection, false, now).await.unwrap(), Some(until));
    for _ in 0..5 {
        assert_eq!(provider_gate::note_failure(&mut connection, false, now).await.unwrap(), None);
    }
    let gate = scene.gate().await;
    assert_eq!((gate.failures, gate.closed_until), (5, Some(until)));
    // One who is not let in is so for longer, whoever else fails.
    let long = provider_gate::note_no_access(&mut connection, now).await.unwrap();
    for _ in 0..5 {
        provider_gate::note_failure(&mut connection, false, now).await.unwrap();
    }
    assert_eq!((scene.gate().await.closed_until, long), (Some(long), now + TimeDelta::minutes(5)));
    drop(connection);
    scene.test.finish().await;
}

#[tokio::test]
async fn any_answer_ends_a_row_of_failures() {
    let scene = Scene::new().await;
    let mut sending = scene.campaign(1).await;
    sending.add_bundles(6, 1).await;
    scene.simulator.add_fault(json!({"kind": "reset", "times": 4})).unwrap();
    scene.simulator.add_fault(json!({"kind": "refuse"})).unwrap();
    let worker = scene.worker().await;
    assert!(scene.wake(&worker).await);
    assert!(!scene.gate().await.is_troubled());
    let counts = (scene.count(BundleState::Unknown).await, scene.count(BundleState::Prepared).await);
    assert_eq!((counts, announced(&worker).len()), ((4, 1), 1));
    scene.test.finish().await;
}

#[tokio::test]
async fn who_tries_and_dies_holds_nobody_up_for_longer_than_half_a_minute() {
    let scene = Scene::new().await;
    let mut sending = scene.campaign(1).await;
    sending.add_bundles(2, 1).await;
    scene.execute("UPDATE provider_gate SET failures = 5, closed_until = '2026-03-02 00:00:00', reason = 'down'").await;
    assert!(scene.claimed().await.is_try);
    assert!(matches!(scene.claim().await, Claim::NotBefore(moment) if moment == scene.clock.now() + TimeDelta::seconds(30)));
    scene.clock.advance(TimeDelta::seconds(30));
    assert!(scene.claimed().await.is_try);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_worker_waits_for_a_gate_that_opens_before_its_shift_is_over() {
    let scene = Scene::new().await;
    let mut sending = scene.campaign(1).await;
    let bundles = sending.add_bundles(2, 1).await;
    let until = scene.clock.now() + TimeDelta::milliseconds(180);
    let closed = sqlx::query("UPDATE provider_gate SET failures = 5, closed_until = ?, reason = 'down'").bind(until);
    closed.execute(&scene.test.pool).await.unwrap();
    // At each look 50 ms have passed.
    let clock = Jumping(scene.clock.clone(), TimeDelta::milliseconds(50));
    let worker = worker_on(scene.test.another().await, clock, scene.aligo());
    assert!(scene.wake(&worker).await);
    assert_eq!(announced(&worker), bundles);
    assert!(sending.bundle(bundles[0]).await.called_at.unwrap() >= until);
    assert!(!scene.gate().await.is_troubled());
    scene.test.finish().await;
}

#[tokio::test]
async fn a_try_costs_no_bundle_while_the_provider_says_nothing_at_all() {
    for kind in ["reset", "serverError"] {
        let (scene, sending, bundle) = Scene::with_bundle().await;
        scene.execute("UPDATE provider_gate SET failures = 5, closed_until = '2026-03-02 00:00:00', reason = 'down'").await;
        scene.simulator.add_fault(json!({"kind": kind, "path": "*", "times": 0})).unwrap();
        let worker = scene.worker().await;
        assert!(scene.wake(&worker).await);
        let (stored, gate) = (sending.bundle(bundle).await, scene.gate().await);
        assert_eq!((stored.state, stored.attempt, scene.simulator.sends()), (BundleState::Prepared, 1, 0), "{kind}");
        let until = scene.clock.now() + TimeDelta::seconds(60);
        assert_eq!((gate.failures, gate.closed_until), (6, Some(until)));
        scene.simulator.app.script(aligo_simulator::script::Script::clear_faults);
        scene.clock.advance(TimeDelta::seconds(60));
        assert!(scene.wake(&worker).await);
        assert_eq!((announced(&worker), scene.gate().await.is_troubled()), (vec![bundle], false));
        scene.test.finish().await;
    }
}

#[tokio::test]
async fn a_balance_that_is_not_told_does_not_keep_the_gate_closed() {
    for fault in [
        json!({"kind": "serverError", "path": "/akv10/heartinfo/"}),
        json!({"kind": "refuse", "path": "/akv10/heartinfo/"}),
        json!({"kind": "latency", "path": "/akv10/heartinfo/", "milliseconds": 6_000}),
    ] {
        let (scene, _, bundle) = Scene::with_bundle().await;
        scene.execute("UPDATE provider_gate SET failures = 5, closed_until = '2026-03-02 00:00:00', reason = 'down'").await;
        scene.simulator.add_fault(fault.clone()).unwrap();
        let worker = scene.worker().await;
        assert!(scene.wake(&worker).await);
        assert_eq!((announced(&worker), scene.gate().await.is_troubled()), (vec![bundle], false), "{fault}");
        scene.test.finish().await;
    }
}

/// The server ends a session of this worker that does nothing for a second.
async fn end_when_idle<V>(worker: &crate::scene::Worker<V>) {
    worker.database.acquire().await.unwrap().execute("SET SESSION wait_timeout = 1").await.unwrap();
}

#[tokio::test]
async fn a_worker_whose_connection_the_server_has_closed_does_not_notice() {
    let (scene, _, bundle) = Scene::with_bundle().await;
    let worker = scene.worker().await;
    let session = "SELECT CONNECTION_ID()";
    end_when_idle(&worker).await;
    let before: u64 = sqlx::query_scalar(session).fetch_one(&mut *worker.database.acquire().await.unwrap()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert!(scene.wake(&worker).await);
    assert_eq!(announced(&worker), [bundle]);
    let after: u64 = sqlx::query_scalar(session).fetch_one(&mut *worker.database.acquire().await.unwrap()).await.unwrap();
    assert_ne!(before, after);
    let limit: u64 = sqlx::query_scalar("SELECT @@SESSION.wait_timeout").fetch_one(&scene.test.pool).await.unwrap();
    assert_eq!(limit, 30);
    scene.test.finish().await;
}

#[tokio::test]
async fn who_is_frozen_while_holding_the_gate_holds_the_others_up_until_the_server_lets_go() {
    let (scene, _, bundle) = Scene::with_bundle().await;
    let frozen = scene.worker().await;
    end_when_idle(&frozen).await;
    let mut connection = frozen.database.acquire().await.unwrap();
    connection.execute("BEGIN").await.unwrap();
    provider_gate::lock(&mut connection).await.unwrap();
    let worker = scene.worker().await;
    let begun = Instant::now();
    assert!(scene.wake(&worker).await);
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert_eq!(announced(&worker), [bundle]);
    assert!(provider_gate::lock(&mut connection).await.is_err());
    drop(connection);
    scene.test.finish().await;
}
