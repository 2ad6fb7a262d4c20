//! It is 20:58 in Korea when advertising begins, and it does not come to its end before 21:00.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, FixedOffset, TimeDelta, Timelike, Utc};
use serde_json::json;
use shared::model::CampaignId;
use shared::model::state::CampaignKind;

use crate::check::truth;
use crate::reaper::Plan;
use crate::wire::Lane;
use crate::worker::link_keys;
use crate::world::{How, World, say};

/// Whether advertising is barred at this moment: from 21:00 until before 08:00 in Korea.
fn is_barred(at: DateTime<Utc>) -> bool {
    let korea = FixedOffset::east_opt(9 * 3600).expect("nine hours");
    !(8..21).contains(&at.with_timezone(&korea).hour())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn advertising_that_begins_at_20_58_stops_for_the_night_and_goes_on_at_eight() {
    let begin: DateTime<Utc> = "2026-03-02T11:58:00Z".parse().expect("a moment");
    let before = begin - TimeDelta::minutes(30);
    let kills = Plan::kills([(Lane::Deliver, (8, 0.05))]);
    // A call takes four seconds and more, and is given up after sixteen.
    let how = How { begin: before, kills, latency_ms: 100, delivering: 2, ..How::by_seed(21) };
    let mut world = World::begin(&how).await;
    world.plan_faults(how.seed, &json!([{"kind": "acceptThenReset", "share": 0.1}, {"kind": "refuse", "share": 0.1}]));
    // The first bundle of a campaign has its results at once, so that the others may follow it before nine.
    world.simulator.set(json!({"resultDelayMs": 0})).expect("a setting");
    let mut planned = Vec::new();
    for clinic in [world.clinic().await, world.clinic().await] {
        for kind in [CampaignKind::Advertising, CampaignKind::Information] {
            for size in [60, 60, 60, 60, 60, 700] {
                planned.push((clinic, world.group(clinic, size).await, kind));
            }
        }
    }
    world.time.jump_to(begin);
    let mut kinds: HashMap<CampaignId, CampaignKind> = HashMap::new();
    for (clinic, group, kind) in planned {
        kinds.insert(world.ask(clinic, &[group], kind).await, kind);
    }
    world.go_on_until(begin + TimeDelta::hours(2)).await;
    // Nothing happens in the dead of night: the schedule need not run 600 times to show that.
    world.time.jump_to("2026-03-02T22:50:00Z".parse().expect("a moment"));
    world.go_on_to_the_end().await;
    assert_eq!(world.end().await, [], "see above");

    let mut accepted: BTreeMap<(String, &str), u32> = BTreeMap::new();
    let morning = begin + TimeDelta::hours(10);
    let mut barred = Vec::new();
    for (message, known) in truth(&world.simulator, &link_keys()).0 {
        let kind = kinds[&message.campaign];
        for known in known.iter().filter(|known| known.accepted) {
            let part = match known.at {
                at if is_barred(at) => "at night",
                at if at < morning => "in the evening",
                _ => "in the morning",
            };
            *accepted.entry((kind.to_string(), part)).or_default() += 1;
            if kind == CampaignKind::Advertising && part == "at night" {
                barred.push(known.at);
            }
        }
    }
    say(&format!("{accepted:?}"));
    barred.sort_unstable();
    assert_eq!(barred, Vec::<DateTime<Utc>>::new(), "advertising in the barred hours");
    for expected in [("advertising", "in the evening"), ("advertising", "in the morning"), ("information", "at night")] {
        let count = accepted.get(&(expected.0.to_owned(), expected.1)).copied().unwrap_or_default();
        assert!(count > 0, "no {expected:?}: this run has shown nothing");
    }
    world.test.finish().await;
}
