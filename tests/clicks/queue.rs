//! A queue that outlives everybody, delivers at least once and in no order, and can be away in several ways.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aligo_simulator::random::Random;
use aws_lambda_events::sqs::SqsEvent;
use relay_outbox::ClickQueue;
use serde_json::json;
use shared::aws::queues::{NotSent, Refused};
use shared::batch::DeadLetters;
use shared::failure::Failure;
use shared::message::ClickReceived;
use track_click::{Clicks, QUEUE_PATIENCE};

/// How often a message is handed out until it goes to the dead-letter queue.
const MOST_RECEIVES: u32 = 5;
/// How long a message that was not acknowledged stays hidden.
const HIDDEN: Duration = Duration::from_millis(300);
/// Messages are handed out in any order within so many.
const DISORDER: usize = 200;

/// How it behaves towards those who send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Takes messages.
    Takes,
    /// Cannot be reached: says so at once.
    Refuses,
    /// Does not answer: whoever sends gives up after [`QUEUE_PATIENCE`].
    IsSilent,
    /// Takes messages, but the answer is lost.
    LosesAnswers,
}

/// A message.
#[derive(Debug, Clone)]
pub struct Letter {
    id: u64,
    /// As it was sent.
    pub body: String,
    receives: u32,
}

/// What happened to messages.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Taken.
    pub taken: u32,
    /// Handed out again.
    pub redelivered: u32,
    /// Given up, for then.
    pub dead: u32,
    /// Buried by their consumer.
    pub buried: u32,
}

/// The queue of record-clicks, with its dead-letter queue.
pub struct Queue(Mutex<Inner>);

struct Inner {
    random: Random,
    mode: Mode,
    copies: u32,
    waiting: VecDeque<Letter>,
    hidden: Vec<(Instant, Letter)>,
    in_flight: usize,
    dead: Vec<Letter>,
    tally: Tally,
    next: u64,
}

