//! Imports as staff see them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::db::import_rows::review::Counts;
use shared::db::imports::{Import, Options, SampleRow};
use shared::http::Language;
use shared::model::import::{ImportColumn, ImportFailure};
use shared::model::state::{ImportState, Verdict};
use shared::model::{GroupId, ImportId};
use utoipa::ToSchema;

use crate::remap;

/// An import in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportSummary {
    /// The import.
    pub id: ImportId,
    /// What the file is called, for people.
    file_name: String,
    /// Where it is in its life.
    state: ImportState,
    /// Why the file could not be read.
    failure: Option<FailureView>,
    /// The sheet that was read; none for csv.
    sheet: Option<String>,
    /// Rows of the file that hold anything; while the file is read, those read so far.
    rows_read: u32,
    /// Rows that became customers, or were found to be in the list just so.
    rows_committed: u32,
    /// Customers that the import added.
    rows_added: u32,
    /// Customers that the import changed.
    rows_updated: u32,
    /// Rows that were undone.
    rows_undone: u32,
    /// Rows that were not undone, because somebody edited the customer since.
    rows_kept: u32,
    /// The number of the last row that was committed or undone so far.
    worked_through: u32,
    /// Whether the rows are not kept any longer, 30 days after the import was over. What is committed cannot be undone then.
    rows_expired: bool,
    /// How it is, or was, committed.
    options: OptionsView,
    /// When it was begun.
    created_at: DateTime<Utc>,
    /// When its state changed last.
    updated_at: DateTime<Utc>,
}

/// Why a file cannot be read.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ImportFailureView)]
struct FailureView {
    /// The reason, for programs.
    code: ImportFailure,
    /// The reason and what helps, for people.
    text: &'static str,
    /// Where in the file: sheet and cell.
    at: Option<String>,
}

/// What happens to customers whom the clinic has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ExistingCustomers)]
pub enum Existing {
    /// They get the name and the details of the file.
    Update,
    /// They are left alone altogether.
    Leave,
}

/// How an import is, or was, committed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ImportOptions)]
struct OptionsView {
    /// Where everybody goes; without it the file says.
    target_group_id: Option<GroupId>,
    /// What happens to customers whom the clinic has already.
    existing: Existing,
}

impl From<Options> for OptionsView {
    fn from(options: Options) -> Self {
        let existing = if options.update_existing { Existing::Update } else { Existing::Leave };
        Self { target_group_id: options.target_group, existing }
    }
}

impl ImportSummary {
    pub fn new(import: Import, language: Language) -> Self {
        let at = import.failure_at;
        let failure = import.failure.map(|code| {
            let (ko, en) = code.text();
            FailureView { code, text: language.choose(ko, en), at }
        });
        Self {
            id: import.id,
            file_name: import.file_name,
            state: import.state,
            failure,
            sheet: import.contents.sheet,
            rows_read: import.contents.rows_read,
            rows_committed: import.rows_committed,
            rows_added: import.rows_added,
            rows_updated: import.rows_updated,
            rows_undone: import.rows_undone,
            rows_kept: import.rows_kept,
            worked_through: import.worked_through,
            rows_expired: import.rows_expired,
            options: import.options.into(),
            created_at: import.created_at,
            updated_at: import.updated_at,
        }
    }
}

/// An import under review.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportView {
    #[serde(flatten)]
    summary: ImportSummary,
    /// The sheets to choose from, none for csv.
    sheets: Vec<String>,
    /// The number of the row that was taken for the column names, 0 for none.
    header_row: u32,
    /// What the columns were taken for, from left to right.
    columns: Vec<ImportColumn>,
    /// The first rows of the sheet as they stand there.
    sample: Vec<SampleRow>,
    /// Whether the file may be read anew in another way.
    remappable: bool,
    /// Rows that are not deleted, for every verdict.
    counts: BTreeMap<Verdict, u64>,
    /// Rows that are deleted.
    deleted: u64,
}

impl ImportView {
    pub fn new(mut import: Import, counts: Counts, now: DateTime<Utc>, language: Language) -> Self {
        let remappable = remap::check(&import, now).is_ok();
        let contents = &mut import.contents;
        Self {
            sheets: std::mem::take(&mut contents.sheets),
            header_row: contents.header_row,
            columns: std::mem::take(&mut contents.columns),
            sample: std::mem::take(&mut contents.sample),
            remappable,
            counts: counts.verdicts,
            deleted: counts.deleted,
            summary: ImportSummary::new(import, language),
        }
    }
}
