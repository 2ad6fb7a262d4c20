//! Groups, their names and who is in them, against a real database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod all;
mod audited;
mod members;
mod names;
mod support;
mod together;

use serde_json::{Value, json};
use shared::db::campaigns::{self, Campaign};
use shared::model::state::CampaignState;
use shared::testing::campaign;

use support::{World, add, delete, kind, outcome, rename};

#[tokio::test]
async fn the_counts_are_exact_and_the_unassigned_group_holds_the_rest() {
    let world = World::new().await;
    let ids = world.customers(3).await;
    assert_eq!(world.counts().await, [("미지정".to_owned(), 3)]);
    let body = json!({"name": "VIP ", "customerIds": [ids[0], ids[1], ids[0]]});
    let made = world.groups.post("/v1/groups", body).await;
    assert_eq!((made.status, &made.json["name"], &made.json["customers"]), (201, &json!("VIP"), &json!(2)));
    world.group("재방문", &ids[..1]).await;
    assert_eq!(world.counts().await, [("VIP".to_owned(), 2), ("미지정".to_owned(), 1), ("재방문".to_owned(), 1)]);
    world.test.finish().await;
}

#[tokio::test]
async fn a_group_is_shown_as_the_list_shows_it() {
    let world = World::new().await;
    let ids = world.customers(5).await;
    world.group("VIP", &ids[..2]).await;
    world.group("재방문", &ids[1..4]).await;
    let list = world.list().await;
    assert_eq!(list.len(), 3);
    for group in &list {
        let shown = world.groups.get(&format!("/v1/groups/{}", group["id"].as_str().unwrap())).await;
        assert_eq!((shown.status, &shown.json), (200, group));
    }
    world.test.finish().await;
}

#[tokio::test]
async fn pages_continue_where_the_last_one_ended() {
    let world = World::new().await;
    for number in 0..6 {
        world.group(&format!("그룹 {number}"), &[]).await;
    }
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.groups.get(&format!("/v1/groups?limit=3{cursor}")).await.json;
        found.extend(page["items"].as_array().unwrap().iter().cloned());
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(found, world.list().await);
    let refused = world.groups.get("/v1/groups?cursor=Zm9v").await;
    assert_eq!((refused.status, &refused.json["field"]), (422, &json!("cursor")));
    world.test.finish().await;
}

#[tokio::test]
async fn a_group_with_a_customer_of_another_clinic_is_not_made() {
    let world = World::new().await;
    let own = world.customers(1).await;
    let foreign = world.customers_of(world.foreign, 0..2).await;
    let body = json!({"name": "VIP", "customerIds": [own[0], foreign[0], foreign[1]]});
    let refused = world.groups.post("/v1/groups", body).await;
    assert_eq!((refused.status, &refused.json["field"], &refused.json["unknown"]), (422, &json!("customerIds"), &json!(2)));
    assert_eq!(world.counts().await, [("미지정".to_owned(), 1)]);
    world.test.finish().await;
}

#[tokio::test]
async fn bad_input_is_refused_with_the_field_named() {
    let world = World::new().await;
    let group = world.group("VIP", &[]).await;
    let path = format!("/v1/groups/{group}");
    for (method, path, body, field) in [
        ("POST", "/v1/groups", json!({"name": " "}), "name"),
        ("POST", "/v1/groups", json!({"name": "가", "unassigned": true}), "unassigned"),
        ("PATCH", &path, json!({}), "name"),
        ("PATCH", &path, json!({"name": "가".repeat(51)}), "name"),
        ("PATCH", &path, json!({"name": "가", "id": "grp_1"}), "id"),
        ("POST", &format!("{path}/add"), json!({}), "customerIds"),
        ("POST", &format!("{path}/add"), json!({"customerIds": []}), "customerIds"),
        ("POST", &format!("{path}/add"), json!({"customerIds": ["grp_1"]}), "customerIds[0]"),
        ("POST", &format!("{path}/add"), json!({"customerIds": [], "to": group}), "to"),
        ("POST", &format!("{path}/move"), json!({"customerIds": []}), "to"),
    ] {
        let refused = world.groups.send(method, path, &[], body).await;
        assert_eq!((refused.status, &refused.json["field"]), (422, &json!(field)), "{method} {path}");
    }
    let many: Vec<_> = (0..10_001_u32).map(|number| format!("cus_{number:032x}")).collect();
    let refused = world.groups.post(&format!("{path}/add"), json!({ "customerIds": many })).await;
    assert_eq!((refused.status, &refused.json["field"]), (422, &json!("customerIds")));
    world.test.finish().await;
}

