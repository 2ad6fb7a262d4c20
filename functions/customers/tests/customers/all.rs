//! All customers of a filter: the same ones that a list shows, counted, and deleted step by step.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::db::customers::{self, Position, Search, Selection, Within};
use shared::model::CustomerId;
use shared::testing::audited::{Line, take};
use shared::testing::{Answer, Client, TickingClock};

use crate::world::{World, encoded, names, refusal};

async fn delete(client: &Client, body: Value) -> Answer {
    client.post("/v1/customers/delete", body).await
}

async fn left(world: &World) -> Vec<String> {
    sqlx::query_scalar("SELECT name FROM customers ORDER BY name").fetch_all(&world.test.pool).await.unwrap()
}

#[tokio::test]
async fn all_of_a_filter_are_those_whom_the_list_shows_and_counts() {
    let world = World::new().await;
    let mut ids = world.add_many(120).await;
    for (name, phone) in
        [("김단골", "010-5678-0001"), ("이김단골", "010-0000-5678"), ("김단골2", "010-1234-1234"), ("50%", "010-7777-1234")]
    {
        let added = world.owner.post("/v1/customers", json!({ "name": name, "phone": phone })).await;
        assert_eq!(added.status, 201, "{added:?}");
        ids.push(added.json["id"].as_str().unwrap().parse::<CustomerId>().unwrap());
    }
    let group = world.group("VIP").await;
    world.join(group, &ids[..100]).await;
    world.join(group, &ids[120..]).await;
    let mut connection = world.test.database.acquire().await.unwrap();
    for (asked, within) in [
        (String::new(), Within::Everywhere),
        (format!("groupId={group}"), Within::Group(group)),
        (format!("groupId={}", world.unassigned().await), Within::Unassigned),
    ] {
        for q in ["", "김단골", "단골", "5678", "010", "1000-00", "010-5678-0001", "%", "0", "고객 0001", "고객 000077", "없음"]
        {
            let list = format!("/v1/customers?{asked}&q={}", encoded(q));
            let mut listed = world.walk(&format!("{list}&limit=7"), async |_| {}).await;
            let counted = world.owner.get(&format!("{list}&limit=1&count=true")).await;
            assert_eq!(counted.json["total"], listed.len(), "{list}");
            let selection = Selection { within, search: Search::of(q), added_until: Some(world.ambient.now()) };
            let (mut selected, mut from) = (Vec::new(), Position::default());
            loop {
                let remaining = customers::count_selected(&mut connection, world.clinic, &selection, &from).await.unwrap();
                assert_eq!(usize::try_from(remaining).unwrap(), listed.len() - selected.len(), "{list}");
                let part = customers::select(&mut connection, world.clinic, &selection, &from, 7).await.unwrap();
                selected.extend(part.ids);
                let Some(next) = part.next else { break };
                from = next;
            }
            let mut found = Vec::new();
            for id in selected {
                found.push(customers::find(&mut connection, world.clinic, id).await.unwrap().unwrap().name);
            }
            listed.sort();
            found.sort();
            assert_eq!(found, listed, "{list}");
        }
    }
    assert_eq!(world.owner.get("/v1/customers").await.json.get("total"), None, "counted only when asked for");
    drop(connection);
    world.test.finish().await;
}

#[tokio::test]
async fn all_of_a_filter_are_deleted_and_nobody_else() {
    let world = World::new().await;
    let ids = world.add_many(6).await;
    world.other.post("/v1/customers", json!({"name": "고객 남", "phone": "010-1234-5678"})).await;
    let group = world.group("VIP").await;
    world.join(group, &ids[1..4]).await;
    let deleted = delete(&world.owner, json!({"all": {"q": "00000", "groupId": group}})).await;
    assert_eq!((deleted.status, deleted.json), (200, json!({"deleted": 3, "remaining": 0})));
    assert_eq!(left(&world).await, ["고객 000001", "고객 000005", "고객 000006", "고객 남"]);
    let deleted = delete(&world.owner, json!({"all": {"q": "고객 000005"}})).await;
    assert_eq!(deleted.json, json!({"deleted": 1, "remaining": 0}));
    let unassigned = world.unassigned().await;
    assert_eq!(delete(&world.owner, json!({"all": {"groupId": unassigned, "q": "6"}})).await.json["deleted"], 1);
    assert_eq!(delete(&world.owner, json!({"all": {}})).await.json["deleted"], 1);
    assert_eq!(left(&world).await, ["고객 남"], "of another clinic");
    assert_eq!(delete(&world.owner, json!({"all": {}})).await.json, json!({"deleted": 0, "remaining": 0}));
    world.test.finish().await;
}

