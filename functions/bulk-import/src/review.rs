//! The review: what the file holds, row by row, and what is left out.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use shared::db::imports::Import;
use shared::db::{import_rows, imports};
use shared::failure::chain;
use shared::http::{Caller, Cursor, Ids, Language, Page, Params, Problem, Staff};
use shared::model::ImportId;
use shared::model::state::{ImportState, Verdict};
use shared::store::{Progress, Store};

use crate::view::{ImportView, RowView};
use crate::{Deps, not_ready};

/// Which rows to list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Asked {
    verdict: Option<Verdict>,
    cursor: Option<Cursor>,
    limit: Option<u32>,
}

pub async fn show<P, U>(
    State(deps): State<Arc<Deps<P, U>>>,
    caller: Caller,
    language: Language,
    Ids(id): Ids<ImportId>,
) -> Result<Json<ImportView>, Problem> {
    let (import, counts) = {
        let mut connection = deps.database.acquire().await?;
        let staff = Staff::identify(&mut connection, &caller).await?;
        let import = imports::find(&mut connection, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
        (import, import_rows::count(&mut connection, staff.clinic, id).await?)
    };
    let progress = live_progress(&deps.store, &import).await;
    Ok(Json(ImportView::new(import, counts, progress, language)))
}

/// How far the work is that runs now. Before and after it, and without the store, the database knows.
async fn live_progress(store: &Store, import: &Import) -> Progress {
    if !matches!(import.state, ImportState::Parsing | ImportState::Committing) {
        return Progress::default();
    }
    let progress = store.progress(import.id).await.unwrap_or_else(|error| {
        tracing::warn!(event = "store.silent", error = %chain(&error), "no live progress");
        Progress::default()
    });
    match import.state {
        ImportState::Parsing => Progress { rows_committed: None, ..progress },
        _ => Progress { rows_read: None, ..progress },
    }
}

pub async fn rows<P, U>(
    State(deps): State<Arc<Deps<P, U>>>,
    caller: Caller,
    language: Language,
    Ids(id): Ids<ImportId>,
    Params(asked): Params<Asked>,
) -> Result<Json<Page<RowView>>, Problem> {
    let limit = Page::<RowView>::limit(asked.limit);
    let after = asked
        .cursor
        .map_or(Ok(0), |cursor| cursor.0.parse::<u32>())
        .map_err(|_| Problem::invalid("cursor", "이 목록의 cursor가 아닙니다.", "not a cursor of this list"))?;
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    imports::find(&mut connection, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
    let rows = import_rows::list(&mut connection, staff.clinic, id, asked.verdict, after, limit + 1).await?;
    tracing::info!(event = "import.read", import.id = %id, staff.id = %staff.id, count = rows.len(), "rows listed");
    let views = rows.into_iter().map(|row| RowView::new(row, language)).collect();
    Ok(Json(Page::cut(views, limit, |row: &RowView| row.number.to_string())))
}

/// Leaves a row out. When later rows repeat its phone, the first of them takes its place, so that the person is not lost.
pub async fn drop_row<P, U>(
    State(deps): State<Arc<Deps<P, U>>>,
    caller: Caller,
    Ids((id, number)): Ids<(ImportId, u32)>,
) -> Result<StatusCode, Problem> {
    let caller = &caller;
    let dropped = deps.database.transaction::<_, Problem>("drop_import_row", |tx| {
        Box::pin(async move {
            let clinic = Staff::identify(tx, caller).await?.clinic;
            let state = imports::lock(tx, clinic, id).await?.ok_or_else(Problem::not_found)?;
            if state != ImportState::Ready {
                return Err(not_ready(state));
            }
            let row = import_rows::find(tx, clinic, id, number).await?.ok_or_else(Problem::not_found)?;
            if row.deleted {
                return Ok(());
            }
            import_rows::mark_deleted(tx, clinic, id, number).await?;
            if let (Verdict::New | Verdict::Updates | Verdict::Suppressed, Some(phone)) = (row.verdict, &row.phone) {
                import_rows::promote_repeat(tx, clinic, id, phone, row.verdict).await?;
            }
            Ok(())
        })
    });
    dropped.await.map(|()| StatusCode::NO_CONTENT)
}
