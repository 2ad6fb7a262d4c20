//! Campaigns by the clock: those whose time has come, and those that wait for something that does not come by itself.

use chrono::{DateTime, NaiveDateTime, SubsecRound, TimeDelta, Utc};
use sqlx::MySqlConnection;

use crate::db::decode;
use crate::model::quiet::{self, Hours, Minute};
use crate::model::result::Reason;
use crate::model::state::CampaignKind;
use crate::model::{CampaignId, ClinicId};

/// A campaign of which only is said which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// Whose.
    pub clinic: ClinicId,
    /// Which.
    pub id: CampaignId,
}

/// A scheduled campaign whose time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Whose.
    pub clinic: ClinicId,
    /// Which.
    pub id: CampaignId,
    /// What it is for.
    pub kind: CampaignKind,
    /// The hours in which its clinic sends nothing.
    pub quiet: Option<Hours>,
    /// When it is to begin, as staff said.
    pub scheduled_at: DateTime<Utc>,
    /// When it was last resumed, or its clinic changed the hours that held it back.
    pub resumed_at: Option<DateTime<Utc>>,
    /// Later than this it asks instead of firing.
    pub stale_after_minutes: u32,
}

impl Due {
    /// When it is to begin.
    #[must_use]
    pub fn begins_at(&self) -> DateTime<Utc> {
        let moment = self.resumed_at.map_or(self.scheduled_at, |resumed| resumed.max(self.scheduled_at));
        quiet::first_for(self.kind, self.quiet, moment)
    }

    /// Whether it is so late that nobody may expect it any more.
    #[must_use]
    pub fn is_stale(&self, now: DateTime<Utc>) -> bool {
        now - self.begins_at() > TimeDelta::minutes(self.stale_after_minutes.into())
    }
}

struct DueRow {
    clinic: ClinicId,
    id: CampaignId,
    kind: String,
    quiet_from: Option<u16>,
    quiet_to: Option<u16>,
    scheduled_at: NaiveDateTime,
    resumed_at: Option<NaiveDateTime>,
    stale_after_minutes: u32,
}

impl TryFrom<DueRow> for Due {
    type Error = sqlx::Error;

    fn try_from(row: DueRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            clinic: row.clinic,
            id: row.id,
            kind: decode(&row.kind)?,
            quiet: Hours::stored(row.quiet_from, row.quiet_to),
            scheduled_at: row.scheduled_at.and_utc(),
            resumed_at: row.resumed_at.map(|at| at.and_utc()),
            stale_after_minutes: row.stale_after_minutes,
        })
    }
}

