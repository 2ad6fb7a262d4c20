//! What tests need: a clock that stands still, a database of their own, a publisher that fails on purpose.

pub mod audited;
pub mod document;
pub mod downloads;
pub mod importing;
pub mod people;
pub mod rollup;
pub mod sending;
pub mod totals;
pub mod wire;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::mysql::{MySqlConnectOptions, MySqlPool};
use sqlx::{ConnectOptions, Executor};

use crate::aws::topics::{Outgoing, Publisher};
use crate::batch::DeadLetters;
use crate::clock::{Ambient, Clock};
use crate::config::Environment;
use crate::db::campaigns::{Audience, Campaign, Prepared};
use crate::db::clinics::{Clinic, Invitations};
use crate::db::messages::NewMessage;
use crate::db::{self, Database};
use crate::failure::Failure;
use crate::message::Fact;
use crate::model::draft::Sources;
use crate::model::id::OutboxId;
use crate::model::state::{CampaignKind, CampaignState, MessageState};
use crate::model::template::Button;
use crate::model::{CampaignId, ClinicId, CustomerId, StaffId, TemplateId};

/// A clock that moves only when told.
#[derive(Debug, Clone)]
pub struct FixedClock(std::sync::Arc<Mutex<DateTime<Utc>>>);

impl FixedClock {
    /// Stands at 2026-03-02 10:00 in Seoul.
    #[must_use]
    pub fn new() -> Self {
        Self(std::sync::Arc::new(Mutex::new(DateTime::UNIX_EPOCH + TimeDelta::seconds(1_772_413_200))))
    }

    /// Moves on.
    pub fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Default for FixedClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock that is a second later at each look, from an hour after now on: whoever works by the clock runs out of time.
#[derive(Debug)]
pub struct TickingClock(Mutex<DateTime<Utc>>);

impl TickingClock {
    /// Begins.
    #[must_use]
    pub fn after(ambient: &Ambient) -> Self {
        Self(Mutex::new(ambient.now() + TimeDelta::hours(1)))
    }
}

impl Clock for TickingClock {
    fn now(&self) -> DateTime<Utc> {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now += TimeDelta::seconds(1);
        *now
    }
}

/// Surroundings that are the same in every run of a test, and different in each test: tests share a Redis, so that the same
/// ids in two of them would mix their keys.
#[must_use]
pub fn ambient() -> (Ambient, FixedClock) {
    let clock = FixedClock::new();
    let mut hasher = DefaultHasher::new();
    std::thread::current().name().hash(&mut hasher);
    (Ambient::seeded(clock.clone(), hasher.finish()), clock)
}

/// A database of the test's own with all migrations, dropped when the test succeeded.
///
/// `TEST_DATABASE_URL` names a server on which databases can be made, without a schema: `mysql://root@127.0.0.1:4712/`.
#[derive(Debug)]
pub struct TestDatabase {
    /// What the code under test gets.
    pub database: Database,
    /// For the test's own look at the tables.
    pub pool: MySqlPool,
    options: MySqlConnectOptions,
    name: String,
}

impl TestDatabase {
    /// Makes it.
    ///
    /// # Panics
    /// When there is no database server: a test that skips itself would hide that.
    pub async fn new() -> Self {
        let test = Self::empty().await;
        db::MIGRATIONS.run(&test.pool).await.expect("migrations run");
        test
    }

    /// Makes it without a schema.
    ///
    /// # Panics
    /// When there is no database server.
    pub async fn empty() -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let mut environment = Environment::of_process();
        let url = environment.text("TEST_DATABASE_URL");
        environment.check().expect("tests with a database need TEST_DATABASE_URL; `make test` sets it");
        let options: MySqlConnectOptions = url.parse().expect("TEST_DATABASE_URL is an address");
        let name = format!("test_{}_{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
        let mut server = options.connect().await.expect("the database server answers");
        for statement in [format!("DROP DATABASE IF EXISTS {name}"), format!("CREATE DATABASE {name} CHARACTER SET utf8mb4")] {
            server.execute(sqlx::AssertSqlSafe(statement)).await.expect("the server makes a database");
        }
        let own = options.clone().database(&name);
        let pool = db::pool_options(8).connect_with(own).await.expect("the database answers");
        Self { database: Database::from_pool(pool.clone()), pool, options, name }
    }

    /// A second connection pool to the same database, as another worker would have.
    ///
    /// # Panics
    /// When the database does not answer.
    pub async fn another(&self) -> Database {
        self.another_with(1).await
    }

    /// [another](Self::another), of a worker with so many connections.
    ///
    /// # Panics
    /// When the database does not answer.
    pub async fn another_with(&self, connections: u32) -> Database {
        let options = self.options.clone().database(&self.name);
        Database::from_pool(db::pool_options(connections).connect_with(options).await.expect("the database answers"))
    }

