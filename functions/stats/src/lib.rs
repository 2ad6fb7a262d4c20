//! Triggered by `GET /v1/stats` and `GET /v1/stats/hourly`.
//! Responsible for the clinic's numbers, now and hour by hour in its own time zone, each rate with what it is a part of.

use std::sync::Arc;

use axum::extract::State;
use axum::{Json, Router};
use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use shared::clock::Ambient;
use shared::db::hourly_counts::{self, Clicks, Counts, hour_of};
use shared::db::messages::{self, Totals};
use shared::db::{Database, campaigns, clinics, customers, groups, memberships, point_entries};
use shared::http::{Caller, Kind, Params, Problem, Staff, Table};
use shared::model::{CampaignId, ClinicId};
use shared::route;
use sqlx::MySqlConnection;
use utoipa::openapi::OpenApi;
use utoipa::{IntoParams, ToSchema};

/// The longest span that is shown by the hour: a quarter, some 2,200 lines.
const MOST_DAYS: i64 = 92;

/// What the use case needs.
pub struct Deps {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
}

fn table() -> Table<Arc<Deps>> {
    Table::new("Statistics", "The numbers of the clinic, each rate with what it is a part of.")
        .for_staff()
        .add(route!(now))
        .add(route!(hourly).answers(&[Kind::NotFound]))
}

/// The routes of this function.
pub fn routes(deps: Deps) -> Router {
    table().router(Arc::new(deps))
}

/// The documentation of these routes.
#[must_use]
pub fn openapi() -> OpenApi {
    table().document()
}

/// A clinic's numbers at this moment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StatsNow)]
struct Now {
    /// Customers of the clinic.
    customers: u64,
    /// Groups, the unassigned one among them.
    groups: u64,
    /// Confirmed members.
    members: u64,
    /// Messages of all campaigns.
    messages: Totals,
    success_rate: SuccessRate,
    click_rate: ClickRate,
    /// Visits of links.
    clicks: Clicks,
    /// The sum of all points that were granted.
    points_granted: u64,
}

/// Delivered messages of those that were handed over, or were to be: requested without queued and excluded.
#[derive(Debug, Serialize, ToSchema)]
struct SuccessRate {
    /// Messages that arrived.
    delivered: u64,
    /// Messages that were handed over, or were to be.
    of: u64,
}

/// Messages whose link a person has opened, of those that were delivered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ClickRate {
    /// Messages whose link a person has opened.
    unique_clicks: u64,
    /// Messages that arrived.
    of: u64,
}

/// The clinic's numbers now
#[utoipa::path(get, path = "/v1/stats", operation_id = "showStats", responses((status = 200, body = Now)))]
async fn now(State(deps): State<Arc<Deps>>, caller: Caller) -> Result<Json<Now>, Problem> {
    let mut connection = deps.database.acquire().await?;
    let clinic = Staff::identify(&mut connection, &caller).await?.clinic;
    let messages = Totals::from(messages::count_of_clinic_by_state(&mut connection, clinic).await?);
    let clicks = hourly_counts::total(&mut connection, clinic, None, DateTime::UNIX_EPOCH).await?.clicks();
    Ok(Json(Now {
        customers: customers::count(&mut connection, clinic).await?,
        groups: groups::count(&mut connection, clinic).await?,
        members: memberships::count_confirmed(&mut connection, clinic).await?,
        messages,
        success_rate: SuccessRate {
            delivered: messages.delivered,
            of: messages.sent + messages.delivered + messages.failed + messages.unknown,
        },
        click_rate: ClickRate { unique_clicks: clicks.unique, of: messages.delivered },
        clicks,
        points_granted: point_entries::sum_granted(&mut connection, clinic).await?,
    }))
}

/// Which hours: whole days of the clinic, both included; today unless said.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Span {
    /// The first day. Without it the last one, so that either stands for both.
    from: Option<NaiveDate>,
    /// The last day, at most 92 from the first. Without it the first one, and today without either.
    to: Option<NaiveDate>,
    /// Only what belongs to this campaign.
    campaign_id: Option<CampaignId>,
}

/// The clinic's numbers hour by hour; an hour in which nothing happened is there with zeros.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StatsHourly)]
struct Hourly {
    /// The clinic's time zone, by its IANA name.
    #[schema(example = "Asia/Seoul")]
    time_zone: String,
    /// The first day.
    from: NaiveDate,
    /// The last day.
    to: NaiveDate,
    /// The sum of the hours.
    total: Counts,
    /// Every hour of these days.
    hours: Vec<Hour>,
}

