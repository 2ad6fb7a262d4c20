//! What came of an attempt is stored: the bundle, its messages, the counts and the fact in one transaction.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use shared::aws::topics::{Outgoing, Publisher};
use shared::clock::Ambient;
use shared::db::bundles::claim::Claimed;
use shared::db::bundles::settle::{self as bundle, Taken};
use shared::db::campaigns::progress;
use shared::db::hourly_totals::{Delta, Moves, Owner};
use shared::db::messages::{self, End, results};
use shared::db::provider_gate::CLOSED_WITHOUT_ACCESS;
use shared::db::{DatabaseFailure, bundles, campaigns, outbox, provider_gate};
use shared::failure::{Failure, chain};
use shared::message::BundleAccepted;
use shared::model::result::{FIRST_POLL, Reason};
use shared::model::state::{CampaignKind, CampaignState, MessageState};
use shared::model::{CampaignId, ClinicId};
use shared::provider::SendOutcome;
use sqlx::MySqlConnection;

use crate::Deps;
use crate::call::Outcome;
use crate::refusal::{self, Refusal};

/// The provider is asked so often; the last refusal is final.
const MOST_REFUSALS: u32 = 6;
/// After the first refusal twice as long as this, then twice as long each time.
const AFTER_REFUSAL: TimeDelta = TimeDelta::seconds(10);
/// At most.
const LONGEST_AFTER_REFUSAL: TimeDelta = TimeDelta::minutes(10);
/// When to try again after a connection that was never made, to the provider or to the database.
const AFTER_NO_CONNECTION: TimeDelta = TimeDelta::seconds(5);
/// How soon an outcome is stored again that the database did not take; twice as long each time.
const AGAIN: Duration = Duration::from_millis(50);
/// At most.
const AGAIN_AT_MOST: Duration = Duration::from_secs(1);
/// It is not tried any more so shortly before the process ends.
const LAST_MOMENT: TimeDelta = TimeDelta::seconds(1);

/// What nobody waits for, once an answer is stored. If it is lost, relay-outbox and reconcile make up for it.
#[derive(Debug, Default)]
pub(crate) struct LeftOver {
    facts: Vec<Outgoing>,
    /// The campaign of a bundle that waits for nothing any more.
    campaign: Option<(ClinicId, CampaignId)>,
    /// The provider has said something, so it is there.
    was_answered: bool,
}

impl LeftOver {
    /// Whether there is anything to do.
    pub(crate) const fn is_something(&self) -> bool {
        !self.facts.is_empty() || self.campaign.is_some() || self.was_answered
    }

    /// Does it.
    pub(crate) async fn tidy_up<V, P: Publisher, D>(self, deps: &Deps<V, P, D>) {
        if let Err(error) = self.finish_and_open(deps).await {
            tracing::warn!(event = "delivery.not_tidied", error = %chain(&error), "reconcile will make up for it");
        }
        outbox::publish(&deps.database, &deps.publisher, &self.facts).await;
    }

    async fn finish_and_open<V, P, D>(&self, deps: &Deps<V, P, D>) -> Result<(), Failure> {
        if self.campaign.is_none() && !self.was_answered {
            return Ok(());
        }
        let mut connection = deps.database.acquire().await?;
        if self.was_answered && provider_gate::find(&mut connection).await?.is_troubled() {
            provider_gate::open(&mut connection).await?;
            tracing::info!(event = "gate.opened", "the provider answers");
        }
        let Some((clinic, campaign)) = self.campaign else { return Ok(()) };
        // Whoever settles a campaign's last bundle sees that it is the last, because this is asked after the commit.
        if bundles::is_any_open(&mut connection, clinic, campaign).await? {
            return Ok(());
        }
        drop(connection);
        let now = deps.ambient.now();
        let finished = deps.database.transaction::<_, Failure>("finish_campaign", |tx| {
            Box::pin(async move { Ok(progress::finish_if_done(tx, clinic, campaign, now).await?) })
        });
        if finished.await? {
            tracing::info!(event = "campaign.finished", campaign.id = %campaign, "every bundle has its answer");
        }
        Ok(())
    }
}

