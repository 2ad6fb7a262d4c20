//! A whole campaign's visits.

use serde_json::{Value, json};
use shared::db::hourly_totals::Clicks;
use shared::db::messages;
use shared::testing::message;
use shared::testing::rollup::assert_equals_rows;

use crate::world::{World, deliver_to};

const RECIPIENTS: u32 = 10_000;
const BATCH: usize = 100;

impl World {
    /// Messages of the first campaign behind the third.
    async fn add_recipients(&self, until: u32) {
        let line = |number: u32| {
            let mut line = message(&self.campaigns[0], number % 9000 + 1);
            line.number = number;
            line.phone = format!("010-{:04}-{:04}", 3000 + number / 10_000, number % 10_000).parse().unwrap();
            line
        };
        let lines: Vec<_> = (4..=until).map(line).collect();
        messages::insert_all(&mut self.test.pool.acquire().await.unwrap(), &lines).await.unwrap();
    }

    /// How many statements the only connection of the worker has sent so far.
    async fn statements(&self) -> u64 {
        let mut connection = self.deps.database.acquire().await.unwrap();
        let (_, count): (String, String) =
            sqlx::query_as("SHOW SESSION STATUS LIKE 'Questions'").fetch_one(&mut *connection).await.unwrap();
        count.parse().unwrap()
    }

    async fn statements_for(&self, clicks: &[Value]) -> u64 {
        let before = self.statements().await;
        self.deliver(clicks, 1).await;
        self.statements().await - before
    }
}

#[tokio::test]
async fn ten_thousand_recipients_who_click_three_times_from_one_agent_are_ten_thousand() {
    let world = World::new().await;
    world.add_recipients(RECIPIENTS).await;
    let agent = "Mozilla/5.0 (Linux; Android 14; SM-S918N) KAKAOTALK 2410210";
    let visits: Vec<_> = (0..3)
        .flat_map(|round| (1..=RECIPIENTS).map(move |number| (round, number)))
        .map(|(round, number)| {
            let mut click = world.click(number, "human", &format!("2026-03-02T0{round}:00:00Z"));
            click["agent"] = json!(agent);
            click
        })
        .collect();
    let other = world.another_worker().await;
    let batches: Vec<_> = visits.chunks(BATCH).collect();
    for pair in batches.chunks(2) {
        tokio::join!(deliver_to(&world.deps, pair[0], 1), deliver_to(&other, pair[1], 1));
    }
    let expected = Clicks { human: 30_000, unique: 10_000, previews: 0, prefetches: 0, bots: 0, rejected: 0 };
    assert_eq!(world.clicks().await, (30_000, expected));
    assert_equals_rows(&world.test.pool).await;
    world.test.finish().await;
}

#[tokio::test]
async fn a_batch_costs_as_many_statements_as_one_click() {
    let world = World::new().await;
    world.add_recipients(200).await;
    let clicks = |from: u32, count: u32| -> Vec<_> {
        (from..from + count).map(|number| world.click(number, "human", "2026-03-02T01:00:00Z")).collect()
    };
    world.deliver(&clicks(1, 1), 1).await;
    let one = world.statements_for(&clicks(2, 1)).await;
    let hundred = clicks(3, 100);
    assert_eq!(world.statements_for(&hundred).await, one);
    // Known ones among them cost one failed attempt and one question more, not a transaction each.
    let mut mixed = clicks(103, 50);
    mixed.extend_from_slice(&hundred[..50]);
    let with_known = world.statements_for(&mixed).await;
    assert!(with_known <= 2 * one, "{with_known} statements instead of {one}");
    assert_eq!(world.clicks().await.0, 152);
    assert_equals_rows(&world.test.pool).await;
    world.test.finish().await;
}
