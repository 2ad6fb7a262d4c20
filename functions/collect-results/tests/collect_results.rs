//! Collecting results, against a real database and the provider's simulator.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use aligo_simulator::in_process::InProcess;
use chrono::TimeDelta;
use collect_results::{Deps, handle};
use serde_json::json;
use shared::clock::{Ambient, Clock};
use shared::model::BundleId;
use shared::model::state::{CampaignState, MessageState};
use shared::provider::Aligo;
use shared::testing::sending::{self, Sending, event};
use shared::testing::{FixedClock, Graveyard, TestDatabase};

const DETAIL: &str = "/akv10/history/detail/";

struct Scene {
    test: TestDatabase,
    clock: FixedClock,
    simulator: InProcess,
    sending: Sending,
    deps: Deps<Aligo, Graveyard>,
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
            dead_letters: Graveyard::default(),
        };
        Self { test, clock, simulator, sending, deps }
    }

    /// A bundle for these people that the provider has accepted.
    async fn accepted(&mut self, phones: &[&str]) -> BundleId {
        let bundle = self.sending.add_bundle(phones).await;
        self.sending.accepted(&self.deps.provider, bundle, &self.clock).await;
        bundle
    }

    async fn collect(&self, bundle: BundleId) -> bool {
        let response = handle(&self.deps, event(&self.sending.due(bundle))).await;
        response.is_ok_and(|response| response.batch_item_failures.is_empty())
    }

    fn questions(&self) -> u64 {
        self.simulator.app.read(|world, _| world.requests.get(DETAIL).copied().unwrap_or_default())
    }

    async fn suppressed(&self) -> Vec<(String, String)> {
        sqlx::query_as("SELECT phone, reason FROM suppressions").fetch_all(&self.test.pool).await.unwrap()
    }
}

fn unknown(reason: &str) -> (MessageState, Option<String>) {
    (MessageState::Unknown, Some(reason.to_owned()))
}

#[tokio::test]
async fn results_become_states_once_and_what_never_comes_is_unknown_after_a_day() {
    let mut scene = Scene::new().await;
    let phones = ["010-1234-0001", "010-1200-9908", "010-1200-9903", "010-1200-9924", "010-1200-9940"];
    let bundle = scene.accepted(&phones).await;
    scene.clock.advance(TimeDelta::minutes(1));
    let mut expected = vec![
        (MessageState::Delivered, None),
        (MessageState::Failed, Some("blocked".to_owned())),
        unknown("receipt_unclear"),
        unknown("unrecognised"),
        (MessageState::Sent, None),
    ];
    for _ in 0..2 {
        assert!(scene.collect(bundle).await);
        assert_eq!(scene.sending.messages().await, expected);
        assert_eq!(scene.sending.counts().await, (0, 1, 1));
        assert_eq!(scene.suppressed().await, [("+821012009908".to_owned(), "blocked".to_owned())]);
    }
    let raw: Option<String> =
        sqlx::query_scalar("SELECT result_code FROM messages WHERE number = 4").fetch_one(&scene.test.pool).await.unwrap();
    assert_eq!(raw.as_deref(), Some("Z"));
    assert!(scene.sending.bundle(bundle).await.poll_at > Some(scene.clock.now()));

    scene.clock.advance(TimeDelta::hours(24));
    assert!(scene.collect(bundle).await);
    expected[4] = unknown("no_result");
    assert_eq!(scene.sending.messages().await, expected);
    assert_eq!(scene.sending.bundle(bundle).await.poll_at, None);
    let asked = scene.questions();
    assert!(scene.collect(bundle).await);
    assert_eq!((scene.questions(), scene.sending.counts().await), (asked, (0, 1, 1)));
    scene.test.finish().await;
}

