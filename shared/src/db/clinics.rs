//! Clinics and their settings.

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;

use crate::model::ClinicId;

/// A clinic as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clinic {
    /// The tenant.
    pub id: ClinicId,
    /// What it calls itself.
    pub name: String,
    /// IANA name; days and hours of statistics are counted in it.
    pub time_zone: String,
    /// The provider's key of the clinic's KakaoTalk channel.
    pub sender_key: Option<String>,
    /// The number registered as the sender.
    pub sender_phone: Option<String>,
    /// Whether points are granted.
    pub points_enabled: bool,
    /// Points for joining a first clinic.
    pub join_points: u32,
    /// Points for inviting a new user.
    pub invite_points: u32,
    /// What people read about points.
    pub points_notice: String,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
}

/// Adds a clinic.
///
/// # Errors
/// When the database refuses.
pub async fn insert(connection: &mut MySqlConnection, clinic: &Clinic) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO clinics (id, name, time_zone, sender_key, sender_phone, points_enabled, join_points, invite_points,
             points_notice, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        clinic.id,
        clinic.name,
        clinic.time_zone,
        clinic.sender_key,
        clinic.sender_phone,
        clinic.points_enabled,
        clinic.join_points,
        clinic.invite_points,
        clinic.points_notice,
        clinic.created_at
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Changes what may change of a clinic: everything but its id and age.
///
/// # Errors
/// When the database refuses.
pub async fn update(connection: &mut MySqlConnection, clinic: &Clinic) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE clinics SET name = ?, sender_key = ?, sender_phone = ?, points_enabled = ?, join_points = ?, invite_points = ?,
             points_notice = ? WHERE id = ?",
        clinic.name,
        clinic.sender_key,
        clinic.sender_phone,
        clinic.points_enabled,
        clinic.join_points,
        clinic.invite_points,
        clinic.points_notice,
        clinic.id
    )
    .execute(connection)
    .await
    .map(drop)
}

/// A clinic by its id.
///
/// # Errors
/// When the database does not answer.
pub async fn find(connection: &mut MySqlConnection, id: ClinicId) -> Result<Option<Clinic>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT name, time_zone, sender_key, sender_phone, points_enabled AS "points_enabled: bool", join_points, invite_points,
             points_notice, created_at FROM clinics WHERE id = ?"#,
        id
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Clinic {
        id,
        name: row.name,
        time_zone: row.time_zone,
        sender_key: row.sender_key,
        sender_phone: row.sender_phone,
        points_enabled: row.points_enabled,
        join_points: row.join_points,
        invite_points: row.invite_points,
        points_notice: row.points_notice,
        created_at: row.created_at.and_utc(),
    }))
}

/// The hosts to which a clinic's links may lead, in order.
///
/// # Errors
/// When the database does not answer.
pub async fn list_link_hosts(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!("SELECT host FROM link_hosts WHERE clinic_id = ? ORDER BY host", clinic).fetch_all(connection).await
}

/// Replaces the hosts to which a clinic's links may lead.
///
/// # Errors
/// When the database refuses.
pub async fn replace_link_hosts(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    hosts: &[String],
) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM link_hosts WHERE clinic_id = ?", clinic).execute(&mut *connection).await?;
    for host in hosts {
        sqlx::query!("INSERT INTO link_hosts (clinic_id, host) VALUES (?, ?)", clinic, host).execute(&mut *connection).await?;
    }
    Ok(())
}
