//! Looking at the ledger.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::aws::topics::Publisher;
use shared::db::audit::{self, Subject};
use shared::db::{held_grants, memberships, point_entries};
use shared::http::{Caller, Cursor, Page, Params, Problem, Staff};
use shared::model::UserId;
use shared::model::state::PointReason;
use utoipa::{IntoParams, ToSchema};

use crate::view::LineView;
use crate::{Deps, foreign_cursor};

/// Which lines to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Asked {
    /// Only those of this member, each with the balance after it.
    user_id: Option<UserId>,
    /// Only those for this reason.
    #[param(inline)]
    reason: Option<PointReason>,
    /// Where the page before ended.
    cursor: Option<Cursor>,
    /// How many, at most 200; 50 unless said.
    limit: Option<u32>,
}

/// Lists the ledger's lines, newest first
///
/// Members who have withdrawn stay in it without a name.
#[utoipa::path(
    get,
    path = "/v1/points",
    operation_id = "listLedger",
    responses((status = 200, body = Page<LineView>))
)]
pub async fn list<P: Publisher>(
    State(deps): State<Arc<Deps<P>>>,
    caller: Caller,
    Params(asked): Params<Asked>,
) -> Result<Json<Page<LineView>>, Problem> {
    let limit = Page::<LineView>::limit(asked.limit);
    let before = asked.cursor.map(|cursor| cursor.0.parse()).transpose().map_err(|_| foreign_cursor())?;
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let lines = match asked.user_id {
        None => point_entries::list_of_clinic(&mut connection, staff.clinic, asked.reason, before, limit + 1).await?,
        Some(user) => {
            if memberships::find_state(&mut connection, staff.clinic, user).await?.is_none() {
                return Err(Problem::not_found());
            }
            let whose = (staff.clinic, user);
            point_entries::list_of_member(&mut connection, whose, asked.reason, before, limit + 1).await?
        }
    };
    let page = Page::cut(lines.into_iter().map(LineView::from).collect(), limit, |last: &LineView| last.id.to_string());
    let people = page.items.iter().map(|line| line.member.user_id).collect::<BTreeSet<_>>().len();
    let subject = asked.user_id.map_or(Subject::Many, Subject::User);
    audit::record(&mut connection, &deps.ambient, &staff, "points.list", subject, people).await?;
    tracing::info!(event = "points.read", staff.id = %staff.id, count = page.items.len(), "ledger read");
    Ok(Json(page))
}

/// What the ledger adds up to: `granted - spent + adjusted + reversed = outstanding`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LedgerTotals {
    /// Granted for joining and inviting.
    #[schema(example = 120_000)]
    granted: i64,
    /// Used at the clinic.
    #[schema(example = 30_000)]
    spent: i64,
    /// Corrected by the owner, up less down.
    #[schema(example = -500)]
    adjusted: i64,
    /// What lines that take others back moved; below zero when they took more than they gave back.
    #[schema(example = 1000)]
    reversed: i64,
    /// What members have and can spend.
    #[schema(example = 90_500)]
    outstanding: i64,
    /// Points that are held for review, and are in none of the other numbers.
    #[schema(example = 3000)]
    held: u64,
    /// How many grants these are.
    #[schema(example = 3)]
    held_count: u64,
}

/// What the clinic has granted, and what has become of it
#[utoipa::path(
    get,
    path = "/v1/points/totals",
    operation_id = "showLedgerTotals",
    responses((status = 200, body = LedgerTotals))
)]
pub async fn totals<P: Publisher>(State(deps): State<Arc<Deps<P>>>, caller: Caller) -> Result<Json<LedgerTotals>, Problem> {
    // Lines, balances and what is held as they were at one moment: otherwise they would not add up while points move.
    let mut snapshot = deps.database.snapshot().await?;
    let staff = Staff::identify(&mut snapshot, &caller).await?;
    let totals = point_entries::find_totals(&mut snapshot, staff.clinic).await?;
    let (held_count, held) = held_grants::sum_held(&mut snapshot, staff.clinic).await?;
    snapshot.end().await?;
    let point_entries::Totals { granted, spent, adjusted, reversed, outstanding } = totals;
    Ok(Json(LedgerTotals { granted, spent, adjusted, reversed, outstanding, held, held_count }))
}
