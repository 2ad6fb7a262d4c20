//! Workers are woken for bundles that wait.

use chrono::TimeDelta;
use reconcile::Summary;
use shared::clock::Clock;
use shared::message::BundlePrepared;
use shared::model::state::{CampaignKind, CampaignState};
use shared::testing::PublishMode;

use crate::scene::Scene;

#[tokio::test]
async fn whoever_waits_is_announced_each_minute() {
    let mut scene = Scene::new().await;
    let bundles = scene.sending.add_bundles(2, 1).await;
    for _ in 0..2 {
        assert_eq!(scene.run_after(1).await, Summary { woken: 2, ..Summary::default() });
        let mut published = scene.deps.publisher.take::<BundlePrepared>();
        published.sort_by_key(|fact| *fact != scene.sending.prepared(bundles[0]));
        assert_eq!(published, [scene.sending.prepared(bundles[0]), scene.sending.prepared(bundles[1])]);
    }
    // A lost wake-up costs a minute and nothing else.
    scene.deps.publisher.set(PublishMode::Down);
    assert_eq!(scene.run_after(1).await, Summary::default());
    scene.test.finish().await;
}

#[tokio::test]
async fn nobody_is_woken_for_what_may_not_be_handed_over() {
    let hour = TimeDelta::hours(1);
    for hindrance in [
        "UPDATE provider_gate SET closed_until = ?, failures = 5, reason = 'down'",
        "UPDATE bundles SET not_before = ?",
        "UPDATE campaigns SET state = 'paused', started_at = ?",
        "UPDATE campaigns SET state = 'failed', finished_at = ?",
    ] {
        let mut scene = Scene::new().await;
        scene.sending.add_bundle(&["010-1234-0001"]).await;
        let later = scene.clock.now() + hour;
        sqlx::query(hindrance).bind(later).execute(&scene.test.pool).await.unwrap();
        assert_eq!(scene.run_after(59).await, Summary::default(), "{hindrance}");
        if !hindrance.contains("state") {
            assert_eq!(scene.run_after(1).await.woken, 1, "{hindrance}");
            scene.deps.publisher.take::<BundlePrepared>();
        }
        scene.test.finish().await;
    }
}

#[tokio::test]
async fn at_night_nobody_is_woken_for_advertising() {
    let mut scene = Scene::of(CampaignKind::Advertising).await;
    scene.sending.add_bundle(&["010-1234-0001"]).await;
    // It is 10:00: one minute before 20:59, at 20:59, one minute before 08:00, at 08:00.
    for (minutes, woken) in [(10 * 60 + 58, 1), (1, 0), (11 * 60, 0), (1, 1)] {
        assert_eq!(scene.run_after(minutes).await.woken, woken);
    }
    assert_eq!(scene.deps.publisher.take::<BundlePrepared>().len(), 2);
    scene.test.finish().await;
}

#[tokio::test]
async fn in_the_quiet_hours_of_a_clinic_nobody_is_woken_for_it() {
    let mut scene = Scene::new().await;
    sqlx::query("UPDATE clinics SET quiet_from = 720, quiet_to = 810").execute(&scene.test.pool).await.unwrap();
    scene.sending.add_bundle(&["010-1234-0001"]).await;
    // It is 10:00: at 11:59, at 12:00, at 13:29, at 13:30.
    for (minutes, woken) in [(119, 1), (1, 0), (89, 0), (1, 1)] {
        assert_eq!(scene.run_after(minutes).await.woken, woken);
    }
    assert_eq!(scene.deps.publisher.take::<BundlePrepared>().len(), 2);
    scene.test.finish().await;
}

#[tokio::test]
async fn fifty_are_enough() {
    let mut scene = Scene::new().await;
    scene.sending.add_bundles(60, 1).await;
    assert_eq!(scene.run_after(1).await.woken, 50);
    assert_eq!(scene.deps.publisher.take::<BundlePrepared>().len(), 50);
    scene.sending.set_state(CampaignState::Canceled).await;
    scene.test.finish().await;
}
