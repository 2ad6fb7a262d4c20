//! Campaigns that are so late that they ask.

use chrono::{DateTime, TimeDelta, Utc};
use shared::db::campaigns::{Audience, Campaign, Prepared};
use shared::model::ClinicId;
use shared::model::quiet::Hours;
use shared::model::state::{CampaignKind, CampaignState};
use shared::testing::{ambient, campaign};

use crate::support::World;

/// A moment in March 2026 in Korea.
fn korea(text: &str) -> DateTime<Utc> {
    format!("2026-03-{text}:00+09:00").parse().unwrap()
}

#[test]
fn a_campaign_is_late_from_the_last_moment_at_which_it_was_to_begin() {
    let (ambient, _) = ambient();
    let asked = Campaign { created_at: korea("02T10:00"), ..campaign(&ambient, ClinicId::new(&ambient)) };
    let late = |campaign: &Campaign, at: &str| campaign.is_to_ask(korea(at));
    assert!(!late(&asked, "02T11:00") && late(&asked, "02T11:01"));
    let prepared = Prepared { messages: 1, bundles: 1, ..Prepared::default() };
    assert!(!late(&Campaign { prepared, ..asked.clone() }, "03T11:01"), "it has begun");
    let scheduled = Campaign { scheduled_at: Some(korea("02T12:00")), stale_after_minutes: 5, ..asked.clone() };
    assert!(!late(&scheduled, "02T12:05") && late(&scheduled, "02T12:06"));
    let resumed = Campaign { resumed_at: Some(korea("02T20:00")), ..scheduled };
    assert!(!late(&resumed, "02T20:05") && late(&resumed, "02T20:06"));
    let quiet = Hours::stored(Some(9 * 60), Some(15 * 60));
    let waiting = Campaign { quiet, ..asked.clone() };
    assert!(!late(&waiting, "02T16:00") && late(&waiting, "02T16:01"), "it waits for the end of the clinic's quiet hours");
    let advertising = Campaign { kind: CampaignKind::Advertising, created_at: korea("02T22:00"), ..asked };
    assert!(!late(&advertising, "03T09:00") && late(&advertising, "03T09:01"), "it waits for the morning");
}

#[test]
fn a_test_of_an_advertisement_asks_at_night() {
    let (ambient, _) = ambient();
    let test = |content: &str, kind| Campaign {
        kind,
        content: content.to_owned(),
        created_at: korea("02T20:58"),
        ..campaign(&ambient, ClinicId::new(&ambient))
    };
    for (content, kind, asks) in [
        ("（광고） 봄", CampaignKind::Test, true),
        ("봄", CampaignKind::Test, false),
        ("(광고) 봄", CampaignKind::Advertising, false),
    ] {
        assert!(!test(content, kind).is_to_ask(korea("02T20:58")));
        assert_eq!(test(content, kind).is_to_ask(korea("02T20:59")), asks, "{content}");
    }
}

#[tokio::test]
async fn whoever_comes_too_late_asks_and_begins_when_it_is_resumed() {
    let world = World::new().await;
    let group = world.group("모두").await;
    world.customers(1..=3, &[group]).await;
    let created_at = world.ambient.now() - TimeDelta::minutes(61);
    let campaign = world.ask_for(Campaign { created_at, ..world.saying("#{고객명}") }, &[group]).await;
    assert!(world.prepare(&campaign).await.is_empty());
    let stored = world.stored(&campaign).await;
    let asks = (CampaignState::Paused, Some("stale"), Some(CampaignState::Requested));
    assert_eq!((stored.state, stored.failure.as_deref(), stored.resumed_from), asks);
    assert!(world.written(&campaign).await.is_empty());
    let resumed = "UPDATE campaigns SET state = 'requested', failure = NULL, resumed_from = NULL, resumed_at = ? WHERE id = ?";
    let resumed = sqlx::query(resumed).bind(world.ambient.now()).bind(campaign.id);
    resumed.execute(&world.test.pool).await.unwrap();
    assert_eq!(world.prepare(&campaign).await.len(), 1);
    assert_eq!(world.written(&campaign).await.len(), 3);
    world.test.finish().await;
}

#[tokio::test]
async fn a_campaign_of_which_something_is_prepared_goes_on_however_late_it_is() {
    let world = World::new().await;
    let group = world.group("모두").await;
    world.customers(1..=3, &[group]).await;
    let campaign = world.ask(&[group], "#{고객명}").await;
    world.prepare_chunk(&campaign, 1).await;
    world.execute("UPDATE campaigns SET created_at = created_at - INTERVAL 5 HOUR").await;
    assert_eq!(world.prepare(&campaign).await.len(), 1);
    assert_eq!(world.written(&campaign).await.len(), 3);
    world.test.finish().await;
}

#[tokio::test]
async fn a_test_of_an_advertisement_passes_over_customers_who_have_not_agreed() {
    let mut world = World::new().await;
    // By day.
    world.deps.ambient = ambient().0;
    world.customers([1, 2], &[]).await;
    world.execute("UPDATE customers SET advertising_consent_at = NOW(6) WHERE name = '고객 2'").await;
    let phones: Vec<_> = [1, 2, 3].map(|number| world.customer(number).phone).into();
    let reasons = async |content: &str| {
        let created_at = world.deps.ambient.now();
        let audience = Audience::Test { phones: phones.clone(), customer: None };
        let test = Campaign { kind: CampaignKind::Test, audience, created_at, ..world.saying(content) };
        let test = world.ask_for(test, &[]).await;
        world.prepare(&test).await;
        world.reached(&test).await.into_iter().map(|(_, _, reason)| reason).collect::<Vec<_>>()
    };
    assert_eq!(reasons("봄").await, [None, None, None]);
    assert_eq!(reasons("（광고） 봄").await, [Some("no_consent".to_owned()), None, None]);
    world.test.finish().await;
}
