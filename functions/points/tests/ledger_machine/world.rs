//! A clinic with an owner and members, and everything that happens to their points.

use std::sync::Arc;

use aws_lambda_events::sqs::SqsEvent;
use points::{Deps, routes};
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::db::Database;
use shared::message::PointsEarned;
use shared::model::id::HeldGrantId;
use shared::model::state::PointReason;
use shared::model::{ClinicId, ReferralId, StaffId, UserId};
use shared::testing::{Client, FakePublisher, Graveyard, TestDatabase};

use sqlx::{MySqlConnection, MySqlPool};
use tokio::sync::Mutex;

use crate::found::Found;
use crate::model::Done;
use crate::operation::Operation;

/// What a worker has to reach the database with, for all its clinics.
pub struct Pools {
    /// For the routes.
    routes: MySqlPool,
    /// For looking at everything.
    pub look: Mutex<MySqlConnection>,
    /// Of two workers of grant-points.
    grants: [grant_points::Deps<Graveyard>; 2],
}

pub async fn pools(test: &TestDatabase) -> Pools {
    let grants = async || grant_points::Deps {
        database: test.another().await,
        ambient: Ambient::system().unwrap(),
        dead_letters: Graveyard::default(),
    };
    let mut look = test.pool.acquire().await.unwrap().detach();
    sqlx::query("SET SESSION group_concat_max_len = 100000000").execute(&mut look).await.unwrap();
    Pools { routes: test.pool.clone(), look: Mutex::new(look), grants: [grants().await, grants().await] }
}

pub struct World<'a> {
    pub pools: &'a Pools,
    ambient: Ambient,
    publisher: Arc<FakePublisher>,
    client: Client,
    stranger: Client,
    pub clinic: ClinicId,
    /// The owner's subject.
    pub owner: String,
    /// Makes the keys of this clinic's grants different from those of others.
    pub mark: String,
    pub members: Vec<UserId>,
}

impl<'a> World<'a> {
    pub async fn new(test: &TestDatabase, pools: &'a Pools, number: u64) -> Self {
        let ambient = Ambient::system().unwrap();
        let publisher: Arc<FakePublisher> = Arc::default();
        let database = Database::from_pool(pools.routes.clone());
        let deps = Deps { database, ambient: Ambient::system().unwrap(), publisher: Arc::clone(&publisher) };
        let (owner, stranger) = (format!("owner-{number}"), format!("stranger-{number}"));
        let client = Client::signed_in("points", routes(deps), &owner);
        let clinic = shared::testing::clinic(&test.pool, &ambient).await;
        let elsewhere = shared::testing::clinic(&test.pool, &ambient).await;
        for (clinic, subject) in [(clinic, &owner), (elsewhere, &stranger)] {
            let staff =
                "INSERT INTO staff (id, clinic_id, subject, name, role, created_at) VALUES (?, ?, ?, '', 'owner', NOW(6))";
            let staff = sqlx::query(staff).bind(StaffId::new(&ambient)).bind(clinic).bind(subject);
            staff.execute(&test.pool).await.unwrap();
        }
        let members: Vec<_> = (0..3).map(|_| UserId::new(&ambient)).collect();
        for (at, member) in members.iter().enumerate() {
            let user = "INSERT INTO users (id, subject, name, created_at) VALUES (?, ?, '단골', NOW(6))";
            let user = sqlx::query(user).bind(member).bind(format!("member-{number}-{at}"));
            user.execute(&test.pool).await.unwrap();
            let membership =
                "INSERT INTO memberships (clinic_id, user_id, state, created_at) VALUES (?, ?, 'confirmed', NOW(6))";
            sqlx::query(membership).bind(clinic).bind(member).execute(&test.pool).await.unwrap();
        }
        let stranger = client.with_subject(&stranger);
        let mark = format!("c{number}-");
        Self { pools, ambient, publisher, client, stranger, clinic, owner, mark, members }
    }

    /// Does something, and answers what everybody concerned was told. `number` makes keys of requests.
    pub async fn perform(&self, operation: &Operation, number: u32) -> Vec<Done> {
        let done = match operation {
            Operation::Together(first, second) => {
                let (first, second) =
                    tokio::join!(self.simple(first, number, 0, &self.client), self.simple(second, number, 1, &self.client));
                vec![first, second]
            }
            Operation::Twice(twice) => {
                let (first, second) =
                    tokio::join!(self.simple(twice, number, 0, &self.client), self.simple(twice, number, 0, &self.client));
                vec![first, second]
            }
            Operation::Foreign(foreign) => vec![self.simple(foreign, number, 0, &self.stranger).await],
            simple => vec![self.simple(simple, number, 0, &self.client).await],
        };
        // What was published is made again when it is granted: the fact has all that the held points have.
        self.publisher.take::<PointsEarned>();
        done
    }

