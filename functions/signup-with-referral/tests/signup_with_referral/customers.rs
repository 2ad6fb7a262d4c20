//! Members and customers are one person.

use shared::db::memberships;
use shared::db::users;

use crate::world::{World, join, phone_of, user};

/// Each membership with its customer: `subject phone made`, `-` when there is none.
async fn links(world: &World) -> Vec<String> {
    let links = "SELECT CONCAT_WS(' ', u.subject, COALESCE(c.phone, '-'), m.customer_made) FROM memberships m
                 JOIN users u ON u.id = m.user_id
                 LEFT JOIN customers c ON c.clinic_id = m.clinic_id AND c.id = m.customer_id ORDER BY u.id";
    world.texts(links).await
}

#[tokio::test]
async fn a_member_with_a_proven_phone_becomes_a_customer_in_no_group() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    join(&world.proven("one", 1), &clinic.code).await;
    // Neither a phone that nobody has proven nor one that gets no messages makes a customer.
    join(&world.person("two"), &clinic.code).await;
    join(&world.person("three").proving(Some("+12025550123"), None), &clinic.code).await;
    assert_eq!(links(&world).await, [format!("one {} 1", phone_of(1)), "two - 0".into(), "three - 0".into()]);
    assert_eq!(world.texts("SELECT name FROM customers").await, ["이름 one"]);
    assert_eq!(world.count("customers WHERE advertising_consent_at IS NULL").await, 1);
    assert_eq!(world.count("customer_group_members").await, 0);
    world.earned();
    world.test.finish().await;
}

#[tokio::test]
async fn the_customer_whom_the_clinic_has_already_is_linked_and_stays_as_it_is() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    world.customer(&clinic, 1).await;
    let suppressed = "INSERT INTO suppressions (clinic_id, phone, reason, created_at) SELECT clinic_id, phone, 'asked', NOW(6)
                      FROM customers";
    world.run(suppressed).await;
    join(&world.proven("one", 1), &clinic.code).await;
    assert_eq!(links(&world).await, [format!("one {} 0", phone_of(1))]);
    assert_eq!(world.texts("SELECT name FROM customers").await, ["원장님이 적은 이름"]);
    assert_eq!(world.count("suppressions").await, 1);
    world.earned();
    world.test.finish().await;
}

#[tokio::test]
async fn a_customer_is_one_member_and_goes_over_to_another_account_of_the_person_only_when_the_first_has_ended() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let one = join(&world.proven("one", 1), &clinic.code).await;
    join(&world.proven("two", 1), &clinic.code).await;
    assert_eq!(links(&world).await, [format!("one {} 1", phone_of(1)), "two - 0".into()]);
    world.end(&one, "left").await;
    join(&world.proven("three", 1), &clinic.code).await;
    assert_eq!(links(&world).await, ["one - 0".into(), "two - 0".into(), format!("three {} 1", phone_of(1))]);
    world.earned();
    world.test.finish().await;
}

#[tokio::test]
async fn a_link_follows_a_new_phone_only_where_joining_has_made_the_customer() {
    let world = World::new().await;
    let (made, own, taken) = (world.clinic().await, world.clinic().await, world.clinic().await);
    world.customer(&own, 1).await;
    world.customer(&taken, 2).await;
    for clinic in [&made, &own, &taken] {
        join(&world.proven("one", 1), &clinic.code).await;
    }
    let mut tx = world.test.pool.begin().await.unwrap();
    let stored = users::lock_by_subject(&mut tx, "one").await.unwrap().unwrap();
    let mut phones = Vec::new();
    for clinic in [&made, &own, &taken] {
        let linked = memberships::link_customer(&mut tx, &world.ambient, clinic.id, stored.id, "이름", &phone_of(2)).await;
        let phone = sqlx::query_scalar::<_, String>("SELECT phone FROM customers WHERE clinic_id = ? AND id = ?");
        phones.push(phone.bind(clinic.id).bind(linked.unwrap().unwrap()).fetch_one(&mut *tx).await.unwrap());
    }
    assert_eq!(phones, [phone_of(2), phone_of(1), phone_of(1)]);
    tx.commit().await.unwrap();
    world.earned();
    world.test.finish().await;
}

#[tokio::test]
async fn a_customer_whom_the_clinic_has_deleted_is_made_anew_when_the_member_comes_back() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let one = join(&world.proven("one", 1), &clinic.code).await;
    world.run("DELETE FROM customers").await;
    world.end(&one, "left").await;
    assert_eq!(join(&world.proven("one", 1), &clinic.code).await.status, 201);
    assert_eq!(links(&world).await, [format!("one {} 1", phone_of(1))]);
    world.earned();
    world.test.finish().await;
}

#[tokio::test]
async fn a_phone_that_is_proven_later_is_taken_over() {
    let world = World::new().await;
    let (one, two) = (world.clinic().await, world.clinic().await);
    let first = join(&world.person("one"), &one.code).await;
    join(&world.proven("one", 1), &two.code).await;
    assert_eq!(world.texts("SELECT phone FROM users").await, [phone_of(1)]);
    // A token without the phone takes nothing away.
    join(&world.person("one"), &one.code).await;
    assert_eq!(world.texts("SELECT phone FROM users").await, [phone_of(1)]);
    let mut tx = world.test.pool.begin().await.unwrap();
    let nobody = memberships::link_customer(&mut tx, &world.ambient, one.id, user(&first), "이름", "02-555-0101").await;
    assert_eq!(nobody.unwrap(), None, "no message can be sent to a landline");
    tx.rollback().await.unwrap();
    world.earned();
    world.test.finish().await;
}
