//! The numbers over time.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use shared::model::state::CampaignKind;
use shared::testing::Client;

use crate::history::{History, Line};
use crate::world::{World, field, moment};

async fn series(staff: &Client, query: &str) -> Value {
    let answer = staff.get(&format!("/v1/stats/series?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {:#}", answer.json);
    answer.json
}

/// The same without what only the whole clinic has.
fn numbers(of: &Value) -> Value {
    let without = ["begin", "end", "newMembers", "invitations", "pointsGranted"];
    let kept = of.as_object().unwrap().iter().filter(|(name, _)| !without.contains(&name.as_str()));
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}

fn at(period: &Value, which: &str) -> DateTime<Utc> {
    moment(period[which].as_str().unwrap())
}

/// Every period and the total are what a count over the rows gives.
fn assert_counted(shown: &Value, history: &History, chosen: impl Fn(&Line) -> bool + Copy) {
    let periods = shown["periods"].as_array().unwrap();
    for period in periods {
        assert_eq!(numbers(period), history.numbers(chosen, at(period, "begin"), at(period, "end")), "{period:#}");
    }
    let (first, last) = (&periods[0], &periods[periods.len() - 1]);
    assert_eq!(numbers(&shown["total"]), history.numbers(chosen, at(first, "begin"), at(last, "end")));
}

#[tokio::test]
async fn every_period_of_every_scope_is_what_a_count_over_the_rows_gives() {
    let world = World::new().await;
    let (clinic, staff) = world.clinic("clinic").await;
    let (other, _) = world.clinic("other").await;
    let history = History::write(&world, clinic, 11).await;
    History::write(&world, other, 12).await;
    let is_real = |line: &Line| line.campaign.kind != CampaignKind::Test;
    let mut totals = Vec::new();
    for by in ["hour", "day", "week"] {
        let span = format!("by={by}&from=2026-02-18&to=2026-03-03");
        let shown = series(&staff, &span).await;
        assert_counted(&shown, &history, is_real);
        totals.push(numbers(&shown["total"]));
        for group in &history.groups {
            let shown = series(&staff, &format!("{span}&groupId={group}")).await;
            assert_counted(&shown, &history, |line| is_real(line) && line.group == Some(*group));
        }
        for template in &history.templates {
            let shown = series(&staff, &format!("{span}&templateId={template}")).await;
            assert_counted(&shown, &history, |line| is_real(line) && line.campaign.template == *template);
        }
        for campaign in &history.campaigns {
            let shown = series(&staff, &format!("{span}&campaignId={}", campaign.id)).await;
            assert_counted(&shown, &history, |line| line.campaign.id == campaign.id);
        }
    }
    assert!(totals[0]["sent"].as_u64().unwrap() > 50 && totals[0]["failures"].as_object().unwrap().len() > 3, "{totals:#?}");
    assert!(totals.iter().all(|total| *total == totals[0]), "the same days have the same total, whatever they are cut into");
    world.test.finish().await;
}

#[tokio::test]
async fn the_span_before_is_shown_with_its_own_periods_and_total() {
    let world = World::new().await;
    let (clinic, staff) = world.clinic("clinic").await;
    let history = History::write(&world, clinic, 13).await;
    let is_real = |line: &Line| line.campaign.kind != CampaignKind::Test;
    for (by, periods) in [("hour", 168), ("day", 7), ("week", 2)] {
        let asked = format!("by={by}&from=2026-02-25&to=2026-03-03");
        let shown = series(&staff, &format!("{asked}&compare=previous")).await;
        assert_counted(&shown, &history, is_real);
        let previous = &shown["previous"];
        assert_counted(previous, &history, is_real);
        assert_eq!((&previous["from"], &previous["to"]), (&json!("2026-02-18"), &json!("2026-02-24")));
        assert_eq!(previous["periods"].as_array().unwrap().len(), periods, "{by}");
        assert_eq!(previous["periods"][periods - 1]["end"], shown["periods"][0]["begin"]);
        assert_eq!(series(&staff, &asked).await["previous"], Value::Null, "only when it is asked for");
    }
    world.test.finish().await;
}

#[tokio::test]
async fn the_day_is_the_clinics_and_quiet_hours_are_zeros() {
    let world = World::new().await;
    let (clinic, staff) = world.clinic("clinic").await;
    let today = series(&staff, "").await;
    let hours = today["periods"].as_array().unwrap();
    assert_eq!((hours.len(), &today["from"], &today["timeZone"]), (24, &json!("2026-03-02"), &json!("Asia/Seoul")));
    let zeros = json!({
        "begin": "2026-03-02T01:00:00+09:00", "end": "2026-03-02T02:00:00+09:00", "sent": 0, "delivered": 0, "failed": 0,
        "humanClicks": 0, "uniqueClicks": 0, "previews": 0, "prefetches": 0, "bots": 0, "rejected": 0, "failures": {},
        "newMembers": 0, "invitations": 0, "pointsGranted": 0,
    });
    assert_eq!((&hours[0]["begin"], &hours[1]), (&json!("2026-03-02T00:00:00+09:00"), &zeros));

    // A clinic elsewhere has the days of its own clock, one of which has 25 hours.
    world.move_to(clinic, "America/New_York").await;
    let history = History::write(&world, clinic, 14).await;
    let days = series(&staff, "by=day&from=2026-02-16&to=2026-03-03").await;
    assert_counted(&days, &history, |line| line.campaign.kind != CampaignKind::Test);
    assert_eq!(days["periods"][0]["begin"], "2026-02-16T00:00:00-05:00");
    assert_eq!(series(&staff, "from=2026-11-01").await["periods"].as_array().unwrap().len(), 25);
    assert_eq!(series(&staff, "from=2026-03-08").await["periods"].as_array().unwrap().len(), 23);
    world.test.finish().await;
}

#[tokio::test]
async fn reasons_are_told_in_the_readers_words() {
    let world = World::new().await;
    let (clinic, staff) = world.clinic("clinic").await;
    History::write(&world, clinic, 15).await;
    let korean = series(&staff, "by=week&from=2026-02-16&to=2026-03-03").await;
    assert_eq!(korean["reasons"]["blocked"], "받는 분이 채널을 차단했습니다.");
    let path = "/v1/stats/series?by=week&from=2026-02-16&to=2026-03-03";
    let english = staff.send("GET", path, &[("accept-language", "en")], Value::Null).await.json;
    assert_eq!(english["reasons"]["blocked"], "The person has blocked the channel.");
    let names = |of: &Value| of.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&english["reasons"]), names(&english["total"]["failures"]));
    world.test.finish().await;
}

