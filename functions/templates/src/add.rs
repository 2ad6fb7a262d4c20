//! Adding a template, once: the provider makes a second one of a repeated call, so it is asked what it has before and after.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use shared::db::idempotency::{self, Request, Seen};
use shared::db::templates;
use shared::http::{Body, Caller, IdempotencyKey, Kind, Language, Problem, Staff, replay};
use shared::model::approval::Described;
use shared::model::wording::Wording;
use shared::provider::{ChangeOutcome, Provider, TemplateChange};

use crate::Deps;
use crate::provider::{Becomes, Channel, refused, sender_key, unclear, unusable};
use crate::view::Reader;
use crate::wish::NewTemplate;

/// What is kept under the key while nobody knows the end: a status that is answered to nobody.
const BEGUN: u16 = 102;
/// A call to the provider that began so long ago has come to its end, whoever made it.
const OVER_AFTER: TimeDelta = TimeDelta::seconds(60);

/// When the work for a key began.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Begun {
    began_at: DateTime<Utc>,
}

/// How a request stands before the provider is called.
enum Turn {
    /// Nobody worked on it.
    First,
    /// Somebody did, and may have called the provider.
    Again {
        /// Whether such a call may still be on its way.
        is_fresh: bool,
    },
    /// It was answered.
    Answered(u16, String),
}

