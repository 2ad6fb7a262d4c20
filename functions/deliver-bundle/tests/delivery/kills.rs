//! Workers that are killed, and many at once.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;
use shared::db::campaigns::{Campaign, progress};
use shared::model::BundleId;
use shared::model::state::{BundleState, CampaignState, MessageState};
use shared::testing::sending::Sending;
use shared::testing::wire::Wire;

use crate::scene::{Scene, announced, wake_all, worker_on};

#[tokio::test]
async fn a_worker_that_is_cut_off_at_any_command_leaves_nothing_that_is_called_twice() {
    let seen = cut_off_everywhere(None).await;
    assert_eq!(seen, [BundleState::Prepared, BundleState::Calling, BundleState::Accepted].into());
}

#[tokio::test]
async fn the_same_when_the_provider_refuses_before_it_accepts() {
    let seen = cut_off_everywhere(Some("refuse")).await;
    assert_eq!(seen, [BundleState::Prepared, BundleState::Calling, BundleState::Accepted].into());
}

#[tokio::test]
async fn the_same_when_an_answer_is_lost() {
    let seen = cut_off_everywhere(Some("acceptThenReset")).await;
    assert!(seen.contains(&BundleState::Unknown), "{seen:?}");
}

/// Cuts a worker off behind its first command, its second one, and so on, and lets another one go on each time. Answers in which
/// states the first ones have left bundles.
async fn cut_off_everywhere(fault: Option<&str>) -> BTreeSet<BundleState> {
    let scene = Scene::new().await;
    let wire = Wire::new(&scene.test);
    let mut seen = BTreeSet::new();
    for commands in 1.. {
        let mut sending = scene.campaign(commands.into()).await;
        let bundles = sending.add_bundles(2, 2).await;
        // Whatever was lost before is not this one's fault.
        scene.execute("UPDATE provider_gate SET failures = 0, closed_until = NULL").await;
        scene.simulator.app.script(aligo_simulator::script::Script::clear_faults);
        if let Some(kind) = fault {
            scene.simulator.add_fault(json!({ "kind": kind })).unwrap();
        }
        let dying = worker_on(wire.cut_after(commands).await, scene.clock.clone(), scene.aligo());
        // Whoever lives on stores what came of a call until the end; one without power has no such time.
        let died = async {
            while !wire.is_cut() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        let succeeded = tokio::select! {
            succeeded = scene.wake(&dying) => succeeded,
            () = died => false,
        };
        announced(&dying);
        if !wire.is_cut() {
            assert!(succeeded && commands > 30, "{commands}");
            break;
        }
        for bundle in &bundles {
            seen.insert(sending.bundle(*bundle).await.state);
        }
        let next = scene.worker().await;
        for _ in 0..2 {
            scene.clock.advance(TimeDelta::seconds(30));
            assert!(scene.wake(&next).await);
        }
        announced(&next);
        check(&scene, &sending, &bundles).await;
    }
    scene.test.drop_database().await;
    seen
}

/// What is stored agrees with what the provider has, and nobody has it twice.
async fn check(scene: &Scene, sending: &Sending, bundles: &[BundleId]) {
    let taken = scene.simulator.accepted_per_token();
    let states = sending.states().await;
    for (bundle, messages) in bundles.iter().zip(states.chunks(2)) {
        let tokens = sending.tokens(*bundle).await;
        let often: Vec<_> = tokens.iter().map(|token| taken.get(token).copied().unwrap_or(0)).collect();
        let (expected, is_possible) = match sending.bundle(*bundle).await.state {
            BundleState::Accepted => (MessageState::Sent, often == [1; 2]),
            BundleState::Unknown => (MessageState::Unknown, often == [1; 2]),
            BundleState::Calling => (MessageState::Queued, often.iter().all(|count| *count <= 1)),
            other => panic!("{other}"),
        };
        assert!(is_possible && messages == [expected; 2], "{often:?} {messages:?}");
    }
    // Whoever died before finishing the campaign leaves that to reconcile.
    let Campaign { clinic, id, created_at, .. } = sending.campaign;
    let mut tx = scene.test.pool.begin().await.unwrap();
    progress::finish_if_done(&mut tx, clinic, id, created_at).await.unwrap();
    tx.commit().await.unwrap();
    let is_open = states.contains(&MessageState::Queued);
    assert_eq!(sending.state().await.0, if is_open { CampaignState::Sending } else { CampaignState::Finished });
}

#[tokio::test]
async fn ten_workers_at_once_call_each_of_forty_bundles_once() {
    let scene = Scene::new().await;
    let mut campaigns = [scene.campaign(1).await, scene.campaign(2).await];
    let mut bundles = campaigns[0].add_bundles(30, 3).await;
    bundles.extend(campaigns[1].add_bundles(10, 3).await);
    let mut workers = Vec::new();
    for _ in 0..10 {
        workers.push(scene.worker().await);
    }
    let told = wake_all(workers).await;
    assert_eq!((told.len(), told.into_iter().collect::<BTreeSet<_>>()), (40, bundles.into_iter().collect()));
    assert_eq!((scene.simulator.sends(), scene.calls()), (40, vec![3; 40]));
    let taken = scene.simulator.accepted_per_token();
    assert!(taken.len() == 120 && taken.values().all(|count| *count == 1));
    for sending in campaigns {
        assert_eq!(sending.state().await, (CampaignState::Finished, None));
        assert!(sending.states().await.iter().all(|state| *state == MessageState::Sent));
    }
    assert!(!scene.gate().await.is_troubled());
    scene.test.finish().await;
}
