//! A clinic, its lists, and the worker that commits them.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lambda_events::sqs::SqsEvent;
use chrono::TimeDelta;
use commit_import::{CHUNK, CONNECTIONS, Deps, handle};
use shared::clock::Ambient;
use shared::db::imports::{Import, Options};
use shared::db::{Database, customers, groups};
use shared::message::ImportApproved;
use shared::model::{CustomerId, ImportId};
use shared::testing::importing::{Importing, Row};
use shared::testing::{FixedClock, Graveyard, TestDatabase, sending};

/// Nothing but what the file says.
pub const BY_FILE: Options = Options { target_group: None, update_existing: true };

/// One clinic.
pub struct World {
    pub test: TestDatabase,
    pub ambient: Ambient,
    pub clock: FixedClock,
    pub list: Importing,
}

impl World {
    pub async fn new() -> Self {
        let test = TestDatabase::new().await;
        let (ambient, clock) = shared::testing::ambient();
        let list = Importing::new(&test.pool, &ambient).await;
        Self { test, ambient, clock, list }
    }

    /// The same clinic in the same database at the same moment, which must be empty.
    pub async fn anew(self) -> Self {
        let (ambient, clock) = shared::testing::ambient();
        let list = Importing::new(&self.test.pool, &ambient).await;
        Self { ambient, clock, list, ..self }
    }

    pub async fn approve(&self, rows: &[Row]) -> ImportId {
        self.list.approve(&self.ambient, rows, BY_FILE).await
    }

    /// Commits the rows by what the file says.
    pub async fn commit(&self, rows: &[Row]) -> ImportId {
        self.commit_with(rows, BY_FILE).await
    }

    /// Commits the rows, a minute later than whatever was before.
    pub async fn commit_with(&self, rows: &[Row], options: Options) -> ImportId {
        let import = self.list.approve(&self.ambient, rows, options).await;
        self.clock.advance(TimeDelta::minutes(1));
        self.deliver(import).await;
        import
    }

    /// A worker with so many rows in a transaction.
    pub fn worker(&self, database: Database, chunk: u32) -> Deps<Graveyard> {
        // Each worker has random numbers of its own, or two would make groups of the same id.
        static WORKERS: AtomicU64 = AtomicU64::new(0);
        let ambient = Ambient::seeded(self.clock.clone(), WORKERS.fetch_add(1, Ordering::Relaxed));
        Deps { database, ambient, dead_letters: Graveyard::default(), chunk }
    }

    pub async fn deliver(&self, import: ImportId) {
        self.deliver_by(import, CHUNK).await;
    }

    pub async fn deliver_by(&self, import: ImportId, chunk: u32) {
        let deps = self.worker(self.test.another_with(CONNECTIONS).await, chunk);
        let response = handle(&deps, self.event(import)).await.unwrap();
        assert!(response.batch_item_failures.is_empty() && deps.dead_letters.0.lock().unwrap().is_empty());
    }

    pub fn event(&self, import: ImportId) -> SqsEvent {
        sending::event(&ImportApproved::V1 { clinic_id: self.list.clinic, import_id: import })
    }

    pub async fn add(&self, name: &str, number: u32, attributes: &[(&str, &str)]) -> CustomerId {
        self.list.add(&self.ambient, name, number, attributes).await
    }

    pub async fn join(&self, customer: CustomerId, group: &str) {
        self.list.join(&self.ambient, customer, group).await;
    }

    /// Rows committed, customers added, customers updated.
    pub async fn counts(&self, import: ImportId) -> (u32, u32, u32) {
        let Import { rows_committed, rows_added, rows_updated, .. } = self.list.import(import).await;
        (rows_committed, rows_added, rows_updated)
    }

    /// Of each customer of the clinic the end of the phone, the name, the attributes and the groups.
    pub async fn customers(&self) -> Vec<String> {
        let ids = "SELECT id FROM customers WHERE clinic_id = ? ORDER BY phone";
        let ids = sqlx::query_scalar(ids).bind(self.list.clinic).fetch_all(&self.test.pool);
        let ids: Vec<CustomerId> = ids.await.unwrap();
        let connection = &mut self.test.database.acquire().await.unwrap();
        let mut lines = Vec::new();
        for id in ids {
            let customer = customers::find(connection, self.list.clinic, id).await.unwrap().unwrap();
            let groups = groups::list_of_customer(connection, self.list.clinic, id).await.unwrap();
            let groups: Vec<_> = groups.into_iter().map(|group| group.name).collect();
            let attributes: Vec<_> = customer.attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let phone = customer.phone.e164().trim_start_matches("+8210").trim_start_matches('0').to_owned();
            lines.push(format!("{phone} {} [{}] {}", customer.name, attributes.join(" "), groups.join(",")));
        }
        lines
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
}
