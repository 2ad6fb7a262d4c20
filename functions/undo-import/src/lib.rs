//! Triggered by `ImportRevoked`, through the queue `undo-import`.
//! Responsible for taking back what a committed import did, but for customers whom somebody edited since; each chunk of rows in
//! one transaction.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use shared::batch::{BatchFailed, DeadLetters, each};
use shared::clock::Ambient;
use shared::db::import_rows::job::{self, Chunk};
use shared::db::import_rows::undo;
use shared::db::imports::{self, Import};
use shared::db::{Database, Tx};
use shared::failure::Failure;
use shared::message::ImportRevoked;
use shared::model::state::ImportState;
use shared::model::{ClinicId, ImportId};

/// Rows of one transaction. Locks are held for as long as it takes, a fraction of a second, and eleven statements do it.
pub const CHUNK: u32 = 10_000;

/// What the use case needs.
pub struct Deps<D> {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
    /// Where impossible messages go.
    pub dead_letters: D,
    /// Rows of one transaction, [`CHUNK`] but in tests.
    pub chunk: u32,
}

/// Works a batch of revocations off.
///
/// # Errors
/// When every message failed.
pub async fn handle<D: DeadLetters>(deps: &Deps<D>, event: SqsEvent) -> Result<SqsBatchResponse, BatchFailed> {
    each(event, &deps.dead_letters, async |message: &ImportRevoked| {
        let ImportRevoked::V1 { clinic_id, import_id } = message;
        undo(deps, *clinic_id, *import_id).await
    })
    .await
}

/// The message names something that cannot be undone.
#[derive(Debug, thiserror::Error)]
enum Impossible {
    #[error("there is no import {0}")]
    NoImport(ImportId),
    #[error("import {0} is {1}, not revoked")]
    NotRevoked(ImportId, ImportState),
}

/// How far one transaction came.
enum Step {
    /// There may be more to do.
    Written,
    /// That was all.
    Undone(Box<Import>),
    /// Nobody knows any more what the import did, so it stays.
    Forgotten,
    /// There was nothing to do.
    Settled,
}

/// Whoever is killed leaves whole chunks behind, and the next delivery goes on with the next one.
async fn undo<D>(deps: &Deps<D>, clinic: ClinicId, import: ImportId) -> Result<(), Failure> {
    let (ambient, limit) = (&deps.ambient, deps.chunk);
    loop {
        let step = deps.database.transaction::<_, Failure>("undo_import", |tx| {
            Box::pin(async move { work(tx, ambient, clinic, import, limit).await })
        });
        match step.await? {
            Step::Written => {}
            step => {
                tell(clinic, import, &step);
                return Ok(());
            }
        }
    }
}

fn tell(clinic: ClinicId, import: ImportId, step: &Step) {
    match step {
        Step::Undone(done) => {
            let (undone, kept) = (done.rows_undone, done.rows_kept);
            tracing::info!(event = "import.undone", import.id = %import, clinic.id = %clinic, undone, kept, "import undone");
        }
        Step::Forgotten => {
            tracing::warn!(event = "import.not_undone", import.id = %import, clinic.id = %clinic, "nobody knows what it did");
        }
        Step::Written | Step::Settled => {
            tracing::info!(event = "import.repeated", import.id = %import, clinic.id = %clinic, "undone before");
        }
    }
}

/// Another delivery of the same revocation waits for the lock of the import, and then goes on with the next chunk.
async fn work(tx: &mut Tx<'_>, ambient: &Ambient, clinic: ClinicId, import: ImportId, limit: u32) -> Result<Step, Failure> {
    let missing = || Failure::reject(Impossible::NoImport(import));
    let job = job::lock(tx, clinic, import).await?.ok_or_else(missing)?;
    match job.state {
        ImportState::Undoing => {}
        ImportState::Undone | ImportState::Committed => return Ok(Step::Settled),
        state => return Err(Failure::reject(Impossible::NotRevoked(import, state))),
    }
    let found = undo::find_chunk(tx, clinic, import, job.worked_through, limit).await?;
    if found.is_none() && job.worked_through == 0 && job.rows_committed > 0 {
        // Its rows are deleted because of their age, or it was committed before they told what became of them.
        imports::set_state(tx, ambient, clinic, import, ImportState::Committed).await?;
        return Ok(Step::Forgotten);
    }
    if let Some((chunk, _)) = &found {
        take_back(tx, ambient, chunk, job.options.target_group.is_some()).await?;
    }
    if found.is_some_and(|(_, rows)| rows == u64::from(limit)) {
        return Ok(Step::Written);
    }
    undo::delete_groups(tx, clinic, import).await?;
    undo::delete_columns(tx, clinic, import).await?;
    imports::set_state(tx, ambient, clinic, import, ImportState::Undone).await?;
    let done = imports::find(tx, clinic, import).await?.ok_or_else(missing)?;
    Ok(Step::Undone(Box::new(done)))
}

async fn take_back(tx: &mut Tx<'_>, ambient: &Ambient, chunk: &Chunk, one_for_all: bool) -> Result<(), sqlx::Error> {
    undo::recall(tx, chunk, one_for_all).await?;
    undo::mark_kept(tx, chunk).await?;
    undo::delete_members(tx, chunk).await?;
    undo::restore_customers(tx, chunk).await?;
    undo::delete_customers(tx, chunk).await?;
    undo::mark_undone(tx, chunk).await?;
    undo::advance(tx, ambient, chunk).await
}
