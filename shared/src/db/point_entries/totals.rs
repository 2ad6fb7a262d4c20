//! Sums over a clinic's ledger.

use sqlx::MySqlConnection;

use crate::db::decode;
use crate::model::ClinicId;
use crate::model::state::PointReason;

/// What a clinic's ledger adds up to: granted - spent + adjusted + reversed = outstanding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Granted for joining and inviting.
    pub granted: i64,
    /// Used at the clinic.
    pub spent: i64,
    /// Corrected, up less down.
    pub adjusted: i64,
    /// What lines that take others back moved: below zero when more was taken than given back.
    pub reversed: i64,
    /// What members have.
    pub outstanding: i64,
}

/// What a clinic's ledger and balances add up to. Read both as they were at one moment.
///
/// # Errors
/// When the database does not answer.
pub async fn find_totals(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<Totals, sqlx::Error> {
    let sums = sqlx::query!(
        r#"SELECT reason, CAST(SUM(amount) AS SIGNED) AS "sum!: i64" FROM point_entries FORCE INDEX (point_entries_by_reason)
           WHERE clinic_id = ? GROUP BY reason"#,
        clinic
    );
    let mut totals = Totals::default();
    for row in sums.fetch_all(&mut *connection).await? {
        match decode(&row.reason)? {
            PointReason::Join | PointReason::Invite => totals.granted += row.sum,
            PointReason::Spend => totals.spent -= row.sum,
            PointReason::Adjust => totals.adjusted += row.sum,
            PointReason::Reverse => totals.reversed += row.sum,
        }
    }
    totals.outstanding = sqlx::query_scalar!(
        r#"SELECT CAST(COALESCE(SUM(balance), 0) AS SIGNED) AS "outstanding!: i64" FROM point_balances WHERE clinic_id = ?"#,
        clinic
    )
    .fetch_one(connection)
    .await?;
    Ok(totals)
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
