//! Clinics and their settings.

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;

use crate::db::campaigns::schedule;
use crate::model::ClinicId;
use crate::model::quiet::Hours;

/// Whom a clinic takes as members, and which invitations it pays without a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invitations {
    /// Whether new members are taken at all.
    pub accepts_members: bool,
    /// Paid invitations of one member in a day of the clinic; more are held for review.
    pub per_day: Option<u32>,
    /// Paid invitations of one member at all; more are held for review.
    pub in_total: Option<u32>,
    /// Whether somebody whom the clinic knew before, as customer or staff, pays invite points.
    pub pays_for_known: bool,
    /// Whether points are held for review when the new member has not proven a phone.
    pub holds_unproven: bool,
}

impl Default for Invitations {
    fn default() -> Self {
        Self { accepts_members: true, per_day: Some(20), in_total: Some(200), pays_for_known: false, holds_unproven: false }
    }
}

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
    /// Whom it takes, and what it pays.
    pub invitations: Invitations,
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
             points_notice, accepts_members, invites_per_day, invites_in_total, pays_for_known, holds_unproven, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        clinic.id,
        clinic.name,
        clinic.time_zone,
        clinic.sender_key,
        clinic.sender_phone,
        clinic.points_enabled,
        clinic.join_points,
        clinic.invite_points,
        clinic.points_notice,
        clinic.invitations.accepts_members,
        clinic.invitations.per_day,
        clinic.invitations.in_total,
        clinic.invitations.pays_for_known,
        clinic.invitations.holds_unproven,
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
             points_notice = ?, accepts_members = ?, invites_per_day = ?, invites_in_total = ?, pays_for_known = ?,
             holds_unproven = ? WHERE id = ?",
        clinic.name,
        clinic.sender_key,
        clinic.sender_phone,
        clinic.points_enabled,
        clinic.join_points,
        clinic.invite_points,
        clinic.points_notice,
        clinic.invitations.accepts_members,
        clinic.invitations.per_day,
        clinic.invitations.in_total,
        clinic.invitations.pays_for_known,
        clinic.invitations.holds_unproven,
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
             points_notice, accepts_members AS "accepts_members: bool", invites_per_day, invites_in_total,
             pays_for_known AS "pays_for_known: bool", holds_unproven AS "holds_unproven: bool", created_at
           FROM clinics WHERE id = ?"#,
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
        invitations: Invitations {
            accepts_members: row.accepts_members,
            per_day: row.invites_per_day,
            in_total: row.invites_in_total,
            pays_for_known: row.pays_for_known,
            holds_unproven: row.holds_unproven,
        },
        created_at: row.created_at.and_utc(),
    }))
}

/// The same, and nobody else changes it until the transaction ends.
///
/// # Errors
/// When the database does not answer.
pub async fn lock(connection: &mut MySqlConnection, id: ClinicId) -> Result<Option<Clinic>, sqlx::Error> {
    let locked = sqlx::query_scalar!(r#"SELECT 1 AS "locked: i64" FROM clinics WHERE id = ? FOR UPDATE"#, id);
    locked.fetch_optional(&mut *connection).await?;
    // What is read now is what the one before has committed.
    find(connection, id).await
}

/// The hours in which a clinic sends nothing, if it has such.
///
/// # Errors
/// When the database does not answer.
pub async fn find_quiet_hours(connection: &mut MySqlConnection, id: ClinicId) -> Result<Option<Hours>, sqlx::Error> {
    let row = sqlx::query!("SELECT quiet_from, quiet_to FROM clinics WHERE id = ?", id).fetch_optional(connection).await?;
    Ok(row.and_then(|row| Hours::stored(row.quiet_from, row.quiet_to)))
}

/// Gives a clinic hours in which it sends nothing, or takes them away. What waits or is on its way keeps to them at once, and what the
/// hours before have held back is late only from now on. The clinic must have been [locked](lock) in this transaction.
///
/// # Errors
/// When the database refuses.
pub async fn set_quiet_hours(
    connection: &mut MySqlConnection,
    id: ClinicId,
    hours: Option<Hours>,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    schedule::forgive_held_back(connection, id, now).await?;
    let (from, to) = hours.map(|hours| (hours.from.get(), hours.to.get())).unzip();
    sqlx::query!("UPDATE clinics SET quiet_from = ?, quiet_to = ? WHERE id = ?", from, to, id)
        .execute(connection)
        .await
        .map(drop)
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
