//! Links that end.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use shared::clock::Clock as _;
use shared::db::campaigns::{self, Campaign};
use shared::model::CampaignId;
use shared::model::approval::Described;
use shared::model::link::Destination;
use shared::model::state::CampaignState;

use crate::life::Life;
use crate::scene::{Clinic, Scene, button, described, problem};

/// The usual wish with the end of its link.
fn ending(clinic: &Clinic, template: &Value, at: DateTime<Utc>) -> Value {
    let mut wish = clinic.wish(template);
    wish["linkExpiresAt"] = json!(at.to_rfc3339());
    wish
}

/// The template says that it is advertising.
fn advertising() -> Described {
    let content = "(광고) #{고객명}님\r\n무료수신거부 080-000-0000".to_owned();
    Described { content, ..described() }
}

#[tokio::test]
async fn a_link_ends_when_it_was_asked_to_and_the_redirect_is_told() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let template = scene.template(&clinic, "APR").await;
    let end = scene.clock.now() + TimeDelta::days(3);
    let asked = clinic.ask("k1", ending(&clinic, &template, end)).await;
    let said = json!("2026-03-05T01:00:00Z");
    assert_eq!((asked.status, &asked.json["linkExpiresAt"]), (202, &said), "{asked:?}");
    let id: CampaignId = asked.json["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(clinic.staff.get(&format!("/v1/campaigns/{id}")).await.json["linkExpiresAt"], said);
    let never = clinic.ask("k2", clinic.wish(&template)).await;
    assert_eq!(never.json["linkExpiresAt"], json!(null));

    let mut connection = scene.test.pool.acquire().await.unwrap();
    let destination = campaigns::find_destination(&mut connection, id).await.unwrap().unwrap();
    let url = "https://www.example.com/spring".to_owned();
    assert_eq!(destination, Destination { clinic: clinic.id, url, expires_at: Some(end) });
    drop(connection);
    assert_eq!(scene.told(), 2);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_link_ends_after_the_beginning_and_within_two_years_of_it() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let template = scene.template(&clinic, "APR").await;
    let now = scene.clock.now();
    let later = now + TimeDelta::days(10);
    let moment = TimeDelta::microseconds(1);
    let scheduled = |end| {
        let mut wish = ending(&clinic, &template, end);
        wish["scheduledAt"] = json!(later.to_rfc3339());
        wish
    };
    let refused = (422, "invalid-input", "linkExpiresAt");
    for wish in [
        ending(&clinic, &template, now),
        ending(&clinic, &template, now + TimeDelta::days(730) + moment),
        scheduled(later),
        scheduled(later + TimeDelta::days(730) + moment),
    ] {
        assert_eq!(problem(&clinic.ask("k1", wish.clone()).await), refused, "{wish}");
    }
    for (key, wish) in [
        ("a", ending(&clinic, &template, now + moment)),
        ("b", ending(&clinic, &template, now + TimeDelta::days(730))),
        ("c", scheduled(later + moment)),
        ("d", scheduled(later + TimeDelta::days(730))),
    ] {
        assert_eq!(clinic.ask(key, wish.clone()).await.status, 202, "{wish}");
    }
    let mut wish = ending(&clinic, &template, later);
    wish["linkExpiresAt"] = json!("2026-03-12");
    assert_eq!(problem(&clinic.ask("k1", wish).await), refused);
    // There is nothing that could end.
    let plain = scene.described(&clinic, Described { buttons: vec![button("https://www.example.com/")], ..described() }).await;
    let mut wish = ending(&clinic, &plain, later);
    wish["destination"] = json!(null);
    assert_eq!(problem(&clinic.ask("k1", wish).await), refused);
    assert_eq!(scene.told(), 2);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_link_of_advertising_that_waits_for_the_morning_does_not_end_before_it() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let template = scene.described(&clinic, advertising()).await;
    let evening = "2026-03-02T21:30:00+09:00";
    let until = |end: &str| {
        let mut wish = clinic.wish(&template);
        wish["kind"] = json!("advertising");
        wish["scheduledAt"] = json!(evening);
        wish["linkExpiresAt"] = json!(end);
        wish
    };
    let refused = clinic.ask("k1", until("2026-03-03T08:00:00+09:00")).await;
    assert_eq!(problem(&refused), (422, "invalid-input", "linkExpiresAt"));
    assert_eq!(clinic.ask("k1", until("2026-03-03T08:01:00+09:00")).await.status, 202);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_link_that_ends_within_a_day_is_warned_of() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let template = scene.template(&clinic, "APR").await;
    let now = scene.clock.now();
    for (end, warned) in [(TimeDelta::hours(24), false), (TimeDelta::minutes(1439), true), (TimeDelta::minutes(1), true)] {
        let wish = ending(&clinic, &template, now + end);
        let answer = clinic.staff.post("/v1/campaigns/preflight", wish).await;
        let warnings = answer.json["warnings"].as_array().unwrap();
        let found = warnings.iter().find(|warning| warning["kind"] == "link_ends_soon");
        assert_eq!(found.is_some(), warned, "{end}: {answer:?}");
        if let Some(found) = found {
            let at: DateTime<Utc> = found["at"].as_str().unwrap().parse().unwrap();
            assert_eq!(at, now + end);
        }
    }
    let over = clinic.staff.post("/v1/campaigns/preflight", ending(&clinic, &template, now)).await;
    assert_eq!(problem(&over), (422, "invalid-input", "linkExpiresAt"));
    scene.test.finish().await;
}

