//! Adding phones, and what does not take them away again.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::model::state::SuppressionReason;
use shared::testing::Client;

use crate::world::{World, add, items, path, phones, refusal};

#[tokio::test]
async fn a_line_says_what_why_since_when_and_by_whom() {
    let world = World::new().await;
    let customer = world.customer("김단골", "010-1234-5678").await;
    assert_eq!(add(&world.nurse, &["01012345678"], Some(" 전화로\n요청 ")).await.json, json!({"added": 1, "alreadyThere": 0}));
    let line = world.line("010-1234-5678").await;
    let told = ["reasonCode", "reason", "note"].map(|field| line[field].as_str().unwrap());
    assert_eq!(told, ["asked", "받는 분이 수신을 거부했습니다.", "전화로 요청"]);
    assert_eq!((&line["by"]["kind"], &line["by"]["name"]), (&json!("staff"), &json!("박간호사")));
    assert_eq!(line["customer"], json!({"id": customer.rsplit('/').next(), "name": "김단골"}));
    assert!(line["since"].is_string() && line["id"].as_str().unwrap().starts_with("sup_"));
    assert_eq!(world.owner.get(&path(&line)).await.json, line, "the line is shown as the list shows it");
    let english = world.owner.send("GET", &path(&line), &[("accept-language", "en")], Value::Null).await;
    assert_eq!(english.json["reason"], "The person asked not to be written to.");
    world.test.finish().await;
}

#[tokio::test]
async fn what_the_system_learnt_and_what_nobody_knows_are_not_put_on_anybody() {
    let world = World::new().await;
    world.learn("010-1111-0001", SuppressionReason::Blocked).await;
    // What the release before writes while this one is deployed.
    let old =
        "INSERT INTO suppressions (clinic_id, phone, reason, created_at) VALUES (?, '+821011110002', 'forgotten', NOW(6))";
    sqlx::query(old).bind(world.clinic).execute(&world.test.pool).await.unwrap();
    let learnt = world.line("010-1111-0001").await;
    assert_eq!((&learnt["by"], &learnt["reasonCode"]), (&json!({"kind": "system"}), &json!("blocked")));
    assert!(learnt.get("customer").is_none() && learnt.get("note").is_none());
    let old = world.line("010-1111-0002").await;
    assert_eq!(old["by"], json!({"kind": "unknown"}));
    assert_eq!(world.owner.get(&path(&old)).await.json, old, "it has an id of its own");
    world.test.finish().await;
}

#[tokio::test]
async fn a_phone_that_is_there_already_stays_as_it_was() {
    let world = World::new().await;
    world.learn("010-1111-0001", SuppressionReason::Blocked).await;
    let before = world.line("010-1111-0001").await;
    let phones = ["010-1111-0001", "010-1111-0002", "010 1111 0002", "+821011110003"];
    assert_eq!(add(&world.owner, &phones, Some("새 메모")).await.json, json!({"added": 2, "alreadyThere": 1}));
    assert_eq!(world.line("010-1111-0001").await, before);
    assert_eq!(add(&world.owner, &phones, None).await.json, json!({"added": 0, "alreadyThere": 3}));
    assert_eq!(world.line("010-1111-0003").await["note"], "새 메모");
    world.test.finish().await;
}

#[tokio::test]
async fn a_thousand_phones_are_taken_at_once_and_nothing_of_what_cannot_be_used() {
    let world = World::new().await;
    let many: Vec<_> = (0..1001).map(|number| format!("010-2000-{number:04}")).collect();
    let mut many: Vec<_> = many.iter().map(String::as_str).collect();
    assert_eq!(refusal(&add(&world.owner, &many, None).await), (422, "phones"));
    assert_eq!(refusal(&add(&world.owner, &[], None).await), (422, "phones"));
    assert_eq!(refusal(&add(&world.owner, &["010-1111-0001", "02-555-0101"], None).await), (422, "phones[1]"));
    assert_eq!(refusal(&add(&world.owner, &["010-1111-0001"], Some(&"가".repeat(201))).await), (422, "note"));
    let surplus = json!({"phones": ["010-1111-0001"], "reason": "blocked"});
    assert_eq!(refusal(&world.owner.post("/v1/suppressions", surplus).await), (422, "reason"));
    assert_eq!(world.count("suppressions").await, 0);
    many.pop();
    many.reverse();
    assert_eq!(add(&world.owner, &many, Some(&"가".repeat(200))).await.json, json!({"added": 1000, "alreadyThere": 0}));
    assert_eq!(add(&world.owner, &many[..137], None).await.json, json!({"added": 0, "alreadyThere": 137}));
    assert_eq!(world.count("suppressions").await, 1000);
    world.test.finish().await;
}

