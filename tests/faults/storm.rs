//! Ten thousand recipients, a provider that loses a third of its answers, and workers that die.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::model::state::CampaignKind;
use shared::testing::rollup;

use crate::check::{Finding, check};
use crate::reaper::Plan;
use crate::wire::{Lane, Step};
use crate::world::{How, World, say, setting};

/// What befalls calls that send, and how many of them. What is rare happens once in any case.
fn faults() -> Value {
    json!([
        {"kind": "acceptThenBrokenJson", "skip": 20},
        {"kind": "partial", "skip": 30, "failed": 3},
        {"kind": "acceptThenReset", "share": 0.10},
        {"kind": "acceptThenDelay", "share": 0.05, "milliseconds": 700},
        {"kind": "acceptThenServerError", "share": 0.05},
        {"kind": "refuse", "share": 0.10},
        {"kind": "acceptThenBrokenJson", "share": 0.02},
        {"kind": "partial", "share": 0.02, "failed": 3},
    ])
}

/// How often each fault happened.
fn happened(world: &World) -> BTreeMap<String, u64> {
    let script = world.simulator.app.script(|script| serde_json::to_value(&*script).expect("it is plain data"));
    let mut happened = BTreeMap::new();
    for line in script["faults"].as_array().expect("lines").iter().filter(|line| line["kind"] != "latency") {
        let kind = line["kind"].as_str().expect("a kind").to_owned();
        *happened.entry(kind).or_default() += line["happened"].as_u64().expect("a number");
    }
    happened
}

/// Three clinics with large campaigns of three fifths of the recipients, and small ones of 100. Every twentieth is in two groups of
/// the same campaign.
async fn ask(world: &mut World, recipients: u32) {
    let clinics = [world.clinic().await, world.clinic().await, world.clinic().await];
    for large in 0..4 {
        let clinic = clinics[large % 3];
        let first = world.group(clinic, recipients * 3 / 40).await;
        let second = world.group(clinic, recipients * 3 / 40).await;
        let both = world.members(first, recipients / 200).await;
        world.join(clinic, second, both.into_iter()).await;
        world.ask(clinic, &[first, second], CampaignKind::Information).await;
    }
    for small in 0..recipients as usize * 2 / 500 {
        let clinic = clinics[small % 3];
        let group = world.group(clinic, 100).await;
        world.ask(clinic, &[group], CampaignKind::Information).await;
    }
}

