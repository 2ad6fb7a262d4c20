//! The rows of an import under review.

use std::collections::BTreeMap;

use sqlx::types::Json;
use sqlx::{MySqlConnection, QueryBuilder};

use crate::db::customers::{Attributes, Customer};
use crate::db::decode;
use crate::model::state::Verdict;
use crate::model::{ClinicId, CustomerId, ImportId, PhoneNumber};

/// Rows of one statement at most.
const ROWS: usize = 1000;
/// Bytes of text in one statement at most, far below what a server takes in one packet (16 MiB and more).
const BYTES: usize = 4 << 20;

/// A row of the file with what was made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRow {
    /// The row's number in the spreadsheet, from 1.
    pub number: u32,
    /// The name, without surrounding white space; may be empty.
    pub name: String,
    /// The phone as it stands in the file.
    pub phone_text: String,
    /// The phone, if it is one.
    pub phone: Option<PhoneNumber>,
    /// The group's name, without surrounding white space; empty for none.
    pub group_name: String,
    /// The other columns, by their header; empty cells are left out.
    pub attributes: Attributes,
    /// What committing would do.
    pub verdict: Verdict,
    /// The earlier row with the same phone, when the verdict is [`Verdict::Duplicate`].
    pub duplicate_of: Option<u32>,
}

impl ImportRow {
    /// Bytes of text in it, roughly what it costs to keep and to send.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        let attributes: usize = self.attributes.iter().map(|(header, value)| header.len() + value.len()).sum();
        self.name.len() + self.phone_text.len() + self.group_name.len() + attributes
    }
}

/// Writes rows, up to 1,000 in one statement.
///
/// # Errors
/// When the database refuses.
pub async fn insert_all(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    import: ImportId,
    rows: &[ImportRow],
) -> Result<(), sqlx::Error> {
    let mut rest = rows;
    while !rest.is_empty() {
        let (chunk, later) = rest.split_at(fitting(rest));
        let mut query = QueryBuilder::new(
            "INSERT INTO import_rows (clinic_id, import_id, number, name, phone_text, phone, group_name, attributes, verdict,
             duplicate_of) ",
        );
        query.push_values(chunk, |mut values, row| {
            values
                .push_bind(clinic)
                .push_bind(import)
                .push_bind(row.number)
                .push_bind(&row.name)
                .push_bind(&row.phone_text)
                .push_bind(row.phone.as_ref().map(PhoneNumber::e164))
                .push_bind(&row.group_name)
                .push_bind(Json(&row.attributes))
                .push_bind(row.verdict.as_str())
                .push_bind(row.duplicate_of);
        });
        // Only statements of the full size come again and are worth keeping prepared.
        query.build().persistent(chunk.len() == ROWS).execute(&mut *connection).await?;
        rest = later;
    }
    Ok(())
}

/// How many rows fit into one statement: always one, even a large one.
fn fitting(rows: &[ImportRow]) -> usize {
    let mut bytes = 0;
    let fits = |row: &&ImportRow| {
        bytes += row.text_bytes();
        bytes <= BYTES
    };
    rows.iter().take(ROWS).take_while(fits).count().max(1)
}

/// Takes away every row of an import.
///
/// # Errors
/// When the database refuses.
pub async fn delete_all(connection: &mut MySqlConnection, clinic: ClinicId, import: ImportId) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM import_rows WHERE clinic_id = ? AND import_id = ?", clinic, import)
        .execute(connection)
        .await
        .map(drop)
}

struct Row {
    number: u32,
    name: String,
    phone_text: String,
    phone: Option<String>,
    group_name: String,
    attributes: Json<Attributes>,
    verdict: String,
    duplicate_of: Option<u32>,
}

impl TryFrom<Row> for ImportRow {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            number: row.number,
            name: row.name,
            phone_text: row.phone_text,
            phone: row.phone.as_deref().map(stored_phone).transpose()?,
            group_name: row.group_name,
            attributes: row.attributes.0,
            verdict: decode(&row.verdict)?,
            duplicate_of: row.duplicate_of,
        })
    }
}

fn stored_phone(text: &str) -> Result<PhoneNumber, sqlx::Error> {
    PhoneNumber::from_e164(text).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

/// Rows that are not deleted in the order of the file, after the one given; all of them or those with one verdict.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    import: ImportId,
    verdict: Option<Verdict>,
    after: u32,
    limit: u32,
) -> Result<Vec<ImportRow>, sqlx::Error> {
    let rows =
        match verdict {
            Some(verdict) => sqlx::query_as!(
                Row,
                r#"SELECT number, name, phone_text, phone, group_name, attributes AS "attributes: Json<Attributes>", verdict,
                     duplicate_of
                 FROM import_rows
                 WHERE clinic_id = ? AND import_id = ? AND verdict = ? AND deleted = FALSE AND number > ?
                 ORDER BY number LIMIT ?"#,
                clinic,
                import,
                verdict.as_str(),
                after,
                limit
            )
            .fetch_all(connection)
            .await?,
            None => sqlx::query_as!(
                Row,
                r#"SELECT number, name, phone_text, phone, group_name, attributes AS "attributes: Json<Attributes>", verdict,
                     duplicate_of
                 FROM import_rows
                 WHERE clinic_id = ? AND import_id = ? AND deleted = FALSE AND number > ?
                 ORDER BY number LIMIT ?"#,
                clinic,
                import,
                after,
                limit
            )
            .fetch_all(connection)
            .await?,
        };
    rows.into_iter().map(ImportRow::try_from).collect()
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

/// What matters of a row that is to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What committing would do.
    pub verdict: Verdict,
    /// The phone, if it is one.
    pub phone: Option<PhoneNumber>,
    /// Whether it is deleted already.
    pub deleted: bool,
}

