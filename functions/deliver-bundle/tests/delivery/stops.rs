//! Campaigns that are stopped, and workers that are.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;
use deliver_bundle::handle_until;
use shared::clock::Clock;
use shared::db::bundles::claim::Claim;
use shared::db::campaigns::{self, progress, schedule};
use shared::model::result::Reason;
use shared::model::state::{BundleState, CampaignState, MessageState};
use shared::provider::SendOutcome;
use shared::testing::sending::{Sending, event};
use sqlx::{Connection, MySqlConnection};

use crate::scene::{Acting, Answer, Scene, announced, wake_up};

#[tokio::test]
async fn nothing_is_claimed_of_a_campaign_that_is_not_sending() {
    let scene = Scene::new().await;
    let mut sending = scene.campaign(1).await;
    sending.add_bundles(3, 1).await;
    scene.claimed().await;
    for state in CampaignState::ALL.iter().filter(|state| **state != CampaignState::Sending) {
        sending.set_state(*state).await;
        assert!(matches!(scene.claim().await, Claim::Nothing), "{state}");
    }
    sending.set_state(CampaignState::Sending).await;
    scene.claimed().await;
    scene.test.finish().await;
}

async fn end(connection: &mut MySqlConnection, sending: &Sending, state: CampaignState) -> u64 {
    let campaign = campaigns::lock(connection, sending.campaign.clinic, sending.campaign.id).await.unwrap().unwrap();
    progress::end(connection, &campaign, state, Reason::TemplateMismatch, campaign.created_at).await.unwrap()
}

#[tokio::test]
async fn what_ends_a_campaign_leaves_alone_what_was_handed_over() {
    for (state, reason) in [(CampaignState::Canceled, "canceled"), (CampaignState::Failed, "campaign_stopped")] {
        let scene = Scene::new().await;
        let (mut sending, mut other) = (scene.campaign(1).await, scene.campaign(2).await);
        let bundles = sending.add_bundles(5, 2).await;
        let others = other.add_bundles(1, 1).await;
        sending.accepted(&scene.aligo(), bundles[0], &scene.clock).await;
        sending.lose_answer(bundles[1]).await;
        sending.post(&scene.aligo(), bundles[2], scene.clock.now()).await;
        let mut tx = scene.test.pool.begin().await.unwrap();
        assert_eq!(end(&mut tx, &sending, state).await, 4);
        tx.commit().await.unwrap();
        let mut states = Vec::new();
        for bundle in bundles {
            states.push(sending.bundle(bundle).await.state);
        }
        let (rejected, calling) = (BundleState::Rejected, BundleState::Calling);
        assert_eq!(states, [BundleState::Accepted, BundleState::Unknown, calling, rejected, rejected]);
        let excluded = (MessageState::Excluded, Some(reason.to_owned()));
        assert_eq!(sending.messages().await[6..], vec![excluded; 4]);
        let handed_over = [MessageState::Sent, MessageState::Unknown, MessageState::Queued].map(|state| [state; 2]).concat();
        assert_eq!(sending.states().await[..6], handed_over);
        let campaign = sending.reload().await;
        assert_eq!((campaign.state, campaign.failure.as_deref()), (state, Some("template_mismatch")));
        assert_eq!((campaign.finished_at, campaign.resumed_from), (Some(campaign.created_at), None));
        assert_eq!(other.bundle(others[0]).await.state, BundleState::Prepared);
        assert_eq!(other.states().await, [MessageState::Queued]);
        scene.test.finish().await;
    }
}