#[tokio::test]
async fn a_group_of_another_clinic_answers_like_a_missing_one() {
    let world = World::new().await;
    let ids = world.customers(2).await;
    let group = world.group("VIP", &ids).await;
    let missing = "grp_00000000000070008000000000000000".parse().unwrap();
    let mut answers = Vec::new();
    for (client, group) in [(&world.others, group), (&world.groups, missing)] {
        let shown = client.get(&format!("/v1/groups/{group}")).await;
        for answer in [shown, rename(client, group, "x").await, delete(client, group).await, add(client, group, &ids).await] {
            assert_eq!(answer.status, 404, "{answer:?}");
            answers.push(answer.json);
        }
    }
    assert_eq!(answers[..4], answers[4..]);
    assert_eq!(world.counts().await, [("VIP".to_owned(), 2), ("미지정".to_owned(), 0)]);
    world.test.finish().await;
}

#[tokio::test]
async fn only_staff_may_touch_groups() {
    let world = World::new().await;
    let group = world.group("VIP", &[]).await;
    let stranger = world.groups.with_subject("stranger");
    for answer in [stranger.get("/v1/groups").await, rename(&stranger, group, "x").await, delete(&stranger, group).await] {
        assert_eq!((answer.status, kind(&answer)), (403, "not-staff"));
    }
    world.test.finish().await;
}

#[tokio::test]
async fn customers_of_a_deleted_group_stay_and_are_unassigned_when_it_was_their_last() {
    let world = World::new().await;
    let ids = world.customers(3).await;
    let vip = world.group("VIP", &ids[..2]).await;
    world.group("재방문", &ids[1..2]).await;
    let deleted = world.delete(vip).await;
    assert_eq!((deleted.status, &deleted.json), (204, &Value::Null));
    assert_eq!(world.counts().await, [("미지정".to_owned(), 2), ("재방문".to_owned(), 1)]);
    assert_eq!(world.groups_of(ids[0]).await, ["미지정"]);
    assert_eq!(world.groups_of(ids[1]).await, ["재방문"]);
    assert_eq!(world.delete(vip).await.status, 404);
    assert_eq!(add(&world.groups, vip, &ids).await.status, 404);
    world.test.finish().await;
}

#[tokio::test]
async fn the_unassigned_group_is_neither_renamed_nor_deleted() {
    let world = World::new().await;
    let unassigned = world.unassigned().await;
    for answer in [world.rename(unassigned, "나머지").await, world.delete(unassigned).await] {
        assert_eq!((answer.status, kind(&answer)), (409, "unassigned-group"));
        assert!(answer.json["detail"].as_str().unwrap().contains("그룹"));
    }
    assert_eq!(world.counts().await, [("미지정".to_owned(), 0)]);
    world.test.finish().await;
}

/// A campaign that was asked for goes to those who are in its groups when it is prepared.
#[tokio::test]
async fn a_group_is_kept_while_a_campaign_to_it_waits_to_be_prepared() {
    let world = World::new().await;
    let ids = world.customers(2).await;
    let (vip, other) = (world.group("VIP", &ids).await, world.group("재방문", &ids).await);
    let Campaign { clinic, id, .. } = {
        let asked = campaign(&world.ambient, world.clinic);
        campaigns::insert(&mut world.test.pool.acquire().await.unwrap(), &asked, &[vip]).await.unwrap();
        asked
    };
    let refused = world.delete(vip).await;
    assert_eq!((refused.status, kind(&refused), &refused.json["campaigns"]), (409, "group-in-use", &json!(1)));
    assert_eq!(outcome(&add(&world.groups, vip, &ids).await), (0, None, Some(2)));
    assert_eq!(world.delete(other).await.status, 204);
    let mut connection = world.test.pool.acquire().await.unwrap();
    campaigns::set_state(&mut connection, clinic, id, CampaignState::Sending, None).await.unwrap();
    assert_eq!(world.delete(vip).await.status, 204);
    assert_eq!(campaigns::list_groups(&mut connection, clinic, id).await.unwrap(), [vip], "the campaign remembers it");
    drop(connection);
    world.test.finish().await;
}

#[tokio::test]
async fn a_group_is_kept_while_an_import_is_on_its_way_into_it() {
    let world = World::new().await;
    let vip = world.group("VIP", &[]).await;
    let import = "INSERT INTO imports (clinic_id, id, file_name, state, target_group_id, created_at, updated_at)
         VALUES (?, ?, 'list.xlsx', 'committing', ?, NOW(), NOW())";
    sqlx::query(import).bind(world.clinic).bind(vip).bind(vip).execute(&world.test.pool).await.unwrap();
    let refused = world.delete(vip).await;
    assert_eq!((refused.status, kind(&refused), &refused.json["imports"]), (409, "group-in-use", &json!(1)));
    sqlx::query("UPDATE imports SET state = 'committed'").execute(&world.test.pool).await.unwrap();
    assert_eq!(world.delete(vip).await.status, 204);
    world.test.finish().await;
}
