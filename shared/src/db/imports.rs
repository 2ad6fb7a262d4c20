//! Uploaded lists under review.

pub mod unmoved;

use chrono::{DateTime, NaiveDateTime, Utc};
use sqlx::MySqlConnection;
use sqlx::types::Json;

use crate::clock::Ambient;
use crate::db::decode;
use crate::model::import::{ImportColumn, ImportFailure, Wish};
use crate::model::state::ImportState;
use crate::model::{ClinicId, GroupId, ImportId, StaffId};

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
    /// Where in the file the failure is: sheet and cell.
    pub failure_at: Option<String>,
    /// How staff want the file to be read, if they said so.
    pub wish: Wish,
    /// What was found in the file, as far as it was read.
    pub contents: Contents,
    /// How it is, or was, committed.
    pub options: Options,
    /// Rows written as customers, or found to be unchanged.
    pub rows_committed: u32,
    /// Customers added.
    pub rows_added: u32,
    /// Customers changed.
    pub rows_updated: u32,
    /// Rows taken back.
    pub rows_undone: u32,
    /// Rows not taken back, because somebody edited the customer since.
    pub rows_kept: u32,
    /// The number of the last row that was committed, or undone.
    pub worked_through: u32,
    /// Whether the rows are deleted because of their age.
    pub rows_expired: bool,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// When it last moved on.
    pub updated_at: DateTime<Utc>,
}

/// What was found in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// The sheets to choose from, none for csv.
    pub sheets: Vec<String>,
    /// The sheet that was read; none for csv.
    pub sheet: Option<String>,
    /// The number of the row that was taken for the header, 0 for none.
    pub header_row: u32,
    /// What the columns were taken for, from left to right.
    pub columns: Vec<ImportColumn>,
    /// The first rows of the sheet as they stand there, for whoever corrects the columns.
    pub sample: Vec<SampleRow>,
    /// Rows that hold anything.
    pub rows_read: u32,
}

/// A row of the sheet as it stands there.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct SampleRow {
    /// The row's number, from 1.
    pub number: u32,
    /// Its cells from column A on, cut at 100 characters each.
    pub cells: Vec<String>,
}

/// How an import is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where everybody goes; without it the file says, and who has no group there is unassigned.
    pub target_group: Option<GroupId>,
    /// Whether customers whom the clinic has already are changed, or left alone altogether.
    pub update_existing: bool,
}

struct Stored {
    id: ImportId,
    file_name: String,
    state: String,
    failure: Option<String>,
    failure_at: Option<String>,
    wish: Option<Json<Wish>>,
    sheets: Option<Json<Vec<String>>>,
    sheet_name: Option<String>,
    header_row: Option<u32>,
    column_names: Option<Json<Vec<ImportColumn>>>,
    sample: Option<Json<Vec<SampleRow>>>,
    target_group_id: Option<GroupId>,
    update_existing: bool,
    rows_read: u32,
    rows_committed: u32,
    rows_added: u32,
    rows_updated: u32,
    rows_undone: u32,
    rows_kept: u32,
    worked_through: u32,
    rows_expired: bool,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
}

impl TryFrom<Stored> for Import {
    type Error = sqlx::Error;

    fn try_from(row: Stored) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.id,
            file_name: row.file_name,
            state: decode(&row.state)?,
            failure: row.failure.as_deref().map(decode).transpose()?,
            failure_at: row.failure_at,
            wish: row.wish.map(|Json(wish)| wish).unwrap_or_default(),
            contents: Contents {
                sheets: row.sheets.map(|Json(sheets)| sheets).unwrap_or_default(),
                sheet: row.sheet_name,
                header_row: row.header_row.unwrap_or_default(),
                columns: row.column_names.map(|Json(columns)| columns).unwrap_or_default(),
                sample: row.sample.map(|Json(sample)| sample).unwrap_or_default(),
                rows_read: row.rows_read,
            },
            options: Options { target_group: row.target_group_id, update_existing: row.update_existing },
            rows_committed: row.rows_committed,
            rows_added: row.rows_added,
            rows_updated: row.rows_updated,
            rows_undone: row.rows_undone,
            rows_kept: row.rows_kept,
            worked_through: row.worked_through,
            rows_expired: row.rows_expired,
            created_at: row.created_at.and_utc(),
            updated_at: row.updated_at.and_utc(),
        })
    }
}

