//! Triggered through `ParseImportQueue`, one file at a time: by S3 when a clinic's list was uploaded, and by `ImportRemapped` when
//! staff corrected how it is to be read. Responsible for turning the file into rows with verdicts, or for saying why it cannot be
//! read; it writes no customers.

#[cfg(test)]
mod agreement;
mod attributes;
mod cells;
mod counts;
mod csv;
pub mod file;
mod header;
mod limits;
mod markup;
mod notification;
pub mod reader;
mod scan;
pub mod table;
mod text;
mod value;
pub mod verdict;
mod words;
mod xlsx;

use std::sync::Arc;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use shared::aws::uploads::Uploads;
use shared::batch::{self, BatchFailed, DeadLetters};
use shared::clock::Ambient;
use shared::db::Database;
use shared::db::import_rows::{self, Insertion};
use shared::db::imports::{self, Contents};
use shared::failure::{Failure, chain};
use shared::model::state::ImportState;
use shared::model::{ClinicId, ImportId};
use shared::store::Store;
use sqlx::{Executor, MySqlConnection};

use crate::file::{How, Limits, Refusal};
use crate::notification::{Notification, Upload};
use crate::reader::Reading;

/// Rows that are settled by one statement.
const SETTLED: usize = 20_000;

/// Where the uploaded files are.
pub trait Files {
    /// The file, or `None` when it is larger than the limit (in bytes).
    fn fetch(&self, key: &str, limit: u64) -> impl Future<Output = Result<Option<Vec<u8>>, Failure>> + Send;
}

impl Files for Uploads {
    async fn fetch(&self, key: &str, limit: u64) -> Result<Option<Vec<u8>>, Failure> {
        Uploads::fetch(self, key, limit).await
    }
}

/// What the use case needs.
pub struct Deps<F, D> {
    /// The database.
    pub database: Database,
    /// The uploaded files.
    pub files: F,
    /// Progress, for whoever looks on.
    pub store: Store,
    /// Messages that can never succeed.
    pub dead_letters: D,
    /// Time and randomness.
    pub ambient: Ambient,
    /// How much is read.
    pub limits: Limits,
}

/// Works off the messages of the queue.
///
/// # Errors
/// When every message failed.
pub async fn handle<F: Files, D: DeadLetters>(deps: &Deps<F, D>, event: SqsEvent) -> Result<SqsBatchResponse, BatchFailed> {
    batch::each(event, &deps.dead_letters, async |notification: &Notification| {
        for upload in notification.uploads() {
            if let Some(upload) = upload {
                parse(deps, &upload).await?;
            } else {
                tracing::warn!(event = "upload.foreign", "a file that is no import's is left alone");
            }
        }
        Ok(())
    })
    .await
}

/// Reads one file. Whatever was begun by an earlier delivery is begun anew; whatever was finished stays.
async fn parse<F: Files, D: DeadLetters>(deps: &Deps<F, D>, upload: &Upload) -> Result<(), Failure> {
    let Upload { key, clinic, import, .. } = upload;
    if !start(deps, upload).await? {
        return Ok(());
    }
    let file = deps.files.fetch(key, deps.limits.bytes).await?.map(Arc::new);
    match stage(deps, *clinic, *import, file.as_ref()).await? {
        Some(Ok(rows)) => {
            tracing::info!(event = "import.ready", clinic.id = %clinic, import.id = %import, rows, "import is ready for review");
        }
        Some(Err(reason)) => {
            tracing::warn!(event = "import.failed", clinic.id = %clinic, import.id = %import, %reason, "file cannot be read");
        }
        None => overtaken(*clinic, *import),
    }
    Ok(())
}

fn overtaken(clinic: ClinicId, import: ImportId) {
    tracing::info!(event = "import.settled", clinic.id = %clinic, import.id = %import, "import was settled before");
}

/// Whether the file is to be read; then the import says so. That an import is to be read again is said by its state, so a
/// message that comes late or twice finds it in another one.
async fn start<F, D>(deps: &Deps<F, D>, upload: &Upload) -> Result<bool, Failure> {
    let (ambient, &Upload { clinic, import, is_new, .. }) = (&deps.ambient, upload);
    let started = deps.database.transaction::<_, Failure>("start_parsing", |tx| {
        Box::pin(async move {
            let state = imports::lock(tx, clinic, import).await?;
            let starts = state == Some(ImportState::Parsing) || is_new && state == Some(ImportState::Uploading);
            if starts {
                imports::set_state(tx, ambient, clinic, import, ImportState::Parsing).await?;
            }
            Ok((state, starts))
        })
    });
    let (state, starts) = started.await?;
    match state {
        Some(_) if !starts => overtaken(clinic, import),
        Some(_) => {}
        None => {
            tracing::warn!(event = "import.unknown", clinic.id = %clinic, import.id = %import, "a file for no import is left alone");
        }
    }
    Ok(starts)
}

