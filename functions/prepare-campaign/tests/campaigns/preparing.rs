//! What a campaign becomes.

use std::collections::BTreeMap;

use prepare_campaign::{handle, handle_at};
use shared::db::campaigns::Campaign;
use shared::db::customers::Customer;
use shared::db::messages::{self, Totals};
use shared::model::draft::Source;
use shared::model::link::Destination;
use shared::model::state::{BundleState, CampaignState, ClickClass, MessageState};
use shared::model::template::Button;
use shared::model::{ClinicId, MessageId};
use shared::testing::PublishMode;

use crate::support::{World, announced, event, keys, slowly, store, worker};

#[tokio::test]
async fn every_recipient_gets_one_message_or_a_reason() {
    let world = World::new().await;
    let (vip, spring, other) = (world.group("VIP").await, world.group("봄").await, world.group("다른 그룹").await);
    world.customers([5], &[vip]).await;
    world.customers([1, 2], &[vip, spring]).await;
    world.customers([3], &[]).await;
    world.customers([4], &[other]).await;
    world.execute("UPDATE customers SET phone = '+8250512345678' WHERE name = '고객 2'").await;
    world.execute("UPDATE customers SET attributes = '{}' WHERE name = '고객 3'").await;
    world.suppress(5).await;
    let campaign = world.ask(&[vip, spring, world.unassigned().await], "#{고객명}님 #{예약일}").await;
    world.execute("UPDATE campaigns SET link_expires_at = '2026-04-01 00:00:00'").await;
    let bundles = world.prepare(&campaign).await;

    let messages = world.messages(&campaign).await;
    let told: Vec<_> = messages.iter().map(|m| (m.number, m.name.as_str(), m.body.as_str(), m.reason.as_deref())).collect();
    assert_eq!(
        told,
        [
            (1, "고객 1", "고객 1님 3월 1일", None),
            (2, "고객 2", "", Some("safe_number")),
            (3, "고객 3", "", Some("missing_variable")),
            (4, "고객 5", "", Some("suppressed")),
        ]
    );
    assert_eq!(keys().read(&messages[0].link), Ok(MessageId { campaign: campaign.id, number: 1 }));
    assert!(messages[1..].iter().all(|message| message.state == MessageState::Excluded && message.link.is_empty()));
    assert_eq!(world.state(&campaign).await, CampaignState::Sending);
    assert_eq!((bundles.len(), world.bundles(&campaign).await), (1, BTreeMap::from([(BundleState::Prepared, 1)])));
    let in_it = messages::list_of_bundle(&mut *world.connection().await, world.clinic, bundles[0]).await.unwrap();
    assert_eq!(in_it.iter().map(|message| message.number).collect::<Vec<_>>(), [1]);
    // The redirect knows the way, and until when.
    let way = store(true).visit(campaign.id, ClickClass::Bot).await.unwrap().unwrap();
    let expires_at = Some("2026-04-01T00:00:00Z".parse().unwrap());
    assert_eq!(way, Destination { clinic: world.clinic, url: campaign.destination.clone(), expires_at });
    world.test.finish().await;
}

#[tokio::test]
async fn five_go_first_and_the_others_in_bundles_of_five_hundred_that_chunks_do_not_cut() {
    let world = World::new().await;
    let group = world.group("모두").await;
    world.customers(1..=2300, &[group]).await;
    for number in [3, 7, 600] {
        world.suppress(number).await;
    }
    let campaign = world.ask(&[group], "#{고객명}").await;
    // One fact for all of them: the others wait for the first.
    assert_eq!(world.prepare_slowly(&campaign, 130, 2).await, [world.bundle_at(&campaign, 0).await]);
    assert_eq!(world.sizes(&campaign).await, [5, 500, 500, 500, 500, 292]);
    let numbers: Vec<_> = world.messages(&campaign).await.iter().map(|message| message.number).collect();
    assert_eq!(numbers, (1..=2300).collect::<Vec<_>>());
    // However it is cut into chunks, it comes to the same.
    let again = world.ask(&[group], "#{고객명}").await;
    world.prepare(&again).await;
    assert_eq!(world.written(&again).await, world.written(&campaign).await);
    world.test.finish().await;
}

#[tokio::test]
async fn titles_and_buttons_are_stored_only_where_people_get_different_ones() {
    let world = World::new().await;
    let group = world.group("모두").await;
    world.customers([1], &[group]).await;
    let plain = Campaign { emphasis_title: "예약 안내".to_owned(), ..world.saying("#{고객명}") };
    let mut own = Campaign { emphasis_title: "#{날짜} 예약".to_owned(), ..world.saying("#{고객명}") };
    own.sources.insert("날짜".to_owned(), Source { column: Some("예약일".to_owned()), default: None });
    let address = "https://go.example.com/c/#{link}?d=#{예약일}";
    own.buttons = vec![Button { name: "보기".to_owned(), link_mo: address.to_owned(), ..Button::default() }];
    for campaign in [&plain, &own] {
        world.ask_for(campaign.clone(), &[group]).await;
        world.prepare(campaign).await;
    }
    let plain = world.messages(&plain).await.remove(0);
    assert_eq!((plain.title, plain.buttons), (None, None));
    let own = world.messages(&own).await.remove(0);
    assert_eq!(own.title.as_deref(), Some("3월 1일 예약"));
    let button = own.buttons.unwrap().remove(0);
    assert_eq!(button.link_mo, format!("https://go.example.com/c/{}?d=3%EC%9B%94%201%EC%9D%BC", own.link));
    assert_eq!(button.name, "보기");
    world.test.finish().await;
}

