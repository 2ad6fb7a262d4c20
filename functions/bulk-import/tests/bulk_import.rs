//! An import from its upload address to its approval, against a real database and a real store.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use bulk_import::{Deps, Uploads, routes};
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::config::Environment;
use shared::db::customers::Attributes;
use shared::db::import_rows::{self, ImportRow};
use shared::db::imports::{self, Contents};
use shared::db::staff;
use shared::failure::Failure;
use shared::message::ImportApproved;
use shared::model::import::{ColumnRole, ImportColumn, ImportFailure};
use shared::model::state::Verdict;
use shared::model::{ClinicId, ImportId};
use shared::store::Store;
use shared::testing::{Client, FakePublisher, PublishMode, TestDatabase};

/// Signs without a bucket.
struct Signer;

impl Uploads for Signer {
    async fn signed_put(&self, key: &str, valid_for: Duration) -> Result<String, Failure> {
        Ok(format!("https://uploads.example/{key}?seconds={}", valid_for.as_secs()))
    }
}

struct World {
    test: TestDatabase,
    publisher: Arc<FakePublisher>,
    store: Store,
    owner: Client,
    clinic: ClinicId,
}

fn store() -> Store {
    let mut environment = Environment::of_process();
    let url = environment.text("TEST_REDIS_URL");
    environment.check().expect("tests with a store need TEST_REDIS_URL; `make test` sets it");
    Store::new(&url, Duration::from_secs(1)).unwrap()
}

/// Two clinics, each with its staff: `owner` and `other`.
async fn world(store: Store) -> World {
    let test = TestDatabase::new().await;
    let clinics = register_clinic::Deps { database: test.another().await, ambient: Ambient::system().unwrap() };
    let clinics = Client::anonymous("register-clinic", register_clinic::routes(clinics));
    for who in ["owner", "other"] {
        assert_eq!(clinics.with_subject(who).post("/v1/clinics", json!({ "name": who })).await.status, 201);
    }
    let publisher = Arc::new(FakePublisher::default());
    let deps = Deps {
        database: test.another().await,
        ambient: Ambient::system().unwrap(),
        publisher: publisher.clone(),
        uploads: Signer,
        store: store.clone(),
    };
    let owner = Client::signed_in("bulk-import", routes(deps), "owner");
    let clinic = {
        let mut connection = test.database.acquire().await.unwrap();
        staff::find_by_subject(&mut connection, "owner").await.unwrap().unwrap().clinic
    };
    World { test, publisher, store, owner, clinic }
}

fn row(number: u32, phone: &str, verdict: Verdict, duplicate_of: Option<u32>) -> ImportRow {
    ImportRow {
        number,
        name: format!("고객{number}"),
        phone_text: phone.to_owned(),
        phone: phone.parse().ok(),
        group_name: "VIP".to_owned(),
        attributes: Attributes::from([("메모".to_owned(), "단골".to_owned())]),
        verdict,
        duplicate_of,
    }
}

/// One row of every kind; rows 4, 5 and 6 repeat row 2, of which row 4 is the first.
fn rows() -> Vec<ImportRow> {
    vec![
        row(2, "010-1111-0001", Verdict::New, None),
        row(3, "010-1111-0002", Verdict::Updates, None),
        row(4, "010-1111-0001", Verdict::Duplicate, Some(2)),
        row(5, "010-1111-0001", Verdict::Duplicate, Some(2)),
        row(6, "010-1111-0001", Verdict::Duplicate, Some(2)),
        row(7, "없음", Verdict::BadPhone, None),
        ImportRow { name: String::new(), ..row(8, "010-1111-0003", Verdict::MissingName, None) },
        row(9, "010-1111-0004", Verdict::Suppressed, None),
    ]
}

impl World {
    async fn start(&self) -> ImportId {
        let started = self.owner.post("/v1/imports", json!({"fileName": "고객.xlsx"})).await;
        assert_eq!(started.status, 201, "{started:?}");
        started.json["id"].as_str().unwrap().parse().unwrap()
    }

    /// What parse-import does with a good file.
    async fn ready(&self) -> ImportId {
        let id = self.start().await;
        let mut connection = self.test.database.acquire().await.unwrap();
        let rows = rows();
        import_rows::insert_all(&mut connection, self.clinic, id, &rows).await.unwrap();
        let contents = Contents {
            sheet: Some("고객".to_owned()),
            columns: vec![ImportColumn { header: "이름".to_owned(), role: ColumnRole::Name }],
            rows_read: u32::try_from(rows.len()).unwrap(),
        };
        let ambient = Ambient::system().unwrap();
        imports::mark_ready(&mut connection, &ambient, self.clinic, id, &contents).await.unwrap();
        id
    }

    async fn show(&self, id: ImportId) -> Value {
        let shown = self.owner.get(&format!("/v1/imports/{id}")).await;
        assert_eq!(shown.status, 200, "{shown:?}");
        shown.json
    }

