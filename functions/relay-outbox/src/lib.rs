//! Triggered by a schedule, each minute.
//! Responsible for publishing the facts that could not be published right after commit, so that none is ever lost.

use chrono::TimeDelta;
use serde::Serialize;
use shared::aws::topics::Publisher;
use shared::clock::Ambient;
use shared::db::{Database, outbox};
use shared::failure::Failure;

/// Younger lines are being published by the function that wrote them.
const PATIENCE: TimeDelta = TimeDelta::seconds(5);
const LINES_PER_ROUND: u32 = 100;
/// Bounds one invocation; what is left waits for the next minute.
const ROUNDS: u32 = 100;

/// What the use case needs.
pub struct Deps<P> {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
    /// Where facts are published.
    pub publisher: P,
}

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Relayed {
    /// Lines published and forgotten.
    pub published: usize,
}

/// Publishes what waits.
///
/// # Errors
/// When lines wait and none of them can be published, or the database does not answer: the alarm on this function's errors
/// then says that facts are late.
pub async fn handle<P: Publisher + Sync>(deps: &Deps<P>) -> Result<Relayed, Failure> {
    let mut relayed = Relayed::default();
    for _ in 0..ROUNDS {
        let (taken, published) = round(deps).await?;
        relayed.published += published;
        if taken > 0 && published == 0 {
            return Err(Failure::retry("facts wait in the outbox and cannot be published"));
        }
        if taken < usize::try_from(LINES_PER_ROUND).unwrap_or(usize::MAX) {
            break;
        }
    }
    if relayed.published > 0 {
        tracing::warn!(event = "outbox.relayed", count = relayed.published, "facts were published late");
    }
    Ok(relayed)
}

/// The lines stay locked until they are published, so two relays never publish the same ones.
async fn round<P: Publisher + Sync>(deps: &Deps<P>) -> Result<(usize, usize), Failure> {
    let (publisher, due) = (&deps.publisher, deps.ambient.now() - PATIENCE);
    let relay = deps.database.transaction::<_, Failure>("relay_outbox", |tx| {
        Box::pin(async move {
            let lines = outbox::lock_older_than(tx, due, LINES_PER_ROUND).await?;
            let done = publisher.publish(&lines).await;
            outbox::delete(tx, &done).await?;
            Ok((lines.len(), done.len()))
        })
    });
    relay.await
}
