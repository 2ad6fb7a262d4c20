//! Many customers at once, into groups and out of them.

use serde_json::json;

use crate::support::{World, add, copy, id, kind, outcome, relocate, remove};

#[tokio::test]
async fn who_is_in_the_group_already_is_not_counted_as_added() {
    let world = World::new().await;
    let ids = world.customers(4).await;
    let vip = world.group("VIP", &ids[..1]).await;
    let added = add(&world.groups, vip, &[ids[2], ids[0], ids[1], ids[2]]).await;
    let view = json!({"id": vip, "name": "VIP", "unassigned": false, "customers": 3});
    assert_eq!((added.status, added.json), (200, json!({"changed": 2, "target": view})));
    assert_eq!(outcome(&add(&world.groups, vip, &ids[..3]).await), (0, None, Some(3)));
    assert_eq!(world.counts().await, [("VIP".to_owned(), 3), ("미지정".to_owned(), 1)]);
    world.test.finish().await;
}

#[tokio::test]
async fn who_is_removed_from_the_last_group_is_unassigned() {
    let world = World::new().await;
    let ids = world.customers(3).await;
    let (vip, again) = (world.group("VIP", &ids).await, world.group("재방문", &ids[..1]).await);
    let removed = remove(&world.groups, vip, &ids[..2]).await;
    let view = json!({"id": vip, "name": "VIP", "unassigned": false, "customers": 1});
    assert_eq!((removed.status, removed.json), (200, json!({"changed": 2, "source": view})));
    assert_eq!(world.groups_of(ids[0]).await, ["재방문"]);
    assert_eq!(world.groups_of(ids[1]).await, ["미지정"]);
    assert_eq!(outcome(&remove(&world.groups, again, &ids[..1]).await), (1, Some(0), None));
    assert_eq!(world.counts().await, [("VIP".to_owned(), 1), ("미지정".to_owned(), 2), ("재방문".to_owned(), 0)]);
    world.test.finish().await;
}

#[tokio::test]
async fn a_copy_stays_and_joins_and_a_move_leaves_and_joins() {
    let world = World::new().await;
    let ids = world.customers(4).await;
    let (vip, again) = (world.group("VIP", &ids).await, world.group("재방문", &ids[..1]).await);
    assert_eq!(outcome(&copy(&world.groups, vip, again, &ids[..2]).await), (1, Some(4), Some(2)));
    assert_eq!(world.groups_of(ids[1]).await, ["VIP", "재방문"]);
    // Two of them are in it already: they leave the source, and are not counted as having joined.
    assert_eq!(outcome(&relocate(&world.groups, vip, again, &ids[..3]).await), (1, Some(1), Some(3)));
    assert_eq!(world.groups_of(ids[0]).await, ["재방문"]);
    assert_eq!(world.groups_of(ids[2]).await, ["재방문"]);
    world.test.finish().await;
}

#[tokio::test]
async fn to_copy_or_move_to_the_same_group_changes_nothing() {
    let world = World::new().await;
    let ids = world.customers(2).await;
    let vip = world.group("VIP", &ids[..1]).await;
    assert_eq!(outcome(&copy(&world.groups, vip, vip, &ids[..1]).await), (0, Some(1), Some(1)));
    assert_eq!(outcome(&relocate(&world.groups, vip, vip, &ids[..1]).await), (0, Some(1), Some(1)));
    assert_eq!(relocate(&world.groups, vip, vip, &ids).await.json["notInGroup"], 1);
    let unassigned = world.unassigned().await;
    assert_eq!(outcome(&relocate(&world.groups, unassigned, unassigned, &ids[1..]).await), (0, Some(1), Some(1)));
    assert_eq!(relocate(&world.groups, unassigned, unassigned, &ids).await.json["notInGroup"], 1);
    world.test.finish().await;
}

#[tokio::test]
async fn who_is_copied_or_moved_from_the_unassigned_group_leaves_it() {
    let world = World::new().await;
    let ids = world.customers(5).await;
    let (vip, unassigned) = (world.group("VIP", &ids[..1]).await, world.unassigned().await);
    assert_eq!(outcome(&copy(&world.groups, unassigned, vip, &ids[1..2]).await), (1, Some(3), Some(2)));
    assert_eq!(outcome(&relocate(&world.groups, unassigned, vip, &ids[2..4]).await), (2, Some(1), Some(4)));
    for action in ["copy", "move"] {
        let path = format!("/v1/groups/{unassigned}/{action}");
        let refused = world.groups.post(&path, json!({"customerIds": ids, "to": vip})).await;
        assert_eq!((refused.status, &refused.json["notInGroup"]), (422, &json!(4)), "four of five are assigned");
    }
    assert_eq!(world.counts().await, [("VIP".to_owned(), 4), ("미지정".to_owned(), 1)]);
    world.test.finish().await;
}

