//! How every queue consumer works off its messages.
//!
//! Each record is parsed alone. What cannot be parsed, or is [rejected](Failure::Reject), goes to the dead-letter queue at
//! once; what may succeed later is reported as a failed item; when everything failed the invocation fails too, because
//! otherwise no error would ever show in the function's metrics.

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use lambda_runtime::Diagnostic;
use serde::de::DeserializeOwned;

use crate::db::DatabaseFailure as _;
use crate::failure::{Failure, chain};

/// Where messages go that can never succeed.
pub trait DeadLetters {
    /// Keeps the body with the reason; the message is acknowledged only after this succeeds.
    fn bury(&self, body: &str, reason: &str) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// Nothing of the batch was worked off.
#[derive(Debug, thiserror::Error)]
#[error("all {count} messages of the batch failed; first: {first}")]
pub struct BatchFailed {
    /// How many.
    pub count: usize,
    /// The first reason.
    pub first: String,
}

impl From<BatchFailed> for Diagnostic {
    fn from(failure: BatchFailed) -> Self {
        Self { error_type: "BatchFailed".to_owned(), error_message: failure.to_string() }
    }
}

/// Works messages off one by one.
///
/// # Errors
/// When every message failed.
pub async fn each<M: DeserializeOwned>(
    event: SqsEvent,
    dead_letters: &impl DeadLetters,
    handle: impl AsyncFn(&M) -> Result<(), Failure>,
) -> Result<SqsBatchResponse, BatchFailed> {
    let mut batch = Batch::new(&event);
    let received = batch.parse::<M>(event, dead_letters).await;
    let mut away = Away::default();
    for (record, message) in &received {
        let outcome = away.unless(async || handle(message).await).await;
        batch.settle(record, outcome, dead_letters).await;
    }
    batch.respond()
}

/// From which delivery on a message is worked off by itself. A second one is usual: queues repeat themselves, and a message comes back
/// when its neighbours' function was killed. Who comes a third time may be what kills it.
const SUSPECT: u32 = 3;

/// Works messages off together, which costs a fraction; when that fails one by one, so that one bad message cannot take its
/// neighbours along. Messages that were delivered twice before are worked off last, each by itself.
///
/// # Errors
/// When every message failed.
pub async fn together<M: DeserializeOwned>(
    event: SqsEvent,
    dead_letters: &impl DeadLetters,
    handle: impl AsyncFn(&[M]) -> Result<(), Failure>,
) -> Result<SqsBatchResponse, BatchFailed> {
    let mut batch = Batch::new(&event);
    let mut received = batch.parse::<M>(event, dead_letters).await;
    received.sort_by_key(|(record, _)| record.receives >= SUSPECT);
    let (records, messages): (Vec<_>, Vec<_>) = received.into_iter().unzip();
    let usual = records.partition_point(|record: &Record| record.receives < SUSPECT);
    let mut away = Away::default();
    let mut done = 0;
    if usual > 1 {
        match away.unless(async || handle(&messages[..usual]).await).await {
            Ok(()) => done = usual,
            Err(failure) => {
                tracing::warn!(event = "batch.split", count = usual, error = %chain(&failure), "batch failed together");
            }
        }
    }
    for (record, message) in records.iter().zip(messages.chunks(1)).skip(done) {
        let outcome = away.unless(async || handle(message).await).await;
        batch.settle(record, outcome, dead_letters).await;
    }
    batch.respond()
}

/// Whether the database was away when it was last needed. It has been waited for then: to wait anew for each message of the batch
/// would take longer than a function may run, and a function that is stopped says nothing of those that it worked off.
#[derive(Default)]
struct Away(bool);

impl Away {
    async fn unless(&mut self, work: impl AsyncFnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
        if self.0 {
            return Err(Failure::retry(sqlx::Error::PoolTimedOut));
        }
        let outcome = Box::pin(work()).await;
        self.0 = outcome.as_ref().is_err_and(|failure| matches!(failure.database(), Some(sqlx::Error::PoolTimedOut)));
        outcome
    }
}

struct Record {
    id: String,
    body: String,
    /// How often it was delivered, this time included.
    receives: u32,
}

struct Batch {
    total: usize,
    failed: Vec<String>,
    first: Option<String>,
}

impl Batch {
    fn new(event: &SqsEvent) -> Self {
        Self { total: event.records.len(), failed: Vec::new(), first: None }
    }

    async fn parse<M: DeserializeOwned>(&mut self, event: SqsEvent, dead_letters: &impl DeadLetters) -> Vec<(Record, M)> {
        let mut received = Vec::with_capacity(event.records.len());
        for message in event.records {
            let record = Record::from(message);
            match serde_json::from_str(&record.body) {
                Ok(message) => received.push((record, message)),
                Err(error) => self.settle(&record, Err(Failure::reject(error)), dead_letters).await,
            }
        }
        received
    }

    async fn settle(&mut self, record: &Record, outcome: Result<(), Failure>, dead_letters: &impl DeadLetters) {
        let failure = match outcome {
            Ok(()) => return,
            Err(failure @ Failure::Retry(_)) => failure,
            Err(Failure::Reject(reason)) => {
                tracing::error!(event = "message.rejected", message.id = record.id, reason = %chain(&*reason), "message rejected");
                match dead_letters.bury(&record.body, &reason.to_string()).await {
                    Ok(()) => return,
                    Err(failure) => failure,
                }
            }
        };
        tracing::warn!(event = "message.failed", message.id = record.id, error = %chain(&failure), "message goes back to the queue");
        self.first.get_or_insert_with(|| failure.to_string());
        self.failed.push(record.id.clone());
    }

