//! What a user sees: the own clinics, and of any other nothing at all.

use chrono::{DateTime, NaiveDateTime, Utc};
use sqlx::MySqlConnection;

use crate::db::decode;
use crate::model::id::PointEntryId;
use crate::model::state::{MembershipState, PointReason};
use crate::model::{ClinicId, ReferralId, UserId};

/// A clinic of which the user is a member, or asked to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// The clinic.
    pub clinic: ClinicId,
    /// Its name.
    pub clinic_name: String,
    /// The standing.
    pub state: MembershipState,
    /// The user's own code there, while others can join through it.
    pub referral_code: Option<String>,
    /// The user's points there.
    pub points: i64,
    /// Points that the clinic is to look at first.
    pub points_held: u64,
    /// What the clinic says about points.
    pub points_notice: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// The user's own clinics, in the order of joining.
///
/// # Errors
/// When the database does not answer.
pub async fn list_own(connection: &mut MySqlConnection, user: UserId, now: DateTime<Utc>) -> Result<Vec<Own>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT m.clinic_id AS "clinic: ClinicId", c.name, m.state, m.created_at, c.points_notice, r.code AS "code?",
             COALESCE(b.balance, 0) AS "balance!: i64",
             (SELECT CAST(COALESCE(SUM(h.amount), 0) AS UNSIGNED) FROM held_grants h
               WHERE h.user_id = m.user_id AND h.clinic_id = m.clinic_id AND h.state = 'held') AS "held!: u64"
           FROM memberships m
           JOIN clinics c ON c.id = m.clinic_id
           LEFT JOIN referral_codes r ON r.clinic_id = m.clinic_id AND r.user_id = m.user_id AND m.state = 'confirmed'
             AND r.disabled_at IS NULL AND (r.expires_at IS NULL OR r.expires_at > ?)
           LEFT JOIN point_balances b ON b.clinic_id = m.clinic_id AND b.user_id = m.user_id
           WHERE m.user_id = ? AND m.state <> 'ended' ORDER BY m.created_at, m.clinic_id"#,
        now,
        user
    )
    .fetch_all(connection)
    .await?;
    let own = rows.into_iter().map(|row| {
        Ok(Own {
            clinic: row.clinic,
            clinic_name: row.name,
            state: decode(&row.state)?,
            referral_code: row.code,
            points: row.balance,
            points_held: row.held,
            points_notice: row.points_notice,
            created_at: row.created_at.and_utc(),
        })
    });
    own.collect()
}

/// Whether the clinic is one of the user's own.
///
/// # Errors
/// When the database does not answer.
pub async fn is_own(connection: &mut MySqlConnection, user: UserId, clinic: ClinicId) -> Result<bool, sqlx::Error> {
    let found = sqlx::query_scalar!(
        r#"SELECT 1 AS "found: i64" FROM memberships WHERE clinic_id = ? AND user_id = ? AND state <> 'ended'"#,
        clinic,
        user
    );
    found.fetch_optional(connection).await.map(|row| row.is_some())
}

/// The clinics of which the user is a confirmed member.
///
/// # Errors
/// When the database does not answer.
pub async fn list_confirmed(connection: &mut MySqlConnection, user: UserId) -> Result<Vec<ClinicId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT clinic_id AS "clinic: ClinicId" FROM memberships
           WHERE user_id = ? AND state = 'confirmed' ORDER BY clinic_id"#,
        user
    )
    .fetch_all(connection)
    .await
}

/// A person on the other end of a referral at one of the user's own clinics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Friend {
    /// The referral.
    pub id: ReferralId,
    /// The person's name.
    pub name: String,
    /// Where.
    pub clinic: ClinicId,
    /// The clinic's name.
    pub clinic_name: String,
    /// When the invited one joined.
    pub joined_at: DateTime<Utc>,
}

/// Some of the friends whom a user invited, and how many there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Invited {
    /// All of them, whatever page is asked for.
    pub count: u64,
    /// Those asked for, newest first.
    pub friends: Vec<Friend>,
}