    async fn drop_row(&self, id: ImportId, number: u32) -> u16 {
        self.owner.send("DELETE", &format!("/v1/imports/{id}/rows/{number}"), &[], Value::Null).await.status
    }

    async fn commit(&self, key: &str, id: ImportId) -> (u16, Value) {
        let answer = self.owner.post_once(key, &format!("/v1/imports/{id}/commit"), Value::Null).await;
        (answer.status, answer.json)
    }

    async fn numbers(&self, id: ImportId, query: &str) -> Vec<u64> {
        let page = self.owner.get(&format!("/v1/imports/{id}/rows?{query}")).await.json;
        page["items"].as_array().unwrap().iter().map(|row| row["number"].as_u64().unwrap()).collect()
    }
}

#[tokio::test]
async fn an_import_begins_with_an_upload_address_of_its_own() {
    let world = world(store()).await;
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
    world.test.finish().await;
}

#[tokio::test]
async fn every_row_is_shown_with_its_verdict_and_the_reason() {
    let world = world(store()).await;
    let id = world.ready().await;
    let shown = world.show(id).await;
    let counts = json!({"new": 1, "updates": 1, "duplicate_in_file": 3, "bad_phone": 1, "missing_name": 1, "suppressed": 1});
    assert_eq!((&shown["counts"], &shown["deleted"], &shown["rowsRead"]), (&counts, &json!(0), &json!(8)));
    assert_eq!((&shown["sheet"], &shown["columns"]), (&json!("고객"), &json!([{"header": "이름", "role": "name"}])));

    let path = format!("/v1/imports/{id}/rows?verdict=duplicate_in_file&limit=2");
    let first = world.owner.send("GET", &path, &[("accept-language", "en")], Value::Null).await.json;
    let expected = json!({
        "number": 4, "name": "고객4", "phoneText": "010-1111-0001", "phone": "010-1111-0001", "group": "VIP",
        "attributes": {"메모": "단골"}, "verdict": "duplicate_in_file", "duplicateOf": 2, "reason": "The same phone is in row 2.",
    });
    assert_eq!(first["items"][0], expected);
    let cursor = first["nextCursor"].as_str().unwrap();
    assert_eq!(world.numbers(id, &format!("verdict=duplicate_in_file&limit=2&cursor={cursor}")).await, [6]);

    let bad = world.owner.get(&format!("/v1/imports/{id}/rows?verdict=bad_phone")).await.json["items"][0].clone();
    assert_eq!((&bad["phoneText"], &bad["phone"]), (&json!("없음"), &Value::Null));
    assert!(bad["reason"].as_str().unwrap().starts_with("알림톡을 받을 수 있는"));
    assert_eq!(world.numbers(id, "").await, [2, 3, 4, 5, 6, 7, 8, 9]);
    world.test.finish().await;
}

#[tokio::test]
async fn when_a_good_row_is_deleted_the_first_row_that_repeats_it_takes_its_place() {
    let world = world(store()).await;
    let id = world.ready().await;
    assert_eq!(world.drop_row(id, 2).await, 204);
    assert_eq!(world.drop_row(id, 2).await, 204, "deleting again changes nothing");
    let shown = world.show(id).await;
    assert_eq!(
        (&shown["counts"]["new"], &shown["counts"]["duplicate_in_file"], &shown["deleted"]),
        (&json!(1), &json!(2), &json!(1))
    );
    assert_eq!(world.numbers(id, "verdict=new").await, [4]);
    let repeats = world.owner.get(&format!("/v1/imports/{id}/rows?verdict=duplicate_in_file")).await.json;
    assert_eq!((&repeats["items"][0]["duplicateOf"], &repeats["items"][1]["duplicateOf"]), (&json!(4), &json!(4)));

    // A repeat that is deleted itself takes nobody's place.
    assert_eq!(world.drop_row(id, 5).await, 204);
    assert_eq!(world.drop_row(id, 4).await, 204);
    assert_eq!(world.numbers(id, "verdict=new").await, [6]);
    assert_eq!(world.drop_row(id, 6).await, 204);
    let shown = world.show(id).await;
    assert_eq!(
        (&shown["counts"]["new"], &shown["counts"]["duplicate_in_file"], &shown["deleted"]),
        (&json!(0), &json!(0), &json!(4))
    );
    assert_eq!(world.drop_row(id, 99).await, 404);
    world.test.finish().await;
}

