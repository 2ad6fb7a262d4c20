//! The clinic's numbers at this moment.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::DateTime;
use serde::Serialize;
use shared::db::hourly_totals::{self, Clicks, Counts, Scope};
use shared::db::statistics::{self, Rest};
use shared::db::{customers, groups, memberships, point_entries};
use shared::http::{Caller, Problem, Staff};
use utoipa::ToSchema;

use crate::Deps;

/// A clinic's numbers at this moment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StatsNow)]
pub struct Now {
    /// Customers of the clinic.
    customers: u64,
    /// Groups, the unassigned one among them.
    groups: u64,
    /// Confirmed members.
    members: u64,
    messages: Messages,
    success_rate: SuccessRate,
    click_rate: ClickRate,
    /// Visits of links: those of people, and what was left out of them.
    clicks: Clicks,
    /// The sum of all points that were granted.
    points_granted: u64,
}

/// Messages of all campaigns but tests. All but `requested` add up to it.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ClinicMessages)]
struct Messages {
    /// All of them.
    requested: i64,
    /// Waiting to be handed over, or never to be sent.
    not_handed_over: i64,
    /// The provider has them, and has told no result that says whether they arrived.
    awaiting: i64,
    /// Arrived.
    delivered: i64,
    /// Did not arrive.
    failed: i64,
    /// Nobody knows yet whether the provider has them.
    unknown: i64,
}

impl Messages {
    /// Every message that was handed over is counted by what the provider took, those that failed without it, and those of which
    /// nobody knows.
    const fn of(counts: Counts, rest: Rest) -> Self {
        let handed_over = counts.sent + rest.never_taken + rest.unanswered;
        Self {
            requested: rest.requested,
            not_handed_over: rest.requested - handed_over,
            awaiting: counts.sent - counts.delivered - (counts.failed - rest.never_taken),
            delivered: counts.delivered,
            failed: counts.failed,
            unknown: rest.unanswered,
        }
    }
}

/// Delivered messages of those that were handed over, or were to be.
#[derive(Debug, Serialize, ToSchema)]
struct SuccessRate {
    /// Messages that arrived.
    delivered: i64,
    /// Messages that were handed over, or were to be.
    of: i64,
    /// The one by the other, to four digits; null when there are none.
    #[schema(example = 0.9731)]
    ratio: Option<f64>,
}

/// Messages whose link a person has opened, of those that were delivered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ClickRate {
    /// Messages whose link a person has opened.
    unique_clicks: i64,
    /// Messages that arrived.
    of: i64,
    /// The one by the other, to four digits; null when there are none. It is above 1 when people opened links of messages whose arrival
    /// nobody has told.
    #[schema(example = 0.1836)]
    ratio: Option<f64>,
}

/// The clinic's numbers now
///
/// All of them are of one moment. Messages and visits of tests are not among them.
#[utoipa::path(get, path = "/v1/stats", operation_id = "showStats", responses((status = 200, body = Now)))]
pub async fn show(State(deps): State<Arc<Deps>>, caller: Caller) -> Result<Json<Now>, Problem> {
    let mut snapshot = deps.database.snapshot().await?;
    let clinic = Staff::identify(&mut snapshot, &caller).await?.clinic;
    let counts = hourly_totals::total(&mut snapshot, clinic, Scope::Clinic, DateTime::UNIX_EPOCH).await?;
    let messages = Messages::of(counts, statistics::rest(&mut snapshot, clinic).await?);
    let (delivered, unique_clicks) = (messages.delivered, counts.unique_clicks);
    let handed_over = messages.requested - messages.not_handed_over;
    let now = Now {
        customers: customers::count(&mut snapshot, clinic).await?,
        groups: groups::count(&mut snapshot, clinic).await?,
        members: memberships::count_confirmed(&mut snapshot, clinic).await?,
        messages,
        success_rate: SuccessRate { delivered, of: handed_over, ratio: ratio(delivered, handed_over) },
        click_rate: ClickRate { unique_clicks, of: delivered, ratio: ratio(unique_clicks, delivered) },
        clicks: counts.clicks(),
        points_granted: point_entries::sum_granted(&mut snapshot, clinic).await?,
    };
    snapshot.end().await?;
    Ok(Json(now))
}

/// A part of a whole to four digits, rounded half up.
fn ratio(part: i64, whole: i64) -> Option<f64> {
    let ten_thousandths = part.checked_mul(20_000)?.checked_add(whole)?.checked_div(whole.checked_mul(2)?)?;
    i32::try_from(ten_thousandths).ok().map(|parts| f64::from(parts) / 10_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_has_four_digits_and_nothing_is_no_part_of_nothing() {
        let shown = |part, whole| ratio(part, whole).map(|ratio| ratio.to_string());
        assert_eq!(shown(2, 3).as_deref(), Some("0.6667"));
        assert_eq!(shown(1, 3).as_deref(), Some("0.3333"));
        assert_eq!(shown(1, 20_000).as_deref(), Some("0.0001"));
        assert_eq!(shown(7, 7).as_deref(), Some("1"));
        assert_eq!(shown(0, 9).as_deref(), Some("0"));
        assert_eq!(shown(0, 0), None);
    }

    #[test]
    fn what_was_handed_over_is_told_from_what_was_not() {
        // 10 requested: 2 wait, 1 is excluded, 1 of an unanswered bundle, 1 refused before it was taken; of 5 that were taken 2 arrived,
        // 1 did not, 2 have no result.
        let counts = Counts { sent: 5, delivered: 2, failed: 2, ..Counts::default() };
        let messages = Messages::of(counts, Rest { requested: 10, never_taken: 1, unanswered: 1 });
        let expected = Messages { requested: 10, not_handed_over: 3, awaiting: 2, delivered: 2, failed: 2, unknown: 1 };
        assert_eq!(messages, expected);
    }
}
