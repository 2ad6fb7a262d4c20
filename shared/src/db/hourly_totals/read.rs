//! Reading the roll-up: each row that is looked at is one that is returned.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{MySqlConnection, QueryBuilder};
use uuid::Uuid;

use super::{WHOLE, hour_of};
use crate::model::{CampaignId, ClinicId, GroupId, TemplateId};

/// What numbers are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All campaigns of the clinic but tests.
    Clinic,
    /// The campaigns made of a template, but tests.
    Template(TemplateId),
    /// The recipients that were reached through a group, tests left out.
    Group(GroupId),
    /// One campaign.
    Campaign(CampaignId),
}

impl Scope {
    fn id(self, clinic: ClinicId) -> Uuid {
        match self {
            Self::Clinic => clinic.uuid(),
            Self::Template(id) => id.uuid(),
            Self::Group(id) => id.uuid(),
            Self::Campaign(id) => id.uuid(),
        }
    }
}

/// What was counted in some span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, sqlx::FromRow, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Counts)]
pub struct Counts {
    /// Messages that the provider took.
    pub sent: i64,
    /// Messages that arrived.
    pub delivered: i64,
    /// Messages that did not arrive.
    pub failed: i64,
    /// Visits of people.
    pub human_clicks: i64,
    /// First visits of people, one per message at most.
    pub unique_clicks: i64,
    /// Visits of link previews.
    pub previews: i64,
    /// Visits ahead of a person's decision.
    pub prefetches: i64,
    /// Visits of programs.
    pub bots: i64,
    /// Visits of a link that had ended.
    pub rejected: i64,
}

/// Visits by class, as the API shows them: never one number without what was left out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = ClickTotals)]
pub struct Clicks {
    /// Visits of people.
    pub human: i64,
    /// First visits of people, one per message at most.
    pub unique: i64,
    /// Visits of link previews.
    pub previews: i64,
    /// Visits ahead of a person's decision.
    pub prefetches: i64,
    /// Visits of programs.
    pub bots: i64,
    /// Visits of a link that had ended.
    pub rejected: i64,
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
            rejected: self.rejected,
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
            rejected: sum.rejected + hour.rejected,
        })
    }
}

/// What was counted per hour from one moment until before another. Hours in which nothing happened are absent.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    scope: Scope,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<BTreeMap<DateTime<Utc>, Counts>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT hour, sent, delivered, failed, human_clicks, unique_clicks, previews, prefetches, bots, rejected
         FROM hourly_totals WHERE clinic_id = ? AND scope_id = ? AND part_id = ? AND hour >= ? AND hour < ? ORDER BY hour",
        clinic,
        scope.id(clinic),
        WHOLE,
        from.naive_utc(),
        until.naive_utc()
    )
    .fetch_all(connection)
    .await?;
    let hours = rows.into_iter().map(|row| {
        let counts = Counts {
            sent: row.sent.into(),
            delivered: row.delivered.into(),
            failed: row.failed.into(),
            human_clicks: row.human_clicks.into(),
            unique_clicks: row.unique_clicks.into(),
            previews: row.previews.into(),
            prefetches: row.prefetches.into(),
            bots: row.bots.into(),
            rejected: row.rejected.into(),
        };
        (row.hour.and_utc(), counts)
    });
    Ok(hours.collect())
}

/// Why messages failed in an hour, and how many.
pub type Failures = BTreeMap<String, i64>;

/// Why messages failed per hour from one moment until before another. Hours without failures are absent.
///
/// # Errors
/// When the database does not answer.
pub async fn list_failures(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    scope: Scope,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<BTreeMap<DateTime<Utc>, Failures>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT hour, reason, failed FROM hourly_failures
         WHERE clinic_id = ? AND scope_id = ? AND part_id = ? AND hour >= ? AND hour < ? AND failed <> 0 ORDER BY hour, reason",
        clinic,
        scope.id(clinic),
        WHOLE,
        from.naive_utc(),
        until.naive_utc()
    )
    .fetch_all(connection)
    .await?;
    let mut hours: BTreeMap<_, Failures> = BTreeMap::new();
    for row in rows {
        hours.entry(row.hour.and_utc()).or_default().insert(row.reason, row.failed.into());
    }
    Ok(hours)
}

