//! The numbers are a function of the visits, not of how they arrive.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use shared::clock::{Ambient, SystemClock};
use shared::model::MessageId;
use shared::testing::rollup::assert_equals_rows;
use sqlx::mysql::MySqlPool;

use crate::world::{World, deliver_to};

const VISITS: usize = 40;
const ARRANGEMENTS: u64 = 25;

/// Chance that is the same in every run.
struct Dice(Ambient);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(Ambient::seeded(SystemClock, seed))
    }

    fn below(&self, count: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) % u64::try_from(count).unwrap()).unwrap()
    }

    fn shuffle<T>(&self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }
}

/// Few messages, few hours, many persons: so that first clicks compete.
fn visits(world: &World, dice: &Dice) -> Vec<Value> {
    let classes = ["human", "human", "human", "preview", "prefetch", "bot", "rejected"];
    let begin: DateTime<Utc> = "2026-03-02T22:00:00Z".parse().unwrap();
    let visit = |_| {
        let campaign = world.campaigns[dice.below(world.campaigns.len())].id;
        let message = MessageId { campaign, number: u32::try_from(dice.below(3)).unwrap() + 1 };
        let at = begin + TimeDelta::minutes(i64::try_from(dice.below(240)).unwrap());
        world.click_of(message, classes[dice.below(classes.len())], &at.to_rfc3339())
    };
    (0..VISITS).map(visit).collect()
}

/// Everything that recording writes.
async fn tables(pool: &MySqlPool) -> Vec<String> {
    let mut lines = Vec::new();
    for statement in [
        "SELECT CONCAT_WS(' ', HEX(id), HEX(clinic_id), HEX(campaign_id), message_number, class, clicked_at) FROM clicks ORDER BY 1",
        "SELECT CONCAT_WS(' ', HEX(campaign_id), number, COALESCE(first_click_at, 'never')) FROM messages ORDER BY 1",
        "SELECT CONCAT_WS(' ', HEX(clinic_id), HEX(scope_id), HEX(part_id), hour, sent, delivered, failed, human_clicks, unique_clicks,
             previews, prefetches, bots, rejected) FROM hourly_totals ORDER BY 1",
    ] {
        lines.extend(sqlx::query_scalar::<_, String>(statement).fetch_all(pool).await.unwrap());
    }
    lines
}

async fn forget(pool: &MySqlPool) {
    for statement in ["DELETE FROM clicks", "DELETE FROM hourly_totals", "UPDATE messages SET first_click_at = NULL"] {
        sqlx::query(statement).execute(pool).await.unwrap();
    }
}

#[tokio::test]
async fn any_order_and_any_split_of_batches_with_duplicates_gives_the_same_tables() {
    let world = World::new().await;
    let other = world.another_worker().await;
    let visits = visits(&world, &Dice::new(5));
    world.deliver(&visits, 1).await;
    let expected = tables(&world.test.pool).await;
    assert_equals_rows(&world.test.pool).await;
    for seed in 0..ARRANGEMENTS {
        forget(&world.test.pool).await;
        let dice = Dice::new(seed);
        let again = visits.iter().filter(|_| dice.below(3) == 0);
        let mut arriving: Vec<_> = visits.iter().chain(again).cloned().collect();
        dice.shuffle(&mut arriving);
        while !arriving.is_empty() {
            // Two workers at a time, with batches of any size that may have been delivered before.
            let mut batch = || arriving.split_off(arriving.len() - (dice.below(12) + 1).min(arriving.len()));
            let (one, two) = (batch(), batch());
            let mut receives = [1, 2];
            dice.shuffle(&mut receives);
            let [first, second] = receives;
            tokio::join!(deliver_to(&world.deps, &one, first), async {
                if !two.is_empty() {
                    deliver_to(&other, &two, second).await;
                }
            });
        }
        assert_eq!(tables(&world.test.pool).await, expected, "seed {seed}");
    }
    world.test.finish().await;
}
