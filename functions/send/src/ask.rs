//! Asking for a campaign: everything that can be known to go wrong is said before anything is written.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use shared::aws::topics::{Outgoing, Publisher};
use shared::clock::Ambient;
use shared::db::campaigns::{self, Audience, Campaign, Prepared};
use shared::db::idempotency::{self, Request, Seen};
use shared::db::templates::{self, Template};
use shared::db::{clinics, groups, outbox};
use shared::http::{Body, Caller, IdempotencyKey, Kind, Problem, Staff, replay};
use shared::message::CampaignRequested;
use shared::model::customer::CampaignName;
use shared::model::link;
use shared::model::state::{CampaignKind, CampaignState};
use shared::model::template::{Button, LINK_VARIABLE, variables};
use shared::model::{CampaignId, ClinicId, GroupId, TemplateId};
use sqlx::MySqlConnection;
use utoipa::ToSchema;

use crate::Deps;
use crate::show::CampaignView;

/// The most groups of one campaign.
const MOST_GROUPS: usize = 100;

/// What is to be sent to whom.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewCampaign, example = json!({
    "name": "3월 검진 안내",
    "groupIds": ["grp_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e"],
    "templateId": "tpl_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e",
    "destination": "https://www.example.com/checkup",
}))]
pub struct Wish {
    /// The template's name unless said.
    name: Option<CampaignName>,
    /// Whom to send to: the customers of 1 to 100 groups, each customer once.
    #[schema(min_items = 1, max_items = 100)]
    group_ids: Vec<GroupId>,
    /// What to send.
    template_id: TemplateId,
    /// Where the link leads, when the template has one: `https`, and a host among the clinic's `linkHosts`.
    destination: Option<String>,
}

enum Asked {
    Now(CampaignView, Outgoing),
    Before(u16, String),
}

/// Asks for a campaign
///
/// It is written down at once, and prepared and sent soon after. Everything that can be known to go wrong is said before.
#[utoipa::path(
    post,
    path = "/v1/campaigns",
    operation_id = "requestCampaign",
    responses((status = 202, description = "The campaign will be prepared and sent.", body = CampaignView))
)]
pub async fn ask<P: Publisher>(
    State(deps): State<Arc<Deps<P>>>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    Body(wish): Body<Wish>,
) -> Result<Response, Problem> {
    let request = Request::new(&caller.subject, "POST /v1/campaigns", &key, &wish);
    let (ambient, caller, wish, request) = (&deps.ambient, &caller, &wish, &request);
    let asked = deps.database.transaction::<_, Problem>("ask_for_campaign", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            match idempotency::claim(tx, ambient, request).await? {
                Seen::Never => {}
                Seen::Answered(status, body) => return Ok(Asked::Before(status, body)),
                Seen::Different => return Err(Problem::of(Kind::IdempotencyKeyReused)),
            }
            let groups = known_groups(tx, staff.clinic, &wish.group_ids).await?;
            let campaign = campaign(tx, ambient, &staff, wish).await?;
            campaigns::insert(tx, &campaign, &groups).await?;
            let fact = CampaignRequested::V1 { clinic_id: staff.clinic, campaign_id: campaign.id };
            let outgoing = outbox::insert(tx, ambient, &fact).await?;
            let view = CampaignView::new(campaign, groups);
            let body = serde_json::to_string(&view).map_err(Problem::internal)?;
            idempotency::save(tx, request, StatusCode::ACCEPTED.as_u16(), &body).await?;
            Ok(Asked::Now(view, outgoing))
        })
    });
    match asked.await? {
        Asked::Before(status, body) => Ok(replay(status, body)),
        Asked::Now(view, outgoing) => {
            tracing::info!(event = "campaign.requested", campaign.id = %view.id, "campaign requested");
            outbox::publish(&deps.database, &deps.publisher, &[outgoing]).await;
            Ok((StatusCode::ACCEPTED, Json(view)).into_response())
        }
    }
}

