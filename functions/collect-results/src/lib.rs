//! Triggered by `BundleAccepted` and by `results_due.v1` of reconcile, both on the queue of this function.
//! Responsible for turning the provider's results of a bundle into message states, each once, and for when to ask again.

use std::collections::{BTreeMap, HashMap};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use chrono::{DateTime, Utc};
use shared::batch::{self, BatchFailed, DeadLetters};
use shared::clock::Ambient;
use shared::db::Database;
use shared::db::bundles::{self, Bundle};
use shared::db::campaigns::{self, Campaign};
use shared::db::hourly_counts::{self, Delta};
use shared::db::messages::{self, End, Message};
use shared::db::suppressions::{self, Cause};
use shared::failure::Failure;
use shared::message::ResultsAwaited;
use shared::model::PhoneNumber;
use shared::model::result::{self, PATIENCE, Reason};
use shared::model::state::{BundleState, CampaignState, MessageState, SuppressionReason};
use shared::provider::{NoAnswer, Provider, Report, tokens_in};
use sqlx::MySqlConnection;

/// A bundle has one page of results; more than this is no answer to our question.
const MOST_PAGES: u32 = 20;

/// What the use case needs.
pub struct Deps<V, D> {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
    /// Who knows what became of the messages.
    pub provider: V,
    /// Where messages go that can never succeed.
    pub dead_letters: D,
}

/// Collects the results of the bundles of a batch, one by one.
///
/// # Errors
/// When none of them could be worked off.
pub async fn handle<V: Provider, D: DeadLetters>(deps: &Deps<V, D>, event: SqsEvent) -> Result<SqsBatchResponse, BatchFailed> {
    batch::each(event, &deps.dead_letters, async |awaited: &ResultsAwaited| collect(deps, awaited).await).await
}

async fn collect<V: Provider, D>(deps: &Deps<V, D>, awaited: &ResultsAwaited) -> Result<(), Failure> {
    let (ResultsAwaited::AcceptedV1 { clinic_id, bundle_id, .. } | ResultsAwaited::DueV1 { clinic_id, bundle_id, .. }) =
        awaited;
    let bundle = bundles::find(&mut *deps.database.acquire().await?, *clinic_id, *bundle_id).await?;
    let bundle = bundle.ok_or_else(|| Failure::reject("there is no such bundle"))?;
    let (BundleState::Accepted, Some(provider_id), Some(_)) = (bundle.state, &bundle.provider_id, bundle.poll_at) else {
        // Everything is known already: this is a second delivery.
        return Ok(());
    };
    let asked = ask(&deps.provider, provider_id).await;
    let now = deps.ambient.now();
    let reports = match asked {
        // It has forgotten the call, or never tells: nobody asks for ever.
        Err(NoAnswer::Refused { code, message }) if is_over(&bundle, now) => {
            tracing::warn!(event = "results.refused", bundle.id = %bundle.id, code, answer = message, "no results are to be had");
            Vec::new()
        }
        asked => asked?,
    };
    let (ambient, bundle, reports) = (&deps.ambient, &bundle, &reports);
    let stored = deps.database.transaction::<_, Failure>("store_results", |tx| {
        Box::pin(async move { store(tx, ambient, bundle, reports, now).await.map_err(Failure::from) })
    });
    stored.await
}

/// Whether results have been asked for long enough.
fn is_over(bundle: &Bundle, now: DateTime<Utc>) -> bool {
    bundle.answered_at.is_none_or(|at| now - at >= PATIENCE)
}

/// Every report of the call.
async fn ask(provider: &impl Provider, provider_id: &str) -> Result<Vec<Report>, NoAnswer> {
    let mut reports = Vec::new();
    for page in 1..=MOST_PAGES {
        let listing = provider.detail(provider_id, page).await?;
        reports.extend(listing.rows);
        if page >= listing.pages {
            break;
        }
    }
    Ok(reports)
}

