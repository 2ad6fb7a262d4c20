//! People ask not to be written to while campaigns run.

use std::collections::HashMap;

use aligo_simulator::random::Random;
use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::json;
use shared::model::link::TOKEN_LENGTH;
use shared::model::state::CampaignKind;
use shared::model::{ClinicId, PhoneNumber};

use crate::check::truth;
use crate::reaper::Plan;
use crate::wire::Lane;
use crate::worker::link_keys;
use crate::world::{How, World, say};

/// Everybody's phone.
async fn phones(world: &World) -> Vec<(ClinicId, PhoneNumber)> {
    let rows: Vec<(ClinicId, String)> = sqlx::query_as("SELECT clinic_id, phone FROM customers ORDER BY phone")
        .fetch_all(&world.test.pool)
        .await
        .expect("an answer");
    rows.into_iter().map(|(clinic, phone)| (clinic, PhoneNumber::from_e164(&phone).expect("a phone"))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_written_to_by_a_claim_that_is_later_than_their_opt_out() {
    assert_eq!(TOKEN_LENGTH, 44, "tokens are what the truth is told by");
    let kills = Plan::kills([(Lane::Deliver, (10, 0.08))]);
    let how = How { kills, ..How::by_seed(11) };
    let mut world = World::begin(&how).await;
    world.plan_faults(how.seed, &json!([{"kind": "refuse", "share": 0.2}, {"kind": "acceptThenReset", "share": 0.05}]));
    for clinic in [world.clinic().await, world.clinic().await] {
        for size in [1_200, 150, 150, 150, 150, 150] {
            let group = world.group(clinic, size).await;
            world.ask(clinic, &[group], CampaignKind::Information).await;
        }
    }
    let everybody = phones(&world).await;
    let mut random = Random::new(how.seed);
    let mut since: HashMap<String, DateTime<Utc>> = HashMap::new();
    while since.len() < everybody.len() / 3 {
        for _ in 0..12 {
            let (clinic, phone) = &everybody[random.below(everybody.len())];
            world.suppress(*clinic, &[phone]).await;
            // Read after the commit, so this is the latest moment at which it can have been.
            let committed_by = world.time.now();
            since.entry(phone.digits().clone()).or_insert(committed_by);
        }
        world.go_on().await;
    }
    world.go_on_to_the_end().await;
    assert_eq!(world.end().await, [], "see above");
    let (late, before) = written_to(&world, &since).await;
    let excluded: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM messages WHERE reason = 'suppressed' AND bundle_id IS NOT NULL")
            .fetch_one(&world.test.pool)
            .await
            .expect("an answer");
    say(&format!("{} opted out, {before} were written to before, {excluded} were left out at the claim", since.len()));
    assert_eq!(late, Vec::<String>::new(), "written to after they had opted out");
    assert!(before > 0 && excluded > 0, "nobody opted out in time, or everybody did");
    world.test.finish().await;
}

/// Who was written to by a claim later than their opt-out, and how many of those who opted out were written to before.
async fn written_to(world: &World, since: &HashMap<String, DateTime<Utc>>) -> (Vec<String>, usize) {
    let claims: Vec<(String, NaiveDateTime)> =
        sqlx::query_as("SELECT provider_id, called_at FROM bundles WHERE provider_id IS NOT NULL")
            .fetch_all(&world.test.pool)
            .await
            .expect("an answer");
    let claims: HashMap<String, DateTime<Utc>> = claims.into_iter().map(|(id, at)| (id, at.and_utc())).collect();
    let (truth, _) = truth(&world.simulator, &link_keys());
    let (mut late, mut before) = (Vec::new(), 0);
    for known in truth.values().flatten().filter(|known| known.accepted) {
        let Some(opted_out) = since.get(&known.receiver) else { continue };
        let claimed = claims.get(&known.mid).expect("every call is bound to a bundle");
        if claimed > opted_out {
            late.push(format!("opted out by {opted_out}, claimed {claimed}, taken {}", known.at));
        } else {
            before += 1;
        }
    }
    (late, before)
}
