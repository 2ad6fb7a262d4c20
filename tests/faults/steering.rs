//! Staff pause, resume and call off campaigns while they run, and workers die.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use aligo_simulator::random::Random;
use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::{Value, json};
use shared::aws::topics::{Outgoing, Publisher};
use shared::db::staff;
use shared::http::Staff;
use shared::model::id::OutboxId;
use shared::model::state::{CampaignKind, Role};
use shared::model::{BundleId, CampaignId, ClinicId, StaffId};
use shared::testing::downloads::FakeDownloads;
use shared::testing::{Client, sending};
use sqlx::mysql::MySqlPool;

use crate::check::{Finding, counts};
use crate::crew::lane_of;
use crate::queue::Queues;
use crate::reaper::Plan;
use crate::wire::Lane;
use crate::world::{How, World, say};

/// Publishes straight to the queues.
struct Straight(Arc<Queues>);

impl Publisher for Straight {
    async fn publish(&self, outgoing: &[Outgoing]) -> Vec<OutboxId> {
        for fact in outgoing {
            self.0.send(lane_of(fact.topic), fact.body.clone());
        }
        outgoing.iter().map(|fact| fact.id).collect()
    }
}

/// What the routes of `send` have done to a campaign: it was not handed over between these moments.
#[derive(Debug, Clone, Copy)]
struct Stop {
    campaign: CampaignId,
    from: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
}

/// Staff of both clinics at the routes of `send`.
async fn people(world: &World, clinics: &[ClinicId]) -> HashMap<ClinicId, Client> {
    let options = &world.simulator.options;
    let deps = send::Deps {
        database: world.test.another().await,
        publisher: Straight(Arc::clone(&world.queues)),
        ambient: world.another_ambient(99),
        provider: sending::provider(&world.simulator.url, &options.api_key, &options.user_id),
        downloads: FakeDownloads::default(),
        unit_price: send::Won::USUAL,
        calls_per_second: 10,
        patience: Duration::from_secs(1),
        reading: Duration::from_secs(18),
        link_base: "https://go.example.com/c/".to_owned(),
    };
    let client = Client::anonymous("send", send::routes(deps));
    let mut people = HashMap::new();
    for clinic in clinics {
        let person = Staff { id: StaffId::new(&world.ambient), clinic: *clinic, role: Role::Owner };
        let subject = clinic.to_string();
        let mut connection = world.test.pool.acquire().await.expect("the database answers");
        staff::insert(&mut connection, &world.ambient, &person, &subject, "이원장").await.expect("a new person");
        people.insert(*clinic, client.with_subject(&subject));
    }
    people
}

