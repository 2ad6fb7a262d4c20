//! Invitations that earn nothing, with the reason kept.

use shared::db::{memberships, users};

use crate::world::{World, code, hex, join, paid, points, user};

#[tokio::test]
async fn a_customer_of_the_clinic_joins_and_earns_but_pays_no_invite_points() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let host = world.join("host", &clinic.code).await;
    world.earned();
    for phone in [1, 2] {
        world.customer(&clinic, phone).await;
    }
    assert_eq!(points(&join(&world.proven("known", 1), &code(&host)).await), (1000, 0, false));
    assert_eq!(world.earned(), paid(&[("join", 1000)]));
    world.set(&clinic, "pays_for_known = TRUE").await;
    join(&world.proven("also known", 2), &code(&host)).await;
    assert_eq!(world.earned(), paid(&[("join", 1000), ("invite", 1000)]));
    // A customer of another clinic is new here.
    let other = world.clinic().await;
    world.customer(&other, 3).await;
    world.set(&clinic, "pays_for_known = FALSE").await;
    join(&world.proven("new", 3), &code(&host)).await;
    assert_eq!(world.earned(), paid(&[("join", 1000), ("invite", 1000)]));
    assert_eq!(world.unpaid().await, ["-", "known_customer", "-", "-"]);
    world.test.finish().await;
}

#[tokio::test]
async fn whoever_works_for_the_clinic_pays_no_invite_points_by_account_and_by_phone() {
    let world = World::new().await;
    let (clinic, other) = (world.clinic().await, world.clinic().await);
    let host = world.join("host", &clinic.code).await;
    world.earned();
    world.hire(&clinic, "nurse", None).await;
    world.hire(&clinic, "doctor at work", Some(2)).await;
    world.hire(&other, "elsewhere", Some(3)).await;
    world.hire(&clinic, "removed:long ago", Some(4)).await;
    join(&world.proven("nurse", 1), &code(&host)).await;
    join(&world.proven("doctor at home", 2), &code(&host)).await;
    join(&world.proven("elsewhere", 3), &code(&host)).await;
    join(&world.proven("former", 4), &code(&host)).await;
    assert_eq!(world.unpaid().await, ["-", "staff", "staff", "-", "staff"]);
    let expected = [("join", 1000), ("join", 1000), ("join", 1000), ("invite", 1000), ("join", 1000)];
    assert_eq!(world.earned(), paid(&expected));
    world.test.finish().await;
}

#[tokio::test]
async fn a_clinic_that_grants_no_points_still_gets_its_member() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    world.set(&clinic, "points_enabled = FALSE").await;
    let first = world.join("first", &clinic.code).await;
    assert_eq!((first.status, points(&first)), (201, (0, 0, false)));
    assert_eq!(world.join("second", &code(&first)).await.status, 201);
    world.set(&clinic, "points_enabled = TRUE, invite_points = 0").await;
    assert_eq!(world.join("third", &code(&first)).await.status, 201);
    assert_eq!(world.earned(), paid(&[("join", 1000)]));
    assert_eq!(world.unpaid().await, ["-", "points_off", "no_points"]);
    world.test.finish().await;
}

/// Somebody whom the clinic has confirmed itself, and who has left.
async fn former_member(world: &World, clinic: &crate::world::Place, who: &str) {
    let mut tx = world.test.pool.begin().await.unwrap();
    let caller = shared::model::person::Caller { subject: who.to_owned(), name: None, phone: None, email: None };
    let person = users::lock_or_insert(&mut tx, &world.ambient, &caller).await.unwrap();
    memberships::confirm(&mut tx, &world.ambient, clinic.id, &person).await.unwrap();
    memberships::end(&mut tx, &world.ambient, clinic.id, person.id, shared::model::state::EndReason::Left).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_member_of_before_who_comes_by_a_friends_code_pays_no_invite_points() {
    let world = World::new().await;
    let (clinic, other) = (world.clinic().await, world.clinic().await);
    let host = world.join("host", &clinic.code).await;
    world.earned();
    former_member(&world, &clinic, "one").await;
    former_member(&world, &clinic, "two").await;
    former_member(&world, &other, "three").await;
    assert_eq!(points(&world.join("one", &code(&host)).await), (1000, 0, false));
    assert_eq!(world.earned(), paid(&[("join", 1000)]));
    world.set(&clinic, "pays_for_known = TRUE").await;
    world.join("two", &code(&host)).await;
    world.set(&clinic, "pays_for_known = FALSE").await;
    // A member of another clinic is new here.
    world.join("three", &code(&host)).await;
    assert_eq!(world.earned(), paid(&[("join", 1000), ("invite", 1000), ("join", 1000), ("invite", 1000)]));
    assert_eq!(world.unpaid().await, ["-", "known_member", "-", "-"]);
    world.test.finish().await;
}

#[tokio::test]
async fn whoever_invites_is_looked_at_again_when_the_friend_joins() {
    let world = World::with_connections(2).await;
    let clinic = world.clinic().await;
    let host = world.join("host", &clinic.code).await;
    world.join("friend", &world.clinic().await.code).await;
    world.earned();
    // The friend's request has looked the code up and waits, when the host leaves.
    let mut tx = world.test.pool.begin().await.unwrap();
    users::lock_by_subject(&mut tx, "friend").await.unwrap().unwrap();
    let (friend, invitation) = (world.person("friend"), code(&host));
    let request = tokio::spawn(async move { join(&friend, &invitation).await });
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    world.end(&host, "left").await;
    tx.commit().await.unwrap();
    let answer = request.await.unwrap();
    assert_eq!(crate::world::kind(&answer), (404, "unknown-code"));
    assert_eq!(world.count(&format!("referrals WHERE referrer_id = {}", hex(user(&host).uuid()))).await, 0);
    assert_eq!(world.earned(), []);
    world.test.finish().await;
}
