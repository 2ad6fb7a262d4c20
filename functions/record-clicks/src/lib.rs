//! Triggered by `ClickReceived` on the queue of this function, sent by track-click and, for visits that it had to park, by relay-outbox.
//! Responsible for writing each visit down exactly once, with first clicks and hourly totals in the same transaction.

use std::collections::BTreeMap;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use chrono::{DateTime, SubsecRound, Utc};
use shared::batch::{self, BatchFailed, DeadLetters};
use shared::db::clicks::{self, Click, Locked};
use shared::db::hourly_totals::Moves;
use shared::db::{Database, DatabaseFailure, violates};
use shared::failure::Failure;
use shared::message::ClickReceived;
use shared::model::MessageId;
use shared::model::state::ClickClass;
use sqlx::MySqlConnection;

/// What the use case needs.
pub struct Deps<D> {
    /// The database.
    pub database: Database,
    /// Where messages go that can never succeed.
    pub dead_letters: D,
}

/// Why clicks were not written.
#[derive(Debug, thiserror::Error)]
enum NotRecorded {
    #[error("a click of the batch was recorded before")]
    Known,
    #[error("the clinic has no such message")]
    NoMessage,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl DatabaseFailure for NotRecorded {
    fn database(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Database(error) => Some(error),
            Self::Known | Self::NoMessage => None,
        }
    }
}

impl From<NotRecorded> for Failure {
    fn from(cause: NotRecorded) -> Self {
        match cause {
            // A click on a message that the clinic does not have is somebody's mistake, and would never be counted anywhere.
            NotRecorded::NoMessage => Self::reject(cause),
            NotRecorded::Known => Self::retry(cause),
            NotRecorded::Database(error) => error.into(),
        }
    }
}

/// Records a batch of clicks.
///
/// # Errors
/// When no message of the batch could be worked off.
pub async fn handle<D: DeadLetters>(deps: &Deps<D>, event: SqsEvent) -> Result<SqsBatchResponse, BatchFailed> {
    let database = &deps.database;
    batch::together(event, &deps.dead_letters, async |received: &[ClickReceived]| record(database, received).await).await
}

/// The unique key decides what is new. Nearly always everything is; when not, those that are known are found out and left out.
async fn record(database: &Database, received: &[ClickReceived]) -> Result<(), Failure> {
    let clicks: BTreeMap<_, _> = received.iter().map(click).map(|click| (click.id, click)).collect();
    let clicks: Vec<_> = clicks.into_values().collect();
    let new = match write(database, &clicks, Trust::AllNew).await {
        Err(NotRecorded::Known) => write(database, &clicks, Trust::Nothing).await?,
        outcome => outcome?,
    };
    tracing::info!(event = "clicks.recorded", count = received.len(), new, "clicks recorded");
    Ok(())
}

/// What is believed of clicks before they are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// That none was recorded before.
    AllNew,
    /// The database is asked which were.
    Nothing,
}

/// Writes lines and counts, by as many statements for a hundred messages as for one; answers how many clicks were new.
async fn write(database: &Database, clicks: &[Click], trust: Trust) -> Result<usize, NotRecorded> {
    let written = database.transaction::<_, NotRecorded>("record_clicks", |tx| {
        Box::pin(async move {
            // Before anything else, and in one order: so two batches with the same messages or clicks cannot wait for each other.
            let mut messages = clicks::lock_messages(tx, &clicks.iter().map(|click| click.message).collect()).await?;
            if clicks.iter().any(|click| messages.get(&click.message).is_none_or(|known| known.owner.clinic != click.clinic)) {
                return Err(NotRecorded::NoMessage);
            }
            if trust == Trust::AllNew {
                insert(tx, &mut messages, clicks).await?;
                return Ok(clicks.len());
            }
            // Whoever recorded a visit of these messages has committed, and nobody can record one now.
            let known = clicks::list_known(tx, clicks).await?;
            let new: Vec<_> = clicks.iter().filter(|click| !known.contains(&click.id)).cloned().collect();
            insert(tx, &mut messages, &new).await?;
            Ok(new.len())
        })
    });
    written.await
}

async fn insert(
    connection: &mut MySqlConnection,
    messages: &mut BTreeMap<MessageId, Locked>,
    clicks: &[Click],
) -> Result<(), NotRecorded> {
    match clicks::insert_all(connection, clicks).await {
        Err(error) if violates(&error, "PRIMARY") => return Err(NotRecorded::Known),
        outcome => outcome?,
    }
    let (moves, first_clicks) = count(messages, clicks);
    clicks::set_first_clicks(connection, &first_clicks).await?;
    Ok(moves.store(connection).await?)
}

/// What the clicks add to the hours, and the messages whose first click is earlier than was known.
fn count(messages: &mut BTreeMap<MessageId, Locked>, clicks: &[Click]) -> (Moves, BTreeMap<MessageId, Option<DateTime<Utc>>>) {
    let mut moves = Moves::default();
    let mut first_clicks = BTreeMap::new();
    for click in clicks {
        let Some(message) = messages.get_mut(&click.message) else { continue };
        message.count(&mut moves, click.class, click.clicked_at, 1);
        let is_earlier = message.first_click_at.is_none_or(|first| click.clicked_at < first);
        if click.class == ClickClass::Human && is_earlier {
            message.set_first_click(&mut moves, Some(click.clicked_at));
            first_clicks.insert(click.message, Some(click.clicked_at));
        }
    }
    (moves, first_clicks)
}

fn click(received: &ClickReceived) -> Click {
    let ClickReceived::V1 {
        click_id,
        clinic_id,
        campaign_id,
        message_number,
        class,
        reason,
        rule_version,
        agent,
        method,
        purpose,
        origin,
        sequence,
        clicked_at,
    } = received;
    Click {
        id: *click_id,
        clinic: *clinic_id,
        message: MessageId { campaign: *campaign_id, number: *message_number },
        class: *class,
        reason: reason.clone(),
        rule_version: *rule_version,
        agent: agent.clone(),
        method: method.clone(),
        purpose: purpose.clone(),
        numbered: origin.zip(*sequence),
        // As the database keeps it: otherwise a stored moment would look earlier than the one that it was made of.
        clicked_at: clicked_at.trunc_subsecs(6),
    }
}
