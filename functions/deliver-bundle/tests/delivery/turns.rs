//! Whose turn it is.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use shared::clock::Clock;
use shared::db::bundles::claim::Claim;
use shared::model::BundleId;
use shared::model::state::{BundleState, CampaignKind, CampaignState};
use shared::testing::sending::Sending;

use crate::scene::{Scene, announced, worker_on};

#[tokio::test]
async fn a_clinic_with_a_hundred_bundles_does_not_hold_up_one_with_one() {
    let scene = Scene::new().await;
    let (mut large, mut small) = (scene.campaign(1).await, scene.campaign(2).await);
    large.add_bundles(100, 1).await;
    for _ in 0..3 {
        assert_eq!(scene.claimed().await.campaign.id, large.campaign.id);
        scene.clock.advance(TimeDelta::milliseconds(1));
    }
    for _ in 0..5 {
        small.add_bundles(1, 1).await;
        let mut turns = Vec::new();
        for _ in 0..2 {
            turns.push(scene.claimed().await.campaign.id);
            scene.clock.advance(TimeDelta::milliseconds(1));
        }
        assert!(turns.contains(&small.campaign.id) && turns.contains(&large.campaign.id));
    }
    scene.test.finish().await;
}

#[tokio::test]
async fn three_clinics_are_served_in_turn_to_the_end() {
    let scene = Scene::new().await;
    let mut clinics = [scene.campaign(1).await, scene.campaign(2).await, scene.campaign(3).await];
    // So many people in a bundle as the number of the clinic, so that the provider's calls show whose they are.
    for (people, (bundles, sending)) in (1..).zip([4, 3, 2].into_iter().zip(&mut clinics)) {
        sending.add_bundles(bundles, people).await;
    }
    let clock = scene.clock.clone();
    let worker = worker_on(scene.test.another().await, crate::scene::Jumping(clock, TimeDelta::milliseconds(1)), scene.aligo());
    assert!(scene.wake(&worker).await);
    let mut rounds = scene.calls();
    assert_eq!(rounds.len(), 9);
    for (count, expected) in [(3, vec![1, 2, 3]), (3, vec![1, 2, 3]), (2, vec![1, 2]), (1, vec![1])] {
        let mut round: Vec<_> = rounds.drain(..count).collect();
        round.sort_unstable();
        assert_eq!(round, expected);
    }
    assert_eq!(announced(&worker).len(), 9);
    scene.test.finish().await;
}

#[tokio::test]
async fn bundles_go_in_order_and_those_put_back_wait() {
    let scene = Scene::new().await;
    let mut sending = scene.campaign(1).await;
    let bundles = sending.add_bundles(3, 1).await;
    let put_back = sqlx::query("UPDATE bundles SET not_before = ? WHERE id = ?")
        .bind(scene.clock.now() + TimeDelta::seconds(1))
        .bind(bundles[0]);
    put_back.execute(&scene.test.pool).await.unwrap();
    assert_eq!(scene.claimed().await.attempt.bundle, bundles[1]);
    scene.clock.advance(TimeDelta::seconds(1));
    assert_eq!(scene.claimed().await.attempt.bundle, bundles[0]);
    assert_eq!(scene.claimed().await.attempt.bundle, bundles[2]);
    assert!(matches!(scene.claim().await, Claim::Nothing));
    scene.test.finish().await;
}

#[tokio::test]
async fn the_others_wait_for_the_canary() {
    let scene = Scene::new().await;
    let mut sending = scene.campaign(1).await;
    sending.hold_back().await;
    let bundles = sending.add_bundles(3, 2).await;
    let worker = scene.worker().await;
    assert!(scene.wake(&worker).await);
    assert_eq!(announced(&worker), bundles[..1]);
    assert_eq!((scene.count(BundleState::Prepared).await, sending.state().await.0), (2, CampaignState::Sending));
    scene.clock.advance(TimeDelta::hours(1));
    assert!(scene.wake(&worker).await);
    assert_eq!(scene.simulator.sends(), 1);
    scene.execute("UPDATE campaigns SET released_at = created_at").await;
    assert!(scene.wake(&worker).await);
    assert_eq!((announced(&worker), sending.state().await.0), (bundles[1..].to_vec(), CampaignState::Finished));
    scene.test.finish().await;
}

