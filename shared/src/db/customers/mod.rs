//! Contacts of a clinic. `UNIQUE (clinic_id, phone)` decides who is the same person.

mod list;
mod names;
mod search;
mod standing;

pub use list::{Found, Part, Position, Selection, Sort, Wanted, Within, count_selected, list, select};
pub use names::{anybody_in_two_groups, list_group_names};
pub use search::Search;
pub(in crate::db) use search::literal;
pub use standing::{Member, Silenced, find_member, find_silenced};

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use sqlx::types::Json;
use sqlx::{MySqlConnection, QueryBuilder};

use crate::model::{ClinicId, CustomerId, ImportId, PhoneNumber};

/// The clinic's own columns, by their name.
pub type Attributes = BTreeMap<String, String>;

/// Rows of one statement at most.
const ROWS: usize = 1000;
/// Bytes of text in one statement at most, far below what a server takes in one packet (16 MiB and more).
const BYTES: usize = 4 << 20;

/// A customer as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// The customer.
    pub id: CustomerId,
    /// What the clinic calls them.
    pub name: String,
    /// Unique within the clinic.
    pub phone: PhoneNumber,
    /// The clinic's own columns.
    pub attributes: Attributes,
    /// When they were added.
    pub created_at: DateTime<Utc>,
    /// When they were last changed.
    pub updated_at: DateTime<Utc>,
    /// When they agreed to advertising, if they did.
    pub advertising_consent_at: Option<DateTime<Utc>>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: CustomerId,
    name: String,
    phone: String,
    attributes: Json<Attributes>,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    advertising_consent_at: Option<NaiveDateTime>,
}

impl TryFrom<Row> for Customer {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.id,
            name: row.name,
            phone: PhoneNumber::from_e164(&row.phone).map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            attributes: row.attributes.0,
            created_at: row.created_at.and_utc(),
            updated_at: row.updated_at.and_utc(),
            advertising_consent_at: row.advertising_consent_at.map(|at| at.and_utc()),
        })
    }
}

/// A customer of the clinic.
///
/// # Errors
/// When the database does not answer.
pub async fn find(connection: &mut MySqlConnection, clinic: ClinicId, id: CustomerId) -> Result<Option<Customer>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: CustomerId", name, phone, attributes AS "attributes: Json<Attributes>", created_at, updated_at,
           advertising_consent_at
         FROM customers WHERE clinic_id = ? AND id = ?"#,
        clinic,
        id
    )
    .fetch_optional(connection)
    .await?;
    row.map(Customer::try_from).transpose()
}

/// A customer of the clinic, whom nobody else changes until the transaction ends.
///
/// # Errors
/// When the database does not answer.
pub async fn lock(connection: &mut MySqlConnection, clinic: ClinicId, id: CustomerId) -> Result<Option<Customer>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: CustomerId", name, phone, attributes AS "attributes: Json<Attributes>", created_at, updated_at,
           advertising_consent_at
         FROM customers WHERE clinic_id = ? AND id = ? FOR UPDATE"#,
        clinic,
        id
    )
    .fetch_optional(connection)
    .await?;
    row.map(Customer::try_from).transpose()
}

/// Adds customers, of an import or one by one. Fails on the unique key `customers_phone` when the clinic has one of the
/// phones already.
///
/// # Errors
/// When the database refuses.
pub async fn insert_all(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    import: Option<ImportId>,
    customers: &[Customer],
) -> Result<(), sqlx::Error> {
    for customers in statements(customers) {
        let mut query = QueryBuilder::new(
            "INSERT INTO customers (clinic_id, id, name, phone, attributes, import_id, created_at, updated_at,
                 advertising_consent_at) ",
        );
        query.push_values(customers, |mut row, customer| {
            row.push_bind(clinic)
                .push_bind(customer.id)
                .push_bind(&customer.name)
                .push_bind(customer.phone.e164())
                .push_bind(Json(&customer.attributes))
                .push_bind(import)
                .push_bind(customer.created_at)
                .push_bind(customer.updated_at)
                .push_bind(customer.advertising_consent_at);
        });
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// Gives a customer the name, the phone, the attributes, the consent and the time of change given; the caller holds the [lock].
/// Fails on the unique key `customers_phone` when another customer of the clinic has the phone.
///
/// # Errors
/// When the database refuses.
pub async fn update(connection: &mut MySqlConnection, clinic: ClinicId, customer: &Customer) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE customers SET name = ?, phone = ?, attributes = ?, updated_at = ?, advertising_consent_at = ?
         WHERE clinic_id = ? AND id = ?",
        customer.name,
        customer.phone.e164(),
        Json(&customer.attributes),
        customer.updated_at,
        customer.advertising_consent_at,
        clinic,
        customer.id
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Deletes customers of the clinic, and with them who is in which group. Messages that were sent to them stay as they are: they
/// hold the name and the phone themselves. Answers how many there were. Lock them first.
///
/// # Errors
/// When the database refuses.
pub async fn delete_all(connection: &mut MySqlConnection, clinic: ClinicId, ids: &[CustomerId]) -> Result<u64, sqlx::Error> {
    let mut count = 0;
    for ids in ids.chunks(ROWS) {
        let mut query = QueryBuilder::new("DELETE FROM customers WHERE clinic_id = ");
        query.push_bind(clinic).push(" AND id IN (");
        let mut list = query.separated(", ");
        for id in ids {
            list.push_bind(*id);
        }
        query.push(")");
        count += query.build().persistent(false).execute(&mut *connection).await?.rows_affected();
    }
    Ok(count)
}

/// Cuts the customers into what one statement may hold, in rows and in bytes.
fn statements(customers: &[Customer]) -> impl Iterator<Item = &[Customer]> {
    let mut rest = customers;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fitting = rest.iter().take(ROWS).take_while(|customer| {
            bytes += size(customer);
            bytes <= BYTES
        });
        // A single customer always goes, whatever its size.
        let count = fitting.count().max(1).min(rest.len());
        let (statement, remaining) = rest.split_at(count);
        rest = remaining;
        (!statement.is_empty()).then_some(statement)
    })
}

fn size(customer: &Customer) -> usize {
    // Quotes, colons and escapes of JSON are within the factor.
    2 * customer.attributes.iter().map(|(name, value)| name.len() + value.len() + 6).sum::<usize>() + customer.name.len() + 128
}

/// How many customers the clinic has.
///
/// # Errors
/// When the database does not answer.
pub async fn count(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<u64, sqlx::Error> {
    let count = sqlx::query_scalar!("SELECT COUNT(*) FROM customers WHERE clinic_id = ?", clinic);
    count.fetch_one(connection).await.map(i64::unsigned_abs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_holds_a_thousand_rows_or_four_mebibytes() {
        let customer = |bytes: usize| Customer {
            id: CustomerId::from_uuid(uuid::Uuid::nil()),
            name: "김단골".to_owned(),
            phone: "010-1234-5678".parse().unwrap(),
            attributes: Attributes::from([("메모".to_owned(), "x".repeat(bytes))]),
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            advertising_consent_at: None,
        };
        let sizes = |customers: &[Customer]| statements(customers).map(<[_]>::len).collect::<Vec<_>>();
        assert_eq!(sizes(&vec![customer(1); 2500]), [1000, 1000, 500]);
        assert_eq!(sizes(&vec![customer(1 << 20); 3]), [1, 1, 1]);
        assert_eq!(sizes(&vec![customer(5 << 20); 2]), [1, 1]);
        assert_eq!(sizes(&[]), Vec::<usize>::new());
    }
}
