//! Rows that are left out, and taken back in: one, many, all with a verdict, all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::db::audit::{self, Subject};
use shared::db::import_rows::review::{self, Counts, Selection};
use shared::http::{Body, Caller, Ids, Problem, Staff};
use shared::model::ImportId;
use shared::model::state::Verdict;
use utoipa::ToSchema;

use crate::Deps;
use crate::lives::lock_ready;

const MAX_NUMBERS: usize = 10_000;

/// Which rows: exactly one of the three.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = RowSelection, example = json!({"verdict": "duplicate_in_file"}))]
pub struct Selected {
    /// Those with these numbers, 1 to 10,000 of them.
    #[schema(min_items = 1, max_items = 10_000)]
    numbers: Option<BTreeSet<u32>>,
    /// Those with this verdict; of deleted rows the one that they had.
    verdict: Option<Verdict>,
    /// `true`: every row.
    all: Option<bool>,
}

/// What a change came to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RowsChanged)]
pub struct ChangedView {
    /// Rows that were deleted, or restored, by this request.
    changed: u64,
    /// Rows that are not deleted, for every verdict.
    counts: BTreeMap<Verdict, u64>,
    /// Rows that are deleted.
    deleted: u64,
}

impl ChangedView {
    fn new(changed: u64, counts: Counts) -> Self {
        Self { changed, counts: counts.verdicts, deleted: counts.deleted }
    }
}

enum Rows {
    Numbers(Vec<u32>),
    Verdict(Verdict),
    All,
}

impl TryFrom<Selected> for Rows {
    type Error = Problem;

    fn try_from(selected: Selected) -> Result<Self, Problem> {
        match (selected.numbers, selected.verdict, selected.all) {
            (Some(numbers), None, None) if (1..=MAX_NUMBERS).contains(&numbers.len()) => {
                Ok(Self::Numbers(numbers.into_iter().collect()))
            }
            (Some(_), None, None) => {
                let (ko, en) = (format!("1~{MAX_NUMBERS}개를 지정해 주세요."), format!("must have 1 to {MAX_NUMBERS} numbers"));
                Err(Problem::invalid("numbers", ko, en))
            }
            (None, Some(verdict), None) => Ok(Self::Verdict(verdict)),
            (None, None, Some(true)) => Ok(Self::All),
            _ => Err(Problem::invalid(
                "numbers",
                "numbers, verdict, all(true) 중 하나로 행을 지정해 주세요.",
                "say which rows by one of numbers, verdict and all (true)",
            )),
        }
    }
}

/// Leaves a row out
///
/// When later rows repeat its phone, the first of them takes its place.
#[utoipa::path(delete, path = "/v1/imports/{importId}/rows/{rowNumber}", operation_id = "deleteImportRow",
    responses((status = 200, body = ChangedView)))]
pub async fn delete_row<P, U, D>(
    State(deps): State<Arc<Deps<P, U, D>>>,
    caller: Caller,
    Ids((id, number)): Ids<(ImportId, u32)>,
) -> Result<Json<ChangedView>, Problem> {
    let unknown = |_| Problem::not_found();
    set_deleted(&deps, &caller, id, &Rows::Numbers(vec![number]), true, unknown).await
}

/// Leaves rows out
///
/// Exactly one of `numbers`, `verdict` and `all` says which. When later rows repeat the phone of one, the first of them takes
/// its place.
#[utoipa::path(post, path = "/v1/imports/{importId}/rows/delete", operation_id = "deleteImportRows",
    responses((status = 200, body = ChangedView)))]
pub async fn delete_rows<P, U, D>(
    State(deps): State<Arc<Deps<P, U, D>>>,
    caller: Caller,
    Ids(id): Ids<ImportId>,
    Body(selected): Body<Selected>,
) -> Result<Json<ChangedView>, Problem> {
    set_deleted(&deps, &caller, id, &selected.try_into()?, true, unknown_numbers).await
}

/// Takes rows back in
///
/// Exactly one of `numbers`, `verdict` (the one that they had) and `all` says which. They are judged anew.
#[utoipa::path(post, path = "/v1/imports/{importId}/rows/restore", operation_id = "restoreImportRows",
    responses((status = 200, body = ChangedView)))]
pub async fn restore_rows<P, U, D>(
    State(deps): State<Arc<Deps<P, U, D>>>,
    caller: Caller,
    Ids(id): Ids<ImportId>,
    Body(selected): Body<Selected>,
) -> Result<Json<ChangedView>, Problem> {
    set_deleted(&deps, &caller, id, &selected.try_into()?, false, unknown_numbers).await
}

fn unknown_numbers(count: u64) -> Problem {
    let (ko, en) = (format!("파일에 없는 행이 {count}개 있습니다."), format!("{count} of them are not rows of the file"));
    Problem::invalid("numbers", ko, en).with("unknown", count)
}

/// `unknown` is answered when so many of the numbers are no rows; then nothing changes.
async fn set_deleted<P, U, D>(
    deps: &Deps<P, U, D>,
    caller: &Caller,
    id: ImportId,
    rows: &Rows,
    deleted: bool,
    unknown: fn(u64) -> Problem,
) -> Result<Json<ChangedView>, Problem> {
    let name = if deleted { "delete_import_rows" } else { "restore_import_rows" };
    let (ambient, action) = (&deps.ambient, if deleted { "import.leave_out" } else { "import.take_in" });
    let changed = deps.database.transaction::<_, Problem>(name, |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            lock_ready(tx, staff.clinic, id).await?;
            let selection = match rows {
                Rows::Numbers(numbers) => {
                    let known = review::count_known(tx, staff.clinic, id, numbers).await?;
                    match u64::try_from(numbers.len()).unwrap_or(u64::MAX).saturating_sub(known) {
                        0 => Selection::Numbers(numbers),
                        missing => return Err(unknown(missing)),
                    }
                }
                Rows::Verdict(verdict) => Selection::Verdict(*verdict),
                Rows::All => Selection::All,
            };
            let changed = review::set_deleted(tx, staff.clinic, id, selection, deleted).await?;
            let counts = review::count(tx, staff.clinic, id).await?;
            let people = usize::try_from(changed).unwrap_or(usize::MAX);
            audit::record(tx, ambient, &staff, action, Subject::Import(id), people).await?;
            Ok((staff, ChangedView::new(changed, counts)))
        })
    });
    let (staff, view) = changed.await?;
    let (staff, rows) = (staff.id, view.changed);
    tracing::info!(event = "import.rows_changed", import.id = %id, staff.id = %staff, rows, deleted, "rows out or in again");
    Ok(Json(view))
}
