//! Recording clicks, against a real database.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use aws_lambda_events::sqs::SqsEvent;
use record_clicks::{Deps, handle};
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::db::campaigns::{self, Campaign};
use shared::db::hourly_counts::{self, Clicks};
use shared::db::messages;
use shared::model::ClickId;
use shared::testing::{Graveyard, TestDatabase, campaign, clinic, message};

struct World {
    test: TestDatabase,
    deps: Deps<Graveyard>,
    ambient: Ambient,
    campaign: Campaign,
}

impl World {
    /// A campaign with three messages.
    async fn new() -> Self {
        let test = TestDatabase::new().await;
        let ambient = Ambient::system().unwrap();
        let campaign = campaign(&ambient, clinic(&test.pool, &ambient).await);
        let mut connection = test.pool.acquire().await.unwrap();
        campaigns::insert(&mut connection, &campaign, &[]).await.unwrap();
        let lines: Vec<_> = (1..=3).map(|number| message(&campaign, number)).collect();
        messages::insert_all(&mut connection, &lines).await.unwrap();
        drop(connection);
        let deps = Deps { database: test.another().await, dead_letters: Graveyard::default() };
        Self { test, deps, ambient, campaign }
    }

    fn click(&self, number: u32, class: &str, at: &str) -> Value {
        json!({
            "type": "click_received.v1", "clickId": ClickId::new(&self.ambient), "clinicId": self.campaign.clinic,
            "campaignId": self.campaign.id, "messageNumber": number, "class": class, "reason": "browser", "ruleVersion": 1,
            "agent": "Mozilla/5.0", "clickedAt": at,
        })
    }

    async fn deliver(&self, clicks: &[Value], receives: u32) {
        let response = handle(&self.deps, event(clicks, receives)).await.unwrap();
        assert!(response.batch_item_failures.is_empty());
    }

    async fn clicks(&self) -> (i64, Clicks) {
        let lines = sqlx::query_scalar("SELECT COUNT(*) FROM clicks").fetch_one(&self.test.pool).await.unwrap();
        let mut connection = self.test.pool.acquire().await.unwrap();
        let campaign = &self.campaign;
        let since = "2026-03-01T00:00:00Z".parse().unwrap();
        let counts = hourly_counts::total(&mut connection, campaign.clinic, Some(campaign.id), since).await.unwrap();
        (lines, counts.clicks())
    }

    fn buried(&self) -> usize {
        self.deps.dead_letters.0.lock().unwrap().len()
    }
}

fn event(clicks: &[Value], receives: u32) -> SqsEvent {
    let record = |(at, click): (usize, &Value)| {
        let attributes = json!({"ApproximateReceiveCount": receives.to_string()});
        json!({"messageId": format!("m{at}"), "body": click.to_string(), "attributes": attributes})
    };
    let records: Vec<_> = clicks.iter().enumerate().map(record).collect();
    serde_json::from_value(json!({ "Records": records })).unwrap()
}

fn clicks(human: u64, unique: u64, previews: u64, prefetches: u64, bots: u64) -> Clicks {
    Clicks { human, unique, previews, prefetches, bots }
}

