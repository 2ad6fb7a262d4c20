//! Referral codes of clinics and of users.

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

/// Whose code it is, and of which clinic.
///
/// # Errors
/// When the database does not answer.
pub async fn find(connection: &mut MySqlConnection, code: &ReferralCode) -> Result<Option<(ClinicId, Owner)>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT clinic_id AS "clinic: ClinicId", user_id AS "user: UserId" FROM referral_codes WHERE code = ?"#,
        code.as_str()
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| (row.clinic, row.user.map_or(Owner::Clinic, Owner::User))))
}

/// A user's code at a clinic.
///
/// # Errors
/// When the database does not answer.
pub async fn find_of_user(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    user: UserId,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!("SELECT code FROM referral_codes WHERE clinic_id = ? AND user_id = ?", clinic, user)
        .fetch_optional(connection)
        .await
}
