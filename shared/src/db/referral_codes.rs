//! Referral codes of clinics and of users.

pub mod manage;

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;

use crate::clock::Ambient;
use crate::db::violates;
use crate::model::{ClinicId, ReferralCode, UserId};

/// Whose code it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The clinic itself: a poster, a card at the desk.
    Clinic,
    /// A user who is a confirmed member.
    User(UserId),
}

/// Makes a code, trying again in the rare case that it exists already.
///
/// # Errors
/// When the database refuses; the unique key `referral_codes_owner` when the user has a code at this clinic.
pub async fn insert(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    owner: Owner,
) -> Result<ReferralCode, sqlx::Error> {
    let user = match owner {
        Owner::Clinic => None,
        Owner::User(user) => Some(user),
    };
    loop {
        let code = ReferralCode::new(ambient);
        let inserted = sqlx::query!(
            "INSERT INTO referral_codes (code, clinic_id, user_id, created_at) VALUES (?, ?, ?, ?)",
            code.as_str(),
            clinic,
            user,
            ambient.now()
        )
        .execute(&mut *connection)
        .await;
        match inserted {
            Err(error) if violates(&error, "PRIMARY") => {}
            outcome => return outcome.map(|_| code),
        }
    }
}

/// A user's code at a clinic, made when there is none. `None` when nobody can join by the one that is there.
///
/// # Errors
/// When the database refuses.
pub async fn find_or_insert_own(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    user: UserId,
) -> Result<Option<String>, sqlx::Error> {
    match insert(connection, ambient, clinic, Owner::User(user)).await {
        Ok(code) => Ok(Some(code.into())),
        Err(error) if violates(&error, "referral_codes_owner") => find_of_user(connection, clinic, user, ambient.now()).await,
        Err(error) => Err(error),
    }
}

/// The oldest code of the clinic's own.
///
/// # Errors
/// When the database does not answer.
pub async fn find_of_clinic(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT code FROM referral_codes WHERE clinic_id = ? AND user_id IS NULL ORDER BY created_at LIMIT 1",
        clinic
    )
    .fetch_optional(connection)
    .await
}

/// A code that means something to whoever shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// The clinic to which it leads.
    pub clinic: ClinicId,
    /// Whose code it is.
    pub owner: Owner,
    /// Whether anybody can join by it. If not, the person has joined by it before.
    pub usable: bool,
}

/// A code that can be used: it is neither disabled nor expired, and its owner, if a user, is a member. Also one that can no longer
/// be used, if the person has joined by it before. All others look alike, by answer and by work: this one statement, of which one
/// half ends at the code's key and the other asks about the person alone.
///
/// # Errors
/// When the database does not answer.
pub async fn find_shown(
    connection: &mut MySqlConnection,
    code: &ReferralCode,
    subject: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Option<Shown>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT r.clinic_id AS "clinic!: ClinicId", r.user_id AS "user: UserId", 1 AS "usable!: bool" FROM referral_codes r
           LEFT JOIN memberships m ON m.clinic_id = r.clinic_id AND m.user_id = r.user_id
           LEFT JOIN users u ON u.id = r.user_id
           WHERE r.code = ? AND r.disabled_at IS NULL AND (r.expires_at IS NULL OR r.expires_at > ?)
             AND (r.user_id IS NULL OR m.state = 'confirmed' AND u.withdrawn_at IS NULL)
           UNION ALL
           SELECT j.clinic_id, j.referrer_id, 0 FROM users v JOIN referrals j ON j.user_id = v.id
           WHERE v.subject = ? AND j.code = ?"#,
        code.as_str(),
        now,
        subject,
        code.as_str()
    )
    .fetch_all(connection)
    .await?;
    let owner = |user: Option<UserId>| user.map_or(Owner::Clinic, Owner::User);
    let row = rows.into_iter().max_by_key(|row| row.usable);
    Ok(row.map(|row| Shown { clinic: row.clinic, owner: owner(row.user), usable: row.usable }))
}

/// A user's code at a clinic, unless it is disabled or has expired.
///
/// # Errors
/// When the database does not answer.
pub async fn find_of_user(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT code FROM referral_codes
         WHERE clinic_id = ? AND user_id = ? AND disabled_at IS NULL AND (expires_at IS NULL OR expires_at > ?)",
        clinic,
        user,
        now
    )
    .fetch_optional(connection)
    .await
}
