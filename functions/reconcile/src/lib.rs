//! Triggered by a schedule, each minute.
//! Responsible for what is stuck: bundles nobody answered for are looked for in the provider's history, due results are asked for,
//! imports are set going again or ended.

mod due;
mod imports;
mod search;

use std::fmt::Display;

use chrono::TimeDelta;
use serde::Serialize;
use shared::aws::queues::Queue;
use shared::aws::topics::{Outgoing, Publisher};
use shared::clock::Ambient;
use shared::db::bundles::{self, Bundle};
use shared::db::campaigns::{self, Campaign};
use shared::db::hourly_counts::{self, Delta};
use shared::db::{Database, Tx, messages, outbox};
use shared::failure::Failure;
use shared::message::{BundleAccepted, BundlePrepared, ResultsAwaited};
use shared::model::result::{FIRST_POLL, Reason};
use shared::provider::{Provider, TakenCall};

/// Whoever handed a bundle over this long ago is not at it any more: deliver-bundle may run for 60 s.
const CALL_LIMIT: TimeDelta = TimeDelta::minutes(5);
/// A bundle that was announced or put back waits this long for the queue to bring its message.
const QUEUE_LIMIT: TimeDelta = TimeDelta::minutes(15);
/// What the provider's history does not show after this long it will not show.
const SEARCHED_FOR: TimeDelta = TimeDelta::days(3);
/// Bundles per run and kind; the next run takes more.
const BUNDLES_PER_RUN: u32 = 100;

/// What the use case needs.
pub struct Deps<V, P, Q> {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
    /// Who knows what was really taken.
    pub provider: V,
    /// Where facts are published.
    pub publisher: P,
    /// The queue of collect-results.
    pub results: Q,
}

/// The queue of collect-results.
pub trait ResultsQueue {
    /// Sends what it can; answers how many it could not.
    fn send(&self, due: &[ResultsAwaited]) -> impl Future<Output = usize> + Send;
}

impl ResultsQueue for Queue {
    async fn send(&self, due: &[ResultsAwaited]) -> usize {
        self.send_all(due).await.len()
    }
}

/// What a run came to, in bundles and in imports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Calls whose answer was never stored became unknown.
    pub lapsed: usize,
    /// Bundles that nobody had tried were announced again.
    pub announced: usize,
    /// Results were asked for.
    pub due: usize,
    /// Unknown ones were found in the provider's history.
    pub found: usize,
    /// Unknown ones that were looked for and stay so.
    pub unknown: usize,
    /// Imports whose file could not be read to its end failed.
    pub imports_failed: usize,
    /// Imports that nobody was committing or undoing were announced again.
    pub imports_announced: usize,
    /// Imports whose file never came were deleted.
    pub imports_deleted: usize,
    /// Imports whose rows were deleted because of their age.
    pub imports_expired: usize,
}

/// Settles what is stuck. The parts do not wait for each other: one that fails does not keep the others from their work.
///
/// # Errors
/// When a part failed; the next run tries it again.
pub async fn handle<V: Provider, P: Publisher, Q: ResultsQueue>(deps: &Deps<V, P, Q>) -> Result<Summary, Failure> {
    let mut summary = Summary::default();
    let mut parts = Parts(None);
    summary.lapsed = parts.run("lapse", lapse(deps).await);
    summary.announced = parts.run("announce", announce(deps).await);
    summary.due = parts.run("due", due::ask(deps).await);
    summary.imports_failed = parts.run("fail_imports", imports::fail(deps).await);
    summary.imports_announced = parts.run("announce_imports", imports::announce(deps).await);
    summary.imports_deleted = parts.run("delete_imports", imports::delete(deps).await);
    summary.imports_expired = parts.run("expire_imports", imports::expire(deps).await);
    (summary.found, summary.unknown) = parts.run("find", find(deps).await);
    tracing::info!(event = "bundles.reconciled", ?summary, "reconciled");
    parts.0.map_or(Ok(summary), Err)
}

/// Keeps the first failure and goes on.
struct Parts(Option<Failure>);

impl Parts {
    fn run<T: Default>(&mut self, part: &'static str, outcome: Result<T, Failure>) -> T {
        outcome.unwrap_or_else(|failure| {
            log_failure(part, &failure);
            self.0.get_or_insert(failure);
            T::default()
        })
    }
}

fn log_failure(part: &'static str, failure: &dyn Display) {
    tracing::warn!(event = "reconcile.part_failed", part, error = %failure, "a part of the run failed");
}

