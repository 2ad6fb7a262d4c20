//! Showing how far a campaign is, by numbers that add up.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::db::campaigns::{self, Campaign};
use shared::db::hourly_totals::{self, Clicks, Scope};
use shared::db::messages::{self, Tally, Totals};
use shared::db::{bundles, groups};
use shared::http::{Caller, Ids, Language, Problem, Staff};
use shared::model::result::Reason;
use shared::model::state::{BundleState, CampaignKind, CampaignState, MessageState};
use shared::model::{CampaignId, ClinicId, GroupId};
use sqlx::MySqlConnection;
use utoipa::ToSchema;

use crate::show::CampaignView;
use crate::words::{self, campaign_state, choose, plain};
use crate::{Deps, Won};

/// A campaign with what has become of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CampaignNow {
    #[serde(flatten)]
    campaign: CampaignView,
    /// The state in the caller's language.
    state_text: &'static str,
    /// Why it was stopped or is paused, in the caller's language.
    failure: Option<String>,
    /// The same as a stable word.
    failure_code: Option<String>,
    /// Whether it is so late that it asks: resume it, or cancel it.
    stale: bool,
    /// When its first bundle was handed over.
    started_at: Option<DateTime<Utc>>,
    /// When it came to an end.
    finished_at: Option<DateTime<Utc>>,
    /// How its first few messages decide about the others; null when there is nothing to decide, or nothing more.
    canary: Option<CanaryView>,
    progress: Progress,
    /// Messages by state.
    messages: Totals,
    /// Messages by state for each group; together they are all messages.
    groups: Vec<GroupNow>,
    /// Why messages were never to be sent, the commonest reason first.
    excluded: Vec<ReasonCount>,
    /// Why messages failed.
    failures: Vec<ReasonCount>,
    /// Why nobody knows what became of messages.
    unknowns: Vec<ReasonCount>,
    /// Bundles by state: at most 500 messages each.
    bundles: BTreeMap<BundleState, u64>,
    /// Visits of the link.
    clicks: Clicks,
    /// What the messages that are written down cost, in won, if all of them are sent; null when that is more than there is money.
    #[schema(value_type = Option<f64>, example = 3237.5)]
    estimated_cost: Option<Won>,
}

/// How the first few messages of a campaign decide about the others.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Canary)]
struct CanaryView {
    state: CanaryState,
    /// The state in the caller's language.
    text: &'static str,
}

/// Whether the others may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum CanaryState {
    /// The first results are awaited.
    Waiting,
    /// They were good, or did not come in time.
    Released,
}

/// How far the messages are.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Progress {
    /// How many are written down.
    prepared: u64,
    /// Whether that is all of them.
    complete: bool,
    /// How many the provider was given, whatever it made of them.
    handed_over: u64,
    /// How many of these came to an end: delivered, failed, or unclear for good.
    with_result: u64,
    /// Of those that are sent at all, how many came to an end, in whole percent; null while they are being written down.
    percent: Option<u8>,
}

/// The messages to one group.
#[derive(Debug, Serialize, ToSchema)]
struct GroupNow {
    /// The group through which recipients were reached, the first that was named; for recipients of another campaign the one through
    /// which they were reached there. Null for tests, and for campaigns of earlier versions.
    id: Option<GroupId>,
    /// Its name; null when there is no such group any more.
    name: Option<String>,
    #[serde(flatten)]
    messages: Totals,
}

/// How many messages have the same reason.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ReasonCount {
    /// The reason in the caller's language.
    reason: String,
    /// The same as a stable word.
    reason_code: String,
    /// How many.
    count: u64,
}

