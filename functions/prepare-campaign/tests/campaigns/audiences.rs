//! To whom a campaign goes.

use std::collections::BTreeMap;

use shared::db::campaigns::{Audience, Campaign};
use shared::db::customers::Customer;
use shared::model::GroupId;
use shared::model::state::{CampaignKind, CampaignPart, CampaignState};

use crate::support::World;

fn reached(name: &str, group: GroupId) -> (String, Option<GroupId>, Option<String>) {
    (name.to_owned(), Some(group), None)
}

#[tokio::test]
async fn a_customer_in_three_groups_gets_one_message_through_the_first_that_was_named() {
    let world = World::new().await;
    let (vip, spring, recall) = (world.group("VIP").await, world.group("봄").await, world.group("재방문").await);
    let free = world.unassigned().await;
    world.customers([1, 4], &[recall, vip, spring]).await;
    world.customers([2], &[vip, recall]).await;
    world.customers([3], &[vip]).await;
    world.customers([5], &[]).await;
    let through = |first, second, third| {
        [reached("고객 1", first), reached("고객 2", second), reached("고객 3", third), reached("고객 4", first)]
    };
    for (groups, expected) in [
        (vec![spring, recall, vip], through(spring, recall, vip)),
        (vec![vip, spring, recall], through(vip, vip, vip)),
        (vec![recall, vip, spring], through(recall, recall, vip)),
    ] {
        let campaign = world.ask(&groups, "#{고객명}").await;
        world.prepare(&campaign).await;
        assert_eq!(world.reached(&campaign).await, expected);
        // With the unassigned group among them the same customers are found in another way.
        for place in 0..=3 {
            let mut groups = groups.clone();
            groups.insert(place, free);
            let campaign = world.ask(&groups, "#{고객명}").await;
            assert_eq!(world.prepare_slowly(&campaign, 2, 1).await.len(), 1);
            let [rest @ .., last] = &world.reached(&campaign).await[..] else { panic!("nobody") };
            assert_eq!((rest, last), (&expected[..], &reached("고객 5", free)));
        }
    }
    assert_eq!(world.prepare(&world.ask(&[], "#{고객명}").await).await, []);
    world.test.finish().await;
}

#[tokio::test]
async fn the_unassigned_group_is_those_in_no_group_and_many_groups_are_all_read() {
    let world = World::new().await;
    let mut groups = Vec::new();
    for number in 1..=25 {
        let group = world.group(&format!("그룹 {number}")).await;
        world.customers([number], &[group]).await;
        groups.push(group);
    }
    world.customers(26..=30, &[]).await;
    let free = world.unassigned().await;
    let everybody: Vec<_> = (1..=25).map(|number| reached(&format!("고객 {number}"), groups[number - 1])).collect();
    let unassigned: Vec<_> = (26..=30).map(|number| reached(&format!("고객 {number}"), free)).collect();
    for (asked, expected) in [
        (vec![free], unassigned.clone()),
        (groups.clone(), everybody.clone()),
        (groups[..8].to_vec(), everybody[..8].to_vec()),
        (groups[..9].to_vec(), everybody[..9].to_vec()),
        (vec![groups[3], groups[1]], vec![everybody[1].clone(), everybody[3].clone()]),
        ([groups.clone(), vec![free]].concat(), [everybody.clone(), unassigned].concat()),
    ] {
        let campaign = world.ask(&asked, "#{고객명}").await;
        assert_eq!(world.prepare_slowly(&campaign, 4, 2).await.len(), 1);
        assert_eq!(world.reached(&campaign).await, expected);
    }
    world.test.finish().await;
}

/// A campaign to nine customers whose messages ended in all ways.
async fn ended(world: &World, group: GroupId) -> Campaign {
    world.customers(1..=9, &[group]).await;
    let campaign = world.ask(&[group], "#{고객명}").await;
    world.prepare(&campaign).await;
    for statement in [
        "UPDATE messages SET state = 'failed', reason = 'not_reachable' WHERE number IN (1, 2, 3)",
        "UPDATE messages SET state = 'failed', reason = 'no_kakaotalk' WHERE number = 4",
        "UPDATE messages SET state = 'unknown', reason = 'receipt_unclear' WHERE number = 5",
        "UPDATE messages SET state = 'sent' WHERE number = 6",
        "UPDATE messages SET state = 'delivered' WHERE number IN (7, 8, 9)",
        "UPDATE messages SET first_click_at = NOW() WHERE number = 8",
    ] {
        world.execute(statement).await;
    }
    campaign
}

