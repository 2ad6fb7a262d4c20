//! Leaving something alone that does not answer.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use chrono::{DateTime, Utc};

/// How long it is left alone after it failed, in milliseconds. Each try that fails too doubles that.
const REST: i64 = 1_000;
/// So often it is doubled at most.
const DOUBLINGS: u32 = 3;
/// It answers, as far as is known.
const CLOSED: i64 = i64::MIN;

/// After a failure nobody asks for a second; then one visitor tries, and the others wait for what came of it. While tries fail
/// the rest grows to two, four and eight seconds.
#[derive(Debug)]
pub struct Breaker {
    until: AtomicI64,
    /// Since it answered last.
    tries: AtomicU32,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { until: AtomicI64::new(CLOSED), tries: AtomicU32::new(0) }
    }
}

impl Breaker {
    /// Whether the visitor may ask now.
    pub fn lets_through(&self, now: DateTime<Utc>) -> bool {
        let until = self.until.load(Ordering::Relaxed);
        let now = now.timestamp_millis();
        // A clock that was set back must not leave it alone for longer.
        let rests = until > now && until <= now + rest(DOUBLINGS);
        if until == CLOSED || rests {
            return until == CLOSED;
        }
        let next = now + rest(self.tries.load(Ordering::Relaxed).saturating_add(1));
        let is_first = self.until.compare_exchange(until, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if is_first {
            self.tries.fetch_add(1, Ordering::Relaxed);
        }
        is_first
    }

    /// Notes what came of asking.
    pub fn note(&self, answered: bool, now: DateTime<Utc>) {
        if answered {
            self.tries.store(0, Ordering::Relaxed);
        }
        let until = if answered { CLOSED } else { now.timestamp_millis() + rest(self.tries.load(Ordering::Relaxed)) };
        self.until.store(until, Ordering::Relaxed);
    }
}

fn rest(tries: u32) -> i64 {
    REST << tries.min(DOUBLINGS)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(1_000_000_000_000 + milliseconds)
    }

    #[test]
    fn after_a_failure_nobody_asks_for_a_second_and_then_one() {
        let breaker = Breaker::default();
        assert!(breaker.lets_through(at(0)) && breaker.lets_through(at(0)));
        breaker.note(false, at(0));
        // Another visitor of the same moment had asked too.
        breaker.note(false, at(0));
        assert!(!breaker.lets_through(at(0)) && !breaker.lets_through(at(999)));
        assert!(breaker.lets_through(at(1_000)));
        assert!(!breaker.lets_through(at(1_000)) && !breaker.lets_through(at(2_999)));
        // Whoever tried last never came back, as when a process was frozen: the next one tries.
        assert!(breaker.lets_through(at(3_000)));
        breaker.note(true, at(3_010));
        assert!(breaker.lets_through(at(3_010)) && breaker.lets_through(at(3_010)));
    }

    #[test]
    fn while_tries_fail_they_become_rare_and_an_answer_ends_that() {
        let breaker = Breaker::default();
        let mut now = 0;
        breaker.note(false, at(now));
        for rest in [1_000, 2_000, 4_000, 8_000, 8_000, 8_000] {
            assert!(!breaker.lets_through(at(now + rest - 1)), "{rest}");
            now += rest;
            assert!(breaker.lets_through(at(now)), "{rest}");
            breaker.note(false, at(now));
        }
        breaker.note(true, at(now));
        breaker.note(false, at(now));
        assert!(!breaker.lets_through(at(now + 999)) && breaker.lets_through(at(now + 1_000)));
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_leave_it_alone_for_longer() {
        let breaker = Breaker::default();
        breaker.note(false, at(60_000));
        assert!(breaker.lets_through(at(0)));
    }
}