#[tokio::test]
async fn an_import_is_approved_once_however_often_it_is_asked_for() {
    let world = world(store()).await;
    let id = world.ready().await;
    let expected = (202, json!({"id": id, "state": "committing"}));
    assert_eq!(world.commit("first", id).await, expected);
    assert_eq!(world.commit("first", id).await, expected);
    assert_eq!(world.commit("second", id).await, expected);
    let fact = ImportApproved::V1 { clinic_id: world.clinic, import_id: id };
    assert_eq!(world.publisher.take::<ImportApproved>(), [fact]);

    assert_eq!(world.drop_row(id, 2).await, 409, "what is approved is not changed any more");
    let mut connection = world.test.database.acquire().await.unwrap();
    imports::mark_committed(&mut connection, &Ambient::system().unwrap(), world.clinic, id, 2).await.unwrap();
    drop(connection);
    assert_eq!(world.commit("third", id).await, (200, json!({"id": id, "state": "committed"})));
    assert_eq!(world.commit("first", id).await, expected, "the same key is answered as before");
    let another = world.ready().await;
    assert_eq!(world.commit("first", another).await.0, 422);
    assert_eq!(world.show(id).await["rowsCommitted"], 2);
    world.test.finish().await;
}

#[tokio::test]
async fn an_approval_that_cannot_be_told_now_is_told_later() {
    let world = world(store()).await;
    let id = world.ready().await;
    world.publisher.set(PublishMode::Down);
    assert_eq!(world.commit("key", id).await.0, 202);
    assert_eq!((world.test.outbox_size().await, &world.show(id).await["state"]), (1, &json!("committing")));
    world.test.drop_database().await;
}

#[tokio::test]
async fn only_a_reviewed_import_can_be_approved() {
    let world = world(store()).await;
    let id = world.start().await;
    let (status, problem) = world.commit("key", id).await;
    assert_eq!((status, &problem["type"]), (409, &json!("https://dangol.dev/problems/import-not-ready")));
    assert_eq!(world.drop_row(id, 2).await, 409);
    let keyless = world.owner.post(&format!("/v1/imports/{id}/commit"), Value::Null).await;
    assert_eq!((keyless.status, &keyless.json["type"]), (400, &json!("https://dangol.dev/problems/idempotency-key-required")));
    let unknown = world.owner.post_once("key", &format!("/v1/imports/{id}/commit"), json!({"groupId": 1})).await;
    assert_eq!((unknown.status, &unknown.json["field"]), (422, &json!("groupId")));
    let mut connection = world.test.database.acquire().await.unwrap();
    imports::mark_failed(&mut connection, &Ambient::system().unwrap(), world.clinic, id, ImportFailure::Encrypted)
        .await
        .unwrap();
    drop(connection);
    let failure = world.show(id).await["failure"].clone();
    assert_eq!((&failure["code"], &failure["text"]), (&json!("encrypted"), &json!(ImportFailure::Encrypted.text().0)));
    assert_eq!(world.commit("key", id).await.0, 409);
    world.test.finish().await;
}

#[tokio::test]
async fn progress_is_live_and_does_not_depend_on_the_store() {
    let live = world(store()).await;
    let id = live.ready().await;
    live.commit("key", id).await;
    live.store.set_rows_committed(id, 1).await.unwrap();
    assert_eq!((&live.show(id).await["rowsCommitted"], &live.show(id).await["rowsRead"]), (&json!(1), &json!(8)));
    live.publisher.take::<ImportApproved>();
    live.test.finish().await;

    // Nobody listens on port 1.
    let silent = world(Store::new("redis://127.0.0.1:1/", Duration::from_millis(50)).unwrap()).await;
    let id = silent.ready().await;
    silent.commit("key", id).await;
    assert_eq!((&silent.show(id).await["rowsCommitted"], &silent.show(id).await["rowsRead"]), (&json!(0), &json!(8)));
    silent.publisher.take::<ImportApproved>();
    silent.test.finish().await;
}

#[tokio::test]
async fn an_import_of_another_clinic_is_not_there() {
    let world = world(store()).await;
    let id = world.ready().await;
    let other = world.owner.with_subject("other");
    for (method, path) in [("GET", ""), ("GET", "/rows"), ("DELETE", "/rows/2"), ("POST", "/commit")] {
        let path = format!("/v1/imports/{id}{path}");
        let answer = other.send(method, &path, &[("idempotency-key", "key")], Value::Null).await;
        assert_eq!(answer.status, 404, "{method} {path}");
    }
    assert_eq!(world.show(id).await["deleted"], 0);
    world.test.finish().await;
}

#[tokio::test]
async fn bad_input_is_refused_with_the_field_named() {
    let world = world(store()).await;
    for (body, field) in
        [(json!({"fileName": "\u{7} "}), "fileName"), (json!({"fileName": "a", "key": "x"}), "key"), (json!({}), "fileName")]
    {
        let refused = world.owner.post("/v1/imports", body).await;
        assert_eq!((refused.status, &refused.json["field"]), (422, &json!(field)));
    }
    let id = world.ready().await;
    for (query, field) in [("verdict=fine", "verdict"), ("cursor=eA", "cursor")] {
        let refused = world.owner.get(&format!("/v1/imports/{id}/rows?{query}")).await;
        assert_eq!((refused.status, &refused.json["field"]), (422, &json!(field)), "{query}");
    }
    world.test.finish().await;
}
