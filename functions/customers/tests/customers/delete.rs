//! Deleting customers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde_json::{Value, json};
use shared::db::suppressions::{self, Cause};
use shared::db::{campaigns, messages};
use shared::model::CustomerId;
use shared::model::state::SuppressionReason;
use shared::testing::downloads::FakeDownloads;
use shared::testing::{Answer, Client, FakePublisher, campaign, message, sending};

use crate::world::{World, path, refusal};

async fn delete(client: &Client, customer: &Value, query: &str) -> u16 {
    client.send("DELETE", &format!("{}{query}", path(customer)), &[], Value::Null).await.status
}

async fn delete_many(client: &Client, ids: &[CustomerId]) -> Answer {
    client.post("/v1/customers/delete", json!({ "customerIds": ids })).await
}

async fn count(world: &World) -> i64 {
    sqlx::query_scalar("SELECT COUNT(*) FROM customers").fetch_one(&world.test.pool).await.unwrap()
}

async fn suppressed(world: &World) -> Vec<(String, String)> {
    let rows = sqlx::query_as("SELECT phone, reason FROM suppressions ORDER BY phone");
    rows.fetch_all(&world.test.pool).await.unwrap()
}

#[tokio::test]
async fn a_deleted_customer_is_gone_and_the_phone_is_free() {
    let world = World::new().await;
    let customer = world.add("김단골", "010-1234-5678").await;
    world.join(world.group("VIP").await, &[customer["id"].as_str().unwrap().parse().unwrap()]).await;
    assert_eq!(delete(&world.other, &customer, "").await, 404);
    assert_eq!(delete(&world.owner, &customer, "").await, 204);
    assert_eq!(world.owner.get(&path(&customer)).await.status, 404);
    assert_eq!(delete(&world.owner, &customer, "").await, 404);
    let lines: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM customer_group_members").fetch_one(&world.test.pool).await.unwrap();
    assert_eq!((lines, suppressed(&world).await), (0, vec![]));
    world.add("이단골", "010-1234-5678").await;
    world.test.finish().await;
}

#[tokio::test]
async fn who_asked_to_be_forgotten_leaves_the_phone_in_the_ledger() {
    let world = World::new().await;
    let customer = world.add("김단골", "010-1234-5678").await;
    assert_eq!(delete(&world.other, &customer, "?forget=true").await, 404);
    assert_eq!(suppressed(&world).await, [], "another clinic suppresses nobody");
    assert_eq!(delete(&world.owner, &customer, "?forget=true").await, 204);
    let forgotten = ("+821012345678".to_owned(), "forgotten".to_owned());
    assert_eq!(suppressed(&world).await, std::slice::from_ref(&forgotten));
    let again = world.add("김단골", "010-1234-5678").await;
    assert_eq!(delete(&world.owner, &again, "?forget=false").await, 204);
    assert_eq!(suppressed(&world).await, [forgotten], "neither adding nor deleting lifts it");
    world.test.finish().await;
}

#[tokio::test]
async fn who_was_suppressed_before_keeps_the_first_reason() {
    let world = World::new().await;
    let customer = world.add("김단골", "010-1234-5678").await;
    let phone = "010-1234-5678".parse().unwrap();
    let mut connection = world.test.database.acquire().await.unwrap();
    let cause = Cause::of(SuppressionReason::Asked);
    suppressions::insert_all(&mut connection, &world.ambient, world.clinic, &[&phone], &cause).await.unwrap();
    assert_eq!(delete(&world.owner, &customer, "?forget=true").await, 204);
    assert_eq!(suppressed(&world).await[0].1, "asked");
    assert_eq!(world.owner.send("DELETE", "/v1/customers/cus_1?forget=yes", &[], Value::Null).await.status, 404);
    drop(connection);
    world.test.finish().await;
}

