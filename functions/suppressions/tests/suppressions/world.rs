//! Two clinics with their staff, and what the tests do again and again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::Write;
use std::sync::{Arc, Mutex};

use ::suppressions::{Deps, routes};
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::db::staff;
use shared::db::suppressions::{self, Cause};
use shared::model::person::Staff;
use shared::model::state::{Role, SuppressionReason};
use shared::model::{ClinicId, StaffId};
use shared::testing::downloads::FakeDownloads;
use shared::testing::{Answer, Client, TestDatabase};

/// One clinic with its `owner` and a `nurse`, and another one with its owner.
pub struct World {
    pub test: TestDatabase,
    pub owner: Client,
    pub nurse: Client,
    pub other: Client,
    /// The routes of customers, as the owner sees them.
    pub customers: Client,
    pub ambient: Ambient,
    pub clinic: ClinicId,
}

impl World {
    pub async fn new() -> Self {
        Self::with(Ambient::system().unwrap()).await
    }

    /// The function has these surroundings; the test has the machine's.
    pub async fn with(surroundings: Ambient) -> Self {
        let test = TestDatabase::new().await;
        let ambient = Ambient::system().unwrap();
        let clinics = register_clinic::Deps { database: test.another().await, ambient: Ambient::system().unwrap() };
        let clinics = Client::anonymous("register-clinic", register_clinic::routes(clinics));
        for who in ["owner", "other"] {
            assert_eq!(clinics.with_subject(who).post("/v1/clinics", json!({ "name": who })).await.status, 201);
        }
        let clinic = {
            let mut connection = test.database.acquire().await.unwrap();
            let clinic = staff::find_by_subject(&mut connection, "owner").await.unwrap().unwrap().clinic;
            let nurse = Staff { id: StaffId::new(&ambient), clinic, role: Role::Staff };
            staff::insert(&mut connection, &ambient, &nurse, "nurse", "박간호사").await.unwrap();
            clinic
        };
        let customers = ::customers::Deps {
            database: test.another().await,
            ambient: Ambient::system().unwrap(),
            downloads: FakeDownloads::default(),
        };
        let customers = Client::signed_in("customers", ::customers::routes(customers), "owner");
        let deps = Deps { database: test.another().await, ambient: surroundings };
        let owner = Client::signed_in("suppressions", routes(deps), "owner");
        let (nurse, other) = (owner.with_subject("nurse"), owner.with_subject("other"));
        Self { test, owner, nurse, other, customers, ambient, clinic }
    }

    /// The owner at another instance of the function, with a connection of its own.
    pub async fn another(&self) -> Client {
        let deps = Deps { database: self.test.another().await, ambient: Ambient::system().unwrap() };
        Client::signed_in("suppressions", routes(deps), "owner")
    }

    /// What the system learns.
    pub async fn learn(&self, phone: &str, reason: SuppressionReason) {
        let mut connection = self.test.database.acquire().await.unwrap();
        let phone = phone.parse().unwrap();
        let cause = Cause::of(reason);
        suppressions::insert_all(&mut connection, &self.ambient, self.clinic, &[&phone], &cause).await.unwrap();
    }

    /// Adds a customer and answers the path of the customer.
    pub async fn customer(&self, name: &str, phone: &str) -> String {
        let added = self.customers.post("/v1/customers", json!({"name": name, "phone": phone})).await;
        assert_eq!(added.status, 201, "{added:?}");
        format!("/v1/customers/{}", added.json["id"].as_str().unwrap())
    }

    /// The whole list, as the owner sees it.
    pub async fn lines(&self) -> Vec<Value> {
        items(&self.owner.get("/v1/suppressions?limit=200").await)
    }

    /// The line of that phone.
    pub async fn line(&self, phone: &str) -> Value {
        self.lines().await.into_iter().find(|line| line["phone"] == phone).unwrap()
    }

    pub async fn count(&self, table: &'static str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        sqlx::query_scalar(sql).fetch_one(&self.test.pool).await.unwrap()
    }
}

pub async fn add(client: &Client, phones: &[&str], note: Option<&str>) -> Answer {
    let mut body = json!({ "phones": phones });
    if let Some(note) = note {
        body["note"] = json!(note);
    }
    client.post("/v1/suppressions", body).await
}

pub async fn lift(client: &Client, line: &Value, reason: &str) -> Answer {
    client.post(&format!("{}/lift", path(line)), json!({ "reason": reason })).await
}

/// The path of one line.
pub fn path(line: &Value) -> String {
    format!("/v1/suppressions/{}", line["id"].as_str().unwrap())
}

pub fn items(page: &Answer) -> Vec<Value> {
    assert_eq!(page.status, 200, "{page:?}");
    page.json["items"].as_array().unwrap().clone()
}

pub fn phones(lines: &[Value]) -> Vec<String> {
    lines.iter().map(|line| line["phone"].as_str().unwrap().to_owned()).collect()
}

/// The status and the field of a refusal.
pub fn refusal(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.json["field"].as_str().unwrap_or_default())
}

/// Collects log lines.
#[derive(Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
