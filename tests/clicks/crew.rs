//! Workers, each watched by a thread that hands it events, and kills it when it is its turn.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use aligo_simulator::random::Random;
use shared::message::ClickReceived;
use sqlx::mysql::MySqlPool;
use sqlx::{MySql, QueryBuilder};
use tokio::runtime::Handle;

use crate::consumers::MOST;
use crate::queue::{Letter, Queue, event};
use crate::worker::Said;

/// How often a watcher without messages looks for some.
const REST: Duration = Duration::from_millis(2);

/// What was hit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hits {
    /// Killed with nothing of the batch recorded.
    pub before: u32,
    /// Killed with a part of it recorded.
    pub amid: u32,
    /// Killed when all was recorded, and SQS had not been told.
    pub after: u32,
}

impl Hits {
    pub const fn all(self) -> u32 {
        self.before + self.amid + self.after
    }
}

/// A process and the two lines to it.
struct Worker {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Worker {
    fn spawn(database: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("the test is a program"));
        command.args(["--ignored", "--exact", "worker::works", "--nocapture", "--test-threads=1"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the test can be started");
        let input = child.stdin.take().expect("it is piped");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut worker = Self { child, input, output };
        worker.tell(database);
        assert!(matches!(worker.hear(), Some(Said::Ready)), "the worker does not begin");
        worker
    }

    /// A worker that is gone hears nothing.
    fn tell(&mut self, line: &str) {
        let told = writeln!(self.input, "{line}").and_then(|()| self.input.flush());
        drop(told);
    }

    /// What it says next; nothing once it is gone. Whatever else the program prints is no concern of ours.
    fn hear(&mut self) -> Option<Said> {
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(said) = line.find('@').and_then(|at| serde_json::from_str(&line[at + 1..]).ok()) {
                return Some(said);
            }
        }
    }

    /// Lets it finish, and answers what is to come again; nothing when it is all.
    fn finish(&mut self) -> Option<Vec<String>> {
        loop {
            match self.hear().expect("a worker dies only when it is killed") {
                Said::Returned => self.tell("go"),
                Said::Answered(failed) => return failed,
                Said::Buried => panic!("a click was given up"),
                Said::Ready => panic!("a worker begins once"),
            }
        }
    }

    fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is gone");
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It is either gone already, or not needed any more.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Whoever hands a worker its events.
pub struct Watcher {
    pub queue: Arc<Queue>,
    /// The worker's.
    pub database: String,
    /// For a look at what the killed left behind.
    pub pool: MySqlPool,
    pub runtime: Handle,
    pub random: Random,
    /// How many are still to be killed.
    pub kills: Arc<AtomicU32>,
    pub hits: Arc<Mutex<Hits>>,
}

/// When a worker is killed.
enum Kill {
    /// So long after it got its event.
    After(Duration),
    /// When the function has returned, before SQS is told.
    Returned,
}

impl Watcher {
    /// Works until it is told to stop.
    pub fn watch(mut self, stop: &AtomicBool) {
        let mut worker = None;
        while !stop.load(Ordering::Relaxed) {
            let letters = self.queue.receive(1 + self.random.below(MOST));
            if letters.is_empty() {
                thread::sleep(REST);
                continue;
            }
            let mut hand = worker.take().unwrap_or_else(|| Worker::spawn(&self.database));
            hand.tell(&serde_json::to_string(&event(&letters)).expect("it is plain data"));
            if let Some(kill) = self.choose() {
                self.kill(&mut hand, &kill, &letters);
                self.queue.settle(letters, |_| false);
                continue;
            }
            let failed = hand.finish();
            self.queue.settle(letters, |letter| failed.as_ref().is_some_and(|failed| !failed.contains(&letter.id())));
            worker = Some(hand);
        }
    }

    fn choose(&mut self) -> Option<Kill> {
        if self.random.fraction() >= 0.3 || self.kills.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let is_last = self.random.fraction() < 0.3;
        let delay = Duration::from_secs_f64(self.random.fraction() * 0.006);
        Some(if is_last { Kill::Returned } else { Kill::After(delay) })
    }

    fn kill(&self, worker: &mut Worker, kill: &Kill, letters: &[Letter]) {
        match kill {
            Kill::After(delay) => thread::sleep(*delay),
            Kill::Returned => assert!(matches!(worker.hear(), Some(Said::Returned)), "the function returns"),
        }
        worker.kill();
        // Two watchers may both kill the last one.
        self.kills.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).unwrap_or_default();
        let (recorded, all) = self.runtime.block_on(recorded(&self.pool, letters));
        let mut hits = self.hits.lock().unwrap_or_else(PoisonError::into_inner);
        match recorded {
            0 => hits.before += 1,
            some if some < all => hits.amid += 1,
            _ => hits.after += 1,
        }
    }
}

/// How many of the clicks are recorded, and how many there are.
async fn recorded(pool: &MySqlPool, letters: &[Letter]) -> (usize, usize) {
    let ids: std::collections::BTreeSet<_> = letters
        .iter()
        .map(|letter| {
            let ClickReceived::V1 { click_id, .. } = serde_json::from_str(&letter.body).expect("a click");
            click_id
        })
        .collect();
    let mut query = QueryBuilder::<MySql>::new("SELECT COUNT(DISTINCT id) FROM clicks WHERE id IN (");
    let mut list = query.separated(", ");
    for id in &ids {
        list.push_bind(id);
    }
    query.push(")");
    let recorded: i64 = query.build_query_scalar().fetch_one(pool).await.expect("the database answers");
    (usize::try_from(recorded).expect("a number"), ids.len())
}
