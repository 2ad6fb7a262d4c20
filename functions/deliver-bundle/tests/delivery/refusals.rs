//! What the provider says no to: once more later, not before the account is filled, not before we are let in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::TimeDelta;
use serde_json::json;
use shared::clock::Clock;
use shared::model::state::{BundleState, CampaignKind, CampaignState, MessageState};
use shared::provider::SendOutcome;

use crate::scene::{Acting, Answer, Scene, announced};

#[tokio::test]
async fn refusals_are_repeated_ever_later_and_the_sixth_is_final() {
    let (scene, sending, bundle) = Scene::with_bundle().await;
    scene
        .simulator
        .add_fault(json!({"kind": "refuse", "code": -99, "message": "발신프로필이 존재하지 않습니다.", "times": 0}))
        .unwrap();
    let worker = scene.worker().await;
    for (refused, seconds) in [(1, 20), (2, 40), (3, 80), (4, 160), (5, 320)] {
        assert!(scene.wake(&worker).await);
        let stored = sending.bundle(bundle).await;
        assert_eq!((stored.state, stored.refusals, stored.attempt), (BundleState::Prepared, refused, refused));
        assert_eq!(scene.simulator.sends(), u64::from(refused));
        scene.clock.advance(TimeDelta::seconds(seconds) - TimeDelta::microseconds(1));
        assert!(scene.wake(&worker).await);
        assert_eq!(scene.simulator.sends(), u64::from(refused), "too early");
        scene.clock.advance(TimeDelta::microseconds(1));
    }
    assert_eq!(sending.states().await, [MessageState::Queued; 2]);
    assert!(scene.wake(&worker).await);
    let failed: Vec<(String, String, String, String)> =
        sqlx::query_as("SELECT state, reason, result_code, result_message FROM messages")
            .fetch_all(&scene.test.pool)
            .await
            .unwrap();
    let expected = ("failed", "rejected_by_provider", "-99", "발신프로필이 존재하지 않습니다.");
    assert_eq!(failed.len(), 2);
    assert!(failed.iter().all(|(state, reason, code, words)| (&**state, &**reason, &**code, &**words) == expected));
    assert_eq!(sending.bundle(bundle).await.state, BundleState::Rejected);
    assert_eq!((sending.state().await, sending.counts().await), ((CampaignState::Finished, None), (0, 0, 2)));
    assert_eq!((scene.gate().await.is_troubled(), scene.simulator.sends()), (false, 6));
    scene.test.finish().await;
}

#[tokio::test]
async fn what_was_refused_is_sent_later() {
    let (scene, sending, bundle) = Scene::with_bundle().await;
    scene.simulator.add_fault(json!({"kind": "refuse"})).unwrap();
    let worker = scene.worker().await;
    assert!(scene.wake(&worker).await);
    assert_eq!((sending.bundle(bundle).await.state, sending.state().await.0), (BundleState::Prepared, CampaignState::Sending));
    scene.clock.advance(TimeDelta::seconds(20));
    assert!(scene.wake(&worker).await);
    assert_eq!(sending.states().await, [MessageState::Sent; 2]);
    assert_eq!(announced(&worker), [bundle]);
    scene.test.finish().await;
}

#[tokio::test]
async fn an_empty_account_pauses_the_campaign_and_nothing_else() {
    let scene = Scene::new().await;
    let (mut poor, mut rich) = (scene.campaign(1).await, scene.campaign(2).await);
    let (first, second) = (poor.add_bundle(&["010-1234-0001"]).await, poor.add_bundle(&["010-1234-0002"]).await);
    let others = [rich.add_bundle(&["010-1234-0003"]).await, rich.add_bundle(&["010-1234-0004"]).await];
    let fault = json!({"kind": "refuse", "message": "포인트가 부족합니다.", "receiver": "010-1234-0001"});
    scene.simulator.add_fault(fault).unwrap();
    let worker = scene.worker().await;
    assert!(scene.wake(&worker).await);
    let paused = poor.reload().await;
    assert_eq!((paused.state, paused.failure.as_deref()), (CampaignState::Paused, Some("out_of_money")));
    assert_eq!((paused.resumed_from, paused.finished_at), (Some(CampaignState::Sending), None));
    for (bundle, attempt) in [(first, 1), (second, 0)] {
        let stored = poor.bundle(bundle).await;
        assert_eq!((stored.state, stored.attempt, stored.refusals), (BundleState::Prepared, attempt, 0));
    }
    assert_eq!(poor.states().await, [MessageState::Queued; 2]);
    assert_eq!((rich.state().await.0, announced(&worker)), (CampaignState::Finished, others.to_vec()));
    assert!(!scene.gate().await.is_troubled());
    // Charged and resumed, it goes on at once.
    poor.set_state(CampaignState::Sending).await;
    assert!(scene.wake(&worker).await);
    assert_eq!((poor.state().await.0, announced(&worker)), (CampaignState::Finished, vec![first, second]));
    scene.test.finish().await;
}

