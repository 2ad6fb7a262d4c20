//! A database, a simulator, and workers.

use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use aligo_simulator::in_process::InProcess;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use deliver_bundle::{Deps, handle};
use shared::clock::{Ambient, Clock};
use shared::db::Database;
use shared::db::bundles::claim::{Claim, Claimed, claim};
use shared::db::provider_gate::{self, Gate};
use shared::message::BundleAccepted;
use shared::model::approval::Described;
use shared::model::state::{BundleState, CampaignKind};
use shared::model::{BundleId, ClinicId};
use shared::provider::{
    Aligo, Call, ChangeOutcome, Listing, NoAnswer, Provider, Report, SendOutcome, TakenCall, TemplateChange,
};
use shared::testing::sending::{self, Sending, event};
use shared::testing::{FakePublisher, FixedClock, Graveyard, TestDatabase};
use tokio::task::{JoinSet, LocalSet};

/// A worker.
pub type Worker<V> = Deps<V, FakePublisher, Graveyard>;

/// Ten calls a second.
pub const INTERVAL: TimeDelta = TimeDelta::milliseconds(100);

pub struct Scene {
    pub test: TestDatabase,
    pub clock: FixedClock,
    pub simulator: InProcess,
}

impl Scene {
    pub async fn new() -> Self {
        let test = TestDatabase::new().await;
        let clock = FixedClock::new();
        let same = clock.clone();
        let simulator = InProcess::start(move || same.now()).await.unwrap();
        simulator.add_template(sending::template()).unwrap();
        Self { test, clock, simulator }
    }

    /// With a campaign of one bundle for two people.
    pub async fn with_bundle() -> (Self, Sending, BundleId) {
        let scene = Self::new().await;
        let mut sending = scene.campaign(1).await;
        let bundle = sending.add_bundle(&["010-1234-0001", "010-1234-0002"]).await;
        (scene, sending, bundle)
    }

    /// A campaign of a clinic of its own.
    pub async fn campaign(&self, seed: u64) -> Sending {
        self.campaign_of(CampaignKind::Information, seed).await
    }

    pub async fn campaign_of(&self, kind: CampaignKind, seed: u64) -> Sending {
        Sending::start_as(kind, &self.test, &self.clock, &self.simulator.options.sender_key, seed).await
    }

    pub fn aligo(&self) -> Aligo {
        sending::provider(&self.simulator.url, &self.simulator.options.api_key, &self.simulator.options.user_id)
    }

    pub async fn worker(&self) -> Worker<Aligo> {
        self.worker_with(self.aligo()).await
    }

    pub async fn worker_with<V>(&self, provider: V) -> Worker<V> {
        worker_on(self.test.another().await, self.clock.clone(), provider)
    }

    /// Wakes the worker; it works until there is nothing to do.
    pub async fn wake<V: Provider>(&self, worker: &Worker<V>) -> bool {
        let woken = handle(worker, event(&wake_up())).await;
        assert_eq!(worker.dead_letters.0.lock().unwrap().len(), 0);
        woken.is_ok_and(|response| response.batch_item_failures.is_empty())
    }

    /// What a worker would get who asks now.
    pub async fn claim(&self) -> Claim {
        let ambient = &ambient(self.clock.clone());
        let claimed = self
            .test
            .database
            .transaction::<_, sqlx::Error>("claim_bundle", |tx| Box::pin(async move { claim(tx, ambient, INTERVAL).await }));
        claimed.await.unwrap()
    }

    /// The bundle that a worker would get.
    pub async fn claimed(&self) -> Claimed {
        match self.claim().await {
            Claim::Taken(claimed) => *claimed,
            other => panic!("{other:?}"),
        }
    }

    pub async fn gate(&self) -> Gate {
        provider_gate::find(&mut self.test.pool.acquire().await.unwrap()).await.unwrap()
    }

    /// How many bundles are in that state.
    pub async fn count(&self, state: BundleState) -> i64 {
        let count = sqlx::query_scalar("SELECT COUNT(*) FROM bundles WHERE state = ?").bind(state.as_str());
        count.fetch_one(&self.test.pool).await.unwrap()
    }

    pub async fn execute(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.test.pool).await.unwrap();
    }

    /// Everybody who has a message is a customer and wants advertising.
    pub async fn agree_to_advertising(&self) {
        self.execute(
            "INSERT IGNORE INTO customers (clinic_id, id, name, phone, attributes, created_at, updated_at, advertising_consent_at)
             SELECT clinic_id, customer_id, name, phone, '{}', NOW(6), NOW(6), NOW(6) FROM messages",
        )
        .await;
    }

    /// In the order in which the provider took them, how many messages each of its calls has.
    pub fn calls(&self) -> Vec<usize> {
        self.simulator.app.read(|world, _| world.calls.iter().map(|call| call.messages.len()).collect())
    }
}