#[tokio::test]
async fn whoever_wakes_a_worker_for_one_campaign_may_see_it_serve_another() {
    let scene = Scene::new().await;
    let (mut named, mut other) = (scene.campaign(1).await, scene.campaign(2).await);
    named.hold_back().await;
    named.add_bundles(1, 1).await;
    let claimed = scene.claimed().await.attempt.bundle;
    let waiting: BundleId = named.add_bundles(1, 1).await[0];
    let served = other.add_bundles(1, 1).await;
    let worker = scene.worker().await;
    let woken = deliver_bundle::handle(&worker, shared::testing::sending::event(&named.prepared(waiting))).await.unwrap();
    assert!(woken.batch_item_failures.is_empty());
    assert_eq!(announced(&worker), served);
    assert_eq!(
        (named.bundle(waiting).await.state, named.bundle(claimed).await.state),
        (BundleState::Prepared, BundleState::Calling)
    );
    scene.test.finish().await;
}

/// Moves the clock to that time in Korea on the scene's day, or the next one.
fn set(scene: &Scene, day: &str, time: &str) {
    let moment: DateTime<Utc> = format!("{day}T{time}+09:00").parse().unwrap();
    scene.clock.advance(moment - scene.clock.now());
}

async fn advertising(scene: &Scene) -> (Sending, Vec<BundleId>) {
    let mut sending = scene.campaign_of(CampaignKind::Advertising, 1).await;
    let bundles = sending.add_bundles(4, 1).await;
    scene.agree_to_advertising().await;
    (sending, bundles)
}

#[tokio::test]
async fn advertising_is_not_claimed_in_the_quiet_hours_and_information_is() {
    let scene = Scene::new().await;
    let (advertising, bundles) = advertising(&scene).await;
    set(&scene, "2026-03-02", "20:58:59");
    assert_eq!(scene.claimed().await.attempt.bundle, bundles[0]);
    for (day, time) in [("2026-03-02", "20:59:00"), ("2026-03-03", "00:00:00"), ("2026-03-03", "07:59:59")] {
        set(&scene, day, time);
        assert!(matches!(scene.claim().await, Claim::Nothing), "{time}");
        let mut information = scene.campaign(time.bytes().map(u64::from).sum()).await;
        information.add_bundles(1, 1).await;
        assert_eq!(scene.claimed().await.campaign.id, information.campaign.id, "{time}");
    }
    set(&scene, "2026-03-03", "08:00:00");
    let claimed = scene.claimed().await;
    assert_eq!((claimed.attempt.bundle, claimed.campaign.id), (bundles[1], advertising.campaign.id));
    scene.test.finish().await;
}

/// The clinic sends nothing from 12:00 to 13:30.
async fn lunch(scene: &Scene, campaign: &Sending) {
    let hours = "UPDATE clinics SET quiet_from = 720, quiet_to = 810 WHERE id = ?";
    sqlx::query(hours).bind(campaign.campaign.clinic).execute(&scene.test.pool).await.unwrap();
}

#[tokio::test]
async fn nothing_but_tests_is_claimed_in_the_hours_in_which_its_clinic_is_quiet() {
    let scene = Scene::new().await;
    let mut quiet = scene.campaign(1).await;
    let bundles = quiet.add_bundles(3, 1).await;
    lunch(&scene, &quiet).await;
    set(&scene, "2026-03-02", "11:59:59");
    assert_eq!(scene.claimed().await.attempt.bundle, bundles[0]);
    for time in ["12:00:00", "13:29:59"] {
        set(&scene, "2026-03-02", time);
        assert!(matches!(scene.claim().await, Claim::Nothing), "{time}");
    }
    let mut other = scene.campaign(2).await;
    other.add_bundles(1, 1).await;
    assert_eq!(scene.claimed().await.campaign.id, other.campaign.id, "another clinic");
    sqlx::query("UPDATE campaigns SET kind = 'test' WHERE id = ?")
        .bind(quiet.campaign.id)
        .execute(&scene.test.pool)
        .await
        .unwrap();
    assert_eq!(scene.claimed().await.attempt.bundle, bundles[1]);
    sqlx::query("UPDATE campaigns SET kind = 'information' WHERE id = ?")
        .bind(quiet.campaign.id)
        .execute(&scene.test.pool)
        .await
        .unwrap();
    set(&scene, "2026-03-02", "13:30:00");
    assert_eq!(scene.claimed().await.attempt.bundle, bundles[2]);
    scene.test.finish().await;
}

