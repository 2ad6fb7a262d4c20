//! Looking at and adding customers, against a real database.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use customers::{Deps, routes};
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::db::{groups, staff};
use shared::model::{ClinicId, GroupId};
use shared::testing::{Client, TestDatabase};

/// Two clinics, each with its staff: `owner` and `other`.
async fn client(test: &TestDatabase) -> Client {
    let ambient = || Ambient::system().unwrap();
    let clinic = register_clinic::Deps { database: test.another().await, ambient: ambient() };
    let clinic = Client::anonymous("register-clinic", register_clinic::routes(clinic));
    for who in ["owner", "other"] {
        assert_eq!(clinic.with_subject(who).post("/v1/clinics", json!({ "name": who })).await.status, 201);
    }
    Client::signed_in("customers", routes(Deps { database: test.another().await, ambient: ambient() }), "owner")
}

async fn clinic(test: &TestDatabase, subject: &str) -> ClinicId {
    staff::find_by_subject(&mut test.database.acquire().await.unwrap(), subject).await.unwrap().unwrap().clinic
}

async fn group(test: &TestDatabase, subject: &str, name: &str) -> GroupId {
    let clinic = clinic(test, subject).await;
    let ambient = Ambient::system().unwrap();
    groups::insert(&mut test.database.acquire().await.unwrap(), &ambient, clinic, name).await.unwrap().0
}

