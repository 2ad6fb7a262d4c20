//! A customer who had several phones, and one whose phone somebody has after them.

use chrono::TimeDelta;
use shared::model::CustomerId;
use shared::model::state::MessageState;
use shared::testing::wire::Wire;

use crate::traces;
use crate::world::{Member, PHONE, WORDS, World};

#[tokio::test]
async fn messages_with_phones_that_the_customer_had_before_are_found() {
    let world = World::new().await;
    let member = world.person().await;
    let campaign = world.campaign(member.clinic).await;
    let number = world.message(member, campaign, "accepted", MessageState::Delivered).await;
    // The member has proven another phone since, twice, and the customer has followed.
    world.clock.advance(TimeDelta::days(1));
    let moved = sqlx::query("UPDATE customers SET phone = '+821011112222', updated_at = ?").bind(world.now());
    moved.execute(&world.test.pool).await.unwrap();
    world.execute("UPDATE users SET phone = '+821033334444'").await;
    assert_eq!(world.withdraw().await.status, 204);
    assert_eq!(world.run_later().await.finished, 1);
    assert!(world.look(campaign, number).await.3);
    let words = [&WORDS[..], &["11112222", "33334444"]].concat();
    assert!(traces::in_database(&world.test.pool, &words).await.iter().all(|place| place == "withdrawals.subject"));
    world.test.finish().await;
}

#[tokio::test]
async fn whoever_has_the_phone_after_them_keeps_their_messages() {
    let world = World::new().await;
    let member = world.person().await;
    let before = world.campaign(member.clinic).await;
    let old = world.message(member, before, "accepted", MessageState::Delivered).await;
    assert_eq!(world.withdraw().await.status, 204);
    // The clinic enters a customer with that phone: somebody else, or the same person who comes again.
    let other = world.user("somebody else", "김단골", None).await;
    let next = world.member(member.clinic, other, PHONE, true).await;
    let after = world.campaign(member.clinic).await;
    let new = world.message(next, after, "prepared", MessageState::Queued).await;
    let run = world.run_later().await;
    assert_eq!((run.excluded, run.forgotten, run.finished), (0, 1, 1));
    assert!(world.look(before, old).await.3 && !world.look(after, new).await.3);
    assert_eq!(world.look(after, new).await.0, "queued");
    world.test.finish().await;
}

#[tokio::test]
async fn whoever_had_the_phone_before_them_keeps_their_messages() {
    let world = World::new().await;
    let member = world.person().await;
    // A customer of the clinic whom it has deleted since.
    let earlier = Member { customer: CustomerId::new(&world.ambient), ..member };
    let campaign = world.campaign(member.clinic).await;
    let number = world.message(earlier, campaign, "accepted", MessageState::Delivered).await;
    assert_eq!(world.withdraw().await.status, 204);
    let run = world.run_later().await;
    assert_eq!((run.forgotten, run.finished), (0, 1));
    assert!(!world.look(campaign, number).await.3);
    world.test.finish().await;
}

#[tokio::test]
async fn to_look_for_phones_takes_as_many_runs_as_it_takes_and_what_is_known_is_forgotten_in_the_first() {
    let world = World::new().await;
    let member = world.person().await;
    let (mut campaigns, moved) =
        (Vec::new(), "UPDATE messages SET phone = '+821011112222' WHERE campaign_id = ? AND number = 1");
    for _ in 0..60 {
        campaigns.push(world.campaign(member.clinic).await);
        world.clock.advance(TimeDelta::seconds(1));
    }
    for at in [0, 59] {
        world.message(member, campaigns[at], "accepted", MessageState::Delivered).await;
    }
    // The last message went to a phone of before.
    sqlx::query(moved).bind(campaigns[59]).execute(&world.test.pool).await.unwrap();
    world.execute("UPDATE customers SET updated_at = updated_at + INTERVAL 1 DAY").await;
    assert_eq!(world.withdraw().await.status, 204);
    world.clock.advance(TimeDelta::minutes(31));
    let (wire, mut runs) = (Wire::new(&world.test), 1);
    loop {
        // None comes to the last campaign from the first one.
        let outcome = world.run_on(wire.cut_after(90).await).await;
        assert!(world.look(campaigns[0], 1).await.3, "known, after {runs} runs");
        if !wire.is_cut() {
            outcome.unwrap();
            break;
        }
        runs += 1;
        assert!(runs < 20, "it comes to an end");
    }
    assert!(runs > 2, "{runs} runs");
    assert!(world.look(campaigns[59], 1).await.3);
    assert_eq!(world.number("SELECT COUNT(*) FROM withdrawals WHERE finished_at IS NULL").await, 0);
    world.test.drop_database().await;
}

#[tokio::test]
async fn campaigns_that_were_over_before_the_customer_was_there_are_not_looked_through() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let over = world.campaign(clinic).await;
    let finished = sqlx::query("UPDATE campaigns SET state = 'finished', finished_at = ?").bind(world.now());
    finished.execute(&world.test.pool).await.unwrap();
    // This one waited for its time.
    let scheduled = world.campaign(clinic).await;
    world.clock.advance(TimeDelta::days(1));
    let user = world.user(crate::world::SUBJECT, crate::world::NAME, Some(PHONE)).await;
    let member = world.member(clinic, user, PHONE, true).await;
    let number = world.message(member, scheduled, "accepted", MessageState::Delivered).await;
    world.execute("UPDATE messages SET phone = '+821011112222' WHERE number = 1").await;
    world.execute("UPDATE customers SET updated_at = updated_at + INTERVAL 1 DAY").await;
    // Nothing of the kind is in it in truth: it shows whether somebody looks.
    world.message(member, over, "accepted", MessageState::Delivered).await;
    sqlx::query("UPDATE messages SET phone = '+821077778888' WHERE campaign_id = ? AND number = 1")
        .bind(over)
        .execute(&world.test.pool)
        .await
        .unwrap();
    assert_eq!(world.withdraw().await.status, 204);
    assert_eq!(world.run_later().await.finished, 1);
    assert!(world.look(scheduled, number).await.3);
    assert!(!world.look(over, 1).await.3);
    world.test.finish().await;
}