/// Stores what came of the attempt, unless the bundle has another one by now. It is known only here, so it is stored whatever ails the
/// database, for as long as there is time.
///
/// # Errors
/// When the database does not answer until shortly before the deadline: the bundle stays `calling`, and reconcile finds out what became
/// of it.
pub(crate) async fn settle<V, P, D>(
    deps: &Deps<V, P, D>,
    claimed: &Claimed,
    outcome: &Outcome,
    deadline: DateTime<Utc>,
) -> Result<LeftOver, Failure> {
    tell(claimed, outcome);
    let refusal = weigh(deps, claimed, outcome).await;
    if let Err(error) = note_at_gate(deps, claimed, outcome, refusal).await {
        tracing::warn!(event = "gate.not_noted", error = %chain(&error), "the others do not know what this call came to");
    }
    let ambient = &deps.ambient;
    let mut wait = AGAIN;
    let mut left_over = loop {
        let settled = deps.database.transaction::<_, Failure>("settle_delivery", |tx| {
            Box::pin(async move { Ok(store(tx, ambient, claimed, outcome, refusal).await?) })
        });
        match settled.await {
            Ok(left_over) => break left_over,
            Err(error) if error.database().is_none() || ambient.now() > deadline - LAST_MOMENT => return Err(error),
            Err(error) => {
                let bundle = claimed.attempt.bundle;
                tracing::warn!(event = "bundle.not_settled", bundle.id = %bundle, error = %chain(&error), "what came of it is stored again");
            }
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(AGAIN_AT_MOST);
    };
    left_over.was_answered = match outcome {
        Outcome::Answered(SendOutcome::Accepted { .. }) => true,
        Outcome::Answered(SendOutcome::Rejected { code, message }) => refusal::read(*code, message) != Refusal::NoAccess,
        _ => false,
    };
    Ok(left_over)
}

/// For people who look into it. What is accepted is told when it is stored, with how many it was; what was not read, where it was not.
fn tell(claimed: &Claimed, outcome: &Outcome) {
    let bundle = claimed.attempt.bundle;
    match outcome {
        Outcome::Answered(SendOutcome::Accepted { .. }) | Outcome::Unread => {}
        Outcome::Answered(SendOutcome::Rejected { code, message }) => {
            let refusals = claimed.refusals + 1;
            tracing::warn!(event = "bundle.refused", bundle.id = %bundle, code, answer = message, refusals, "the provider says no");
        }
        Outcome::Answered(SendOutcome::NotSent { why }) => {
            tracing::warn!(event = "bundle.not_sent", bundle.id = %bundle, why, "the provider was not reached");
        }
        Outcome::Answered(SendOutcome::Unknown { why }) => {
            tracing::warn!(event = "bundle.unknown", bundle.id = %bundle, why, "nobody knows whether the provider has it");
        }
        Outcome::Deferred(why) => {
            tracing::warn!(event = "bundle.deferred", bundle.id = %bundle, why, "put back, not handed over");
        }
        Outcome::Withheld(reason) => {
            tracing::warn!(event = "bundle.withheld", bundle.id = %bundle, reason = reason.as_str(), "not handed over");
        }
    }
}

/// What a refusal means. Who is not let in while others are is refused like anybody else: the gate is everybody's.
async fn weigh<V, P, D>(deps: &Deps<V, P, D>, claimed: &Claimed, outcome: &Outcome) -> Option<Refusal> {
    let Outcome::Answered(SendOutcome::Rejected { code, message }) = outcome else { return None };
    let refusal = refusal::read(*code, message);
    let is_alone = async {
        let mut connection = deps.database.acquire().await?;
        bundle::is_alone_without_access(&mut connection, claimed.attempt, claimed.campaign.id).await
    };
    let is_others = refusal == Refusal::NoAccess
        && is_alone.await.unwrap_or_else(|error| {
            tracing::warn!(event = "gate.not_noted", error = %chain(&error), "nobody knows whether others are let in");
            false
        });
    Some(if is_others { Refusal::Other } else { refusal })
}

/// Tells the others when there is no getting through, before the bundle can be claimed again. Not in one transaction with the rest,
/// which may have to wait for the campaign: nobody could claim anything meanwhile.
async fn note_at_gate<V, P, D>(
    deps: &Deps<V, P, D>,
    claimed: &Claimed,
    outcome: &Outcome,
    refusal: Option<Refusal>,
) -> Result<(), Failure> {
    let (now, was_try) = (deps.ambient.now(), claimed.is_try);
    match outcome {
        Outcome::Answered(SendOutcome::NotSent { .. } | SendOutcome::Unknown { .. }) => {
            let noted = deps.database.transaction::<_, Failure>("note_failure", |tx| {
                Box::pin(async move { Ok(provider_gate::note_failure(tx, was_try, now).await?) })
            });
            if let Some(until) = noted.await? {
                tracing::warn!(event = "gate.closed", until = %until, "the provider does not answer");
            }
        }
        Outcome::Answered(SendOutcome::Rejected { code, message }) if refusal == Some(Refusal::NoAccess) => {
            let until = provider_gate::note_no_access(&mut *deps.database.acquire().await?, now).await?;
            tracing::error!(event = "gate.access_refused", code, answer = message, until = %until, "the provider does not let us in");
        }
        _ => {}
    }
    Ok(())
}

async fn store(
    tx: &mut MySqlConnection,
    ambient: &Ambient,
    claimed: &Claimed,
    outcome: &Outcome,
    refusal: Option<Refusal>,
) -> Result<LeftOver, sqlx::Error> {
    let now = ambient.now();
    let mut facts = Vec::new();
    let is_stored = match outcome {
        Outcome::Answered(SendOutcome::Accepted { provider_id, accepted, refused }) => {
            let count = Some(*accepted).filter(|count| *count > 0);
            let taken = Taken { provider_id, count, answered_at: now, poll_at: now + FIRST_POLL };
            let is_mine = bundle::accept(tx, claimed.attempt, &taken).await? || accept_after_proof(tx, claimed, &taken).await?;
            if is_mine {
                facts.push(store_accepted(tx, ambient, claimed, now, (*accepted, *refused)).await?);
            }
            is_mine
        }
        Outcome::Answered(SendOutcome::Rejected { code, message }) => {
            store_refusal(tx, claimed, refusal.unwrap_or(Refusal::Other), (*code, message), now).await?
        }
        Outcome::Answered(SendOutcome::NotSent { .. }) => {
            put_back(tx, claimed, claimed.refusals, Some(now + AFTER_NO_CONNECTION), now).await?
        }
        Outcome::Answered(SendOutcome::Unknown { why }) => {
            let is_mine = bundle::lose(tx, claimed.attempt, why).await?;
            if is_mine {
                messages::mark_unknown(tx, claimed.attempt.bundle, Reason::NoAnswer.as_str()).await?;
            }
            is_mine
        }
        Outcome::Deferred(_) => put_back(tx, claimed, claimed.refusals, None, now).await?,
        Outcome::Unread => put_back(tx, claimed, claimed.refusals, Some(now + AFTER_NO_CONNECTION), now).await?,
        Outcome::Withheld(reason) => reject(tx, claimed, None, *reason, now).await?,
    };
    if !is_stored {
        let Claimed { attempt, .. } = claimed;
        tracing::warn!(event = "bundle.settled_before", bundle.id = %attempt.bundle, attempt = attempt.number, "came too late");
    }
    let campaign = Some((claimed.campaign.clinic, claimed.campaign.id));
    Ok(LeftOver { facts, campaign, was_answered: false })
}

/// The answer was on its way for so long that the bundle was proven not to be at the provider. It is, and is not handed over again.
async fn accept_after_proof(tx: &mut MySqlConnection, claimed: &Claimed, taken: &Taken<'_>) -> Result<bool, sqlx::Error> {
    let is_mine = bundle::accept_after_proof(tx, claimed.attempt, taken).await?;
    if is_mine {
        let (bundle, provider_id) = (claimed.attempt.bundle, taken.provider_id);
        tracing::error!(event = "bundle.proof_was_wrong", bundle.id = %bundle, provider_id, "taken, though proven not to be");
    }
    Ok(is_mine)
}

/// The provider has it.
async fn store_accepted(
    tx: &mut MySqlConnection,
    ambient: &Ambient,
    claimed: &Claimed,
    now: DateTime<Utc>,
    (accepted, refused): (u32, u32),
) -> Result<Outgoing, sqlx::Error> {
    let (clinic_id, campaign_id, bundle_id) = (claimed.campaign.clinic, claimed.campaign.id, claimed.attempt.bundle);
    let sent = messages::mark_sent(tx, bundle_id, now).await?;
    tracing::info!(event = "bundle.accepted", bundle.id = %bundle_id, sent, accepted, refused, "the provider took the bundle");
    let fact = outbox::insert(tx, ambient, &BundleAccepted::V1 { clinic_id, campaign_id, bundle_id }).await?;
    let owner = Owner::from(&claimed.campaign);
    let mut moves = Moves::default();
    for (group, sent) in results::count_by_group(tx, clinic_id, bundle_id, MessageState::Sent).await? {
        moves.add(owner, group, now, Delta { sent, ..Delta::default() });
    }
    moves.store(tx).await?;
    Ok(fact)
}

/// The provider has nothing of it, and says why.
async fn store_refusal(
    tx: &mut MySqlConnection,
    claimed: &Claimed,
    refusal: Refusal,
    (code, words): (i32, &str),
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let refusals = claimed.refusals + 1;
    if refusal::read(code, words) == Refusal::NoAccess {
        bundle::note_no_access(tx, claimed.attempt, code, now).await?;
    }
    match refusal {
        // When the gate opens, others try first.
        Refusal::NoAccess => put_back(tx, claimed, claimed.refusals, Some(now + CLOSED_WITHOUT_ACCESS), now).await,
        Refusal::OutOfMoney => {
            let is_mine = put_back(tx, claimed, claimed.refusals, None, now).await?;
            if is_mine {
                stop_without_money(tx, claimed, now).await?;
            }
            Ok(is_mine)
        }
        Refusal::Other if refusals < MOST_REFUSALS => {
            let wait = (AFTER_REFUSAL * (1 << refusals)).min(LONGEST_AFTER_REFUSAL);
            put_back(tx, claimed, refusals, Some(now + wait), now).await
        }
        Refusal::Other => reject(tx, claimed, Some((code, words)), Reason::RejectedByProvider, now).await,
    }
}

/// The account is empty: the campaign waits for somebody. A test, which is in no list to be resumed from, has failed.
async fn stop_without_money(tx: &mut MySqlConnection, claimed: &Claimed, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let reason = Reason::OutOfMoney;
    let Some(campaign) = campaigns::lock(tx, claimed.campaign.clinic, claimed.campaign.id).await? else { return Ok(()) };
    if campaign.kind == CampaignKind::Test {
        if matches!(campaign.state, CampaignState::Sending | CampaignState::Paused) {
            let excluded = progress::end(tx, &campaign, CampaignState::Failed, reason, now).await?;
            let (id, reason) = (campaign.id, reason.as_str());
            tracing::warn!(event = "campaign.stopped", campaign.id = %id, reason, excluded, "nobody would resume a test");
        }
        return Ok(());
    }
    // Whoever has resumed it since has charged the account: that is for the next call to say.
    let is_news = campaign.resumed_at.is_none_or(|resumed_at| claimed.called_at >= resumed_at);
    if is_news && progress::pause_for(tx, campaign.clinic, campaign.id, reason).await? {
        tracing::warn!(event = "campaign.paused", campaign.id = %campaign.id, reason = reason.as_str(), "paused");
    }
    Ok(())
}

/// Certainly nothing of it is at the provider. It waits for another attempt, unless the campaign has come to an end meanwhile.
async fn put_back(
    tx: &mut MySqlConnection,
    claimed: &Claimed,
    refusals: u32,
    not_before: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let campaign = campaigns::lock(tx, claimed.campaign.clinic, claimed.campaign.id).await?;
    match campaign.map_or(CampaignState::Failed, |campaign| campaign.state) {
        state @ (CampaignState::Canceled | CampaignState::Failed) => {
            let reason = progress::excluded_because(state);
            let is_mine = bundle::reject(tx, claimed.attempt, None, reason.as_str(), now).await?;
            if is_mine {
                messages::exclude_queued(tx, claimed.attempt.bundle, reason, now).await?;
            }
            Ok(is_mine)
        }
        _ => bundle::put_back(tx, claimed.attempt, refusals, not_before).await,
    }
}

/// Nothing of it will be sent.
async fn reject(
    tx: &mut MySqlConnection,
    claimed: &Claimed,
    answer: Option<(i32, &str)>,
    reason: Reason,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let words = answer.map_or(reason.as_str(), |(_, words)| words);
    if !bundle::reject(tx, claimed.attempt, answer.map(|(code, _)| code), words, now).await? {
        return Ok(false);
    }
    let end = End::failed(reason, answer.map(|(code, words)| (code.to_string(), words.to_owned())));
    messages::mark_not_sent(tx, claimed.attempt.bundle, &end, now).await?;
    let (owner, mut moves) = (Owner::from(&claimed.campaign), Moves::default());
    for (group, failed) in results::count_by_group(tx, claimed.campaign.clinic, claimed.attempt.bundle, end.state).await? {
        moves.fail(owner, group, now, reason.as_str(), failed);
    }
    moves.store(tx).await?;
    Ok(true)
}
