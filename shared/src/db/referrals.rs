//! Who joined which clinic through which code.

mod known;

pub use known::{Known, find_known};

use sqlx::MySqlConnection;

use crate::clock::Ambient;
use crate::model::state::UnpaidReason;
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
    /// Why the one who invited earns nothing by it. `None` when they do, or when nobody has invited.
    pub unpaid: Option<UnpaidReason>,
}

/// What is known of a user's referrals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// The referral to one clinic, and its code.
    pub there: Option<(ReferralId, String)>,
    /// Whether the user was ever referred to any clinic: then no more points come from joining.
    pub anywhere: bool,
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
        "INSERT INTO referrals (id, clinic_id, user_id, code, referrer_id, unpaid_because, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        id,
        referral.clinic,
        referral.user,
        referral.code,
        referral.referrer,
        referral.unpaid.map(UnpaidReason::as_str),
        ambient.now()
    )
    .execute(connection)
    .await?;
    Ok(id)
}

/// A user's referrals of before: to one clinic, and to any.
///
/// # Errors
/// When the database does not answer.
pub async fn find_earlier(connection: &mut MySqlConnection, user: UserId, clinic: ClinicId) -> Result<Earlier, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id: ReferralId", code, clinic_id = ? AS "there!: bool" FROM referrals WHERE user_id = ?
           ORDER BY clinic_id = ? DESC LIMIT 1"#,
        clinic,
        user,
        clinic
    )
    .fetch_optional(connection)
    .await?;
    Ok(Earlier { anywhere: rows.is_some(), there: rows.filter(|row| row.there).map(|row| (row.id, row.code)) })
}
