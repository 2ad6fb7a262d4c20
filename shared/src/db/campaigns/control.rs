//! Letting a paused campaign go on. Whoever does so holds the campaign's [lock](super::lock).

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;

use super::Campaign;
use crate::model::BundleId;
use crate::model::state::CampaignState;

/// The paused campaign goes on from this state, and is late only from now on.
///
/// # Errors
/// When the database refuses.
pub async fn resume(
    connection: &mut MySqlConnection,
    campaign: &Campaign,
    state: CampaignState,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE campaigns SET state = ?, resumed_from = NULL, failure = NULL, resumed_at = ? WHERE clinic_id = ? AND id = ?",
        state.as_str(),
        now,
        campaign.clinic,
        campaign.id
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Bundles of the campaign that may be handed over now, first ones first. Before it is released that is the first alone.
///
/// # Errors
/// When the database does not answer.
pub async fn list_claimable_bundles(
    connection: &mut MySqlConnection,
    campaign: &Campaign,
    now: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<BundleId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT id AS "id: BundleId" FROM bundles FORCE INDEX (bundles_waiting)
           WHERE campaign_id = ? AND state = 'prepared' AND clinic_id = ? AND (not_before IS NULL OR not_before <= ?)
             AND (? OR position = 0)
           ORDER BY position LIMIT ?"#,
        campaign.id,
        campaign.clinic,
        now,
        campaign.released_at.is_some(),
        limit
    )
    .fetch_all(connection)
    .await
}
