//! A process dies at each boundary between a sign-up and its points, a hundred times at each.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use chrono::TimeDelta;

use crate::book::Book;
use crate::check::Finding;
use crate::driver::{Boundary, Driver};
use crate::lanes::Threads;
use crate::lines::Role;
use crate::queue::Queue;
use crate::relay::{Post, watch};
use crate::world::{World, say, seed, setting};

/// How many chains of people there are at once.
const CHAINS: usize = 2;
/// When the outbox must be empty again after whoever wrote it died.
const DRAINED: TimeDelta = TimeDelta::seconds(10);

/// How often a process died behind which boundary, knowing of it or not.
type Deaths = BTreeMap<(Boundary, bool), u32>;

/// Lets one chain of people join, as the process dies behind one of these boundaries after the other.
fn run(mut driver: Driver, boundaries: &[Boundary], crashes: u32) -> (Book, Deaths) {
    let mut deaths = Deaths::new();
    for number in 0..crashes {
        for &boundary in boundaries {
            let is_known = number % 2 == 1;
            driver.crash(boundary, is_known);
            *deaths.entry((boundary, is_known)).or_default() += 1;
        }
    }
    (driver.book, deaths)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crash_at_any_boundary_loses_nothing_pays_nothing_twice_and_leaves_the_outbox_for_ten_seconds_at_most() {
    let (seed, crashes) = (seed(20_260_302), setting("GRANTS_CRASHES", 100));
    let world = World::begin().await;
    let (server, queue) = (world.mariadb.address(), Arc::new(Queue::new(seed, 0.1)));
    let mut threads = Threads::default();
    let (relay, grant) = (Post::new(Role::Relay, &server, &queue, seed), Post::new(Role::Grant, &server, &queue, seed ^ 1));
    let (relays, grants) = (relay.deaths(), grant.deaths());
    threads.add(move |stop| relay.relay(stop));
    threads.add(move |stop| grant.grant(crashes, stop));
    let stop = Arc::new(AtomicBool::new(false));
    let watching = tokio::spawn(watch(world.pool.clone(), Arc::clone(&stop)));

    let mut chains = Vec::new();
    for chain in 0..CHAINS {
        let clinic = world.register(&format!("owner-{chain}")).await;
        let (server, queue) = (server.clone(), Arc::clone(&queue));
        let share = crashes / 2 + if chain == 0 { crashes % 2 } else { 0 };
        chains
            .push(tokio::task::spawn_blocking(move || run(Driver::new(&server, chain, clinic, &queue), &Boundary::ALL, share)));
    }
    let (mut book, mut deaths) = (Book::new(), Deaths::new());
    for chain in chains {
        let (of_chain, died) = chain.await.expect("a chain comes to its end");
        book.extend(of_chain);
        for (at, count) in died {
            *deaths.entry(at).or_default() += count;
        }
    }
    let last_crash = Instant::now();
    while outbox_size(&world).await > 0 {
        threads.look_after();
        world.wait(|| "the outbox is not empty".to_owned()).await;
    }
    let drained = last_crash.elapsed();
    while !queue.is_empty() || grants.load(Ordering::Relaxed) < crashes {
        threads.look_after();
        world.wait(|| format!("{:?}", queue.tally())).await;
    }
    stop.store(true, Ordering::Relaxed);
    threads.dismiss();
    let ages = watching.await.expect("it looks on to the end");
    let relayed: Vec<_> = ages.values().filter(|age| **age > TimeDelta::seconds(4)).collect();
    let oldest = ages.values().max().copied().unwrap_or_default();
    say(&format!(
        "{deaths:?}, {} of grant-points before the queue was told, {} of relay-outbox; {} facts were seen to wait, {} of them for the \
         relay, {} ms at most; empty {:.1} s after the last crash; {:?}",
        grants.load(Ordering::Relaxed),
        relays.load(Ordering::Relaxed),
        ages.len(),
        relayed.len(),
        oldest.num_milliseconds(),
        drained.as_secs_f64(),
        queue.tally()
    ));
    let (findings, found) = world.check(&book).await;
    assert!(findings.is_empty(), "{} findings, see above", findings.len());
    assert_eq!(queue.tally().dead, 0, "no grant is given up");
    let at_boundary = |boundary| deaths.iter().filter(|((at, _), _)| *at == boundary).map(|(_, count)| count).sum::<u32>();
    assert_eq!(Boundary::ALL.map(at_boundary), [crashes; 4]);
    assert_eq!(grants.load(Ordering::Relaxed), crashes);
    assert!(oldest <= DRAINED, "a fact waited for {oldest}");
    // Each who joined by a friend's code earned twice, and the first of each chain once.
    assert_eq!(found.lines, usize::try_from(crashes).expect("a small number") * 4 * 2 + CHAINS);
    if crashes >= 100 {
        assert!(relays.load(Ordering::Relaxed) >= 3 && relayed.len() >= 200, "the relay had its part in it");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_check_finds_what_is_lost_when_nobody_looks_after_the_outbox() {
    let (seed, crashes) = (seed(24), 6);
    let world = World::begin().await;
    let (server, queue) = (world.mariadb.address(), Arc::new(Queue::new(seed, 0.0)));
    let clinic = world.register("owner").await;
    let mut threads = Threads::default();
    let grant = Post::new(Role::Grant, &server, &queue, seed);
    threads.add(move |stop| grant.grant(0, stop));
    let driver = {
        let (server, queue) = (server.clone(), Arc::clone(&queue));
        move || run(Driver::new(&server, 0, clinic, &queue), &[Boundary::Committed, Boundary::Published], crashes)
    };
    let (book, _) = tokio::task::spawn_blocking(driver).await.expect("a chain comes to its end");
    while !queue.is_empty() {
        threads.look_after();
        world.wait(|| format!("{:?}", queue.tally())).await;
    }
    threads.dismiss();
    let (findings, _) = world.check(&book).await;
    let lost = findings.iter().filter(|finding| matches!(finding, Finding::Lost { .. })).count();
    // Nobody was told of what was committed, two facts each time; what was published is granted, and still in the outbox.
    assert_eq!((lost, outbox_size(&world).await), (2 * 6, 4 * 6));
}

async fn outbox_size(world: &World) -> i64 {
    sqlx::query_scalar("SELECT COUNT(*) FROM outbox").fetch_one(&world.pool).await.expect("the database answers")
}
