//! What was never taken is proven absent and sent once more, and what becomes of its campaign.

use reconcile::Summary;
use serde_json::json;
use shared::clock::Clock;
use shared::db::bundles::watch;
use shared::message::BundlePrepared;
use shared::model::state::{BundleState, CampaignState, MessageState};
use shared::provider::SendOutcome;
use shared::testing::PublishMode;

use crate::scene::Scene;

#[tokio::test]
async fn what_was_never_taken_is_sent_once_more_after_two_complete_looks() {
    let mut scene = Scene::new().await;
    let bundle = scene.lost("reset", &["010-1234-0001", "010-1234-0002"]).await;
    let called_at = scene.clock.now();
    // Too early, a first look, too early for a second one.
    assert_eq!(scene.run_after(14).await, Summary { unknown: 1, finished: 1, ..Summary::default() });
    assert_eq!(scene.absent_since(bundle).await, None);
    assert_eq!(scene.run_after(1).await, Summary { unknown: 1, ..Summary::default() });
    assert_eq!(scene.absent_since(bundle).await, Some(called_at + chrono::TimeDelta::minutes(15)));
    scene.look_in_vain(1, 14).await;
    assert_eq!(scene.absent_since(bundle).await, Some(called_at + chrono::TimeDelta::minutes(15)));
    assert_eq!(scene.sending.state().await.0, CampaignState::Finished);

    assert_eq!(scene.run_after(1).await, Summary { absent: 1, ..Summary::default() });
    let stored = scene.sending.bundle(bundle).await;
    assert_eq!((stored.state, stored.attempt, stored.absent_since), (BundleState::Prepared, 2, None));
    assert_eq!(scene.sending.messages().await, [(MessageState::Queued, None), (MessageState::Queued, None)]);
    let campaign = scene.sending.reload().await;
    assert_eq!((campaign.state, campaign.finished_at), (CampaignState::Sending, None));
    assert_eq!(scene.deps.publisher.take::<BundlePrepared>(), [scene.sending.prepared(bundle)]);

    let outcome = scene.sending.post(&scene.deps.provider, bundle, scene.clock.now()).await;
    assert!(matches!(outcome, SendOutcome::Accepted { .. }));
    assert_eq!((scene.simulator.accepted_per_token().len(), scene.most_per_person()), (2, 1));
    scene.test.finish().await;
}

#[tokio::test]
async fn a_run_that_dies_after_the_proof_has_done_all_of_it() {
    let mut scene = Scene::new().await;
    let bundle = scene.lost("reset", &["010-1234-0001"]).await;
    scene.look_in_vain(1, 15).await;
    scene.deps.publisher.set(PublishMode::Down);
    assert_eq!(scene.look_after(15).await, (0, 1, 0));
    assert_eq!(scene.sending.bundle(bundle).await.state, BundleState::Prepared);
    // relay-outbox publishes it.
    assert_eq!(scene.test.outbox_size().await, 1);
    scene.test.drop_database().await;
}

#[tokio::test]
async fn two_runs_at_once_put_a_bundle_back_once() {
    let mut scene = Scene::new().await;
    let bundle = scene.lost("reset", &["010-1234-0001"]).await;
    let another = scene.another().await;
    for (minutes, absent) in [(15, 0), (15, 1)] {
        scene.clock.advance(chrono::TimeDelta::minutes(minutes));
        let (one, two) = tokio::join!(reconcile::handle(&scene.deps), reconcile::handle(&another));
        assert_eq!(one.unwrap().absent + two.unwrap().absent, absent);
    }
    assert_eq!(scene.sending.bundle(bundle).await.attempt, 2);
    let published = [scene.deps.publisher.take::<BundlePrepared>(), another.publisher.take::<BundlePrepared>()].concat();
    assert!(!published.is_empty() && published.iter().all(|fact| *fact == scene.sending.prepared(bundle)));
    scene.test.finish().await;
}

