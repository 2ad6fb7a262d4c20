//! Adding to the ledger, and lifting what is in it.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::db::audit::{self, Subject};
use shared::db::suppressions::{self, Cause};
use shared::http::{Body, Caller, Ids, Problem, Staff};
use shared::model::customer::visible;
use shared::model::state::SuppressionReason;
use shared::model::{PhoneNumber, SuppressionId};
use utoipa::ToSchema;

use crate::Deps;
use crate::read::whose;

const MAX_PHONES: usize = 1000;
/// What a note or a reason may have, in characters.
const MAX_TEXT: usize = 200;

/// Phones that must not be written to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"phones": ["010-1234-5678"], "note": "전화로 요청하셨습니다."}))]
pub struct NewSuppressions {
    /// 1 to 1,000 phones, of customers or of anybody else.
    #[schema(min_items = 1, max_items = 1000)]
    phones: Vec<PhoneNumber>,
    /// Whatever should be remembered with them, at most 200 characters.
    #[schema(max_length = 200)]
    note: Option<String>,
}

/// What became of the phones. One that was named twice counts once.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SuppressionsAdded {
    /// How many are in the ledger from now on.
    added: u64,
    /// How many were there before, and stay as they were.
    already_there: u64,
}

/// Why a suppression is lifted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "본인이 다시 받기를 원하셨습니다."}))]
pub struct Lifting {
    /// 1 to 200 characters, kept for ever.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// Suppresses phones whose owners asked for it
///
/// From the moment of the answer on no message is prepared for them and no import adds them. A phone that is suppressed already
/// keeps its reason and its date. All of the phones, or none when one of them cannot be used.
#[utoipa::path(
    post,
    path = "/v1/suppressions",
    operation_id = "addSuppressions",
    responses((status = 200, body = SuppressionsAdded))
)]
pub async fn add(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Body(asked): Body<NewSuppressions>,
) -> Result<Json<SuppressionsAdded>, Problem> {
    if !(1..=MAX_PHONES).contains(&asked.phones.len()) {
        return Err(Problem::invalid("phones", "번호를 1~1,000개 입력해 주세요.", "give 1 to 1,000 phones"));
    }
    let note = visible(asked.note.as_deref().unwrap_or_default());
    if note.chars().count() > MAX_TEXT {
        let (ko, en) = (format!("메모는 최대 {MAX_TEXT}자입니다."), format!("at most {MAX_TEXT} characters"));
        return Err(Problem::invalid("note", ko, en));
    }
    let phones: Vec<_> = asked.phones.iter().collect::<BTreeSet<_>>().into_iter().collect();
    let note = Some(note.as_str()).filter(|note| !note.is_empty());
    let (ambient, caller, phones) = (&deps.ambient, &caller, &phones);
    let added = deps.database.transaction::<_, Problem>("add_suppressions", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            let cause = Cause { reason: SuppressionReason::Asked, by: Some(staff.id), note };
            let added = suppressions::insert_all(tx, ambient, staff.clinic, phones, &cause).await?;
            audit::record(tx, ambient, &staff, "suppression.add", Subject::Many, phones.len()).await?;
            Ok((staff.id, added))
        })
    });
    let (staff, added) = added.await?;
    let already_there = u64::try_from(phones.len()).unwrap_or(u64::MAX) - added;
    tracing::info!(event = "suppressions.added", staff.id = %staff, count = added, already_there, "phones suppressed");
    Ok(Json(SuppressionsAdded { added, already_there }))
}

/// Lifts a suppression
///
/// The phone may be written to and imported again. The line moves to those that were lifted, with who lifted it and why. Where
/// the person asked to be forgotten only the clinic's owner can lift it.
#[utoipa::path(
    post,
    path = "/v1/suppressions/{suppressionId}/lift",
    operation_id = "liftSuppression",
    responses((status = 204))
)]
pub async fn lift(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Ids(id): Ids<SuppressionId>,
    Body(asked): Body<Lifting>,
) -> Result<StatusCode, Problem> {
    let because = visible(&asked.reason);
    if !(1..=MAX_TEXT).contains(&because.chars().count()) {
        let ko = format!("해제하는 이유를 1~{MAX_TEXT}자로 입력해 주세요.");
        let en = format!("say why, in 1 to {MAX_TEXT} characters");
        return Err(Problem::invalid("reason", ko, en));
    }
    let (ambient, caller, because) = (&deps.ambient, &caller, because.as_str());
    let lifted = deps.database.transaction::<_, Problem>("lift_suppression", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            let reason = suppressions::lock(tx, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
            if reason == SuppressionReason::Forgotten.as_str() {
                staff.require_owner()?;
            }
            let line = suppressions::find(tx, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
            suppressions::lift(tx, staff.clinic, id, staff.id, because, ambient.now()).await?;
            audit::record(tx, ambient, &staff, "suppression.lift", whose(&line), 1).await?;
            Ok((staff.id, reason))
        })
    });
    let (staff, reason) = lifted.await?;
    tracing::info!(event = "suppression.lifted", staff.id = %staff, suppression.id = %id, reason, "suppression lifted");
    Ok(StatusCode::NO_CONTENT)
}
