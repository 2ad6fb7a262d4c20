//! Clinics, customers and campaigns in a database of the test's own, a simulator, workers, and the time that they all share.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use aligo_simulator::in_process::InProcess;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde_json::{Value, json};
use shared::clock::{Ambient, Clock};
use shared::config::Environment;
use shared::testing::TestDatabase;
use shared::testing::sending::template;
use tempfile::TempDir;

use crate::check::{self, Finding};
use crate::clock::SimulatedTime;
use crate::crew::{Crew, Surroundings};
use crate::queue::Queues;
use crate::reaper::{Plan, Reaper};
use crate::wire::{Lane, Setup, Work};

/// How a test is run.
#[derive(Debug, Clone)]
pub struct How {
    /// Of everything that is drawn.
    pub seed: u64,
    /// When it begins.
    pub begin: DateTime<Utc>,
    /// How many times as fast as the machine's time.
    pub rate: u32,
    /// How long the provider takes for each call, of the machine's time.
    pub latency_ms: u64,
    /// How long a worker waits for an answer to a call that sends, of the machine's time.
    pub patience_ms: u64,
    /// Who is killed.
    pub kills: Plan,
    /// Whether workers post again after a lost answer.
    pub reposts: bool,
    /// How long an unknown bundle must not show in the history, twice, until it counts as absent.
    pub absence_minutes: u32,
    /// Workers that deliver.
    pub delivering: usize,
}

impl How {
    /// Without kills, at ten in the morning in Korea.
    pub fn by_seed(otherwise: u64) -> Self {
        let seed = Environment::of_process().parsed_or("SENDING_SEED", otherwise);
        say(&format!("SENDING_SEED={seed}"));
        Self {
            seed,
            begin: "2026-03-02T01:00:00Z".parse().expect("a moment"),
            rate: 40,
            latency_ms: 25,
            patience_ms: 400,
            kills: Plan::default(),
            reposts: false,
            absence_minutes: 15,
            delivering: 3,
        }
    }
}

/// Shown when the test fails, or with `--nocapture`.
#[expect(clippy::print_stdout, reason = "by seed and figures a run is told from others")]
pub fn say(text: &str) {
    println!("{text}");
}

/// A number from the environment, for longer runs than by default.
pub fn setting(name: &str, otherwise: u32) -> u32 {
    Environment::of_process().parsed_or(name, otherwise)
}

/// One world at a time, whoever runs the tests: their time goes by the machine's, which is slow for whoever shares it.
fn turn() -> File {
    let path = std::env::current_exe().expect("the test is a program").with_file_name("sending.lock");
    let file = File::create(path).expect("there is room for a file");
    file.lock().expect("it can be waited for");
    file
}

/// Everything.
pub struct World {
    pub test: TestDatabase,
    pub simulator: InProcess,
    pub time: Arc<SimulatedTime>,
    pub ambient: Ambient,
    pub queues: Arc<Queues>,
    pub reaper: Arc<Reaper>,
    pub crew: Crew,
    begun: Instant,
    next_minute: DateTime<Utc>,
    /// How many people there are in the world.
    pub people: u32,
    patience: Duration,
    _directory: TempDir,
    _turn: File,
}

struct Shared(Arc<SimulatedTime>);

impl Clock for Shared {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }
}

