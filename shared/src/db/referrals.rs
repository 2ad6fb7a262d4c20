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
    /// Points that the new member gets at once.
    pub join_points: u32,
}

/// A referral to a clinic, as the new member was told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct There {
    /// Which.
    pub id: ReferralId,
    /// Through which code.
    pub code: String,
    /// Points that the new member got at once.
    pub join_points: u32,
}

/// What is known of a user's referrals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// The referral to one clinic.
    pub there: Option<There>,
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
        "INSERT INTO referrals (id, clinic_id, user_id, code, referrer_id, unpaid_because, join_points, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        id,
        referral.clinic,
        referral.user,
        referral.code,
        referral.referrer,
        referral.unpaid.map(UnpaidReason::as_str),
        referral.join_points,
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
        r#"SELECT id AS "id: ReferralId", code, join_points, clinic_id = ? AS "there!: bool" FROM referrals WHERE user_id = ?
           ORDER BY clinic_id = ? DESC LIMIT 1"#,
        clinic,
        user,
        clinic
    )
    .fetch_optional(connection)
    .await?;
    let anywhere = rows.is_some();
    let there = rows.filter(|row| row.there).map(|row| There { id: row.id, code: row.code, join_points: row.join_points });
    Ok(Earlier { there, anywhere })
}

/// Notes that the user has come back through a referral, which grants nothing: that is what they are told again.
///
/// # Errors
/// When the database refuses.
pub async fn come_back(connection: &mut MySqlConnection, id: ReferralId) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE referrals SET join_points = 0 WHERE id = ?", id).execute(connection).await.map(drop)
}

/// Whether another user with that phone has joined a clinic. People are remembered by hashes of what they have proven
/// ([`person_keys`](crate::db::person_keys)); this knows those who joined before that was so.
///
/// # Errors
/// When the database does not answer.
pub async fn has_joined_with_phone(connection: &mut MySqlConnection, user: UserId, phone: &str) -> Result<bool, sqlx::Error> {
    let joined = sqlx::query_scalar!(
        r#"SELECT 1 AS "joined: i64" FROM users u JOIN referrals r ON r.user_id = u.id WHERE u.phone = ? AND u.id <> ? LIMIT 1"#,
        phone,
        user
    );
    Ok(joined.fetch_optional(connection).await?.is_some())
}
