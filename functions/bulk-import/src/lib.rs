//! Triggered by the routes below `/v1/imports`.
//! Responsible for an import from its upload address to its approval; reading and committing are done by queue consumers.

mod review;
mod view;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use shared::aws::topics::{Outgoing, Publisher};
use shared::clock::Ambient;
use shared::db::idempotency::{self, Request, Seen};
use shared::db::{Database, Tx, imports, outbox};
use shared::failure::Failure;
use shared::http::{Body, Caller, IdempotencyKey, Ids, Kind, Problem, Staff, replay};
use shared::message::ImportApproved;
use shared::model::import::MAX_FILE_BYTES;
use shared::model::state::ImportState;
use shared::model::{ClinicId, ImportId};
use shared::store::Store;

/// How long an upload may be begun.
const UPLOAD_VALID_FOR: Duration = Duration::from_mins(15);
const MAX_FILE_NAME: usize = 255;

/// Where files are uploaded to.
pub trait Uploads {
    /// An address to which the file can be PUT within the time given.
    fn signed_put(&self, key: &str, valid_for: Duration) -> impl Future<Output = Result<String, Failure>> + Send;
}

impl Uploads for shared::aws::uploads::Uploads {
    async fn signed_put(&self, key: &str, valid_for: Duration) -> Result<String, Failure> {
        Self::signed_put(self, key, valid_for).await
    }
}

/// What the use case needs.
pub struct Deps<P, U> {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
    /// Tells commit-import of an approval.
    pub publisher: P,
    /// Signs the upload.
    pub uploads: U,
    /// Knows how far reading and committing are.
    pub store: Store,
}

/// The routes of this function.
pub fn routes<P, U>(deps: Deps<P, U>) -> Router
where
    P: Publisher + Send + Sync + 'static,
    U: Uploads + Send + Sync + 'static,
{
    Router::new()
        .route("/v1/imports", post(start::<P, U>))
        .route("/v1/imports/{importId}", get(review::show::<P, U>))
        .route("/v1/imports/{importId}/rows", get(review::rows::<P, U>))
        .route("/v1/imports/{importId}/rows/{rowNumber}", delete(review::drop_row::<P, U>))
        .route("/v1/imports/{importId}/commit", post(commit::<P, U>))
        .with_state(Arc::new(deps))
}

/// A file to come.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewImport {
    file_name: FileName,
}

/// The name of a file as people see it, 1 to 255 characters. It names nothing of ours: the object has a key of its own.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct FileName(String);

impl TryFrom<String> for FileName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let visible: String = text.chars().filter(|c| !c.is_control()).collect();
        let tidy = visible.trim();
        if (1..=MAX_FILE_NAME).contains(&tidy.chars().count()) {
            Ok(Self(tidy.to_owned()))
        } else {
            Err(format!("must have 1 to {MAX_FILE_NAME} characters"))
        }
    }
}

/// Where to put the file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct UploadView {
    id: ImportId,
    state: ImportState,
    upload_url: String,
    upload_method: &'static str,
    max_bytes: u64,
}

/// What an approval asks for: nothing yet beyond the import itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Approval {}

/// The state that an approval led to.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ApprovedView {
    id: ImportId,
    state: ImportState,
}

async fn start<P, U: Uploads>(
    State(deps): State<Arc<Deps<P, U>>>,
    caller: Caller,
    Body(new): Body<NewImport>,
) -> Result<(StatusCode, Json<UploadView>), Problem> {
    let id = ImportId::new(&deps.ambient);
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let key = format!("imports/{}/{id}", staff.clinic);
    let upload_url = deps.uploads.signed_put(&key, UPLOAD_VALID_FOR).await.map_err(Problem::internal)?;
    imports::insert(&mut connection, &deps.ambient, staff.clinic, id, &new.file_name.0).await?;
    tracing::info!(event = "import.started", import.id = %id, clinic.id = %staff.clinic, staff.id = %staff.id, "import started");
    let view = UploadView { id, state: ImportState::Uploading, upload_url, upload_method: "PUT", max_bytes: MAX_FILE_BYTES };
    Ok((StatusCode::CREATED, Json(view)))
}

async fn commit<P: Publisher, U>(
    State(deps): State<Arc<Deps<P, U>>>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    Ids(id): Ids<ImportId>,
    Body(Approval {}): Body<Approval>,
) -> Result<Response, Problem> {
    let request = Request::new(&caller.subject, "commit_import", &key, &id);
    let (ambient, caller, request) = (&deps.ambient, &caller, &request);
    let approved = deps.database.transaction::<_, Problem>("approve_import", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            match idempotency::claim(tx, ambient, request).await? {
                Seen::Never => {}
                Seen::Answered(status, body) => return Ok((replay(status, body), None)),
                Seen::Different => return Err(Problem::of(Kind::IdempotencyKeyReused)),
            }
            let (state, outgoing) = approve(tx, ambient, staff.clinic, id).await?;
            let status = if state == ImportState::Committed { StatusCode::OK } else { StatusCode::ACCEPTED };
            let view = ApprovedView { id, state };
            let body = serde_json::to_string(&view).map_err(Problem::internal)?;
            idempotency::save(tx, request, status.as_u16(), &body).await?;
            Ok(((status, Json(view)).into_response(), outgoing))
        })
    });
    let (response, outgoing) = approved.await?;
    if outgoing.is_some() {
        tracing::info!(event = "import.approved", import.id = %id, "import approved");
    }
    outbox::publish(&deps.database, &deps.publisher, outgoing.as_slice()).await;
    Ok(response)
}

/// Lets a ready import be committed. One that is on its way already stays as it is, and nobody is told again.
async fn approve(
    tx: &mut Tx<'_>,
    ambient: &Ambient,
    clinic: ClinicId,
    id: ImportId,
) -> Result<(ImportState, Option<Outgoing>), Problem> {
    match imports::lock(tx, clinic, id).await?.ok_or_else(Problem::not_found)? {
        ImportState::Ready => {
            imports::set_state(tx, ambient, clinic, id, ImportState::Committing).await?;
            let fact = ImportApproved::V1 { clinic_id: clinic, import_id: id };
            let outgoing = outbox::insert(tx, ambient, &fact).await?;
            Ok((ImportState::Committing, Some(outgoing)))
        }
        state @ (ImportState::Committing | ImportState::Committed) => Ok((state, None)),
        state => Err(not_ready(state)),
    }
}

/// The import is not one whose rows wait for a decision.
fn not_ready(state: ImportState) -> Problem {
    Problem::of(Kind::ImportNotReady).with("state", state.as_str())
}
