//! Unknown bundles are looked for in the provider's history and bound to their calls; results that are due are asked for.

use std::sync::atomic::Ordering;

use chrono::TimeDelta;
use reconcile::{Summary, handle};
use serde_json::json;
use shared::clock::Clock;
use shared::message::{BundleAccepted, BundlePrepared};
use shared::model::state::{BundleState, CampaignKind, CampaignState, MessageState};

use crate::scene::Scene;

#[tokio::test]
async fn a_bundle_that_was_accepted_and_reset_is_found_by_its_tokens_and_never_posted_again() {
    let mut scene = Scene::new().await;
    let bundle = scene.lost("acceptThenReset", &["010-1234-0001", "010-1234-0002"]).await;
    let called_at = scene.clock.now();
    assert_eq!(scene.look_after(1).await, (1, 0, 0));
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
async fn what_is_not_certain_for_three_days_stays_unknown_and_is_never_posted_again() {
    let mut scene = Scene::new().await;
    // Somebody else's calls are in the history too.
    scene.others_call("010-1234-0001").await;
    // One that was not taken, and one that was but never shows its messages: it could be the first.
    let bundles = [scene.lost("reset", &["010-1234-0001"]).await, scene.lost("acceptThenReset", &["010-1200-9941"]).await];
    for minutes in [1, 20, 600] {
        assert_eq!(scene.look_after(minutes).await, (0, 0, 2));
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
    assert_eq!(scene.look_after(1).await, (1, 0, 1));
    assert_eq!(scene.look_after(1).await, (1, 0, 0));
    assert_eq!(scene.deps.publisher.take::<BundleAccepted>().len(), 2);
    scene.test.finish().await;
}

#[tokio::test]
async fn without_a_link_a_bundle_is_found_by_phone_and_text() {
    let mut scene = Scene::new().await;
    let bundle = scene.lost("acceptThenBrokenJson", &["010-1234-0001"]).await;
    scene.without_links().await;
    assert_eq!(scene.look_after(1).await, (1, 0, 0));
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
    assert_eq!(scene.look_after(1).await, (0, 0, 1));
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
    assert_eq!(scene.look_after(1).await, (0, 0, 1));
    other.lose_answer(rival).await;
    assert_eq!(scene.look_after(1).await, (0, 0, 2));
    scene.test.finish().await;
}

#[tokio::test]
async fn without_a_link_a_call_at_another_time_is_not_chosen() {
    let mut scene = Scene::new().await;
    scene.lost("reset", &["010-1234-0001"]).await;
    scene.clock.advance(TimeDelta::minutes(11));
    scene.others_call("010-1234-0001").await;
    scene.without_links().await;
    assert_eq!(scene.look_after(1).await, (0, 0, 1));
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
    // What stays unknown does not keep the campaign open.
    let settled = Summary { lapsed: 2, finished: 1, found: 1, unknown: 1, ..Summary::default() };
    assert_eq!(scene.run_after(2).await, settled);
    assert_eq!(scene.sending.states().await, [MessageState::Sent, MessageState::Unknown]);
    assert_eq!(scene.sending.state().await.0, CampaignState::Finished);
    assert_eq!(scene.run_after(5).await, Summary { due: 1, unknown: 1, ..Summary::default() });
    assert_eq!(scene.simulator.sends(), 2);
    assert_eq!(scene.deps.publisher.take::<BundleAccepted>().len(), 1);
    assert!(scene.deps.publisher.take::<BundlePrepared>().is_empty());
    scene.test.finish().await;
}

#[tokio::test]
async fn a_test_is_found_like_any_other_and_counted_in_its_campaign_alone() {
    let mut scene = Scene::of(CampaignKind::Test).await;
    scene.lost("acceptThenReset", &["010-1234-0001"]).await;
    assert_eq!(scene.look_after(1).await, (1, 0, 0));
    assert_eq!((scene.sending.states().await, scene.sending.counts().await), (vec![MessageState::Sent], (1, 0, 0)));
    assert_eq!(scene.deps.publisher.take::<BundleAccepted>().len(), 1);
    scene.test.finish().await;
}

#[tokio::test]
async fn what_the_history_says_about_the_number_of_messages_is_kept() {
    let mut scene = Scene::new().await;
    let bundle = scene.lost("acceptThenReset", &["010-1234-0001", "010-1234-0002"]).await;
    assert_eq!(scene.look_after(1).await, (1, 0, 0));
    assert_eq!(scene.sending.bundle(bundle).await.taken, Some(2));
    assert_eq!(scene.deps.publisher.take::<BundleAccepted>().len(), 1);
    scene.test.finish().await;
}

#[tokio::test]
async fn due_results_are_asked_for_once_and_again_when_the_question_got_lost() {
    let mut scene = Scene::new().await;
    let bundle = scene.sending.add_bundle(&["010-1234-0001"]).await;
    scene.sending.accepted(&scene.deps.provider, bundle, &scene.clock).await;
    assert_eq!(scene.run_after(0).await, Summary { due: 1, finished: 1, ..Summary::default() });
    assert_eq!(scene.run_after(1).await, Summary::default());
    assert_eq!(*scene.deps.results.taken.lock().unwrap(), [scene.sending.due_after(bundle, 0)]);
    scene.clock.advance(TimeDelta::minutes(10));
    scene.deps.results.closed.store(true, Ordering::Relaxed);
    assert!(handle(&scene.deps).await.is_err());
    scene.deps.results.closed.store(false, Ordering::Relaxed);
    assert_eq!(scene.run_after(10).await, Summary { due: 1, ..Summary::default() });
    assert_eq!(scene.deps.results.taken.lock().unwrap().len(), 2);
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
    assert_eq!(*scene.deps.results.taken.lock().unwrap(), [scene.sending.due_after(accepted, 0)]);
    assert_eq!(scene.sending.states().await, [MessageState::Unknown, MessageState::Sent]);
    scene.test.finish().await;
}
