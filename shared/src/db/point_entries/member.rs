//! Whose points they are.

use sqlx::MySqlConnection;

use crate::db::decode;
use crate::model::person::Caller;
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
    /// Whether the member is the caller, by the account or by the proven phone.
    #[must_use]
    pub fn is(&self, caller: &Caller) -> bool {
        self.subject == caller.subject || (self.phone.is_some() && self.phone == caller.phone)
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