/// The groups asked for, each once and in order. One that the clinic does not have is named by its place.
async fn known_groups(connection: &mut MySqlConnection, clinic: ClinicId, asked: &[GroupId]) -> Result<Vec<GroupId>, Problem> {
    if asked.is_empty() || asked.len() > MOST_GROUPS {
        let (ko, en) = (format!("그룹을 1~{MOST_GROUPS}개 선택하세요."), format!("choose 1 to {MOST_GROUPS} groups"));
        return Err(Problem::invalid("groupIds", ko, en));
    }
    // Held in one order until the campaign is written: who deletes a group finds the campaign, or the campaign finds no group.
    let mut places: Vec<_> = asked.iter().zip(0_usize..).collect();
    places.sort_unstable();
    for (group, place) in places {
        if !groups::hold(connection, clinic, *group).await? {
            return Err(Problem::not_found().with("field", format!("groupIds[{place}]")));
        }
    }
    let mut known = asked.to_vec();
    known.sort_unstable();
    known.dedup();
    Ok(known)
}

/// The campaign as it would be sent, or why it cannot be.
async fn campaign(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    staff: &Staff,
    wish: &Wish,
) -> Result<Campaign, Problem> {
    let template = templates::find(connection, staff.clinic, wish.template_id).await?;
    let template = template.ok_or_else(|| Problem::not_found().with("field", "templateId"))?;
    if let Some(obstacle) = template.described.obstacle() {
        let (ko, en) = obstacle.explanation();
        let problem = Problem::of(Kind::TemplateNotSendable);
        return Err(problem.detail(ko, en).with("reason", obstacle.as_str()));
    }
    let clinic = clinics::find(connection, staff.clinic).await?.ok_or_else(Problem::not_found)?;
    let (Some(sender_key), Some(sender_phone)) = (clinic.sender_key, clinic.sender_phone) else {
        return Err(no_sender());
    };
    let hosts = clinics::list_link_hosts(connection, staff.clinic).await?;
    let Template { id: template, described, sources, .. } = template;
    let destination = destination(wish.destination.as_deref(), &described.content, &described.buttons, &hosts)?;
    let name = wish.name.clone().map_or_else(|| described.name.chars().take(CampaignName::MAX).collect(), String::from);
    Ok(Campaign {
        clinic: staff.clinic,
        id: CampaignId::new(ambient),
        name,
        kind: CampaignKind::Information,
        audience: Audience::Groups,
        template,
        template_code: described.code,
        content: described.content,
        emphasis_title: described.emphasis_title,
        buttons: described.buttons,
        sources,
        sender_key,
        sender_phone,
        destination,
        state: CampaignState::Requested,
        failure: None,
        resumed_from: None,
        scheduled_at: None,
        stale_after_minutes: 60,
        prepared: Prepared::default(),
        released_at: None,
        started_at: None,
        finished_at: None,
        created_by: staff.id,
        created_at: ambient.now(),
    })
}

fn no_sender() -> Problem {
    Problem::of(Kind::SenderNotSet).detail(
        "병원 설정에서 카카오톡 발신 프로필 키(senderKey)와 발신번호(senderPhone)를 먼저 등록하세요.",
        "Set senderKey and senderPhone of the clinic first.",
    )
}

/// Where the links are to lead, empty when the message has none.
fn destination(asked: Option<&str>, content: &str, buttons: &[Button], hosts: &[String]) -> Result<String, Problem> {
    let invalid = |ko: &str, en: &str| Problem::invalid("destination", ko, en);
    let Some(asked) = asked.map(str::trim).filter(|asked| !asked.is_empty()) else {
        let tracked = buttons.iter().any(Button::is_tracked) || variables(content).contains(LINK_VARIABLE);
        return if tracked {
            Err(invalid(
                "이 템플릿에는 링크가 있습니다. 연결할 주소를 입력하세요.",
                "the template has a link: say where it leads",
            ))
        } else {
            Ok(String::new())
        };
    };
    link::destination(asked, hosts).map(String::from).map_err(|error| {
        let (ko, en) = error.explanation();
        invalid(ko, en)
    })
}
