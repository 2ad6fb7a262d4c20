//! Two clinics with their owners, and what the tests do again and again.

use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::model::ClinicId;
use shared::testing::{Answer, Client, FixedClock, TestDatabase};
use staff::{Deps, routes};

/// The clinics of `owner` and of `other`.
pub struct World {
    pub test: TestDatabase,
    pub clock: FixedClock,
    pub owner: Client,
    pub other: Client,
    /// The clinic of `owner`.
    pub clinic: ClinicId,
    /// At the routes of the clinic's settings, as its owner.
    pub clinics: Client,
}

impl World {
    pub async fn new() -> Self {
        let (test, clock) = (TestDatabase::new().await, FixedClock::new());
        let deps = register_clinic::Deps { database: test.another().await, ambient: Ambient::seeded(clock.clone(), 1) };
        let clinics = Client::signed_in("register-clinic", register_clinic::routes(deps), "owner");
        let mut ids = Vec::new();
        for who in ["owner", "other"] {
            let made = clinics.with_subject(who).post("/v1/clinics", json!({"name": format!("{who}의 병원")})).await;
            assert_eq!(made.status, 201, "{made:?}");
            ids.push(made.json["id"].as_str().unwrap().parse().unwrap());
        }
        let owner = worker(&test, &clock, 2).await.with_subject("owner");
        let other = owner.with_subject("other");
        Self { test, clock, owner, other, clinic: ids[0], clinics }
    }

    /// Another instance of the function, with a connection of its own; nobody is signed in.
    pub async fn worker(&self, seed: u64) -> Client {
        worker(&self.test, &self.clock, 100 + seed).await
    }

    /// The token of a fresh invitation of `owner`.
    pub async fn invite(&self, name: &str, role: &str) -> String {
        let invited = self.owner.post("/v1/staff/invitations", json!({"name": name, "role": role})).await;
        assert_eq!(invited.status, 201, "{invited:?}");
        invited.json["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
    }

    /// Somebody who works for the clinic of `owner` from now on; answers their id.
    pub async fn hire(&self, subject: &str, role: &str) -> String {
        let token = self.invite(subject, role).await;
        let accepted = accept(&self.owner.with_subject(subject), &token).await;
        assert_eq!(accepted.status, 200, "{accepted:?}");
        accepted.json["staffId"].as_str().unwrap().to_owned()
    }

    /// Everybody who works for the clinic: id and role.
    pub async fn staff(&self) -> Vec<(String, String)> {
        let rows: Vec<(shared::model::StaffId, String)> =
            sqlx::query_as("SELECT id, role FROM staff WHERE clinic_id = ? AND removed_at IS NULL ORDER BY id")
                .bind(self.clinic)
                .fetch_all(&self.test.pool)
                .await
                .unwrap();
        rows.into_iter().map(|(id, role)| (id.to_string(), role)).collect()
    }

    /// The id of `owner`.
    pub async fn owner_id(&self) -> String {
        let list = self.owner.get("/v1/staff").await;
        let you = items(&list).into_iter().find(|item| item["you"] == true).unwrap();
        you["id"].as_str().unwrap().to_owned()
    }
}

async fn worker(test: &TestDatabase, clock: &FixedClock, seed: u64) -> Client {
    let ambient = Ambient::seeded(clock.clone(), seed);
    let deps = Deps { database: test.another().await, ambient, console: "https://console.example.com".parse().unwrap() };
    Client::anonymous("staff", routes(deps))
}

pub async fn accept(client: &Client, token: &str) -> Answer {
    client.post("/v1/staff/invitations/accept", json!({ "token": token })).await
}

pub async fn change(client: &Client, id: &str, change: Value) -> Answer {
    client.send("PATCH", &format!("/v1/staff/{id}"), &[], change).await
}

pub async fn remove(client: &Client, id: &str) -> Answer {
    client.send("DELETE", &format!("/v1/staff/{id}"), &[], Value::Null).await
}

pub fn items(page: &Answer) -> Vec<Value> {
    assert_eq!(page.status, 200, "{page:?}");
    page.json["items"].as_array().unwrap().clone()
}

/// The status and the last part of a problem's type.
pub fn kind(answer: &Answer) -> (u16, &str) {
    let kind = answer.json["type"].as_str().unwrap_or_default();
    (answer.status, kind.rsplit('/').next().unwrap_or_default())
}
