//! Two clinics, and imports as parse-import and commit-import leave them.

use std::sync::Arc;
use std::time::Duration;

use bulk_import::{Deps, Uploads, routes};
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::config::Environment;
use shared::db::customers::{self, Attributes, Customer};
use shared::db::import_rows::{self, ImportRow, review};
use shared::db::imports::{self, Contents, SampleRow};
use shared::db::{staff, suppressions};
use shared::failure::Failure;
use shared::model::import::{ColumnRole, ImportColumn, ImportFailure, Largest};
use shared::model::state::{ImportState, SuppressionReason, Verdict};
use shared::model::{ClinicId, CustomerId, ImportId};
use shared::store::Store;
use shared::testing::downloads::FakeDownloads;
use shared::testing::{Answer, Client, FakePublisher, TestDatabase};

/// Signs without a bucket.
struct Signer;

impl Uploads for Signer {
    async fn signed_put(&self, key: &str, valid_for: Duration) -> Result<String, Failure> {
        Ok(format!("https://uploads.example/{key}?seconds={}", valid_for.as_secs()))
    }
}

pub struct World {
    pub test: TestDatabase,
    pub ambient: Ambient,
    pub publisher: Arc<FakePublisher>,
    pub downloads: FakeDownloads,
    pub store: Store,
    pub owner: Client,
    /// The owner once more, in another instance of the function.
    pub twin: Client,
    pub clinic: ClinicId,
}

pub fn store() -> Store {
    let mut environment = Environment::of_process();
    let url = environment.text("TEST_REDIS_URL");
    environment.check().expect("tests with a store need TEST_REDIS_URL; `make test` sets it");
    Store::new(&url, Duration::from_secs(1)).unwrap()
}

/// Two clinics, each with its staff: `owner` and `other`.
pub async fn world() -> World {
    world_with(store()).await
}

pub async fn world_with(store: Store) -> World {
    let test = TestDatabase::new().await;
    let ambient = Ambient::system().unwrap();
    let clinics = register_clinic::Deps { database: test.another().await, ambient: Ambient::system().unwrap() };
    let clinics = Client::anonymous("register-clinic", register_clinic::routes(clinics));
    for who in ["owner", "other"] {
        assert_eq!(clinics.with_subject(who).post("/v1/clinics", json!({ "name": who })).await.status, 201);
    }
    let publisher = Arc::new(FakePublisher::default());
    let downloads = FakeDownloads::default();
    let instance = async || {
        let deps = Deps {
            database: test.another().await,
            ambient: Ambient::system().unwrap(),
            publisher: publisher.clone(),
            uploads: Signer,
            downloads: downloads.clone(),
            store: store.clone(),
            largest: Largest::default(),
        };
        Client::signed_in("bulk-import", routes(deps), "owner")
    };
    let (owner, twin) = (instance().await, instance().await);
    let clinic = {
        let mut connection = test.database.acquire().await.unwrap();
        staff::find_by_subject(&mut connection, "owner").await.unwrap().unwrap().clinic
    };
    World { test, ambient, publisher, downloads, store, owner, twin, clinic }
}

pub fn row(number: u32, phone: &str, verdict: Verdict, duplicate_of: Option<u32>) -> ImportRow {
    ImportRow {
        number,
        name: format!("고객{number}"),
        phone_text: phone.to_owned(),
        phone: phone.parse().ok(),
        group_name: "VIP".to_owned(),
        attributes: Attributes::from([("메모".to_owned(), "단골".to_owned())]).into(),
        verdict,
        duplicate_of,
    }
}

