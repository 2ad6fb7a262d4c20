//! The groups that the rows of a chunk name: found, made, held until the transaction ends, and written down for whoever undoes
//! the import.

use sqlx::MySqlConnection;

use super::job::Chunk;
use crate::clock::Ambient;
use crate::model::GroupId;
use crate::model::state::{Outcome, Verdict};

/// A group that rows name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// As the first row spells it.
    pub name: String,
    /// Its id, when the clinic has it.
    pub id: Option<GroupId>,
    /// Whether it is the one of those who are in no group.
    pub is_unassigned: bool,
}

/// The groups that the rows name, those rows that add somebody or are about a customer who is there, in the order of their
/// names. Those that the clinic has stay as they are until the transaction ends. The database decides which names are the same.
///
/// # Errors
/// When the database does not answer.
pub async fn list_named(connection: &mut MySqlConnection, chunk: &Chunk) -> Result<Vec<Named>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT named.group_name AS name, g.id AS "id: GroupId", g.unassigned AS "unassigned: bool" FROM (
             SELECT MIN(r.number) AS number FROM import_rows r FORCE INDEX (PRIMARY)
             WHERE r.clinic_id = ? AND r.import_id = ? AND r.number > ? AND r.number <= ?
               AND r.verdict IN (?, ?) AND r.deleted = FALSE AND r.group_name <> '' AND r.outcome IN ('', ?, ?)
             GROUP BY r.group_name) wanted
         STRAIGHT_JOIN import_rows named FORCE INDEX (PRIMARY)
           ON named.clinic_id = ? AND named.import_id = ? AND named.number = wanted.number
         LEFT JOIN customer_groups g FORCE INDEX (customer_groups_name)
           ON g.clinic_id = named.clinic_id AND g.name = named.group_name
         ORDER BY named.group_name LOCK IN SHARE MODE"#,
        chunk.clinic,
        chunk.import,
        chunk.after,
        chunk.last,
        Verdict::New.as_str(),
        Verdict::Updates.as_str(),
        Outcome::Updated.as_str(),
        Outcome::Unchanged.as_str(),
        chunk.clinic,
        chunk.import
    )
    .fetch_all(connection)
    .await?;
    let rows = rows.into_iter();
    Ok(rows.map(|row| Named { name: row.name, id: row.id, is_unassigned: row.unassigned.unwrap_or(false) }).collect())
}

/// Names and ids as one value: a statement has the same text then, however many there are, and stays prepared.
fn table<'a>(groups: impl Iterator<Item = (&'a str, GroupId)>) -> String {
    let lines = groups.map(|(name, id)| serde_json::json!([name, format!("{:x}", id.uuid().simple())]));
    serde_json::Value::Array(lines.collect()).to_string()
}

/// Makes the groups that the clinic does not have, and gives them their ids. Fails on the unique key `customer_groups_name` when
/// somebody has just made one.
///
/// # Errors
/// When the database refuses.
pub async fn insert_missing(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    chunk: &Chunk,
    groups: &mut [Named],
) -> Result<(), sqlx::Error> {
    let missing = groups.iter_mut().filter(|group| group.id.is_none());
    let made: Vec<_> = missing.map(|group| (group.name.as_str(), *group.id.insert(GroupId::new(ambient)))).collect();
    if made.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO customer_groups (clinic_id, id, name, import_id, created_at)
         SELECT ?, UNHEX(j.id), j.name, ?, ? FROM JSON_TABLE(?, '$[*]' COLUMNS (
           name VARCHAR(60) CHARACTER SET utf8mb4 PATH '$[0]', id CHAR(32) CHARACTER SET ascii PATH '$[1]')) j",
        chunk.clinic,
        chunk.import,
        ambient.now(),
        table(made.into_iter())
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Writes down which group each name stands for. Who names the group of those who are in no group joins none.
///
/// # Errors
/// When the database refuses.
pub async fn remember(connection: &mut MySqlConnection, chunk: &Chunk, groups: &[Named]) -> Result<(), sqlx::Error> {
    let joined = groups.iter().filter(|group| !group.is_unassigned);
    let joined = table(joined.filter_map(|group| Some((group.name.as_str(), group.id?))));
    sqlx::query!(
        "INSERT INTO import_groups (clinic_id, import_id, name, last, group_id)
         SELECT ?, ?, j.name, ?, UNHEX(j.id) FROM JSON_TABLE(?, '$[*]' COLUMNS (
           name VARCHAR(60) CHARACTER SET utf8mb4 PATH '$[0]', id CHAR(32) CHARACTER SET ascii PATH '$[1]')) j",
        chunk.clinic,
        chunk.import,
        chunk.last,
        joined
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Writes down that everybody goes to one group, unless it is gone, or is the one of those who are in none.
///
/// # Errors
/// When the database refuses.
pub async fn remember_chosen(connection: &mut MySqlConnection, chunk: &Chunk, chosen: GroupId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO import_groups (clinic_id, import_id, name, last, group_id)
         SELECT g.clinic_id, ?, '', ?, g.id FROM customer_groups g FORCE INDEX (PRIMARY)
         WHERE g.clinic_id = ? AND g.id = ? AND g.unassigned IS NULL",
        chunk.import,
        chunk.last,
        chunk.clinic,
        chosen
    )
    .execute(connection)
    .await
    .map(drop)
}
