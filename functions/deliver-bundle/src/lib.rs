//! Triggered by `BundlePrepared` on the queue of this function.
//! Responsible for handing a bundle to the provider once and storing what came of it; what may have arrived is never sent again.

use std::collections::BTreeMap;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use chrono::{DateTime, TimeDelta, Utc};
use shared::aws::topics::{Outgoing, Publisher};
use shared::batch::{self, BatchFailed, DeadLetters};
use shared::clock::Ambient;
use shared::db::campaigns::{self, Campaign};
use shared::db::hourly_counts::{self, Delta};
use shared::db::messages::{self, End, Message};
use shared::db::{Database, bundles, outbox};
use shared::failure::Failure;
use shared::message::{BundleAccepted, BundlePrepared};
use shared::model::result::{FIRST_POLL, Reason};
use shared::model::state::{BundleState, CampaignState, MessageState};
use shared::model::template::LINK_VARIABLE;
use shared::model::{BundleId, ClinicId};
use shared::provider::{Call, Provider, Recipient, SendOutcome};
use sqlx::MySqlConnection;

/// An attempt that is older than this was frozen on the way to the provider, and no longer has the bundle to itself.
const FRESH: TimeDelta = TimeDelta::seconds(60);

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
}

/// Hands over the bundles of a batch, one by one.
///
/// # Errors
/// When none of them could be worked off.
pub async fn handle<V: Provider, P: Publisher, D: DeadLetters>(
    deps: &Deps<V, P, D>,
    event: SqsEvent,
) -> Result<SqsBatchResponse, BatchFailed> {
    batch::each(event, &deps.dead_letters, async |prepared: &BundlePrepared| deliver(deps, prepared).await).await
}

/// The intent is committed before the call and the answer after it. Who dies in between leaves the bundle `calling`, and no
/// delivery of the message touches it again: reconcile finds out what became of it.
async fn deliver<V: Provider, P: Publisher, D>(deps: &Deps<V, P, D>, prepared: &BundlePrepared) -> Result<(), Failure> {
    let BundlePrepared::V1 { clinic_id, bundle_id, .. } = prepared;
    let Some(attempt) = begin(deps, *clinic_id, *bundle_id).await? else { return Ok(()) };
    let Some(outcome) = attempt.carry_out(&deps.provider, &deps.ambient).await else { return Ok(()) };
    let outgoing = settle(deps, &attempt, &outcome).await?;
    outbox::publish(&deps.database, &deps.publisher, &outgoing).await;
    match outcome {
        Outcome::Answered(SendOutcome::NotSent { why }) => Err(Failure::retry(format!("the provider was not reached: {why}"))),
        _ => Ok(()),
    }
}

/// A bundle that this invocation, and no other, hands over.
struct Attempt {
    campaign: Campaign,
    bundle: BundleId,
    messages: Vec<Message>,
    /// Tells this attempt from others of the same bundle.
    called_at: DateTime<Utc>,
}

/// What came of an attempt.
enum Outcome {
    /// The provider was called.
    Answered(SendOutcome),
    /// It was not, because nothing good could have come of it.
    Withheld(Reason),
}

/// First transaction: `prepared` becomes `calling`. In every other state there is nothing to do.
async fn begin<V, P, D>(deps: &Deps<V, P, D>, clinic: ClinicId, bundle: BundleId) -> Result<Option<Attempt>, Failure> {
    let called_at = deps.ambient.now();
    let begun = deps.database.transaction::<_, Failure>("begin_delivery", |tx| {
        Box::pin(async move {
            let missing = || Failure::reject("there is no such bundle");
            let bundle = bundles::lock(tx, clinic, bundle).await?.ok_or_else(missing)?;
            if bundle.state != BundleState::Prepared {
                tracing::info!(event = "bundle.known", bundle.id = %bundle.id, state = %bundle.state, "bundle was taken before");
                return Ok(None);
            }
            let campaign = campaigns::find(tx, clinic, bundle.campaign).await?.ok_or_else(missing)?;
            let messages = messages::list_of_bundle(tx, clinic, bundle.id).await?;
            bundles::mark_calling(tx, clinic, bundle.id, called_at).await?;
            Ok(Some(Attempt { campaign, bundle: bundle.id, messages, called_at }))
        })
    });
    begun.await
}

impl Attempt {
    /// The call, outside of any transaction. `None` when it is too late for it: the bundle stays `calling`.
    async fn carry_out(&self, provider: &impl Provider, ambient: &Ambient) -> Option<Outcome> {
        if self.campaign.state == CampaignState::Failed {
            return Some(Outcome::Withheld(Reason::CampaignStopped));
        }
        let Some(call) = self.call() else { return Some(Outcome::Withheld(Reason::NotRenderable)) };
        if ambient.now() - self.called_at > FRESH {
            tracing::warn!(event = "bundle.overdue", bundle.id = %self.bundle, "the worker was frozen; the bundle is not handed over");
            return None;
        }
        Some(Outcome::Answered(provider.send(&call).await))
    }

