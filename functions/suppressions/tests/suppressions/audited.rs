//! Who looks at the ledger, adds to it and lifts is a line of the audit log.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use shared::db::staff;
use shared::model::CustomerId;
use shared::testing::audited::{assert_nothing_of, take};

use crate::world::{World, add, lift, path};

/// What the only line since the last look tells, which is of the owner.
async fn told(world: &World) -> (String, Option<CustomerId>, u32) {
    let taken = take(&world.test.pool).await;
    let [line] = taken.as_slice() else { panic!("one request is one line: {taken:?}") };
    let mut connection = world.test.database.acquire().await.unwrap();
    let owner = staff::find_by_subject(&mut connection, "owner").await.unwrap().unwrap();
    assert_eq!(line.staff_id, owner.id);
    assert_eq!(line.subject_kind, if line.subject_id.is_some() { "customer" } else { "many" });
    (line.action.clone(), line.subject_id.map(CustomerId::from_uuid), line.people)
}

#[tokio::test]
async fn whoever_looks_at_the_ledger_or_changes_it_is_written_down() {
    let world = World::new().await;
    let kim = world.customer("김단골", "010-1234-5678").await;
    let kim: CustomerId = kim.rsplit('/').next().unwrap().parse().unwrap();
    take(&world.test.pool).await;
    add(&world.owner, &["010-1234-5678", "010-1234-9999", "010-1234-5678"], Some("전화로 요청")).await;
    assert_eq!(told(&world).await, ("suppression.add".to_owned(), None, 2));
    let (known, nobodys) = (world.line("010-1234-5678").await, world.line("010-1234-9999").await);
    take(&world.test.pool).await;
    world.lines().await;
    assert_eq!(told(&world).await, ("suppression.list".to_owned(), None, 2));
    world.owner.get(&path(&known)).await;
    assert_eq!(told(&world).await, ("suppression.show".to_owned(), Some(kim), 1));
    world.owner.get(&path(&nobodys)).await;
    assert_eq!(told(&world).await, ("suppression.show".to_owned(), None, 1));
    assert_eq!(lift(&world.owner, &known, "다시 받기를 원하심").await.status, 204);
    assert_eq!(told(&world).await, ("suppression.lift".to_owned(), Some(kim), 1));
    world.owner.get("/v1/suppressions/lifted").await;
    assert_eq!(told(&world).await, ("suppression.list_lifted".to_owned(), None, 1));
    assert_eq!(world.other.get(&path(&nobodys)).await.status, 404);
    world.owner.get(&path(&nobodys)).await;
    assert_nothing_of(&world.test.pool, &["단골", "1234", "전화"]).await;
    assert_eq!(told(&world).await.0, "suppression.show", "the refusal is no line");
    world.test.finish().await;
}
