//! Store, database and queue go away and come back, one by one and together, while people visit.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use aligo_simulator::random::Random;
use chrono::{DateTime, Utc};
use shared::model::CampaignId;
use track_click::{QUEUE_PATIENCE, STORE_PATIENCE};

use crate::check::Finding;
use crate::consumers::{Consumer, relay};
use crate::queue::Mode;
use crate::visits::BAR;
use crate::world::{Known, World, seed, setting};

/// From one visit of a process to its next, on average.
const PACE: Duration = Duration::from_millis(25);

/// Two consumers, as many as there are at once, and a relay.
fn staff(world: &mut World, seed: u64) {
    for number in 0..2 {
        let consumer = Consumer {
            queue: Arc::clone(&world.queue),
            database: world.surroundings.database.clone(),
            random: Random::new(seed ^ (number + 1)),
            drops: Arc::new(AtomicU32::new(0)),
        };
        world.hands.add(move |stop| consumer.work(&stop));
    }
    let (queue, store) = (Arc::clone(&world.queue), world.surroundings.store.clone());
    world.hands.add(move |stop| relay(&queue, &store, &stop));
}

/// Something is away from now on, for as long as a phase takes.
async fn phase(world: &mut World, name: &'static str, bar: Duration, change: impl FnOnce(&mut World)) {
    last(world, 1, name, bar, change).await;
}

/// The same for so many times as long.
async fn last(world: &mut World, times: u32, name: &'static str, bar: Duration, change: impl FnOnce(&mut World)) {
    world.ledger.enter(name, Some(bar));
    change(world);
    tokio::time::sleep(Duration::from_secs(setting("CLICKS_SECONDS", 2).into()) * times).await;
}

/// A store sees as many visits as were answered since it was started, or fewer when it was away: more would be a visit that nobody
/// made.
async fn assert_nobody_was_counted_twice(world: &World, start: DateTime<Utc>) {
    for campaign in world.visited() {
        let (live, answered) = world.live_since(campaign, start).await;
        assert!(live <= answered, "{campaign}: the store saw {live} of {answered} visits");
    }
}

