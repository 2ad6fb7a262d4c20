//! Editing, deleting and submitting templates that nobody has approved yet.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use shared::db::templates::{self, Template};
use shared::http::{Body, Caller, Ids, Kind, Language, Problem, Staff};
use shared::model::TemplateId;
use shared::model::approval::{Described, Fixed};
use shared::provider::{Provider, TemplateChange};

use crate::Deps;
use crate::provider::{Becomes, Channel, sender_key};
use crate::view::{Reader, TemplateView};
use crate::wish::Edit;

/// The caller's template, and the channel that it belongs to.
async fn find<'a, V: Provider + Send + Sync>(
    deps: &'a Deps<V>,
    caller: &Caller,
    id: TemplateId,
) -> Result<(Staff, Template, Channel<'a, V>), Problem> {
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, caller).await?;
    let clinic = staff.clinic;
    let template = templates::find(&mut connection, clinic, id).await?.ok_or_else(Problem::not_found)?;
    let sender_key = sender_key(&mut connection, clinic).await?;
    Ok((staff, template, Channel { deps, clinic, sender_key }))
}

fn refuse(fixed: Option<Fixed>) -> Result<(), Problem> {
    fixed.map_or(Ok(()), |fixed| {
        let (ko, en) = fixed.explanation();
        Err(Problem::of(Kind::TemplateState).detail(ko, en))
    })
}

/// The template as it is stored now.
async fn shown<V: Provider + Send + Sync>(
    channel: &Channel<'_, V>,
    code: &str,
    language: Language,
) -> Result<Json<TemplateView>, Problem> {
    let mut connection = channel.deps.database.acquire().await?;
    let template = templates::find_by_code(&mut connection, channel.clinic, code).await?.ok_or_else(Problem::not_found)?;
    let reader = Reader::of(&mut connection, channel.clinic, language, channel.deps.ambient.now()).await?;
    Ok(Json(reader.view(template)))
}

fn named<'a>(shown: &'a [Described], code: &str) -> Option<&'a Described> {
    shown.iter().find(|template| template.code == code)
}

/// Changes what a template says
///
/// Only while nobody has approved it and nobody is reviewing it. A template that was refused has to be submitted anew. An answer of
/// the provider that is lost is looked up: `provider-unclear` says that it could not be found out.
#[utoipa::path(
    patch,
    path = "/v1/templates/{templateId}",
    operation_id = "editTemplate",
    responses((status = 200, body = TemplateView))
)]
pub async fn edit<V: Provider + Send + Sync>(
    State(deps): State<Arc<Deps<V>>>,
    caller: Caller,
    language: Language,
    Ids(id): Ids<TemplateId>,
    Body(edit): Body<Edit>,
) -> Result<Json<TemplateView>, Problem> {
    let (staff, template, channel) = find(&deps, &caller, id).await?;
    refuse(template.described.not_editable())?;
    let wording = edit.wording(&template.described, &deps.link_base)?;
    let code = template.described.code.as_str();
    let becomes = Becomes::Shown(Box::new(template.described.reworded(&wording)));
    let is_done = |shown: &[Described]| named(shown, code).is_some_and(|found| found.wording().says_what(&wording));
    channel.change(&TemplateChange::Modify { code, wording: &wording }, becomes, is_done).await?;
    tracing::info!(event = "template.edited", staff.id = %staff.id, template.id = %id, "template edited");
    shown(&channel, code, language).await
}

/// Deletes a template
///
/// Never an approved one, and none that is being reviewed.
#[utoipa::path(delete, path = "/v1/templates/{templateId}", operation_id = "deleteTemplate", responses((status = 204)))]
pub async fn delete<V: Provider + Send + Sync>(
    State(deps): State<Arc<Deps<V>>>,
    caller: Caller,
    Ids(id): Ids<TemplateId>,
) -> Result<StatusCode, Problem> {
    let (staff, template, channel) = find(&deps, &caller, id).await?;
    refuse(template.described.fixed())?;
    let code = template.described.code.as_str();
    let is_done = |shown: &[Described]| named(shown, code).is_none();
    channel.change(&TemplateChange::Delete { code }, Becomes::Gone(id), is_done).await?;
    tracing::info!(event = "template.deleted", staff.id = %staff.id, template.id = %id, "template deleted");
    Ok(StatusCode::NO_CONTENT)
}

/// Asks Kakao to review a template
///
/// Only one that waits: never submitted, or refused.
#[utoipa::path(
    post,
    path = "/v1/templates/{templateId}/review",
    operation_id = "requestTemplateReview",
    responses((status = 200, body = TemplateView))
)]
pub async fn request_review<V: Provider + Send + Sync>(
    State(deps): State<Arc<Deps<V>>>,
    caller: Caller,
    language: Language,
    Ids(id): Ids<TemplateId>,
) -> Result<Json<TemplateView>, Problem> {
    let (staff, template, channel) = find(&deps, &caller, id).await?;
    refuse(template.described.fixed())?;
    let code = template.described.code.as_str();
    let becomes = Becomes::Shown(Box::new(Described { inspection: "REQ".to_owned(), ..template.described.clone() }));
    // Who asked may have been answered already: then it is not waiting any more.
    let asked = |found: &Described| matches!(found.inspection.as_str(), "REQ" | "APR");
    let is_done = |shown: &[Described]| named(shown, code).is_some_and(asked);
    channel.change(&TemplateChange::RequestReview { code }, becomes, is_done).await?;
    tracing::info!(event = "template.submitted", staff.id = %staff.id, template.id = %id, "review of a template requested");
    shown(&channel, code, language).await
}
