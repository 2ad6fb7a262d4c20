//! Differences that cannot be mended, for as long as they stand.

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;

use crate::db::hourly_totals::Owner;
use crate::model::CampaignId;

/// A difference of a campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What differs.
    pub kind: String,
    /// Where.
    pub place: String,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub found: String,
}

/// The differences of a campaign that were found before.
///
/// # Errors
/// When the database does not answer.
pub async fn list_standing(connection: &mut MySqlConnection, campaign: CampaignId) -> Result<Vec<Standing>, sqlx::Error> {
    sqlx::query_as!(
        Standing,
        "SELECT kind, place, expected, found FROM standing_differences WHERE campaign_id = ? ORDER BY kind, place",
        campaign
    )
    .fetch_all(connection)
    .await
}

/// One that was not there before, or is another one now.
///
/// # Errors
/// When the database refuses.
pub async fn remember(
    connection: &mut MySqlConnection,
    owner: Owner,
    standing: &Standing,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO standing_differences (campaign_id, kind, place, clinic_id, expected, found, found_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON DUPLICATE KEY UPDATE expected = VALUES(expected), found = VALUES(found), found_at = VALUES(found_at)",
        owner.campaign,
        standing.kind,
        standing.place,
        owner.clinic,
        standing.expected,
        standing.found,
        now.naive_utc()
    )
    .execute(connection)
    .await
    .map(drop)
}

/// One that is not there any more.
///
/// # Errors
/// When the database refuses.
pub async fn forget(connection: &mut MySqlConnection, owner: Owner, standing: &Standing) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM standing_differences WHERE campaign_id = ? AND kind = ? AND place = ?",
        owner.campaign,
        standing.kind,
        standing.place
    )
    .execute(connection)
    .await
    .map(drop)
}
