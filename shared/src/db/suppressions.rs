//! Phones that must not be written to, whoever has them. A line is made by [`insert_all`] and goes by [`lift`], by nothing else.

mod lifted;
mod wanted;

pub use lifted::{Lifted, list_lifted};
pub use wanted::{NotAPlace, PhonePart, Place, Wanted};

use chrono::{DateTime, NaiveDateTime, Utc};
use sqlx::{MySqlConnection, QueryBuilder};

use crate::clock::Ambient;
use crate::model::state::SuppressionReason;
use crate::model::{ClinicId, CustomerId, PhoneNumber, StaffId, SuppressionId};

/// Phones of one statement at most.
const PHONES: usize = 1000;
/// How long lists are, filled up with their last phone: so there are few statements, and both sides keep them prepared.
const LENGTHS: [usize; 4] = [1, 10, 100, PHONES];

/// Why phones are suppressed, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cause<'a> {
    /// Why.
    pub reason: SuppressionReason,
    /// The staff member who did it; nobody when the system learnt it.
    pub by: Option<StaffId>,
    /// In the words of whoever did it, at most 200 characters.
    pub note: Option<&'a str>,
}

impl Cause<'_> {
    /// What the system learnt by itself.
    #[must_use]
    pub const fn of(reason: SuppressionReason) -> Self {
        Self { reason, by: None, note: None }
    }
}

/// Adds phones and answers how many were not suppressed before. A phone that is suppressed already keeps its line as it is.
///
/// # Errors
/// When the database refuses.
pub async fn insert_all(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    phones: &[&PhoneNumber],
    cause: &Cause<'_>,
) -> Result<u64, sqlx::Error> {
    // In one order, so that two who add the same phones do not wait for each other.
    let mut phones = phones.to_vec();
    phones.sort_unstable();
    phones.dedup();
    let since = ambient.now();
    let mut added = 0;
    for phones in phones.chunks(PHONES) {
        let lines: Vec<_> = phones.iter().map(|phone| (SuppressionId::new(ambient), *phone)).collect();
        let mut query =
            QueryBuilder::new("INSERT INTO suppressions (clinic_id, phone, reason, created_at, id, note, created_by) ");
        query.push_values(filled(&lines), |mut row, (id, phone)| {
            row.push_bind(clinic)
                .push_bind(phone.e164())
                .push_bind(cause.reason.as_str())
                .push_bind(since)
                .push_bind(*id)
                .push_bind(cause.note)
                .push_bind(cause.by);
        });
        query.push(" ON DUPLICATE KEY UPDATE reason = suppressions.reason");
        query.build().execute(&mut *connection).await?;
        added += count(connection, clinic, &lines).await?;
    }
    Ok(added)
}

/// How many of these lines are there under their own ids: affected rows do not tell, because a row that was found counts too.
async fn count(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    lines: &[(SuppressionId, &PhoneNumber)],
) -> Result<u64, sqlx::Error> {
    let mut query = QueryBuilder::new("SELECT COUNT(*) FROM suppressions FORCE INDEX (suppressions_id) WHERE clinic_id = ");
    query.push_bind(clinic).push(" AND id IN (");
    let mut list = query.separated(", ");
    for (id, _) in filled(lines) {
        list.push_bind(*id);
    }
    query.push(")");
    query.build_query_scalar::<i64>().fetch_one(connection).await.map(i64::unsigned_abs)
}

/// The list and its last item as often as it takes to reach one of the [`LENGTHS`].
fn filled<T>(list: &[T]) -> impl Iterator<Item = &T> {
    let length = LENGTHS.into_iter().find(|length| *length >= list.len()).unwrap_or(list.len());
    list.iter().chain(list.last().into_iter().cycle()).take(length)
}

/// Somebody by their name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<I> {
    /// Who.
    pub id: I,
    /// What they are called; none when they are gone.
    pub name: Option<String>,
}

impl<I> Named<I> {
    fn new(id: Option<I>, name: Option<String>) -> Option<Self> {
        id.map(|id| Self { id, name })
    }
}

