//! Rows that staff look at, correct, leave out and take back in. Whoever changes a row holds the lock of its import.

mod verdicts;

pub use verdicts::{Scope, Selection, count_known, rejudge, set_deleted};

use std::collections::{BTreeMap, HashMap};

use sqlx::types::Json;
use sqlx::{MySql, MySqlConnection, QueryBuilder};

use crate::db::customers::Attributes;
use crate::db::decode;
use crate::db::import_rows::{OUTCOME, stored_phone};
use crate::model::state::{Outcome, Verdict};
use crate::model::{ClinicId, CustomerId, ImportId, PhoneNumber};

/// A row as staff review it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewRow {
    /// The row's number in the spreadsheet, from 1.
    pub number: u32,
    /// The name, without surrounding white space; may be empty.
    pub name: String,
    /// The phone as it stands in the file, or as staff typed it.
    pub phone_text: String,
    /// The phone, if it is one.
    pub phone: Option<PhoneNumber>,
    /// The group's name; empty for none.
    pub group_name: String,
    /// The other columns, by their header; empty cells are left out.
    pub attributes: Attributes,
    /// What committing would do. A deleted row keeps the verdict that it had.
    pub verdict: Verdict,
    /// The earlier row with the same phone, when the verdict is [`Verdict::Duplicate`].
    pub duplicate_of: Option<u32>,
    /// Whether it is left out.
    pub deleted: bool,
    /// What became of it, once it was committed.
    pub outcome: Option<Outcome>,
    /// The id that is reserved for it; once it was committed, the customer who it became.
    pub customer: Option<CustomerId>,
    /// Whom it changed, as they were before.
    pub previous: Option<Known>,
}

/// What a clinic knows, or knew, of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The name.
    pub name: String,
    /// The clinic's own columns.
    pub attributes: Attributes,
}

#[derive(sqlx::FromRow)]
struct Row {
    number: u32,
    name: String,
    phone_text: String,
    phone: Option<String>,
    group_name: String,
    attributes: Json<Attributes>,
    verdict: String,
    duplicate_of: Option<u32>,
    deleted: bool,
    outcome: String,
    customer_id: Option<CustomerId>,
    previous_name: Option<String>,
    previous_attributes: Option<Json<Attributes>>,
}

impl TryFrom<Row> for ReviewRow {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        let previous = row.previous_name.zip(row.previous_attributes);
        Ok(Self {
            number: row.number,
            name: row.name,
            phone_text: row.phone_text,
            phone: row.phone.as_deref().map(stored_phone).transpose()?,
            group_name: row.group_name,
            attributes: row.attributes.0,
            verdict: decode(&row.verdict)?,
            duplicate_of: row.duplicate_of,
            deleted: row.deleted,
            outcome: Some(row.outcome.as_str()).filter(|outcome| !outcome.is_empty()).map(decode).transpose()?,
            customer: row.customer_id,
            previous: previous.map(|(name, Json(attributes))| Known { name, attributes }),
        })
    }
}

/// Which rows to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those with one of these verdicts; all when there is none.
    pub verdicts: Vec<Verdict>,
    /// Those that are deleted instead of those that are not.
    pub deleted: bool,
    /// Those of which this became.
    pub outcome: Option<Outcome>,
}

fn select(index: &str) -> QueryBuilder<MySql> {
    let mut query = QueryBuilder::new(
        "SELECT number, name, phone_text, phone, group_name, attributes, verdict, duplicate_of, deleted, customer_id, previous_name,
         previous_attributes, ",
    );
    query.push(OUTCOME).push(" AS outcome FROM import_rows").push(index);
    query
}

/// Lists up to this length come again, and statements with them are kept prepared.
const SHORT: usize = 256;

/// Adds ` (one, other)` and answers whether such a statement is worth keeping prepared. Short lists are filled up to one of a
/// few lengths by their last value for that: to give a prepared statement up costs about 40 ms, because the server does not
/// answer to it, and the next request waits in the kernel for that.
fn push_list<'args, T>(query: &mut QueryBuilder<MySql>, values: &[T]) -> bool
where
    T: sqlx::Encode<'args, MySql> + sqlx::Type<MySql> + Copy + 'args,
{
    let length = if values.len() <= SHORT { values.len().next_power_of_two() } else { values.len() };
    query.push(" (");
    let mut list = query.separated(", ");
    for value in values.iter().chain(values.last().into_iter().cycle()).take(length) {
        list.push_bind(*value);
    }
    query.push(")");
    length <= SHORT
}

