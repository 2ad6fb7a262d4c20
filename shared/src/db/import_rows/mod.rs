//! The rows of an import, from their reading to their commit.

pub mod chunks;
pub mod commit;
pub mod groups;
pub mod job;
pub mod review;
pub mod undo;

use sqlx::{MySql, MySqlConnection, QueryBuilder};

use crate::clock::Ambient;
use crate::db::customers::Attributes;
use crate::model::state::Verdict;
use crate::model::{ClinicId, CustomerId, ImportId, PhoneNumber};

/// Rows of one statement at most: with eleven values each, far below the 65,535 values that a statement may have.
pub const ROWS: usize = 2000;
/// Bytes of text in one statement at most, far below what a server takes in one packet (16 MiB and more).
const BYTES: usize = 4 << 20;
/// Rows that one statement deletes at most, far below the 20 s that a statement may take.
const DELETED: u32 = 20_000;

/// What became of a row of `import_rows`, as an expression. One that was committed and of which nothing is written down has added
/// the customer whose id was reserved for it.
pub const OUTCOME: &str =
    "CASE WHEN outcome = '' AND verdict IN ('new', 'updates') AND deleted = FALSE AND customer_id IS NOT NULL
     AND (SELECT i.state IN ('committed', 'undoing', 'undone') OR i.state = 'committing' AND (
           import_rows.number <= i.worked_through OR EXISTS (SELECT 1 FROM import_chunks k
             WHERE k.clinic_id = i.clinic_id AND k.import_id = i.id AND k.done
               AND import_rows.number > k.previous AND import_rows.number <= k.last))
       FROM imports i WHERE i.clinic_id = import_rows.clinic_id AND i.id = import_rows.import_id)
     THEN 'added' ELSE outcome END";

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
    /// The group's name, tidy and of at most 50 characters; empty for none.
    pub group_name: String,
    /// The other columns, by their header; empty cells are left out.
    pub attributes: RowAttributes,
    /// What committing would do.
    pub verdict: Verdict,
    /// The earlier row with the same phone, when the verdict is [`Verdict::Duplicate`].
    pub duplicate_of: Option<u32>,
}

impl ImportRow {
    /// Bytes of text in it, roughly what it costs to keep and to send.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        self.name.len() + self.phone_text.len() + self.group_name.len() + self.attributes.0.len()
    }
}

/// Attributes as the JSON object that is stored. A map for each of 200,000 rows would cost more than all the rest of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowAttributes(String);

impl RowAttributes {
    /// Takes names and values; each name once, in the order of [`Attributes`], so that equal attributes are equal texts.
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut json = Vec::with_capacity(64);
        json.push(b'{');
        for (name, value) in pairs {
            if json.len() > 1 {
                json.push(b',');
            }
            // Writing texts into memory cannot fail.
            _ = serde_json::to_writer(&mut json, name);
            json.push(b':');
            _ = serde_json::to_writer(&mut json, value);
        }
        json.push(b'}');
        Self(String::from_utf8(json).unwrap_or_default())
    }

    /// The JSON object.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