/// How a row stands. The caller holds the lock of the import.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    import: ImportId,
    number: u32,
) -> Result<Option<Standing>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT verdict, phone, deleted AS "deleted: bool" FROM import_rows
         WHERE clinic_id = ? AND import_id = ? AND number = ?"#,
        clinic,
        import,
        number
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        let phone = row.phone.as_deref().map(stored_phone).transpose()?;
        Ok(Standing { verdict: decode(&row.verdict)?, phone, deleted: row.deleted })
    })
    .transpose()
}

/// Deletes a row from the preview; it stays as a line, marked. The caller holds the lock of the import.
///
/// # Errors
/// When the database refuses.
pub async fn mark_deleted(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    import: ImportId,
    number: u32,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE import_rows SET deleted = TRUE WHERE clinic_id = ? AND import_id = ? AND number = ?",
        clinic,
        import,
        number
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Lets the first row that repeats a phone take the place of the row that is deleted, with its verdict; later ones repeat that
/// row from then on. Answers its number. The caller holds the lock of the import.
///
/// # Errors
/// When the database refuses.
pub async fn promote_repeat(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    import: ImportId,
    phone: &PhoneNumber,
    verdict: Verdict,
) -> Result<Option<u32>, sqlx::Error> {
    let first = sqlx::query_scalar!(
        "SELECT number FROM import_rows
         WHERE clinic_id = ? AND import_id = ? AND verdict = ? AND deleted = FALSE AND phone = ? ORDER BY number LIMIT 1",
        clinic,
        import,
        Verdict::Duplicate.as_str(),
        phone.e164()
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(first) = first else { return Ok(None) };
    sqlx::query!(
        "UPDATE import_rows SET verdict = ?, duplicate_of = NULL WHERE clinic_id = ? AND import_id = ? AND number = ?",
        verdict.as_str(),
        clinic,
        import,
        first
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "UPDATE import_rows SET duplicate_of = ? WHERE clinic_id = ? AND import_id = ? AND verdict = ? AND phone = ?",
        first,
        clinic,
        import,
        Verdict::Duplicate.as_str(),
        phone.e164()
    )
    .execute(connection)
    .await?;
    Ok(Some(first))
}

/// A row that becomes a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoodRow {
    /// The row's number in the spreadsheet.
    pub number: u32,
    /// The name in the file.
    pub name: String,
    /// The phone, which says who it is.
    pub phone: PhoneNumber,
    /// The group's name in the file; empty for none.
    pub group_name: String,
    /// The other columns of the file.
    pub attributes: Attributes,
    /// Who has the phone at this moment, whatever the preview said.
    pub known: Option<Customer>,
}

/// The next rows that are to become customers, after the one given, with the customers who have their phones. The customers
/// stay as they are until the transaction ends.
///
/// # Errors
/// When the database does not answer.
pub async fn lock_good(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    import: ImportId,
    after: u32,
    limit: u32,
) -> Result<Vec<GoodRow>, sqlx::Error> {
    // Both indexes are forced: by the verdict, every chunk would read, sort and lock all rows of the import; and while the
    // server believes that the clinic has few customers, it would read, and wait for, all of them.
    let rows = sqlx::query!(
        r#"SELECT r.number, r.name, r.phone AS "phone!", r.group_name, r.attributes AS "attributes: Json<Attributes>",
             c.id AS "known_id?: CustomerId", c.name AS "known_name?",
             c.attributes AS "known_attributes?: Json<Attributes>", c.created_at AS "known_created_at?",
             c.updated_at AS "known_updated_at?"
         FROM import_rows r FORCE INDEX (PRIMARY)
         LEFT JOIN customers c FORCE INDEX (customers_phone) ON c.clinic_id = r.clinic_id AND c.phone = r.phone
         WHERE r.clinic_id = ? AND r.import_id = ? AND r.number > ? AND r.verdict IN (?, ?) AND r.deleted = FALSE
         ORDER BY r.number LIMIT ? FOR UPDATE"#,
        clinic,
        import,
        after,
        Verdict::New.as_str(),
        Verdict::Updates.as_str(),
        limit
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let phone = stored_phone(&row.phone)?;
            let known = row.known_id.zip(row.known_name).zip(row.known_attributes);
            let known = known.zip(row.known_created_at.zip(row.known_updated_at));
            let known = known.map(|(((id, name), Json(attributes)), (created_at, updated_at))| Customer {
                id,
                name,
                phone: phone.clone(),
                attributes,
                created_at: created_at.and_utc(),
                updated_at: updated_at.and_utc(),
            });
            let (number, name, group_name) = (row.number, row.name, row.group_name);
            Ok(GoodRow { number, name, phone, group_name, attributes: row.attributes.0, known })
        })
        .collect()
}