#[tokio::test]
async fn before_there_are_results_only_the_next_question_moves_away() {
    let mut scene = Scene::new().await;
    let bundle = scene.accepted(&["010-1234-0001"]).await;
    let mut waits = Vec::new();
    for _ in 0..9 {
        assert!(scene.collect(bundle).await);
        waits.push((scene.sending.bundle(bundle).await.poll_at.unwrap() - scene.clock.now()).num_seconds());
    }
    assert_eq!(waits, [15, 60, 60, 300, 900, 900, 3600, 3600, 3600]);
    assert_eq!(scene.sending.messages().await, [(MessageState::Sent, None)]);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_difference_from_the_template_stops_the_campaign() {
    let mut scene = Scene::new().await;
    scene.sending.add_bundle(&["010-1234-0009"]).await;
    let bundle = scene.accepted(&["010-1200-9922"]).await;
    scene.clock.advance(TimeDelta::minutes(1));
    assert!(scene.collect(bundle).await);
    assert_eq!(scene.sending.state().await, (CampaignState::Failed, Some("template_mismatch".to_owned())));
    assert_eq!(scene.sending.messages().await[1], (MessageState::Failed, Some("template_mismatch".to_owned())));
    scene.test.finish().await;
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_asked_again() {
    let mut scene = Scene::new().await;
    let bundle = scene.accepted(&["010-1234-0001"]).await;
    scene.clock.advance(TimeDelta::minutes(1));
    for fault in [json!({"kind": "serverError", "path": DETAIL}), json!({"kind": "refuse", "path": DETAIL})] {
        scene.simulator.add_fault(fault).unwrap();
        assert!(!scene.collect(bundle).await);
        assert_eq!(scene.sending.messages().await, [(MessageState::Sent, None)]);
    }
    assert!(scene.collect(bundle).await);
    assert_eq!(scene.sending.messages().await, [(MessageState::Delivered, None)]);
    assert_eq!(scene.sending.bundle(bundle).await.poll_at, None);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_refusal_after_a_day_means_that_there_are_no_results() {
    let mut scene = Scene::new().await;
    let bundle = scene.accepted(&["010-1234-0001"]).await;
    for (hours, worked_off) in [(23, false), (1, true)] {
        scene.clock.advance(TimeDelta::hours(hours));
        scene.simulator.add_fault(json!({"kind": "refuse", "path": DETAIL})).unwrap();
        assert_eq!(scene.collect(bundle).await, worked_off);
    }
    assert_eq!(scene.sending.messages().await, [unknown("no_result")]);
    assert_eq!(scene.sending.bundle(bundle).await.poll_at, None);
    scene.test.finish().await;
}

#[tokio::test]
async fn numbers_that_the_provider_found_malformed_do_not_hold_up_the_others() {
    let mut scene = Scene::new().await;
    scene.simulator.add_fault(json!({"kind": "partial", "failed": 1})).unwrap();
    let bundle = scene.accepted(&["010-1234-0001", "010-1234-0002", "010-1234-0003"]).await;
    scene.clock.advance(TimeDelta::minutes(1));
    assert!(scene.collect(bundle).await);
    let messages = scene.sending.messages().await;
    let bad = (MessageState::Failed, Some("bad_number".to_owned()));
    assert_eq!(messages.iter().filter(|message| **message == bad).count(), 1);
    assert_eq!(messages.iter().filter(|(state, _)| *state == MessageState::Delivered).count(), 2);
    scene.test.finish().await;
}

#[tokio::test]
async fn without_a_link_a_result_is_told_by_its_phone() {
    let mut scene = Scene::new().await;
    let bundle = scene.accepted(&["010-1234-0001", "010-1200-9907"]).await;
    sqlx::query("UPDATE messages SET link = CONCAT('x', number)").execute(&scene.test.pool).await.unwrap();
    scene.clock.advance(TimeDelta::minutes(1));
    assert!(scene.collect(bundle).await);
    let expected = [(MessageState::Delivered, None), (MessageState::Failed, Some("no_kakaotalk".to_owned()))];
    assert_eq!(scene.sending.messages().await, expected);
    scene.test.finish().await;
}
