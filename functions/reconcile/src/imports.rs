//! Imports that are stuck, and rows of imports that are not kept any longer. One that fails does not keep the others waiting.

use chrono::TimeDelta;
use shared::aws::topics::{Outgoing, Publisher};
use shared::clock::Ambient;
use shared::db::imports::unmoved::{self, Unmoved};
use shared::db::{Tx, import_rows, imports, outbox};
use shared::failure::Failure;
use shared::message::{ImportApproved, ImportRevoked};
use shared::model::import::{ImportFailure, ROWS_KEPT_FOR};
use shared::model::state::ImportState;

use crate::{Deps, Parts, in_time};

/// The queue of parse-import has brought a file five times by then, and nobody is at it any more.
const PARSING_LIMIT: TimeDelta = TimeDelta::hours(1);
/// Writing an import takes seconds; a message that was lost or failed would have come back from its queue. Whoever is told once more
/// takes part in what is left.
const WRITING_LIMIT: TimeDelta = TimeDelta::minutes(15);
/// The address to upload to was good for minutes.
const UPLOAD_LIMIT: TimeDelta = TimeDelta::hours(24);
/// Imports per run and kind; the next run takes more.
const IMPORTS: u32 = 100;

/// Files whose reading did not come to an end, however often it was tried.
pub(crate) async fn fail<V, P, Q>(deps: &Deps<V, P, Q>) -> Result<usize, Failure> {
    let ambient = &deps.ambient;
    let before = ambient.now() - PARSING_LIMIT;
    let mut failed = 0;
    let mut parts = Parts(None);
    for stalled in in_time(list(deps, &[ImportState::Parsing], PARSING_LIMIT).await?) {
        let stalled = &stalled;
        let done = deps.database.transaction::<_, Failure>("fail_import", |tx| {
            Box::pin(async move {
                if !unmoved::lock(tx, stalled, before).await? {
                    return Ok(false);
                }
                let Some(import) = imports::find(tx, stalled.clinic, stalled.import).await? else { return Ok(false) };
                import_rows::delete_all(tx, stalled.clinic, stalled.import).await?;
                let failure = (ImportFailure::Stalled, None);
                imports::mark_failed(tx, ambient, stalled.clinic, stalled.import, failure, &import.contents).await?;
                Ok(true)
            })
        });
        if parts.run("fail_import", done.await) {
            tracing::warn!(event = "import.stalled", import.id = %stalled.import, "reading did not come to an end");
            failed += 1;
        }
    }
    parts.0.map_or(Ok(failed), Err)
}

/// Imports that are to be committed or undone, and nobody is at it: the fact is published once more.
pub(crate) async fn announce<V, P: Publisher, Q>(deps: &Deps<V, P, Q>) -> Result<usize, Failure> {
    let ambient = &deps.ambient;
    let before = ambient.now() - WRITING_LIMIT;
    let mut announced = 0;
    let mut parts = Parts(None);
    for stuck in in_time(list(deps, &[ImportState::Committing, ImportState::Undoing], WRITING_LIMIT).await?) {
        let stuck = &stuck;
        let outgoing = deps.database.transaction::<_, Failure>("announce_import", |tx| {
            Box::pin(async move {
                if !unmoved::lock(tx, stuck, before).await? {
                    return Ok(None);
                }
                // Not again before it has had the same time once more.
                imports::set_state(tx, ambient, stuck.clinic, stuck.import, stuck.state).await?;
                Ok(Some(fact(tx, ambient, stuck).await?))
            })
        });
        if let Some(outgoing) = parts.run("announce_import", outgoing.await) {
            tracing::warn!(event = "import.announced", import.id = %stuck.import, state = %stuck.state, "announced once more");
            outbox::publish(&deps.database, &deps.publisher, &[outgoing]).await;
            announced += 1;
        }
    }
    parts.0.map_or(Ok(announced), Err)
}

async fn fact(tx: &mut Tx<'_>, ambient: &Ambient, stuck: &Unmoved) -> Result<Outgoing, sqlx::Error> {
    let (clinic_id, import_id) = (stuck.clinic, stuck.import);
    match stuck.state {
        ImportState::Undoing => outbox::insert(tx, ambient, &ImportRevoked::V1 { clinic_id, import_id }).await,
        _ => outbox::insert(tx, ambient, &ImportApproved::V1 { clinic_id, import_id }).await,
    }
}

/// Imports whose file never came, and previews that nobody decided on: they hold people's data.
pub(crate) async fn delete<V, P, Q>(deps: &Deps<V, P, Q>) -> Result<usize, Failure> {
    let mut abandoned: Vec<_> = Vec::new();
    for (state, limit) in [(ImportState::Uploading, UPLOAD_LIMIT), (ImportState::Ready, ROWS_KEPT_FOR)] {
        let before = deps.ambient.now() - limit;
        abandoned.extend(list(deps, &[state], limit).await?.into_iter().map(|import| (import, before)));
    }
    let mut deleted = 0;
    let mut parts = Parts(None);
    for (abandoned, before) in in_time(abandoned) {
        let abandoned = &abandoned;
        let done = deps.database.transaction::<_, Failure>("delete_import", |tx| {
            Box::pin(async move {
                let locked = unmoved::lock(tx, abandoned, before).await?;
                if locked {
                    imports::delete(tx, abandoned.clinic, abandoned.import).await?;
                }
                Ok(locked)
            })
        });
        if parts.run("delete_import", done.await) {
            tracing::info!(event = "import.abandoned", import.id = %abandoned.import, "nobody came back to it");
            deleted += 1;
        }
    }
    parts.0.map_or(Ok(deleted), Err)
}

/// Rows of imports that are over hold people's data, and are needed for nothing but undoing. Those of one import go in one
/// transaction, so that none is undone by half.
pub(crate) async fn expire<V, P, Q>(deps: &Deps<V, P, Q>) -> Result<usize, Failure> {
    let before = deps.ambient.now() - ROWS_KEPT_FOR;
    let mut expired = 0;
    let mut parts = Parts(None);
    let over = [ImportState::Committed, ImportState::Undone, ImportState::Failed];
    for old in in_time(list(deps, &over, ROWS_KEPT_FOR).await?) {
        // Those of one go together, in a few seconds.
        let old = &old;
        let done = deps.database.transaction::<_, Failure>("expire_import", |tx| {
            Box::pin(async move {
                let locked = unmoved::lock(tx, old, before).await?;
                if locked {
                    import_rows::delete_all(tx, old.clinic, old.import).await?;
                    unmoved::mark_expired(tx, old).await?;
                }
                Ok(locked)
            })
        });
        if parts.run("expire_import", done.await) {
            tracing::info!(event = "import.expired", import.id = %old.import, "its rows are deleted");
            expired += 1;
        }
    }
    parts.0.map_or(Ok(expired), Err)
}

async fn list<V, P, Q>(deps: &Deps<V, P, Q>, states: &[ImportState], limit: TimeDelta) -> Result<Vec<Unmoved>, Failure> {
    let mut connection = deps.database.acquire().await?;
    Ok(unmoved::list(&mut connection, states, deps.ambient.now() - limit, IMPORTS).await?)
}
