//! Whatever is done to points, in whatever order and at the same time: the laws of the ledger hold.
//!
//! Seeded sequences of operations go through the routes of this function and the handler of grant-points, each sequence at a clinic of
//! its own, against a real database and a model of plain maps. After every operation the tables and the model must agree.
//! `LEDGER_SEQUENCES` says how many there are, `LEDGER_LENGTH` how long the longest is, `LEDGER_SEED` which; a failure names its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod found;
mod model;
mod operation;
mod world;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use found::Found;
use model::Model;
use operation::Chooser;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng};
use shared::config::Environment;
use shared::testing::TestDatabase;
use world::World;

/// Operations by kind and status, to see that none was always refused.
type Answers = BTreeMap<(&'static str, u16), u32>;

fn setting(name: &str, otherwise: u64) -> u64 {
    Environment::of_process().text_or(name, &otherwise.to_string()).parse().unwrap()
}

/// As many short sequences as long ones, on a scale of powers.
fn length(rng: &mut StdRng, longest: u32) -> u32 {
    let exponent = rng.random_range(0.0..=f64::from(longest).log2());
    let length = exponent.exp2().round();
    (1..=longest).find(|whole| f64::from(*whole) >= length).unwrap_or(longest)
}

/// Does one sequence and looks at everything after each operation.
async fn run(world: &World<'_>, seed: u64, longest: u32, answers: &mut Answers) -> Result<u32, String> {
    let mut rng = StdRng::seed_from_u64(seed);
    let operations = length(&mut rng, longest);
    let mut model = Model::new(world.members.len());
    let mut chooser = Chooser { rng };
    let mut before = Found::look(world, None).await;
    for number in 1..=operations {
        let operation = chooser.next(&model);
        let wrong = |what: String| format!("seed {seed}, operation {number} of {operations}, {operation:?}: {what}");
        let done = world.perform(&operation, number).await;
        for answer in &done {
            *answers.entry((operation.name(), answer.status)).or_default() += 1;
        }
        let after = Found::look(world, Some(&before)).await;
        after.laws().map_err(wrong)?;
        let explained = after.explained_by(model.after(&operation, &done).map_err(wrong)?, world).map_err(wrong)?;
        // Refused, decided before, granted before.
        if explained == model && after != before {
            return Err(wrong("it was to change nothing, and changed something".to_owned()));
        }
        model = explained;
        model.learn(&after);
        before = after;
    }
    world.totals_agree(&before).await.map_err(|wrong| format!("seed {seed}, totals: {wrong}"))?;
    Ok(operations)
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "by seed and figures a run is told from others")]
async fn the_laws_of_the_ledger_hold_after_every_operation() {
    let (sequences, longest) = (setting("LEDGER_SEQUENCES", 512), u32::try_from(setting("LEDGER_LENGTH", 512)).unwrap());
    let first = setting("LEDGER_SEED", 6000);
    let test = TestDatabase::new().await;
    let next = AtomicU64::new(0);
    let worker = async || {
        let pools = world::pools(&test).await;
        let (mut operations, mut answers) = (0, Answers::new());
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= sequences {
                return (operations, answers);
            }
            let world = World::new(&test, &pools, number).await;
            operations += run(&world, first + number, longest, &mut answers).await.unwrap();
        }
    };
    // Each at clinics of its own, in one database.
    let done = tokio::join!(worker(), worker(), worker(), worker());
    let (mut operations, mut answers) = (0, Answers::new());
    for (some, seen) in [done.0, done.1, done.2, done.3] {
        operations += some;
        for (kind, count) in seen {
            *answers.entry(kind).or_default() += count;
        }
    }
    println!("{sequences} sequences from seed {first}, {operations} operations: {answers:?}");
    if sequences >= 128 {
        let done = |kind: &str, status: u16| answers.iter().any(|((name, seen), _)| *name == kind && *seen == status);
        for (kind, status) in [
            ("grant", 200),
            ("spend", 201),
            ("spend", 409),
            ("adjust", 201),
            ("adjust", 409),
            ("reverse", 201),
            ("reverse", 409),
            ("release", 204),
            ("release", 409),
            ("refuse", 204),
            ("refuse", 409),
            ("together", 201),
            ("together", 409),
            ("twice", 201),
            ("foreign", 404),
        ] {
            assert!(done(kind, status), "no {kind} was answered with {status}: {answers:?}");
        }
    }
    test.finish().await;
}

/// What somebody does to the tables behind the ledger's back.
const DAMAGE: [(&str, &str); 5] = [
    ("a balance is wrong", "UPDATE point_balances SET balance = balance + 1"),
    ("a line is gone", "DELETE FROM point_entries LIMIT 1"),
    ("a line is another's", "UPDATE point_entries SET grant_key = CONCAT(grant_key, 'x') LIMIT 1"),
    (
        "a line is larger, and its balance too",
        "UPDATE point_entries e JOIN point_balances b ON b.user_id = e.user_id
        SET e.amount = e.amount + 1, b.balance = b.balance + 1 WHERE e.reason = 'join'",
    ),
    ("what was held is gone", "DELETE FROM held_grants"),
];

#[tokio::test]
async fn a_ledger_that_breaks_a_law_is_found() {
    for (what, damage) in DAMAGE {
        let test = TestDatabase::new().await;
        let pools = world::pools(&test).await;
        let world = World::new(&test, &pools, 0).await;
        let mut model = Model::new(world.members.len());
        for (number, operation) in (1..).zip([operation::some_grants(), operation::some_hold()]) {
            let done = world.perform(&operation, number).await;
            model = model.after(&operation, &done).unwrap().remove(0);
        }
        let before = Found::look(&world, None).await;
        before.laws().and_then(|()| before.agrees(&model, &world)).unwrap();
        sqlx::query(damage).execute(&test.pool).await.unwrap();
        let found = Found::look(&world, Some(&before)).await;
        assert!(found.laws().and_then(|()| found.agrees(&model, &world)).is_err(), "{what}");
        drop(world);
        drop(pools);
        test.drop_database().await;
    }
}
