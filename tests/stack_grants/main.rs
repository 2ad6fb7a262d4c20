//! Ten thousand grants on the deployed application, every message twice, while the processes of grant-points are killed. It takes the
//! function's queue for itself, so it runs when the other tests of the deployed application are through.
//!
//! `GRANTS_SEED` repeats what is drawn, `STACK_GRANTS` and `STACK_KILLS` make it larger.

#[path = "../grants/book.rs"]
mod book;
#[path = "../grants/check.rs"]
mod check;
mod processes;
mod queue;
#[expect(dead_code, reason = "this test needs no more of the application than a queue and its database")]
#[path = "../support/stack.rs"]
mod support;

use std::time::{Duration, Instant};

use aligo_simulator::random::Random;
use shared::clock::Ambient;
use shared::config::Environment;
use shared::model::ClinicId;
use sqlx::mysql::MySqlPoolOptions;

use crate::check::Sums;
use crate::queue::Sender;
use crate::support::Stack;

const QUEUE: &str = "grant-points";
const DEAD_LETTERS: &str = "grant-points-dead-letter";
/// How many messages wait at most, so that the emulator's queue stays quick.
const BACKLOG: u64 = 400;
/// Seconds until the messages of a killed process come again: hardly ever while another process is still at them,
const HIDDEN: u32 = 5;
/// and as the template has it.
const AS_DEPLOYED: u32 = 150;
/// How long all of it may take.
const PATIENCE: Duration = Duration::from_mins(15);

fn setting(name: &str, otherwise: u32) -> u32 {
    Environment::of_process().parsed_or(name, otherwise)
}

/// Shown when the test fails, or with `--nocapture`.
#[expect(clippy::print_stdout, reason = "by seed and figures a run is told from others")]
fn say(text: &str) {
    println!("{text}");
}

#[tokio::test]
async fn grants_are_paid_once_while_the_deployed_function_is_killed_again_and_again() {
    let seed = u64::from(setting("GRANTS_SEED", 20_260_302));
    let (count, all) = (setting("STACK_GRANTS", 10_000), setting("STACK_KILLS", 200));
    let (stack, sender, begun) = (Stack::of_environment(), Sender::of_environment(), Instant::now());
    let ambient = Ambient::system().expect("random numbers");
    let clinics: Vec<_> = (0..5).map(|_| ClinicId::new(&ambient)).collect();
    let facts = book::draw(seed, count, &clinics, &ambient);
    let book = book::book(&facts);
    assert_eq!(stack.queue_size(DEAD_LETTERS).await, 0, "before it begins");
    stack.redeliver_after(QUEUE, HIDDEN).await;

    let bodies: Vec<_> = facts.iter().map(|fact| serde_json::to_string(fact).expect("facts are JSON")).collect();
    let mut random = Random::new(seed);
    let messages = shuffled_twice(&bodies, &mut random);
    let (total, mut kills, mut sent) = (messages.len(), 0, 0);
    for batch in messages.chunks(10) {
        while stack.queue_size(QUEUE).await > BACKLOG {
            assert!(begun.elapsed() < PATIENCE, "{sent} messages are sent, {kills} processes killed");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        sender.send(batch).await;
        sent += batch.len();
        // Evenly, however long it takes: a message has to be unlucky five times to become a dead letter.
        let due = u64::from(all) * u64::try_from(sent).expect("a number") / u64::try_from(total).expect("a number");
        while u64::from(kills) < due {
            tokio::time::sleep(Duration::from_secs_f64(random.fraction() * 0.1)).await;
            processes::kill_one(&stack.emulator, QUEUE, &mut random).await;
            kills += 1;
        }
    }
    while stack.queue_size(QUEUE).await > 0 {
        assert!(begun.elapsed() < PATIENCE, "all messages are sent, and not all worked off");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    stack.redeliver_after(QUEUE, AS_DEPLOYED).await;

    let pool = MySqlPoolOptions::new().max_connections(1).connect(&stack.database_url).await.expect("the database answers");
    let (findings, found) = check::check(&pool, &book).await;
    let took = begun.elapsed().as_secs_f64();
    say(&format!("GRANTS_SEED={seed}: {total} messages, {kills} processes killed, {took:.0} s, {found:?}"));
    assert!(findings.is_empty(), "{} findings: {:?}", findings.len(), findings.iter().take(10).collect::<Vec<_>>());
    let number = usize::try_from(count).expect("a small number");
    let points = book.values().map(|owed| i64::from(owed.amount)).sum();
    assert_eq!(found, Sums { lines: number, distinct: number, entries: points, balances: points });
    assert_eq!((kills, stack.queue_size(DEAD_LETTERS).await), (all, 0));
}

/// Everything twice, in no order.
fn shuffled_twice<'a>(bodies: &'a [String], random: &mut Random) -> Vec<&'a str> {
    let mut messages: Vec<_> = bodies.iter().chain(bodies).map(String::as_str).collect();
    for place in (1..messages.len()).rev() {
        messages.swap(place, random.below(place + 1));
    }
    messages
}
