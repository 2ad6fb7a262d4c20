//! Contacts of a clinic. `UNIQUE (clinic_id, phone)` decides who is the same person.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDateTime, Utc};
use sqlx::types::Json;
use sqlx::{MySqlConnection, QueryBuilder};

use crate::model::{CampaignId, ClinicId, CustomerId, GroupId, ImportId, PhoneNumber};

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
}

struct Row {
    id: CustomerId,
    name: String,
    phone: String,
    attributes: Json<Attributes>,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
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
        })
    }
}

/// Whose list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// All customers of the clinic.
    Everywhere,
    /// Those in one group.
    Group(GroupId),
    /// Those in no group.
    Unassigned,
}

/// A part of a name or of a phone, as patterns of LIKE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    name: String,
    phone_part: String,
    phone_start: String,
}

impl Search {
    /// Matches everybody.
    #[must_use]
    pub fn everybody() -> Self {
        Self { name: "%".to_owned(), phone_part: String::new(), phone_start: String::new() }
    }

    /// Matches names and phones that hold the text. What reads like a part of a phone is compared with phones as people
    /// write them: `010-12` is the beginning of `+821012345678`, `12-34` is in its middle.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() {
            return Self::everybody();
        }
        let mut name = String::with_capacity(text.len() + 2);
        name.push('%');
        for c in text.chars() {
            if matches!(c, '%' | '_' | '|') {
                name.push('|');
            }
            name.push(c);
        }
        name.push('%');
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let like_a_phone = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | ' ' | '.' | '+' | '(' | ')'));
        if digits.is_empty() || !like_a_phone {
            return Self { name, phone_part: String::new(), phone_start: String::new() };
        }
        let phone_start = match digits.strip_prefix('0') {
            Some(national) => format!("+82{national}%"),
            None => String::new(),
        };
        Self { name, phone_part: format!("%{digits}%"), phone_start }
    }
}

/// Customers in the order in which they were added, after the one given.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    within: Within,
    search: &Search,
    after: Option<CustomerId>,
    limit: u32,
) -> Result<Vec<Customer>, sqlx::Error> {
    let after = after.unwrap_or(CustomerId::from_uuid(uuid::Uuid::nil()));
    let rows = match within {
        Within::Everywhere => sqlx::query_as!(
            Row,
            r#"SELECT c.id AS "id: CustomerId", c.name, c.phone, c.attributes AS "attributes: Json<Attributes>", c.created_at,
                     c.updated_at
                 FROM customers c
                 WHERE c.clinic_id = ? AND c.id > ?
                   AND (c.name LIKE ? ESCAPE '|' OR c.phone LIKE ? OR c.phone LIKE ?)
                 ORDER BY c.id LIMIT ?"#,
            clinic,
            after,
            search.name,
            search.phone_part,
            search.phone_start,
            limit
        )
        .fetch_all(connection)
        .await?,
        Within::Group(group) => sqlx::query_as!(
            Row,
            r#"SELECT c.id AS "id: CustomerId", c.name, c.phone, c.attributes AS "attributes: Json<Attributes>", c.created_at,
                     c.updated_at
                 FROM customer_group_members m
                 JOIN customers c ON c.clinic_id = m.clinic_id AND c.id = m.customer_id
                 WHERE m.clinic_id = ? AND m.group_id = ? AND m.customer_id > ?
                   AND (c.name LIKE ? ESCAPE '|' OR c.phone LIKE ? OR c.phone LIKE ?)
                 ORDER BY m.customer_id LIMIT ?"#,
            clinic,
            group,
            after,
            search.name,
            search.phone_part,
            search.phone_start,
            limit
        )
        .fetch_all(connection)
        .await?,
        Within::Unassigned => sqlx::query_as!(
            Row,
            r#"SELECT c.id AS "id: CustomerId", c.name, c.phone, c.attributes AS "attributes: Json<Attributes>", c.created_at,
                     c.updated_at
                 FROM customers c
                 LEFT JOIN customer_group_members m ON m.clinic_id = c.clinic_id AND m.customer_id = c.id
                 WHERE c.clinic_id = ? AND c.id > ? AND m.customer_id IS NULL
                   AND (c.name LIKE ? ESCAPE '|' OR c.phone LIKE ? OR c.phone LIKE ?)
                 ORDER BY c.id LIMIT ?"#,
            clinic,
            after,
            search.name,
            search.phone_part,
            search.phone_start,
            limit
        )
        .fetch_all(connection)
        .await?,
    };
    rows.into_iter().map(Customer::try_from).collect()
}

