//! Roll-up per clinic, hour (UTC) and campaign, moved in the same transaction as the lines that it counts.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use sqlx::MySqlConnection;

use crate::model::{CampaignId, ClinicId};

/// What is added to an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delta {
    /// Messages that the provider took.
    pub sent: u32,
    /// Messages that arrived.
    pub delivered: u32,
    /// Messages that did not arrive.
    pub failed: u32,
    /// Visits of people.
    pub human_clicks: u32,
    /// First visits of people, one per message at most.
    pub unique_clicks: u32,
    /// Visits of link previews.
    pub previews: u32,
    /// Visits ahead of a person's decision.
    pub prefetches: u32,
    /// Visits of programs.
    pub bots: u32,
}

/// The beginning of the hour.
#[must_use]
pub fn hour_of(moment: DateTime<Utc>) -> DateTime<Utc> {
    moment.duration_trunc(TimeDelta::hours(1)).unwrap_or(moment)
}

/// Adds to the hour in which something happened.
///
/// # Errors
/// When the database refuses.
pub async fn add(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaign: CampaignId,
    moment: DateTime<Utc>,
    delta: Delta,
) -> Result<(), sqlx::Error> {
    if delta == Delta::default() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO hourly_counts (clinic_id, hour, campaign_id, sent, delivered, failed, human_clicks, unique_clicks, previews,
             prefetches, bots)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON DUPLICATE KEY UPDATE sent = sent + VALUES(sent), delivered = delivered + VALUES(delivered),
             failed = failed + VALUES(failed), human_clicks = human_clicks + VALUES(human_clicks),
             unique_clicks = unique_clicks + VALUES(unique_clicks), previews = previews + VALUES(previews),
             prefetches = prefetches + VALUES(prefetches), bots = bots + VALUES(bots)",
        clinic,
        hour_of(moment),
        campaign,
        delta.sent,
        delta.delivered,
        delta.failed,
        delta.human_clicks,
        delta.unique_clicks,
        delta.previews,
        delta.prefetches,
        delta.bots
    )
    .execute(connection)
    .await
    .map(drop)
}