    /// What is handed over: everybody who waits, each with a link of their own. `None` when that cannot be written.
    fn call(&self) -> Option<Call<'_>> {
        let waiting = self.messages.iter().filter(|message| message.state == MessageState::Queued);
        let recipients = waiting
            .map(|message| {
                let values = BTreeMap::from([(LINK_VARIABLE.to_owned(), message.link.clone())]);
                let buttons = self.campaign.buttons.iter().map(|button| button.rendered(&values));
                let buttons = buttons.collect::<Result<Vec<_>, _>>().ok()?;
                let title = &self.campaign.emphasis_title;
                Some(Recipient { phone: &message.phone, text: &message.body, title, buttons })
            })
            .collect::<Option<Vec<_>>>()?;
        (!recipients.is_empty()).then_some(Call {
            sender_key: &self.campaign.sender_key,
            sender_phone: &self.campaign.sender_phone,
            template_code: &self.campaign.template_code,
            recipients,
        })
    }
}

/// Second transaction: the answer, the states of the messages, the counts and the fact belong together.
async fn settle<V, P, D>(deps: &Deps<V, P, D>, attempt: &Attempt, outcome: &Outcome) -> Result<Vec<Outgoing>, Failure> {
    let ambient = &deps.ambient;
    let settled = deps.database.transaction::<_, Failure>("settle_delivery", |tx| {
        Box::pin(async move {
            let missing = || Failure::reject("the bundle is gone");
            let campaign = campaigns::lock(tx, attempt.campaign.clinic, attempt.campaign.id).await?.ok_or_else(missing)?;
            let bundle = bundles::lock(tx, campaign.clinic, attempt.bundle).await?.ok_or_else(missing)?;
            // After a long freeze reconcile may have made the bundle unknown, and settled it. What is unknown is never put back.
            let is_open = match bundle.state {
                BundleState::Calling => true,
                BundleState::Unknown => !matches!(outcome, Outcome::Answered(SendOutcome::NotSent { .. })),
                _ => false,
            };
            if !is_open || bundle.called_at != Some(attempt.called_at) {
                tracing::warn!(event = "bundle.settled_before", bundle.id = %bundle.id, state = %bundle.state, "answer came too late");
                return Ok(Vec::new());
            }
            let outgoing = store(tx, ambient, &campaign, attempt.bundle, outcome).await?;
            campaigns::finish_if_answered(tx, &campaign).await?;
            Ok(outgoing)
        })
    });
    settled.await
}

async fn store(
    tx: &mut MySqlConnection,
    ambient: &Ambient,
    campaign: &Campaign,
    bundle: BundleId,
    outcome: &Outcome,
) -> Result<Vec<Outgoing>, sqlx::Error> {
    let (clinic, now) = (campaign.clinic, ambient.now());
    match outcome {
        Outcome::Answered(SendOutcome::Accepted { provider_id, accepted, refused }) => {
            bundles::mark_accepted(tx, clinic, bundle, provider_id, now, now + FIRST_POLL).await?;
            let sent = messages::mark_sent(tx, bundle, now).await?;
            hourly_counts::add(tx, clinic, campaign.id, now, Delta { sent, ..Delta::default() }).await?;
            tracing::info!(event = "bundle.accepted", bundle.id = %bundle, sent, accepted, refused, "the provider took the bundle");
            let fact = BundleAccepted::V1 { clinic_id: clinic, campaign_id: campaign.id, bundle_id: bundle };
            return Ok(vec![outbox::insert(tx, ambient, &fact).await?]);
        }
        Outcome::Answered(SendOutcome::Rejected { code, message }) => {
            tracing::warn!(event = "bundle.rejected", bundle.id = %bundle, code, answer = message, "the provider refused the bundle");
            let reason = Reason::RejectedByProvider;
            refuse(tx, campaign, bundle, now, Some((*code, message)), reason).await?;
        }
        Outcome::Withheld(reason) => {
            tracing::warn!(event = "bundle.withheld", bundle.id = %bundle, reason = reason.as_str(), "bundle not handed over");
            refuse(tx, campaign, bundle, now, None, *reason).await?;
        }
        Outcome::Answered(SendOutcome::NotSent { .. }) => {
            bundles::mark_prepared(tx, clinic, bundle, now).await?;
        }
        Outcome::Answered(SendOutcome::Unknown { why }) => {
            tracing::warn!(event = "bundle.unknown", bundle.id = %bundle, why, "nobody knows whether the provider has the bundle");
            bundles::mark_unknown(tx, clinic, bundle, why).await?;
            messages::mark_unknown(tx, bundle, Reason::NoAnswer.as_str()).await?;
        }
    }
    Ok(Vec::new())
}

/// Nothing of the bundle will be sent.
async fn refuse(
    tx: &mut MySqlConnection,
    campaign: &Campaign,
    bundle: BundleId,
    now: DateTime<Utc>,
    answer: Option<(i32, &String)>,
    reason: Reason,
) -> Result<(), sqlx::Error> {
    let words = answer.map_or(reason.as_str(), |(_, message)| message);
    bundles::mark_rejected(tx, campaign.clinic, bundle, answer.map(|(code, _)| code), words, now).await?;
    let end = End::failed(reason, answer.map(|(code, message)| (code.to_string(), message.clone())));
    let failed = messages::mark_not_sent(tx, bundle, &end, now).await?;
    hourly_counts::add(tx, campaign.clinic, campaign.id, now, Delta { failed, ..Delta::default() }).await
}
