//! Referral codes as the staff of a clinic see and change them. Codes of people who have withdrawn are left out everywhere.

use chrono::{DateTime, NaiveDateTime, Utc};
use sqlx::MySqlConnection;

use crate::clock::Ambient;
use crate::db::violates;
use crate::model::{ClinicId, ReferralCode, UserId};

/// A code, with whose it is and how often it was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Managed {
    /// The code.
    pub code: String,
    /// What the clinic calls it; empty when it has no name, as the codes of members.
    pub label: String,
    /// The member whose code it is, unless it is the clinic's own.
    pub member: Option<Owner>,
    /// How many people have joined the clinic through it.
    pub uses: i64,
    /// Since when it cannot be used.
    pub disabled_at: Option<DateTime<Utc>>,
    /// From when on it cannot be used.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// The member whose code it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The person.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// Whether they are a confirmed member of the clinic at present.
    pub confirmed: bool,
}

/// What may change of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What the clinic calls it.
    pub label: String,
    /// The member whose code it is, unless it is the clinic's own.
    pub member: Option<UserId>,
    /// Since when it cannot be used.
    pub disabled_at: Option<DateTime<Utc>>,
    /// From when on it cannot be used.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Where a page of the clinic's own codes ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// When the last code was made.
    pub at: DateTime<Utc>,
    /// The last code.
    pub code: ReferralCode,
}

struct Row {
    code: String,
    label: String,
    user: Option<UserId>,
    name: Option<String>,
    confirmed: bool,
    uses: i64,
    disabled_at: Option<NaiveDateTime>,
    expires_at: Option<NaiveDateTime>,
    created_at: NaiveDateTime,
}

impl From<Row> for Managed {
    fn from(row: Row) -> Self {
        let Row { code, label, user, name, confirmed, uses, disabled_at, expires_at, created_at } = row;
        Self {
            code,
            label,
            member: user.map(|user| Owner { user, name: name.unwrap_or_default(), confirmed }),
            uses,
            disabled_at: disabled_at.map(|at| at.and_utc()),
            expires_at: expires_at.map(|at| at.and_utc()),
            created_at: created_at.and_utc(),
        }
    }
}

/// The clinic's own codes, newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn list_of_clinic(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    after: Option<&Place>,
    limit: u32,
) -> Result<Vec<Managed>, sqlx::Error> {
    let (at, code) = after.map(|place| (place.at, place.code.as_str())).unzip();
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT c.code, c.label, c.user_id AS "user: UserId", CAST(NULL AS CHAR) AS "name: String",
             FALSE AS "confirmed!: bool", (SELECT COUNT(*) FROM referrals r WHERE r.code = c.code) AS "uses!: i64",
             c.disabled_at, c.expires_at, c.created_at
           FROM referral_codes c
           WHERE c.clinic_id = ? AND c.user_id IS NULL
             AND (? IS NULL OR c.created_at < ? OR (c.created_at = ? AND c.code < ?))
           ORDER BY c.created_at DESC, c.code DESC LIMIT ?"#,
        clinic,
        at,
        at,
        at,
        code,
        limit
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Managed::from).collect())
}

/// The codes of members, those first who came last, before the given one.
///
/// # Errors
/// When the database does not answer.
pub async fn list_of_members(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    before: Option<UserId>,
    limit: u32,
) -> Result<Vec<Managed>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT c.code, c.label, c.user_id AS "user: UserId", u.name AS "name?",
             COALESCE(m.state = 'confirmed', FALSE) AS "confirmed!: bool",
             (SELECT COUNT(*) FROM referrals r WHERE r.code = c.code) AS "uses!: i64", c.disabled_at, c.expires_at, c.created_at
           FROM referral_codes c
           JOIN users u ON u.id = c.user_id AND u.withdrawn_at IS NULL
           LEFT JOIN memberships m ON m.clinic_id = c.clinic_id AND m.user_id = c.user_id
           WHERE c.clinic_id = ? AND c.user_id < ? ORDER BY c.user_id DESC LIMIT ?"#,
        clinic,
        before.unwrap_or(UserId::from_uuid(uuid::Uuid::max())),
        limit
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Managed::from).collect())
}

/// A code of the clinic or of one of its members.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    code: &ReferralCode,
) -> Result<Option<Managed>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT c.code, c.label, c.user_id AS "user: UserId", u.name AS "name?",
             COALESCE(m.state = 'confirmed', FALSE) AS "confirmed!: bool",
             (SELECT COUNT(*) FROM referrals r WHERE r.code = c.code) AS "uses!: i64", c.disabled_at, c.expires_at, c.created_at
           FROM referral_codes c
           LEFT JOIN users u ON u.id = c.user_id
           LEFT JOIN memberships m ON m.clinic_id = c.clinic_id AND m.user_id = c.user_id
           WHERE c.code = ? AND c.clinic_id = ? AND u.withdrawn_at IS NULL"#,
        code.as_str(),
        clinic
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Managed::from))
}

/// What may change of a code, which nobody else changes until the end of the transaction.
///
/// # Errors
/// When the database does not answer.
pub async fn lock(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    code: &ReferralCode,
) -> Result<Option<Settings>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT label, user_id AS "user: UserId", disabled_at, expires_at FROM referral_codes
           WHERE code = ? AND clinic_id = ? FOR UPDATE"#,
        code.as_str(),
        clinic
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Settings {
        label: row.label,
        member: row.user,
        disabled_at: row.disabled_at.map(|at| at.and_utc()),
        expires_at: row.expires_at.map(|at| at.and_utc()),
    }))
}

/// Writes what may change of a code.
///
/// # Errors
/// When the database refuses.
pub async fn update(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    code: &ReferralCode,
    settings: &Settings,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE referral_codes SET label = ?, disabled_at = ?, expires_at = ? WHERE code = ? AND clinic_id = ?",
        settings.label,
        settings.disabled_at,
        settings.expires_at,
        code.as_str(),
        clinic
    )
    .execute(connection)
    .await
    .map(drop)
}

/// How many codes of its own a clinic has. The clinic is locked until the end of the transaction, so that the number is still
/// right when a code is added.
///
/// # Errors
/// When the database does not answer.
pub async fn count_locked(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<i64, sqlx::Error> {
    sqlx::query!(r#"SELECT id AS "id: ClinicId" FROM clinics WHERE id = ? FOR UPDATE"#, clinic)
        .fetch_one(&mut *connection)
        .await?;
    sqlx::query_scalar!("SELECT COUNT(*) FROM referral_codes WHERE clinic_id = ? AND user_id IS NULL", clinic)
        .fetch_one(connection)
        .await
}

/// Makes a code of the clinic's own, trying again in the rare case that it exists already.
///
/// # Errors
/// When the database refuses.
pub async fn insert_labelled(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    label: &str,
    expires_at: Option<DateTime<Utc>>,
) -> Result<ReferralCode, sqlx::Error> {
    loop {
        let code = ReferralCode::new(ambient);
        let inserted = sqlx::query!(
            "INSERT INTO referral_codes (code, clinic_id, label, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
            code.as_str(),
            clinic,
            label,
            ambient.now(),
            expires_at
        )
        .execute(&mut *connection)
        .await;
        match inserted {
            Err(error) if violates(&error, "PRIMARY") => {}
            outcome => return outcome.map(|_| code),
        }
    }
}
