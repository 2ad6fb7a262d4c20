//! Phones that must not be written to, whoever has them.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::{MySqlConnection, QueryBuilder};

use crate::model::{ClinicId, PhoneNumber};

/// Phones of one statement at most.
const PHONES: usize = 10_000;

/// Which of these phones are suppressed.
///
/// # Errors
/// When the database does not answer.
pub async fn find_by_phones(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    phones: &[&PhoneNumber],
) -> Result<HashSet<PhoneNumber>, sqlx::Error> {
    let mut found = HashSet::new();
    for phones in phones.chunks(PHONES) {
        let mut query = QueryBuilder::new("SELECT phone FROM suppressions WHERE clinic_id = ");
        query.push_bind(clinic).push(" AND phone IN (");
        let mut list = query.separated(", ");
        for phone in phones {
            list.push_bind(phone.e164());
        }
        query.push(")");
        let rows = query.build_query_scalar::<String>().persistent(false).fetch_all(&mut *connection).await?;
        for phone in rows {
            found.insert(PhoneNumber::from_e164(&phone).map_err(|error| sqlx::Error::Decode(Box::new(error)))?);
        }
    }
    Ok(found)
}

/// Adds phones for this reason. A phone that is suppressed already keeps its first reason and date.
///
/// # Errors
/// When the database refuses.
pub async fn insert_all(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    phones: &[&PhoneNumber],
    reason: &'static str,
    since: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    for phones in phones.chunks(PHONES) {
        let mut query = QueryBuilder::new("INSERT INTO suppressions (clinic_id, phone, reason, created_at) ");
        query.push_values(phones, |mut row, phone| {
            row.push_bind(clinic).push_bind(phone.e164()).push_bind(reason).push_bind(since);
        });
        query.push(" ON DUPLICATE KEY UPDATE reason = suppressions.reason");
        query.build().persistent(false).execute(&mut *connection).await?;
    }
    Ok(())
}
