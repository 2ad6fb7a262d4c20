//! Clinics, and a person who is to withdraw.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use forget_withdrawn::{Accounts, Deps, Run, TIME, handle};
use serde_json::json;
use shared::clock::{Ambient, Clock};
use shared::db::Database;
use shared::db::{bundles, campaigns, messages};
use shared::failure::Failure;
use shared::model::state::{CampaignState, MessageState};
use shared::model::{BundleId, CampaignId, ClinicId, CustomerId, UserId};
use shared::testing::people::pepper;
use shared::testing::{self, Answer, Client, FixedClock, TestDatabase};
use sqlx::Executor;

pub const NAME: &str = "한지우솔빛";
pub const PHONE: &str = "+821098765432";
pub const EMAIL: &str = "jiwoo.solbit@mail.example";
pub const SUBJECT: &str = "subject-of-jiwoo-solbit";
/// By any of these the person would be recognised.
pub const WORDS: [&str; 7] = [NAME, PHONE, "010-9876-5432", "01098765432", "9876-5432", EMAIL, SUBJECT];

/// Accounts that are deleted, and may not be.
#[derive(Debug, Default)]
pub struct FakeAccounts {
    pub deleted: Mutex<Vec<String>>,
    pub down: Mutex<bool>,
    /// How often somebody has asked.
    pub asked: Mutex<u32>,
}

impl Accounts for &FakeAccounts {
    async fn delete(&self, subject: &str) -> Result<(), Failure> {
        *self.asked.lock().unwrap() += 1;
        if *self.down.lock().unwrap() {
            return Err(Failure::retry("Cognito does not answer"));
        }
        self.deleted.lock().unwrap().push(subject.to_owned());
        Ok(())
    }
}

pub struct World {
    pub test: TestDatabase,
    pub clock: FixedClock,
    pub ambient: Ambient,
    pub accounts: FakeAccounts,
    pub client: Client,
}

/// A member with a customer of their own at a clinic.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    pub clinic: ClinicId,
    pub user: UserId,
    pub customer: CustomerId,
}

