//! What one customer was sent.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::db::audit::{self, Subject};
use shared::db::customers;
use shared::db::messages::{self, Received};
use shared::http::{Caller, Cursor, Ids, Language, Page, Params, Problem, Staff};
use shared::model::state::{CampaignKind, CampaignState};
use shared::model::{CampaignId, CustomerId};
use utoipa::{IntoParams, ToSchema};

use crate::Deps;
use crate::messages::MessageView;
use crate::show::foreign_cursor;

/// A message to a customer, with its campaign.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CustomerMessage)]
pub struct ReceivedView {
    /// The campaign.
    campaign_id: CampaignId,
    /// Its name.
    campaign_name: String,
    kind: CampaignKind,
    /// The state of the campaign.
    campaign_state: CampaignState,
    /// When the campaign was asked for.
    requested_at: DateTime<Utc>,
    #[serde(flatten)]
    message: MessageView,
}

impl ReceivedView {
    fn new(received: Received, language: Language) -> Self {
        Self {
            campaign_id: received.campaign,
            campaign_name: received.campaign_name,
            kind: received.kind,
            campaign_state: received.campaign_state,
            requested_at: received.requested_at,
            message: MessageView::new(received.message, &received.buttons, language),
        }
    }
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ReceivedParams {
    /// Where the page before ended.
    cursor: Option<Cursor>,
    /// How many, at most 200; 50 unless said.
    limit: Option<u32>,
}

/// Lists the messages to a customer, those of the newest campaign first
///
/// Of all campaigns that they were recipients of, also under an earlier phone; tests are not among them. Who looked is logged.
#[utoipa::path(
    get,
    path = "/v1/customers/{customerId}/messages",
    operation_id = "listCustomerMessages",
    responses((status = 200, body = Page<ReceivedView>))
)]
pub async fn list<P, V, D>(
    State(deps): State<Arc<Deps<P, V, D>>>,
    caller: Caller,
    language: Language,
    Ids(id): Ids<CustomerId>,
    Params(params): Params<ReceivedParams>,
) -> Result<Json<Page<ReceivedView>>, Problem> {
    let limit = Page::<ReceivedView>::limit(params.limit);
    let before = params.cursor.map(|cursor| cursor.0.parse()).transpose().map_err(|_| foreign_cursor())?;
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    customers::find(&mut connection, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
    let found = messages::list_of_customer(&mut connection, staff.clinic, id, before, limit + 1).await?;
    let views = found.into_iter().map(|received| ReceivedView::new(received, language)).collect();
    let page = Page::cut(views, limit, |last: &ReceivedView| last.campaign_id.to_string());
    audit::record(&mut connection, &deps.ambient, &staff, "customer.messages", Subject::Customer(id), 1).await?;
    let count = page.items.len();
    tracing::info!(event = "customer.messages_read", staff.id = %staff.id, customer.id = %id, count, "messages of a customer shown");
    Ok(Json(page))
}
