//! Who refused messages since the campaign was prepared.

use shared::db::suppressions::{self, Cause};
use shared::model::PhoneNumber;
use shared::model::state::{BundleState, CampaignState, MessageState, SuppressionReason};
use shared::testing::sending::Sending;

use crate::scene::{Scene, ambient, announced};

async fn suppress(scene: &Scene, sending: &Sending, phone: &str) {
    let phone: PhoneNumber = phone.parse().unwrap();
    let ambient = ambient(scene.clock.clone());
    let cause = Cause::of(SuppressionReason::Asked);
    let mut connection = scene.test.pool.acquire().await.unwrap();
    suppressions::insert_all(&mut connection, &ambient, sending.campaign.clinic, &[&phone], &cause).await.unwrap();
}

#[tokio::test]
async fn who_refused_before_the_claim_is_left_out() {
    let (scene, sending, bundle) = Scene::with_bundle().await;
    // What another clinic's customer wishes does not concern this one.
    let other = scene.campaign(2).await;
    suppress(&scene, &other, "010-1234-0002").await;
    suppress(&scene, &sending, "010-1234-0001").await;
    let worker = scene.worker().await;
    assert!(scene.wake(&worker).await);
    let excluded = (MessageState::Excluded, Some("suppressed".to_owned()));
    assert_eq!(sending.messages().await, [excluded, (MessageState::Sent, None)]);
    assert_eq!((sending.counts().await, scene.calls()), ((1, 0, 0), vec![1]));
    assert_eq!(sending.bundle(bundle).await.taken, Some(1));
    assert_eq!(announced(&worker), [bundle]);
    scene.test.finish().await;
}

#[tokio::test]
async fn who_has_withdrawn_before_the_claim_is_left_out() {
    let (scene, sending, bundle) = Scene::with_bundle().await;
    let withdrawn = "INSERT INTO withdrawn_customers (user_id, clinic_id, customer_id, phone)
         SELECT REPEAT(phones.user, 16), m.clinic_id, m.customer_id, phones.phone FROM messages m
         JOIN (SELECT 'a' AS user, '+821012340001' AS phone UNION ALL SELECT 'a', '+821099990001' UNION ALL SELECT 'b', '+821012340001') phones
         WHERE m.number = 1";
    // Under two phones, and once before as somebody else's: three lines are one message.
    scene.execute(withdrawn).await;
    // Another customer with the same phone, of another clinic or of before, is somebody else.
    scene
        .execute(
            "INSERT INTO withdrawn_customers (user_id, clinic_id, customer_id, phone)
             SELECT REPEAT('c', 16), clinic_id, REPEAT('c', 16), phone FROM messages",
        )
        .await;
    let worker = scene.worker().await;
    assert!(scene.wake(&worker).await);
    let excluded = (MessageState::Excluded, Some("withdrawn".to_owned()));
    assert_eq!(sending.messages().await, [excluded, (MessageState::Sent, None)]);
    assert_eq!((sending.counts().await, scene.calls(), announced(&worker)), ((1, 0, 0), vec![1], vec![bundle]));
    scene.test.finish().await;
}

#[tokio::test]
async fn a_bundle_of_which_nobody_is_left_is_over_and_the_next_one_goes() {
    let (scene, mut sending, bundle) = Scene::with_bundle().await;
    let next = sending.add_bundle(&["010-1234-0003"]).await;
    suppress(&scene, &sending, "010-1234-0001").await;
    suppress(&scene, &sending, "010-1234-0002").await;
    let worker = scene.worker().await;
    assert!(scene.wake(&worker).await);
    assert_eq!(sending.bundle(bundle).await.state, BundleState::Rejected);
    assert_eq!(sending.states().await, [MessageState::Excluded, MessageState::Excluded, MessageState::Sent]);
    assert_eq!((scene.simulator.sends(), sending.counts().await), (1, (1, 0, 0)));
    assert_eq!((sending.state().await.0, announced(&worker)), (CampaignState::Finished, vec![next]));
    scene.test.finish().await;
}

#[tokio::test]
async fn whoever_is_frozen_excludes_nobody_from_the_attempt_of_another() {
    let (scene, sending, bundle) = Scene::with_bundle().await;
    let claimed = scene.claimed().await;
    scene.execute("UPDATE bundles SET attempt = attempt + 1").await;
    suppress(&scene, &sending, "010-1234-0001").await;
    let mut connection = scene.test.pool.acquire().await.unwrap();
    let now = claimed.called_at;
    let excluded = shared::db::messages::exclude_refusers(&mut connection, claimed.attempt, false, now).await.unwrap();
    assert_eq!((excluded, sending.states().await), (0, vec![MessageState::Queued; 2]));
    let attempt = sending.bundle(bundle).await.attempt_in_hand();
    assert_eq!(shared::db::messages::exclude_refusers(&mut connection, attempt, false, now).await.unwrap(), 1);
    drop(connection);
    scene.test.finish().await;
}

#[tokio::test]
async fn whoever_takes_back_the_consent_before_the_claim_gets_no_advertising() {
    let (scene, sending, bundle) = Scene::with_bundle().await;
    scene.execute("UPDATE campaigns SET kind = 'advertising'").await;
    scene.agree_to_advertising().await;
    scene.execute("UPDATE customers SET advertising_consent_at = NULL WHERE phone = '+821012340002'").await;
    let worker = scene.worker().await;
    assert!(scene.wake(&worker).await);
    let excluded = (MessageState::Excluded, Some("no_consent".to_owned()));
    assert_eq!(sending.messages().await, [(MessageState::Sent, None), excluded]);
    assert_eq!((scene.calls(), announced(&worker)), (vec![1], vec![bundle]));
    scene.test.finish().await;
}
