//! Settling what is stuck, against a real database and the provider's simulator.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use aligo_simulator::in_process::InProcess;
use aligo_simulator::state::Call;
use chrono::TimeDelta;
use reconcile::{Deps, ResultsQueue, Summary, handle};
use serde_json::json;
use shared::clock::{Ambient, Clock};
use shared::message::{BundleAccepted, BundlePrepared, ResultsAwaited};
use shared::model::BundleId;
use shared::model::state::{BundleState, CampaignState, MessageState};
use shared::provider::{Aligo, SendOutcome};
use shared::testing::sending::{self, Sending};
use shared::testing::{FakePublisher, FixedClock, TestDatabase};

/// A queue that keeps what it takes.
#[derive(Default)]
struct FakeQueue {
    closed: AtomicBool,
    taken: Mutex<Vec<ResultsAwaited>>,
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

struct Scene {
    test: TestDatabase,
    clock: FixedClock,
    simulator: InProcess,
    sending: Sending,
    deps: Deps<Aligo, FakePublisher, FakeQueue>,
}

impl Scene {
    async fn new() -> Self {
        let test = TestDatabase::new().await;
        let clock = FixedClock::new();
        let same = clock.clone();
        let simulator = InProcess::start(move || same.now()).await.unwrap();
        simulator.add_template(sending::template()).unwrap();
        let sending = Sending::start(&test, &clock, &simulator.options.sender_key, 1).await;
        let options = &simulator.options;
        let deps = Deps {
            database: test.another().await,
            ambient: Ambient::seeded(clock.clone(), 2),
            provider: sending::provider(&simulator.url, &options.api_key, &options.user_id),
            publisher: FakePublisher::default(),
            results: FakeQueue::default(),
        };
        Self { test, clock, simulator, sending, deps }
    }

    /// Posts a bundle with this fault; its answer is lost, and that is stored.
    async fn lost(&mut self, fault: &str, phones: &[&str]) -> BundleId {
        let bundle = self.sending.add_bundle(phones).await;
        self.simulator.add_fault(json!({ "kind": fault })).unwrap();
        let outcome = self.sending.post(&self.deps.provider, bundle, self.clock.now()).await;
        assert!(matches!(outcome, SendOutcome::Unknown { .. }), "{outcome:?}");
        self.sending.lose_answer(bundle).await;
        bundle
    }

    async fn run_after(&self, minutes: i64) -> Summary {
        self.clock.advance(TimeDelta::minutes(minutes));
        handle(&self.deps).await.unwrap()
    }

    /// Another clinic's campaign with the same texts.
    async fn other(&self) -> Sending {
        // A channel belongs to one clinic; a campaign has its own copy.
        sqlx::query("UPDATE clinics SET sender_key = NULL").execute(&self.test.pool).await.unwrap();
        Sending::start(&self.test, &self.clock, &self.simulator.options.sender_key, 3).await
    }

    /// A call of which our database knows nothing.
    async fn others_call(&self, phone: &str) {
        let mut other = self.other().await;
        let bundle = other.add_bundle(&[phone]).await;
        other.post(&self.deps.provider, bundle, self.clock.now()).await;
        sqlx::query("DELETE FROM bundles WHERE id = ?").bind(bundle).execute(&self.test.pool).await.unwrap();
    }

    /// As if no template had a link: the simulated provider keeps the buttons as they were sent.
    async fn without_links(&self) {
        sqlx::query("UPDATE campaigns SET buttons = '[]'").execute(&self.test.pool).await.unwrap();
        let messages = |calls: &mut [Call]| calls.iter_mut().for_each(|call| call.messages[0].button_json = None);
        self.simulator.app.write(|world, _| messages(&mut world.calls));
    }

