//! Campaigns by the clock: those that are scheduled begin, those whose work got lost are requested again, those that are over are
//! finished.

use chrono::{DateTime, TimeDelta, Utc};
use shared::aws::topics::{Outgoing, Publisher};
use shared::clock::Ambient;
use shared::db::campaigns::progress::{finish_if_done, pause_for};
use shared::db::campaigns::schedule::{self, Due};
use shared::db::{Tx, outbox};
use shared::failure::Failure;
use shared::message::CampaignRequested;
use shared::model::quiet;
use shared::model::result::Reason;

use crate::{Deps, Parts, in_time};

/// Campaigns per run and kind; the next run takes more.
const CAMPAIGNS: u32 = 100;
/// Preparing 100,000 messages takes about a minute. Who is not done by then is asked again, and once more each time as many minutes
/// are over.
const PREPARING_LIMIT: u32 = 15;
/// From 20:59 to 08:00.
const NIGHT: TimeDelta = TimeDelta::minutes(11 * 60 + 1);

/// Advertising that was due from this moment on is held back.
fn held_back_since(now: DateTime<Utc>) -> DateTime<Utc> {
    let morning = quiet::first_after(now);
    if morning == now { now + TimeDelta::minutes(1) } else { morning - NIGHT }
}

/// Begins the campaigns whose time has come, and pauses those that are too late; answers how many of both.
pub(crate) async fn begin<V, P: Publisher, Q>(deps: &Deps<V, P, Q>) -> Result<(usize, usize), Failure> {
    let ambient = &deps.ambient;
    let now = ambient.now();
    let due = schedule::list_due(&mut *deps.database.acquire().await?, now, held_back_since(now), CAMPAIGNS).await?;
    let mut parts = Parts(None);
    let (mut begun, mut stale) = (0, 0);
    for due in in_time(&due) {
        let done = deps.database.transaction::<_, Failure>("begin_campaign", |tx| {
            Box::pin(async move { begin_or_ask(tx, ambient, due, now).await.map_err(Failure::from) })
        });
        match parts.run("begin_campaign", done.await) {
            Some(Begun::Requested(outgoing)) => {
                tracing::info!(event = "campaign.begun", campaign.id = %due.id, "its time has come");
                outbox::publish(&deps.database, &deps.publisher, &[outgoing]).await;
                begun += 1;
            }
            Some(Begun::Stale) => {
                tracing::warn!(event = "campaign.stale", campaign.id = %due.id, "it is too late to begin without being asked");
                stale += 1;
            }
            None => {}
        }
    }
    parts.0.map_or(Ok((begun, stale)), Err)
}

enum Begun {
    Requested(Outgoing),
    Stale,
}

async fn begin_or_ask(tx: &mut Tx<'_>, ambient: &Ambient, due: &Due, now: DateTime<Utc>) -> Result<Option<Begun>, sqlx::Error> {
    if due.is_stale(now) {
        let is_paused = schedule::lock_due(tx, due).await? && pause_for(tx, due.clinic, due.id, Reason::Stale).await?;
        return Ok(is_paused.then_some(Begun::Stale));
    }
    if !schedule::begin(tx, due, now).await? {
        return Ok(None);
    }
    let fact = CampaignRequested::V1 { clinic_id: due.clinic, campaign_id: due.id };
    outbox::insert(tx, ambient, &fact).await.map(|outgoing| Some(Begun::Requested(outgoing)))
}

/// Campaigns whose preparation does not come to its end: what is published once more makes somebody go on where it stopped.
pub(crate) async fn request_again<V, P: Publisher, Q>(deps: &Deps<V, P, Q>) -> Result<usize, Failure> {
    let ambient = &deps.ambient;
    let stuck = schedule::list_stuck(&mut *deps.database.acquire().await?, ambient.now(), PREPARING_LIMIT, CAMPAIGNS).await?;
    let mut parts = Parts(None);
    let mut requested = 0;
    for stuck in in_time(&stuck) {
        let outgoing = deps.database.transaction::<_, Failure>("request_campaign", |tx| {
            Box::pin(async move {
                let fact = CampaignRequested::V1 { clinic_id: stuck.clinic, campaign_id: stuck.id };
                Ok(Some(outbox::insert(tx, ambient, &fact).await?))
            })
        });
        if let Some(outgoing) = parts.run("request_campaign", outgoing.await) {
            tracing::warn!(event = "campaign.requested_again", campaign.id = %stuck.id, "its preparation does not come to its end");
            outbox::publish(&deps.database, &deps.publisher, &[outgoing]).await;
            requested += 1;
        }
    }
    parts.0.map_or(Ok(requested), Err)
}

/// Campaigns whose last bundle has its answer, and whose worker died before it could say so.
pub(crate) async fn finish<V, P, Q>(deps: &Deps<V, P, Q>) -> Result<usize, Failure> {
    let ambient = &deps.ambient;
    let over = schedule::list_done(&mut *deps.database.acquire().await?, CAMPAIGNS).await?;
    let mut parts = Parts(None);
    let mut finished = 0;
    for over in in_time(&over) {
        let done = deps.database.transaction::<_, Failure>("finish_campaign", |tx| {
            Box::pin(async move { Ok(finish_if_done(tx, over.clinic, over.id, ambient.now()).await?) })
        });
        if parts.run("finish_campaign", done.await) {
            tracing::info!(event = "campaign.finished", campaign.id = %over.id, "no bundle waits for its call or its answer");
            finished += 1;
        }
    }
    parts.0.map_or(Ok(finished), Err)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn advertising_is_held_back_exactly_until_it_begins(now in 0_i64..4 * 86_400, ago in 0_i64..3 * 86_400) {
            let now = DateTime::UNIX_EPOCH + TimeDelta::seconds(now);
            let scheduled_at = now - TimeDelta::seconds(ago);
            let is_listed = scheduled_at < held_back_since(now);
            prop_assert_eq!(is_listed, quiet::first_after(scheduled_at) <= now);
        }
    }
}
