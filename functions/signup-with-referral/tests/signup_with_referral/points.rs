//! Invitations that earn nothing, with the reason kept.

use crate::world::{World, code, join, paid, points};

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
