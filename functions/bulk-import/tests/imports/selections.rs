//! Rows that are left out and taken back in.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shared::model::state::{ImportState, Verdict};

use crate::support::{World, invalid, problem, refused, row, world};

/// The counts that an answer gives are those that the import shows.
async fn counts_are_true(world: &World, id: shared::model::ImportId, answer: &Value) {
    let shown = world.show(id).await;
    assert_eq!((&shown["counts"], &shown["deleted"]), (&answer["counts"], &answer["deleted"]));
}

#[tokio::test]
async fn when_a_good_row_is_deleted_the_first_row_that_repeats_it_takes_its_place() {
    let world = world().await;
    let id = world.ready().await;
    let (status, answer) = world.delete_row(id, 2).await;
    let counts = json!({"new": 1, "updates": 1, "duplicate_in_file": 2, "bad_phone": 1, "missing_name": 1, "suppressed": 1});
    assert_eq!((status, &answer), (200, &json!({"changed": 1, "counts": counts, "deleted": 1})));
    counts_are_true(&world, id, &answer).await;
    assert_eq!(world.delete_row(id, 2).await, (200, json!({"changed": 0, "counts": counts, "deleted": 1})));
    assert_eq!(world.numbers(id, "verdict=new").await, [4]);
    let repeats = world.rows(id, "verdict=duplicate_in_file").await;
    assert_eq!((&repeats[0]["duplicateOf"], &repeats[1]["duplicateOf"]), (&json!(4), &json!(4)));

    // A repeat that is deleted itself takes nobody's place.
    world.delete_row(id, 5).await;
    world.delete_row(id, 4).await;
    assert_eq!(world.numbers(id, "verdict=new").await, [6]);
    world.delete_row(id, 6).await;
    let shown = world.show(id).await;
    assert_eq!((&shown["counts"]["new"], &shown["counts"]["duplicate_in_file"]), (&json!(0), &json!(0)));
    assert_eq!(shown["deleted"], 4);
    assert_eq!(problem(&world.delete_row(id, 99).await), refused(404, "not-found"));
    world.test.finish().await;
}

#[tokio::test]
async fn a_row_that_is_restored_takes_its_place_again() {
    let world = world().await;
    let id = world.ready().await;
    let before = world.rows(id, "").await;
    for number in [2, 4, 3, 9] {
        world.delete_row(id, number).await;
    }
    let (status, answer) = world.post(id, "/rows/restore", json!({"numbers": [9, 3, 4, 3]})).await;
    assert_eq!((status, &answer["changed"]), (200, &json!(3)));
    counts_are_true(&world, id, &answer).await;
    assert_eq!(world.row(id, 4).await["verdict"], "new");
    assert_eq!(world.post(id, "/rows/restore", json!({"numbers": [2]})).await.1["changed"], 1);
    assert_eq!(world.rows(id, "").await, before);
    assert_eq!(world.post(id, "/rows/restore", json!({"numbers": [2]})).await.1["changed"], 0, "it is there");
    world.test.finish().await;
}

#[tokio::test]
async fn a_restored_row_gets_the_verdict_of_now() {
    let world = world().await;
    let rows = [row(2, "010-4444-0001", Verdict::New, None), row(3, "010-4444-0002", Verdict::New, None)];
    let id = world.ready_with(&rows).await;
    world.post(id, "/rows/delete", json!({"all": true})).await;
    world.know("010-4444-0001", "그사이", &[]).await;
    world.suppress("010-4444-0002").await;
    assert_eq!(world.row(id, 2).await["verdict"], "new", "what is deleted keeps its verdict");
    world.post(id, "/rows/restore", json!({"verdict": "new"})).await;
    assert_eq!(
        (&world.row(id, 2).await["verdict"], &world.row(id, 3).await["verdict"]),
        (&json!("updates"), &json!("suppressed"))
    );
    world.test.finish().await;
}

#[tokio::test]
async fn all_rows_of_a_verdict_are_deleted_and_restored() {
    let world = world().await;
    let id = world.ready().await;
    let before = world.rows(id, "").await;
    let (status, answer) = world.post(id, "/rows/delete", json!({"verdict": "duplicate_in_file"})).await;
    assert_eq!((status, &answer["changed"], &answer["counts"]["duplicate_in_file"]), (200, &json!(3), &json!(0)));
    counts_are_true(&world, id, &answer).await;
    for verdict in ["bad_phone", "missing_name", "suppressed", "updates", "new"] {
        let (_, answer) = world.post(id, "/rows/delete", json!({ "verdict": verdict })).await;
        assert_eq!((&answer["changed"], &answer["counts"][verdict]), (&json!(1), &json!(0)), "{verdict}");
    }
    assert_eq!(world.numbers(id, "").await, Vec::<u64>::new());
    for verdict in Verdict::ALL {
        let (_, answer) = world.post(id, "/rows/restore", json!({ "verdict": verdict })).await;
        counts_are_true(&world, id, &answer).await;
    }
    assert_eq!(world.rows(id, "").await, before);

    // Deleting those who claim a phone makes others claim it: they are not deleted with them.
    assert_eq!(world.post(id, "/rows/delete", json!({"verdict": "new"})).await.1["counts"]["new"], 1);
    assert_eq!(world.numbers(id, "verdict=new").await, [4]);
    world.test.finish().await;
}

