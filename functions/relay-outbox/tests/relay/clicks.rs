//! Visits that were parked in the store.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use relay_outbox::{ClickQueue, HandedOver, ParkedClicks, Relayed, Run, run};
use shared::aws::queues::{NotSent, Refused};
use shared::config::Environment;
use shared::message::ImportApproved;
use shared::store::Store;
use shared::testing::{FixedClock, ambient};

use crate::facts::with_facts;

#[derive(Default)]
struct FakeQueue {
    bodies: Mutex<Vec<String>>,
    calls: AtomicUsize,
    /// After so many a call fails as a whole.
    room: Option<usize>,
    /// What it does not take, by a part of the body, and whether that is for ever.
    refuses: Option<(&'static str, bool)>,
    /// A clock, and how long a call takes.
    slow: Option<(FixedClock, TimeDelta)>,
}

impl ClickQueue for FakeQueue {
    async fn send_bodies(&self, bodies: &[String]) -> Result<Vec<Refused>, NotSent> {
        assert!((1..=10).contains(&bodies.len()), "{}", bodies.len());
        self.calls.fetch_add(1, Ordering::SeqCst);
        if let Some((clock, duration)) = &self.slow {
            clock.advance(*duration);
        }
        let mut taken = self.bodies.lock().unwrap();
        if self.room.is_some_and(|room| taken.len() + bodies.len() > room) {
            return Err(NotSent("away".to_owned()));
        }
        let mut refused = Vec::new();
        for (position, body) in bodies.iter().enumerate() {
            match self.refuses {
                Some((part, is_for_ever)) if body.contains(part) => {
                    refused.push(Refused { position, code: "Code".to_owned(), is_for_ever });
                }
                _ => taken.push(body.clone()),
            }
        }
        Ok(refused)
    }
}

impl FakeQueue {
    fn with_room(room: usize) -> Self {
        Self { room: Some(room), ..Self::default() }
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.bodies.lock().unwrap())
    }
}

/// What is logged.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A store of the test's own: all tests share a server, and the visits of others are none of theirs.
async fn parked(number: u8, queue: FakeQueue) -> ParkedClicks<FakeQueue> {
    let mut environment = Environment::of_process();
    let url = environment.text("TEST_REDIS_URL");
    environment.check().expect("tests with a store need TEST_REDIS_URL; `make test` sets it");
    let store = Store::new(&format!("{}/{number}", url.trim_end_matches('/')), Duration::from_secs(2)).unwrap();
    // What a run that failed has left.
    loop {
        let left: Vec<_> = store.parked(1000).await.unwrap().into_iter().map(|(id, _)| id).collect();
        if left.is_empty() {
            return ParkedClicks { store, queue };
        }
        store.unpark(&left).await.unwrap();
    }
}

fn bodies(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("{{\"type\":\"click_received.v1\",\"at\":{at},\"agent\":\"단골 \\u0001 \\\"\"}}")).collect()
}

