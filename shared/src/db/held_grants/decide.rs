//! Looking at what is held, and deciding on it.

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;

use crate::db::decode;
use crate::model::id::HeldGrantId;
use crate::model::state::{HeldState, HoldReason, PointReason};
use crate::model::{ClinicId, Points, ReferralId, StaffId, UserId};

/// Points that are or were held for review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub id: HeldGrantId,
    /// Who would earn them.
    pub user: UserId,
    /// Their name; `None` when they have withdrawn.
    pub name: Option<String>,
    /// What they are for.
    pub reason: PointReason,
    /// How many.
    pub amount: u32,
    /// Why somebody is to look at them.
    pub because: HoldReason,
    /// What became of them.
    pub state: HeldState,
    /// The member whose joining they are for, and their name. For join points that is whoever would earn them.
    pub joined: Option<(UserId, Option<String>)>,
    /// Who decided, and their name.
    pub decided_by: Option<(StaffId, Option<String>)>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// What whoever decided noted.
    pub note: String,
    /// Since when they are held.
    pub created_at: DateTime<Utc>,
}

/// A clinic's points in one state, newest first, before the given ones.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    state: HeldState,
    before: Option<HeldGrantId>,
    limit: u32,
) -> Result<Vec<Held>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT h.id AS "id: HeldGrantId", h.user_id AS "user: UserId", u.name AS "name?", h.reason, h.amount, h.held_because,
             h.state, r.user_id AS "joined?: UserId", j.name AS "joined_name?", h.decided_by AS "decided_by: StaffId",
             s.name AS "decider?", h.decided_at, h.note, h.created_at
           FROM held_grants h
           LEFT JOIN users u ON u.id = h.user_id AND u.withdrawn_at IS NULL
           LEFT JOIN referrals r ON r.id = h.referral_id
           LEFT JOIN users j ON j.id = r.user_id AND j.withdrawn_at IS NULL
           LEFT JOIN staff s ON s.clinic_id = h.clinic_id AND s.id = h.decided_by
           WHERE h.clinic_id = ? AND h.state = ? AND h.id < ? ORDER BY h.id DESC LIMIT ?"#,
        clinic,
        state.as_str(),
        before.unwrap_or(HeldGrantId::from_uuid(uuid::Uuid::max())),
        limit
    )
    .fetch_all(connection)
    .await?;
    let held = rows.into_iter().map(|row| {
        Ok(Held {
            id: row.id,
            user: row.user,
            name: row.name,
            reason: decode(&row.reason)?,
            amount: row.amount,
            because: decode(&row.held_because)?,
            state: decode(&row.state)?,
            joined: row.joined.map(|user| (user, row.joined_name)),
            decided_by: row.decided_by.map(|staff| (staff, row.decider)),
            decided_at: row.decided_at.map(|at| at.and_utc()),
            note: row.note,
            created_at: row.created_at.and_utc(),
        })
    });
    held.collect()
}

/// What a decision is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecided {
    /// The key under which the points are granted, should they be.
    pub grant_key: String,
    /// Who would earn them.
    pub user: UserId,
    /// What they are for.
    pub reason: PointReason,
    /// How many.
    pub amount: Points,
    /// The referral they come from.
    pub referral: ReferralId,
    /// What has become of them so far.
    pub state: HeldState,
    /// Who has decided, if somebody has.
    pub decided_by: Option<StaffId>,
}

/// Who would earn points of the clinic that are or were held. Nothing is locked: whoever changes the person's points besides locks the
/// person first, as whoever withdraws does.
///
/// # Errors
/// When the database does not answer.
pub async fn find_user(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: HeldGrantId,
) -> Result<Option<UserId>, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT user_id AS "user: UserId" FROM held_grants WHERE clinic_id = ? AND id = ?"#, clinic, id)
        .fetch_optional(connection)
        .await
}

/// Points of the clinic that are or were held, locked, so that one of two who decide comes second.
///
/// # Errors
/// When the database refuses.
pub async fn lock(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: HeldGrantId,
) -> Result<Option<Undecided>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT grant_key, user_id AS "user: UserId", reason, amount, referral_id AS "referral: ReferralId", state,
             decided_by AS "decided_by: StaffId"
           FROM held_grants WHERE clinic_id = ? AND id = ? FOR UPDATE"#,
        clinic,
        id
    )
    .fetch_optional(connection)
    .await?;
    let undecided = row.map(|row| {
        Ok(Undecided {
            grant_key: row.grant_key,
            user: row.user,
            reason: decode(&row.reason)?,
            amount: Points::try_from(row.amount).map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            referral: row.referral,
            state: decode(&row.state)?,
            decided_by: row.decided_by,
        })
    });
    undecided.transpose()
}

/// A decision on points that are held.
#[derive(Debug, Clone, Copy)]
pub struct Decision<'a> {
    /// What becomes of them.
    pub state: HeldState,
    /// Who decides.
    pub staff: StaffId,
    /// Why, in their words.
    pub note: &'a str,
    /// When.
    pub at: DateTime<Utc>,
}

/// Keeps the decision on points that are [locked](lock) and held; answers whether they were.
///
/// # Errors
/// When the database refuses.
pub async fn decide(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: HeldGrantId,
    decision: &Decision<'_>,
) -> Result<bool, sqlx::Error> {
    let decided = sqlx::query!(
        "UPDATE held_grants SET state = ?, decided_by = ?, decided_at = ?, note = ? WHERE clinic_id = ? AND id = ? AND state = 'held'",
        decision.state.as_str(),
        decision.staff,
        decision.at,
        decision.note,
        clinic,
        id
    );
    Ok(decided.execute(connection).await?.rows_affected() == 1)
}

/// How many grants a clinic holds for review, and how many points they are.
///
/// # Errors
/// When the database does not answer.
pub async fn sum_held(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<(u64, u64), sqlx::Error> {
    let held = sqlx::query!(
        r#"SELECT COUNT(*) AS "count!: i64", CAST(COALESCE(SUM(amount), 0) AS UNSIGNED) AS "points!: u64"
           FROM held_grants WHERE clinic_id = ? AND state = 'held'"#,
        clinic
    );
    let held = held.fetch_one(connection).await?;
    Ok((held.count.unsigned_abs(), held.points))
}
