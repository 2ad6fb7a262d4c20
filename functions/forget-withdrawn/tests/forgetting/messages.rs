//! Messages to somebody who has withdrawn.

use chrono::TimeDelta;
use shared::db::bundles::settle::Attempt;
use shared::model::BundleId;
use shared::model::state::MessageState;
use shared::testing::rollup;

use crate::world::World;

#[tokio::test]
async fn what_waits_is_not_sent_and_forgotten_within_a_minute() {
    let world = World::new().await;
    let member = world.person().await;
    let campaign = world.campaign(member.clinic).await;
    let number = world.message(member, campaign, "prepared", MessageState::Queued).await;
    assert_eq!(world.withdraw().await.status, 204);
    let (state, reason, ..) = world.look(campaign, number).await;
    assert_eq!((state.as_str(), reason.as_deref()), ("excluded", Some("withdrawn")), "at once");
    let run = world.run().await.unwrap();
    assert_eq!((run.forgotten, run.waiting, run.finished), (1, 1, 0));
    assert_eq!(world.look(campaign, number).await, ("excluded".into(), Some("withdrawn".into()), String::new(), true));
    let (state, _, text, is_forgotten) = world.look(campaign, number + 1).await;
    assert_eq!((state.as_str(), text.is_empty(), is_forgotten), ("queued", false, false), "somebody else's");
    assert_eq!(world.run_later().await.finished, 1);
    world.test.finish().await;
}

#[tokio::test]
async fn a_bundle_that_is_being_called_is_left_alone_and_whoever_calls_it_leaves_the_person_out() {
    let world = World::new().await;
    let member = world.person().await;
    let campaign = world.campaign(member.clinic).await;
    let number = world.message(member, campaign, "calling", MessageState::Queued).await;
    assert_eq!(world.withdraw().await.status, 204);
    assert_eq!(world.run().await.unwrap().excluded, 0);
    assert_eq!(world.look(campaign, number).await.0, "queued");
    let bundle: BundleId = sqlx::query_scalar("SELECT id FROM bundles").fetch_one(&world.test.pool).await.unwrap();
    let mut connection = world.test.pool.acquire().await.unwrap();
    let outbound = shared::db::messages::list_outbound(&mut connection, member.clinic, bundle, false).await.unwrap();
    assert_eq!(outbound, None, "somebody is to be excluded first");
    let attempt = Attempt { clinic: member.clinic, bundle, number: 0 };
    let excluded = shared::db::messages::exclude_refusers(&mut connection, attempt, false, world.now()).await.unwrap();
    let outbound = shared::db::messages::list_outbound(&mut connection, member.clinic, bundle, false).await.unwrap();
    assert_eq!((excluded, outbound.map(|outbound| outbound.len())), (1, Some(1)));
    drop(connection);
    assert_eq!(world.look(campaign, number).await.1.as_deref(), Some("withdrawn"));
    assert_eq!(world.run_later().await.finished, 1);
    assert!(world.look(campaign, number).await.3);
    world.test.finish().await;
}

#[tokio::test]
async fn what_is_on_its_way_is_recognised_until_its_end_is_known_and_the_counts_stay() {
    let world = World::new().await;
    let member = world.person().await;
    let campaign = world.campaign(member.clinic).await;
    let delivered = world.message(member, campaign, "accepted", MessageState::Delivered).await;
    let failed_in = world.campaign(member.clinic).await;
    let failed = world.message(member, failed_in, "accepted", MessageState::Failed).await;
    let sent_in = world.campaign(member.clinic).await;
    let sent = world.message(member, sent_in, "accepted", MessageState::Sent).await;
    rollup::fill(&world.test.pool).await;
    assert_eq!(world.withdraw().await.status, 204);
    let run = world.run_later().await;
    assert_eq!((run.forgotten, run.waiting, run.finished), (2, 1, 0));
    assert!(world.look(campaign, delivered).await.3 && world.look(failed_in, failed).await.3);
    assert!(!world.look(sent_in, sent).await.3, "its result is still looked up by phone");
    rollup::assert_equals_rows(&world.test.pool).await;
    world.set(sent_in, 0, "accepted", MessageState::Delivered).await;
    rollup::fill(&world.test.pool).await;
    assert_eq!(world.run().await.unwrap().finished, 1);
    assert!(world.look(sent_in, sent).await.3);
    rollup::assert_equals_rows(&world.test.pool).await;
    world.test.finish().await;
}

#[tokio::test]
async fn an_unknown_message_is_recognised_for_as_long_as_it_is_looked_for() {
    let world = World::new().await;
    let member = world.person().await;
    let campaign = world.campaign(member.clinic).await;
    let number = world.message(member, campaign, "unknown", MessageState::Unknown).await;
    assert_eq!(world.withdraw().await.status, 204);
    world.clock.advance(TimeDelta::days(14));
    assert_eq!(world.run().await.unwrap().waiting, 1);
    assert!(!world.look(campaign, number).await.3);
    world.clock.advance(TimeDelta::hours(25));
    assert_eq!(world.run().await.unwrap().finished, 1);
    assert!(world.look(campaign, number).await.3);
    world.test.finish().await;
}

#[tokio::test]
async fn an_unknown_message_that_is_put_back_is_not_sent_after_all() {
    let world = World::new().await;
    let member = world.person().await;
    let campaign = world.campaign(member.clinic).await;
    let number = world.message(member, campaign, "unknown", MessageState::Unknown).await;
    assert_eq!(world.withdraw().await.status, 204);
    assert_eq!(world.run().await.unwrap().excluded, 0);
    world.set(campaign, 0, "prepared", MessageState::Queued).await;
    assert_eq!(world.run().await.unwrap().excluded, 1);
    assert_eq!(world.look(campaign, number).await.1.as_deref(), Some("withdrawn"));
    world.test.finish().await;
}

#[tokio::test]
async fn a_message_that_was_being_written_when_the_person_withdrew_is_found_all_the_same() {
    let world = World::new().await;
    let member = world.person().await;
    let campaign = world.campaign(member.clinic).await;
    assert_eq!(world.withdraw().await.status, 204);
    assert_eq!(world.run().await.unwrap().waiting, 1, "nothing is left, and something may still come");
    let number = world.message(member, campaign, "prepared", MessageState::Queued).await;
    let run = world.run_later().await;
    assert_eq!((run.excluded, run.forgotten, run.finished), (1, 1, 1));
    assert_eq!(world.look(campaign, number).await, ("excluded".into(), Some("withdrawn".into()), String::new(), true));
    world.test.finish().await;
}

#[tokio::test]
async fn messages_to_a_customer_whom_the_clinic_had_before_stay_and_are_sent() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let user = world.user(crate::world::SUBJECT, crate::world::NAME, Some(crate::world::PHONE)).await;
    let member = world.member(clinic, user, crate::world::PHONE, false).await;
    let campaign = world.campaign(clinic).await;
    let number = world.message(member, campaign, "prepared", MessageState::Queued).await;
    assert_eq!(world.withdraw().await.status, 204);
    assert_eq!(world.run_later().await.finished, 1);
    let (state, _, text, is_forgotten) = world.look(campaign, number).await;
    assert_eq!((state.as_str(), text.is_empty(), is_forgotten), ("queued", false, false));
    assert_eq!(world.number("SELECT COUNT(*) FROM customers").await, 1);
    assert_eq!(world.number("SELECT COUNT(*) FROM memberships WHERE customer_id IS NOT NULL OR state <> 'ended'").await, 0);
    world.test.finish().await;
}