/// One row of every kind; rows 4, 5 and 6 repeat row 2, of which row 4 is the first.
pub fn rows() -> Vec<ImportRow> {
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

pub fn column(letter: &str, header: &str, role: ColumnRole) -> ImportColumn {
    ImportColumn { letter: letter.to_owned(), header: header.to_owned(), role }
}

/// What is found in the file that has these rows.
pub fn contents(rows: usize) -> Contents {
    Contents {
        sheets: vec!["고객".to_owned(), "참고".to_owned()],
        sheet: Some("고객".to_owned()),
        header_row: 1,
        columns: vec![
            column("A", "휴대폰", ColumnRole::Phone),
            column("B", "고객명", ColumnRole::Name),
            column("C", "분류", ColumnRole::Group),
            column("D", "메모", ColumnRole::Attribute),
            column("E", "생일", ColumnRole::Attribute),
            column("F", "비고", ColumnRole::Ignored),
        ],
        sample: vec![SampleRow { number: 1, cells: vec!["휴대폰".to_owned(), "고객명".to_owned()] }],
        rows_read: u32::try_from(rows).unwrap(),
    }
}

impl World {
    pub async fn start(&self) -> ImportId {
        let started = self.owner.post("/v1/imports", json!({"fileName": "고객.xlsx"})).await;
        assert_eq!(started.status, 201, "{started:?}");
        started.json["id"].as_str().unwrap().parse().unwrap()
    }

    /// What parse-import does with a good file, and what the clinic knew of it before.
    pub async fn ready(&self) -> ImportId {
        self.know("010-1111-0002", "고객3", &[("메모", "신규")]).await;
        self.suppress("010-1111-0004").await;
        self.ready_with(&rows()).await
    }

    pub async fn ready_with(&self, rows: &[ImportRow]) -> ImportId {
        let id = self.start().await;
        let mut connection = self.test.database.acquire().await.unwrap();
        let statements = import_rows::Insertion::of(&self.ambient, self.clinic, id, rows);
        import_rows::insert_all(&mut connection, statements).await.unwrap();
        imports::mark_ready(&mut connection, &self.ambient, self.clinic, id, &contents(rows.len())).await.unwrap();
        id
    }

    /// What parse-import does with a file that it cannot read.
    pub async fn failed(&self, failure: ImportFailure, contents: &Contents) -> ImportId {
        let id = self.start().await;
        let mut connection = self.test.database.acquire().await.unwrap();
        let why = (failure, Some("고객!C3"));
        imports::mark_failed(&mut connection, &self.ambient, self.clinic, id, why, contents).await.unwrap();
        id
    }

    pub async fn set_state(&self, id: ImportId, state: ImportState) {
        let mut connection = self.test.database.acquire().await.unwrap();
        imports::set_state(&mut connection, &self.ambient, self.clinic, id, state).await.unwrap();
    }

    /// Gives the clinic a customer, unless it has one with this phone.
    pub async fn know(&self, phone: &str, name: &str, attributes: &[(&str, &str)]) -> CustomerId {
        let phone = phone.parse().unwrap();
        let mut connection = self.test.database.acquire().await.unwrap();
        if let Some((known, _)) = review::list_known(&mut connection, self.clinic, &[&phone]).await.unwrap().remove(&phone) {
            return known;
        }
        let customer = Customer {
            id: CustomerId::new(&self.ambient),
            name: name.to_owned(),
            phone,
            attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            created_at: self.ambient.now(),
            updated_at: self.ambient.now(),
            advertising_consent_at: None,
        };
        customers::insert_all(&mut connection, self.clinic, None, std::slice::from_ref(&customer)).await.unwrap();
        customer.id
    }

    pub async fn suppress(&self, phone: &str) {
        let mut connection = self.test.database.acquire().await.unwrap();
        let phone = phone.parse().unwrap();
        let cause = suppressions::Cause::of(SuppressionReason::Blocked);
        suppressions::insert_all(&mut connection, &self.ambient, self.clinic, &[&phone], &cause).await.unwrap();
    }

    /// What commit-import or undo-import does with a row.
    pub async fn settle(&self, id: ImportId, number: u32, outcome: &str, customer: Option<CustomerId>, previous: Option<&str>) {
        let attributes = previous.map(|_| r#"{"메모": "신규"}"#);
        sqlx::query(
            "UPDATE import_rows SET outcome = ?, customer_id = COALESCE(?, customer_id), previous_name = ?, previous_attributes = ?
             WHERE import_id = ? AND number = ?",
        )
        .bind(outcome)
        .bind(customer)
        .bind(previous)
        .bind(attributes)
        .bind(id)
        .bind(number)
        .execute(&self.test.pool)
        .await
        .unwrap();
    }

    pub async fn show(&self, id: ImportId) -> Value {
        let shown = self.owner.get(&format!("/v1/imports/{id}")).await;
        assert_eq!(shown.status, 200, "{shown:?}");
        shown.json
    }

    /// A route below an import.
    pub async fn send(&self, method: &str, id: ImportId, path: &str, body: Value) -> Answer {
        self.owner.send(method, &format!("/v1/imports/{id}{path}"), &[("idempotency-key", "a-key")], body).await
    }

    pub async fn post(&self, id: ImportId, path: &str, body: Value) -> (u16, Value) {
        let answer = self.send("POST", id, path, body).await;
        (answer.status, answer.json)
    }

    pub async fn delete_row(&self, id: ImportId, number: u32) -> (u16, Value) {
        let answer = self.send("DELETE", id, &format!("/rows/{number}"), Value::Null).await;
        (answer.status, answer.json)
    }

    pub async fn edit(&self, id: ImportId, number: u32, edit: Value) -> (u16, Value) {
        let answer = self.send("PATCH", id, &format!("/rows/{number}"), edit).await;
        (answer.status, answer.json)
    }

    pub async fn once(&self, key: &str, id: ImportId, path: &str, body: Value) -> (u16, Value) {
        let answer = self.owner.post_once(key, &format!("/v1/imports/{id}{path}"), body).await;
        (answer.status, answer.json)
    }

    /// The same request by two instances at the same time, under keys of their own.
    pub async fn twice(&self, id: ImportId, path: &str, body: Value) -> [(u16, Value); 2] {
        let path = format!("/v1/imports/{id}{path}");
        let (one, other) =
            tokio::join!(self.owner.post_once("one", &path, body.clone()), self.twin.post_once("other", &path, body.clone()));
        [(one.status, one.json), (other.status, other.json)]
    }

    /// Rows in English.
    pub async fn rows(&self, id: ImportId, query: &str) -> Vec<Value> {
        let path = format!("/v1/imports/{id}/rows?{query}");
        let page = self.owner.send("GET", &path, &[("accept-language", "en")], Value::Null).await;
        assert_eq!(page.status, 200, "{page:?}");
        page.json["items"].as_array().unwrap().clone()
    }

    pub async fn numbers(&self, id: ImportId, query: &str) -> Vec<u64> {
        self.rows(id, query).await.iter().map(|row| row["number"].as_u64().unwrap()).collect()
    }

    /// One row in English, deleted or not.
    pub async fn row(&self, id: ImportId, number: u32) -> Value {
        let query = |deleted| format!("deleted={deleted}&limit=1&cursor={}", cursor(number - 1));
        for deleted in [false, true] {
            let found = self.rows(id, &query(deleted)).await;
            if let Some(row) = found.into_iter().find(|row| row["number"] == number) {
                return row;
            }
        }
        panic!("there is no row {number}");
    }
}

/// A cursor that continues after a row.
fn cursor(number: u32) -> String {
    shared::http::Cursor(number.to_string()).to_string()
}

/// What a problem is, without its texts.
pub fn problem(answer: &(u16, Value)) -> (u16, String, Value) {
    let code = answer.1["type"].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    (answer.0, code.to_owned(), answer.1["field"].clone())
}

pub fn invalid(field: &str) -> (u16, String, Value) {
    (422, "invalid-input".to_owned(), json!(field))
}

pub fn refused(status: u16, code: &str) -> (u16, String, Value) {
    (status, code.to_owned(), Value::Null)
}
