//! Templates as staff see them: what they say, whether they can be sent and changed, and what fills their variables.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, FixedOffset, Utc};
use serde::{Deserialize, Serialize};
use shared::db::customer_columns;
use shared::db::templates::{self, Template};
use shared::http::{Caller, Cursor, Ids, Language, Page, Params, Problem, Staff};
use shared::model::approval::{Comment, Dormancy};
use shared::model::draft::{Draft, Sources};
use shared::model::template::{Button, LINK_VARIABLE, NAME_VARIABLE};
use shared::model::{ClinicId, TemplateId};
use shared::provider::Provider;
use sqlx::MySqlConnection;
use utoipa::{IntoParams, ToSchema};

use crate::Deps;

/// Which part of the list is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListParams {
    /// How many, at most 200; 50 unless said.
    limit: Option<u32>,
    /// Where the page before ended.
    cursor: Option<Cursor>,
}

/// A template as staff sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Template)]
pub struct TemplateView {
    /// The template.
    pub id: TemplateId,
    /// The provider's code of it.
    #[schema(example = "TW_1234")]
    code: String,
    /// Its name.
    #[schema(example = "검진 안내")]
    name: String,
    /// The text, with variables.
    #[schema(example = "#{고객명}님, 검진 시기가 되었습니다.")]
    content: String,
    /// The provider's code of its kind: `BA` plain, `EX` with information, `AD` with a channel button, `MI` with both.
    #[schema(example = "BA")]
    kind: String,
    /// The provider's code of the emphasis: `NONE`, `TEXT` or `IMAGE`.
    #[schema(example = "NONE")]
    emphasis_kind: String,
    /// The title above the text, empty when there is none.
    emphasis_title: String,
    /// The line below the title, empty when there is none.
    emphasis_subtitle: String,
    /// The buttons below the text.
    buttons: Vec<Button>,
    /// What is to be filled in, in the text, the title and the addresses of buttons; without the link.
    #[schema(example = json!(["고객명"]))]
    variables: BTreeSet<String>,
    /// What fills each of the variables.
    sources: Vec<SourceView>,
    /// The provider's code of how Kakao's inspection stands.
    #[schema(example = "APR")]
    inspection: String,
    /// The provider's code of its state.
    #[schema(example = "A")]
    status: String,
    /// What the reviewers wrote, oldest first.
    comments: Vec<Comment>,
    /// Whether it can be sent.
    sendable: bool,
    /// Why it cannot be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    obstacle: Option<ObstacleView>,
    /// Whether it can be edited.
    editable: bool,
    /// Why it cannot be edited, in the caller's language.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_editable_because: Option<String>,
    /// When a campaign with it was last asked for here.
    last_used_at: Option<DateTime<Utc>>,
    /// When it falls dormant unless it is used; for approved templates, once it is known since when they wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    dormancy: Option<DormancyView>,
    /// When the provider got it.
    provider_created_at: Option<DateTime<Utc>>,
    /// When the provider was last asked and showed it so.
    synced_at: DateTime<Utc>,
}

/// Why a template cannot be sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TemplateObstacle)]
struct ObstacleView {
    /// A stable word.
    kind: &'static str,
    /// The same for people, in the caller's language.
    text: String,
}

/// What fills a variable.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TemplateVariable)]
struct SourceView {
    /// The variable.
    #[schema(example = "예약일")]
    variable: String,
    /// `name`: the customer's name. `column`: one of the clinic's own columns.
    #[schema(example = "column")]
    filled_by: &'static str,
    /// The column that fills it.
    #[schema(example = "예약일")]
    column: Option<String>,
    /// Whether any customer of the clinic ever had that column.
    column_known: Option<bool>,
    /// What stands in where the customer has no value there.
    default: Option<String>,
}

/// A year without use makes a template dormant: Kakao refuses it then.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TemplateDormancy)]
struct DormancyView {
    /// When it will have been a year without use. Uses elsewhere are not known here.
    from: DateTime<Utc>,
    /// A warning in the caller's language, from 30 days before.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

impl DormancyView {
    fn new(dormancy: Dormancy, language: Language) -> Self {
        let korea = FixedOffset::east_opt(9 * 3600).map(|korea| dormancy.from.with_timezone(&korea).date_naive());
        let day = korea.unwrap_or(dormancy.from.date_naive());
        let warning = dormancy.is_near.then(|| {
            let (ko, en) = if dormancy.is_over {
                (
                    format!("{day} 이후로 1년 넘게 이곳에서 보내지 않아 휴면 처리되었을 수 있습니다."),
                    format!("It was not used here for a year until {day}: Kakao may have made it dormant."),
                )
            } else {
                (
                    format!("{day}까지 한 번도 보내지 않으면 휴면 처리됩니다."),
                    format!("Kakao makes it dormant unless it is used before {day}."),
                )
            };
            language.choose(&ko, &en).to_owned()
        });
        Self { from: dormancy.from, warning }
    }
}

/// What a view depends on besides the template.
pub struct Reader {
    language: Language,
    now: DateTime<Utc>,
    columns: HashSet<String>,
}

impl Reader {
    /// What the clinic's staff needs to know to see templates now.
    pub async fn of(
        connection: &mut MySqlConnection,
        clinic: ClinicId,
        language: Language,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        let columns = customer_columns::list(connection, clinic).await?.into_iter().collect();
        Ok(Self { language, now, columns })
    }

