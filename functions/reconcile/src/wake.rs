//! Bundles that could be handed over, and nobody may be at it: their wake-up got lost, or their time has come.

use chrono::TimeDelta;
use shared::aws::topics::{Outgoing, Publisher};
use shared::db::bundles::watch;
use shared::db::provider_gate;
use shared::failure::Failure;
use shared::message::{BundlePrepared, Fact};
use shared::model::id::OutboxId;
use shared::model::quiet;

use crate::Deps;

/// Wake-ups per run. Each wakes a worker who goes on until nothing is left.
const BUNDLES: u32 = 50;
/// A worker waits so long for the gate to open; so the first try is not put off until the next run.
const WORTH_WAITING: TimeDelta = TimeDelta::seconds(30);

/// Wakes deliver-bundle, unless nobody may call the provider. A wake-up that is lost is repeated by the next run, so it does not go
/// through the outbox.
pub(crate) async fn wake<V, P: Publisher, Q>(deps: &Deps<V, P, Q>) -> Result<usize, Failure> {
    let ambient = &deps.ambient;
    let now = ambient.now();
    let waiting = {
        let mut connection = deps.database.acquire().await?;
        if provider_gate::find(&mut connection).await?.closed_at(now + WORTH_WAITING).is_some() {
            return Ok(0);
        }
        watch::list_claimable(&mut connection, now, quiet::is_quiet(now), BUNDLES).await?
    };
    if waiting.is_empty() {
        return Ok(0);
    }
    let mut outgoing = Vec::with_capacity(waiting.len());
    for waiting in waiting {
        let fact = BundlePrepared::V1 { clinic_id: waiting.clinic, campaign_id: waiting.campaign, bundle_id: waiting.bundle };
        let body = serde_json::to_string(&fact).map_err(Failure::reject)?;
        outgoing.push(Outgoing { id: OutboxId::new(ambient), topic: BundlePrepared::TOPIC, body });
    }
    Ok(deps.publisher.publish(&outgoing).await.len())
}
