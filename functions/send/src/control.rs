//! Pausing, resuming and calling off: under a lock on the campaign, so that it takes effect before the next bundle. Whoever hands a
//! bundle over looks at the campaign first, under the same lock.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use shared::aws::topics::{Outgoing, Publisher};
use shared::clock::Ambient;
use shared::db::campaigns::{self, Campaign, control, progress};
use shared::db::idempotency::{self, Request};
use shared::db::outbox;
use shared::http::{Caller, IdempotencyKey, Ids, Kind, Problem, Staff};
use shared::message::{BundlePrepared, CampaignRequested};
use shared::model::CampaignId;
use shared::model::result::Reason;
use shared::model::state::CampaignState;
use sqlx::MySqlConnection;

use crate::Deps;
use crate::ask::{Asked, answer, before};
use crate::plan::tried_at_night;
use crate::show::CampaignView;
use crate::words::campaign_state;

/// How many workers are woken when a campaign goes on: each takes bundles until there are no more.
const WOKEN: u32 = 50;

/// Pauses a campaign
///
/// It takes effect before the next bundle: what the provider has by then goes on to its end. Pausing a paused campaign changes nothing.
#[utoipa::path(
    post,
    path = "/v1/campaigns/{campaignId}/pause",
    operation_id = "pauseCampaign",
    responses((status = 200, body = CampaignView))
)]
pub async fn pause<P, V, D>(
    State(deps): State<Arc<Deps<P, V, D>>>,
    caller: Caller,
    Ids(id): Ids<CampaignId>,
) -> Result<Json<CampaignView>, Problem> {
    let caller = &caller;
    let paused = deps.database.transaction::<_, Problem>("pause_campaign", |tx| {
        Box::pin(async move {
            let (staff, campaign) = locked(tx, caller, id).await?;
            let changed = match campaign.state {
                CampaignState::Paused => false,
                state if has_ended(state) => return Err(impossible(state, ("일시 중지할", "paused"))),
                _ => progress::pause_for(tx, staff.clinic, id, Reason::ByStaff).await?,
            };
            let view = view(tx, &staff, id).await?;
            Ok((staff, changed, view))
        })
    });
    let (staff, changed, view) = paused.await?;
    if changed {
        tracing::info!(event = "campaign.paused", staff.id = %staff.id, campaign.id = %id, reason = "by_staff", "campaign paused");
    }
    Ok(Json(view))
}

/// Resumes a campaign
///
/// It goes on from where it was. One that is so late that it asked begins now. Resuming a campaign that is under way changes nothing; nor
/// does the same request once more, also when somebody else has paused the campaign since. A campaign whose link has ended meanwhile is not
/// resumed.
#[utoipa::path(
    post,
    path = "/v1/campaigns/{campaignId}/resume",
    operation_id = "resumeCampaign",
    responses((status = 200, body = CampaignView))
)]
pub async fn resume<P: Publisher, V, D>(
    State(deps): State<Arc<Deps<P, V, D>>>,
    caller: Caller,
    Ids(id): Ids<CampaignId>,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<Response, Problem> {
    let request = Request::new(&caller.subject, "POST /v1/campaigns/resume", &key, &id);
    let (ambient, caller, request) = (&deps.ambient, &caller, &request);
    let resumed = deps.database.transaction::<_, Problem>("resume_campaign", |tx| {
        Box::pin(async move {
            Staff::identify(tx, caller).await?;
            if let Some(answered) = before(tx, ambient, request).await? {
                return Ok(Resumed::Before(answered));
            }
            let (staff, campaign) = locked(tx, caller, id).await?;
            let outgoing = match campaign.state {
                CampaignState::Paused if campaign.is_advertising_tried_at_night(ambient.now()) => return Err(tried_at_night()),
                CampaignState::Paused if campaign.link_has_ended(ambient.now()) => {
                    return Err(link_ended());
                }
                CampaignState::Paused => Some(go_on(tx, ambient, &campaign).await?),
                state if has_ended(state) => return Err(impossible(state, ("다시 시작할", "resumed"))),
                _ => None,
            };
            let body = serde_json::to_string(&view(tx, &staff, id).await?).map_err(Problem::internal)?;
            idempotency::save(tx, request, StatusCode::OK.as_u16(), &body).await?;
            Ok(Resumed::Now(staff, outgoing, body))
        })
    });
    let (staff, outgoing, body) = match resumed.await? {
        Resumed::Before(answered) => return answer(&deps, answered).await,
        Resumed::Now(staff, outgoing, body) => (staff, outgoing, body),
    };
    if let Some(outgoing) = outgoing {
        tracing::info!(event = "campaign.resumed", staff.id = %staff.id, campaign.id = %id, "campaign resumed");
        outbox::publish(&deps.database, &deps.publisher, &outgoing).await;
    }
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// What became of a request to go on.
enum Resumed {
    /// It is answered with this; when it has changed something, others are to be told.
    Now(Staff, Option<Vec<Outgoing>>, String),
    /// It was answered before.
    Before(Asked),
}

/// Calls a campaign off
///
/// It takes effect before the next bundle, for good: what the provider has by then goes on to its end, the other messages are excluded.
/// Calling off a campaign that was called off changes nothing.
#[utoipa::path(
    post,
    path = "/v1/campaigns/{campaignId}/cancel",
    operation_id = "cancelCampaign",
    responses((status = 200, body = CampaignView))
)]
pub async fn cancel<P, V, D>(
    State(deps): State<Arc<Deps<P, V, D>>>,
    caller: Caller,
    Ids(id): Ids<CampaignId>,
) -> Result<Json<CampaignView>, Problem> {
    let (ambient, caller) = (&deps.ambient, &caller);
    let canceled = deps.database.transaction::<_, Problem>("cancel_campaign", |tx| {
        Box::pin(async move {
            let (staff, campaign) = locked(tx, caller, id).await?;
            let excluded = match campaign.state {
                CampaignState::Canceled => None,
                state if has_ended(state) => return Err(impossible(state, ("취소할", "called off"))),
                _ => {
                    let now = ambient.now();
                    Some(progress::end(tx, &campaign, CampaignState::Canceled, Reason::Canceled, now).await?)
                }
            };
            let view = view(tx, &staff, id).await?;
            Ok((staff, excluded, view))
        })
    });
    let (staff, excluded, view) = canceled.await?;
    if let Some(excluded) = excluded {
        tracing::info!(event = "campaign.canceled", staff.id = %staff.id, campaign.id = %id, excluded, "campaign called off");
    }
    Ok(Json(view))
}

