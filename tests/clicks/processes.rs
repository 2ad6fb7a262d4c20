//! Processes of the redirect. Each has a thread, a runtime and a memory of its own, and answers one visitor at a time, as a function does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use aligo_simulator::random::Random;
use aws_lambda_events::apigw::ApiGatewayProxyRequestContext;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use lambda_http::request::RequestContext;
use shared::clock::Ambient;
use shared::db::{Database, pool_options};
use shared::model::{CampaignId, MessageId};
use shared::store::Store;
use sqlx::mysql::MySqlConnectOptions;
use tower::ServiceExt;
use track_click::{Deps, STORE_CONNECTING, STORE_PATIENCE, routes};

use crate::logs::Logs;
use crate::queue::{Queue, Shared};
use crate::visits::{Ledger, Visitor};
use crate::world::link_keys;

/// Recipients of each campaign.
pub const RECIPIENTS: u32 = 40;
/// Where the links of all campaigns lead.
pub const DESTINATION: &str = "https://www.example.com/spring";
/// How long a process waits for the store before its first visitor.
const WARM_UP: Duration = Duration::from_millis(250);
/// Everybody comes from here, as people behind a carrier do.
const ADDRESS: &str = "203.0.113.7";

/// What all processes share.
pub struct Surroundings {
    pub queue: Arc<Queue>,
    pub ledger: Arc<Ledger>,
    pub logs: Logs,
    pub store: String,
    pub database: MySqlConnectOptions,
    /// Whose links are visited now.
    pub campaigns: Mutex<Vec<CampaignId>>,
    /// How many visits are still to be made.
    pub left: AtomicI64,
    /// From one visit of a process to its next.
    pub pace: Duration,
}

/// The processes that run.
pub struct Processes {
    surroundings: Arc<Surroundings>,
    running: Vec<Process>,
    seed: u64,
}

struct Process {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Processes {
    pub fn new(surroundings: Arc<Surroundings>, seed: u64) -> Self {
        Self { surroundings, running: Vec::new(), seed }
    }

    /// Starts so many, which have seen nothing yet.
    pub fn start(&mut self, count: usize) {
        for _ in 0..count {
            self.seed += 1;
            let stop = Arc::new(AtomicBool::new(false));
            let visitors = Visitors {
                surroundings: Arc::clone(&self.surroundings),
                random: Random::new(self.seed),
                stop: Arc::clone(&stop),
            };
            self.running.push(Process { stop, thread: thread::spawn(move || visitors.come()) });
        }
    }

    /// Whether any is there.
    pub const fn are_there(&self) -> bool {
        !self.running.is_empty()
    }

    /// Ends all.
    pub fn end(&mut self) {
        for process in &self.running {
            process.stop.store(true, Ordering::Relaxed);
        }
        self.running.drain(..).for_each(Process::end);
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for process in &self.running {
            process.stop.store(true, Ordering::Relaxed);
        }
    }
}

impl Process {
    fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("a process does not panic");
    }
}

/// Those who visit one process.
struct Visitors {
    surroundings: Arc<Surroundings>,
    random: Random,
    stop: Arc<AtomicBool>,
}

impl Visitors {
    fn come(self) {
        let listening = self.surroundings.logs.listen();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(self.visit());
        drop(listening);
    }

    /// The function, wired as it is in truth.
    async fn function(&self) -> Router {
        let store =
            Store::with_time_to_connect(&self.surroundings.store, STORE_PATIENCE, STORE_CONNECTING).expect("an address");
        store.warm_up(WARM_UP).await;
        let database = Database::from_pool(pool_options(1).connect_lazy_with(self.surroundings.database.clone()));
        let queue = Shared(Arc::clone(&self.surroundings.queue));
        let deps = Deps::new(link_keys(), store, database, queue, Ambient::system().expect("random numbers"));
        shared::http::app("track-click", routes(deps))
    }

    /// One after the other, at a pace: who comes while another is answered comes to another process in truth, and is not waited for.
    async fn visit(mut self) {
        let function = self.function().await;
        let mut next = Instant::now();
        // Campaigns have their turns, so that a process has seen all of them soon.
        let mut turn = self.random.below(64);
        while !self.stop.load(Ordering::Relaxed) {
            let take = |left: i64| (left > 0).then(|| left - 1);
            if self.surroundings.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_err() {
                tokio::time::sleep(Duration::from_millis(1)).await;
                continue;
            }
            turn += 1;
            self.open(&function, turn).await;
            next = (next + self.surroundings.pace.mul_f64(0.5 + self.random.fraction())).max(Instant::now());
            tokio::time::sleep_until(next.into()).await;
        }
    }

    async fn open(&mut self, function: &Router, turn: usize) {
        let campaign = {
            let campaigns = self.surroundings.campaigns.lock().unwrap_or_else(PoisonError::into_inner);
            campaigns[turn % campaigns.len()]
        };
        let recipient = self.random.below(RECIPIENTS as usize) + 1;
        let message = MessageId { campaign, number: u32::try_from(recipient).expect("a small number") };
        let visitor = Visitor::draw(&mut self.random);
        let uri = format!("/c/{}", link_keys().mint(message));
        let ledger = &self.surroundings.ledger;
        let begun = ledger.begin();
        let mut context = ApiGatewayProxyRequestContext::default();
        context.identity.source_ip = Some(ADDRESS.to_owned());
        let request = Request::builder().method(visitor.method).uri(uri).header("user-agent", visitor.agent(begun.number));
        let request = request.extension(RequestContext::ApiGatewayV1(context)).body(Body::empty()).expect("a request");
        let answer = function.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
        let location = answer.headers().get(header::LOCATION);
        let sent_on = answer.status() == StatusCode::FOUND && location.is_some_and(|location| location == DESTINATION);
        ledger.end(&begun, message, visitor.class, answer.status().as_u16(), sent_on);
    }
}

/// Something with a thread and a runtime of its own that measures how late the machine is: without any work, a millisecond's sleep
/// should take a millisecond.
pub fn watch_lateness(ledger: Arc<Ledger>, stop: Arc<AtomicBool>) -> JoinHandle<()> {
    const SLEEP: Duration = Duration::from_millis(1);
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            while !stop.load(Ordering::Relaxed) {
                let begun = Instant::now();
                tokio::time::sleep(SLEEP).await;
                ledger.was_late(begun.elapsed().saturating_sub(SLEEP));
            }
        });
    })
}
