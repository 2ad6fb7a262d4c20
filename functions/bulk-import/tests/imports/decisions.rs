//! Approval and revocation: each once, however often it is asked for.

use serde_json::{Value, json};
use shared::db::groups;
use shared::message::{ImportApproved, ImportRevoked};
use shared::model::ImportId;
use shared::model::import::ImportFailure;
use shared::model::state::{ImportState, Verdict};
use shared::testing::PublishMode;

use crate::support::{World, contents, invalid, problem, refused, row, world};

impl World {
    fn approved(&self, id: ImportId) -> ImportApproved {
        ImportApproved::V1 { clinic_id: self.clinic, import_id: id }
    }

    fn revoked(&self, id: ImportId) -> ImportRevoked {
        ImportRevoked::V1 { clinic_id: self.clinic, import_id: id }
    }

    async fn group(&self, clinic_of: &str) -> String {
        let mut connection = self.test.database.acquire().await.unwrap();
        let clinic = shared::db::staff::find_by_subject(&mut connection, clinic_of).await.unwrap().unwrap().clinic;
        groups::insert(&mut connection, &self.ambient, clinic, "VIP").await.unwrap().0.to_string()
    }
}

#[tokio::test]
async fn an_import_is_approved_once_however_often_it_is_asked_for() {
    let world = world().await;
    let id = world.ready().await;
    let expected = (202, json!({"id": id, "state": "committing"}));
    for key in ["first", "first", "second"] {
        assert_eq!(world.once(key, id, "/commit", Value::Null).await, expected);
    }
    assert_eq!(world.publisher.take::<ImportApproved>(), [world.approved(id)]);

    world.set_state(id, ImportState::Committed).await;
    assert_eq!(world.once("third", id, "/commit", json!({})).await, (200, json!({"id": id, "state": "committed"})));
    assert_eq!(
        world.once("first", id, "/commit", json!({"existing": "update"})).await,
        expected,
        "the same key, the same answer"
    );
    let another = world.ready().await;
    assert_eq!(problem(&world.once("first", another, "/commit", json!({})).await), refused(422, "idempotency-key-reused"));
    world.test.finish().await;
}

#[tokio::test]
async fn two_people_who_approve_at_once_are_both_told_that_it_is_on_its_way() {
    let world = world().await;
    let id = world.ready().await;
    let answers = world.twice(id, "/commit", json!({"existing": "leave"})).await;
    let expected = (202, json!({"id": id, "state": "committing"}));
    assert_eq!(answers, [expected.clone(), expected]);
    assert_eq!(world.publisher.take::<ImportApproved>(), [world.approved(id)]);
    world.test.finish().await;
}

#[tokio::test]
async fn the_choices_are_kept_and_belong_to_the_request() {
    let world = world().await;
    let (own, foreign) = (world.group("owner").await, world.group("other").await);
    let id = world.ready().await;
    for group in [foreign.as_str(), "grp_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e"] {
        let refused = world.once("group", id, "/commit", json!({ "targetGroupId": group })).await;
        assert_eq!(problem(&refused), invalid("targetGroupId"));
    }
    for (body, field) in [
        (json!({"targetGroupId": "x"}), "targetGroupId"),
        (json!({"existing": "delete"}), "existing"),
        (json!({"groupId": 1}), "groupId"),
    ] {
        assert_eq!(problem(&world.once("bad", id, "/commit", body).await), invalid(field));
    }
    let choices = json!({"targetGroupId": own, "existing": "leave"});
    assert_eq!(world.once("key", id, "/commit", choices.clone()).await.0, 202);
    assert_eq!(world.show(id).await["options"], choices);
    assert_eq!(world.once("key", id, "/commit", choices.clone()).await.0, 202);
    assert_eq!(problem(&world.once("key", id, "/commit", json!({})).await), refused(422, "idempotency-key-reused"));
    assert_eq!(world.once("another", id, "/commit", choices).await.0, 202);
    let otherwise = world.once("otherwise", id, "/commit", json!({"existing": "leave"})).await;
    assert_eq!(problem(&otherwise), refused(409, "import-state"));
    assert_eq!(world.publisher.take::<ImportApproved>(), [world.approved(id)]);
    world.test.finish().await;
}