/// Random numbers of one's own: two workers never make the same id.
pub fn ambient(clock: impl Clock + 'static) -> Ambient {
    static SEED: AtomicU64 = AtomicU64::new(1_000);
    Ambient::seeded(clock, SEED.fetch_add(1, Ordering::SeqCst))
}

/// A worker with a connection of its own.
pub fn worker_on<V>(database: Database, clock: impl Clock + 'static, provider: V) -> Worker<V> {
    Deps {
        database,
        ambient: ambient(clock),
        provider,
        publisher: FakePublisher::default(),
        dead_letters: Graveyard::default(),
        calls_per_second: 10_000,
    }
}

/// A message about a bundle that nobody knows: it only wakes.
pub fn wake_up() -> shared::message::BundlePrepared {
    let (ambient, _) = shared::testing::ambient();
    shared::message::BundlePrepared::V1 {
        clinic_id: ClinicId::new(&ambient),
        campaign_id: shared::model::CampaignId::new(&ambient),
        bundle_id: BundleId::new(&ambient),
    }
}

/// The bundles that the worker has told others to be accepted.
pub fn announced<V>(worker: &Worker<V>) -> Vec<BundleId> {
    let facts = worker.publisher.take::<BundleAccepted>();
    facts.into_iter().map(|BundleAccepted::V1 { bundle_id, .. }| bundle_id).collect()
}

/// A provider that does as told when something is sent.
pub struct Acting<F>(pub F);

pub type Answer = Pin<Box<dyn Future<Output = SendOutcome> + Send>>;

impl<F: Fn() -> Answer + Sync> Provider for Acting<F> {
    fn send(&self, _: &Call<'_>) -> impl Future<Output = SendOutcome> + Send {
        (self.0)()
    }

    async fn templates(&self, _: &str) -> Result<Vec<Described>, NoAnswer> {
        Ok(Vec::new())
    }

    async fn change_template(&self, _: &str, _: &TemplateChange<'_>) -> ChangeOutcome {
        ChangeOutcome::NotSent { why: "it only sends".to_owned() }
    }

    async fn balance(&self) -> Result<u64, NoAnswer> {
        Ok(0)
    }

    async fn history(&self, _: RangeInclusive<NaiveDate>, _: u32) -> Result<Listing<TakenCall>, NoAnswer> {
        Ok(Listing { rows: Vec::new(), pages: 0, total: None })
    }

    async fn detail(&self, _: &str, _: u32) -> Result<Listing<Report>, NoAnswer> {
        Ok(Listing { rows: Vec::new(), pages: 0, total: None })
    }
}

/// A clock by which so much time passes between any two looks.
pub struct Jumping(pub FixedClock, pub TimeDelta);

impl Clock for Jumping {
    fn now(&self) -> DateTime<Utc> {
        self.0.advance(self.1);
        self.0.now()
    }
}

/// A clock that jumps ahead at one of the looks at it.
struct Frozen {
    clock: FixedClock,
    looks: AtomicU32,
    at: u32,
    by: TimeDelta,
}

impl Clock for Frozen {
    fn now(&self) -> DateTime<Utc> {
        if self.looks.fetch_add(1, Ordering::SeqCst) + 1 == self.at {
            self.clock.advance(self.by);
        }
        self.clock.now()
    }
}

impl Scene {
    /// A worker for whom so much time passes just before it looks at the clock for the nth time.
    pub async fn worker_that_is_frozen_at(&self, look: u32, by: TimeDelta) -> Worker<Aligo> {
        let clock = Frozen { clock: self.clock.clone(), looks: AtomicU32::new(0), at: look, by };
        worker_on(self.test.another().await, clock, self.aligo())
    }
}

/// Wakes all of them at once, and waits until each has nothing to do.
pub async fn wake_all<V: Provider + 'static>(workers: Vec<Worker<V>>) -> Vec<BundleId> {
    let together = LocalSet::new();
    let mut working = JoinSet::new();
    for worker in workers {
        working.spawn_local_on(
            async move {
                let woken = handle(&worker, event(&wake_up())).await.unwrap();
                assert!(woken.batch_item_failures.is_empty());
                announced(&worker)
            },
            &together,
        );
    }
    together.run_until(working.join_all()).await.concat()
}