impl World {
    pub async fn new() -> Self {
        let test = TestDatabase::new().await;
        let (ambient, clock) = testing::ambient();
        let ambient_of_it = Ambient::seeded(clock.clone(), 7);
        let deps = withdraw::Deps { database: test.another_with(4).await, ambient: ambient_of_it, pepper: pepper() };
        let client = Client::signed_in("withdraw", withdraw::routes(deps), SUBJECT);
        Self { test, clock, ambient, accounts: FakeAccounts::default(), client }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub async fn execute(&self, statement: &'static str) {
        self.test.pool.execute(statement).await.unwrap();
    }

    pub async fn number(&self, statement: &'static str) -> i64 {
        sqlx::query_scalar(statement).fetch_one(&self.test.pool).await.unwrap()
    }

    pub async fn withdraw(&self) -> Answer {
        self.client.send("DELETE", "/v1/me", &[], json!({"confirm": "withdraw"})).await
    }

    /// A run of the function in a process of its own.
    pub async fn run(&self) -> Result<Run, Failure> {
        self.run_on(self.test.another().await).await
    }

    pub async fn run_on(&self, database: Database) -> Result<Run, Failure> {
        let ambient = Ambient::seeded(self.clock.clone(), 9);
        handle(&Deps { database, ambient, accounts: &self.accounts, time: TIME }).await
    }

    /// After everybody who was at something when the person withdrew.
    pub async fn run_later(&self) -> Run {
        self.clock.advance(TimeDelta::minutes(31));
        self.run().await.unwrap()
    }

    pub async fn clinic(&self) -> ClinicId {
        testing::clinic(&self.test.pool, &self.ambient).await
    }

    pub async fn user(&self, subject: &str, name: &str, phone: Option<&str>) -> UserId {
        let user = UserId::new(&self.ambient);
        let insert = sqlx::query("INSERT INTO users (id, subject, name, phone, created_at) VALUES (?, ?, ?, ?, ?)");
        insert.bind(user).bind(subject).bind(name).bind(phone).bind(self.now()).execute(&self.test.pool).await.unwrap();
        user
    }

    /// A confirmed membership. `made` says whether joining made the customer.
    pub async fn member(&self, clinic: ClinicId, user: UserId, phone: &str, made: bool) -> Member {
        let (customer, now, pool) = (CustomerId::new(&self.ambient), self.now(), &self.test.pool);
        let insert = sqlx::query(
            "INSERT INTO customers (clinic_id, id, name, phone, attributes, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        );
        let attributes = json!({"메모": format!("{NAME}님 소개")});
        let insert = insert.bind(clinic).bind(customer).bind(NAME).bind(phone).bind(attributes).bind(now).bind(now);
        insert.execute(pool).await.unwrap();
        let insert = sqlx::query(
            "INSERT INTO memberships (clinic_id, user_id, state, created_at, confirmed_at, customer_id, customer_made)
             VALUES (?, ?, 'confirmed', ?, ?, ?, ?)",
        );
        insert.bind(clinic).bind(user).bind(now).bind(now).bind(customer).bind(made).execute(pool).await.unwrap();
        Member { clinic, user, customer }
    }

    /// The person, a member of a clinic with nothing but a customer that joining made.
    pub async fn person(&self) -> Member {
        let clinic = self.clinic().await;
        let user = self.user(SUBJECT, NAME, Some(PHONE)).await;
        self.member(clinic, user, PHONE, true).await
    }

    /// A campaign that is being sent.
    pub async fn campaign(&self, clinic: ClinicId) -> CampaignId {
        let campaign = campaigns::Campaign {
            state: CampaignState::Sending,
            released_at: Some(self.now()),
            ..testing::campaign(&self.ambient, clinic)
        };
        let mut connection = self.test.pool.acquire().await.unwrap();
        campaigns::insert(&mut connection, &campaign, &[]).await.unwrap();
        campaign.id
    }

    /// Adds a bundle in this state, with a message to the person and one to somebody else, in that state. Answers the number of the
    /// person's.
    pub async fn message(&self, member: Member, campaign: CampaignId, bundle: &str, state: MessageState) -> u32 {
        let mut connection = self.test.pool.acquire().await.unwrap();
        let place: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM bundles WHERE campaign_id = ?")
            .bind(campaign)
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        let place = u32::try_from(place).unwrap();
        let id = BundleId::new(&self.ambient);
        bundles::insert(&mut connection, member.clinic, campaign, id, place, self.now()).await.unwrap();
        let base = campaigns::find(&mut connection, member.clinic, campaign).await.unwrap().unwrap();
        let number = place * 2 + 1;
        let others = testing::message(&base, number + 1);
        let mine = messages::NewMessage {
            bundle: Some(id),
            customer: Some(member.customer),
            name: NAME.to_owned(),
            phone: PHONE.parse().unwrap(),
            body: format!("{NAME}님(010-9876-5432), 검진하실 때가 되었습니다."),
            title: Some(format!("{NAME}님께")),
            ..testing::message(&base, number)
        };
        let others = messages::NewMessage { bundle: Some(id), ..others };
        messages::insert_all(&mut connection, &[mine, others]).await.unwrap();
        self.set(campaign, place, bundle, state).await;
        number
    }

    /// Moves a bundle and its messages on, as far as they are not excluded.
    pub async fn set(&self, campaign: CampaignId, place: u32, bundle: &str, state: MessageState) {
        let now = self.now();
        let moved = sqlx::query(
            "UPDATE bundles b JOIN messages m ON m.bundle_id = b.id SET b.state = ?, b.called_at = ?, m.state = ?, m.sent_at = ?,
                 m.resulted_at = ?, m.result_message = IF(?, CONCAT(m.phone, ': result'), NULL), m.reason = ?
             WHERE b.campaign_id = ? AND b.position = ? AND m.state <> 'excluded'",
        );
        let is_sent = matches!(state, MessageState::Sent | MessageState::Delivered | MessageState::Failed);
        let has_ended = matches!(state, MessageState::Delivered | MessageState::Failed);
        let moved =
            moved.bind(bundle).bind(now).bind(state.as_str()).bind(is_sent.then_some(now)).bind(has_ended.then_some(now));
        let moved = moved.bind(has_ended).bind((state == MessageState::Failed).then_some("other"));
        moved.bind(campaign).bind(place).execute(&self.test.pool).await.unwrap();
    }

    /// State and reason of a message, its name, and whether its phone is a forgotten one.
    pub async fn look(&self, campaign: CampaignId, number: u32) -> (String, Option<String>, String, bool) {
        let mut connection = self.test.pool.acquire().await.unwrap();
        let clinic: ClinicId = sqlx::query_scalar("SELECT clinic_id FROM campaigns WHERE id = ?")
            .bind(campaign)
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        let found = messages::find(&mut connection, clinic, campaign, number).await.unwrap().unwrap();
        (found.state.to_string(), found.reason, found.name + &found.body, found.phone.is_forgotten())
    }
}

/// The account works at another time.
pub fn set_down(world: &World, down: bool) {
    *world.accounts.down.lock().unwrap() = down;
}
