//! What the results of a bundle mean for the others of its campaign.

use chrono::TimeDelta;
use shared::clock::Clock;
use shared::message::BundlePrepared;
use shared::model::BundleId;
use shared::model::state::{BundleState, CampaignState, MessageState};
use shared::testing::PublishMode;

use crate::scene::Scene;

#[tokio::test]
async fn a_difference_from_the_template_stops_the_campaign() {
    let mut scene = Scene::new().await;
    let other = scene.sending.add_bundle(&["010-1234-0009"]).await;
    let bundle = scene.accepted(&["010-1200-9922"]).await;
    scene.clock.advance(TimeDelta::minutes(1));
    assert!(scene.collect(bundle).await);
    let campaign = scene.sending.reload().await;
    assert_eq!((campaign.state, campaign.failure.as_deref()), (CampaignState::Failed, Some("template_mismatch")));
    assert_eq!(campaign.finished_at, Some(scene.clock.now()));
    let expected = [
        (MessageState::Excluded, Some("campaign_stopped".to_owned())),
        (MessageState::Failed, Some("template_mismatch".to_owned())),
    ];
    assert_eq!(scene.sending.messages().await, expected);
    assert_eq!(scene.sending.bundle(other).await.state, BundleState::Rejected);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_campaign_that_has_come_to_its_end_is_not_stopped_any_more() {
    for state in [CampaignState::Finished, CampaignState::Canceled] {
        let mut scene = Scene::new().await;
        let bundle = scene.accepted(&["010-1200-9922"]).await;
        scene.sending.set_state(state).await;
        scene.clock.advance(TimeDelta::minutes(1));
        assert!(scene.collect(bundle).await);
        assert_eq!(scene.sending.state().await, (state, None));
        scene.test.finish().await;
    }
}

/// A first bundle that was accepted, and two that wait for it.
async fn with_canary(scene: &mut Scene, phones: &[&str]) -> (BundleId, Vec<BundleId>) {
    let canary = scene.accepted(phones).await;
    let others = scene.sending.add_bundles(2, 1).await;
    scene.sending.hold_back().await;
    (canary, others)
}

#[tokio::test]
async fn the_others_go_when_all_results_of_the_first_bundle_are_there() {
    let mut scene = Scene::new().await;
    // Whether they are good or bad, as long as they are about the people.
    let (canary, others) = with_canary(&mut scene, &["010-1234-0001", "010-1200-9907", "010-1200-9903"]).await;
    assert!(scene.collect(canary).await);
    assert_eq!(scene.sending.reload().await.released_at, None);
    scene.clock.advance(TimeDelta::seconds(5));
    assert!(scene.collect(canary).await);
    assert_eq!(scene.sending.reload().await.released_at, Some(scene.clock.now()));
    let expected: Vec<_> = others.iter().map(|other| scene.sending.prepared(*other)).collect();
    assert_eq!(scene.deps.publisher.take::<BundlePrepared>(), expected);
    // Nobody is told twice.
    assert!(scene.collect(canary).await);
    scene.test.finish().await;
}

#[tokio::test]
async fn however_many_wait_all_are_told() {
    let mut scene = Scene::new().await;
    let canary = scene.accepted(&["010-1234-0001"]).await;
    let others = scene.sending.add_bundles(227, 1).await;
    scene.sending.hold_back().await;
    scene.clock.advance(TimeDelta::minutes(1));
    assert!(scene.collect(canary).await);
    let expected: Vec<_> = others.iter().map(|other| scene.sending.prepared(*other)).collect();
    assert_eq!(scene.deps.publisher.take::<BundlePrepared>(), expected);
    scene.test.finish().await;
}

#[tokio::test]
async fn one_result_of_the_first_bundle_is_enough_a_minute_after_it_was_accepted() {
    let mut scene = Scene::new().await;
    let (canary, _) = with_canary(&mut scene, &["010-1234-0001", "010-1200-9940"]).await;
    for (seconds, released) in [(30, false), (29, false), (1, true)] {
        scene.clock.advance(TimeDelta::seconds(seconds));
        assert!(scene.collect(canary).await);
        assert_eq!(scene.sending.reload().await.released_at.is_some(), released);
    }
    assert_eq!(scene.deps.publisher.take::<BundlePrepared>().len(), 2);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_first_bundle_that_shows_a_wrong_set_up_stops_the_others() {
    for (phone, reason) in [
        ("010-1200-9901", "sender_profile"),
        ("010-1200-9919", "no_template"),
        ("010-1200-9920", "sender_number"),
        ("010-1200-9922", "template_mismatch"),
    ] {
        let mut scene = Scene::new().await;
        let (canary, others) = with_canary(&mut scene, &["010-1234-0001", phone]).await;
        scene.clock.advance(TimeDelta::minutes(5));
        assert!(scene.collect(canary).await);
        assert_eq!(scene.sending.state().await, (CampaignState::Failed, Some(reason.to_owned())));
        assert_eq!(scene.sending.reload().await.released_at, None);
        let stopped = (MessageState::Excluded, Some("campaign_stopped".to_owned()));
        assert_eq!(scene.sending.messages().await[2..], [stopped.clone(), stopped]);
        for other in others {
            assert_eq!(scene.sending.bundle(other).await.state, BundleState::Rejected);
        }
        scene.test.finish().await;
    }
}

#[tokio::test]
async fn whoever_dies_between_the_results_and_the_release_leaves_it_to_the_next_delivery() {
    for (phone, released) in [("010-1234-0001", true), ("010-1200-9922", false)] {
        let mut scene = Scene::new().await;
        let (canary, _) = with_canary(&mut scene, &[phone]).await;
        // The results are stored, and as if the collector had died then, nothing is decided about the others.
        sqlx::query("UPDATE bundles SET position = position + 10").execute(&scene.test.pool).await.unwrap();
        sqlx::query("UPDATE campaigns SET state = 'finished'").execute(&scene.test.pool).await.unwrap();
        scene.clock.advance(TimeDelta::minutes(1));
        assert!(scene.collect(canary).await);
        assert_eq!(scene.sending.bundle(canary).await.poll_at, None);
        sqlx::query("UPDATE bundles SET position = position - 10 ORDER BY position").execute(&scene.test.pool).await.unwrap();
        sqlx::query("UPDATE campaigns SET state = 'sending'").execute(&scene.test.pool).await.unwrap();
        assert!(scene.collect(canary).await);
        assert_eq!(scene.sending.reload().await.released_at.is_some(), released);
        assert_eq!(scene.sending.state().await.0 == CampaignState::Failed, !released);
        assert_eq!(scene.deps.publisher.take::<BundlePrepared>().len(), if released { 2 } else { 0 });
        scene.test.finish().await;
    }
}

#[tokio::test]
async fn a_release_that_cannot_be_published_waits_in_the_outbox() {
    let mut scene = Scene::new().await;
    let (canary, _) = with_canary(&mut scene, &["010-1234-0001"]).await;
    scene.deps.publisher.set(PublishMode::Down);
    scene.clock.advance(TimeDelta::minutes(1));
    assert!(scene.collect(canary).await);
    assert_eq!(scene.test.outbox_size().await, 2);
    assert!(scene.sending.reload().await.released_at.is_some());
    scene.test.drop_database().await;
}

#[tokio::test]
async fn a_first_bundle_of_a_campaign_that_is_paused_releases_it_without_waking_anybody() {
    let mut scene = Scene::new().await;
    let (canary, _) = with_canary(&mut scene, &["010-1234-0001"]).await;
    scene.sending.set_state(CampaignState::Paused).await;
    scene.clock.advance(TimeDelta::minutes(1));
    assert!(scene.collect(canary).await);
    let campaign = scene.sending.reload().await;
    assert_eq!((campaign.state, campaign.released_at.is_some()), (CampaignState::Paused, true));
    scene.test.finish().await;
}
