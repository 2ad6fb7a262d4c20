//! A clinic with campaigns in a database of the test's own, a store, a queue, processes that answer visitors, and consumers.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use shared::clock::{Ambient, Clock, SystemClock};
use shared::config::Environment;
use shared::db::{self, Database, campaigns, messages, staff};
use shared::model::link::{Destination, LinkKeys};
use shared::model::person::Staff;
use shared::model::state::Role;
use shared::model::{CampaignId, ClinicId, GroupId, StaffId};
use shared::store::Store;
use shared::testing::{Client, campaign, clinic, message, rollup};
use sqlx::ConnectOptions as _;
use sqlx::mysql::{MySqlConnectOptions, MySqlPool};

use crate::check::{self, Finding};
use crate::consumers::Hands;
use crate::logs::Logs;
use crate::processes::{DESTINATION, Processes, RECIPIENTS, Surroundings, watch_lateness};
use crate::queue::Queue;
use crate::servers::Server;
use crate::visits::{LONGEST, Ledger};

/// Shown when the test fails, or with `--nocapture`.
#[expect(clippy::print_stdout, reason = "by seed and figures a run is told from others")]
pub fn say(text: &str) {
    println!("{text}");
}

/// A number from the environment, for longer runs than by default.
pub fn setting(name: &str, otherwise: u32) -> u32 {
    Environment::of_process().parsed_or(name, otherwise)
}

/// The seed of everything that is drawn.
pub fn seed(otherwise: u64) -> u64 {
    let seed = Environment::of_process().parsed_or("CLICKS_SEED", otherwise);
    say(&format!("CLICKS_SEED={seed}"));
    seed
}

/// The keys of all links.
pub fn link_keys() -> LinkKeys {
    let secret = BTreeMap::from([("current".to_owned(), "1".to_owned()), ("1".to_owned(), "k".repeat(64))]);
    LinkKeys::new(&secret).expect("a key")
}

/// One world at a time, whoever runs the tests: what is measured is the machine's time, which is slow for whoever shares it.
fn turn() -> File {
    let path = std::env::current_exe().expect("the test is a program").with_file_name("clicks.lock");
    let file = File::create(path).expect("there is room for a file");
    file.lock().expect("it can be waited for");
    file
}

/// The subject of the token of the clinic's owner.
const OWNER: &str = "owner";

/// The machine's clock, so much later.
struct Later(TimeDelta);

impl Clock for Later {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + self.0
    }
}

/// Who knows of a campaign besides the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// The store, as after it was prepared.
    ToTheStore,
    /// Nobody: it was prepared while the store was away, or the store was emptied.
    ToNobody,
}

/// Everything.
pub struct World {
    pub mariadb: Server,
    pub redis: Server,
    pub pool: MySqlPool,
    pub queue: Arc<Queue>,
    pub ledger: Arc<Ledger>,
    pub logs: Logs,
    pub surroundings: Arc<Surroundings>,
    pub processes: Processes,
    pub hands: Hands,
    pub clinic: ClinicId,
    pub ambient: Ambient,
    pub store: Store,
    patience: Duration,
    watch: Option<(Arc<AtomicBool>, JoinHandle<()>)>,
    _turn: File,
}