#[tokio::test]
async fn a_cancellation_under_way_holds_up_no_other_clinic_and_comes_before_every_later_claim() {
    let scene = Scene::new().await;
    let (mut canceled, mut other) = (scene.campaign(1).await, scene.campaign(2).await);
    let bundles = canceled.add_bundles(2, 1).await;
    other.add_bundles(1, 1).await;
    let mut tx = scene.test.pool.begin().await.unwrap();
    end(&mut tx, &canceled, CampaignState::Canceled).await;
    // Not committed yet: its campaign is passed over, without waiting.
    assert_eq!(scene.claimed().await.campaign.id, other.campaign.id);
    assert!(matches!(scene.claim().await, Claim::Busy));
    tx.commit().await.unwrap();
    assert!(matches!(scene.claim().await, Claim::Nothing));
    assert_eq!(canceled.bundle(bundles[0]).await.state, BundleState::Rejected);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_worker_waits_for_a_cancellation_that_is_taken_back() {
    let (scene, sending, bundle) = Scene::with_bundle().await;
    let mut tx = scene.test.pool.begin().await.unwrap();
    end(&mut tx, &sending, CampaignState::Canceled).await;
    let worker = scene.worker().await;
    let taken_back = async {
        tokio::time::sleep(Duration::from_millis(60)).await;
        tx.rollback().await.unwrap();
    };
    assert!(tokio::join!(scene.wake(&worker), taken_back).0);
    assert_eq!(announced(&worker), [bundle]);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_cancellation_waits_for_a_claim_under_way_and_leaves_that_bundle_alone() {
    let scene = Scene::new().await;
    let mut sending = scene.campaign(1).await;
    let bundles = sending.add_bundles(2, 1).await;
    let mut claiming = scene.test.pool.begin().await.unwrap();
    let ambient = crate::scene::ambient(scene.clock.clone());
    let claim = shared::db::bundles::claim::claim(&mut claiming, &ambient, crate::scene::INTERVAL).await.unwrap();
    assert!(matches!(claim, Claim::Taken(claimed) if claimed.attempt.bundle == bundles[0]));
    let pool = scene.test.pool.clone();
    let (clinic, id) = (sending.campaign.clinic, sending.campaign.id);
    let canceling = tokio::spawn(async move {
        let mut tx = pool.begin().await.unwrap();
        let campaign = campaigns::lock(&mut tx, clinic, id).await.unwrap().unwrap();
        progress::end(&mut tx, &campaign, CampaignState::Canceled, Reason::Canceled, campaign.created_at).await.unwrap();
        tx.commit().await.unwrap();
    });
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert!(!canceling.is_finished());
    claiming.commit().await.unwrap();
    canceling.await.unwrap();
    assert_eq!(sending.states().await, [MessageState::Queued, MessageState::Excluded]);
    assert_eq!(sending.bundle(bundles[0]).await.state, BundleState::Calling);
    scene.test.finish().await;
}

#[tokio::test]
async fn what_is_under_way_when_its_campaign_is_canceled_goes_on_to_its_end_or_is_not_repeated() {
    let rejected = || (BundleState::Rejected, MessageState::Excluded);
    for (answer, expected) in [
        (
            SendOutcome::Accepted { provider_id: "1".to_owned(), accepted: 1, refused: 0 },
            (BundleState::Accepted, MessageState::Sent),
        ),
        (SendOutcome::Unknown { why: "reset".to_owned() }, (BundleState::Unknown, MessageState::Unknown)),
        (SendOutcome::NotSent { why: "no connection".to_owned() }, rejected()),
        (SendOutcome::Rejected { code: -99, message: "발신프로필이 존재하지 않습니다.".to_owned() }, rejected()),
        (SendOutcome::Rejected { code: -99, message: "포인트가 부족합니다.".to_owned() }, rejected()),
        (SendOutcome::Rejected { code: -101, message: "인증오류입니다.".to_owned() }, rejected()),
    ] {
        let scene = Scene::new().await;
        let mut sending = scene.campaign(1).await;
        let bundles = sending.add_bundles(2, 1).await;
        let (pool, late) = (scene.test.pool.clone(), answer.clone());
        let (clinic, id) = (sending.campaign.clinic, sending.campaign.id);
        let canceling = Acting(move || -> Answer {
            let (pool, late) = (pool.clone(), late.clone());
            Box::pin(async move {
                let mut connection = pool.acquire().await.unwrap();
                let mut tx = connection.begin().await.unwrap();
                let campaign = campaigns::lock(&mut tx, clinic, id).await.unwrap().unwrap();
                let now = campaign.created_at;
                progress::end(&mut tx, &campaign, CampaignState::Canceled, Reason::Canceled, now).await.unwrap();
                tx.commit().await.unwrap();
                late
            })
        });
        let worker = scene.worker_with(canceling).await;
        assert!(scene.wake(&worker).await);
        assert_eq!((sending.bundle(bundles[0]).await.state, sending.states().await[0]), expected, "{answer:?}");
        assert_eq!(sending.messages().await[1], (MessageState::Excluded, Some("canceled".to_owned())));
        assert_eq!(sending.state().await.0, CampaignState::Canceled);
        announced(&worker);
        scene.test.finish().await;
    }
}

#[tokio::test]
async fn a_worker_that_is_nearly_over_claims_nothing() {
    let (scene, sending, bundle) = Scene::with_bundle().await;
    let worker = scene.worker().await;
    let ends = scene.clock.now() + TimeDelta::seconds(30);
    handle_until(&worker, event(&wake_up()), ends).await.unwrap();
    let stored = sending.bundle(bundle).await;
    assert_eq!((stored.state, stored.attempt, scene.simulator.sends()), (BundleState::Prepared, 0, 0));
    handle_until(&worker, event(&wake_up()), ends + TimeDelta::microseconds(1)).await.unwrap();
    assert_eq!(announced(&worker), [bundle]);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_worker_that_is_frozen_at_any_moment_posts_nothing_that_is_old_or_that_it_cannot_finish() {
    for (seconds, patience) in [(61, 60), (39, 38)] {
        let mut by_then = BTreeSet::new();
        for look in 1..=10 {
            let (scene, sending, bundle) = Scene::with_bundle().await;
            let worker = scene.worker_that_is_frozen_at(look, TimeDelta::seconds(seconds)).await;
            let ends = scene.clock.now() + TimeDelta::seconds(60);
            handle_until(&worker, event(&wake_up()), ends).await.unwrap();
            let stored = sending.bundle(bundle).await;
            let calls =
                scene.simulator.app.read(|world, _| world.calls.iter().map(|call| call.registered_at).collect::<Vec<_>>());
            assert_eq!(calls.len(), usize::from(stored.state == BundleState::Accepted), "{look}");
            by_then.insert((calls.len(), stored.attempt));
            let called_at = stored.called_at.unwrap();
            assert!(calls.iter().all(|at| *at - called_at <= TimeDelta::seconds(patience)), "{look}: {calls:?}");
            assert!(matches!(stored.state, BundleState::Accepted | BundleState::Prepared), "{look}");
            let next = scene.worker().await;
            assert!(scene.wake(&next).await);
            assert_eq!((announced(&worker).len() + announced(&next).len(), scene.simulator.sends()), (1, 1));
            scene.test.finish().await;
        }
        // Not claimed, put back, and sent.
        assert_eq!(by_then, [(0, 0), (0, 1), (1, 1)].into(), "{seconds}");
    }
}

#[tokio::test]
async fn a_campaign_that_is_paused_when_all_of_it_is_handed_over_is_finished_unless_some_may_come_back() {
    let taken = || SendOutcome::Accepted { provider_id: "1".to_owned(), accepted: 1, refused: 0 };
    let unknown = || SendOutcome::Unknown { why: "reset".to_owned() };
    for (bundles, answer, expected) in
        [(1, taken(), CampaignState::Finished), (2, taken(), CampaignState::Paused), (1, unknown(), CampaignState::Paused)]
    {
        let scene = Scene::new().await;
        let mut sending = scene.campaign(1).await;
        sending.add_bundles(bundles, 1).await;
        let (pool, clinic, id) = (scene.test.pool.clone(), sending.campaign.clinic, sending.campaign.id);
        let pausing = Acting(move || -> Answer {
            let (pool, answer) = (pool.clone(), answer.clone());
            Box::pin(async move {
                let mut connection = pool.acquire().await.unwrap();
                assert!(progress::pause_for(&mut connection, clinic, id, Reason::ByStaff).await.unwrap());
                answer
            })
        });
        let worker = scene.worker_with(pausing).await;
        assert!(scene.wake(&worker).await);
        announced(&worker);
        let campaign = sending.reload().await;
        let is_paused = expected == CampaignState::Paused;
        assert_eq!(
            (campaign.state, campaign.resumed_from.is_some(), campaign.failure.is_some()),
            (expected, is_paused, is_paused)
        );
        // Whoever comes by each minute thinks the same.
        let mut connection = scene.test.pool.acquire().await.unwrap();
        assert_eq!(schedule::list_done(&mut connection, 10).await.unwrap(), []);
        if expected == CampaignState::Finished {
            sending.set_state(CampaignState::Sending).await;
            progress::pause_for(&mut connection, clinic, id, Reason::ByStaff).await.unwrap();
            assert_eq!(schedule::list_done(&mut connection, 10).await.unwrap().len(), 1);
        }
        drop(connection);
        scene.test.finish().await;
    }
}
