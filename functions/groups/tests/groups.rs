//! Groups and their counts, against a real database.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use groups::{Deps, routes};
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::testing::{Client, TestDatabase};

/// The routes of groups and of customers, for two clinics: `owner` and `other`.
async fn clients(test: &TestDatabase) -> (Client, Client) {
    let ambient = || Ambient::system().unwrap();
    let clinic = register_clinic::Deps { database: test.another().await, ambient: ambient() };
    let clinic = Client::anonymous("register-clinic", register_clinic::routes(clinic));
    for who in ["owner", "other"] {
        assert_eq!(clinic.with_subject(who).post("/v1/clinics", json!({ "name": who })).await.status, 201);
    }
    let customers = customers::Deps { database: test.another().await, ambient: ambient() };
    (
        Client::signed_in("groups", routes(Deps { database: test.another().await, ambient: ambient() }), "owner"),
        Client::signed_in("customers", customers::routes(customers), "owner"),
    )
}

async fn add(customers: &Client, line: u32) -> Value {
    let body = json!({"name": format!("고객{line}"), "phone": format!("010-1234-{line:04}")});
    let added = customers.post("/v1/customers", body).await;
    assert_eq!(added.status, 201, "{added:?}");
    added.json["id"].clone()
}

async fn counts(groups: &Client) -> Vec<(String, u64)> {
    let page = groups.get("/v1/groups").await.json;
    let items = page["items"].as_array().unwrap().iter();
    items.map(|item| (item["name"].as_str().unwrap().to_owned(), item["customers"].as_u64().unwrap())).collect()
}

#[tokio::test]
async fn the_counts_are_exact_and_the_unassigned_group_holds_the_rest() {
    let test = TestDatabase::new().await;
    let (groups, customers) = clients(&test).await;
    let ids = [add(&customers, 1).await, add(&customers, 2).await, add(&customers, 3).await];
    assert_eq!(counts(&groups).await, [("미지정".to_owned(), 3)]);
    let made = groups.post("/v1/groups", json!({"name": "VIP ", "customerIds": [ids[0], ids[1], ids[0]]})).await;
    assert_eq!((made.status, &made.json["name"], &made.json["customers"]), (201, &json!("VIP"), &json!(2)));
    groups.post("/v1/groups", json!({"name": "재방문", "customerIds": [ids[0]]})).await;
    let mut found = counts(&groups).await;
    found.sort();
    assert_eq!(found, [("VIP".to_owned(), 2), ("미지정".to_owned(), 1), ("재방문".to_owned(), 1)]);
    test.finish().await;
}

#[tokio::test]
async fn a_name_that_exists_gets_a_number() {
    let test = TestDatabase::new().await;
    let (groups, _) = clients(&test).await;
    for name in ["VIP", "VIP(1)", "VIP(2)"] {
        assert_eq!(groups.post("/v1/groups", json!({"name": "VIP"})).await.json["name"], name);
    }
    assert_eq!(groups.post("/v1/groups", json!({"name": "미지정"})).await.json["name"], "미지정(1)");
    assert_eq!(groups.with_subject("other").post("/v1/groups", json!({"name": "VIP"})).await.json["name"], "VIP");
    test.finish().await;
}

#[tokio::test]
async fn a_group_with_a_customer_of_another_clinic_is_not_made() {
    let test = TestDatabase::new().await;
    let (groups, customers) = clients(&test).await;
    let (own, foreign) = (add(&customers, 1).await, add(&customers.with_subject("other"), 2).await);
    let refused = groups.post("/v1/groups", json!({"name": "VIP", "customerIds": [own, foreign]})).await;
    assert_eq!((refused.status, &refused.json["field"]), (422, &json!("customerIds")));
    assert_eq!(counts(&groups).await, [("미지정".to_owned(), 1)]);
    test.finish().await;
}

#[tokio::test]
async fn bad_input_is_refused_with_the_field_named() {
    let test = TestDatabase::new().await;
    let (groups, _) = clients(&test).await;
    for (body, field) in [(json!({"name": " "}), "name"), (json!({"name": "가", "unassigned": true}), "unassigned")] {
        let refused = groups.post("/v1/groups", body).await;
        assert_eq!((refused.status, &refused.json["field"]), (422, &json!(field)));
    }
    test.finish().await;
}
