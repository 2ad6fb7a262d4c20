//! Asking for a campaign: everything that can be known to go wrong is said before anything is written.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::aws::topics::{Outgoing, Publisher};
use shared::clock::Ambient;
use shared::db::campaigns::Audience;
use shared::db::idempotency::{self, Request, Seen};
use shared::db::outbox;
use shared::http::{Body, Caller, IdempotencyKey, Kind, Problem, Staff, replay};
use shared::model::customer::CampaignName;
use shared::model::draft::{Source, Sources};
use shared::model::state::CampaignKind;
use shared::model::{CampaignId, GroupId, StaffId, TemplateId};
use sqlx::MySqlConnection;
use utoipa::ToSchema;

use crate::Deps;
use crate::plan::{Intent, Said, known_groups, plan, write};
use crate::show::CampaignView;

/// What a campaign is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = CampaignPurpose)]
pub enum Purpose {
    /// Information that the person expects.
    #[default]
    Information,
    /// Advertising: only to those who agreed, marked, and never at night.
    Advertising,
}

impl From<Purpose> for CampaignKind {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Information => Self::Information,
            Purpose::Advertising => Self::Advertising,
        }
    }
}

/// What is to be sent to whom.
///
/// What is not said is not written either: keys of requests that were made before there was more to say stay the same.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewCampaign, example = json!({
    "name": "3월 검진 안내",
    "groupIds": ["grp_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e"],
    "templateId": "tpl_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e",
    "destination": "https://www.example.com/checkup",
    "sources": {"검진일": {"column": "다음 검진", "default": "예약하신 날"}},
    "scheduledAt": "2026-03-03T09:00:00+09:00",
    "linkExpiresAt": "2026-04-01T00:00:00+09:00",
}))]
pub struct Wish {
    /// The template's name unless said.
    name: Option<CampaignName>,
    /// Whom to send to: the customers of 1 to 100 groups, each customer once.
    #[schema(min_items = 1, max_items = 100)]
    pub group_ids: Vec<GroupId>,
    /// What to send.
    template_id: TemplateId,
    /// Where the link leads, when the template has one: `https`, and a host among the clinic's `linkHosts`.
    destination: Option<String>,
    /// From when on the link leads to a page that says that it has ended: later than the beginning, and within 2 years of it. Never unless
    /// said.
    #[serde(default, deserialize_with = "shared::http::moment", skip_serializing_if = "Option::is_none")]
    link_expires_at: Option<DateTime<Utc>>,
    /// What it is for, `information` unless said. Advertising goes only to those who agreed, and waits for 08:00 at night.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<Purpose>,
    /// Where variables come from, in place of what the template says; an empty source is the column of the variable's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<std::collections::BTreeMap<String, Source>>)]
    sources: Option<Sources>,
    /// When to begin, within 60 days; now unless said.
    #[serde(default, deserialize_with = "shared::http::moment", skip_serializing_if = "Option::is_none")]
    scheduled_at: Option<DateTime<Utc>>,
    /// How late it may begin by itself; later than that it asks. 60 minutes unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 5, maximum = 1440)]
    stale_after_minutes: Option<u32>,
}

impl Wish {
    /// What is to be sent.
    pub fn intent(&self) -> Intent<'_> {
        Intent {
            name: self.name.clone().map(String::from),
            kind: self.kind.unwrap_or_default().into(),
            audience: Audience::Groups,
            template: self.template_id,
            destination: self.destination.as_deref(),
            link_expires_at: self.link_expires_at,
            sources: self.sources.as_ref().map_or(Said::Nothing, Said::Now),
            scheduled_at: self.scheduled_at,
            stale_after_minutes: self.stale_after_minutes,
        }
    }
}

/// What became of a request to begin something.
pub enum Asked {
    /// It is written down for this person under this id, with this answer; others are to be told.
    Now(StaffId, CampaignId, String, Option<Outgoing>),
    /// It was answered before.
    Before(u16, String),
}

/// The answer that was given before to the same request, if there was one.
pub async fn before(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    request: &Request<'_>,
) -> Result<Option<Asked>, Problem> {
    match idempotency::claim(connection, ambient, request).await? {
        Seen::Never => Ok(None),
        Seen::Answered(status, body) => Ok(Some(Asked::Before(status, body))),
        Seen::Different => Err(Problem::of(Kind::IdempotencyKeyReused)),
    }
}

/// Keeps the answer in the transaction of the work.
pub async fn done(
    connection: &mut MySqlConnection,
    request: &Request<'_>,
    (staff, id): (&Staff, CampaignId),
    view: &impl Serialize,
    outgoing: Option<Outgoing>,
) -> Result<Asked, Problem> {
    let body = serde_json::to_string(view).map_err(Problem::internal)?;
    idempotency::save(connection, request, StatusCode::ACCEPTED.as_u16(), &body).await?;
    Ok(Asked::Now(staff.id, id, body, outgoing))
}

/// Tells others, then the caller.
pub async fn answer<P: Publisher, V, D>(deps: &Deps<P, V, D>, asked: Asked) -> Result<Response, Problem> {
    match asked {
        Asked::Before(status, body) => Ok(replay(status, body)),
        Asked::Now(staff, id, body, outgoing) => {
            tracing::info!(event = "campaign.requested", staff.id = %staff, campaign.id = %id, "campaign requested");
            outbox::publish(&deps.database, &deps.publisher, outgoing.as_slice()).await;
            Ok((StatusCode::ACCEPTED, [(header::CONTENT_TYPE, "application/json")], body).into_response())
        }
    }
}

/// Asks for a campaign
///
/// It is written down at once, and prepared and sent soon after, or at its time. Everything that can be known to go wrong is said
/// before.
#[utoipa::path(
    post,
    path = "/v1/campaigns",
    operation_id = "requestCampaign",
    responses((status = 202, description = "The campaign will be prepared and sent.", body = CampaignView))
)]
pub async fn ask<P: Publisher, V, D>(
    State(deps): State<Arc<Deps<P, V, D>>>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    Body(wish): Body<Wish>,
) -> Result<Response, Problem> {
    let request = Request::new(&caller.subject, "POST /v1/campaigns", &key, &wish);
    let (ambient, caller, wish, request) = (&deps.ambient, &caller, &wish, &request);
    let asked = deps.database.transaction::<_, Problem>("ask_for_campaign", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            if let Some(answered) = before(tx, ambient, request).await? {
                return Ok(answered);
            }
            let groups = known_groups(tx, staff.clinic, &wish.group_ids).await?;
            let campaign = plan(tx, ambient, &staff, wish.intent()).await?.campaign;
            let outgoing = write(tx, ambient, &campaign, &groups).await?;
            let id = campaign.id;
            done(tx, request, (&staff, id), &CampaignView::new(campaign, groups), outgoing).await
        })
    });
    answer(&deps, asked.await?).await
}