/// The campaign, which nobody else changes until the transaction ends.
async fn locked(tx: &mut MySqlConnection, caller: &Caller, id: CampaignId) -> Result<(Staff, Campaign), Problem> {
    let staff = Staff::identify(tx, caller).await?;
    let campaign = campaigns::lock(tx, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
    Ok((staff, campaign))
}

/// The campaign as it is now.
async fn view(tx: &mut MySqlConnection, staff: &Staff, id: CampaignId) -> Result<CampaignView, Problem> {
    let campaign = campaigns::find(tx, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
    Ok(CampaignView::new(campaign, campaigns::list_groups(tx, staff.clinic, id).await?))
}

/// Puts a paused campaign back to where it was, and tells those who have to go on with it.
async fn go_on(tx: &mut MySqlConnection, ambient: &Ambient, campaign: &Campaign) -> Result<Vec<Outgoing>, Problem> {
    let Campaign { clinic, id, .. } = *campaign;
    let now = ambient.now();
    let state = goes_on_as(campaign, now);
    control::resume(tx, campaign, state, now).await?;
    match state {
        CampaignState::Requested | CampaignState::Preparing => {
            let fact = CampaignRequested::V1 { clinic_id: clinic, campaign_id: id };
            Ok(vec![outbox::insert(tx, ambient, &fact).await?])
        }
        CampaignState::Sending => {
            let bundles = control::list_claimable_bundles(tx, campaign, now, WOKEN).await?;
            let wake = |bundle_id| BundlePrepared::V1 { clinic_id: clinic, campaign_id: id, bundle_id };
            let facts: Vec<_> = bundles.into_iter().map(wake).collect();
            let outgoing = outbox::insert_all(tx, ambient, &facts).await?;
            // The last answer may have come while it was paused.
            if progress::finish_if_done(tx, clinic, id, now).await? {
                tracing::info!(event = "campaign.finished", campaign.id = %id, "campaign finished");
            }
            Ok(outgoing)
        }
        _ => Ok(Vec::new()),
    }
}

/// The state in which a paused campaign goes on. Whoever resumes one whose time has come says that it is to be sent.
fn goes_on_as(campaign: &Campaign, now: DateTime<Utc>) -> CampaignState {
    match campaign.resumed_from {
        Some(CampaignState::Scheduled) if campaign.scheduled_at.is_some_and(|at| at > now) => CampaignState::Scheduled,
        Some(CampaignState::Scheduled) | None => CampaignState::Requested,
        Some(state) => state,
    }
}

const fn has_ended(state: CampaignState) -> bool {
    matches!(state, CampaignState::Finished | CampaignState::Canceled | CampaignState::Failed)
}

fn impossible(state: CampaignState, (ko, en): (&str, &str)) -> Problem {
    let (state_ko, state_en) = campaign_state(state);
    let ko = format!("이미 '{state_ko}' 상태인 발송은 {ko} 수 없습니다.");
    let en = format!("The campaign is {} already: it cannot be {en}.", state_en.to_lowercase());
    Problem::of(Kind::CampaignState).detail(ko, en).with("state", state.as_str())
}

/// Nobody is to get a link that says nothing but that it has ended.
fn link_ended() -> Problem {
    Problem::of(Kind::CampaignState)
        .detail(
            "그사이 링크 사용 기간이 끝나 다시 시작할 수 없습니다. 취소하고 새로 발송해 주세요.",
            "Its link has ended meanwhile: it cannot be resumed. Call it off and ask for a new one.",
        )
        .with("reason", "link-ended")
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use shared::model::ClinicId;
    use shared::testing::{ambient, campaign};

    use super::*;

    #[test]
    fn a_paused_campaign_goes_on_from_where_it_was_unless_its_time_has_come() {
        let (ambient, _) = ambient();
        let now = ambient.now();
        let paused = Campaign { state: CampaignState::Paused, ..campaign(&ambient, ClinicId::new(&ambient)) };
        let from = |state, minutes: i64| {
            let scheduled_at = Some(now + TimeDelta::minutes(minutes));
            goes_on_as(&Campaign { resumed_from: state, scheduled_at, ..paused.clone() }, now)
        };
        assert_eq!(from(Some(CampaignState::Scheduled), 1), CampaignState::Scheduled);
        assert_eq!(from(Some(CampaignState::Scheduled), 0), CampaignState::Requested);
        assert_eq!(from(Some(CampaignState::Scheduled), -600), CampaignState::Requested);
        for state in [CampaignState::Requested, CampaignState::Preparing, CampaignState::Sending] {
            assert_eq!(from(Some(state), -600), state);
        }
        assert_eq!(from(None, -600), CampaignState::Requested);
    }
}
