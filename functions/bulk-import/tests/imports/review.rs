//! What is shown of rows: verdict, changes, reason, and after the commit what became of them.

use std::fmt::Write as _;

use serde_json::{Value, json};
use shared::db::customers::Attributes;
use shared::db::import_rows::ImportRow;
use shared::model::state::{ImportState, Outcome, Verdict};

use crate::support::{row, rows, world};

#[tokio::test]
async fn every_row_is_shown_with_its_verdict_and_the_reason() {
    let world = world().await;
    let id = world.ready().await;
    let path = format!("/v1/imports/{id}/rows?verdict=duplicate_in_file&limit=2");
    let first = world.owner.send("GET", &path, &[("accept-language", "en")], Value::Null).await.json;
    let expected = json!({
        "number": 4, "name": "고객4", "phoneText": "010-1111-0001", "phone": "010-1111-0001", "group": "VIP",
        "attributes": {"메모": "단골"}, "verdict": "duplicate_in_file", "duplicateOf": 2, "deleted": false, "outcome": null,
        "customerId": null, "changes": [], "reason": "The same phone is in row 2. Nobody joins its group ‘VIP’ either.",
    });
    assert_eq!(first["items"][0], expected);
    let cursor = first["nextCursor"].as_str().unwrap();
    assert_eq!(world.numbers(id, &format!("verdict=duplicate_in_file&limit=2&cursor={cursor}")).await, [6]);

    let bad = world.owner.get(&format!("/v1/imports/{id}/rows?verdict=bad_phone")).await.json["items"][0].clone();
    assert_eq!((&bad["phoneText"], &bad["phone"]), (&json!("없음"), &Value::Null));
    assert!(bad["reason"].as_str().unwrap().starts_with("알림톡을 받을 수 있는"));
    assert_eq!(world.numbers(id, "").await, [2, 3, 4, 5, 6, 7, 8, 9]);
    for verdict in Verdict::ALL {
        for row in world.rows(id, &format!("verdict={verdict}")).await {
            assert_eq!((&row["verdict"], row["reason"].is_null()), (&json!(verdict), *verdict == Verdict::New));
        }
    }
    world.test.finish().await;
}

#[tokio::test]
async fn a_row_that_updates_a_customer_says_which_fields() {
    let world = world().await;
    let same = world.know("010-2222-0001", "고객2", &[("메모", "단골"), ("담당", "김원장")]).await;
    let other = world.know("010-2222-0002", "옛이름", &[("메모", "신규")]).await;
    let id = world
        .ready_with(&[
            ImportRow { group_name: String::new(), ..row(2, "010-2222-0001", Verdict::Updates, None) },
            ImportRow {
                attributes: Attributes::from([("메모".into(), "단골".into()), ("생일".into(), "3월".into())]).into(),
                ..row(3, "010-2222-0002", Verdict::Updates, None)
            },
            row(4, "010-2222-0003", Verdict::Updates, None),
            row(5, "010-2222-0001", Verdict::Duplicate, Some(2)),
        ])
        .await;
    let rows = world.rows(id, "").await;
    assert_eq!((&rows[0]["changes"], &rows[0]["customerId"]), (&json!([]), &json!(same)));
    assert_eq!(rows[0]["reason"], "The customer exists, and nothing about them changes.");
    let changes = json!([
        {"field": "name", "from": "옛이름", "to": "고객3"},
        {"field": "attributes.메모", "from": "신규", "to": "단골"},
        {"field": "attributes.생일", "from": null, "to": "3월"},
    ]);
    assert_eq!((&rows[1]["changes"], &rows[1]["customerId"]), (&changes, &json!(other)));
    assert_eq!(
        rows[1]["reason"],
        "The customer exists; name and details are updated from this row. They join the group if they are not in it."
    );
    assert_eq!((&rows[2]["changes"], &rows[2]["customerId"]), (&json!([]), &Value::Null));
    assert_eq!(rows[2]["reason"], "The customer with this phone is gone by now; the row makes a new one.");
    assert_eq!((&rows[3]["changes"], &rows[3]["customerId"]), (&json!([]), &Value::Null));
    world.test.finish().await;
}

#[tokio::test]
async fn details_that_would_be_too_many_do_not_change() {
    let world = world().await;
    let names: Vec<String> = (0..50).map(|number| format!("항목{number}")).collect();
    let attributes: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "값")).collect();
    world.know("010-2222-0001", "옛이름", &attributes).await;
    world.know("010-2222-0002", "옛이름", &attributes[1..]).await;
    let rows = [row(2, "010-2222-0001", Verdict::Updates, None), row(3, "010-2222-0002", Verdict::Updates, None)];
    let id = world.ready_with(&rows).await;
    let rows = world.rows(id, "").await;
    assert_eq!(rows[0]["changes"], json!([{"field": "name", "from": "옛이름", "to": "고객2"}]));
    assert!(rows[0]["reason"].as_str().unwrap().ends_with("The details stay as they are: there would be more than 50."));
    assert_eq!(rows[1]["changes"][1], json!({"field": "attributes.메모", "from": null, "to": "단골"}));
    world.test.finish().await;
}

