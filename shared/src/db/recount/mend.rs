//! Making the difference good.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::MySqlConnection;
use sqlx::types::Json;

use super::{Column, Misplaced, Sums};
use crate::db::hourly_totals::{Delta, Moves, Owner};
use crate::model::{CampaignId, ClinicId};

/// Makes sure that nobody else mends the numbers of a campaign: that whoever [marked](super::mark_checked) it at this moment was the
/// last one, and stays so until the transaction ends. Answers how many messages the campaign says that it has; nothing when somebody
/// else has begun to compare it. Others wait for its end who change the campaign, so what takes time to read was read before.
///
/// # Errors
/// When the database refuses.
pub async fn hold(
    connection: &mut MySqlConnection,
    owner: Owner,
    checked_at: DateTime<Utc>,
) -> Result<Option<u32>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT prepared_messages FROM campaigns WHERE clinic_id = ? AND id = ? AND counts_checked_at <=> ? FOR UPDATE",
        owner.clinic,
        owner.campaign,
        checked_at.naive_utc()
    )
    .fetch_optional(connection)
    .await
}

/// The campaign that stands for its clinic when somebody mends the numbers of the clinic, its templates and groups: the oldest. The
/// clinic's own row would make all wait who add something to the clinic.
///
/// # Errors
/// When the database does not answer.
pub async fn oldest(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<CampaignId, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT id AS "id: CampaignId" FROM campaigns FORCE INDEX (PRIMARY) WHERE clinic_id = ? ORDER BY id LIMIT 1"#,
        clinic
    )
    .fetch_one(connection)
    .await
}

/// Locks it, before anything else is read. It is named in full: a search would lock the gaps beside it, too, and keep the clinic
/// next to it from adding campaigns.
///
/// # Errors
/// When the database refuses.
pub async fn lock(connection: &mut MySqlConnection, clinic: ClinicId, oldest: CampaignId) -> Result<(), sqlx::Error> {
    sqlx::query!(r#"SELECT 1 AS "one!: i64" FROM campaigns WHERE clinic_id = ? AND id = ? FOR UPDATE"#, clinic, oldest)
        .fetch_optional(connection)
        .await
        .map(drop)
}

/// Adds the differences to the numbers of a clinic. Call last in a transaction.
///
/// # Errors
/// When the database refuses.
pub async fn mend(connection: &mut MySqlConnection, clinic: ClinicId, differences: &Sums) -> Result<(), sqlx::Error> {
    let mut moves = Moves::default();
    for ((place, column), difference) in differences {
        // What is more than that is left for the next time.
        let count = i32::try_from(*difference).unwrap_or(if *difference < 0 { i32::MIN } else { i32::MAX });
        let delta = match column {
            Column::FailedBecause(reason) => {
                moves.mend_failures(clinic, (place.scope, place.part, place.hour), reason, count);
                continue;
            }
            Column::Sent => Delta { sent: count, ..Delta::default() },
            Column::Delivered => Delta { delivered: count, ..Delta::default() },
            Column::Failed => Delta { failed: count, ..Delta::default() },
            Column::Unique => Delta { unique_clicks: count, ..Delta::default() },
            Column::Visits(class) => Delta::visits(*class, count),
        };
        moves.mend(clinic, (place.scope, place.part, place.hour), delta);
    }
    moves.store(connection).await
}

#[derive(Serialize)]
struct First(u32, Option<String>, Option<String>);

/// Whether first clicks and the visits behind them still are as they were found. Their messages were
/// [locked](crate::db::clicks::lock_messages) by a statement before, so it stays so.
///
/// # Errors
/// When the database does not answer.
pub async fn are_misplaced(
    connection: &mut MySqlConnection,
    owner: Owner,
    misplaced: &[Misplaced],
) -> Result<bool, sqlx::Error> {
    let stored = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M:%S%.6f").to_string();
    let lines: Vec<_> =
        misplaced.iter().map(|one| First(one.number, one.found.map(stored), one.expected.map(stored))).collect();
    let still = sqlx::query_scalar!(
        r#"SELECT COUNT(*) AS "count!: i64"
           FROM JSON_TABLE(?, '$[*]' COLUMNS (number INT UNSIGNED PATH '$[0]', found DATETIME(6) PATH '$[1]',
             expected DATETIME(6) PATH '$[2]')) l
           STRAIGHT_JOIN messages m FORCE INDEX (PRIMARY) ON m.campaign_id = ? AND m.number = l.number
           WHERE m.first_click_at <=> l.found AND l.expected <=> (
             SELECT MIN(c.clicked_at) FROM clicks c FORCE INDEX (clicks_by_message)
             WHERE c.campaign_id = m.campaign_id AND c.message_number = m.number AND c.clinic_id = ? AND c.class = 'human'
           )"#,
        Json(lines),
        owner.campaign,
        owner.clinic
    );
    Ok(usize::try_from(still.fetch_one(connection).await?) == Ok(misplaced.len()))
}

/// The campaign has as many messages as there are. It is [held](hold).
///
/// # Errors
/// When the database refuses.
pub async fn set_prepared(connection: &mut MySqlConnection, owner: Owner, messages: u32) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE campaigns SET prepared_messages = ? WHERE clinic_id = ? AND id = ?",
        messages,
        owner.clinic,
        owner.campaign
    )
    .execute(connection)
    .await
    .map(drop)
}