#[tokio::test]
async fn sending_again_reaches_who_certainly_failed_or_did_not_click_as_they_are_today() {
    let world = World::new().await;
    let group = world.group("모두").await;
    let source = ended(&world, group).await;
    world.execute("DELETE FROM customers WHERE name = '고객 1'").await;
    world.execute("UPDATE customers SET phone = '+821099990002', name = '새 이름' WHERE name = '고객 2'").await;
    world.suppress(9).await;
    for (part, expected) in [
        (CampaignPart::Failed, vec![("새 이름", "+821099990002", None), ("고객 3", "+821023450003", None)]),
        (CampaignPart::NotClicked, vec![("고객 7", "+821023450007", None), ("고객 9", "+821023450009", Some("suppressed"))]),
    ] {
        let audience = Audience::Part { source: source.id, part };
        let campaign = world.ask_for(Campaign { audience, ..world.saying("다시 #{고객명}") }, &[]).await;
        assert_eq!(world.prepare_slowly(&campaign, 1, 1).await.len(), 1);
        let written = world.written(&campaign).await;
        let got: Vec<_> =
            written.iter().map(|(_, _, name, phone, _, reason, _)| (&**name, &**phone, reason.as_deref())).collect();
        assert_eq!(got, expected);
        // They are counted for the group through which they were reached at first.
        assert!(written.iter().all(|(_, through, ..)| *through == Some(group)));
    }
    world.test.finish().await;
}

#[tokio::test]
async fn a_part_of_another_clinics_campaign_is_nobody() {
    let world = World::new().await;
    let source = ended(&world, world.group("모두").await).await;
    let mut other = World::new().await;
    other.clinic = shared::testing::clinic(&world.test.pool, &world.ambient).await;
    let audience = Audience::Part { source: source.id, part: CampaignPart::Failed };
    let campaign = Campaign { audience, clinic: other.clinic, ..world.saying("#{고객명}") };
    world.ask_for(campaign.clone(), &[]).await;
    assert!(world.prepare(&campaign).await.is_empty());
    assert!(world.written(&campaign).await.is_empty());
    other.test.finish().await;
    world.test.finish().await;
}

#[tokio::test]
async fn advertising_goes_to_those_who_have_agreed_to_it() {
    let world = World::new().await;
    let group = world.group("모두").await;
    let agreed = Customer { advertising_consent_at: Some(world.ambient.now()), ..world.customer(1) };
    let both = Customer { advertising_consent_at: Some(world.ambient.now()), ..world.customer(3) };
    world.add(&[agreed, world.customer(2), both], &[group]).await;
    world.suppress(3).await;
    let reasons = async |kind| {
        let campaign = world.ask_for(Campaign { kind, ..world.saying("(광고) #{고객명}") }, &[group]).await;
        world.prepare(&campaign).await;
        world.reached(&campaign).await.into_iter().map(|(_, _, reason)| reason).collect::<Vec<_>>()
    };
    let (no_consent, suppressed) = (Some("no_consent".to_owned()), Some("suppressed".to_owned()));
    assert_eq!(reasons(CampaignKind::Advertising).await, [None, no_consent, suppressed.clone()]);
    assert_eq!(reasons(CampaignKind::Information).await, [None, None, suppressed]);
    world.test.finish().await;
}

#[tokio::test]
async fn a_test_goes_to_its_numbers_in_one_bundle_that_waits_for_nothing() {
    let world = World::new().await;
    let customer = world.customers([1], &[]).await[0];
    world.suppress(3).await;
    let phones: Vec<_> = [2, 3, 4, 2].map(|number| world.customer(number).phone).into();
    let test = |customer| Campaign {
        kind: CampaignKind::Test,
        audience: Audience::Test { phones: phones.clone(), customer },
        ..world.saying("#{고객명}님 #{예약일}")
    };
    let gone = world.customer(99).id;
    for (shown, text) in
        [(Some(customer), "고객 1님 3월 1일"), (None, "[고객명]님 [예약일]"), (Some(gone), "[고객명]님 [예약일]")]
    {
        let campaign = world.ask_for(test(shown), &[]).await;
        assert_eq!(world.prepare(&campaign).await.len(), 1);
        let got: Vec<_> = world.messages(&campaign).await;
        let got: Vec<_> = got.iter().map(|m| (m.customer, m.phone.e164(), m.body.as_str(), m.reason.as_deref())).collect();
        let (one, two, three) = ("+821023450002", "+821023450003", "+821023450004");
        assert_eq!(got, [(None, one, text, None), (None, two, "", Some("suppressed")), (None, three, text, None)]);
        let stored = world.stored(&campaign).await;
        assert_eq!((stored.state, stored.released_at.is_some()), (CampaignState::Sending, true));
        assert_eq!(world.sizes(&campaign).await, [2]);
    }
    world.test.finish().await;
}

#[tokio::test]
async fn customers_with_very_many_attributes_are_read_in_smaller_pages() {
    let world = World::new().await;
    let group = world.group("모두").await;
    let attributes: BTreeMap<_, _> = (0..50).map(|column| (format!("항목 {column}"), "가".repeat(330))).collect();
    let customers: Vec<_> =
        (1..=300).map(|number| Customer { attributes: attributes.clone(), ..world.customer(number) }).collect();
    world.add(&customers, &[group]).await;
    let campaign = world.ask(&[group], "#{고객명} #{항목 49}").await;
    world.prepare(&campaign).await;
    assert_eq!(world.sizes(&campaign).await, [5, 295]);
    assert!(world.messages(&campaign).await.iter().all(|message| message.body.chars().count() > 330));
    world.test.finish().await;
}