#[tokio::test]
async fn whoever_looked_at_a_bundle_that_has_moved_on_since_changes_nothing() {
    let mut scene = Scene::new().await;
    let bundle = scene.lost("reset", &["010-1234-0001"]).await;
    let before_first_look = scene.sending.bundle(bundle).await;
    scene.look_in_vain(1, 15).await;
    let after_first_look = scene.sending.bundle(bundle).await;
    let mut connection = scene.test.pool.acquire().await.unwrap();
    let now = scene.clock.now();
    assert!(!watch::set_absent_since(&mut connection, &before_first_look, Some(now)).await.unwrap());
    assert!(!watch::mark_absent(&mut connection, &before_first_look, BundleState::Prepared, now).await.unwrap());
    // A doubt of another run makes the proof of this one worthless.
    assert!(watch::set_absent_since(&mut connection, &after_first_look, None).await.unwrap());
    assert!(!watch::mark_absent(&mut connection, &after_first_look, BundleState::Prepared, now).await.unwrap());
    let stored = scene.sending.bundle(bundle).await;
    assert_eq!((stored.state, stored.attempt, stored.absent_since), (BundleState::Unknown, 1, None));
    scene.test.finish().await;
}

#[tokio::test]
async fn what_is_absent_goes_the_way_of_its_campaign() {
    for (state, bundle_state, message, published) in [
        (CampaignState::Sending, BundleState::Prepared, (MessageState::Queued, None), 1),
        (CampaignState::Paused, BundleState::Prepared, (MessageState::Queued, None), 0),
        (CampaignState::Canceled, BundleState::Rejected, (MessageState::Excluded, Some("canceled")), 0),
        (CampaignState::Failed, BundleState::Rejected, (MessageState::Excluded, Some("campaign_stopped")), 0),
    ] {
        let mut scene = Scene::new().await;
        let bundle = scene.lost("reset", &["010-1234-0001"]).await;
        scene.look_in_vain(1, 15).await;
        scene.sending.set_state(state).await;
        // The campaign is not finished meanwhile.
        scene.sending.add_bundle(&["010-1234-0002"]).await;
        assert_eq!(scene.look_after(15).await, (0, 1, 0), "{state}");
        let stored = scene.sending.bundle(bundle).await;
        assert_eq!((stored.state, stored.attempt), (bundle_state, 2), "{state}");
        let (found, reason) = scene.sending.messages().await.swap_remove(0);
        assert_eq!((found, reason.as_deref()), message, "{state}");
        assert_eq!(scene.sending.state().await.0, state);
        let published_facts = scene.deps.publisher.take::<BundlePrepared>();
        assert_eq!(
            published_facts.iter().filter(|fact| **fact == scene.sending.prepared(bundle)).count(),
            published,
            "{state}"
        );
        scene.test.finish().await;
    }
}

#[tokio::test]
async fn only_messages_of_whom_nobody_knew_wait_again() {
    let mut scene = Scene::new().await;
    scene.lost("reset", &["010-1234-0001", "010-1234-0002"]).await;
    let excluded = "UPDATE messages SET state = 'excluded', reason = 'suppressed' WHERE number = 2";
    sqlx::query(excluded).execute(&scene.test.pool).await.unwrap();
    scene.look_in_vain(1, 15).await;
    assert_eq!(scene.look_after(15).await, (0, 1, 0));
    let expected = [(MessageState::Queued, None), (MessageState::Excluded, Some("suppressed".to_owned()))];
    assert_eq!(scene.sending.messages().await, expected);
    assert_eq!(scene.deps.publisher.take::<BundlePrepared>().len(), 1);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_bundle_that_gets_lost_again_needs_a_proof_of_its_own() {
    let mut scene = Scene::new().await;
    let bundle = scene.lost("reset", &["010-1234-0001"]).await;
    scene.look_in_vain(1, 15).await;
    assert_eq!(scene.look_after(15).await, (0, 1, 0));
    scene.simulator.add_fault(json!({"kind": "reset"})).unwrap();
    scene.sending.post(&scene.deps.provider, bundle, scene.clock.now()).await;
    scene.sending.lose_answer(bundle).await;
    scene.look_in_vain(29, 1).await;
    assert_eq!(scene.look_after(1).await, (0, 1, 0));
    assert_eq!(scene.sending.bundle(bundle).await.attempt, 4);
    assert_eq!(scene.deps.publisher.take::<BundlePrepared>().len(), 2);
    scene.test.finish().await;
}
