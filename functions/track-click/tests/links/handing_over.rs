//! Visits whose queue is away.

use chrono::TimeDelta;
use shared::message::ClickReceived;
use track_click::MOST_WAITING;

use crate::lines::{Lines, click_in};
use crate::world::{FakeQueue, Mood, NOWHERE, World, assert_redirected, numbers, store, store_address, store_at, tap};

/// What is parked of the world's campaign.
async fn parked(world: &World) -> Vec<ClickReceived> {
    let parked = store().parked(100_000).await.unwrap();
    let own = parked.into_iter().filter(|(_, body)| body.contains(&world.campaign.id.to_string()));
    let (ids, clicks): (Vec<_>, Vec<_>) = own.map(|(id, body)| (id, serde_json::from_str(&body).unwrap())).unzip();
    store().unpark(&ids).await.unwrap();
    clicks
}

fn sequence(clicks: &[ClickReceived]) -> Vec<u32> {
    let mut sequence: Vec<_> = numbers(clicks).into_iter().map(|(_, sequence)| sequence).collect();
    sequence.sort_unstable();
    sequence
}

#[tokio::test]
async fn without_the_queue_the_visit_is_in_the_stream_and_in_a_log_line() {
    let world = World::new().await;
    let queue = FakeQueue::new(Mood::Refuses);
    let process = world.process(store_at(&store_address()), world.test.another().await, &queue);
    let lines = Lines::collect();
    for _ in 0..5 {
        assert_redirected(&tap(&process, &world.token()).await);
    }
    assert_eq!(queue.asked(), 1, "after a failure the queue is left alone");
    world.clock.advance(TimeDelta::seconds(1));
    assert_redirected(&tap(&process, &world.token()).await);
    assert_eq!(queue.asked(), 2);
    queue.set(Mood::Takes);
    world.clock.advance(TimeDelta::seconds(2));
    assert_redirected(&tap(&process, &world.token()).await);
    assert_redirected(&tap(&process, &world.token()).await);

    let parked = parked(&world).await;
    assert_eq!((sequence(&parked), sequence(&queue.clicks())), ((1..=6).collect(), vec![7, 8]));
    let logged: Vec<_> = lines.of("click.parked").iter().map(click_in).collect();
    assert_eq!(logged, parked, "what is logged is what would have been queued");
    assert_eq!(lines.of("click.not_queued").len(), 0);
    world.test.finish().await;
}

#[tokio::test]
async fn without_queue_and_store_visits_wait_in_the_process_and_are_handed_over_with_the_next_ones() {
    let world = World::new().await;
    let queue = FakeQueue::new(Mood::Refuses);
    let process = world.process(store_at(NOWHERE), world.test.another().await, &queue);
    let lines = Lines::collect();
    for _ in 0..20 {
        assert_redirected(&tap(&process, &world.token()).await);
    }
    let logged: Vec<_> = lines.of("click.not_queued").iter().map(click_in).collect();
    assert_eq!(sequence(&logged), (1..=20).collect::<Vec<_>>());
    queue.set(Mood::Takes);
    world.clock.advance(TimeDelta::seconds(1));
    let asked = queue.asked();
    for (visits, handed_over) in [(1, 10), (2, 20), (3, 23)] {
        assert_redirected(&tap(&process, &world.token()).await);
        assert_eq!((queue.asked() - asked, queue.clicks().len()), (visits, handed_over));
    }
    assert_eq!(sequence(&queue.clicks()), (1..=23).collect::<Vec<_>>());
    assert_eq!(lines.of("click.not_queued").len(), 20, "each visit has one line");
    assert_eq!(lines.of("clicks.handed_over_late").len(), 3);
    world.test.finish().await;
}

#[tokio::test]
async fn what_waits_in_the_process_goes_to_the_stream_when_only_the_store_is_back() {
    let world = World::new().await;
    let proxy = crate::proxy::Proxy::before(store_address()).await;
    let queue = FakeQueue::new(Mood::Refuses);
    let process = world.process(store_at(&proxy.address.to_string()), world.test.another().await, &queue);
    assert_redirected(&tap(&process, &world.token()).await);
    proxy.set(crate::proxy::Way::Frozen);
    // The store takes it in and does not say so: it is kept here too.
    world.clock.advance(TimeDelta::seconds(1));
    for _ in 0..3 {
        assert_redirected(&tap(&process, &world.token()).await);
    }
    proxy.set(crate::proxy::Way::Open);
    world.clock.advance(TimeDelta::seconds(1));
    assert_redirected(&tap(&process, &world.token()).await);
    let mut parked = sequence(&parked(&world).await);
    parked.dedup();
    assert_eq!(parked, (1..=5).collect::<Vec<_>>());
    queue.set(Mood::Takes);
    world.clock.advance(TimeDelta::seconds(1));
    assert_redirected(&tap(&process, &world.token()).await);
    assert_eq!(sequence(&queue.clicks()), [6], "nothing waited any more");
    world.test.finish().await;
}

#[tokio::test]
async fn what_the_queue_does_not_take_of_several_is_parked() {
    let world = World::new().await;
    let proxy = crate::proxy::Proxy::before(store_address()).await;
    proxy.set(crate::proxy::Way::Closed);
    let queue = FakeQueue::new(Mood::Refuses);
    let process = world.process(store_at(&proxy.address.to_string()), world.test.another().await, &queue);
    for _ in 0..4 {
        assert_redirected(&tap(&process, &world.token()).await);
    }
    proxy.set(crate::proxy::Way::Open);
    queue.set(Mood::TakesTheFirst);
    // The store connects anew with the first try and answers the second.
    for _ in 0..2 {
        world.clock.advance(TimeDelta::seconds(2));
        assert_redirected(&tap(&process, &world.token()).await);
    }
    let (queued, parked) = (queue.clicks(), parked(&world).await);
    assert_eq!(queued.len() + parked.len(), 6);
    assert_eq!(sequence(&[queued, parked].concat()), (1..=6).collect::<Vec<_>>());
    world.test.finish().await;
}

#[tokio::test]
async fn what_waits_in_the_process_is_bounded_and_the_rest_is_in_the_log() {
    let world = World::new().await;
    let queue = FakeQueue::new(Mood::Refuses);
    let process = world.process(store_at(NOWHERE), world.test.another().await, &queue);
    let lines = Lines::collect();
    let visits = u32::try_from(MOST_WAITING).unwrap() + 5;
    for _ in 0..visits {
        assert_redirected(&tap(&process, &world.token()).await);
    }
    let logged: Vec<_> = lines.of("click.not_queued").iter().map(click_in).collect();
    assert_eq!(sequence(&logged), (1..=visits).collect::<Vec<_>>());
    queue.set(Mood::Takes);
    world.clock.advance(TimeDelta::seconds(1));
    for _ in 0..=MOST_WAITING / 9 {
        assert_redirected(&tap(&process, &world.token()).await);
    }
    let handed_over = queue.clicks().len();
    assert_eq!(handed_over, MOST_WAITING + MOST_WAITING / 9 + 1);
    world.test.finish().await;
}
