//! Showing campaigns as they were asked for, and listing them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::db::campaigns::{self, Audience, Campaign, Summary, Wanted};
use shared::db::hourly_totals::{self, Counts};
use shared::http::{Caller, Cursor, Language, Page, Params, Problem, Staff};
use shared::model::state::{CampaignKind, CampaignPart, CampaignState};
use shared::model::{CampaignId, GroupId, TemplateId};
use utoipa::{IntoParams, ToSchema};

use crate::Deps;
use crate::words::{self, campaign_state, choose};

/// A campaign as it was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Campaign)]
pub struct CampaignView {
    /// The campaign.
    pub id: CampaignId,
    /// Its name.
    name: String,
    kind: CampaignKind,
    state: CampaignState,
    /// What is sent.
    template_id: TemplateId,
    /// Whom it is sent to; empty when it goes to recipients of another campaign, or is a test.
    group_ids: Vec<GroupId>,
    /// The campaign to some of whose recipients it goes.
    source_campaign_id: Option<CampaignId>,
    /// To which of them.
    part: Option<CampaignPart>,
    /// Where the link leads, when there is one.
    destination: Option<String>,
    /// From when on the link leads to a page that says that it has ended; null for never.
    link_expires_at: Option<DateTime<Utc>>,
    /// When it is to begin; null for at once.
    scheduled_at: Option<DateTime<Utc>>,
    /// So many minutes after its time it asks instead of beginning.
    stale_after_minutes: u32,
    /// When it was asked for.
    created_at: DateTime<Utc>,
}

impl CampaignView {
    /// The campaign with its groups.
    pub fn new(campaign: Campaign, groups: Vec<GroupId>) -> Self {
        let (source, part) = match campaign.audience {
            Audience::Part { source, part } => (Some(source), Some(part)),
            Audience::Groups | Audience::Test { .. } => (None, None),
        };
        Self {
            id: campaign.id,
            name: campaign.name,
            kind: campaign.kind,
            state: campaign.state,
            template_id: campaign.template,
            group_ids: groups,
            source_campaign_id: source,
            part,
            destination: Some(campaign.destination).filter(|address| !address.is_empty()),
            link_expires_at: campaign.link_expires_at,
            scheduled_at: campaign.scheduled_at,
            stale_after_minutes: campaign.stale_after_minutes,
            created_at: campaign.created_at,
        }
    }
}

/// A campaign in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CampaignSummary)]
pub struct SummaryView {
    /// The campaign.
    id: CampaignId,
    /// Its name.
    name: String,
    kind: CampaignKind,
    state: CampaignState,
    /// The state in the caller's language.
    state_text: &'static str,
    /// Why it was stopped or is paused, in the caller's language.
    failure: Option<String>,
    /// The same as a stable word.
    failure_code: Option<String>,
    /// What is sent.
    template_id: TemplateId,
    /// The template's name; null when it is gone.
    #[schema(example = "예약 안내")]
    template_name: Option<String>,
    counts: SummaryCounts,
    /// When it is to begin; null for at once.
    scheduled_at: Option<DateTime<Utc>>,
    /// When its first bundle was handed over.
    started_at: Option<DateTime<Utc>>,
    /// When it came to an end.
    finished_at: Option<DateTime<Utc>>,
    /// When it was asked for.
    created_at: DateTime<Utc>,
}

/// What became of a campaign's messages, from the counters that statistics are made of: they do not tell all states.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CampaignSummaryCounts)]
struct SummaryCounts {
    /// Messages that are written down, those that are never to be sent among them.
    requested: u32,
    /// Messages that the provider took.
    sent: i64,
    /// Messages that arrived.
    delivered: i64,
    /// Messages that did not arrive.
    failed: i64,
    /// Messages whose link a person has opened.
    unique_clicks: i64,
}

impl SummaryView {
    fn new(summary: Summary, counts: Counts, language: Language) -> Self {
        let Counts { sent, delivered, failed, unique_clicks, .. } = counts;
        Self {
            id: summary.id,
            name: summary.name,
            kind: summary.kind,
            state: summary.state,
            state_text: choose(campaign_state(summary.state), language),
            failure: summary.failure.as_deref().map(|failure| words::failure(failure, language)),
            failure_code: summary.failure,
            template_id: summary.template,
            template_name: summary.template_name,
            counts: SummaryCounts { requested: summary.messages, sent, delivered, failed, unique_clicks },
            scheduled_at: summary.scheduled_at,
            started_at: summary.started_at,
            finished_at: summary.finished_at,
            created_at: summary.created_at,
        }
    }
}

/// Which campaigns, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListParams {
    /// Only campaigns in this state.
    #[param(inline)]
    state: Option<CampaignState>,
    /// Only campaigns of this kind; tests are listed only when they are asked for.
    #[param(inline)]
    kind: Option<CampaignKind>,
    /// Where the page before ended.
    cursor: Option<Cursor>,
    /// How many, at most 200; 50 unless said.
    limit: Option<u32>,
}

/// Lists campaigns, newest first
#[utoipa::path(
    get,
    path = "/v1/campaigns",
    operation_id = "listCampaigns",
    responses((status = 200, body = Page<SummaryView>))
)]
pub async fn list<P, V, D>(
    State(deps): State<Arc<Deps<P, V, D>>>,
    caller: Caller,
    language: Language,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<SummaryView>>, Problem> {
    let limit = Page::<SummaryView>::limit(params.limit);
    let before = params.cursor.map(|cursor| cursor.0.parse()).transpose().map_err(|_| foreign_cursor())?;
    let wanted = Wanted { state: params.state, kind: params.kind };
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let campaigns = campaigns::list(&mut connection, staff.clinic, wanted, before, limit + 1).await?;
    let ids: Vec<_> = campaigns.iter().map(|summary| summary.id).collect();
    let counts = hourly_totals::total_of_each(&mut connection, staff.clinic, &ids).await?;
    let of = |id| counts.get(&id).copied().unwrap_or_default();
    let views = campaigns
        .into_iter()
        .map(|summary| {
            let counts = of(summary.id);
            SummaryView::new(summary, counts, language)
        })
        .collect();
    Ok(Json(Page::cut(views, limit, |last| last.id.to_string())))
}

/// The cursor is not one of this list.
pub fn foreign_cursor() -> Problem {
    Problem::invalid("cursor", "이 목록의 커서가 아닙니다.", "not a cursor of this list")
}