#[tokio::test]
async fn what_is_gone_keeps_its_numbers() {
    let world = World::new().await;
    let (clinic, staff) = world.clinic("clinic").await;
    let (_, stranger) = world.clinic("other").await;
    let history = History::write(&world, clinic, 16).await;
    let group = history.groups[0];
    sqlx::query("DELETE FROM customer_groups WHERE id = ?").bind(group).execute(&world.test.pool).await.unwrap();
    let query = format!("by=week&from=2026-02-16&to=2026-03-03&groupId={group}");
    let shown = series(&staff, &query).await;
    assert_counted(&shown, &history, |line| line.campaign.kind != CampaignKind::Test && line.group == Some(group));
    assert_eq!(stranger.get(&format!("/v1/stats/series?{query}")).await.status, 404);
    world.test.finish().await;
}

#[tokio::test]
async fn impossible_spans_and_what_belongs_to_others_are_refused() {
    let world = World::new().await;
    let (_, staff) = world.clinic("clinic").await;
    let (other, _) = world.clinic("other").await;
    let foreign = History::write(&world, other, 17).await;
    let (campaign, group, template) = (foreign.campaigns[0].id, foreign.groups[0], foreign.templates[0]);
    let refused = async |query: &str, status: u16, name: &str| {
        let answer = staff.get(&format!("/v1/stats/series?{query}")).await;
        assert_eq!(field(&answer), (status, &json!(name)), "{query}");
    };
    refused("from=2026-03-02&to=2026-03-01", 422, "from").await;
    refused("from=2025-12-01&to=2026-03-03", 422, "from").await;
    refused("by=day&from=2025-01-01&to=2026-03-01", 422, "from").await;
    refused("by=week&from=2023-01-01&to=2026-03-01", 422, "from").await;
    refused("from=yesterday", 422, "from").await;
    refused("by=month", 422, "by").await;
    refused("compare=next", 422, "compare").await;
    refused("day=2026-03-02", 422, "day").await;
    refused(&format!("groupId={group}&campaignId={campaign}"), 422, "groupId").await;
    refused(&format!("templateId={template}&campaignId={campaign}"), 422, "templateId").await;
    refused(&format!("campaignId={campaign}"), 404, "campaignId").await;
    refused(&format!("groupId={group}"), 404, "groupId").await;
    refused(&format!("templateId={template}"), 404, "templateId").await;
    assert_eq!(staff.get("/v1/stats/hourly").await.status, 404);
    world.test.finish().await;
}

#[tokio::test]
async fn the_longest_answer_is_one_that_lambda_can_give() {
    let world = World::new().await;
    let (clinic, staff) = world.clinic("clinic").await;
    // Every hour of both spans full, with every reason that there is.
    let pool = &world.test.pool;
    let fill =
        "INSERT INTO hourly_totals SELECT ?, ?, REPEAT(CHAR(0), 16), '2025-08-25 15:00:00' + INTERVAL h.n * 16 + l.n HOUR,
                     500000, 400000, 90000, 123456, 123456, 123456, 123456, 123456, 123456
                 FROM (SELECT ROW_NUMBER() OVER () - 1 AS n FROM information_schema.columns LIMIT 276) h,
                      (SELECT ROW_NUMBER() OVER () - 1 AS n FROM information_schema.columns LIMIT 16) l";
    sqlx::query(fill).bind(clinic).bind(clinic).execute(pool).await.unwrap();
    for reason in shared::model::result::Reason::ALL {
        let fill = "INSERT INTO hourly_failures SELECT clinic_id, scope_id, part_id, hour, ?, 12345 FROM hourly_totals";
        sqlx::query(fill).bind(reason.as_str()).execute(pool).await.unwrap();
    }
    let answer = staff.get("/v1/stats/series?from=2025-11-26&to=2026-02-25&compare=previous").await;
    assert_eq!(answer.status, 200);
    // As a text in the envelope that Lambda takes, of at most 6 MB.
    let bytes = json!({"statusCode": 200, "body": answer.json.to_string()}).to_string().len();
    assert!(answer.json["total"]["sent"] == 92 * 24 * 500_000 && bytes < 5_500_000, "{bytes} bytes");
    world.test.finish().await;
}
