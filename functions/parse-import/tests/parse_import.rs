//! From a notification of the bucket to rows under review, against a real database.

use std::sync::Mutex;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use parse_import::file::Limits;
use parse_import::{Deps, Files, handle};
use serde_json::json;
use shared::batch::BatchFailed;
use shared::config::Environment;
use shared::db::clinics::{self, Clinic};
use shared::db::imports::{self, Import};
use shared::failure::Failure;
use shared::model::import::ImportFailure;
use shared::model::state::{ImportState, Verdict};
use shared::model::{ClinicId, ImportId};
use shared::store::Store;
use shared::testing::{Graveyard, TestDatabase, ambient};

const REFERENCE: &[u8] = include_bytes!("../../../tests/fixtures/customers-3000.xlsx");
const UPLOADED: &str = include_str!("../../../events/parse-import/uploaded.json");
const TEST_EVENT: &str = include_str!("../../../events/parse-import/s3-test-event.json");
/// The import that `uploaded.json` is about.
const CLINIC: &str = "cli_019a9d2f5c00700080000000000000a1";
const IMPORT: &str = "imp_019a9d2f5c00700080000000000000d1";

/// A bucket with one file, or one that does not answer.
struct Bucket(Mutex<Option<Vec<u8>>>);

/// A store that is down: nobody listens there.
const NOWHERE: &str = "redis://127.0.0.1:1/";

impl Files for Bucket {
    async fn fetch(&self, key: &str, limit: u64) -> Result<Option<Vec<u8>>, Failure> {
        assert_eq!(key, format!("imports/{CLINIC}/{IMPORT}"));
        let file =
            self.0.lock().expect("nobody panicked").clone().ok_or_else(|| Failure::retry("the bucket does not answer"))?;
        Ok(Some(file).filter(|file| file.len() as u64 <= limit))
    }
}

struct Setting {
    test: TestDatabase,
    deps: Deps<Bucket, Graveyard>,
    clinic: ClinicId,
    import: ImportId,
}

impl Setting {
    /// A clinic whose import waits for the file.
    async fn new(file: &[u8]) -> Self {
        let setting = Self::without_import(file).await;
        let mut connection = setting.test.pool.acquire().await.expect("the database answers");
        imports::insert(&mut connection, &ambient().0, setting.clinic, setting.import, "고객.xlsx")
            .await
            .expect("the import is new");
        setting
    }

    async fn without_import(file: &[u8]) -> Self {
        let test = TestDatabase::new().await;
        let deps = Deps {
            database: test.another().await,
            files: Bucket(Mutex::new(Some(file.to_vec()))),
            // All of these tests are about the import of the example event, so only one may look at what it leaves in the store.
            store: Store::new(NOWHERE, Duration::from_secs(1)).expect("the address is one"),
            dead_letters: Graveyard::default(),
            ambient: ambient().0,
            limits: Limits::default(),
        };
        let (clinic, import) = (CLINIC.parse().expect("an id"), IMPORT.parse().expect("an id"));
        let setting = Self { test, deps, clinic, import };
        setting.add_clinic(clinic).await;
        setting
    }

    async fn add_clinic(&self, id: ClinicId) {
        let clinic = Clinic {
            id,
            name: "새봄치과의원".into(),
            time_zone: "Asia/Seoul".into(),
            sender_key: None,
            sender_phone: None,
            points_enabled: true,
            join_points: 0,
            invite_points: 0,
            points_notice: String::new(),
            created_at: ambient().0.now(),
        };
        clinics::insert(&mut self.test.pool.acquire().await.expect("the database answers"), &clinic)
            .await
            .expect("the clinic is new");
    }

    async fn deliver(&self, event: &str) -> Result<SqsBatchResponse, BatchFailed> {
        handle(&self.deps, serde_json::from_str::<SqsEvent>(event).expect("an event")).await
    }

    /// Delivers the notification, which must be acknowledged.
    async fn parse(&self) -> Import {
        assert!(self.deliver(UPLOADED).await.expect("acknowledged").batch_item_failures.is_empty());
        self.import().await
    }

    async fn import(&self) -> Import {
        let mut connection = self.test.pool.acquire().await.expect("the database answers");
        imports::find(&mut connection, self.clinic, self.import)
            .await
            .expect("the database answers")
            .expect("the import is there")
    }