/// The rows that are locked here are the ones that change, so states, counts and the ledger of suppressed phones agree and
/// nothing is counted twice. The campaign is locked first, as everywhere: campaign, bundle, messages, hour.
async fn store(
    tx: &mut MySqlConnection,
    ambient: &Ambient,
    bundle: &Bundle,
    reports: &[Report],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let Some(campaign) = campaigns::lock(tx, bundle.clinic, bundle.campaign).await? else { return Ok(()) };
    let locked = bundles::lock(tx, bundle.clinic, bundle.id).await?;
    let Some(bundle) = locked.filter(|bundle| bundle.poll_at.is_some()) else { return Ok(()) };
    let waiting = messages::lock_sent(tx, bundle.clinic, bundle.id).await?;
    let mut ended = ends(&waiting, reports);
    if is_over(&bundle, now) {
        let given_up = End::new(MessageState::Unknown, Some(Reason::NoResult), None);
        let open = waiting.iter().filter(|message| !ended.contains_key(&message.number)).map(|message| message.number);
        let open: Vec<_> = open.collect();
        ended.extend(open.into_iter().map(|number| (number, given_up.clone())));
    }
    let left = waiting.len() - ended.len();
    write_ends(tx, ambient, &campaign, &bundle, &waiting, &ended, now).await?;
    let poll_at = (left > 0).then(|| now + result::wait_after(bundle.polls + 1));
    bundles::mark_polled(tx, bundle.clinic, bundle.id, poll_at).await?;
    tracing::info!(event = "results.collected", bundle.id = %bundle.id, ended = ended.len(), left, "results collected");
    Ok(())
}

/// How the waiting messages ended, by their numbers. A report is about the message whose link it shows; the phone decides only
/// where a template has no link of ours.
fn ends(waiting: &[Message], reports: &[Report]) -> BTreeMap<u32, End> {
    let by_token: HashMap<&str, u32> = waiting.iter().map(|message| (message.link.as_str(), message.number)).collect();
    let by_phone: HashMap<&str, u32> = waiting.iter().map(|message| (message.phone.e164(), message.number)).collect();
    let mut ends: BTreeMap<u32, End> = BTreeMap::new();
    for report in reports.iter().filter(|report| report.is_final) {
        let phone = report.phone.parse::<PhoneNumber>().ok();
        let by_link = tokens_in(&report.buttons).find_map(|token| by_token.get(token));
        let Some(&number) = by_link.or_else(|| by_phone.get(phone.as_ref()?.e164())) else { continue };
        let reading = result::read(&report.code);
        let end = End::new(reading.state, reading.reason, Some((report.code.clone(), report.message.clone())));
        // Should a message have two reports, it arrived if one of them says so.
        let known = ends.get(&number).is_some_and(|known| known.state == MessageState::Delivered);
        if !known {
            ends.insert(number, end);
        }
    }
    ends
}

async fn write_ends(
    tx: &mut MySqlConnection,
    ambient: &Ambient,
    campaign: &Campaign,
    bundle: &Bundle,
    waiting: &[Message],
    ended: &BTreeMap<u32, End>,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let mut alike: BTreeMap<&End, Vec<u32>> = BTreeMap::new();
    for (number, end) in ended {
        alike.entry(end).or_default().push(*number);
    }
    let mut delta = Delta::default();
    for (end, numbers) in &alike {
        messages::mark_ended(tx, bundle.campaign, numbers, end, now).await?;
        let count = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        match end.state {
            MessageState::Delivered => delta.delivered += count,
            MessageState::Failed => delta.failed += count,
            _ => {}
        }
    }
    hourly_counts::add(tx, bundle.clinic, bundle.campaign, now, delta).await?;
    let reading_of = |number: u32| ended.get(&number).and_then(|end| end.code.as_deref()).map(result::read);
    let blocked: Vec<_> =
        waiting.iter().filter(|message| reading_of(message.number).is_some_and(|reading| reading.suppress)).collect();
    let phones: Vec<_> = blocked.iter().map(|message| &message.phone).collect();
    suppressions::insert_all(tx, ambient, bundle.clinic, &phones, &Cause::of(SuppressionReason::Blocked)).await?;
    let wrong = ended.keys().filter_map(|number| reading_of(*number)).find(|reading| reading.stop);
    match wrong.and_then(|reading| reading.reason) {
        Some(reason) => stop(tx, campaign, reason).await,
        None => Ok(()),
    }
}

/// The set-up is wrong: what has not been handed over yet would fail in the same way, and cost money.
async fn stop(tx: &mut MySqlConnection, campaign: &Campaign, reason: Reason) -> Result<(), sqlx::Error> {
    if campaign.state != CampaignState::Sending {
        return Ok(());
    }
    tracing::warn!(event = "campaign.stopped", campaign.id = %campaign.id, reason = reason.as_str(), "campaign stopped");
    campaigns::set_state(tx, campaign.clinic, campaign.id, CampaignState::Failed, Some(reason.as_str())).await
}
