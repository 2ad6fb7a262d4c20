//! A campaign whose links are followed, and processes that answer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use lambda_http::aws_lambda_events::apigw::ApiGatewayProxyRequestContext;
use lambda_http::request::RequestContext;
use shared::aws::queues::NotSent;
use shared::clock::Ambient;
use shared::config::Environment;
use shared::db::campaigns::{self, Campaign};
use shared::db::{Database, pool_options};
use shared::message::ClickReceived;
use shared::model::link::{Destination, LinkKeys};
use shared::model::state::ClickClass;
use shared::model::{ClickId, MessageId};
use shared::store::Store;
use shared::testing::{FixedClock, TestDatabase, campaign, clinic};
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use tower::ServiceExt;
use track_click::{Clicks, DatabaseSource, Deps, QUEUE_PATIENCE, STORE_PATIENCE, routes};

use crate::proxy::Proxy;

pub const KAKAOTALK: &str = "Mozilla/5.0 (Linux; Android 14; SM-S918N Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like \
                             Gecko) Version/4.0 Chrome/120.0.6099.230 Mobile Safari/537.36;KAKAOTALK 2410210";
pub const SCRAPER: &str = "facebookexternalhit/1.1; kakaotalk-scrap/1.0; +https://devtalk.kakao.com/t/scrap/33984";
/// Nothing listens here.
pub const NOWHERE: &str = "127.0.0.1:1";
/// Much less than anybody waits for a database that is away, and enough for a busy machine.
pub const SOON: Duration = Duration::from_secs(1);

/// What a queue does with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Takes,
    Refuses,
    /// Says nothing, as long as a visitor waits.
    Hangs,
    /// Of several it takes the first.
    TakesTheFirst,
}

/// A queue in memory, which can be down.
#[derive(Clone)]
pub struct FakeQueue {
    clicks: Arc<Mutex<Vec<ClickReceived>>>,
    mood: Arc<Mutex<Mood>>,
    asked: Arc<AtomicU32>,
}

impl FakeQueue {
    pub fn new(mood: Mood) -> Self {
        Self { clicks: Arc::default(), mood: Arc::new(Mutex::new(mood)), asked: Arc::default() }
    }

    pub fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// How often it was asked to take something.
    pub fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }

    pub fn clicks(&self) -> Vec<ClickReceived> {
        self.clicks.lock().unwrap().clone()
    }

    pub fn classes(&self) -> Vec<ClickClass> {
        self.clicks().iter().map(|ClickReceived::V1 { class, .. }| *class).collect()
    }
}

impl Clicks for FakeQueue {
    async fn hand_over(&self, click: &ClickReceived) -> Result<(), NotSent> {
        let refused = self.hand_over_all(std::slice::from_ref(click)).await;
        if refused.is_empty() { Ok(()) } else { Err(NotSent("down".to_owned())) }
    }

    async fn hand_over_all(&self, clicks: &[ClickReceived]) -> Vec<usize> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mood = *self.mood.lock().unwrap();
        let taken = match mood {
            Mood::Takes => clicks.len(),
            Mood::Refuses => 0,
            Mood::Hangs => {
                tokio::time::sleep(QUEUE_PATIENCE).await;
                0
            }
            Mood::TakesTheFirst => 1,
        };
        self.clicks.lock().unwrap().extend_from_slice(&clicks[..taken]);
        (taken..clicks.len()).collect()
    }
}

pub struct World {
    pub test: TestDatabase,
    pub ambient: Ambient,
    pub clock: FixedClock,
    pub campaign: Campaign,
}

/// Keys by their numbers; the last one is the current one.
pub fn keys_of(secret: &[(&str, &str)]) -> LinkKeys {
    let mut keys: BTreeMap<_, _> = secret.iter().map(|(name, key)| ((*name).to_owned(), key.repeat(64))).collect();
    keys.insert("current".to_owned(), secret.last().unwrap().0.to_owned());
    LinkKeys::new(&keys).unwrap()
}

pub fn keys() -> LinkKeys {
    keys_of(&[("1", "k")])
}

/// Host and port of the store.
pub fn store_address() -> String {
    let mut environment = Environment::of_process();
    let url = environment.text("TEST_REDIS_URL");
    environment.check().expect("tests with a store need TEST_REDIS_URL; `make test` sets it");
    url.trim_start_matches("redis://").trim_end_matches('/').to_owned()
}

/// The store at an address, waited for longer than in truth: a busy machine is no outage. Tests that park visits have a database of
/// Redis to themselves: elsewhere others would take them.
pub fn store_at(address: &str) -> Store {
    Store::new(&format!("redis://{address}/9"), SOON).unwrap()
}

/// The store at an address, waited for as long as in truth.
pub fn hasty_store_at(address: &str) -> Store {
    Store::new(&format!("redis://{address}/9"), STORE_PATIENCE).unwrap()
}

/// The store, for a look at what is in it.
pub fn store() -> Store {
    store_at(&store_address())
}

