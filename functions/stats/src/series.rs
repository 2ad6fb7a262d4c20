//! The clinic's numbers over time, period by period in its own time zone.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use shared::db::hourly_totals::{self, Counts, Failures, Scope};
use shared::db::statistics::{self, Hours};
use shared::db::{campaigns, clinics, groups, templates};
use shared::http::{Caller, Language, Params, Problem, Staff};
use shared::model::result::Reason;
use shared::model::{CampaignId, ClinicId, GroupId, TemplateId};
use sqlx::MySqlConnection;
use utoipa::{IntoParams, ToSchema};

use crate::Deps;
use crate::span::{By, Span};

/// Which days of whom: whole days of the clinic, both included; today by the hour unless said.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Wish {
    /// What the days are cut into. Hours, for at most 92 days, unless said.
    #[param(inline)]
    by: Option<By>,
    /// The first day. Without it the last one, so that either stands for both.
    from: Option<NaiveDate>,
    /// The last day. Without it the first one, and today without either.
    to: Option<NaiveDate>,
    /// Only this campaign, which may be a test.
    campaign_id: Option<CampaignId>,
    /// Only the recipients that were reached through this group.
    group_id: Option<GroupId>,
    /// Only the campaigns that were made of this template.
    #[param(inline)]
    template_id: Option<TemplateId>,
    /// `previous`: also as many days right before.
    #[param(inline)]
    compare: Option<Compare>,
}

/// With what the days are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = StatsComparison)]
enum Compare {
    /// As many days right before.
    Previous,
}

impl Wish {
    /// Whose numbers are asked for.
    fn scope(&self) -> Result<Scope, Problem> {
        match (self.campaign_id, self.group_id, self.template_id) {
            (None, None, None) => Ok(Scope::Clinic),
            (Some(campaign), None, None) => Ok(Scope::Campaign(campaign)),
            (None, Some(group), None) => Ok(Scope::Group(group)),
            (None, None, Some(template)) => Ok(Scope::Template(template)),
            (_, group, _) => {
                let field = if group.is_some() { "groupId" } else { "templateId" };
                let ko = "발송, 그룹, 템플릿 중 하나만 선택할 수 있습니다.";
                Err(Problem::invalid(field, ko, "at most one of `campaignId`, `groupId` and `templateId`"))
            }
        }
    }
}

/// Numbers over time; a period in which nothing happened is there with zeros.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StatsSeries)]
pub struct Series {
    /// The clinic's time zone, by its IANA name.
    #[schema(example = "Asia/Seoul")]
    time_zone: String,
    /// What the days are cut into.
    by: By,
    #[serde(flatten)]
    asked: Part,
    /// As many days right before, when they are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<Part>,
    /// The reasons of failures in the caller's language.
    reasons: BTreeMap<String, String>,
}

/// The numbers of some days.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatsDays)]
struct Part {
    /// The first day.
    from: NaiveDate,
    /// The last day.
    to: NaiveDate,
    /// The sum of the periods.
    total: Numbers,
    /// Every period of these days.
    periods: Vec<Period>,
}

/// The numbers of one period.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatsPeriod)]
struct Period {
    /// Its beginning on the clinic's clock.
    begin: DateTime<FixedOffset>,
    /// Its end, which is not part of it.
    end: DateTime<FixedOffset>,
    #[serde(flatten)]
    numbers: Numbers,
}

/// What was counted in some time.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StatsNumbers)]
struct Numbers {
    #[serde(flatten)]
    counts: Counts,
    /// Why messages failed, and how many: they add up to `failed`.
    #[schema(value_type = BTreeMap<String, i64>)]
    failures: Failures,
    /// Users who became members of the clinic, whatever became of them since. Only for the whole clinic.
    #[serde(skip_serializing_if = "Option::is_none")]
    new_members: Option<i64>,
    /// Users who joined through the code of another user. Only for the whole clinic.
    #[serde(skip_serializing_if = "Option::is_none")]
    invitations: Option<i64>,
    /// Points that were granted. Only for the whole clinic.
    #[serde(skip_serializing_if = "Option::is_none")]
    points_granted: Option<i64>,
}