#[tokio::test]
async fn parked_visits_are_queued_as_they_are_oldest_first_and_leave_the_store() {
    let parked = parked(10, FakeQueue::default()).await;
    let bodies = bodies(450);
    parked.store.park_all(&bodies).await.unwrap();
    let (ambient, _) = ambient();
    assert_eq!(parked.hand_over(&ambient).await.unwrap(), HandedOver { queued: 450, unqueueable: 0 });
    assert_eq!(parked.queue.take(), bodies);
    assert_eq!(parked.hand_over(&ambient).await.unwrap(), HandedOver::default());
    assert!(parked.store.parked(1).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_the_queue_does_not_take_stays_and_the_run_fails() {
    let mut parked = parked(11, FakeQueue::with_room(250)).await;
    let bodies = bodies(450);
    parked.store.park_all(&bodies).await.unwrap();
    let (ambient, _) = ambient();
    assert!(parked.hand_over(&ambient).await.is_err());
    assert_eq!(parked.queue.take(), bodies[..250]);
    parked.queue.room = Some(0);
    parked.queue.calls = AtomicUsize::default();
    assert!(parked.hand_over(&ambient).await.is_err());
    assert_eq!(parked.queue.calls.load(Ordering::SeqCst), 1, "the others are not tried");
    assert_eq!(parked.store.parked(1000).await.unwrap().len(), 200);
    parked.queue.room = None;
    assert_eq!(parked.hand_over(&ambient).await.unwrap(), HandedOver { queued: 200, unqueueable: 0 });
    assert_eq!(parked.queue.take(), bodies[250..]);
}

#[tokio::test]
async fn a_run_that_a_slow_queue_would_not_let_end_ends_in_time_and_what_was_taken_is_gone() {
    let (ambient, clock) = ambient();
    let slow = Some((clock, TimeDelta::seconds(10)));
    let parked = parked(14, FakeQueue { slow, ..FakeQueue::default() }).await;
    let bodies = bodies(95);
    parked.store.park_all(&bodies).await.unwrap();
    for (run, queued) in [30, 30, 30, 5].into_iter().enumerate() {
        assert_eq!(parked.hand_over(&ambient).await.unwrap(), HandedOver { queued, unqueueable: 0 });
        let left: Vec<_> = parked.store.parked(1000).await.unwrap().into_iter().map(|(_, body)| body).collect();
        assert_eq!(left, bodies[(run * 30 + queued)..]);
    }
    assert_eq!(parked.queue.take(), bodies);
}

#[tokio::test]
async fn what_the_queue_does_not_take_now_does_not_keep_later_visits_from_their_turn() {
    let mut parked = parked(15, FakeQueue { refuses: Some(("refused", false)), ..FakeQueue::default() }).await;
    let refused: Vec<_> = (0..25).map(|at| format!("refused {at}")).collect();
    let others = bodies(33);
    parked.store.park_all(&refused).await.unwrap();
    parked.store.park_all(&others).await.unwrap();
    let (ambient, _) = ambient();
    assert!(parked.hand_over(&ambient).await.is_err());
    assert_eq!(parked.queue.take(), others);
    parked.queue.refuses = None;
    assert_eq!(parked.hand_over(&ambient).await.unwrap(), HandedOver { queued: 25, unqueueable: 0 });
    assert_eq!(parked.queue.take(), refused);
}

#[tokio::test]
async fn what_the_queue_never_takes_is_logged_by_its_ids_and_waits_no_more() {
    let queue = FakeQueue { refuses: Some(("\u{FFFF}", true)), ..FakeQueue::default() };
    let parked = parked(9, queue).await;
    let unreadable = "{\"agent\":\"secret \u{FFFF}\"}".to_owned();
    let mut visit: serde_json::Value =
        serde_json::from_str(include_str!("../../../../events/messages/click_received.v1.json")).unwrap();
    visit["agent"] = "secret \u{FFFF}".into();
    let others = bodies(12);
    let park = [&[unreadable, visit.to_string()], &others[..]].concat();
    parked.store.park_all(&park).await.unwrap();
    let (ambient, _) = ambient();

    let written = Written::default();
    let writer = written.clone();
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    assert_eq!(parked.hand_over(&ambient).await.unwrap(), HandedOver { queued: 12, unqueueable: 2 });
    drop(guard);

    let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    assert!(!text.contains("secret"), "{text}");
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let lines: Vec<_> = lines.filter(|line| line["event"] == "clicks.unqueueable").collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0]["parked.id"].is_string() && lines[0]["click.id"].is_null());
    assert_eq!(lines[1]["click.id"], visit["clickId"]);
    assert_eq!(lines[1]["campaign.id"], visit["campaignId"]);
    assert_eq!(lines[1]["message.number"], visit["messageNumber"]);
    assert_eq!(parked.queue.take(), others);
    assert!(parked.store.parked(1).await.unwrap().is_empty());
}

#[tokio::test]
async fn two_relays_at_once_lose_nothing() {
    let one = parked(12, FakeQueue::default()).await;
    let two = ParkedClicks { store: one.store.clone(), queue: FakeQueue::default() };
    let bodies = bodies(1000);
    one.store.park_all(&bodies).await.unwrap();
    let (ambient, _) = ambient();
    let (first, second) = tokio::join!(one.hand_over(&ambient), two.hand_over(&ambient));
    assert!(first.unwrap().queued + second.unwrap().queued >= 1000);
    let mut queued = one.queue.take();
    queued.extend(two.queue.take());
    queued.sort_unstable();
    queued.dedup();
    let mut expected = bodies;
    expected.sort_unstable();
    assert_eq!(queued, expected);
    assert!(one.store.parked(1).await.unwrap().is_empty());
}

#[tokio::test]
async fn facts_and_visits_do_not_wait_for_each_other() {
    let (test, deps, clock) = with_facts(2).await;
    clock.advance(TimeDelta::seconds(6));
    let no_store = Store::new("redis://127.0.0.1:1/", Duration::from_millis(100)).unwrap();
    assert!(run(&deps, &ParkedClicks { store: no_store, queue: FakeQueue::default() }).await.is_err());
    assert_eq!(deps.publisher.take::<ImportApproved>().len(), 2);

    let parked = parked(13, FakeQueue::default()).await;
    parked.store.park(&bodies(1)[0]).await.unwrap();
    sqlx::query("RENAME TABLE outbox TO hidden").execute(&test.pool).await.unwrap();
    assert!(run(&deps, &parked).await.is_err());
    sqlx::query("RENAME TABLE hidden TO outbox").execute(&test.pool).await.unwrap();
    assert_eq!(parked.queue.take(), bodies(1));

    parked.store.park(&bodies(1)[0]).await.unwrap();
    let both = Run { facts: Relayed::default(), clicks: HandedOver { queued: 1, unqueueable: 0 } };
    assert_eq!(run(&deps, &parked).await.unwrap(), both);
    assert_eq!(parked.queue.take(), bodies(1));
    test.finish().await;
}
