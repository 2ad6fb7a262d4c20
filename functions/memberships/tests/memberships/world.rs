//! Two clinics with their staff, people who are members of them, and what the tests do again and again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::memberships::{Deps, routes};
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::db::staff;
use shared::model::id::{HeldGrantId, PointEntryId};
use shared::model::person::Staff;
use shared::model::state::Role;
use shared::model::{ClinicId, ReferralCode, ReferralId, StaffId, UserId};
use shared::testing::people::pepper;
use shared::testing::{Answer, Client, TestDatabase};

pub const CONSOLE: &str = "https://console.example.com";

/// A clinic with its `owner` and a `nurse`, and another one with its owner, who is called `other`.
pub struct World {
    pub test: TestDatabase,
    /// The routes, without anybody who is signed in.
    pub app: Client,
    pub owner: Client,
    pub nurse: Client,
    pub other: Client,
    pub ambient: Ambient,
    pub clinic: ClinicId,
    pub foreign: ClinicId,
}

impl World {
    pub async fn new() -> Self {
        Self::with(Ambient::system().unwrap()).await
    }

    /// The function has these surroundings, the test has the machine's.
    pub async fn with(surroundings: Ambient) -> Self {
        let test = TestDatabase::new().await;
        let ambient = Ambient::system().unwrap();
        let clinics = register_clinic::Deps { database: test.another().await, ambient: Ambient::system().unwrap() };
        let clinics = Client::anonymous("register-clinic", register_clinic::routes(clinics));
        let mut ids = Vec::new();
        for (who, name) in [("owner", "새봄의원"), ("other", "한빛의원")] {
            let clinic = clinics.with_subject(who).post("/v1/clinics", json!({ "name": name })).await;
            ids.push(clinic.json["id"].as_str().unwrap().parse().unwrap());
        }
        {
            let mut connection = test.database.acquire().await.unwrap();
            let nurse = Staff { id: StaffId::new(&ambient), clinic: ids[0], role: Role::Staff };
            staff::insert(&mut connection, &ambient, &nurse, "nurse", "박간호사").await.unwrap();
        }
        let app = Self::function(&test, surroundings).await;
        let [owner, nurse, other] = ["owner", "nurse", "other"].map(|who| app.with_subject(who));
        Self { test, app, owner, nurse, other, ambient, clinic: ids[0], foreign: ids[1] }
    }

    async fn function(test: &TestDatabase, ambient: Ambient) -> Client {
        let deps = Deps { database: test.another().await, ambient, pepper: pepper(), console: CONSOLE.parse().unwrap() };
        Client::anonymous("memberships", routes(deps))
    }

    /// Another instance of the function, with a connection of its own.
    pub async fn another(&self) -> Client {
        Self::function(&self.test, Ambient::system().unwrap()).await
    }

    /// Somebody with an account who is called `이름 <subject>`.
    pub async fn user(&self, subject: &str) -> UserId {
        if let Some(user) = self.find(subject).await {
            return user;
        }
        let user = UserId::new(&self.ambient);
        let sql = "INSERT INTO users (id, subject, name, created_at) VALUES (?, ?, ?, ?)";
        let query = sqlx::query(sql).bind(user).bind(subject).bind(format!("이름 {subject}")).bind(self.ambient.now());
        query.execute(&self.test.pool).await.unwrap();
        user
    }

    pub async fn find(&self, subject: &str) -> Option<UserId> {
        let query = sqlx::query_scalar("SELECT id FROM users WHERE subject = ?").bind(subject);
        query.fetch_optional(&self.test.pool).await.unwrap()
    }

    /// Somebody who stands so with a clinic.
    pub async fn stands(&self, subject: &str, clinic: ClinicId, state: &str) -> UserId {
        let user = self.user(subject).await;
        let ended = if state == "ended" { "NOW(6), 'removed'" } else { "NULL, NULL" };
        let sql = format!(
            "INSERT INTO memberships (clinic_id, user_id, state, created_at, ended_at, ended_because) VALUES (?, ?, ?, ?, {ended})"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(clinic).bind(user).bind(state).bind(self.ambient.now());
        query.execute(&self.test.pool).await.unwrap();
        user
    }

    /// A code of the clinic, or of one of its members.
    pub async fn code(&self, clinic: ClinicId, owner: Option<UserId>, label: &str) -> String {
        let code = ReferralCode::new(&self.ambient).as_str().to_owned();
        let sql = "INSERT INTO referral_codes (code, clinic_id, user_id, label, created_at) VALUES (?, ?, ?, ?, NOW(6))";
        let query = sqlx::query(sql).bind(&code).bind(clinic).bind(owner).bind(label);
        query.execute(&self.test.pool).await.unwrap();
        code
    }

    /// Somebody who becomes a member through the code of another member. Answers who it is, with their own code.
    pub async fn brought(&self, subject: &str, clinic: ClinicId, by: &(UserId, String)) -> (UserId, String) {
        let user = self.stands(subject, clinic, "confirmed").await;
        self.refer(user, clinic, &by.1, Some(by.0)).await;
        (user, self.code(clinic, Some(user), "").await)
    }

    /// A member with a code of their own, whom nobody brought.
    pub async fn member(&self, subject: &str, clinic: ClinicId) -> (UserId, String) {
        let user = self.stands(subject, clinic, "confirmed").await;
        (user, self.code(clinic, Some(user), "").await)
    }

    pub async fn refer(&self, user: UserId, clinic: ClinicId, code: &str, by: Option<UserId>) -> ReferralId {
        Self::next_moment().await;
        let id = ReferralId::new(&self.ambient);
        let sql = "INSERT INTO referrals (id, clinic_id, user_id, code, referrer_id, created_at) VALUES (?, ?, ?, ?, ?, ?)";
        let query = sqlx::query(sql).bind(id).bind(clinic).bind(user).bind(code).bind(by).bind(self.ambient.now());
        query.execute(&self.test.pool).await.unwrap();
        id
    }

    /// Ids of one millisecond are in no order.
    async fn next_moment() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }

