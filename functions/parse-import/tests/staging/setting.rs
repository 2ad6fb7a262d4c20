//! A clinic with an import, and what can be done with it.

use std::sync::Mutex;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use parse_import::file::Limits;
use parse_import::{Deps, Files, handle};
use shared::batch::BatchFailed;
use shared::config::Environment;
use shared::db::clinics::{self, Clinic, Invitations};
use shared::db::imports::{self, Import};
use shared::failure::Failure;
use shared::model::import::{ColumnRole, Wish};
use shared::model::state::Verdict;
use shared::model::{ClinicId, ImportId, StaffId};
use shared::store::Store;
use shared::testing::{Graveyard, TestDatabase, ambient};

pub const REFERENCE: &[u8] = include_bytes!("../../../../tests/fixtures/customers-3000.xlsx");
pub const UPLOADED: &str = include_str!("../../../../events/parse-import/uploaded.json");
pub const REMAPPED: &str = include_str!("../../../../events/parse-import/remapped.json");
pub const TEST_EVENT: &str = include_str!("../../../../events/parse-import/s3-test-event.json");
/// The import that the events are about.
const CLINIC: &str = "cli_019a9d2f5c00700080000000000000a1";
const IMPORT: &str = "imp_019a9d2f5c00700080000000000000d1";

/// A bucket with one file, or one that does not answer.
pub struct Bucket(pub Mutex<Option<Vec<u8>>>);

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

/// A clinic, its import, and a worker.
pub struct Setting {
    pub test: TestDatabase,
    pub deps: Deps<Bucket, Graveyard>,
    pub clinic: ClinicId,
    pub import: ImportId,
}

impl Setting {
    /// A clinic whose import waits for the file.
    pub async fn new(file: &[u8]) -> Self {
        let setting = Self::without_import(file).await;
        let mut connection = setting.test.pool.acquire().await.expect("the database answers");
        let (ambient, _) = ambient();
        let staff = StaffId::new(&ambient);
        imports::insert(&mut connection, &ambient, setting.clinic, staff, setting.import, "고객.xlsx")
            .await
            .expect("the import is new");
        setting
    }

    pub async fn without_import(file: &[u8]) -> Self {
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

    pub async fn add_clinic(&self, id: ClinicId) {
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
            invitations: Invitations::default(),
            created_at: ambient().0.now(),
        };
        clinics::insert(&mut self.test.pool.acquire().await.expect("the database answers"), &clinic)
            .await
            .expect("the clinic is new");
    }

    /// A second worker.
    pub async fn another(&self) -> Deps<Bucket, Graveyard> {
        Deps {
            database: self.test.another().await,
            files: Bucket(Mutex::new(self.deps.files.0.lock().expect("nobody panicked").clone())),
            store: Store::new(NOWHERE, Duration::from_secs(1)).expect("the address is one"),
            dead_letters: Graveyard::default(),
            ambient: ambient().0,
            limits: Limits::default(),
        }
    }

    pub async fn deliver(&self, event: &str) -> Result<SqsBatchResponse, BatchFailed> {
        handle(&self.deps, serde_json::from_str::<SqsEvent>(event).expect("an event")).await
    }

    /// Delivers the notification, which must be acknowledged.
    pub async fn parse(&self) -> Import {
        self.acknowledge(UPLOADED).await
    }

    pub async fn acknowledge(&self, event: &str) -> Import {
        assert!(self.deliver(event).await.expect("acknowledged").batch_item_failures.is_empty());
        self.import().await
    }

    /// What staff do when the file was not read as they meant.
    pub async fn wish(&self, header_row: Option<u32>, columns: &[(&str, ColumnRole)]) {
        let columns = columns.iter().map(|(letter, role)| ((*letter).to_owned(), *role)).collect();
        let wish = Wish { sheet: None, header_row, columns };
        let mut connection = self.test.pool.acquire().await.expect("the database answers");
        imports::set_wish(&mut connection, self.clinic, self.import, &wish).await.expect("the import is there");
        self.set_state("parsing").await;
    }

    pub async fn set_state(&self, state: &str) {
        sqlx::query("UPDATE imports SET state = ?").bind(state).execute(&self.test.pool).await.expect("the database answers");
    }

    pub fn put(&self, file: &str) {
        *self.deps.files.0.lock().expect("nobody panicked") = Some(file.as_bytes().to_vec());
    }

    pub async fn import(&self) -> Import {
        let mut connection = self.test.pool.acquire().await.expect("the database answers");
        imports::find(&mut connection, self.clinic, self.import)
            .await
            .expect("the database answers")
            .expect("the import is there")
    }

    pub async fn run(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.test.pool).await.expect("the database answers");
    }

    pub async fn count(&self, of: &'static str) -> i64 {
        sqlx::query_scalar(of).fetch_one(&self.test.pool).await.expect("the database answers")
    }

    pub async fn verdicts(&self) -> Vec<(u32, String, Option<u32>)> {
        let rows = "SELECT number, verdict, duplicate_of FROM import_rows ORDER BY number";
        sqlx::query_as(rows).fetch_all(&self.test.pool).await.expect("the database answers")
    }
}

pub fn real_store() -> Store {
    let mut environment = Environment::of_process();
    let redis = environment.text("TEST_REDIS_URL");
    environment.check().expect("tests with a store need TEST_REDIS_URL; `make test` sets it");
    Store::new(&redis, Duration::from_secs(1)).expect("the address is one")
}

pub fn row(number: u32, verdict: Verdict) -> (u32, String, Option<u32>) {
    (number, verdict.as_str().to_owned(), None)
}