    /// How many facts wait in the outbox.
    ///
    /// # Panics
    /// When the database does not answer.
    pub async fn outbox_size(&self) -> i64 {
        sqlx::query_scalar("SELECT COUNT(*) FROM outbox").fetch_one(&self.pool).await.expect("the outbox can be counted")
    }

    /// Ends the test: nothing may wait in the outbox, and the database goes away.
    ///
    /// # Panics
    /// When a fact was left unpublished.
    pub async fn finish(self) {
        assert_eq!(self.outbox_size().await, 0, "facts were left in the outbox");
        self.drop_database().await;
    }

    /// Ends a test that leaves facts in the outbox on purpose.
    ///
    /// # Panics
    /// When the server does not answer.
    pub async fn drop_database(self) {
        // A test that still holds a connection must not wait for itself.
        drop(self.pool);
        let mut server = self.options.connect().await.expect("the database server answers");
        server.execute(sqlx::AssertSqlSafe(format!("DROP DATABASE {}", self.name))).await.expect("the database goes away");
    }
}

/// Writes a clinic that can send, with its unassigned group.
///
/// # Panics
/// When the database refuses.
pub async fn clinic(pool: &MySqlPool, ambient: &Ambient) -> ClinicId {
    let id = ClinicId::new(ambient);
    let clinic = Clinic {
        id,
        name: "새봄치과의원".to_owned(),
        time_zone: "Asia/Seoul".to_owned(),
        sender_key: Some(format!("sender-of-{id}")),
        sender_phone: Some("025550101".to_owned()),
        points_enabled: true,
        join_points: 1000,
        invite_points: 1000,
        points_notice: String::new(),
        invitations: Invitations::default(),
        created_at: ambient.now(),
    };
    let mut connection = pool.acquire().await.expect("the database answers");
    db::clinics::insert(&mut connection, &clinic).await.expect("the clinic is new");
    db::groups::insert_unassigned(&mut connection, ambient, clinic.id).await.expect("its group is new");
    clinic.id
}

/// A campaign as it is asked for: the customer's name in the text, a button with a tracked link. Not written yet.
#[must_use]
pub fn campaign(ambient: &Ambient, clinic: ClinicId) -> Campaign {
    let button = Button {
        name: "예약하기".to_owned(),
        link_type: "WL".to_owned(),
        link_mo: "https://go.example.com/c/#{link}".to_owned(),
        link_pc: "https://go.example.com/c/#{link}".to_owned(),
        ..Button::default()
    };
    Campaign {
        clinic,
        id: CampaignId::new(ambient),
        name: "봄맞이 검진".to_owned(),
        kind: CampaignKind::Information,
        audience: Audience::Groups,
        template: TemplateId::new(ambient),
        template_code: "TA_1234".to_owned(),
        content: "#{고객명}님, 검진하실 때가 되었습니다.".to_owned(),
        emphasis_title: String::new(),
        buttons: vec![button],
        sources: Sources::new(),
        sender_key: "sender-key".to_owned(),
        sender_phone: "025550101".to_owned(),
        destination: "https://www.example.com/spring".to_owned(),
        link_expires_at: None,
        state: CampaignState::Requested,
        failure: None,
        resumed_from: None,
        scheduled_at: None,
        stale_after_minutes: 60,
        prepared: Prepared::default(),
        released_at: None,
        quiet: None,
        resumed_at: None,
        started_at: None,
        finished_at: None,
        created_by: StaffId::new(ambient),
        created_at: ambient.now(),
    }
}

/// The queued message with that number of a campaign, in no bundle. Not written yet.
///
/// # Panics
/// When the number is not from 1 to 9999.
#[must_use]
pub fn message(campaign: &Campaign, number: u32) -> NewMessage {
    NewMessage {
        clinic: campaign.clinic,
        campaign: campaign.id,
        number,
        bundle: None,
        customer: Some(CustomerId::from_uuid(uuid::Uuid::from_u128(u128::from(number)))),
        group: None,
        name: format!("고객 {number}"),
        phone: format!("010-2345-{number:04}").parse().expect("the number makes a phone"),
        body: format!("고객 {number}님, 검진하실 때가 되었습니다."),
        title: None,
        buttons: None,
        link: format!("token-{number}"),
        state: MessageState::Queued,
        reason: None,
    }
}

/// How a [`FakePublisher`] behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PublishMode {
    /// Publishes.
    #[default]
    Works,
    /// Publishes nothing and says so.
    Down,
    /// Publishes, but the answer is lost.
    AnswerLost,
}

/// A publisher that keeps what it is given.
#[derive(Debug, Default)]
pub struct FakePublisher {
    /// How it behaves now.
    pub mode: Mutex<PublishMode>,
    published: Mutex<Vec<Outgoing>>,
}

