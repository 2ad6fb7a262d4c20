//! relay-outbox and grant-points while others die, who die themselves now and then.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use aligo_simulator::random::Random;
use chrono::{NaiveDateTime, TimeDelta};
use shared::clock::{Clock, SystemClock};
use shared::model::id::OutboxId;
use sqlx::mysql::MySqlPool;

use crate::hand::{Event, Hand};
use crate::lanes::{REST, finish};
use crate::lines::{Role, Said, Step};
use crate::queue::{Letter, Queue, event};
use crate::traps::{Trap, Traps};
use crate::wire::{Fate, Wire};
use crate::world::DATABASE;

/// From one run of the relay to the next. In truth it is a minute, which says nothing of how it works.
const ROUND: Duration = Duration::from_millis(200);
/// How often the outbox is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A worker with a wire that can stop it.
pub struct Post {
    role: Role,
    traps: Arc<Traps>,
    database: String,
    queue: Arc<Queue>,
    random: Random,
    hand: Option<Hand>,
    /// How often it has died.
    deaths: Arc<AtomicU32>,
}

impl Post {
    pub fn new(role: Role, server: &str, queue: &Arc<Queue>, seed: u64) -> Self {
        let traps = Arc::new(Traps::default());
        let database = Wire::lay(server, &traps).database(DATABASE);
        let (queue, random) = (Arc::clone(queue), Random::new(seed));
        Self { role, traps, database, queue, random, hand: None, deaths: Arc::default() }
    }

    pub fn deaths(&self) -> Arc<AtomicU32> {
        Arc::clone(&self.deaths)
    }

    fn hand(&mut self) -> Hand {
        self.hand.take().unwrap_or_else(|| Hand::spawn(self.role, &self.database))
    }

    fn kill(&self, hand: Hand) {
        for said in hand.kill() {
            if let Said::Fact(body) = said {
                self.queue.put(&body);
            }
        }
        self.traps.disarm();
        self.deaths.fetch_add(1, Ordering::Relaxed);
    }

    /// Hands facts on, again and again. One run of two dies when it had something to hand on: when that is published, when it is
    /// about to delete it, or when the deletion is committed and the relay does not know; not more than two one after the other.
    pub fn relay(mut self, stop: &AtomicBool) {
        // Whoever waits for the relay waits for one that works at all: after two runs that died one comes to its end.
        let mut died = 0;
        while !stop.load(Ordering::Relaxed) {
            let mut hand = self.hand();
            let (mut stands, is_to_die) = (false, self.random.fraction() < 0.5 && died < 2);
            if is_to_die {
                let at_deletion = Trap { behind: "", at: "DELETE FROM outbox", fate: Fate::HoldStatement };
                let committed = Trap { behind: "DELETE FROM outbox", at: "COMMIT", fate: Fate::HoldAnswer };
                match self.random.below(3) {
                    0 => stands = true,
                    1 => self.traps.arm(at_deletion, &hand),
                    _ => self.traps.arm(committed, &hand),
                }
            }
            hand.tell("run");
            let has_died = loop {
                match hand.next() {
                    Event::Trapped => break true,
                    event if stands && event.is_at(Step::Published) => break true,
                    Event::Said(Said::At(_)) => hand.tell("go"),
                    Event::Said(Said::Fact(body)) => self.queue.put(&body),
                    Event::Said(Said::Relayed(relayed)) => {
                        assert!(relayed.is_some(), "the relay hands on everything");
                        break false;
                    }
                    other => panic!("a relay does not say {other:?}"),
                }
            };
            if has_died {
                died += 1;
                self.kill(hand);
            } else {
                died = 0;
                self.traps.disarm();
                self.hand = Some(hand);
            }
            thread::sleep(ROUND);
        }
    }

    /// Grants what is in the queue. So many times it dies with the grants committed and their messages in the queue: when the answer to
    /// its COMMIT is under way, or when the function has returned.
    pub fn grant(mut self, deaths: u32, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let letters = self.queue.receive(1 + self.random.below(3));
            if letters.is_empty() {
                thread::sleep(REST);
                continue;
            }
            let mut hand = self.hand();
            let died = self.deaths.load(Ordering::Relaxed);
            let is_to_die = died < deaths && !letters.iter().any(Letter::is_worn) && self.random.fraction() < 0.5;
            let knows = died.is_multiple_of(2);
            if is_to_die && !knows {
                let committed = Trap { behind: "INTO point_entries", at: "COMMIT", fate: Fate::HoldAnswer };
                self.traps.arm(committed, &hand);
            }
            hand.tell(&serde_json::to_string(&event(&letters)).expect("it is plain data"));
            if is_to_die {
                match hand.next() {
                    Event::Trapped if !knows => {}
                    event if knows && event.is_at(Step::Returned) => {}
                    other => panic!("it does not come to that boundary: {other:?}"),
                }
                self.kill(hand);
                self.queue.settle(letters, |_| false);
                continue;
            }
            let failed = finish(&mut hand, &self.queue).expect("nothing is in its way");
            self.queue.settle(letters, |letter| !failed.contains(&letter.id()));
            self.hand = Some(hand);
        }
    }
}

/// Looks at the outbox until told to stop; answers how long each fact was in it that was seen there.
pub async fn watch(pool: MySqlPool, stop: Arc<AtomicBool>) -> BTreeMap<OutboxId, TimeDelta> {
    let mut ages = BTreeMap::new();
    let mut is_last = false;
    while !is_last {
        // One look more than there has to be.
        is_last = stop.load(Ordering::Relaxed);
        let lines: Vec<(OutboxId, NaiveDateTime)> =
            sqlx::query_as("SELECT id, created_at FROM outbox").fetch_all(&pool).await.expect("the database answers");
        let now = SystemClock.now();
        ages.extend(lines.into_iter().map(|(id, created_at)| (id, now - created_at.and_utc())));
        tokio::time::sleep(LOOK).await;
    }
    ages
}