impl World {
    /// Nobody visits yet. From one visit of a process to its next is the pace; each message comes so many times.
    pub async fn begin(seed: u64, pace: Duration, copies: u32) -> Self {
        let turn = turn();
        let (mut mariadb, mut redis) = (Server::mariadb(), Server::redis());
        mariadb.begin();
        redis.begin();
        let (pool, database) = make_database(&mariadb.address()).await;
        let ambient = Ambient::system().expect("random numbers");
        let clinic = clinic(&pool, &ambient).await;
        let owner = Staff { id: StaffId::new(&ambient), clinic, role: Role::Owner };
        let mut connection = pool.acquire().await.expect("the database answers");
        staff::insert(&mut connection, &ambient, &owner, OWNER, "이원장").await.expect("the first one");
        drop(connection);
        let (queue, ledger, logs) = (Arc::new(Queue::new(seed, copies)), Arc::new(Ledger::default()), Logs::default());
        let surroundings = Arc::new(Surroundings {
            queue: Arc::clone(&queue),
            ledger: Arc::clone(&ledger),
            logs: logs.clone(),
            store: format!("redis://{}/", redis.address()),
            database,
            campaigns: Mutex::default(),
            left: AtomicI64::new(0),
            pace,
        });
        let stop = Arc::new(AtomicBool::new(false));
        let watch = watch_lateness(Arc::clone(&ledger), Arc::clone(&stop));
        Self {
            store: Store::new(&surroundings.store, Duration::from_secs(1)).expect("an address"),
            processes: Processes::new(Arc::clone(&surroundings), seed),
            hands: Hands::default(),
            patience: Duration::from_secs(setting("CLICKS_PATIENCE", 120).into()),
            watch: Some((stop, watch)),
            _turn: turn,
            mariadb,
            redis,
            pool,
            queue,
            ledger,
            logs,
            surroundings,
            clinic,
            ambient,
        }
    }

