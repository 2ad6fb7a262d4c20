//! A queue that delivers everything several times and in no order: what is not acknowledged comes again, and some of it comes while the
//! first who got it is still at work.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aligo_simulator::random::Random;
use aws_lambda_events::sqs::SqsEvent;
use serde_json::json;

/// How often a message is handed out until it goes to the dead-letter queue.
const MOST_RECEIVES: u32 = 5;
/// How long a message that was not acknowledged stays hidden.
const HIDDEN: Duration = Duration::from_millis(100);

/// A message.
#[derive(Debug, Clone)]
pub struct Letter {
    id: u64,
    /// As it was sent.
    pub body: String,
    /// How often it was handed out, this time included.
    pub receives: u32,
}

impl Letter {
    /// What names it in an event.
    pub fn id(&self) -> String {
        format!("m{}", self.id)
    }

    /// Whether another failure or two would make it a dead letter, and rightly so: a test that goes on failing has to stop here.
    pub const fn is_worn(&self) -> bool {
        self.receives + 1 >= MOST_RECEIVES
    }
}

/// What happened to messages.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Put in.
    pub sent: u32,
    /// Handed out, each time counted.
    pub delivered: u32,
    /// Not acknowledged, hence handed out again.
    pub redelivered: u32,
    /// Handed out while they were being worked on.
    pub twins: u32,
    /// Given up.
    pub dead: u32,
}

/// The queue of grant-points, with its dead-letter queue.
pub struct Queue(Mutex<Inner>);

struct Inner {
    random: Random,
    /// The share of batches that are handed out to somebody else at once.
    twins: f64,
    waiting: Vec<Letter>,
    hidden: Vec<(Instant, Letter)>,
    twin: Option<Vec<Letter>>,
    in_flight: usize,
    tally: Tally,
    next: u64,
}

impl Queue {
    /// An empty one.
    pub fn new(seed: u64, twins: f64) -> Self {
        Self(Mutex::new(Inner {
            random: Random::new(seed),
            twins,
            waiting: Vec::new(),
            hidden: Vec::new(),
            twin: None,
            in_flight: 0,
            tally: Tally::default(),
            next: 0,
        }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a message.
    pub fn put(&self, body: &str) {
        let mut inner = self.inner();
        inner.tally.sent += 1;
        let letter = inner.letter(body);
        inner.waiting.push(letter);
    }

    /// Hands out messages of any age, at most so many; they are in flight from now on.
    pub fn receive(&self, most: usize) -> Vec<Letter> {
        let mut inner = self.inner();
        inner.uncover();
        let letters = inner.twin.take().unwrap_or_else(|| inner.draw(most));
        inner.in_flight += letters.len();
        inner.tally.delivered += u32::try_from(letters.len()).expect("a small number");
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
            } else {
                inner.tally.redelivered += 1;
                inner.hidden.push((Instant::now() + HIDDEN, letter));
            }
        }
    }

    /// A message was buried by its function.
    pub fn bury(&self) {
        self.inner().tally.dead += 1;
    }

    /// Whether nothing waits, is hidden or is in flight.
    pub fn is_empty(&self) -> bool {
        self.size() == 0
    }

    /// How many messages are in it.
    pub fn size(&self) -> usize {
        let inner = self.inner();
        inner.waiting.len() + inner.hidden.len() + inner.in_flight + inner.twin.as_ref().map_or(0, Vec::len)
    }

    pub fn tally(&self) -> Tally {
        self.inner().tally.clone()
    }
}

impl Inner {
    fn letter(&mut self, body: &str) -> Letter {
        self.next += 1;
        Letter { id: self.next, body: body.to_owned(), receives: 1 }
    }

    /// Lets those out that were hidden long enough.
    fn uncover(&mut self) {
        let now = Instant::now();
        let (due, hidden): (Vec<_>, Vec<_>) = std::mem::take(&mut self.hidden).into_iter().partition(|(at, _)| *at <= now);
        self.hidden = hidden;
        self.waiting.extend(due.into_iter().map(|(_, letter)| letter));
    }

    fn draw(&mut self, most: usize) -> Vec<Letter> {
        let mut letters = Vec::new();
        while letters.len() < most && !self.waiting.is_empty() {
            let place = self.random.below(self.waiting.len());
            letters.push(self.waiting.swap_remove(place));
        }
        if !letters.is_empty() && self.random.fraction() < self.twins {
            let bodies: Vec<_> = letters.iter().map(|letter| letter.body.clone()).collect();
            self.twin = Some(bodies.iter().map(|body| self.letter(body)).collect());
            self.tally.twins += u32::try_from(bodies.len()).expect("a small number");
        }
        letters
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