#[tokio::test]
async fn whenever_the_quiet_hours_begin_nothing_is_handed_over_in_them() {
    let mut by_then = BTreeSet::new();
    for look in 1..=12 {
        let scene = Scene::new().await;
        let mut sending = scene.campaign(1).await;
        sending.add_bundles(4, 1).await;
        lunch(&scene, &sending).await;
        set(&scene, "2026-03-02", "11:59:55");
        let worker = scene.worker_that_is_frozen_at(look, TimeDelta::seconds(6)).await;
        assert!(scene.wake(&worker).await);
        let noon: DateTime<Utc> = "2026-03-02T12:00:00+09:00".parse().unwrap();
        let calls = scene.simulator.app.read(|world, _| world.calls.iter().map(|call| call.registered_at).collect::<Vec<_>>());
        assert!(calls.iter().all(|at| *at < noon), "{look}: {calls:?}");
        assert_eq!(scene.count(BundleState::Calling).await, 0, "{look}");
        assert_eq!(announced(&worker).len(), calls.len());
        by_then.insert((calls.len(), attempts(&scene).await));
        set(&scene, "2026-03-02", "13:30:00");
        let next = scene.worker().await;
        assert!(scene.wake(&next).await);
        assert_eq!((announced(&next).len() + calls.len(), sending.state().await.0), (4, CampaignState::Finished), "{look}");
        scene.test.finish().await;
    }
    assert!(by_then.contains(&(0, 0)) && by_then.contains(&(0, 1)) && by_then.contains(&(1, 1)), "{by_then:?}");
}

#[tokio::test]
async fn a_campaign_whose_link_has_ended_is_paused_instead_of_going_on() {
    let scene = Scene::new().await;
    let mut sending = scene.campaign_of(CampaignKind::Information, 1).await;
    let bundles = sending.add_bundles(3, 1).await;
    set(&scene, "2026-03-02", "12:00:00");
    sqlx::query("UPDATE campaigns SET link_expires_at = '2026-03-02 03:00:01'").execute(&scene.test.pool).await.unwrap();
    assert_eq!(scene.claimed().await.attempt.bundle, bundles[0]);
    set(&scene, "2026-03-02", "12:00:01");
    assert!(!matches!(scene.claim().await, Claim::Taken(_)));
    assert!(matches!(scene.claim().await, Claim::Nothing));
    assert_eq!(sending.state().await, (CampaignState::Paused, Some("link_ended".to_owned())));
    scene.test.finish().await;
}

#[tokio::test]
async fn whenever_the_evening_comes_no_advertising_is_handed_over_after_it() {
    let mut by_then = BTreeSet::new();
    for look in 1..=12 {
        let scene = Scene::new().await;
        let (sending, _) = advertising(&scene).await;
        set(&scene, "2026-03-02", "20:58:55");
        let worker = scene.worker_that_is_frozen_at(look, TimeDelta::seconds(6)).await;
        assert!(scene.wake(&worker).await);
        let evening: DateTime<Utc> = "2026-03-02T20:59:00+09:00".parse().unwrap();
        let calls = scene.simulator.app.read(|world, _| world.calls.iter().map(|call| call.registered_at).collect::<Vec<_>>());
        assert!(calls.iter().all(|at| *at < evening), "{look}: {calls:?}");
        // What was claimed too late was put back, and goes in the morning.
        assert_eq!(scene.count(BundleState::Calling).await, 0, "{look}");
        assert_eq!(announced(&worker).len(), calls.len());
        by_then.insert((calls.len(), attempts(&scene).await));
        set(&scene, "2026-03-03", "08:00:00");
        let next = scene.worker().await;
        assert!(scene.wake(&next).await);
        assert_eq!((announced(&next).len() + calls.len(), sending.state().await.0), (4, CampaignState::Finished), "{look}");
        scene.test.finish().await;
    }
    assert!(by_then.contains(&(0, 0)) && by_then.contains(&(0, 1)) && by_then.contains(&(1, 1)), "{by_then:?}");
}

async fn attempts(scene: &Scene) -> u32 {
    let attempts = sqlx::query_scalar("SELECT CAST(SUM(attempt) AS UNSIGNED) FROM bundles").fetch_one(&scene.test.pool);
    attempts.await.unwrap()
}
