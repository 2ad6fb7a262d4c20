//! The workers, each watched by a thread that hands it jobs, listens to it, and kills it when told so.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use chrono::TimeDelta;
use shared::message::Topic;
use sqlx::mysql::MySqlPool;
use tokio::runtime::Handle;

use crate::clock::SimulatedTime;
use crate::queue::Queues;
use crate::reaper::{Blow, Kill, Reaper};
use crate::wire::{Job, Lane, Said, Setup, Step};
use crate::worker::link_keys;

/// How often a watcher without a job looks for one.
const REST: Duration = Duration::from_millis(2);

/// All workers.
pub struct Crew {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// What the watchers share.
pub struct Surroundings {
    pub queues: Arc<Queues>,
    pub reaper: Arc<Reaper>,
    pub time: Arc<SimulatedTime>,
    /// For a look at what the killed left behind.
    pub pool: MySqlPool,
    pub spawned: AtomicU64,
}

impl Crew {
    /// So many workers for each lane. To be called within the runtime of the test.
    pub fn start(surroundings: &Arc<Surroundings>, setup: &Setup, lanes: &[(Lane, usize)]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let everybody = lanes.iter().flat_map(|(lane, count)| std::iter::repeat_n(*lane, *count));
        let watch = |lane: Lane| {
            let watcher = Watcher {
                setup: Setup { lane, ..setup.clone() },
                surroundings: Arc::clone(surroundings),
                runtime: Handle::current(),
                stop: Arc::clone(&stop),
            };
            thread::spawn(move || watcher.watch())
        };
        let threads = everybody.map(watch).collect();
        Self { stop, threads }
    }

    /// Sends everybody home and waits for that.
    pub fn dismiss(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().expect("a watcher does not panic");
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// A process and the two lines to it.
struct Worker {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Worker {
    fn spawn(setup: &Setup) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("the test is a program"));
        command.args(["--ignored", "--exact", "worker::works", "--nocapture", "--test-threads=1"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the test can be started");
        let input = child.stdin.take().expect("it is piped");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut worker = Self { child, input, output };
        worker.tell(&serde_json::to_string(setup).expect("it is plain data"));
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

    /// SIGKILL. What it said before can still be heard.
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

struct Watcher {
    setup: Setup,
    surroundings: Arc<Surroundings>,
    runtime: Handle,
    stop: Arc<AtomicBool>,
}

/// How a job ended.
enum End {
    Done,
    Failed,
    /// The worker is dead, and the job not known to be done.
    Lost,
    /// The job is done and the worker dead.
    LastOne,
}

impl Watcher {
    fn watch(self) {
        let queues = &self.surroundings.queues;
        let mut worker = None;
        while !self.stop.load(Ordering::Relaxed) {
            let Some(job) = queues.take(self.setup.lane) else {
                thread::sleep(REST);
                continue;
            };
            let mut hand = worker.take().unwrap_or_else(|| self.spawn());
            let end = self.run(&mut hand, &job);
            match end {
                End::Done | End::LastOne => queues.acknowledge(&job),
                End::Failed | End::Lost => queues.give_back(job, self.surroundings.time.now()),
            }
            if matches!(end, End::Done | End::Failed) {
                worker = Some(hand);
            }
        }
    }

    fn spawn(&self) -> Worker {
        let number = self.surroundings.spawned.fetch_add(1, Ordering::Relaxed);
        let seed = self.setup.seed.wrapping_add(number.wrapping_mul(0x9E37_79B9));
        let mut worker = Worker::spawn(&Setup { seed, ..self.setup.clone() });
        match worker.hear() {
            Some(Said::Ready) => worker,
            other => panic!("the worker did not begin but said {other:?}"),
        }
    }

    fn run(&self, worker: &mut Worker, job: &Job) -> End {
        worker.tell(&serde_json::to_string(job).expect("it is plain data"));
        let mut place = (Step::Taken, None);
        loop {
            let Some(said) = worker.hear() else {
                self.surroundings.reaper.found_dead();
                return End::Lost;
            };
            let Some((step, token)) = self.listen(said, &mut place) else { continue };
            let Ok(step) = step else { return token.map_or(End::Done, |_| End::Failed) };
            match self.surroundings.reaper.decide(self.setup.lane, step) {
                None => worker.tell("go"),
                Some(Blow::Freeze(span)) => {
                    self.freeze(span);
                    worker.tell("go");
                }
                Some(Blow::Kill(kill)) => return self.kill(worker, kill, place),
            }
        }
    }

    /// Takes note of what a worker says: `Ok` is a step at which it waits, `Err` the end of the job, with the failure if it failed.
    fn listen(&self, said: Said, place: &mut (Step, Option<String>)) -> Option<(Result<Step, ()>, Option<String>)> {
        let queues = &self.surroundings.queues;
        match said {
            Said::At { step, token } => {
                // What follows an answer is about the same bundle, until the next one is looked for.
                let kept = if matches!(step, Step::Publishing) { place.1.take() } else { None };
                *place = (step, token.or(kept));
                return Some((Ok(step), None));
            }
            Said::Done { failure } => return Some((Err(()), failure)),
            Said::Fact { topic, body } => {
                let topic = Topic::named(&topic).expect("a topic");
                queues.send(lane_of(topic), body);
            }
            Said::Due { body } => queues.send(Lane::Collect, body),
            Said::Buried { .. } => queues.bury(),
            Said::Ready => panic!("a worker begins once"),
        }
        None
    }

    /// Lets the worker stand where it is for so long.
    fn freeze(&self, span: TimeDelta) {
        let Surroundings { queues, time, .. } = &*self.surroundings;
        let until = time.now() + span;
        queues.freeze(until);
        while time.now() < until && !self.stop.load(Ordering::Relaxed) {
            thread::sleep(REST);
        }
        queues.thaw(until);
    }

    /// Kills the worker and takes note of what it had said until then.
    fn kill(&self, worker: &mut Worker, kill: Kill, mut place: (Step, Option<String>)) -> End {
        if let Kill::After(delay) = kill {
            worker.tell("go");
            thread::sleep(delay);
        }
        worker.kill();
        let (surroundings, mut done) = (&self.surroundings, None);
        while let Some(said) = worker.hear() {
            if let Some((Err(()), failure)) = self.listen(said, &mut place) {
                done = Some(failure.map_or(End::LastOne, |_| End::Lost));
            }
        }
        if let Some(end) = done {
            surroundings.reaper.was_too_late();
            return end;
        }
        let (step, token) = place;
        let state = token.and_then(|token| self.runtime.block_on(state_of_bundle(&surroundings.pool, &token)));
        surroundings.reaper.hit(self.setup.lane, step, state);
        End::Lost
    }
}

/// Who reads the facts of a topic.
pub fn lane_of(topic: Topic) -> Lane {
    match topic {
        Topic::CampaignRequested => Lane::Prepare,
        Topic::BundlePrepared => Lane::Deliver,
        Topic::BundleAccepted => Lane::Collect,
        other => panic!("{other:?} is no topic of sending"),
    }
}

/// The state of the bundle of the message with this link.
async fn state_of_bundle(pool: &MySqlPool, token: &str) -> Option<String> {
    let message = link_keys().read(token).ok()?;
    let state = sqlx::query_scalar(
        "SELECT b.state FROM messages m JOIN bundles b ON b.clinic_id = m.clinic_id AND b.id = m.bundle_id
         WHERE m.campaign_id = ? AND m.number = ?",
    );
    state.bind(message.campaign).bind(message.number).fetch_optional(pool).await.expect("the database answers")
}
