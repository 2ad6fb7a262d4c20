//! Triggered by `BundlePrepared` on the queue of this function, which wakes it up and says no more.
//! Responsible for handing bundles to the provider, whichever is next, each once, and for storing what came of it.

mod call;
mod refusal;
mod settle;

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use chrono::{DateTime, TimeDelta, Utc};
use shared::aws::topics::Publisher;
use shared::batch::{self, BatchFailed, DeadLetters};
use shared::clock::Ambient;
use shared::db::Database;
use shared::db::bundles::claim::{self, Claim};
use shared::failure::Failure;
use shared::message::BundlePrepared;
use shared::provider::Provider;

use crate::settle::LeftOver;

/// How long one wake-up keeps a worker at it; others were woken, too.
const SHIFT: TimeDelta = TimeDelta::seconds(30);
/// What a bundle may take from its claim on: 5 s for its place in the queue of calls, 20 s for the call, and the database. Who has
/// less time left claims none.
const TURN: TimeDelta = TimeDelta::seconds(30);
/// How soon to look again when somebody is just changing the campaign whose turn it is.
const SOON: Duration = Duration::from_millis(25);
/// How soon to look again at the latest: the call that tries whether the provider is back opens the gate long before its time is up.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// What the use case needs.
pub struct Deps<V, P, D> {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
    /// Who hands messages to KakaoTalk.
    pub provider: V,
    /// Where facts are published.
    pub publisher: P,
    /// Where messages go that can never succeed.
    pub dead_letters: D,
    /// How many calls that send the provider gets per second at most, from all workers together.
    pub calls_per_second: u32,
}

/// Hands over bundles for as long as there are any, or for half a minute.
///
/// # Errors
/// When the database does not answer.
pub async fn handle<V: Provider, P: Publisher, D: DeadLetters>(
    deps: &Deps<V, P, D>,
    event: SqsEvent,
) -> Result<SqsBatchResponse, BatchFailed> {
    handle_until(deps, event, DateTime::<Utc>::MAX_UTC).await
}

/// The same in a process that ends at the deadline, whatever it is doing then.
///
/// # Errors
/// When the database does not answer.
pub async fn handle_until<V: Provider, P: Publisher, D: DeadLetters>(
    deps: &Deps<V, P, D>,
    event: SqsEvent,
    deadline: DateTime<Utc>,
) -> Result<SqsBatchResponse, BatchFailed> {
    // Which bundle the message names does not matter: whose turn it is the database says. Boxed, because a shift has a lot to remember.
    batch::each(event, &deps.dead_letters, async |_: &BundlePrepared| Box::pin(work(deps, deadline)).await).await
}

async fn work<V: Provider, P: Publisher, D>(deps: &Deps<V, P, D>, deadline: DateTime<Utc>) -> Result<(), Failure> {
    let last_claim = (deps.ambient.now() + SHIFT).min(deadline - TURN);
    // What is left to do about the bundle before. It is done while the next call is on its way, or when there is no next one.
    let mut left_over = LeftOver::default();
    let mut waited = TimeDelta::zero();
    while deps.ambient.now() < last_claim && waited < SHIFT {
        let claim = claim_next(deps).await?;
        let pause = match claim {
            Claim::Taken(claimed) => {
                left_over = call::deliver(deps, &claimed, deadline, left_over).await?;
                continue;
            }
            // What is left over may be what opens the gate again.
            _ if left_over.is_something() => {
                std::mem::take(&mut left_over).tidy_up(deps).await;
                continue;
            }
            Claim::Nothing => break,
            Claim::NotBefore(moment) if moment >= last_claim => break,
            Claim::NotBefore(moment) => (moment - deps.ambient.now()).to_std().unwrap_or_default().clamp(SOON, LOOK_AGAIN),
            Claim::Busy => SOON,
        };
        tokio::time::sleep(pause).await;
        waited += TimeDelta::from_std(pause).unwrap_or(SHIFT);
    }
    left_over.tidy_up(deps).await;
    Ok(())
}

/// In a transaction of its own, as short as can be: workers wait for each other here.
async fn claim_next<V, P, D>(deps: &Deps<V, P, D>) -> Result<Claim, Failure> {
    let (ambient, interval) = (&deps.ambient, TimeDelta::microseconds(1_000_000 / i64::from(deps.calls_per_second.max(1))));
    let claimed = deps.database.transaction::<_, Failure>("claim_bundle", |tx| {
        Box::pin(async move { claim::claim(tx, ambient, interval).await.map_err(Failure::from) })
    });
    claimed.await
}
