//! Decides who is killed where, and remembers what it hit.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aligo_simulator::random::Random;
use chrono::TimeDelta;

use crate::wire::{Lane, Step};

/// What happens to a worker that has just said where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blow {
    /// It stops for so long, by the simulated time, and then goes on as if nothing had been.
    Freeze(TimeDelta),
    /// It is killed.
    Kill(Kill),
}

/// When a worker is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kill {
    /// Right there.
    Here,
    /// So long after it was told to go on: inside of the statement, the commit, or the call that comes next.
    After(Duration),
}

/// How many are to be killed, and how likely it is at each step; and how many of those who deliver are to be frozen.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    pub kills: BTreeMap<Lane, (u32, f64)>,
    pub freezes: (u32, f64),
    pub freezes_at: Vec<Step>,
}

impl Plan {
    /// Only kills.
    pub fn kills<const LANES: usize>(kills: [(Lane, (u32, f64)); LANES]) -> Self {
        Self { kills: BTreeMap::from(kills), ..Self::default() }
    }
}

/// The one who kills.
pub struct Reaper(Mutex<Inner>);

struct Inner {
    random: Random,
    plan: Plan,
    tally: Tally,
}

/// What was hit.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Kills in the middle of a job, by function and the last step that it had come to.
    pub by_step: BTreeMap<(Lane, Step), u32>,
    /// Kills of a worker with a bundle in hand, by the state of the bundle that it left behind.
    pub by_bundle: BTreeMap<String, u32>,
    /// Kills that came after the job was done.
    pub too_late: u32,
    /// Workers that died by themselves: a defect.
    pub crashed: u32,
    /// Freezes of those who deliver, by the step at which they stood.
    pub frozen: BTreeMap<Step, u32>,
}

impl Tally {
    /// Kills in the middle of a job.
    pub fn kills(&self) -> u32 {
        self.by_step.values().sum()
    }
}

impl Reaper {
    pub fn new(seed: u64, plan: Plan) -> Self {
        Self(Mutex::new(Inner { random: Random::new(seed), plan, tally: Tally::default() }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happens to the worker that stands at this step.
    pub fn decide(&self, lane: Lane, step: Step) -> Option<Blow> {
        let mut inner = self.inner();
        // Who stops between the last look at the clock and the first byte of the call sends late. For less than a quarter of an
        // hour this is harmless: so long nothing counts as absent.
        let (left, chance) = inner.plan.freezes;
        let may_freeze = lane == Lane::Deliver && inner.plan.freezes_at.contains(&step);
        if may_freeze && left > 0 && inner.random.fraction() < chance {
            inner.plan.freezes.0 -= 1;
            *inner.tally.frozen.entry(step).or_default() += 1;
            let is_long = step == Step::Calling || inner.random.fraction() < 0.5;
            return Some(Blow::Freeze(TimeDelta::minutes(if is_long { 11 } else { 1 })));
        }
        inner.kill(lane, step).map(Blow::Kill)
    }

    /// A worker was killed after this step; `bundle` is the state that its bundle was left in.
    pub fn hit(&self, lane: Lane, step: Step, bundle: Option<String>) {
        let mut inner = self.inner();
        if let Some((left, _)) = inner.plan.kills.get_mut(&lane) {
            *left = left.saturating_sub(1);
        }
        *inner.tally.by_step.entry((lane, step)).or_default() += 1;
        if let Some(state) = bundle {
            *inner.tally.by_bundle.entry(state).or_default() += 1;
        }
    }

    pub fn was_too_late(&self) {
        self.inner().tally.too_late += 1;
    }

    pub fn found_dead(&self) {
        self.inner().tally.crashed += 1;
    }

    /// How many are still to be killed.
    pub fn left(&self) -> u32 {
        self.inner().plan.kills.values().map(|(left, _)| left).sum()
    }

    /// Whoever is still to be killed is one of those who see to the end, and soon.
    pub fn hurry(&self) {
        let mut inner = self.inner();
        let left: u32 = inner.plan.kills.values().map(|(left, _)| left).sum();
        let half = left.div_ceil(2);
        inner.plan.kills = BTreeMap::from([(Lane::Schedule, (half, 0.4)), (Lane::Collect, (half, 0.4))]);
    }

    pub fn tally(&self) -> Tally {
        self.inner().tally.clone()
    }
}

impl Inner {
    fn kill(&mut self, lane: Lane, step: Step) -> Option<Kill> {
        let (left, chance) = self.plan.kills.get(&lane).copied().unwrap_or_default();
        // Many wake-ups find nothing to do: killing those shows little.
        let chance = if (lane, step) == (Lane::Deliver, Step::Taken) { chance / 4.0 } else { chance };
        if left == 0 || self.random.fraction() >= chance {
            return None;
        }
        if self.random.fraction() < 0.3 {
            return Some(Kill::Here);
        }
        // A call and its latency take longer than a statement.
        let most = match (lane, step) {
            (_, Step::Calling) => 40.0,
            (Lane::Prepare, Step::Taken) => 150.0,
            (Lane::Schedule, _) => 20.0,
            _ => 8.0,
        };
        Some(Kill::After(Duration::from_secs_f64(self.random.fraction() * most / 1000.0)))
    }
}