/// An import by its id.
///
/// # Errors
/// When the database does not answer.
pub async fn find(connection: &mut MySqlConnection, clinic: ClinicId, id: ImportId) -> Result<Option<Import>, sqlx::Error> {
    let row = sqlx::query_as!(
        Stored,
        r#"SELECT id AS "id: ImportId", file_name, state, failure, failure_at, wish AS "wish: Json<Wish>",
             sheets AS "sheets: Json<Vec<String>>", sheet_name, header_row,
             column_names AS "column_names: Json<Vec<ImportColumn>>", sample AS "sample: Json<Vec<SampleRow>>",
             target_group_id AS "target_group_id: GroupId", update_existing AS "update_existing: bool", rows_read,
             CAST(rows_committed + COALESCE((SELECT SUM(k.rows_committed) FROM import_chunks k
               WHERE k.clinic_id = imports.clinic_id AND k.import_id = imports.id), 0) AS UNSIGNED) AS "rows_committed!: u32",
             CAST(rows_added + COALESCE((SELECT SUM(k.rows_added) FROM import_chunks k
               WHERE k.clinic_id = imports.clinic_id AND k.import_id = imports.id), 0) AS UNSIGNED) AS "rows_added!: u32",
             CAST(rows_updated + COALESCE((SELECT SUM(k.rows_updated) FROM import_chunks k
               WHERE k.clinic_id = imports.clinic_id AND k.import_id = imports.id), 0) AS UNSIGNED) AS "rows_updated!: u32",
             rows_undone, rows_kept,
             CAST(GREATEST(worked_through, COALESCE((SELECT MIN(k.previous) FROM import_chunks k
               WHERE k.clinic_id = imports.clinic_id AND k.import_id = imports.id AND NOT k.done), 0)) AS UNSIGNED) AS "worked_through!: u32",
             rows_expired AS "rows_expired: bool", created_at, updated_at
         FROM imports WHERE clinic_id = ? AND id = ?"#,
        clinic,
        id
    )
    .fetch_optional(connection)
    .await?;
    row.map(Import::try_from).transpose()
}

/// Imports of a clinic, the youngest first, those older than the one given. Their samples are left out.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    before: Option<ImportId>,
    limit: u32,
) -> Result<Vec<Import>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Stored,
        r#"SELECT id AS "id: ImportId", file_name, state, failure, failure_at, wish AS "wish: Json<Wish>",
             sheets AS "sheets: Json<Vec<String>>", sheet_name, header_row,
             column_names AS "column_names: Json<Vec<ImportColumn>>", NULL AS "sample: Json<Vec<SampleRow>>",
             target_group_id AS "target_group_id: GroupId", update_existing AS "update_existing: bool", rows_read,
             CAST(rows_committed + COALESCE((SELECT SUM(k.rows_committed) FROM import_chunks k
               WHERE k.clinic_id = imports.clinic_id AND k.import_id = imports.id), 0) AS UNSIGNED) AS "rows_committed!: u32",
             CAST(rows_added + COALESCE((SELECT SUM(k.rows_added) FROM import_chunks k
               WHERE k.clinic_id = imports.clinic_id AND k.import_id = imports.id), 0) AS UNSIGNED) AS "rows_added!: u32",
             CAST(rows_updated + COALESCE((SELECT SUM(k.rows_updated) FROM import_chunks k
               WHERE k.clinic_id = imports.clinic_id AND k.import_id = imports.id), 0) AS UNSIGNED) AS "rows_updated!: u32",
             rows_undone, rows_kept,
             CAST(GREATEST(worked_through, COALESCE((SELECT MIN(k.previous) FROM import_chunks k
               WHERE k.clinic_id = imports.clinic_id AND k.import_id = imports.id AND NOT k.done), 0)) AS UNSIGNED) AS "worked_through!: u32",
             rows_expired AS "rows_expired: bool", created_at, updated_at
         FROM imports WHERE clinic_id = ? AND id < ? ORDER BY id DESC LIMIT ?"#,
        clinic,
        before.unwrap_or(ImportId::from_uuid(uuid::Uuid::max())),
        limit
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Import::try_from).collect()
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
    set_contents(connection, clinic, id, contents).await?;
    set_state(connection, ambient, clinic, id, ImportState::Ready).await
}