impl FakePublisher {
    /// Changes the behaviour.
    pub fn set(&self, mode: PublishMode) {
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner) = mode;
    }

    /// Takes the facts of one kind that were published, in order.
    ///
    /// # Panics
    /// When a fact does not parse.
    pub fn take<F: Fact>(&self) -> Vec<F> {
        let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        let (wanted, others) = std::mem::take(&mut *published).into_iter().partition(|outgoing| outgoing.topic == F::TOPIC);
        *published = others;
        wanted.iter().map(|outgoing: &Outgoing| serde_json::from_str(&outgoing.body).expect("facts parse")).collect()
    }
}

impl Drop for FakePublisher {
    /// A test that does not look at what was published has not looked at its effects.
    fn drop(&mut self) {
        let left = self.published.lock().unwrap_or_else(PoisonError::into_inner).len();
        assert!(left == 0 || std::thread::panicking(), "{left} published facts were not looked at");
    }
}

impl Publisher for FakePublisher {
    async fn publish(&self, outgoing: &[Outgoing]) -> Vec<OutboxId> {
        let mode = *self.mode.lock().unwrap_or_else(PoisonError::into_inner);
        if mode != PublishMode::Down {
            self.published.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(outgoing);
        }
        if mode == PublishMode::Works { outgoing.iter().map(|fact| fact.id).collect() } else { Vec::new() }
    }
}

/// A dead-letter queue in memory.
#[derive(Debug, Default)]
pub struct Graveyard(pub Mutex<Vec<String>>);

impl DeadLetters for Graveyard {
    async fn bury(&self, body: &str, _: &str) -> Result<(), Failure> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(body.to_owned());
        Ok(())
    }
}

/// Calls routes as API Gateway would, with a person's verified claims.
#[derive(Debug, Clone)]
pub struct Client {
    router: axum::Router,
    claims: Option<serde_json::Value>,
}

/// What a route answered.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: axum::http::HeaderMap,
    /// The JSON body, `Null` when there is none.
    pub json: serde_json::Value,
}

impl Client {
    /// A caller without a token.
    #[must_use]
    pub fn anonymous(name: &'static str, routes: axum::Router) -> Self {
        Self { router: crate::http::app(name, routes), claims: None }
    }

    /// A signed-in caller. The phone is made of the subject, so that different people have different phones.
    #[must_use]
    pub fn signed_in(name: &'static str, routes: axum::Router, subject: &str) -> Self {
        Self::anonymous(name, routes).with_subject(subject)
    }

    /// Somebody else at the same routes.
    #[must_use]
    pub fn with_subject(&self, subject: &str) -> Self {
        let line = subject.bytes().fold(7_u64, |sum, byte| (sum * 131 + u64::from(byte)) % 99_999_999) + 1;
        let claims = serde_json::json!({
            "sub": subject, "token_use": "id", "name": format!("이름 {subject}"), "phone_number": format!("+8210{line:08}"),
        });
        Self { router: self.router.clone(), claims: Some(claims) }
    }

    /// The same caller with a phone (E.164) and an e-mail address that they have proven.
    ///
    /// # Panics
    /// When nobody is signed in.
    #[must_use]
    pub fn proving(&self, phone: Option<&str>, email: Option<&str>) -> Self {
        let mut claims = self.claims.clone().expect("somebody is signed in");
        for (name, value) in [("phone_number", phone), ("email", email)] {
            if let Some(value) = value {
                claims[name] = value.into();
                claims[format!("{name}_verified")] = "true".into();
            }
        }
        Self { router: self.router.clone(), claims: Some(claims) }
    }

    /// Sends a request; a `Null` body means none.
    ///
    /// # Panics
    /// When the answer is neither empty nor JSON.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: serde_json::Value) -> Answer {
        use tower::ServiceExt;
        let mut context = aws_lambda_events::apigw::ApiGatewayProxyRequestContext::default();
        if let Some(claims) = &self.claims {
            context.authorizer.fields.insert("claims".to_owned(), claims.clone());
        }
        let mut request = axum::http::Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut request = request.body(axum::body::Body::from(body)).expect("the request is well-formed");
        request.extensions_mut().insert(lambda_http::request::RequestContext::ApiGatewayV1(context));
        let response = self.router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 10 << 20).await.expect("the body is complete");
        let json =
            if bytes.is_empty() { serde_json::Value::Null } else { serde_json::from_slice(&bytes).expect("the body is JSON") };
        Answer { status: parts.status.as_u16(), headers: parts.headers, json }
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], serde_json::Value::Null).await
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, body: serde_json::Value) -> Answer {
        self.send("POST", path, &[], body).await
    }

    /// Posts JSON under an idempotency key.
    pub async fn post_once(&self, key: &str, path: &str, body: serde_json::Value) -> Answer {
        self.send("POST", path, &[("idempotency-key", key)], body).await
    }
}
