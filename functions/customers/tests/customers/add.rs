//! Adding customers one by one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde_json::{Value, json};
use shared::model::CustomerId;

use crate::world::{World, names, path, refusal};

fn columns(answer: &Value) -> Vec<&str> {
    answer["items"].as_array().unwrap().iter().map(|column| column["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_customer_without_a_group_is_in_the_unassigned_one() {
    let world = World::new().await;
    let body = json!({"name": " 김  단골 ", "phone": "+82 10 1234 5678", "attributes": {" 생일 ": "3월 2일", "메모": " "}});
    let added = world.owner.post("/v1/customers", body).await;
    assert_eq!(added.status, 201, "{added:?}");
    assert_eq!((&added.json["name"], &added.json["phone"]), (&json!("김 단골"), &json!("010-1234-5678")));
    assert_eq!(added.json["attributes"], json!({"생일": "3월 2일"}));
    assert_eq!((&added.json["groups"][0]["name"], &added.json["groups"][0]["unassigned"]), (&json!("미지정"), &json!(true)));
    let shown = world.owner.get(&path(&added.json)).await;
    assert_eq!((shown.status, shown.json), (200, added.json));
    world.test.finish().await;
}

#[tokio::test]
async fn a_customer_with_groups_is_not_in_the_unassigned_one() {
    let world = World::new().await;
    world.add("김미정", "010-1111-0001").await;
    let (vip, regular, unassigned) = (world.group("VIP").await, world.group("재방문").await, world.unassigned().await);
    let body = json!({"name": "이우수", "phone": "010-1111-0002", "groupIds": [vip, regular, unassigned]});
    let added = world.owner.post("/v1/customers", body).await;
    assert_eq!(added.status, 201, "{added:?}");
    let groups: Vec<_> = added.json["groups"].as_array().unwrap().iter().map(|group| group["name"].as_str().unwrap()).collect();
    assert_eq!(groups, ["VIP", "재방문"]);
    assert_eq!(names(&world.owner.get(&format!("/v1/customers?groupId={unassigned}")).await.json), ["김미정"]);
    assert_eq!(names(&world.owner.get(&format!("/v1/customers?groupId={vip}")).await.json), ["이우수"]);
    assert_eq!(names(&world.owner.get("/v1/customers").await.json).len(), 2);
    world.test.finish().await;
}

#[tokio::test]
async fn a_phone_is_taken_once_in_a_clinic_but_not_in_another() {
    let world = World::new().await;
    let body = json!({"name": "김단골", "phone": "01012345678"});
    assert_eq!(world.owner.post("/v1/customers", body.clone()).await.status, 201);
    let again = world.owner.post("/v1/customers", json!({"name": "이단골", "phone": "010-1234-5678"})).await;
    assert_eq!((again.status, &again.json["type"]), (409, &json!("https://dangol.dev/problems/phone-taken")));
    assert_eq!(world.other.post("/v1/customers", body).await.status, 201);
    world.test.finish().await;
}

#[tokio::test]
async fn what_belongs_to_another_clinic_is_not_there() {
    let world = World::new().await;
    let added = world.add("김단골", "01012345678").await;
    assert_eq!(world.other.get(&path(&added)).await.status, 404);
    assert_eq!(names(&world.other.get("/v1/customers").await.json), [""; 0]);
    let foreign = world.group("VIP").await;
    assert_eq!(world.other.get(&format!("/v1/customers?groupId={foreign}")).await.status, 404);
    let body = json!({"name": "가", "phone": "01012345678", "attributes": {"메모": "x"}, "groupIds": [foreign]});
    assert_eq!(refusal(&world.other.post("/v1/customers", body).await), (422, "groupIds"));
    assert_eq!(names(&world.other.get("/v1/customers").await.json), [""; 0], "a refused customer is not added");
    assert_eq!(columns(&world.other.get("/v1/customers/columns").await.json), [""; 0]);
    world.test.finish().await;
}

#[tokio::test]
async fn bad_input_is_refused_with_the_field_named() {
    let world = World::new().await;
    let cases = [
        (json!({"name": "김단골", "phone": "02-555-0101"}), "phone"),
        (json!({"name": " ", "phone": "01012345678"}), "name"),
        (json!({"name": "김단골", "phone": "01012345678", "clinicId": "cli_1"}), "clinicId"),
        (json!({"name": "김단골", "phone": "01012345678", "attributes": {" ": "x"}}), "attributes"),
        (json!({"name": "김단골", "phone": "01012345678", "attributes": {"메모": "가".repeat(334)}}), "attributes"),
    ];
    for (body, field) in cases {
        assert_eq!(refusal(&world.owner.post("/v1/customers", body).await), (422, field));
    }
    assert_eq!(world.owner.get("/v1/customers/cus_1").await.status, 404);
    world.test.finish().await;
}

#[tokio::test]
async fn the_clinic_knows_the_columns_of_its_customers_in_the_order_in_which_they_came() {
    let world = World::new().await;
    assert_eq!(columns(&world.owner.get("/v1/customers/columns").await.json), [""; 0]);
    let body = json!({"name": "김하나", "phone": "010-1111-0001", "attributes": {"a": "1", "생일": "3월 2일"}});
    world.owner.post("/v1/customers", body).await;
    let body = json!({"name": "김둘", "phone": "010-1111-0002", "attributes": {"A": "1", "a": "2", "가": "3"}});
    let second = world.owner.post("/v1/customers", body).await.json;
    world.owner.send("PATCH", &path(&second), &[], json!({"attributes": {"취미": "걷기", "가": null}})).await;
    let shown = world.owner.get("/v1/customers/columns").await;
    assert_eq!(columns(&shown.json), ["a", "생일", "A", "가", "취미"]);
    assert_eq!(columns(&world.other.get("/v1/customers/columns").await.json), [""; 0]);
    world.test.finish().await;
}

#[tokio::test]
async fn a_clinic_has_no_endless_number_of_columns() {
    let world = World::new().await;
    let body = |number: u32, from: u32, count: u32| {
        let attributes: serde_json::Map<_, _> = (from..from + count).map(|at| (format!("항목 {at}"), json!("x"))).collect();
        json!({"name": "김단골", "phone": format!("010-1111-{number:04}"), "attributes": attributes})
    };
    for number in 0..4 {
        assert_eq!(world.owner.post("/v1/customers", body(number + 1, number * 50, 50)).await.status, 201);
    }
    assert_eq!(refusal(&world.owner.post("/v1/customers", body(5, 200, 1)).await), (422, "attributes"));
    assert_eq!(world.owner.post("/v1/customers", body(5, 10, 50)).await.status, 201, "known columns stay open");
    world.test.finish().await;
}

#[tokio::test]
async fn a_customer_shows_the_member_who_is_the_same_person_and_why_nothing_is_sent() {
    let world = World::new().await;
    let customer = world.add("김단골", "010-1234-5678").await;
    assert_eq!((&customer["member"], &customer["suppression"]), (&json!(null), &json!(null)));
    let id: CustomerId = customer["id"].as_str().unwrap().parse().unwrap();
    for sql in [
        "INSERT INTO users (id, subject, name, created_at) VALUES (UNHEX(REPEAT('05', 16)), 'kim', '김', NOW(6))",
        "INSERT INTO suppressions (clinic_id, phone, reason, created_at)
         SELECT clinic_id, phone, 'asked', '2026-03-02 01:00:00' FROM customers",
    ] {
        sqlx::query(sql).execute(&world.test.pool).await.unwrap();
    }
    let member = "INSERT INTO memberships (clinic_id, user_id, state, created_at, confirmed_at, customer_id)
         VALUES (?, UNHEX(REPEAT('05', 16)), 'confirmed', NOW(6), NOW(6), ?)";
    sqlx::query(member).bind(world.clinic).bind(id).execute(&world.test.pool).await.unwrap();
    let shown = world.owner.get(&path(&customer)).await.json;
    assert_eq!(shown["member"], json!({"userId": format!("usr_{}", "05".repeat(16)), "state": "confirmed"}));
    assert_eq!(
        (&shown["suppression"]["reasonCode"], &shown["suppression"]["since"]),
        (&json!("asked"), &json!("2026-03-02T01:00:00Z"))
    );
    assert!(shown["suppression"]["id"].as_str().unwrap().starts_with("sup_"));
    let gone = "UPDATE users SET withdrawn_at = NOW(6)";
    sqlx::query(gone).execute(&world.test.pool).await.unwrap();
    assert_eq!(world.owner.get(&path(&customer)).await.json["member"], json!(null), "who has withdrawn is nobody's member");
    world.test.finish().await;
}
