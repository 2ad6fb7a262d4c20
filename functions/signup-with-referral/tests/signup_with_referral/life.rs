//! Joining by a code in each state of a membership.

use shared::db::memberships;
use shared::testing::Answer;

use crate::world::{World, code, hex, kind, points, user};

async fn state(world: &World, answer: &Answer) -> Vec<String> {
    let state = format!(
        "SELECT CONCAT_WS(' ', state, ended_because, ended_at IS NULL, confirmed_at IS NULL) FROM memberships WHERE user_id = {}",
        hex(user(answer).uuid())
    );
    world.texts(&state).await
}

#[tokio::test]
async fn whoever_has_asked_is_confirmed_by_a_code() {
    let world = World::new().await;
    let (clinic, other) = (world.clinic().await, world.clinic().await);
    let person = world.join("person", &other.code).await;
    let mut connection = world.test.pool.acquire().await.unwrap();
    memberships::ask(&mut connection, &world.ambient, clinic.id, user(&person)).await.unwrap();
    assert_eq!(world.join("person", &clinic.code).await.status, 201);
    assert_eq!(state(&world, &person).await, ["confirmed 1 0", "confirmed 1 0"]);
    world.earned();
    drop(connection);
    world.test.finish().await;
}

#[tokio::test]
async fn whoever_has_left_comes_back_by_the_code_of_before_and_earns_nothing() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let host = world.join("host", &clinic.code).await;
    let first = world.join("person", &code(&host)).await;
    world.earned();
    world.end(&first, "left").await;
    assert_eq!(kind(&world.join("person", &clinic.code).await), (409, "already-referred"));
    let back = world.join("person", &code(&host)).await;
    assert_eq!((back.status, code(&back), points(&back)), (201, code(&first), (0, 0, false)));
    assert_eq!(state(&world, &first).await, ["confirmed 1 0"]);
    assert_eq!((world.earned(), world.count("referrals").await), (vec![], 2));
    assert_eq!(points(&world.join("person", &code(&host)).await), (0, 0, false), "the same answer again");
    // Nobody comes back by a code that others cannot use either.
    world.end(&back, "left").await;
    world.end(&host, "left").await;
    assert_eq!(kind(&world.join("person", &code(&host)).await), (404, "unknown-code"));
    world.test.finish().await;
}

#[tokio::test]
async fn whom_the_clinic_has_ended_or_declined_does_not_come_back_by_a_code() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    for because in ["removed", "declined", "withdrawn"] {
        let joined = world.join(because, &clinic.code).await;
        world.end(&joined, because).await;
        assert_eq!(kind(&world.join(because, &clinic.code).await), (409, "membership-ended"));
        assert_eq!(state(&world, &joined).await, [format!("ended {because} 0 0")]);
    }
    world.earned();
    world.test.finish().await;
}

#[tokio::test]
async fn a_member_without_a_referral_is_told_so() {
    let world = World::new().await;
    let (clinic, other) = (world.clinic().await, world.clinic().await);
    let person = world.join("person", &other.code).await;
    world.earned();
    let mut tx = world.test.pool.begin().await.unwrap();
    let stored = shared::db::users::lock(&mut tx, user(&person)).await.unwrap().unwrap();
    let own = memberships::confirm(&mut tx, &world.ambient, clinic.id, &stored).await.unwrap();
    let again = memberships::confirm(&mut tx, &world.ambient, clinic.id, &stored).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(own, again, "one code for each clinic");
    assert_eq!(kind(&world.join("person", &clinic.code).await), (409, "already-member"));
    // Whoever has left without a referral joins like anybody else, but is not new.
    let left = "UPDATE memberships SET state = 'ended', ended_because = 'left', ended_at = created_at WHERE clinic_id = ";
    world.run(&format!("{left}{}", hex(clinic.id.uuid()))).await;
    assert_eq!(world.join("person", &clinic.code).await.status, 201);
    assert_eq!((world.earned(), world.count("referrals").await), (vec![], 2));
    world.test.finish().await;
}

#[tokio::test]
async fn an_end_is_written_with_its_reason() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let person = world.join("person", &clinic.code).await;
    world.earned();
    let mut tx = world.test.pool.begin().await.unwrap();
    let because = shared::model::state::EndReason::Removed;
    memberships::end(&mut tx, &world.ambient, clinic.id, user(&person), because).await.unwrap();
    let standing = memberships::lock(&mut tx, clinic.id, user(&person)).await.unwrap().unwrap();
    assert_eq!((standing.ended_because, standing.ended_at), (Some(because), Some(world.ambient.now())));
    memberships::ask(&mut tx, &world.ambient, clinic.id, user(&person)).await.unwrap();
    let standing = memberships::lock(&mut tx, clinic.id, user(&person)).await.unwrap().unwrap();
    assert_eq!((standing.ended_because, standing.ended_at), (None, None));
    tx.commit().await.unwrap();
    assert_eq!(state(&world, &person).await, ["pending 1 1"]);
    world.test.finish().await;
}