/// Scheduled campaigns whose time has come, longest due first; advertising only when it was due before `advertising_before`, and those of
/// a clinic that is quiet only when they were due before that began: what is held back must not stand before others.
///
/// # Errors
/// When the database does not answer.
pub async fn list_due(
    connection: &mut MySqlConnection,
    now: DateTime<Utc>,
    advertising_before: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<Due>, sqlx::Error> {
    let minute = Minute::of(now).get();
    let rows = sqlx::query_as!(
        DueRow,
        r#"SELECT c.clinic_id AS "clinic: ClinicId", c.id AS "id: CampaignId", c.kind, k.quiet_from, k.quiet_to,
             c.scheduled_at AS "scheduled_at!", c.resumed_at, c.stale_after_minutes
           FROM campaigns c JOIN clinics k ON k.id = c.clinic_id
           WHERE c.state = 'scheduled' AND c.scheduled_at <= ? AND (c.kind <> 'advertising' OR c.scheduled_at < ?)
             AND (k.quiet_from IS NULL OR c.kind = 'test'
               OR MOD(? + 1440 - k.quiet_from, 1440) >= MOD(k.quiet_to + 1440 - k.quiet_from, 1440)
               OR c.scheduled_at < TIMESTAMPADD(MINUTE, -CAST(MOD(? + 1440 - k.quiet_from, 1440) AS SIGNED), ?))
           ORDER BY c.scheduled_at LIMIT ?"#,
        now,
        advertising_before,
        minute,
        minute,
        now.trunc_subsecs(0) - TimeDelta::seconds(now.timestamp().rem_euclid(60)),
        limit
    );
    rows.fetch_all(connection).await?.into_iter().map(Due::try_from).collect()
}

/// The hours in which a clinic sends nothing are about to change: what they have held back until now is late only from now on, also when
/// the new ones have ended long ago. The clinic must have been [locked](crate::db::clinics::lock) in this transaction.
///
/// # Errors
/// When the database refuses.
pub async fn forgive_held_back(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let rows = sqlx::query_as!(
        DueRow,
        r#"SELECT c.clinic_id AS "clinic: ClinicId", c.id AS "id: CampaignId", c.kind, k.quiet_from, k.quiet_to,
             c.scheduled_at AS "scheduled_at!", c.resumed_at, c.stale_after_minutes
           FROM campaigns c JOIN clinics k ON k.id = c.clinic_id
           WHERE c.clinic_id = ? AND c.state = 'scheduled' AND c.scheduled_at <= ?"#,
        clinic,
        now
    );
    for due in rows.fetch_all(&mut *connection).await? {
        let due = Due::try_from(due)?;
        if due.begins_at() <= now {
            continue;
        }
        let forgive = sqlx::query!(
            "UPDATE campaigns SET resumed_at = ? WHERE clinic_id = ? AND id = ? AND state = 'scheduled'",
            now,
            due.clinic,
            due.id
        );
        forgive.execute(&mut *connection).await?;
    }
    Ok(())
}

/// A scheduled campaign begins: it is `requested` from now on, and late only from now on. Answers whether it was still scheduled for
/// that time.
///
/// # Errors
/// When the database refuses.
pub async fn begin(connection: &mut MySqlConnection, due: &Due, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE campaigns SET state = 'requested', failure = NULL, resumed_at = ?
         WHERE clinic_id = ? AND id = ? AND state = 'scheduled' AND scheduled_at = ?",
        now,
        due.clinic,
        due.id,
        due.scheduled_at
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Locks a scheduled campaign; answers whether it is still scheduled for that time.
///
/// # Errors
/// When the database refuses.
pub async fn lock_due(connection: &mut MySqlConnection, due: &Due) -> Result<bool, sqlx::Error> {
    let locked = sqlx::query_scalar!(
        r#"SELECT id AS "id: CampaignId" FROM campaigns
           WHERE clinic_id = ? AND id = ? AND state = 'scheduled' AND scheduled_at = ? FOR UPDATE"#,
        due.clinic,
        due.id,
        due.scheduled_at
    );
    locked.fetch_optional(connection).await.map(|locked| locked.is_some())
}

/// Campaigns that are being prepared for longer than `minutes`, each every so many minutes: whoever was at it may be gone for good.
/// What has been prepared of one is not looked at; to say again that it is requested does no harm.
///
/// # Errors
/// When the database does not answer.
pub async fn list_stuck(
    connection: &mut MySqlConnection,
    now: DateTime<Utc>,
    minutes: u32,
    limit: u32,
) -> Result<Vec<Listed>, sqlx::Error> {
    sqlx::query_as!(
        Listed,
        r#"SELECT clinic_id AS "clinic: ClinicId", id AS "id: CampaignId" FROM campaigns
           WHERE state IN ('requested', 'preparing')
             AND TIMESTAMPDIFF(MINUTE, GREATEST(created_at, COALESCE(scheduled_at, created_at)), ?) >= ?
             AND MOD(TIMESTAMPDIFF(MINUTE, GREATEST(created_at, COALESCE(scheduled_at, created_at)), ?), ?) = 0
           ORDER BY created_at LIMIT ?"#,
        now,
        minutes,
        now,
        minutes,
        limit
    )
    .fetch_all(connection)
    .await
}

/// Campaigns that are `sending`, or were when they were paused, although
/// [nothing keeps them open](super::progress::finish_if_done).
///
/// # Errors
/// When the database does not answer.
pub async fn list_done(connection: &mut MySqlConnection, limit: u32) -> Result<Vec<Listed>, sqlx::Error> {
    sqlx::query_as!(
        Listed,
        r#"SELECT c.clinic_id AS "clinic: ClinicId", c.id AS "id: CampaignId" FROM campaigns c
           WHERE (c.state = 'sending' OR c.state = 'paused' AND c.resumed_from = 'sending') AND NOT EXISTS (
               SELECT 1 FROM bundles b
               WHERE b.campaign_id = c.id AND b.clinic_id = c.clinic_id
                 AND (b.state IN ('prepared', 'calling') OR b.state = 'unknown' AND c.state = 'paused'))
           LIMIT ?"#,
        limit
    )
    .fetch_all(connection)
    .await
}

/// Campaigns that are not over and whose bundles wait for the first one, which has had its call. Not those about which somebody has
/// been asked because it was refused.
///
/// # Errors
/// When the database does not answer.
pub async fn list_unreleased(connection: &mut MySqlConnection, limit: u32) -> Result<Vec<Listed>, sqlx::Error> {
    sqlx::query_as!(
        Listed,
        r#"SELECT c.clinic_id AS "clinic: ClinicId", c.id AS "id: CampaignId"
           FROM campaigns c JOIN bundles b ON b.campaign_id = c.id AND b.position = 0
           WHERE c.state IN ('sending', 'paused') AND c.released_at IS NULL AND b.clinic_id = c.clinic_id
             AND (b.state IN ('accepted', 'unknown')
                 OR b.state = 'rejected' AND (c.state = 'sending' OR NOT c.failure <=> 'canary_refused'))
           ORDER BY c.created_at LIMIT ?"#,
        limit
    )
    .fetch_all(connection)
    .await
}

/// A paused campaign has another reason to be paused for. Answers whether it is paused, and had another one. The campaign must have
/// been [locked](super::lock) in this transaction.
///
/// # Errors
/// When the database refuses.
pub async fn pause_instead(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: CampaignId,
    reason: Reason,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE campaigns SET failure = ? WHERE clinic_id = ? AND id = ? AND state = 'paused' AND NOT failure <=> ?",
        reason.as_str(),
        clinic,
        id,
        reason.as_str()
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// The first bundle has come back well: the others may go. Answers whether this released them. The campaign must have been
/// [locked](super::lock) in this transaction.
///
/// # Errors
/// When the database refuses.
pub async fn release(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: CampaignId,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE campaigns SET released_at = ?
         WHERE clinic_id = ? AND id = ? AND released_at IS NULL AND state IN ('sending', 'paused')",
        now,
        clinic,
        id
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// A campaign that was finished has something to send again.
///
/// # Errors
/// When the database refuses.
pub async fn reopen(connection: &mut MySqlConnection, clinic: ClinicId, id: CampaignId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE campaigns SET state = 'sending', failure = NULL, finished_at = NULL
         WHERE clinic_id = ? AND id = ? AND state = 'finished'",
        clinic,
        id
    )
    .execute(connection)
    .await
    .map(drop)
}
