//! Campaigns whose bundles wait for the first one, when nobody collected its results, or there are none.

use reconcile::Summary;
use shared::clock::Clock;
use shared::message::BundlePrepared;
use shared::model::BundleId;
use shared::model::state::{CampaignState, MessageState};
use shared::testing::rollup;

use crate::scene::Scene;

impl Scene {
    /// A first bundle, and two that wait for it.
    async fn with_canary(&mut self) -> (BundleId, Vec<BundleId>) {
        let canary = self.sending.add_bundle(&["010-1234-0001", "010-1234-0002"]).await;
        let others = self.sending.add_bundles(2, 1).await;
        self.sending.hold_back().await;
        (canary, others)
    }

    async fn set(&self, statement: &'static str, bundle: BundleId) {
        sqlx::query(statement).bind(bundle).execute(&self.test.pool).await.unwrap();
    }

    /// What a run says about campaigns that wait: released, stopped.
    async fn settled_after(&self, minutes: i64) -> (usize, usize) {
        let Summary { released, stopped, .. } = self.run_after(minutes).await;
        (released, stopped)
    }
}

#[tokio::test]
async fn the_others_go_ten_minutes_after_a_first_bundle_of_which_nothing_comes_back() {
    let mut scene = Scene::new().await;
    let (canary, others) = scene.with_canary().await;
    scene.sending.accepted(&scene.deps.provider, canary, &scene.clock).await;
    scene.set("UPDATE bundles SET poll_at = NULL WHERE id = ?", canary).await;
    assert_eq!(scene.run_after(9).await, Summary::default());
    assert_eq!(scene.run_after(1).await, Summary { released: 1, woken: 2, ..Summary::default() });
    assert!(scene.sending.reload().await.released_at.is_some());
    let published = scene.deps.publisher.take::<BundlePrepared>();
    assert!(others.iter().all(|other| published.contains(&scene.sending.prepared(*other))));
    assert_eq!(scene.settled_after(1).await, (0, 0));
    scene.deps.publisher.take::<BundlePrepared>();
    scene.test.finish().await;
}

#[tokio::test]
async fn the_others_go_when_the_first_bundle_came_to_another_end() {
    for (change, minutes) in [
        ("UPDATE bundles SET state = 'rejected', answered_at = called_at WHERE id = ?", 0),
        ("UPDATE bundles SET state = 'unknown' WHERE id = ?", 10),
    ] {
        let mut scene = Scene::new().await;
        let (canary, _) = scene.with_canary().await;
        scene.set(change, canary).await;
        if minutes > 0 {
            assert_eq!(scene.settled_after(minutes - 1).await, (0, 0));
        }
        assert_eq!(scene.settled_after(1).await, (1, 0), "{change}");
        scene.deps.publisher.take::<BundlePrepared>();
        scene.test.finish().await;
    }
}

/// Refused for the sixth time.
const REFUSED: &str = "UPDATE bundles SET state = 'rejected', answered_at = called_at WHERE id = ?";
const NOT_SENT: &str = "UPDATE messages m JOIN bundles b ON b.id = m.bundle_id
    SET m.state = 'failed', m.reason = 'rejected_by_provider', m.resulted_at = b.answered_at WHERE m.bundle_id = ?";

