//! What the provider shows is what is stored; what it is told to change is done, refused, or looked up when its answer is lost.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::db::{clinics, templates};
use shared::http::{Caller, Kind, Problem, Staff};
use shared::model::approval::Described;
use shared::model::{ClinicId, TemplateId};
use shared::provider::{ChangeOutcome, NoAnswer, Provider, TemplateChange, WRONG_STATE};
use sqlx::MySqlConnection;
use utoipa::ToSchema;

use crate::Deps;

/// Lengths of the columns.
const CODE_LENGTH: usize = 40;
const NAME_LENGTH: usize = 200;

/// What a synchronisation came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TemplatesSynchronised)]
pub struct Synchronised {
    /// Templates that the provider has.
    synced: usize,
    /// Templates that it does not have any more.
    removed: u64,
}

/// Fetches the clinic's templates from the provider
///
/// What the provider does not have any more is removed; campaigns keep what they were sent with. Where variables come from is kept.
#[utoipa::path(post, path = "/v1/templates/sync", operation_id = "syncTemplates", responses((status = 200, body = Synchronised)))]
pub async fn synchronise<V: Provider + Send + Sync>(
    State(deps): State<Arc<Deps<V>>>,
    caller: Caller,
) -> Result<Json<Synchronised>, Problem> {
    let (clinic, sender_key) = {
        let mut connection = deps.database.acquire().await?;
        let staff = Staff::identify(&mut connection, &caller).await?;
        (staff.clinic, sender_key(&mut connection, staff.clinic).await?)
    };
    let channel = Channel { deps: &deps, clinic, sender_key };
    let (shown, removed) = channel.fetch().await?;
    Ok(Json(Synchronised { synced: shown.len(), removed }))
}

/// The key of the clinic's channel.
pub async fn sender_key(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<String, Problem> {
    let clinic = clinics::find(connection, clinic).await?.ok_or_else(Problem::not_found)?;
    clinic.sender_key.ok_or_else(|| {
        Problem::of(Kind::NoSenderKey).detail(
            "병원 설정에서 발신 프로필 키(senderKey)를 먼저 등록하세요.",
            "Set the channel's sender key (senderKey) in the clinic's settings first.",
        )
    })
}

/// A clinic's channel at the provider. The provider may take seconds: nobody holds a connection while it is asked.
pub struct Channel<'a, V> {
    /// What the use case needs.
    pub deps: &'a Deps<V>,
    /// Whose channel it is.
    pub clinic: ClinicId,
    /// The provider's key of it.
    pub sender_key: String,
}

/// What becomes of a template by a change.
pub enum Becomes {
    /// It is shown like this.
    Shown(Box<Described>),
    /// It is gone.
    Gone(TemplateId),
}