#[tokio::test]
async fn who_is_moved_to_the_unassigned_group_leaves_all_groups() {
    let world = World::new().await;
    let ids = world.customers(3).await;
    let vip = world.group("VIP", &ids).await;
    world.group("재방문", &ids[..2]).await;
    let unassigned = world.unassigned().await;
    assert_eq!(outcome(&relocate(&world.groups, vip, unassigned, &ids[1..]).await), (2, Some(1), Some(2)));
    assert_eq!(world.counts().await, [("VIP".to_owned(), 1), ("미지정".to_owned(), 2), ("재방문".to_owned(), 1)]);
    assert_eq!(world.groups_of(ids[1]).await, ["미지정"]);
    world.test.finish().await;
}

#[tokio::test]
async fn the_unassigned_group_says_what_to_do_instead() {
    let world = World::new().await;
    let ids = world.customers(1).await;
    let (vip, unassigned) = (world.group("VIP", &ids).await, world.unassigned().await);
    for (refused, instead) in [
        (add(&world.groups, unassigned, &ids).await, "이동"),
        (copy(&world.groups, vip, unassigned, &ids).await, "이동"),
        (remove(&world.groups, unassigned, &ids).await, "추가"),
    ] {
        assert_eq!((refused.status, kind(&refused)), (409, "unassigned-group"));
        assert!(refused.json["detail"].as_str().unwrap().contains(instead), "{refused:?}");
    }
    world.test.finish().await;
}

#[tokio::test]
async fn one_customer_who_is_not_in_the_group_stops_the_call() {
    let world = World::new().await;
    let ids = world.customers(5).await;
    let (vip, again) = (world.group("VIP", &ids[..3]).await, world.group("재방문", &[]).await);
    let before = world.counts().await;
    for refused in [
        remove(&world.groups, vip, &ids).await,
        copy(&world.groups, vip, again, &ids).await,
        relocate(&world.groups, vip, again, &ids).await,
        relocate(&world.groups, vip, world.unassigned().await, &ids).await,
    ] {
        assert_eq!((refused.status, &refused.json["field"]), (422, &json!("customerIds")));
        assert_eq!(refused.json["notInGroup"], 2);
        assert!(refused.json["detail"].as_str().unwrap().contains("2명"));
    }
    assert_eq!(world.counts().await, before);
    world.test.finish().await;
}

#[tokio::test]
async fn one_customer_of_another_clinic_or_of_nobody_stops_the_call() {
    let world = World::new().await;
    let own = world.customers(2).await;
    let foreign = world.customers_of(world.foreign, 0..1).await;
    let (vip, again) = (world.group("VIP", &own[..1]).await, world.group("재방문", &[]).await);
    let nobody = "cus_00000000000070008000000000000000".parse().unwrap();
    let before = world.counts().await;
    for unknown in [foreign[0], nobody] {
        let ids = [own[0], unknown];
        for refused in [
            add(&world.groups, again, &ids).await,
            remove(&world.groups, vip, &ids).await,
            copy(&world.groups, vip, again, &ids).await,
            relocate(&world.groups, vip, again, &ids).await,
        ] {
            assert_eq!((refused.status, &refused.json["unknown"]), (422, &json!(1)), "{refused:?}");
        }
    }
    assert_eq!(world.counts().await, before);
    world.test.finish().await;
}

#[tokio::test]
async fn neither_end_may_be_a_group_of_another_clinic() {
    let world = World::new().await;
    let ids = world.customers(1).await;
    let vip = world.group("VIP", &ids).await;
    let foreign = id(&world.others.post("/v1/groups", json!({"name": "VIP"})).await);
    for (answer, field) in [
        (add(&world.groups, foreign, &ids).await, None),
        (remove(&world.groups, foreign, &ids).await, None),
        (copy(&world.groups, foreign, vip, &ids).await, None),
        (relocate(&world.groups, vip, foreign, &ids).await, Some("to")),
        (copy(&world.groups, vip, foreign, &ids).await, Some("to")),
    ] {
        assert_eq!((answer.status, answer.json["field"].as_str()), (404, field), "{answer:?}");
    }
    assert_eq!(world.groups_of(ids[0]).await, ["VIP"]);
    world.test.finish().await;
}

#[tokio::test]
async fn ten_thousand_customers_go_in_one_call() {
    let world = World::new().await;
    let ids = world.customers(10_000).await;
    let (vip, again, unassigned) = (world.group("VIP", &ids).await, world.group("재방문", &[]).await, world.unassigned().await);
    assert_eq!(outcome(&copy(&world.groups, vip, again, &ids).await), (10_000, Some(10_000), Some(10_000)));
    assert_eq!(outcome(&relocate(&world.groups, vip, again, &ids).await), (0, Some(0), Some(10_000)));
    assert_eq!(outcome(&relocate(&world.groups, again, unassigned, &ids).await), (10_000, Some(0), Some(10_000)));
    assert_eq!(outcome(&relocate(&world.groups, unassigned, vip, &ids).await), (10_000, Some(0), Some(10_000)));
    assert_eq!(outcome(&remove(&world.groups, vip, &ids).await), (10_000, Some(0), None));
    assert_eq!(outcome(&add(&world.groups, vip, &ids).await), (10_000, None, Some(10_000)));
    world.test.finish().await;
}
