//! How many codes that cannot be used somebody has shown lately.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::MySqlConnection;

use crate::model::person_key::PersonKey;

/// So many wrong codes of one account are answered one by one.
pub const PER_ACCOUNT: u32 = 10;

/// So many wrong codes from one place in the network: whole carriers and offices are behind one address.
pub const PER_SOURCE: u32 = 200;

/// Within this time; then it begins anew.
pub const WINDOW: TimeDelta = TimeDelta::minutes(10);

/// Until when whoever has shown so many wrong codes is told nothing more, not about right ones either.
///
/// # Errors
/// When the database does not answer.
pub async fn find_end_of_block(
    connection: &mut MySqlConnection,
    guesser: PersonKey,
    limit: u32,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    let since =
        sqlx::query_scalar!("SELECT since FROM code_guesses WHERE guesser = ? AND guesses >= ?", guesser.as_bytes(), limit)
            .fetch_optional(connection)
            .await?;
    Ok(since.map(|since| since.and_utc() + WINDOW).filter(|end| now < *end))
}

/// Counts a wrong code.
///
/// # Errors
/// When the database refuses.
pub async fn count(connection: &mut MySqlConnection, guesser: PersonKey, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let over = now - WINDOW;
    // The count is set before the moment: assignments are made from left to right, and both look at the moment of before.
    sqlx::query!(
        "INSERT INTO code_guesses (guesser, since, guesses) VALUES (?, ?, 1)
         ON DUPLICATE KEY UPDATE guesses = IF(since <= ?, 1, guesses + 1), since = IF(since <= ?, VALUES(since), since)",
        guesser.as_bytes(),
        now,
        over,
        over
    )
    .execute(connection)
    .await
    .map(drop)
}