/// A database that is down.
pub fn no_database() -> Database {
    Database::from_pool(pool_options(1).connect_lazy(&format!("mysql://root@{NOWHERE}/none")).unwrap())
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A campaign with something special about it.
    pub async fn with(change: impl FnOnce(&mut Campaign)) -> Self {
        let test = TestDatabase::new().await;
        // Ids must not be those of the last run: the store remembers them.
        let ambient = Ambient::system().unwrap();
        let mut campaign = campaign(&ambient, clinic(&test.pool, &ambient).await);
        change(&mut campaign);
        campaigns::insert(&mut test.pool.acquire().await.unwrap(), &campaign, &[]).await.unwrap();
        Self { test, ambient, clock: FixedClock::new(), campaign }
    }

    /// Another campaign of the same clinic.
    pub async fn another(&self) -> Campaign {
        let campaign = campaign(&self.ambient, self.campaign.clinic);
        campaigns::insert(&mut self.test.pool.acquire().await.unwrap(), &campaign, &[]).await.unwrap();
        campaign
    }

    pub fn destination(&self) -> Destination {
        Destination {
            clinic: self.campaign.clinic,
            url: self.campaign.destination.clone(),
            expires_at: self.campaign.link_expires_at,
        }
    }

    pub fn token(&self) -> String {
        token_of(&self.campaign)
    }

    /// A process that has seen nothing yet and lives by the world's clock.
    pub fn deps(&self, store: Store, database: impl Into<DatabaseSource>, queue: &FakeQueue) -> Deps<FakeQueue> {
        let mut seed = [0; 8];
        self.ambient.fill(&mut seed);
        let ambient = Ambient::seeded(self.clock.clone(), u64::from_be_bytes(seed));
        Deps::new(keys(), store, database, queue.clone(), ambient)
    }

    pub fn process(&self, store: Store, database: impl Into<DatabaseSource>, queue: &FakeQueue) -> Router {
        shared::http::app("track-click", routes(self.deps(store, database, queue)))
    }

    /// A process for which everything is up.
    pub async fn well(&self) -> (Router, FakeQueue) {
        let queue = FakeQueue::new(Mood::Takes);
        (self.process(store_at(&store_address()), self.test.another().await, &queue), queue)
    }

    /// The database through a proxy.
    pub async fn database_behind_a_proxy(&self) -> (Database, Proxy) {
        let mut environment = Environment::of_process();
        let options: MySqlConnectOptions = environment.text("TEST_DATABASE_URL").parse().unwrap();
        let proxy = Proxy::before(format!("{}:{}", options.get_host(), options.get_port())).await;
        let name: String = sqlx::query_scalar("SELECT DATABASE()").fetch_one(&self.test.pool).await.unwrap();
        let options = options.host("127.0.0.1").port(proxy.address.port()).database(&name).ssl_mode(MySqlSslMode::Disabled);
        (Database::from_pool(pool_options(1).connect_lazy_with(options)), proxy)
    }
}

/// A process that lives by the machine's clock.
pub fn process_of_today(store: Store, database: Database, queue: &FakeQueue) -> Router {
    let deps = Deps::new(keys(), store, database, queue.clone(), Ambient::system().unwrap());
    shared::http::app("track-click", routes(deps))
}

pub fn token_of(campaign: &Campaign) -> String {
    keys().mint(MessageId { campaign: campaign.id, number: 7 })
}

pub fn request(method: &str, path: &str, agent: &str) -> Request<Body> {
    Request::builder().method(method).uri(path).header("user-agent", agent).body(Body::empty()).unwrap()
}

pub async fn open(process: &Router, method: &str, token: &str, agent: &str) -> Response<Body> {
    process.clone().oneshot(request(method, &format!("/c/{token}"), agent)).await.unwrap()
}

/// A person's visit.
pub async fn tap(process: &Router, token: &str) -> Response<Body> {
    open(process, "GET", token, KAKAOTALK).await
}

/// A visit that API Gateway says comes from an address.
pub async fn tap_from(process: &Router, address: &str, token: &str, headers: HeaderMap) -> Response<Body> {
    let mut request = request("GET", &format!("/c/{token}"), KAKAOTALK);
    request.headers_mut().extend(headers);
    let mut context = ApiGatewayProxyRequestContext::default();
    context.identity.source_ip = Some(address.to_owned());
    request.extensions_mut().insert(RequestContext::ApiGatewayV1(context));
    process.clone().oneshot(request).await.unwrap()
}

pub fn assert_redirected(answer: &Response<Body>) {
    assert_eq!(answer.status(), StatusCode::FOUND);
    assert_eq!(answer.headers()["location"], "https://www.example.com/spring");
    assert_private(answer);
}

pub fn assert_private(answer: &Response<Body>) {
    for (name, value) in
        [("cache-control", "no-store"), ("x-robots-tag", "noindex, nofollow"), ("referrer-policy", "no-referrer")]
    {
        assert_eq!(answer.headers()[name], value);
    }
}

/// The numbers that visits were answered under.
pub fn numbers(clicks: &[ClickReceived]) -> Vec<(u64, u32)> {
    clicks.iter().map(|ClickReceived::V1 { origin, sequence, .. }| (origin.unwrap(), sequence.unwrap())).collect()
}

/// The ids that visits were given.
pub fn ids(clicks: &[ClickReceived]) -> Vec<ClickId> {
    clicks.iter().map(|ClickReceived::V1 { click_id, .. }| *click_id).collect()
}
