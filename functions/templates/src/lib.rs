//! Triggered by `GET /v1/templates` and `POST /v1/templates/sync`.
//! Responsible for the clinic's templates: fetched from the provider, and shown with whether they can be sent and why not.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::clock::Ambient;
use shared::db::templates::{self, Template};
use shared::db::{Database, clinics};
use shared::http::{Caller, Cursor, Kind, Language, Page, Params, Problem, Staff, Table, Text};
use shared::model::approval::Described;
use shared::model::template::{Button, variables};
use shared::model::{ClinicId, TemplateId};
use shared::provider::{Aligo, NoAnswer, Provider};
use shared::route;
use utoipa::openapi::OpenApi;
use utoipa::{IntoParams, ToSchema};

/// Lengths of the columns.
const CODE_LENGTH: usize = 40;
const NAME_LENGTH: usize = 200;

/// What the use case needs.
pub struct Deps<V> {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
    /// Who keeps the templates.
    pub provider: V,
}

fn table<V: Provider + Send + Sync + 'static>() -> Table<Arc<Deps<V>>> {
    Table::new("Templates", "AlimTalk texts that Kakao has approved, as the provider keeps them.")
        .for_staff()
        .add(route!(list::<V>))
        .add(route!(synchronise::<V>).answers(&[
            Kind::NotFound,
            Kind::NoSenderKey,
            Kind::ProviderRefused,
            Kind::ProviderUnavailable,
        ]))
}

/// The routes of this function.
pub fn routes<V: Provider + Send + Sync + 'static>(deps: Deps<V>) -> Router {
    table().router(Arc::new(deps))
}

/// The documentation of these routes.
#[must_use]
pub fn openapi() -> OpenApi {
    table::<Aligo>().document()
}

/// Which part of the list is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ListParams {
    /// How many, at most 200; 50 unless said.
    limit: Option<u32>,
    /// Where the page before ended.
    cursor: Option<Cursor>,
}

/// A template as staff sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Template)]
struct TemplateView {
    /// The template.
    id: TemplateId,
    /// The provider's code of it.
    #[schema(example = "TW_1234")]
    code: String,
    /// Its name.
    #[schema(example = "검진 안내")]
    name: String,
    /// The text, with variables.
    #[schema(example = "#{고객명}님, 검진 시기가 되었습니다.")]
    content: String,
    /// The title above the text, empty when there is none.
    emphasis_title: String,
    /// The buttons below the text.
    buttons: Vec<Button>,
    /// What is to be filled in, in the text and the title.
    #[schema(example = json!(["고객명"]))]
    variables: BTreeSet<String>,
    /// The provider's code of how Kakao's inspection stands.
    #[schema(example = "APR")]
    inspection: String,
    /// The provider's code of its state.
    #[schema(example = "A")]
    status: String,
    /// Whether it can be sent.
    sendable: bool,
    /// Why it cannot be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    obstacle: Option<ObstacleView>,
    /// When the provider last showed it.
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

/// What a synchronisation came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TemplatesSynchronised)]
struct Synchronised {
    /// Templates that the provider has.
    synced: usize,
    /// Templates that it does not have any more.
    removed: u64,
}

/// Lists the clinic's templates
///
/// As they were last fetched from the provider, in the order of their codes.
#[utoipa::path(get, path = "/v1/templates", operation_id = "listTemplates", responses((status = 200, body = Page<TemplateView>)))]
async fn list<V: Provider + Send + Sync>(
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
    let items = templates.into_iter().map(|template| view(template, language)).collect();
    Ok(Json(Page::cut(items, limit, |last| last.code.clone())))
}

/// Fetches the clinic's templates from the provider
///
/// What the provider does not have any more is removed; campaigns keep what they were sent with.
#[utoipa::path(post, path = "/v1/templates/sync", operation_id = "syncTemplates", responses((status = 200, body = Synchronised)))]
async fn synchronise<V: Provider + Send + Sync>(
    State(deps): State<Arc<Deps<V>>>,
    caller: Caller,
) -> Result<Json<Synchronised>, Problem> {
    let (clinic, sender_key) = {
        let mut connection = deps.database.acquire().await?;
        let staff = Staff::identify(&mut connection, &caller).await?;
        let clinic = clinics::find(&mut connection, staff.clinic).await?.ok_or_else(Problem::not_found)?;
        (clinic.id, clinic.sender_key.ok_or_else(no_sender_key)?)
    };
    // The provider may take seconds: no connection is held meanwhile.
    let described = deps.provider.templates(&sender_key).await.map_err(not_answered)?;
    let described = storable(clinic, described);
    let (ambient, described) = (&deps.ambient, &described);
    let replaced = deps.database.transaction::<_, Problem>("synchronise_templates", |tx| {
        Box::pin(async move { Ok(templates::replace_all(tx, ambient, clinic, described).await?) })
    });
    let removed = replaced.await?;
    tracing::info!(event = "templates.synced", clinic.id = %clinic, synced = described.len(), removed, "templates synchronised");
    Ok(Json(Synchronised { synced: described.len(), removed }))
}

/// Leaves out what cannot be told apart by its code, and makes the rest fit the columns.
fn storable(clinic: ClinicId, described: Vec<Described>) -> Vec<Described> {
    let usable = |template: &Described| {
        let usable = (1..=CODE_LENGTH).contains(&template.code.len()) && template.code.bytes().all(|b| b.is_ascii_graphic());
        if !usable {
            tracing::warn!(event = "template.skipped", clinic.id = %clinic, "a template has no usable code");
        }
        usable
    };
    let letters = |text: &str, most| text.chars().filter(char::is_ascii_alphanumeric).take(most).collect();
    let fitting = |template: Described| Described {
        name: template.name.chars().take(NAME_LENGTH).collect(),
        emphasis_title: template.emphasis_title.chars().take(NAME_LENGTH).collect(),
        inspection: letters(&template.inspection, 3),
        status: letters(&template.status, 1),
        ..template
    };
    described.into_iter().filter(usable).map(fitting).collect()
}

fn view(template: Template, language: Language) -> TemplateView {
    let Template { id, described, synced_at } = template;
    let obstacle = described.obstacle();
    let texts = [&described.content, &described.emphasis_title];
    TemplateView {
        id,
        variables: texts.into_iter().flat_map(|text| variables(text)).map(str::to_owned).collect(),
        sendable: obstacle.is_none(),
        obstacle: obstacle.map(|obstacle| {
            let (ko, en) = obstacle.explanation();
            ObstacleView { kind: obstacle.as_str(), text: Text::new(ko, en).of(language).to_owned() }
        }),
        code: described.code,
        name: described.name,
        content: described.content,
        emphasis_title: described.emphasis_title,
        buttons: described.buttons,
        inspection: described.inspection,
        status: described.status,
        synced_at,
    }
}

fn no_sender_key() -> Problem {
    Problem::of(Kind::NoSenderKey).detail(
        "병원 설정에서 발신 프로필 키(senderKey)를 먼저 등록하세요.",
        "Set the channel's sender key (senderKey) in the clinic's settings first.",
    )
}

fn not_answered(cause: NoAnswer) -> Problem {
    match cause {
        NoAnswer::Refused { code, message } => {
            tracing::warn!(event = "provider.refused", code, message, "the provider refused to show the templates");
            Problem::of(Kind::ProviderRefused)
                .detail(format!("코드 {code}: {message}"), format!("Code {code}: {message}"))
                .with("code", code)
        }
        NoAnswer::Unusable(why) => {
            tracing::warn!(event = "provider.unusable", why, "the provider did not answer usably");
            Problem::of(Kind::ProviderUnavailable)
        }
    }
}