/// Adds a template at the provider
///
/// It waits there until it is submitted for review. A repeated request with the same key never adds a second one, not even after
/// an answer was lost. `provider-unclear` says that nobody knows yet: repeat it with the same key.
#[utoipa::path(
    post,
    path = "/v1/templates",
    operation_id = "addTemplate",
    responses((status = 201, description = "The provider has it.", body = crate::view::TemplateView))
)]
pub async fn add<V: Provider + Send + Sync>(
    State(deps): State<Arc<Deps<V>>>,
    caller: Caller,
    language: Language,
    IdempotencyKey(key): IdempotencyKey,
    Body(wish): Body<NewTemplate>,
) -> Result<Response, Problem> {
    let request = Request::new(&caller.subject, "POST /v1/templates", &key, &wish);
    let wording = wish.wording(&deps.link_base)?;
    let (staff, sender_key) = {
        let mut connection = deps.database.acquire().await?;
        let staff = Staff::identify(&mut connection, &caller).await?;
        let key = sender_key(&mut connection, staff.clinic).await?;
        (staff, key)
    };
    let turn = match take_turn(&deps, &request).await? {
        Turn::Answered(status, body) => return Ok(replay(status, body)),
        turn => turn,
    };
    let channel = Channel { deps: &deps, clinic: staff.clinic, sender_key };
    let code = match make(&channel, &wording, &turn).await {
        Ok(code) => code,
        Err(problem) => {
            // What surely came to nothing may be tried again under the same key, also with other words.
            // Of an earlier try that may be on its way, or of which nobody knows, nothing is forgotten.
            let came_to_nothing = match turn {
                Turn::First => {
                    matches!(problem.kind(), Kind::ProviderRefused | Kind::TemplateExists | Kind::ProviderUnavailable)
                }
                Turn::Again { is_fresh } => !is_fresh && matches!(problem.kind(), Kind::ProviderRefused | Kind::TemplateExists),
                Turn::Answered(..) => false,
            };
            if came_to_nothing {
                let mut connection = deps.database.acquire().await?;
                idempotency::release(&mut connection, &request).await?;
            }
            return Err(problem);
        }
    };
    let (clinic, ambient, code, request) = (staff.clinic, &deps.ambient, &code, &request);
    let answered = deps.database.transaction::<_, Problem>("add_template", |tx| {
        Box::pin(async move {
            let template = templates::find_by_code(tx, clinic, code).await?.ok_or_else(|| unclear("not-seen"))?;
            let view = Reader::of(tx, clinic, language, ambient.now()).await?.view(template);
            let body = serde_json::to_string(&view).map_err(Problem::internal)?;
            idempotency::save(tx, request, StatusCode::CREATED.as_u16(), &body).await?;
            Ok(view)
        })
    });
    let view = answered.await?;
    tracing::info!(event = "template.added", staff.id = %staff.id, template.id = %view.id, "template added");
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

/// Notes that the work begins, for whoever comes with the same key meanwhile or after a kill.
async fn take_turn<V: Provider + Send + Sync>(deps: &Deps<V>, request: &Request<'_>) -> Result<Turn, Problem> {
    let ambient = &deps.ambient;
    let turn = deps.database.transaction::<_, Problem>("begin_to_add_template", |tx| {
        Box::pin(async move {
            let now = ambient.now();
            let turn = match idempotency::claim(tx, ambient, request).await? {
                Seen::Never => Turn::First,
                Seen::Answered(BEGUN, body) => {
                    let Begun { began_at } = serde_json::from_str(&body).map_err(Problem::internal)?;
                    Turn::Again { is_fresh: now < began_at + OVER_AFTER }
                }
                Seen::Answered(status, body) => return Ok(Turn::Answered(status, body)),
                Seen::Different => return Err(Problem::of(Kind::IdempotencyKeyReused)),
            };
            if !matches!(turn, Turn::Again { is_fresh: true }) {
                let begun = serde_json::to_string(&Begun { began_at: now }).map_err(Problem::internal)?;
                idempotency::save(tx, request, BEGUN, &begun).await?;
            }
            Ok(turn)
        })
    });
    turn.await
}

/// The template's code, once it is there.
async fn make<V: Provider + Send + Sync>(channel: &Channel<'_, V>, wording: &Wording, turn: &Turn) -> Result<String, Problem> {
    let (before, _) = channel.fetch().await?;
    if let Some(twin) = twin(&before, wording) {
        return match turn {
            // The one that an earlier try under this key has made, whose answer nobody got.
            Turn::Again { .. } if twin.wording().says_what(wording) => Ok(twin.code.clone()),
            _ => Err(exists(channel, &twin.code).await?),
        };
    }
    if matches!(turn, Turn::Again { is_fresh: true }) {
        return Err(Problem::of(Kind::InProgress));
    }
    let (deps, sender_key) = (channel.deps, &channel.sender_key);
    match deps.provider.change_template(sender_key, &TemplateChange::Add(wording)).await {
        ChangeOutcome::Done { code } => {
            let made = |shown: &[Described]| {
                let by_code = shown.iter().find(|template| template.code == code);
                by_code.or_else(|| twin(shown, wording)).map(|template| template.code.clone())
            };
            let shown = channel.fetch().await;
            if let Some(code) = shown.ok().and_then(|(shown, _)| made(&shown)) {
                return Ok(code);
            }
            // It is done, but the provider does not show it yet.
            if code.is_empty() {
                return Err(unclear("not-seen"));
            }
            let described = Described { code: code.clone(), ..Described::default() }.reworded(wording);
            channel.assume(Becomes::Shown(Box::new(described))).await?;
            Ok(code)
        }
        ChangeOutcome::Refused { code, message } => Err(refused(code, &message)),
        ChangeOutcome::NotSent { why } => Err(unusable(&why)),
        ChangeOutcome::Unclear { why } => {
            tracing::warn!(event = "template.unclear", clinic.id = %channel.clinic, why, "an answer of the provider was lost");
            // There was no such template before: one that is there now is ours.
            match channel.fetch().await {
                Ok((shown, _)) => twin(&shown, wording).map(|it| it.code.clone()).ok_or_else(|| unclear("not-seen")),
                Err(_) => Err(unclear("unknown")),
            }
        }
    }
}

fn twin<'a>(shown: &'a [Described], wording: &Wording) -> Option<&'a Described> {
    shown.iter().find(|template| template.wording().is_twin_of(wording))
}

/// The problem that there is such a template, and which.
async fn exists<V: Provider + Send + Sync>(channel: &Channel<'_, V>, code: &str) -> Result<Problem, Problem> {
    let mut connection = channel.deps.database.acquire().await?;
    let twin = templates::find_by_code(&mut connection, channel.clinic, code).await?;
    let problem = Problem::of(Kind::TemplateExists).detail(
        "이미 있는 템플릿을 사용하거나, 이름이나 내용을 바꿔 주세요.",
        "Use the one that is there, or change the name or the text.",
    );
    Ok(match twin {
        Some(twin) => problem.with("templateId", twin.id.to_string()),
        None => problem,
    })
}
