//! Groups of customers. The unassigned group has a row and a name, but no members of its own: its customers are those
//! without a line in `customer_group_members`.
//!
//! Whoever changes who is in which group locks in one order: customers by id ([`lock_customers`]), then groups by id
//! ([`lock`]), then the lines between them. An import and a deletion of customers come the same way.

mod members;
mod names;

pub use members::{
    count_assigned, count_customers, count_within, insert_customers, insert_members, list_within, lock_customers,
    remove_customers, unassign_customers,
};
pub use names::{find_or_insert, insert, rename};

use sqlx::MySqlConnection;

use crate::clock::Ambient;
use crate::db::customers::literal;
use crate::model::customer::visible;
use crate::model::{ClinicId, CustomerId, GroupId};

/// The name of the group that every clinic begins with.
pub const UNASSIGNED: &str = "미지정";

/// A group with the number of its customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The group.
    pub id: GroupId,
    /// Unique within the clinic.
    pub name: String,
    /// Whether it is the clinic's unassigned group.
    pub unassigned: bool,
    /// Customers in it now.
    pub customers: u64,
}

/// A group by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The group.
    pub id: GroupId,
    /// Unique within the clinic.
    pub name: String,
    /// Whether it is the clinic's unassigned group.
    pub unassigned: bool,
}

/// Makes the clinic's unassigned group.
///
/// # Errors
/// When the database refuses.
pub async fn insert_unassigned(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
) -> Result<GroupId, sqlx::Error> {
    let id = GroupId::new(ambient);
    sqlx::query!(
        "INSERT INTO customer_groups (clinic_id, id, name, unassigned, created_at) VALUES (?, ?, ?, TRUE, ?)",
        clinic,
        id,
        UNASSIGNED,
        ambient.now()
    )
    .execute(connection)
    .await?;
    Ok(id)
}

/// The id of the clinic's unassigned group, if the clinic exists.
///
/// # Errors
/// When the database does not answer.
pub async fn find_unassigned(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<Option<GroupId>, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT id AS "id: GroupId" FROM customer_groups WHERE clinic_id = ? AND unassigned"#, clinic)
        .fetch_optional(connection)
        .await
}

/// Groups in the order in which they were made (the unassigned one is the first), after the one given, with the number of
/// their customers at one moment.
///
/// Nothing is kept that could be wrong: every number is counted, by indexes alone. A group costs as much as it has customers.
/// The unassigned one costs two walks through the clinic's list, and only where it is on the page; grouping along the index
/// counts who is in any group in a third of the time that `COUNT(DISTINCT)` takes. Those whose name does not hold `part` are not counted.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    part: &str,
    after: Option<GroupId>,
    limit: u32,
) -> Result<Vec<Group>, sqlx::Error> {
    let pattern = format!("%{}%", literal(&visible(part)));
    let rows = sqlx::query!(
        r#"SELECT g.id AS "id: GroupId", g.name, g.unassigned AS "unassigned: bool",
             CASE WHEN g.unassigned THEN
                 (SELECT COUNT(*) FROM customers c WHERE c.clinic_id = g.clinic_id)
                 - (SELECT COUNT(*) FROM (
                     SELECT 1 FROM customer_group_members m FORCE INDEX (customer_group_members_by_customer)
                     WHERE m.clinic_id = ? GROUP BY m.customer_id) assigned)
             ELSE
                 (SELECT COUNT(*) FROM customer_group_members m WHERE m.clinic_id = g.clinic_id AND m.group_id = g.id)
             END AS "customers!: i64"
         FROM customer_groups g FORCE INDEX (PRIMARY)
         WHERE g.clinic_id = ? AND g.id > ? AND g.name LIKE ? ESCAPE '|' ORDER BY g.id LIMIT ?"#,
        clinic,
        clinic,
        after.unwrap_or(GroupId::from_uuid(uuid::Uuid::nil())),
        pattern,
        limit
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Group {
            id: row.id,
            name: row.name,
            unassigned: row.unassigned.unwrap_or(false),
            customers: row.customers.unsigned_abs(),
        })
        .collect())
}

/// A group of the clinic.
///
/// # Errors
/// When the database does not answer.
pub async fn find(connection: &mut MySqlConnection, clinic: ClinicId, id: GroupId) -> Result<Option<Label>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT name, unassigned AS "unassigned: bool" FROM customer_groups WHERE clinic_id = ? AND id = ?"#,
        clinic,
        id
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Label { id, name: row.name, unassigned: row.unassigned.unwrap_or(false) }))
}

/// The clinic's group that has this name; the database decides what is the same name (`vip` is `VIP`).
///
/// # Errors
/// When the database does not answer.
pub async fn find_by_name(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    name: &str,
) -> Result<Option<Label>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT id AS "id: GroupId", name, unassigned AS "unassigned: bool" FROM customer_groups
         WHERE clinic_id = ? AND name = ?"#,
        clinic,
        name
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Label { id: row.id, name: row.name, unassigned: row.unassigned.unwrap_or(false) }))
}