    async fn simple(&self, operation: &Operation, number: u32, turn: usize, who: &Client) -> Done {
        let key = format!("{number}-{turn}");
        match operation {
            Operation::Grant(batch) => {
                let earned = batch.iter().map(|(grant, member, amount)| {
                    let key = format!("join:{}{grant}", self.mark);
                    self.earned(key, *member, PointReason::Join, *amount)
                });
                self.grant(earned.collect(), turn).await
            }
            Operation::GrantReleased(held) => {
                let found: (UserId, u32) =
                    sqlx::query_as("SELECT user_id, amount FROM held_grants WHERE clinic_id = ? AND id = ?")
                        .bind(self.clinic)
                        .bind(held)
                        .fetch_one(&self.pools.routes)
                        .await
                        .unwrap();
                let member = self.members.iter().position(|member| *member == found.0).unwrap();
                let earned = self.earned(format!("invite:{held}"), member, PointReason::Invite, found.1);
                self.grant(vec![earned.clone(), earned], turn).await
            }
            Operation::Spend(member, amount) => {
                let path = format!("/v1/members/{}/points/spend", self.members[*member]);
                self.post(who, &key, &path, json!({ "amount": amount })).await
            }
            Operation::Adjust(member, amount) => {
                let path = format!("/v1/members/{}/points/adjust", self.members[*member]);
                self.post(who, &key, &path, json!({"amount": amount, "note": "정정"})).await
            }
            Operation::Reverse(line) => self.post(who, &key, &format!("/v1/points/{line}/reverse"), json!({})).await,
            Operation::Hold(member, amount) => self.hold(*member, *amount).await,
            Operation::Release(held) => self.post(who, &key, &format!("/v1/points/held/{held}/release"), json!({})).await,
            Operation::Refuse(held) => {
                self.post(who, &key, &format!("/v1/points/held/{held}/refuse"), json!({"note": "거절"})).await
            }
            Operation::Together(..) | Operation::Twice(_) | Operation::Foreign(_) => unreachable!("operations are not nested"),
        }
    }

    async fn post(&self, who: &Client, key: &str, path: &str, body: Value) -> Done {
        let answer = who.post_once(key, path, body).await;
        Done { status: answer.status, json: answer.json }
    }

    fn earned(&self, grant_key: String, member: usize, reason: PointReason, amount: u32) -> PointsEarned {
        let (user_id, referral_id) = (self.members[member], ReferralId::from_uuid(uuid::Uuid::nil()));
        PointsEarned::V1 { grant_key, clinic_id: self.clinic, user_id, reason, amount: amount.try_into().unwrap(), referral_id }
    }

    async fn grant(&self, earned: Vec<PointsEarned>, worker: usize) -> Done {
        let records: Vec<_> = earned
            .iter()
            .enumerate()
            .map(|(at, earned)| json!({"messageId": at.to_string(), "body": serde_json::to_string(earned).unwrap()}))
            .collect();
        let event: SqsEvent = serde_json::from_value(json!({ "Records": records })).unwrap();
        let response = grant_points::handle(&self.pools.grants[worker], event).await.unwrap();
        let failed = response.batch_item_failures.len();
        Done { status: if failed == 0 { 200 } else { 500 }, json: json!({ "failed": failed }) }
    }

    async fn hold(&self, member: usize, amount: u32) -> Done {
        let id = HeldGrantId::new(&self.ambient);
        let line =
            "INSERT INTO held_grants (clinic_id, id, grant_key, user_id, reason, amount, referral_id, held_because, created_at)
                    VALUES (?, ?, ?, ?, 'invite', ?, ?, 'burst', NOW(6))";
        let line = sqlx::query(line).bind(self.clinic).bind(id).bind(format!("invite:{id}")).bind(self.members[member]);
        line.bind(amount).bind(ReferralId::from_uuid(uuid::Uuid::nil())).execute(&self.pools.routes).await.unwrap();
        Done { status: 200, json: json!({ "id": id.to_string() }) }
    }

    /// That the route says what the lines add up to.
    pub async fn totals_agree(&self, found: &Found) -> Result<(), String> {
        let said = self.client.get("/v1/points/totals").await.json;
        let expected = json!({
            "granted": found.sum(&["join", "invite"]), "spent": -found.sum(&["spend"]), "adjusted": found.sum(&["adjust"]),
            "reversed": found.sum(&["reverse"]), "outstanding": found.outstanding(),
        });
        let same = expected.as_object().unwrap().iter().all(|(name, value)| said[name] == *value);
        if same { Ok(()) } else { Err(format!("{said}, expected {expected}")) }
    }
}
