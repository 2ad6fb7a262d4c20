//! Points that somebody of the clinic is to look at before they are granted.

mod decide;

pub use self::decide::{Decision, Held, Undecided, decide, find_user, list, lock, sum_held};

use sqlx::MySqlConnection;

use crate::clock::Ambient;
use crate::message::PointsEarned;
use crate::model::id::HeldGrantId;
use crate::model::state::HoldReason;
use crate::model::{ReferralId, UserId};

/// Holds points that would have been published otherwise, under the same grant key: a key is held or published, never both.
///
/// # Errors
/// When the database refuses.
pub async fn insert(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    earned: &PointsEarned,
    because: HoldReason,
) -> Result<HeldGrantId, sqlx::Error> {
    let PointsEarned::V1 { grant_key, clinic_id, user_id, reason, amount, referral_id } = earned;
    let id = HeldGrantId::new(ambient);
    sqlx::query!(
        "INSERT INTO held_grants (clinic_id, id, grant_key, user_id, reason, amount, referral_id, held_because, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        clinic_id,
        id,
        grant_key,
        user_id,
        reason.as_str(),
        amount.get(),
        referral_id,
        because.as_str(),
        ambient.now()
    )
    .execute(connection)
    .await?;
    Ok(id)
}

/// What is still held of the points that a sign-up earned: for whom, and how many.
///
/// # Errors
/// When the database does not answer.
pub async fn list_of_referral(
    connection: &mut MySqlConnection,
    referral: ReferralId,
    user: UserId,
) -> Result<Vec<(UserId, u32)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT user_id AS "user_id: UserId", amount FROM held_grants
           WHERE grant_key IN (?, ?) AND referral_id = ? AND state = 'held'"#,
        format!("join:{user}"),
        format!("invite:{user}"),
        referral
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.user_id, row.amount)).collect())
}
