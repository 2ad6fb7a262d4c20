//! Showing campaigns: numbers that add up, and what became of each message in words a clinic understands.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::aws::topics::Publisher;
use shared::db::bundles;
use shared::db::campaigns::{self, Campaign, Summary};
use shared::db::hourly_counts::{self, Clicks};
use shared::db::messages::{self, Message, Totals};
use shared::http::{Caller, Cursor, Ids, Language, Page, Params, Problem, Staff};
use shared::model::result::Reason;
use shared::model::state::{BundleState, CampaignState, MessageState};
use shared::model::template::{Button, LINK_VARIABLE};
use shared::model::{CampaignId, CustomerId, GroupId, PhoneNumber, TemplateId};
use utoipa::{IntoParams, ToSchema};

use crate::Deps;

/// A campaign as it was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Campaign)]
pub struct CampaignView {
    /// The campaign.
    pub id: CampaignId,
    /// Its name.
    name: String,
    state: CampaignState,
    /// What is sent.
    template_id: TemplateId,
    /// Whom it is sent to.
    group_ids: Vec<GroupId>,
    /// Where the link leads, when there is one.
    destination: Option<String>,
    /// When it was asked for.
    created_at: DateTime<Utc>,
}

impl CampaignView {
    /// The campaign with its groups.
    pub fn new(campaign: Campaign, groups: Vec<GroupId>) -> Self {
        Self {
            id: campaign.id,
            name: campaign.name,
            state: campaign.state,
            template_id: campaign.template,
            group_ids: groups,
            destination: Some(campaign.destination).filter(|address| !address.is_empty()),
            created_at: campaign.created_at,
        }
    }
}

/// A campaign with what has become of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignNow {
    #[serde(flatten)]
    campaign: CampaignView,
    /// Why it was stopped, in the caller's language.
    failure: Option<String>,
    /// Messages by state.
    messages: Totals,
    /// Bundles by state: at most 500 messages each.
    bundles: BTreeMap<BundleState, u64>,
    /// Visits of the link.
    clicks: Clicks,
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
    state: CampaignState,
    /// What is sent.
    template_id: TemplateId,
    /// When it was asked for.
    created_at: DateTime<Utc>,
}

impl From<Summary> for SummaryView {
    fn from(summary: Summary) -> Self {
        Self {
            id: summary.id,
            name: summary.name,
            state: summary.state,
            template_id: summary.template,
            created_at: summary.created_at,
        }
    }
}

/// One recipient's message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Message)]
pub struct MessageView {
    /// The recipient's place in the campaign, from 1.
    number: u32,
    /// The recipient, who may have been deleted since.
    customer_id: Option<CustomerId>,
    /// The recipient's name at that time.
    name: String,
    /// The recipient's phone at that time.
    phone: PhoneNumber,
    /// The finished text; none when there was nothing to send.
    text: Option<String>,
    /// The address of the button, as this recipient gets it.
    link: Option<String>,
    state: MessageState,
    /// Why, in the caller's language.
    reason: Option<String>,
    /// Why, as a stable word.
    reason_code: Option<String>,
    /// The provider's code, raw.
    result_code: Option<String>,
    /// When the provider took it.
    sent_at: Option<DateTime<Utc>>,
    /// When its end became known.
    resulted_at: Option<DateTime<Utc>>,
    /// When a person first opened the link.
    first_click_at: Option<DateTime<Utc>>,
}

/// Which page of the campaigns.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListParams {
    /// Where the page before ended.
    cursor: Option<Cursor>,
    /// How many, at most 200; 50 unless said.
    limit: Option<u32>,
}