    /// A line of the ledger, and the balance with it.
    pub async fn adjust(&self, user: UserId, clinic: ClinicId, amount: i32) {
        Self::next_moment().await;
        let id = PointEntryId::new(&self.ambient);
        let sql = "INSERT INTO point_entries (id, grant_key, clinic_id, user_id, reason, amount, created_at)
            VALUES (?, ?, ?, ?, 'adjust', ?, NOW(6))";
        let line = sqlx::query(sql).bind(id).bind(format!("test:{id}")).bind(clinic).bind(user).bind(amount);
        line.execute(&self.test.pool).await.unwrap();
        let sql = "INSERT IGNORE INTO point_balances (clinic_id, user_id, balance) VALUES (?, ?, 0)";
        sqlx::query(sql).bind(clinic).bind(user).execute(&self.test.pool).await.unwrap();
        let sql = "UPDATE point_balances SET balance = balance + ? WHERE clinic_id = ? AND user_id = ?";
        sqlx::query(sql).bind(amount).bind(clinic).bind(user).execute(&self.test.pool).await.unwrap();
    }

    /// Points that are held for review, in a state.
    pub async fn hold(&self, user: UserId, clinic: ClinicId, amount: u32, state: &str) {
        let id = HeldGrantId::new(&self.ambient);
        let sql =
            "INSERT INTO held_grants (clinic_id, id, grant_key, user_id, reason, amount, referral_id, held_because, state,
                decided_at, created_at)
            VALUES (?, ?, ?, ?, 'invite', ?, ?, 'burst', ?, IF(? = 'held', NULL, NOW(6)), NOW(6))";
        let query = sqlx::query(sql).bind(clinic).bind(id).bind(format!("held:{id}")).bind(user).bind(amount);
        let query = query.bind(ReferralId::new(&self.ambient)).bind(state).bind(state);
        query.execute(&self.test.pool).await.unwrap();
    }

    /// As a withdrawal leaves somebody behind.
    pub async fn withdraw(&self, user: UserId) {
        for sql in [
            "INSERT INTO withdrawals (user_id, subject, requested_at) SELECT id, subject, NOW(6) FROM users WHERE id = ?",
            "UPDATE users SET subject = CONCAT('withdrawn:', HEX(id)), name = '', phone = NULL, withdrawn_at = NOW(6) WHERE id = ?",
            "UPDATE memberships SET state = 'ended', ended_because = 'withdrawn', ended_at = NOW(6)
             WHERE user_id = ? AND state <> 'ended'",
        ] {
            sqlx::query(sql).bind(user).execute(&self.test.pool).await.unwrap();
        }
    }

    pub async fn run(&self, sql: &'static str) {
        sqlx::query(sql).execute(&self.test.pool).await.unwrap();
    }

    pub async fn count(&self, from: &'static str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {from}"));
        sqlx::query_scalar(sql).fetch_one(&self.test.pool).await.unwrap()
    }

    /// Who did what with whose data, of how many people, in the order in which it was done.
    pub async fn audited(&self) -> Vec<(String, String, Option<UserId>, u32)> {
        let sql = "SELECT s.subject, a.action, a.subject_id, a.people FROM audit_entries a JOIN staff s ON s.id = a.staff_id
            ORDER BY a.created_at, a.id";
        sqlx::query_as(sql).fetch_all(&self.test.pool).await.unwrap()
    }
}

/// The path of one member.
pub fn path(user: UserId) -> String {
    format!("/v1/members/{user}")
}

pub fn items(page: &Answer) -> Vec<Value> {
    assert_eq!(page.status, 200, "{page:?}");
    page.json["items"].as_array().unwrap().clone()
}

pub fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

/// The status and the kind of a refusal.
pub fn refused(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.json["type"].as_str().unwrap_or_default().rsplit('/').next().unwrap())
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
