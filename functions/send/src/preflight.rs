//! Pre-flight: everybody's message is rendered, and what the provider has is compared with what we would send. Nothing is written.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::aws::topics::Publisher;
use shared::clock::Ambient;
use shared::db::audit::{self, Subject};
use shared::http::{Body, Caller, Cursor, Language, Page, Params, Problem, Staff};
use shared::provider::Provider;
use sqlx::MySqlConnection;
use utoipa::{IntoParams, ToSchema};

use crate::Deps;
use crate::approved::{Check, Comparison, Outcome};
use crate::ask::Wish;
use crate::plan::{Plan, known_groups, plan};
use crate::price::Won;
use crate::provider::{Silence, ask_both};
use crate::walk::{Found, Unsendable, Until, Walk};
use crate::warnings::{self, Warning};

/// Which page of those who get nothing.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProblemParams {
    /// Where the page before ended.
    cursor: Option<Cursor>,
    /// How many, at most 200; 50 unless said.
    limit: Option<u32>,
}

/// What a pre-flight answers: all of it at first, then further pages of those who get nothing.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Preflight)]
pub enum Preflight {
    /// Without a cursor.
    Whole(Box<Whole>),
    /// With a cursor: nobody is counted again.
    More(More),
}

/// What would become of the campaign if it were asked for now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PreflightWhole)]
pub struct Whole {
    /// Whether somebody would get exactly what is approved: nothing differs from what the provider has, and not everybody is left
    /// out.
    ready: bool,
    /// Whether there was time to look at everybody. If not, all counts are of those who were looked at, and `problems` go on behind them.
    complete: bool,
    /// How many people the campaign is for.
    recipients: u64,
    /// How many of them would get it.
    sendable: u64,
    excluded: Excluded,
    /// Those who would not get it, and why.
    problems: Page<Unsendable>,
    characters: Characters,
    cost: Cost,
    /// What the provider's account pays for; none when the provider does not tell in time.
    balance: Option<Balance>,
    /// Why there is no balance, in the caller's language.
    balance_problem: Option<String>,
    /// What was compared with the approved template, as the provider has it now.
    checks: Vec<Check>,
    /// What does not stand in the way but should be known.
    warnings: Vec<Warning>,
}

/// More of those who get nothing.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PreflightMore)]
pub struct More {
    /// Those who would not get it, and why.
    problems: Page<Unsendable>,
}

/// How many would not get it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PreflightExcluded)]
pub struct Excluded {
    /// Together.
    total: u64,
    /// By reason, as a stable word.
    #[schema(example = json!({"missing_variable": 2}))]
    by_reason: BTreeMap<&'static str, u64>,
}

/// How long the texts are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreflightCharacters)]
pub struct Characters {
    /// The longest of those that would be sent, of 1,000; a line break counts as two.
    longest: usize,
}

/// What it would cost.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PreflightCost)]
pub struct Cost {
    /// For one message.
    #[schema(value_type = f64, example = 6.5)]
    unit_price: Won,
    /// For all that would be sent.
    #[schema(value_type = f64, example = 3237.0)]
    total: Won,
    /// Always `KRW`.
    #[schema(example = "KRW")]
    currency: &'static str,
}

/// What the provider's account pays for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreflightBalance)]
pub struct Balance {
    /// So many messages.
    messages: u64,
    /// Whether that is enough for this campaign.
    enough: bool,
}

