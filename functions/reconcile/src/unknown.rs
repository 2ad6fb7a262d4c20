//! Bundles nobody has an answer for: found in the provider's history and bound to their calls, or proven not to be there and put
//! back, or left unknown.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use shared::aws::topics::{Outgoing, Publisher};
use shared::clock::Ambient;
use shared::db::bundles::settle::{self, Taken};
use shared::db::bundles::{Bundle, watch};
use shared::db::campaigns::{self, Campaign, progress, schedule};
use shared::db::hourly_counts::{self, Delta};
use shared::db::messages::{self, Message, results};
use shared::db::{Database, Tx, outbox};
use shared::failure::Failure;
use shared::message::{BundleAccepted, BundlePrepared};
use shared::model::link::TOKEN_LENGTH;
use shared::model::result::FIRST_POLL;
use shared::model::state::{BundleState, CampaignKind, CampaignState};
use shared::model::template::Button;
use shared::provider::{Provider, TakenCall};
use tokio::time::Instant;

use crate::absence::{Doubt, Marks};
use crate::look::{Conclusion, look};
use crate::{Deps, Parts};

/// What the provider's history does not show after this long it will not show.
const SEARCHED_FOR: TimeDelta = TimeDelta::days(3);
/// Bundles per run: their messages are held in memory.
const BUNDLES: u32 = 20;

/// What a run came to, in bundles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Settled {
    pub(crate) found: usize,
    pub(crate) absent: usize,
    pub(crate) unknown: usize,
}

/// An unknown bundle with what it is recognised by.
pub(crate) struct Wanted {
    pub(crate) bundle: Bundle,
    pub(crate) called_at: DateTime<Utc>,
    /// Whether its template has a link of ours.
    pub(crate) has_link: bool,
    pub(crate) messages: Vec<Message>,
    campaign: Campaign,
}

impl Wanted {
    /// What the messages are recognised by.
    pub(crate) fn marks(&self) -> Marks<'_> {
        let is_token = |message: &&Message| self.has_link && message.link.len() == TOKEN_LENGTH;
        Marks {
            tokens: self.messages.iter().filter(is_token).map(|message| message.link.as_str()).collect(),
            phones: self.messages.iter().map(|message| message.phone.e164()).collect(),
        }
    }
}

/// Looks for some unknown bundles, until the time is up, and settles those about which something is certain.
pub(crate) async fn settle<V: Provider, P: Publisher, Q>(deps: &Deps<V, P, Q>, until: Instant) -> Result<Settled, Failure> {
    let now = deps.ambient.now();
    let wanted = list(&deps.database, now, deps.absence_after).await?;
    let mut parts = Parts(None);
    let mut settled = Settled { unknown: wanted.len(), ..Settled::default() };
    let conclusions = if wanted.is_empty() { Ok(Vec::new()) } else { look(deps, &wanted, now, until).await };
    let conclusions = conclusions.unwrap_or_else(|failure| {
        // Nobody knows what was not read.
        parts.fail("look", failure);
        wanted.iter().map(|_| Conclusion::Open { doubt: None, absent_since: None }).collect()
    });
    let mut doubts: BTreeMap<Doubt, usize> = BTreeMap::new();
    for (wanted, conclusion) in wanted.iter().zip(&conclusions) {
        let outgoing = match conclusion {
            Conclusion::Found(call) => parts.run("bind", bind(deps, wanted, call).await).inspect(|_| settled.found += 1),
            Conclusion::Absent => parts.run("put_back", put_back(deps, wanted).await).inspect(|_| settled.absent += 1),
            Conclusion::Open { doubt, absent_since } => {
                if let Some(doubt) = doubt {
                    *doubts.entry(*doubt).or_default() += 1;
                }
                parts.run("note", note(deps, &wanted.bundle, *absent_since).await);
                None
            }
        };
        outbox::publish(&deps.database, &deps.publisher, outgoing.unwrap_or_default().as_slice()).await;
    }
    for (doubt, count) in doubts {
        tracing::info!(
            event = "absence.doubted",
            doubt = doubt.as_str(),
            count,
            "the history does not prove anything about bundles"
        );
    }
    settled.unknown -= settled.found + settled.absent;
    parts.0.map_or(Ok(settled), Err)
}

/// Some unknown bundles, those first about which a second look can say something.
async fn list(database: &Database, now: DateTime<Utc>, after: TimeDelta) -> Result<Vec<Wanted>, Failure> {
    let mut connection = database.acquire().await?;
    let mut wanted = Vec::new();
    for bundle in watch::list_unknown_since(&mut connection, now - SEARCHED_FOR, now - after, BUNDLES).await? {
        let campaign = campaigns::find(&mut connection, bundle.clinic, bundle.campaign).await?;
        let (Some(called_at), Some(campaign)) = (bundle.called_at, campaign) else { continue };
        let messages = messages::list_of_bundle(&mut connection, bundle.clinic, bundle.id).await?;
        let has_link = campaign.buttons.iter().any(Button::is_tracked);
        wanted.push(Wanted { bundle, called_at, has_link, messages, campaign });
    }
    Ok(wanted)
}