/// Writes the rows and says that they are ready, or says why there are none: one transaction, so that a killed worker leaves
/// nothing behind, and so that it is the wish of this moment that was followed. Without a file, it was too large. Answers how
/// many rows there are; `None` when another delivery was faster.
async fn stage<F, D>(
    deps: &Deps<F, D>,
    clinic: ClinicId,
    import: ImportId,
    file: Option<&Arc<Vec<u8>>>,
) -> Result<Option<Result<u32, Refusal>>, Failure> {
    let (ambient, store, limits) = (&deps.ambient, &deps.store, deps.limits);
    let staged = deps.database.transaction::<_, Failure>("stage_import", |tx| {
        Box::pin(async move {
            imports::lock(tx, clinic, import).await?;
            let Some(wish) = imports::find(tx, clinic, import).await?.filter(|found| found.state == ImportState::Parsing)
            else {
                return Ok(None);
            };
            import_rows::delete_all(tx, clinic, import).await?;
            tx.execute("SAVEPOINT nothing_staged").await?;
            let (mut found, outcome) = match file {
                Some(file) => {
                    let (bytes, how) = (Arc::clone(file), How { limits, wish: wish.wish });
                    let reading = Reading::begin(move |found, take| file::read(&bytes, &how, found, take));
                    let progress = Progress { store, import, rows: 0, told: true };
                    write(tx, ambient, clinic, import, reading, progress).await?
                }
                None => (Contents::default(), Err(Refusal::too_large(&limits))),
            };
            let Err(Refusal { failure, at }) = &outcome else {
                imports::mark_ready(tx, ambient, clinic, import, &found).await?;
                return Ok(Some(Ok(found.rows_read)));
            };
            tx.execute("ROLLBACK TO SAVEPOINT nothing_staged").await?;
            found.rows_read = 0;
            imports::mark_failed(tx, ambient, clinic, import, (*failure, at.as_deref()), &found).await?;
            Ok(Some(outcome.map(|()| 0)))
        })
    });
    staged.await
}

/// Writes the rows as they are read, and then what the clinic knows of their phones.
async fn write(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    import: ImportId,
    mut reading: Reading,
    mut progress: Progress<'_>,
) -> Result<(Contents, Result<(), Refusal>), sqlx::Error> {
    let mut numbers = Vec::new();
    let (mut statements, mut writing) = (Vec::new(), 0);
    loop {
        // While the server is at some rows, the statement for the next is made.
        let next = async {
            let rows = reading.next().await?;
            numbers.extend(rows.first().zip(rows.last()).map(|(first, last)| (rows.len(), first.number, last.number)));
            Some((rows.len(), Insertion::of(ambient, clinic, import, &rows)))
        };
        let (written, next) = tokio::join!(import_rows::insert_all(connection, statements), next);
        written?;
        progress.advance(writing).await;
        let Some(next) = next else { break };
        (writing, statements) = next;
    }
    let (found, outcome) = reading.outcome().await;
    if outcome.is_ok() && import_rows::knows_anybody(connection, clinic).await? {
        for range in ranges(&numbers) {
            import_rows::settle(connection, clinic, import, range).await?;
        }
    }
    Ok((found, outcome))
}

/// Puts chunks of rows, each with its first and its last number, together to ranges that are worth a statement.
fn ranges(chunks: &[(usize, u32, u32)]) -> Vec<(u32, u32)> {
    let mut ranges: Vec<(usize, u32, u32)> = Vec::new();
    for &(rows, first, last) in chunks {
        match ranges.last_mut() {
            Some(range) if range.0 + rows <= SETTLED => *range = (range.0 + rows, range.1, last),
            _ => ranges.push((rows, first, last)),
        }
    }
    ranges.into_iter().map(|(_, first, last)| (first, last)).collect()
}

/// Tells how far an import is, as long as somebody listens.
struct Progress<'a> {
    store: &'a Store,
    import: ImportId,
    rows: usize,
    told: bool,
}

impl Progress<'_> {
    async fn advance(&mut self, rows: usize) {
        self.rows += rows;
        // A store that is down would make every step wait, and nothing but a number on a screen depends on it.
        if !self.told {
            return;
        }
        if let Err(error) = self.store.set_rows_read(self.import, u32::try_from(self.rows).unwrap_or(u32::MAX)).await {
            tracing::warn!(event = "progress.lost", import.id = %self.import, error = %chain(&error), "progress is not shown");
            self.told = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_that_settle_rows_go_through_so_many_rows_whatever_their_numbers() {
        let chunks: Vec<_> = (0..25).map(|at| (2000, at * 9000 + 2, at * 9000 + 8000)).collect();
        let first = ranges(&chunks);
        assert_eq!(first, [(2, 9 * 9000 + 8000), (10 * 9000 + 2, 19 * 9000 + 8000), (20 * 9000 + 2, 24 * 9000 + 8000)]);
        assert_eq!((ranges(&[]), ranges(&[(1, 7, 7)])), (vec![], vec![(7, 7)]));
    }
}
