//! Imports as such: the list, one of them, and throwing one away; and how their state is kept while something depends on it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use shared::db::audit::{self, Subject};
use shared::db::import_rows::review;
use shared::db::imports::{self, Import};
use shared::failure::chain;
use shared::http::{Caller, Cursor, Ids, Kind, Language, Page, Params, Problem, Staff};
use shared::model::state::ImportState;
use shared::model::{ClinicId, ImportId};
use shared::store::Store;
use sqlx::MySqlConnection;
use utoipa::IntoParams;

use crate::Deps;
use crate::view::{ImportSummary, ImportView};

/// Which imports to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Asked {
    /// Where the last page ended.
    cursor: Option<Cursor>,
    /// How many: 50 unless said, at most 200.
    limit: Option<u32>,
}

/// Lists imports, newest first
#[utoipa::path(get, path = "/v1/imports", operation_id = "listImports",
    responses((status = 200, body = Page<ImportSummary>)))]
pub async fn list<P, U, D>(
    State(deps): State<Arc<Deps<P, U, D>>>,
    caller: Caller,
    language: Language,
    Params(asked): Params<Asked>,
) -> Result<Json<Page<ImportSummary>>, Problem> {
    let limit = Page::<ImportSummary>::limit(asked.limit);
    let before = asked.cursor.map(|cursor| cursor.0.parse::<ImportId>()).transpose().map_err(|_| foreign_cursor())?;
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let imports = imports::list(&mut connection, staff.clinic, before, limit + 1).await?;
    let views = imports.into_iter().map(|import| ImportSummary::new(import, language)).collect();
    Ok(Json(Page::cut(views, limit, |import: &ImportSummary| import.id.to_string())))
}

pub fn foreign_cursor() -> Problem {
    Problem::invalid("cursor", "이 목록의 cursor가 아닙니다.", "not a cursor of this list")
}

/// Shows an import
///
/// What was found in the file, how many rows have which verdict, and how far the work is that runs now.
#[utoipa::path(get, path = "/v1/imports/{importId}", operation_id = "showImport",
    responses((status = 200, body = ImportView)))]
pub async fn show<P, U, D>(
    State(deps): State<Arc<Deps<P, U, D>>>,
    caller: Caller,
    language: Language,
    Ids(id): Ids<ImportId>,
) -> Result<Json<ImportView>, Problem> {
    let (mut import, counts) = {
        let mut connection = deps.database.acquire().await?;
        let staff = Staff::identify(&mut connection, &caller).await?;
        let import = find(&mut connection, staff.clinic, id).await?;
        let counts = review::count(&mut connection, staff.clinic, id).await?;
        // Before a file is read nobody is shown.
        if !import.contents.sample.is_empty() {
            let people = import.contents.sample.len();
            audit::record(&mut connection, &deps.ambient, &staff, "import.show", Subject::Import(id), people).await?;
        }
        (import, counts)
    };
    if import.state == ImportState::Parsing {
        import.contents.rows_read = rows_read(&deps.store, id).await;
    }
    Ok(Json(ImportView::new(import, counts, deps.ambient.now(), language)))
}

/// How far reading is. The rows become visible all at once, so the database cannot tell; without the store nobody can.
async fn rows_read(store: &Store, id: ImportId) -> u32 {
    let progress = store.progress(id).await.inspect_err(|error| {
        tracing::warn!(event = "store.silent", error = %chain(error), "no live progress");
    });
    progress.ok().and_then(|progress| progress.rows_read).unwrap_or(0)
}

/// Throws an import away
///
/// With its rows. Only one that nobody works on and that is not committed.
#[utoipa::path(delete, path = "/v1/imports/{importId}", operation_id = "discardImport", responses((status = 204)))]
pub async fn discard<P, U, D>(
    State(deps): State<Arc<Deps<P, U, D>>>,
    caller: Caller,
    Ids(id): Ids<ImportId>,
) -> Result<StatusCode, Problem> {
    let (ambient, caller) = (&deps.ambient, &caller);
    let discarded = deps.database.transaction::<_, Problem>("discard_import", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            lock(tx, staff.clinic, id, |state| match state {
                ImportState::Uploading | ImportState::Ready | ImportState::Failed => Ok(()),
                state => Err(wrong_state(state).detail(
                    "작업 중이거나 이미 등록한 대량 등록은 삭제할 수 없습니다. 등록한 것은 되돌릴 수 있습니다.",
                    "An import that is being worked on, or is committed, cannot be discarded. A committed one can be undone.",
                )),
            })
            .await?;
            let people = people(&find(tx, staff.clinic, id).await?);
            imports::delete(tx, staff.clinic, id).await?;
            audit::record(tx, ambient, &staff, "import.discard", Subject::Import(id), people).await?;
            Ok(staff)
        })
    });
    let staff = discarded.await?;
    tracing::info!(event = "import.discarded", import.id = %id, staff.id = %staff.id, "import discarded");
    Ok(StatusCode::NO_CONTENT)
}

/// An import of the clinic.
pub async fn find(connection: &mut MySqlConnection, clinic: ClinicId, id: ImportId) -> Result<Import, Problem> {
    imports::find(connection, clinic, id).await?.ok_or_else(Problem::not_found)
}

/// How many rows its file holds, for the audit log.
pub fn people(import: &Import) -> usize {
    usize::try_from(import.contents.rows_read).unwrap_or(usize::MAX)
}

/// Keeps an import in a state that is fine until the transaction ends.
pub async fn lock<T>(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: ImportId,
    fine: impl Fn(ImportState) -> Result<T, Problem>,
) -> Result<T, Problem> {
    // Looked at before it is locked: whoever reads a file holds the lock all the while, and a refusal need not wait for that.
    fine(find(connection, clinic, id).await?.state)?;
    fine(imports::lock(connection, clinic, id).await?.ok_or_else(Problem::not_found)?)
}

/// Keeps an import that waits for a decision as it is until the transaction ends.
pub async fn lock_ready(connection: &mut MySqlConnection, clinic: ClinicId, id: ImportId) -> Result<(), Problem> {
    lock(connection, clinic, id, require_ready).await
}

/// Whether the rows wait for a decision.
pub fn require_ready(state: ImportState) -> Result<(), Problem> {
    if state == ImportState::Ready { Ok(()) } else { Err(Problem::of(Kind::ImportNotReady).with("state", state.as_str())) }
}

/// The import is in a state in which this cannot be done.
pub fn wrong_state(state: ImportState) -> Problem {
    Problem::of(Kind::ImportState).with("state", state.as_str())
}
