//! Results that are due: their bundles are sent to the queue of collect-results.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use shared::db::bundles::{Bundle, watch};
use shared::failure::Failure;
use shared::message::ResultsAwaited;
use tokio::time::{Instant, timeout_at};

use crate::{Deps, ResultsQueue};

/// Results that were asked for are not due again for this long: collect-results says more precisely when, once it is done.
const LEASE: TimeDelta = TimeDelta::minutes(10);
/// Bundles that are leased and sent together: whatever is not sent in time is late by a lease.
const SLICE: u32 = 50;
/// Bundles per run; the next run takes more.
const BUNDLES: usize = 500;

/// Asks for what is due, slice by slice, until the time is up.
pub(crate) async fn ask<V, P, Q: ResultsQueue>(deps: &Deps<V, P, Q>, within: Duration) -> Result<usize, Failure> {
    let (now, until) = (deps.ambient.now(), Instant::now() + within);
    let mut asked = 0;
    while asked < BUNDLES && Instant::now() < until {
        let due: Vec<_> = lease(deps, now).await?.iter().map(message).collect();
        if due.is_empty() {
            break;
        }
        let refused = timeout_at(until, deps.results.send(&due)).await;
        match refused {
            Ok(0) => asked += due.len(),
            Ok(refused) => {
                return Err(Failure::retry(format!("{refused} of {} bundles could not be sent to the queue", due.len())));
            }
            Err(_) => return Err(Failure::retry(format!("the queue did not take {} bundles in time", due.len()))),
        }
    }
    Ok(asked)
}

/// The lease is committed before anything is sent: whatever gets lost then is due again later, while two runs never ask twice.
async fn lease<V, P, Q>(deps: &Deps<V, P, Q>, now: DateTime<Utc>) -> Result<Vec<Bundle>, sqlx::Error> {
    let leased = deps.database.transaction::<_, sqlx::Error>("lease_due_results", |tx| {
        Box::pin(async move {
            let due = watch::lock_due(tx, now, SLICE).await?;
            watch::postpone(tx, &due, now + LEASE).await?;
            Ok(due)
        })
    });
    leased.await
}

fn message(bundle: &Bundle) -> ResultsAwaited {
    ResultsAwaited::DueV1 {
        clinic_id: bundle.clinic,
        campaign_id: bundle.campaign,
        bundle_id: bundle.id,
        polls: Some(bundle.polls),
    }
}

#[cfg(test)]
mod tests;
