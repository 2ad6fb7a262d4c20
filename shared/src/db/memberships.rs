//! Users at clinics.

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;

use crate::clock::Ambient;
use crate::db::decode;
use crate::model::state::MembershipState;
use crate::model::{ClinicId, UserId};

/// A user's standing at a clinic, as the user sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The clinic.
    pub clinic: ClinicId,
    /// Its name.
    pub clinic_name: String,
    /// The standing.
    pub state: MembershipState,
    /// The user's own code there.
    pub referral_code: Option<String>,
    /// The user's points there.
    pub points: i64,
    /// What the clinic says about points.
    pub points_notice: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// A member, as the clinic sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The person.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// Their phone, E.164.
    pub phone: Option<String>,
    /// Their standing.
    pub state: MembershipState,
    /// The code they came through.
    pub code: Option<String>,
    /// Their points.
    pub points: i64,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// Makes the user a confirmed member, whatever they were before.
///
/// # Errors
/// When the database refuses.
pub async fn confirm(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    user: UserId,
) -> Result<(), sqlx::Error> {
    let now = ambient.now();
    sqlx::query!(
        "INSERT INTO memberships (clinic_id, user_id, state, created_at, confirmed_at) VALUES (?, ?, 'confirmed', ?, ?)
         ON DUPLICATE KEY UPDATE state = 'confirmed', confirmed_at = VALUES(confirmed_at)",
        clinic,
        user,
        now,
        now
    )
    .execute(connection)
    .await
    .map(drop)
}

/// A user's standing at one clinic.
///
/// # Errors
/// When the database does not answer.
pub async fn find_state(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    user: UserId,
) -> Result<Option<MembershipState>, sqlx::Error> {
    let state = sqlx::query_scalar!("SELECT state FROM memberships WHERE clinic_id = ? AND user_id = ?", clinic, user)
        .fetch_optional(connection)
        .await?;
    state.map(|state| decode(&state)).transpose()
}

/// The clinics at which the user is, in the order of joining.
///
/// # Errors
/// When the database does not answer.
pub async fn list_of_user(connection: &mut MySqlConnection, user: UserId) -> Result<Vec<Membership>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT m.clinic_id AS "clinic: ClinicId", c.name, m.state, m.created_at, c.points_notice, r.code AS "code?",
             COALESCE(b.balance, 0) AS "balance!: i64"
           FROM memberships m
           JOIN clinics c ON c.id = m.clinic_id
           LEFT JOIN referral_codes r ON r.clinic_id = m.clinic_id AND r.user_id = m.user_id
           LEFT JOIN point_balances b ON b.clinic_id = m.clinic_id AND b.user_id = m.user_id
           WHERE m.user_id = ? AND m.state <> 'ended' ORDER BY m.created_at, m.clinic_id"#,
        user
    )
    .fetch_all(connection)
    .await?;
    let memberships = rows.into_iter().map(|row| {
        Ok(Membership {
            clinic: row.clinic,
            clinic_name: row.name,
            state: decode(&row.state)?,
            referral_code: row.code,
            points: row.balance,
            points_notice: row.points_notice,
            created_at: row.created_at.and_utc(),
        })
    });
    memberships.collect()
}

/// A clinic's members after the given one, by user id, without those who have withdrawn.
///
/// # Errors
/// When the database does not answer.
pub async fn list_of_clinic(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    after: Option<UserId>,
    limit: u32,
) -> Result<Vec<Member>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT u.id AS "id: UserId", u.name, u.phone, m.state, m.created_at, r.code AS "code?",
             COALESCE(b.balance, 0) AS "balance!: i64"
           FROM memberships m
           JOIN users u ON u.id = m.user_id AND u.withdrawn_at IS NULL
           LEFT JOIN referrals r ON r.clinic_id = m.clinic_id AND r.user_id = m.user_id
           LEFT JOIN point_balances b ON b.clinic_id = m.clinic_id AND b.user_id = m.user_id
           WHERE m.clinic_id = ? AND m.user_id > ? ORDER BY m.user_id LIMIT ?"#,
        clinic,
        after.unwrap_or(UserId::from_uuid(uuid::Uuid::nil())),
        limit
    )
    .fetch_all(connection)
    .await?;
    let members = rows.into_iter().map(|row| {
        Ok(Member {
            user: row.id,
            name: row.name,
            phone: row.phone,
            state: decode(&row.state)?,
            code: row.code,
            points: row.balance,
            created_at: row.created_at.and_utc(),
        })
    });
    members.collect()
}

/// How many confirmed members the clinic has.
///
/// # Errors
/// When the database does not answer.
pub async fn count_confirmed(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<u64, sqlx::Error> {
    let count = sqlx::query_scalar!("SELECT COUNT(*) FROM memberships WHERE clinic_id = ? AND state = 'confirmed'", clinic);
    count.fetch_one(connection).await.map(i64::unsigned_abs)
}
