//! Two clinics with their staff, members with codes, and people who joined through them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use chrono::TimeDelta;
use referral_codes::{Deps, routes};
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::db::staff;
use shared::model::person::Staff;
use shared::model::state::Role;
use shared::model::{ClinicId, ReferralId, StaffId, UserId};
use shared::testing::{Answer, Client, FixedClock, TestDatabase, ambient};

/// The console's address in these tests.
pub const CONSOLE: &str = "https://app.dangol.example";

/// One clinic with its `owner` and a `nurse`, and another one with its owner.
pub struct World {
    pub test: TestDatabase,
    pub owner: Client,
    pub nurse: Client,
    pub other: Client,
    pub ambient: Ambient,
    pub clock: FixedClock,
    pub clinic: ClinicId,
}

impl World {
    pub async fn new() -> Self {
        let test = TestDatabase::new().await;
        let (ambient, clock) = ambient();
        let clinics = register_clinic::Deps { database: test.another().await, ambient: Ambient::seeded(clock.clone(), 1) };
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
        clock.advance(TimeDelta::seconds(1));
        let deps = Deps {
            database: test.another().await,
            ambient: Ambient::seeded(clock.clone(), 2),
            console: CONSOLE.parse().unwrap(),
        };
        let owner = Client::signed_in("referral-codes", routes(deps), "owner");
        let (nurse, other) = (owner.with_subject("nurse"), owner.with_subject("other"));
        Self { test, owner, nurse, other, ambient, clock, clinic }
    }

    /// The owner at another instance of the function, with a connection of its own.
    pub async fn another(&self) -> Client {
        let deps = Deps {
            database: self.test.another().await,
            ambient: Ambient::system().unwrap(),
            console: CONSOLE.parse().unwrap(),
        };
        Client::signed_in("referral-codes", routes(deps), "owner")
    }

    /// A confirmed member with a code.
    pub async fn member(&self, name: &str) -> (UserId, String) {
        self.clock.advance(TimeDelta::milliseconds(5));
        let (user, now) = (UserId::new(&self.ambient), self.ambient.now());
        sqlx::query("INSERT INTO users (id, subject, name, created_at) VALUES (?, ?, ?, ?)")
            .bind(user)
            .bind(user.to_string())
            .bind(name)
            .bind(now)
            .execute(&self.test.pool)
            .await
            .unwrap();
        sqlx::query(
            "INSERT INTO memberships (clinic_id, user_id, state, created_at, confirmed_at) VALUES (?, ?, 'confirmed', ?, ?)",
        )
        .bind(self.clinic)
        .bind(user)
        .bind(now)
        .bind(now)
        .execute(&self.test.pool)
        .await
        .unwrap();
        let mut connection = self.test.database.acquire().await.unwrap();
        let owner = shared::db::referral_codes::Owner::User(user);
        let code = shared::db::referral_codes::insert(&mut connection, &self.ambient, self.clinic, owner).await.unwrap();
        (user, code.to_string())
    }

    /// Somebody joins through a code.
    pub async fn join(&self, code: &str, name: &str) -> UserId {
        let (user, _) = self.member(name).await;
        sqlx::query("INSERT INTO referrals (id, clinic_id, user_id, code, created_at) VALUES (?, ?, ?, ?, ?)")
            .bind(ReferralId::new(&self.ambient))
            .bind(self.clinic)
            .bind(user)
            .bind(code)
            .bind(self.ambient.now())
            .execute(&self.test.pool)
            .await
            .unwrap();
        user
    }

    /// Makes a code of the clinic's own and answers it.
    pub async fn code(&self, label: &str) -> String {
        self.clock.advance(TimeDelta::milliseconds(5));
        let made = add(&self.owner, &self.ambient.now().to_rfc3339(), json!({ "label": label })).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.json["code"].as_str().unwrap().to_owned()
    }

    /// The audit log in no order of time: action, whose data, how many people.
    pub async fn audited(&self) -> Vec<(String, String, Option<UserId>, u32)> {
        sqlx::query_as("SELECT action, subject_kind, subject_id, people FROM audit_entries ORDER BY action, people DESC")
            .fetch_all(&self.test.pool)
            .await
            .unwrap()
    }
}

/// Asks for a code under a key.
pub async fn add(client: &Client, key: &str, body: Value) -> Answer {
    client.post_once(key, "/v1/referral-codes", body).await
}

pub async fn patch(client: &Client, code: &str, body: Value) -> Answer {
    client.send("PATCH", &format!("/v1/referral-codes/{code}"), &[], body).await
}

pub fn items(page: &Answer) -> Vec<Value> {
    assert_eq!(page.status, 200, "{page:?}");
    page.json["items"].as_array().unwrap().clone()
}

/// One field of each.
pub fn texts(items: &[Value], field: &str) -> Vec<String> {
    items.iter().map(|item| item[field].as_str().unwrap_or_default().to_owned()).collect()
}

/// The status and the field of a refusal.
pub fn refusal(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.json["field"].as_str().unwrap_or_default())
}

/// The last part of a problem's type.
pub fn kind(answer: &Answer) -> &str {
    answer.json["type"].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default()
}