/// Says what would become of a campaign
///
/// The same rules and the same texts as when it is sent: everybody's message is rendered. What cannot be asked for at all is refused
/// in the same way. Nothing is written, and nobody is written to. The template and the balance are read from the provider; one that
/// does not answer within 5 seconds does not hold this up. People are looked at for 18 seconds: when that was not enough for everybody,
/// `complete` is false, and pages of `problems` may be short as long as there is a `nextCursor`. Who looked at whose data is logged.
#[utoipa::path(
    post,
    path = "/v1/campaigns/preflight",
    operation_id = "preflightCampaign",
    responses((status = 200, body = Preflight))
)]
pub async fn preflight<P: Publisher, V: Provider, D>(
    State(deps): State<Arc<Deps<P, V, D>>>,
    caller: Caller,
    language: Language,
    Params(params): Params<ProblemParams>,
    Body(wish): Body<Wish>,
) -> Result<Json<Preflight>, Problem> {
    let deadline = Instant::now() + deps.reading;
    let limit = Page::<Unsendable>::limit(params.limit);
    let after = params.cursor.map(|cursor| cursor.0.parse()).transpose().map_err(|_| foreign_cursor())?;
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let groups = known_groups(&mut connection, staff.clinic, &wish.group_ids).await?;
    let plan = plan(&mut connection, &deps.ambient, &staff, wish.intent()).await?;
    let mut walk = Walk::new(&plan, language, limit, deadline);
    if after.is_some() {
        walk.go(&mut connection, &groups, after, Until::PageIsFull).await?;
        let Found { problems, .. } = walk.end();
        tell(&mut connection, &deps.ambient, &staff, &plan, &problems).await?;
        return Ok(Json(Preflight::More(More { problems })));
    }
    // The provider may take its time meanwhile.
    let asked = ask_both(&deps.provider, deps.patience, &plan.campaign.sender_key);
    let walked = async {
        let walked = walk.go(&mut connection, &groups, None, Until::Everybody).await;
        drop(connection);
        walked
    };
    let (walked, (balance, shown)) = tokio::join!(walked, asked);
    walked?;
    let found = walk.end();
    let mut connection = deps.database.acquire().await?;
    tell(&mut connection, &deps.ambient, &staff, &plan, &found.problems).await?;
    drop(connection);
    let checks = Comparison { plan: &plan, shown, link_base: &deps.link_base, language }.checks();
    let rates = Rates { unit_price: deps.unit_price, calls_per_second: deps.calls_per_second };
    let whole = whole(&plan, found, checks, balance, rates, language)?;
    Ok(Json(Preflight::Whole(Box::new(whole))))
}

/// What is configured of the provider.
#[derive(Clone, Copy)]
struct Rates {
    unit_price: Won,
    calls_per_second: u32,
}

/// Puts together what was found.
fn whole(
    plan: &Plan,
    found: Found,
    checks: Vec<Check>,
    balance: Result<u64, Silence>,
    Rates { unit_price, calls_per_second }: Rates,
    language: Language,
) -> Result<Whole, Problem> {
    let Found { counted, problems, complete } = found;
    let sendable = counted.sendable;
    let total = unit_price.times(sendable).ok_or_else(|| Problem::internal("nobody has so much money"))?;
    let (balance, balance_problem) = match balance {
        Ok(messages) => (Some(Balance { messages, enough: messages >= sendable }), None),
        Err(silence) => (None, Some(silence.explained(language))),
    };
    let is_short = balance.as_ref().is_some_and(|balance| !balance.enough);
    Ok(Whole {
        ready: sendable > 0 && checks.iter().all(|check| check.outcome != Outcome::Differs),
        complete,
        recipients: counted.recipients,
        sendable,
        warnings: warnings::of(plan, &counted, is_short, calls_per_second, language),
        excluded: Excluded { total: counted.recipients - sendable, by_reason: counted.excluded },
        problems,
        characters: Characters { longest: counted.longest },
        cost: Cost { unit_price, total, currency: "KRW" },
        balance,
        balance_problem,
        checks,
    })
}

/// Who looked at whose data.
async fn tell(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    staff: &Staff,
    plan: &Plan,
    problems: &Page<Unsendable>,
) -> Result<(), Problem> {
    let customers: Vec<_> = problems.items.iter().filter_map(|item| item.customer_id).collect();
    let count = problems.items.len();
    audit::record(connection, ambient, staff, "campaign.preflight", Subject::of_customers(&customers), count).await?;
    let shown: Vec<_> = customers.iter().take(20).map(ToString::to_string).collect();
    tracing::info!(
        event = "campaign.preflight", staff.id = %staff.id, template.id = %plan.campaign.template, count,
        customer.ids = shown.join(","), "pre-flight shown"
    );
    Ok(())
}

fn foreign_cursor() -> Problem {
    Problem::invalid("cursor", "이 목록의 커서가 아닙니다.", "not a cursor of this list")
}