/// A campaign with what has become of it
///
/// All numbers of messages are counted from the messages at one moment, so that they add up: those of the groups to those of the
/// campaign, and `requested` is the sum of all states.
#[utoipa::path(
    get,
    path = "/v1/campaigns/{campaignId}",
    operation_id = "showCampaign",
    responses((status = 200, body = CampaignNow))
)]
pub async fn find<P, V, D>(
    State(deps): State<Arc<Deps<P, V, D>>>,
    caller: Caller,
    language: Language,
    Ids(id): Ids<CampaignId>,
) -> Result<Json<CampaignNow>, Problem> {
    let mut connection = deps.database.acquire().await?;
    let clinic = Staff::identify(&mut connection, &caller).await?.clinic;
    let campaign = campaigns::find(&mut connection, clinic, id).await?.ok_or_else(Problem::not_found)?;
    let named = campaigns::list_named_groups(&mut connection, clinic, id).await?;
    let tally = messages::tally(&mut connection, clinic, id).await?;
    let counted = bundles::count_by_state(&mut connection, clinic, id).await?;
    let clicks = hourly_totals::total(&mut connection, clinic, Scope::Campaign(id), DateTime::UNIX_EPOCH).await?;
    let totals = tally.totals();
    let reasons = |state| {
        let reason = |(code, count): (String, u64)| ReasonCount { reason: plain(&code, language), reason_code: code, count };
        tally.reasons(state).into_iter().map(reason).collect()
    };
    Ok(Json(CampaignNow {
        state_text: choose(campaign_state(campaign.state), language),
        failure: campaign.failure.as_deref().map(|failure| words::failure(failure, language)),
        failure_code: campaign.failure.clone(),
        stale: campaign.state == CampaignState::Paused && campaign.failure.as_deref() == Some(Reason::Stale.as_str()),
        started_at: campaign.started_at,
        finished_at: campaign.finished_at,
        canary: canary(&campaign, language),
        progress: Progress::of(&campaign, &tally),
        messages: totals,
        groups: by_group(&mut connection, clinic, &named, &tally).await?,
        excluded: reasons(MessageState::Excluded),
        failures: reasons(MessageState::Failed),
        unknowns: reasons(MessageState::Unknown),
        bundles: BundleState::ALL.iter().map(|state| (*state, counted.get(state).copied().unwrap_or_default())).collect(),
        clicks: clicks.clicks(),
        estimated_cost: deps.unit_price.times(totals.requested - totals.excluded),
        campaign: CampaignView::new(campaign, named.into_iter().map(|(group, _)| group).collect()),
    }))
}

fn canary(campaign: &Campaign, language: Language) -> Option<CanaryView> {
    let has_ended = matches!(campaign.state, CampaignState::Finished | CampaignState::Canceled | CampaignState::Failed);
    if campaign.kind == CampaignKind::Test || has_ended {
        return None;
    }
    let sending = campaign.state == CampaignState::Sending || campaign.resumed_from == Some(CampaignState::Sending);
    let (state, words) = match campaign.released_at {
        Some(_) => (CanaryState::Released, ("나머지를 보낼 수 있습니다.", "The others may go.")),
        None if sending => (
            CanaryState::Waiting,
            (
                "먼저 보낸 몇 건의 결과를 기다립니다. 문제가 없으면 나머지를 보냅니다.",
                "Waiting for the first few results. If they are good the others go.",
            ),
        ),
        None => return None,
    };
    Some(CanaryView { state, text: choose(words, language) })
}

impl Progress {
    fn of(campaign: &Campaign, tally: &Tally) -> Self {
        let state = campaign.resumed_from.filter(|_| campaign.state == CampaignState::Paused).unwrap_or(campaign.state);
        // A campaign that was called off halfway gets no more messages either.
        let complete = !matches!(state, CampaignState::Scheduled | CampaignState::Requested | CampaignState::Preparing);
        let totals = tally.totals();
        let (to_send, with_result) = (totals.requested - totals.excluded, tally.ended());
        let percent = (with_result * 100).checked_div(to_send).unwrap_or(100);
        Self {
            prepared: totals.requested,
            complete,
            handed_over: to_send - totals.queued,
            with_result,
            percent: u8::try_from(percent).ok().filter(|_| complete),
        }
    }
}

/// Totals of each group: those that were named in their order, also without a message, then those of messages that came by others.
async fn by_group(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    named: &[(GroupId, Option<String>)],
    tally: &Tally,
) -> Result<Vec<GroupNow>, Problem> {
    let mut counted = tally.by_group();
    let mut groups: Vec<_> = named
        .iter()
        .map(|(group, name)| {
            let messages = counted.remove(&Some(*group)).unwrap_or_default();
            GroupNow { id: Some(*group), name: name.clone(), messages }
        })
        .collect();
    for (id, messages) in counted.into_iter().rev() {
        let label = match id {
            Some(id) => groups::find(connection, clinic, id).await?,
            None => None,
        };
        groups.push(GroupNow { id, name: label.map(|label| label.name), messages });
    }
    Ok(groups)
}