impl From<Attributes> for RowAttributes {
    fn from(attributes: Attributes) -> Self {
        Self::new(attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

/// A statement that writes rows, and is kept prepared when it is of the full size: only such come again.
pub struct Insertion {
    query: QueryBuilder<MySql>,
    is_kept: bool,
}

impl Insertion {
    /// Statements that write the rows, up to 2,000 by one, and reserve for each row the id of the customer who it may become.
    #[must_use]
    pub fn of(ambient: &Ambient, clinic: ClinicId, import: ImportId, rows: &[ImportRow]) -> Vec<Self> {
        let mut statements = Vec::new();
        let mut rest = rows;
        while !rest.is_empty() {
            let (chunk, later) = rest.split_at(fitting(rest));
            statements.push(Self::new(ambient, clinic, import, chunk));
            rest = later;
        }
        statements
    }

    fn new(ambient: &Ambient, clinic: ClinicId, import: ImportId, rows: &[ImportRow]) -> Self {
        let mut query = QueryBuilder::new(
            "INSERT INTO import_rows (clinic_id, import_id, number, name, phone_text, phone, group_name, attributes, verdict,
             duplicate_of, customer_id) ",
        );
        query.push_values(rows, |mut values, row| {
            values
                .push_bind(clinic)
                .push_bind(import)
                .push_bind(row.number)
                .push_bind(&row.name)
                .push_bind(&row.phone_text)
                .push_bind(row.phone.as_ref().map(PhoneNumber::e164))
                .push_bind(&row.group_name)
                .push_bind(row.attributes.as_json())
                .push_bind(row.verdict.as_str())
                .push_bind(row.duplicate_of)
                .push_bind(CustomerId::new(ambient));
        });
        Self { query, is_kept: rows.len() == ROWS }
    }
}

/// Writes rows.
///
/// # Errors
/// When the database refuses.
pub async fn insert_all(connection: &mut MySqlConnection, statements: Vec<Insertion>) -> Result<(), sqlx::Error> {
    for mut statement in statements {
        statement.query.build().persistent(statement.is_kept).execute(&mut *connection).await?;
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

/// Whether a clinic has customers, or people who must not be written to: then rows are to be [settled](settle).
///
/// # Errors
/// When the database does not answer.
pub async fn knows_anybody(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM customers WHERE clinic_id = ?)
             OR EXISTS (SELECT 1 FROM suppressions WHERE clinic_id = ?) AS "knows!: bool""#,
        clinic,
        clinic
    )
    .fetch_one(connection)
    .await
}

/// Completes the verdicts that the file alone has given: what is `new` to it may be suppressed, or a customer already. Looks at
/// the rows from one number up to another; in 20 s the server gets through hundreds of thousands.
///
/// # Errors
/// When the database refuses.
pub async fn settle(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    import: ImportId,
    (first, last): (u32, u32),
) -> Result<(), sqlx::Error> {
    // As a join, this would lock the customers that it finds, and wait for those whom somebody is just changing; subselects of
    // an UPDATE only look (InnoDB, READ COMMITTED). Without the index, the server might take the one of verdicts, and go
    // through all new rows each time.
    sqlx::query!(
        "UPDATE import_rows r FORCE INDEX (PRIMARY)
         SET r.verdict = IF(EXISTS (SELECT 1 FROM suppressions s WHERE s.clinic_id = r.clinic_id AND s.phone = r.phone), ?, ?)
         WHERE r.clinic_id = ? AND r.import_id = ? AND r.number BETWEEN ? AND ? AND r.verdict = ?
           AND (EXISTS (SELECT 1 FROM suppressions s WHERE s.clinic_id = r.clinic_id AND s.phone = r.phone)
             OR EXISTS (SELECT 1 FROM customers c WHERE c.clinic_id = r.clinic_id AND c.phone = r.phone))",
        Verdict::Suppressed.as_str(),
        Verdict::Updates.as_str(),
        clinic,
        import,
        first,
        last,
        Verdict::New.as_str()
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Takes the rows with a phone out of all imports of a clinic, whatever became of them, and the samples of those imports: the person
/// is to be forgotten.
///
/// # Errors
/// When the database refuses.
pub async fn forget(connection: &mut MySqlConnection, clinic: ClinicId, phone: &PhoneNumber) -> Result<(), sqlx::Error> {
    // Asked without a lock first: whoever commits an import holds its line, and the locks of customers only behind that.
    let imports = sqlx::query_scalar!(
        r#"SELECT DISTINCT i.id AS "id: ImportId" FROM imports i
         STRAIGHT_JOIN import_rows r FORCE INDEX (import_rows_by_phone)
           ON r.clinic_id = i.clinic_id AND r.import_id = i.id AND r.phone = ?
         WHERE i.clinic_id = ?"#,
        phone.e164(),
        clinic
    );
    for import in imports.fetch_all(&mut *connection).await? {
        sqlx::query!("UPDATE imports SET sample = NULL WHERE clinic_id = ? AND id = ?", clinic, import)
            .execute(&mut *connection)
            .await?;
        sqlx::query!(
            "DELETE FROM import_rows WHERE clinic_id = ? AND import_id = ? AND phone = ?",
            clinic,
            import,
            phone.e164()
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Takes away every row of an import, and what is known of their groups.
///
/// # Errors
/// When the database refuses.
pub async fn delete_all(connection: &mut MySqlConnection, clinic: ClinicId, import: ImportId) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM import_groups WHERE clinic_id = ? AND import_id = ?", clinic, import)
        .execute(&mut *connection)
        .await?;
    loop {
        let done = sqlx::query!(
            "DELETE FROM import_rows WHERE clinic_id = ? AND import_id = ? ORDER BY number LIMIT ?",
            clinic,
            import,
            DELETED
        )
        .execute(&mut *connection)
        .await?;
        if done.rows_affected() < u64::from(DELETED) {
            return Ok(());
        }
    }
}

fn stored_phone(text: &str) -> Result<PhoneNumber, sqlx::Error> {
    PhoneNumber::from_e164(text).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
