//! Bundles that the provider has accepted, and their collector.

use std::time::Duration;

use aligo_simulator::in_process::InProcess;
use collect_results::{Deps, handle, handle_within};
use shared::clock::{Ambient, Clock};
use shared::message::ResultsAwaited;
use shared::model::BundleId;
use shared::model::state::CampaignKind;
use shared::provider::Aligo;
use shared::testing::sending::{self, Sending, event};
use shared::testing::{FakePublisher, FixedClock, Graveyard, TestDatabase};

pub const DETAIL: &str = "/akv10/history/detail/";

pub struct Scene {
    pub test: TestDatabase,
    pub clock: FixedClock,
    pub simulator: InProcess,
    pub sending: Sending,
    pub deps: Deps<Aligo, FakePublisher, Graveyard>,
}

impl Scene {
    pub async fn new() -> Self {
        Self::of(CampaignKind::Information).await
    }

    pub async fn of(kind: CampaignKind) -> Self {
        let test = TestDatabase::new().await;
        let clock = FixedClock::new();
        let same = clock.clone();
        let simulator = InProcess::start(move || same.now()).await.unwrap();
        simulator.add_template(sending::template()).unwrap();
        let sending = Sending::start_as(kind, &test, &clock, &simulator.options.sender_key, 1).await;
        let options = &simulator.options;
        let deps = Deps {
            database: test.another().await,
            ambient: Ambient::seeded(clock.clone(), 2),
            provider: sending::provider(&simulator.url, &options.api_key, &options.user_id),
            publisher: FakePublisher::default(),
            dead_letters: Graveyard::default(),
        };
        Self { test, clock, simulator, sending, deps }
    }

    /// A bundle for these people that the provider has accepted.
    pub async fn accepted(&mut self, phones: &[&str]) -> BundleId {
        let bundle = self.sending.add_bundle(phones).await;
        self.sending.accepted(&self.deps.provider, bundle, &self.clock).await;
        bundle
    }

    pub async fn collect(&self, bundle: BundleId) -> bool {
        self.take(&self.sending.due(bundle)).await
    }

    /// Works a message off; answers whether it succeeded.
    pub async fn take(&self, awaited: &ResultsAwaited) -> bool {
        let response = handle(&self.deps, event(awaited)).await;
        response.is_ok_and(|response| response.batch_item_failures.is_empty())
    }

    /// The same as [`collect`](Self::collect), with less time to ask.
    pub async fn collect_within(&self, bundle: BundleId, asking: Duration) -> bool {
        let response = handle_within(&self.deps, event(&self.sending.due(bundle)), asking).await;
        response.is_ok_and(|response| response.batch_item_failures.is_empty())
    }

    pub fn questions(&self) -> u64 {
        self.simulator.app.read(|world, _| world.requests.get(DETAIL).copied().unwrap_or_default())
    }

    pub async fn suppressed(&self) -> Vec<(String, String)> {
        sqlx::query_as("SELECT phone, reason FROM suppressions").fetch_all(&self.test.pool).await.unwrap()
    }
}
