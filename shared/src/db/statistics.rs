//! What a clinic's numbers are made of beside the roll-up. Questions that are asked on one [`Snapshot`](super::snapshot::Snapshot) are
//! answered as of one moment.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use sqlx::MySqlConnection;
use uuid::Uuid;

use super::hourly_totals::WHOLE;
use crate::model::ClinicId;
use crate::model::result::Reason;

/// Why a message fails that the provider never took: these reasons come from the call, no result of a message has them.
const NEVER_TAKEN: [Reason; 3] = [Reason::RejectedByProvider, Reason::NotRenderable, Reason::CampaignStopped];

/// The messages of a clinic's campaigns, tests left out, as far as the roll-up does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rest {
    /// All of them.
    pub requested: i64,
    /// Those of the failed ones that the provider never took.
    pub never_taken: i64,
    /// Those of which nobody knows whether the provider has them.
    pub unanswered: i64,
}

/// Adds up what campaigns know of their messages, and looks at the messages of unanswered bundles alone, which are rare.
///
/// # Errors
/// When the database does not answer.
pub async fn rest(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<Rest, sqlx::Error> {
    let requested = sqlx::query_scalar!(
        r#"SELECT CAST(COALESCE(SUM(prepared_messages), 0) AS SIGNED) AS "requested!: i64" FROM campaigns
           WHERE clinic_id = ? AND kind <> 'test'"#,
        clinic
    )
    .fetch_one(&mut *connection)
    .await?;
    let [rejected, not_renderable, stopped] = NEVER_TAKEN.map(Reason::as_str);
    let never_taken = sqlx::query_scalar!(
        r#"SELECT CAST(COALESCE(SUM(failed), 0) AS SIGNED) AS "failed!: i64" FROM hourly_failures
           WHERE clinic_id = ? AND scope_id = ? AND part_id = ? AND reason IN (?, ?, ?)"#,
        clinic,
        clinic,
        WHOLE,
        rejected,
        not_renderable,
        stopped
    )
    .fetch_one(&mut *connection)
    .await?;
    let unanswered = sqlx::query_scalar!(
        r#"SELECT COUNT(*) AS "messages!: i64" FROM bundles b
           JOIN campaigns c ON c.clinic_id = b.clinic_id AND c.id = b.campaign_id AND c.kind <> 'test'
           JOIN messages m FORCE INDEX (messages_by_bundle) ON m.bundle_id = b.id AND m.state = 'unknown'
           WHERE b.clinic_id = ? AND b.state = 'unknown'"#,
        clinic
    )
    .fetch_one(connection)
    .await?;
    Ok(Rest { requested, never_taken, unanswered })
}

/// Whether anything was ever counted for a group or a template of the clinic, which may be gone by now.
///
/// # Errors
/// When the database does not answer.
pub async fn was_counted(connection: &mut MySqlConnection, clinic: ClinicId, scope: Uuid) -> Result<bool, sqlx::Error> {
    let found = sqlx::query_scalar!(
        r#"SELECT 1 AS "found: i64" FROM hourly_totals WHERE clinic_id = ? AND scope_id = ? AND part_id = ? LIMIT 1"#,
        clinic,
        scope,
        WHOLE
    );
    found.fetch_optional(connection).await.map(|row| row.is_some())
}

/// How many per hour (its beginning, UTC). Hours without any are absent.
pub type Hours = BTreeMap<DateTime<Utc>, i64>;

macro_rules! hours {
    ($connection:expr, $clinic:expr, $from:expr, $until:expr, $statement:literal) => {{
        // Bound as DATETIME: a TIMESTAMP ends in 2038.
        let rows = sqlx::query_as!(Hour, $statement, $clinic, $from.naive_utc(), $until.naive_utc());
        let rows = rows.fetch_all($connection).await?.into_iter();
        Ok(rows.map(|row| (row.hour.and_utc(), row.number)).collect())
    }};
}

struct Hour {
    hour: NaiveDateTime,
    number: i64,
}

/// Who became a member of the clinic from one moment until before another, whatever became of them since.
///
/// # Errors
/// When the database does not answer.
pub async fn list_new_members(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Hours, sqlx::Error> {
    hours!(
        connection,
        clinic,
        from,
        until,
        r#"SELECT CAST(DATE_FORMAT(confirmed_at, '%Y-%m-%d %H:00:00') AS DATETIME) AS "hour!: NaiveDateTime",
             COUNT(*) AS "number!: i64"
           FROM memberships WHERE clinic_id = ? AND confirmed_at >= ? AND confirmed_at < ? GROUP BY 1"#
    )
}

/// Who joined the clinic through the code of another user from one moment until before another.
///
/// # Errors
/// When the database does not answer.
pub async fn list_invitations(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Hours, sqlx::Error> {
    hours!(
        connection,
        clinic,
        from,
        until,
        r#"SELECT CAST(DATE_FORMAT(created_at, '%Y-%m-%d %H:00:00') AS DATETIME) AS "hour!: NaiveDateTime",
             COUNT(*) AS "number!: i64"
           FROM referrals WHERE clinic_id = ? AND created_at >= ? AND created_at < ? AND referrer_id IS NOT NULL GROUP BY 1"#
    )
}

/// The points that the clinic granted from one moment until before another, from the ledger.
///
/// # Errors
/// When the database does not answer.
pub async fn list_points_granted(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Hours, sqlx::Error> {
    hours!(
        connection,
        clinic,
        from,
        until,
        r#"SELECT CAST(DATE_FORMAT(created_at, '%Y-%m-%d %H:00:00') AS DATETIME) AS "hour!: NaiveDateTime",
             CAST(SUM(amount) AS SIGNED) AS "number!: i64"
           FROM point_entries
           WHERE clinic_id = ? AND created_at >= ? AND created_at < ? AND reason IN ('join', 'invite') GROUP BY 1"#
    )
}
