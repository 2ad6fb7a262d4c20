//! Lists in which somebody stands who has withdrawn.

use chrono::TimeDelta;
use shared::db::imports::Options;
use shared::model::{ClinicId, ImportId};
use shared::testing::importing::{self, Importing};

use crate::world::{Member, NAME, PHONE, World};

/// A list with the person in it, and somebody else.
async fn upload(world: &World, clinic: ClinicId) -> ImportId {
    let mut importing = Importing::new(&world.test.pool, &world.ambient).await;
    importing.clinic = clinic;
    let rows = [importing::row(98_765_432).numbered(1).named(NAME), importing::row(2)];
    let import = importing.approve(&world.ambient, &rows, Options { target_group: None, update_existing: true }).await;
    let sample = sqlx::query("UPDATE imports SET sample = '[]' WHERE id = ?").bind(import);
    sample.execute(&world.test.pool).await.unwrap();
    import
}

/// How many rows a list has, and whether its sample is there.
async fn look(world: &World, import: ImportId) -> (i64, bool) {
    let rows = "SELECT COUNT(r.number), MAX(i.sample IS NOT NULL) FROM imports i
         LEFT JOIN import_rows r ON r.clinic_id = i.clinic_id AND r.import_id = i.id WHERE i.id = ?";
    sqlx::query_as(rows).bind(import).fetch_one(&world.test.pool).await.unwrap()
}

#[tokio::test]
async fn a_list_of_before_forgets_the_person_and_one_that_is_uploaded_afterwards_keeps_its_rows() {
    let world = World::new().await;
    let member = world.person().await;
    let before = upload(&world, member.clinic).await;
    assert_eq!(world.withdraw().await.status, 204);
    world.clock.advance(TimeDelta::minutes(1));
    let after = upload(&world, member.clinic).await;
    world.run().await.unwrap();
    assert_eq!((look(&world, before).await, look(&world, after).await), ((1, false), (2, true)));
    assert_eq!(world.run_later().await.finished, 1);
    assert_eq!((look(&world, before).await, look(&world, after).await), ((1, false), (2, true)));
    world.test.finish().await;
}

#[tokio::test]
async fn rows_about_a_customer_of_the_clinic_s_own_with_the_person_s_phone_stay() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let user = world.user(crate::world::SUBJECT, NAME, Some(PHONE)).await;
    // Joining made a customer with another phone; the clinic has one with this phone itself.
    world.member(clinic, user, "+821011112222", true).await;
    let other = world.user("somebody else", "김단골", None).await;
    let Member { customer: own, .. } = world.member(clinic, other, PHONE, false).await;
    let import = upload(&world, clinic).await;
    assert_eq!(world.withdraw().await.status, 204);
    assert_eq!(world.run_later().await.finished, 1);
    assert_eq!(look(&world, import).await, (2, true));
    let kept: Vec<shared::model::CustomerId> =
        sqlx::query_scalar("SELECT id FROM customers").fetch_all(&world.test.pool).await.unwrap();
    assert_eq!(kept, [own]);
    world.test.finish().await;
}
