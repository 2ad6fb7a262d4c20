//! Withdrawals on their way to the end, and what is let go of because of its age.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use sqlx::MySqlConnection;

use crate::model::UserId;

/// How long the line of a finished withdrawal stays: longer than any token of the account is taken.
const LINES_KEPT_FOR: TimeDelta = TimeDelta::days(1);
/// How long the count of somebody's guesses stays: longer than it is looked at.
const GUESSES_KEPT_FOR: TimeDelta = TimeDelta::days(1);

/// Somebody of whom something may be left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// The person.
    pub user: UserId,
    /// The account's subject.
    pub subject: String,
    /// When the person withdrew.
    pub requested_at: DateTime<Utc>,
    /// Whether the account is deleted.
    pub is_account_deleted: bool,
}

struct Row {
    user: UserId,
    subject: String,
    requested_at: NaiveDateTime,
    is_account_deleted: bool,
}

/// Withdrawals that are not finished, each time others when there are more.
///
/// # Errors
/// When the database does not answer.
pub async fn list(connection: &mut MySqlConnection, limit: u32) -> Result<Vec<Unfinished>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT user_id AS "user: UserId", subject, requested_at, account_deleted_at IS NOT NULL AS "is_account_deleted!: bool"
           FROM withdrawals WHERE finished_at IS NULL ORDER BY RAND() LIMIT ?"#,
        limit
    );
    let unfinished = rows.fetch_all(connection).await?.into_iter().map(|row| Unfinished {
        user: row.user,
        subject: row.subject,
        requested_at: row.requested_at.and_utc(),
        is_account_deleted: row.is_account_deleted,
    });
    Ok(unfinished.collect())
}

/// Nothing is left of the person but what stays. Call in a transaction.
///
/// # Errors
/// When the database refuses.
pub async fn finish(connection: &mut MySqlConnection, user: UserId, at: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM withdrawn_customers WHERE user_id = ?", user).execute(&mut *connection).await?;
    sqlx::query!("UPDATE withdrawals SET finished_at = ? WHERE user_id = ?", at, user).execute(connection).await.map(drop)
}

/// The withdrawal of an account goes, because another user of it is found, who withdraws in its place and has to see to what is left.
///
/// # Errors
/// When the database refuses.
pub async fn replace(connection: &mut MySqlConnection, user: UserId, by: UserId) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE withdrawn_customers SET user_id = ? WHERE user_id = ?", by, user).execute(&mut *connection).await?;
    sqlx::query!("DELETE FROM withdrawals WHERE user_id = ?", user).execute(connection).await.map(drop)
}

/// Lets go of finished withdrawals, with them the subject; answers how many.
///
/// # Errors
/// When the database refuses.
pub async fn delete_finished(connection: &mut MySqlConnection, now: DateTime<Utc>, limit: u32) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!("DELETE FROM withdrawals WHERE finished_at < ? LIMIT ?", now - LINES_KEPT_FOR, limit);
    done.execute(connection).await.map(|done| done.rows_affected())
}

/// Lets go of hashes whose time is up; answers how many.
///
/// # Errors
/// When the database refuses.
pub async fn delete_keys(connection: &mut MySqlConnection, now: DateTime<Utc>, limit: u32) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!("DELETE FROM person_keys WHERE forget_at <= ? LIMIT ?", now, limit);
    done.execute(connection).await.map(|done| done.rows_affected())
}

/// Lets go of counts of guesses that nobody looks at any more; answers how many.
///
/// # Errors
/// When the database refuses.
pub async fn delete_guesses(connection: &mut MySqlConnection, now: DateTime<Utc>, limit: u32) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!("DELETE FROM code_guesses WHERE since < ? LIMIT ?", now - GUESSES_KEPT_FOR, limit);
    done.execute(connection).await.map(|done| done.rows_affected())
}