#[tokio::test]
async fn a_call_ends_in_time_and_the_next_goes_on_where_it_ended() {
    let clock = TickingClock::after(&Ambient::system().unwrap());
    let world = World::with(Ambient::seeded(clock, 7)).await;
    world.add_many(12_000).await;
    let (mut deleted, mut calls, mut body) = (0, 0, json!({"all": {"q": "고객"}}));
    let last = loop {
        let answer = delete(&world.owner, body.clone()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        calls += 1;
        deleted += answer.json["deleted"].as_u64().unwrap();
        assert_eq!(answer.json["remaining"], 12_000 - deleted);
        let Some(cursor) = answer.json["nextCursor"].as_str() else { break body };
        body = json!({"all": {"q": "고객"}, "cursor": cursor});
        world.add("고객 나중", &format!("010-9999-{calls:04}")).await;
    };
    assert!(deleted == 12_000 && (2..=3).contains(&calls), "{deleted} in {calls}");
    assert_eq!(left(&world).await, vec!["고객 나중"; calls - 1], "who came after the first call stays");
    let again = delete(&world.owner, last).await;
    assert_eq!((again.status, again.json), (200, json!({"deleted": 0, "remaining": 0})));
    world.test.finish().await;
}

#[tokio::test]
async fn nobody_is_deleted_who_was_added_after_the_list_was_shown() {
    let world = World::new().await;
    let first = world.add("김단골", "010-1234-5678").await;
    let shown = first["createdAt"].clone();
    world.add("이단골", "010-1234-5679").await;
    let deleted = delete(&world.owner, json!({"all": {"addedUntil": shown}})).await;
    assert_eq!(deleted.json, json!({"deleted": 1, "remaining": 0}));
    assert_eq!(left(&world).await, ["이단골"]);
    // A moment that no database holds is as good as none.
    let deleted = delete(&world.owner, json!({"all": {"addedUntil": "+262000-01-01T00:00:00Z"}})).await;
    assert_eq!((deleted.status, deleted.json), (200, json!({"deleted": 1, "remaining": 0})));
    world.test.finish().await;
}

#[tokio::test]
async fn who_comes_into_the_group_after_the_list_was_shown_is_deleted_with_it() {
    let world = World::new().await;
    let ids = world.add_many(3).await;
    let group = world.group("VIP").await;
    world.join(group, &ids[..1]).await;
    let shown = world.ambient.now();
    world.join(group, &ids[1..2]).await;
    let deleted = delete(&world.owner, json!({"all": {"groupId": group, "addedUntil": shown}})).await;
    assert_eq!(deleted.json, json!({"deleted": 2, "remaining": 0}), "as the documentation says");
    assert_eq!(left(&world).await, ["고객 000003"]);
    world.test.finish().await;
}

#[tokio::test]
async fn a_choice_that_is_none_or_two_is_refused_and_nobody_is_deleted() {
    let world = World::new().await;
    let ids = world.add_many(1).await;
    let by_name = world.owner.get("/v1/customers?sort=name&limit=1").await;
    assert_eq!(names(&by_name.json), ["고객 000001"]);
    let foreign = world.other.get("/v1/customers?limit=1").await;
    assert_eq!(foreign.status, 200);
    for (body, field) in [
        (json!({}), "customerIds"),
        (json!({"customerIds": ids, "all": {}}), "customerIds"),
        (json!({"customerIds": ids, "cursor": "MDow"}), "cursor"),
        (json!({"cursor": "MDow"}), "customerIds"),
        (json!({"all": {}, "cursor": "MDp4"}), "cursor"),
        (json!({"all": {}, "cursor": "김"}), "cursor"),
        (json!({"all": {"q": "가".repeat(51)}}), "all.q"),
        (json!({"all": {"name": "김"}}), "name"),
        (json!({"all": {"addedUntil": "어제"}}), "all.addedUntil"),
        (json!({"all": {"groupId": "cus_1"}}), "all.groupId"),
    ] {
        assert_eq!(refusal(&delete(&world.owner, body.clone()).await), (422, field), "{body}");
    }
    let group = world.group("VIP").await;
    assert_eq!(delete(&world.other, json!({"all": {"groupId": group}})).await.status, 404);
    assert_eq!(delete(&world.owner.with_subject("stranger"), json!({"all": {}})).await.status, 403);
    assert_eq!(left(&world).await.len(), 1);
    world.test.finish().await;
}

#[tokio::test]
async fn each_step_is_a_line_of_the_audit_log() {
    let world = World::new().await;
    let ids = world.add_many(5_100).await;
    let group = world.group("VIP").await;
    world.join(group, &ids[..2]).await;
    let told = async || {
        let lines = take(&world.test.pool).await;
        let of = |line: &Line| (line.action.clone(), line.subject_kind.clone(), line.people);
        lines.iter().map(of).collect::<Vec<_>>()
    };
    let line = |kind: &str, people| ("customer.delete".to_owned(), kind.to_owned(), people);
    delete(&world.owner, json!({"all": {"groupId": group}})).await;
    assert_eq!(told().await, [line("group", 2)]);
    delete(&world.owner, json!({"all": {}})).await;
    assert_eq!(told().await, [line("many", 5000), line("many", 98)]);
    delete(&world.owner, json!({"all": {}})).await;
    assert_eq!(told().await, [], "nobody was there");
    world.test.finish().await;
}
