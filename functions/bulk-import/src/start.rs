//! The beginning: an address to which the file is uploaded.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::db::imports;
use shared::http::{Body, Caller, Problem, Staff};
use shared::model::ImportId;
use shared::model::state::ImportState;
use utoipa::ToSchema;

use crate::{Deps, Uploads};

/// How long an upload may be begun.
const VALID_FOR: Duration = Duration::from_mins(15);
const MAX_FILE_NAME: usize = 255;

/// A file to come.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"fileName": "고객명단.xlsx"}))]
pub struct NewImport {
    /// What the file is called, for people.
    #[schema(value_type = String, min_length = 1, max_length = 255)]
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
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UploadView {
    /// The import that waits for the file.
    id: ImportId,
    /// `uploading`.
    state: ImportState,
    /// Where the file is to be sent, within 15 minutes and without any token.
    upload_url: String,
    /// How: `PUT`.
    upload_method: &'static str,
    /// The most bytes that the file may have.
    max_bytes: u64,
}

/// Begins an import
///
/// The answer says where the file is to be sent: an Excel workbook (.xlsx) or a CSV file.
#[utoipa::path(post, path = "/v1/imports", operation_id = "startImport", responses((status = 201, body = UploadView)))]
pub async fn start<P, U: Uploads, D>(
    State(deps): State<Arc<Deps<P, U, D>>>,
    caller: Caller,
    Body(new): Body<NewImport>,
) -> Result<(StatusCode, Json<UploadView>), Problem> {
    let id = ImportId::new(&deps.ambient);
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let key = format!("imports/{}/{id}", staff.clinic);
    let upload_url = deps.uploads.signed_put(&key, VALID_FOR).await.map_err(Problem::internal)?;
    imports::insert(&mut connection, &deps.ambient, staff.clinic, staff.id, id, &new.file_name.0).await?;
    tracing::info!(event = "import.started", import.id = %id, clinic.id = %staff.clinic, staff.id = %staff.id, "import started");
    let view =
        UploadView { id, state: ImportState::Uploading, upload_url, upload_method: "PUT", max_bytes: deps.largest.bytes };
    Ok((StatusCode::CREATED, Json(view)))
}
