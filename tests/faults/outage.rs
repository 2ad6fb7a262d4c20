//! The provider is down for ten minutes.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use shared::db::provider_gate::MOST_FAILURES;
use shared::model::state::CampaignKind;

use crate::world::{How, World, say};

/// Two clinics with campaigns, a few calls of which have been made when the provider goes down; then it is down. Answers when it
/// is back.
async fn go_down(world: &mut World, kind: &str, seed: u64) -> DateTime<Utc> {
    // The first bundle of a campaign has its results at once, so that the others follow it.
    world.simulator.set(json!({"resultDelayMs": 0})).expect("a setting");
    let mut planned = Vec::new();
    for clinic in [world.clinic().await, world.clinic().await] {
        for size in [1_200, 100, 100, 100, 100, 100, 100] {
            planned.push((clinic, world.group(clinic, size).await));
        }
    }
    // At any second of a minute: what is done each minute must not depend on it.
    let second = i64::try_from(seed * 7 % 60).expect("a small number");
    world.time.jump_to(world.time.now() + TimeDelta::seconds(second));
    for (clinic, group) in planned {
        world.ask(clinic, &[group], CampaignKind::Information).await;
    }
    while world.simulator.sends() < 10 {
        world.go_on().await;
    }
    let outage = world.simulator.plan_outage(json!({"kind": kind, "forMs": 600_000})).expect("an outage");
    outage.until.expect("it ends")
}

/// Bundles that wait for a call or an answer, and attempts of all.
async fn waiting(world: &World) -> (i64, i64, u32) {
    let row = sqlx::query_as(
        "SELECT COUNT(CASE WHEN state IN ('prepared', 'calling') THEN 1 END), CAST(SUM(attempt) AS SIGNED), MAX(attempt) FROM bundles",
    );
    row.fetch_one(&world.test.pool).await.expect("the database answers")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_provider_is_back_after_ten_minutes_everything_is_sent_within_two_and_hardly_an_attempt_was_spent() {
    let how = How { rate: 15, ..How::by_seed(3) };
    let mut world = World::begin(&how).await;
    let back = go_down(&mut world, "refused", how.seed).await;
    let (_, before, _) = waiting(&world).await;
    world.go_on_until(back).await;
    let (open, down, _) = waiting(&world).await;
    say(&format!("back at {back}: {open} bundles wait, {} attempts were made while it was down", down - before));
    assert!(open > 0, "it was down too late to matter");
    while waiting(&world).await.0 > 0 && world.time.now() < back + TimeDelta::minutes(2) {
        world.go_on().await;
    }
    say(&format!("{} s later nothing waits any more", (world.time.now() - back).num_seconds()));
    let (late, attempts, most) = waiting(&world).await;
    let picture = world.picture().await;
    world.go_on_to_the_end().await;
    assert_eq!(world.end().await, [], "see above");
    assert_eq!(late, 0, "two minutes later bundles still wait:\n{picture}");
    // Those that close the gate, those that the workers had begun by then, the bundles that workers give back without a call because they
    // end (two for each), and one a minute that tries, the first after half of one. Without the gate it would be thousands.
    let workers = i64::try_from(how.delivering).expect("a few");
    let most_while_down = i64::from(MOST_FAILURES) + workers + 2 * workers + 11;
    assert!(down - before <= most_while_down, "{} attempts while it was down", down - before);
    let bundles: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM bundles").fetch_one(&world.test.pool).await.expect("an answer");
    say(&format!("{attempts} attempts for {bundles} bundles, at most {most} for one"));
    assert!(most <= 12, "{most} attempts for one bundle");
    world.test.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_went_into_the_void_while_the_provider_was_down_is_proven_absent_and_sent_once() {
    let how = How { rate: 15, ..How::by_seed(4) };
    let mut world = World::begin(&how).await;
    let back = go_down(&mut world, "closed", how.seed).await;
    world.go_on_until(back).await;
    let unknown: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM bundles WHERE state = 'unknown'")
        .fetch_one(&world.test.pool)
        .await
        .expect("an answer");
    say(&format!("back: {unknown} bundles are unknown"));
    assert!((1..=16).contains(&unknown), "{unknown} bundles went into the void");
    world.go_on_to_the_end().await;
    assert_eq!(world.end().await, [], "see above");
    world.test.finish().await;
}
