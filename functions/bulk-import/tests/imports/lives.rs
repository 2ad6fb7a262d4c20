//! Imports as such: beginning, list, view, discarding; and those of another clinic.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shared::db::imports;
use shared::model::import::ImportFailure;
use shared::model::state::ImportState;
use shared::store::Store;

use crate::support::{contents, problem, refused, world, world_with};

#[tokio::test]
async fn an_import_begins_with_an_upload_address_of_its_own() {
    let world = world().await;
    let started = world.owner.post("/v1/imports", json!({"fileName": " 고객 목록.xlsx "})).await;
    let id = started.json["id"].as_str().unwrap();
    let expected = json!({
        "id": id, "state": "uploading", "uploadMethod": "PUT", "maxBytes": 10_485_760,
        "uploadUrl": format!("https://uploads.example/imports/{}/{id}?seconds=900", world.clinic),
    });
    assert_eq!((started.status, &started.json), (201, &expected));
    let shown = world.show(id.parse().unwrap()).await;
    assert_eq!(
        (&shown["fileName"], &shown["state"], &shown["failure"]),
        (&json!("고객 목록.xlsx"), &json!("uploading"), &Value::Null)
    );
    assert_eq!((&shown["rowsRead"], &shown["counts"]["new"]), (&json!(0), &json!(0)));
    let by: Option<Vec<u8>> = sqlx::query_scalar("SELECT created_by FROM imports").fetch_one(&world.test.pool).await.unwrap();
    assert!(by.is_some());
    world.test.finish().await;
}

#[tokio::test]
async fn a_reviewed_import_shows_what_was_found_and_what_would_happen() {
    let world = world().await;
    let id = world.ready().await;
    let mut shown = world.show(id).await;
    let times = shown.as_object_mut().unwrap();
    assert!(times.remove("createdAt").is_some() && times.remove("updatedAt").is_some());
    let column = |letter, header, role| json!({"letter": letter, "header": header, "role": role});
    let expected = json!({
        "id": id, "fileName": "고객.xlsx", "state": "ready", "failure": null, "sheet": "고객", "sheets": ["고객", "참고"],
        "headerRow": 1, "remappable": true, "sample": [{"number": 1, "cells": ["휴대폰", "고객명"]}],
        "columns": [
            column("A", "휴대폰", "phone"), column("B", "고객명", "name"), column("C", "분류", "group"),
            column("D", "메모", "attribute"), column("E", "생일", "attribute"), column("F", "비고", "ignored"),
        ],
        "counts": {"new": 1, "updates": 1, "duplicate_in_file": 3, "bad_phone": 1, "missing_name": 1, "suppressed": 1},
        "deleted": 0, "rowsRead": 8, "rowsCommitted": 0, "rowsAdded": 0, "rowsUpdated": 0, "rowsUndone": 0, "rowsKept": 0,
        "workedThrough": 0, "rowsExpired": false, "options": {"targetGroupId": null, "existing": "update"},
    });
    assert_eq!(shown, expected);
    world.test.finish().await;
}

#[tokio::test]
async fn a_failed_import_says_why_and_where_in_the_readers_language() {
    let world = world().await;
    let id = world.failed(ImportFailure::CellTooLarge, &contents(0)).await;
    let (ko, en) = ImportFailure::CellTooLarge.text();
    let shown = world.show(id).await;
    assert_eq!(shown["failure"], json!({"code": "cell_too_large", "text": ko, "at": "고객!C3"}));
    let english = world.owner.send("GET", &format!("/v1/imports/{id}"), &[("accept-language", "en")], Value::Null).await;
    assert_eq!(english.json["failure"]["text"], en);
    assert_eq!((&shown["remappable"], &shown["sheets"]), (&json!(true), &json!(["고객", "참고"])));
    world.test.finish().await;
}

