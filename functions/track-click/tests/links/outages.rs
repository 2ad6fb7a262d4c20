//! What visitors are answered when something is away.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use chrono::TimeDelta;
use shared::message::ClickReceived;
use shared::model::state::ClickClass;
use track_click::STORE_PATIENCE;

use crate::proxy::{Proxy, Way};
use crate::world::{
    FakeQueue, Mood, NOWHERE, SOON, World, assert_private, assert_redirected, hasty_store_at, ids, no_database, numbers,
    process_of_today, store, store_address, store_at, tap, token_of,
};

/// What a process has of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Up,
    Refuses,
    Frozen,
}

/// Everything that can be up or down, in every combination. Visitors whom nobody knows hand nothing over: one queue is enough.
fn combinations() -> impl Iterator<Item = (State, bool, Mood, bool)> {
    [State::Up, State::Refuses, State::Frozen].into_iter().flat_map(|store| {
        [true, false].into_iter().flat_map(move |database| {
            [Mood::Takes, Mood::Refuses, Mood::Hangs]
                .into_iter()
                .flat_map(move |queue| [true, false].into_iter().map(move |memory| (store, database, queue, memory)))
                .filter(|&(store, database, queue, memory)| memory || database || store == State::Up || queue == Mood::Takes)
        })
    })
}

/// Waits for nothing but what a visitor may wait for.
async fn visit(world: &World, what: (State, bool, Mood, bool)) {
    let (store_is, database_is_up, mood, memory_knows) = what;
    let campaign = world.another().await;
    store().put_destination(campaign.id, &world.destination()).await.unwrap();
    let proxy = Proxy::before(store_address()).await;
    let (database, wire) = world.database_behind_a_proxy().await;
    let queue = FakeQueue::new(Mood::Takes);
    let process = world.process(hasty_store_at(&proxy.address.to_string()), database, &queue);
    if memory_knows {
        assert_redirected(&tap(&process, &token_of(&campaign)).await);
    }
    proxy.set(match store_is {
        State::Up => Way::Open,
        State::Refuses => Way::Closed,
        State::Frozen => Way::Frozen,
    });
    wire.set(if database_is_up { Way::Open } else { Way::Closed });
    queue.set(mood);

    let begun = Instant::now();
    let answer = tap(&process, &token_of(&campaign)).await;
    let waited = begun.elapsed();
    assert_private(&answer);
    let somebody_knows = memory_knows || store_is == State::Up || database_is_up;
    if !somebody_knows {
        assert_eq!(
            (answer.status(), &answer.headers()["retry-after"]),
            (StatusCode::SERVICE_UNAVAILABLE, &"5".parse().unwrap())
        );
        return;
    }
    assert_redirected(&answer);
    assert!(waited < SOON, "{what:?}: waited {waited:?}");

    // Wherever the visits are: when all is well again they are in the queue or in the stream, each once.
    let answered = if memory_knows { 3 } else { 2 };
    proxy.set(Way::Open);
    wire.set(Way::Open);
    queue.set(Mood::Takes);
    world.clock.advance(TimeDelta::seconds(2));
    assert_redirected(&tap(&process, &token_of(&campaign)).await);
    let parked = store().parked(100_000).await.unwrap();
    let parked: Vec<_> = parked.into_iter().filter(|(_, body)| body.contains(&campaign.id.to_string())).collect();
    store().unpark(&parked.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>()).await.unwrap();
    let parked = parked.iter().map(|(_, body)| serde_json::from_str::<ClickReceived>(body).unwrap());
    // A store that froze may have taken one that waited here too; they are recorded by their ids.
    let by_id = |click: ClickReceived| (ids(std::slice::from_ref(&click))[0], click);
    let all: BTreeMap<_, _> = parked.chain(queue.clicks()).map(by_id).collect();
    let mut sequence: Vec<_> = numbers(&all.into_values().collect::<Vec<_>>()).iter().map(|(_, sequence)| *sequence).collect();
    sequence.sort_unstable();
    assert_eq!(sequence, (1..=answered).collect::<Vec<_>>(), "{what:?}");
}

#[tokio::test]
async fn whatever_is_away_whoever_somebody_knows_is_sent_on_at_once_and_no_visit_is_lost() {
    let world = World::new().await;
    for what in combinations() {
        visit(&world, what).await;
    }
    world.test.finish().await;
}

