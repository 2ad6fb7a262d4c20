//! Changing customers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::testing::FixedClock;

use crate::world::{World, patch, path, refusal};

async fn somebody(world: &World) -> Value {
    let body = json!({"name": "김단골", "phone": "010-1234-5678", "attributes": {"생일": "3월 2일", "메모": "가"}});
    world.owner.post("/v1/customers", body).await.json
}

fn groups(customer: &Value) -> Vec<&str> {
    customer["groups"].as_array().unwrap().iter().map(|group| group["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_is_named_is_changed_and_the_rest_stays() {
    let world = World::new().await;
    let customer = somebody(&world).await;
    let changed = patch(&world.owner, &customer, json!({"name": " 이  단골 "})).await;
    assert_eq!((changed.status, &changed.json["name"], &changed.json["phone"]), (200, &json!("이 단골"), &customer["phone"]));
    assert_eq!(changed.json["attributes"], customer["attributes"]);
    let changed = patch(&world.owner, &customer, json!({"phone": "+82 10 8765 4321"})).await;
    assert_eq!((&changed.json["name"], &changed.json["phone"]), (&json!("이 단골"), &json!("010-8765-4321")));
    let changed = patch(&world.owner, &customer, json!({"attributes": {"메모": null, " 취미 ": "걷기", "없음": null}})).await;
    assert_eq!(changed.json["attributes"], json!({"생일": "3월 2일", "취미": "걷기"}));
    assert_eq!(world.owner.get(&path(&customer)).await.json, changed.json, "what is answered is what is stored");
    world.test.finish().await;
}

#[tokio::test]
async fn groups_are_replaced_and_no_groups_means_the_unassigned_one() {
    let world = World::new().await;
    let customer = somebody(&world).await;
    let (vip, regular, unassigned) = (world.group("VIP").await, world.group("재방문").await, world.unassigned().await);
    for (ids, names) in [
        (json!([vip]), vec!["VIP"]),
        (json!([vip, regular, unassigned]), vec!["VIP", "재방문"]),
        (json!([regular]), vec!["재방문"]),
        (json!([unassigned]), vec!["미지정"]),
        (json!([vip]), vec!["VIP"]),
        (json!([]), vec!["미지정"]),
    ] {
        let changed = patch(&world.owner, &customer, json!({ "groupIds": ids })).await;
        assert_eq!((changed.status, groups(&changed.json)), (200, names));
        assert_eq!(changed.json["updatedAt"], customer["updatedAt"], "who is in which group is no property of a customer");
    }
    world.test.finish().await;
}

#[tokio::test]
async fn a_refused_change_changes_nothing() {
    let world = World::new().await;
    let customer = somebody(&world).await;
    let group = world.group("VIP").await;
    patch(&world.owner, &customer, json!({"groupIds": [group]})).await;
    let before = world.owner.get(&path(&customer)).await.json;
    let foreign = world.other.get("/v1/customers").await.status;
    assert_eq!(foreign, 200);
    for (change, field) in [
        (json!({"name": null}), "name"),
        (json!({"phone": null}), "phone"),
        (json!({"attributes": null}), "attributes"),
        (json!({"groupIds": null}), "groupIds"),
        (json!({"id": "cus_1"}), "id"),
        (json!({"name": "이단골", "attributes": {"메모": "가".repeat(334)}}), "attributes"),
        (json!({"name": "이단골", "groupIds": ["grp_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e"]}), "groupIds"),
    ] {
        assert_eq!(refusal(&patch(&world.owner, &customer, change.clone()).await), (422, field), "{change}");
    }
    assert_eq!(world.owner.get(&path(&customer)).await.json, before);
    world.test.finish().await;
}

#[tokio::test]
async fn consent_to_advertising_is_given_once_and_can_be_taken_back() {
    let clock = FixedClock::new();
    let world = World::with(Ambient::seeded(clock.clone(), 7)).await;
    let customer = somebody(&world).await;
    assert_eq!(customer["advertisingConsentAt"], json!(null));
    clock.advance(chrono::TimeDelta::hours(1));
    let given = patch(&world.owner, &customer, json!({"advertisingConsent": true})).await;
    assert_eq!((given.status, &given.json["advertisingConsentAt"]), (200, &json!("2026-03-02T02:00:00Z")));
    assert_ne!(given.json["updatedAt"], customer["updatedAt"], "undoing an import keeps who has agreed since");
    clock.advance(chrono::TimeDelta::hours(1));
    let again = patch(&world.owner, &customer, json!({"advertisingConsent": true, "name": "김단골"})).await;
    assert_eq!(again.json, given.json);
    let listed = world.owner.get("/v1/customers").await;
    assert_eq!(listed.json["items"][0]["advertisingConsentAt"], given.json["advertisingConsentAt"]);
    let taken = patch(&world.owner, &customer, json!({"advertisingConsent": false})).await;
    assert_eq!(taken.json["advertisingConsentAt"], json!(null));
    let refused = patch(&world.owner, &customer, json!({"advertisingConsent": null})).await;
    assert_eq!(refusal(&refused), (422, "advertisingConsent"));

    let agreed = json!({"name": "이단골", "phone": "010-1111-0001", "advertisingConsent": true});
    let added = world.owner.post("/v1/customers", agreed).await;
    assert_eq!((added.status, &added.json["advertisingConsentAt"]), (201, &added.json["createdAt"]));
    assert_eq!(world.owner.get(&path(&added.json)).await.json, added.json);
    world.test.finish().await;
}

#[tokio::test]
async fn another_clinic_changes_nothing_and_learns_nothing() {
    let world = World::new().await;
    let customer = somebody(&world).await;
    let nobody = json!({"id": "cus_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e"});
    let foreign = patch(&world.other, &customer, json!({"name": "남"})).await;
    let missing = patch(&world.other, &nobody, json!({"name": "남"})).await;
    assert_eq!((foreign.status, &foreign.json), (404, &missing.json));
    assert_eq!(world.owner.get(&path(&customer)).await.json, customer);
    world.test.finish().await;
}

#[tokio::test]
async fn a_phone_of_somebody_else_is_refused_and_the_own_one_is_not() {
    let world = World::new().await;
    let customer = somebody(&world).await;
    world.add("이단골", "010-1111-0001").await;
    let refused = patch(&world.owner, &customer, json!({"name": "박단골", "phone": "01011110001"})).await;
    assert_eq!((refused.status, &refused.json["type"]), (409, &json!("https://dangol.dev/problems/phone-taken")));
    assert_eq!(world.owner.get(&path(&customer)).await.json, customer);
    let same = patch(&world.owner, &customer, json!({"phone": "010 1234 5678"})).await;
    assert_eq!((same.status, same.json), (200, customer));
    world.test.finish().await;
}

#[tokio::test]
async fn of_two_who_want_the_same_phone_at_once_one_gets_it() {
    let world = World::new().await;
    let (first, second) = (world.add("하나", "010-1111-0001").await, world.add("둘", "010-1111-0002").await);
    let another = world.another().await;
    for round in 3..13 {
        let change = json!({"phone": format!("010-1111-{round:04}")});
        let (one, two) = tokio::join!(patch(&world.owner, &first, change.clone()), patch(&another, &second, change));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
    }
    world.test.finish().await;
}

#[tokio::test]
async fn two_who_change_different_attributes_at_once_lose_none() {
    let world = World::new().await;
    let customer = somebody(&world).await;
    let another = world.another().await;
    for round in 0..10 {
        let change = |who: &str| json!({"attributes": {format!("{who}{round}"): "x"}});
        let (one, two) = tokio::join!(patch(&world.owner, &customer, change("가")), patch(&another, &customer, change("나")));
        assert_eq!((one.status, two.status), (200, 200));
    }
    let attributes = &world.owner.get(&path(&customer)).await.json["attributes"];
    assert_eq!(attributes.as_object().unwrap().len(), 22);
    world.test.finish().await;
}

#[tokio::test]
async fn a_change_moves_the_time_on_even_when_the_clock_stands_still() {
    let world = World::with(Ambient::seeded(FixedClock::new(), 7)).await;
    let customer = somebody(&world).await;
    let same = patch(&world.owner, &customer, json!({"name": "김단골", "attributes": {"없음": null}})).await.json;
    assert_eq!(same, customer, "a change that changes nothing is none");
    let changed = patch(&world.owner, &customer, json!({"name": "이단골"})).await.json;
    let at = |customer: &Value| customer["updatedAt"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert_eq!((at(&changed) - at(&customer)).num_microseconds(), Some(1));
    assert_eq!(changed["createdAt"], customer["createdAt"]);
    world.test.finish().await;
}
