//! Results that are due: their bundles are sent to the queue of collect-results.

use chrono::TimeDelta;
use shared::db::bundles::watch;
use shared::failure::Failure;
use shared::message::ResultsAwaited;

use crate::{Deps, ResultsQueue};

/// Results that were asked for are not due again for this long: collect-results says more precisely when, once it is done.
const LEASE: TimeDelta = TimeDelta::minutes(10);
/// Bundles per run; the next run takes more.
const BUNDLES: u32 = 500;

/// Asks for what is due. The lease is committed before anything is sent: whatever gets lost then is due again later, while two
/// runs never ask twice.
pub(crate) async fn ask<V, P, Q: ResultsQueue>(deps: &Deps<V, P, Q>) -> Result<usize, Failure> {
    let now = deps.ambient.now();
    let leased = deps.database.transaction::<_, sqlx::Error>("lease_due_results", |tx| {
        Box::pin(async move {
            let due = watch::lock_due(tx, now, BUNDLES).await?;
            watch::postpone(tx, &due, now + LEASE).await?;
            Ok(due)
        })
    });
    let due: Vec<_> = leased
        .await?
        .iter()
        .map(|bundle| ResultsAwaited::DueV1 { clinic_id: bundle.clinic, campaign_id: bundle.campaign, bundle_id: bundle.id })
        .collect();
    let refused = deps.results.send(&due).await;
    if refused > 0 {
        return Err(Failure::retry(format!("{refused} of {} bundles could not be sent to the queue", due.len())));
    }
    Ok(due.len())
}