#[tokio::test]
async fn without_the_store_the_database_knows_the_way_and_memory_keeps_it() {
    let world = World::new().await;
    let queue = FakeQueue::new(Mood::Takes);
    let process = world.process(store_at(NOWHERE), world.test.another().await, &queue);
    assert_redirected(&tap(&process, &world.token()).await);
    // Now the database forgets it too.
    sqlx::query("UPDATE campaigns SET destination = ''").execute(&world.test.pool).await.unwrap();
    assert_redirected(&tap(&process, &world.token()).await);
    assert_eq!(queue.classes(), [ClickClass::Human; 2]);
    world.test.finish().await;
}

#[tokio::test]
async fn a_frozen_store_holds_one_visitor_a_second_up_and_counts_what_it_was_told() {
    let world = World::new().await;
    let proxy = Proxy::before(store_address()).await;
    let queue = FakeQueue::new(Mood::Takes);
    let process = world.process(hasty_store_at(&proxy.address.to_string()), world.test.another().await, &queue);
    assert_redirected(&tap(&process, &world.token()).await);
    proxy.set(Way::Frozen);
    for rest in [1, 2, 4] {
        let (before, begun) = (proxy.asked(), Instant::now());
        assert_redirected(&tap(&process, &world.token()).await);
        assert!(begun.elapsed() >= STORE_PATIENCE);
        let asked = proxy.asked();
        assert!(asked > before);
        let begun = Instant::now();
        for _ in 0..100 {
            assert_redirected(&tap(&process, &world.token()).await);
        }
        assert!(begun.elapsed() < STORE_PATIENCE * 50, "a hundred visitors waited {:?}", begun.elapsed());
        assert_eq!(proxy.asked(), asked, "the store is left alone");
        world.clock.advance(TimeDelta::seconds(rest) - TimeDelta::milliseconds(1));
        assert_redirected(&tap(&process, &world.token()).await);
        assert_eq!(proxy.asked(), asked, "not even now");
        world.clock.advance(TimeDelta::milliseconds(1));
    }
    // It goes on where it stopped: also with what nobody waited for.
    proxy.set(Way::Open);
    assert_redirected(&tap(&process, &world.token()).await);
    assert_eq!(store().live(world.campaign.id).await.unwrap()[&ClickClass::Human], 1 + 3 + 1);
    assert_eq!(queue.clicks().len(), 1 + 3 * 102 + 1);
    world.test.finish().await;
}

#[tokio::test]
async fn a_store_that_lost_its_connections_is_asked_again_for_the_same_visitor() {
    let world = World::new().await;
    let proxy = Proxy::before(store_address()).await;
    let queue = FakeQueue::new(Mood::Takes);
    store().put_destination(world.campaign.id, &world.destination()).await.unwrap();
    let other = world.another().await;
    store().put_destination(other.id, &world.destination()).await.unwrap();
    let process = world.process(hasty_store_at(&proxy.address.to_string()), no_database(), &queue);
    assert_redirected(&tap(&process, &token_of(&other)).await);
    proxy.set(Way::Closed);
    tokio::time::sleep(STORE_PATIENCE).await;
    proxy.set(Way::Open);
    assert_redirected(&tap(&process, &world.token()).await);
    world.test.finish().await;
}

#[tokio::test]
async fn a_store_that_was_left_alone_is_the_last_hope_when_the_database_is_away() {
    let world = World::new().await;
    let proxy = Proxy::before(store_address()).await;
    let queue = FakeQueue::new(Mood::Takes);
    let other = world.another().await;
    store().put_destination(world.campaign.id, &world.destination()).await.unwrap();
    store().put_destination(other.id, &world.destination()).await.unwrap();
    let process = world.process(hasty_store_at(&proxy.address.to_string()), no_database(), &queue);
    assert_redirected(&tap(&process, &token_of(&other)).await);
    proxy.set(Way::Frozen);
    assert_redirected(&tap(&process, &token_of(&other)).await);
    proxy.set(Way::Open);
    // The clock stands still, so the store is still to be left alone.
    let begun = Instant::now();
    assert_redirected(&tap(&process, &world.token()).await);
    assert!(begun.elapsed() < SOON, "waited {:?}", begun.elapsed());
    let live = store().live(world.campaign.id).await.unwrap();
    assert_eq!(live.values().sum::<u64>(), 1, "and it counts the visit");
    world.test.finish().await;
}