#[tokio::test]
async fn texts_arrive_in_the_database_to_the_letter() {
    let world = World::new().await;
    let group = world.group("모두").await;
    let nasty = "\"따옴표\" \\ \\n \\u0041 'x' 👩‍⚕️ 각\r\n\t</script> #{고객명} ${a} %s ? \u{7f}\u{200d}\u{feff}\u{2028}";
    let customer = Customer { name: "O'\"\\👍".to_owned(), ..world.customer(1) };
    let attributes = BTreeMap::from([("예약일".to_owned(), nasty.to_owned())]);
    world.add(&[Customer { attributes, ..customer }], &[group]).await;
    let campaign = world.ask(&[group], "[\"#{예약일}\"]\\").await;
    world.prepare(&campaign).await;
    let message = world.messages(&campaign).await.remove(0);
    assert_eq!((message.name.as_str(), message.body), ("O'\"\\👍", format!("[\"{nasty}\"]\\")));
    world.test.finish().await;
}

#[tokio::test]
async fn a_second_delivery_and_a_lost_publication_change_nothing() {
    let world = World::new().await;
    let group = world.group("모두").await;
    world.customers(1..=3, &[group]).await;
    let campaign = world.ask(&[group], "#{고객명}").await;
    // Killed right after the commit: the fact waits in the outbox.
    world.deps.publisher.set(PublishMode::Down);
    handle(&world.deps, event(&campaign)).await.unwrap();
    let before = world.messages(&campaign).await;
    world.deps.publisher.set(PublishMode::Works);
    assert!(world.prepare(&campaign).await.is_empty());
    assert_eq!((world.messages(&campaign).await, world.test.outbox_size().await), (before, 1));
    world.test.drop_database().await;
}

#[tokio::test]
async fn two_workers_prepare_a_campaign_once() {
    let world = World::new().await;
    let group = world.group("모두").await;
    world.customers(1..=600, &[group]).await;
    let campaign = world.ask(&[group], "#{고객명}").await;
    let other = worker(world.test.another().await);
    let one = handle_at(&world.deps, event(&campaign), slowly(20, 2));
    let (one, two) = tokio::join!(one, handle_at(&other, event(&campaign), slowly(7, 3)));
    assert!(one.unwrap().batch_item_failures.is_empty() && two.unwrap().batch_item_failures.is_empty());
    assert_eq!(announced(&world.deps).len() + announced(&other).len(), 1);
    assert_eq!(world.sizes(&campaign).await, [5, 500, 95]);
    let again = world.ask(&[group], "#{고객명}").await;
    world.prepare(&again).await;
    assert_eq!(world.written(&campaign).await, world.written(&again).await);
    world.test.finish().await;
}

#[tokio::test]
async fn a_campaign_with_nothing_to_send_is_finished_and_says_why() {
    let world = World::new().await;
    let (empty, group) = (world.group("빈 그룹").await, world.group("모두").await);
    world.customers([1], &[group]).await;
    let (nobody, missing) = (world.ask(&[empty], "#{고객명}").await, world.ask(&[group], "#{담당의}").await);
    for campaign in [&nobody, &missing] {
        assert!(world.prepare(campaign).await.is_empty());
        let stored = world.stored(campaign).await;
        assert_eq!((stored.state, stored.finished_at.is_some()), (CampaignState::Finished, true));
    }
    let counts = messages::count_by_state(&mut *world.connection().await, world.clinic, missing.id).await.unwrap();
    let totals = Totals::from(counts);
    assert_eq!((totals.requested, totals.excluded), (1, 1));
    assert!(world.messages(&nobody).await.is_empty());
    world.test.finish().await;
}

#[tokio::test]
async fn without_the_store_campaigns_are_prepared_all_the_same() {
    let mut world = World::new().await;
    world.deps.store = store(false);
    let group = world.group("모두").await;
    world.customers([1], &[group]).await;
    let campaign = world.ask(&[group], "#{고객명}").await;
    assert_eq!((world.prepare(&campaign).await.len(), world.state(&campaign).await), (1, CampaignState::Sending));
    world.test.finish().await;
}

#[tokio::test]
async fn a_request_for_a_campaign_that_the_clinic_does_not_have_is_buried() {
    let world = World::new().await;
    let foreign = Campaign { clinic: ClinicId::new(&world.ambient), ..world.ask(&[], "#{고객명}").await };
    let example = include_str!("../../../../events/prepare-campaign/requested.json");
    for event in [event(&foreign), serde_json::from_str(example).unwrap()] {
        handle(&world.deps, event).await.unwrap();
    }
    assert_eq!(world.deps.dead_letters.0.lock().unwrap().len(), 2);
    world.test.finish().await;
}
