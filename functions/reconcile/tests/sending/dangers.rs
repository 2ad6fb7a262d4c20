//! Ways in which a history that is incomplete, late or shifted could make us send twice. Each bundle here was taken by the provider
//! unless it says otherwise, and nobody may get it again.

use aligo_simulator::state::Call;
use chrono::TimeDelta;
use serde_json::json;
use shared::clock::Clock;
use shared::message::{BundleAccepted, BundlePrepared};
use shared::model::BundleId;
use shared::model::state::{BundleState, CampaignState};

use crate::scene::Scene;

const PERSON: &str = "010-1234-0001";
/// The provider never shows a message to this number.
const NEVER_SHOWN: &str = "010-1200-9941";

impl Scene {
    /// Sends the bundle once more if reconcile says so; answers how often somebody was sent to by then.
    async fn send_if_prepared(&self, bundle: BundleId) -> u64 {
        if self.sending.bundle(bundle).await.state == BundleState::Prepared {
            self.sending.post(&self.deps.provider, bundle, self.clock.now()).await;
        }
        self.most_per_person()
    }

    /// Makes believe that a first look had been made, 15 minutes after the call and 15 minutes ago.
    async fn pretend_first_look(&self, bundle: BundleId) {
        let now = self.clock.now();
        let (called_at, seen_at) = (now - TimeDelta::minutes(30), now - TimeDelta::minutes(15));
        let pretend = sqlx::query("UPDATE bundles SET called_at = ?, absent_since = ? WHERE id = ?");
        pretend.bind(called_at).bind(seen_at).bind(bundle).execute(&self.test.pool).await.unwrap();
    }

    /// Shifts all times in the provider's history.
    fn shift_clock(&self, minutes: i64) {
        self.change_calls(|calls| calls.iter_mut().for_each(|call| call.registered_at += TimeDelta::minutes(minutes)));
    }
}

#[tokio::test]
async fn a_call_that_the_history_lists_late_is_found_by_the_second_look() {
    let mut scene = Scene::new().await;
    let bundle = scene.lost("acceptThenReset", &[PERSON]).await;
    let hidden = scene.hide();
    scene.look_in_vain(2, 14).await;
    assert!(scene.absent_since(bundle).await.is_some());
    scene.show(hidden);
    assert_eq!(scene.look_after(2).await, (1, 0, 0));
    assert_eq!(scene.absent_since(bundle).await, None);
    assert_eq!(scene.send_if_prepared(bundle).await, 1);
    assert_eq!(scene.deps.publisher.take::<BundleAccepted>().len(), 1);
    scene.test.finish().await;
}

