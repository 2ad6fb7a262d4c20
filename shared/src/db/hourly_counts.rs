//! Roll-up per clinic, hour (UTC) and campaign, moved in the same transaction as the lines that it counts.

use std::collections::BTreeMap;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde::Serialize;
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

/// What was counted in some span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HourlyCounts)]
pub struct Counts {
    /// Messages that the provider took.
    pub sent: u64,
    /// Messages that arrived.
    pub delivered: u64,
    /// Messages that did not arrive.
    pub failed: u64,
    /// Visits of people.
    pub human_clicks: u64,
    /// First visits of people, one per message at most.
    pub unique_clicks: u64,
    /// Visits of link previews.
    pub previews: u64,
    /// Visits ahead of a person's decision.
    pub prefetches: u64,
    /// Visits of programs.
    pub bots: u64,
}

/// Visits by class, as the API shows them: never one number without what was left out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = ClickTotals)]
pub struct Clicks {
    /// Visits of people.
    pub human: u64,
    /// First visits of people, one per message at most.
    pub unique: u64,
    /// Visits of link previews.
    pub previews: u64,
    /// Visits ahead of a person's decision.
    pub prefetches: u64,
    /// Visits of programs.
    pub bots: u64,
}

impl Counts {
    /// The visits alone.
    #[must_use]
    pub const fn clicks(self) -> Clicks {
        Clicks {
            human: self.human_clicks,
            unique: self.unique_clicks,
            previews: self.previews,
            prefetches: self.prefetches,
            bots: self.bots,
        }
    }
}

impl std::iter::Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(hours: I) -> Self {
        hours.fold(Self::default(), |sum, hour| Self {
            sent: sum.sent + hour.sent,
            delivered: sum.delivered + hour.delivered,
            failed: sum.failed + hour.failed,
            human_clicks: sum.human_clicks + hour.human_clicks,
            unique_clicks: sum.unique_clicks + hour.unique_clicks,
            previews: sum.previews + hour.previews,
            prefetches: sum.prefetches + hour.prefetches,
            bots: sum.bots + hour.bots,
        })
    }
}

/// What was counted per hour from one moment until before another, of one campaign or of all but tests. Hours in which nothing happened
/// are absent.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaign: Option<CampaignId>,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<BTreeMap<DateTime<Utc>, Counts>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT hour, CAST(SUM(sent) AS UNSIGNED) AS "sent!: u64", CAST(SUM(delivered) AS UNSIGNED) AS "delivered!: u64",
             CAST(SUM(failed) AS UNSIGNED) AS "failed!: u64", CAST(SUM(human_clicks) AS UNSIGNED) AS "human_clicks!: u64",
             CAST(SUM(unique_clicks) AS UNSIGNED) AS "unique_clicks!: u64", CAST(SUM(previews) AS UNSIGNED) AS "previews!: u64",
             CAST(SUM(prefetches) AS UNSIGNED) AS "prefetches!: u64", CAST(SUM(bots) AS UNSIGNED) AS "bots!: u64"
           FROM hourly_counts h WHERE clinic_id = ? AND hour >= ? AND hour < ? AND (campaign_id = ? OR ? IS NULL AND NOT EXISTS
             (SELECT 1 FROM campaigns c WHERE c.id = h.campaign_id AND c.kind = 'test'))
           GROUP BY hour ORDER BY hour"#,
        clinic,
        from,
        until,
        campaign,
        campaign
    )
    .fetch_all(connection)
    .await?;
    let hours = rows.into_iter().map(|row| {
        let counts = Counts {
            sent: row.sent,
            delivered: row.delivered,
            failed: row.failed,
            human_clicks: row.human_clicks,
            unique_clicks: row.unique_clicks,
            previews: row.previews,
            prefetches: row.prefetches,
            bots: row.bots,
        };
        (row.hour.and_utc(), counts)
    });
    Ok(hours.collect())
}

/// What was counted since a moment, of one campaign or of all but tests.
///
/// # Errors
/// When the database does not answer.
pub async fn total(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaign: Option<CampaignId>,
    since: DateTime<Utc>,
) -> Result<Counts, sqlx::Error> {
    sqlx::query_as!(
        Counts,
        r#"SELECT CAST(COALESCE(SUM(sent), 0) AS UNSIGNED) AS "sent!: u64",
             CAST(COALESCE(SUM(delivered), 0) AS UNSIGNED) AS "delivered!: u64",
             CAST(COALESCE(SUM(failed), 0) AS UNSIGNED) AS "failed!: u64",
             CAST(COALESCE(SUM(human_clicks), 0) AS UNSIGNED) AS "human_clicks!: u64",
             CAST(COALESCE(SUM(unique_clicks), 0) AS UNSIGNED) AS "unique_clicks!: u64",
             CAST(COALESCE(SUM(previews), 0) AS UNSIGNED) AS "previews!: u64",
             CAST(COALESCE(SUM(prefetches), 0) AS UNSIGNED) AS "prefetches!: u64",
             CAST(COALESCE(SUM(bots), 0) AS UNSIGNED) AS "bots!: u64"
           FROM hourly_counts h WHERE clinic_id = ? AND hour >= ? AND (campaign_id = ? OR ? IS NULL AND NOT EXISTS
             (SELECT 1 FROM campaigns c WHERE c.id = h.campaign_id AND c.kind = 'test'))"#,
        clinic,
        // As a DATETIME: as a TIMESTAMP the beginning of 1970 would be out of range.
        hour_of(since).naive_utc(),
        campaign,
        campaign
    )
    .fetch_one(connection)
    .await
}
