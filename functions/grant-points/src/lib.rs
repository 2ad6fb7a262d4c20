//! Triggered by `PointsEarned` on the queue of this function.
//! Responsible for writing each grant into the ledger exactly once, with the balance in the same transaction.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use shared::batch::{self, BatchFailed, DeadLetters};
use shared::clock::Ambient;
use shared::db::point_entries::{self, NewEntry};
use shared::db::{Database, violates};
use shared::failure::Failure;
use shared::message::PointsEarned;

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

/// Two statements and one commit, however many grants. A grant that was made before fails the whole batch on its unique key;
/// the batch is then worked off one by one, and there it means that nothing is left to do.
async fn grant<D>(deps: &Deps<D>, earned: &[PointsEarned]) -> Result<(), Failure> {
    let entries: Vec<_> = earned.iter().map(entry).collect();
    let (ambient, entries) = (&deps.ambient, &entries);
    let written = deps.database.transaction::<_, sqlx::Error>("grant_points", |tx| {
        Box::pin(async move { point_entries::insert_all(tx, ambient, entries).await })
    });
    match written.await {
        Ok(()) => {
            tracing::info!(event = "points.granted", count = entries.len(), "points granted");
            Ok(())
        }
        Err(error) if entries.len() == 1 && violates(&error, "point_entries_grant") => {
            tracing::info!(event = "points.known", "the grant was made before");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

fn entry(earned: &PointsEarned) -> NewEntry<'_> {
    let PointsEarned::V1 { grant_key, clinic_id, user_id, reason, amount, referral_id } = earned;
    NewEntry { grant_key, clinic: *clinic_id, user: *user_id, reason: *reason, amount: *amount, referral: *referral_id }
}