/// Bundles whose caller died between intent and answer.
async fn lapse<V, P, Q>(deps: &Deps<V, P, Q>) -> Result<usize, Failure> {
    let before = deps.ambient.now() - CALL_LIMIT;
    let stale = bundles::list_calling_before(&mut *deps.database.acquire().await?, before, BUNDLES_PER_RUN).await?;
    for bundle in &stale {
        let lapsed = deps.database.transaction::<_, Failure>("lapse_bundle", |tx| {
            Box::pin(async move {
                if let Some(campaign) = lock_unchanged(tx, bundle).await? {
                    bundles::mark_unknown(tx, bundle.clinic, bundle.id, "nobody stored an answer").await?;
                    messages::mark_unknown(tx, bundle.id, Reason::NoAnswer.as_str()).await?;
                    campaigns::finish_if_answered(tx, &campaign).await?;
                    tracing::warn!(event = "bundle.lapsed", bundle.id = %bundle.id, "a call has no answer");
                }
                Ok(())
            })
        });
        lapsed.await?;
    }
    Ok(stale.len())
}

/// Bundles that certainly were not taken and whose message has not come (back): it failed too often, or got lost.
async fn announce<V, P: Publisher, Q>(deps: &Deps<V, P, Q>) -> Result<usize, Failure> {
    let ambient = &deps.ambient;
    let before = ambient.now() - QUEUE_LIMIT;
    let waiting = bundles::list_prepared_before(&mut *deps.database.acquire().await?, before, BUNDLES_PER_RUN).await?;
    for bundle in &waiting {
        let outgoing = deps.database.transaction::<_, Failure>("announce_bundle", |tx| {
            Box::pin(async move {
                if lock_unchanged(tx, bundle).await?.is_none() {
                    return Ok(None);
                }
                bundles::mark_prepared(tx, bundle.clinic, bundle.id, ambient.now()).await?;
                let fact = BundlePrepared::V1 { clinic_id: bundle.clinic, campaign_id: bundle.campaign, bundle_id: bundle.id };
                Ok(Some(outbox::insert(tx, ambient, &fact).await?))
            })
        });
        let outgoing = outgoing.await?;
        outbox::publish(&deps.database, &deps.publisher, outgoing.as_slice()).await;
    }
    Ok(waiting.len())
}

/// Unknown bundles that the provider's history shows; answers how many it did and did not. No bundle is posted again for not being
/// shown: nothing proves that it was not taken.
async fn find<V: Provider, P: Publisher, Q>(deps: &Deps<V, P, Q>) -> Result<(usize, usize), Failure> {
    let ambient = &deps.ambient;
    let now = ambient.now();
    let unknown = search::list(&deps.database, now - SEARCHED_FOR).await?;
    if unknown.is_empty() {
        return Ok((0, 0));
    }
    let found = search::search(&deps.database, &deps.provider, &unknown, now).await?;
    for (bundle, call) in &found {
        let outgoing = deps.database.transaction::<_, Failure>("bind_bundle", |tx| {
            Box::pin(async move { bind(tx, ambient, bundle, call).await.map_err(Failure::from) })
        });
        let outgoing = outgoing.await?;
        outbox::publish(&deps.database, &deps.publisher, outgoing.as_slice()).await;
    }
    Ok((found.len(), unknown.len() - found.len()))
}

/// The provider took the bundle: its answer is the only thing that was lost. Unless the bundle has been settled meanwhile.
async fn bind(tx: &mut Tx<'_>, ambient: &Ambient, bundle: &Bundle, call: &TakenCall) -> Result<Option<Outgoing>, sqlx::Error> {
    if lock_unchanged(tx, bundle).await?.is_none() {
        return Ok(None);
    }
    let now = ambient.now();
    let sent_at = bundle.called_at.unwrap_or(now);
    bundles::mark_accepted(tx, bundle.clinic, bundle.id, &call.provider_id, now, now + FIRST_POLL).await?;
    let sent = messages::mark_sent(tx, bundle.id, sent_at).await?;
    hourly_counts::add(tx, bundle.clinic, bundle.campaign, sent_at, Delta { sent, ..Delta::default() }).await?;
    tracing::info!(event = "bundle.found", bundle.id = %bundle.id, sent, "the provider has the bundle");
    let fact = BundleAccepted::V1 { clinic_id: bundle.clinic, campaign_id: bundle.campaign, bundle_id: bundle.id };
    outbox::insert(tx, ambient, &fact).await.map(Some)
}

/// Locks the campaign and then the bundle, if that is still as it was listed: same state, same attempt.
async fn lock_unchanged(tx: &mut Tx<'_>, bundle: &Bundle) -> Result<Option<Campaign>, sqlx::Error> {
    let campaign = campaigns::lock(tx, bundle.clinic, bundle.campaign).await?;
    let locked = bundles::lock(tx, bundle.clinic, bundle.id).await?;
    let unchanged = locked.is_some_and(|locked| locked.state == bundle.state && locked.called_at == bundle.called_at);
    Ok(campaign.filter(|_| unchanged))
}
