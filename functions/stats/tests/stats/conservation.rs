//! Whether what was requested, answered and counted is what the rows say.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::db::clicks::{self, Click};
use shared::db::hourly_totals::{Delta, Moves, Owner};
use shared::model::state::{ClickClass, MessageState};
use shared::model::{CampaignId, ClickId};
use shared::store::Store;
use shared::testing::Client;
use sqlx::Executor as _;

use crate::history::{History, Line, visit};
use crate::world::{World, moment, store};

async fn report(staff: &Client, campaign: CampaignId) -> Value {
    let answer = staff.get(&format!("/v1/stats/campaigns/{campaign}/conservation")).await;
    assert_eq!(answer.status, 200, "{:#}", answer.json);
    answer.json
}

/// Records a visit as workers do, but never as the first of its message.
async fn record(world: &World, history: &History, click: Click) {
    let mut connection = world.test.pool.acquire().await.unwrap();
    let line =
        history.lines.iter().find(|line| line.campaign.id == click.message.campaign && line.number == click.message.number);
    let mut moves = Moves::default();
    let campaign = &line.unwrap().campaign;
    moves.add(Owner::from(campaign), line.unwrap().group, click.clicked_at, Delta::visits(click.class, 1));
    clicks::insert_all(&mut connection, &[click]).await.unwrap();
    moves.store(&mut connection).await.unwrap();
}

/// A preview's visit of the first message, with this number of this process, so long before now.
fn numbered(world: &World, history: &History, origin: u64, sequence: u32, age: TimeDelta) -> Click {
    let now = moment("2026-03-02T01:00:00Z");
    Click {
        id: ClickId::new(&world.ambient),
        numbered: Some((origin, sequence)),
        ..visit(world, &history.lines[0], ClickClass::Preview, now - age)
    }
}

#[tokio::test]
async fn a_campaign_adds_up_to_its_rows() {
    let world = World::new().await;
    let (clinic, staff) = world.clinic("clinic").await;
    let history = History::write(&world, clinic, 21).await;
    for campaign in &history.campaigns {
        let shown = report(&staff, campaign.id).await;
        let lines: Vec<_> = history.lines.iter().filter(|line| line.campaign.id == campaign.id).collect();
        let states: serde_json::Map<_, _> = MessageState::ALL
            .iter()
            .map(|state| (state.to_string(), json!(lines.iter().filter(|line| line.state == *state).count())))
            .chain([("requested".to_owned(), json!(lines.len())), ("difference".to_owned(), json!(0))])
            .collect();
        assert_eq!(shown["messages"], Value::Object(states));
        let visits: Vec<_> = lines.iter().flat_map(|line| &line.visits).collect();
        let class = |class| visits.iter().filter(|(visited, _)| *visited == class).count();
        let expected = json!({
            "answered": visits.len(), "recorded": visits.len(), "stillQueued": 0, "missing": 0, "live": 0,
            "human": class(ClickClass::Human), "preview": class(ClickClass::Preview), "prefetch": class(ClickClass::Prefetch),
            "bot": class(ClickClass::Bot), "rejected": class(ClickClass::Rejected),
        });
        assert_eq!(shown["visits"], expected);
        assert_eq!(shown["counters"], json!({"equal": true, "differences": []}));
        assert_eq!((&shown["status"], &shown["campaignId"]), (&json!("adds_up"), &json!(campaign.id)));
    }
    world.test.finish().await;
}