fn names(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_customer_without_a_group_is_in_the_unassigned_one() {
    let test = TestDatabase::new().await;
    let owner = client(&test).await;
    let body = json!({"name": " 김  단골 ", "phone": "+82 10 1234 5678", "attributes": {" 생일 ": "3월 2일", "메모": " "}});
    let added = owner.post("/v1/customers", body).await;
    assert_eq!(added.status, 201, "{added:?}");
    assert_eq!((&added.json["name"], &added.json["phone"]), (&json!("김 단골"), &json!("010-1234-5678")));
    assert_eq!(added.json["attributes"], json!({"생일": "3월 2일"}));
    assert_eq!((&added.json["groups"][0]["name"], &added.json["groups"][0]["unassigned"]), (&json!("미지정"), &json!(true)));
    let shown = owner.get(&format!("/v1/customers/{}", added.json["id"].as_str().unwrap())).await;
    assert_eq!((shown.status, shown.json), (200, added.json));
    test.finish().await;
}

#[tokio::test]
async fn a_customer_with_groups_is_not_in_the_unassigned_one() {
    let test = TestDatabase::new().await;
    let owner = client(&test).await;
    let unassigned = owner.post("/v1/customers", json!({"name": "김미정", "phone": "010-1111-0001"})).await.json;
    let (vip, regular) = (group(&test, "owner", "VIP").await, group(&test, "owner", "재방문").await);
    let ids = json!([vip, regular, unassigned["groups"][0]["id"]]);
    let added = owner.post("/v1/customers", json!({"name": "이우수", "phone": "010-1111-0002", "groupIds": ids})).await;
    assert_eq!(added.status, 201, "{added:?}");
    let groups: Vec<_> = added.json["groups"].as_array().unwrap().iter().map(|group| group["name"].as_str().unwrap()).collect();
    assert_eq!(groups, ["VIP", "재방문"]);

    let unassigned = unassigned["groups"][0]["id"].as_str().unwrap();
    assert_eq!(names(&owner.get(&format!("/v1/customers?groupId={unassigned}")).await.json), ["김미정"]);
    assert_eq!(names(&owner.get(&format!("/v1/customers?groupId={vip}")).await.json), ["이우수"]);
    assert_eq!(names(&owner.get("/v1/customers").await.json).len(), 2);
    test.finish().await;
}

#[tokio::test]
async fn a_phone_is_taken_once_in_a_clinic_but_not_in_another() {
    let test = TestDatabase::new().await;
    let owner = client(&test).await;
    let body = json!({"name": "김단골", "phone": "01012345678"});
    assert_eq!(owner.post("/v1/customers", body.clone()).await.status, 201);
    let again = owner.post("/v1/customers", json!({"name": "이단골", "phone": "010-1234-5678"})).await;
    assert_eq!((again.status, &again.json["type"]), (409, &json!("https://dangol.dev/problems/phone-taken")));
    assert_eq!(owner.with_subject("other").post("/v1/customers", body).await.status, 201);
    test.finish().await;
}

#[tokio::test]
async fn customers_are_found_by_a_part_of_their_name_or_phone_page_by_page() {
    let test = TestDatabase::new().await;
    let owner = client(&test).await;
    for (name, phone) in [("김하나", "010-1234-0001"), ("김둘", "010-1234-0002"), ("100%이셋", "010-5678-0003")] {
        assert_eq!(owner.post("/v1/customers", json!({"name": name, "phone": phone})).await.status, 201);
    }
    // "김" and "%", percent-encoded.
    assert_eq!(names(&owner.get("/v1/customers?q=%EA%B9%80").await.json).len(), 2);
    assert_eq!(names(&owner.get("/v1/customers?q=%25").await.json), ["100%이셋"]);
    assert_eq!(names(&owner.get("/v1/customers?q=010-5678").await.json), ["100%이셋"]);
    assert_eq!(names(&owner.get("/v1/customers?q=34-0002").await.json), ["김둘"]);

    let (mut seen, mut path) = (Vec::new(), "/v1/customers?limit=2".to_owned());
    loop {
        let page = owner.get(&path).await.json;
        seen.extend(names(&page).into_iter().map(str::to_owned));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("/v1/customers?limit=2&cursor={cursor}");
    }
    seen.sort();
    assert_eq!(seen, ["100%이셋", "김둘", "김하나"]);
    test.finish().await;
}

#[tokio::test]
async fn what_belongs_to_another_clinic_is_not_there() {
    let test = TestDatabase::new().await;
    let owner = client(&test).await;
    let added = owner.post("/v1/customers", json!({"name": "김단골", "phone": "01012345678"})).await.json;
    let (other, id) = (owner.with_subject("other"), added["id"].as_str().unwrap());
    assert_eq!(other.get(&format!("/v1/customers/{id}")).await.status, 404);
    assert_eq!(names(&other.get("/v1/customers").await.json), [""; 0]);
    let foreign = group(&test, "owner", "VIP").await;
    assert_eq!(other.get(&format!("/v1/customers?groupId={foreign}")).await.status, 404);
    let refused = other.post("/v1/customers", json!({"name": "가", "phone": "01012345678", "groupIds": [foreign]})).await;
    assert_eq!((refused.status, &refused.json["field"]), (422, &json!("groupIds")));
    assert_eq!(names(&other.get("/v1/customers").await.json), [""; 0]);
    test.finish().await;
}

#[tokio::test]
async fn bad_input_is_refused_with_the_field_named() {
    let test = TestDatabase::new().await;
    let owner = client(&test).await;
    let cases = [
        (json!({"name": "김단골", "phone": "02-555-0101"}), "phone"),
        (json!({"name": " ", "phone": "01012345678"}), "name"),
        (json!({"name": "김단골", "phone": "01012345678", "clinicId": "cli_1"}), "clinicId"),
        (json!({"name": "김단골", "phone": "01012345678", "attributes": {" ": "x"}}), "attributes"),
    ];
    for (body, field) in cases {
        let refused = owner.post("/v1/customers", body).await;
        assert_eq!((refused.status, &refused.json["field"]), (422, &json!(field)));
    }
    let refused = owner.get("/v1/customers?cursor=Z3JwXzE").await;
    assert_eq!((refused.status, &refused.json["field"]), (422, &json!("cursor")));
    assert_eq!(owner.get("/v1/customers/cus_1").await.status, 404);
    test.finish().await;
}