#[tokio::test]
async fn who_is_not_let_in_closes_the_gate_for_five_minutes() {
    for (code, message) in [(-101, "인증오류입니다."), (-99, "인증되지 않는 서버 IP로 부터의 호출 입니다.")]
    {
        let scene = Scene::new().await;
        let mut sending = scene.campaign(1).await;
        let bundles = sending.add_bundles(3, 1).await;
        scene.simulator.add_fault(json!({"kind": "refuse", "code": code, "message": message, "times": 2})).unwrap();
        let worker = scene.worker().await;
        for attempt in 1..=2 {
            assert!(scene.wake(&worker).await);
            let gate = scene.gate().await;
            let until = scene.clock.now() + TimeDelta::minutes(5);
            assert_eq!((gate.closed_until, gate.reason.as_deref()), (Some(until), Some("access_refused")));
            // One was tried, and is as it was; while the gate is closed no attempt is spent.
            assert!(scene.wake(&worker).await);
            let stored = sending.bundle(bundles[0]).await;
            assert_eq!((stored.state, stored.attempt, stored.refusals), (BundleState::Prepared, attempt, 0));
            assert_eq!(scene.simulator.sends(), u64::from(attempt));
            scene.clock.advance(TimeDelta::minutes(5));
        }
        assert!(scene.wake(&worker).await);
        assert_eq!((announced(&worker), scene.gate().await.is_troubled()), (bundles, false));
        assert_eq!(sending.state().await, (CampaignState::Finished, None));
        scene.test.finish().await;
    }
}

#[tokio::test]
async fn who_alone_is_not_let_in_closes_the_gate_once_and_is_refused_like_anybody_else() {
    let scene = Scene::new().await;
    let (mut odd, mut others) = (scene.campaign(1).await, scene.campaign(2).await);
    let mut bundles = Vec::new();
    for phone in ["010-1234-0001", "010-1234-0002"] {
        bundles.push(odd.add_bundle(&[phone]).await);
        let fault = json!({"kind": "refuse", "code": -101, "message": "인증오류입니다.", "times": 0, "receiver": phone});
        scene.simulator.add_fault(fault).unwrap();
    }
    let worker = scene.worker().await;
    assert!(scene.wake(&worker).await);
    assert_eq!(scene.gate().await.reason.as_deref(), Some("access_refused"));
    scene.clock.advance(TimeDelta::minutes(5));
    let mut next = others.add_bundles(1, 1).await;
    assert!(scene.wake(&worker).await);
    assert_eq!(announced(&worker), next);
    // The second one has never been called before, but its campaign has.
    for bundle in &bundles {
        scene.clock.advance(TimeDelta::milliseconds(1));
        assert!(scene.wake(&worker).await);
        let stored = odd.bundle(*bundle).await;
        assert_eq!((stored.state, stored.refusals), (BundleState::Prepared, 1));
        assert!(!scene.gate().await.is_troubled());
    }
    for _ in 0..5 {
        scene.clock.advance(TimeDelta::minutes(10));
        others.set_state(CampaignState::Sending).await;
        next = others.add_bundles(1, 1).await;
        assert!(scene.wake(&worker).await);
        assert_eq!((announced(&worker), scene.gate().await.is_troubled()), (next, false));
    }
    assert_eq!(odd.states().await, [MessageState::Failed; 2]);
    scene.test.finish().await;
}

#[tokio::test]
async fn who_was_let_in_again_is_believed_when_nobody_is() {
    let scene = Scene::new().await;
    let mut sending = scene.campaign(1).await;
    sending.add_bundles(1, 1).await;
    let worker = scene.worker().await;
    for _ in 0..3 {
        scene.simulator.add_fault(json!({"kind": "refuse", "code": -101, "message": "인증오류입니다."})).unwrap();
        assert!(scene.wake(&worker).await);
        assert_eq!(scene.gate().await.reason.as_deref(), Some("access_refused"));
        scene.clock.advance(TimeDelta::minutes(5));
        assert!(scene.wake(&worker).await);
        assert_eq!((announced(&worker).len(), scene.gate().await.is_troubled()), (1, false));
        sending.set_state(CampaignState::Sending).await;
        sending.add_bundles(1, 1).await;
    }
    scene.test.finish().await;
}

#[tokio::test]
async fn a_refusal_for_money_from_before_the_account_was_charged_pauses_nothing() {
    let (scene, sending, bundle) = Scene::with_bundle().await;
    let (clock, pool, calls) = (scene.clock.clone(), scene.test.pool.clone(), Arc::new(AtomicU32::new(0)));
    let counted = Arc::clone(&calls);
    let penniless = Acting(move || -> Answer {
        clock.advance(TimeDelta::seconds(1));
        let is_first = counted.fetch_add(1, Ordering::SeqCst) == 0;
        let (now, pool) = (clock.now(), pool.clone());
        Box::pin(async move {
            if is_first {
                sqlx::query("UPDATE campaigns SET resumed_at = ?").bind(now).execute(&pool).await.unwrap();
            }
            SendOutcome::Rejected { code: -99, message: "포인트가 부족합니다.".to_owned() }
        })
    });
    let worker = scene.worker_with(penniless).await;
    assert!(scene.wake(&worker).await);
    // The first refusal was old, the second is not.
    assert_eq!(calls.load(Ordering::SeqCst), 2);
    assert_eq!(sending.state().await, (CampaignState::Paused, Some("out_of_money".to_owned())));
    assert_eq!(sending.bundle(bundle).await.state, BundleState::Prepared);
    drop(worker);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_test_for_which_there_is_no_money_fails() {
    let scene = Scene::new().await;
    let mut sending = scene.campaign_of(CampaignKind::Test, 1).await;
    let bundle = sending.add_bundle(&["010-1234-0001"]).await;
    scene.simulator.add_fault(json!({"kind": "refuse", "message": "포인트가 부족합니다."})).unwrap();
    let worker = scene.worker().await;
    assert!(scene.wake(&worker).await);
    assert_eq!(sending.state().await, (CampaignState::Failed, Some("out_of_money".to_owned())));
    assert_eq!(sending.messages().await, [(MessageState::Excluded, Some("campaign_stopped".to_owned()))]);
    assert_eq!((sending.bundle(bundle).await.state, scene.simulator.sends()), (BundleState::Rejected, 1));
    scene.test.finish().await;
}
