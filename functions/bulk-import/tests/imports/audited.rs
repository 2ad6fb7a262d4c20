//! Who sees the people of an import and decides about them is a line of the audit log.

use serde_json::json;
use shared::db::staff;
use shared::message::{ImportApproved, ImportRemapped, ImportRevoked};
use shared::model::ImportId;
use shared::model::state::ImportState;
use shared::testing::audited::{assert_nothing_of, lines, take};

use crate::support::{World, rows, world};

/// What the only line since the last look tells, which is of the owner and about this import.
async fn told(world: &World, id: ImportId) -> (String, u32) {
    let taken = take(&world.test.pool).await;
    let [line] = taken.as_slice() else { panic!("one request is one line: {taken:?}") };
    let mut connection = world.test.database.acquire().await.unwrap();
    let owner = staff::find_by_subject(&mut connection, "owner").await.unwrap().unwrap();
    assert_eq!((line.staff_id, line.subject_kind.as_str(), line.subject_id), (owner.id, "import", Some(id.uuid())));
    (line.action.clone(), line.people)
}

fn line(action: &str, people: usize) -> (String, u32) {
    (action.to_owned(), u32::try_from(people).unwrap())
}

#[tokio::test]
async fn whoever_reviews_rows_is_written_down() {
    let world = world().await;
    let id = world.ready().await;
    assert_eq!(lines(&world.test.pool).await, [], "to begin shows nobody");
    world.show(id).await;
    assert_eq!(told(&world, id).await, line("import.show", 1));
    assert_eq!(world.rows(id, "limit=5").await.len(), 5);
    assert_eq!(told(&world, id).await, line("import.rows", 5));
    world.edit(id, 7, json!({"phone": "010-1111-0009"})).await;
    assert_eq!(told(&world, id).await, line("import.edit_row", 1));
    world.delete_row(id, 2).await;
    assert_eq!(told(&world, id).await, line("import.leave_out", 1));
    world.post(id, "/rows/delete", json!({"numbers": [2, 3, 4]})).await;
    assert_eq!(told(&world, id).await, line("import.leave_out", 2));
    world.post(id, "/rows/restore", json!({"all": true})).await;
    assert_eq!(told(&world, id).await, line("import.take_in", 3));
    assert_eq!(world.send("GET", id, "/bad-rows", serde_json::Value::Null).await.status, 200);
    assert_eq!(world.downloads.take().len(), 1);
    let bad = told(&world, id).await;
    assert_eq!(bad.0, "import.bad_rows");
    world.show(id).await;
    assert_nothing_of(&world.test.pool, &["고객", "1111", "VIP"]).await;
    world.test.finish().await;
}

#[tokio::test]
async fn whoever_decides_about_an_import_is_written_down_once() {
    let world = world().await;
    let id = world.ready().await;
    world.post(id, "/remap", json!({"sheet": "참고"})).await;
    assert_eq!(told(&world, id).await, line("import.remap", rows().len()));
    world.publisher.take::<ImportRemapped>();
    world.set_state(id, ImportState::Ready).await;
    for _ in 0..2 {
        assert_eq!(world.once("one", id, "/commit", json!({})).await.0, 202);
    }
    assert_eq!(told(&world, id).await, line("import.commit", rows().len()), "the same request again is no other");
    world.publisher.take::<ImportApproved>();
    world.set_state(id, ImportState::Committed).await;
    assert_eq!(world.once("two", id, "/undo", json!({})).await.0, 202);
    assert_eq!(told(&world, id).await, line("import.undo", rows().len()));
    world.publisher.take::<ImportRevoked>();

    let other = world.ready().await;
    take(&world.test.pool).await;
    assert_eq!(world.send("DELETE", other, "", serde_json::Value::Null).await.status, 204);
    assert_eq!(told(&world, other).await, line("import.discard", rows().len()));
    world.test.finish().await;
}
