//! The points ledger and the balances that follow from it.

use chrono::{DateTime, Utc};
use sqlx::{MySql, MySqlConnection, QueryBuilder};

use crate::clock::Ambient;
use crate::db::decode;
use crate::model::id::PointEntryId;
use crate::model::state::PointReason;
use crate::model::{ClinicId, Points, ReferralId, UserId};

/// A line that is about to be written.
#[derive(Debug, Clone)]
pub struct NewEntry<'a> {
    /// What it is for; the unique key `point_entries_grant` remembers it for ever.
    pub grant_key: &'a str,
    /// Who pays.
    pub clinic: ClinicId,
    /// Who is paid.
    pub user: UserId,
    /// Why.
    pub reason: PointReason,
    /// How much.
    pub amount: Points,
    /// The referral it comes from.
    pub referral: ReferralId,
}

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

/// Writes lines and moves the balances: two statements however many lines, in the caller's transaction.
///
/// # Errors
/// The unique key `point_entries_grant` when one of them was written before; then none is.
pub async fn insert_all(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    entries: &[NewEntry<'_>],
) -> Result<(), sqlx::Error> {
    let ids: Vec<_> = entries.iter().map(|_| PointEntryId::new(ambient)).collect();
    let now = ambient.now();
    let mut insert: QueryBuilder<MySql> = QueryBuilder::new(
        "INSERT INTO point_entries (id, grant_key, clinic_id, user_id, reason, amount, referral_id, created_at) ",
    );
    insert.push_values(ids.iter().zip(entries), |mut line, (id, entry)| {
        line.push_bind(*id)
            .push_bind(entry.grant_key)
            .push_bind(entry.clinic)
            .push_bind(entry.user)
            .push_bind(entry.reason.as_str())
            .push_bind(entry.amount.get())
            .push_bind(entry.referral)
            .push_bind(now);
    });
    insert.build().execute(&mut *connection).await?;

    // Summed from the lines themselves, in one order of rows, so that two batches cannot wait for each other.
    let mut balance: QueryBuilder<MySql> = QueryBuilder::new(
        "INSERT INTO point_balances (clinic_id, user_id, balance)
         SELECT clinic_id, user_id, SUM(amount) FROM point_entries WHERE id IN (",
    );
    let mut list = balance.separated(", ");
    for id in &ids {
        list.push_bind(*id);
    }
    balance.push(
        ") GROUP BY clinic_id, user_id ORDER BY clinic_id, user_id
         ON DUPLICATE KEY UPDATE balance = balance + VALUES(balance)",
    );
    balance.build().execute(connection).await.map(drop)
}

/// A user's lines, newest first, before the given one.
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
        before.unwrap_or(PointEntryId::from_uuid(uuid::Uuid::max())),
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

/// How many points the clinic has granted, from the ledger.
///
/// # Errors
/// When the database does not answer.
pub async fn sum_granted(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<u64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT CAST(COALESCE(SUM(amount), 0) AS UNSIGNED) AS "granted!: u64" FROM point_entries
           WHERE clinic_id = ? AND reason IN ('join', 'invite')"#,
        clinic
    )
    .fetch_one(connection)
    .await
}