/// So many kills over all functions, most of them where a bundle is on its way; and some workers freeze.
fn kills(all: u32) -> Plan {
    let part = |percent: u32| all * percent / 100;
    let kills = Plan::kills([
        (Lane::Prepare, (part(10), 0.25)),
        (Lane::Deliver, (part(60), 0.2)),
        (Lane::Collect, (part(15), 0.08)),
        (Lane::Schedule, (all - part(10) - part(60) - part(15), 0.04)),
    ]);
    let freezes_at = vec![Step::Taken, Step::Calling, Step::Answered, Step::Published];
    Plan { freezes: (part(6), 0.05), freezes_at, ..kills }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_a_message_twice_and_nobody_is_lost_whatever_gets_lost_and_whoever_dies() {
    let (recipients, all) = (setting("SENDING_RECIPIENTS", 10_000), setting("SENDING_KILLS", 100));
    let how = How { kills: kills(all), ..How::by_seed(20_260_302) };
    let mut world = World::begin(&how).await;
    world.simulator.set(json!({"malformedListed": false})).expect("a setting");
    world.plan_faults(how.seed, &faults());
    ask(&mut world, recipients).await;
    world.go_on_while_sending().await;
    say(&format!("everything was handed over by {}, {} kills are left", world.time.now(), world.reaper.left()));
    world.reaper.hurry();
    world.go_on_to_the_end().await;
    let findings = world.end().await;
    let (happened, killed) = (happened(&world), world.reaper.tally());
    say(&format!("faults {happened:?}"));
    assert_eq!(findings, [], "see above");
    assert!(killed.kills() >= all, "{} kills instead of {all}", killed.kills());
    let calling = killed.by_bundle.get("calling").copied().unwrap_or_default();
    assert!(calling >= all / 5, "only {calling} kills hit a bundle that was being handed over");
    if recipients >= 10_000 && all >= 100 {
        for step in [Step::Taken, Step::Calling, Step::Answered, Step::Publishing, Step::Published] {
            assert!(killed.by_step.contains_key(&(Lane::Deliver, step)), "nobody who delivers was killed behind {step:?}");
        }
        assert!(killed.frozen.values().sum::<u32>() > 0, "nobody was frozen");
        assert!(happened.values().all(|count| *count > 0), "a fault never happened: {happened:?}");
    }
    world.test.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_check_finds_those_who_got_it_twice_from_a_worker_that_posts_again() {
    let how = How { reposts: true, ..How::by_seed(7) };
    let mut world = World::begin(&how).await;
    world.plan_faults(how.seed, &json!([{"kind": "acceptThenReset", "share": 0.3}]));
    ask(&mut world, 1_000).await;
    world.go_on_to_the_end().await;
    let findings = world.end().await;
    let twice = findings.iter().filter(|finding| finding.is_double()).count();
    say(&format!("{twice} got it twice"));
    assert!(twice >= 5, "whoever was sent to twice must be found");
    assert!(findings.iter().any(|finding| matches!(finding, Finding::TwiceForOneNumber { .. })), "by their numbers, too");
    world.test.drop_database().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_check_finds_those_who_got_it_twice_from_a_proof_of_absence_that_does_not_wait() {
    // A worker that stands still for eleven minutes before its call, and a history that is believed after one.
    let plan = Plan { freezes: (4, 0.5), freezes_at: vec![Step::Calling], ..Plan::default() };
    let how = How { absence_minutes: 1, kills: plan, delivering: 8, ..How::by_seed(9) };
    let mut world = World::begin(&how).await;
    ask(&mut world, 1_000).await;
    world.go_on_to_the_end().await;
    let findings = world.end().await;
    let twice = findings.iter().filter(|finding| finding.is_double()).count();
    say(&format!("{twice} got it twice"));
    assert!(twice >= 5, "whoever was sent to twice must be found");
    world.test.drop_database().await;
}

/// A statement after which something is not told as it is, and what finds it.
type Lie = (&'static str, fn(&Finding) -> bool);

/// Tells it, and sees that the check finds more of that kind than before.
async fn notice(world: &World, lie: String, finds: impl Fn(&Finding) -> bool) {
    // What the lie before did to the numbers of hours might hide what this one does.
    rollup::fill(&world.test.pool).await;
    let before = check(&world.test.pool, &world.simulator).await;
    sqlx::query(sqlx::AssertSqlSafe(lie.clone())).execute(&world.test.pool).await.expect("the database takes it");
    let after = check(&world.test.pool, &world.simulator).await;
    let new = after.iter().filter(|finding| finds(finding)).count();
    assert!(new > before.iter().filter(|finding| finds(finding)).count(), "{lie}: {after:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_check_finds_whatever_is_told_otherwise_than_it_is() {
    let mut world = World::begin(&How::by_seed(8)).await;
    ask(&mut world, 500).await;
    world.go_on_to_the_end().await;
    assert_eq!(world.end().await, [], "see above");
    for (table, lie) in
        [("totals", "sent = sent + 1"), ("totals", "delivered = delivered - 1"), ("failures", "failed = failed + 1")]
    {
        for scope in ["id FROM clinics", "template_id FROM campaigns", "id FROM customer_groups", "id FROM campaigns"] {
            let lie = format!("UPDATE hourly_{table} SET {lie} WHERE scope_id IN (SELECT {scope}) LIMIT 1");
            notice(&world, lie, |finding| matches!(finding, Finding::Rollup(_))).await;
        }
    }
    let lies: [Lie; 9] = [
        ("UPDATE messages SET sent_at = sent_at - INTERVAL 2 HOUR WHERE state = 'delivered' LIMIT 1", |finding| {
            matches!(finding, Finding::Rollup(_))
        }),
        ("UPDATE messages SET group_id = NULL WHERE state = 'delivered' LIMIT 1", |finding| {
            matches!(finding, Finding::Rollup(_))
        }),
        ("UPDATE messages SET state = 'failed', reason = 'other' WHERE state = 'delivered' LIMIT 1", |finding| {
            matches!(finding, Finding::Differs { .. })
        }),
        ("UPDATE messages SET link = 'x', number = number + 5000 WHERE state = 'delivered' LIMIT 1", |finding| {
            matches!(finding, Finding::Lost { .. } | Finding::NotOurs { .. })
        }),
        ("UPDATE campaigns SET prepared_messages = prepared_messages + 1 LIMIT 1", |finding| {
            matches!(finding, Finding::Requested { .. })
        }),
        ("DELETE FROM messages WHERE state = 'excluded' LIMIT 1", |finding| matches!(finding, Finding::Audience { .. })),
        ("UPDATE messages SET reason = 'canceled' WHERE state = 'excluded' LIMIT 1", |finding| {
            matches!(finding, Finding::BadReason { .. })
        }),
        ("UPDATE bundles SET state = 'unknown' LIMIT 1", |finding| matches!(finding, Finding::Bundle { .. })),
        ("UPDATE campaigns SET state = 'sending' LIMIT 1", |finding| matches!(finding, Finding::Campaign { .. })),
    ];
    for (lie, finds) in lies {
        notice(&world, lie.to_owned(), finds).await;
    }
    world.test.drop_database().await;
}
