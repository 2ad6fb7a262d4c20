//! Following links, against a real database and a real store.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode};
use shared::aws::queues::NotSent;
use shared::clock::Ambient;
use shared::config::Environment;
use shared::db::campaigns::{self, Campaign};
use shared::db::{Database, pool_options};
use shared::message::ClickReceived;
use shared::model::MessageId;
use shared::model::link::LinkKeys;
use shared::model::state::ClickClass;
use shared::store::{Destination, Store};
use shared::testing::{TestDatabase, campaign, clinic};
use tower::ServiceExt;
use track_click::{Clicks, Deps, Memory, STORE_PATIENCE, routes};

const KAKAOTALK: &str = "Mozilla/5.0 (Linux; Android 14; SM-S918N Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) \
                         Version/4.0 Chrome/120.0.6099.230 Mobile Safari/537.36;KAKAOTALK 2410210";
const SCRAPER: &str = "facebookexternalhit/1.1; kakaotalk-scrap/1.0; +https://devtalk.kakao.com/t/scrap/33984";
/// Nothing listens here.
const NOWHERE: &str = "127.0.0.1:1";
/// Less than anybody waits for a database that is away, and enough for a busy machine.
const SOON: Duration = Duration::from_secs(1);

/// A queue in memory, which can be down.
#[derive(Clone, Default)]
struct FakeQueue {
    clicks: Arc<Mutex<Vec<ClickReceived>>>,
    down: bool,
}

impl Clicks for FakeQueue {
    async fn hand_over(&self, click: &ClickReceived) -> Result<(), NotSent> {
        if self.down {
            return Err(NotSent("down".to_owned()));
        }
        self.clicks.lock().unwrap().push(click.clone());
        Ok(())
    }
}

struct World {
    test: TestDatabase,
    ambient: Ambient,
    campaign: Campaign,
}

/// What is up.
#[derive(Clone, Copy)]
struct Up {
    store: bool,
    database: bool,
    queue: bool,
}

const ALL_UP: Up = Up { store: true, database: true, queue: true };

fn keys() -> LinkKeys {
    LinkKeys::new(&BTreeMap::from([("current".to_owned(), "1".to_owned()), ("1".to_owned(), "k".repeat(64))])).unwrap()
}

fn store(up: bool) -> Store {
    let mut environment = Environment::of_process();
    let url = if up { environment.text("TEST_REDIS_URL") } else { format!("redis://{NOWHERE}/") };
    environment.check().expect("tests with a store need TEST_REDIS_URL; `make test` sets it");
    Store::new(&url, STORE_PATIENCE).unwrap()
}

impl World {
    async fn new() -> Self {
        let test = TestDatabase::new().await;
        let ambient = Ambient::system().unwrap();
        let campaign = campaign(&ambient, clinic(&test.pool, &ambient).await);
        campaigns::insert(&mut test.pool.acquire().await.unwrap(), &campaign, &[]).await.unwrap();
        Self { test, ambient, campaign }
    }

    fn token(&self) -> String {
        keys().mint(MessageId { campaign: self.campaign.id, number: 7 })
    }

    /// The function in a process that has seen nothing yet.
    async fn function(&self, up: Up) -> (axum::Router, FakeQueue) {
        self.function_with(store(up.store), up).await
    }

    async fn function_with(&self, store: Store, up: Up) -> (axum::Router, FakeQueue) {
        let queue = FakeQueue { down: !up.queue, ..FakeQueue::default() };
        let nowhere = pool_options(1).connect_lazy(&format!("mysql://root@{NOWHERE}/none")).unwrap();
        let deps = Deps {
            keys: keys(),
            memory: Memory::default(),
            store,
            database: if up.database { self.test.another().await } else { Database::from_pool(nowhere) },
            clicks: queue.clone(),
            ambient: Ambient::system().unwrap(),
        };
        (shared::http::app("track-click", routes(deps)), queue)
    }
}

async fn open(function: &axum::Router, method: &str, token: &str, agent: &str) -> Response<Body> {
    let request = Request::builder().method(method).uri(format!("/c/{token}")).header("user-agent", agent);
    let request = request.body(Body::empty()).unwrap();
    function.clone().oneshot(request).await.unwrap()
}

fn assert_redirected(answer: &Response<Body>) {
    assert_eq!(answer.status(), StatusCode::FOUND);
    assert_eq!(answer.headers()["location"], "https://www.example.com/spring");
    assert_private(answer);
}

fn assert_private(answer: &Response<Body>) {
    for (name, value) in
        [("cache-control", "no-store"), ("x-robots-tag", "noindex, nofollow"), ("referrer-policy", "no-referrer")]
    {
        assert_eq!(answer.headers()[name], value);
    }
}

fn classes(queue: &FakeQueue) -> Vec<ClickClass> {
    queue.clicks.lock().unwrap().iter().map(|ClickReceived::V1 { class, .. }| *class).collect()
}

