//! Handing visits over before the visitor is answered: to the queue, else to the store, else to this process and the log.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use shared::aws::queues::{NotSent, Queue};
use shared::message::ClickReceived;

use crate::breaker::Breaker;
use crate::guarded::GuardedStore;

/// So many visits wait in the process; about 1 MB.
pub const MOST_WAITING: usize = 1_000;
/// SQS takes so many at once.
const AT_ONCE: usize = 10;

/// Where visits are handed over, so that a visitor never waits for their record.
pub trait Clicks: Send + Sync + 'static {
    /// Hands a visit over within [`QUEUE_PATIENCE`](crate::QUEUE_PATIENCE).
    fn hand_over(&self, click: &ClickReceived) -> impl Future<Output = Result<(), NotSent>> + Send;

    /// Hands at most ten over, within the same time; answers the positions of those that were not taken.
    fn hand_over_all(&self, clicks: &[ClickReceived]) -> impl Future<Output = Vec<usize>> + Send {
        async move {
            let mut refused = Vec::new();
            for (position, click) in clicks.iter().enumerate() {
                if self.hand_over(click).await.is_err() {
                    refused.push(position);
                }
            }
            refused
        }
    }
}

impl Clicks for Queue {
    async fn hand_over(&self, click: &ClickReceived) -> Result<(), NotSent> {
        self.send(click).await
    }

    async fn hand_over_all(&self, clicks: &[ClickReceived]) -> Vec<usize> {
        self.send_all(clicks).await
    }
}

/// The queue behind a breaker, and what waits for it here.
pub struct HandOver<C> {
    queue: C,
    breaker: Breaker,
    waiting: Mutex<VecDeque<ClickReceived>>,
}

impl<C: Clicks> HandOver<C> {
    pub fn new(queue: C) -> Self {
        Self { queue, breaker: Breaker::default(), waiting: Mutex::default() }
    }

    /// Hands a visit over, and with it some of those that wait. When the queue does not take it, the log line holds the
    /// message as it would have been queued: sending `body` to the queue of record-clicks recovers the click, and sending it
    /// twice does no harm.
    pub async fn give(&self, click: ClickReceived, store: &GuardedStore, now: DateTime<Utc>) {
        let waited = self.take(AT_ONCE - 1);
        if waited.is_empty() {
            return self.give_one(click, store, now).await;
        }
        let late = waited.len();
        let mut load: Vec<_> = std::iter::once(click.clone()).chain(waited).collect();
        let mut error = LEFT_ALONE.to_owned();
        if self.breaker.lets_through(now) {
            let mut refused = self.queue.hand_over_all(&load).await;
            refused.sort_unstable();
            self.breaker.note(refused.len() < load.len(), now);
            "the queue did not take it".clone_into(&mut error);
            let mut position = 0;
            load.retain(|_| {
                position += 1;
                refused.binary_search(&(position - 1)).is_ok()
            });
        }
        let own_is_left = load.first() == Some(&click);
        if load.is_empty() || store.park(&load, now).await {
            tracing::info!(
                event = "clicks.handed_over_late",
                count = late,
                "clicks that waited in this process are handed over"
            );
            if own_is_left {
                say_parked(&click, &error);
            }
            return;
        }
        if own_is_left {
            say_waiting(&click, &error);
        }
        self.keep(load);
    }

    /// The usual case: nothing waits.
    async fn give_one(&self, click: ClickReceived, store: &GuardedStore, now: DateTime<Utc>) {
        let error = if self.breaker.lets_through(now) {
            let given = self.queue.hand_over(&click).await;
            self.breaker.note(given.is_ok(), now);
            let Err(error) = given else { return };
            error.to_string()
        } else {
            LEFT_ALONE.to_owned()
        };
        if store.park(std::slice::from_ref(&click), now).await {
            return say_parked(&click, &error);
        }
        say_waiting(&click, &error);
        self.keep([click]);
    }

    fn take(&self, most: usize) -> Vec<ClickReceived> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiting.len().min(most);
        waiting.drain(..count).collect()
    }

    /// What has no room is in its log line, and nowhere else.
    fn keep(&self, clicks: impl IntoIterator<Item = ClickReceived>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MOST_WAITING.saturating_sub(waiting.len());
        waiting.extend(clicks.into_iter().take(room));
    }
}

const LEFT_ALONE: &str = "the queue did not take the last one and is left alone for a while";

fn say_parked(click: &ClickReceived, error: &str) {
    let body = serde_json::to_string(click).unwrap_or_default();
    tracing::warn!(event = "click.parked", body, error, "a click waits in the store to be queued");
}

fn say_waiting(click: &ClickReceived, error: &str) {
    let body = serde_json::to_string(click).unwrap_or_default();
    tracing::error!(event = "click.not_queued", body, error, "a click waits in this process and in this line to be queued");
}
