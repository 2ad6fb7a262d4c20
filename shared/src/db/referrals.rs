//! Who joined which clinic through which code.

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;

use crate::clock::Ambient;
use crate::model::{ClinicId, ReferralId, UserId};

/// A join that is about to be recorded.
#[derive(Debug, Clone)]
pub struct Referral<'a> {
    /// The clinic that was joined.
    pub clinic: ClinicId,
    /// Who joined.
    pub user: UserId,
    /// Through which code.
    pub code: &'a str,
    /// The user who owns the code, unless the clinic does.
    pub referrer: Option<UserId>,
}

/// A person on the other end of a referral, as the app shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Friend {
    /// The person's name.
    pub name: String,
    /// The clinic's name.
    pub clinic_name: String,
    /// The clinic.
    pub clinic: ClinicId,
    /// When they joined.
    pub joined_at: DateTime<Utc>,
}

/// Records a join. Fails on the unique key `referrals_once` when the user was referred to this clinic before.
///
/// # Errors
/// When the database refuses.
pub async fn insert(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    referral: &Referral<'_>,
) -> Result<ReferralId, sqlx::Error> {
    let id = ReferralId::new(ambient);
    sqlx::query!(
        "INSERT INTO referrals (id, clinic_id, user_id, code, referrer_id, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        id,
        referral.clinic,
        referral.user,
        referral.code,
        referral.referrer,
        ambient.now()
    )
    .execute(connection)
    .await?;
    Ok(id)
}

/// The code through which a user joined a clinic.
///
/// # Errors
/// When the database does not answer.
pub async fn find_code(
    connection: &mut MySqlConnection,
    user: UserId,
    clinic: ClinicId,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!("SELECT code FROM referrals WHERE user_id = ? AND clinic_id = ?", user, clinic)
        .fetch_optional(connection)
        .await
}

/// Whether the user was ever referred to any clinic: then no more points come from joining.
///
/// # Errors
/// When the database does not answer.
pub async fn exists(connection: &mut MySqlConnection, user: UserId) -> Result<bool, sqlx::Error> {
    let found = sqlx::query_scalar!(r#"SELECT 1 AS "found: i64" FROM referrals WHERE user_id = ? LIMIT 1"#, user);
    found.fetch_optional(connection).await.map(|row| row.is_some())
}

/// The friends whom a user invited, newest first, without those who have withdrawn.
///
/// # Errors
/// When the database does not answer.
pub async fn list_invited(connection: &mut MySqlConnection, user: UserId) -> Result<Vec<Friend>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT u.name, c.name AS clinic_name, c.id AS "clinic: ClinicId", r.created_at
           FROM referrals r JOIN users u ON u.id = r.user_id JOIN clinics c ON c.id = r.clinic_id
           WHERE r.referrer_id = ? AND u.withdrawn_at IS NULL ORDER BY r.id DESC LIMIT 1000"#,
        user
    )
    .fetch_all(connection)
    .await?;
    let friend =
        |name, clinic_name, clinic, at: chrono::NaiveDateTime| Friend { name, clinic_name, clinic, joined_at: at.and_utc() };
    Ok(rows.into_iter().map(|row| friend(row.name, row.clinic_name, row.clinic, row.created_at)).collect())
}

/// The friends who invited a user, one per clinic at most, without those who have withdrawn.
///
/// # Errors
/// When the database does not answer.
pub async fn list_inviters(connection: &mut MySqlConnection, user: UserId) -> Result<Vec<Friend>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT u.name, c.name AS clinic_name, c.id AS "clinic: ClinicId", r.created_at
           FROM referrals r JOIN users u ON u.id = r.referrer_id JOIN clinics c ON c.id = r.clinic_id
           WHERE r.user_id = ? AND u.withdrawn_at IS NULL ORDER BY r.id DESC"#,
        user
    )
    .fetch_all(connection)
    .await?;
    let friend =
        |name, clinic_name, clinic, at: chrono::NaiveDateTime| Friend { name, clinic_name, clinic, joined_at: at.and_utc() };
    Ok(rows.into_iter().map(|row| friend(row.name, row.clinic_name, row.clinic, row.created_at)).collect())
}
