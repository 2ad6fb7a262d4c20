//! The largest lists: every change stays within the patience of whoever waits for it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shared::model::ImportId;
use shared::model::state::{Outcome, Verdict};

use crate::support::{World, row, world};

/// As many rows as a file may have.
const ROWS: u32 = 200_000;
/// API Gateway gives up after 29 s.
const PATIENCE: Duration = Duration::from_secs(20);

#[expect(clippy::print_stderr, reason = "it is there to be read")]
async fn timed<T>(what: &str, work: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let done = work.await;
    let taken = begun.elapsed();
    eprintln!("{what}: {} ms", taken.as_millis());
    assert!(taken < PATIENCE, "{what}: {taken:?}");
    done
}

/// Phones of which a quarter are repeated, a third are customers and a hundredth suppressed.
async fn large(world: &World) -> ImportId {
    let phone = |number: u32| format!("010-{:04}-{:04}", 1 + number / 10_000, number % 10_000);
    let rows: Vec<_> = (0..ROWS).map(|at| row(at + 2, &phone(at % 150_000), Verdict::New, None)).collect();
    for (table, columns, values, every) in [
        ("customers", "id, name, attributes, updated_at, phone, created_at", "UNHEX(MD5(number)), '옛이름', '{}', NOW(6), ", 3),
        ("suppressions", "reason, phone, created_at", "'blocked', ", 100),
    ] {
        let id = world.ready_with(&rows[..150_000]).await;
        let insert = format!(
            "INSERT INTO {table} (clinic_id, {columns}) SELECT clinic_id, {values} phone, NOW(6) FROM import_rows
             WHERE import_id = ? AND number % {every} = 0"
        );
        sqlx::query(sqlx::AssertSqlSafe(insert)).bind(id).execute(&world.test.pool).await.unwrap();
        assert_eq!(timed("discard 150,000", world.send("DELETE", id, "", Value::Null)).await.status, 204);
    }
    world.ready_with(&rows).await
}

#[tokio::test]
#[ignore = "takes a minute; it measures"]
async fn every_change_of_two_hundred_thousand_rows_ends_in_time() {
    let world = world().await;
    let id = large(&world).await;
    let change = async |path: &str, body: Value| {
        let mut what = format!("{path} {body}");
        what.truncate(60);
        let (status, answer) = timed(&what, world.post(id, path, body)).await;
        assert_eq!(status, 200);
        answer
    };
    // What was staged as new altogether gets its verdicts by this.
    change("/rows/delete", json!({"all": true})).await;
    let all = change("/rows/restore", json!({"all": true})).await;
    let counts = json!({"new": 99_000, "updates": 49_500, "duplicate_in_file": 50_000, "bad_phone": 0, "missing_name": 0, "suppressed": 1500});
    assert_eq!((&all["counts"], &all["changed"]), (&counts, &json!(ROWS)));
    let deleted = change("/rows/delete", json!({"verdict": "new"})).await;
    assert_eq!(deleted["changed"], 99_000);
    let again = change("/rows/delete", json!({"verdict": "new"})).await;
    assert_eq!(deleted["counts"]["new"], again["changed"], "those that took their place");
    change("/rows/delete", json!({"verdict": "updates"})).await;
    change("/rows/restore", json!({"verdict": "updates"})).await;
    assert_eq!(change("/rows/restore", json!({"all": true})).await["counts"], counts);
    let numbers: Vec<u32> = (2..10_002).collect();
    change("/rows/delete", json!({ "numbers": numbers })).await;
    change("/rows/restore", json!({ "numbers": numbers })).await;
    timed("edit", world.edit(id, 5, json!({"phone": "010-9999-0001"}))).await;
    timed("show", world.show(id)).await;
    timed("first page", world.numbers(id, "limit=200")).await;
    timed("page of a verdict", world.numbers(id, "verdict=suppressed&limit=200")).await;
    timed("page of nothing deleted", world.numbers(id, "deleted=true")).await;
    timed("page of an outcome", world.numbers(id, &format!("outcome={}", Outcome::Kept))).await;
    let bad = timed("bad rows", world.send("GET", id, "/bad-rows", Value::Null)).await;
    assert_eq!(bad.json["rows"], 51_499);
    assert_eq!(world.downloads.take().len(), 1);
    assert_eq!(timed("discard", world.send("DELETE", id, "", Value::Null)).await.status, 204);
    world.test.finish().await;
}
