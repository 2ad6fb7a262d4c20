//! Queues that deliver at least once: what is not acknowledged comes again, and some of it comes twice for no reason.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aligo_simulator::random::Random;
use chrono::{DateTime, TimeDelta, Utc};

use crate::wire::{Job, Lane, Work};

/// How often a message is handed out until it goes to the dead-letter queue.
const MOST_RECEIVES: u32 = 5;
/// How long a message that was not acknowledged stays hidden, unless it comes back at once.
const HIDDEN: TimeDelta = TimeDelta::minutes(6);

/// The queues of all lanes.
pub struct Queues(Mutex<Inner>);

struct Inner {
    random: Random,
    waiting: BTreeMap<Lane, VecDeque<Job>>,
    hidden: Vec<(DateTime<Utc>, Job)>,
    in_flight: BTreeMap<Lane, u32>,
    frozen: Vec<DateTime<Utc>>,
    tally: Tally,
}

/// What happened to messages.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Put in by those who send.
    pub sent: u32,
    /// Put in twice.
    pub doubled: u32,
    /// Handed out again.
    pub redelivered: u32,
    /// Given up: handed out too often, or buried.
    pub dead: u32,
}

impl Queues {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(Inner {
            random: Random::new(seed),
            waiting: BTreeMap::new(),
            hidden: Vec::new(),
            in_flight: BTreeMap::new(),
            frozen: Vec::new(),
            tally: Tally::default(),
        }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A message for the function of a lane; one of ten is there twice.
    pub fn send(&self, lane: Lane, body: String) {
        let mut inner = self.inner();
        inner.tally.sent += 1;
        let job = Job { lane, work: Work::Message(body), receives: 1 };
        if inner.random.fraction() < 0.1 {
            inner.tally.doubled += 1;
            inner.waiting.entry(lane).or_default().push_back(job.clone());
        }
        inner.waiting.entry(lane).or_default().push_back(job);
    }

    /// A run by schedule, unless the last one of its kind has not been begun.
    pub fn schedule(&self, work: &Work) {
        let waiting = &mut self.inner().waiting;
        let waiting = waiting.entry(Lane::Schedule).or_default();
        if waiting.iter().all(|job| job.work != *work) {
            waiting.push_back(Job { lane: Lane::Schedule, work: work.clone(), receives: 1 });
        }
    }

    /// Something to do for a lane; it is in flight from now on.
    pub fn take(&self, lane: Lane) -> Option<Job> {
        let mut inner = self.inner();
        let job = inner.waiting.get_mut(&lane)?.pop_front()?;
        *inner.in_flight.entry(lane).or_default() += 1;
        Some(job)
    }

    /// It is done, and does not come again.
    pub fn acknowledge(&self, job: &Job) {
        self.landed(job.lane);
    }

    /// It is not done: half of such messages come at once, as if the one who had them were slow, the others once they are no
    /// longer hidden.
    pub fn give_back(&self, job: Job, now: DateTime<Utc>) {
        if matches!(job.work, Work::Message(_)) {
            let mut inner = self.inner();
            let job = Job { receives: job.receives + 1, ..job };
            if job.receives > MOST_RECEIVES {
                inner.tally.dead += 1;
            } else if inner.random.fraction() < 0.5 {
                inner.tally.redelivered += 1;
                inner.waiting.entry(job.lane).or_default().push_front(job.clone());
            } else {
                inner.tally.redelivered += 1;
                inner.hidden.push((now + HIDDEN, job.clone()));
            }
        }
        self.landed(job.lane);
    }

    /// A message was buried by its function.
    pub fn bury(&self) {
        self.inner().tally.dead += 1;
    }

    fn landed(&self, lane: Lane) {
        *self.inner().in_flight.entry(lane).or_default() -= 1;
    }

    /// Lets those out that were hidden long enough.
    pub fn uncover(&self, now: DateTime<Utc>) {
        let mut inner = self.inner();
        let (due, hidden) = std::mem::take(&mut inner.hidden).into_iter().partition(|(at, _)| *at <= now);
        inner.hidden = hidden;
        let due: Vec<(DateTime<Utc>, Job)> = due;
        for (_, job) in due {
            inner.waiting.entry(job.lane).or_default().push_back(job);
        }
    }

    /// Whether nothing is to be done and nothing is being done; what is hidden does not count, and who is frozen neither.
    pub fn is_idle(&self, now: DateTime<Utc>) -> bool {
        let inner = self.inner();
        let frozen = inner.frozen.iter().filter(|until| **until > now).count();
        let in_flight: u32 = inner.in_flight.values().sum();
        inner.waiting.values().all(VecDeque::is_empty) && usize::try_from(in_flight) == Ok(frozen)
    }

    /// Whether somebody has something in hand and does not move.
    pub fn is_anybody_frozen(&self) -> bool {
        !self.inner().frozen.is_empty()
    }

    /// Somebody who has a job in hand stops until then, as a function does when nothing calls it.
    pub fn freeze(&self, until: DateTime<Utc>) {
        self.inner().frozen.push(until);
    }

    /// And goes on.
    pub fn thaw(&self, until: DateTime<Utc>) {
        let frozen = &mut self.inner().frozen;
        if let Some(place) = frozen.iter().position(|other| *other == until) {
            frozen.swap_remove(place);
        }
    }

    /// When the next hidden message comes out.
    pub fn next_uncovered(&self) -> Option<DateTime<Utc>> {
        self.inner().hidden.iter().map(|(at, _)| *at).min()
    }

    pub fn tally(&self) -> Tally {
        self.inner().tally.clone()
    }
}
