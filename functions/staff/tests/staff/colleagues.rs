//! Roles, names and the end of it.

use serde_json::{Value, json};

use crate::world::{World, accept, change, items, kind, remove};

#[tokio::test]
async fn an_owner_gives_roles_and_names() {
    let world = World::new().await;
    let nurse = world.hire("nurse", "staff").await;
    let client = world.owner.with_subject("nurse");
    assert_eq!(kind(&change(&client, &nurse, json!({"role": "owner"})).await), (403, "not-owner"));
    let changed = change(&world.owner, &nurse, json!({"role": "owner"})).await;
    assert_eq!((changed.status, &changed.json["role"], &changed.json["name"]), (200, &json!("owner"), &json!("nurse")));
    let owner = world.owner_id().await;
    let changed = change(&client, &owner, json!({"role": "staff", "name": " 이원장 "})).await;
    assert_eq!(
        (&changed.json["role"], &changed.json["name"], &changed.json["you"]),
        (&json!("staff"), &json!("이원장"), &json!(false))
    );
    assert_eq!(kind(&change(&world.owner, &nurse, json!({"role": "staff"})).await), (403, "not-owner"), "at once");
    world.test.finish().await;
}

#[tokio::test]
async fn who_is_removed_is_refused_at_once_and_free_to_work_elsewhere() {
    let world = World::new().await;
    let nurse = world.hire("nurse", "staff").await;
    let client = world.owner.with_subject("nurse");
    assert_eq!(client.get("/v1/staff").await.status, 200);
    assert_eq!(remove(&world.owner, &nurse).await.status, 204);
    assert_eq!(kind(&client.get("/v1/staff").await), (403, "not-staff"));
    assert_eq!(remove(&world.owner, &nurse).await.status, 404, "nobody is removed twice");
    assert_eq!(change(&world.owner, &nurse, json!({"role": "owner"})).await.status, 404);

    // The line stays for the log, under another subject.
    let removed = items(&world.owner.get("/v1/staff?removed=true").await);
    assert_eq!((removed.len(), &removed[0]["id"], &removed[0]["name"]), (1, &json!(nurse), &json!("nurse")));
    assert_eq!(removed[0]["removedAt"], "2026-03-02T01:00:00Z");
    let subject: String =
        sqlx::query_scalar("SELECT subject FROM staff WHERE removed_at IS NOT NULL").fetch_one(&world.test.pool).await.unwrap();
    assert_eq!(subject, format!("removed:{nurse}"));
    assert_eq!(items(&world.owner.get("/v1/staff").await).len(), 1);

    let invited = world.other.post("/v1/staff/invitations", json!({"name": "박", "role": "staff"})).await;
    let token = invited.json["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    assert_eq!(accept(&client, &token).await.status, 200);
    assert_eq!(items(&client.get("/v1/staff").await).len(), 2);
    world.test.finish().await;
}

#[tokio::test]
async fn everybody_may_leave_but_the_last_owner() {
    let world = World::new().await;
    let (nurse, owner) = (world.hire("nurse", "staff").await, world.owner_id().await);
    let client = world.owner.with_subject("nurse");
    assert_eq!(kind(&remove(&client, &owner).await), (403, "not-owner"), "others");
    assert_eq!(kind(&remove(&world.owner, &owner).await), (409, "last-owner"));
    assert_eq!(kind(&change(&world.owner, &owner, json!({"role": "staff"})).await), (409, "last-owner"));
    assert_eq!(change(&world.owner, &owner, json!({"role": "owner", "name": "원장"})).await.status, 200);
    assert_eq!(remove(&client, &nurse).await.status, 204, "oneself");
    world.hire("second", "owner").await;
    assert_eq!(remove(&world.owner, &owner).await.status, 204);
    assert_eq!(world.staff().await.len(), 1);
    world.test.finish().await;
}

#[tokio::test]
async fn a_colleague_of_another_clinic_answers_like_a_missing_one() {
    let world = World::new().await;
    let owner = world.owner_id().await;
    let missing = "stf_00000000000070008000000000000000";
    for id in [owner.as_str(), missing, "stf_1"] {
        let (changed, removed) = (change(&world.other, id, json!({"name": "x"})).await, remove(&world.other, id).await);
        assert_eq!((changed.status, removed.status), (404, 404), "{id}");
        assert_eq!(changed.json, change(&world.other, missing, json!({"name": "x"})).await.json);
    }
    assert_eq!(items(&world.other.get("/v1/staff").await).len(), 1);
    assert_eq!(kind(&world.owner.with_subject("nobody").get("/v1/staff").await), (403, "not-staff"));
    world.test.finish().await;
}

#[tokio::test]
async fn colleagues_come_in_pages_in_the_order_in_which_they_came() {
    let world = World::new().await;
    for number in 0..6 {
        world.clock.advance(chrono::TimeDelta::milliseconds(1));
        world.hire(&format!("s{number}"), "staff").await;
    }
    let whole = items(&world.owner.get("/v1/staff").await);
    let (mut seen, mut cursor) = (Vec::<Value>::new(), String::new());
    loop {
        let page = world.owner.get(&format!("/v1/staff?limit=3{cursor}")).await;
        seen.extend(items(&page));
        let Some(next) = page.json["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!((seen.len(), &seen), (7, &whole));
    assert_eq!(seen[1]["name"], "s0");
    let refused = world.owner.get("/v1/staff?cursor=Zm9v").await;
    assert_eq!((refused.status, &refused.json["field"]), (422, &json!("cursor")));
    world.test.finish().await;
}
