//! One person with several accounts is new once.

use crate::world::{World, code, hex, join, paid, phone_of, user};

#[tokio::test]
async fn another_account_with_the_same_phone_or_the_same_address_earns_nothing() {
    let world = World::new().await;
    let (clinic, elsewhere) = (world.clinic().await, world.clinic().await);
    let host = world.join("host", &elsewhere.code).await;
    join(&world.person("one").proving(Some(&phone_of(1)), Some("one@mail.example")), &clinic.code).await;
    assert_eq!(world.earned(), paid(&[("join", 1000), ("join", 1000)]));
    for (who, phone, email) in [
        ("two", Some(phone_of(1)), Some("two@mail.example")),
        ("three", None, Some("ONE@mail.example")),
        ("one more", None, Some("one+more@mail.example")),
        // The address that came with the known phone is known too.
        ("four", Some(phone_of(4)), Some("two@mail.example")),
    ] {
        let person = world.person(who).proving(phone.as_deref(), email);
        assert_eq!(join(&person, &code(&host)).await.status, 201);
    }
    assert_eq!(world.earned(), []);
    assert_eq!(world.unpaid().await, ["-", "-", "not_first", "not_first", "not_first", "not_first"]);
    // Somebody else is new.
    join(&world.person("five").proving(None, Some("five@mail.example")), &clinic.code).await;
    assert_eq!(world.earned(), paid(&[("join", 1000)]));
    world.test.finish().await;
}

#[tokio::test]
async fn two_accounts_of_one_person_that_join_at_the_same_moment_earn_once() {
    let world = World::with_connections(12).await;
    let clinic = world.clinic().await;
    let mut paid_for = 0;
    for round in 0..20_u32 {
        let accounts = (0..6).map(|account| {
            let person = world.person(&format!("{round} {account}"));
            let person = person.proving(Some(&phone_of(round)), Some(&format!("{round}.{}@mail.example", account % 2)));
            let code = clinic.code.clone();
            tokio::spawn(async move { join(&person, &code).await.status })
        });
        for account in accounts.collect::<Vec<_>>() {
            assert_eq!(account.await.unwrap(), 201);
        }
        paid_for += world.earned().len();
    }
    assert_eq!(paid_for, 20);
    // One customer for each phone, linked to one of the accounts.
    assert_eq!((world.count("customers").await, world.count("memberships WHERE customer_id IS NOT NULL").await), (20, 20));
    world.test.finish().await;
}

#[tokio::test]
async fn whoever_comes_back_after_a_withdrawal_earns_nothing_and_is_known_as_long_as_they_stay() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let host = world.join("host", &clinic.code).await;
    let before = join(&world.proven("before", 1), &clinic.code).await;
    world.earned();
    // As a withdrawal leaves it.
    world.end(&before, "withdrawn").await;
    let before = hex(user(&before).uuid());
    world
        .run(&format!(
            "UPDATE users SET subject = 'withdrawn:1', name = '', phone = NULL, withdrawn_at = NOW(6) WHERE id = {before}"
        ))
        .await;
    world.run("INSERT INTO withdrawals (user_id, subject, requested_at) VALUES (RANDOM_BYTES(16), 'before', NOW(6))").await;
    world.run(&format!("UPDATE person_keys SET forget_at = NOW(6) + INTERVAL 5 YEAR WHERE user_id = {before}")).await;
    world.run("UPDATE memberships SET customer_id = NULL, customer_made = FALSE WHERE state = 'ended'").await;
    world.run("DELETE FROM customers").await;

    assert_eq!(join(&world.proven("before", 1), &clinic.code).await.status, 401);
    let again = world.person("again").proving(Some(&phone_of(1)), Some("another@mail.example"));
    assert_eq!(join(&again, &code(&host)).await.status, 201);
    assert_eq!((world.earned(), world.unpaid().await.pop()), (vec![], Some("not_first".to_owned())));
    // The phone, which is theirs now, is kept with the new account; the old address is forgotten in time.
    assert_eq!(world.count(&format!("person_keys WHERE forget_at IS NULL AND user_id <> {before}")).await, 2);
    assert_eq!(world.count(&format!("person_keys WHERE forget_at IS NOT NULL AND user_id = {before}")).await, 1);
    assert_eq!(join(&world.proven("third account", 1), &code(&host)).await.status, 201);
    assert_eq!(world.earned(), []);
    world.test.finish().await;
}

#[tokio::test]
async fn whoever_joined_before_people_were_remembered_is_known_by_the_phone() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let host = world.join("host", &clinic.code).await;
    join(&world.proven("before", 1), &clinic.code).await;
    // Somebody who has an account and the phone, and never joined, has earned nothing.
    world
        .run(&format!(
            "INSERT INTO users (id, subject, name, phone, created_at) VALUES (RANDOM_BYTES(16), 'account', '', '{}', NOW(6))",
            phone_of(2)
        ))
        .await;
    world.earned();
    world.run("DELETE FROM person_keys").await;
    assert_eq!(join(&world.proven("another account", 1), &code(&host)).await.status, 201);
    assert_eq!((world.earned(), world.unpaid().await.pop()), (vec![], Some("not_first".to_owned())));
    join(&world.proven("somebody else", 2), &code(&host)).await;
    assert_eq!(world.earned(), paid(&[("join", 1000), ("invite", 1000)]));
    world.test.finish().await;
}

#[tokio::test]
async fn the_phone_of_before_stays_known_when_a_member_joins_another_clinic_with_a_new_one() {
    let world = World::new().await;
    let (clinic, elsewhere) = (world.clinic().await, world.clinic().await);
    join(&world.proven("member", 1), &clinic.code).await;
    // As somebody stands there who had joined before keys were kept: only the user tells of the phone.
    world.run("DELETE FROM person_keys").await;
    let changed = world.person("member").proving(Some(&phone_of(2)), None);
    assert_eq!(join(&changed, &elsewhere.code).await.status, 201);
    world.earned();
    let another = world.person("another account").proving(Some(&phone_of(1)), None);
    assert_eq!(join(&another, &clinic.code).await.status, 201);
    assert_eq!(world.earned(), []);
    world.test.finish().await;
}