/// Keeps what was found in the file.
async fn set_contents(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: ImportId,
    contents: &Contents,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE imports SET sheets = ?, sheet_name = ?, header_row = ?, column_names = ?, sample = ?, rows_read = ?,
           failure = NULL, failure_at = NULL WHERE clinic_id = ? AND id = ?",
        Json(&contents.sheets),
        contents.sheet,
        contents.header_row,
        Json(&contents.columns),
        Json(&contents.sample),
        contents.rows_read,
        clinic,
        id
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Says that the file cannot be read, why and where, with as much as was found, from which staff may correct how it is read.
/// The caller holds the [lock].
///
/// # Errors
/// When the database refuses.
pub async fn mark_failed(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    id: ImportId,
    (failure, at): (ImportFailure, Option<&str>),
    contents: &Contents,
) -> Result<(), sqlx::Error> {
    set_contents(connection, clinic, id, contents).await?;
    sqlx::query!(
        "UPDATE imports SET failure = ?, failure_at = ? WHERE clinic_id = ? AND id = ?",
        failure.as_str(),
        at,
        clinic,
        id
    )
    .execute(&mut *connection)
    .await?;
    set_state(connection, ambient, clinic, id, ImportState::Failed).await
}

/// Makes an import that waits for its file.
///
/// # Errors
/// When the database refuses.
pub async fn insert(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    staff: StaffId,
    id: ImportId,
    file_name: &str,
) -> Result<(), sqlx::Error> {
    let now = ambient.now();
    sqlx::query!(
        "INSERT INTO imports (clinic_id, id, created_by, file_name, state, created_at, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        clinic,
        id,
        staff,
        file_name,
        ImportState::Uploading.as_str(),
        now,
        now
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Says how the file is to be read. The caller holds the [lock] and moves the import on.
///
/// # Errors
/// When the database refuses.
pub async fn set_wish(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: ImportId,
    wish: &Wish,
) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE imports SET wish = ? WHERE clinic_id = ? AND id = ?", Json(wish), clinic, id)
        .execute(connection)
        .await
        .map(drop)
}

/// Says how the rows are to be committed. The caller holds the [lock] and moves the import on.
///
/// # Errors
/// When the database refuses.
pub async fn set_options(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: ImportId,
    options: &Options,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE imports SET target_group_id = ?, update_existing = ? WHERE clinic_id = ? AND id = ?",
        options.target_group,
        options.update_existing,
        clinic,
        id
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Says that no row is undone yet. The caller holds the [lock] and moves the import on.
///
/// # Errors
/// When the database refuses.
pub async fn rewind(connection: &mut MySqlConnection, clinic: ClinicId, id: ImportId) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE imports SET worked_through = 0 WHERE clinic_id = ? AND id = ?", clinic, id)
        .execute(connection)
        .await
        .map(drop)
}

/// Takes an import and its rows away. The caller holds the [lock].
///
/// # Errors
/// When the database refuses.
pub async fn delete(connection: &mut MySqlConnection, clinic: ClinicId, id: ImportId) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM imports WHERE clinic_id = ? AND id = ?", clinic, id).execute(connection).await.map(drop)
}