/// Two campaigns that nobody visits yet.
async fn prepare(world: &World, known: Known) -> [CampaignId; 2] {
    [world.campaign(known).await, world.campaign(known).await]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_visitor_is_sent_on_and_every_click_is_recorded_once_while_store_and_database_go_away_and_come_back() {
    let seed = seed(20_260_302);
    let mut world = World::begin(seed, PACE, 1).await;
    let first = [world.campaign(Known::ToTheStore).await, world.campaign(Known::ToNobody).await];
    let in_the_database = prepare(&world, Known::ToNobody).await;
    world.visit(&first);
    staff(&mut world, seed);
    world.open_doors();
    world.processes.start(4);

    phase(&mut world, "all is there", BAR, |_| {}).await;
    assert_nobody_was_counted_twice(&world, DateTime::UNIX_EPOCH).await;
    phase(&mut world, "Redis is killed", BAR, |world| {
        world.redis.kill();
        // Nobody has seen this one, and the new process has seen nothing.
        world.visit(&in_the_database[..1]);
        world.processes.start(1);
    })
    .await;
    let start = world.ambient.now();
    phase(&mut world, "Redis is back, and empty", BAR, |world| world.redis.start()).await;
    phase(&mut world, "Redis is frozen", BAR, |world| {
        world.redis.freeze();
        world.visit(&in_the_database[1..]);
        world.processes.start(1);
    })
    .await;
    phase(&mut world, "Redis goes on", BAR, |world| world.redis.thaw()).await;
    let in_the_store = prepare(&world, Known::ToTheStore).await;
    // Longer than a consumer waits for a connection, so that messages come back.
    last(&mut world, 3, "MariaDB is killed", BAR, |world| {
        world.mariadb.kill();
        world.visit(&in_the_store[..1]);
        world.processes.start(1);
    })
    .await;
    phase(&mut world, "MariaDB is back", BAR, |world| world.mariadb.start()).await;
    phase(&mut world, "MariaDB is frozen", BAR, |world| {
        world.mariadb.freeze();
        world.visit(&in_the_store[1..]);
        world.processes.start(1);
    })
    .await;
    phase(&mut world, "MariaDB goes on", BAR, |world| world.mariadb.thaw()).await;
    assert_nobody_was_counted_twice(&world, start).await;
    phase(&mut world, "both are killed", BAR, |world| {
        world.redis.kill();
        world.mariadb.kill();
    })
    .await;
    let start = world.ambient.now();
    phase(&mut world, "both are back", BAR, |world| {
        world.redis.start();
        world.mariadb.start();
    })
    .await;
    phase(&mut world, "both are frozen", BAR, |world| {
        world.redis.freeze();
        world.mariadb.freeze();
    })
    .await;
    phase(&mut world, "both go on", BAR, |world| {
        world.redis.thaw();
        world.mariadb.thaw();
    })
    .await;
    world.close_doors();
    world.work_off().await;
    let wrong = world.ledger.judge();
    world.end().await;
    assert_eq!(wrong, Vec::<String>::new());
    assert!(world.queue.tally().redelivered > 0, "consumers did without the database");
    assert_nobody_was_counted_twice(&world, start).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_a_pace_at_which_most_visitors_of_a_process_could_be_the_one_who_tries_not_all_of_them_wait() {
    let seed = seed(13);
    let mut world = World::begin(seed, Duration::from_millis(1_200), 1).await;
    let campaign = world.campaign(Known::ToTheStore).await;
    world.visit(&[campaign]);
    staff(&mut world, seed);
    world.open_doors();
    world.processes.start(20);
    let in_vain = QUEUE_PATIENCE + BAR;

    last(&mut world, 3, "slowly: all is there", BAR, |_| {}).await;
    last(&mut world, 6, "slowly: Redis is frozen", BAR, |world| world.redis.freeze()).await;
    last(&mut world, 6, "slowly: Redis goes on", BAR, |world| world.redis.thaw()).await;
    last(&mut world, 6, "slowly: the queue is silent", in_vain, |world| world.queue.set(Mode::IsSilent)).await;
    last(&mut world, 3, "slowly: the queue is back", in_vain, |world| world.queue.set(Mode::Takes)).await;
    world.close_doors();
    world.work_off().await;
    let wrong = world.ledger.judge();
    world.end().await;
    assert_eq!(wrong, Vec::<String>::new());
    assert_nobody_was_counted_twice(&world, DateTime::UNIX_EPOCH).await;
    for (name, wait) in [("slowly: Redis is frozen", STORE_PATIENCE), ("slowly: the queue is silent", QUEUE_PATIENCE)] {
        let share = world.ledger.share_of(name, wait);
        assert!(share < 0.6, "{name}: {share} of all waited");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_queue_every_visitor_is_sent_on_and_every_click_is_recorded_once_it_is_back() {
    let seed = seed(7);
    let mut world = World::begin(seed, PACE, 1).await;
    let campaigns = [world.campaign(Known::ToTheStore).await, world.campaign(Known::ToNobody).await];
    world.visit(&campaigns);
    staff(&mut world, seed);
    world.open_doors();
    world.processes.start(4);
    // Of the visitors of a process one a second tries whether the queue is back, and waits for it in vain.
    let in_vain = QUEUE_PATIENCE + BAR;

    phase(&mut world, "all is there", BAR, |_| {}).await;
    phase(&mut world, "the queue refuses", BAR, |world| world.queue.set(Mode::Refuses)).await;
    phase(&mut world, "the queue is back", BAR, |world| world.queue.set(Mode::Takes)).await;
    phase(&mut world, "the queue is silent", in_vain, |world| world.queue.set(Mode::IsSilent)).await;
    phase(&mut world, "the queue loses its answers", BAR, |world| world.queue.set(Mode::LosesAnswers)).await;
    // What was parked is handed over before the store goes away, and with it what only the store has.
    last(&mut world, 4, "the queue is back again", BAR, |world| world.queue.set(Mode::Takes)).await;
    world.wait_until_nothing_is_parked().await;
    phase(&mut world, "the queue refuses, Redis is killed", BAR, |world| {
        world.queue.set(Mode::Refuses);
        world.redis.kill();
    })
    .await;
    phase(&mut world, "the queue is silent, Redis killed", in_vain, |world| world.queue.set(Mode::IsSilent)).await;
    last(&mut world, 4, "both are back", BAR, |world| {
        world.redis.start();
        world.queue.set(Mode::Takes);
    })
    .await;
    phase(&mut world, "queue and database are away", BAR, |world| {
        world.queue.set(Mode::Refuses);
        world.mariadb.kill();
    })
    .await;
    phase(&mut world, "all is back", BAR, |world| {
        world.queue.set(Mode::Takes);
        world.mariadb.start();
    })
    .await;
    world.close_doors();
    world.work_off().await;
    let wrong = world.ledger.judge();
    world.end().await;
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clicks_that_only_a_store_and_a_process_held_that_ended_are_recovered_from_the_log() {
    let seed = seed(8);
    let mut world = World::begin(seed, Duration::ZERO, 1).await;
    let campaign = world.campaign(Known::ToTheStore).await;
    world.visit(&[campaign]);
    world.processes.start(1);
    world.make_visits(50).await;
    world.queue.set(Mode::Refuses);
    // The store takes these, and keeps nothing.
    world.make_visits(300).await;
    world.redis.kill();
    // More than the process keeps.
    world.make_visits(1_500).await;
    world.close_doors();
    world.queue.set(Mode::Takes);
    world.redis.start();
    staff(&mut world, seed);
    world.work_off().await;
    let lost = world.check().await.into_iter().filter(|finding| matches!(finding, Finding::Lost { .. })).count();
    assert_eq!(lost, 1_800, "before the log is read");
    staff(&mut world, seed);
    for body in world.logs.bodies() {
        world.queue.put(&body);
    }
    world.work_off().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_measure_notices_visitors_who_are_not_sent_on_and_visitors_who_wait() {
    let mut world = World::begin(seed(12), PACE, 1).await;
    let known = world.campaign(Known::ToTheStore).await;
    world.visit(&[known]);
    world.open_doors();
    world.processes.start(4);
    phase(&mut world, "all is there", BAR, |_| {}).await;
    // One of forty waits for 300 ms, which is more than one of a hundred, unless the phase is so long that hardly anybody tries.
    phase(&mut world, "visitors wait for the queue", BAR, |world| world.queue.set(Mode::IsSilent)).await;
    phase(&mut world, "a new process knows no way", BAR, |world| {
        world.queue.set(Mode::Takes);
        world.redis.kill();
        world.mariadb.kill();
        world.processes.start(1);
    })
    .await;
    world.close_doors();
    let wrong = world.ledger.judge();
    assert!(wrong.iter().any(|wrong| wrong.starts_with("visitors wait for the queue: p99")), "{wrong:?}");
    assert!(wrong.iter().any(|wrong| wrong.starts_with("a new process knows no way") && wrong.contains("503")), "{wrong:?}");
    assert!(!wrong.iter().any(|wrong| wrong.starts_with("all is there")), "{wrong:?}");
}
