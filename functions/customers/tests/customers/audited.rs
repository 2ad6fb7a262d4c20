//! What staff do with customers is a line of the audit log: who, what and whose, and nothing personal.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde_json::{Value, json};
use shared::db::staff;
use shared::testing::audited::{Line, assert_nothing_of, lines, take};

use crate::world::{World, patch, path};

/// What the only line since the last look tells, which is of the owner.
async fn told(world: &World) -> (String, String, Option<String>, u32) {
    let taken = take(&world.test.pool).await;
    let [line] = taken.as_slice() else { panic!("one request is one line: {taken:?}") };
    let mut connection = world.test.database.acquire().await.unwrap();
    let owner = staff::find_by_subject(&mut connection, "owner").await.unwrap().unwrap();
    assert_eq!(line.staff_id, owner.id);
    let Line { action, subject_kind, subject_id, people, .. } = line.clone();
    (action, subject_kind, subject_id.map(|id| id.simple().to_string()), people)
}

fn line(action: &str, kind: &str, subject: Option<&str>, people: u32) -> (String, String, Option<String>, u32) {
    let subject = subject.map(|id| id.split_once('_').map_or(id, |(_, hex)| hex).to_owned());
    (action.to_owned(), kind.to_owned(), subject, people)
}

#[tokio::test]
async fn whoever_sees_or_changes_a_customer_is_written_down() {
    let world = World::new().await;
    let kim = world.add("김단골", "010-1234-5678").await;
    let id = kim["id"].as_str().unwrap();
    assert_eq!(told(&world).await, line("customer.add", "customer", Some(id), 1));
    world.owner.get(&path(&kim)).await;
    assert_eq!(told(&world).await, line("customer.show", "customer", Some(id), 1));
    patch(&world.owner, &kim, json!({"name": "이단골"})).await;
    assert_eq!(told(&world).await, line("customer.change", "customer", Some(id), 1));
    // Who is the only one that a search finds is the one who was looked at.
    world.owner.get("/v1/customers?q=5678").await;
    assert_eq!(told(&world).await, line("customer.list", "customer", Some(id), 1));
    world.add_many(3).await;
    world.owner.get("/v1/customers").await;
    assert_eq!(told(&world).await, line("customer.list", "many", None, 4));
    let group = world.group("VIP").await;
    world.owner.get(&format!("/v1/customers?groupId={group}")).await;
    assert_eq!(told(&world).await, line("customer.list", "group", Some(&group.to_string()), 0));
    world.owner.get("/v1/customers/columns").await;
    assert_eq!(lines(&world.test.pool).await, [], "columns are about nobody");
    world.owner.get(&path(&kim)).await;
    assert_nothing_of(&world.test.pool, &["단골", "1234", "5678"]).await;
    world.test.finish().await;
}

#[tokio::test]
async fn whoever_exports_or_deletes_customers_is_written_down() {
    let world = World::new().await;
    let ids = world.add_many(5).await;
    let group = world.group("VIP").await;
    world.join(group, &ids[..2]).await;
    world.owner.post("/v1/customers/export", json!({"format": "csv"})).await;
    assert_eq!(told(&world).await, line("customer.export", "many", None, 5));
    world.owner.post("/v1/customers/export", json!({"format": "xlsx", "groupId": group})).await;
    assert_eq!(told(&world).await, line("customer.export", "group", Some(&group.to_string()), 2));
    assert_eq!(world.downloads.take().len(), 2);
    world.owner.post("/v1/customers/delete", json!({"customerIds": ids[..2]})).await;
    assert_eq!(told(&world).await, line("customer.delete", "many", None, 2));
    for (id, query, action) in [(ids[2], "", "customer.delete"), (ids[3], "?forget=true", "customer.forget")] {
        world.owner.send("DELETE", &format!("/v1/customers/{id}{query}"), &[], Value::Null).await;
        assert_eq!(told(&world).await, line(action, "customer", Some(&id.to_string()), 1));
    }
    world.test.finish().await;
}

#[tokio::test]
async fn what_is_refused_is_no_line_and_a_foreign_customer_is_in_nobodys_log() {
    let world = World::new().await;
    let kim = world.add("김단골", "010-1234-5678").await;
    take(&world.test.pool).await;
    assert_eq!(world.other.get(&path(&kim)).await.status, 404);
    assert_eq!(patch(&world.other, &kim, json!({"name": "이단골"})).await.status, 404);
    assert_eq!(world.other.send("DELETE", &path(&kim), &[], Value::Null).await.status, 404);
    assert_eq!(world.owner.post("/v1/customers", json!({"name": "박", "phone": "010-1234-5678"})).await.status, 409);
    assert_eq!(world.owner.with_subject("stranger").get("/v1/customers").await.status, 403);
    assert_eq!(lines(&world.test.pool).await, []);
    world.test.finish().await;
}

#[tokio::test]
async fn what_cannot_be_written_down_is_neither_shown_nor_done() {
    let world = World::new().await;
    let kim = world.add("김단골", "010-1234-5678").await;
    sqlx::query("RENAME TABLE audit_entries TO away").execute(&world.test.pool).await.unwrap();
    for answer in [
        world.owner.get(&path(&kim)).await,
        world.owner.get("/v1/customers").await,
        world.owner.post("/v1/customers/export", json!({"format": "csv"})).await,
        patch(&world.owner, &kim, json!({"name": "이단골"})).await,
        world.owner.send("DELETE", &path(&kim), &[], Value::Null).await,
    ] {
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(!answer.json.to_string().contains("단골"));
    }
    assert_eq!(world.downloads.take(), [], "no file is handed over");
    sqlx::query("RENAME TABLE away TO audit_entries").execute(&world.test.pool).await.unwrap();
    assert_eq!(world.owner.get(&path(&kim)).await.json, kim);
    world.test.finish().await;
}
