//! Who is in which group. Lists of customers are given in the order of their ids, each once.

use sqlx::{MySql, MySqlConnection, QueryBuilder};

use super::Label;
use crate::model::{ClinicId, CustomerId, GroupId};

/// Customers of one statement at most. MariaDB may turn lists of 1,000 into a join, which locks in an order of its own.
const CUSTOMERS: usize = 500;
/// How long lists are, filled up with their last customer: so there are few statements, and both sides keep them prepared.
/// One that is not kept is closed by a packet without an answer, and the next packet waits 40 ms for its acknowledgement.
const LENGTHS: [usize; 4] = [1, 10, 100, CUSTOMERS];

/// Locks customers until the end of the transaction, in the order of their ids: nobody deletes them or changes their groups
/// meanwhile. Answers how many of them the clinic has.
///
/// # Errors
/// When the database does not answer.
pub async fn lock_customers(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    customers: &[CustomerId],
) -> Result<u64, sqlx::Error> {
    // The primary key is named, because another way to the same rows would lock them in another order.
    let found = "SELECT COUNT(*) FROM customers FORCE INDEX (PRIMARY) WHERE clinic_id = ";
    let mut count = 0;
    for customers in customers.chunks(CUSTOMERS) {
        let mut query = QueryBuilder::new(found);
        push_list(query.push_bind(clinic).push(" AND id IN ("), customers);
        count += count_by(connection, query.push(" FOR UPDATE")).await?;
    }
    Ok(count)
}

/// How many of these customers are in the group, which is not the unassigned one.
///
/// # Errors
/// When the database does not answer.
pub async fn count_within(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    group: GroupId,
    customers: &[CustomerId],
) -> Result<u64, sqlx::Error> {
    // Without the name of the key MariaDB walks through the whole group.
    let mut count = 0;
    for customers in customers.chunks(CUSTOMERS) {
        let mut query =
            QueryBuilder::new("SELECT COUNT(*) FROM customer_group_members FORCE INDEX (PRIMARY) WHERE clinic_id = ");
        query.push_bind(clinic).push(" AND group_id = ").push_bind(group);
        push_list(query.push(" AND customer_id IN ("), customers);
        count += count_by(connection, &mut query).await?;
    }
    Ok(count)
}

/// Those of these customers whom the clinic has, and who are in the group if one is given. Lock the customers first: nobody else changes
/// it until the end of the transaction.
///
/// # Errors
/// When the database does not answer.
pub async fn list_within(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    group: Option<&Label>,
    customers: &[CustomerId],
) -> Result<Vec<CustomerId>, sqlx::Error> {
    let mut within = Vec::with_capacity(customers.len());
    for customers in customers.chunks(CUSTOMERS) {
        let mut query = QueryBuilder::new("SELECT c.id FROM customers c FORCE INDEX (PRIMARY) WHERE c.clinic_id = ");
        push_list(query.push_bind(clinic).push(" AND c.id IN ("), customers);
        let member = "EXISTS (SELECT 1 FROM customer_group_members m WHERE m.clinic_id = c.clinic_id AND m.customer_id = c.id";
        match group {
            None => {}
            Some(group) if group.unassigned => {
                query.push(" AND NOT ").push(member).push(")");
            }
            Some(group) => {
                query.push(" AND ").push(member).push(" AND m.group_id = ").push_bind(group.id).push(")");
            }
        }
        let found: Vec<CustomerId> = query.push(" ORDER BY c.id").build_query_scalar().fetch_all(&mut *connection).await?;
        within.extend(found);
    }
    Ok(within)
}

/// How many of these customers are in any group.
///
/// # Errors
/// When the database does not answer.
pub async fn count_assigned(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    customers: &[CustomerId],
) -> Result<u64, sqlx::Error> {
    let mut count = 0;
    for customers in customers.chunks(CUSTOMERS) {
        let mut query = QueryBuilder::new("SELECT COUNT(DISTINCT customer_id) FROM customer_group_members WHERE clinic_id = ");
        push_list(query.push_bind(clinic).push(" AND customer_id IN ("), customers);
        count += count_by(connection, &mut query).await?;
    }
    Ok(count)
}

