//! Workers of grant-points, each watched by a thread that hands it messages, and kills it when it is its turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use aligo_simulator::random::Random;

use crate::faults;
use crate::hand::Hand;
use crate::lines::{Role, Said, Step};
use crate::queue::{Letter, Queue, event};
use crate::wire::Wire;
use crate::world::DATABASE;

/// The largest batch that SQS hands over without waiting for it.
pub const MOST: usize = 10;
/// How long a watcher without messages rests.
pub const REST: Duration = Duration::from_millis(2);
/// A worker that is to die does so within so many seconds after it got its messages.
const SOON: f64 = 0.008;

/// Threads that work until they are told to stop.
#[derive(Default)]
pub struct Threads {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Threads {
    /// One more.
    pub fn add(&mut self, work: impl FnOnce(&AtomicBool) + Send + 'static) {
        let stop = Arc::clone(&self.stop);
        self.threads.push(thread::spawn(move || work(&stop)));
    }

    /// Fails with whoever has failed.
    pub fn look_after(&mut self) {
        if self.threads.iter().any(JoinHandle::is_finished) {
            self.dismiss();
            panic!("nobody stops before being told to");
        }
    }

    /// Waits until all have ended.
    pub fn dismiss(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().expect("nobody panics");
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// How workers die, for all of them together.
#[derive(Debug, Default)]
pub struct Kills {
    /// How many are still to come.
    pub left: AtomicU32,
    /// When the function was at work.
    pub amid: AtomicU32,
    /// When the function had returned, and before SQS was told.
    pub returned: AtomicU32,
}

/// Whoever hands a worker its messages.
pub struct Lane {
    pub role: Role,
    pub queue: Arc<Queue>,
    pub wire: Wire,
    pub faults: Arc<faults::Lane>,
    pub random: Random,
    pub kills: Arc<Kills>,
}

impl Lane {
    /// Works until it is told to stop.
    pub fn work(mut self, stop: &AtomicBool) {
        let mut worker = None;
        while !stop.load(Ordering::Relaxed) {
            let letters = self.queue.receive(1 + self.random.below(MOST));
            if letters.is_empty() {
                thread::sleep(REST);
                continue;
            }
            let mut hand = worker.take().unwrap_or_else(|| Hand::spawn(self.role, &self.wire.database(DATABASE)));
            let is_spared = letters.iter().any(Letter::is_worn);
            self.faults.spare(is_spared);
            hand.tell(&serde_json::to_string(&event(&letters)).expect("it is plain data"));
            if !is_spared && self.is_to_die() {
                self.kill(hand);
                self.queue.settle(letters, |_| false);
                continue;
            }
            let failed = finish(&mut hand, &self.queue);
            self.queue.settle(letters, |letter| failed.as_ref().is_some_and(|failed| !failed.contains(&letter.id())));
            worker = Some(hand);
        }
    }

    fn is_to_die(&mut self) -> bool {
        let one_less = |left: u32| left.checked_sub(1);
        self.random.fraction() < 0.06 && self.kills.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
    }

    fn kill(&mut self, hand: Hand) {
        let mut has_returned = self.random.fraction() < 0.3;
        if has_returned {
            assert!(hand.next().is_at(Step::Returned), "the function returns");
        } else {
            // Soon, as most are quick.
            thread::sleep(Duration::from_secs_f64(self.random.fraction() * self.random.fraction() * SOON));
        }
        for said in hand.kill() {
            match said {
                Said::Buried => self.queue.bury(),
                Said::At(Step::Returned) => has_returned = true,
                _ => {}
            }
        }
        let count = if has_returned { &self.kills.returned } else { &self.kills.amid };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Lets a worker finish, and answers what is to come again; nothing when it is all.
pub fn finish(hand: &mut Hand, queue: &Queue) -> Option<Vec<String>> {
    loop {
        match hand.said() {
            Said::Worked(failed) => return failed,
            Said::Buried => queue.bury(),
            other => panic!("a worker of grant-points does not say {other:?}"),
        }
    }
}