    async fn run(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.test.pool).await.expect("the database answers");
    }

    async fn count(&self, of: &'static str) -> i64 {
        sqlx::query_scalar(of).fetch_one(&self.test.pool).await.expect("the database answers")
    }

    async fn verdicts(&self) -> Vec<(u32, String, Option<u32>)> {
        let rows = "SELECT number, verdict, duplicate_of FROM import_rows ORDER BY number";
        sqlx::query_as(rows).fetch_all(&self.test.pool).await.expect("the database answers")
    }
}

fn real_store() -> Store {
    let mut environment = Environment::of_process();
    let redis = environment.text("TEST_REDIS_URL");
    environment.check().expect("tests with a store need TEST_REDIS_URL; `make test` sets it");
    Store::new(&redis, Duration::from_secs(1)).expect("the address is one")
}

fn row(number: u32, verdict: Verdict) -> (u32, String, Option<u32>) {
    (number, verdict.as_str().to_owned(), None)
}

#[tokio::test]
async fn the_reference_file_becomes_rows_with_verdicts_once() {
    let mut setting = Setting::new(REFERENCE).await;
    setting.deps.store = real_store();
    let import = setting.parse().await;
    assert_eq!((import.state, import.rows_read, import.sheet_name.as_deref()), (ImportState::Ready, 2984, Some("고객명단")));
    assert_eq!(import.column_names.len(), 6);
    let counted = "SELECT verdict, COUNT(*) FROM import_rows GROUP BY verdict ORDER BY verdict";
    let counts: Vec<(String, i64)> = sqlx::query_as(counted).fetch_all(&setting.test.pool).await.unwrap();
    let expected = [("bad_phone", 31), ("duplicate_in_file", 61), ("missing_name", 29), ("new", 2863)];
    assert_eq!(counts, expected.map(|(verdict, count)| (verdict.to_owned(), count)));
    assert_eq!(setting.count("SELECT COUNT(*) FROM import_rows WHERE group_name = 'VIP'").await, 634);
    let first: (String, String, String) = sqlx::query_as(
        "SELECT phone_text, phone, CAST(JSON_UNQUOTE(JSON_EXTRACT(attributes, '$.\"최근방문일\"')) AS CHAR)
         FROM import_rows WHERE number = 4",
    )
    .fetch_one(&setting.test.pool)
    .await
    .unwrap();
    assert_eq!(first, ("010-0531-6333".into(), "+821005316333".into(), "2024-05-17".into()));
    assert_eq!(setting.deps.store.progress(setting.import).await.unwrap().rows_read, Some(2984));

    // Somebody has begun to review it; then the same notification comes again, with another file in its place.
    setting.run("UPDATE import_rows SET deleted = TRUE WHERE number = 4").await;
    *setting.deps.files.0.lock().unwrap() = Some(b"gone".to_vec());
    assert_eq!(setting.parse().await, import);
    assert_eq!(setting.count("SELECT COUNT(*) FROM import_rows WHERE deleted").await, 1);
    for state in ["committing", "committed", "failed"] {
        sqlx::query("UPDATE imports SET state = ?").bind(state).execute(&setting.test.pool).await.unwrap();
        assert_eq!(setting.parse().await.state.as_str(), state);
        assert_eq!(setting.count("SELECT COUNT(*) FROM import_rows").await, 2984);
    }
    setting.test.finish().await;
}

#[tokio::test]
async fn what_a_killed_worker_left_is_begun_anew() {
    let setting = Setting::new("이름,휴대폰\n김단골,01012345678\n".as_bytes()).await;
    setting.run("UPDATE imports SET state = 'parsing'").await;
    setting
        .run(
            "INSERT INTO import_rows (clinic_id, import_id, number, name, phone_text, group_name, attributes, verdict)
             SELECT clinic_id, id, 7, 'left', 'over', '', '{}', 'bad_phone' FROM imports",
        )
        .await;
    assert_eq!(setting.parse().await.state, ImportState::Ready);
    assert_eq!(setting.verdicts().await, [row(2, Verdict::New)]);
    setting.test.finish().await;
}

