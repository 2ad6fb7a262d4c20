//! All customers of a filter, into groups and out of them.

use groups::{Deps, routes};
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::model::GroupId;
use shared::testing::audited::take;
use shared::testing::{Answer, Client, TickingClock};

use crate::support::{World, kind};

/// What is done in a group with all of a filter.
async fn all(client: &Client, group: GroupId, action: &str, mut body: Value, to: Option<GroupId>) -> Answer {
    if let Some(to) = to {
        body["to"] = json!(to);
    }
    client.post(&format!("/v1/groups/{group}/{action}"), body).await
}

/// Changed, remaining, and the sizes of source and target, `None` for one that is not named.
fn outcome(answer: &Answer) -> (u64, u64, Option<u64>, Option<u64>) {
    assert_eq!(answer.status, 200, "{answer:?}");
    let size = |group: &str| answer.json.get(group).map(|group| group["customers"].as_u64().unwrap());
    let number = |field: &str| answer.json[field].as_u64().unwrap();
    (number("changed"), number("remaining"), size("source"), size("target"))
}

#[tokio::test]
async fn all_of_a_filter_join_leave_are_copied_and_moved() {
    let world = World::new().await;
    let ids = world.customers(12).await;
    let (vip, again) = (world.group("VIP", &ids[..1]).await, world.group("재방문", &[]).await);
    let client = &world.groups;
    // 고객 1, 고객 10, 고객 11; with those of another group alone.
    assert_eq!(outcome(&all(client, vip, "add", json!({"all": {"q": "고객 1"}}), None).await), (3, 0, None, Some(4)));
    let of_vip = json!({"all": {"groupId": vip, "q": "고객 1"}});
    assert_eq!(outcome(&all(client, again, "add", of_vip, None).await), (3, 0, None, Some(3)));
    assert_eq!(outcome(&all(client, vip, "remove", json!({"all": {"q": "고객 11"}}), None).await), (1, 0, Some(3), None));
    assert_eq!(outcome(&all(client, vip, "copy", json!({"all": {}}), Some(again)).await), (1, 0, Some(3), Some(4)));
    let unassigned = world.unassigned().await;
    let rest = json!({"all": {"groupId": unassigned}});
    assert_eq!(outcome(&all(client, unassigned, "move", rest, Some(vip)).await), (8, 0, Some(0), Some(11)));
    assert_eq!(outcome(&all(client, vip, "move", json!({"all": {}}), Some(vip)).await), (0, 0, Some(11), Some(11)));
    assert_eq!(outcome(&all(client, vip, "move", json!({"all": {}}), Some(unassigned)).await), (11, 0, Some(0), Some(11)));
    assert_eq!(world.groups_of(ids[11]).await, ["재방문"]);
    assert_eq!(world.counts().await, [("VIP".to_owned(), 0), ("미지정".to_owned(), 11), ("재방문".to_owned(), 1)]);
    assert_eq!(outcome(&all(client, again, "add", json!({"all": {}}), None).await), (11, 0, None, Some(12)));
    assert_eq!(outcome(&all(client, again, "add", json!({"all": {}}), None).await), (0, 0, None, Some(12)), "once more");
    world.test.finish().await;
}

#[tokio::test]
async fn a_call_ends_in_time_and_the_next_goes_on_where_it_ended() {
    let world = World::new().await;
    world.customers(21_000).await;
    let (vip, again) = (world.group("VIP", &[]).await, world.group("재방문", &[]).await);
    let ambient = Ambient::seeded(TickingClock::after(&world.ambient), 7);
    let slow = Client::signed_in("groups", routes(Deps { database: world.test.another().await, ambient }), "owner");
    for (group, action, to) in
        [(vip, "add", None), (vip, "copy", Some(again)), (vip, "move", Some(again)), (again, "remove", None)]
    {
        let (mut body, mut calls, mut left) = (json!({"all": {"q": "고객"}}), 0, 21_000);
        loop {
            let answer = all(&slow, group, action, body, to).await;
            let (_, remaining, ..) = outcome(&answer);
            assert!(remaining < left, "{action}: {answer:?}");
            (left, calls) = (remaining, calls + 1);
            let Some(cursor) = answer.json.get("nextCursor") else { break };
            body = json!({"all": {"q": "고객"}, "cursor": cursor});
        }
        assert!(left == 0 && calls > 1, "{action} in {calls}");
    }
    assert_eq!(world.counts().await, [("VIP".to_owned(), 0), ("미지정".to_owned(), 21_000), ("재방문".to_owned(), 0)]);
    world.test.finish().await;
}

