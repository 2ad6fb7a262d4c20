//! What was never taken is proven absent and sent once more, and what becomes of its campaign.

use chrono::TimeDelta;
use reconcile::Summary;
use serde_json::json;
use shared::clock::Clock;
use shared::db::bundles::watch;
use shared::message::BundlePrepared;
use shared::model::BundleId;
use shared::model::state::{BundleState, CampaignKind, CampaignState, MessageState};
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

impl Scene {
    /// Proven absent by now, and left where it is, with what is known about it.
    async fn waits(&self, bundle: BundleId) {
        let stored = self.sending.bundle(bundle).await;
        assert_eq!((stored.state, stored.attempt, stored.absent_since.is_some()), (BundleState::Unknown, 1, true));
        assert_eq!(self.sending.messages().await, [(MessageState::Unknown, Some("no_answer".to_owned()))]);
        assert!(self.deps.publisher.take::<BundlePrepared>().is_empty());
    }

    async fn is_put_back(&self, bundle: BundleId) {
        let stored = self.sending.bundle(bundle).await;
        assert_eq!((stored.state, stored.attempt), (BundleState::Prepared, 2));
        assert_eq!(self.deps.publisher.take::<BundlePrepared>().len(), 1);
    }
}

#[tokio::test]
async fn advertising_that_is_absent_waits_for_the_morning_and_is_found_if_it_appears_by_then() {
    for appears in [false, true] {
        let mut scene = Scene::of(CampaignKind::Advertising).await;
        // It is 10:00, then 20:40.
        scene.clock.advance(TimeDelta::minutes(10 * 60 + 40));
        let bundle = scene.lost("acceptThenReset", &["010-1234-0001"]).await;
        let hidden = scene.hide();
        scene.look_in_vain(1, 15).await;
        scene.look_in_vain(2, 30).await;
        scene.waits(bundle).await;
        if appears {
            scene.show(hidden);
            assert_eq!(scene.look_after(1).await, (1, 0, 0));
            assert_eq!(scene.deps.publisher.take::<shared::message::BundleAccepted>().len(), 1);
            assert_eq!(scene.most_per_person(), 1);
        } else {
            // 07:59, 08:00.
            scene.look_in_vain(1, 9 * 60 + 64).await;
            scene.waits(bundle).await;
            assert_eq!(scene.look_after(1).await, (0, 1, 0));
            scene.is_put_back(bundle).await;
        }
        scene.test.finish().await;
    }
}

#[tokio::test]
async fn what_is_absent_in_the_quiet_hours_of_its_clinic_waits_for_their_end() {
    let mut scene = Scene::new().await;
    let bundle = scene.lost("acceptThenReset", &["010-1234-0001"]).await;
    scene.hide();
    // It is 10:00; from 10:40 to 12:00.
    sqlx::query("UPDATE clinics SET quiet_from = 640, quiet_to = 720").execute(&scene.test.pool).await.unwrap();
    scene.look_in_vain(1, 45).await;
    scene.look_in_vain(1, 74).await;
    scene.waits(bundle).await;
    assert_eq!(scene.look_after(1).await, (0, 1, 0));
    scene.is_put_back(bundle).await;
    scene.test.finish().await;
}

#[tokio::test]
async fn what_is_absent_while_the_gate_is_closed_waits_until_it_opens() {
    let mut scene = Scene::new().await;
    let bundle = scene.lost("reset", &["010-1234-0001"]).await;
    scene.look_in_vain(1, 15).await;
    let until = scene.clock.now() + TimeDelta::minutes(20);
    let close = sqlx::query("UPDATE provider_gate SET closed_until = ?, failures = 5, reason = 'down'").bind(until);
    close.execute(&scene.test.pool).await.unwrap();
    scene.look_in_vain(1, 19).await;
    scene.waits(bundle).await;
    assert_eq!(scene.look_after(1).await, (0, 1, 0));
    scene.is_put_back(bundle).await;
    scene.test.finish().await;
}