#[tokio::test]
async fn a_bucket_that_does_not_answer_is_asked_again_later() {
    let setting = Setting::new("이름,휴대폰\n김단골,01012345678\n".as_bytes()).await;
    let file = setting.deps.files.0.lock().unwrap().take();
    assert!(setting.deliver(UPLOADED).await.is_err(), "the message goes back to the queue");
    assert_eq!(setting.import().await.state, ImportState::Parsing);
    *setting.deps.files.0.lock().unwrap() = file;
    assert_eq!(setting.parse().await.state, ImportState::Ready);
    setting.test.finish().await;
}

#[tokio::test]
async fn verdicts_know_the_clinics_own_customers_and_suppressions() {
    let file =
        "이름,휴대폰\n가,01000000001\n나,01000000002\n다,01000000003\n라,01000000004\n마,01000000001\n,01000000001\n바,없음\n";
    let setting = Setting::new(file.as_bytes()).await;
    setting.add_clinic("cli_019a9d2f5c00700080000000000000ff".parse().unwrap()).await;
    setting
        .run(
            "INSERT INTO customers (clinic_id, id, name, phone, attributes, created_at, updated_at)
             SELECT id, id, 'x', IF(HEX(id) LIKE '%FF', '+821000000004', '+821000000001'), '{}', NOW(), NOW() FROM clinics",
        )
        .await;
    setting
        .run(
            "INSERT INTO suppressions (clinic_id, phone, reason, created_at)
             SELECT clinic_id, '+821000000002', 'asked', NOW() FROM imports",
        )
        .await;
    setting.parse().await;
    let expected = [
        row(2, Verdict::Updates),
        row(3, Verdict::Suppressed),
        row(4, Verdict::New),
        row(5, Verdict::New),
        (6, Verdict::Duplicate.as_str().to_owned(), Some(2)),
        row(7, Verdict::MissingName),
        row(8, Verdict::BadPhone),
    ];
    assert_eq!(setting.verdicts().await, expected);
    setting.test.finish().await;
}

#[tokio::test]
async fn a_file_that_cannot_be_read_fails_with_its_reason_and_leaves_no_rows() {
    // The bad cell comes after the first chunk of rows is written.
    let row = |number: u32| format!("김단골,010{number:08}\n");
    let rows: String = (0..5000).map(row).collect();
    let file = format!("이름,휴대폰\n{rows}{},01012345678\n", "가".repeat(400));
    let setting = Setting::new(file.as_bytes()).await;
    let import = setting.parse().await;
    assert_eq!((import.state, import.failure), (ImportState::Failed, Some(ImportFailure::CellTooLarge)));
    assert_eq!(setting.count("SELECT COUNT(*) FROM import_rows").await, 0);
    assert_eq!(setting.parse().await, import);
    setting.test.finish().await;
}

#[tokio::test]
async fn a_file_over_the_limit_is_not_even_fetched() {
    let setting = Setting::new(&vec![b'x'; (10 << 20) + 1]).await;
    assert_eq!(setting.parse().await.failure, Some(ImportFailure::TooLarge));
    setting.test.finish().await;
}

#[tokio::test]
async fn a_store_that_is_down_does_not_stop_the_import() {
    let setting = Setting::new(REFERENCE).await;
    assert_eq!(setting.parse().await.state, ImportState::Ready);
    setting.test.finish().await;
}

#[tokio::test]
async fn notifications_about_nothing_are_acknowledged() {
    let setting = Setting::without_import(REFERENCE).await;
    let foreign = json!({"Records": [{"s3": {"object": {"key": "imports/somebody%20else%27s.xlsx"}}}]}).to_string();
    let foreign = json!({"Records": [{"messageId": "1", "body": foreign}]}).to_string();
    for event in [UPLOADED, TEST_EVENT, &foreign] {
        assert!(setting.deliver(event).await.unwrap().batch_item_failures.is_empty());
    }
    assert!(setting.deps.dead_letters.0.lock().unwrap().is_empty());
    let nonsense = json!({"Records": [{"messageId": "1", "body": "{\"Event\":\"s3:Nonsense\"}"}]}).to_string();
    assert!(setting.deliver(&nonsense).await.unwrap().batch_item_failures.is_empty());
    assert_eq!(setting.deps.dead_letters.0.lock().unwrap().len(), 1, "what cannot be understood is kept");
    setting.test.finish().await;
}
