//! Rows on their way into the tables of customers and groups, a [chunk](super::chunks) of them in one transaction and
//! by statements over all of its rows.
//!
//! Locks are taken in the order that everybody keeps: the import, customers by id, groups, the lines between them. Every
//! statement names its indexes. Left to itself, the server goes through all rows of the import by their verdict, or through all
//! customers of a clinic of which it believes that it has few; and it locks what it reads.
//!
//! A row that adds somebody, as most rows do, is not written again: it is one that [nothing else](super::OUTCOME) became of.

use chrono::TimeDelta;
use sqlx::{MySqlConnection, QueryBuilder};

use super::job::Chunk;
use crate::clock::Ambient;
use crate::model::customer::MAX_ATTRIBUTES;
use crate::model::state::{Outcome, Verdict};
use crate::model::{ClinicId, ImportId};

/// Whether each of the rows adds somebody: nobody has one of the phones, and nobody has asked not to be written to. Customers who
/// have the phones stay as they are until the transaction ends, locked in the order of their ids.
///
/// # Errors
/// When the database does not answer.
pub async fn are_all_new(connection: &mut MySqlConnection, chunk: &Chunk) -> Result<bool, sqlx::Error> {
    // A limit, be it none, keeps the inner table, and with it the order in which the outer one is locked. Rows that were read
    // before ids were reserved have none.
    let known = sqlx::query_scalar!(
        r#"SELECT COUNT(CASE WHEN c.id IS NOT NULL OR wanted.is_known THEN 1 END) AS "known!: i64" FROM (
             SELECT known.id, s.phone IS NOT NULL OR r.customer_id IS NULL AS is_known
             FROM import_rows r FORCE INDEX (PRIMARY)
             LEFT JOIN customers known FORCE INDEX (customers_phone) ON known.clinic_id = r.clinic_id AND known.phone = r.phone
             LEFT JOIN suppressions s FORCE INDEX (PRIMARY) ON s.clinic_id = r.clinic_id AND s.phone = r.phone
             WHERE r.clinic_id = ? AND r.import_id = ? AND r.number > ? AND r.number <= ?
               AND r.verdict IN (?, ?) AND r.deleted = FALSE
             ORDER BY known.id LIMIT ?) wanted
         LEFT JOIN customers c FORCE INDEX (PRIMARY) ON c.clinic_id = ? AND c.id = wanted.id FOR UPDATE"#,
        chunk.clinic,
        chunk.import,
        chunk.after,
        chunk.last,
        Verdict::New.as_str(),
        Verdict::Updates.as_str(),
        u32::MAX,
        chunk.clinic
    )
    .fetch_one(connection)
    .await?;
    Ok(known == 0)
}

