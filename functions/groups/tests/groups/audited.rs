//! Who is moved between groups, and by whom, is a line of the audit log.

use serde_json::json;
use shared::db::staff;
use shared::model::GroupId;
use shared::testing::audited::{assert_nothing_of, lines, take};

use crate::support::{World, add, copy, delete, relocate, remove};

/// What the only line since the last look tells, which is of the owner.
async fn told(world: &World) -> (String, GroupId, u32) {
    let taken = take(&world.test.pool).await;
    let [line] = taken.as_slice() else { panic!("one request is one line: {taken:?}") };
    let mut connection = world.test.pool.acquire().await.unwrap();
    let owner = staff::find_by_subject(&mut connection, "owner").await.unwrap().unwrap();
    assert_eq!((line.staff_id, line.subject_kind.as_str()), (owner.id, "group"));
    (line.action.clone(), GroupId::from_uuid(line.subject_id.unwrap()), line.people)
}

#[tokio::test]
async fn whoever_moves_customers_between_groups_is_written_down() {
    let world = World::new().await;
    let ids = world.customers(4).await;
    let vip = world.group("VIP", &ids[..1]).await;
    assert_eq!(told(&world).await, ("group.add".to_owned(), vip, 1));
    let again = world.group("재방문", &[]).await;
    assert_eq!(lines(&world.test.pool).await, [], "an empty group is about nobody");

    add(&world.groups, vip, &ids).await;
    assert_eq!(told(&world).await, ("group.add_members".to_owned(), vip, 4));
    copy(&world.groups, vip, again, &ids[..3]).await;
    assert_eq!(told(&world).await, ("group.copy_members".to_owned(), vip, 3));
    remove(&world.groups, vip, &ids[..1]).await;
    assert_eq!(told(&world).await, ("group.remove_members".to_owned(), vip, 1));
    relocate(&world.groups, vip, again, &ids[1..3]).await;
    assert_eq!(told(&world).await, ("group.move_members".to_owned(), vip, 2));
    assert_eq!(delete(&world.groups, again).await.status, 204);
    assert_eq!(told(&world).await, ("group.delete".to_owned(), again, 3));
    add(&world.groups, vip, &ids[..1]).await;
    assert_nothing_of(&world.test.pool, &["고객", "VIP", "0000"]).await;
    world.test.finish().await;
}

#[tokio::test]
async fn what_shows_or_changes_nobody_is_no_line() {
    let world = World::new().await;
    let ids = world.customers(1).await;
    let vip = world.group("VIP", &[]).await;
    world.list().await;
    world.groups.get(&format!("/v1/groups/{vip}")).await;
    world.rename(vip, "단골").await;
    assert_eq!(add(&world.others, vip, &ids).await.status, 404);
    assert_eq!(world.groups.post(&format!("/v1/groups/{vip}/remove"), json!({"customerIds": ids})).await.status, 422);
    assert_eq!(lines(&world.test.pool).await, []);
    world.test.finish().await;
}
