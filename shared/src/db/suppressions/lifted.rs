//! Suppressions that were lifted, by whom and why: the ledger forgets nothing.

use chrono::{DateTime, NaiveDateTime, Utc};
use sqlx::{MySqlConnection, QueryBuilder};

use super::{Named, Place};
use crate::model::{ClinicId, CustomerId, PhoneNumber, StaffId, SuppressionId};

/// A phone that may be written to again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifted {
    /// The line, under the id that it had.
    pub id: SuppressionId,
    /// The phone.
    pub phone: PhoneNumber,
    /// The customer who has the phone now.
    pub customer: Option<Named<CustomerId>>,
    /// Why it was suppressed, as it is stored.
    pub reason: String,
    /// In the words of whoever suppressed it.
    pub note: Option<String>,
    /// Since when it was suppressed.
    pub since: DateTime<Utc>,
    /// The staff member who suppressed it, where that is known.
    pub by: Option<Named<StaffId>>,
    /// Until when.
    pub lifted_at: DateTime<Utc>,
    /// Who lifted it.
    pub lifted_by: Named<StaffId>,
    /// Why, in their words.
    pub because: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: SuppressionId,
    phone: String,
    reason: String,
    note: Option<String>,
    suppressed_at: NaiveDateTime,
    customer_id: Option<CustomerId>,
    customer_name: Option<String>,
    suppressed_by: Option<StaffId>,
    staff_name: Option<String>,
    lifted_at: NaiveDateTime,
    lifted_by: StaffId,
    lifter_name: Option<String>,
    lifted_because: String,
}

impl TryFrom<Row> for Lifted {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.id,
            phone: PhoneNumber::from_e164(&row.phone).map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            customer: Named::new(row.customer_id, row.customer_name),
            reason: row.reason,
            note: row.note,
            since: row.suppressed_at.and_utc(),
            by: Named::new(row.suppressed_by, row.staff_name),
            lifted_at: row.lifted_at.and_utc(),
            lifted_by: Named { id: row.lifted_by, name: row.lifter_name },
            because: row.lifted_because,
        })
    }
}

/// Lines that were lifted behind a place, those lifted last first.
///
/// # Errors
/// When the database does not answer.
pub async fn list_lifted(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    behind: Option<Place>,
    limit: u32,
) -> Result<Vec<Lifted>, sqlx::Error> {
    let mut query = QueryBuilder::new(
        "SELECT STRAIGHT_JOIN l.id, l.phone, l.reason, l.note, l.suppressed_at, c.id AS customer_id, c.name AS customer_name,
           l.suppressed_by, t.name AS staff_name, l.lifted_at, l.lifted_by, u.name AS lifter_name, l.lifted_because
         FROM lifted_suppressions l FORCE INDEX (lifted_suppressions_by_time)
         LEFT JOIN customers c ON c.clinic_id = l.clinic_id AND c.phone = l.phone
         LEFT JOIN staff t ON t.id = l.suppressed_by AND t.clinic_id = l.clinic_id
         LEFT JOIN staff u ON u.id = l.lifted_by AND u.clinic_id = l.clinic_id
         WHERE l.clinic_id = ",
    );
    query.push_bind(clinic);
    Place::push(&mut query, behind, "l.lifted_at", "l.id");
    query.push(" ORDER BY l.lifted_at DESC, l.id DESC LIMIT ").push_bind(limit);
    let rows: Vec<Row> = query.build_query_as().fetch_all(connection).await?;
    rows.into_iter().map(Lifted::try_from).collect()
}
