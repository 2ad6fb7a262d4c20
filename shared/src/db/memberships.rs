//! Users at clinics.

mod customer;
pub mod list;
pub mod mine;
pub mod profile;

pub use customer::link_customer;

use sqlx::MySqlConnection;

use crate::clock::Ambient;
use crate::db::users::User;
use crate::db::{decode, referral_codes};
use crate::model::membership::Standing;
use crate::model::state::{EndReason, MembershipState};
use crate::model::{ClinicId, UserId};

/// Makes the user a confirmed member, whatever they were before: the membership, a code of their own, and the customer who is the
/// same person, if a phone is proven. Answers the user's own code, unless nobody can join by it any more.
///
/// The caller holds the user's lock ([`users::lock`](crate::db::users::lock) or its like) and has asked
/// [`membership::next`](crate::model::membership::next).
///
/// # Errors
/// When the database refuses.
pub async fn confirm(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    user: &User,
) -> Result<Option<String>, sqlx::Error> {
    let now = ambient.now();
    sqlx::query!(
        "INSERT INTO memberships (clinic_id, user_id, state, created_at, confirmed_at) VALUES (?, ?, 'confirmed', ?, ?)
         ON DUPLICATE KEY UPDATE state = 'confirmed', confirmed_at = VALUES(confirmed_at), ended_at = NULL, ended_because = NULL",
        clinic,
        user.id,
        now,
        now
    )
    .execute(&mut *connection)
    .await?;
    let code = referral_codes::find_or_insert_own(connection, ambient, clinic, user.id).await?;
    if let Some(phone) = &user.phone {
        link_customer(connection, ambient, clinic, user.id, &user.name, phone).await?;
    }
    Ok(code)
}

/// Lets the user wait for the clinic's word, as somebody new or anew after an end: then they are here since now, and come first in the
/// clinic's lists.
///
/// The caller has asked [`membership::next`](crate::model::membership::next): who waits already does not ask again.
///
/// # Errors
/// When the database refuses.
pub async fn ask(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    user: UserId,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO memberships (clinic_id, user_id, state, created_at) VALUES (?, ?, 'pending', ?)
         ON DUPLICATE KEY UPDATE state = 'pending', created_at = VALUES(created_at), confirmed_at = NULL, ended_at = NULL,
             ended_because = NULL",
        clinic,
        user,
        ambient.now()
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Ends a membership. The link to the customer stays: who the person is does not change by that.
///
/// # Errors
/// When the database refuses.
pub async fn end(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    user: UserId,
    because: EndReason,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE memberships SET state = 'ended', ended_at = ?, ended_because = ? WHERE clinic_id = ? AND user_id = ?",
        ambient.now(),
        because.as_str(),
        clinic,
        user
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Where the user stands with the clinic, which nobody else changes until the transaction ends.
///
/// # Errors
/// When the database does not answer.
pub async fn lock(connection: &mut MySqlConnection, clinic: ClinicId, user: UserId) -> Result<Option<Standing>, sqlx::Error> {
    let row = sqlx::query!(
        "SELECT state, ended_because, ended_at FROM memberships WHERE clinic_id = ? AND user_id = ? FOR UPDATE",
        clinic,
        user
    )
    .fetch_optional(connection)
    .await?;
    let standing = row.map(|row| {
        Ok(Standing {
            state: decode(&row.state)?,
            ended_because: row.ended_because.as_deref().map(decode).transpose()?,
            ended_at: row.ended_at.map(|at| at.and_utc()),
        })
    });
    standing.transpose()
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

/// How many confirmed members the clinic has.
///
/// # Errors
/// When the database does not answer.
pub async fn count_confirmed(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<u64, sqlx::Error> {
    let count = sqlx::query_scalar!("SELECT COUNT(*) FROM memberships WHERE clinic_id = ? AND state = 'confirmed'", clinic);
    count.fetch_one(connection).await.map(i64::unsigned_abs)
}