impl World {
    /// Nobody is there yet but the workers.
    pub async fn begin(how: &How) -> Self {
        let turn = turn();
        let directory = tempfile::tempdir().expect("there is room");
        let path = directory.path().join("time");
        let time = Arc::new(SimulatedTime::begin(&path, how.begin, how.rate));
        let test = TestDatabase::new().await;
        let clock = Arc::clone(&time);
        let simulator = InProcess::start(move || clock.now()).await.expect("a port");
        simulator.add_template(template()).expect("a template");
        simulator
            .add_fault(json!({"kind": "latency", "times": 0, "milliseconds": how.latency_ms, "path": "*"}))
            .expect("a fault");
        let mut environment = Environment::of_process();
        let server = environment.text("TEST_DATABASE_URL");
        let redis = environment.text("TEST_REDIS_URL");
        environment.check().expect("`make test` sets both");
        let name: String = sqlx::query_scalar("SELECT DATABASE()").fetch_one(&test.pool).await.expect("the database answers");
        let setup = Setup {
            lane: Lane::Deliver,
            database: format!("{}/{name}", server.trim_end_matches('/')),
            redis,
            provider: simulator.url.clone(),
            api_key: simulator.options.api_key.clone(),
            user_id: simulator.options.user_id.clone(),
            patience_ms: how.patience_ms,
            clock: path,
            seed: how.seed,
            reposts: how.reposts,
            absence_minutes: how.absence_minutes,
        };
        let queues = Arc::new(Queues::new(how.seed));
        let reaper = Arc::new(Reaper::new(how.seed, how.kills.clone()));
        let surroundings = Arc::new(Surroundings {
            queues: Arc::clone(&queues),
            reaper: Arc::clone(&reaper),
            time: Arc::clone(&time),
            pool: test.pool.clone(),
            spawned: AtomicU64::new(0),
        });
        let lanes = [(Lane::Prepare, 1), (Lane::Deliver, how.delivering), (Lane::Collect, 1), (Lane::Schedule, 1)];
        let crew = Crew::start(&surroundings, &setup, &lanes);
        Self {
            ambient: Ambient::seeded(Shared(Arc::clone(&time)), how.seed),
            next_minute: time.now(),
            people: 0,
            patience: Duration::from_secs(setting("SENDING_PATIENCE", 240).into()),
            begun: Instant::now(),
            test,
            simulator,
            time,
            queues,
            reaper,
            crew,
            _directory: directory,
            _turn: turn,
        }
    }

    /// The same time with other random numbers.
    pub fn another_ambient(&self, seed: u64) -> Ambient {
        Ambient::seeded(Shared(Arc::clone(&self.time)), seed)
    }

    /// What goes wrong with calls that send, from now on.
    pub fn plan_faults(&self, seed: u64, faults: &Value) {
        self.simulator.add_faults(json!({"seed": seed, "faults": faults})).expect("faults");
    }

    /// Lets a little time pass: what the schedule starts is started, and when there is nothing to do, it is the next minute.
    pub async fn go_on(&mut self) {
        self.wait().await;
        self.move_on();
    }

    async fn wait(&mut self) {
        tokio::time::sleep(Duration::from_millis(3)).await;
        self.queues.uncover(self.time.now());
        assert!(self.begun.elapsed() < self.patience, "it does not come to an end: {}", self.picture().await);
        if setting("SENDING_WATCH", 0) > 0 && self.time.now() >= self.next_minute {
            say(&format!("--- {:.1} s {}", self.begun.elapsed().as_secs_f64(), self.picture().await));
        }
    }

    fn move_on(&mut self) {
        if self.time.now() < self.next_minute && self.queues.is_idle(self.time.now()) {
            self.time.jump_to(self.next_minute);
        }
        let now = self.time.now();
        if now >= self.next_minute {
            self.queues.schedule(&Work::Relay);
            self.queues.schedule(&Work::Reconcile);
            self.next_minute = now.duration_trunc(TimeDelta::minutes(1)).expect("a minute") + TimeDelta::minutes(1);
        }
    }

    /// Lets time pass until then.
    pub async fn go_on_until(&mut self, moment: DateTime<Utc>) {
        while self.time.now() < moment {
            self.go_on().await;
        }
    }

