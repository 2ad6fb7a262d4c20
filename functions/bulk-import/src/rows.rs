//! What the file holds, row by row, with what became or is to become of each.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::db::audit::{self, Subject};
use shared::db::customers::Attributes;
use shared::db::import_rows::review::{self, Filter, Known, ReviewRow};
use shared::db::imports::Import;
use shared::http::{Caller, Cursor, Ids, Language, Page, Params, Problem, Staff};
use shared::model::state::{ImportState, Outcome, Verdict};
use shared::model::{ClinicId, CustomerId, ImportId, PhoneNumber};
use sqlx::MySqlConnection;
use utoipa::{IntoParams, ToSchema};

use crate::Deps;
use crate::changes::{Change, changes};
use crate::lives::{find, foreign_cursor};
use crate::reason::reason;

/// Which rows to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Asked {
    /// Those with this verdict.
    verdict: Option<Verdict>,
    /// `true`: those that are deleted instead of those that are not.
    deleted: Option<bool>,
    /// After the commit: what became of them.
    outcome: Option<Outcome>,
    /// Where the last page ended.
    cursor: Option<Cursor>,
    /// How many: 50 unless said, at most 200.
    limit: Option<u32>,
}

/// A row of the file with what was made of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ImportRowView)]
pub struct RowView {
    /// The row's number in the spreadsheet.
    pub number: u32,
    /// The customer's name; may be empty.
    name: String,
    /// The phone as it stands in the file, or as staff typed it.
    phone_text: String,
    /// The phone, if it is one.
    phone: Option<PhoneNumber>,
    /// The group that the file names.
    group: Option<String>,
    /// The other columns of the file, by their header; empty cells are left out.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    attributes: Attributes,
    /// What committing would do. A deleted row keeps the verdict that it had.
    verdict: Verdict,
    /// The earlier row with the same phone.
    duplicate_of: Option<u32>,
    /// Whether it is left out.
    deleted: bool,
    /// What became of it, once it is committed.
    outcome: Option<Outcome>,
    /// The customer whom it is about, when there is one.
    customer_id: Option<CustomerId>,
    /// What it changes, or changed, of that customer.
    changes: Vec<Change>,
    /// What a person should know about it; nothing of one that is simply new.
    reason: Option<String>,
}

/// Lists the rows of an import
///
/// In the order of the file: those that are not deleted, unless asked otherwise.
#[utoipa::path(get, path = "/v1/imports/{importId}/rows", operation_id = "listImportRows",
    responses((status = 200, body = Page<RowView>)))]
pub async fn list<P, U, D>(
    State(deps): State<Arc<Deps<P, U, D>>>,
    caller: Caller,
    language: Language,
    Ids(id): Ids<ImportId>,
    Params(asked): Params<Asked>,
) -> Result<Json<Page<RowView>>, Problem> {
    let limit = Page::<RowView>::limit(asked.limit);
    let after = asked.cursor.map_or(Ok(0), |cursor| cursor.0.parse::<u32>()).map_err(|_| foreign_cursor())?;
    let filter = Filter {
        verdicts: asked.verdict.into_iter().collect(),
        deleted: asked.deleted.unwrap_or(false),
        outcome: asked.outcome,
    };
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let import = find(&mut connection, staff.clinic, id).await?;
    let rows = review::list(&mut connection, staff.clinic, id, &filter, after, limit + 1).await?;
    tracing::info!(event = "import.read", import.id = %id, staff.id = %staff.id, count = rows.len(), "rows listed");
    let views = row_views(&mut connection, staff.clinic, &import, rows, language).await?;
    let page = Page::cut(views, limit, |row: &RowView| row.number.to_string());
    audit::record(&mut connection, &deps.ambient, &staff, "import.rows", Subject::Import(id), page.items.len()).await?;
    Ok(Json(page))
}

/// Rows as staff see them, with the customers whom they would change.
async fn row_views(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    import: &Import,
    rows: Vec<ReviewRow>,
    language: Language,
) -> Result<Vec<RowView>, Problem> {
    let phones: Vec<&PhoneNumber> =
        rows.iter().filter(|row| is_planned(row, import)).filter_map(|row| row.phone.as_ref()).collect();
    let mut known = review::list_known(connection, clinic, &phones).await?;
    let views = rows.into_iter().map(|row| {
        let planned = is_planned(&row, import);
        let customer = row.phone.as_ref().filter(|_| planned).and_then(|phone| known.remove(phone));
        view(row, planned, customer, language)
    });
    Ok(views.collect())
}

/// One row as staff see it.
pub async fn row_view(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    import: &Import,
    row: ReviewRow,
    language: Language,
) -> Result<RowView, Problem> {
    let mut views = row_views(connection, clinic, import, vec![row], language).await?;
    views.pop().ok_or_else(Problem::not_found)
}

/// Whether committing would change a customer by this row.
fn is_planned(row: &ReviewRow, import: &Import) -> bool {
    // Before the choice is made, it is what it is unless somebody chooses otherwise.
    let open = match import.state {
        ImportState::Ready => true,
        ImportState::Committing => import.options.update_existing,
        _ => false,
    };
    open && row.verdict == Verdict::Updates && !row.deleted && row.outcome.is_none()
}

fn view(row: ReviewRow, planned: bool, customer: Option<(CustomerId, Known)>, language: Language) -> RowView {
    let (customer, known) = customer.unzip();
    let known = known.or_else(|| row.previous.clone());
    let changes = known.as_ref().map(|known| changes(&row, known)).unwrap_or_default();
    let reason = reason(&row, planned, known.as_ref(), !changes.is_empty()).map(|text| text.of(language).to_owned());
    RowView {
        customer_id: customer.or_else(|| customer_of(&row)),
        number: row.number,
        name: row.name,
        phone_text: row.phone_text,
        phone: row.phone,
        group: Some(row.group_name).filter(|name| !name.is_empty()),
        attributes: row.attributes,
        verdict: row.verdict,
        duplicate_of: row.duplicate_of,
        deleted: row.deleted,
        outcome: row.outcome,
        changes,
        reason,
    }
}

/// The customer who a row became. The id of a row that is not committed belongs to nobody yet.
fn customer_of(row: &ReviewRow) -> Option<CustomerId> {
    match row.outcome {
        Some(Outcome::Added | Outcome::Updated | Outcome::Unchanged | Outcome::Left | Outcome::Kept) => row.customer,
        // An added customer is gone, a changed one is still there.
        Some(Outcome::Undone) => row.customer.filter(|_| row.previous.is_some()),
        Some(Outcome::Suppressed) | None => None,
    }
}
