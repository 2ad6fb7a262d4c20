//! People who sign in for a clinic.

use sqlx::MySqlConnection;

use crate::clock::Ambient;
use crate::db::decode;
use crate::model::person::Staff;
use crate::model::{ClinicId, StaffId};

/// The staff member with that Cognito subject.
///
/// # Errors
/// When the database does not answer.
pub async fn find_by_subject(connection: &mut MySqlConnection, subject: &str) -> Result<Option<Staff>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT id AS "id: StaffId", clinic_id AS "clinic_id: ClinicId", role FROM staff WHERE subject = ?"#,
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