#[tokio::test]
async fn what_is_absent_while_its_campaign_is_paused_waits_for_it_longer_than_others_are_looked_for() {
    let mut scene = Scene::new().await;
    let bundle = scene.lost("reset", &["010-1234-0001"]).await;
    scene.look_in_vain(1, 15).await;
    scene.sending.set_state(CampaignState::Paused).await;
    scene.look_in_vain(1, 15).await;
    scene.look_in_vain(1, 4 * 24 * 60).await;
    scene.waits(bundle).await;
    // A doubt does not make it forgotten for good.
    scene.simulator.add_fault(json!({"kind": "serverError", "path": "/akv10/history/list/"})).unwrap();
    scene.clock.advance(TimeDelta::minutes(1));
    assert!(reconcile::handle(&scene.deps).await.is_err());
    assert_eq!(scene.absent_since(bundle).await, None);
    sqlx::query("UPDATE campaigns SET state = 'sending', resumed_at = ?")
        .bind(scene.clock.now())
        .execute(&scene.test.pool)
        .await
        .unwrap();
    scene.look_in_vain(1, 1).await;
    assert_eq!(scene.look_after(15).await, (0, 1, 0));
    scene.is_put_back(bundle).await;
    scene.test.finish().await;
}

#[tokio::test]
async fn those_that_wait_do_not_keep_others_from_being_looked_for() {
    let mut scene = Scene::new().await;
    for person in 1..=25 {
        scene.lost("reset", &[&format!("010-1234-{person:04}")]).await;
    }
    sqlx::query("UPDATE bundles SET absent_since = ?")
        .bind(scene.clock.now() + TimeDelta::minutes(15))
        .execute(&scene.test.pool)
        .await
        .unwrap();
    scene.sending.set_state(CampaignState::Paused).await;
    let mut other = scene.other().await;
    let bundle = other.add_bundle(&["010-1234-0099"]).await;
    scene.simulator.add_fault(json!({"kind": "reset"})).unwrap();
    other.post(&scene.deps.provider, bundle, scene.clock.now()).await;
    other.lose_answer(bundle).await;
    sqlx::query("UPDATE bundles SET absent_since = ? WHERE id = ?")
        .bind(scene.clock.now() + TimeDelta::minutes(15))
        .bind(bundle)
        .execute(&scene.test.pool)
        .await
        .unwrap();
    assert_eq!(scene.look_after(30).await, (0, 1, 19));
    assert_eq!(other.bundle(bundle).await.state, BundleState::Prepared);
    assert_eq!(scene.deps.publisher.take::<BundlePrepared>().len(), 1);
    scene.test.finish().await;
}

#[tokio::test]
async fn an_old_bundle_about_which_nothing_can_be_known_does_not_stand_in_the_way_of_others() {
    // At its time a call that we know is missing from the history, another has a wrong time, and the history is long.
    let mut scene = Scene::new().await;
    let hopeless = scene.lost("reset", &["010-1234-0001"]).await;
    scene.accepted(&["010-1234-0002"]).await;
    scene.hide();
    scene.accepted(&["010-1234-0003"]).await;
    scene.change_calls(|calls| calls.iter_mut().for_each(|call| call.registered_at -= TimeDelta::minutes(40)));
    scene.clock.advance(TimeDelta::days(2));
    scene.accepted(&["010-1234-0004"]).await;
    let bundle = scene.lost("reset", &["010-1234-0005"]).await;
    assert_eq!(scene.look_after(15).await, (0, 0, 2));
    assert_eq!(scene.look_after(15).await, (0, 1, 1));
    assert_eq!(scene.sending.bundle(bundle).await.state, BundleState::Prepared);
    assert_eq!(scene.sending.bundle(hopeless).await.state, BundleState::Unknown);
    assert_eq!(scene.absent_since(hopeless).await, None);
    assert_eq!(scene.deps.publisher.take::<BundlePrepared>().len(), 1);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_history_of_days_that_cannot_be_read_does_not_stand_in_the_way_of_fresh_bundles() {
    let mut scene = Scene::new().await;
    let old = scene.lost("reset", &["010-1234-0001"]).await;
    scene.clock.advance(TimeDelta::days(2));
    let bundle = scene.lost("reset", &["010-1234-0002"]).await;
    for minutes in [15, 15] {
        // The second question for a list is the one that reaches back for days.
        scene.simulator.add_fault(json!({"kind": "serverError", "path": "/akv10/history/list/", "skip": 1})).unwrap();
        scene.clock.advance(TimeDelta::minutes(minutes));
        assert!(reconcile::handle(&scene.deps).await.is_err());
        assert_eq!(scene.absent_since(old).await, None);
    }
    assert_eq!(scene.sending.bundle(bundle).await.state, BundleState::Prepared);
    assert_eq!(scene.deps.publisher.take::<BundlePrepared>().len(), 1);
    scene.test.finish().await;
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
