//! Workers that are killed or run out of time, and customers who change meanwhile.

use prepare_campaign::{handle, handle_at};
use shared::db::campaigns::Campaign;
use shared::model::GroupId;
use shared::model::state::{BundleState, CampaignState};
use shared::testing::wire::Wire;

use crate::support::{World, announced, event, one_chunk, slowly, worker};

/// A campaign to 14 people, of whom two get nothing.
async fn asked(world: &World) -> Campaign {
    let (vip, all): (GroupId, GroupId) = (world.group("VIP").await, world.group("모두").await);
    world.customers(1..=14, &[all]).await;
    world.customers(20..=22, &[all, vip]).await;
    world.suppress(3).await;
    world.suppress(12).await;
    world.ask(&[vip, all], "#{고객명}님 #{예약일}").await
}

/// As it was when it was asked for.
async fn begin_anew(world: &World) {
    for statement in [
        "DELETE FROM messages",
        "DELETE FROM bundles",
        "DELETE FROM outbox",
        "UPDATE campaigns SET state = 'requested', prepared_through = NULL, prepared_messages = 0, prepared_bundles = 0",
    ] {
        world.execute(statement).await;
    }
}

#[tokio::test]
async fn a_worker_cut_off_at_any_moment_leaves_whole_chunks_and_the_next_one_comes_to_the_same() {
    let world = World::new().await;
    let campaign = asked(&world).await;
    let wire = Wire::new(&world.test);
    world.prepare(&campaign).await;
    let (expected, sizes) = (world.written(&campaign).await, world.sizes(&campaign).await);
    assert_eq!(sizes, [5, 10]);
    let (mut cuts, mut announcements) = ([0; 3], [0; 2]);
    for commands in 1.. {
        begin_anew(&world).await;
        let cut = worker(wire.cut_after(commands).await);
        let answer = handle_at(&cut, event(&campaign), slowly(2, 2)).await;
        assert!(wire.is_cut() || answer.is_ok(), "a failure without a cause");
        let left = world.stored(&campaign).await;
        let is_whole = [0, 4, 8, 12, 16, 17].contains(&left.prepared.messages);
        assert!(is_whole, "{commands} commands left {} messages behind", left.prepared.messages);
        cuts[match left.state {
            CampaignState::Requested => 0,
            CampaignState::Preparing => 1,
            _ => 2,
        }] += 1;
        handle_at(&world.deps, event(&campaign), slowly(2, 2)).await.unwrap();
        assert_eq!(world.written(&campaign).await, expected, "cut after {commands} commands");
        assert_eq!((world.sizes(&campaign).await, world.state(&campaign).await), (sizes.clone(), CampaignState::Sending));
        // The fact is out, or it waits for relay-outbox: once, or twice when its line outlives the publication.
        let first = world.bundle_at(&campaign, 0).await;
        let mut facts = announced(&cut);
        facts.extend(announced(&world.deps));
        assert!(facts.iter().all(|bundle| *bundle == first));
        let waiting = world.test.outbox_size().await;
        assert!(facts.len() <= 1 && waiting <= 1 && (facts.len() == 1 || waiting == 1), "{facts:?}, {waiting} waiting");
        announcements[usize::from(waiting == 1)] += 1;
        if !wire.is_cut() {
            break;
        }
    }
    assert!(cuts[0] > 5 && cuts[1] > 20 && cuts[2] > 1 && announcements.iter().all(|count| *count > 0), "{cuts:?}");
    world.test.finish().await;
}

#[tokio::test]
async fn a_worker_whose_time_is_up_asks_for_another_delivery_between_chunks() {
    let world = World::new().await;
    let campaign = asked(&world).await;
    for messages in [4, 8, 12, 16] {
        handle_at(&world.deps, event(&campaign), one_chunk(2, 2)).await.unwrap_err();
        let stored = world.stored(&campaign).await;
        assert_eq!((stored.state, stored.prepared.messages), (CampaignState::Preparing, messages));
        // Nobody may be told of bundles that are still being filled.
        assert!(announced(&world.deps).is_empty());
    }
    handle_at(&world.deps, event(&campaign), one_chunk(2, 2)).await.unwrap();
    assert_eq!((announced(&world.deps).len(), world.sizes(&campaign).await), (1, vec![5, 10]));
    world.test.finish().await;
}

#[tokio::test]
async fn a_pause_or_a_cancellation_takes_effect_before_the_next_chunk() {
    let world = World::new().await;
    let campaign = asked(&world).await;
    world.prepare_chunk(&campaign, 4).await;
    for state in [CampaignState::Paused, CampaignState::Canceled, CampaignState::Failed, CampaignState::Scheduled] {
        world.set_state(&campaign, state).await;
        handle(&world.deps, event(&campaign)).await.unwrap();
        let stored = world.stored(&campaign).await;
        assert_eq!((stored.state, stored.prepared.messages), (state, 4));
    }
    assert!(announced(&world.deps).is_empty());
    // It goes on where it was.
    world.set_state(&campaign, CampaignState::Preparing).await;
    assert_eq!(world.prepare(&campaign).await.len(), 1);
    assert_eq!((world.sizes(&campaign).await, world.messages(&campaign).await.len()), (vec![5, 10], 17));
    assert_eq!(world.bundles(&campaign).await.into_iter().collect::<Vec<_>>(), [(BundleState::Prepared, 2)]);
    world.test.finish().await;
}

#[tokio::test]
async fn customers_are_written_to_as_they_are_when_their_chunk_is_prepared() {
    let world = World::new().await;
    let (all, late) = (world.group("모두").await, world.group("나중").await);
    world.customers(1..=6, &[all]).await;
    let campaign = world.ask(&[all, late], "#{고객명}").await;
    world.prepare_chunk(&campaign, 3).await;
    // Before the next chunk: those who have a message change nothing, the others count as they are now.
    world.execute("UPDATE customers SET name = '늦은 이름' WHERE name = '고객 1'").await;
    world.execute("DELETE FROM customers WHERE name IN ('고객 2', '고객 4')").await;
    world.execute("UPDATE customers SET name = '새 이름' WHERE name = '고객 5'").await;
    world.customers([7], &[late]).await;
    // A phone that has its message goes from one person to another, and a customer moves to another group.
    world.execute("UPDATE customers SET phone = '+821099990003' WHERE name = '고객 3'").await;
    world.execute("UPDATE customers SET phone = '+821023450003' WHERE name = '고객 6'").await;
    world.customers([8], &[all]).await;
    assert_eq!(world.prepare(&campaign).await.len(), 1);
    let names: Vec<_> = world.reached(&campaign).await.into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["고객 1", "고객 2", "고객 3", "새 이름", "고객 7", "고객 8"]);
    let stored = world.stored(&campaign).await;
    assert_eq!((stored.prepared.messages, world.sizes(&campaign).await), (6, vec![5, 1]));
    world.test.finish().await;
}
