//! Whether a campaign's numbers add up: what was requested, what was answered, what is counted, each beside its rows.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{TimeDelta, Utc};
use serde::Serialize;
use shared::db::campaigns;
use shared::db::conservation::{self, Messages, Visits};
use shared::db::hourly_totals::{self, Counts, Scope};
use shared::db::messages::Totals;
use shared::failure::chain;
use shared::http::{Caller, Ids, Problem, Staff};
use shared::model::CampaignId;
use shared::model::state::ClickClass;
use utoipa::ToSchema;

use crate::Deps;

/// A visit that is not recorded after this long did not only wait in a queue.
const QUEUED_FOR: TimeDelta = TimeDelta::minutes(15);

/// Whether a campaign's numbers add up.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Conservation {
    /// The campaign.
    campaign_id: CampaignId,
    /// What it comes to.
    status: Status,
    messages: MessageBalance,
    visits: VisitBalance,
    counters: Counters,
}

/// What a campaign's numbers come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ConservationStatus)]
enum Status {
    /// Every message has a state, every visit that was answered is recorded, and counters say what rows say.
    AddsUp,
    /// The same, but for visits that wait to be recorded.
    CatchingUp,
    /// Visits that were answered more than 15 minutes ago are not recorded: they are lost, or still to be recovered.
    Missing,
    /// Messages or counters are not what their rows say: `reconcile` mends it by schedule and tells somebody.
    Differs,
}

/// Messages: those of all states add up to those requested.
#[derive(Debug, Serialize, ToSchema)]
struct MessageBalance {
    /// As many as the campaign says it has.
    requested: i64,
    /// Waiting to be handed over.
    queued: u64,
    /// The provider has them, no result yet.
    sent: u64,
    /// Arrived.
    delivered: u64,
    /// Did not arrive.
    failed: u64,
    /// May or may not have arrived.
    unknown: u64,
    /// Never to be sent.
    excluded: u64,
    /// Requested, less all states.
    difference: i64,
}

impl MessageBalance {
    fn of(requested: u32, messages: &Messages) -> Self {
        let Totals { requested: rows, queued, sent, delivered, failed, unknown, excluded } =
            Totals::from(messages.by_state.clone());
        let requested = i64::from(requested);
        let difference = requested.saturating_sub_unsigned(rows);
        Self { requested, queued, sent, delivered, failed, unknown, excluded, difference }
    }
}

/// Visits of the campaign's links: the classes add up to those recorded, and with those still queued to those answered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct VisitBalance {
    /// How many were answered, by the numbers that visits get where they are answered, or by the live counter if that knows of more.
    answered: u64,
    /// Of people.
    human: u64,
    /// Of link previews.
    preview: u64,
    /// Ahead of a person's decision.
    prefetch: u64,
    /// Of programs.
    bot: u64,
    /// Of the link after it had ended.
    rejected: u64,
    /// All that are recorded.
    recorded: u64,
    /// Answered, and not recorded yet.
    still_queued: u64,
    /// Those of them that should have been recorded: answered more than 15 minutes ago.
    missing: u64,
    /// What the live counter says; null when it cannot be asked. It begins anew when it is lost, or after 90 days without a visit.
    live: Option<u64>,
}

impl VisitBalance {
    fn of(visits: &Visits, live: Option<u64>, missing: u64) -> Self {
        let class = |class| visits.by_class.get(&class).copied().unwrap_or_default();
        let answered = visits.numbered.max(live.unwrap_or_default());
        Self {
            answered,
            human: class(ClickClass::Human),
            preview: class(ClickClass::Preview),
            prefetch: class(ClickClass::Prefetch),
            bot: class(ClickClass::Bot),
            rejected: class(ClickClass::Rejected),
            recorded: visits.recorded,
            still_queued: answered.saturating_sub(visits.recorded),
            missing,
            live,
        }
    }
}

/// Whether the counters that statistics are made of say what the rows say.
#[derive(Debug, Serialize, ToSchema)]
struct Counters {
    /// Whether all of them do.
    equal: bool,
    /// Those that do not.
    differences: Vec<CounterDifference>,
}