/// The clinic's numbers over time
///
/// For the clinic, or for one campaign, group or template, by the hour, day or week. Days are the clinic's, in its time zone, and weeks
/// begin on Monday; the first and the last period hold what was asked for of them. Whatever the days are cut into, they have the same
/// total. A period in which nothing happened is there with zeros. Tests are counted in their campaign alone.
#[utoipa::path(get, path = "/v1/stats/series", operation_id = "showStatsSeries", responses((status = 200, body = Series)))]
pub async fn show(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    language: Language,
    Params(wish): Params<Wish>,
) -> Result<Json<Series>, Problem> {
    let mut snapshot = deps.database.snapshot().await?;
    let clinic = Staff::identify(&mut snapshot, &caller).await?.clinic;
    let clinic = clinics::find(&mut snapshot, clinic).await?.ok_or_else(Problem::not_found)?;
    let zone: Tz = clinic.time_zone.parse().map_err(Problem::internal)?;
    let by = wish.by.unwrap_or(By::Hour);
    let span = Span::asked(by, wish.from, wish.to, deps.ambient.now().with_timezone(&zone).date_naive())?;
    let scope = wish.scope()?;
    require(&mut snapshot, clinic.id, scope).await?;

    let previous = wish.compare.map(|Compare::Previous| span.previous());
    let Range { start, end } = span.moments(zone);
    let start = previous.map_or(start, |previous| previous.moments(zone).start);
    let counted = Counted::read(&mut snapshot, clinic.id, scope, start..end).await?;
    snapshot.end().await?;
    Ok(Json(Series {
        time_zone: clinic.time_zone,
        by,
        asked: counted.part(span, zone, by),
        previous: previous.map(|span| counted.part(span, zone, by)),
        reasons: counted.reasons(language),
    }))
}

/// What is not the clinic's is not there. A group or a template that is gone still has what was counted for it.
async fn require(connection: &mut MySqlConnection, clinic: ClinicId, scope: Scope) -> Result<(), Problem> {
    let (is_there, id, field) = match scope {
        Scope::Clinic => return Ok(()),
        Scope::Campaign(id) => (campaigns::find(connection, clinic, id).await?.is_some(), id.uuid(), "campaignId"),
        Scope::Group(id) => (groups::find(connection, clinic, id).await?.is_some(), id.uuid(), "groupId"),
        Scope::Template(id) => (templates::find(connection, clinic, id).await?.is_some(), id.uuid(), "templateId"),
    };
    if is_there || statistics::was_counted(connection, clinic, id).await? {
        return Ok(());
    }
    Err(Problem::not_found().with("field", field))
}

/// What was counted hour by hour; hours in which nothing happened are absent.
struct Counted {
    counts: BTreeMap<DateTime<Utc>, Counts>,
    failures: BTreeMap<DateTime<Utc>, Failures>,
    /// New members, invitations and points, which belong to no campaign.
    people: Option<[Hours; 3]>,
}

impl Counted {
    async fn read(
        connection: &mut MySqlConnection,
        clinic: ClinicId,
        scope: Scope,
        moments: Range<DateTime<Utc>>,
    ) -> Result<Self, sqlx::Error> {
        let Range { start, end } = moments;
        let counts = hourly_totals::list(connection, clinic, scope, start, end).await?;
        let failures = hourly_totals::list_failures(connection, clinic, scope, start, end).await?;
        let people = if scope == Scope::Clinic {
            let new_members = statistics::list_new_members(connection, clinic, start, end).await?;
            let invitations = statistics::list_invitations(connection, clinic, start, end).await?;
            Some([new_members, invitations, statistics::list_points_granted(connection, clinic, start, end).await?])
        } else {
            None
        };
        Ok(Self { counts, failures, people })
    }

    fn part(&self, span: Span, zone: Tz, by: By) -> Part {
        let local = |moment: DateTime<Utc>| moment.with_timezone(&zone).fixed_offset();
        let period = |Range { start, end }: Range<DateTime<Utc>>| Period {
            begin: local(start),
            end: local(end),
            numbers: self.numbers(start..end),
        };
        Part {
            from: span.from,
            to: span.to,
            total: self.numbers(span.moments(zone)),
            periods: span.periods(zone, by).into_iter().map(period).collect(),
        }
    }

    fn numbers(&self, moments: Range<DateTime<Utc>>) -> Numbers {
        let mut failures = Failures::new();
        for (reason, count) in self.failures.range(moments.clone()).flat_map(|(_, hour)| hour) {
            *failures.entry(reason.clone()).or_default() += count;
        }
        let sum = |hours: &Hours| hours.range(moments.clone()).map(|(_, count)| count).sum();
        let people = self.people.as_ref().map(|people| people.each_ref().map(sum));
        let [new_members, invitations, points_granted] = people.map_or([None; 3], |people| people.map(Some));
        let counts = self.counts.range(moments.clone()).map(|(_, counts)| *counts).sum();
        Numbers { counts, failures, new_members, invitations, points_granted }
    }

    /// The words for all reasons there are; one that this version does not know is shown as it is.
    fn reasons(&self, language: Language) -> BTreeMap<String, String> {
        let words = |reason: &String| {
            let known = Reason::named(reason).map(Reason::explanation);
            known.map_or(reason.clone(), |(ko, en)| language.choose(ko, en).to_owned())
        };
        self.failures.values().flat_map(Failures::keys).map(|reason| (reason.clone(), words(reason))).collect()
    }
}