/// What was counted since a moment.
///
/// # Errors
/// When the database does not answer.
pub async fn total(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    scope: Scope,
    since: DateTime<Utc>,
) -> Result<Counts, sqlx::Error> {
    sqlx::query_as!(
        Counts,
        r#"SELECT CAST(COALESCE(SUM(sent), 0) AS SIGNED) AS "sent!: i64",
             CAST(COALESCE(SUM(delivered), 0) AS SIGNED) AS "delivered!: i64",
             CAST(COALESCE(SUM(failed), 0) AS SIGNED) AS "failed!: i64",
             CAST(COALESCE(SUM(human_clicks), 0) AS SIGNED) AS "human_clicks!: i64",
             CAST(COALESCE(SUM(unique_clicks), 0) AS SIGNED) AS "unique_clicks!: i64",
             CAST(COALESCE(SUM(previews), 0) AS SIGNED) AS "previews!: i64",
             CAST(COALESCE(SUM(prefetches), 0) AS SIGNED) AS "prefetches!: i64",
             CAST(COALESCE(SUM(bots), 0) AS SIGNED) AS "bots!: i64",
             CAST(COALESCE(SUM(rejected), 0) AS SIGNED) AS "rejected!: i64"
           FROM hourly_totals WHERE clinic_id = ? AND scope_id = ? AND part_id = ? AND hour >= ?"#,
        clinic,
        scope.id(clinic),
        WHOLE,
        // As a DATETIME: as a TIMESTAMP the beginning of 1970 would be out of range.
        hour_of(since).naive_utc()
    )
    .fetch_one(connection)
    .await
}

/// How long lists of campaigns are, filled up with their last one: so there are few statements, and both sides keep them prepared.
const LENGTHS: [usize; 4] = [1, 10, 50, 200];

/// What was counted of each of these campaigns at all. Those of which nothing was are absent.
///
/// # Errors
/// When the database does not answer.
pub async fn total_of_each(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaigns: &[CampaignId],
) -> Result<HashMap<CampaignId, Counts>, sqlx::Error> {
    let mut totals = HashMap::with_capacity(campaigns.len());
    for campaigns in campaigns.chunks(LENGTHS[3]) {
        let Some(last) = campaigns.last() else { break };
        let length = LENGTHS.into_iter().find(|length| *length >= campaigns.len()).unwrap_or(campaigns.len());
        let mut query = QueryBuilder::new("SELECT scope_id");
        for column in COLUMNS {
            query.push(format!(", CAST(SUM({column}) AS SIGNED) AS {column}"));
        }
        query.push(" FROM hourly_totals WHERE clinic_id = ").push_bind(clinic);
        query.push(" AND part_id = ").push_bind(WHOLE).push(" AND scope_id IN (");
        let mut places = query.separated(", ");
        for campaign in campaigns.iter().chain(std::iter::repeat(last)).take(length) {
            places.push_bind(*campaign);
        }
        query.push(") GROUP BY scope_id");
        let rows: Vec<Each> = query.build_query_as().fetch_all(&mut *connection).await?;
        totals.extend(rows.into_iter().map(|row| (row.scope_id, row.counts)));
    }
    Ok(totals)
}

/// As they are called in the table.
const COLUMNS: [&str; 9] =
    ["sent", "delivered", "failed", "human_clicks", "unique_clicks", "previews", "prefetches", "bots", "rejected"];

#[derive(sqlx::FromRow)]
struct Each {
    scope_id: CampaignId,
    #[sqlx(flatten)]
    counts: Counts,
}
