//! Triggered by `PointsEarned` on the queue of this function.
//! Responsible for writing each grant into the ledger exactly once, with the balance in the same transaction.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use shared::batch::{self, BatchFailed, DeadLetters};
use shared::clock::Ambient;
use shared::db::Database;
use shared::db::point_entries::{self, GRANT_KEY_LENGTH, NewEntry};
use shared::failure::Failure;
use shared::message::PointsEarned;
use shared::model::state::PointReason;

/// What the use case needs.
pub struct Deps<D> {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
    /// Where messages go that can never succeed.
    pub dead_letters: D,
}

/// Grants a batch of points.
///
/// # Errors
/// When no message of the batch could be worked off.
pub async fn handle<D: DeadLetters>(deps: &Deps<D>, event: SqsEvent) -> Result<SqsBatchResponse, BatchFailed> {
    batch::together(event, &deps.dead_letters, async |earned: &[PointsEarned]| grant(deps, earned).await).await
}

/// Two statements for each ten grants and one commit, however many of them were made before.
async fn grant<D>(deps: &Deps<D>, earned: &[PointsEarned]) -> Result<(), Failure> {
    let entries = earned.iter().map(entry).collect::<Result<Vec<_>, _>>().map_err(Failure::reject)?;
    let (ambient, entries) = (&deps.ambient, &entries);
    let written = deps.database.transaction::<_, sqlx::Error>("grant_points", |tx| {
        Box::pin(async move { point_entries::insert_new(tx, ambient, entries).await })
    });
    written.await?;
    tracing::info!(event = "points.granted", count = entries.len(), "points granted");
    Ok(())
}

/// Why a message is no grant that the ledger could hold.
#[derive(Debug, thiserror::Error)]
enum NoGrant {
    #[error("the key must have 1 to {GRANT_KEY_LENGTH} ASCII characters")]
    Key,
    #[error("points are granted for joining and inviting only")]
    Reason,
    #[error("a grant has one point or more")]
    Nothing,
}

fn entry(earned: &PointsEarned) -> Result<NewEntry<'_>, NoGrant> {
    let PointsEarned::V1 { grant_key, clinic_id, user_id, reason, amount, referral_id } = earned;
    if !(1..=GRANT_KEY_LENGTH).contains(&grant_key.len()) || !grant_key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(NoGrant::Key);
    }
    if !matches!(reason, PointReason::Join | PointReason::Invite) {
        return Err(NoGrant::Reason);
    }
    if amount.get() == 0 {
        return Err(NoGrant::Nothing);
    }
    Ok(NewEntry { grant_key, clinic: *clinic_id, user: *user_id, reason: *reason, amount: *amount, referral: *referral_id })
}
