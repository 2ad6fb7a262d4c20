//! Rows on their way back out of the tables of customers and groups, chunk by chunk as they were [committed](super::commit), and
//! with the same order of locks: the import, customers by id, the lines of groups, and at the very end groups.

use sqlx::MySqlConnection;

use super::job::Chunk;
use crate::clock::Ambient;
use crate::model::state::{Outcome, Verdict};
use crate::model::{ClinicId, ImportId};

/// The next rows that did something, behind the one given, and how many they are: no more than the limit. Their customers stay as they are until
/// the transaction ends.
///
/// # Errors
/// When the database does not answer.
pub async fn find_chunk(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    import: ImportId,
    after: u32,
    limit: u32,
) -> Result<Option<(Chunk, u64)>, sqlx::Error> {
    // A limit keeps the inner table, and with it the order in which the outer one is locked.
    let found = sqlx::query!(
        r#"SELECT MAX(wanted.number) AS "last: u32", COUNT(*) AS "rows!: i64", COUNT(c.id) AS "known!: i64" FROM (
             SELECT r.number, r.customer_id FROM (
                 SELECT number, customer_id FROM import_rows FORCE INDEX (PRIMARY)
                 WHERE clinic_id = ? AND import_id = ? AND number > ? AND (outcome IN (?, ?, ?)
                   OR outcome = '' AND verdict IN (?, ?) AND deleted = FALSE AND customer_id IS NOT NULL)
                 ORDER BY number LIMIT ?) r
             ORDER BY r.customer_id LIMIT ?) wanted
         LEFT JOIN customers c FORCE INDEX (PRIMARY) ON c.clinic_id = ? AND c.id = wanted.customer_id FOR UPDATE"#,
        clinic,
        import,
        after,
        Outcome::Added.as_str(),
        Outcome::Updated.as_str(),
        Outcome::Unchanged.as_str(),
        Verdict::New.as_str(),
        Verdict::Updates.as_str(),
        limit,
        limit,
        clinic
    )
    .fetch_one(connection)
    .await?;
    Ok(found.last.map(|last| (Chunk { clinic, import, after, last }, found.rows.unsigned_abs())))
}