/// Friends whom the user invited to the own clinics, or to one of them, newest first, without those who have withdrawn. One
/// statement, so that the number and the list are of one moment.
///
/// # Errors
/// When the database does not answer.
pub async fn list_invited(
    connection: &mut MySqlConnection,
    user: UserId,
    clinic: Option<ClinicId>,
    before: Option<ReferralId>,
    limit: u32,
) -> Result<Invited, sqlx::Error> {
    let rows = sqlx::query!(
        r#"WITH f AS (
             SELECT r.id, u.name, c.id AS clinic_id, c.name AS clinic_name, r.created_at
             FROM referrals r
             JOIN users u ON u.id = r.user_id AND u.withdrawn_at IS NULL
             JOIN memberships m ON m.clinic_id = r.clinic_id AND m.user_id = r.referrer_id AND m.state <> 'ended'
             JOIN clinics c ON c.id = r.clinic_id
             WHERE r.referrer_id = ? AND r.clinic_id = COALESCE(?, r.clinic_id))
           SELECT t.people, p.id AS "id?: ReferralId", p.name AS "name?", p.clinic_id AS "clinic?: ClinicId",
             p.clinic_name AS "clinic_name?", p.created_at AS "created_at?: NaiveDateTime"
           FROM (SELECT COUNT(*) AS people FROM f) t
           LEFT JOIN (SELECT * FROM f WHERE id < ? ORDER BY id DESC LIMIT ?) p ON TRUE
           ORDER BY p.id DESC"#,
        user,
        clinic,
        before.unwrap_or(ReferralId::from_uuid(uuid::Uuid::max())),
        limit
    )
    .fetch_all(connection)
    .await?;
    let count = rows.first().map_or(0, |row| row.people.unsigned_abs());
    let friends = rows.into_iter().filter_map(|row| {
        let joined_at = row.created_at?.and_utc();
        Some(Friend { id: row.id?, name: row.name?, clinic: row.clinic?, clinic_name: row.clinic_name?, joined_at })
    });
    Ok(Invited { count, friends: friends.collect() })
}

/// The friends who invited the user to the own clinics, one for each at most, newest first, without those who have withdrawn.
///
/// # Errors
/// When the database does not answer.
pub async fn list_inviters(
    connection: &mut MySqlConnection,
    user: UserId,
    clinic: Option<ClinicId>,
) -> Result<Vec<Friend>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT r.id AS "id: ReferralId", u.name, c.id AS "clinic: ClinicId", c.name AS clinic_name, r.created_at
           FROM referrals r
           JOIN users u ON u.id = r.referrer_id AND u.withdrawn_at IS NULL
           JOIN memberships m ON m.clinic_id = r.clinic_id AND m.user_id = r.user_id AND m.state <> 'ended'
           JOIN clinics c ON c.id = r.clinic_id
           WHERE r.user_id = ? AND r.clinic_id = COALESCE(?, r.clinic_id) ORDER BY r.id DESC"#,
        user,
        clinic
    )
    .fetch_all(connection)
    .await?;
    let friends = rows.into_iter().map(|row| Friend {
        id: row.id,
        name: row.name,
        clinic: row.clinic,
        clinic_name: row.clinic_name,
        joined_at: row.created_at.and_utc(),
    });
    Ok(friends.collect())
}

/// A line of the ledger with what was there after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The line.
    pub id: PointEntryId,
    /// Where.
    pub clinic: ClinicId,
    /// Why.
    pub reason: PointReason,
    /// How much; negative when points went away.
    pub amount: i32,
    /// The points at that clinic after this line.
    pub balance: i64,
    /// The line that this one takes back.
    pub reverses: Option<PointEntryId>,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// The user's lines at the own clinics, or at one of them, newest first, before the given one.
///
/// # Errors
/// When the database does not answer.
pub async fn list_points(
    connection: &mut MySqlConnection,
    user: UserId,
    clinic: Option<ClinicId>,
    before: Option<PointEntryId>,
    limit: u32,
) -> Result<Vec<Line>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT l.id AS "id!: PointEntryId", l.clinic_id AS "clinic!: ClinicId", l.reason AS "reason!", l.amount AS "amount!: i32",
             l.reverses AS "reverses?: PointEntryId", l.created_at AS "created_at!: NaiveDateTime", l.balance AS "balance!: i64"
           FROM (
             SELECT e.id, e.clinic_id, e.reason, e.amount, e.reverses, e.created_at,
               CAST(SUM(e.amount) OVER (PARTITION BY e.clinic_id ORDER BY e.id) AS SIGNED) AS balance
             FROM point_entries e
             JOIN memberships m ON m.clinic_id = e.clinic_id AND m.user_id = e.user_id AND m.state <> 'ended'
             WHERE e.user_id = ? AND e.clinic_id = COALESCE(?, e.clinic_id)) l
           WHERE l.id < ? ORDER BY l.id DESC LIMIT ?"#,
        user,
        clinic,
        before.unwrap_or(PointEntryId::from_uuid(uuid::Uuid::max())),
        limit
    )
    .fetch_all(connection)
    .await?;
    let lines = rows.into_iter().map(|row| {
        Ok(Line {
            id: row.id,
            clinic: row.clinic,
            reason: decode(&row.reason)?,
            amount: row.amount,
            balance: row.balance,
            reverses: row.reverses,
            created_at: row.created_at.and_utc(),
        })
    });
    lines.collect()
}