#[tokio::test]
async fn all_rows_are_deleted_and_restored() {
    let world = world().await;
    let id = world.ready().await;
    let before = (world.rows(id, "").await, world.show(id).await["counts"].clone());
    let (_, answer) = world.post(id, "/rows/delete", json!({"all": true})).await;
    assert_eq!((&answer["changed"], &answer["deleted"], &answer["counts"]["new"]), (&json!(8), &json!(8), &json!(0)));
    let (_, answer) = world.post(id, "/rows/restore", json!({"all": true})).await;
    assert_eq!((&answer["changed"], &answer["deleted"]), (&json!(8), &json!(0)));
    assert_eq!((world.rows(id, "").await, answer["counts"].clone()), before);
    world.test.finish().await;
}

#[tokio::test]
async fn rows_that_are_far_apart_in_the_file_are_judged_together() {
    let world = world().await;
    let rows: Vec<_> =
        [100_000, 100_001, 200_000, 350_000].map(|number| row(number, "010-6666-0001", Verdict::New, None)).into();
    let id = world.ready_with(&rows).await;
    world.post(id, "/rows/delete", json!({"numbers": [100_000, 200_000]})).await;
    let (_, answer) = world.post(id, "/rows/restore", json!({"all": true})).await;
    assert_eq!(
        (&answer["changed"], &answer["counts"]["new"], &answer["counts"]["duplicate_in_file"]),
        (&json!(2), &json!(1), &json!(3))
    );
    world.delete_row(id, 100_000).await;
    let (_, answer) = world.post(id, "/rows/delete", json!({"verdict": "new"})).await;
    assert_eq!((&answer["changed"], &answer["counts"]["new"]), (&json!(1), &json!(1)));
    assert_eq!(
        (&world.row(id, 200_000).await["verdict"], &world.row(id, 350_000).await["duplicateOf"]),
        (&json!("new"), &json!(200_000))
    );
    world.test.finish().await;
}

#[tokio::test]
async fn a_review_waits_for_nobody_who_is_just_changing_customers() {
    let world = world().await;
    let id = world.ready().await;
    let mut colleague = world.test.pool.begin().await.unwrap();
    let changed = sqlx::query("UPDATE customers SET name = '바뀜'").execute(&mut *colleague).await.unwrap();
    sqlx::query("UPDATE suppressions SET reason = 'asked'").execute(&mut *colleague).await.unwrap();
    assert!(changed.rows_affected() > 0);
    let begun = Instant::now();
    world.post(id, "/rows/delete", json!({"all": true})).await;
    assert_eq!(world.post(id, "/rows/restore", json!({"all": true})).await.1["counts"]["updates"], 1);
    world.edit(id, 3, json!({"phone": "010-1111-0004"})).await;
    assert_eq!(world.row(id, 9).await["duplicateOf"], 3);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    drop(colleague);
    world.test.finish().await;
}

#[tokio::test]
async fn numbers_that_are_no_rows_are_refused_and_nothing_changes() {
    let world = world().await;
    let id = world.ready().await;
    let before = world.rows(id, "").await;
    let unknown = world.post(id, "/rows/delete", json!({"numbers": [2, 98, 99]})).await;
    assert_eq!((problem(&unknown), &unknown.1["unknown"]), (invalid("numbers"), &json!(2)));
    let many: Vec<u32> = (1..=10_001).collect();
    for body in [
        json!({}),
        json!({"numbers": []}),
        json!({ "numbers": many }),
        json!({"all": false}),
        json!({"numbers": [2], "all": true}),
        json!({"verdict": "new", "numbers": [2]}),
    ] {
        for path in ["/rows/delete", "/rows/restore"] {
            assert_eq!(problem(&world.post(id, path, body.clone()).await), invalid("numbers"), "{path}");
        }
    }
    assert_eq!(problem(&world.post(id, "/rows/delete", json!({"verdict": "fine"})).await), invalid("verdict"));
    assert_eq!(problem(&world.post(id, "/rows/delete", json!({"numbers": [-1]})).await), invalid("numbers[0]"));
    assert_eq!(problem(&world.post(id, "/rows/delete", json!({"rows": [1]})).await), invalid("rows"));
    assert_eq!(world.rows(id, "").await, before);
    world.test.finish().await;
}

#[tokio::test]
async fn ten_thousand_rows_are_named_at_once() {
    let world = world().await;
    let rows: Vec<_> =
        (1..=10_000).map(|number| row(number, &format!("010-5555-{:04}", number % 5000), Verdict::New, None)).collect();
    let id = world.ready_with(&rows).await;
    let numbers: Vec<u32> = (1..=10_000).collect();
    let (status, answer) = world.post(id, "/rows/delete", json!({ "numbers": numbers })).await;
    assert_eq!((status, &answer["changed"]), (200, &json!(10_000)));
    let (_, answer) = world.post(id, "/rows/restore", json!({ "numbers": numbers })).await;
    assert_eq!((&answer["counts"]["new"], &answer["counts"]["duplicate_in_file"]), (&json!(5000), &json!(5000)));
    world.test.finish().await;
}

#[tokio::test]
async fn rows_change_only_while_they_wait_for_a_decision() {
    let world = world().await;
    let id = world.ready().await;
    for state in ImportState::ALL.iter().filter(|state| **state != ImportState::Ready) {
        world.set_state(id, *state).await;
        let answers = [
            world.delete_row(id, 2).await,
            world.post(id, "/rows/delete", json!({"all": true})).await,
            world.post(id, "/rows/restore", json!({"numbers": [2]})).await,
            world.edit(id, 2, json!({"name": "남"})).await,
        ];
        for answer in answers {
            assert_eq!((problem(&answer), &answer.1["state"]), (refused(409, "import-not-ready"), &json!(state)));
        }
    }
    assert_eq!(world.show(id).await["deleted"], 0);
    world.test.finish().await;
}