/// Locks groups until the end of the transaction, in the order of their ids: nobody changes or deletes them, or who is in
/// them, meanwhile. Answers those that exist.
///
/// # Errors
/// When the database does not answer.
pub async fn lock(connection: &mut MySqlConnection, clinic: ClinicId, ids: &[GroupId]) -> Result<Vec<Label>, sqlx::Error> {
    let mut ordered = ids.to_vec();
    ordered.sort_unstable();
    ordered.dedup();
    let mut locked = Vec::with_capacity(ordered.len());
    for id in ordered {
        let row = sqlx::query!(
            r#"SELECT name, unassigned AS "unassigned: bool" FROM customer_groups WHERE clinic_id = ? AND id = ? FOR UPDATE"#,
            clinic,
            id
        )
        .fetch_optional(&mut *connection)
        .await?;
        locked.extend(row.map(|row| Label { id, name: row.name, unassigned: row.unassigned.unwrap_or(false) }));
    }
    Ok(locked)
}

/// Keeps a group from being deleted until the end of the transaction; others may do the same meanwhile. Answers whether it
/// is there. Of several groups, begin with the lowest id.
///
/// # Errors
/// When the database does not answer.
pub async fn hold(connection: &mut MySqlConnection, clinic: ClinicId, id: GroupId) -> Result<bool, sqlx::Error> {
    // `FOR SHARE` is not understood by MariaDB.
    let held = sqlx::query_scalar!(
        r#"SELECT id AS "id: GroupId" FROM customer_groups WHERE clinic_id = ? AND id = ? LOCK IN SHARE MODE"#,
        clinic,
        id
    );
    held.fetch_optional(connection).await.map(|held| held.is_some())
}

/// Work that still reads who is in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Awaited {
    /// Campaigns that are asked for and not yet prepared.
    pub campaigns: u64,
    /// Imports on their way into this group.
    pub imports: u64,
}

/// What would miss the group if it were deleted now. Lock the group first.
///
/// # Errors
/// When the database does not answer.
pub async fn find_awaited(connection: &mut MySqlConnection, clinic: ClinicId, id: GroupId) -> Result<Awaited, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT
             (SELECT COUNT(*) FROM campaigns c
                 JOIN campaign_groups g ON g.clinic_id = c.clinic_id AND g.campaign_id = c.id AND g.group_id = ?
                 WHERE c.clinic_id = ?
                   AND (c.state IN ('scheduled', 'requested', 'preparing')
                     OR c.state = 'paused' AND c.resumed_from <> 'sending')) AS "campaigns!: i64",
             (SELECT COUNT(*) FROM imports i
                 WHERE i.clinic_id = ? AND i.state = 'committing' AND i.target_group_id = ?) AS "imports!: i64""#,
        id,
        clinic,
        clinic,
        id
    )
    .fetch_one(connection)
    .await?;
    Ok(Awaited { campaigns: row.campaigns.unsigned_abs(), imports: row.imports.unsigned_abs() })
}

/// Lines that one statement takes out of a group that is deleted: a second or so, where a statement may last 20.
const LINES: u32 = 50_000;

/// Deletes a group; its customers stay, and those who are in no other group are unassigned by that. Lock the group first.
///
/// # Errors
/// When the database refuses.
pub async fn delete(connection: &mut MySqlConnection, clinic: ClinicId, id: GroupId) -> Result<(), sqlx::Error> {
    loop {
        let lines = sqlx::query!(
            "DELETE FROM customer_group_members WHERE clinic_id = ? AND group_id = ? ORDER BY customer_id LIMIT ?",
            clinic,
            id,
            LINES
        );
        if lines.execute(&mut *connection).await?.rows_affected() < u64::from(LINES) {
            break;
        }
    }
    sqlx::query!("DELETE FROM customer_groups WHERE clinic_id = ? AND id = ?", clinic, id).execute(connection).await.map(drop)
}

/// The groups that a customer is in, by name: the unassigned one when there is no other.
///
/// # Errors
/// When the database does not answer.
pub async fn list_of_customer(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    customer: CustomerId,
) -> Result<Vec<Label>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT g.id AS "id: GroupId", g.name, g.unassigned AS "unassigned: bool" FROM customer_groups g
         WHERE g.clinic_id = ? AND CASE WHEN g.unassigned THEN
                 NOT EXISTS (SELECT 1 FROM customer_group_members m WHERE m.clinic_id = g.clinic_id AND m.customer_id = ?)
             ELSE
                 EXISTS (SELECT 1 FROM customer_group_members m
                     WHERE m.clinic_id = g.clinic_id AND m.group_id = g.id AND m.customer_id = ?)
             END
         ORDER BY g.name"#,
        clinic,
        customer,
        customer
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| Label { id: row.id, name: row.name, unassigned: row.unassigned.unwrap_or(false) }).collect())
}

/// How many groups the clinic has, the unassigned one included.
///
/// # Errors
/// When the database does not answer.
pub async fn count(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<u64, sqlx::Error> {
    let count = sqlx::query_scalar!("SELECT COUNT(*) FROM customer_groups WHERE clinic_id = ?", clinic);
    count.fetch_one(connection).await.map(i64::unsigned_abs)
}