#[tokio::test]
async fn a_first_bundle_that_the_provider_refused_pauses_the_campaign_until_somebody_resumes_it() {
    let paused = (CampaignState::Paused, Some("canary_refused".to_owned()));
    // Also when it was paused for another reason: whoever resumes it is to know.
    for before in [CampaignState::Sending, CampaignState::Paused] {
        let mut scene = Scene::new().await;
        let (canary, others) = scene.with_canary().await;
        scene.set(REFUSED, canary).await;
        scene.set(NOT_SENT, canary).await;
        rollup::fill(&scene.test.pool).await;
        scene.sending.set_state(before).await;
        assert_eq!(scene.run_after(1).await, Summary { paused: 1, ..Summary::default() }, "{before}");
        assert_eq!((scene.sending.state().await, scene.sending.reload().await.released_at), (paused.clone(), None));
        assert_eq!(scene.run_after(60).await, Summary::default());
        assert_eq!(scene.sending.states().await[2..], [MessageState::Queued; 2]);
        let resume = sqlx::query("UPDATE campaigns SET state = 'sending', failure = NULL, resumed_at = ?");
        resume.bind(scene.clock.now()).execute(&scene.test.pool).await.unwrap();
        assert_eq!(scene.run_after(1).await, Summary { released: 1, woken: 2, ..Summary::default() });
        assert!(scene.sending.reload().await.released_at.is_some());
        let published = scene.deps.publisher.take::<BundlePrepared>();
        assert!(others.iter().all(|other| published.contains(&scene.sending.prepared(*other))));
        scene.test.finish().await;
    }
}

#[tokio::test]
async fn a_campaign_of_nothing_but_a_first_bundle_that_was_refused_is_over() {
    let mut scene = Scene::new().await;
    let canary = scene.sending.add_bundle(&["010-1234-0001"]).await;
    scene.sending.hold_back().await;
    scene.set(REFUSED, canary).await;
    scene.set(NOT_SENT, canary).await;
    rollup::fill(&scene.test.pool).await;
    assert_eq!(scene.run_after(1).await, Summary { finished: 1, ..Summary::default() });
    scene.test.finish().await;
}

#[tokio::test]
async fn the_others_wait_while_the_first_bundle_waits_or_is_being_called() {
    let mut scene = Scene::new().await;
    let (canary, _) = scene.with_canary().await;
    assert_eq!(scene.run_after(60).await, Summary { woken: 1, ..Summary::default() });
    assert_eq!(scene.deps.publisher.take::<BundlePrepared>(), [scene.sending.prepared(canary)]);
    scene.set("UPDATE bundles SET state = 'calling' WHERE id = ?", canary).await;
    sqlx::query("UPDATE bundles SET called_at = '2026-03-02 02:00:00'").execute(&scene.test.pool).await.unwrap();
    assert_eq!(scene.run_after(1).await, Summary::default());
    scene.test.finish().await;
}

#[tokio::test]
async fn a_result_that_was_stored_by_somebody_who_died_then_stops_the_campaign() {
    let mut scene = Scene::new().await;
    let (canary, _) = scene.with_canary().await;
    scene.sending.accepted(&scene.deps.provider, canary, &scene.clock).await;
    let wrong = "UPDATE messages SET state = 'failed', reason = 'template_mismatch', resulted_at = sent_at WHERE number = 1";
    sqlx::query(wrong).execute(&scene.test.pool).await.unwrap();
    rollup::fill(&scene.test.pool).await;
    scene.set("UPDATE bundles SET poll_at = NULL WHERE id = ?", canary).await;
    assert_eq!(scene.run_after(0).await, Summary { stopped: 1, ..Summary::default() });
    assert_eq!(scene.sending.state().await, (CampaignState::Failed, Some("template_mismatch".to_owned())));
    let stopped = (MessageState::Excluded, Some("campaign_stopped".to_owned()));
    assert_eq!(scene.sending.messages().await[2..], [stopped.clone(), stopped]);
    assert_eq!(scene.run_after(1).await, Summary::default());
    scene.test.finish().await;
}

#[tokio::test]
async fn a_paused_campaign_is_released_and_stays_paused() {
    let mut scene = Scene::new().await;
    let (canary, _) = scene.with_canary().await;
    scene.sending.accepted(&scene.deps.provider, canary, &scene.clock).await;
    scene.set("UPDATE bundles SET poll_at = NULL WHERE id = ?", canary).await;
    scene.sending.set_state(CampaignState::Paused).await;
    assert_eq!(scene.run_after(10).await, Summary { released: 1, ..Summary::default() });
    let campaign = scene.sending.reload().await;
    assert_eq!((campaign.state, campaign.released_at.is_some()), (CampaignState::Paused, true));
    scene.test.finish().await;
}