#[tokio::test]
async fn a_person_a_preview_and_a_head_are_sent_on_and_told_apart() {
    let world = World::new().await;
    let (function, queue) = world.function(ALL_UP).await;
    for (method, agent) in [("GET", KAKAOTALK), ("GET", SCRAPER), ("HEAD", KAKAOTALK), ("GET", "curl/8.5.0")] {
        assert_redirected(&open(&function, method, &world.token(), agent).await);
    }
    assert_eq!(classes(&queue), [ClickClass::Human, ClickClass::Preview, ClickClass::Prefetch, ClickClass::Bot]);
    let ClickReceived::V1 { clinic_id, campaign_id, message_number, agent, .. } = queue.clicks.lock().unwrap()[0].clone();
    assert_eq!((clinic_id, campaign_id, message_number), (world.campaign.clinic, world.campaign.id, 7));
    assert_eq!(agent, KAKAOTALK);
    // The next process finds the way in the store.
    let known = store(true).visit(world.campaign.id, ClickClass::Human).await.unwrap().unwrap();
    assert_eq!(known.url, world.campaign.destination);
    world.test.finish().await;
}

#[tokio::test]
async fn what_is_no_link_of_ours_gets_a_page_and_no_redirect() {
    let world = World::new().await;
    let (function, queue) = world.function(ALL_UP).await;
    let token = world.token();
    let forged = format!("{}{}", &token[..43], if token.ends_with('A') { 'B' } else { 'A' });
    let without_campaign = keys().mint(MessageId { campaign: campaign(&world.ambient, world.campaign.clinic).id, number: 1 });
    for token in [forged.as_str(), "x", "%FF", "a%20b", &without_campaign] {
        let answer = open(&function, "GET", token, KAKAOTALK).await;
        assert_eq!((answer.status(), answer.headers().get("location")), (StatusCode::NOT_FOUND, None), "{token}");
        assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
        assert_private(&answer);
        let page = to_bytes(answer.into_body(), 1 << 16).await.unwrap();
        let page = std::str::from_utf8(&page).unwrap();
        assert!(page.contains("링크를 찾을 수 없습니다") && page.contains("This link leads nowhere"), "{page}");
    }
    assert_eq!(classes(&queue), []);
    world.test.finish().await;
}

#[tokio::test]
async fn without_the_store_the_database_knows_the_way_and_memory_keeps_it() {
    let world = World::new().await;
    let (function, queue) = world.function(Up { store: false, ..ALL_UP }).await;
    assert_redirected(&open(&function, "GET", &world.token(), KAKAOTALK).await);
    // Now the database forgets it too.
    sqlx::query("UPDATE campaigns SET destination = ''").execute(&world.test.pool).await.unwrap();
    let begun = Instant::now();
    assert_redirected(&open(&function, "GET", &world.token(), KAKAOTALK).await);
    assert!(begun.elapsed() < SOON, "waited {:?}", begun.elapsed());
    assert_eq!(classes(&queue), [ClickClass::Human; 2]);
    world.test.finish().await;
}

#[tokio::test]
async fn a_store_that_takes_connections_and_never_answers_holds_nobody_up() {
    let world = World::new().await;
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}/", silent.local_addr().unwrap());
    let (function, queue) = world.function_with(Store::new(&url, STORE_PATIENCE).unwrap(), ALL_UP).await;
    for _ in 0..3 {
        let begun = Instant::now();
        assert_redirected(&open(&function, "GET", &world.token(), KAKAOTALK).await);
        assert!(begun.elapsed() < SOON, "waited {:?}", begun.elapsed());
    }
    assert_eq!(classes(&queue), [ClickClass::Human; 3]);
    world.test.finish().await;
}

#[tokio::test]
async fn without_the_database_the_store_knows_the_way() {
    let world = World::new().await;
    let destination = Destination { clinic: world.campaign.clinic, url: world.campaign.destination.clone() };
    store(true).put_destination(world.campaign.id, &destination).await.unwrap();
    let (function, queue) = world.function(Up { database: false, ..ALL_UP }).await;
    let begun = Instant::now();
    assert_redirected(&open(&function, "GET", &world.token(), KAKAOTALK).await);
    assert!(begun.elapsed() < SOON, "waited {:?}", begun.elapsed());
    assert_eq!(classes(&queue), [ClickClass::Human]);
    world.test.finish().await;
}

#[tokio::test]
async fn without_store_and_database_a_new_process_asks_for_patience() {
    let world = World::new().await;
    let (function, _) = world.function(Up { store: false, database: false, queue: true }).await;
    let answer = open(&function, "GET", &world.token(), KAKAOTALK).await;
    assert_eq!((answer.status(), &answer.headers()["retry-after"]), (StatusCode::SERVICE_UNAVAILABLE, &"5".parse().unwrap()));
    assert_private(&answer);
    world.test.finish().await;
}

/// Collects log lines.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn without_the_queue_the_person_is_sent_on_and_the_click_can_be_recovered_from_the_log() {
    let world = World::new().await;
    let (function, _) = world.function(Up { queue: false, ..ALL_UP }).await;
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    assert_redirected(&open(&function, "GET", &world.token(), KAKAOTALK).await);
    drop(guard);

    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let line = log.lines().find(|line| line.contains("click.not_queued")).expect("the click is logged");
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    let ClickReceived::V1 { campaign_id, message_number, class, .. } =
        serde_json::from_str(line["body"].as_str().unwrap()).unwrap();
    assert_eq!((campaign_id, message_number, class), (world.campaign.id, 7, ClickClass::Human));
    world.test.finish().await;
}