/// Writes down of the rows that added somebody, and only did that, what [commit](super::commit) has not: that they did, when, and
/// which group the customer joined.
///
/// # Errors
/// When the database refuses.
pub async fn recall(connection: &mut MySqlConnection, chunk: &Chunk, one_for_all: bool) -> Result<(), sqlx::Error> {
    // The name stood for the group of the first chunk that ends at this row or behind it: the one that the row was in.
    sqlx::query!(
        "UPDATE import_rows r FORCE INDEX (PRIMARY)
         LEFT JOIN customers c FORCE INDEX (PRIMARY) ON c.clinic_id = r.clinic_id AND c.id = r.customer_id
         SET r.outcome = ?, r.written_at = COALESCE(c.created_at, r.written_at), r.joined_group_id = COALESCE((
           SELECT g.group_id FROM import_groups g FORCE INDEX (PRIMARY)
           WHERE g.clinic_id = r.clinic_id AND g.import_id = r.import_id AND g.name = IF(?, '', r.group_name)
             AND g.last >= r.number
           ORDER BY g.last LIMIT 1), r.joined_group_id)
         WHERE r.clinic_id = ? AND r.import_id = ? AND r.number > ? AND r.number <= ?
           AND r.outcome = '' AND r.verdict IN (?, ?) AND r.deleted = FALSE AND r.customer_id IS NOT NULL",
        Outcome::Added.as_str(),
        one_for_all,
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

/// Marks the rows whose customers somebody changed since: they are to stay as they are. A customer who was added counts as
/// changed also when they are in a group that the import did not put them into, or no longer in the one that it did. A customer
/// who was changed and is gone cannot be made what they were.
///
/// # Errors
/// When the database refuses.
pub async fn mark_kept(connection: &mut MySqlConnection, chunk: &Chunk) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE import_rows r FORCE INDEX (PRIMARY)
         LEFT JOIN customers c FORCE INDEX (PRIMARY) ON c.clinic_id = r.clinic_id AND c.id = r.customer_id
         SET r.outcome = ?
         WHERE r.clinic_id = ? AND r.import_id = ? AND r.number > ? AND r.number <= ? AND r.outcome IN (?, ?)
           AND (c.id IS NULL AND r.outcome = ?
             OR c.id IS NOT NULL AND c.updated_at <> r.written_at
             OR c.id IS NOT NULL AND r.outcome = ? AND (EXISTS (
               SELECT 1 FROM customer_group_members m FORCE INDEX (customer_group_members_by_customer)
               WHERE m.clinic_id = c.clinic_id AND m.customer_id = c.id AND m.group_id <> r.joined_group_id)
               OR EXISTS (SELECT 1 FROM customer_groups g WHERE g.clinic_id = c.clinic_id AND g.id = r.joined_group_id)
                 AND NOT EXISTS (SELECT 1 FROM customer_group_members m FORCE INDEX (PRIMARY)
                   WHERE m.clinic_id = c.clinic_id AND m.group_id = r.joined_group_id AND m.customer_id = c.id)))",
        Outcome::Kept.as_str(),
        chunk.clinic,
        chunk.import,
        chunk.after,
        chunk.last,
        Outcome::Added.as_str(),
        Outcome::Updated.as_str(),
        Outcome::Updated.as_str(),
        Outcome::Added.as_str()
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Takes customers who were there before the import out of the groups that it put them into.
///
/// # Errors
/// When the database refuses.
pub async fn delete_members(connection: &mut MySqlConnection, chunk: &Chunk) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE m FROM import_rows r FORCE INDEX (PRIMARY)
         STRAIGHT_JOIN customer_group_members m FORCE INDEX (PRIMARY)
           ON m.clinic_id = r.clinic_id AND m.group_id = r.joined_group_id AND m.customer_id = r.customer_id
         WHERE r.clinic_id = ? AND r.import_id = ? AND r.number > ? AND r.number <= ? AND r.outcome IN (?, ?)",
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

/// Makes customers who were changed what they were before the import.
///
/// # Errors
/// When the database refuses.
pub async fn restore_customers(connection: &mut MySqlConnection, chunk: &Chunk) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE import_rows r FORCE INDEX (PRIMARY)
         STRAIGHT_JOIN customers c FORCE INDEX (PRIMARY) ON c.clinic_id = r.clinic_id AND c.id = r.customer_id
         SET c.name = r.previous_name, c.attributes = r.previous_attributes, c.updated_at = r.previous_updated_at
         WHERE r.clinic_id = ? AND r.import_id = ? AND r.number > ? AND r.number <= ? AND r.outcome = ?",
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

/// Deletes customers who were added; their lines in groups go with them.
///
/// # Errors
/// When the database refuses.
pub async fn delete_customers(connection: &mut MySqlConnection, chunk: &Chunk) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE c FROM import_rows r FORCE INDEX (PRIMARY)
         STRAIGHT_JOIN customers c FORCE INDEX (PRIMARY) ON c.clinic_id = r.clinic_id AND c.id = r.customer_id
         WHERE r.clinic_id = ? AND r.import_id = ? AND r.number > ? AND r.number <= ? AND r.outcome = ?",
        chunk.clinic,
        chunk.import,
        chunk.after,
        chunk.last,
        Outcome::Added.as_str()
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Marks the rows that are taken back. Those that found their customer unchanged and in the group did nothing, and stay.
///
/// # Errors
/// When the database refuses.
pub async fn mark_undone(connection: &mut MySqlConnection, chunk: &Chunk) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE import_rows FORCE INDEX (PRIMARY) SET outcome = ?
         WHERE clinic_id = ? AND import_id = ? AND number > ? AND number <= ?
           AND (outcome IN (?, ?) OR outcome = ? AND joined_group_id <> X'00000000000000000000000000000000')",
        Outcome::Undone.as_str(),
        chunk.clinic,
        chunk.import,
        chunk.after,
        chunk.last,
        Outcome::Added.as_str(),
        Outcome::Updated.as_str(),
        Outcome::Unchanged.as_str()
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Counts the rows in and says that they are done.
///
/// # Errors
/// When the database refuses.
pub async fn advance(connection: &mut MySqlConnection, ambient: &Ambient, chunk: &Chunk) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE imports i JOIN (
             SELECT COALESCE(SUM(outcome = ?), 0) AS undone, COALESCE(SUM(outcome = ?), 0) AS kept
             FROM import_rows FORCE INDEX (PRIMARY)
             WHERE clinic_id = ? AND import_id = ? AND number > ? AND number <= ?) done
         SET i.rows_undone = i.rows_undone + done.undone, i.rows_kept = i.rows_kept + done.kept, i.worked_through = ?,
             i.updated_at = ?
         WHERE i.clinic_id = ? AND i.id = ?",
        Outcome::Undone.as_str(),
        Outcome::Kept.as_str(),
        chunk.clinic,
        chunk.import,
        chunk.after,
        chunk.last,
        chunk.last,
        ambient.now(),
        chunk.clinic,
        chunk.import
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Deletes the columns that the import brought and that no customer has a value for.
///
/// # Errors
/// When the database refuses.
pub async fn delete_columns(connection: &mut MySqlConnection, clinic: ClinicId, import: ImportId) -> Result<(), sqlx::Error> {
    let names = sqlx::query_scalar!("SELECT name FROM customer_columns WHERE clinic_id = ? AND import_id = ?", clinic, import);
    // One by one: each ends at the first customer who has it, or has looked at them all.
    for name in names.fetch_all(&mut *connection).await? {
        sqlx::query!(
            "DELETE FROM customer_columns WHERE clinic_id = ? AND name = ? AND NOT EXISTS (
               SELECT 1 FROM customers c
               WHERE c.clinic_id = customer_columns.clinic_id AND JSON_CONTAINS(JSON_KEYS(c.attributes), JSON_QUOTE(?)))",
            clinic,
            name,
            name
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Deletes the groups that the import made, that nobody is in, and that no work under way is about: see
/// [`groups::find_awaited`](crate::db::groups::find_awaited).
///
/// # Errors
/// When the database refuses.
pub async fn delete_groups(connection: &mut MySqlConnection, clinic: ClinicId, import: ImportId) -> Result<(), sqlx::Error> {
    // Locked first: whoever is just being put into one of them is seen by the next statement.
    sqlx::query_scalar!(
        "SELECT COUNT(id) FROM customer_groups FORCE INDEX (PRIMARY) WHERE clinic_id = ? AND import_id = ? FOR UPDATE",
        clinic,
        import
    )
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query!(
        "DELETE FROM customer_groups WHERE clinic_id = ? AND import_id = ? AND NOT EXISTS (
           SELECT 1 FROM customer_group_members m FORCE INDEX (PRIMARY)
           WHERE m.clinic_id = customer_groups.clinic_id AND m.group_id = customer_groups.id)
         AND NOT EXISTS (SELECT 1 FROM imports i
           WHERE i.clinic_id = customer_groups.clinic_id AND i.state = 'committing' AND i.target_group_id = customer_groups.id)
         AND NOT EXISTS (SELECT 1 FROM campaigns c
           JOIN campaign_groups g ON g.clinic_id = c.clinic_id AND g.campaign_id = c.id
           WHERE c.clinic_id = customer_groups.clinic_id AND g.group_id = customer_groups.id
             AND (c.state IN ('scheduled', 'requested', 'preparing')
               OR c.state = 'paused' AND c.resumed_from <> 'sending'))",
        clinic,
        import
    )
    .execute(connection)
    .await
    .map(drop)
}