/// Keys from before there were choices answer as they did.
#[tokio::test]
async fn a_key_of_an_approval_without_choices_is_known_by_the_import_alone() {
    let world = world().await;
    let id = world.ready().await;
    let mut connection = world.test.database.acquire().await.unwrap();
    let request = shared::db::idempotency::Request::new("owner", "commit_import", "old", &id);
    shared::db::idempotency::claim(&mut connection, &world.ambient, &request).await.unwrap();
    shared::db::idempotency::save(&mut connection, &request, 202, r#"{"id":"x","state":"committing"}"#).await.unwrap();
    drop(connection);
    // The import is not looked at: the answer of that time is given again. Its id is not one of today's.
    let rest = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM idempotency_keys").fetch_one(&world.test.pool).await.unwrap();
    assert_eq!((world.once("old", id, "/commit", json!({})).await.0, rest), (202, 1));
    assert_eq!(world.show(id).await["state"], "ready");
    world.test.finish().await;
}

#[tokio::test]
async fn an_import_without_a_row_to_commit_is_not_approved() {
    let world = world().await;
    let bad = world.ready_with(&[row(2, "없음", Verdict::BadPhone, None)]).await;
    let deleted = world.ready().await;
    world.post(deleted, "/rows/delete", json!({"all": true})).await;
    for id in [bad, deleted] {
        assert_eq!(problem(&world.once("key", id, "/commit", Value::Null).await), refused(409, "no-rows"));
        assert_eq!(world.show(id).await["state"], "ready");
    }
    world.post(deleted, "/rows/restore", json!({"numbers": [3]})).await;
    assert_eq!(world.once("key", deleted, "/commit", Value::Null).await.0, 202, "a refusal does not use the key up");
    world.publisher.take::<ImportApproved>();
    world.test.finish().await;
}

#[tokio::test]
async fn what_cannot_be_told_now_is_told_later() {
    let world = world().await;
    let id = world.ready().await;
    world.publisher.set(PublishMode::Down);
    assert_eq!(world.once("key", id, "/commit", Value::Null).await.0, 202);
    assert_eq!((world.test.outbox_size().await, &world.show(id).await["state"]), (1, &json!("committing")));
    world.set_state(id, ImportState::Committed).await;
    assert_eq!(world.once("key", id, "/undo", Value::Null).await.0, 202);
    let id = world.ready().await;
    assert_eq!(world.post(id, "/remap", json!({})).await.0, 202);
    assert_eq!(world.test.outbox_size().await, 3);
    world.test.drop_database().await;
}

#[tokio::test]
async fn only_a_reviewed_import_can_be_approved() {
    let world = world().await;
    let id = world.ready().await;
    for state in ImportState::ALL {
        if matches!(state, ImportState::Ready | ImportState::Committing | ImportState::Committed) {
            continue;
        }
        world.set_state(id, *state).await;
        let answer = world.once("key", id, "/commit", Value::Null).await;
        assert_eq!((problem(&answer), &answer.1["state"]), (refused(409, "import-not-ready"), &json!(state)));
    }
    let failed = world.failed(ImportFailure::Encrypted, &contents(0)).await;
    assert_eq!(world.once("key", failed, "/commit", Value::Null).await.0, 409);
    for path in ["/commit", "/undo"] {
        let keyless = world.owner.post(&format!("/v1/imports/{id}{path}"), Value::Null).await;
        assert_eq!(problem(&(keyless.status, keyless.json)), refused(400, "idempotency-key-required"));
    }
    world.test.finish().await;
}

#[tokio::test]
async fn a_committed_import_is_revoked_once_however_often_it_is_asked_for() {
    let world = world().await;
    let id = world.ready().await;
    world.set_state(id, ImportState::Committed).await;
    sqlx::query("UPDATE imports SET worked_through = 9, rows_committed = 5").execute(&world.test.pool).await.unwrap();
    let answers = world.twice(id, "/undo", Value::Null).await;
    let expected = (202, json!({"id": id, "state": "undoing"}));
    assert_eq!(answers, [expected.clone(), expected.clone()]);
    assert_eq!(world.once("one", id, "/undo", json!({})).await, expected);
    assert_eq!(world.publisher.take::<ImportRevoked>(), [world.revoked(id)]);
    let shown = world.show(id).await;
    assert_eq!((&shown["state"], &shown["workedThrough"], &shown["rowsCommitted"]), (&json!("undoing"), &json!(0), &json!(5)));

    world.set_state(id, ImportState::Undone).await;
    assert_eq!(world.once("third", id, "/undo", json!({})).await, (200, json!({"id": id, "state": "undone"})));
    assert_eq!(world.once("one", id, "/undo", json!({})).await, expected);
    assert_eq!(
        problem(&world.once("one", world.ready().await, "/undo", json!({})).await),
        refused(422, "idempotency-key-reused")
    );
    assert_eq!(problem(&world.once("key", id, "/commit", json!({})).await), refused(409, "import-not-ready"));
    world.test.finish().await;
}

#[tokio::test]
async fn what_an_import_did_is_not_taken_back_when_nobody_knows_it_any_more() {
    let world = world().await;
    let id = world.ready().await;
    world.set_state(id, ImportState::Committed).await;
    sqlx::query("UPDATE imports SET rows_expired = TRUE").execute(&world.test.pool).await.unwrap();
    assert_eq!(problem(&world.once("key", id, "/undo", json!({})).await), refused(409, "import-state"));
    assert_eq!((&world.show(id).await["state"], &world.show(id).await["rowsExpired"]), (&json!("committed"), &json!(true)));
    world.test.finish().await;
}

#[tokio::test]
async fn only_a_committed_import_can_be_revoked() {
    let world = world().await;
    let id = world.ready().await;
    for state in ImportState::ALL {
        if matches!(state, ImportState::Committed | ImportState::Undoing | ImportState::Undone) {
            continue;
        }
        world.set_state(id, *state).await;
        let answer = world.once("key", id, "/undo", Value::Null).await;
        assert_eq!((problem(&answer), &answer.1["state"]), (refused(409, "import-state"), &json!(state)));
    }
    assert_eq!(problem(&world.once("key", id, "/undo", json!({"rows": 1})).await), invalid("rows"));
    world.test.finish().await;
}
