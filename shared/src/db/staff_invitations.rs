//! Links by which people begin to work for a clinic.
//!
//! An invitation is open until it is accepted, revoked or expired; none of the three ends another. The link's token is not kept,
//! only its hash.

use chrono::{DateTime, NaiveDateTime, Utc};
use sqlx::MySqlConnection;

use crate::db::decode;
use crate::model::id::InvitationId;
use crate::model::state::Role;
use crate::model::{ClinicId, StaffId};

/// An invitation as it is stored, but for the hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The clinic.
    pub clinic: ClinicId,
    /// The invitation.
    pub id: InvitationId,
    /// Whom it is for, in the words of the owner; empty once it is accepted, but in [`list`].
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Who made it.
    pub invited_by: StaffId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
    /// The staff member whom it made.
    pub accepted_by: Option<StaffId>,
    /// When it was accepted.
    pub accepted_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl Invitation {
    /// Whether it can be accepted.
    #[must_use]
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.accepted_at.is_none() && self.revoked_at.is_none() && now < self.expires_at
    }
}

struct Stored {
    clinic_id: ClinicId,
    id: InvitationId,
    name: String,
    role: String,
    invited_by: StaffId,
    created_at: NaiveDateTime,
    expires_at: NaiveDateTime,
    accepted_by: Option<StaffId>,
    accepted_at: Option<NaiveDateTime>,
    revoked_at: Option<NaiveDateTime>,
}

impl TryFrom<Stored> for Invitation {
    type Error = sqlx::Error;

    fn try_from(row: Stored) -> Result<Self, sqlx::Error> {
        Ok(Self {
            clinic: row.clinic_id,
            id: row.id,
            name: row.name,
            role: decode(&row.role)?,
            invited_by: row.invited_by,
            created_at: row.created_at.and_utc(),
            expires_at: row.expires_at.and_utc(),
            accepted_by: row.accepted_by,
            accepted_at: row.accepted_at.map(|at| at.and_utc()),
            revoked_at: row.revoked_at.map(|at| at.and_utc()),
        })
    }
}

/// Adds an invitation that is open.
///
/// # Errors
/// When the database refuses.
pub async fn insert(connection: &mut MySqlConnection, invitation: &Invitation, hash: [u8; 32]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO staff_invitations (clinic_id, id, token_hash, name, role, invited_by, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        invitation.clinic,
        invitation.id,
        &hash[..],
        invitation.name,
        invitation.role.as_str(),
        invitation.invited_by,
        invitation.created_at,
        invitation.expires_at
    )
    .execute(connection)
    .await
    .map(drop)
}

/// The invitation with that hash of its token, locked until the end of the transaction.
///
/// # Errors
/// When the database does not answer.
pub async fn lock_by_hash(connection: &mut MySqlConnection, hash: [u8; 32]) -> Result<Option<Invitation>, sqlx::Error> {
    let row = sqlx::query_as!(
        Stored,
        r#"SELECT clinic_id AS "clinic_id: ClinicId", id AS "id: InvitationId", name, role, invited_by AS "invited_by: StaffId",
             created_at, expires_at, accepted_by AS "accepted_by: StaffId", accepted_at, revoked_at
           FROM staff_invitations WHERE token_hash = ? FOR UPDATE"#,
        &hash[..]
    )
    .fetch_optional(connection)
    .await?;
    row.map(Invitation::try_from).transpose()
}

/// The name of the clinic that invites with that hash of a token, while the invitation is open.
///
/// # Errors
/// When the database does not answer.
pub async fn find_clinic_name(
    connection: &mut MySqlConnection,
    hash: [u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT c.name FROM staff_invitations i JOIN clinics c ON c.id = i.clinic_id
         WHERE i.token_hash = ? AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > ?",
        &hash[..],
        now
    )
    .fetch_optional(connection)
    .await
}

/// An invitation of the clinic, locked until the end of the transaction.
///
/// # Errors
/// When the database does not answer.
pub async fn lock(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: InvitationId,
) -> Result<Option<Invitation>, sqlx::Error> {
    let row = sqlx::query_as!(
        Stored,
        r#"SELECT clinic_id AS "clinic_id: ClinicId", id AS "id: InvitationId", name, role, invited_by AS "invited_by: StaffId",
             created_at, expires_at, accepted_by AS "accepted_by: StaffId", accepted_at, revoked_at
           FROM staff_invitations WHERE clinic_id = ? AND id = ? FOR UPDATE"#,
        clinic,
        id
    )
    .fetch_optional(connection)
    .await?;
    row.map(Invitation::try_from).transpose()
}

/// The clinic's invitations that were made before `before`, newest first. One that was accepted has the name that the colleague has today.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    before: Option<InvitationId>,
    limit: u32,
) -> Result<Vec<Invitation>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Stored,
        r#"SELECT i.clinic_id AS "clinic_id: ClinicId", i.id AS "id: InvitationId", COALESCE(s.name, i.name) AS "name!: String", i.role,
             i.invited_by AS "invited_by: StaffId", i.created_at, i.expires_at, i.accepted_by AS "accepted_by: StaffId",
             i.accepted_at, i.revoked_at
           FROM staff_invitations i LEFT JOIN staff s ON s.clinic_id = i.clinic_id AND s.id = i.accepted_by
           WHERE i.clinic_id = ? AND (? IS NULL OR i.id < ?) ORDER BY i.id DESC LIMIT ?"#,
        clinic,
        before,
        before,
        limit
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Invitation::try_from).collect()
}

/// How many invitations of the clinic are open.
///
/// # Errors
/// When the database does not answer.
pub async fn count_open(connection: &mut MySqlConnection, clinic: ClinicId, now: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let count = sqlx::query_scalar!(
        "SELECT COUNT(*) FROM staff_invitations
         WHERE clinic_id = ? AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > ?",
        clinic,
        now
    )
    .fetch_one(connection)
    .await?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Notes that a locked invitation made this staff member, who has the name from now on.
///
/// # Errors
/// When the database refuses.
pub async fn mark_accepted(
    connection: &mut MySqlConnection,
    invitation: &Invitation,
    by: StaffId,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE staff_invitations SET accepted_by = ?, accepted_at = ?, name = '' WHERE clinic_id = ? AND id = ?",
        by,
        now,
        invitation.clinic,
        invitation.id
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Revokes a locked invitation that is open.
///
/// # Errors
/// When the database refuses.
pub async fn revoke(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: InvitationId,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE staff_invitations SET revoked_at = ? WHERE clinic_id = ? AND id = ?", now, clinic, id)
        .execute(connection)
        .await
        .map(drop)
}

/// Revokes the open invitations that a staff member made: who is no owner any more lets nobody in.
///
/// # Errors
/// When the database refuses.
pub async fn revoke_all_of(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    staff: StaffId,
    now: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let revoked = sqlx::query!(
        "UPDATE staff_invitations SET revoked_at = ?
         WHERE clinic_id = ? AND invited_by = ? AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > ?",
        now,
        clinic,
        staff,
        now
    )
    .execute(connection)
    .await?;
    Ok(revoked.rows_affected())
}

/// Deletes invitations that nobody accepted and that ended before that time: they hold names of people who never came.
///
/// # Errors
/// When the database refuses.
pub async fn delete_stale(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    before: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query!(
        "DELETE FROM staff_invitations WHERE clinic_id = ? AND accepted_at IS NULL AND expires_at < ?",
        clinic,
        before
    )
    .execute(connection)
    .await?;
    Ok(deleted.rows_affected())
}