/// A customer of the clinic.
///
/// # Errors
/// When the database does not answer.
pub async fn find(connection: &mut MySqlConnection, clinic: ClinicId, id: CustomerId) -> Result<Option<Customer>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: CustomerId", name, phone, attributes AS "attributes: Json<Attributes>", created_at, updated_at
         FROM customers WHERE clinic_id = ? AND id = ?"#,
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
            "INSERT INTO customers (clinic_id, id, name, phone, attributes, import_id, created_at, updated_at) ",
        );
        query.push_values(customers, |mut row, customer| {
            row.push_bind(clinic)
                .push_bind(customer.id)
                .push_bind(&customer.name)
                .push_bind(customer.phone.e164())
                .push_bind(Json(&customer.attributes))
                .push_bind(import)
                .push_bind(customer.created_at)
                .push_bind(customer.updated_at);
        });
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// Gives customers that exist the name, the attributes and the time of change given. Lock them first.
///
/// # Errors
/// When the database refuses.
pub async fn update_all(connection: &mut MySqlConnection, clinic: ClinicId, customers: &[Customer]) -> Result<(), sqlx::Error> {
    for customers in statements(customers) {
        // Every line exists and is locked, so this never inserts: it is the one form of a many-row update that both servers
        // take and that costs one look-up per row.
        let mut query =
            QueryBuilder::new("INSERT INTO customers (clinic_id, id, name, phone, attributes, created_at, updated_at) ");
        query.push_values(customers, |mut row, customer| {
            row.push_bind(clinic)
                .push_bind(customer.id)
                .push_bind(&customer.name)
                .push_bind(customer.phone.e164())
                .push_bind(Json(&customer.attributes))
                .push_bind(customer.created_at)
                .push_bind(customer.updated_at);
        });
        query.push(
            " ON DUPLICATE KEY UPDATE name = VALUES(name), attributes = VALUES(attributes), updated_at = VALUES(updated_at)",
        );
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
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

/// Phones looked up by one statement at most.
const PHONES: usize = 10_000;

/// The customers with these phones.
///
/// # Errors
/// When the database does not answer.
pub async fn find_by_phones(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    phones: &[&PhoneNumber],
) -> Result<HashMap<PhoneNumber, CustomerId>, sqlx::Error> {
    let mut found = HashMap::new();
    for phones in phones.chunks(PHONES) {
        let mut query = QueryBuilder::new("SELECT phone, id FROM customers WHERE clinic_id = ");
        query.push_bind(clinic).push(" AND phone IN (");
        let mut list = query.separated(", ");
        for phone in phones {
            list.push_bind(phone.e164());
        }
        query.push(")");
        let rows = query.build_query_as::<(String, CustomerId)>().persistent(false).fetch_all(&mut *connection).await?;
        for (phone, id) in rows {
            found.insert(PhoneNumber::from_e164(&phone).map_err(|error| sqlx::Error::Decode(Box::new(error)))?, id);
        }
    }
    Ok(found)
}

/// How many customers the clinic has.
///
/// # Errors
/// When the database does not answer.
pub async fn count(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<u64, sqlx::Error> {
    let count = sqlx::query_scalar!("SELECT COUNT(*) FROM customers WHERE clinic_id = ?", clinic);
    count.fetch_one(connection).await.map(i64::unsigned_abs)
}

/// Somebody to whom a campaign is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The customer.
    pub id: CustomerId,
    /// The customer's name.
    pub name: String,
    /// The customer's phone.
    pub phone: PhoneNumber,
    /// The clinic's own columns.
    pub attributes: Attributes,
    /// Whether the phone must not be written to.
    pub suppressed: bool,
}

/// The customers of a campaign's groups behind the customer `after`, each once, in order of their ids. Those of the
/// unassigned group are the customers without a line in any group.
///
/// # Errors
/// When the database does not answer.
pub async fn list_recipients(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaign: CampaignId,
    after: Option<CustomerId>,
    limit: u32,
) -> Result<Vec<Recipient>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT c.id AS "id: CustomerId", c.name, c.phone, c.attributes AS "attributes: Json<Attributes>",
             EXISTS (SELECT 1 FROM suppressions s WHERE s.clinic_id = c.clinic_id AND s.phone = c.phone) AS "suppressed!: bool"
           FROM customers c
           WHERE c.clinic_id = ? AND c.id > ? AND (
             EXISTS (SELECT 1 FROM customer_group_members m
                 JOIN campaign_groups g ON g.clinic_id = m.clinic_id AND g.campaign_id = ? AND g.group_id = m.group_id
                 WHERE m.clinic_id = ? AND m.customer_id = c.id)
             OR (
                 EXISTS (SELECT 1 FROM campaign_groups g
                     JOIN customer_groups u ON u.clinic_id = g.clinic_id AND u.id = g.group_id AND u.unassigned
                     WHERE g.clinic_id = ? AND g.campaign_id = ?)
                 AND NOT EXISTS (SELECT 1 FROM customer_group_members m WHERE m.clinic_id = ? AND m.customer_id = c.id)
             ))
           ORDER BY c.id LIMIT ?"#,
        clinic,
        after.unwrap_or(CustomerId::from_uuid(uuid::Uuid::nil())),
        campaign,
        clinic,
        clinic,
        campaign,
        clinic,
        limit
    )
    .fetch_all(connection)
    .await?;
    let recipients = rows.into_iter().map(|row| {
        Ok(Recipient {
            id: row.id,
            name: row.name,
            phone: PhoneNumber::from_e164(&row.phone).map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            attributes: row.attributes.0,
            suppressed: row.suppressed,
        })
    });
    recipients.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_phone_is_looked_for_as_people_write_it() {
        let search = Search::of(" 010-12 ");
        assert_eq!((search.phone_part.as_str(), search.phone_start.as_str()), ("%01012%", "+821012%"));
        let search = Search::of("34-56");
        assert_eq!((search.phone_part.as_str(), search.phone_start.as_str()), ("%3456%", ""));
        let search = Search::of("+82 10");
        assert_eq!((search.phone_part.as_str(), search.phone_start.as_str()), ("%8210%", ""));
    }

    #[test]
    fn a_name_is_looked_for_as_it_is_written() {
        assert_eq!(
            Search::of("50%_|"),
            Search { name: "%50|%|_||%".into(), phone_part: String::new(), phone_start: String::new() }
        );
        assert_eq!(Search::of("  "), Search::everybody());
        assert_eq!(Search::of("김1").phone_part, "");
    }

    #[test]
    fn a_statement_holds_a_thousand_rows_or_four_mebibytes() {
        let customer = |bytes: usize| Customer {
            id: CustomerId::from_uuid(uuid::Uuid::nil()),
            name: "김단골".to_owned(),
            phone: "010-1234-5678".parse().unwrap(),
            attributes: Attributes::from([("메모".to_owned(), "x".repeat(bytes))]),
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        };
        let sizes = |customers: &[Customer]| statements(customers).map(<[_]>::len).collect::<Vec<_>>();
        assert_eq!(sizes(&vec![customer(1); 2500]), [1000, 1000, 500]);
        assert_eq!(sizes(&vec![customer(1 << 20); 3]), [1, 1, 1]);
        assert_eq!(sizes(&vec![customer(5 << 20); 2]), [1, 1]);
        assert_eq!(sizes(&[]), Vec::<usize>::new());
    }
}
