//! Triggered by a schedule, each minute.
//! Responsible for what does not come by itself: campaigns whose time has come or whose work got lost, bundles nobody answered for,
//! results that are due, imports that are stuck, numbers that are not what their rows say.

mod absence;
mod campaigns;
mod canaries;
mod counts;
mod due;
mod history;
mod imports;
mod lapse;
mod look;
mod search;
mod unknown;
mod wake;

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use chrono::TimeDelta;
use serde::Serialize;
use shared::aws::queues::Queue;
use shared::aws::topics::Publisher;
use shared::clock::Ambient;
use shared::db::Database;
use shared::failure::Failure;
use shared::message::ResultsAwaited;
use shared::provider::Provider;
use tokio::time::Instant;

use crate::lapse::CALL_LIMIT;

/// How long a part of a run begins something new; the next run goes on. All together, and what is begun at the last moment, stay
/// below the 55 s that the function may run for.
const PART: Duration = Duration::from_secs(3);
/// The same for the part that sends messages for results that are due.
const ASKING: Duration = Duration::from_secs(8);
/// The same for the part that asks the provider. It leaves time for the last one.
const SEARCH: Duration = Duration::from_secs(25);
/// When that part stops at the latest, from the beginning of the run.
const RUN: Duration = Duration::from_secs(45);
/// When the last part, which counts anew, begins its last statement at the latest. The database gives that one 20 s.
const COUNTING: Duration = Duration::from_secs(34);

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
    /// How long after a call, and after the first look that did not show it, the provider's history counts as complete.
    pub absence_after: TimeDelta,
}

/// The setting `ABSENCE_AFTER_MINUTES`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AbsenceAfter(TimeDelta);

/// It would be over before the call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a number of minutes from {LEAST_MINUTES} to {MOST_MINUTES}")]
pub struct NoAbsenceAfter;

/// Before that nobody even knows that a call has no answer.
const LEAST_MINUTES: i64 = CALL_LIMIT.num_minutes();
/// A day: by then somebody looks.
const MOST_MINUTES: i64 = 24 * 60;

impl AbsenceAfter {
    /// As a span of time.
    #[must_use]
    pub const fn span(self) -> TimeDelta {
        self.0
    }
}

impl Default for AbsenceAfter {
    fn default() -> Self {
        Self(TimeDelta::minutes(15))
    }
}

impl FromStr for AbsenceAfter {
    type Err = NoAbsenceAfter;

    fn from_str(text: &str) -> Result<Self, NoAbsenceAfter> {
        let minutes = text.parse().ok().filter(|minutes| (LEAST_MINUTES..=MOST_MINUTES).contains(minutes));
        minutes.map(|minutes| Self(TimeDelta::minutes(minutes))).ok_or(NoAbsenceAfter)
    }
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

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Bundles whose call has no answer became unknown.
    pub lapsed: usize,
    /// Scheduled campaigns began.
    pub begun: usize,
    /// Scheduled campaigns that are so late that somebody has to say whether they still should begin.
    pub stale: usize,
    /// Campaigns that nobody was preparing were requested again.
    pub requested: usize,
    /// Campaigns whose other bundles may go since their first one came back well, or not at all.
    pub released: usize,
    /// Campaigns whose first bundle the provider refused, so that somebody has to say whether the others still should go.
    pub paused: usize,
    /// Campaigns whose first bundle showed that the set-up is wrong.
    pub stopped: usize,
    /// Campaigns that were over without anybody having said so.
    pub finished: usize,
    /// Bundles for which deliver-bundle was woken.
    pub woken: usize,
    /// Bundles whose results were asked for.
    pub due: usize,
    /// Unknown bundles that were found in the provider's history.
    pub found: usize,
    /// Unknown bundles that are proven not to be in it, and were put back.
    pub absent: usize,
    /// Unknown bundles that were looked for and stay so.
    pub unknown: usize,
    /// Imports whose file could not be read to its end failed.
    pub imports_failed: usize,
    /// Imports that nobody was committing or undoing were announced again.
    pub imports_announced: usize,
    /// Imports whose file never came were deleted.
    pub imports_deleted: usize,
    /// Imports whose rows were deleted because of their age.
    pub imports_expired: usize,
    /// Numbers that were found not to be what their rows say, and rows that contradict each other.
    pub counts_differ: usize,
    /// Those of them that were made good.
    pub counts_mended: usize,
    /// Those that cannot be made good here, with those that were found before.
    pub counts_standing: usize,
}