    /// The template as staff sees it.
    pub fn view(&self, template: Template) -> TemplateView {
        let Template { id, described, sources, last_used_at, synced_at } = template;
        let choose = |(ko, en): (&str, &str)| self.language.choose(ko, en).to_owned();
        let variables = variables_of(&described.content, &described.emphasis_title, &described.buttons);
        let obstacle = described.obstacle();
        let obstacle = obstacle.map(|it| ObstacleView { kind: it.as_str(), text: choose(it.explanation()) });
        let fixed = described.not_editable();
        TemplateView {
            id,
            sources: variables.iter().map(|variable| self.source(variable, &sources)).collect(),
            variables,
            sendable: obstacle.is_none(),
            obstacle,
            editable: fixed.is_none(),
            not_editable_because: fixed.map(|fixed| choose(fixed.explanation())),
            dormancy: described.dormancy(last_used_at, self.now).map(|it| DormancyView::new(it, self.language)),
            last_used_at,
            code: described.code,
            name: described.name,
            content: described.content,
            kind: described.kind,
            emphasis_kind: described.emphasis_kind,
            emphasis_title: described.emphasis_title,
            emphasis_subtitle: described.emphasis_subtitle,
            buttons: described.buttons,
            inspection: described.inspection,
            status: described.status,
            comments: described.comments,
            provider_created_at: described.created_at,
            synced_at,
        }
    }

    fn source(&self, variable: &str, sources: &Sources) -> SourceView {
        let source = sources.get(variable).filter(|_| variable != NAME_VARIABLE);
        let column = source.and_then(|source| source.column.clone()).unwrap_or_else(|| variable.to_owned());
        let column = Some(column).filter(|_| variable != NAME_VARIABLE);
        SourceView {
            variable: variable.to_owned(),
            filled_by: if column.is_some() { "column" } else { "name" },
            column_known: column.as_ref().map(|column| self.columns.contains(column)),
            column,
            default: source.and_then(|source| source.default.clone()),
        }
    }
}

/// The variables that somebody can fill: all but the link.
pub fn variables_of(content: &str, emphasis_title: &str, buttons: &[Button]) -> BTreeSet<String> {
    let nothing = Sources::new();
    let draft = Draft { content, emphasis_title, buttons, sources: &nothing };
    draft.variables().into_iter().filter(|name| *name != LINK_VARIABLE).map(str::to_owned).collect()
}

/// Lists the clinic's templates
///
/// As they were last fetched from the provider, in the order of their codes.
#[utoipa::path(get, path = "/v1/templates", operation_id = "listTemplates", responses((status = 200, body = Page<TemplateView>)))]
pub async fn list<V: Provider + Send + Sync>(
    State(deps): State<Arc<Deps<V>>>,
    caller: Caller,
    language: Language,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<TemplateView>>, Problem> {
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let limit = Page::<TemplateView>::limit(params.limit);
    let after = params.cursor.map(|cursor| cursor.0).unwrap_or_default();
    if !after.is_ascii() {
        return Err(Problem::invalid("cursor", "이 목록의 커서가 아닙니다.", "not a cursor of this list"));
    }
    let templates = templates::list(&mut connection, staff.clinic, &after, limit + 1).await?;
    let reader = Reader::of(&mut connection, staff.clinic, language, deps.ambient.now()).await?;
    let items = templates.into_iter().map(|template| reader.view(template)).collect();
    Ok(Json(Page::cut(items, limit, |last: &TemplateView| last.code.clone())))
}

/// A template
#[utoipa::path(
    get,
    path = "/v1/templates/{templateId}",
    operation_id = "showTemplate",
    responses((status = 200, body = TemplateView))
)]
pub async fn show<V: Provider + Send + Sync>(
    State(deps): State<Arc<Deps<V>>>,
    caller: Caller,
    language: Language,
    Ids(id): Ids<TemplateId>,
) -> Result<Json<TemplateView>, Problem> {
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let template = templates::find(&mut connection, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
    let reader = Reader::of(&mut connection, staff.clinic, language, deps.ambient.now()).await?;
    Ok(Json(reader.view(template)))
}
