//! Lines that the clinic's staff writes, each with its balance in the same transaction.

use sqlx::MySqlConnection;

use crate::clock::Ambient;
use crate::db::{DatabaseFailure, decode, violates};
use crate::model::id::PointEntryId;
use crate::model::state::PointReason;
use crate::model::{ClinicId, StaffId, UserId};

/// A line that a staff member writes.
#[derive(Debug, Clone)]
pub struct NewLine<'a> {
    /// The clinic.
    pub clinic: ClinicId,
    /// Whose points.
    pub user: UserId,
    /// What it does.
    pub what: What,
    /// Who writes it.
    pub staff: StaffId,
    /// In their words, empty when they say nothing.
    pub note: &'a str,
}

/// What a line of the staff does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Uses so many points.
    Spend(u32),
    /// Corrects the balance by so many points, up or down.
    Adjust(i32),
    /// Takes a line back, whose amount is given.
    Reverse(PointEntryId, i32),
}

impl What {
    /// What the line is for.
    #[must_use]
    pub const fn reason(self) -> PointReason {
        match self {
            Self::Spend(_) => PointReason::Spend,
            Self::Adjust(_) => PointReason::Adjust,
            Self::Reverse(..) => PointReason::Reverse,
        }
    }

    const fn reverses(self) -> Option<PointEntryId> {
        match self {
            Self::Reverse(line, _) => Some(line),
            Self::Spend(_) | Self::Adjust(_) => None,
        }
    }

    /// By how much the balance moves.
    #[must_use]
    pub fn amount(self) -> i64 {
        match self {
            Self::Spend(points) => -i64::from(points),
            Self::Adjust(points) => i64::from(points),
            Self::Reverse(_, points) => -i64::from(points),
        }
    }
}

/// Why a line was not written. The transaction is to be rolled back.
#[derive(Debug, thiserror::Error)]
pub enum NotWritten {
    /// The balance would be below zero; it is this.
    #[error("there are not enough points")]
    NotEnough(i64),
    /// The line was taken back before.
    #[error("the line was taken back before")]
    Reversed,
    /// The database refused.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl DatabaseFailure for NotWritten {
    fn database(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Database(error) => Some(error),
            Self::NotEnough(_) | Self::Reversed => None,
        }
    }
}

/// Writes a line and moves the balance, in the caller's transaction; answers the line's id and the new balance.
///
/// # Errors
/// When it is not to be, for whatever reason: the caller rolls back.
pub async fn insert(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    line: &NewLine<'_>,
) -> Result<(PointEntryId, i64), NotWritten> {
    let (id, amount) = (PointEntryId::new(ambient), line.what.amount());
    let reverses = line.what.reverses();
    // A line can be taken back once, and its key says so besides `reverses`.
    let key = reverses.map_or_else(|| format!("{}:{id}", line.what.reason()), |reversed| format!("reverse:{reversed}"));
    let inserted = sqlx::query!(
        "INSERT INTO point_entries (id, grant_key, clinic_id, user_id, reason, amount, staff_id, note, reverses, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        id,
        key,
        line.clinic,
        line.user,
        line.what.reason().as_str(),
        amount,
        line.staff,
        line.note,
        reverses,
        ambient.now()
    )
    .execute(&mut *connection)
    .await;
    match inserted {
        Ok(_) => {}
        Err(error) if violates(&error, "point_entries_reverses") || violates(&error, "point_entries_grant") => {
            return Err(NotWritten::Reversed);
        }
        Err(error) => return Err(error.into()),
    }
    let balance = move_balance(connection, line.clinic, line.user, amount).await?;
    Ok((id, balance))
}

async fn move_balance(connection: &mut MySqlConnection, clinic: ClinicId, user: UserId, by: i64) -> Result<i64, NotWritten> {
    if by > 0 {
        let moved = sqlx::query!(
            "INSERT INTO point_balances (clinic_id, user_id, balance) VALUES (?, ?, ?)
             ON DUPLICATE KEY UPDATE balance = balance + VALUES(balance)",
            clinic,
            user,
            by
        );
        moved.execute(&mut *connection).await?;
        return Ok(find_balance(connection, clinic, user).await?);
    }
    // Locked first, so that who is refused is told the balance that it was refused by. Where there is none nothing is locked, and what
    // others write at this moment comes after.
    let locked =
        sqlx::query_scalar!("SELECT balance FROM point_balances WHERE clinic_id = ? AND user_id = ? FOR UPDATE", clinic, user);
    let balance = locked.fetch_optional(&mut *connection).await?.unwrap_or(0);
    if balance + by < 0 {
        return Err(NotWritten::NotEnough(balance));
    }
    let moved = sqlx::query!(
        "UPDATE point_balances SET balance = balance - ? WHERE clinic_id = ? AND user_id = ? AND balance >= ?",
        -by,
        clinic,
        user,
        -by
    );
    // Rows that were found, which are those that had enough.
    let found = moved.execute(connection).await?.rows_affected();
    if found == 1 { Ok(balance + by) } else { Err(NotWritten::NotEnough(balance)) }
}

/// A user's points at a clinic.
///
/// # Errors
/// When the database does not answer.
pub async fn find_balance(connection: &mut MySqlConnection, clinic: ClinicId, user: UserId) -> Result<i64, sqlx::Error> {
    let balance = sqlx::query_scalar!("SELECT balance FROM point_balances WHERE clinic_id = ? AND user_id = ?", clinic, user);
    Ok(balance.fetch_optional(connection).await?.unwrap_or(0))
}

/// A line that somebody wants to take back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reversible {
    /// Whose points.
    pub user: UserId,
    /// What it is for.
    pub reason: PointReason,
    /// How much it moved.
    pub amount: i32,
}

/// A line of the clinic. Lines never change, so nothing is locked: the unique key decides between two who take it back.
///
/// # Errors
/// When the database does not answer.
pub async fn find_reversible(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    line: PointEntryId,
) -> Result<Option<Reversible>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT user_id AS "user: UserId", reason, amount FROM point_entries WHERE id = ? AND clinic_id = ?"#,
        line,
        clinic
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| Ok(Reversible { user: row.user, reason: decode(&row.reason)?, amount: row.amount })).transpose()
}
