//! Campaigns by the clock.

use chrono::{DateTime, TimeDelta, Utc};
use reconcile::Summary;
use shared::clock::Clock;
use shared::db::clinics;
use shared::message::CampaignRequested;
use shared::model::quiet::Hours;
use shared::model::state::{CampaignKind, CampaignState};

use crate::scene::Scene;

/// A moment in March 2026 in Korea. The clock of the tests begins at 10:00 on the 2nd.
fn korea(text: &str) -> DateTime<Utc> {
    format!("2026-03-{text}:00+09:00").parse().unwrap()
}

impl Scene {
    /// The campaign is to begin at that moment.
    async fn schedule(&self, at: DateTime<Utc>) {
        let schedule = sqlx::query("UPDATE campaigns SET state = 'scheduled', scheduled_at = ?, stale_after_minutes = 60");
        schedule.bind(at).execute(&self.test.pool).await.unwrap();
    }

    async fn run_at(&self, moment: DateTime<Utc>) -> Summary {
        self.run_after((moment - self.clock.now()).num_minutes()).await
    }

    /// The owner gives the clinic other quiet hours, as the settings do.
    async fn keep_quiet(&self, from: &str, to: &str) {
        let hours = Hours { from: from.parse().unwrap(), to: to.parse().unwrap() };
        let clinic = self.sending.campaign.clinic;
        let mut tx = self.test.pool.begin().await.unwrap();
        clinics::lock(&mut tx, clinic).await.unwrap();
        clinics::set_quiet_hours(&mut tx, clinic, Some(hours), self.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
    }

    fn requested(&self) -> CampaignRequested {
        CampaignRequested::V1 { clinic_id: self.sending.campaign.clinic, campaign_id: self.sending.campaign.id }
    }
}

#[tokio::test]
async fn a_scheduled_campaign_begins_at_its_time_once() {
    let scene = Scene::new().await;
    scene.schedule(korea("02T10:30")).await;
    assert_eq!(scene.run_at(korea("02T10:29")).await, Summary::default());
    assert_eq!(scene.run_after(1).await, Summary { begun: 1, ..Summary::default() });
    assert_eq!(scene.sending.state().await, (CampaignState::Requested, None));
    assert_eq!(scene.sending.reload().await.resumed_at, Some(scene.clock.now()), "it is late only from now on");
    assert_eq!(scene.run_after(1).await, Summary::default());
    assert_eq!(scene.deps.publisher.take::<CampaignRequested>(), [scene.requested()]);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_campaign_that_is_too_late_asks_instead_of_firing() {
    for (minutes, begun) in [(60, 1), (61, 0)] {
        let scene = Scene::new().await;
        scene.schedule(korea("02T10:30")).await;
        let summary = scene.run_after(30 + minutes).await;
        assert_eq!(summary, Summary { begun, stale: 1 - begun, ..Summary::default() });
        let campaign = scene.sending.reload().await;
        if begun == 1 {
            assert_eq!(campaign.state, CampaignState::Requested);
        } else {
            let expected = (CampaignState::Paused, Some("stale"), Some(CampaignState::Scheduled));
            assert_eq!((campaign.state, campaign.failure.as_deref(), campaign.resumed_from), expected);
        }
        assert_eq!(scene.run_after(1).await, Summary::default());
        assert_eq!(scene.deps.publisher.take::<CampaignRequested>().len(), begun);
        scene.test.finish().await;
    }
}

#[tokio::test]
async fn advertising_that_is_due_at_night_begins_in_the_morning_and_is_late_only_after_that() {
    for (runs, begun) in [(["02T20:59", "03T07:59", "03T08:00"], 1), (["02T23:00", "03T07:59", "03T09:01"], 0)] {
        let scene = Scene::of(CampaignKind::Advertising).await;
        scene.schedule(korea("02T20:59")).await;
        let [evening, dawn, day] = runs.map(korea);
        for moment in [evening, dawn] {
            assert_eq!(scene.run_at(moment).await, Summary::default());
            assert_eq!(scene.sending.state().await.0, CampaignState::Scheduled);
        }
        assert_eq!(scene.run_at(day).await, Summary { begun, stale: 1 - begun, ..Summary::default() });
        assert_eq!(scene.deps.publisher.take::<CampaignRequested>().len(), begun);
        scene.test.finish().await;
    }
}

#[tokio::test]
async fn advertising_that_was_due_before_the_night_begins_and_information_begins_at_any_time() {
    for (kind, due) in [(CampaignKind::Advertising, "02T20:58"), (CampaignKind::Information, "02T20:59")] {
        let scene = Scene::of(kind).await;
        scene.schedule(korea(due)).await;
        assert_eq!(scene.run_at(korea("02T21:00")).await, Summary { begun: 1, ..Summary::default() }, "{kind}");
        assert_eq!(scene.deps.publisher.take::<CampaignRequested>().len(), 1);
        scene.test.finish().await;
    }
}

#[tokio::test]
async fn what_is_due_in_the_quiet_hours_of_its_clinic_begins_when_they_end_and_is_late_only_after_that() {
    let runs = [
        // Due, when reconcile runs, whether it begins then.
        ("02T22:00", ["02T22:00", "03T08:59", "03T09:00"], [0, 0, 1]),
        ("03T00:30", ["03T00:30", "03T00:31", "03T10:00"], [0, 0, 1]),
        // It was due before they began, and nobody saw it in time.
        ("02T21:59", ["02T22:00", "03T09:00", "03T09:01"], [1, 0, 0]),
        ("03T09:00", ["03T08:59", "03T09:00", "03T09:01"], [0, 1, 0]),
    ];
    for (due, moments, begun) in runs {
        let scene = Scene::new().await;
        sqlx::query("UPDATE clinics SET quiet_from = 1320, quiet_to = 540").execute(&scene.test.pool).await.unwrap();
        scene.schedule(korea(due)).await;
        for (moment, begun) in moments.into_iter().zip(begun) {
            assert_eq!(scene.run_at(korea(moment)).await, Summary { begun, ..Summary::default() }, "{due} at {moment}");
        }
        assert_eq!(scene.deps.publisher.take::<CampaignRequested>().len(), 1);
        scene.test.finish().await;
    }
    let scene = Scene::new().await;
    sqlx::query("UPDATE clinics SET quiet_from = 1320, quiet_to = 540").execute(&scene.test.pool).await.unwrap();
    scene.schedule(korea("02T22:00")).await;
    assert_eq!(scene.run_at(korea("03T10:01")).await, Summary { stale: 1, ..Summary::default() });
    scene.test.finish().await;
}

#[tokio::test]
async fn what_other_quiet_hours_held_back_is_late_only_since_they_were_changed() {
    // The hours end at noon until they are changed at 11:30; the new ones would have ended at 09:00, and then at 08:00.
    for (again, late, begun) in [(false, "03T12:30", 1), (false, "03T12:31", 0), (true, "03T12:31", 1), (true, "03T12:33", 0)] {
        let scene = Scene::new().await;
        scene.keep_quiet("21:00", "12:00").await;
        scene.schedule(korea("02T23:00")).await;
        assert_eq!(scene.run_at(korea("03T11:30")).await, Summary::default());
        if again {
            // These hold it back for two minutes more, and are changed within those.
            scene.keep_quiet("21:00", "11:32").await;
            scene.clock.advance(TimeDelta::minutes(1));
        }
        scene.keep_quiet("21:00", "09:00").await;
        scene.clock.advance(TimeDelta::minutes(1));
        scene.keep_quiet("21:00", "08:00").await;
        let summary = scene.run_at(korea(late)).await;
        assert_eq!(summary, Summary { begun, stale: 1 - begun, ..Summary::default() }, "{again} {late}");
        assert_eq!(scene.deps.publisher.take::<CampaignRequested>().len(), begun);
        scene.test.finish().await;
    }
}

#[tokio::test]
async fn what_no_quiet_hours_held_back_stays_late_when_they_are_changed() {
    let scene = Scene::new().await;
    scene.schedule(korea("02T10:30")).await;
    scene.clock.advance(korea("02T12:00") - scene.clock.now());
    scene.keep_quiet("21:00", "09:00").await;
    assert_eq!(scene.run_at(korea("02T12:01")).await, Summary { stale: 1, ..Summary::default() });
    scene.test.finish().await;
}

#[tokio::test]
async fn a_campaign_whose_preparation_does_not_end_is_requested_again_each_quarter_of_an_hour() {
    for state in [CampaignState::Requested, CampaignState::Preparing] {
        let scene = Scene::new().await;
        scene.sending.set_state(state).await;
        for (minutes, requested) in [(0, 0), (14, 0), (1, 1), (1, 0), (13, 0), (1, 1)] {
            assert_eq!(scene.run_after(minutes).await, Summary { requested, ..Summary::default() }, "{state}");
        }
        assert_eq!(scene.deps.publisher.take::<CampaignRequested>(), [scene.requested(), scene.requested()]);
        scene.test.finish().await;
    }
}

#[tokio::test]
async fn a_campaign_without_an_open_bundle_is_finished_and_no_other() {
    let mut scene = Scene::new().await;
    scene.accepted(&["010-1234-0001"]).await;
    let open = scene.sending.add_bundle(&["010-1234-0002"]).await;
    sqlx::query("UPDATE bundles SET not_before = ? WHERE id = ?")
        .bind(scene.clock.now() + TimeDelta::hours(1))
        .bind(open)
        .execute(&scene.test.pool)
        .await
        .unwrap();
    assert_eq!(scene.run_after(1).await, Summary::default());
    sqlx::query("UPDATE bundles SET state = 'rejected' WHERE id = ?").bind(open).execute(&scene.test.pool).await.unwrap();
    assert_eq!(scene.run_after(1).await, Summary { finished: 1, ..Summary::default() });
    let campaign = scene.sending.reload().await;
    assert_eq!((campaign.state, campaign.finished_at), (CampaignState::Finished, Some(scene.clock.now())));
    assert_eq!(scene.run_after(1).await, Summary::default());
    scene.test.finish().await;
}