/// One hour.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatsHour)]
struct Hour {
    /// Its beginning on the clinic's clock.
    hour: DateTime<FixedOffset>,
    #[serde(flatten)]
    counts: Counts,
}

/// The clinic's numbers hour by hour
///
/// Days are the clinic's, in its time zone. An hour in which nothing happened is there with zeros.
#[utoipa::path(get, path = "/v1/stats/hourly", operation_id = "showHourlyStats", responses((status = 200, body = Hourly)))]
async fn hourly(State(deps): State<Arc<Deps>>, caller: Caller, Params(span): Params<Span>) -> Result<Json<Hourly>, Problem> {
    let mut connection = deps.database.acquire().await?;
    let clinic = Staff::identify(&mut connection, &caller).await?.clinic;
    let clinic = clinics::find(&mut connection, clinic).await?.ok_or_else(Problem::not_found)?;
    let zone: Tz = clinic.time_zone.parse().map_err(Problem::internal)?;
    let (from, to) = days(&span, deps.ambient.now().with_timezone(&zone).date_naive())?;
    if let Some(campaign) = span.campaign_id {
        require(&mut connection, clinic.id, campaign).await?;
    }
    let (begin, end) = (midnight(zone, from), midnight(zone, to.succ_opt().unwrap_or(to)));
    let counted = hourly_counts::list(&mut connection, clinic.id, span.campaign_id, begin, end).await?;

    let every_hour = std::iter::successors(Some(begin), |hour| Some(*hour + TimeDelta::hours(1)));
    let hours = every_hour.take_while(|hour| *hour < end).map(|hour| Hour {
        hour: hour.with_timezone(&zone).fixed_offset(),
        counts: counted.get(&hour).copied().unwrap_or_default(),
    });
    Ok(Json(Hourly { time_zone: clinic.time_zone, from, to, total: counted.values().copied().sum(), hours: hours.collect() }))
}

/// The days asked for: from `from` to `to`, either of which stands for both, today for none.
fn days(span: &Span, today: NaiveDate) -> Result<(NaiveDate, NaiveDate), Problem> {
    let to = span.to.or(span.from).unwrap_or(today);
    let from = span.from.unwrap_or(to);
    if from.year() < 2000 || to.year() > 2100 {
        return Err(Problem::invalid("from", "2000년부터 2100년까지 조회할 수 있습니다.", "years from 2000 to 2100"));
    }
    if from > to {
        return Err(Problem::invalid("from", "시작일이 종료일보다 늦습니다.", "`from` is later than `to`"));
    }
    if (to - from).num_days() >= MOST_DAYS {
        let (ko, en) = (format!("최대 {MOST_DAYS}일까지 조회할 수 있습니다."), format!("at most {MOST_DAYS} days"));
        return Err(Problem::invalid("from", ko, en));
    }
    Ok((from, to))
}

async fn require(connection: &mut MySqlConnection, clinic: ClinicId, campaign: CampaignId) -> Result<(), Problem> {
    match campaigns::find(connection, clinic, campaign).await? {
        Some(_) => Ok(()),
        None => Err(Problem::not_found().with("field", "campaignId")),
    }
}

/// When a day begins on the clinic's clock, at the full hour in UTC. Where clocks are put forward at midnight, it begins an hour
/// later.
fn midnight(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    let local = day.and_time(NaiveTime::MIN);
    let begins = [local, local + TimeDelta::hours(1)].iter().find_map(|time| zone.from_local_datetime(time).earliest());
    hour_of(begins.map_or(local.and_utc(), |begin| begin.to_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_in_seoul_begins_nine_hours_before_utc() {
        assert_eq!(midnight(Tz::Asia__Seoul, day("2026-03-02")).to_rfc3339(), "2026-03-01T15:00:00+00:00");
    }

    #[test]
    fn either_day_stands_for_both_and_today_for_none() {
        let span = |from: Option<&str>, to: Option<&str>| Span { from: from.map(day), to: to.map(day), campaign_id: None };
        let asked = |from, to| days(&span(from, to), day("2026-03-02")).ok();
        let same = |text| Some((day(text), day(text)));
        assert_eq!(asked(None, None), same("2026-03-02"));
        assert_eq!(asked(Some("2026-02-01"), None), same("2026-02-01"));
        assert_eq!(asked(None, Some("2026-02-01")), same("2026-02-01"));
        assert_eq!(asked(Some("2026-02-02"), Some("2026-02-01")), None);
        assert_eq!(asked(Some("2026-01-01"), Some("2026-04-02")), Some((day("2026-01-01"), day("2026-04-02"))));
        assert_eq!(asked(Some("2026-01-01"), Some("2026-04-03")), None);
    }
}
