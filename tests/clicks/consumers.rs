//! record-clicks and relay-outbox, each in a thread and a runtime of its own. Consumers can be made to drop what they are doing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use aligo_simulator::random::Random;
use aws_lambda_events::sqs::SqsBatchResponse;
use relay_outbox::ParkedClicks;
use shared::clock::Ambient;
use shared::db::{Database, pool_options};
use shared::store::Store;
use sqlx::mysql::MySqlConnectOptions;

use crate::queue::{Letter, Queue, Shared, event};

/// How long a consumer without messages rests.
const REST: Duration = Duration::from_millis(5);
/// How long a relay waits for the store.
const RELAY_PATIENCE: Duration = Duration::from_millis(300);
/// From one run of a relay to the next.
const RELAY_REST: Duration = Duration::from_millis(200);
/// The largest batch, as in the template.
pub const MOST: usize = 100;

/// Threads that work until they are told to stop.
#[derive(Default)]
pub struct Hands {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Hands {
    /// One more.
    pub fn add(&mut self, work: impl FnOnce(Arc<AtomicBool>) + Send + 'static) {
        let stop = Arc::clone(&self.stop);
        self.threads.push(thread::spawn(move || work(stop)));
    }

    /// Waits until all have ended. Others may come after them.
    pub fn dismiss(&mut self) {
        let dismissed = std::mem::take(self);
        dismissed.stop.store(true, Ordering::Relaxed);
        for thread in dismissed.threads {
            thread.join().expect("nobody panics");
        }
    }
}

/// A consumer of the queue.
pub struct Consumer {
    pub queue: Arc<Queue>,
    pub database: MySqlConnectOptions,
    pub random: Random,
    /// How many times consumers are still to drop what they are doing.
    pub drops: Arc<AtomicU32>,
}

impl Consumer {
    /// Works until it is told to stop.
    pub fn work(mut self, stop: &AtomicBool) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let database = Database::from_pool(pool_options(1).connect_lazy_with(self.database.clone()));
            let deps = record_clicks::Deps { database, dead_letters: Shared(Arc::clone(&self.queue)) };
            while !stop.load(Ordering::Relaxed) {
                let letters = self.queue.receive(1 + self.random.below(MOST));
                if letters.is_empty() {
                    tokio::time::sleep(REST).await;
                    continue;
                }
                let work = record_clicks::handle(&deps, event(&letters));
                let outcome = match self.patience() {
                    // Whatever it had begun is left as it is: between two statements, or in the midst of one.
                    Some(patience) => {
                        let outcome = tokio::time::timeout(patience, work).await;
                        if outcome.is_err() {
                            // Two may both drop for the last time.
                            let left = |left: u32| left.checked_sub(1);
                            self.drops.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).unwrap_or_default();
                        }
                        outcome.unwrap_or_else(|_| Ok(all_failed(&letters)))
                    }
                    None => work.await,
                };
                let failed = outcome.unwrap_or_else(|_| all_failed(&letters));
                let is_failed = |letter: &Letter| {
                    let id = letter.id();
                    failed.batch_item_failures.iter().any(|failure| failure.item_identifier == id)
                };
                self.queue.settle(letters, |letter| !is_failed(letter));
            }
        });
    }

    fn patience(&mut self) -> Option<Duration> {
        let drops = self.drops.load(Ordering::Relaxed) > 0 && self.random.fraction() < 0.4;
        drops.then(|| Duration::from_secs_f64(self.random.fraction() * 0.006))
    }
}

/// Hands parked visits over, again and again, until it is told to stop. In truth this happens each minute.
pub fn relay(queue: &Arc<Queue>, store: &str, stop: &AtomicBool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let ambient = Ambient::system().expect("random numbers");
        let store = Store::new(store, RELAY_PATIENCE).expect("an address");
        let parked = ParkedClicks { store, queue: Shared(Arc::clone(queue)) };
        while !stop.load(Ordering::Relaxed) {
            // What cannot be handed over now is handed over later.
            drop(parked.hand_over(&ambient).await);
            tokio::time::sleep(RELAY_REST).await;
        }
    });
}

/// As if the invocation had failed.
fn all_failed(letters: &[Letter]) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = letters
        .iter()
        .map(|letter| {
            let mut failure = aws_lambda_events::sqs::BatchItemFailure::default();
            failure.item_identifier = letter.id();
            failure
        })
        .collect();
    response
}
