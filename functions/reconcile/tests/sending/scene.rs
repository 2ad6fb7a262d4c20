//! A campaign, a provider, and what happens to both.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use aligo_simulator::in_process::InProcess;
use aligo_simulator::state::Call;
use chrono::{DateTime, TimeDelta, Utc};
use reconcile::{AbsenceAfter, Deps, ResultsQueue, Summary, handle};
use serde_json::json;
use shared::clock::{Ambient, Clock};
use shared::db::bundles::settle::{self, Attempt, Taken};
use shared::message::ResultsAwaited;
use shared::model::BundleId;
use shared::model::state::{CampaignKind, CampaignState};
use shared::provider::{Aligo, SendOutcome};
use shared::testing::sending::{self, Sending};
use shared::testing::{FakePublisher, FixedClock, TestDatabase};

/// A queue that keeps what it takes.
#[derive(Default)]
pub struct FakeQueue {
    pub closed: AtomicBool,
    pub taken: Mutex<Vec<ResultsAwaited>>,
}

impl ResultsQueue for FakeQueue {
    async fn send(&self, due: &[ResultsAwaited]) -> usize {
        if self.closed.load(Ordering::Relaxed) {
            return due.len();
        }
        self.taken.lock().unwrap().extend_from_slice(due);
        0
    }
}

pub type Reconcile = Deps<Aligo, FakePublisher, FakeQueue>;

pub struct Scene {
    pub test: TestDatabase,
    pub clock: FixedClock,
    pub simulator: InProcess,
    pub sending: Sending,
    pub deps: Reconcile,
    /// How many other campaigns there are.
    others: AtomicU64,
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
        let deps = reconcile(&test, &clock, &simulator, 2).await;
        Self { test, clock, simulator, sending, deps, others: AtomicU64::new(0) }
    }

    /// Another run, as if two were started at once.
    pub async fn another(&self) -> Reconcile {
        reconcile(&self.test, &self.clock, &self.simulator, 4).await
    }

    /// Posts a bundle with this fault; its answer is lost, and that is stored.
    pub async fn lost(&mut self, fault: &str, phones: &[&str]) -> BundleId {
        let bundle = self.sending.add_bundle(phones).await;
        self.simulator.add_fault(json!({ "kind": fault })).unwrap();
        let outcome = self.sending.post(&self.deps.provider, bundle, self.clock.now()).await;
        assert!(matches!(outcome, SendOutcome::Unknown { .. }), "{outcome:?}");
        self.sending.lose_answer(bundle).await;
        bundle
    }

    /// A bundle that the provider took, and whose answer came.
    pub async fn accepted(&mut self, phones: &[&str]) -> BundleId {
        let bundle = self.sending.add_bundle(phones).await;
        self.sending.accepted(&self.deps.provider, bundle, &self.clock).await;
        sqlx::query("UPDATE bundles SET poll_at = NULL WHERE id = ?").bind(bundle).execute(&self.test.pool).await.unwrap();
        bundle
    }

    pub async fn run_after(&self, minutes: i64) -> Summary {
        self.clock.advance(TimeDelta::minutes(minutes));
        handle(&self.deps).await.unwrap()
    }

    /// Runs after so many minutes; answers how many unknown bundles were found, proven absent, and stay unknown.
    pub async fn look_after(&self, minutes: i64) -> (usize, usize, usize) {
        let Summary { found, absent, unknown, .. } = self.run_after(minutes).await;
        (found, absent, unknown)
    }

    /// Looks so often, each time after so many minutes, and expects that nothing about the one unknown bundle gets certain.
    pub async fn look_in_vain(&self, times: u32, minutes: i64) {
        for time in 0..times {
            assert_eq!(self.look_after(minutes).await, (0, 0, 1), "{time}");
        }
    }

    /// Another clinic's campaign with the same texts.
    pub async fn other(&self) -> Sending {
        // A channel belongs to one clinic; a campaign has its own copy.
        sqlx::query("UPDATE clinics SET sender_key = NULL").execute(&self.test.pool).await.unwrap();
        let seed = 10 + self.others.fetch_add(1, Ordering::Relaxed);
        Sending::start(&self.test, &self.clock, &self.simulator.options.sender_key, seed).await
    }

    /// A call of which our database knows nothing.
    pub async fn others_call(&self, phone: &str) {
        let mut other = self.other().await;
        let bundle = other.add_bundle(&[phone]).await;
        other.post(&self.deps.provider, bundle, self.clock.now()).await;
        sqlx::query("DELETE FROM bundles WHERE id = ?").bind(bundle).execute(&self.test.pool).await.unwrap();
        other.set_state(CampaignState::Finished).await;
    }

    /// As if no template had a link: the simulated provider keeps the buttons as they were sent.
    pub async fn without_links(&self) {
        sqlx::query("UPDATE campaigns SET buttons = '[]'").execute(&self.test.pool).await.unwrap();
        self.change_calls(|calls| calls.iter_mut().for_each(|call| call.messages[0].button_json = None));
    }

    /// Changes what the provider has on record.
    pub fn change_calls(&self, change: impl FnOnce(&mut Vec<Call>)) {
        self.simulator.app.write(|world, _| change(&mut world.calls));
    }

    /// The newest call disappears from the history; it can be [brought back](Self::show).
    pub fn hide(&self) -> Call {
        let mut hidden = None;
        self.change_calls(|calls| hidden = calls.pop());
        hidden.unwrap()
    }

    pub fn show(&self, call: Call) {
        self.change_calls(|calls| {
            calls.push(call);
            calls.sort_by_key(|call| call.mid);
        });
    }

    /// What the worker with this attempt comes to when the provider's answer reaches him at last.
    pub async fn answer_late(&self, bundle: BundleId, number: u32) -> bool {
        let attempt = Attempt { clinic: self.sending.campaign.clinic, bundle, number };
        let now = self.clock.now();
        let taken = Taken { provider_id: "late", count: None, answered_at: now, poll_at: now };
        let mut connection = self.test.pool.acquire().await.unwrap();
        settle::accept(&mut connection, attempt, &taken).await.unwrap()
    }

    /// How often the person was sent to who got most messages.
    pub fn most_per_person(&self) -> u64 {
        self.simulator.accepted_per_token().into_values().max().unwrap_or_default()
    }

    pub async fn absent_since(&self, bundle: BundleId) -> Option<DateTime<Utc>> {
        self.sending.bundle(bundle).await.absent_since
    }
}

async fn reconcile(test: &TestDatabase, clock: &FixedClock, simulator: &InProcess, seed: u64) -> Reconcile {
    let options = &simulator.options;
    Deps {
        database: test.another().await,
        ambient: Ambient::seeded(clock.clone(), seed),
        provider: sending::provider(&simulator.url, &options.api_key, &options.user_id),
        publisher: FakePublisher::default(),
        results: FakeQueue::default(),
        absence_after: AbsenceAfter::default().span(),
    }
}
