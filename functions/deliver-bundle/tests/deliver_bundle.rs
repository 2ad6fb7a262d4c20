//! Handing bundles over, against a real database and the provider's simulator.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::Arc;

use aligo_simulator::in_process::InProcess;
use aligo_simulator::outcome::Fate;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use deliver_bundle::{Deps, handle};
use serde_json::json;
use shared::clock::{Ambient, Clock};
use shared::message::BundleAccepted;
use shared::model::approval::Described;
use shared::model::state::{BundleState, CampaignState, MessageState};
use shared::provider::{
    Aligo, Call, ChangeOutcome, Listing, NoAnswer, Provider, Report, SendOutcome, TakenCall, TemplateChange,
};
use shared::testing::sending::{self, Sending, event};
use shared::testing::{FakePublisher, FixedClock, Graveyard, TestDatabase, ambient};
use tokio::sync::Notify;

/// A database, a simulator and a campaign with one bundle of two messages.
struct Scene {
    test: TestDatabase,
    clock: FixedClock,
    simulator: InProcess,
    sending: Sending,
    bundle: shared::model::BundleId,
}

impl Scene {
    async fn new() -> Self {
        let test = TestDatabase::new().await;
        let clock = FixedClock::new();
        let same = clock.clone();
        let simulator = InProcess::start(move || same.now()).await.unwrap();
        simulator.add_template(sending::template()).unwrap();
        let mut sending = Sending::start(&test, &clock, &simulator.options.sender_key, 1).await;
        let bundle = sending.add_bundle(&["010-1234-0001", "010-1234-0002"]).await;
        Self { test, clock, simulator, sending, bundle }
    }

    fn aligo(&self) -> Aligo {
        sending::provider(&self.simulator.url, &self.simulator.options.api_key, &self.simulator.options.user_id)
    }

    async fn deps<V>(&self, provider: V) -> Deps<V, FakePublisher, Graveyard> {
        Deps {
            database: self.test.another().await,
            ambient: Ambient::seeded(self.clock.clone(), 2),
            provider,
            publisher: FakePublisher::default(),
            dead_letters: Graveyard::default(),
        }
    }

    /// One delivery of the message; whether it was worked off.
    async fn deliver<V: Provider>(&self, deps: &Deps<V, FakePublisher, Graveyard>) -> bool {
        let response = handle(deps, event(&self.sending.prepared(self.bundle))).await;
        assert_eq!(deps.dead_letters.0.lock().unwrap().len(), 0);
        response.is_ok_and(|response| response.batch_item_failures.is_empty())
    }

    async fn states(&self) -> Vec<MessageState> {
        self.sending.messages().await.into_iter().map(|(state, _)| state).collect()
    }
}

/// A provider that does as told when something is sent.
struct Acting<F>(F);

type Answer = Pin<Box<dyn Future<Output = SendOutcome> + Send>>;

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
        unreachable!("nobody asks for the balance")
    }

    async fn history(&self, _: RangeInclusive<NaiveDate>, _: u32) -> Result<Listing<TakenCall>, NoAnswer> {
        Ok(Listing { rows: Vec::new(), pages: 0 })
    }

    async fn detail(&self, _: &str, _: u32) -> Result<Listing<Report>, NoAnswer> {
        Ok(Listing { rows: Vec::new(), pages: 0 })
    }
}

#[tokio::test]
async fn a_bundle_is_handed_over_and_its_answer_stored() {
    let scene = Scene::new().await;
    let deps = scene.deps(scene.aligo()).await;
    assert!(scene.deliver(&deps).await);
    let bundle = scene.sending.bundle(scene.bundle).await;
    assert_eq!((bundle.state, bundle.answered_at), (BundleState::Accepted, Some(scene.clock.now())));
    assert!(bundle.poll_at > bundle.answered_at);
    assert_eq!(scene.states().await, [MessageState::Sent; 2]);
    assert_eq!(scene.sending.state().await, (CampaignState::Finished, None));
    assert_eq!(scene.sending.counts().await, (2, 0, 0));
    let taken = scene.simulator.app.read(|world, _| world.calls.clone());
    assert_eq!(Some(taken[0].mid.to_string()), bundle.provider_id);
    // What was handed over is what the template allows.
    assert!(taken[0].messages.iter().all(|message| message.life.fate == Fate::Result('0')), "{:?}", taken[0].messages);
    let tokens = scene.sending.tokens(scene.bundle).await;
    assert_eq!(scene.simulator.accepted_per_token(), tokens.into_iter().map(|token| (token, 1)).collect());
    let facts = deps.publisher.take::<BundleAccepted>();
    assert!(matches!(facts[..], [BundleAccepted::V1 { bundle_id, .. }] if bundle_id == scene.bundle));
    scene.test.finish().await;
}

