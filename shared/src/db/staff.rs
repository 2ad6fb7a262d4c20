//! People who sign in for a clinic.

use chrono::{DateTime, NaiveDateTime, Utc};
use sqlx::MySqlConnection;

use crate::clock::Ambient;
use crate::db::decode;
use crate::model::person::Staff;
use crate::model::state::Role;
use crate::model::{ClinicId, StaffId};

/// Somebody who works for a clinic, or did, as colleagues see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colleague {
    /// The person.
    pub id: StaffId,
    /// What the clinic calls them.
    pub name: String,
    /// What they may do, or might.
    pub role: Role,
    /// Since when they have worked for the clinic.
    pub created_at: DateTime<Utc>,
    /// When they ceased to.
    pub removed_at: Option<DateTime<Utc>>,
}

struct Stored {
    id: StaffId,
    name: String,
    role: String,
    created_at: NaiveDateTime,
    removed_at: Option<NaiveDateTime>,
}

impl TryFrom<Stored> for Colleague {
    type Error = sqlx::Error;

    fn try_from(row: Stored) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.id,
            name: row.name,
            role: decode(&row.role)?,
            created_at: row.created_at.and_utc(),
            removed_at: row.removed_at.map(|at| at.and_utc()),
        })
    }
}

/// The staff member with that Cognito subject.
///
/// # Errors
/// When the database does not answer.
pub async fn find_by_subject(connection: &mut MySqlConnection, subject: &str) -> Result<Option<Staff>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT id AS "id: StaffId", clinic_id AS "clinic_id: ClinicId", role FROM staff
           WHERE subject = ? AND removed_at IS NULL"#,
        subject
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| Ok(Staff { id: row.id, clinic: row.clinic_id, role: decode(&row.role)? })).transpose()
}

/// Adds a staff member. Fails on the unique key `staff_subject` when the person works for a clinic already.
///
/// # Errors
/// When the database refuses.
pub async fn insert(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    staff: &Staff,
    subject: &str,
    name: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO staff (id, clinic_id, subject, name, role, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        staff.id,
        staff.clinic,
        subject,
        name,
        staff.role.as_str(),
        ambient.now()
    )
    .execute(connection)
    .await
    .map(drop)
}

/// What the clinic calls a staff member; none when there is no such person.
///
/// # Errors
/// When the database does not answer.
pub async fn find_name(connection: &mut MySqlConnection, id: StaffId) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!("SELECT name FROM staff WHERE id = ?", id).fetch_optional(connection).await
}

/// Keeps the phone that a staff member has proven: it tells that somebody who joins is known to the clinic.
///
/// # Errors
/// When the database refuses.
pub async fn set_phone(connection: &mut MySqlConnection, id: StaffId, phone: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE staff SET phone = ? WHERE id = ?", phone, id).execute(connection).await.map(drop)
}

/// Those who work for a clinic, or those who do no more, in the order in which they came, behind `after`.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    removed: bool,
    after: Option<StaffId>,
    limit: u32,
) -> Result<Vec<Colleague>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Stored,
        r#"SELECT id AS "id: StaffId", name, role, created_at, removed_at FROM staff
           WHERE clinic_id = ? AND (removed_at IS NOT NULL) = ? AND (? IS NULL OR id > ?) ORDER BY id LIMIT ?"#,
        clinic,
        removed,
        after,
        after,
        limit
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Colleague::try_from).collect()
}

/// Locks everybody who works for a clinic until the end of the transaction, in one order: nobody comes to be an owner or ceases
/// to be one meanwhile, and what is answered is what is so, not what was so when the transaction began.
///
/// # Errors
/// When the database does not answer.
pub async fn lock_all(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<Vec<Colleague>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Stored,
        r#"SELECT id AS "id: StaffId", name, role, created_at, removed_at FROM staff
           WHERE clinic_id = ? AND removed_at IS NULL ORDER BY id FOR UPDATE"#,
        clinic
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Colleague::try_from).collect()
}

/// Gives a staff member a name and a role.
///
/// # Errors
/// When the database refuses.
pub async fn update(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: StaffId,
    name: &str,
    role: Role,
) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE staff SET name = ?, role = ? WHERE clinic_id = ? AND id = ?", name, role.as_str(), clinic, id)
        .execute(connection)
        .await
        .map(drop)
}

/// Takes a person off the staff. The line stays for the audit log under another subject, so that the account is free to work
/// elsewhere, and the phone stays, because somebody who worked for the clinic is known to it.
///
/// # Errors
/// When the database refuses.
pub async fn remove(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: StaffId,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let subject = format!("removed:{id}");
    sqlx::query!("UPDATE staff SET subject = ?, removed_at = ? WHERE clinic_id = ? AND id = ?", subject, now, clinic, id)
        .execute(connection)
        .await
        .map(drop)
}

/// Whether the account has withdrawn, so that nothing begins with it any more. Asked in the transaction that has just made it staff: a
/// withdrawal at the same time writes its line first and then looks for this one, with a lock, too. So one of the two waits for the
/// other; when both wait, the database ends one of them, which begins anew and finds the other's line.
///
/// # Errors
/// When the database does not answer.
pub async fn has_withdrawn(connection: &mut MySqlConnection, subject: &str) -> Result<bool, sqlx::Error> {
    let gone = sqlx::query_scalar!(r#"SELECT 1 AS "gone: i64" FROM withdrawals WHERE subject = ? LOCK IN SHARE MODE"#, subject);
    gone.fetch_optional(connection).await.map(|gone| gone.is_some())
}
