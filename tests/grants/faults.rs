//! A plan of faults for all wires together: so many, half of each kind, at statements drawn by a seed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aligo_simulator::random::Random;

use crate::wire::{Fate, Statement, Warden};

/// From one fault to the next there are at least so many statements,
const LEAST_GAP: usize = 15;
/// and so many more at most.
const MORE: usize = 25;

/// How often what became of which statement.
pub type Happened = BTreeMap<(&'static str, Fate), u32>;

/// The plan.
pub struct Faults(Mutex<Inner>);

struct Inner {
    random: Random,
    gap: usize,
    cuts: usize,
    swallows: usize,
    happened: Happened,
}

impl Faults {
    /// So many faults, the half of them cuts.
    pub fn plan(seed: u64, faults: u32) -> Self {
        let faults = usize::try_from(faults).expect("a small number");
        let cuts = faults / 2;
        let inner =
            Inner { random: Random::new(seed), gap: LEAST_GAP, cuts, swallows: faults - cuts, happened: Happened::default() };
        Self(Mutex::new(inner))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are still to come.
    pub fn left(&self) -> usize {
        let inner = self.inner();
        inner.cuts + inner.swallows
    }

    pub fn happened(&self) -> Happened {
        self.inner().happened.clone()
    }

    /// How often that became of a statement.
    pub fn count(&self, fate: Fate) -> u32 {
        self.inner().happened.iter().filter(|((_, other), _)| *other == fate).map(|(_, count)| count).sum()
    }
}

/// One worker's part of the plan.
pub struct Lane {
    faults: Arc<Faults>,
    spared: AtomicBool,
}

impl Lane {
    pub fn new(faults: &Arc<Faults>) -> Self {
        Self { faults: Arc::clone(faults), spared: AtomicBool::new(false) }
    }

    /// Whether nothing is to happen to this worker for now.
    pub fn spare(&self, spared: bool) {
        self.spared.store(spared, Ordering::SeqCst);
    }
}

impl Warden for Lane {
    fn decide(&self, statement: &Statement) -> Fate {
        if label(statement) == "setup" || self.spared.load(Ordering::SeqCst) {
            return Fate::Pass;
        }
        let mut inner = self.faults.inner();
        let (cuts, swallows) = (inner.cuts, inner.swallows);
        if cuts + swallows == 0 {
            return Fate::Pass;
        }
        inner.gap -= 1;
        if inner.gap > 0 {
            return Fate::Pass;
        }
        inner.gap = LEAST_GAP + inner.random.below(MORE);
        if inner.random.below(cuts + swallows) < cuts {
            inner.cuts -= 1;
            Fate::Cut
        } else {
            inner.swallows -= 1;
            Fate::Swallow
        }
    }

    fn happened(&self, statement: &Statement, fate: Fate) {
        *self.faults.inner().happened.entry((label(statement), fate)).or_default() += 1;
    }

    fn missed(&self, _: &Statement, _: Fate) {
        self.faults.inner().swallows += 1;
    }
}

/// What a statement is for. Connections are set up, and looked at before they are used, without faults: a fault there changes nothing.
fn label(statement: &Statement) -> &'static str {
    let text = statement.text.trim_start();
    if text.starts_with("SET ") || text == "ROLLBACK" {
        "setup"
    } else if statement.is_prepared_only {
        "prepare"
    } else if text == "BEGIN" || text == "ROLLBACK AND CHAIN" {
        "begin"
    } else if text.contains("INTO point_balances") {
        "balances"
    } else if text.contains("INTO point_entries") {
        "ledger"
    } else if text == "COMMIT" {
        "commit"
    } else {
        "other"
    }
}
