//! Files that are read anew in another way.

use serde_json::{Value, json};
use shared::db::imports::{self, Contents};
use shared::message::ImportRemapped;
use shared::model::import::{ColumnRole, ImportFailure, Wish};
use shared::model::state::ImportState;

use crate::support::{contents, invalid, problem, refused, world};

#[tokio::test]
async fn a_ready_import_is_read_anew_as_staff_say() {
    let world = world().await;
    let id = world.ready().await;
    world.store.set_rows_read(id, 8).await.unwrap();
    let wish = json!({"sheet": "참고", "headerRow": 3, "columns": {"C": "phone", "AX": "ignored"}});
    assert_eq!(world.post(id, "/remap", wish).await, (202, json!({"id": id, "state": "parsing"})));
    let fact = ImportRemapped::V1 { clinic_id: world.clinic, import_id: id };
    assert_eq!(world.publisher.take::<ImportRemapped>(), [fact]);
    let import = imports::find(&mut world.test.database.acquire().await.unwrap(), world.clinic, id).await.unwrap().unwrap();
    let columns = [("AX".to_owned(), ColumnRole::Ignored), ("C".to_owned(), ColumnRole::Phone)].into();
    assert_eq!(import.wish, Wish { sheet: Some("참고".to_owned()), header_row: Some(3), columns });
    let shown = world.show(id).await;
    assert_eq!((&shown["state"], &shown["rowsRead"], &shown["remappable"]), (&json!("parsing"), &json!(0), &json!(false)));
    world.test.finish().await;
}

#[tokio::test]
async fn the_same_wish_again_changes_nothing_while_the_file_is_read() {
    let world = world().await;
    let id = world.ready().await;
    for _ in 0..2 {
        assert_eq!(world.post(id, "/remap", json!({"headerRow": 3})).await.0, 202);
    }
    assert_eq!(world.publisher.take::<ImportRemapped>().len(), 1);
    assert_eq!(problem(&world.post(id, "/remap", json!({"headerRow": 4})).await), refused(409, "import-state"));
    // What was read is wished otherwise once more: nothing of the last wish stays.
    world.set_state(id, ImportState::Ready).await;
    assert_eq!(world.post(id, "/remap", json!({})).await.0, 202);
    assert_eq!(world.publisher.take::<ImportRemapped>().len(), 1);
    let import = imports::find(&mut world.test.database.acquire().await.unwrap(), world.clinic, id).await.unwrap().unwrap();
    assert_eq!(import.wish, Wish::default());
    world.test.finish().await;
}

#[tokio::test]
async fn only_what_another_reading_can_mend_is_read_anew() {
    let world = world().await;
    for &failure in ImportFailure::ALL {
        let id = world.failed(failure, &contents(0)).await;
        let can = world.show(id).await["remappable"].as_bool().unwrap();
        let answer = world.post(id, "/remap", json!({})).await;
        if can {
            assert_eq!(answer.0, 202, "{failure}");
            assert_eq!(world.publisher.take::<ImportRemapped>().len(), 1);
        } else {
            assert_eq!(problem(&answer), refused(409, "import-state"), "{failure}");
        }
        let hopeless = [
            "not_a_spreadsheet",
            "old_excel",
            "encrypted",
            "damaged",
            "suspicious_archive",
            "unknown_encoding",
            "unclosed_quote",
            "stalled",
        ];
        assert_eq!(can, !hopeless.contains(&failure.as_str()), "{failure}");
    }
    // A limit that the only sheet exceeds.
    let id = world.failed(ImportFailure::TooManyRows, &Contents { sheets: vec!["고객".into()], ..Contents::default() }).await;
    assert_eq!(world.show(id).await["remappable"], false);
    assert_eq!(world.post(id, "/remap", json!({"headerRow": 1})).await.0, 409);
    world.test.finish().await;
}

#[tokio::test]
async fn an_import_that_is_on_its_way_is_not_read_anew() {
    let world = world().await;
    let id = world.ready().await;
    for state in ImportState::ALL {
        if matches!(state, ImportState::Ready | ImportState::Failed) {
            continue;
        }
        world.set_state(id, *state).await;
        let answer = world.post(id, "/remap", json!({"headerRow": 1})).await;
        assert_eq!((problem(&answer), &answer.1["state"]), (refused(409, "import-state"), &json!(state)));
    }
    world.test.finish().await;
}

#[tokio::test]
async fn a_file_that_is_kept_no_more_is_not_read_anew() {
    let world = world().await;
    let id = world.ready().await;
    sqlx::query("UPDATE imports SET created_at = created_at - INTERVAL 7 DAY").execute(&world.test.pool).await.unwrap();
    let answer = world.post(id, "/remap", json!({})).await;
    assert_eq!(problem(&answer), refused(409, "import-state"));
    assert!(answer.1["detail"].as_str().unwrap().contains("7일"));
    assert_eq!(world.show(id).await["remappable"], false);
    world.test.finish().await;
}

#[tokio::test]
async fn a_wish_that_cannot_be_meant_is_refused() {
    let world = world().await;
    let id = world.ready().await;
    let long = "가".repeat(256);
    for (wish, field) in [
        (json!({"columns": {"AY": "phone"}}), "columns.AY"),
        (json!({"columns": {"a": "phone"}}), "columns.a"),
        (json!({"columns": {"": "phone"}}), "columns."),
        (json!({"columns": {"A": "phone", "B": "phone"}}), "columns"),
        (json!({"columns": {"A": "name", "B": "name"}}), "columns"),
        (json!({"columns": {"A": "group", "B": "group"}}), "columns"),
        (json!({"columns": {"A": "telephone"}}), "columns.A"),
        (json!({"sheet": ""}), "sheet"),
        (json!({ "sheet": long }), "sheet"),
        (json!({"sheet": "없는 시트"}), "sheet"),
        (json!({"headerRow": 1_048_577}), "headerRow"),
        (json!({"headerRow": -1}), "headerRow"),
        (json!({"rows": 1}), "rows"),
    ] {
        assert_eq!(problem(&world.post(id, "/remap", wish.clone()).await), invalid(field), "{wish}");
    }
    assert_eq!(world.show(id).await["state"], "ready");
    // Where nobody knows the sheets, the reader finds out.
    let id = world.failed(ImportFailure::NoSuchSheet, &Contents::default()).await;
    let wish = json!({"sheet": "없는 시트", "columns": {"A": "attribute", "B": "attribute", "C": "ignored", "D": "ignored"}});
    assert_eq!(world.post(id, "/remap", wish).await.0, 202);
    world.publisher.take::<ImportRemapped>();
    assert_eq!(world.show(id).await["failure"]["code"], Value::from("no_such_sheet"));
    world.test.finish().await;
}

#[tokio::test]
async fn two_people_who_wish_the_same_at_once_have_the_file_read_once() {
    let world = world().await;
    let id = world.ready().await;
    let answers = world.twice(id, "/remap", json!({"headerRow": 2})).await;
    let expected = (202, json!({"id": id, "state": "parsing"}));
    assert_eq!(answers, [expected.clone(), expected]);
    assert_eq!(world.publisher.take::<ImportRemapped>().len(), 1);
    world.test.finish().await;
}