    fn respond(self) -> Result<SqsBatchResponse, BatchFailed> {
        match self.first {
            Some(first) if self.failed.len() == self.total => Err(BatchFailed { count: self.total, first }),
            _ => {
                let mut response = SqsBatchResponse::default();
                response.batch_item_failures = self.failed.into_iter().map(failed_item).collect();
                Ok(response)
            }
        }
    }
}

fn failed_item(id: String) -> BatchItemFailure {
    let mut item = BatchItemFailure::default();
    item.item_identifier = id;
    item
}

impl From<SqsMessage> for Record {
    fn from(message: SqsMessage) -> Self {
        let receives = message.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse::<u32>().ok());
        Self {
            id: message.message_id.unwrap_or_default(),
            body: message.body.unwrap_or_default(),
            receives: receives.unwrap_or(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Graveyard {
        bodies: Mutex<Vec<String>>,
        closed: bool,
    }

    impl DeadLetters for Graveyard {
        async fn bury(&self, body: &str, _: &str) -> Result<(), Failure> {
            if self.closed {
                return Err(Failure::retry("closed"));
            }
            self.bodies.lock().unwrap().push(body.to_owned());
            Ok(())
        }
    }

    fn event(bodies: &[(&str, u32)]) -> SqsEvent {
        let records: Vec<_> = bodies
            .iter()
            .enumerate()
            .map(|(at, (body, receives))| {
                serde_json::json!({"messageId": format!("m{at}"), "body": body, "attributes": {"ApproximateReceiveCount": receives.to_string()}})
            })
            .collect();
        serde_json::from_value(serde_json::json!({ "Records": records })).unwrap()
    }

    fn failed(response: Result<SqsBatchResponse, BatchFailed>) -> Vec<String> {
        response.unwrap().batch_item_failures.into_iter().map(|item| item.item_identifier).collect()
    }

    async fn even(number: &u32) -> Result<(), Failure> {
        if number.is_multiple_of(2) { Ok(()) } else { Err(Failure::retry("odd")) }
    }

    #[tokio::test]
    async fn only_what_may_succeed_later_goes_back_to_the_queue() {
        let graveyard = Graveyard::default();
        let response = each(event(&[("2", 1), ("3", 1), ("no number", 1)]), &graveyard, even).await;
        assert_eq!(failed(response), ["m1"]);
        assert_eq!(*graveyard.bodies.lock().unwrap(), ["no number"]);
    }

    #[tokio::test]
    async fn the_unparseable_is_not_acknowledged_when_it_cannot_be_buried() {
        let graveyard = Graveyard { closed: true, ..Graveyard::default() };
        assert_eq!(failed(each(event(&[("2", 1), ("?", 1)]), &graveyard, even).await), ["m1"]);
    }

    #[tokio::test]
    async fn the_invocation_fails_when_every_message_failed() {
        let response = each(event(&[("1", 1), ("3", 1)]), &Graveyard::default(), even).await;
        assert_eq!(response.unwrap_err().count, 2);
    }

    #[tokio::test]
    async fn a_batch_that_fails_together_is_worked_off_one_by_one() {
        let sizes = Mutex::new(Vec::new());
        let handle = async |numbers: &[u32]| {
            sizes.lock().unwrap().push(numbers.len());
            if numbers.contains(&3) { Err(Failure::retry("three")) } else { Ok(()) }
        };
        assert_eq!(failed(together(event(&[("2", 1), ("3", 1)]), &Graveyard::default(), handle).await), ["m1"]);
        assert_eq!(*sizes.lock().unwrap(), [2, 1, 1]);
    }

    #[tokio::test]
    async fn a_message_that_comes_a_second_time_is_worked_off_with_its_neighbours() {
        let sizes = Mutex::new(Vec::new());
        let handle = async |numbers: &[u32]| {
            sizes.lock().unwrap().push(numbers.len());
            Ok(())
        };
        assert!(failed(together(event(&[("2", 1), ("4", 2), ("6", 2)]), &Graveyard::default(), handle).await).is_empty());
        assert_eq!(*sizes.lock().unwrap(), [3]);
    }

    #[tokio::test]
    async fn from_the_third_delivery_on_a_message_is_worked_off_last_and_by_itself() {
        let seen = Mutex::new(Vec::new());
        let handle = async |numbers: &[u32]| {
            seen.lock().unwrap().push(numbers.to_vec());
            if numbers.contains(&1) { Err(Failure::retry("one")) } else { Ok(()) }
        };
        let batch = event(&[("1", 3), ("2", 1), ("3", 4), ("4", 2)]);
        assert_eq!(failed(together(batch, &Graveyard::default(), handle).await), ["m0"]);
        assert_eq!(*seen.lock().unwrap(), [vec![2, 4], vec![1], vec![3]]);
    }

    #[tokio::test]
    async fn nobody_waits_for_a_database_that_is_away_once_per_message() {
        let tried = Mutex::new(0);
        let away = || {
            *tried.lock().unwrap() += 1;
            Err(Failure::from(sqlx::Error::PoolTimedOut))
        };
        let five = event(&[("1", 1); 5]);
        assert_eq!(together(five.clone(), &Graveyard::default(), async |_: &[u32]| away()).await.unwrap_err().count, 5);
        assert_eq!(each(five, &Graveyard::default(), async |_: &u32| away()).await.unwrap_err().count, 5);
        assert_eq!(*tried.lock().unwrap(), 2);
        // A batch worked off one by one that loses the database half-way keeps what was worked off before.
        let later = event(&[("1", 3), ("2", 3), ("3", 3)]);
        let two = async |numbers: &[u32]| if numbers == [1] { Ok(()) } else { away() };
        assert_eq!(failed(together(later, &Graveyard::default(), two).await), ["m1", "m2"]);
        assert_eq!(*tried.lock().unwrap(), 3);
    }
}
