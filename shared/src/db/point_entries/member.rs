//! Whose points they are.

use sqlx::MySqlConnection;

use crate::db::decode;
use crate::model::person::{Caller, Staff};
use crate::model::state::MembershipState;
use crate::model::{ClinicId, UserId};

/// A member whose points somebody of the clinic is about to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Cognito's id of the person.
    subject: String,
    /// Their phone, when they have proven it.
    phone: Option<String>,
    /// Their standing at the clinic.
    pub state: MembershipState,
}

impl Member {
    /// Whether the member is the caller: by the account, or by a phone that the caller has proven, now, as a person at some time, or when
    /// they came to work for the clinic.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is(&self, connection: &mut MySqlConnection, caller: &Caller, staff: &Staff) -> Result<bool, sqlx::Error> {
        if self.subject == caller.subject {
            return Ok(true);
        }
        let Some(phone) = &self.phone else { return Ok(false) };
        if caller.phone.as_ref() == Some(phone) {
            return Ok(true);
        }
        let known = sqlx::query_scalar!(
            r#"SELECT EXISTS(SELECT 1 FROM users WHERE subject = ? AND phone = ?)
                 OR EXISTS(SELECT 1 FROM staff WHERE clinic_id = ? AND id = ? AND phone = ?) AS "known!: bool""#,
            caller.subject,
            phone,
            staff.clinic,
            staff.id,
            phone
        );
        known.fetch_one(connection).await
    }
}

/// Somebody who is or was a member of the clinic and has not withdrawn, who cannot withdraw before the transaction ends.
///
/// # Errors
/// When the database refuses.
pub async fn lock_member(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    user: UserId,
) -> Result<Option<Member>, sqlx::Error> {
    // The user first, as whoever withdraws does.
    let row = sqlx::query!(
        r#"SELECT u.subject, u.phone, m.state FROM users u
           STRAIGHT_JOIN memberships m ON m.clinic_id = ? AND m.user_id = u.id
           WHERE u.id = ? AND u.withdrawn_at IS NULL LOCK IN SHARE MODE"#,
        clinic,
        user
    );
    let row = row.fetch_optional(connection).await?;
    row.map(|row| Ok(Member { subject: row.subject, phone: row.phone, state: decode(&row.state)? })).transpose()
}