    /// A campaign whose links are visited from now on, half of its recipients reached through a group.
    pub async fn campaign(&self, known: Known) -> CampaignId {
        let campaign = campaign(&self.ambient, self.clinic);
        assert_eq!(campaign.destination, DESTINATION);
        let mut connection = self.pool.acquire().await.expect("the database answers");
        campaigns::insert(&mut connection, &campaign, &[]).await.expect("it is new");
        let group = GroupId::new(&self.ambient);
        let mut lines: Vec<_> = (1..=RECIPIENTS).map(|number| message(&campaign, number)).collect();
        for line in lines.iter_mut().step_by(2) {
            line.group = Some(group);
        }
        messages::insert_all(&mut connection, &lines).await.expect("they are new");
        let prepared =
            sqlx::query("UPDATE campaigns SET prepared_messages = ? WHERE id = ?").bind(RECIPIENTS).bind(campaign.id);
        prepared.execute(&mut *connection).await.expect("it is there");
        if known == Known::ToTheStore {
            let destination = Destination { clinic: self.clinic, url: campaign.destination.clone(), expires_at: None };
            // A connection that has not noticed that the store was away fails once.
            while self.store.put_destination(campaign.id, &destination).await.is_err() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        campaign.id
    }

    /// Their links are visited from now on, besides those that are visited already.
    pub fn visit(&self, campaigns: &[CampaignId]) {
        self.surroundings.campaigns.lock().unwrap_or_else(PoisonError::into_inner).extend(campaigns);
    }

    /// All campaigns whose links are visited.
    pub fn visited(&self) -> Vec<CampaignId> {
        self.surroundings.campaigns.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// So many visits more; returns when all have been answered.
    pub async fn make_visits(&self, count: u32) {
        let all = self.ledger.count() + usize::try_from(count).expect("a small number");
        self.surroundings.left.store(count.into(), Ordering::Relaxed);
        let begun = Instant::now();
        while self.ledger.count() < all {
            assert!(begun.elapsed() < self.patience, "the visits do not come to an end");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Lets visitors come without end.
    pub fn open_doors(&self) {
        self.surroundings.left.store(i64::MAX / 2, Ordering::Relaxed);
    }

    /// Nobody comes any more, and the processes end.
    pub fn close_doors(&mut self) {
        self.processes.end();
        if let Some((stop, watch)) = self.watch.take() {
            stop.store(true, Ordering::Relaxed);
            watch.join().expect("it does not panic");
        }
    }

    /// Waits until the queue has what was parked.
    pub async fn wait_until_nothing_is_parked(&self) {
        let begun = Instant::now();
        while !self.store.parked(1).await.is_ok_and(|parked| parked.is_empty()) {
            assert!(begun.elapsed() < self.patience, "visits stay parked");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until everything is recorded that was handed over, as far as is known, and sends everybody home.
    pub async fn work_off(&mut self) {
        let begun = Instant::now();
        loop {
            self.queue.redrive();
            // As above.
            let nothing_parked = self.store.parked(1).await.is_ok_and(|parked| parked.is_empty());
            if nothing_parked && self.queue.is_empty() {
                break;
            }
            let left = (self.queue.size(), self.queue.tally());
            assert!(begun.elapsed() < self.patience, "it does not come to an end: {left:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.hands.dismiss();
    }

    /// What is wrong.
    pub async fn check(&self) -> Vec<Finding> {
        check::check(&self.pool, &self.ledger.visits()).await
    }

    /// Says and checks what has come of it all.
    pub async fn end(&self) {
        let visits = self.ledger.visits();
        say(&format!("{} visits, queue {:?}, logged {:?}", visits.len(), self.queue.tally(), self.logs.events()));
        assert_eq!(self.queue.tally().buried, 0, "no click is given up");
        let findings = self.check().await;
        for finding in findings.iter().take(20) {
            say(&format!("{finding:?}"));
        }
        assert!(findings.is_empty(), "{} findings, see above", findings.len());
        rollup::assert_equals_rows(&self.pool).await;
        for campaign in self.visited() {
            let shown = self.conservation(campaign, TimeDelta::zero()).await;
            let answered = visits.iter().filter(|visit| visit.sent_on && visit.message.campaign == campaign).count();
            let told = (&shown["status"], &shown["visits"]["answered"], &shown["visits"]["recorded"]);
            assert_eq!(told, (&json!("adds_up"), &json!(answered), &json!(answered)), "{shown:#}");
        }
    }

    /// What the clinic is shown of a campaign's numbers, so much later.
    pub async fn conservation(&self, campaign: CampaignId, later: TimeDelta) -> Value {
        let database = self.surroundings.database.clone();
        let deps = stats::Deps {
            database: Database::from_pool(db::pool_options(1).connect_lazy_with(database)),
            store: self.store.clone(),
            ambient: Ambient::seeded(Later(later), 1),
        };
        let owner = Client::signed_in("stats", stats::routes(deps), OWNER);
        let answer = owner.get(&format!("/v1/stats/campaigns/{campaign}/conservation")).await;
        assert_eq!(answer.status, 200, "{:#}", answer.json);
        answer.json
    }

    /// The visits of a campaign as the store saw them, and as they were answered.
    pub async fn live(&self, campaign: CampaignId) -> (u64, u64) {
        self.live_since(campaign, DateTime::UNIX_EPOCH).await
    }

    /// The same by a store that was started then. Visits that are under way now may be counted already, so they are waited for.
    pub async fn live_since(&self, campaign: CampaignId, start: DateTime<Utc>) -> (u64, u64) {
        let live = self.store.live(campaign).await.expect("the store answers");
        let looked = self.ambient.now();
        if self.processes.are_there() {
            tokio::time::sleep(LONGEST).await;
        }
        let visits = self.ledger.visits().into_iter().filter(|visit| visit.sent_on && visit.message.campaign == campaign);
        let visits = visits.filter(|visit| visit.answered >= start && visit.asked <= looked);
        (live.into_values().sum(), u64::try_from(visits.count()).expect("a number"))
    }
}

/// A database with all migrations, and how to connect to it.
async fn make_database(address: &str) -> (MySqlPool, MySqlConnectOptions) {
    let server: MySqlConnectOptions = format!("mysql://root@{address}/").parse().expect("an address");
    let mut connection = server.connect().await.expect("the database answers");
    sqlx::query("CREATE DATABASE clicks CHARACTER SET utf8mb4").execute(&mut connection).await.expect("a database");
    let options = server.database("clicks");
    let pool = db::pool_options(4).connect_with(options.clone()).await.expect("the database answers");
    db::MIGRATIONS.run(&pool).await.expect("migrations run");
    (pool, options)
}