impl Queue {
    /// Every message is delivered so many times.
    pub fn new(seed: u64, copies: u32) -> Self {
        Self(Mutex::new(Inner {
            random: Random::new(seed),
            mode: Mode::Takes,
            copies,
            waiting: VecDeque::new(),
            hidden: Vec::new(),
            in_flight: 0,
            dead: Vec::new(),
            tally: Tally::default(),
            next: 0,
        }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Behaves so from now on.
    pub fn set(&self, mode: Mode) {
        self.inner().mode = mode;
    }

    /// Takes a message; the second and further copies come some time later.
    pub fn put(&self, body: &str) {
        let mut inner = self.inner();
        inner.tally.taken += 1;
        for copy in 0..inner.copies {
            inner.next += 1;
            let letter = Letter { id: inner.next, body: body.to_owned(), receives: 1 };
            if copy == 0 {
                inner.waiting.push_back(letter);
            } else {
                let delay = HIDDEN.mul_f64(3.0 * inner.random.fraction());
                inner.hidden.push((Instant::now() + delay, letter));
            }
        }
    }

    /// Hands out messages, at most so many; they are in flight from now on.
    pub fn receive(&self, most: usize) -> Vec<Letter> {
        let mut inner = self.inner();
        inner.uncover();
        let mut letters = Vec::new();
        while letters.len() < most && !inner.waiting.is_empty() {
            let within = inner.waiting.len().min(DISORDER);
            let place = inner.random.below(within);
            letters.extend(inner.waiting.swap_remove_front(place));
        }
        inner.in_flight += letters.len();
        letters
    }

    /// These are done, and those are not: they come again, or die.
    pub fn settle(&self, letters: Vec<Letter>, is_done: impl Fn(&Letter) -> bool) {
        let mut inner = self.inner();
        inner.in_flight -= letters.len();
        for letter in letters.into_iter().filter(|letter| !is_done(letter)) {
            let letter = Letter { receives: letter.receives + 1, ..letter };
            if letter.receives > MOST_RECEIVES {
                inner.tally.dead += 1;
                inner.dead.push(letter);
            } else {
                inner.tally.redelivered += 1;
                inner.hidden.push((Instant::now() + HIDDEN, letter));
            }
        }
    }

    /// Puts everything from the dead-letter queue back, as an operator does once the cause is gone.
    pub fn redrive(&self) {
        let mut inner = self.inner();
        let dead = std::mem::take(&mut inner.dead);
        inner.waiting.extend(dead.into_iter().map(|letter| Letter { receives: 1, ..letter }));
    }

    /// Loses one message that waits: what a queue must never do.
    pub fn lose_one(&self) -> Option<Letter> {
        self.inner().waiting.pop_front()
    }

    /// Whether nothing waits, is hidden or is in flight.
    pub fn is_empty(&self) -> bool {
        let inner = self.inner();
        inner.waiting.is_empty() && inner.hidden.is_empty() && inner.in_flight == 0 && inner.dead.is_empty()
    }

    /// How many messages are in it.
    pub fn size(&self) -> usize {
        let inner = self.inner();
        inner.waiting.len() + inner.hidden.len() + inner.in_flight + inner.dead.len()
    }

    pub fn tally(&self) -> Tally {
        self.inner().tally.clone()
    }

    /// Takes messages sent by one call, or does not, as it behaves now.
    pub async fn take(&self, bodies: &[String]) -> Result<(), NotSent> {
        let mode = self.inner().mode;
        if matches!(mode, Mode::Takes | Mode::LosesAnswers) {
            for body in bodies {
                self.put(body);
            }
        }
        match mode {
            Mode::Takes => Ok(()),
            Mode::Refuses => Err(NotSent("refused".to_owned())),
            Mode::IsSilent => {
                tokio::time::sleep(QUEUE_PATIENCE).await;
                Err(NotSent("no answer in time".to_owned()))
            }
            Mode::LosesAnswers => Err(NotSent("the answer was lost".to_owned())),
        }
    }
}

impl Inner {
    /// Lets those out that were hidden long enough.
    fn uncover(&mut self) {
        let now = Instant::now();
        let (due, hidden): (Vec<_>, Vec<_>) = std::mem::take(&mut self.hidden).into_iter().partition(|(at, _)| *at <= now);
        self.hidden = hidden;
        self.waiting.extend(due.into_iter().map(|(_, letter)| letter));
    }
}

/// The queue as others see it.
#[derive(Clone)]
pub struct Shared(pub Arc<Queue>);

impl Clicks for Shared {
    async fn hand_over(&self, click: &ClickReceived) -> Result<(), NotSent> {
        self.0.take(&[body(click)]).await
    }

    async fn hand_over_all(&self, clicks: &[ClickReceived]) -> Vec<usize> {
        match self.0.take(&clicks.iter().map(body).collect::<Vec<_>>()).await {
            Ok(()) => Vec::new(),
            Err(_) => (0..clicks.len()).collect(),
        }
    }
}

impl ClickQueue for Shared {
    async fn send_bodies(&self, bodies: &[String]) -> Result<Vec<Refused>, NotSent> {
        self.0.take(bodies).await.map(|()| Vec::new())
    }
}

fn body(click: &ClickReceived) -> String {
    serde_json::to_string(click).expect("messages are JSON")
}

impl DeadLetters for Shared {
    async fn bury(&self, _: &str, _: &str) -> Result<(), Failure> {
        self.0.inner().tally.buried += 1;
        Ok(())
    }
}

impl Letter {
    /// What names it in an event.
    pub fn id(&self) -> String {
        format!("m{}", self.id)
    }
}

/// Messages as the queue hands them to a function.
pub fn event(letters: &[Letter]) -> SqsEvent {
    let record = |letter: &Letter| {
        let attributes = json!({"ApproximateReceiveCount": letter.receives.to_string()});
        json!({"messageId": letter.id(), "body": letter.body, "attributes": attributes})
    };
    let records: Vec<_> = letters.iter().map(record).collect();
    serde_json::from_value(json!({ "Records": records })).expect("an event")
}
