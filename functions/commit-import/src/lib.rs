//! Triggered by `ImportApproved`, through the queue `commit-import`.
//! Responsible for turning the good rows of an approved import into customers and groups, each chunk of them in one transaction.

use std::sync::{Mutex, PoisonError};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use shared::batch::{BatchFailed, DeadLetters, each};
use shared::clock::Ambient;
use shared::db::import_rows::job::{self, Chunk};
use shared::db::import_rows::{chunks, commit, groups};
use shared::db::imports::{self, Import};
use shared::db::{Database, DatabaseFailure, Tx, violates};
use shared::failure::Failure;
use shared::message::ImportApproved;
use shared::model::import::ColumnRole;
use shared::model::state::ImportState;
use shared::model::{ClinicId, ImportId};
use sqlx::error::DatabaseError;

/// Rows of one transaction at most. Locks are held for as long as it takes, less than a second, and eighteen statements do it.
pub const CHUNK: u32 = 20_000;
/// Connections that it works with: a chunk on each.
pub const CONNECTIONS: u32 = 2;
/// How often a chunk is begun anew because somebody else added one of its people, or one of its groups, meanwhile.
const TRIES: u32 = 5;

/// What the use case needs.
pub struct Deps<D> {
    /// The database, with as many connections as [`CONNECTIONS`] says.
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

/// Whoever is killed leaves whole chunks behind, and the next delivery goes on with the others. Two connections work at once; the
/// first chunk is done before, because it makes the groups that the others share.
async fn commit<D>(deps: &Deps<D>, clinic: ClinicId, import: ImportId) -> Result<(), Failure> {
    loop {
        let Some(open) = begin(deps, clinic, import).await? else {
            tracing::info!(event = "import.repeated", import.id = %import, clinic.id = %clinic, "committed before");
            return Ok(());
        };
        let mut open = open.iter();
        Box::pin(work(deps, open.next().into_iter())).await?;
        let open = Mutex::new(open);
        let next = || open.lock().unwrap_or_else(PoisonError::into_inner).next();
        let worker = || Box::pin(work(deps, std::iter::from_fn(next)));
        let (one, other) = tokio::join!(worker(), worker());
        one.and(other)?;
        if let Some(done) = end(deps, clinic, import).await? {
            let (rows, added, updated) = (done.rows_committed, done.rows_added, done.rows_updated);
            tracing::info!(event = "import.committed", import.id = %import, clinic.id = %clinic, rows, added, updated, "committed");
            return Ok(());
        }
    }
}

/// The chunks that are to be done; `None` when there is nothing to do any more.
async fn begin<D>(deps: &Deps<D>, clinic: ClinicId, import: ImportId) -> Result<Option<Vec<Chunk>>, Failure> {
    let limit = deps.chunk;
    let begun = deps.database.transaction::<_, Failure>("begin_commit", |tx| {
        Box::pin(async move {
            let job = job::lock(tx, clinic, import).await?.ok_or_else(|| Failure::reject(Trouble::NoImport(import)))?;
            if !is_open(import, job.state)? {
                return Ok(None);
            }
            if let Some(open) = chunks::list_open(tx, clinic, import).await? {
                return Ok(Some(open));
            }
            Ok(Some(chunks::plan(tx, clinic, import, job.worked_through, limit).await?))
        })
    });
    begun.await
}

/// Whether an import is being committed; `false` when it was.
fn is_open(import: ImportId, state: ImportState) -> Result<bool, Failure> {
    match state {
        ImportState::Committing => Ok(true),
        ImportState::Committed | ImportState::Undoing | ImportState::Undone => Ok(false),
        state => Err(Failure::reject(Trouble::NotApproved(import, state))),
    }
}

async fn work<D>(deps: &Deps<D>, chunks: impl Iterator<Item = &Chunk>) -> Result<(), Failure> {
    for chunk in chunks {
        step(deps, chunk).await?;
    }
    Ok(())
}

async fn step<D>(deps: &Deps<D>, chunk: &Chunk) -> Result<(), Failure> {
    let (ambient, Chunk { clinic, import, .. }) = (&deps.ambient, chunk);
    for _ in 0..TRIES {
        let written = deps
            .database
            .transaction::<_, Stopped>("commit_import", |tx| Box::pin(async move { write(tx, ambient, chunk).await }));
        match written.await {
            Ok(()) => return Ok(()),
            Err(Stopped::Failed(failure)) => return Err(failure),
            Err(Stopped::Overtaken) => {
                tracing::info!(event = "import.overtaken", import.id = %import, clinic.id = %clinic, "a chunk begins anew");
            }
        }
    }
    Err(Failure::retry(Trouble::Contended(*import)))
}

/// Does a chunk, unless it is done: another delivery of the same approval works too.
async fn write(tx: &mut Tx<'_>, ambient: &Ambient, chunk: &Chunk) -> Result<(), Stopped> {
    let job = job::share(tx, chunk.clinic, chunk.import).await?;
    let Some((ImportState::Committing, options)) = job else { return Ok(()) };
    if !chunks::claim(tx, chunk).await? {
        return Ok(());
    }
    // Who is added by somebody else from now on stops the chunk by the unique key, and who is suppressed by the last look.
    let all_new = commit::are_all_new(tx, chunk).await?;
    if !all_new {
        commit::decide(tx, chunk, options.update_existing).await?;
    }
    let one_for_all = options.target_group.is_some();
    if let Some(chosen) = options.target_group {
        groups::remember_chosen(tx, chunk, chosen).await?;
    } else {
        let mut named = groups::list_named(tx, chunk).await?;
        groups::insert_missing(tx, ambient, chunk, &mut named).await?;
        groups::remember(tx, chunk, &named).await?;
    }
    commit::insert_customers(tx, ambient, chunk).await?;
    commit::insert_members(tx, chunk, one_for_all).await?;
    if !all_new && options.update_existing {
        commit::keep_previous(tx, ambient, chunk).await?;
        commit::update_customers(tx, chunk).await?;
        commit::join_groups(tx, chunk, one_for_all).await?;
    }
    if chunks::count(tx, chunk).await? { Ok(()) } else { Err(Stopped::Overtaken) }
}

/// Says that the import is committed; `None` when a chunk is not done, because whoever was at it gave up.
async fn end<D>(deps: &Deps<D>, clinic: ClinicId, import: ImportId) -> Result<Option<Box<Import>>, Failure> {
    let ambient = &deps.ambient;
    let ended = deps.database.transaction::<_, Failure>("end_commit", |tx| {
        Box::pin(async move {
            let missing = || Failure::reject(Trouble::NoImport(import));
            let job = job::lock(tx, clinic, import).await?.ok_or_else(missing)?;
            let ended = is_open(import, job.state)?;
            if ended && !chunks::add_up(tx, ambient, clinic, import).await? {
                return Ok(None);
            }
            let done = imports::find(tx, clinic, import).await?.ok_or_else(missing)?;
            // Customers that were left alone have none of the file's columns.
            if ended && done.rows_committed > 0 {
                let columns = done.contents.columns.iter().filter(|column| column.role == ColumnRole::Attribute);
                let names: Vec<&str> = columns.map(|column| column.header.as_str()).collect();
                commit::insert_columns(tx, ambient, clinic, import, &names).await?;
            }
            Ok(Some(Box::new(done)))
        })
    });
    ended.await
}
