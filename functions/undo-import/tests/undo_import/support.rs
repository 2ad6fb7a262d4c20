//! A clinic, its lists, and the workers that commit and undo them.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lambda_events::sqs::SqsEvent;
use chrono::TimeDelta;
use shared::clock::{Ambient, Clock};
use shared::db::Database;
use shared::db::imports::{Import, Options};
use shared::message::{ImportApproved, ImportRevoked};
use shared::model::{CustomerId, ImportId};
use shared::testing::importing::{Importing, Row};
use shared::testing::{FixedClock, Graveyard, TestDatabase, sending};
use undo_import::{CHUNK, Deps, handle};

/// Nothing but what the file says.
pub const BY_FILE: Options = Options { target_group: None, update_existing: true };

/// One clinic. Its clock moves on by a minute before everything that happens.
pub struct World {
    pub test: TestDatabase,
    pub ambient: Ambient,
    pub list: Importing,
    clock: FixedClock,
}

impl World {
    pub async fn new() -> Self {
        let test = TestDatabase::new().await;
        let (ambient, clock) = shared::testing::ambient();
        let list = Importing::new(&test.pool, &ambient).await;
        Self { test, ambient, list, clock }
    }

    /// The same clinic in the same database at the same moment, which must be empty.
    pub async fn anew(self) -> Self {
        let (ambient, clock) = shared::testing::ambient();
        let list = Importing::new(&self.test.pool, &ambient).await;
        Self { ambient, list, clock, ..self }
    }

    fn fresh_ambient(&self) -> Ambient {
        // Each worker has random numbers of its own, or two would make groups of the same id.
        static WORKERS: AtomicU64 = AtomicU64::new(0);
        self.clock.advance(TimeDelta::minutes(1));
        Ambient::seeded(self.clock.clone(), WORKERS.fetch_add(1, Ordering::Relaxed))
    }

    pub async fn commit(&self, rows: &[Row]) -> ImportId {
        self.commit_with(rows, BY_FILE).await
    }

    pub async fn commit_with(&self, rows: &[Row], options: Options) -> ImportId {
        let import = self.list.approve(&self.ambient, rows, options).await;
        let (database, ambient) = (self.test.another().await, self.fresh_ambient());
        let dead_letters = Graveyard::default();
        let deps = commit_import::Deps { database, ambient, dead_letters, chunk: commit_import::CHUNK };
        let approved = ImportApproved::V1 { clinic_id: self.list.clinic, import_id: import };
        commit_import::handle(&deps, sending::event(&approved)).await.unwrap();
        import
    }

    pub async fn undo(&self, import: ImportId) {
        self.list.revoke(&self.ambient, import).await;
        self.deliver(import, CHUNK).await;
    }

    /// A worker with so many rows in a transaction.
    pub fn worker(&self, database: Database, chunk: u32) -> Deps<Graveyard> {
        Deps { database, ambient: self.fresh_ambient(), dead_letters: Graveyard::default(), chunk }
    }

    pub async fn deliver(&self, import: ImportId, chunk: u32) {
        let deps = self.worker(self.test.another().await, chunk);
        let response = handle(&deps, self.event(import)).await.unwrap();
        assert!(response.batch_item_failures.is_empty() && deps.dead_letters.0.lock().unwrap().is_empty());
    }

    pub fn event(&self, import: ImportId) -> SqsEvent {
        sending::event(&ImportRevoked::V1 { clinic_id: self.list.clinic, import_id: import })
    }

    pub async fn add(&self, name: &str, number: u32, attributes: &[(&str, &str)]) -> CustomerId {
        self.clock.advance(TimeDelta::minutes(1));
        self.list.add(&self.ambient, name, number, attributes).await
    }

    pub async fn join(&self, customer: CustomerId, group: &str) {
        self.list.join(&self.ambient, customer, group).await;
    }

    /// Lets staff give a customer another name.
    pub async fn rename(&self, number: u32, name: &str) {
        self.clock.advance(TimeDelta::minutes(1));
        self.list.rename(number, name, self.clock.now()).await;
    }

    /// Rows undone, rows kept.
    pub async fn counts(&self, import: ImportId) -> (u32, u32) {
        let Import { rows_undone, rows_kept, .. } = self.list.import(import).await;
        (rows_undone, rows_kept)
    }

    pub async fn count(&self, table: &'static str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        sqlx::query_scalar(sql).fetch_one(&self.test.pool).await.unwrap()
    }

    /// What became of the rows, in the order of their numbers.
    pub async fn outcomes(&self, import: ImportId) -> Vec<String> {
        let outcomes = self.list.outcomes(import).await;
        outcomes.into_iter().map(|(_, outcome)| outcome.unwrap_or_default()).collect()
    }

    /// The id of the customer with that number.
    pub async fn id(&self, number: u32) -> CustomerId {
        let id = sqlx::query_scalar("SELECT id FROM customers WHERE phone = ?");
        id.bind(shared::testing::importing::phone(number)).fetch_one(&self.test.pool).await.unwrap()
    }
}
