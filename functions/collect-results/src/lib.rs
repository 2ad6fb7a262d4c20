//! Triggered by `BundleAccepted` and by `results_due.v1` of reconcile, both on the queue of this function.
//! Responsible for turning the provider's results of a bundle into message states, each once, for when to ask again, and for what
//! the first bundle's results mean for the others.

mod ends;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use chrono::{DateTime, Utc};
use shared::aws::topics::Publisher;
use shared::batch::{self, BatchFailed, DeadLetters};
use shared::clock::Ambient;
use shared::db::bundles::{self, Bundle, watch};
use shared::db::campaigns::canary::{self, Settled};
use shared::db::campaigns::{self, Campaign};
use shared::db::hourly_totals::{Delta, Moves, Owner};
use shared::db::messages::End;
use shared::db::messages::results::{self, Awaited};
use shared::db::suppressions::{self, Cause};
use shared::db::{Database, outbox};
use shared::failure::Failure;
use shared::message::ResultsAwaited;
use shared::model::result::{self, LONGEST_PATIENCE, PATIENCE, Reason};
use shared::model::state::{BundleState, MessageState, SuppressionReason};
use shared::provider::{NoAnswer, Provider, Report};
use sqlx::MySqlConnection;
use tokio::time::{Instant, timeout_at};

use crate::ends::Answers;

/// A bundle has one page of results; more than this is no answer to our question.
const MOST_PAGES: u32 = 20;
/// How long the provider is asked about one bundle. The function may run for 60 s, and what was read by then is still to be stored.
const ASKING: Duration = Duration::from_secs(35);

/// What the use case needs.
pub struct Deps<V, P, D> {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
    /// Who knows what became of the messages.
    pub provider: V,
    /// Where facts are published.
    pub publisher: P,
    /// Where messages go that can never succeed.
    pub dead_letters: D,
}

/// Collects the results of the bundles of a batch, one by one.
///
/// # Errors
/// When none of them could be worked off.
pub async fn handle<V: Provider, P: Publisher, D: DeadLetters>(
    deps: &Deps<V, P, D>,
    event: SqsEvent,
) -> Result<SqsBatchResponse, BatchFailed> {
    handle_within(deps, event, ASKING).await
}

/// The same with another limit to how long the provider is asked about one bundle.
///
/// # Errors
/// When none of them could be worked off.
pub async fn handle_within<V: Provider, P: Publisher, D: DeadLetters>(
    deps: &Deps<V, P, D>,
    event: SqsEvent,
    asking: Duration,
) -> Result<SqsBatchResponse, BatchFailed> {
    batch::each(event, &deps.dead_letters, async |awaited: &ResultsAwaited| collect(deps, awaited, asking).await).await
}

async fn collect<V: Provider, P: Publisher, D>(
    deps: &Deps<V, P, D>,
    awaited: &ResultsAwaited,
    asking: Duration,
) -> Result<(), Failure> {
    let (clinic_id, bundle_id, polls) = match awaited {
        ResultsAwaited::AcceptedV1 { clinic_id, bundle_id, .. } => (clinic_id, bundle_id, Some(0)),
        ResultsAwaited::DueV1 { clinic_id, bundle_id, polls, .. } => (clinic_id, bundle_id, *polls),
    };
    let missing = || Failure::reject("there is no such bundle");
    let (bundle, campaign) = {
        let mut connection = deps.database.acquire().await?;
        let bundle = bundles::find(&mut connection, *clinic_id, *bundle_id).await?.ok_or_else(missing)?;
        let campaign = campaigns::find(&mut connection, *clinic_id, bundle.campaign).await?.ok_or_else(missing)?;
        (bundle, campaign)
    };
    // Whoever was told earlier to ask has asked: a second delivery, or one that waited for long while others were sent after it.
    let is_asked = polls.is_some_and(|polls| polls != bundle.polls);
    if let (false, BundleState::Accepted, Some(provider_id), Some(_)) =
        (is_asked, bundle.state, &bundle.provider_id, bundle.poll_at)
    {
        let answers = question(deps, &bundle, provider_id, asking).await?;
        let (ambient, campaign, bundle, answers) = (&deps.ambient, &campaign, &bundle, &answers);
        let stored = deps.database.transaction::<_, Failure>("store_results", |tx| {
            Box::pin(async move { store(tx, ambient, campaign, bundle, answers).await.map_err(Failure::from) })
        });
        stored.await?;
    }
    // Also when everything was known already: whoever stored it may have died before this.
    conclude(deps, &campaign, &bundle).await
}

/// Asks the provider. A refusal at the end means that it has forgotten the call, or never tells: nobody asks for ever. One that is about
/// our access says nothing about the call, nor does an answer that cannot be read: the results are there, and somebody will put that
/// right.
async fn question<V: Provider, P, D>(
    deps: &Deps<V, P, D>,
    bundle: &Bundle,
    provider_id: &str,
    asking: Duration,
) -> Result<Answers, Failure> {
    let asked = ask(&deps.provider, provider_id, Instant::now() + asking).await;
    let at = deps.ambient.now();
    let has_waited = |patience| bundle.answered_at.is_none_or(|answered_at| at - answered_at >= patience);
    let is_last = match &asked {
        Ok((_, is_complete)) => has_waited(if *is_complete { PATIENCE } else { LONGEST_PATIENCE }),
        Err(no_answer) if no_answer.is_about_the_question() => has_waited(PATIENCE),
        Err(_) => has_waited(LONGEST_PATIENCE),
    };
    match asked {
        Err(no_answer) if is_last => {
            tracing::warn!(event = "results.refused", bundle.id = %bundle.id, error = %no_answer, "no results are to be had");
            Ok(Answers { at, reports: Vec::new(), is_complete: false, is_last })
        }
        asked => asked.map(|(reports, is_complete)| Answers { at, reports, is_complete, is_last }).map_err(Failure::from),
    }
}