#[tokio::test]
async fn deleted_rows_are_listed_apart_and_keep_their_verdict() {
    let world = world().await;
    let id = world.ready().await;
    for number in [3, 5, 7] {
        world.delete_row(id, number).await;
    }
    assert_eq!(world.numbers(id, "deleted=true").await, [3, 5, 7]);
    assert_eq!(world.numbers(id, "deleted=true&limit=1").await, [3]);
    assert_eq!(world.numbers(id, "deleted=true&verdict=bad_phone").await, [7]);
    assert_eq!(world.numbers(id, "deleted=false").await, [2, 4, 6, 8, 9]);
    let deleted = world.row(id, 3).await;
    assert_eq!((&deleted["deleted"], &deleted["verdict"], &deleted["changes"]), (&json!(true), &json!("updates"), &json!([])));
    assert_eq!(deleted["reason"], "The row is deleted and left out. Restore it to have it imported.");
    world.test.finish().await;
}

#[tokio::test]
async fn after_the_commit_every_row_says_what_became_of_it_in_both_languages() {
    let world = world().await;
    let known = world.know("010-2222-0001", "누구", &[]).await;
    let outcomes = Outcome::ALL.iter().copied().chain([Outcome::Undone, Outcome::Kept]);
    let outcomes: Vec<Outcome> = outcomes.collect();
    let mut rows = rows();
    for (number, _) in (20..).zip(&outcomes) {
        rows.push(row(number, &format!("010-3333-{number:04}"), Verdict::New, None));
    }
    let id = world.ready_with(&rows).await;
    world.set_state(id, ImportState::Undone).await;
    let mut text = String::new();
    for (number, (at, outcome)) in (20..).zip(outcomes.iter().enumerate()) {
        // The added ones, of which one was undone and one kept, changed nobody.
        let is_changed = *outcome == Outcome::Updated || at >= 7;
        world.settle(id, number, outcome.as_str(), Some(known), is_changed.then_some("옛이름")).await;
        let english = world.row(id, number).await;
        let korean = world.owner.get(&format!("/v1/imports/{id}/rows?outcome={outcome}&limit=200")).await.json;
        let korean = korean["items"].as_array().unwrap().iter().find(|row| row["number"] == number).unwrap().clone();
        let has_customer = !english["customerId"].is_null();
        let changes = english["changes"].as_array().unwrap().len();
        let (ko, en) = (korean["reason"].as_str().unwrap(), english["reason"].as_str().unwrap());
        writeln!(text, "{outcome}, customer {has_customer}, {changes} changes: {ko} {en}").unwrap();
        assert_eq!(english["outcome"], json!(outcome));
    }
    assert_eq!(world.numbers(id, "outcome=undone").await.len(), 2);
    assert_eq!(world.numbers(id, "outcome=undone&limit=1").await.len(), 1);
    assert_eq!(world.numbers(id, "outcome=left&verdict=new").await.len(), 1);
    assert_eq!(
        world.rows(id, "outcome=updated").await[0]["changes"][0],
        json!({"field": "name", "from": "옛이름", "to": "고객21"})
    );
    assert_eq!(
        text,
        "added, customer true, 0 changes: 새 고객으로 등록했습니다. Added as a new customer.\n\
         updated, customer true, 2 changes: 이미 있던 고객을 이 행의 내용으로 바꾸었습니다. The customer existed and was updated from this row.\n\
         unchanged, customer true, 0 changes: 같은 내용의 고객이 이미 있었습니다. The customer existed just so.\n\
         left, customer true, 0 changes: 이미 있던 고객이라서, 선택하신 대로 그대로 두었습니다. The customer existed and was left alone, as you chose.\n\
         suppressed, customer false, 0 changes: 수신을 거부한 번호라서 등록하지 않았습니다. The person had asked not to be written to; the row was left out.\n\
         undone, customer false, 0 changes: 이 행으로 한 등록을 되돌렸습니다. Undone: what this row did is taken back.\n\
         kept, customer true, 0 changes: 등록한 뒤에 고객의 정보나 그룹이 수정되었거나 고객이 삭제되어 되돌리지 않았습니다. 고객을 확인해 주세요. Not undone: the customer or their groups were edited since, or they were deleted. Have a look at the customer.\n\
         undone, customer true, 2 changes: 고객을 등록 전의 내용으로 되돌렸습니다. Undone: the customer is as before the import.\n\
         kept, customer true, 2 changes: 등록한 뒤에 고객의 정보나 그룹이 수정되었거나 고객이 삭제되어 되돌리지 않았습니다. 고객을 확인해 주세요. Not undone: the customer or their groups were edited since, or they were deleted. Have a look at the customer.\n"
    );
    // Rows that were never committed say why.
    assert_eq!(world.row(id, 7).await["reason"], "Not a mobile number that can receive messages. Write it like 010-1234-5678.");
    world.test.finish().await;
}
