//! Which column of the customers fills which variable of a template, and what stands in where there is none.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::db::templates::{self, Template};
use shared::http::{Body, Caller, Ids, Language, Problem, Staff};
use shared::model::TemplateId;
use shared::model::approval::Described;
use shared::model::draft::{Draft, Source, Sources};
use shared::model::sources;
use shared::model::wording::Flaw;
use shared::provider::Provider;
use utoipa::ToSchema;

use crate::Deps;
use crate::view::{Reader, TemplateView};

/// Where the variables are to come from.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TemplateSources, example = json!({"sources": {"검진일": {"column": "다음 검진", "default": "예약하신 날"}}}))]
pub struct Wish {
    /// By variable. What is not named is filled from the column of the variable's name.
    #[schema(value_type = std::collections::BTreeMap<String, Source>)]
    sources: Sources,
}

/// Says which column fills which variable
///
/// Replaces what was said before. The customer's name (`고객명`) and the link fill themselves.
#[utoipa::path(
    put,
    path = "/v1/templates/{templateId}/sources",
    operation_id = "setTemplateSources",
    responses((status = 200, body = TemplateView))
)]
pub async fn set<V: Provider + Send + Sync>(
    State(deps): State<Arc<Deps<V>>>,
    caller: Caller,
    language: Language,
    Ids(id): Ids<TemplateId>,
    Body(wish): Body<Wish>,
) -> Result<Json<TemplateView>, Problem> {
    let (ambient, caller, wish) = (&deps.ambient, &caller, &wish);
    let stored = deps.database.transaction::<_, Problem>("set_template_sources", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            let template = templates::find(tx, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
            let sources = sources::merged(&Sources::new(), tidy(&wish.sources, &template)?);
            templates::set_sources(tx, staff.clinic, id, &sources).await?;
            let reader = Reader::of(tx, staff.clinic, language, ambient.now()).await?;
            Ok((staff, reader.view(Template { sources, ..template })))
        })
    });
    let (staff, view) = stored.await?;
    tracing::info!(event = "template.sources_set", staff.id = %staff.id, template.id = %id, "sources of a template set");
    Ok(Json(view))
}

/// The sources, tidy, for variables that this template has.
pub fn tidy(wished: &Sources, template: &Template) -> Result<Sources, Problem> {
    let Described { content, emphasis_title, buttons, .. } = &template.described;
    let draft = Draft { content, emphasis_title, buttons, sources: wished };
    sources::tidy(wished, &draft).map_err(|Flaw { field, ko, en }| Problem::invalid(&field, ko, en))
}