#[tokio::test]
async fn a_second_delivery_changes_nothing() {
    let scene = Scene::new().await;
    let deps = scene.deps(scene.aligo()).await;
    assert!(scene.deliver(&deps).await);
    let before = scene.sending.bundle(scene.bundle).await;
    scene.clock.advance(TimeDelta::minutes(1));
    assert!(scene.deliver(&deps).await);
    assert_eq!(scene.sending.bundle(scene.bundle).await, before);
    assert_eq!(scene.sending.counts().await, (2, 0, 0));
    assert_eq!((scene.simulator.sends(), deps.publisher.take::<BundleAccepted>().len()), (1, 1));
    scene.test.finish().await;
}

#[tokio::test]
async fn a_killed_worker_between_intent_and_answer_never_posts_twice() {
    let scene = Scene::new().await;
    let reached = Arc::new(Notify::new());
    let told = Arc::clone(&reached);
    let dying = scene
        .deps(Acting(move || -> Answer {
            told.notify_one();
            Box::pin(std::future::pending())
        }))
        .await;
    tokio::select! {
        _ = scene.deliver(&dying) => panic!("the provider never answers"),
        () = reached.notified() => {}
    }
    let next = scene.deps(scene.aligo()).await;
    scene.clock.advance(TimeDelta::hours(1));
    assert!(scene.deliver(&next).await);
    assert_eq!(scene.simulator.sends(), 0);
    assert_eq!(scene.sending.bundle(scene.bundle).await.state, BundleState::Calling);
    assert_eq!(scene.states().await, [MessageState::Queued; 2]);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_lost_answer_leaves_the_bundle_unknown_and_is_never_posted_again() {
    let scene = Scene::new().await;
    scene.simulator.add_fault(json!({"kind": "acceptThenReset"})).unwrap();
    let deps = scene.deps(scene.aligo()).await;
    for _ in 0..3 {
        assert!(scene.deliver(&deps).await);
        assert_eq!(scene.sending.bundle(scene.bundle).await.state, BundleState::Unknown);
    }
    let unknown = (MessageState::Unknown, Some("no_answer".to_owned()));
    assert_eq!(scene.sending.messages().await, [unknown.clone(), unknown]);
    // What nobody knows does not keep the campaign open.
    assert_eq!(scene.sending.state().await, (CampaignState::Finished, None));
    assert_eq!((scene.simulator.sends(), scene.sending.counts().await), (1, (0, 0, 0)));
    scene.test.finish().await;
}

#[tokio::test]
async fn what_the_provider_refuses_has_failed_with_its_code() {
    let scene = Scene::new().await;
    scene.simulator.add_fault(json!({"kind": "refuse", "code": -99, "message": "포인트가 부족합니다."})).unwrap();
    let deps = scene.deps(scene.aligo()).await;
    assert!(scene.deliver(&deps).await);
    assert_eq!(scene.sending.bundle(scene.bundle).await.state, BundleState::Rejected);
    let failed: Vec<(String, String, String, String)> =
        sqlx::query_as("SELECT state, reason, result_code, result_message FROM messages")
            .fetch_all(&scene.test.pool)
            .await
            .unwrap();
    let expected = ("failed", "rejected_by_provider", "-99", "포인트가 부족합니다.");
    assert_eq!(failed.len(), 2);
    assert!(failed.iter().all(|(state, reason, code, words)| (&**state, &**reason, &**code, &**words) == expected));
    assert_eq!(scene.sending.state().await, (CampaignState::Finished, None));
    assert_eq!(scene.sending.counts().await, (0, 0, 2));
    scene.test.finish().await;
}

#[tokio::test]
async fn a_provider_that_was_not_reached_is_tried_again() {
    let scene = Scene::new().await;
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let unreachable = scene.deps(sending::provider(&format!("http://{nobody}"), "key", "user")).await;
    assert!(!scene.deliver(&unreachable).await);
    assert_eq!(scene.sending.bundle(scene.bundle).await.state, BundleState::Prepared);
    assert_eq!(scene.states().await, [MessageState::Queued; 2]);
    let deps = scene.deps(scene.aligo()).await;
    assert!(scene.deliver(&deps).await);
    assert_eq!(scene.states().await, [MessageState::Sent; 2]);
    assert_eq!((scene.simulator.sends(), deps.publisher.take::<BundleAccepted>().len()), (1, 1));
    scene.test.finish().await;
}

#[tokio::test]
async fn a_stopped_campaign_hands_nothing_over() {
    let scene = Scene::new().await;
    scene.sending.set_state(CampaignState::Failed).await;
    let deps = scene.deps(scene.aligo()).await;
    assert!(scene.deliver(&deps).await);
    assert_eq!(scene.sending.bundle(scene.bundle).await.state, BundleState::Rejected);
    let stopped = (MessageState::Failed, Some("campaign_stopped".to_owned()));
    assert_eq!(scene.sending.messages().await, [stopped.clone(), stopped]);
    assert_eq!((scene.simulator.sends(), scene.sending.state().await.0), (0, CampaignState::Failed));
    scene.test.finish().await;
}

#[tokio::test]
async fn a_campaign_is_finished_by_its_last_bundle() {
    let mut scene = Scene::new().await;
    let second = scene.sending.add_bundle(&["010-1234-0003"]).await;
    let deps = scene.deps(scene.aligo()).await;
    assert!(scene.deliver(&deps).await);
    assert_eq!(scene.sending.state().await.0, CampaignState::Sending);
    scene.bundle = second;
    assert!(scene.deliver(&deps).await);
    assert_eq!(scene.sending.state().await.0, CampaignState::Finished);
    assert_eq!(deps.publisher.take::<BundleAccepted>().len(), 2);
    scene.test.finish().await;
}

#[tokio::test]
async fn an_answer_that_comes_after_a_new_attempt_has_begun_is_not_stored() {
    let scene = Scene::new().await;
    let pool = scene.test.pool.clone();
    let thawed = Acting(move || -> Answer {
        let pool = pool.clone();
        Box::pin(async move {
            let again = "UPDATE bundles SET called_at = called_at + INTERVAL 20 MINUTE";
            sqlx::query(again).execute(&pool).await.unwrap();
            SendOutcome::Rejected { code: -99, message: String::new() }
        })
    });
    let deps = scene.deps(thawed).await;
    assert!(scene.deliver(&deps).await);
    assert_eq!(scene.sending.bundle(scene.bundle).await.state, BundleState::Calling);
    assert_eq!(scene.states().await, [MessageState::Queued; 2]);
    scene.test.finish().await;
}

/// A clock by which a minute and more passes between any two looks.
struct Freezing(FixedClock);

impl Clock for Freezing {
    fn now(&self) -> DateTime<Utc> {
        self.0.advance(TimeDelta::seconds(61));
        self.0.now()
    }
}

#[tokio::test]
async fn a_worker_that_was_frozen_before_the_call_does_not_post() {
    let scene = Scene::new().await;
    let deps = Deps { ambient: Ambient::seeded(Freezing(scene.clock.clone()), 2), ..scene.deps(scene.aligo()).await };
    for _ in 0..2 {
        assert!(scene.deliver(&deps).await);
        assert_eq!(scene.sending.bundle(scene.bundle).await.state, BundleState::Calling);
    }
    assert_eq!(scene.states().await, [MessageState::Queued; 2]);
    assert_eq!((scene.simulator.sends(), scene.sending.state().await.0), (0, CampaignState::Sending));
    scene.test.finish().await;
}

#[tokio::test]
async fn a_bundle_that_became_unknown_meanwhile_is_not_put_back() {
    let scene = Scene::new().await;
    let pool = scene.test.pool.clone();
    let late = Acting(move || -> Answer {
        let pool = pool.clone();
        Box::pin(async move {
            sqlx::query("UPDATE bundles SET state = 'unknown'").execute(&pool).await.unwrap();
            SendOutcome::NotSent { why: "refused".to_owned() }
        })
    });
    let deps = scene.deps(late).await;
    assert!(!scene.deliver(&deps).await);
    assert!(scene.deliver(&deps).await);
    assert_eq!(scene.sending.bundle(scene.bundle).await.state, BundleState::Unknown);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_message_about_no_bundle_goes_to_the_dead_letters() {
    let scene = Scene::new().await;
    let deps = scene.deps(scene.aligo()).await;
    let nothing = shared::model::BundleId::new(&ambient().0);
    let response = handle(&deps, event(&scene.sending.prepared(nothing))).await.unwrap();
    assert!(response.batch_item_failures.is_empty());
    assert_eq!(deps.dead_letters.0.lock().unwrap().len(), 1);
    scene.test.finish().await;
}