#[tokio::test]
async fn of_two_who_add_the_same_phones_at_once_each_phone_counts_for_one() {
    let world = World::new().await;
    let another = world.another().await;
    let many: Vec<_> = (0..500).map(|number| format!("010-2000-{number:04}")).collect();
    let one: Vec<_> = many.iter().map(String::as_str).collect();
    let two: Vec<_> = one.iter().rev().copied().collect();
    let (one, two) = tokio::join!(add(&world.owner, &one, None), add(&another, &two, None));
    let added = [&one, &two].map(|answer| answer.json["added"].as_u64().unwrap());
    assert_eq!((added[0] + added[1], world.count("suppressions").await), (500, 500));
    world.test.finish().await;
}

#[tokio::test]
async fn only_staff_see_or_change_the_ledger_and_only_their_clinics() {
    let world = World::new().await;
    add(&world.owner, &["010-1111-0001"], None).await;
    let line = world.line("010-1111-0001").await;
    assert_eq!(items(&world.other.get("/v1/suppressions").await), Vec::<Value>::new());
    assert_eq!(world.other.get(&path(&line)).await.status, 404);
    assert_eq!(world.owner.get("/v1/suppressions/sup_1").await.status, 404);
    assert_eq!(add(&world.other, &["010-1111-0001"], None).await.json["added"], 1, "another clinic has a ledger of its own");
    let stranger = world.owner.with_subject("stranger");
    for answer in [stranger.get("/v1/suppressions").await, add(&stranger, &["010-1111-0009"], None).await] {
        assert_eq!(answer.status, 403);
    }
    assert_eq!(world.count("suppressions").await, 2);
    world.test.finish().await;
}

#[tokio::test]
async fn neither_deleting_nor_adding_the_customer_again_lifts_it() {
    let world = World::new().await;
    let customer = world.customer("김단골", "010-1234-5678").await;
    add(&world.nurse, &["010-1234-5678"], Some("메모")).await;
    let before = world.line("010-1234-5678").await;
    assert_eq!(world.customers.send("DELETE", &customer, &[], Value::Null).await.status, 204);
    let alone = world.line("010-1234-5678").await;
    assert!(alone.get("customer").is_none());
    let again = world.customer("이단골", "010-1234-5678").await;
    let after = world.line("010-1234-5678").await;
    assert_eq!((&after["customer"]["name"], &after["id"]), (&json!("이단골"), &before["id"]), "it is shown who has it now");
    assert_eq!(world.customers.send("DELETE", &format!("{again}?forget=true"), &[], Value::Null).await.status, 204);
    assert_eq!(world.line("010-1234-5678").await, alone, "who was forgotten later keeps the first reason");
    world.test.finish().await;
}

#[tokio::test]
async fn who_is_forgotten_is_in_the_ledger_by_the_name_of_whoever_did_it() {
    let world = World::new().await;
    let customer = world.customer("김단골", "010-1234-5678").await;
    let nurse: &Client = &world.customers.with_subject("nurse");
    assert_eq!(nurse.send("DELETE", &format!("{customer}?forget=true"), &[], Value::Null).await.status, 204);
    let line = world.line("010-1234-5678").await;
    assert_eq!((&line["by"]["name"], &line["reasonCode"]), (&json!("박간호사"), &json!("forgotten")));
    assert!(line.get("customer").is_none());
    world.test.finish().await;
}

#[tokio::test]
async fn what_is_answered_is_what_is_stored() {
    let (ambient, clock) = shared::testing::ambient();
    let world = World::with(ambient).await;
    add(&world.owner, &["010-1111-0001"], None).await;
    clock.advance(TimeDelta::minutes(1));
    add(&world.owner, &["010-1111-0002"], None).await;
    let lines = world.lines().await;
    assert_eq!(phones(&lines), ["010-1111-0002", "010-1111-0001"]);
    assert_eq!((&lines[0]["since"], &lines[1]["since"]), (&json!("2026-03-02T01:01:00Z"), &json!("2026-03-02T01:00:00Z")));
    world.test.finish().await;
}