#[tokio::test]
async fn what_was_answered_and_is_not_recorded_is_queued_and_after_a_while_missing() {
    let world = World::new().await;
    let (clinic, staff) = world.clinic("clinic").await;
    let history = History::write(&world, clinic, 22).await;
    let id = history.campaigns[0].id;
    let before = report(&staff, id).await["visits"]["recorded"].as_u64().unwrap();
    let minutes = TimeDelta::minutes;
    let shown = async |recorded: u64, still_queued: u64, missing: u64, status: &str| {
        let shown = report(&staff, id).await;
        let visits = ["answered", "recorded", "stillQueued", "missing"].map(|name| shown["visits"][name].as_u64().unwrap());
        assert_eq!(visits, [before + recorded + still_queued, before + recorded, still_queued, missing], "{shown:#}");
        assert_eq!((&shown["status"], &shown["counters"]["equal"]), (&json!(status), &json!(true)));
    };
    // Two processes; of the first 1 is there, of the second 1 and 2.
    for (origin, sequence, age) in [(7, 1, 40), (8, 1, 40), (8, 2, 39)] {
        record(&world, &history, numbered(&world, &history, origin, sequence, minutes(age))).await;
    }
    shown(3, 0, 0, "adds_up").await;
    // Two were answered before this one, which is fresh.
    record(&world, &history, numbered(&world, &history, 7, 4, minutes(2))).await;
    shown(4, 2, 0, "catching_up").await;
    // One of them arrives: the other was answered after it, less than 15 minutes before the next.
    record(&world, &history, numbered(&world, &history, 7, 2, minutes(30))).await;
    shown(5, 1, 0, "catching_up").await;
    // The first of a third process that arrives is its third, of long ago.
    record(&world, &history, numbered(&world, &history, 9, 3, minutes(16))).await;
    shown(6, 3, 2, "missing").await;
    for (origin, sequence, age) in [(9, 1, 18), (9, 2, 17), (7, 3, 3)] {
        record(&world, &history, numbered(&world, &history, origin, sequence, minutes(age))).await;
    }
    shown(9, 0, 0, "adds_up").await;
    world.test.finish().await;
}

#[tokio::test]
async fn the_live_counter_knows_of_visits_that_no_number_tells_of() {
    let world = World::new().await;
    let (clinic, staff) = world.clinic("clinic").await;
    let history = History::write(&world, clinic, 23).await;
    let id = history.campaigns[1].id;
    let recorded = report(&staff, id).await["visits"]["recorded"].as_u64().unwrap();
    for _ in 0..recorded + 2 {
        store().visit(id, ClickClass::Human).await.unwrap();
    }
    let shown = report(&staff, id).await;
    let visits = ["answered", "recorded", "stillQueued", "live"].map(|name| shown["visits"][name].as_u64().unwrap());
    assert_eq!((visits, &shown["status"]), ([recorded + 2, recorded, 2, recorded + 2], &json!("catching_up")));
    world.test.finish().await;
}

#[tokio::test]
async fn without_the_store_the_numbers_of_visits_tell() {
    let world = World::with_store(Store::new("redis://127.0.0.1:1/", Duration::from_millis(100)).unwrap()).await;
    let (clinic, staff) = world.clinic("clinic").await;
    let history = History::write(&world, clinic, 24).await;
    let shown = report(&staff, history.campaigns[0].id).await;
    assert_eq!((&shown["visits"]["live"], &shown["status"]), (&Value::Null, &json!("adds_up")));
    world.test.finish().await;
}

#[tokio::test]
async fn damage_is_seen_with_what_the_rows_say() {
    let world = World::new().await;
    let (clinic, staff) = world.clinic("clinic").await;
    let history = History::write(&world, clinic, 25).await;
    let [first, second, third, _] = [0, 1, 2, 3].map(|number| history.campaigns[number].id);
    let damage = async |statement: &'static str, campaign: CampaignId| {
        let done = sqlx::query(statement).bind(campaign).execute(&world.test.pool).await.unwrap();
        assert_eq!(done.rows_affected(), 1, "{statement}");
    };
    damage("UPDATE hourly_totals SET bots = bots + 3 WHERE scope_id = ? AND part_id = REPEAT(CHAR(0), 16) LIMIT 1", first)
        .await;
    damage("UPDATE campaigns SET prepared_messages = prepared_messages + 2 WHERE id = ?", second).await;
    damage("DELETE FROM clicks WHERE campaign_id = ? AND class = 'preview' LIMIT 1", third).await;

    let shown = report(&staff, first).await;
    let bots = shown["visits"]["bot"].as_i64().unwrap();
    let differences = json!([{"counter": "bots", "rows": bots, "counted": bots + 3}]);
    assert_eq!((&shown["counters"]["differences"], &shown["status"]), (&differences, &json!("differs")));
    let shown = report(&staff, second).await;
    assert_eq!((&shown["messages"]["difference"], &shown["status"]), (&json!(2), &json!("differs")));
    let shown = report(&staff, third).await;
    assert_eq!((&shown["counters"]["differences"][0]["counter"], &shown["status"]), (&json!("previews"), &json!("differs")));
    world.test.finish().await;
}

