//! Ten thousand grants, everything delivered several times, connections that are cut, and workers that die.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use aligo_simulator::random::Random;
use shared::message::PointsEarned;

use crate::book::{book, draw};
use crate::check::{Finding, Sums};
use crate::faults::{self, Faults};
use crate::lanes::{Kills, Lane, Threads};
use crate::lines::Role;
use crate::queue::{Queue, Tally};
use crate::wire::{Fate, Wire};
use crate::world::{World, say, seed, setting};

/// How it goes.
struct Storm {
    seed: u64,
    role: Role,
    workers: u64,
    faults: u32,
    kills: u32,
    /// The share of batches that two workers get at the same time.
    twins: f64,
}

/// What it came to.
struct Gone {
    tally: Tally,
    faults: Arc<Faults>,
    kills: Arc<Kills>,
}

impl Storm {
    /// Delivers all of these, each two to four times, until nothing is left and every fault and kill has happened.
    async fn rage(&self, world: &World, facts: &[PointsEarned]) -> Gone {
        let mut random = Random::new(self.seed);
        let bodies: Vec<_> = facts.iter().map(|fact| serde_json::to_string(fact).expect("facts are JSON")).collect();
        let (queue, faults) = (Arc::new(Queue::new(self.seed, self.twins)), Arc::new(Faults::plan(self.seed, self.faults)));
        for body in &bodies {
            for _ in 0..2 + random.below(3) {
                queue.put(body);
            }
        }
        let kills = Arc::new(Kills::default());
        kills.left.store(self.kills, Ordering::Relaxed);
        let mut threads = Threads::default();
        for number in 1..=self.workers {
            let warden = Arc::new(faults::Lane::new(&faults));
            let lane = Lane {
                role: self.role,
                queue: Arc::clone(&queue),
                wire: Wire::lay(&world.mariadb.address(), &warden),
                faults: warden,
                random: Random::new(self.seed ^ number),
                kills: Arc::clone(&kills),
            };
            threads.add(move |stop| lane.work(stop));
        }
        loop {
            threads.look_after();
            world.wait(|| format!("{} left, {:?}", queue.size(), queue.tally())).await;
            if !queue.is_empty() {
                continue;
            }
            if faults.left() == 0 && kills.left.load(Ordering::Relaxed) == 0 {
                break;
            }
            // As the queue may do whenever it likes.
            for _ in 0..500 {
                queue.put(&bodies[random.below(bodies.len())]);
            }
        }
        threads.dismiss();
        let gone = Gone { tally: queue.tally(), faults, kills };
        say(&format!("{:?}, {:?}, {:?}", gone.tally, gone.kills, gone.faults.happened()));
        gone
    }
}

