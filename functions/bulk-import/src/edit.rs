//! Correcting a row in the preview.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Deserializer, Serialize};
use shared::db::audit::{self, Subject};
use shared::db::import_rows::review::{self, ReviewRow, Scope};
use shared::db::imports::Import;
use shared::http::{Body, Caller, Ids, Kind, Language, Problem, Staff};
use shared::model::customer::visible;
use shared::model::import::ColumnRole;
use shared::model::state::Verdict;
use shared::model::{CustomerName, GroupName, ImportId, PhoneNumber};
use utoipa::ToSchema;

use crate::Deps;
use crate::lives::{find, lock_ready};
use crate::rows::{RowView, row_view};

/// The most bytes of a name, a phone or a value: as much as a file's cell may hold, so that the row can go out into a file and
/// come back.
const MAX_BYTES: usize = 1000;

/// Cells of a row that are to hold something else. What is not named stays; `null` and an empty text empty a cell.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = RowEdit, example = json!({"phone": "010-1234-5678", "attributes": {"메모": null}}))]
pub struct Edit {
    /// The customer's name. One that is empty, or longer than 50 characters, is kept and gets the verdict `missing_name`.
    #[serde(default, deserialize_with = "cell")]
    #[schema(max_length = 1000)]
    name: Option<String>,
    /// As people type it. What is no mobile number is kept and gets the verdict `bad_phone`.
    #[serde(default, deserialize_with = "cell")]
    #[schema(max_length = 1000)]
    phone: Option<String>,
    /// The name of a group.
    #[serde(default, deserialize_with = "cell")]
    #[schema(max_length = 50)]
    group: Option<String>,
    /// By the header of the column; the file has it.
    #[serde(default)]
    attributes: BTreeMap<String, Option<String>>,
}

/// A cell that is named, if only to be emptied.
fn cell<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::<String>::deserialize(deserializer).map(|text| Some(text.unwrap_or_default()))
}

/// The row as it is now, with what that makes of the whole.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EditedRow)]
pub struct EditedView {
    #[serde(flatten)]
    row: RowView,
    /// Rows that are not deleted, for every verdict: other rows may have another one now.
    counts: BTreeMap<Verdict, u64>,
}

/// Edits a row in the preview
///
/// What is not named stays as it is. The row is judged anew, and with it those that have the phone it had or has now.
#[utoipa::path(patch, path = "/v1/imports/{importId}/rows/{rowNumber}", operation_id = "editImportRow",
    responses((status = 200, body = EditedView)))]
pub async fn edit<P, U, D>(
    State(deps): State<Arc<Deps<P, U, D>>>,
    caller: Caller,
    language: Language,
    Ids((id, number)): Ids<(ImportId, u32)>,
    Body(edit): Body<Edit>,
) -> Result<Json<EditedView>, Problem> {
    let (ambient, caller, edit) = (&deps.ambient, &caller, &edit);
    let edited = deps.database.transaction::<_, Problem>("edit_import_row", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            lock_ready(tx, staff.clinic, id).await?;
            let import = find(tx, staff.clinic, id).await?;
            let row = review::find(tx, staff.clinic, id, number).await?.ok_or_else(Problem::not_found)?;
            if row.deleted {
                return Err(Problem::of(Kind::RowDeleted));
            }
            let phones = [row.phone.clone()];
            let row = apply(edit, row, &import)?;
            review::update(tx, staff.clinic, id, &row).await?;
            let phones: Vec<PhoneNumber> = phones.into_iter().chain([row.phone]).flatten().collect();
            review::rejudge(tx, staff.clinic, id, Scope::Phones(&phones)).await?;
            let row = review::find(tx, staff.clinic, id, number).await?.ok_or_else(Problem::not_found)?;
            let row = row_view(tx, staff.clinic, &import, row, language).await?;
            let counts = review::count(tx, staff.clinic, id).await?.verdicts;
            audit::record(tx, ambient, &staff, "import.edit_row", Subject::Import(id), 1).await?;
            Ok((staff, EditedView { row, counts }))
        })
    });
    let (staff, view) = edited.await?;
    tracing::info!(event = "import.row_edited", import.id = %id, staff.id = %staff.id, number, "row edited");
    Ok(Json(view))
}

/// The row with other values, which may be faulty in themselves as those of a file may be.
fn apply(edit: &Edit, mut row: ReviewRow, import: &Import) -> Result<ReviewRow, Problem> {
    if let Some(name) = &edit.name {
        row.name = fitting("name", visible(name))?;
    }
    if let Some(phone) = &edit.phone {
        row.phone_text = fitting("phone", phone.trim().to_owned())?;
        row.phone = phone.parse().ok();
    }
    if let Some(group) = &edit.group {
        row.group_name = visible(group);
        if !row.group_name.is_empty() && group.parse::<GroupName>().is_err() {
            let max = GroupName::MAX;
            return Err(Problem::invalid("group", format!("최대 {max}자입니다."), format!("at most {max} characters")));
        }
    }
    for (header, value) in &edit.attributes {
        let field = format!("attributes.{header}");
        let columns = &import.contents.columns;
        if !columns.iter().any(|column| column.role == ColumnRole::Attribute && column.header == *header) {
            return Err(Problem::invalid(&field, "파일에 없는 열입니다.", "the file has no such column"));
        }
        let value = fitting(&field, printable(value.as_deref().unwrap_or_default()))?;
        if value.is_empty() {
            row.attributes.remove(header);
        } else {
            row.attributes.insert(header.clone(), value);
        }
    }
    row.verdict = match &row.phone {
        _ if row.name.parse::<CustomerName>().is_err() => Verdict::MissingName,
        None => Verdict::BadPhone,
        Some(_) => Verdict::New,
    };
    Ok(row)
}

fn fitting(field: &str, text: String) -> Result<String, Problem> {
    if text.len() <= MAX_BYTES {
        return Ok(text);
    }
    let ko = format!("내용이 너무 깁니다. 최대 {MAX_BYTES}바이트(한글 약 330자)입니다.");
    Err(Problem::invalid(field, ko, format!("at most {MAX_BYTES} bytes")))
}

/// A text as people see it, its lines kept: like a cell of a file.
fn printable(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}
