//! Triggered by a schedule, each minute.
//! Responsible for handing on what had to wait, so that none is ever lost: facts that could not be published right after commit, and
//! visits of links whose queue was away.

mod clicks;

use chrono::TimeDelta;
use serde::Serialize;
use shared::aws::topics::Publisher;
use shared::clock::Ambient;
use shared::db::Database;
use shared::db::outbox::{self, Locked};
use shared::failure::{Failure, chain};
use shared::model::id::OutboxId;

pub use clicks::{ClickQueue, HandedOver, ParkedClicks};

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

/// What became of the facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Relayed {
    /// Lines published and forgotten.
    pub published: usize,
    /// Lines that stay: their topic does not take them, or this version does not know it.
    pub left: usize,
}

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Run {
    /// Of the facts.
    pub facts: Relayed,
    /// Of the visits.
    pub clicks: HandedOver,
}

/// Hands on both, at the same time: whatever keeps the one back is nothing to the other.
///
/// # Errors
/// When something stays, or cannot be asked for.
pub async fn run<P: Publisher + Sync, Q: ClickQueue>(deps: &Deps<P>, parked: &ParkedClicks<Q>) -> Result<Run, Failure> {
    match tokio::join!(Box::pin(handle(deps)), Box::pin(parked.hand_over(&deps.ambient))) {
        (Ok(facts), Ok(clicks)) => Ok(Run { facts, clicks }),
        (Err(facts), Err(clicks)) => Err(Failure::retry(format!("{}; {}", chain(&facts), chain(&clicks)))),
        (Err(failure), _) | (_, Err(failure)) => Err(failure),
    }
}

/// Publishes the facts that wait. Lines that cannot be published do not keep later ones from their turn.
///
/// # Errors
/// When lines stay, or the database does not answer: the alarm on this function's errors then says that facts are late.
pub async fn handle<P: Publisher + Sync>(deps: &Deps<P>) -> Result<Relayed, Failure> {
    let mut relayed = Relayed::default();
    let mut after = None;
    for _ in 0..ROUNDS {
        let (last, of_round) = round(deps, after).await?;
        relayed.published += of_round.published;
        relayed.left += of_round.left;
        after = last;
        if last.is_none() {
            break;
        }
    }
    if relayed.published > 0 {
        tracing::warn!(event = "outbox.relayed", count = relayed.published, "facts were published late");
    }
    match relayed.left {
        0 => Ok(relayed),
        left => Err(Failure::retry(format!("{left} facts wait in the outbox and cannot be published"))),
    }
}

/// The lines stay locked until they are published, so two relays never publish the same ones.
async fn round<P: Publisher + Sync>(deps: &Deps<P>, after: Option<OutboxId>) -> Result<(Option<OutboxId>, Relayed), Failure> {
    let (publisher, due) = (&deps.publisher, deps.ambient.now() - PATIENCE);
    let relay = deps.database.transaction::<_, Failure>("relay_outbox", |tx| {
        Box::pin(async move {
            let Locked { last, known, unknown } = outbox::lock_older_than(tx, due, after, LINES_PER_ROUND).await?;
            let done = publisher.publish(&known).await;
            outbox::delete(tx, &done).await?;
            Ok((last, Relayed { published: done.len(), left: unknown + known.len() - done.len() }))
        })
    });
    relay.await
}