/// How often something became of each kind of statement.
fn by_statement(gone: &Gone, fate: Fate) -> BTreeMap<&'static str, u32> {
    let happened = gone.faults.happened().into_iter();
    happened.filter(|((_, other), _)| *other == fate).map(|((statement, _), count)| (statement, count)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_grants_are_paid_once_whatever_is_cut_swallowed_delivered_again_and_killed() {
    let (count, faults, all) = (setting("GRANTS_COUNT", 10_000), setting("GRANTS_FAULTS", 1_000), setting("GRANTS_KILLS", 200));
    let storm = Storm { seed: seed(20_260_302), role: Role::Grant, workers: 4, faults, kills: all, twins: 0.1 };
    let world = World::begin().await;
    let facts = draw(storm.seed, count, &world.clinics(5).await, &world.ambient);
    let book = book(&facts);
    let gone = storm.rage(&world, &facts).await;
    let (findings, found) = world.check(&book).await;
    assert!(findings.is_empty(), "{} findings, see above", findings.len());
    let number = usize::try_from(count).expect("a small number");
    let points = book.values().map(|owed| i64::from(owed.amount)).sum();
    assert_eq!(found, Sums { lines: number, distinct: number, entries: points, balances: points });
    let tally = &gone.tally;
    assert_eq!(tally.dead, 0, "no grant is given up");
    assert!(tally.sent >= 2 * count && tally.redelivered > 0 && tally.twins > 0, "{tally:?}");
    assert_eq!((gone.faults.count(Fate::Cut), gone.faults.count(Fate::Swallow)), (faults / 2, faults - faults / 2));
    let (amid, returned) = (gone.kills.amid.load(Ordering::Relaxed), gone.kills.returned.load(Ordering::Relaxed));
    assert_eq!(amid + returned, all);
    if faults >= 1_000 && all >= 100 {
        for fate in [Fate::Cut, Fate::Swallow] {
            let hit = by_statement(&gone, fate);
            assert!(["ledger", "balances", "commit"].iter().all(|at| hit.get(at) >= Some(&20)), "{fate:?}: {hit:?}");
        }
        assert!(amid >= all / 10 && returned >= all / 10, "{amid} at work, and {returned} before SQS is told");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_check_finds_what_is_paid_twice_without_the_unique_key() {
    let storm = Storm { seed: seed(21), role: Role::Grant, workers: 4, faults: 50, kills: 5, twins: 0.6 };
    let world = World::begin().await;
    // An index of the same name serves the same questions, and keeps nothing out.
    let drop = "ALTER TABLE point_entries DROP KEY point_entries_grant, ADD KEY point_entries_grant (grant_key)";
    sqlx::query(drop).execute(&world.pool).await.expect("the key goes away");
    let facts = draw(storm.seed, 2_000, &world.clinics(2).await, &world.ambient);
    storm.rage(&world, &facts).await;
    let (findings, found) = world.check(&book(&facts)).await;
    let twice = findings.iter().filter(|finding| matches!(finding, Finding::Twice { .. })).count();
    say(&format!("{twice} grants are paid more than once"));
    assert!(twice > 0 && found.lines > found.distinct, "whoever is paid twice must be found");
    assert!(findings.iter().any(|finding| matches!(finding, Finding::Sums { .. })), "by the sums, too");
    assert!(findings.iter().any(|finding| matches!(finding, Finding::Balance { .. })), "and by the balances");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_check_finds_balances_that_miss_points_when_they_are_moved_in_a_second_transaction() {
    let storm = Storm { seed: seed(22), role: Role::GrantApart, workers: 4, faults: 100, kills: 20, twins: 0.1 };
    let world = World::begin().await;
    let facts = draw(storm.seed, 1_000, &world.clinics(2).await, &world.ambient);
    storm.rage(&world, &facts).await;
    let (findings, found) = world.check(&book(&facts)).await;
    assert_eq!((found.lines, found.distinct), (1_000, 1_000), "the ledger is right");
    assert!(found.balances < found.entries, "and the balances are not");
    let missing = findings.iter().filter(|finding| matches!(finding, Finding::Balance { .. })).count();
    say(&format!("{missing} people miss points"));
    assert!(missing > 0 && findings.len() == missing + 1, "whoever misses points must be found");
}

/// A statement after which something is not told as it is, and what finds it.
type Lie = (&'static str, fn(&Finding) -> bool);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_check_finds_whatever_is_told_otherwise_than_it_is() {
    let storm = Storm { seed: seed(23), role: Role::Grant, workers: 2, faults: 0, kills: 0, twins: 0.0 };
    let world = World::begin().await;
    let facts = draw(storm.seed, 100, &world.clinics(2).await, &world.ambient);
    let book = book(&facts);
    storm.rage(&world, &facts).await;
    assert_eq!(world.check(&book).await.0, []);
    let lies: [Lie; 5] = [
        ("UPDATE point_balances SET balance = balance + 1 LIMIT 1", |finding| matches!(finding, Finding::Balance { .. })),
        ("UPDATE point_entries SET amount = amount + 1 WHERE reason = 'join' LIMIT 1", |finding| {
            matches!(finding, Finding::Differs { .. })
        }),
        ("UPDATE point_entries SET grant_key = 'join:x' WHERE reason = 'join' LIMIT 1", |finding| {
            matches!(finding, Finding::Foreign { .. })
        }),
        ("DELETE FROM point_entries WHERE reason = 'invite' LIMIT 1", |finding| matches!(finding, Finding::Lost { .. })),
        ("UPDATE point_entries SET user_id = REPEAT('x', 16) WHERE reason = 'invite' LIMIT 1", |finding| {
            matches!(finding, Finding::Balance { .. })
        }),
    ];
    for (lie, finds) in lies {
        let of_its_kind = async || world.check(&book).await.0.into_iter().filter(finds).count();
        let before = of_its_kind().await;
        sqlx::query(lie).execute(&world.pool).await.expect("the database takes it");
        assert!(of_its_kind().await > before, "{lie}");
    }
}
