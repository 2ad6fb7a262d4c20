//! Triggered by `ClickReceived` on the queue of this function, sent by track-click.
//! Responsible for writing each visit down exactly once, with first clicks and hourly counts in the same transaction.

use std::collections::{BTreeMap, BTreeSet};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use chrono::{DateTime, Utc};
use shared::batch::{self, BatchFailed, DeadLetters};
use shared::db::clicks::{self, Click};
use shared::db::hourly_counts::{self, Delta, hour_of};
use shared::db::{Database, messages, violates};
use shared::failure::Failure;
use shared::message::ClickReceived;
use shared::model::state::ClickClass;
use shared::model::{CampaignId, ClinicId, MessageId};
use sqlx::MySqlConnection;

/// What the use case needs.
pub struct Deps<D> {
    /// The database.
    pub database: Database,
    /// Where messages go that can never succeed.
    pub dead_letters: D,
}

/// Why a batch is worked off one by one.
#[derive(Debug, thiserror::Error)]
enum Split {
    #[error("a click of the batch was recorded before")]
    Known,
    #[error("the clinic has no such message")]
    NoMessage,
}

/// Records a batch of clicks.
///
/// # Errors
/// When no message of the batch could be worked off.
pub async fn handle<D: DeadLetters>(deps: &Deps<D>, event: SqsEvent) -> Result<SqsBatchResponse, BatchFailed> {
    batch::together(event, &deps.dead_letters, async |received: &[ClickReceived]| record(deps, received).await).await
}

/// One INSERT however many clicks. One that was recorded before fails the whole batch on its unique key; the batch is then
/// worked off one by one, and there it means that nothing is left to do.
async fn record<D>(deps: &Deps<D>, received: &[ClickReceived]) -> Result<(), Failure> {
    let mut clicks: Vec<_> = received.iter().map(click).collect();
    // In one order, so that two batches with the same clicks cannot wait for each other.
    clicks.sort_unstable_by_key(|click| click.id);
    let clicks = &clicks;
    let recorded = deps.database.transaction::<_, Failure>("record_clicks", |tx| Box::pin(write(tx, clicks)));
    let new = recorded.await?;
    tracing::info!(event = "clicks.recorded", count = clicks.len(), new, "clicks recorded");
    Ok(())
}

/// Writes lines and counts; answers whether they are new.
async fn write(connection: &mut MySqlConnection, clicks: &[Click]) -> Result<bool, Failure> {
    refuse_strangers(connection, clicks).await?;
    match clicks::insert_all(connection, clicks).await {
        Err(error) if violates(&error, "PRIMARY") && clicks.len() == 1 => return Ok(false),
        Err(error) if violates(&error, "PRIMARY") => return Err(Failure::retry(Split::Known)),
        outcome => outcome?,
    }
    count(connection, clicks).await?;
    Ok(true)
}

fn click(received: &ClickReceived) -> Click {
    let ClickReceived::V1 { click_id, clinic_id, campaign_id, message_number, class, reason, rule_version, agent, clicked_at } =
        received;
    Click {
        id: *click_id,
        clinic: *clinic_id,
        message: MessageId { campaign: *campaign_id, number: *message_number },
        class: *class,
        reason: reason.clone(),
        rule_version: *rule_version,
        agent: agent.clone(),
        clicked_at: *clicked_at,
    }
}

/// A click on a message that the clinic does not have is somebody's mistake, and would never be counted anywhere.
async fn refuse_strangers(connection: &mut MySqlConnection, clicks: &[Click]) -> Result<(), Failure> {
    let mut clicked: BTreeMap<(ClinicId, CampaignId), BTreeSet<u32>> = BTreeMap::new();
    for click in clicks {
        clicked.entry((click.clinic, click.message.campaign)).or_default().insert(click.message.number);
    }
    for ((clinic, campaign), numbers) in clicked {
        if messages::list_numbers(connection, clinic, campaign, &numbers).await? != numbers {
            return Err(Failure::reject(Split::NoMessage));
        }
    }
    Ok(())
}

/// Moves first clicks and hourly counts, in one order of rows, so that two batches cannot wait for each other.
async fn count(connection: &mut MySqlConnection, clicks: &[Click]) -> Result<(), sqlx::Error> {
    let mut deltas: BTreeMap<(ClinicId, DateTime<Utc>, CampaignId), Delta> = BTreeMap::new();
    let mut first: BTreeMap<(CampaignId, u32), (DateTime<Utc>, ClinicId)> = BTreeMap::new();
    for click in clicks {
        let MessageId { campaign, number } = click.message;
        let delta = deltas.entry((click.clinic, hour_of(click.clicked_at), campaign)).or_default();
        match click.class {
            ClickClass::Human => {
                delta.human_clicks += 1;
                let earliest = first.entry((campaign, number)).or_insert((click.clicked_at, click.clinic));
                earliest.0 = earliest.0.min(click.clicked_at);
            }
            ClickClass::Preview => delta.previews += 1,
            ClickClass::Prefetch => delta.prefetches += 1,
            ClickClass::Bot => delta.bots += 1,
        }
    }
    for ((campaign, number), (at, clinic)) in first {
        if messages::mark_clicked(connection, MessageId { campaign, number }, at).await? {
            deltas.entry((clinic, hour_of(at), campaign)).or_default().unique_clicks += 1;
        }
    }
    for ((clinic, hour, campaign), delta) in deltas {
        hourly_counts::add(connection, clinic, campaign, hour, delta).await?;
    }
    Ok(())
}