/// A message that waits fails before it is taken, and then it has not, again and again.
async fn toggle(world: &World, line: &Line) {
    let at = moment("2026-03-02T00:30:00Z");
    let mut connection = world.test.pool.acquire().await.unwrap();
    loop {
        let (fail, take_back) = (
            "UPDATE messages SET state = 'failed', reason = 'not_renderable', resulted_at = ? WHERE campaign_id = ? AND number = ?",
            "UPDATE messages SET state = 'queued', reason = NULL, resulted_at = NULLIF(?, resulted_at)
             WHERE campaign_id = ? AND number = ?",
        );
        for (statement, count) in [(fail, 1), (take_back, -1)] {
            let mut moves = Moves::default();
            moves.fail(Owner::from(&line.campaign), line.group, at, "not_renderable", count);
            connection.execute("START TRANSACTION").await.unwrap();
            let update = sqlx::query(statement).bind(at).bind(line.campaign.id).bind(line.number);
            update.execute(&mut *connection).await.unwrap();
            moves.store(&mut connection).await.unwrap();
            connection.execute("COMMIT").await.unwrap();
        }
    }
}

#[tokio::test]
async fn numbers_add_up_while_others_write() {
    let world = World::new().await;
    let (clinic, staff) = world.clinic("clinic").await;
    let history = History::write(&world, clinic, 27).await;
    let id = history.campaigns[0].id;
    let waits = |line: &&Line| line.campaign.id == id && line.state == MessageState::Queued;
    let reading = async {
        let mut seen = BTreeSet::new();
        for _ in 0..10 {
            let shown = report(&staff, id).await;
            assert_eq!(shown["status"], "adds_up", "{shown:#}");
            let now = staff.get("/v1/stats").await.json["messages"].clone();
            let parts = ["notHandedOver", "awaiting", "delivered", "failed", "unknown"].map(|name| now[name].as_i64().unwrap());
            assert_eq!(now["requested"], parts.iter().sum::<i64>());
            let total = staff.get("/v1/stats/series?by=day").await.json["total"].clone();
            let failures: i64 = total["failures"].as_object().unwrap().values().map(|count| count.as_i64().unwrap()).sum();
            assert_eq!(total["failed"], failures);
            // What is neither waiting nor failed does not change.
            seen.insert((parts[1], parts[0] + parts[3]));
        }
        assert_eq!(seen.len(), 1, "{seen:?}");
    };
    tokio::select! {
        () = toggle(&world, history.lines.iter().find(waits).unwrap()) => {}
        () = reading => {}
    }
    world.test.finish().await;
}

#[tokio::test]
async fn a_campaign_of_somebody_else_is_not_there() {
    let world = World::new().await;
    let (clinic, _) = world.clinic("clinic").await;
    let (_, stranger) = world.clinic("other").await;
    let history = History::write(&world, clinic, 26).await;
    let (foreign, missing) = (history.campaigns[0].id, CampaignId::new(&world.ambient));
    for id in [foreign.to_string(), missing.to_string(), "cmp_1".to_owned()] {
        let answer = stranger.get(&format!("/v1/stats/campaigns/{id}/conservation")).await;
        assert_eq!((answer.status, &answer.json["type"]), (404, &json!("https://dangol.dev/problems/not-found")), "{id}");
    }
    world.test.finish().await;
}
