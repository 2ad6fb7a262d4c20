//! Groups of customers. The unassigned group has a row and a name, but no members of its own: its customers are those
//! without a line in `customer_group_members`.

use sqlx::{MySqlConnection, QueryBuilder};

use crate::clock::Ambient;
use crate::db::violates;
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

/// Makes a group. A name that exists becomes `name(1)`, then `name(2)`; answers the name it got.
///
/// # Errors
/// When the database refuses.
pub async fn insert(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    name: &str,
) -> Result<(GroupId, String), sqlx::Error> {
    let id = GroupId::new(ambient);
    let mut suffix = 0;
    loop {
        let name = if suffix == 0 { name.to_owned() } else { format!("{name}({suffix})") };
        let inserted = sqlx::query!(
            "INSERT INTO customer_groups (clinic_id, id, name, created_at) VALUES (?, ?, ?, ?)",
            clinic,
            id,
            name,
            ambient.now()
        )
        .execute(&mut *connection)
        .await;
        match inserted {
            Ok(_) => return Ok((id, name)),
            Err(error) if violates(&error, "customer_groups_name") && suffix < 1000 => suffix += 1,
            Err(error) => return Err(error),
        }
    }
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
/// # Errors
/// When the database does not answer.
pub async fn list(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    after: Option<GroupId>,
    limit: u32,
) -> Result<Vec<Group>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT g.id AS "id: GroupId", g.name, g.unassigned AS "unassigned: bool",
             CASE WHEN g.unassigned THEN
                 (SELECT COUNT(*) FROM customers c WHERE c.clinic_id = g.clinic_id)
                 - (SELECT COUNT(DISTINCT m.customer_id) FROM customer_group_members m WHERE m.clinic_id = g.clinic_id)
             ELSE
                 (SELECT COUNT(*) FROM customer_group_members m WHERE m.clinic_id = g.clinic_id AND m.group_id = g.id)
             END AS "customers!: i64"
         FROM customer_groups g WHERE g.clinic_id = ? AND g.id > ? ORDER BY g.id LIMIT ?"#,
        clinic,
        after.unwrap_or(GroupId::from_uuid(uuid::Uuid::nil())),
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

/// The clinic's group that has this name, made when there is none.
///
/// # Errors
/// When the database refuses.
pub async fn find_or_insert(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    name: &str,
) -> Result<Label, sqlx::Error> {
    if let Some(group) = find_by_name(connection, clinic, name).await? {
        return Ok(group);
    }
    let id = GroupId::new(ambient);
    let inserted = sqlx::query!(
        "INSERT INTO customer_groups (clinic_id, id, name, created_at) VALUES (?, ?, ?, ?)",
        clinic,
        id,
        name,
        ambient.now()
    )
    .execute(&mut *connection)
    .await;
    match inserted {
        Ok(_) => Ok(Label { id, name: name.to_owned(), unassigned: false }),
        // Somebody made it a moment ago.
        Err(error) if violates(&error, "customer_groups_name") => {
            find_by_name(connection, clinic, name).await?.ok_or(sqlx::Error::RowNotFound)
        }
        Err(error) => Err(error),
    }
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

/// Puts customers of the clinic into one group; who is not a customer of the clinic is left out. Answers how many were put in.
/// Fails on the primary key when one of them is in it already.
///
/// # Errors
/// When the database refuses.
pub async fn insert_customers(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    group: GroupId,
    customers: &[CustomerId],
) -> Result<u64, sqlx::Error> {
    let mut count = 0;
    for customers in customers.chunks(1000) {
        let mut query =
            QueryBuilder::new("INSERT INTO customer_group_members (clinic_id, group_id, customer_id) SELECT clinic_id, ");
        query.push_bind(group).push(", id FROM customers WHERE clinic_id = ").push_bind(clinic).push(" AND id IN (");
        let mut list = query.separated(", ");
        for customer in customers {
            list.push_bind(*customer);
        }
        count += query.push(")").build().execute(&mut *connection).await?.rows_affected();
    }
    Ok(count)
}

/// Puts customers into groups, both known to be the clinic's; who is in a group already stays in it.
///
/// # Errors
/// When the database refuses.
pub async fn insert_members(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    members: &[(GroupId, CustomerId)],
) -> Result<(), sqlx::Error> {
    for members in members.chunks(1000) {
        let mut query = QueryBuilder::new("INSERT INTO customer_group_members (clinic_id, group_id, customer_id) ");
        query.push_values(members, |mut row, (group, customer)| {
            row.push_bind(clinic).push_bind(*group).push_bind(*customer);
        });
        query.push(" ON DUPLICATE KEY UPDATE customer_id = VALUES(customer_id)").build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// How many groups the clinic has, the unassigned one included.
///
/// # Errors
/// When the database does not answer.
pub async fn count(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<u64, sqlx::Error> {
    let count = sqlx::query_scalar!("SELECT COUNT(*) FROM customer_groups WHERE clinic_id = ?", clinic);
    count.fetch_one(connection).await.map(i64::unsigned_abs)
}