/// Which messages, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MessageParams {
    /// Only messages in this state.
    state: Option<MessageState>,
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
pub async fn list<P: Publisher>(
    State(deps): State<Arc<Deps<P>>>,
    caller: Caller,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<SummaryView>>, Problem> {
    let limit = Page::<SummaryView>::limit(params.limit);
    let before = params.cursor.map(|cursor| cursor.0.parse()).transpose().map_err(|_| foreign_cursor())?;
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let campaigns = campaigns::list(&mut connection, staff.clinic, before, limit + 1).await?;
    let views = campaigns.into_iter().map(SummaryView::from).collect();
    Ok(Json(Page::cut(views, limit, |last| last.id.to_string())))
}

/// A campaign with what has become of it
#[utoipa::path(
    get,
    path = "/v1/campaigns/{campaignId}",
    operation_id = "showCampaign",
    responses((status = 200, body = CampaignNow))
)]
pub async fn find<P: Publisher>(
    State(deps): State<Arc<Deps<P>>>,
    caller: Caller,
    language: Language,
    Ids(id): Ids<CampaignId>,
) -> Result<Json<CampaignNow>, Problem> {
    let mut connection = deps.database.acquire().await?;
    let clinic = Staff::identify(&mut connection, &caller).await?.clinic;
    let mut campaign = campaigns::find(&mut connection, clinic, id).await?.ok_or_else(Problem::not_found)?;
    let groups = campaigns::list_groups(&mut connection, clinic, id).await?;
    let counted = bundles::count_by_state(&mut connection, clinic, id).await?;
    let clicks = hourly_counts::total(&mut connection, clinic, Some(id), campaign.created_at).await?;
    Ok(Json(CampaignNow {
        failure: campaign.failure.take().map(|failure| plain(&failure, language)),
        messages: messages::count_by_state(&mut connection, clinic, id).await?.into(),
        bundles: BundleState::ALL.iter().map(|state| (*state, counted.get(state).copied().unwrap_or_default())).collect(),
        clicks: clicks.clicks(),
        campaign: CampaignView::new(campaign, groups),
    }))
}

/// Lists the messages of a campaign
///
/// In the order in which recipients were numbered. Who looked at which messages is logged.
#[utoipa::path(
    get,
    path = "/v1/campaigns/{campaignId}/messages",
    operation_id = "listMessages",
    responses((status = 200, body = Page<MessageView>))
)]
pub async fn messages<P: Publisher>(
    State(deps): State<Arc<Deps<P>>>,
    caller: Caller,
    language: Language,
    Ids(id): Ids<CampaignId>,
    Params(params): Params<MessageParams>,
) -> Result<Json<Page<MessageView>>, Problem> {
    let limit = Page::<MessageView>::limit(params.limit);
    let after = params.cursor.map(|cursor| cursor.0.parse()).transpose().map_err(|_| foreign_cursor())?.unwrap_or(0);
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let campaign = campaigns::find(&mut connection, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
    let listed = messages::list(&mut connection, staff.clinic, id, params.state, after, limit + 1).await?;
    let button = campaign.buttons.iter().find(|button| button.is_tracked());
    let views = listed.into_iter().map(|message| MessageView::new(message, button, language)).collect();
    let page = Page::cut(views, limit, |last: &MessageView| last.number.to_string());
    // Who looked at whose data. The page is told by the campaign and its first and last number.
    let (first, last) = (page.items.first().map(|item| item.number), page.items.last().map(|item| item.number));
    tracing::info!(event = "personal_data.shown", staff.id = %staff.id, campaign.id = %id, first, last, "messages shown");
    Ok(Json(page))
}

impl MessageView {
    fn new(message: Message, button: Option<&Button>, language: Language) -> Self {
        let link = button.filter(|_| !message.link.is_empty()).and_then(|button| {
            let values = BTreeMap::from([(LINK_VARIABLE.to_owned(), message.link.clone())]);
            let rendered = button.rendered(&values).ok()?;
            Some(if rendered.link_mo.is_empty() { rendered.link_pc } else { rendered.link_mo })
        });
        Self {
            number: message.number,
            customer_id: message.customer,
            name: message.name,
            phone: message.phone,
            text: Some(message.body).filter(|text| !text.is_empty()),
            link,
            state: message.state,
            reason: message.reason.as_deref().map(|reason| plain(reason, language)),
            reason_code: message.reason,
            result_code: message.result_code,
            sent_at: message.sent_at,
            resulted_at: message.resulted_at,
            first_click_at: message.first_click_at,
        }
    }
}

/// A stored reason in the reader's words; what this version does not know is shown as it is.
fn plain(reason: &str, language: Language) -> String {
    let words = Reason::named(reason).map(|known| match (known.explanation(), language) {
        ((ko, _), Language::Korean) => ko,
        ((_, en), Language::English) => en,
    });
    words.unwrap_or(reason).to_owned()
}

fn foreign_cursor() -> Problem {
    Problem::invalid("cursor", "이 목록의 커서가 아닙니다.", "not a cursor of this list")
}
