//! Looking at the ledger.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::db::audit::{self, Subject};
use shared::db::suppressions::{self, PhonePart, Place, Suppression, Wanted};
use shared::http::{Caller, Cursor, Ids, Language, Page, Params, Problem, Staff};
use shared::model::SuppressionId;
use shared::model::state::SuppressionReason;
use utoipa::IntoParams;

use crate::Deps;
use crate::view::{LiftedView, SuppressionView};

const MAX_SEARCH: usize = 50;
/// Up to how many lines are named in the log one by one.
const FEW: usize = 20;

/// Which suppressions to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Asked {
    /// A part of a phone, at most 50 characters: `010-1234`, `5678`.
    q: Option<String>,
    /// Only those for this reason.
    #[param(inline)]
    reason: Option<SuppressionReason>,
    /// Where the page before ended.
    cursor: Option<Cursor>,
    /// How many, at most 200; 50 unless said.
    limit: Option<u32>,
}

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PageAsked {
    /// Where the page before ended.
    cursor: Option<Cursor>,
    /// How many, at most 200; 50 unless said.
    limit: Option<u32>,
}

/// Lists the phones that must not be written to, newest first
#[utoipa::path(
    get,
    path = "/v1/suppressions",
    operation_id = "listSuppressions",
    responses((status = 200, body = Page<SuppressionView>))
)]
pub async fn list(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    language: Language,
    Params(asked): Params<Asked>,
) -> Result<Json<Page<SuppressionView>>, Problem> {
    let limit = Page::<SuppressionView>::limit(asked.limit);
    let wanted = Wanted { reason: asked.reason, part: part(asked.q.as_deref())? };
    let behind = place(asked.cursor)?;
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let found = suppressions::list(&mut connection, staff.clinic, &wanted, behind, limit + 1).await?;
    let views = found.into_iter().map(|line| SuppressionView::new(line, language)).collect();
    let page = Page::cut(views, limit, |last: &SuppressionView| Place { at: last.since, id: last.id }.to_string());
    let (count, few) = told(page.items.iter().map(|item| item.id));
    audit::record(&mut connection, &deps.ambient, &staff, "suppression.list", Subject::Many, count).await?;
    tracing::info!(event = "suppressions.read", staff.id = %staff.id, count, suppression.ids = few, "suppressions listed");
    Ok(Json(page))
}

/// Lists the suppressions that were lifted, those lifted last first
#[utoipa::path(
    get,
    path = "/v1/suppressions/lifted",
    operation_id = "listLiftedSuppressions",
    responses((status = 200, body = Page<LiftedView>))
)]
pub async fn lifted(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    language: Language,
    Params(asked): Params<PageAsked>,
) -> Result<Json<Page<LiftedView>>, Problem> {
    let limit = Page::<LiftedView>::limit(asked.limit);
    let behind = place(asked.cursor)?;
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let found = suppressions::list_lifted(&mut connection, staff.clinic, behind, limit + 1).await?;
    let views = found.into_iter().map(|line| LiftedView::new(line, language)).collect();
    let page = Page::cut(views, limit, |last: &LiftedView| Place { at: last.lifted_at, id: last.suppression.id }.to_string());
    let (count, few) = told(page.items.iter().map(|item| item.suppression.id));
    audit::record(&mut connection, &deps.ambient, &staff, "suppression.list_lifted", Subject::Many, count).await?;
    tracing::info!(
        event = "suppressions.lifted_read", staff.id = %staff.id, count, suppression.ids = few, "lifted suppressions listed"
    );
    Ok(Json(page))
}

/// Shows a suppression
///
/// One that was lifted is among the lifted ones, and here no more.
#[utoipa::path(
    get,
    path = "/v1/suppressions/{suppressionId}",
    operation_id = "showSuppression",
    responses((status = 200, body = SuppressionView))
)]
pub async fn show(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    language: Language,
    Ids(id): Ids<SuppressionId>,
) -> Result<Json<SuppressionView>, Problem> {
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let line = suppressions::find(&mut connection, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
    audit::record(&mut connection, &deps.ambient, &staff, "suppression.show", whose(&line), 1).await?;
    tracing::info!(event = "suppression.read", staff.id = %staff.id, suppression.id = %id, "suppression shown");
    Ok(Json(SuppressionView::new(line, language)))
}

/// The customer who has the phone now, for the audit log.
pub fn whose(line: &Suppression) -> Subject {
    line.customer.as_ref().map_or(Subject::Many, |customer| Subject::Customer(customer.id))
}

/// How many lines a page has, and which, if they are few.
fn told(ids: impl ExactSizeIterator<Item = SuppressionId>) -> (usize, String) {
    let count = ids.len();
    (count, ids.filter(|_| count <= FEW).map(|id| id.to_string()).collect::<Vec<_>>().join(" "))
}

fn part(text: Option<&str>) -> Result<Option<PhonePart>, Problem> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    let part = PhonePart::of(text).filter(|_| text.chars().count() <= MAX_SEARCH);
    let part = part.ok_or_else(|| {
        let ko = format!("휴대폰 번호의 일부를 숫자로 입력해 주세요 (최대 {MAX_SEARCH}자).");
        let en = format!("a part of a phone, with digits, at most {MAX_SEARCH} characters");
        Problem::invalid("q", ko, en)
    });
    part.map(Some)
}

fn place(cursor: Option<Cursor>) -> Result<Option<Place>, Problem> {
    let place = cursor.map(|cursor| cursor.0.parse()).transpose();
    place.map_err(|_| Problem::invalid("cursor", "이 목록의 커서가 아닙니다.", "not a cursor of this list"))
}
