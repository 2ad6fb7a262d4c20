//! One member as the clinic sees them, and whom they brought.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::MySqlConnection;

use crate::db::decode;
use crate::model::state::{EndReason, MembershipState, UnpaidReason};
use crate::model::{ClinicId, CustomerId, UserId};

/// Everything that the clinic sees of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Their name.
    pub name: String,
    /// Their phone, E.164; none of somebody who is a member no more.
    pub phone: Option<String>,
    /// Their standing.
    pub state: MembershipState,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// When the membership was confirmed.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// When it ended, and why.
    pub ended: Option<(DateTime<Utc>, EndReason)>,
    /// The customer who is the same person.
    pub customer: Option<CustomerId>,
    /// How they came, if through a code.
    pub source: Option<Source>,
    /// Their own code at this clinic.
    pub own_code: Option<String>,
    /// Their points.
    pub points: i64,
    /// Points of theirs that somebody of the clinic is to look at first.
    pub points_held: u64,
    /// How many they brought to this clinic, without those who have withdrawn.
    pub invited: u64,
}

/// How a member came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Through which code.
    pub code: String,
    /// What the clinic calls the code; empty for the code of a member.
    pub label: String,
    /// When.
    pub joined_at: DateTime<Utc>,
    /// Whether the code is that of a member.
    pub is_of_member: bool,
    /// That member, unless they have withdrawn.
    pub inviter: Option<(UserId, String)>,
    /// Why the invitation earned nothing, when it did not.
    pub unpaid_because: Option<UnpaidReason>,
}

/// A member of the clinic who has not withdrawn.
///
/// # Errors
/// When the database does not answer.
pub async fn find_profile(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    user: UserId,
) -> Result<Option<Profile>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT u.name, IF(m.state = 'ended', NULL, u.phone) AS "phone: String", m.state, m.created_at, m.confirmed_at, m.ended_at, m.ended_because,
             k.id AS "customer?: CustomerId", r.code AS "code?", c.label AS "label?", r.created_at AS "joined_at?",
             r.referrer_id AS "referrer?: UserId", r.unpaid_because, i.id AS "inviter?: UserId", i.name AS "inviter_name?",
             (SELECT o.code FROM referral_codes o WHERE o.clinic_id = m.clinic_id AND o.user_id = m.user_id) AS "own_code: String",
             COALESCE((SELECT b.balance FROM point_balances b WHERE b.clinic_id = m.clinic_id AND b.user_id = m.user_id), 0)
               AS "points!: i64",
             (SELECT CAST(COALESCE(SUM(h.amount), 0) AS UNSIGNED) FROM held_grants h
               WHERE h.user_id = m.user_id AND h.clinic_id = m.clinic_id AND h.state = 'held') AS "held!: u64",
             (SELECT COUNT(*) FROM referrals f JOIN users g ON g.id = f.user_id AND g.withdrawn_at IS NULL
               WHERE f.referrer_id = m.user_id AND f.clinic_id = m.clinic_id) AS "invited!: i64"
           FROM memberships m
           JOIN users u ON u.id = m.user_id AND u.withdrawn_at IS NULL
           LEFT JOIN customers k FORCE INDEX (PRIMARY) ON k.clinic_id = m.clinic_id AND k.id = m.customer_id
           LEFT JOIN referrals r ON r.user_id = m.user_id AND r.clinic_id = m.clinic_id
           LEFT JOIN referral_codes c ON c.code = r.code
           LEFT JOIN users i ON i.id = r.referrer_id AND i.withdrawn_at IS NULL
           WHERE m.clinic_id = ? AND m.user_id = ?"#,
        clinic,
        user
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let source = match (row.code, row.joined_at) {
        (Some(code), Some(joined_at)) => Some(Source {
            code,
            label: row.label.unwrap_or_default(),
            joined_at: joined_at.and_utc(),
            is_of_member: row.referrer.is_some(),
            inviter: row.inviter.zip(row.inviter_name),
            unpaid_because: row.unpaid_because.as_deref().map(decode).transpose()?,
        }),
        _ => None,
    };
    let because = row.ended_because.as_deref().map(decode).transpose()?;
    Ok(Some(Profile {
        name: row.name,
        phone: row.phone,
        state: decode(&row.state)?,
        created_at: row.created_at.and_utc(),
        confirmed_at: row.confirmed_at.map(|at| at.and_utc()),
        ended: row.ended_at.map(|at| at.and_utc()).zip(because),
        customer: row.customer,
        source,
        own_code: row.own_code,
        points: row.points,
        points_held: row.held,
        invited: row.invited.unsigned_abs(),
    }))
}

/// Somebody whom a member brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    /// Who came.
    pub user: UserId,
    /// Who brought them.
    pub by: UserId,
    /// Their name; none of those who have withdrawn.
    pub name: Option<String>,
    /// Their standing at the clinic.
    pub state: Option<MembershipState>,
    /// When they came.
    pub joined_at: DateTime<Utc>,
}

/// Those whom the given members brought to the clinic, in the order in which they came, at most so many. Who has withdrawn is there
/// without a name: others may have come through them.
///
/// # Errors
/// When the database does not answer.
pub async fn list_brought(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    by: &[UserId],
    limit: u32,
) -> Result<Vec<Brought>, sqlx::Error> {
    let list = json!(by.iter().map(|user| user.uuid().simple().to_string()).collect::<Vec<_>>()).to_string();
    let rows = sqlx::query!(
        r#"SELECT STRAIGHT_JOIN r.user_id AS "user: UserId", r.referrer_id AS "by!: UserId", r.created_at,
             IF(u.withdrawn_at IS NULL, u.name, NULL) AS "name: String", m.state AS "state?"
           FROM JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(32) PATH '$')) l
           JOIN referrals r ON r.referrer_id = UNHEX(l.id) AND r.clinic_id = ?
           JOIN users u ON u.id = r.user_id
           LEFT JOIN memberships m ON m.clinic_id = r.clinic_id AND m.user_id = r.user_id
           ORDER BY r.created_at, r.id LIMIT ?"#,
        list,
        clinic,
        limit
    )
    .fetch_all(connection)
    .await?;
    let brought = rows.into_iter().map(|row| {
        Ok(Brought {
            user: row.user,
            by: row.by,
            name: row.name,
            state: row.state.as_deref().map(decode).transpose()?,
            joined_at: row.created_at.and_utc(),
        })
    });
    brought.collect()
}