#[tokio::test]
async fn a_store_that_was_emptied_is_told_again_by_a_process_that_remembers() {
    let world = World::new().await;
    let (process, queue) = world.well().await;
    assert_redirected(&tap(&process, &world.token()).await);
    let client = redis::Client::open(format!("redis://{}/9", store_address())).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let keys = [format!("link:{}", world.campaign.id), format!("live:{}", world.campaign.id)];
    let gone: u32 = redis::cmd("DEL").arg(&keys).query_async(&mut connection).await.unwrap();
    assert_eq!(gone, 2);
    // Something that nobody can read is not known either.
    let () = redis::cmd("SET").arg(&keys[0]).arg("{").query_async(&mut connection).await.unwrap();
    assert_redirected(&tap(&process, &world.token()).await);
    for key in &keys {
        let life: i64 = redis::cmd("TTL").arg(key).query_async(&mut connection).await.unwrap();
        assert!(life > 24 * 3600, "{key} lives for {life}");
    }
    // Another process is sent on without the database.
    let other = world.process(store_at(&store_address()), no_database(), &queue);
    assert_redirected(&tap(&other, &world.token()).await);
    world.test.finish().await;
}

#[tokio::test]
async fn a_database_that_hangs_holds_up_nobody_whom_somebody_knows() {
    let world = World::new().await;
    let (database, wire) = world.database_behind_a_proxy().await;
    let queue = FakeQueue::new(Mood::Takes);
    let process = world.process(store_at(NOWHERE), database, &queue);
    assert_redirected(&tap(&process, &world.token()).await);
    wire.set(Way::Frozen);
    let unknown = token_of(&world.another().await);
    let stranger = tokio::spawn({
        let process = process.clone();
        async move { tap(&process, &unknown).await.status() }
    });
    for _ in 0..20 {
        let begun = Instant::now();
        assert_redirected(&tap(&process, &world.token()).await);
        assert!(begun.elapsed() < SOON, "waited {:?}", begun.elapsed());
    }
    let begun = Instant::now();
    assert_eq!(stranger.await.unwrap(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(begun.elapsed() < SOON * 8, "waited {:?}", begun.elapsed());
    wire.set(Way::Open);
    world.test.finish().await;
}

#[tokio::test]
async fn a_visitor_who_could_not_be_sent_on_is_not_counted_as_answered() {
    let world = World::new().await;
    let queue = FakeQueue::new(Mood::Takes);
    let process = world.process(store_at(&store_address()), no_database(), &queue);
    assert_eq!(tap(&process, &world.token()).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(store().live(world.campaign.id).await.unwrap().values().sum::<u64>(), 0);
    assert_eq!(queue.clicks().len(), 0);
    world.test.finish().await;
}

/// How long each visit of a steady load takes, and how late a sleep of a millisecond is on the same busy machine.
async fn waits(process: &Router, token: &str) -> (Vec<Duration>, Vec<Duration>) {
    let (mut visits, mut lateness) = (Vec::new(), Vec::new());
    for _ in 0..400 {
        let begun = Instant::now();
        tokio::time::sleep(Duration::from_millis(5)).await;
        lateness.push(begun.elapsed().saturating_sub(Duration::from_millis(5)));
        let begun = Instant::now();
        assert_redirected(&tap(process, token).await);
        visits.push(begun.elapsed());
    }
    visits.sort_unstable();
    lateness.sort_unstable();
    (visits, lateness)
}

#[tokio::test]
async fn while_the_store_is_away_ninety_nine_of_a_hundred_visitors_wait_less_than_sixty_milliseconds() {
    let world = World::new().await;
    let proxy = Proxy::before(store_address()).await;
    let queue = FakeQueue::new(Mood::Takes);
    let process = process_of_today(hasty_store_at(&proxy.address.to_string()), no_database(), &queue);
    store().put_destination(world.campaign.id, &world.destination()).await.unwrap();
    assert_redirected(&tap(&process, &world.token()).await);
    for way in [Way::Open, Way::Frozen, Way::Closed] {
        proxy.set(way);
        let (visits, lateness) = waits(&process, &world.token()).await;
        let percentile = |sorted: &[Duration], of: usize| sorted[sorted.len() * of / 100];
        let allowed = Duration::from_millis(60) + percentile(&lateness, 99);
        let (half, most) = (percentile(&visits, 50), percentile(&visits, 99));
        assert!(most <= allowed, "{way:?}: p50 {half:?}, p99 {most:?} of {allowed:?}");
    }
    world.test.finish().await;
}
