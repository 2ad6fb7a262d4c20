//! Imports that have not moved on for long: stuck, given up, or so old that their rows are not kept any longer.

use chrono::{DateTime, Utc};
use sqlx::{MySqlConnection, QueryBuilder};

use crate::db::decode;
use crate::model::state::ImportState;
use crate::model::{ClinicId, ImportId};

/// An import that did not move on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unmoved {
    /// Whose import.
    pub clinic: ClinicId,
    /// Which import.
    pub import: ImportId,
    /// Where it stays.
    pub state: ImportState,
}

/// Imports that were in one of the states already before the moment, those that wait longest first. Imports whose rows are
/// deleted because of their age are left out.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    connection: &mut MySqlConnection,
    states: &[ImportState],
    before: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<Unmoved>, sqlx::Error> {
    let mut query = QueryBuilder::new("SELECT clinic_id, id, state FROM imports WHERE rows_expired = FALSE AND state IN (");
    let mut list = query.separated(", ");
    for state in states {
        list.push_bind(state.as_str());
    }
    query.push(") AND updated_at < ").push_bind(before).push(" ORDER BY updated_at LIMIT ").push_bind(limit);
    let rows = query.build_query_as::<(ClinicId, ImportId, String)>().fetch_all(connection).await?;
    rows.into_iter().map(|(clinic, import, state)| Ok(Unmoved { clinic, import, state: decode(&state)? })).collect()
}

/// Locks an import, unless it has moved on since it was listed or somebody is at work on it. Answers whether it is locked.
///
/// # Errors
/// When the database does not answer.
pub async fn lock(connection: &mut MySqlConnection, unmoved: &Unmoved, before: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let locked = sqlx::query_scalar!(
        r#"SELECT id AS "id: ImportId" FROM imports
         WHERE clinic_id = ? AND id = ? AND state = ? AND updated_at < ? FOR UPDATE SKIP LOCKED"#,
        unmoved.clinic,
        unmoved.import,
        unmoved.state.as_str(),
        before
    );
    locked.fetch_optional(connection).await.map(|locked| locked.is_some())
}

/// Says that the rows are deleted because of their age, and forgets what else was kept of the file's contents. The caller holds
/// the [lock] and deletes the rows.
///
/// # Errors
/// When the database refuses.
pub async fn mark_expired(connection: &mut MySqlConnection, unmoved: &Unmoved) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE imports SET rows_expired = TRUE, sample = NULL WHERE clinic_id = ? AND id = ?",
        unmoved.clinic,
        unmoved.import
    )
    .execute(connection)
    .await
    .map(drop)
}
