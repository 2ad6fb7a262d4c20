//! A wire that stops a worker at a certain statement.

use std::sync::mpsc::Sender;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::hand::{Event, Hand};
use crate::wire::{Fate, Statement, Warden};

/// Where a worker is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trap {
    /// Behind the first statement that has this text,
    pub behind: &'static str,
    /// at the next one that has that text;
    pub at: &'static str,
    /// and how.
    pub fate: Fate,
}

/// The traps of a wire: one at a time.
#[derive(Default)]
pub struct Traps(Mutex<Option<Armed>>);

struct Armed {
    trap: Trap,
    is_near: bool,
    is_sprung: bool,
    sender: Sender<Event>,
}

impl Traps {
    fn armed(&self) -> MutexGuard<'_, Option<Armed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This worker, which does nothing at present, is stopped there.
    pub fn arm(&self, trap: Trap, hand: &Hand) {
        *self.armed() = Some(Armed { trap, is_near: trap.behind.is_empty(), is_sprung: false, sender: hand.sender.clone() });
    }

    /// Nobody is stopped any more.
    pub fn disarm(&self) {
        *self.armed() = None;
    }
}

impl Warden for Traps {
    fn decide(&self, statement: &Statement) -> Fate {
        let mut armed = self.armed();
        let Some(armed) = armed.as_mut().filter(|armed| !armed.is_sprung && !statement.is_prepared_only) else {
            return Fate::Pass;
        };
        if !armed.is_near {
            armed.is_near = statement.text.contains(armed.trap.behind);
            return Fate::Pass;
        }
        armed.is_sprung = statement.text.contains(armed.trap.at);
        if armed.is_sprung { armed.trap.fate } else { Fate::Pass }
    }

    fn happened(&self, _: &Statement, _: Fate) {
        if let Some(armed) = &*self.armed() {
            armed.sender.send(Event::Trapped).expect("the test listens");
        }
    }

    fn missed(&self, statement: &Statement, fate: Fate) {
        panic!("the server gives no answer to {statement:?}, so there is no {fate:?}");
    }
}
