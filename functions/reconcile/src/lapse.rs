//! Calls whose caller died between intent and answer.

use chrono::TimeDelta;
use shared::db::bundles::{settle, watch};
use shared::db::messages;
use shared::failure::Failure;
use shared::model::result::Reason;

use crate::{Deps, Parts, in_time};

/// Whoever handed a bundle over this long ago is not at it any more: deliver-bundle may run for 60 s.
pub(crate) const CALL_LIMIT: TimeDelta = TimeDelta::minutes(5);
/// Bundles per run; the next run takes more.
const BUNDLES: u32 = 100;

/// Nobody knows what became of them: they are unknown from now on. Whoever comes with an answer after all has the same attempt, and
/// is believed if the provider took the bundle.
pub(crate) async fn lapse<V, P, Q>(deps: &Deps<V, P, Q>) -> Result<usize, Failure> {
    let before = deps.ambient.now() - CALL_LIMIT;
    let stale = watch::list_calling_before(&mut *deps.database.acquire().await?, before, BUNDLES).await?;
    let mut parts = Parts(None);
    let mut lapsed = 0;
    for bundle in in_time(&stale) {
        let done = deps.database.transaction::<_, Failure>("lapse_bundle", |tx| {
            Box::pin(async move {
                let is_lost = settle::lose(tx, bundle.attempt_in_hand(), "nobody stored an answer").await?;
                if is_lost {
                    messages::mark_unknown(tx, bundle.id, Reason::NoAnswer.as_str()).await?;
                }
                Ok(is_lost)
            })
        });
        if parts.run("lapse_bundle", done.await) {
            tracing::warn!(event = "bundle.lapsed", bundle.id = %bundle.id, "a call has no answer");
            lapsed += 1;
        }
    }
    parts.0.map_or(Ok(lapsed), Err)
}