/// Every report of the call, and whether the last page was among them. What was read when the time is up counts.
async fn ask(provider: &impl Provider, provider_id: &str, until: Instant) -> Result<(Vec<Report>, bool), NoAnswer> {
    let mut reports = Vec::new();
    for page in 1..=MOST_PAGES {
        let Ok(listing) = timeout_at(until, provider.detail(provider_id, page)).await else { break };
        let listing = listing?;
        reports.extend(listing.rows);
        if page >= listing.pages {
            return Ok((reports, true));
        }
    }
    Ok((reports, false))
}

/// The rows that are locked here are the ones that change, so states, counts and the ledger of suppressed phones agree and
/// nothing is counted twice. The campaign is not locked: bundles of the same campaign do not wait for each other here.
async fn store(
    tx: &mut MySqlConnection,
    ambient: &Ambient,
    campaign: &Campaign,
    bundle: &Bundle,
    answers: &Answers,
) -> Result<(), sqlx::Error> {
    let now = answers.at;
    let locked = bundles::lock(tx, bundle.clinic, bundle.id).await?;
    let Some(bundle) = locked.filter(|bundle| bundle.state == BundleState::Accepted && bundle.poll_at.is_some()) else {
        return Ok(());
    };
    let waiting = results::lock_awaited(tx, bundle.clinic, bundle.id).await?;
    let read = answers.read(&waiting);
    let mut ended = read.ends();
    if answers.is_last {
        let given_up = read.given_up(bundle.taken);
        let open = waiting.iter().filter(|message| !read.has_ended(message.number));
        ended.extend(open.map(|message| (message.number, given_up(message.number))));
    }
    let left = waiting.len() - ended.len();
    for (number, substitute_id) in read.substitutes() {
        results::set_substitute(tx, bundle.campaign, number, substitute_id).await?;
    }
    write_ends(tx, ambient, &bundle, &waiting, &ended, now).await?;
    let poll_at = (left > 0).then(|| now + result::wait_after(bundle.polls + 1));
    watch::mark_polled(tx, bundle.clinic, bundle.id, poll_at).await?;
    count(Owner::from(campaign), &waiting, &ended, now).store(tx).await?;
    tracing::info!(event = "results.collected", bundle.id = %bundle.id, ended = ended.len(), left, "results collected");
    Ok(())
}

async fn write_ends(
    tx: &mut MySqlConnection,
    ambient: &Ambient,
    bundle: &Bundle,
    waiting: &[Awaited],
    ended: &BTreeMap<u32, End>,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let mut alike: BTreeMap<&End, Vec<u32>> = BTreeMap::new();
    for (number, end) in ended {
        alike.entry(end).or_default().push(*number);
    }
    for (end, numbers) in &alike {
        results::end(tx, bundle.campaign, numbers, end, now).await?;
    }
    let suppresses = |end: &End| end.code.as_deref().is_some_and(|code| result::read(code).suppress);
    let blocked = waiting.iter().filter(|message| ended.get(&message.number).is_some_and(suppresses));
    let phones: Vec<_> = blocked.map(|message| &message.phone).collect();
    suppressions::insert_all(tx, ambient, bundle.clinic, &phones, &Cause::of(SuppressionReason::Blocked)).await?;
    Ok(())
}

/// Those that ended at this moment, by how and by their group. About whom nobody will ever know is in no number.
fn count(owner: Owner, waiting: &[Awaited], ended: &BTreeMap<u32, End>, at: DateTime<Utc>) -> Moves {
    let mut moves = Moves::default();
    for message in waiting {
        match ended.get(&message.number) {
            Some(End { state: MessageState::Delivered, .. }) => {
                moves.add(owner, message.group, at, Delta { delivered: 1, ..Delta::default() });
            }
            Some(End { state: MessageState::Failed, reason, .. }) => {
                moves.fail(owner, message.group, at, reason.unwrap_or(Reason::Other.as_str()), 1);
            }
            _ => {}
        }
    }
    moves
}

/// What the results of a bundle mean for the others: a wrong set-up stops them, and those that wait for the first one go when it
/// came back well. Decided by what is stored, in a transaction of its own that locks the campaign.
async fn conclude<V, P: Publisher, D>(deps: &Deps<V, P, D>, campaign: &Campaign, bundle: &Bundle) -> Result<(), Failure> {
    let (ambient, clinic, id) = (&deps.ambient, campaign.clinic, campaign.id);
    let messages = results::list_alike(&mut *deps.database.acquire().await?, clinic, bundle.id).await?;
    if let Some(reason) = canary::stop_reason(&messages) {
        let stopped = deps.database.transaction::<_, Failure>("stop_campaign", |tx| {
            Box::pin(async move { Ok(canary::stop(tx, ambient, clinic, id, reason).await?) })
        });
        return stopped.await.map(drop);
    }
    if bundle.position > 0 || campaign.released_at.is_some() {
        return Ok(());
    }
    let settled = deps.database.transaction::<_, Failure>("settle_canary", |tx| {
        Box::pin(async move { Ok(canary::settle(tx, ambient, clinic, id).await?) })
    });
    if let Settled::Released(outgoing) = settled.await? {
        outbox::publish(&deps.database, &deps.publisher, &outgoing).await;
    }
    Ok(())
}