impl<V: Provider + Send + Sync> Channel<'_, V> {
    /// Asks for all templates and stores them. Answers them, and how many are gone.
    pub async fn fetch(&self) -> Result<(Vec<Described>, u64), Problem> {
        let asked_at = self.deps.ambient.now();
        let shown = self.deps.provider.templates(&self.sender_key).await.map_err(not_answered)?;
        let shown = storable(self.clinic, shown);
        let (ambient, clinic, described) = (&self.deps.ambient, self.clinic, &shown);
        let replaced = self.deps.database.transaction::<_, Problem>("synchronise_templates", |tx| {
            Box::pin(async move { Ok(templates::replace_all(tx, ambient, clinic, asked_at, described).await?) })
        });
        let removed = replaced.await?;
        tracing::info!(
            event = "templates.synced", clinic.id = %clinic, synced = shown.len(), removed, "templates synchronised"
        );
        Ok((shown, removed))
    }

    /// Has a template changed and stores what the provider shows afterwards. `is_done` looks at that when the answer was lost.
    pub async fn change(
        &self,
        change: &TemplateChange<'_>,
        becomes: Becomes,
        is_done: impl Fn(&[Described]) -> bool,
    ) -> Result<(), Problem> {
        match self.deps.provider.change_template(&self.sender_key, change).await {
            ChangeOutcome::Done { .. } => match self.fetch().await {
                Ok(_) => Ok(()),
                // It is done, and what it comes to is known: the next synchronisation shows the rest.
                Err(_) => self.assume(becomes).await,
            },
            ChangeOutcome::Refused { code, message } => {
                if code != WRONG_STATE {
                    return Err(refused(code, &message));
                }
                // What is stored is out of date. Should it stay so, staff is told all the same.
                self.fetch().await.ok();
                Err(Problem::of(Kind::TemplateState).detail(message.clone(), message).with("code", code))
            }
            ChangeOutcome::NotSent { why } => Err(unusable(&why)),
            ChangeOutcome::Unclear { why } => {
                tracing::warn!(event = "template.unclear", clinic.id = %self.clinic, why, "an answer of the provider was lost");
                match self.fetch().await {
                    Ok((shown, _)) if is_done(&shown) => Ok(()),
                    Ok(_) => Err(unclear("not-seen")),
                    Err(_) => Err(unclear("unknown")),
                }
            }
        }
    }

    /// Stores what the provider said it did, when it does not show it.
    pub async fn assume(&self, becomes: Becomes) -> Result<(), Problem> {
        let mut connection = self.deps.database.acquire().await?;
        match becomes {
            Becomes::Shown(described) => {
                let (ambient, now) = (&self.deps.ambient, self.deps.ambient.now());
                templates::insert_or_update(&mut connection, ambient, self.clinic, now, &described).await?;
            }
            Becomes::Gone(id) => _ = templates::delete(&mut connection, self.clinic, id).await?,
        }
        Ok(())
    }
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
    let short = |text: &str| text.chars().take(NAME_LENGTH).collect();
    let fitting = |template: Described| Described {
        name: short(&template.name),
        emphasis_title: short(&template.emphasis_title),
        emphasis_subtitle: short(&template.emphasis_subtitle),
        inspection: letters(&template.inspection, 3),
        status: letters(&template.status, 1),
        kind: letters(&template.kind, 2),
        emphasis_kind: letters(&template.emphasis_kind, 10),
        ..template
    };
    described.into_iter().filter(usable).map(fitting).collect()
}

fn not_answered(cause: NoAnswer) -> Problem {
    match cause {
        NoAnswer::Refused { code, message } => refused(code, &message),
        NoAnswer::Unusable(why) => unusable(&why),
    }
}

/// The provider said no, and why.
pub fn refused(code: i32, message: &str) -> Problem {
    tracing::warn!(event = "provider.refused", code, message, "the provider refused");
    Problem::of(Kind::ProviderRefused)
        .detail(format!("코드 {code}: {message}"), format!("Code {code}: {message}"))
        .with("code", code)
}

/// Nothing was done, and nobody knows when it can be.
pub fn unusable(why: &str) -> Problem {
    tracing::warn!(event = "provider.unusable", why, "the provider did not answer usably");
    Problem::of(Kind::ProviderUnavailable)
}

/// The answer was lost, and the provider shows no trace of the change (`not-seen`) or shows nothing at all (`unknown`).
pub fn unclear(effect: &'static str) -> Problem {
    let (ko, en) = if effect == "not-seen" {
        (
            "응답을 받지 못했고, 지금 조회해 보니 반영되지 않았습니다. 잠시 후 동기화해 확인한 뒤 다시 시도해 주세요.",
            "The answer was lost, and the provider shows no change as of now. Synchronise in a moment, and try again if there is still \
             none.",
        )
    } else {
        (
            "응답을 받지 못했고, 조회도 되지 않습니다. 잠시 후 동기화해 확인해 주세요.",
            "The answer was lost, and the provider does not show its templates either. Synchronise in a moment to see.",
        )
    };
    Problem::of(Kind::ProviderUnclear).detail(ko, en).with("effect", effect)
}
