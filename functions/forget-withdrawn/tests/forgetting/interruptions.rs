//! A run that loses its power anywhere.

use shared::model::state::MessageState;
use shared::testing::rollup;
use shared::testing::wire::Wire;

use crate::everything;
use crate::traces;
use crate::world::{WORDS, World};

/// The run is cut off after each number of commands until one comes to its end; each time the next one goes on from there.
#[tokio::test]
async fn a_run_that_is_cut_off_anywhere_is_made_good_by_the_next_ones() {
    let world = World::new().await;
    let everything = everything::write(&world).await;
    // One of the two customers was edited, and had another phone when a message was sent: it is looked for, which may be cut off, too.
    let edited = sqlx::query("UPDATE customers SET updated_at = updated_at + INTERVAL 1 DAY WHERE id = ?");
    edited.bind(everything.members[1].customer).execute(&world.test.pool).await.unwrap();
    let moved = sqlx::query("UPDATE messages SET phone = '+821011112222' WHERE customer_id = ? AND state = 'delivered'");
    moved.bind(everything.members[1].customer).execute(&world.test.pool).await.unwrap();
    assert_eq!(world.withdraw().await.status, 204);
    for (campaign, place) in everything.open {
        world.set(campaign, place, "accepted", MessageState::Delivered).await;
    }
    rollup::fill(&world.test.pool).await;
    world.clock.advance(chrono::TimeDelta::minutes(31));
    let wire = Wire::new(&world.test);
    let mut cuts = 0;
    for commands in 1.. {
        // What lies before is done by now: the same number of commands gets further each time.
        let database = wire.cut_after(commands).await;
        let outcome = world.run_on(database).await;
        if !wire.is_cut() {
            outcome.unwrap();
            break;
        }
        cuts += 1;
        assert!(cuts < 500, "a run comes to an end");
    }
    assert!(cuts > 20, "{cuts} cuts are hardly everywhere");
    assert_eq!(world.number("SELECT COUNT(*) FROM withdrawals WHERE finished_at IS NULL").await, 0);
    world.execute("DELETE FROM withdrawals").await;
    let words = [&WORDS[..], &["11112222"]].concat();
    assert!(traces::in_database(&world.test.pool, &words).await.is_empty());
    everything::assert_adds_up(&world).await;
    world.test.drop_database().await;
}
