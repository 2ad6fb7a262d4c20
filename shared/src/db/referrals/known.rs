//! Whom a clinic knew before somebody joined.

use sqlx::MySqlConnection;

use crate::db::users::User;
use crate::model::{ClinicId, UserId};

/// What a clinic knows of a person who is about to join, and of who has invited them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "facts, of which any may be true beside any other")]
pub struct Known {
    /// The person is the clinic's customer.
    pub customer: bool,
    /// The person was a member of the clinic before.
    pub member: bool,
    /// The person works for the clinic, or did with the same phone: whoever is removed is no longer known by the account.
    pub staff: bool,
    /// Whoever has invited the person is a member, and has not withdrawn.
    pub referrer_is_member: bool,
    /// Whoever has invited the person works for the clinic.
    pub referrer_is_staff: bool,
}

/// What the clinic knows, by the account and by the proven phone. To be asked before the person joins: joining makes a customer.
///
/// # Errors
/// When the database does not answer.
pub async fn find_known(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    user: &User,
    subject: &str,
    referrer: UserId,
) -> Result<Known, sqlx::Error> {
    // A phone that nobody has proven is NULL, and equals nothing. Whoever has been a member has a code of their own, which stays.
    let row = sqlx::query!(
        r#"SELECT
             EXISTS(SELECT 1 FROM customers c WHERE c.clinic_id = k.id AND c.phone = ?)
               OR EXISTS(SELECT 1 FROM memberships m JOIN customers c ON c.clinic_id = m.clinic_id AND c.id = m.customer_id
                         WHERE m.clinic_id = k.id AND m.user_id = ?) AS "customer!: bool",
             EXISTS(SELECT 1 FROM referral_codes o WHERE o.clinic_id = k.id AND o.user_id = ?) AS "member!: bool",
             EXISTS(SELECT 1 FROM memberships m JOIN users u ON u.id = m.user_id AND u.withdrawn_at IS NULL
                    WHERE m.clinic_id = k.id AND m.user_id = ? AND m.state = 'confirmed') AS "referrer_is_member!: bool",
             EXISTS(SELECT 1 FROM staff s WHERE s.subject = ? AND s.clinic_id = k.id)
               OR EXISTS(SELECT 1 FROM staff s WHERE s.clinic_id = k.id AND s.phone = ?) AS "staff!: bool",
             EXISTS(SELECT 1 FROM users u JOIN staff s ON s.subject = u.subject
                    WHERE u.id = ? AND s.clinic_id = k.id AND s.removed_at IS NULL)
               OR EXISTS(SELECT 1 FROM users u JOIN staff s ON s.clinic_id = k.id AND s.phone = u.phone
                         WHERE u.id = ? AND s.removed_at IS NULL) AS "referrer_is_staff!: bool"
           FROM clinics k WHERE k.id = ?"#,
        user.phone,
        user.id,
        user.id,
        referrer,
        subject,
        user.phone,
        referrer,
        referrer,
        clinic
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map_or(Known::default(), |row| Known {
        customer: row.customer,
        member: row.member,
        referrer_is_member: row.referrer_is_member,
        staff: row.staff,
        referrer_is_staff: row.referrer_is_staff,
    }))
}