#[tokio::test]
async fn imports_are_listed_newest_first_page_by_page() {
    let world = world().await;
    assert_eq!(world.owner.get("/v1/imports").await.json, json!({"items": []}));
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(world.start().await.to_string());
    }
    // By their ids, which tell the millisecond: the test is faster than that.
    ids.sort_unstable_by(|one, other| other.cmp(one));
    let mut path = "/v1/imports?limit=2".to_owned();
    let mut listed = Vec::new();
    let mut pages = 0;
    loop {
        let page = world.owner.get(&path).await;
        assert_eq!(page.status, 200, "{page:?}");
        listed.extend(page.json["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        pages += 1;
        let Some(cursor) = page.json["nextCursor"].as_str() else { break };
        path = format!("/v1/imports?limit=2&cursor={cursor}");
    }
    assert_eq!((listed, pages), (ids, 3));
    let other = world.owner.with_subject("other").get("/v1/imports").await;
    assert_eq!(other.json, json!({"items": []}));
    let refused = world.owner.get("/v1/imports?cursor=eA").await;
    assert_eq!((refused.status, &refused.json["field"]), (422, &json!("cursor")));
    world.test.finish().await;
}

#[tokio::test]
async fn progress_of_reading_is_live_and_does_not_depend_on_the_store() {
    let live = world().await;
    let id = live.start().await;
    live.set_state(id, ImportState::Parsing).await;
    assert_eq!(live.show(id).await["rowsRead"], 0);
    live.store.set_rows_read(id, 3000).await.unwrap();
    assert_eq!(live.show(id).await["rowsRead"], 3000);
    live.test.finish().await;

    // Nobody listens on port 1.
    let silent = world_with(Store::new("redis://127.0.0.1:1/", Duration::from_millis(50)).unwrap()).await;
    let id = silent.ready().await;
    assert_eq!(silent.show(id).await["rowsRead"], 8);
    silent.set_state(id, ImportState::Parsing).await;
    assert_eq!(silent.show(id).await["rowsRead"], 0);
    silent.test.finish().await;
}

#[tokio::test]
async fn progress_of_committing_and_undoing_is_what_the_database_says() {
    let world = world().await;
    let id = world.ready().await;
    world.set_state(id, ImportState::Committing).await;
    sqlx::query("UPDATE imports SET worked_through = 3, rows_committed = 2, rows_added = 1, rows_updated = 1, rows_undone = 5, rows_kept = 6")
        .execute(&world.test.pool)
        .await
        .unwrap();
    let shown = world.show(id).await;
    let shown =
        ["workedThrough", "rowsCommitted", "rowsAdded", "rowsUpdated", "rowsUndone", "rowsKept"].map(|name| &shown[name]);
    assert_eq!(shown, [&json!(3), &json!(2), &json!(1), &json!(1), &json!(5), &json!(6)]);
    world.test.finish().await;
}

#[tokio::test]
async fn an_import_that_nobody_works_on_is_thrown_away_with_its_rows() {
    let world = world().await;
    let failed = world.failed(ImportFailure::Encrypted, &contents(0)).await;
    for id in [world.start().await, failed, world.ready().await] {
        assert_eq!(world.send("DELETE", id, "", Value::Null).await.status, 204);
        assert_eq!(world.send("DELETE", id, "", Value::Null).await.status, 404);
        assert_eq!(world.send("GET", id, "", Value::Null).await.status, 404);
    }
    let rows: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM import_rows").fetch_one(&world.test.pool).await.unwrap();
    assert_eq!(rows, 0);

    let id = world.ready().await;
    for state in
        [ImportState::Parsing, ImportState::Committing, ImportState::Committed, ImportState::Undoing, ImportState::Undone]
    {
        world.set_state(id, state).await;
        let answer = world.send("DELETE", id, "", Value::Null).await;
        assert_eq!(problem(&(answer.status, answer.json)), refused(409, "import-state"), "{state}");
    }
    world.test.finish().await;
}

/// parse-import holds the import's lock while it stages the rows of a file.
#[tokio::test]
async fn nobody_waits_for_the_reader_of_a_file_to_be_told_to_wait() {
    let world = world().await;
    let id = world.ready().await;
    world.set_state(id, ImportState::Parsing).await;
    let mut reader = world.test.pool.begin().await.unwrap();
    imports::lock(&mut reader, world.clinic, id).await.unwrap();
    let begun = Instant::now();
    let routes = [
        ("DELETE", ""),
        ("POST", "/remap"),
        ("PATCH", "/rows/2"),
        ("DELETE", "/rows/2"),
        ("POST", "/commit"),
        ("POST", "/undo"),
    ];
    for (method, path) in routes {
        let body = if path == "/remap" { json!({"headerRow": 2}) } else { Value::Null };
        assert_eq!(world.send(method, id, path, body).await.status, 409, "{method} {path}");
    }
    assert_eq!(world.show(id).await["state"], "parsing");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    drop(reader);
    world.test.finish().await;
}

#[tokio::test]
async fn an_import_of_another_clinic_is_not_there() {
    let world = world().await;
    let id = world.ready().await;
    let before = world.show(id).await;
    let other = world.owner.with_subject("other");
    let routes = [
        ("GET", "", Value::Null),
        ("DELETE", "", Value::Null),
        ("POST", "/remap", json!({})),
        ("GET", "/rows", Value::Null),
        ("PATCH", "/rows/2", json!({"name": "남"})),
        ("DELETE", "/rows/2", Value::Null),
        ("POST", "/rows/delete", json!({"all": true})),
        ("POST", "/rows/restore", json!({"all": true})),
        ("GET", "/bad-rows", Value::Null),
        ("POST", "/commit", json!({})),
        ("POST", "/undo", json!({})),
    ];
    for (method, path, body) in routes {
        for id in [id.to_string(), "imp_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e".to_owned(), "nothing".to_owned()] {
            let path = format!("/v1/imports/{id}{path}");
            let foreign = other.send(method, &path, &[("idempotency-key", "key")], body.clone()).await;
            assert_eq!((foreign.status, &foreign.json["title"]), (404, &json!("찾을 수 없습니다.")), "{method} {path}");
            let nobody =
                world.owner.with_subject("nobody").send(method, &path, &[("idempotency-key", "key")], body.clone()).await;
            assert!(matches!(nobody.status, 403 | 404), "{method} {path}");
        }
    }
    assert_eq!(world.show(id).await, before);
    world.test.finish().await;
}

#[tokio::test]
async fn bad_input_is_refused_with_the_field_named() {
    let world = world().await;
    for (body, field) in
        [(json!({"fileName": "\u{7} "}), "fileName"), (json!({"fileName": "a", "key": "x"}), "key"), (json!({}), "fileName")]
    {
        let refused = world.owner.post("/v1/imports", body).await;
        assert_eq!((refused.status, &refused.json["field"]), (422, &json!(field)));
    }
    let id = world.ready().await;
    for (query, field) in
        [("verdict=fine", "verdict"), ("cursor=eA", "cursor"), ("deleted=maybe", "deleted"), ("outcome=x", "outcome")]
    {
        let refused = world.owner.get(&format!("/v1/imports/{id}/rows?{query}")).await;
        assert_eq!((refused.status, &refused.json["field"]), (422, &json!(field)), "{query}");
    }
    world.test.finish().await;
}

/// The example events call the routes of this function, with bodies that it takes.
#[tokio::test]
async fn every_example_event_reaches_its_route() {
    let world = world().await;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/bulk-import");
    let mut tried = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let event: Value = serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap();
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let body = serde_json::from_str(&text("body")).unwrap_or(Value::Null);
        let query = event["queryStringParameters"].as_object().cloned().unwrap_or_default();
        let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap())).collect();
        let path = format!("{}?{}", text("path"), query.join("&"));
        let key = event["headers"]["Idempotency-Key"].as_str().unwrap_or_default();
        let answer = world.owner.send(&text("httpMethod"), &path, &[("idempotency-key", key)], body).await;
        // The import of the examples is not there.
        let expected = if path.contains("imp_") { 404 } else { answer.status };
        assert!(answer.status == expected && answer.status < 405, "{path}: {answer:?}");
        tried += 1;
    }
    assert!(tried >= 14, "{tried}");
    assert_eq!(world.downloads.take().len(), 1, "the template");
    world.test.finish().await;
}
