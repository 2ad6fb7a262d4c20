//! Cells that are corrected in the preview.

use serde_json::{Value, json};
use shared::model::state::Verdict;

use crate::support::{invalid, problem, refused, row, world};

#[tokio::test]
async fn an_edited_row_is_answered_as_it_is_now_with_true_counts() {
    let world = world().await;
    let id = world.ready().await;
    let edit = json!({
        "name": "  김\u{200b}  단골 ", "phone": " ０１０.9999.0001 ", "group": " 새  그룹",
        "attributes": {"메모": null, "생일": " 3월\u{0}\n2일 "},
    });
    let (status, answer) = world.edit(id, 7, edit).await;
    let expected = json!({
        "number": 7, "name": "김 단골", "phoneText": "０１０.9999.0001", "phone": "010-9999-0001", "group": "새 그룹",
        "attributes": {"생일": "3월\n2일"}, "verdict": "new", "duplicateOf": null, "deleted": false, "outcome": null,
        "customerId": null, "changes": [], "reason": null,
        "counts": {"new": 2, "updates": 1, "duplicate_in_file": 3, "bad_phone": 0, "missing_name": 1, "suppressed": 1},
    });
    assert_eq!((status, &answer), (200, &expected));
    assert_eq!(world.show(id).await["counts"], answer["counts"]);
    let mut shown = world.row(id, 7).await;
    shown["counts"] = answer["counts"].clone();
    assert_eq!(shown, answer);
    world.test.finish().await;
}

#[tokio::test]
async fn what_is_not_named_stays_and_null_empties_a_cell() {
    let world = world().await;
    let id = world.ready().await;
    let before = world.row(id, 2).await;
    let (status, mut same) = world.edit(id, 2, json!({})).await;
    same.as_object_mut().unwrap().remove("counts");
    assert_eq!((status, same), (200, before));
    let (_, emptied) = world.edit(id, 2, json!({"group": null, "attributes": {"메모": "  "}})).await;
    assert_eq!((&emptied["group"], &emptied["attributes"], &emptied["name"]), (&Value::Null, &json!({}), &json!("고객2")));
    let (_, emptied) = world.edit(id, 2, json!({"group": ""})).await;
    assert_eq!((&emptied["group"], &emptied["verdict"]), (&Value::Null, &json!("new")));
    let (_, nameless) = world.edit(id, 2, json!({"name": null})).await;
    assert_eq!((&nameless["name"], &nameless["verdict"]), (&json!(""), &json!("missing_name")));
    assert_eq!(world.row(id, 4).await["verdict"], "new", "the next row with the phone claims it");
    let (_, phoneless) = world.edit(id, 4, json!({"phone": null})).await;
    assert_eq!((&phoneless["phoneText"], &phoneless["verdict"]), (&json!(""), &json!("bad_phone")));
    assert_eq!(world.row(id, 5).await["verdict"], "new");
    world.test.finish().await;
}

#[tokio::test]
async fn a_faulty_value_is_kept_as_one_of_a_file_would_be() {
    let world = world().await;
    let id = world.ready().await;
    let long = "가".repeat(51);
    for (edit, verdict) in [
        (json!({"name": " \u{200b}"}), "missing_name"),
        (json!({ "name": long }), "missing_name"),
        (json!({"name": "김단골", "phone": "02-555-0101"}), "bad_phone"),
        (json!({"phone": "8.21012E+11"}), "bad_phone"),
        (json!({"name": "", "phone": "없음"}), "missing_name"),
        (json!({"name": "김단골", "phone": "1012345678"}), "new"),
        (json!({"phone": "010-1111-0002"}), "duplicate_in_file"),
        (json!({"phone": "+82 10-1111-0004"}), "suppressed"),
    ] {
        // Row 3 has the customer's phone, and row 2 lies before it.
        let number = if verdict == "suppressed" { 2 } else { 5 };
        let (status, answer) = world.edit(id, number, edit.clone()).await;
        assert_eq!((status, &answer["verdict"]), (200, &json!(verdict)), "{edit}");
    }
    assert_eq!(world.row(id, 9).await["duplicateOf"], 2, "the later row repeats the edited one now");
    world.test.finish().await;
}

#[tokio::test]
async fn a_phone_that_moves_to_an_earlier_row_makes_the_later_one_a_repeat() {
    let world = world().await;
    let id = world.ready().await;
    let (_, answer) = world.edit(id, 2, json!({"phone": "010-1111-0002"})).await;
    let changes =
        json!([{"field": "name", "from": "고객3", "to": "고객2"}, {"field": "attributes.메모", "from": "신규", "to": "단골"}]);
    assert_eq!((&answer["verdict"], &answer["changes"]), (&json!("updates"), &changes));
    let repeat = world.row(id, 3).await;
    assert_eq!((&repeat["verdict"], &repeat["duplicateOf"]), (&json!("duplicate_in_file"), &json!(2)));
    assert_eq!((&world.row(id, 4).await["verdict"], &world.row(id, 5).await["duplicateOf"]), (&json!("new"), &json!(4)));
    world.test.finish().await;
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_nothing_changes() {
    let world = world().await;
    let id = world.ready().await;
    let before = world.rows(id, "").await;
    let (group, text) = ("가".repeat(51), "가".repeat(334));
    for (edit, field) in [
        (json!({ "group": group }), "group"),
        (json!({ "name": text }), "name"),
        (json!({ "phone": text }), "phone"),
        (json!({"attributes": {"메모": text}}), "attributes.메모"),
        (json!({"attributes": {"없는 열": "1"}}), "attributes.없는 열"),
        (json!({"attributes": {"고객명": "1"}}), "attributes.고객명"),
        (json!({"attributes": {"비고": null}}), "attributes.비고"),
        (json!({"verdict": "new"}), "verdict"),
        (json!({"name": 1}), "name"),
        (json!({"name": "김단골", "attributes": {"메모": 1}}), "attributes.메모"),
    ] {
        assert_eq!(problem(&world.edit(id, 2, edit).await), invalid(field));
    }
    assert_eq!(problem(&world.edit(id, 99, json!({"name": "남"})).await), refused(404, "not-found"));
    assert_eq!(world.rows(id, "").await, before);
    let (fits, group) = ("가".repeat(333), "가".repeat(50));
    assert_eq!(
        world.edit(id, 2, json!({"phone": fits, "name": fits, "group": group, "attributes": {"메모": fits}})).await.0,
        200
    );
    world.test.finish().await;
}

#[tokio::test]
async fn a_deleted_row_is_restored_before_it_is_edited() {
    let world = world().await;
    let id = world.ready_with(&[row(2, "없음", Verdict::BadPhone, None)]).await;
    world.delete_row(id, 2).await;
    assert_eq!(problem(&world.edit(id, 2, json!({"name": "남"})).await), refused(409, "row-deleted"));
    world.post(id, "/rows/restore", json!({"numbers": [2]})).await;
    assert_eq!(world.edit(id, 2, json!({"phone": "010-1234-5678"})).await.1["verdict"], "new");
    world.test.finish().await;
}
