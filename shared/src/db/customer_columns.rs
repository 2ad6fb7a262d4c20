//! The columns that a clinic's customers have beyond name and phone. A column stays when the last customer who had it is gone.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use sqlx::{MySqlConnection, QueryBuilder};

use crate::clock::Ambient;
use crate::model::ClinicId;

/// Columns that are shown at most.
const MAX_SHOWN: u32 = 1000;
/// Characters of a column's name at most; longer ones are no column, their values stay with the customers.
const MAX_NAME: usize = 100;
/// Columns of one statement at most.
const NAMES: usize = 1000;

/// The clinic's columns in the order in which they were first seen.
///
/// # Errors
/// When the database does not answer.
pub async fn list(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT name FROM customer_columns WHERE clinic_id = ? ORDER BY created_at, name LIMIT ?",
        clinic,
        MAX_SHOWN
    )
    .fetch_all(connection)
    .await
}

/// How many columns the clinic has.
///
/// # Errors
/// When the database does not answer.
pub async fn count(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<u64, sqlx::Error> {
    let count = sqlx::query_scalar!("SELECT COUNT(*) FROM customer_columns WHERE clinic_id = ?", clinic);
    count.fetch_one(connection).await.map(i64::unsigned_abs)
}

/// Notes the columns that the clinic does not have yet, in this order. Answers whether there were any.
///
/// # Errors
/// When the database refuses.
pub async fn insert_new(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    names: &[&str],
) -> Result<bool, sqlx::Error> {
    let now = ambient.now();
    let mut any = false;
    for names in names.chunks(NAMES) {
        let known = find(connection, clinic, names).await?;
        // A microsecond apart, so that they keep the order of the file.
        let times = (0..).map(|position| now + TimeDelta::microseconds(position));
        let new = names.iter().zip(times).filter(|(name, _)| !known.contains(**name) && name.chars().count() <= MAX_NAME);
        // By name, so that two who add the same columns do not wait for each other.
        let new: BTreeSet<_> = new.collect();
        if new.is_empty() {
            continue;
        }
        let mut query = QueryBuilder::new("INSERT INTO customer_columns (clinic_id, name, created_at) ");
        query.push_values(new, |mut row, (name, at)| {
            row.push_bind(clinic).push_bind(*name).push_bind(at);
        });
        query.push(" ON DUPLICATE KEY UPDATE created_at = customer_columns.created_at");
        query.build().persistent(false).execute(&mut *connection).await?;
        any = true;
    }
    Ok(any)
}

/// Those of the names that are columns.
async fn find(connection: &mut MySqlConnection, clinic: ClinicId, names: &[&str]) -> Result<BTreeSet<String>, sqlx::Error> {
    let mut query = QueryBuilder::new("SELECT name FROM customer_columns WHERE clinic_id = ");
    query.push_bind(clinic).push(" AND name IN (");
    let mut list = query.separated(", ");
    for name in names {
        list.push_bind(*name);
    }
    query.push(")");
    let found = query.build_query_scalar().persistent(false).fetch_all(connection).await?;
    Ok(found.into_iter().collect())
}