    /// Lets time pass until every campaign is over, every result there, and every message acknowledged.
    pub async fn go_on_to_the_end(&mut self) {
        loop {
            self.wait().await;
            if self.queues.is_idle(self.time.now()) {
                // Whatever was to be done by now is done.
                let Some(next) = self.next_event().await else { return };
                // When nothing but results is waited for, nothing happens before they are due.
                let minute = next.duration_trunc(TimeDelta::minutes(1)).expect("a minute");
                self.next_minute = self.next_minute.max(minute);
            }
            self.move_on();
        }
    }

    /// Lets time pass until every bundle is at the provider, or will never be.
    pub async fn go_on_while_sending(&mut self) {
        loop {
            self.wait().await;
            if self.queues.is_idle(self.time.now()) && self.next_event().await.is_none_or(|next| next > self.time.now()) {
                return;
            }
            self.move_on();
        }
    }

    /// When something is due: the present while anything is under way, nothing when all is over.
    async fn next_event(&self) -> Option<DateTime<Utc>> {
        let (open, poll_at): (bool, Option<chrono::NaiveDateTime>) = sqlx::query_as(
            "SELECT EXISTS (SELECT 1 FROM campaigns WHERE state IN ('scheduled', 'requested', 'preparing', 'sending', 'paused'))
                 OR EXISTS (SELECT 1 FROM bundles WHERE state IN ('prepared', 'calling', 'unknown'))
                 OR EXISTS (SELECT 1 FROM outbox),
             (SELECT MIN(poll_at) FROM bundles WHERE state = 'accepted')",
        )
        .fetch_one(&self.test.pool)
        .await
        .expect("the database answers");
        let hidden = self.queues.next_uncovered();
        if open || self.queues.is_anybody_frozen() {
            Some(self.time.now())
        } else {
            [poll_at.map(|at| at.and_utc()), hidden].into_iter().flatten().min()
        }
    }

    /// How things stand, for people.
    pub async fn picture(&self) -> String {
        let mut lines = vec![format!("{} {:?} {:?}", self.time.now(), self.queues.tally(), self.reaper.tally())];
        for statement in [
            "SELECT CONCAT('campaigns ', state, ' ', COALESCE(failure, '')), COUNT(*) FROM campaigns GROUP BY 1",
            "SELECT CONCAT('bundles ', state, ' ', attempt, ' ', refusals, IF(absent_since IS NULL, '', ' absent')), COUNT(*) FROM bundles GROUP BY 1",
            "SELECT CONCAT('messages ', state, ' ', COALESCE(reason, '')), COUNT(*) FROM messages GROUP BY 1",
            "SELECT CONCAT('gate ', failures, ' ', COALESCE(reason, ''), ' ', COALESCE(closed_until, '')), 1 FROM provider_gate",
            "SELECT CONCAT('outbox ', topic), COUNT(*) FROM outbox GROUP BY 1",
        ] {
            let rows: Vec<(String, i64)> =
                sqlx::query_as(statement).fetch_all(&self.test.pool).await.expect("the database answers");
            lines.extend(rows.into_iter().map(|(what, count)| format!("{what}: {count}")));
        }
        lines.join("\n")
    }

    /// Sends the workers home, and says and checks what has come of it all.
    pub async fn end(&mut self) -> Vec<Finding> {
        self.crew.dismiss();
        let answers = self.simulator.app.read(|world, _| {
            let mut answers = std::collections::BTreeMap::<String, u32>::new();
            for call in &world.calls {
                *answers.entry(call.answered.clone()).or_default() += 1;
            }
            answers
        });
        let accepted = self.simulator.accepted().len();
        let findings = check::check(&self.test.pool, &self.simulator).await;
        say(&format!(
            "{}\ncalls {}, of which taken {answers:?}, messages accepted {accepted}, findings {}, {:.1} s",
            self.picture().await,
            self.simulator.sends(),
            findings.len(),
            self.begun.elapsed().as_secs_f64()
        ));
        for finding in findings.iter().take(20) {
            say(&format!("{finding:?}"));
        }
        assert_eq!(self.reaper.tally().crashed, 0, "workers die only when they are killed");
        findings
    }
}