/// The provider took the bundle: its answer is the only thing that was lost. Unless the bundle has been settled meanwhile.
async fn bind<V, P, Q>(deps: &Deps<V, P, Q>, wanted: &Wanted, call: &TakenCall) -> Result<Option<Vec<Outgoing>>, Failure> {
    let (ambient, bundle) = (&deps.ambient, &wanted.bundle);
    let bound = deps.database.transaction::<_, Failure>("bind_bundle", |tx| {
        Box::pin(async move {
            let now = ambient.now();
            let taken = Taken {
                provider_id: &call.provider_id,
                count: call.messages.filter(|count| *count > 0),
                answered_at: now,
                poll_at: now + FIRST_POLL,
            };
            if !settle::accept(tx, bundle.attempt_in_hand(), &taken).await? {
                return Ok(None);
            }
            let sent = messages::mark_sent(tx, bundle.id, wanted.called_at).await?;
            if wanted.campaign.kind != CampaignKind::Test {
                let delta = Delta { sent, ..Delta::default() };
                hourly_counts::add(tx, bundle.clinic, bundle.campaign, wanted.called_at, delta).await?;
            }
            tracing::info!(event = "bundle.found", bundle.id = %bundle.id, sent, "the provider has the bundle");
            let fact = BundleAccepted::V1 { clinic_id: bundle.clinic, campaign_id: bundle.campaign, bundle_id: bundle.id };
            Ok(Some(vec![outbox::insert(tx, ambient, &fact).await?]))
        })
    });
    bound.await
}

/// Remembers what the look said, for the next one. Whoever looked at the same time may have been faster.
async fn note<V, P, Q>(deps: &Deps<V, P, Q>, bundle: &Bundle, absent_since: Option<DateTime<Utc>>) -> Result<(), Failure> {
    if absent_since == bundle.absent_since {
        return Ok(());
    }
    let mut connection = deps.database.acquire().await?;
    if watch::set_absent_since(&mut connection, bundle, absent_since).await? {
        let is_absent = absent_since.is_some();
        tracing::info!(event = "bundle.looked_for", bundle.id = %bundle.id, is_absent, "one look did not show it, or does not count any more");
    }
    Ok(())
}

/// The provider does not have the bundle: it waits once more, or goes the way of its campaign. What was certain when the history
/// was read is certain now only if nobody has touched the bundle since.
async fn put_back<V, P, Q>(deps: &Deps<V, P, Q>, wanted: &Wanted) -> Result<Option<Vec<Outgoing>>, Failure> {
    let (ambient, bundle) = (&deps.ambient, &wanted.bundle);
    let put_back = deps.database.transaction::<_, Failure>("put_bundle_back", |tx| {
        Box::pin(async move { put_back_locked(tx, ambient, bundle).await.map_err(Failure::from) })
    });
    put_back.await
}

async fn put_back_locked(tx: &mut Tx<'_>, ambient: &Ambient, bundle: &Bundle) -> Result<Option<Vec<Outgoing>>, sqlx::Error> {
    let now = ambient.now();
    let Some(campaign) = campaigns::lock(tx, bundle.clinic, bundle.campaign).await? else { return Ok(None) };
    let is_over = matches!(campaign.state, CampaignState::Canceled | CampaignState::Failed);
    let state = if is_over { BundleState::Rejected } else { BundleState::Prepared };
    if !watch::mark_absent(tx, bundle, state, now).await? {
        return Ok(None);
    }
    let count = if is_over {
        results::mark_excluded(tx, bundle.id, progress::excluded_because(campaign.state), now).await?
    } else {
        results::mark_queued(tx, bundle.id).await?
    };
    tracing::warn!(event = "bundle.absent", bundle.id = %bundle.id, %state, count, "the provider does not have the bundle");
    if campaign.state == CampaignState::Finished {
        schedule::reopen(tx, campaign.clinic, campaign.id).await?;
    }
    if !matches!(campaign.state, CampaignState::Finished | CampaignState::Sending) {
        return Ok(Some(Vec::new()));
    }
    let fact = BundlePrepared::V1 { clinic_id: bundle.clinic, campaign_id: bundle.campaign, bundle_id: bundle.id };
    Ok(Some(vec![outbox::insert(tx, ambient, &fact).await?]))
}