/// A phone that must not be written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// The line.
    pub id: SuppressionId,
    /// The phone.
    pub phone: PhoneNumber,
    /// The customer who has the phone now.
    pub customer: Option<Named<CustomerId>>,
    /// Why, as it is stored: a later version may know more reasons.
    pub reason: String,
    /// In the words of whoever added it.
    pub note: Option<String>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// The staff member who added it, where that is known.
    pub by: Option<Named<StaffId>>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: SuppressionId,
    phone: String,
    reason: String,
    note: Option<String>,
    created_at: NaiveDateTime,
    customer_id: Option<CustomerId>,
    customer_name: Option<String>,
    created_by: Option<StaffId>,
    staff_name: Option<String>,
}

impl TryFrom<Row> for Suppression {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.id,
            phone: PhoneNumber::from_e164(&row.phone).map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            customer: Named::new(row.customer_id, row.customer_name),
            reason: row.reason,
            note: row.note,
            since: row.created_at.and_utc(),
            by: Named::new(row.created_by, row.staff_name),
        })
    }
}

const LINE: &str =
    "SELECT STRAIGHT_JOIN s.id, s.phone, s.reason, s.note, s.created_at, c.id AS customer_id, c.name AS customer_name,
     s.created_by, t.name AS staff_name FROM suppressions s ";
const NEIGHBOURS: &str = " LEFT JOIN customers c ON c.clinic_id = s.clinic_id AND c.phone = s.phone
     LEFT JOIN staff t ON t.id = s.created_by AND t.clinic_id = s.clinic_id WHERE s.clinic_id = ";

/// Lines behind a place, the newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    wanted: &Wanted,
    behind: Option<Place>,
    limit: u32,
) -> Result<Vec<Suppression>, sqlx::Error> {
    // The index holds the phone, too, so a part that is rare is looked for without reading the lines.
    let mut query = QueryBuilder::new(format!("{LINE} FORCE INDEX (suppressions_by_time) {NEIGHBOURS}"));
    query.push_bind(clinic);
    wanted.push(&mut query);
    Place::push(&mut query, behind, "s.created_at", "s.id");
    query.push(" ORDER BY s.created_at DESC, s.id DESC LIMIT ").push_bind(limit);
    let rows: Vec<Row> = query.build_query_as().fetch_all(connection).await?;
    rows.into_iter().map(Suppression::try_from).collect()
}

/// A line of the clinic's ledger.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: SuppressionId,
) -> Result<Option<Suppression>, sqlx::Error> {
    let mut query = QueryBuilder::new(format!("{LINE} {NEIGHBOURS}"));
    query.push_bind(clinic).push(" AND s.id = ").push_bind(id);
    let row: Option<Row> = query.build_query_as().fetch_optional(connection).await?;
    row.map(Suppression::try_from).transpose()
}

/// Why a line is there, which nobody lifts until the transaction ends; none when there is no such line.
///
/// # Errors
/// When the database does not answer.
pub async fn lock(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: SuppressionId,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!("SELECT reason FROM suppressions WHERE clinic_id = ? AND id = ? FOR UPDATE", clinic, id)
        .fetch_optional(connection)
        .await
}

/// Moves a line to those that were lifted; the caller holds its [lock].
///
/// # Errors
/// When the database refuses, or there is no such line.
pub async fn lift(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: SuppressionId,
    by: StaffId,
    because: &str,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO lifted_suppressions (id, clinic_id, phone, reason, note, suppressed_at, suppressed_by, lifted_at, lifted_by,
           lifted_because)
         SELECT id, clinic_id, phone, reason, note, created_at, created_by, ?, ?, ? FROM suppressions
         WHERE clinic_id = ? AND id = ?",
        at,
        by,
        because,
        clinic,
        id
    )
    .execute(&mut *connection)
    .await?;
    let gone = sqlx::query!("DELETE FROM suppressions WHERE clinic_id = ? AND id = ?", clinic, id).execute(connection).await?;
    if gone.rows_affected() == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_one_of_four_lengths() {
        for (length, expected) in [(0, 0), (1, 1), (2, 10), (11, 100), (101, 1000), (1000, 1000)] {
            assert_eq!(filled(&vec![7; length]).count(), expected);
        }
    }
}