/// Rows in the order of the file, after the one given.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    import: ImportId,
    filter: &Filter,
    after: u32,
    limit: u32,
) -> Result<Vec<ReviewRow>, sqlx::Error> {
    // Either index has the rows in their order; any other choice would read and sort all rows of the import for one page.
    let by_verdict = matches!(filter.verdicts[..], [_]) && filter.outcome.is_none();
    let mut query = select(if by_verdict { " FORCE INDEX (import_rows_by_verdict)" } else { " FORCE INDEX (PRIMARY)" });
    query.push(" WHERE clinic_id = ").push_bind(clinic).push(" AND import_id = ").push_bind(import);
    match filter.verdicts[..] {
        [] => {}
        [verdict] => drop(query.push(" AND verdict = ").push_bind(verdict.as_str())),
        _ => {
            query.push(" AND verdict IN");
            let verdicts: Vec<&str> = filter.verdicts.iter().map(|verdict| verdict.as_str()).collect();
            push_list(&mut query, &verdicts);
        }
    }
    if let Some(outcome) = filter.outcome {
        query.push(" AND ").push(OUTCOME).push(" = ").push_bind(outcome.as_str());
    }
    query.push(" AND deleted = ").push_bind(filter.deleted).push(" AND number > ").push_bind(after);
    query.push(" ORDER BY number LIMIT ").push_bind(limit);
    let rows = query.build_query_as::<Row>().fetch_all(connection).await?;
    rows.into_iter().map(ReviewRow::try_from).collect()
}

/// One row.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    import: ImportId,
    number: u32,
) -> Result<Option<ReviewRow>, sqlx::Error> {
    let mut query = select("");
    query.push(" WHERE clinic_id = ").push_bind(clinic).push(" AND import_id = ").push_bind(import);
    query.push(" AND number = ").push_bind(number);
    query.build_query_as::<Row>().fetch_optional(connection).await?.map(ReviewRow::try_from).transpose()
}

/// The customers with these phones, with what is known of them.
///
/// # Errors
/// When the database does not answer.
pub async fn list_known(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    phones: &[&PhoneNumber],
) -> Result<HashMap<PhoneNumber, (CustomerId, Known)>, sqlx::Error> {
    if phones.is_empty() {
        return Ok(HashMap::new());
    }
    let mut query = QueryBuilder::new("SELECT phone, id, name, attributes FROM customers WHERE clinic_id = ");
    query.push_bind(clinic).push(" AND phone IN");
    let phones: Vec<&str> = phones.iter().map(|phone| phone.e164()).collect();
    let keep = push_list(&mut query, &phones);
    let rows = query.build_query_as::<(String, CustomerId, String, Json<Attributes>)>().persistent(keep);
    let rows = rows.fetch_all(connection).await?.into_iter();
    rows.map(|(phone, id, name, Json(attributes))| Ok((stored_phone(&phone)?, (id, Known { name, attributes })))).collect()
}

/// How many rows an import has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// Rows that are not deleted, for every verdict.
    pub verdicts: BTreeMap<Verdict, u64>,
    /// Rows that are deleted, whatever their verdict.
    pub deleted: u64,
}

/// Counts the rows of an import at one moment.
///
/// # Errors
/// When the database does not answer.
pub async fn count(connection: &mut MySqlConnection, clinic: ClinicId, import: ImportId) -> Result<Counts, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT verdict, deleted AS "deleted: bool", COUNT(*) AS "count!: i64" FROM import_rows
         WHERE clinic_id = ? AND import_id = ? GROUP BY verdict, deleted"#,
        clinic,
        import
    )
    .fetch_all(connection)
    .await?;
    let verdicts = Verdict::ALL.iter().map(|&verdict| (verdict, 0)).collect();
    let mut counts = Counts { verdicts, deleted: 0 };
    for row in rows {
        let count = row.count.unsigned_abs();
        if row.deleted {
            counts.deleted += count;
        } else {
            counts.verdicts.insert(decode(&row.verdict)?, count);
        }
    }
    Ok(counts)
}

/// Whether committing would do anything.
///
/// # Errors
/// When the database does not answer.
pub async fn has_good(connection: &mut MySqlConnection, clinic: ClinicId, import: ImportId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM import_rows
             WHERE clinic_id = ? AND import_id = ? AND verdict IN (?, ?) AND deleted = FALSE) AS "has!: bool""#,
        clinic,
        import,
        Verdict::New.as_str(),
        Verdict::Updates.as_str()
    )
    .fetch_one(connection)
    .await
}

/// Puts other values into a row that is not deleted: its verdict is one of its own faults, or new. [`rejudge`] the phone that
/// it had and the phone that it has now.
///
/// # Errors
/// When the database refuses.
pub async fn update(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    import: ImportId,
    row: &ReviewRow,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE import_rows SET name = ?, phone_text = ?, phone = ?, group_name = ?, attributes = ?, verdict = ?,
           duplicate_of = NULL WHERE clinic_id = ? AND import_id = ? AND number = ?",
        row.name,
        row.phone_text,
        row.phone.as_ref().map(PhoneNumber::e164),
        row.group_name,
        Json(&row.attributes),
        row.verdict.as_str(),
        clinic,
        import,
        row.number
    )
    .execute(connection)
    .await
    .map(drop)
}