#[tokio::test]
async fn messages_to_a_deleted_customer_stay_readable() {
    let world = World::new().await;
    let customer = world.add("김단골", "010-1234-5678").await;
    let sent = campaign(&world.ambient, world.clinic);
    {
        let mut connection = world.test.database.acquire().await.unwrap();
        campaigns::insert(&mut connection, &sent, &[]).await.unwrap();
        let mut message = message(&sent, 1);
        message.customer = customer["id"].as_str().unwrap().parse().map(Some).unwrap();
        "김단골".clone_into(&mut message.name);
        messages::insert_all(&mut connection, &[message]).await.unwrap();
    }
    let deps = send::Deps {
        database: world.test.another().await,
        publisher: std::sync::Arc::new(FakePublisher::default()),
        ambient: shared::clock::Ambient::system().unwrap(),
        provider: sending::provider("http://127.0.0.1:1", "key", "user"),
        downloads: FakeDownloads::default(),
        unit_price: send::Won::USUAL,
        calls_per_second: 10,
        patience: std::time::Duration::from_millis(100),
        reading: std::time::Duration::from_secs(18),
        link_base: String::new(),
    };
    let staff = Client::signed_in("send", send::routes(deps), "owner");
    let path = format!("/v1/campaigns/{}", sent.id);
    let before = (staff.get(&path).await.json, staff.get(&format!("{path}/messages")).await.json);
    assert_eq!(before.1["items"][0]["name"], "김단골");
    assert_eq!(delete(&world.owner, &customer, "?forget=true").await, 204);
    let after = (staff.get(&path).await.json, staff.get(&format!("{path}/messages")).await.json);
    assert_eq!(after, before);
    world.test.finish().await;
}

#[tokio::test]
async fn many_are_deleted_together_or_not_at_all() {
    let world = World::new().await;
    let ids = world.add_many(2500).await;
    let foreign: CustomerId = {
        let body = json!({"name": "남", "phone": "010-1234-5678"});
        world.other.post("/v1/customers", body).await.json["id"].as_str().unwrap().parse().unwrap()
    };
    let unknown = CustomerId::new(&world.ambient);
    let refused = delete_many(&world.owner, &[&ids[..], &[foreign, unknown, unknown]].concat()).await;
    assert_eq!((refusal(&refused), &refused.json["unknown"]), ((422, "customerIds"), &json!(2)));
    assert_eq!(count(&world).await, 2501);
    let deleted = delete_many(&world.owner, &[&ids[..], &ids[..10]].concat()).await;
    assert_eq!((deleted.status, deleted.json), (200, json!({"deleted": 2500})));
    assert_eq!(count(&world).await, 1);
    assert_eq!(world.other.get(&format!("/v1/customers/{foreign}")).await.status, 200);
    world.test.finish().await;
}

#[tokio::test]
async fn ten_thousand_can_be_deleted_at_once_and_not_one_more() {
    let world = World::new().await;
    let ids = world.add_many(10_001).await;
    for ids in [&ids[..], &[]] {
        assert_eq!(refusal(&delete_many(&world.owner, ids).await), (422, "customerIds"));
    }
    assert_eq!(delete_many(&world.owner, &ids[1..]).await.json, json!({"deleted": 10_000}));
    assert_eq!(count(&world).await, 1);
    world.test.finish().await;
}

#[tokio::test]
async fn of_two_who_delete_the_same_customers_at_once_one_succeeds() {
    let world = World::new().await;
    let ids = world.add_many(400).await;
    let another = world.another().await;
    let mut backwards = ids.clone();
    backwards.reverse();
    let (one, two) = tokio::join!(delete_many(&world.owner, &ids), delete_many(&another, &backwards));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!((statuses, count(&world).await), ([200, 422], 0));
    world.test.finish().await;
}

#[tokio::test]
async fn who_asked_to_be_forgotten_is_taken_out_of_every_import() {
    let world = World::new().await;
    let customer = world.add("김단골", "010-1234-5678").await;
    for sql in [
        "INSERT INTO imports (clinic_id, id, file_name, state, sample, created_at, updated_at)
         VALUES (?, UNHEX(REPEAT('01', 16)), '고객.xlsx', 'ready', '[{\"number\": 2, \"cells\": [\"김단골\"]}]', NOW(6), NOW(6))",
        "INSERT INTO import_rows (clinic_id, import_id, number, name, phone_text, phone, group_name, attributes, verdict)
         VALUES (?, UNHEX(REPEAT('01', 16)), 2, '김단골', '01012345678', '+821012345678', '', '{}', 'updates')",
        "INSERT INTO import_rows (clinic_id, import_id, number, name, phone_text, phone, group_name, attributes, verdict)
         VALUES (?, UNHEX(REPEAT('01', 16)), 3, '이단골', '01012345679', '+821012345679', '', '{}', 'new')",
    ] {
        sqlx::query(sql).bind(world.clinic).execute(&world.test.pool).await.unwrap();
    }
    assert_eq!(delete(&world.owner, &customer, "?forget=true").await, 204);
    let names: Vec<String> = sqlx::query_scalar("SELECT name FROM import_rows").fetch_all(&world.test.pool).await.unwrap();
    let samples = sqlx::query_scalar("SELECT COUNT(sample) FROM imports").fetch_one(&world.test.pool).await;
    assert_eq!((names, samples.unwrap()), (vec!["이단골".to_owned()], 0_i64));
    world.test.finish().await;
}
