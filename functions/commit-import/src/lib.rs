//! Triggered by `ImportApproved`, through the queue `commit-import`.
//! Responsible for turning the good rows of an approved import into customers and groups, each chunk of them in one transaction.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use shared::batch::{BatchFailed, DeadLetters, each};
use shared::clock::Ambient;
use shared::db::import_rows::commit::{self, Found};
use shared::db::import_rows::{groups, job};
use shared::db::imports::{self, Import, Options};
use shared::db::{Database, DatabaseFailure, Tx, violates};
use shared::failure::Failure;
use shared::message::ImportApproved;
use shared::model::import::ColumnRole;
use shared::model::state::ImportState;
use shared::model::{ClinicId, ImportId};
use sqlx::error::DatabaseError;

/// Rows of one transaction. Locks are held for as long as it takes, a fraction of a second, and fourteen statements do it at most.
pub const CHUNK: u32 = 10_000;
/// How often a chunk is begun anew because somebody else added one of its people, or one of its groups, meanwhile.
const TRIES: u32 = 5;

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

/// Works a batch of approvals off.
///
/// # Errors
/// When every message failed.
pub async fn handle<D: DeadLetters>(deps: &Deps<D>, event: SqsEvent) -> Result<SqsBatchResponse, BatchFailed> {
    each(event, &deps.dead_letters, async |message: &ImportApproved| {
        let ImportApproved::V1 { clinic_id, import_id } = message;
        commit(deps, *clinic_id, *import_id).await
    })
    .await
}

/// Why an import is not committed.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("there is no import {0}")]
    NoImport(ImportId),
    #[error("import {0} is {1}, not approved")]
    NotApproved(ImportId, ImportState),
    #[error("import {0}: its people are being added by somebody else all the time")]
    Contended(ImportId),
}

/// Why a chunk was not written.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    /// What the chunk was decided by is not so any more: begun anew, it is decided by what is so then.
    #[error("overtaken by somebody else")]
    Overtaken,
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl From<sqlx::Error> for Stopped {
    /// Somebody else has just added a customer with the phone or a group with the name, or has deleted the group.
    fn from(error: sqlx::Error) -> Self {
        let overtaken = ["customers_phone", "customer_groups_name"].iter().any(|key| violates(&error, key))
            || error.as_database_error().is_some_and(DatabaseError::is_foreign_key_violation);
        if overtaken { Self::Overtaken } else { Self::Failed(error.into()) }
    }
}

impl DatabaseFailure for Stopped {
    fn database(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Overtaken => None,
            Self::Failed(failure) => failure.database(),
        }
    }
}

/// How far one transaction came.
enum Step {
    /// There may be more to do.
    Written,
    /// That was all.
    Committed(Box<Import>),
    /// There was nothing to do.
    Settled,
}

/// Whoever is killed leaves whole chunks behind, and the next delivery goes on with the next one.
async fn commit<D>(deps: &Deps<D>, clinic: ClinicId, import: ImportId) -> Result<(), Failure> {
    loop {
        match step(deps, clinic, import).await? {
            Step::Written => {}
            Step::Committed(done) => {
                let (rows, added, updated) = (done.rows_committed, done.rows_added, done.rows_updated);
                tracing::info!(event = "import.committed", import.id = %import, clinic.id = %clinic, rows, added, updated, "committed");
                return Ok(());
            }
            Step::Settled => {
                tracing::info!(event = "import.repeated", import.id = %import, clinic.id = %clinic, "committed before");
                return Ok(());
            }
        }
    }
}

async fn step<D>(deps: &Deps<D>, clinic: ClinicId, import: ImportId) -> Result<Step, Failure> {
    let (ambient, limit) = (&deps.ambient, deps.chunk);
    for _ in 0..TRIES {
        let written = deps.database.transaction::<_, Stopped>("commit_import", |tx| {
            Box::pin(async move { work(tx, ambient, clinic, import, limit).await })
        });
        match written.await {
            Ok(step) => return Ok(step),
            Err(Stopped::Failed(failure)) => return Err(failure),
            Err(Stopped::Overtaken) => {
                tracing::info!(event = "import.overtaken", import.id = %import, clinic.id = %clinic, "a chunk begins anew");
            }
        }
    }
    Err(Failure::retry(Trouble::Contended(import)))
}

/// Another delivery of the same approval waits for the lock of the import, and then goes on with the next chunk.
async fn work(tx: &mut Tx<'_>, ambient: &Ambient, clinic: ClinicId, import: ImportId, limit: u32) -> Result<Step, Stopped> {
    let job = job::lock(tx, clinic, import).await?.ok_or_else(|| Failure::reject(Trouble::NoImport(import)))?;
    match job.state {
        ImportState::Committing => {}
        ImportState::Committed | ImportState::Undoing | ImportState::Undone => return Ok(Step::Settled),
        state => return Err(Failure::reject(Trouble::NotApproved(import, state)).into()),
    }
    let found = commit::find_chunk(tx, clinic, import, job.worked_through, limit).await?;
    if let Some(found) = &found {
        write(tx, ambient, found, &job.options).await?;
    }
    if found.is_some_and(|found| found.chunk.rows == u64::from(limit)) {
        return Ok(Step::Written);
    }
    imports::set_state(tx, ambient, clinic, import, ImportState::Committed).await?;
    let done = imports::find(tx, clinic, import).await?.ok_or_else(|| Failure::reject(Trouble::NoImport(import)))?;
    // Customers that were left alone have none of the file's columns.
    if done.rows_committed > 0 {
        let columns = done.contents.columns.iter().filter(|column| column.role == ColumnRole::Attribute);
        let names: Vec<&str> = columns.map(|column| column.header.as_str()).collect();
        commit::insert_columns(tx, ambient, clinic, import, &names).await?;
    }
    Ok(Step::Committed(Box::new(done)))
}

async fn write(tx: &mut Tx<'_>, ambient: &Ambient, found: &Found, options: &Options) -> Result<(), Stopped> {
    let (chunk, one_for_all) = (&found.chunk, options.target_group.is_some());
    // Who is added by somebody else from now on stops the chunk by the unique key, and who is suppressed by the last look.
    if !found.all_new {
        commit::decide(tx, chunk, options.update_existing).await?;
    }
    if let Some(chosen) = options.target_group {
        groups::remember_chosen(tx, chunk, chosen).await?;
    } else {
        let mut named = groups::list_named(tx, chunk).await?;
        groups::insert_missing(tx, ambient, chunk, &mut named).await?;
        groups::remember(tx, chunk, &named).await?;
    }
    commit::insert_customers(tx, ambient, chunk).await?;
    commit::insert_members(tx, chunk, one_for_all).await?;
    if !found.all_new && options.update_existing {
        commit::keep_previous(tx, ambient, chunk).await?;
        commit::update_customers(tx, chunk).await?;
        commit::join_groups(tx, chunk, one_for_all).await?;
    }
    if commit::advance(tx, ambient, chunk).await? { Ok(()) } else { Err(Stopped::Overtaken) }
}