/// How many customers are in a group of the clinic.
///
/// # Errors
/// When the database does not answer.
pub async fn count_customers(connection: &mut MySqlConnection, clinic: ClinicId, group: &Label) -> Result<u64, sqlx::Error> {
    let count = if group.unassigned {
        sqlx::query_scalar!(
            r#"SELECT (SELECT COUNT(*) FROM customers WHERE clinic_id = ?)
                 - (SELECT COUNT(*) FROM (
                     SELECT 1 FROM customer_group_members FORCE INDEX (customer_group_members_by_customer)
                     WHERE clinic_id = ? GROUP BY customer_id) assigned) AS "customers!: i64""#,
            clinic,
            clinic
        )
        .fetch_one(connection)
        .await?
    } else {
        sqlx::query_scalar!(
            "SELECT COUNT(*) FROM customer_group_members WHERE clinic_id = ? AND group_id = ?",
            clinic,
            group.id
        )
        .fetch_one(connection)
        .await?
    };
    Ok(count.unsigned_abs())
}

/// Puts customers of the clinic into one group; who is in it already stays in it, and who is not a customer of the clinic is
/// left out. Answers how many were put in.
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
    for customers in customers.chunks(CUSTOMERS) {
        let mut query =
            QueryBuilder::new("INSERT INTO customer_group_members (clinic_id, group_id, customer_id) SELECT c.clinic_id, ");
        query
            .push_bind(group)
            .push(
                ", c.id FROM customers c LEFT JOIN customer_group_members m \
                 ON m.clinic_id = c.clinic_id AND m.customer_id = c.id AND m.group_id = ",
            )
            .push_bind(group)
            .push(" WHERE m.customer_id IS NULL AND c.clinic_id = ")
            .push_bind(clinic);
        push_list(query.push(" AND c.id IN ("), customers);
        count += query.build().execute(&mut *connection).await?.rows_affected();
    }
    Ok(count)
}

/// Takes customers out of one group. Answers how many were in it.
///
/// # Errors
/// When the database refuses.
pub async fn remove_customers(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    group: GroupId,
    customers: &[CustomerId],
) -> Result<u64, sqlx::Error> {
    let mut count = 0;
    for customers in customers.chunks(CUSTOMERS) {
        let mut query = QueryBuilder::new("DELETE FROM customer_group_members WHERE clinic_id = ");
        query.push_bind(clinic).push(" AND group_id = ").push_bind(group);
        push_list(query.push(" AND customer_id IN ("), customers);
        count += query.build().execute(&mut *connection).await?.rows_affected();
    }
    Ok(count)
}

/// Takes customers out of all groups, which is how they become unassigned.
///
/// # Errors
/// When the database refuses.
pub async fn unassign_customers(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    customers: &[CustomerId],
) -> Result<(), sqlx::Error> {
    for customers in customers.chunks(CUSTOMERS) {
        let mut query = QueryBuilder::new("DELETE FROM customer_group_members WHERE clinic_id = ");
        push_list(query.push_bind(clinic).push(" AND customer_id IN ("), customers);
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
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
    for members in members.chunks(CUSTOMERS) {
        let mut query = QueryBuilder::new("INSERT INTO customer_group_members (clinic_id, group_id, customer_id) ");
        query.push_values(members, |mut row, (group, customer)| {
            row.push_bind(clinic).push_bind(*group).push_bind(*customer);
        });
        query.push(" ON DUPLICATE KEY UPDATE customer_id = VALUES(customer_id)").build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// The rest of an `IN (` after its bracket.
fn push_list(query: &mut QueryBuilder<MySql>, customers: &[CustomerId]) {
    let length = LENGTHS.into_iter().find(|length| *length >= customers.len()).unwrap_or(customers.len());
    let mut list = query.separated(", ");
    for customer in customers.iter().chain(customers.last().into_iter().cycle()).take(length) {
        list.push_bind(*customer);
    }
    query.push(")");
}

async fn count_by(connection: &mut MySqlConnection, query: &mut QueryBuilder<MySql>) -> Result<u64, sqlx::Error> {
    let count = query.build_query_scalar::<i64>().fetch_one(connection).await?;
    Ok(count.unsigned_abs())
}
