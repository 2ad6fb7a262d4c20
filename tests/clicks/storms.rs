//! Consumers are killed, everything is delivered twice, and the sums are those of the log of answered visits.

use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aligo_simulator::random::Random;
use chrono::TimeDelta;
use serde_json::Value;
use tokio::runtime::Handle;

use crate::check::{Finding, numbering};
use crate::consumers::Consumer;
use crate::crew::{Hits, Watcher};
use crate::queue::Letter;
use crate::world::{Known, World, say, seed, setting};

/// A world with three campaigns and so many answered visits, of which nothing is recorded yet.
async fn answer(seed: u64, visits: u32, copies: u32) -> World {
    let mut world = World::begin(seed, Duration::ZERO, copies).await;
    for _ in 0..3 {
        let campaign = world.campaign(Known::ToTheStore).await;
        world.visit(&[campaign]);
    }
    world.ledger.enter("all at once", None);
    world.processes.start(4);
    world.make_visits(visits).await;
    world.close_doors();
    world
}

/// Consumers that drop what they are doing so many times.
fn hire(world: &mut World, seed: u64, drops: &Arc<AtomicU32>) {
    for number in 0..2 {
        let consumer = Consumer {
            queue: Arc::clone(&world.queue),
            database: world.surroundings.database.clone(),
            random: Random::new(seed ^ (number + 1)),
            drops: Arc::clone(drops),
        };
        world.hands.add(move |stop| consumer.work(&stop));
    }
}

/// Nothing was away, so the store has seen every visit, unless the machine was so busy that somebody did not wait for it.
async fn assert_seen_live(world: &World) {
    let was_late = world.logs.events().contains_key("store.failed");
    for campaign in world.visited() {
        let (live, answered) = world.live(campaign).await;
        assert!(live == answered || (was_late && live < answered), "{campaign}: the store saw {live} of {answered} visits");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sums_are_those_of_the_answered_visits_when_consumers_are_killed_and_everything_is_delivered_twice() {
    let (seed, visits, kills) = (seed(20_260_302), setting("CLICKS_VISITS", 3_000), setting("CLICKS_KILLS", 20));
    let mut world = answer(seed, visits, 2).await;
    let (left, hits) = (Arc::new(AtomicU32::new(kills)), Arc::new(Mutex::new(Hits::default())));
    for number in 0..2 {
        let watcher = Watcher {
            queue: Arc::clone(&world.queue),
            database: format!("mysql://root@{}/clicks", world.mariadb.address()),
            pool: world.pool.clone(),
            runtime: Handle::current(),
            random: Random::new(seed ^ (number + 1)),
            kills: Arc::clone(&left),
            hits: Arc::clone(&hits),
        };
        world.hands.add(move |stop| watcher.watch(&stop));
    }
    world.work_off().await;
    let hits = *hits.lock().unwrap_or_else(PoisonError::into_inner);
    say(&format!("{hits:?}"));
    world.end().await;
    assert_seen_live(&world).await;
    assert!(hits.all() >= kills, "only {} were killed", hits.all());
    assert!(hits.before > 0 && hits.after > 0, "on both sides of the commit");
    let tally = world.queue.tally();
    assert!(tally.taken == visits && tally.redelivered > 0, "{tally:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sums_are_those_of_the_answered_visits_when_consumers_drop_their_work_between_two_statements() {
    let (seed, drops) = (seed(9), Arc::new(AtomicU32::new(setting("CLICKS_KILLS", 20))));
    let mut world = answer(seed, setting("CLICKS_VISITS", 3_000), 2).await;
    hire(&mut world, seed, &drops);
    world.work_off().await;
    assert_eq!(drops.load(std::sync::atomic::Ordering::Relaxed), 0, "all of them happened");
    world.end().await;
    assert_seen_live(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_check_notices_a_queue_that_loses_one_click() {
    let seed = seed(10);
    let mut world = answer(seed, 300, 1).await;
    let lost: Option<Letter> = world.queue.lose_one();
    let lost = lost.expect("nothing is recorded yet");
    hire(&mut world, seed, &Arc::default());
    world.work_off().await;
    let findings = world.check().await;
    say(&format!("without {}: {findings:?}", lost.body));
    assert_eq!(findings.iter().filter(|finding| matches!(finding, Finding::Lost { .. })).count(), 1);
    assert!(findings.iter().any(|finding| matches!(finding, Finding::Counted { .. })), "the hours miss it");
    // Without the log of the visits, too: a process has numbered it, and it is not the last that it numbered. A quarter of an hour
    // later the clinic is told that it does not only wait.
    let (mut gaps, mut now, mut later) = (0, Vec::new(), Vec::new());
    for campaign in world.visited() {
        let (numbered, present) = numbering(&world.pool, campaign).await;
        gaps += numbered - present;
        now.push(world.conservation(campaign, TimeDelta::zero()).await["status"].clone());
        later.push(world.conservation(campaign, TimeDelta::minutes(16)).await["status"].clone());
    }
    assert_eq!(gaps, 1, "a number is missing");
    let count = |told: &[Value], status: &str| told.iter().filter(|told| **told == status).count();
    assert_eq!((count(&now, "catching_up"), count(&now, "adds_up")), (1, 2), "{now:?}");
    assert_eq!((count(&later, "missing"), count(&later, "adds_up")), (1, 2), "{later:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_check_notices_a_ledger_without_its_unique_key() {
    let seed = seed(11);
    let mut world = answer(seed, 300, 2).await;
    sqlx::query("ALTER TABLE clicks DROP PRIMARY KEY").execute(&world.pool).await.expect("the key goes away");
    hire(&mut world, seed, &Arc::default());
    world.work_off().await;
    let findings = world.check().await;
    let twice = findings.iter().filter(|finding| matches!(finding, Finding::Twice { .. })).count();
    say(&format!("{twice} visits are recorded more than once"));
    assert!(twice >= 100, "the second delivery is recorded anew");
    assert!(findings.iter().any(|finding| matches!(finding, Finding::Counted { what: "human", .. })), "and counted");
}