/// Settles what does not come by itself. The parts do not wait for each other: one that fails, or has more to do than a run has time
/// for, does not keep the others from their work.
///
/// # Errors
/// When a part failed; the next run tries it again.
pub async fn handle<V: Provider, P: Publisher, Q: ResultsQueue>(deps: &Deps<V, P, Q>) -> Result<Summary, Failure> {
    let begun = Instant::now();
    let mut summary = Summary::default();
    let mut parts = Parts(None);
    summary.lapsed = parts.run("lapse", lapse::lapse(deps).await);
    summary.requested = parts.run("request", campaigns::request_again(deps).await);
    (summary.begun, summary.stale) = parts.run("begin", campaigns::begin(deps).await);
    (summary.released, summary.paused, summary.stopped) = parts.run("release", canaries::settle(deps).await);
    summary.finished = parts.run("finish", campaigns::finish(deps).await);
    summary.woken = parts.run("wake", wake::wake(deps).await);
    summary.due = parts.run("due", due::ask(deps, ASKING).await);
    summary.imports_failed = parts.run("fail_imports", imports::fail(deps).await);
    summary.imports_announced = parts.run("announce_imports", imports::announce(deps).await);
    summary.imports_deleted = parts.run("delete_imports", imports::delete(deps).await);
    summary.imports_expired = parts.run("expire_imports", imports::expire(deps).await);
    let until = (Instant::now() + SEARCH).min(begun + RUN);
    let settled = parts.run("find", unknown::settle(deps, until).await);
    (summary.found, summary.absent, summary.unknown) = (settled.found, settled.absent, settled.unknown);
    // What takes long and is not urgent comes last, and gets what is left of the run.
    let checked = parts.run("count", counts::check(&deps.database, deps.ambient.now(), begun + COUNTING).await);
    (summary.counts_differ, summary.counts_mended, summary.counts_standing) =
        (checked.differ, checked.mended, checked.standing);
    tracing::info!(event = "bundles.reconciled", ?summary, "reconciled");
    parts.0.map_or(Ok(summary), Err)
}

/// Keeps the first failure and goes on.
struct Parts(Option<Failure>);

impl Parts {
    fn run<T: Default>(&mut self, part: &'static str, outcome: Result<T, Failure>) -> T {
        outcome.unwrap_or_else(|failure| {
            self.fail(part, failure);
            T::default()
        })
    }

    fn fail(&mut self, part: &'static str, failure: Failure) {
        log_failure(part, &failure);
        self.0.get_or_insert(failure);
    }
}

fn log_failure(part: &'static str, failure: &dyn Display) {
    tracing::warn!(event = "reconcile.part_failed", part, error = %failure, "a part of the run failed");
}

/// The items of a part, for as long as it may begin with another.
fn in_time<T>(items: impl IntoIterator<Item = T>) -> impl Iterator<Item = T> {
    let until = Instant::now() + PART;
    items.into_iter().take_while(move |_| Instant::now() < until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_is_trusted_neither_before_a_call_is_given_up_nor_after_a_day() {
        let minutes = |text: &str| text.parse::<AbsenceAfter>().ok().map(|after| after.span().num_minutes());
        assert_eq!(AbsenceAfter::default().span().num_minutes(), 15);
        assert_eq!(["5", "15", "1440"].map(minutes), [Some(5), Some(15), Some(1440)]);
        assert_eq!(["4", "0", "-15", "1441", "", "15m"].map(minutes), [None; 6]);
    }
}
