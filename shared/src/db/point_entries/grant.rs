//! Grants: lines that are written once for ever, however often they are asked for.

use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::MySqlConnection;
use sqlx::types::Json;
use uuid::fmt::Simple;

use crate::clock::Ambient;
use crate::model::id::PointEntryId;
use crate::model::state::PointReason;
use crate::model::{ClinicId, Points, ReferralId, UserId};

/// A line that is about to be written.
#[derive(Debug, Clone)]
pub struct NewEntry<'a> {
    /// What it is for: ASCII, at most [`GRANT_KEY_LENGTH`] characters. The unique key `point_entries_grant` remembers it for ever.
    pub grant_key: &'a str,
    /// Who pays.
    pub clinic: ClinicId,
    /// Who is paid.
    pub user: UserId,
    /// Why.
    pub reason: PointReason,
    /// How much.
    pub amount: Points,
    /// The referral it comes from.
    pub referral: ReferralId,
}

/// What a grant's key may have, in characters.
pub const GRANT_KEY_LENGTH: usize = 80;

/// A line as the statement below reads it, without the names of its columns.
#[derive(Serialize)]
struct Line<'a>(Simple, &'a str, Simple, Simple, &'static str, u32, Simple);

/// Writes the lines whose keys are not there yet, and moves the balances: two statements however many lines, in the caller's
/// transaction. Answers how many lines were new.
///
/// # Errors
/// The unique key `point_entries_grant` when another transaction wrote one of them at this moment: nothing is written then, and the
/// whole transaction finds it known when it is tried again.
pub async fn insert_new(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    entries: &[NewEntry<'_>],
) -> Result<u64, sqlx::Error> {
    // Each key once, and in one order, so that two batches with the same keys cannot wait for each other.
    let entries: BTreeMap<_, _> = entries.iter().rev().map(|entry| (entry.grant_key, entry)).collect();
    let lines: Vec<_> = entries
        .values()
        .map(|entry| {
            let (clinic, user, referral) = (entry.clinic.uuid(), entry.user.uuid(), entry.referral.uuid());
            let id = PointEntryId::new(ambient).uuid().simple();
            let NewEntry { grant_key, reason, amount, .. } = entry;
            Line(id, grant_key, clinic.simple(), user.simple(), reason.as_str(), amount.get(), referral.simple())
        })
        .collect();
    // What is known is left out by looking, which costs nothing and locks nothing; what others are just writing by the unique key.
    let new = sqlx::query!(
        "INSERT INTO point_entries (id, grant_key, clinic_id, user_id, reason, amount, referral_id, created_at)
         SELECT UNHEX(l.id), l.grant_key, UNHEX(l.clinic), UNHEX(l.person), l.reason, l.amount, UNHEX(l.referral), ?
         FROM JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(32) PATH '$[0]', grant_key VARCHAR(80) CHARACTER SET ascii PATH '$[1]',
             clinic CHAR(32) PATH '$[2]', person CHAR(32) PATH '$[3]', reason VARCHAR(10) PATH '$[4]',
             amount INT UNSIGNED PATH '$[5]', referral CHAR(32) PATH '$[6]')) l
         LEFT JOIN point_entries known FORCE INDEX (point_entries_grant) ON known.grant_key = l.grant_key
         WHERE known.id IS NULL",
        ambient.now(),
        Json(&lines)
    )
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if new == 0 {
        return Ok(0);
    }
    // Summed from the lines themselves, in one order of rows, so that two batches cannot wait for each other.
    let ids: Vec<_> = lines.iter().map(|line| line.0).collect();
    sqlx::query!(
        "INSERT INTO point_balances (clinic_id, user_id, balance)
         SELECT e.clinic_id, e.user_id, SUM(e.amount) FROM JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(32) PATH '$')) l
         STRAIGHT_JOIN point_entries e FORCE INDEX (PRIMARY) ON e.id = UNHEX(l.id)
         GROUP BY e.clinic_id, e.user_id ORDER BY e.clinic_id, e.user_id
         ON DUPLICATE KEY UPDATE balance = balance + VALUES(balance)",
        Json(ids)
    )
    .execute(connection)
    .await?;
    Ok(new)
}
