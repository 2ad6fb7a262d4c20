//! What the rows of a campaign say, to be held against what was requested, what was answered and what is counted. Questions that are
//! asked on one [`Snapshot`](super::snapshot::Snapshot) are answered as of one moment.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;

use super::decode;
use super::hourly_totals::Counts;
use crate::model::state::{ClickClass, MessageState};
use crate::model::{CampaignId, ClinicId};

/// The messages of a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Messages {
    /// How many are in each state; states without a message are absent.
    pub by_state: BTreeMap<MessageState, u64>,
    /// What the roll-up is to say about them: visits are left out, but for the first ones.
    pub counts: Counts,
}

/// Looks at all messages of a campaign.
///
/// # Errors
/// When the database does not answer.
pub async fn count_messages(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaign: CampaignId,
) -> Result<Messages, sqlx::Error> {
    // The campaign's rows lie side by side by their numbers; any other index would fetch them one by one.
    let rows = sqlx::query!(
        r#"SELECT state, COUNT(*) AS "count: u64", COUNT(sent_at) AS "sent!: i64", COUNT(resulted_at) AS "resulted!: i64",
             COUNT(first_click_at) AS "clicked!: i64"
           FROM messages FORCE INDEX (PRIMARY) WHERE campaign_id = ? AND clinic_id = ? GROUP BY state"#,
        campaign,
        clinic
    )
    .fetch_all(connection)
    .await?;
    let mut messages = Messages::default();
    for row in rows {
        let state = decode(&row.state)?;
        messages.by_state.insert(state, row.count);
        messages.counts.sent += row.sent;
        messages.counts.unique_clicks += row.clicked;
        match state {
            MessageState::Delivered => messages.counts.delivered += row.resulted,
            MessageState::Failed => messages.counts.failed += row.resulted,
            _ => {}
        }
    }
    Ok(messages)
}

/// The visits of a campaign's links that are recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Visits {
    /// How many there are of each class; classes without a visit are absent.
    pub by_class: BTreeMap<ClickClass, u64>,
    /// All of them.
    pub recorded: u64,
    /// How many must have been answered, by the highest number of each process. Never less than are recorded.
    pub numbered: u64,
}

/// Looks at all recorded visits of a campaign's links.
///
/// # Errors
/// When the database does not answer.
pub async fn count_visits(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaign: CampaignId,
) -> Result<Visits, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT origin, class, COUNT(*) AS "count: u64", CAST(COALESCE(MAX(sequence), 0) AS UNSIGNED) AS "highest!: u64"
           FROM clicks FORCE INDEX (clicks_by_message) WHERE campaign_id = ? AND clinic_id = ? GROUP BY origin, class"#,
        campaign,
        clinic
    )
    .fetch_all(connection)
    .await?;
    let mut visits = Visits::default();
    let mut origins: BTreeMap<Option<u64>, (u64, u64)> = BTreeMap::new();
    for row in rows {
        *visits.by_class.entry(decode(&row.class)?).or_default() += row.count;
        let (recorded, highest) = origins.entry(row.origin).or_default();
        *recorded += row.count;
        *highest = row.highest.max(*highest);
    }
    visits.recorded = origins.values().map(|(recorded, _)| recorded).sum();
    // Those of earlier versions have no number, and are at least as many as are recorded.
    visits.numbered = origins.values().map(|(recorded, highest)| recorded.max(highest)).sum();
    Ok(visits)
}

/// How many visits were answered and are not recorded although the ones before and after them, by the same process, were answered
/// before this moment.
///
/// # Errors
/// When the database does not answer.
pub async fn count_missing(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaign: CampaignId,
    before: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT CAST(COALESCE(SUM(gap), 0) AS UNSIGNED) AS "missing!: u64"
           FROM (
             SELECT CAST(sequence AS SIGNED) - COALESCE(LAG(CAST(sequence AS SIGNED)) OVER numbers, 0) - 1 AS gap, clicked_at,
               LAG(clicked_at) OVER numbers AS earlier
             FROM clicks FORCE INDEX (clicks_by_message)
             WHERE campaign_id = ? AND clinic_id = ? AND origin IS NOT NULL AND sequence IS NOT NULL
             WINDOW numbers AS (PARTITION BY origin ORDER BY sequence)
           ) visits
           WHERE gap > 0 AND clicked_at < ? AND (earlier IS NULL OR earlier < ?)"#,
        campaign,
        clinic,
        before.naive_utc(),
        before.naive_utc()
    )
    .fetch_one(connection)
    .await
}