#[tokio::test]
async fn without_the_second_look_a_call_that_is_listed_late_is_sent_twice() {
    let mut scene = Scene::new().await;
    let bundle = scene.lost("acceptThenReset", &[PERSON]).await;
    let hidden = scene.hide();
    scene.clock.advance(TimeDelta::minutes(15));
    scene.pretend_first_look(bundle).await;
    assert_eq!(scene.look_after(0).await, (0, 1, 0));
    scene.show(hidden);
    assert_eq!(scene.send_if_prepared(bundle).await, 2);
    assert_eq!(scene.deps.publisher.take::<BundlePrepared>().len(), 1);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_call_whose_messages_appear_late_or_never_is_no_proof() {
    let mut scene = Scene::new().await;
    let bundle = scene.lost("acceptThenReset", &[NEVER_SHOWN]).await;
    scene.look_in_vain(4, 16).await;
    assert_eq!((scene.absent_since(bundle).await, scene.send_if_prepared(bundle).await), (None, 1));
    scene.test.finish().await;
}

#[tokio::test]
async fn a_proof_that_leaves_incomplete_calls_out_sends_twice() {
    let mut scene = Scene::new().await;
    let bundle = scene.lost("acceptThenReset", &[NEVER_SHOWN]).await;
    let incomplete = scene.hide();
    scene.look_in_vain(1, 16).await;
    assert_eq!(scene.look_after(16).await, (0, 1, 0));
    scene.show(incomplete);
    assert_eq!(scene.send_if_prepared(bundle).await, 2);
    assert_eq!(scene.deps.publisher.take::<BundlePrepared>().len(), 1);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_call_that_shows_its_messages_without_their_buttons_is_no_proof() {
    let mut scene = Scene::new().await;
    let bundle = scene.lost("acceptThenReset", &[PERSON]).await;
    scene.change_calls(|calls| calls[0].messages[0].button_json = None);
    scene.look_in_vain(4, 16).await;
    assert_eq!((scene.absent_since(bundle).await, scene.send_if_prepared(bundle).await), (None, 1));
    scene.test.finish().await;
}

#[tokio::test]
async fn a_history_that_cannot_be_read_makes_the_first_look_forgotten() {
    let mut scene = Scene::new().await;
    // This one was not taken.
    let bundle = scene.lost("reset", &[PERSON]).await;
    scene.look_in_vain(1, 15).await;
    assert!(scene.absent_since(bundle).await.is_some());
    scene.simulator.add_fault(json!({"kind": "serverError", "path": "/akv10/history/list/"})).unwrap();
    scene.clock.advance(TimeDelta::minutes(14));
    assert!(reconcile::handle(&scene.deps).await.is_err());
    assert_eq!(scene.absent_since(bundle).await, None);
    // From the beginning.
    scene.look_in_vain(2, 14).await;
    assert_eq!(scene.look_after(1).await, (0, 1, 0));
    assert_eq!(scene.deps.publisher.take::<BundlePrepared>().len(), 1);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_call_that_cannot_be_read_makes_the_first_look_forgotten() {
    let mut scene = Scene::new().await;
    scene.others_call(PERSON).await;
    let bundle = scene.lost("reset", &[PERSON]).await;
    scene.look_in_vain(1, 15).await;
    assert!(scene.absent_since(bundle).await.is_some());
    scene.simulator.add_fault(json!({"kind": "serverError", "path": "/akv10/history/detail/"})).unwrap();
    scene.look_in_vain(1, 15).await;
    assert_eq!(scene.absent_since(bundle).await, None);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_call_of_another_system_with_foreign_tokens_does_not_stand_in_the_way() {
    let mut scene = Scene::new().await;
    scene.others_call(PERSON).await;
    let bundle = scene.lost("reset", &[PERSON]).await;
    scene.others_call("010-1234-0002").await;
    scene.look_in_vain(1, 15).await;
    assert_eq!(scene.look_after(15).await, (0, 1, 0));
    assert_eq!(scene.send_if_prepared(bundle).await, 1);
    assert_eq!(scene.deps.publisher.take::<BundlePrepared>().len(), 1);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_call_that_another_bundle_is_bound_to_needs_no_look() {
    let mut scene = Scene::new().await;
    // Its messages are never shown: unbound, it would be a doubt.
    scene.accepted(&[NEVER_SHOWN]).await;
    scene.lost("reset", &[PERSON]).await;
    scene.look_in_vain(1, 15).await;
    assert_eq!(scene.look_after(15).await, (0, 1, 0));
    assert_eq!(scene.deps.publisher.take::<BundlePrepared>().len(), 1);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_history_in_which_a_call_is_missing_that_we_know_proves_nothing() {
    let mut scene = Scene::new().await;
    scene.accepted(&["010-1234-0002"]).await;
    let hidden: Call = scene.hide();
    let bundle = scene.lost("acceptThenReset", &[PERSON]).await;
    let ours = scene.hide();
    scene.look_in_vain(4, 16).await;
    assert_eq!(scene.absent_since(bundle).await, None);
    // Another account's, for example, or one that fills up late.
    scene.show(hidden);
    scene.show(ours);
    assert_eq!(scene.look_after(1).await, (1, 0, 0));
    assert_eq!(scene.deps.publisher.take::<BundleAccepted>().len(), 1);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_clock_of_the_provider_that_is_wrong_by_minutes_hides_no_call() {
    for minutes in [-9, 9] {
        let mut scene = Scene::new().await;
        scene.accepted(&["010-1234-0002"]).await;
        let bundle = scene.lost("acceptThenReset", &[NEVER_SHOWN]).await;
        scene.shift_clock(minutes);
        scene.look_in_vain(4, 16).await;
        assert_eq!((scene.absent_since(bundle).await, scene.send_if_prepared(bundle).await), (None, 1), "{minutes}");
        scene.test.finish().await;
    }
}

#[tokio::test]
async fn a_clock_that_is_wrong_by_more_proves_nothing_whether_calls_that_we_know_tell_it_or_not() {
    for is_told in [true, false] {
        let mut scene = Scene::new().await;
        if is_told {
            scene.accepted(&["010-1234-0002"]).await;
        }
        let bundle = scene.lost("acceptThenReset", &[NEVER_SHOWN]).await;
        scene.shift_clock(-45);
        scene.look_in_vain(4, 16).await;
        assert_eq!((scene.absent_since(bundle).await, scene.send_if_prepared(bundle).await), (None, 1), "{is_told}");
        scene.test.finish().await;
    }
}

#[tokio::test]
async fn a_template_without_a_link_is_never_proven_absent() {
    let mut scene = Scene::new().await;
    // Not taken, but who could tell.
    let bundle = scene.lost("reset", &[PERSON]).await;
    sqlx::query("UPDATE campaigns SET buttons = '[]'").execute(&scene.test.pool).await.unwrap();
    scene.look_in_vain(6, 20).await;
    assert_eq!(scene.sending.bundle(bundle).await.state, BundleState::Unknown);
    scene.test.finish().await;
}

#[tokio::test]
async fn an_accepted_answer_that_reaches_a_frozen_worker_counts_before_the_proof_and_not_after_it() {
    let mut scene = Scene::new().await;
    let (early, late) = (scene.lost("reset", &[PERSON]).await, scene.lost("reset", &["010-1234-0002"]).await);
    assert_eq!(scene.look_after(15).await, (0, 0, 2));
    assert!(scene.answer_late(early, 1).await);
    let stored = scene.sending.bundle(early).await;
    assert_eq!((stored.state, stored.absent_since), (BundleState::Accepted, None));
    assert!(!scene.answer_late(early, 1).await);
    // The other one is proven absent, but for the call that this database knows of now and the history does not show.
    assert_eq!(scene.look_after(15).await, (0, 0, 1));
    sqlx::query("DELETE FROM bundles WHERE id = ?").bind(early).execute(&scene.test.pool).await.unwrap();
    scene.look_in_vain(1, 1).await;
    assert_eq!(scene.look_after(15).await, (0, 1, 0));
    assert!(!scene.answer_late(late, 1).await);
    assert_eq!(scene.sending.bundle(late).await.state, BundleState::Prepared);
    // Nor does it count for the next attempt.
    scene.simulator.add_fault(json!({"kind": "reset"})).unwrap();
    scene.sending.post(&scene.deps.provider, late, scene.clock.now()).await;
    assert!(!scene.answer_late(late, 1).await && !scene.answer_late(late, 2).await);
    assert!(scene.answer_late(late, 3).await);
    assert_eq!(scene.deps.publisher.take::<BundlePrepared>().len(), 1);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_bundle_that_was_taken_while_its_campaign_was_called_off_is_bound_and_not_excluded() {
    let mut scene = Scene::new().await;
    let bundle = scene.lost("acceptThenReset", &[PERSON]).await;
    scene.sending.set_state(CampaignState::Canceled).await;
    assert_eq!(scene.look_after(20).await, (1, 0, 0));
    assert_eq!(scene.sending.bundle(bundle).await.state, BundleState::Accepted);
    assert_eq!(scene.deps.publisher.take::<BundleAccepted>().len(), 1);
    scene.test.finish().await;
}