/// Writes down what becomes of the rows that do anything else than to add somebody. Nothing of it is done yet.
///
/// A customer is updated when the row spells the name otherwise, in letter case and accents too, or when it has an attribute
/// that the customer does not have just so. Attributes that would become too many stay as they are.
///
/// # Errors
/// When the database refuses.
pub async fn decide(connection: &mut MySqlConnection, chunk: &Chunk, update_existing: bool) -> Result<(), sqlx::Error> {
    // JSON_CONTAINS compares texts to the letter on both servers; the collation of a name takes `kim` for `Kim`.
    sqlx::query!(
        "UPDATE import_rows r FORCE INDEX (PRIMARY)
         LEFT JOIN suppressions s FORCE INDEX (PRIMARY) ON s.clinic_id = r.clinic_id AND s.phone = r.phone
         LEFT JOIN customers c FORCE INDEX (customers_phone) ON c.clinic_id = r.clinic_id AND c.phone = r.phone
         SET r.outcome = CASE
               WHEN s.phone IS NOT NULL THEN ?
               WHEN c.id IS NULL THEN ''
               WHEN NOT ? THEN ?
               WHEN CAST(c.name AS BINARY) <> CAST(r.name AS BINARY) THEN ?
               WHEN NOT JSON_CONTAINS(c.attributes, r.attributes)
                 AND JSON_LENGTH(JSON_MERGE_PATCH(c.attributes, r.attributes)) <= ? THEN ?
               ELSE ? END,
             r.customer_id = COALESCE(c.id, r.customer_id, RANDOM_BYTES(16))
         WHERE r.clinic_id = ? AND r.import_id = ? AND r.number > ? AND r.number <= ?
           AND r.verdict IN (?, ?) AND r.deleted = FALSE
           AND (s.phone IS NOT NULL OR c.id IS NOT NULL OR r.customer_id IS NULL)",
        Outcome::Suppressed.as_str(),
        update_existing,
        Outcome::Left.as_str(),
        Outcome::Updated.as_str(),
        MAX_ATTRIBUTES as u64,
        Outcome::Updated.as_str(),
        Outcome::Unchanged.as_str(),
        chunk.clinic,
        chunk.import,
        chunk.after,
        chunk.last,
        Verdict::New.as_str(),
        Verdict::Updates.as_str()
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Keeps, with the rows, how the customers were whom they will change.
///
/// # Errors
/// When the database refuses.
pub async fn keep_previous(connection: &mut MySqlConnection, ambient: &Ambient, chunk: &Chunk) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE import_rows r FORCE INDEX (PRIMARY)
         STRAIGHT_JOIN customers c FORCE INDEX (PRIMARY) ON c.clinic_id = r.clinic_id AND c.id = r.customer_id
         SET r.previous_name = c.name, r.previous_attributes = c.attributes, r.previous_updated_at = c.updated_at,
             r.written_at = ?
         WHERE r.clinic_id = ? AND r.import_id = ? AND r.number > ? AND r.number <= ? AND r.outcome = ?",
        ambient.now(),
        chunk.clinic,
        chunk.import,
        chunk.after,
        chunk.last,
        Outcome::Updated.as_str()
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Adds the customers whom the rows add: those of which nothing else was decided. Fails on the unique key `customers_phone` when
/// somebody has just added one of them.
///
/// # Errors
/// When the database refuses.
pub async fn insert_customers(connection: &mut MySqlConnection, ambient: &Ambient, chunk: &Chunk) -> Result<(), sqlx::Error> {
    let now = ambient.now();
    sqlx::query!(
        "INSERT INTO customers (clinic_id, id, name, phone, attributes, import_id, created_at, updated_at)
         SELECT r.clinic_id, r.customer_id, r.name, r.phone, r.attributes, r.import_id, ?, ?
         FROM import_rows r FORCE INDEX (PRIMARY)
         WHERE r.clinic_id = ? AND r.import_id = ? AND r.number > ? AND r.number <= ?
           AND r.verdict IN (?, ?) AND r.deleted = FALSE AND r.outcome = ''",
        now,
        now,
        chunk.clinic,
        chunk.import,
        chunk.after,
        chunk.last,
        Verdict::New.as_str(),
        Verdict::Updates.as_str()
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Changes the customers whom the rows change.
///
/// # Errors
/// When the database refuses.
pub async fn update_customers(connection: &mut MySqlConnection, chunk: &Chunk) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE import_rows r FORCE INDEX (PRIMARY)
         STRAIGHT_JOIN customers c FORCE INDEX (PRIMARY) ON c.clinic_id = r.clinic_id AND c.id = r.customer_id
         SET c.name = r.name, c.updated_at = r.written_at,
             c.attributes = CASE WHEN JSON_LENGTH(JSON_MERGE_PATCH(c.attributes, r.attributes)) <= ?
               THEN JSON_MERGE_PATCH(c.attributes, r.attributes) ELSE c.attributes END
         WHERE r.clinic_id = ? AND r.import_id = ? AND r.number > ? AND r.number <= ? AND r.outcome = ?",
        MAX_ATTRIBUTES as u64,
        chunk.clinic,
        chunk.import,
        chunk.after,
        chunk.last,
        Outcome::Updated.as_str()
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Puts the customers whom the rows add into their groups: those that the rows name, or the one that was chosen for all.
///
/// # Errors
/// When the database refuses.
pub async fn insert_members(connection: &mut MySqlConnection, chunk: &Chunk, one_for_all: bool) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO customer_group_members (clinic_id, group_id, customer_id)
         SELECT r.clinic_id, g.group_id, r.customer_id FROM import_rows r FORCE INDEX (PRIMARY)
         STRAIGHT_JOIN import_groups g FORCE INDEX (PRIMARY)
           ON g.clinic_id = r.clinic_id AND g.import_id = r.import_id AND g.name = IF(?, '', r.group_name) AND g.last = ?
         WHERE r.clinic_id = ? AND r.import_id = ? AND r.number > ? AND r.number <= ?
           AND r.verdict IN (?, ?) AND r.deleted = FALSE AND r.outcome = ''",
        one_for_all,
        chunk.last,
        chunk.clinic,
        chunk.import,
        chunk.after,
        chunk.last,
        Verdict::New.as_str(),
        Verdict::Updates.as_str()
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Puts customers who were there before into their groups, and writes down who joined one by it.
///
/// # Errors
/// When the database refuses.
pub async fn join_groups(connection: &mut MySqlConnection, chunk: &Chunk, one_for_all: bool) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE import_rows r FORCE INDEX (PRIMARY)
         STRAIGHT_JOIN import_groups g FORCE INDEX (PRIMARY)
           ON g.clinic_id = r.clinic_id AND g.import_id = r.import_id AND g.name = IF(?, '', r.group_name) AND g.last = ?
         LEFT JOIN customer_group_members m FORCE INDEX (PRIMARY)
           ON m.clinic_id = r.clinic_id AND m.group_id = g.group_id AND m.customer_id = r.customer_id
         SET r.joined_group_id = g.group_id
         WHERE r.clinic_id = ? AND r.import_id = ? AND r.number > ? AND r.number <= ? AND r.outcome IN (?, ?)
           AND m.customer_id IS NULL",
        one_for_all,
        chunk.last,
        chunk.clinic,
        chunk.import,
        chunk.after,
        chunk.last,
        Outcome::Updated.as_str(),
        Outcome::Unchanged.as_str()
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO customer_group_members (clinic_id, group_id, customer_id)
         SELECT r.clinic_id, r.joined_group_id, r.customer_id FROM import_rows r FORCE INDEX (PRIMARY)
         WHERE r.clinic_id = ? AND r.import_id = ? AND r.number > ? AND r.number <= ? AND r.outcome IN (?, ?)
           AND r.joined_group_id <> X'00000000000000000000000000000000'",
        chunk.clinic,
        chunk.import,
        chunk.after,
        chunk.last,
        Outcome::Updated.as_str(),
        Outcome::Unchanged.as_str()
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Lets the clinic have columns of these names, from left to right, unless it has them; they are remembered as the import's.
///
/// # Errors
/// When the database refuses.
pub async fn insert_columns(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    import: ImportId,
    names: &[&str],
) -> Result<(), sqlx::Error> {
    if names.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::new("INSERT INTO customer_columns (clinic_id, name, import_id, created_at) ");
    let mut seen_at = ambient.now();
    query.push_values(names, |mut row, name| {
        row.push_bind(clinic).push_bind(*name).push_bind(import).push_bind(seen_at);
        // Columns are shown in the order in which they were seen.
        seen_at += TimeDelta::microseconds(1);
    });
    query.push(" ON DUPLICATE KEY UPDATE name = VALUES(name)");
    query.build().execute(connection).await.map(drop)
}
