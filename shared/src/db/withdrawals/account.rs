//! The accounts of people who have withdrawn.

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;

use crate::model::UserId;

/// The account is deleted: nobody can sign in with it.
///
/// # Errors
/// When the database refuses.
pub async fn mark_deleted(connection: &mut MySqlConnection, user: UserId, at: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE withdrawals SET account_deleted_at = ? WHERE user_id = ? AND account_deleted_at IS NULL", at, user)
        .execute(connection)
        .await
        .map(drop)
}
