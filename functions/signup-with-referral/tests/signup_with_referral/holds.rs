//! Points that the clinic looks at first.

use chrono::TimeDelta;

use crate::world::{World, code, join, paid, points};

#[tokio::test]
async fn invitations_over_the_limit_of_a_day_are_held_until_the_clinics_next_day() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    world.set(&clinic, "invites_per_day = 2, join_points = 0").await;
    let host = world.join("host", &clinic.code).await;
    for who in ["1", "2", "3"] {
        let joined = world.join(who, &code(&host)).await;
        assert_eq!((joined.status, points(&joined)), (201, (0, 0, who == "3")));
    }
    // It is 10:00 in Seoul: at 23:00 it is the same day there, and at 01:00 another, though not in Greenwich.
    world.clock.advance(TimeDelta::hours(13));
    world.join("4", &code(&host)).await;
    world.clock.advance(TimeDelta::hours(2));
    world.join("5", &code(&host)).await;
    assert_eq!(world.earned(), paid(&[("invite", 1000), ("invite", 1000), ("invite", 1000)]));
    assert_eq!(world.held().await, ["invite 1000 daily_cap", "invite 1000 daily_cap"]);
    assert_eq!(world.unpaid().await, ["-"; 6]);
    world.test.finish().await;
}

#[tokio::test]
async fn invitations_over_the_limit_in_total_are_held() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    world.set(&clinic, "invites_in_total = 1, join_points = 0").await;
    let host = world.join("host", &clinic.code).await;
    for who in ["1", "2"] {
        world.join(who, &code(&host)).await;
        world.clock.advance(TimeDelta::days(1));
    }
    assert_eq!((world.earned(), world.held().await), (paid(&[("invite", 1000)]), vec!["invite 1000 total_cap".to_owned()]));
    world.set(&clinic, "invites_in_total = NULL").await;
    world.join("3", &code(&host)).await;
    assert_eq!(world.earned(), paid(&[("invite", 1000)]));
    world.test.finish().await;
}

#[tokio::test]
async fn more_than_ten_invitations_within_ten_minutes_are_held() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    world.set(&clinic, "join_points = 0").await;
    let host = world.join("host", &clinic.code).await;
    for who in 1..=12 {
        world.join(&who.to_string(), &code(&host)).await;
    }
    assert_eq!((world.earned().len(), world.held().await), (10, vec!["invite 1000 burst".to_owned(); 2]));
    world.clock.advance(TimeDelta::minutes(10));
    world.join("later", &code(&host)).await;
    assert_eq!(world.earned().len(), 1);
    world.test.finish().await;
}

#[tokio::test]
async fn invitations_of_the_staff_are_held_and_count_towards_no_limit() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    join(&world.proven("nurse", 1), &clinic.code).await;
    let by_account = world.join("receptionist", &clinic.code).await;
    world.hire(&clinic, "receptionist", None).await;
    world.hire(&clinic, "nurse at work", Some(1)).await;
    world.earned();
    let by_phone = join(&world.proven("nurse", 1), &clinic.code).await;
    for (who, host) in [("1", &by_account), ("2", &by_phone)] {
        assert_eq!(points(&world.join(who, &code(host)).await), (1000, 0, true));
    }
    assert_eq!(world.earned(), paid(&[("join", 1000), ("join", 1000)]));
    assert_eq!(world.held().await, ["invite 1000 staff", "invite 1000 staff"]);
    assert_eq!(world.count("invite_counts").await, 0);
    world.run("UPDATE staff SET removed_at = NOW(6), subject = CONCAT('removed:', HEX(id))").await;
    world.join("3", &code(&by_account)).await;
    assert_eq!(world.earned(), paid(&[("join", 1000), ("invite", 1000)]));
    world.test.finish().await;
}

#[tokio::test]
async fn a_clinic_may_hold_the_points_of_whoever_has_not_proven_a_phone() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    world.set(&clinic, "holds_unproven = TRUE").await;
    let host = join(&world.proven("host", 1), &clinic.code).await;
    assert_eq!((points(&host), world.earned()), ((1000, 0, false), paid(&[("join", 1000)])));
    let guest = world.join("guest", &code(&host)).await;
    assert_eq!((guest.status, points(&guest)), (201, (0, 1000, true)));
    assert_eq!(world.earned(), []);
    assert_eq!(world.held().await, ["join 1000 unproven_phone", "invite 1000 unproven_phone"]);
    // The answer to a repeated request says what is still held.
    let again = world.join("guest", &code(&host)).await;
    assert_eq!((again.status, points(&again)), (200, (0, 1000, true)));
    // A phone that was proven once, and is no longer, is no proof.
    world
        .run(&format!(
            "INSERT INTO users (id, subject, name, phone, created_at) VALUES (RANDOM_BYTES(16), 'once', '', '{}', NOW(6))",
            crate::world::phone_of(3)
        ))
        .await;
    assert_eq!(points(&world.join("once", &clinic.code).await), (0, 1000, true));
    world.run("UPDATE held_grants SET state = 'refused', decided_at = NOW(6)").await;
    assert_eq!(points(&world.join("guest", &code(&host)).await), (0, 0, false));
    world.test.finish().await;
}

#[tokio::test]
async fn a_limit_is_exact_however_many_friends_join_at_once() {
    let world = World::with_connections(12).await;
    let clinic = world.clinic().await;
    world.set(&clinic, "invites_per_day = 5, join_points = 0").await;
    let host = world.join("host", &clinic.code).await;
    let friends = (0..40).map(|friend| {
        let (client, code) = (world.proven(&format!("friend {friend}"), friend), code(&host));
        tokio::spawn(async move { join(&client, &code).await.status })
    });
    for friend in friends.collect::<Vec<_>>() {
        assert_eq!(friend.await.unwrap(), 201);
    }
    assert_eq!((world.earned().len(), world.held().await), (5, vec!["invite 1000 daily_cap".to_owned(); 35]));
    assert_eq!(world.count("invite_counts WHERE that_day = 5 AND in_total = 5 AND in_burst = 5").await, 1);
    world.test.finish().await;
}