/// A counter that is not what its rows say.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
struct CounterDifference {
    /// Which one, as in the series.
    #[schema(example = "uniqueClicks")]
    counter: &'static str,
    /// What the rows say.
    rows: i64,
    /// What the counter says.
    counted: i64,
}

impl Counters {
    fn of(rows: Counts, counted: Counts) -> Self {
        let named = |counts: Counts| {
            [
                ("sent", counts.sent),
                ("delivered", counts.delivered),
                ("failed", counts.failed),
                ("humanClicks", counts.human_clicks),
                ("uniqueClicks", counts.unique_clicks),
                ("previews", counts.previews),
                ("prefetches", counts.prefetches),
                ("bots", counts.bots),
                ("rejected", counts.rejected),
            ]
        };
        let pairs = named(rows).into_iter().zip(named(counted));
        let differences = pairs.filter(|((_, rows), (_, counted))| rows != counted);
        let differences: Vec<_> =
            differences.map(|((counter, rows), (_, counted))| CounterDifference { counter, rows, counted }).collect();
        Self { equal: differences.is_empty(), differences }
    }
}

impl Conservation {
    fn of(campaign_id: CampaignId, messages: MessageBalance, visits: VisitBalance, counters: Counters) -> Self {
        let status = if messages.difference != 0 || !counters.equal {
            Status::Differs
        } else if visits.missing > 0 {
            Status::Missing
        } else if visits.still_queued > 0 {
            Status::CatchingUp
        } else {
            Status::AddsUp
        };
        Self { campaign_id, status, messages, visits, counters }
    }
}

/// Whether a campaign's numbers add up
///
/// Requested messages beside those in each state; answered visits beside those that are recorded, by class; and the counters that
/// statistics are made of beside the rows they count. All rows are looked at, as of one moment.
#[utoipa::path(
    get,
    path = "/v1/stats/campaigns/{campaignId}/conservation",
    operation_id = "showConservation",
    responses((status = 200, body = Conservation))
)]
pub async fn show(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Ids(id): Ids<CampaignId>,
) -> Result<Json<Conservation>, Problem> {
    let mut connection = deps.database.acquire().await?;
    let clinic = Staff::identify(&mut connection, &caller).await?.clinic;
    campaigns::find(&mut connection, clinic, id).await?.ok_or_else(Problem::not_found)?;
    drop(connection);
    // Asked first: what is answered meanwhile has not to be recorded in the snapshot.
    let live = live(&deps, id).await;

    let mut snapshot = deps.database.snapshot().await?;
    let campaign = campaigns::find(&mut snapshot, clinic, id).await?.ok_or_else(Problem::not_found)?;
    let messages = conservation::count_messages(&mut snapshot, clinic, id).await?;
    let visits = conservation::count_visits(&mut snapshot, clinic, id).await?;
    let missing = if visits.numbered > visits.recorded {
        conservation::count_missing(&mut snapshot, clinic, id, deps.ambient.now() - QUEUED_FOR).await?
    } else {
        0
    };
    let counted = hourly_totals::total(&mut snapshot, clinic, Scope::Campaign(id), chrono::DateTime::<Utc>::UNIX_EPOCH).await?;
    snapshot.end().await?;
    let counters = Counters::of(rows(&messages, &visits), counted);
    let messages = MessageBalance::of(campaign.prepared.messages, &messages);
    Ok(Json(Conservation::of(id, messages, VisitBalance::of(&visits, live, missing), counters)))
}

/// How many visits the store saw answered.
async fn live(deps: &Deps, campaign: CampaignId) -> Option<u64> {
    let live = deps.store.live(campaign).await.inspect_err(|error| {
        tracing::warn!(event = "store.silent", error = %chain(error), "no live counter");
    });
    live.ok().map(|classes| classes.values().sum())
}

/// What counters are to say.
fn rows(messages: &Messages, visits: &Visits) -> Counts {
    let class = |class| visits.by_class.get(&class).map_or(0, |count| i64::try_from(*count).unwrap_or(i64::MAX));
    Counts {
        human_clicks: class(ClickClass::Human),
        previews: class(ClickClass::Preview),
        prefetches: class(ClickClass::Prefetch),
        bots: class(ClickClass::Bot),
        rejected: class(ClickClass::Rejected),
        ..messages.counts
    }
}