#[tokio::test]
async fn every_visit_is_a_line_and_only_the_first_of_a_person_is_unique() {
    let world = World::new().await;
    let batch = [
        world.click(1, "preview", "2026-03-02T00:59:00Z"),
        world.click(1, "human", "2026-03-02T01:10:00Z"),
        world.click(1, "human", "2026-03-02T01:05:00Z"),
        world.click(2, "human", "2026-03-02T02:00:00Z"),
        world.click(2, "prefetch", "2026-03-02T02:00:00Z"),
        world.click(3, "bot", "2026-03-02T02:00:00Z"),
    ];
    world.deliver(&batch, 1).await;
    world.deliver(&[world.click(1, "human", "2026-03-02T03:00:00Z")], 1).await;
    assert_eq!(world.clicks().await, (7, clicks(4, 2, 1, 1, 1)));

    let mut connection = world.test.pool.acquire().await.unwrap();
    let campaign = &world.campaign;
    let listed = messages::list(&mut connection, campaign.clinic, campaign.id, None, 0, 10).await.unwrap();
    let first: Vec<_> = listed.iter().map(|message| message.first_click_at.map(|at| at.to_rfc3339())).collect();
    let at = |text: &str| Some(text.to_owned());
    assert_eq!(first, [at("2026-03-02T01:05:00+00:00"), at("2026-03-02T02:00:00+00:00"), None]);
    let (from, until) = ("2026-03-02T00:00:00Z".parse().unwrap(), "2026-03-03T00:00:00Z".parse().unwrap());
    let hours = hourly_counts::list(&mut connection, campaign.clinic, None, from, until).await.unwrap();
    let hours: Vec<_> = hours.iter().map(|(hour, counts)| (hour.to_rfc3339()[11..13].to_owned(), counts.clicks())).collect();
    let hour = |hour: &str, clicks| (hour.to_owned(), clicks);
    assert_eq!(
        hours,
        [
            hour("00", clicks(0, 0, 1, 0, 0)),
            hour("01", clicks(2, 1, 0, 0, 0)),
            hour("02", clicks(1, 1, 0, 1, 1)),
            hour("03", clicks(1, 0, 0, 0, 0)),
        ]
    );
    drop(connection);
    world.test.finish().await;
}

#[tokio::test]
async fn a_second_delivery_counts_nothing_twice() {
    let world = World::new().await;
    let batch: Vec<_> = (1..=3).map(|number| world.click(number, "human", "2026-03-02T01:00:00Z")).collect();
    world.deliver(&batch, 1).await;
    world.deliver(&batch, 2).await;
    // One that is known, and a new one twice in the same batch.
    let new = world.click(1, "human", "2026-03-02T01:00:00Z");
    world.deliver(&[batch[0].clone(), new.clone(), new], 1).await;
    assert_eq!(world.clicks().await, (4, clicks(4, 3, 0, 0, 0)));
    assert_eq!(world.buried(), 0);
    world.test.finish().await;
}

#[tokio::test]
async fn workers_with_the_same_clicks_count_each_once() {
    let world = World::new().await;
    let batch: Vec<_> = (0..60).map(|at| world.click(at % 3 + 1, "human", "2026-03-02T01:00:00Z")).collect();
    let other = Deps { database: world.test.another().await, dead_letters: Graveyard::default() };
    let reversed: Vec<_> = batch.iter().rev().cloned().collect();
    let (one, two) = tokio::join!(handle(&world.deps, event(&batch, 1)), handle(&other, event(&reversed, 1)));
    assert!(one.unwrap().batch_item_failures.is_empty() && two.unwrap().batch_item_failures.is_empty());
    assert_eq!(world.clicks().await, (60, clicks(60, 3, 0, 0, 0)));
    world.test.finish().await;
}

#[tokio::test]
async fn a_click_on_a_message_that_the_clinic_does_not_have_is_buried_alone() {
    let world = World::new().await;
    let mut foreign = world.click(1, "human", "2026-03-02T01:00:00Z");
    foreign["clinicId"] = json!("cli_00000000000000000000000000000001");
    let batch = [
        world.click(1, "human", "2026-03-02T01:00:00Z"),
        world.click(4, "human", "2026-03-02T01:00:00Z"),
        foreign,
        json!("no click"),
    ];
    world.deliver(&batch, 1).await;
    assert_eq!((world.clicks().await, world.buried()), ((1, clicks(1, 1, 0, 0, 0)), 3));
    world.test.finish().await;
}

#[tokio::test]
async fn an_agent_of_any_length_is_recorded() {
    let world = World::new().await;
    let mut click = world.click(1, "human", "2026-03-02T01:00:00Z");
    click["agent"] = json!("😀".repeat(400));
    world.deliver(&[click], 1).await;
    assert_eq!((world.clicks().await.0, world.buried()), (1, 0));
    world.test.finish().await;
}
