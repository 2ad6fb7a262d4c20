//! Clinics with codes, people who join them, and a look at what they left in the tables.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::db::Database;
use shared::db::referral_codes::{self, Owner};
use shared::message::PointsEarned;
use shared::model::{ClinicId, StaffId, UserId};
use shared::testing::people::{console, pepper, source_key};
use shared::testing::{self, Answer, Client, FakePublisher, FixedClock, TestDatabase};
use signup_with_referral::{Deps, routes};

pub struct World {
    pub test: TestDatabase,
    pub publisher: Arc<FakePublisher>,
    pub clock: FixedClock,
    pub ambient: Ambient,
    pub anybody: Client,
}

/// A clinic and a code of its own.
pub struct Place {
    pub id: ClinicId,
    pub code: String,
}

impl World {
    pub async fn new() -> Self {
        Self::with_connections(1).await
    }

    pub async fn with_connections(connections: u32) -> Self {
        let test = TestDatabase::new().await;
        let publisher = Arc::<FakePublisher>::default();
        let (ambient, clock) = testing::ambient();
        let database = test.another_with(connections).await;
        let anybody = client(database, clock.clone(), 1, publisher.clone());
        Self { test, publisher, clock, ambient, anybody }
    }

    /// Somebody at another process of the function.
    pub fn over(&self, database: Database, seed: u64) -> Client {
        client(database, self.clock.clone(), seed, self.publisher.clone())
    }

    pub async fn clinic(&self) -> Place {
        let id = testing::clinic(&self.test.pool, &self.ambient).await;
        let mut connection = self.test.pool.acquire().await.unwrap();
        let code = referral_codes::insert(&mut connection, &self.ambient, id, Owner::Clinic).await.unwrap();
        Place { id, code: code.into() }
    }

    /// Changes a clinic's settings: `join_points = 0`.
    pub async fn set(&self, clinic: &Place, settings: &str) {
        self.run(&format!("UPDATE clinics SET {settings} WHERE id = {}", hex(clinic.id.uuid()))).await;
    }

    /// Somebody who has proven neither phone nor e-mail.
    pub fn person(&self, who: &str) -> Client {
        // Whoever comes later comes later by the clock, too.
        self.clock.advance(TimeDelta::milliseconds(1));
        self.anybody.with_subject(who)
    }

    pub async fn join(&self, who: &str, code: &str) -> Answer {
        join(&self.person(who), code).await
    }

    /// Somebody who has proven a phone, by its last digits, and an e-mail address.
    pub fn proven(&self, who: &str, phone: u32) -> Client {
        self.person(who).proving(Some(&phone_of(phone)), Some(&format!("{who}@mail.example")))
    }

    /// What was published since the last look, as (grant key's kind, amount).
    pub fn earned(&self) -> Vec<(String, u32)> {
        let earned = self.publisher.take::<PointsEarned>().into_iter();
        let pairs = earned
            .map(|PointsEarned::V1 { grant_key, amount, .. }| (grant_key.split(':').next().unwrap().into(), amount.get()));
        pairs.collect()
    }

    pub async fn run(&self, statement: &str) -> u64 {
        let done = sqlx::query(sqlx::AssertSqlSafe(statement.to_owned())).execute(&self.test.pool).await.unwrap();
        done.rows_affected()
    }

    pub async fn count(&self, from: &str) -> i64 {
        let query = format!("SELECT COUNT(*) FROM {from}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(&self.test.pool).await.unwrap()
    }

    /// One column as texts, in order.
    pub async fn texts(&self, query: &str) -> Vec<String> {
        sqlx::query_scalar(sqlx::AssertSqlSafe(query.to_owned())).fetch_all(&self.test.pool).await.unwrap()
    }

    /// Why invitations were not paid, in the order of joining; `-` when they were.
    pub async fn unpaid(&self) -> Vec<String> {
        self.texts("SELECT COALESCE(unpaid_because, '-') FROM referrals ORDER BY created_at").await
    }

    /// What is held, as `reason amount held_because`, in the order of joining.
    pub async fn held(&self) -> Vec<String> {
        let held = "SELECT CONCAT_WS(' ', reason, amount, held_because) FROM held_grants WHERE state = 'held' ORDER BY created_at, reason DESC";
        self.texts(held).await
    }

    /// Somebody begins to work for the clinic.
    pub async fn hire(&self, clinic: &Place, subject: &str, phone: Option<u32>) {
        let hired = sqlx::query(
            "INSERT INTO staff (id, clinic_id, subject, name, role, phone, created_at) VALUES (?, ?, ?, '직원', 'staff', ?, ?)",
        );
        let hired = hired.bind(StaffId::new(&self.ambient)).bind(clinic.id).bind(subject).bind(phone.map(phone_of));
        hired.bind(self.ambient.now()).execute(&self.test.pool).await.unwrap();
    }

    /// The clinic writes a customer down itself.
    pub async fn customer(&self, clinic: &Place, phone: u32) {
        let written = sqlx::query(
            "INSERT INTO customers (clinic_id, id, name, phone, attributes, created_at, updated_at)
             VALUES (?, RANDOM_BYTES(16), '원장님이 적은 이름', ?, '{}', ?, ?)",
        );
        let now = self.ambient.now();
        written.bind(clinic.id).bind(phone_of(phone)).bind(now).bind(now).execute(&self.test.pool).await.unwrap();
    }

    /// Ends the membership as somebody else does.
    pub async fn end(&self, answer: &Answer, because: &str) {
        let ended = format!(
            "UPDATE memberships SET state = 'ended', ended_because = '{because}', ended_at = created_at WHERE user_id = {}",
            hex(user(answer).uuid())
        );
        assert_eq!(self.run(&ended).await, 1);
    }
}

fn client(database: Database, clock: FixedClock, seed: u64, publisher: Arc<FakePublisher>) -> Client {
    let ambient = Ambient::seeded(clock, seed);
    let deps = Deps { database, ambient, publisher, pepper: pepper(), console: console(), source_key: source_key() };
    Client::anonymous("signup-with-referral", routes(deps))
}

pub async fn join(person: &Client, code: &str) -> Answer {
    person.post("/v1/signups", json!({ "referralCode": code })).await
}

pub fn phone_of(digits: u32) -> String {
    format!("+821020{digits:06}")
}

pub fn hex(id: uuid::Uuid) -> String {
    format!("UNHEX('{}')", id.simple())
}

pub fn user(answer: &Answer) -> UserId {
    answer.json["userId"].as_str().unwrap().parse().unwrap()
}

pub fn code(answer: &Answer) -> String {
    answer.json["referralCode"].as_str().unwrap().to_owned()
}

pub fn kind(answer: &Answer) -> (u16, &str) {
    let kind = answer.json["type"].as_str().unwrap_or_default();
    (answer.status, kind.rsplit('/').next().unwrap_or_default())
}

/// Points at once, held, and whether anything is held at all.
pub fn points(answer: &Answer) -> (u64, u64, bool) {
    let number = |name: &str| answer.json[name].as_u64().unwrap();
    (number("joinPoints"), number("heldJoinPoints"), answer.json["pointsHeld"] == Value::Bool(true))
}

pub fn paid(kinds: &[(&str, u32)]) -> Vec<(String, u32)> {
    kinds.iter().map(|(kind, amount)| ((*kind).to_owned(), *amount)).collect()
}
