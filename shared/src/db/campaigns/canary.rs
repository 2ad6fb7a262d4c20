//! The first bundle of a campaign, and what follows from it for the others: for collect-results, as soon as there are results, and
//! for reconcile, when there are none.

use sqlx::MySqlConnection;

use super::{progress, schedule};
use crate::aws::topics::Outgoing;
use crate::clock::Ambient;
use crate::db::bundles::watch;
use crate::db::messages::results::{self, Alike};
use crate::db::outbox;
use crate::message::BundlePrepared;
use crate::model::canary::{self, Look, Verdict};
use crate::model::result::Reason;
use crate::model::state::{CampaignState, MessageState};
use crate::model::{CampaignId, ClinicId};

/// What became of a campaign that waited for its first bundle.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Settled {
    /// It goes on waiting, or has nothing to wait for.
    #[default]
    Waiting,
    /// The others may go, and deliver-bundle is to be told so.
    Released(Vec<Outgoing>),
    /// The others wait for somebody to look.
    Paused,
    /// The others stay for good.
    Stopped,
}

/// Releases the other bundles of a campaign, or stops it, or neither. Locks the campaign.
///
/// # Errors
/// When the database refuses.
pub async fn settle(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    id: CampaignId,
) -> Result<Settled, sqlx::Error> {
    let Some(campaign) = super::lock(connection, clinic, id).await? else { return Ok(Settled::Waiting) };
    if campaign.released_at.is_some() || !matches!(campaign.state, CampaignState::Sending | CampaignState::Paused) {
        return Ok(Settled::Waiting);
    }
    let Some(bundle) = watch::find_canary(connection, clinic, id).await? else { return Ok(Settled::Waiting) };
    let messages = results::list_alike(connection, clinic, bundle.id).await?;
    let is_result = |alike: &Alike| match alike.state {
        MessageState::Delivered | MessageState::Failed => true,
        MessageState::Unknown => alike.has_ended,
        MessageState::Queued | MessageState::Sent | MessageState::Excluded => false,
    };
    let look = Look {
        state: bundle.state,
        called_at: bundle.called_at,
        answered_at: bundle.answered_at,
        resumed_at: campaign.resumed_at,
        stop: stop_reason(&messages),
        has_result: messages.iter().any(is_result),
        has_open: messages.iter().any(|alike| alike.state == MessageState::Sent),
    };
    let now = ambient.now();
    match canary::judge(&look, now) {
        Verdict::Wait => Ok(Settled::Waiting),
        Verdict::Stop(reason) => {
            stop(connection, ambient, clinic, id, reason).await?;
            Ok(Settled::Stopped)
        }
        Verdict::Pause => pause(connection, clinic, id).await,
        Verdict::Release if !schedule::release(connection, clinic, id, now).await? => Ok(Settled::Waiting),
        Verdict::Release => {
            tracing::info!(event = "campaign.released", campaign.id = %id, "its other bundles may go");
            let others = match campaign.state {
                CampaignState::Sending => watch::list_prepared(connection, clinic, id).await?,
                _ => Vec::new(),
            };
            let fact = |bundle_id| BundlePrepared::V1 { clinic_id: clinic, campaign_id: id, bundle_id };
            let facts: Vec<_> = others.into_iter().map(fact).collect();
            Ok(Settled::Released(outbox::insert_all(connection, ambient, &facts).await?))
        }
    }
}

/// The provider refused the first bundle: if others wait, somebody is asked before they go, also when the campaign is paused for
/// another reason. Whoever lets it go on has read this one.
async fn pause(connection: &mut MySqlConnection, clinic: ClinicId, id: CampaignId) -> Result<Settled, sqlx::Error> {
    if watch::list_prepared(connection, clinic, id).await?.is_empty() {
        return Ok(Settled::Waiting);
    }
    let reason = Reason::CanaryRefused;
    if !progress::pause_for(connection, clinic, id, reason).await?
        && !schedule::pause_instead(connection, clinic, id, reason).await?
    {
        return Ok(Settled::Waiting);
    }
    tracing::warn!(event = "campaign.paused", campaign.id = %id, reason = reason.as_str(), "paused");
    Ok(Settled::Paused)
}

/// The reason to stop that messages show, if there is one.
#[must_use]
pub fn stop_reason(messages: &[Alike]) -> Option<Reason> {
    canary::stop_reason(messages.iter().map(|alike| (alike.state, alike.reason)))
}

/// The set-up is wrong: what has not been handed over yet would fail in the same way, and cost money. A campaign that has come to an
/// end stays as it is. Locks the campaign; answers whether this stopped it.
///
/// # Errors
/// When the database refuses.
pub async fn stop(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    id: CampaignId,
    reason: Reason,
) -> Result<bool, sqlx::Error> {
    let Some(campaign) = super::lock(connection, clinic, id).await? else { return Ok(false) };
    let is_over = matches!(campaign.state, CampaignState::Finished | CampaignState::Canceled | CampaignState::Failed);
    if is_over {
        return Ok(false);
    }
    let excluded = progress::end(connection, &campaign, CampaignState::Failed, reason, ambient.now()).await?;
    tracing::warn!(event = "campaign.stopped", campaign.id = %id, reason = reason.as_str(), excluded, "campaign stopped");
    Ok(true)
}
