//! Clinics with their staff, at 10:00 on 2 March 2026 in Seoul.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::config::Environment;
use shared::model::ClinicId;
use shared::store::Store;
use shared::testing::{Answer, Client, TestDatabase, ambient};
use stats::{Deps, routes};

pub struct World {
    pub test: TestDatabase,
    pub ambient: Ambient,
    staff: Client,
}

impl World {
    pub async fn new() -> Self {
        Self::with_store(store()).await
    }

    pub async fn with_store(store: Store) -> Self {
        let test = TestDatabase::new().await;
        let deps = Deps { database: test.another().await, store, ambient: ambient().0 };
        let staff = Client::anonymous("stats", routes(deps));
        Self { test, ambient: Ambient::system().unwrap(), staff }
    }

    /// A clinic, and its owner at the routes under test.
    pub async fn clinic(&self, owner: &str) -> (ClinicId, Client) {
        let deps = register_clinic::Deps { database: self.test.another().await, ambient: Ambient::system().unwrap() };
        let client = Client::signed_in("register-clinic", register_clinic::routes(deps), owner);
        let made = client.post("/v1/clinics", json!({"name": owner})).await;
        (made.json["id"].as_str().unwrap().parse().unwrap(), self.staff.with_subject(owner))
    }

    pub async fn move_to(&self, clinic: ClinicId, zone: &str) {
        let moved = sqlx::query("UPDATE clinics SET time_zone = ? WHERE id = ?").bind(zone).bind(clinic);
        moved.execute(&self.test.pool).await.unwrap();
    }
}

pub fn store() -> Store {
    let mut environment = Environment::of_process();
    let url = environment.text("TEST_REDIS_URL");
    environment.check().expect("tests with a store need TEST_REDIS_URL; `make test` sets it");
    Store::new(&url, Duration::from_secs(1)).unwrap()
}

pub fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// What went wrong, and with what.
pub fn field(answer: &Answer) -> (u16, &Value) {
    (answer.status, &answer.json["field"])
}
