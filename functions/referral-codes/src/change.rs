//! Making codes, and deciding whether they can be used.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use shared::db::audit::{self, Subject};
use shared::db::idempotency::{self, Request, Seen};
use shared::db::referral_codes::manage::{self, Settings};
use shared::http::{Body, Caller, IdempotencyKey, Ids, Kind, Problem, Staff, replay};
use shared::model::customer::visible;
use shared::model::{ReferralCode, StaffId};
use utoipa::ToSchema;

use crate::Deps;
use crate::view::CodeView;

/// How many codes of its own a clinic may have, also those that cannot be used any more: they stay for what they have counted.
const MOST: i64 = 200;
/// The longest label, in characters.
const LABEL: usize = 60;
/// A code expires within ten years, or never.
const FARTHEST: TimeDelta = TimeDelta::days(3653);

/// A code of the clinic's own.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"label": "접수대 QR", "expiresAt": "2027-03-02T00:00:00+09:00"}))]
pub struct NewReferralCode {
    /// Where people find it, 1 to 60 characters.
    #[schema(min_length = 1, max_length = 60)]
    label: String,
    /// From when on it cannot be used; never unless said.
    #[serde(default, deserialize_with = "shared::http::moment")]
    expires_at: Option<DateTime<Utc>>,
}

/// What is to change of a code. What is not named stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"label": "봄 전단지", "disabled": false, "expiresAt": null}))]
pub struct ReferralCodeChange {
    /// Where people find it, 1 to 60 characters; only of the clinic's own.
    #[schema(min_length = 1, max_length = 60)]
    label: Option<String>,
    /// `true` and nobody can join with it, until it is `false` again.
    disabled: Option<bool>,
    /// From when on it cannot be used; `null` for never.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    expires_at: Expiry,
}

/// What is said about the end of a code.
#[derive(Debug, Clone, Copy, Default)]
enum Expiry {
    /// Nothing.
    #[default]
    AsItIs,
    /// There is none.
    Never,
    /// It is then.
    At(DateTime<Utc>),
}

fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Expiry, D::Error> {
    Ok(shared::http::moment(deserializer)?.map_or(Expiry::Never, Expiry::At))
}

/// What became of a request to make a code.
enum Outcome {
    /// It is made, with this answer.
    Made(StaffId, String),
    /// It was answered before.
    Before(u16, String),
}

/// Makes a referral code of the clinic's own
///
/// One for each `Idempotency-Key`. At most 200 in all. A code is never deleted: who joined through it is counted with it.
#[utoipa::path(
    post,
    path = "/v1/referral-codes",
    operation_id = "addReferralCode",
    responses((status = 201, body = CodeView))
)]
pub async fn add(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    Body(asked): Body<NewReferralCode>,
) -> Result<Response, Problem> {
    let now = deps.ambient.now();
    let (label, expires_at) = (label(&asked.label)?, asked.expires_at);
    let request = Request::new(&caller.subject, "POST /v1/referral-codes", &key, &asked);
    let (ambient, console, caller, request, label) = (&deps.ambient, &deps.console, &caller, &request, label.as_str());
    let added = deps.database.transaction::<_, Problem>("add_referral_code", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            match idempotency::claim(tx, ambient, request).await? {
                Seen::Never => {}
                Seen::Answered(status, body) => return Ok(Outcome::Before(status, body)),
                Seen::Different => return Err(Problem::of(Kind::IdempotencyKeyReused)),
            }
            let expires_at = expires_at.map(|at| expiry(at, now)).transpose()?;
            if manage::count_locked(tx, staff.clinic).await? >= MOST {
                return Err(Problem::of(Kind::TooManyCodes));
            }
            let code = manage::insert_labelled(tx, ambient, staff.clinic, label, expires_at).await?;
            let made = manage::find(tx, staff.clinic, &code).await?.ok_or_else(Problem::not_found)?;
            let body = serde_json::to_string(&CodeView::new(made, console, now)).map_err(Problem::internal)?;
            idempotency::save(tx, request, StatusCode::CREATED.as_u16(), &body).await?;
            Ok(Outcome::Made(staff.id, body))
        })
    });
    Ok(match added.await? {
        Outcome::Before(status, body) => replay(status, body),
        Outcome::Made(staff, body) => {
            tracing::info!(event = "referral_code.made", staff.id = %staff, "referral code made");
            (StatusCode::CREATED, [(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
    })
}

/// Labels, disables, enables or expires a referral code
///
/// Of the clinic or of one of its members. Who asks to join with a code that is disabled or has expired is answered as if it had
/// never been. Who has joined stays a member.
#[utoipa::path(
    patch,
    path = "/v1/referral-codes/{code}",
    operation_id = "changeReferralCode",
    responses((status = 200, body = CodeView))
)]
pub async fn change(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Ids(code): Ids<ReferralCode>,
    Body(asked): Body<ReferralCodeChange>,
) -> Result<Json<CodeView>, Problem> {
    let now = deps.ambient.now();
    let label = asked.label.as_deref().map(label).transpose()?;
    let expires_at = match asked.expires_at {
        Expiry::At(at) => Expiry::At(expiry(at, now)?),
        other => other,
    };
    let (ambient, caller, code, label) = (&deps.ambient, &caller, &code, label.as_deref());
    let changed = deps.database.transaction::<_, Problem>("change_referral_code", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            let old = manage::lock(tx, staff.clinic, code).await?.ok_or_else(Problem::not_found)?;
            if old.member.is_some() && label.is_some() {
                let ko = "병원이 만든 추천 코드에만 이름을 붙일 수 있습니다.";
                return Err(Problem::invalid("label", ko, "only the clinic's own codes have a label"));
            }
            let settings = Settings {
                label: label.map_or(old.label, str::to_owned),
                member: old.member,
                disabled_at: match asked.disabled {
                    Some(true) => old.disabled_at.or(Some(now)),
                    Some(false) => None,
                    None => old.disabled_at,
                },
                expires_at: match expires_at {
                    Expiry::AsItIs => old.expires_at,
                    Expiry::Never => None,
                    Expiry::At(at) => Some(at),
                },
            };
            manage::update(tx, staff.clinic, code, &settings).await?;
            // Not there when its owner has withdrawn: then nothing is changed either.
            let changed = manage::find(tx, staff.clinic, code).await?.ok_or_else(Problem::not_found)?;
            if let Some(user) = settings.member {
                audit::record(tx, ambient, &staff, "referral_code.change", Subject::User(user), 1).await?;
            }
            Ok((staff.id, changed))
        })
    });
    let (staff, changed) = changed.await?;
    let disabled = changed.disabled_at.is_some();
    tracing::info!(event = "referral_code.changed", staff.id = %staff, disabled, "referral code changed");
    Ok(Json(CodeView::new(changed, &deps.console, now)))
}

fn label(text: &str) -> Result<String, Problem> {
    let label = visible(text);
    if (1..=LABEL).contains(&label.chars().count()) {
        return Ok(label);
    }
    let ko = format!("코드의 이름을 1~{LABEL}자로 입력해 주세요.");
    Err(Problem::invalid("label", ko, format!("must have 1 to {LABEL} characters")))
}

fn expiry(at: DateTime<Utc>, now: DateTime<Utc>) -> Result<DateTime<Utc>, Problem> {
    if at > now && at <= now + FARTHEST {
        return Ok(at);
    }
    let ko = "만료 시각은 지금부터 10년 안이어야 합니다. 바로 멈추려면 사용 중지로 바꾸세요.";
    Err(Problem::invalid("expiresAt", ko, "must be within ten years from now; to stop a code at once, disable it"))
}
