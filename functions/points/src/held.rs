//! Points that somebody of the clinic is to look at before they are granted.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use shared::aws::topics::Publisher;
use shared::db::audit::{self, Subject};
use shared::db::held_grants::{self, Decision, Undecided};
use shared::db::{outbox, point_entries};
use shared::http::{Body, Caller, Cursor, Ids, Kind, Language, Page, Params, Problem, Staff};
use shared::message::PointsEarned;
use shared::model::id::HeldGrantId;
use shared::model::state::HeldState;
use sqlx::MySqlConnection;
use utoipa::{IntoParams, ToSchema};

use crate::change::grants_points;
use crate::view::HeldView;
use crate::{Deps, because, for_oneself, foreign_cursor, note, points_off};

/// Which points to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Asked {
    /// Only those in this state, `held` unless said.
    #[param(inline)]
    state: Option<HeldState>,
    /// Where the page before ended.
    cursor: Option<Cursor>,
    /// How many, at most 200; 50 unless said.
    limit: Option<u32>,
}

/// Lists points that are or were held for review, newest first
#[utoipa::path(
    get,
    path = "/v1/points/held",
    operation_id = "listHeldPoints",
    responses((status = 200, body = Page<HeldView>))
)]
pub async fn list<P: Publisher>(
    State(deps): State<Arc<Deps<P>>>,
    caller: Caller,
    language: Language,
    Params(asked): Params<Asked>,
) -> Result<Json<Page<HeldView>>, Problem> {
    let limit = Page::<HeldView>::limit(asked.limit);
    let before = asked.cursor.map(|cursor| cursor.0.parse()).transpose().map_err(|_| foreign_cursor())?;
    let state = asked.state.unwrap_or(HeldState::Held);
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let held = held_grants::list(&mut connection, staff.clinic, state, before, limit + 1).await?;
    let views = held.into_iter().map(|held| HeldView::new(held, language)).collect();
    let page = Page::cut(views, limit, |last: &HeldView| last.id.to_string());
    let people = page.items.iter().map(|held| held.member.user_id).collect::<BTreeSet<_>>().len();
    audit::record(&mut connection, &deps.ambient, &staff, "points.held", Subject::Many, people).await?;
    tracing::info!(event = "held.read", staff.id = %staff.id, count = page.items.len(), "held points listed");
    Ok(Json(page))
}

/// Why points are granted after all.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"note": "전화로 확인했습니다."}))]
pub struct Release {
    /// At most 200 characters.
    #[schema(max_length = 200)]
    note: Option<String>,
}

/// Why points are not granted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"note": "같은 사람이 여러 번 가입했습니다."}))]
pub struct Refusal {
    /// 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    note: String,
}

/// Grants points that were held
///
/// They are published like any others, under the key that they would have had: however often that happens, they are granted once. Only
/// the owner, and not for themselves. Who has released them before gets the same answer again.
#[utoipa::path(
    post,
    path = "/v1/points/held/{heldGrantId}/release",
    operation_id = "releaseHeldPoints",
    responses((status = 204))
)]
pub async fn release<P: Publisher>(
    State(deps): State<Arc<Deps<P>>>,
    caller: Caller,
    Ids(id): Ids<HeldGrantId>,
    Body(asked): Body<Release>,
) -> Result<StatusCode, Problem> {
    let text = note(asked.note.as_deref())?;
    let (ambient, caller, text) = (&deps.ambient, &caller, text.as_str());
    let released = deps.database.transaction::<_, Problem>("release_held_points", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            staff.require_owner()?;
            let user = held_grants::find_user(tx, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
            // The person before what is held for them, as whoever withdraws does.
            let member = point_entries::lock_member(tx, staff.clinic, user).await?;
            let Some(held) = undecided(tx, &staff, id, HeldState::Released).await? else { return Ok(None) };
            let member = member
                .ok_or_else(|| Problem::of(Kind::MembershipState).detail("탈퇴한 단골입니다.", "The member has withdrawn."))?;
            if member.is(tx, caller, &staff).await? {
                return Err(for_oneself());
            }
            if !grants_points(tx, &staff).await? {
                return Err(points_off());
            }
            let decision = Decision { state: HeldState::Released, staff: staff.id, note: text, at: ambient.now() };
            held_grants::decide(tx, staff.clinic, id, &decision).await?;
            audit::record(tx, ambient, &staff, "points.release", Subject::User(held.user), 1).await?;
            let earned = PointsEarned::V1 {
                grant_key: held.grant_key,
                clinic_id: staff.clinic,
                user_id: held.user,
                reason: held.reason,
                amount: held.amount,
                referral_id: held.referral,
            };
            Ok(Some((staff.id, outbox::insert(tx, ambient, &earned).await?)))
        })
    });
    let Some((staff, outgoing)) = released.await? else { return Ok(StatusCode::NO_CONTENT) };
    tracing::info!(event = "held.released", staff.id = %staff, held.id = %id, "held points released");
    outbox::publish(&deps.database, &deps.publisher, &[outgoing]).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Does not grant points that were held
///
/// Only the owner. Who has refused them before gets the same answer again; the note stays the first one.
#[utoipa::path(
    post,
    path = "/v1/points/held/{heldGrantId}/refuse",
    operation_id = "refuseHeldPoints",
    responses((status = 204))
)]
pub async fn refuse<P: Publisher>(
    State(deps): State<Arc<Deps<P>>>,
    caller: Caller,
    Ids(id): Ids<HeldGrantId>,
    Body(asked): Body<Refusal>,
) -> Result<StatusCode, Problem> {
    let text = because(&asked.note)?;
    let (ambient, caller, text) = (&deps.ambient, &caller, text.as_str());
    let refused = deps.database.transaction::<_, Problem>("refuse_held_points", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            staff.require_owner()?;
            let Some(held) = undecided(tx, &staff, id, HeldState::Refused).await? else { return Ok(None) };
            let decision = Decision { state: HeldState::Refused, staff: staff.id, note: text, at: ambient.now() };
            held_grants::decide(tx, staff.clinic, id, &decision).await?;
            audit::record(tx, ambient, &staff, "points.refuse", Subject::User(held.user), 1).await?;
            Ok(Some(staff.id))
        })
    });
    let Some(staff) = refused.await? else { return Ok(StatusCode::NO_CONTENT) };
    tracing::info!(event = "held.refused", staff.id = %staff, held.id = %id, "held points refused");
    Ok(StatusCode::NO_CONTENT)
}

/// What is to be decided on, locked. None when the same person has decided so before: somebody asks again whose answer was lost. Refused
/// when it was decided otherwise, or by somebody else.
async fn undecided(
    connection: &mut MySqlConnection,
    staff: &Staff,
    id: HeldGrantId,
    wish: HeldState,
) -> Result<Option<Undecided>, Problem> {
    let held = held_grants::lock(connection, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
    if held.state == HeldState::Held {
        return Ok(Some(held));
    }
    if held.state == wish && held.decided_by == Some(staff.id) {
        return Ok(None);
    }
    Err(Problem::of(Kind::AlreadyDecided).with("state", held.state.as_str()))
}
