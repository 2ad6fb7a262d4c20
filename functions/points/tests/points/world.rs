//! A clinic with staff and members, and the routes of this function.

use std::sync::Arc;

use aws_lambda_events::sqs::SqsEvent;
use points::{Deps, routes};
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::message::PointsEarned;
use shared::model::id::HeldGrantId;
use shared::model::{ClinicId, ReferralId, StaffId, UserId};
use shared::testing::{Answer, Client, FakePublisher, Graveyard, TestDatabase};

pub struct World {
    pub test: TestDatabase,
    pub ambient: Ambient,
    pub publisher: Arc<FakePublisher>,
    pub clinic: ClinicId,
    /// The owner, at the routes.
    pub owner: Client,
}

impl World {
    pub async fn new() -> Self {
        let test = TestDatabase::new().await;
        let ambient = Ambient::system().unwrap();
        let publisher: Arc<FakePublisher> = Arc::default();
        let deps = Deps {
            database: test.another_with(4).await,
            ambient: Ambient::system().unwrap(),
            publisher: Arc::clone(&publisher),
        };
        let owner = Client::signed_in("points", routes(deps), "owner");
        let clinic = shared::testing::clinic(&test.pool, &ambient).await;
        let world = Self { test, ambient, publisher, clinic, owner };
        world.staff(clinic, "owner", "owner").await;
        world.staff(clinic, "staff", "staff").await;
        world
    }

    /// Somebody who works for a clinic.
    pub async fn staff(&self, clinic: ClinicId, subject: &str, role: &str) -> StaffId {
        let id = StaffId::new(&self.ambient);
        self.run(
            "INSERT INTO staff (id, clinic_id, subject, name, role, created_at) VALUES (?, ?, ?, ?, ?, NOW(6))",
            &[&id.uuid(), &clinic.uuid()],
            &[subject, &format!("직원 {subject}"), role],
        )
        .await;
        id
    }

    /// Another clinic with its owner, who is `stranger`.
    pub async fn stranger(&self) -> (ClinicId, Client) {
        let clinic = shared::testing::clinic(&self.test.pool, &self.ambient).await;
        self.staff(clinic, "stranger", "owner").await;
        (clinic, self.owner.with_subject("stranger"))
    }

    /// A member of the clinic in a state.
    pub async fn member_in(&self, subject: &str, state: &str) -> UserId {
        let id = UserId::new(&self.ambient);
        self.run(
            "INSERT INTO users (id, subject, name, created_at) VALUES (?, ?, ?, NOW(6))",
            &[&id.uuid()],
            &[subject, &format!("이름 {subject}")],
        )
        .await;
        let because = (state == "ended").then_some("left");
        let member =
            "INSERT INTO memberships (clinic_id, user_id, state, ended_because, created_at) VALUES (?, ?, ?, ?, NOW(6))";
        let member = sqlx::query(member).bind(self.clinic).bind(id).bind(state).bind(because);
        member.execute(&self.test.pool).await.unwrap();
        id
    }

    /// A confirmed member with so many points.
    pub async fn member(&self, subject: &str, points: u32) -> UserId {
        let id = self.member_in(subject, "confirmed").await;
        if points > 0 {
            self.grant(&[self.earned(&format!("join:{id}"), id, points)]).await;
        }
        id
    }

    pub fn earned(&self, key: &str, user: UserId, amount: u32) -> PointsEarned {
        PointsEarned::V1 {
            grant_key: key.to_owned(),
            clinic_id: self.clinic,
            user_id: user,
            reason: shared::model::state::PointReason::Join,
            amount: amount.try_into().unwrap(),
            referral_id: ReferralId::new(&self.ambient),
        }
    }

    /// What grant-points does with these.
    pub async fn grant(&self, earned: &[PointsEarned]) {
        let records: Vec<_> = earned
            .iter()
            .enumerate()
            .map(|(at, earned)| json!({"messageId": at.to_string(), "body": serde_json::to_string(earned).unwrap()}))
            .collect();
        let event: SqsEvent = serde_json::from_value(json!({ "Records": records })).unwrap();
        let deps = grant_points::Deps {
            database: self.test.another().await,
            ambient: Ambient::system().unwrap(),
            dead_letters: Graveyard::default(),
        };
        assert!(grant_points::handle(&deps, event).await.unwrap().batch_item_failures.is_empty());
    }

    /// Points that are held for review.
    pub async fn held(&self, user: UserId, amount: u32, because: &str) -> HeldGrantId {
        let id = HeldGrantId::new(&self.ambient);
        let line =
            "INSERT INTO held_grants (clinic_id, id, grant_key, user_id, reason, amount, referral_id, held_because, created_at)
                    VALUES (?, ?, ?, ?, 'invite', ?, ?, ?, NOW(6))";
        let line = sqlx::query(line).bind(self.clinic).bind(id).bind(format!("invite:{id}")).bind(user).bind(amount);
        let line = line.bind(ReferralId::new(&self.ambient)).bind(because);
        line.execute(&self.test.pool).await.unwrap();
        id
    }

    async fn run(&self, sql: &'static str, ids: &[&uuid::Uuid], texts: &[&str]) {
        let mut query = sqlx::query(sql);
        for id in ids {
            query = query.bind(**id);
        }
        for text in texts {
            query = query.bind(*text);
        }
        query.execute(&self.test.pool).await.unwrap();
    }

    pub async fn number(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.test.pool).await.unwrap()
    }

    pub async fn balance(&self, user: UserId) -> i64 {
        let balance =
            sqlx::query_scalar("SELECT CAST(COALESCE(SUM(balance), 0) AS SIGNED) FROM point_balances WHERE user_id = ?");
        balance.bind(user).fetch_one(&self.test.pool).await.unwrap()
    }

    pub async fn lines(&self) -> i64 {
        self.number("SELECT COUNT(*) FROM point_entries").await
    }

    /// What the audit log says, oldest first.
    pub async fn audited(&self) -> Vec<(String, String, i64)> {
        let lines = "SELECT action, subject_kind, CAST(people AS SIGNED) FROM audit_entries ORDER BY id";
        sqlx::query_as(lines).fetch_all(&self.test.pool).await.unwrap()
    }

    pub async fn spend(&self, who: &Client, key: &str, user: UserId, amount: i64) -> Answer {
        who.post_once(key, &format!("/v1/members/{user}/points/spend"), json!({ "amount": amount })).await
    }

    pub async fn adjust(&self, who: &Client, key: &str, user: UserId, amount: i64) -> Answer {
        let asked = json!({"amount": amount, "note": "바로잡습니다."});
        who.post_once(key, &format!("/v1/members/{user}/points/adjust"), asked).await
    }

    pub async fn reverse(&self, who: &Client, key: &str, line: &Value) -> Answer {
        let path = format!("/v1/points/{}/reverse", line.as_str().unwrap());
        who.post_once(key, &path, json!({"note": "취소"})).await
    }

    /// Every balance is the sum of its lines, and the test is over.
    pub async fn finish(self) {
        let wrong = "SELECT COUNT(*) FROM (
                       SELECT user_id, SUM(amount) AS points FROM (
                         SELECT user_id, amount FROM point_entries UNION ALL SELECT user_id, -balance FROM point_balances) moved
                       GROUP BY user_id HAVING points <> 0) differing";
        assert_eq!(self.number(wrong).await, 0);
        drop(self.owner);
        self.test.finish().await;
    }
}

pub fn kind(answer: &Answer) -> String {
    answer.json["type"].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned()
}
