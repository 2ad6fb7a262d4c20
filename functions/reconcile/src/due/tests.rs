use std::sync::Mutex;

use shared::clock::{Ambient, Clock};
use shared::provider::Aligo;
use shared::testing::sending::{self, Sending};
use shared::testing::{FakePublisher, FixedClock, TestDatabase};

use super::*;

/// A queue that takes its time.
struct Slow {
    wait: Duration,
    taken: Mutex<Vec<ResultsAwaited>>,
}

impl ResultsQueue for Slow {
    async fn send(&self, due: &[ResultsAwaited]) -> usize {
        tokio::time::sleep(self.wait).await;
        self.taken.lock().unwrap().extend_from_slice(due);
        0
    }
}

async fn scene(bundles: u32, wait: Duration) -> (TestDatabase, FixedClock, Sending, Deps<Aligo, FakePublisher, Slow>) {
    let (test, clock) = (TestDatabase::new().await, FixedClock::new());
    let mut sending = Sending::start(&test, &clock, "sender", 1).await;
    sending.add_bundles(bundles, 1).await;
    let due = sqlx::query("UPDATE bundles SET state = 'accepted', polls = 3, poll_at = ?");
    due.bind(clock.now()).execute(&test.pool).await.unwrap();
    let deps = Deps {
        database: test.another().await,
        ambient: Ambient::seeded(clock.clone(), 2),
        provider: sending::provider("http://127.0.0.1:1", "key", "user"),
        publisher: FakePublisher::default(),
        results: Slow { wait, taken: Mutex::default() },
        absence_after: TimeDelta::minutes(15),
    };
    (test, clock, sending, deps)
}

async fn leased(test: &TestDatabase, clock: &FixedClock) -> i64 {
    let leased = sqlx::query_scalar("SELECT COUNT(*) FROM bundles WHERE poll_at > ?").bind(clock.now());
    leased.fetch_one(&test.pool).await.unwrap()
}

#[tokio::test]
async fn everything_that_is_due_is_asked_for_once_and_says_how_often_it_was() {
    let (test, clock, sending, deps) = scene(120, Duration::ZERO).await;
    assert_eq!(ask(&deps, Duration::from_secs(30)).await.unwrap(), 120);
    assert_eq!(ask(&deps, Duration::from_secs(30)).await.unwrap(), 0);
    assert_eq!(leased(&test, &clock).await, 120);
    let taken = deps.results.taken.lock().unwrap().clone();
    let ResultsAwaited::DueV1 { bundle_id, .. } = taken[0] else { panic!("{taken:?}") };
    assert_eq!((taken.len(), &taken[0]), (120, &sending.due_after(bundle_id, 3)));
    test.finish().await;
}

#[tokio::test]
async fn a_slow_queue_takes_what_it_can_in_time_and_the_rest_stays_due() {
    let (test, clock, _sending, deps) = scene(120, Duration::from_millis(600)).await;
    let begun = Instant::now();
    assert!(ask(&deps, Duration::from_secs(1)).await.is_err());
    assert!(begun.elapsed() < Duration::from_millis(1_500));
    let taken = deps.results.taken.lock().unwrap().len();
    assert_eq!((taken, leased(&test, &clock).await), (50, 100));
    test.finish().await;
}
