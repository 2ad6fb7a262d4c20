//! Reading the ledger, as a member sees it and as the clinic does.

use chrono::{DateTime, NaiveDateTime, Utc};
use sqlx::MySqlConnection;

use crate::db::decode;
use crate::model::id::PointEntryId;
use crate::model::state::PointReason;
use crate::model::{ClinicId, StaffId, UserId};

/// A line of the ledger, as the user sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The line.
    pub id: PointEntryId,
    /// Who paid.
    pub clinic: ClinicId,
    /// Why.
    pub reason: PointReason,
    /// How much; negative when points went away.
    pub amount: i32,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// A user's lines at all clinics, newest first, before the given one.
///
/// # Errors
/// When the database does not answer.
pub async fn list_of_user(
    connection: &mut MySqlConnection,
    user: UserId,
    before: Option<PointEntryId>,
    limit: u32,
) -> Result<Vec<Entry>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id: PointEntryId", clinic_id AS "clinic: ClinicId", reason, amount, created_at
           FROM point_entries WHERE user_id = ? AND id < ? ORDER BY id DESC LIMIT ?"#,
        user,
        before.unwrap_or(LAST),
        limit
    )
    .fetch_all(connection)
    .await?;
    let entries = rows.into_iter().map(|row| {
        Ok(Entry {
            id: row.id,
            clinic: row.clinic,
            reason: decode(&row.reason)?,
            amount: row.amount,
            created_at: row.created_at.and_utc(),
        })
    });
    entries.collect()
}

/// Behind every line.
const LAST: PointEntryId = PointEntryId::from_uuid(uuid::Uuid::max());

/// A line of a clinic's ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The line.
    pub id: PointEntryId,
    /// Whose points.
    pub user: UserId,
    /// Their name; `None` when they have withdrawn.
    pub name: Option<String>,
    /// What it is for.
    pub reason: PointReason,
    /// By how much the balance moved; negative when points went away.
    pub amount: i32,
    /// What the member had after it, where one member's lines are read.
    pub balance: Option<i64>,
    /// Who of the staff wrote it, and their name.
    pub staff: Option<(StaffId, Option<String>)>,
    /// What the staff noted.
    pub note: String,
    /// The line that this one takes back.
    pub reverses: Option<PointEntryId>,
    /// The line that takes this one back.
    pub reversed_by: Option<PointEntryId>,
    /// When.
    pub created_at: DateTime<Utc>,
}

struct Row {
    id: PointEntryId,
    user: UserId,
    name: Option<String>,
    reason: String,
    amount: i32,
    balance: Option<i64>,
    staff: Option<StaffId>,
    staff_name: Option<String>,
    note: String,
    reverses: Option<PointEntryId>,
    reversed_by: Option<PointEntryId>,
    created_at: NaiveDateTime,
}

impl TryFrom<Row> for Line {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.id,
            user: row.user,
            name: row.name,
            reason: decode(&row.reason)?,
            amount: row.amount,
            balance: row.balance,
            staff: row.staff.map(|id| (id, row.staff_name)),
            note: row.note,
            reverses: row.reverses,
            reversed_by: row.reversed_by,
            created_at: row.created_at.and_utc(),
        })
    }
}

/// A member's lines at one clinic with the balance after each, newest first, before the given one; only those for a reason, if one is
/// given.
///
/// # Errors
/// When the database does not answer.
pub async fn list_of_member(
    connection: &mut MySqlConnection,
    (clinic, user): (ClinicId, UserId),
    reason: Option<PointReason>,
    before: Option<PointEntryId>,
    limit: u32,
) -> Result<Vec<Line>, sqlx::Error> {
    let reason = reason.map(PointReason::as_str);
    // The balance is summed over all lines of the member, which are few, whatever page of them is shown.
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT l.id AS "id!: PointEntryId", l.user_id AS "user!: UserId", u.name AS "name?", l.reason AS "reason!",
             l.amount AS "amount!", l.balance AS "balance?: i64", l.staff_id AS "staff: StaffId", s.name AS "staff_name?",
             l.note AS "note!", l.reverses AS "reverses: PointEntryId", r.id AS "reversed_by?: PointEntryId",
             l.created_at AS "created_at!"
           FROM (SELECT e.id, e.user_id, e.clinic_id, e.reason, e.amount, e.staff_id, e.note, e.reverses, e.created_at,
                   CAST(SUM(e.amount) OVER (ORDER BY e.id) AS SIGNED) AS balance
                 FROM point_entries e WHERE e.user_id = ? AND e.clinic_id = ?) l
           LEFT JOIN users u ON u.id = l.user_id AND u.withdrawn_at IS NULL
           LEFT JOIN staff s ON s.clinic_id = l.clinic_id AND s.id = l.staff_id
           LEFT JOIN point_entries r ON r.reverses = l.id
           WHERE l.id < ? AND (? IS NULL OR l.reason = ?) ORDER BY l.id DESC LIMIT ?"#,
        user,
        clinic,
        before.unwrap_or(LAST),
        reason,
        reason,
        limit
    );
    rows.fetch_all(connection).await?.into_iter().map(Line::try_from).collect()
}

/// The clinic's lines, newest first, before the given one; only those for a reason, if one is given.
///
/// # Errors
/// When the database does not answer.
pub async fn list_of_clinic(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    reason: Option<PointReason>,
    before: Option<PointEntryId>,
    limit: u32,
) -> Result<Vec<Line>, sqlx::Error> {
    let before = before.unwrap_or(LAST);
    // Two texts, because each goes by an index of its own.
    let rows = match reason {
        None => {
            let all = sqlx::query_as!(
                Row,
                r#"SELECT e.id AS "id: PointEntryId", e.user_id AS "user: UserId", u.name AS "name?", e.reason, e.amount,
                     NULL AS "balance?: i64", e.staff_id AS "staff: StaffId", s.name AS "staff_name?", e.note,
                     e.reverses AS "reverses: PointEntryId", r.id AS "reversed_by?: PointEntryId", e.created_at
                   FROM point_entries e
                   LEFT JOIN users u ON u.id = e.user_id AND u.withdrawn_at IS NULL
                   LEFT JOIN staff s ON s.clinic_id = e.clinic_id AND s.id = e.staff_id
                   LEFT JOIN point_entries r ON r.reverses = e.id
                   WHERE e.clinic_id = ? AND e.id < ? ORDER BY e.id DESC LIMIT ?"#,
                clinic,
                before,
                limit
            );
            all.fetch_all(connection).await?
        }
        Some(reason) => {
            let some = sqlx::query_as!(
                Row,
                r#"SELECT e.id AS "id: PointEntryId", e.user_id AS "user: UserId", u.name AS "name?", e.reason, e.amount,
                     NULL AS "balance?: i64", e.staff_id AS "staff: StaffId", s.name AS "staff_name?", e.note,
                     e.reverses AS "reverses: PointEntryId", r.id AS "reversed_by?: PointEntryId", e.created_at
                   FROM point_entries e
                   LEFT JOIN users u ON u.id = e.user_id AND u.withdrawn_at IS NULL
                   LEFT JOIN staff s ON s.clinic_id = e.clinic_id AND s.id = e.staff_id
                   LEFT JOIN point_entries r ON r.reverses = e.id
                   WHERE e.clinic_id = ? AND e.reason = ? AND e.id < ? ORDER BY e.id DESC LIMIT ?"#,
                clinic,
                reason.as_str(),
                before,
                limit
            );
            some.fetch_all(connection).await?
        }
    };
    rows.into_iter().map(Line::try_from).collect()
}
