//! People with clinics.

use serde_json::{Value, json};
use shared::clock::{Ambient, Clock};
use shared::model::{ClinicId, CustomerId, StaffId, UserId};
use shared::testing::people::pepper;
use shared::testing::{self, Answer, Client, FixedClock, TestDatabase};
use sqlx::Executor;
use withdraw::{Deps, routes};

pub struct World {
    pub test: TestDatabase,
    pub clock: FixedClock,
    pub ambient: Ambient,
    pub client: Client,
}

impl World {
    pub async fn new() -> Self {
        let test = TestDatabase::new().await;
        let (ambient, clock) = testing::ambient();
        let deps = Deps { database: test.another_with(8).await, ambient: Ambient::seeded(clock.clone(), 7), pepper: pepper() };
        Self { test, clock, ambient, client: Client::signed_in("withdraw", routes(deps), "person") }
    }

    pub async fn ask(&self, subject: &str, body: Value) -> Answer {
        self.client.with_subject(subject).send("DELETE", "/v1/me", &[], body).await
    }

    pub async fn withdraw(&self, subject: &str) -> Answer {
        self.ask(subject, json!({"confirm": "withdraw"})).await
    }

    pub async fn execute(&self, statement: &'static str) {
        self.test.pool.execute(statement).await.unwrap();
    }

    pub async fn number(&self, statement: &'static str) -> i64 {
        sqlx::query_scalar(statement).fetch_one(&self.test.pool).await.unwrap()
    }

    pub async fn clinic(&self) -> ClinicId {
        testing::clinic(&self.test.pool, &self.ambient).await
    }

    pub async fn staff(&self, clinic: ClinicId, subject: &str, role: &str) {
        let insert = "INSERT INTO staff (id, clinic_id, subject, name, role, created_at) VALUES (?, ?, ?, '이원장', ?, ?)";
        let insert = sqlx::query(insert).bind(StaffId::new(&self.ambient)).bind(clinic).bind(subject).bind(role);
        insert.bind(self.clock.now()).execute(&self.test.pool).await.unwrap();
    }

    pub async fn user(&self, subject: &str, phone: Option<&str>) -> UserId {
        let user = UserId::new(&self.ambient);
        let insert = sqlx::query("INSERT INTO users (id, subject, name, phone, created_at) VALUES (?, ?, '김단골', ?, ?)");
        insert.bind(user).bind(subject).bind(phone).bind(self.clock.now()).execute(&self.test.pool).await.unwrap();
        user
    }

    pub async fn customer(&self, clinic: ClinicId, phone: &str) -> CustomerId {
        let (customer, now) = (CustomerId::new(&self.ambient), self.clock.now());
        let insert = "INSERT INTO customers (clinic_id, id, name, phone, attributes, created_at, updated_at)
             VALUES (?, ?, '김단골', ?, '{}', ?, ?)";
        let insert = sqlx::query(insert).bind(clinic).bind(customer).bind(phone).bind(now).bind(now);
        insert.execute(&self.test.pool).await.unwrap();
        customer
    }

    /// A membership in this state, with a customer who was `made` by joining, or not.
    pub async fn member(&self, clinic: ClinicId, user: UserId, state: &str, customer: Option<(CustomerId, bool)>) {
        let insert = "INSERT INTO memberships (clinic_id, user_id, state, created_at, ended_at, ended_because, customer_id, customer_made)
             VALUES (?, ?, ?, ?, IF(state = 'ended', created_at, NULL), IF(state = 'ended', 'left', NULL), ?, ?)";
        let insert = sqlx::query(insert).bind(clinic).bind(user).bind(state).bind(self.clock.now());
        let insert = insert.bind(customer.map(|(id, _)| id)).bind(customer.is_some_and(|(_, made)| made));
        insert.execute(&self.test.pool).await.unwrap();
    }
}