#[tokio::test]
async fn the_link_of_a_test_may_end_too() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let template = scene.template(&clinic, "APR").await;
    let end = scene.clock.now() + TimeDelta::minutes(5);
    let wish = json!({
        "templateId": template, "destination": "https://www.example.com/spring", "phones": ["010-2222-0001"],
        "linkExpiresAt": end.to_rfc3339(),
    });
    let asked = clinic.staff.post_once("k1", "/v1/campaigns/test", wish).await;
    assert_eq!(scene.campaign(&clinic, &asked).await.link_expires_at, Some(end), "{asked:?}");
    assert_eq!(scene.told(), 1);
    scene.test.finish().await;
}

#[tokio::test]
async fn the_same_link_sent_again_ends_at_the_same_time_unless_that_is_nearer_than_a_day() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let template = scene.template(&clinic, "APR").await;
    scene.customer(&clinic, "김단골", "010-1111-0001", json!({})).await;
    let now = scene.clock.now();
    let end = now + TimeDelta::days(3);
    let asked = clinic.ask("sent", ending(&clinic, &template, end)).await;
    scene.prepare().await;
    let campaign = scene.campaign(&clinic, &asked).await;
    for update in ["UPDATE messages SET state = 'delivered'", "UPDATE campaigns SET state = 'finished'"] {
        sqlx::query(update).execute(&scene.test.pool).await.unwrap();
    }
    let later = now + TimeDelta::days(4);
    let other = "https://www.example.com/last";
    for (key, wish, expected) in [
        ("k1", json!({}), Some(end)),
        ("k2", json!({"linkExpiresAt": later.to_rfc3339()}), Some(later)),
        ("k3", json!({"scheduledAt": (end - TimeDelta::days(1)).to_rfc3339()}), Some(end)),
        ("k4", json!({"scheduledAt": (end - TimeDelta::days(1) + TimeDelta::microseconds(1)).to_rfc3339()}), None),
        ("k5", json!({"destination": other}), None),
        ("k6", json!({"destination": other, "linkExpiresAt": end.to_rfc3339()}), Some(end)),
    ] {
        let mut wish = wish;
        wish["part"] = json!("not_clicked");
        let again = clinic.staff.post_once(key, &format!("/v1/campaigns/{}/again", campaign.id), wish.clone()).await;
        assert_eq!(again.status, 202, "{again:?}");
        let follower = scene.campaign(&clinic, &again).await;
        assert_eq!(follower.link_expires_at, expected, "{wish}");
        let update = sqlx::query("UPDATE campaigns SET state = 'canceled' WHERE id = ?").bind(follower.id);
        update.execute(&scene.test.pool).await.unwrap();
    }
    scene.told();
    scene.test.finish().await;
}

#[tokio::test]
async fn a_campaign_whose_link_has_ended_is_not_resumed() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let end = Some(scene.clock.now() + TimeDelta::hours(1));
    let paused = |campaign| Campaign {
        state: CampaignState::Paused,
        resumed_from: Some(CampaignState::Requested),
        link_expires_at: end,
        ..campaign
    };
    let (first, second) = (Life::begin(&scene, &clinic, &[], paused).await, Life::begin(&scene, &clinic, &[], paused).await);
    let resume =
        async |key: &str, life: &Life<'_>| clinic.staff.post_once(key, &format!("{}/resume", life.path()), Value::Null).await;
    assert_eq!(resume("k1", &first).await.status, 200);
    scene.clock.advance(TimeDelta::hours(1));
    let refused = resume("k2", &second).await;
    assert_eq!((problem(&refused), &refused.json["reason"]), ((409, "campaign-state", ""), &json!("link-ended")));
    // What is under way goes on.
    assert_eq!((resume("k3", &first).await.status, scene.told()), (200, 1));
    assert_eq!(second.now().await.state, CampaignState::Paused);
    scene.test.finish().await;
}
