//! Which column of the customers fills which variable of a template, and what stands in where there is none.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::db::templates::{self, Template};
use shared::http::{Body, Caller, Ids, Language, Problem, Staff};
use shared::model::TemplateId;
use shared::model::customer::visible;
use shared::model::draft::{Source, Sources};
use shared::model::template::NAME_VARIABLE;
use shared::provider::Provider;
use utoipa::ToSchema;

use crate::Deps;
use crate::view::{Reader, TemplateView, variables_of};

/// The most characters of a column's name.
const MAX_COLUMN: usize = 100;
/// The most characters of what stands in.
const MAX_DEFAULT: usize = 200;

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
            let sources = tidy(&wish.sources, &template)?;
            templates::set_sources(tx, staff.clinic, id, &sources).await?;
            let reader = Reader::of(tx, staff.clinic, language, ambient.now()).await?;
            Ok((staff, reader.view(Template { sources, ..template })))
        })
    });
    let (staff, view) = stored.await?;
    tracing::info!(event = "template.sources_set", staff.id = %staff.id, template.id = %id, "sources of a template set");
    Ok(Json(view))
}

/// The sources without those that say nothing.
fn tidy(wished: &Sources, template: &Template) -> Result<Sources, Problem> {
    let described = &template.described;
    let known = variables_of(&described.content, &described.emphasis_title, &described.buttons);
    let mut sources = Sources::new();
    for (variable, source) in wished {
        let invalid = |name: &str, ko: String, en: String| {
            let field = if name.is_empty() { format!("sources.{variable}") } else { format!("sources.{variable}.{name}") };
            Err(Problem::invalid(&field, ko, en))
        };
        if variable == NAME_VARIABLE || !known.contains(variable) {
            return invalid(
                "",
                format!("이 템플릿에서 채울 수 있는 변수가 아닙니다: #{{{variable}}}"),
                format!("#{{{variable}}} is no variable of this template that a column can fill"),
            );
        }
        let text = |text: &Option<String>| text.as_deref().map(visible).filter(|text| !text.is_empty());
        let source = Source { column: text(&source.column), default: text(&source.default) };
        for (name, text, most) in [("column", &source.column, MAX_COLUMN), ("default", &source.default, MAX_DEFAULT)] {
            if text.as_ref().is_some_and(|text| text.chars().count() > most) {
                return invalid(name, format!("{most}자까지 쓸 수 있습니다."), format!("may have {most} characters"));
            }
        }
        if source != Source::default() {
            sources.insert(variable.clone(), source);
        }
    }
    Ok(sources)
}