/// Looks at the counters again and again until told to stop; answers how often, and what was wrong.
async fn look_on(pool: MySqlPool, stop: Arc<AtomicBool>) -> (u32, Vec<Finding>) {
    let (mut looks, mut wrong) = (0, Vec::new());
    while !stop.load(Ordering::Relaxed) {
        wrong.extend(counts(&pool).await);
        looks += 1;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    (looks, wrong)
}

/// The numbers of a campaign as staff see them add up.
async fn show(person: &Client, campaign: CampaignId) {
    let shown = person.get(&format!("/v1/campaigns/{campaign}")).await;
    assert_eq!(shown.status, 200, "{shown:?}");
    let of = |state: &str| shown.json["messages"][state].as_u64().expect("a number");
    let sum: u64 = ["queued", "sent", "delivered", "failed", "unknown", "excluded"].into_iter().map(of).sum();
    assert_eq!(of("requested"), sum, "{}", shown.json);
}

/// One person does one thing to one campaign; answers the state it is in then.
async fn act(person: &Client, campaign: CampaignId, what: &str) -> Option<String> {
    // Each time is another wish.
    static ACTS: AtomicU32 = AtomicU32::new(0);
    let key = format!("{what}-{}", ACTS.fetch_add(1, Ordering::Relaxed));
    let answer = person.post_once(&key, &format!("/v1/campaigns/{campaign}/{what}"), Value::Null).await;
    // 409: it had come to its end.
    assert!(matches!(answer.status, 200 | 409), "{answer:?}");
    (answer.status == 200).then(|| answer.json["state"].as_str().expect("a state").to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counters_add_up_at_every_look_while_campaigns_are_paused_resumed_and_called_off_and_workers_die() {
    let kills = Plan::kills([(Lane::Prepare, (6, 0.2)), (Lane::Deliver, (20, 0.1)), (Lane::Collect, (4, 0.05))]);
    let how = How { kills, latency_ms: 120, ..How::by_seed(31) };
    let mut world = World::begin(&how).await;
    world.plan_faults(how.seed, &json!([{"kind": "acceptThenReset", "share": 0.1}, {"kind": "refuse", "share": 0.1}]));
    let clinics = [world.clinic().await, world.clinic().await];
    let people = people(&world, &clinics).await;
    let mut campaigns = Vec::new();
    for clinic in clinics {
        for size in [1_600, 1_100, 700, 200, 200, 200, 200] {
            let group = world.group(clinic, size).await;
            campaigns.push((clinic, world.ask(clinic, &[group], CampaignKind::Information).await));
        }
    }
    let stop = Arc::new(AtomicBool::new(false));
    let looking_on = tokio::spawn(look_on(world.test.pool.clone(), Arc::clone(&stop)));
    let stops = steer(&mut world, &people, &campaigns, how.seed).await;
    world.go_on_to_the_end().await;
    stop.store(true, Ordering::Relaxed);
    let (looks, wrong) = looking_on.await.expect("it looks on to the end");
    assert_eq!(world.end().await, [], "see above");
    assert_eq!(wrong, [], "in {looks} looks");
    let claims: Vec<(BundleId, CampaignId, NaiveDateTime)> =
        sqlx::query_as("SELECT id, campaign_id, called_at FROM bundles WHERE called_at IS NOT NULL AND attempt > 0")
            .fetch_all(&world.test.pool)
            .await
            .expect("an answer");
    let broken: Vec<_> = claims
        .iter()
        .filter(|(_, campaign, at)| {
            let at = at.and_utc();
            stops.iter().any(|stop| stop.campaign == *campaign && at > stop.from && stop.until.is_none_or(|until| at < until))
        })
        .collect();
    assert!(broken.is_empty(), "handed over although stopped: {broken:?} {stops:?}");
    let kept: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM messages WHERE reason = 'canceled'")
        .fetch_one(&world.test.pool)
        .await
        .expect("an answer");
    let kills = world.reaper.tally().kills();
    say(&format!("{looks} looks, {} stops, {kept} messages called off, {kills} kills", stops.len()));
    assert!(looks > 50 && stops.len() > 10 && kept > 0 && kills > 5, "this run has shown nothing");
    world.test.finish().await;
}

/// Campaigns that have not come to their end.
async fn open(pool: &MySqlPool) -> Vec<CampaignId> {
    let open = sqlx::query_scalar("SELECT id FROM campaigns WHERE state NOT IN ('finished', 'canceled', 'failed')");
    open.fetch_all(pool).await.expect("the database answers")
}

/// Pauses and resumes at random, calls some campaigns off, and in the end lets everything go on. Answers when nothing was to be handed
/// over of which campaign.
async fn steer(
    world: &mut World,
    people: &HashMap<ClinicId, Client>,
    campaigns: &[(ClinicId, CampaignId)],
    seed: u64,
) -> Vec<Stop> {
    let mut random = Random::new(seed);
    let mut stops: Vec<Stop> = Vec::new();
    let mut paused: HashMap<CampaignId, usize> = HashMap::new();
    for round in 0..60 {
        for _ in 0..random.below(12) {
            world.go_on().await;
        }
        let open = open(&world.test.pool).await;
        let open: Vec<_> = campaigns.iter().filter(|(_, campaign)| open.contains(campaign)).collect();
        if open.is_empty() {
            break;
        }
        let (clinic, campaign) = *open[random.below(open.len())];
        let (person, before) = (&people[&clinic], world.time.now());
        let what = match paused.get(&campaign) {
            _ if round % 12 == 7 => "cancel",
            Some(_) => "resume",
            None => "pause",
        };
        let state = act(person, campaign, what).await;
        let after = world.time.now();
        match (what, state) {
            ("resume", _) => {
                let stopped = paused.remove(&campaign).expect("it is paused");
                stops[stopped].until = Some(before);
            }
            ("pause", Some(_)) => {
                paused.insert(campaign, stops.len());
                stops.push(Stop { campaign, from: after, until: None });
            }
            ("cancel", Some(_)) => {
                paused.remove(&campaign);
                stops.push(Stop { campaign, from: after, until: None });
            }
            _ => {}
        }
        show(person, campaign).await;
    }
    for (clinic, campaign) in campaigns {
        if let Some(stopped) = paused.remove(campaign) {
            stops[stopped].until = Some(world.time.now());
            act(&people[clinic], *campaign, "resume").await;
        }
    }
    stops
}
