//! Uploaded lists under review.

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;
use sqlx::types::Json;

use crate::clock::Ambient;
use crate::db::decode;
use crate::model::import::{ImportColumn, ImportFailure};
use crate::model::state::ImportState;
use crate::model::{ClinicId, ImportId};

/// An import as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The import.
    pub id: ImportId,
    /// The name of the file that was uploaded.
    pub file_name: String,
    /// Where it is in its life.
    pub state: ImportState,
    /// Why it failed, when it did.
    pub failure: Option<ImportFailure>,
    /// The sheet that was read; none for csv.
    pub sheet_name: Option<String>,
    /// What the columns were taken for, from left to right.
    pub column_names: Vec<ImportColumn>,
    /// Rows of the file that hold anything.
    pub rows_read: u32,
    /// Rows written as customers.
    pub rows_committed: u32,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
}

/// An import by its id.
///
/// # Errors
/// When the database does not answer.
pub async fn find(connection: &mut MySqlConnection, clinic: ClinicId, id: ImportId) -> Result<Option<Import>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT file_name, state, failure, sheet_name, column_names AS "column_names: Json<Vec<ImportColumn>>", rows_read,
             rows_committed, created_at FROM imports WHERE clinic_id = ? AND id = ?"#,
        clinic,
        id
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(Import {
            id,
            file_name: row.file_name,
            state: decode(&row.state)?,
            failure: row.failure.as_deref().map(decode).transpose()?,
            sheet_name: row.sheet_name,
            column_names: row.column_names.map(|names| names.0).unwrap_or_default(),
            rows_read: row.rows_read,
            rows_committed: row.rows_committed,
            created_at: row.created_at.and_utc(),
        })
    })
    .transpose()
}

/// The state of an import, which then stays as it is until the transaction ends.
///
/// # Errors
/// When the database does not answer.
pub async fn lock(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: ImportId,
) -> Result<Option<ImportState>, sqlx::Error> {
    let state = sqlx::query_scalar!("SELECT state FROM imports WHERE clinic_id = ? AND id = ? FOR UPDATE", clinic, id)
        .fetch_optional(connection)
        .await?;
    state.as_deref().map(decode).transpose()
}

/// Moves an import on. The caller holds the [lock] and has seen that it may.
///
/// # Errors
/// When the database refuses.
pub async fn set_state(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    id: ImportId,
    state: ImportState,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE imports SET state = ?, updated_at = ? WHERE clinic_id = ? AND id = ?",
        state.as_str(),
        ambient.now(),
        clinic,
        id
    )
    .execute(connection)
    .await
    .map(drop)
}

/// What was found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The sheet that was read; none for csv.
    pub sheet: Option<String>,
    /// What the columns were taken for, from left to right.
    pub columns: Vec<ImportColumn>,
    /// Rows that hold anything.
    pub rows_read: u32,
}

/// Says that every row has its verdict, in the transaction that wrote the rows. The caller holds the [lock].
///
/// # Errors
/// When the database refuses.
pub async fn mark_ready(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    id: ImportId,
    contents: &Contents,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE imports SET state = ?, sheet_name = ?, column_names = ?, rows_read = ?, updated_at = ?
         WHERE clinic_id = ? AND id = ?",
        ImportState::Ready.as_str(),
        contents.sheet,
        Json(&contents.columns),
        contents.rows_read,
        ambient.now(),
        clinic,
        id
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Says that the file cannot be read, and why. The caller holds the [lock].
///
/// # Errors
/// When the database refuses.
pub async fn mark_failed(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    id: ImportId,
    failure: ImportFailure,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE imports SET state = ?, failure = ?, updated_at = ? WHERE clinic_id = ? AND id = ?",
        ImportState::Failed.as_str(),
        failure.as_str(),
        ambient.now(),
        clinic,
        id
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Makes an import that waits for its file.
///
/// # Errors
/// When the database refuses.
pub async fn insert(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    id: ImportId,
    file_name: &str,
) -> Result<(), sqlx::Error> {
    let now = ambient.now();
    sqlx::query!(
        "INSERT INTO imports (clinic_id, id, file_name, state, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
        clinic,
        id,
        file_name,
        ImportState::Uploading.as_str(),
        now,
        now
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Says that the customers are there, in the transaction that wrote them. The caller holds the [lock].
///
/// # Errors
/// When the database refuses.
pub async fn mark_committed(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    id: ImportId,
    rows_committed: u32,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE imports SET state = ?, rows_committed = ?, updated_at = ? WHERE clinic_id = ? AND id = ?",
        ImportState::Committed.as_str(),
        rows_committed,
        ambient.now(),
        clinic,
        id
    )
    .execute(connection)
    .await
    .map(drop)
}