    async fn states(&self) -> Vec<MessageState> {
        self.sending.messages().await.into_iter().map(|(state, _)| state).collect()
    }
}

#[tokio::test]
async fn a_bundle_that_was_accepted_and_reset_is_found_by_its_tokens_and_never_posted_again() {
    let mut scene = Scene::new().await;
    let bundle = scene.lost("acceptThenReset", &["010-1234-0001", "010-1234-0002"]).await;
    let called_at = scene.clock.now();
    assert_eq!(scene.run_after(1).await, Summary { found: 1, ..Summary::default() });
    let stored = scene.sending.bundle(bundle).await;
    let mid = scene.simulator.app.read(|world, _| world.calls[0].mid.to_string());
    assert_eq!((stored.state, stored.provider_id), (BundleState::Accepted, Some(mid)));
    assert_eq!(scene.sending.messages().await, [(MessageState::Sent, None), (MessageState::Sent, None)]);
    let sent_at: chrono::NaiveDateTime =
        sqlx::query_scalar("SELECT MIN(sent_at) FROM messages").fetch_one(&scene.test.pool).await.unwrap();
    assert_eq!(sent_at.and_utc(), called_at);
    assert_eq!(scene.sending.counts().await, (2, 0, 0));
    assert_eq!(scene.deps.publisher.take::<BundleAccepted>().len(), 1);
    for minutes in [1, 30] {
        scene.run_after(minutes).await;
    }
    assert_eq!((scene.simulator.sends(), scene.sending.counts().await), (1, (2, 0, 0)));
    assert!(scene.deps.publisher.take::<BundlePrepared>().is_empty());
    scene.test.finish().await;
}

#[tokio::test]
async fn what_the_history_does_not_show_stays_unknown_and_is_never_posted_again() {
    let mut scene = Scene::new().await;
    // Somebody else's calls are in the history too.
    scene.others_call("010-1234-0001").await;
    // One that was not taken, and one that was but never shows its messages.
    let bundles = [scene.lost("reset", &["010-1234-0001"]).await, scene.lost("acceptThenReset", &["010-1200-9941"]).await];
    for minutes in [1, 20, 600] {
        assert_eq!(scene.run_after(minutes).await, Summary { unknown: 2, ..Summary::default() });
        for bundle in bundles {
            assert_eq!(scene.sending.bundle(bundle).await.state, BundleState::Unknown);
        }
    }
    let unknown = (MessageState::Unknown, Some("no_answer".to_owned()));
    assert_eq!(scene.sending.messages().await, [unknown.clone(), unknown]);
    assert_eq!(scene.run_after(3 * 24 * 60).await, Summary::default());
    assert!(scene.deps.publisher.take::<BundlePrepared>().is_empty());
    scene.test.finish().await;
}

#[tokio::test]
async fn a_call_that_the_provider_does_not_show_does_not_hold_up_the_others() {
    let mut scene = Scene::new().await;
    scene.lost("acceptThenReset", &["010-1234-0001"]).await;
    scene.lost("acceptThenReset", &["010-1234-0002"]).await;
    scene.simulator.add_fault(json!({"kind": "serverError", "path": "/akv10/history/detail/"})).unwrap();
    assert_eq!(scene.run_after(1).await, Summary { found: 1, unknown: 1, ..Summary::default() });
    assert_eq!(scene.run_after(1).await, Summary { found: 1, ..Summary::default() });
    assert_eq!(scene.deps.publisher.take::<BundleAccepted>().len(), 2);
    scene.test.finish().await;
}

#[tokio::test]
async fn without_a_link_a_bundle_is_found_by_phone_and_text() {
    let mut scene = Scene::new().await;
    let bundle = scene.lost("acceptThenBrokenJson", &["010-1234-0001"]).await;
    scene.without_links().await;
    assert_eq!(scene.run_after(1).await, Summary { found: 1, ..Summary::default() });
    assert_eq!(scene.sending.bundle(bundle).await.state, BundleState::Accepted);
    assert_eq!(scene.deps.publisher.take::<BundleAccepted>().len(), 1);
    scene.test.finish().await;
}

#[tokio::test]
async fn without_a_link_one_of_two_calls_is_not_chosen() {
    let mut scene = Scene::new().await;
    scene.lost("acceptThenReset", &["010-1234-0001"]).await;
    scene.others_call("010-1234-0001").await;
    scene.without_links().await;
    assert_eq!(scene.run_after(1).await, Summary { unknown: 1, ..Summary::default() });
    scene.test.finish().await;
}

#[tokio::test]
async fn without_a_link_one_of_two_bundles_is_not_chosen() {
    let mut scene = Scene::new().await;
    scene.lost("acceptThenReset", &["010-1234-0001"]).await;
    let mut other = scene.other().await;
    let rival = other.add_bundle(&["010-1234-0001"]).await;
    scene.simulator.add_fault(json!({"kind": "reset"})).unwrap();
    other.post(&scene.deps.provider, rival, scene.clock.now()).await;
    scene.without_links().await;
    // While the rival is being called, and when its whereabouts are unknown too.
    assert_eq!(scene.run_after(1).await, Summary { unknown: 1, ..Summary::default() });
    other.lose_answer(rival).await;
    assert_eq!(scene.run_after(1).await, Summary { unknown: 2, ..Summary::default() });
    scene.test.finish().await;
}

#[tokio::test]
async fn without_a_link_a_call_at_another_time_is_not_chosen() {
    let mut scene = Scene::new().await;
    scene.lost("reset", &["010-1234-0001"]).await;
    scene.clock.advance(TimeDelta::minutes(11));
    scene.others_call("010-1234-0001").await;
    scene.without_links().await;
    assert_eq!(scene.run_after(1).await, Summary { unknown: 1, ..Summary::default() });
    scene.test.finish().await;
}

#[tokio::test]
async fn bundles_whose_workers_were_killed_become_unknown_and_are_looked_for() {
    let mut scene = Scene::new().await;
    let (taken, not_taken) =
        (scene.sending.add_bundle(&["010-1234-0001"]).await, scene.sending.add_bundle(&["010-1234-0002"]).await);
    scene.sending.post(&scene.deps.provider, taken, scene.clock.now()).await;
    scene.simulator.add_fault(json!({"kind": "reset"})).unwrap();
    scene.sending.post(&scene.deps.provider, not_taken, scene.clock.now()).await;
    assert_eq!(scene.run_after(4).await, Summary::default());
    assert_eq!(scene.run_after(2).await, Summary { lapsed: 2, found: 1, unknown: 1, ..Summary::default() });
    assert_eq!(scene.states().await, [MessageState::Sent, MessageState::Unknown]);
    // What stays unknown does not keep the campaign open.
    assert_eq!(scene.sending.state().await.0, CampaignState::Finished);
    assert_eq!(scene.run_after(5).await, Summary { due: 1, unknown: 1, ..Summary::default() });
    assert_eq!(scene.simulator.sends(), 2);
    assert_eq!(scene.deps.publisher.take::<BundleAccepted>().len(), 1);
    assert!(scene.deps.publisher.take::<BundlePrepared>().is_empty());
    scene.test.finish().await;
}

#[tokio::test]
async fn due_results_are_asked_for_once_and_again_when_the_question_got_lost() {
    let mut scene = Scene::new().await;
    let bundle = scene.sending.add_bundle(&["010-1234-0001"]).await;
    scene.sending.accepted(&scene.deps.provider, bundle, &scene.clock).await;
    assert_eq!(scene.run_after(0).await, Summary { due: 1, ..Summary::default() });
    assert_eq!(scene.run_after(1).await, Summary::default());
    assert_eq!(*scene.deps.results.taken.lock().unwrap(), [scene.sending.due(bundle)]);
    scene.clock.advance(TimeDelta::minutes(10));
    scene.deps.results.closed.store(true, Ordering::Relaxed);
    assert!(handle(&scene.deps).await.is_err());
    scene.deps.results.closed.store(false, Ordering::Relaxed);
    assert_eq!(scene.run_after(10).await, Summary { due: 1, ..Summary::default() });
    assert_eq!(scene.deps.results.taken.lock().unwrap().len(), 2);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_bundle_that_nobody_tries_is_announced_again() {
    let mut scene = Scene::new().await;
    let bundle = scene.sending.add_bundle(&["010-1234-0001"]).await;
    assert_eq!(scene.run_after(14).await, Summary::default());
    for minutes in [2, 16] {
        assert_eq!(scene.run_after(minutes).await, Summary { announced: 1, ..Summary::default() });
        assert_eq!(scene.run_after(1).await, Summary::default());
        assert_eq!(scene.deps.publisher.take::<BundlePrepared>(), [scene.sending.prepared(bundle)]);
    }
    scene.test.finish().await;
}

#[tokio::test]
async fn a_silent_provider_does_not_keep_due_results_waiting() {
    let mut scene = Scene::new().await;
    scene.lost("reset", &["010-1234-0001"]).await;
    let accepted = scene.sending.add_bundle(&["010-1234-0002"]).await;
    scene.sending.accepted(&scene.deps.provider, accepted, &scene.clock).await;
    scene.simulator.add_fault(json!({"kind": "serverError", "path": "*"})).unwrap();
    scene.clock.advance(TimeDelta::minutes(20));
    assert!(handle(&scene.deps).await.is_err());
    assert_eq!(*scene.deps.results.taken.lock().unwrap(), [scene.sending.due(accepted)]);
    assert_eq!(scene.states().await, [MessageState::Unknown, MessageState::Sent]);
    scene.test.finish().await;
}
