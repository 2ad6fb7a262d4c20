//! How a customer stands with the clinic beside being on its list.

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;

use crate::db::decode;
use crate::model::state::MembershipState;
use crate::model::{ClinicId, CustomerId, PhoneNumber, SuppressionId, UserId};

/// The member who is the same person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The person.
    pub user: UserId,
    /// Their standing.
    pub state: MembershipState,
}

/// Why nothing is sent to a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silenced {
    /// The line of the ledger.
    pub id: SuppressionId,
    /// As it is stored: a later version may know more reasons.
    pub reason: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// The member who is the customer, if one is. Who has withdrawn is nobody's member.
///
/// # Errors
/// When the database does not answer.
pub async fn find_member(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    customer: CustomerId,
) -> Result<Option<Member>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT m.user_id AS "user: UserId", m.state FROM memberships m
           JOIN users u ON u.id = m.user_id AND u.withdrawn_at IS NULL
           WHERE m.clinic_id = ? AND m.customer_id = ?"#,
        clinic,
        customer
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| Ok(Member { user: row.user, state: decode(&row.state)? })).transpose()
}

/// Why nothing is sent to the phone, if that is so.
///
/// # Errors
/// When the database does not answer.
pub async fn find_silenced(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    phone: &PhoneNumber,
) -> Result<Option<Silenced>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT id AS "id!: SuppressionId", reason, created_at FROM suppressions WHERE clinic_id = ? AND phone = ?"#,
        clinic,
        phone.e164()
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Silenced { id: row.id, reason: row.reason, since: row.created_at.and_utc() }))
}
