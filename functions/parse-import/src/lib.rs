//! Triggered by S3 through `ParseImportQueue` when a clinic's list was uploaded, one file at a time.
//! Responsible for turning the file into rows with verdicts, or for saying why it cannot be read; it writes no customers.

mod csv;
pub mod file;
mod markup;
mod notification;
pub mod reader;
mod scan;
pub mod table;
pub mod verdict;
mod xlsx;

use std::sync::Arc;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use shared::aws::uploads::Uploads;
use shared::batch::{self, BatchFailed, DeadLetters};
use shared::clock::Ambient;
use shared::db::import_rows::{self, ImportRow};
use shared::db::imports::{self, Contents};
use shared::db::{Database, DatabaseFailure, customers, suppressions};
use shared::failure::{Failure, chain};
use shared::model::import::ImportFailure;
use shared::model::state::{ImportState, Verdict};
use shared::model::{ClinicId, ImportId, PhoneNumber};
use shared::store::Store;
use sqlx::MySqlConnection;

use crate::file::Limits;
use crate::notification::{Notification, Upload};
use crate::reader::Reading;

/// Rows after which the progress is told.
const PROGRESS_STEP: usize = 1000;

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

/// Works off the notifications of the bucket.
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
    let Upload { key, clinic, import } = upload;
    if !start(deps, *clinic, *import).await? {
        return Ok(());
    }
    let outcome = match deps.files.fetch(key, deps.limits.bytes).await? {
        Some(file) => stage(deps, *clinic, *import, Arc::new(file)).await,
        None => Err(Stopped::Refused(ImportFailure::TooLarge)),
    };
    match outcome {
        Ok(Some(contents)) => {
            let rows = contents.rows_read;
            tracing::info!(event = "import.ready", clinic.id = %clinic, import.id = %import, rows, "import is ready for review");
        }
        Ok(None) => overtaken(*clinic, *import),
        Err(Stopped::Refused(failure)) => refuse(deps, *clinic, *import, failure).await?,
        Err(Stopped::Failed(failure)) => return Err(failure),
    }
    Ok(())
}

fn overtaken(clinic: ClinicId, import: ImportId) {
    tracing::info!(event = "import.settled", clinic.id = %clinic, import.id = %import, "import was settled before");
}

/// Whether the file is to be read; then the import says so.
async fn start<F, D>(deps: &Deps<F, D>, clinic: ClinicId, import: ImportId) -> Result<bool, Failure> {
    let ambient = &deps.ambient;
    let started = deps.database.transaction::<_, Failure>("start_parsing", |tx| {
        Box::pin(async move {
            let state = imports::lock(tx, clinic, import).await?;
            if let Some(ImportState::Uploading | ImportState::Parsing) = state {
                imports::set_state(tx, ambient, clinic, import, ImportState::Parsing).await?;
            }
            Ok(state)
        })
    });
    match started.await? {
        Some(ImportState::Uploading | ImportState::Parsing) => Ok(true),
        Some(_) => {
            overtaken(clinic, import);
            Ok(false)
        }
        None => {
            tracing::warn!(event = "import.unknown", clinic.id = %clinic, import.id = %import, "a file for no import is left alone");
            Ok(false)
        }
    }
}

/// Writes the rows and says that they are ready: one transaction, so that a killed worker leaves nothing behind. `None` when
/// another delivery was faster.
async fn stage<F, D>(
    deps: &Deps<F, D>,
    clinic: ClinicId,
    import: ImportId,
    file: Arc<Vec<u8>>,
) -> Result<Option<Contents>, Stopped> {
    let (file, ambient, store, limits) = (&file, &deps.ambient, &deps.store, deps.limits);
    let staged = deps.database.transaction::<_, Stopped>("stage_import", |tx| {
        Box::pin(async move {
            if imports::lock(tx, clinic, import).await? != Some(ImportState::Parsing) {
                return Ok(None);
            }
            import_rows::delete_all(tx, clinic, import).await?;
            let mut progress = Progress { store, import, rows: 0, told: true };
            let bytes = Arc::clone(file);
            let mut reading = Reading::begin(move |take| file::read(&bytes, &limits, take));
            while let Some(mut rows) = reading.next().await {
                settle(tx, clinic, &mut rows).await?;
                for step in rows.chunks(PROGRESS_STEP) {
                    import_rows::insert_all(tx, clinic, import, step).await?;
                    progress.advance(step.len()).await;
                }
            }
            let contents = reading.outcome().await.map_err(Stopped::Refused)?;
            imports::mark_ready(tx, ambient, clinic, import, &contents).await?;
            Ok(Some(contents))
        })
    });
    staged.await
}

/// Completes the verdicts by what the clinic knows of the phones.
async fn settle(connection: &mut MySqlConnection, clinic: ClinicId, rows: &mut [ImportRow]) -> Result<(), sqlx::Error> {
    let new = rows.iter().filter(|row| row.verdict == Verdict::New);
    let phones: Vec<&PhoneNumber> = new.filter_map(|row| row.phone.as_ref()).collect();
    if phones.is_empty() {
        return Ok(());
    }
    let suppressed = suppressions::find_by_phones(connection, clinic, &phones).await?;
    let customers = customers::find_by_phones(connection, clinic, &phones).await?;
    verdict::settle(rows, &suppressed, &customers);
    Ok(())
}

/// Says why the file cannot be read.
async fn refuse<F, D>(deps: &Deps<F, D>, clinic: ClinicId, import: ImportId, failure: ImportFailure) -> Result<(), Failure> {
    let ambient = &deps.ambient;
    let refused = deps.database.transaction::<_, Failure>("refuse_import", |tx| {
        Box::pin(async move {
            if imports::lock(tx, clinic, import).await? == Some(ImportState::Parsing) {
                import_rows::delete_all(tx, clinic, import).await?;
                imports::mark_failed(tx, ambient, clinic, import, failure).await?;
            }
            Ok(())
        })
    });
    refused.await?;
    tracing::warn!(event = "import.failed", clinic.id = %clinic, import.id = %import, reason = %failure, "file cannot be read");
    Ok(())
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

/// Why rows were not staged.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    /// The file cannot become a list to review.
    #[error("refused: {0}")]
    Refused(ImportFailure),
    /// Something around it failed.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl From<sqlx::Error> for Stopped {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl DatabaseFailure for Stopped {
    fn database(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Refused(_) => None,
            Self::Failed(failure) => failure.database(),
        }
    }
}
