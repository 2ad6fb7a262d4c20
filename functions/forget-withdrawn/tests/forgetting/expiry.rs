//! What was kept for a time.

use std::time::Duration;

use chrono::TimeDelta;
use forget_withdrawn::{Deps, Run, handle};
use shared::clock::Ambient;

use crate::world::World;

#[tokio::test]
async fn hashes_go_after_five_years_and_the_line_of_a_withdrawal_a_day_after_its_end() {
    let world = World::new().await;
    let member = world.person().await;
    let insert = sqlx::query("INSERT INTO person_keys (person_key, user_id, created_at) VALUES (REPEAT('k', 32), ?, ?)");
    insert.bind(member.user).bind(world.now()).execute(&world.test.pool).await.unwrap();
    world
        .execute("INSERT INTO person_keys (person_key, user_id, created_at) VALUES (REPEAT('o', 32), REPEAT('o', 16), NOW())")
        .await;
    assert_eq!(world.withdraw().await.status, 204);
    assert_eq!(world.run_later().await.finished, 1);
    world.clock.advance(TimeDelta::hours(23));
    assert_eq!(world.run().await.unwrap().expired, 0);
    assert_eq!(world.client.get("/v1/me").await.status, 405);
    assert_eq!(world.withdraw().await.status, 204, "tokens of the account mean nobody");
    world.clock.advance(TimeDelta::hours(2));
    assert_eq!(world.run().await.unwrap().expired, 1);
    assert_eq!(world.number("SELECT COUNT(*) FROM withdrawals").await, 0);
    world.clock.advance(TimeDelta::days(5 * 365 - 2));
    assert_eq!(world.run().await.unwrap().expired, 0);
    world.clock.advance(TimeDelta::days(4));
    assert_eq!(world.run().await.unwrap().expired, 1);
    assert_eq!(world.number("SELECT COUNT(*) FROM person_keys").await, 1, "that of somebody who has not withdrawn");
    world.test.finish().await;
}

#[tokio::test]
async fn what_is_old_goes_even_when_people_take_all_the_time_of_a_run() {
    let world = World::new().await;
    assert_eq!(world.withdraw().await.status, 204);
    world.execute("INSERT INTO code_guesses (guesser, since, guesses) VALUES (REPEAT('a', 32), '2001-01-01', 3)").await;
    let (database, ambient) = (world.test.another().await, Ambient::seeded(world.clock.clone(), 9));
    let run = handle(&Deps { database, ambient, accounts: &world.accounts, time: Duration::ZERO }).await.unwrap();
    assert_eq!(run, Run { expired: 1, waiting: 1, ..Run::default() });
    world.test.finish().await;
}

#[tokio::test]
async fn counts_of_guesses_go_after_a_day() {
    let world = World::new().await;
    for (guesser, age) in [("a", TimeDelta::hours(25)), ("b", TimeDelta::hours(23))] {
        let insert = sqlx::query("INSERT INTO code_guesses (guesser, since, guesses) VALUES (REPEAT(?, 32), ?, 3)");
        insert.bind(guesser).bind(world.now() - age).execute(&world.test.pool).await.unwrap();
    }
    assert_eq!(world.run().await.unwrap().expired, 1);
    assert_eq!(world.number("SELECT COUNT(*) FROM code_guesses WHERE guesser = REPEAT('b', 32)").await, 1);
    world.test.finish().await;
}