#[tokio::test]
async fn what_cannot_be_done_with_some_cannot_be_done_with_all() {
    let world = World::new().await;
    let ids = world.customers(2).await;
    let vip = world.group("VIP", &ids).await;
    let empty = world.group("빈", &[]).await;
    let unassigned = world.unassigned().await;
    let foreign = world.others.post("/v1/groups", json!({"name": "남"})).await.json["id"].as_str().unwrap().parse().unwrap();
    let everybody = || json!({"all": {}});
    for (group, action, to) in [(unassigned, "add", None), (unassigned, "remove", None), (empty, "copy", Some(unassigned))] {
        let refused = all(&world.groups, group, action, everybody(), to).await;
        assert_eq!((refused.status, kind(&refused)), (409, "unassigned-group"), "{action}");
    }
    for (group, action, body, to) in [
        (foreign, "add", everybody(), None),
        (foreign, "remove", everybody(), None),
        (vip, "copy", everybody(), Some(foreign)),
        (foreign, "move", everybody(), Some(vip)),
        (vip, "add", json!({"all": {"groupId": foreign}}), None),
    ] {
        assert_eq!(all(&world.groups, group, action, body, to).await.status, 404, "{action}");
    }
    for (body, field) in [
        (json!({"all": {"groupId": empty}}), "all.groupId"),
        (json!({"all": {"q": "가".repeat(51)}}), "all.q"),
        (json!({"all": {}, "customerIds": ids}), "customerIds"),
        (json!({"all": {}, "cursor": "MDp4"}), "cursor"),
        (json!({"customerIds": ids, "cursor": "MDp4"}), "cursor"),
        (json!({}), "customerIds"),
    ] {
        let refused = all(&world.groups, vip, "remove", body.clone(), None).await;
        assert_eq!((refused.status, &refused.json["field"]), (422, &json!(field)), "{body}");
    }
    assert_eq!(world.counts().await, [("VIP".to_owned(), 2), ("미지정".to_owned(), 0), ("빈".to_owned(), 0)]);
    world.test.finish().await;
}

#[tokio::test]
async fn two_who_move_all_in_opposite_directions_leave_everybody_in_one_of_both() {
    let world = World::new().await;
    let ids = world.customers(2000).await;
    let (vip, again) = (world.group("VIP", &ids[..1000]).await, world.group("재방문", &ids[1000..]).await);
    let another = world.worker().await;
    let (one, two) = tokio::join!(
        all(&world.groups, vip, "move", json!({"all": {}}), Some(again)),
        all(&another, again, "move", json!({"all": {}}), Some(vip))
    );
    assert_eq!((one.status, two.status), (200, 200));
    let counts = world.counts().await;
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), 2000, "{counts:?}");
    assert_eq!(counts[1], ("미지정".to_owned(), 0));
    world.test.finish().await;
}

#[tokio::test]
async fn each_step_is_a_line_of_the_audit_log() {
    let world = World::new().await;
    world.customers(5_003).await;
    let vip = world.group("VIP", &[]).await;
    all(&world.groups, vip, "add", json!({"all": {}}), None).await;
    let lines = take(&world.test.pool).await;
    let told: Vec<_> = lines.iter().map(|line| (line.action.as_str(), line.subject_id, line.people)).collect();
    let line = |people| ("group.add_members", Some(vip.uuid()), people);
    assert_eq!(told, [line(5000), line(3)]);
    all(&world.groups, vip, "remove", json!({"all": {"q": "없음"}}), None).await;
    assert_eq!(take(&world.test.pool).await, [], "nobody was there");
    world.test.finish().await;
}

#[tokio::test]
async fn groups_are_found_by_a_part_of_their_name() {
    let world = World::new().await;
    let ids = world.customers(3).await;
    for (name, members) in [("VIP 고객", &ids[..2]), ("vip 100%", &ids[..1]), ("재방문", &[]), ("100_", &[])] {
        world.group(name, members).await;
    }
    let found = async |query: &str| {
        let page = world.groups.get(&format!("/v1/groups?{query}")).await;
        assert_eq!(page.status, 200, "{page:?}");
        let name = |group: &Value| (group["name"].as_str().unwrap().to_owned(), group["customers"].as_u64().unwrap());
        let names: Vec<_> = page.json["items"].as_array().unwrap().iter().map(name).collect();
        (names, page.json["nextCursor"].as_str().map(str::to_owned))
    };
    let named = |names: &[(&str, u64)]| names.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect::<Vec<_>>();
    assert_eq!(found("q=Vip").await, (named(&[("VIP 고객", 2), ("vip 100%", 1)]), None));
    assert_eq!(found("q=0%25").await.0, named(&[("vip 100%", 1)]), "a sign of patterns is none");
    assert_eq!(found("q=_").await.0, named(&[("100_", 0)]));
    assert_eq!(found("q=%20%EB%AF%B8%EC%A7%80%20").await.0, named(&[("미지정", 1)]));
    let (first, cursor) = found("q=vip&limit=1").await;
    assert_eq!(first, named(&[("VIP 고객", 2)]));
    assert_eq!(found(&format!("q=vip&limit=1&cursor={}", cursor.unwrap())).await, (named(&[("vip 100%", 1)]), None));
    assert_eq!(found("q=none").await, (vec![], None));
    let refused = world.groups.get(&format!("/v1/groups?q={}", "x".repeat(51))).await;
    assert_eq!((refused.status, &refused.json["field"]), (422, &json!("q")));
    world.test.finish().await;
}
