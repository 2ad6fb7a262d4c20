//! People who join one after the other, each by the code of the one before, while the process that signs them up dies.

use std::sync::Arc;

use serde_json::Value;
use shared::model::state::PointReason;
use shared::model::{ClinicId, UserId};

use crate::book::{Book, Owed};
use crate::hand::{Event, Hand};
use crate::lines::{Request, Role, Said, Step};
use crate::queue::Queue;
use crate::traps::{Trap, Traps};
use crate::wire::{Fate, Wire};
use crate::world::DATABASE;

/// What a new clinic pays for joining, and for inviting.
const POINTS: u32 = 1_000;

/// The last thing that was done when the process died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Boundary {
    /// The facts are in the outbox, and nothing is committed.
    OutboxInserted,
    /// All is committed, and nothing published.
    Committed,
    /// The facts are published, and still in the outbox.
    Published,
    /// Facts are deleted from the outbox, and nobody is answered.
    Marked,
}

/// How a process is met at its boundary.
enum Meeting {
    Trapped(Trap),
    Standing(Step),
    /// Its answer is ready, and nobody gets it.
    Answering,
}

impl Boundary {
    pub const ALL: [Self; 4] = [Self::OutboxInserted, Self::Committed, Self::Published, Self::Marked];

    /// Every boundary has two sides: what the server did and the process does not know, and what the process knows and does not tell.
    fn meeting(self, is_known: bool) -> Meeting {
        let trap = |behind, at, fate| Meeting::Trapped(Trap { behind, at, fate });
        match (self, is_known) {
            (Self::OutboxInserted, false) => trap("", "INTO outbox", Fate::HoldAnswer),
            (Self::OutboxInserted, true) => trap("INTO outbox", "COMMIT", Fate::HoldStatement),
            (Self::Committed, false) => trap("INTO outbox", "COMMIT", Fate::HoldAnswer),
            (Self::Committed, true) => Meeting::Standing(Step::Publishing),
            (Self::Published, false) => Meeting::Standing(Step::Published),
            (Self::Published, true) => trap("", "DELETE FROM outbox", Fate::HoldStatement),
            (Self::Marked, false) => trap("", "DELETE FROM outbox", Fate::HoldAnswer),
            (Self::Marked, true) => Meeting::Answering,
        }
    }
}

/// A chain of people.
pub struct Driver {
    clinic: ClinicId,
    traps: Arc<Traps>,
    database: String,
    queue: Arc<Queue>,
    hand: Option<Hand>,
    /// What makes these people others than those of other chains.
    chain: usize,
    people: u32,
    /// Whose code comes next, and the code.
    last: (Option<UserId>, String),
    /// What is owed to them.
    pub book: Book,
}

impl Driver {
    /// The first one joins by the clinic's own code.
    pub fn new(server: &str, chain: usize, (clinic, code): (ClinicId, String), queue: &Arc<Queue>) -> Self {
        let traps = Arc::new(Traps::default());
        let database = Wire::lay(server, &traps).database(DATABASE);
        let queue = Arc::clone(queue);
        let mut driver =
            Self { clinic, traps, database, queue, hand: None, chain, people: 0, last: (None, code), book: Book::new() };
        let request = driver.request();
        driver.join(&request, 201);
        driver
    }

    /// Somebody joins, and the process dies at that boundary; they ask again.
    pub fn crash(&mut self, boundary: Boundary, is_known: bool) {
        let request = self.request();
        self.meet(&request, &boundary.meeting(is_known));
        let hand = self.hand.take().expect("it is there");
        for said in hand.kill() {
            if let Said::Fact(body) = said {
                self.queue.put(&body);
            }
        }
        self.traps.disarm();
        // What is not committed is as if it had not been; what is committed is told again.
        self.join(&request, if boundary == Boundary::OutboxInserted { 201 } else { 200 });
    }

    /// Sends a request, and goes on until the process is where it is to die.
    fn meet(&mut self, request: &Request, meeting: &Meeting) {
        let mut hand = self.hand.take().unwrap_or_else(|| self.spawn());
        if let Meeting::Trapped(trap) = meeting {
            self.traps.arm(*trap, &hand);
        }
        hand.tell(&serde_json::to_string(request).expect("it is plain data"));
        loop {
            match (hand.next(), meeting) {
                (Event::Trapped, Meeting::Trapped(_)) | (Event::Said(Said::Answered(201, _)), Meeting::Answering) => break,
                (event, Meeting::Standing(step)) if event.is_at(*step) => break,
                (Event::Said(Said::At(_)), _) => hand.tell("go"),
                (Event::Said(Said::Fact(body)), _) => self.queue.put(&body),
                (other, _) => panic!("it does not come to that boundary: {other:?}"),
            }
        }
        self.hand = Some(hand);
    }

    /// Joins, whatever has been before, and writes down what is owed.
    fn join(&mut self, request: &Request, status: u16) {
        let mut hand = self.hand.take().unwrap_or_else(|| self.spawn());
        hand.tell(&serde_json::to_string(request).expect("it is plain data"));
        let answer = loop {
            match hand.said() {
                Said::Fact(body) => self.queue.put(&body),
                Said::Answered(answered, answer) => {
                    assert_eq!(answered, status, "{answer}");
                    break answer;
                }
                other => panic!("a sign-up does not say {other:?}"),
            }
        };
        self.hand = Some(hand);
        self.write_down(&answer);
    }

    fn write_down(&mut self, answer: &Value) {
        assert_eq!(answer["membership"], "confirmed", "{answer}");
        let text = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("{name}: {answer}"));
        let (user, code) = (text("userId").parse().expect("an id"), text("referralCode").to_owned());
        let owed = |user, reason| Owed { clinic: self.clinic, user, reason, amount: POINTS };
        if let Some(friend) = self.last.0 {
            self.book.insert(format!("invite:{user}"), owed(friend, PointReason::Invite));
        }
        self.book.insert(format!("join:{user}"), owed(user, PointReason::Join));
        self.last = (Some(user), code);
    }

    fn spawn(&self) -> Hand {
        Hand::spawn(Role::SignUp, &self.database)
    }

    /// Somebody new.
    fn request(&mut self) -> Request {
        self.people += 1;
        let (chain, number) = (self.chain, self.people);
        let subject = format!("person-{chain}-{number}");
        let (phone, email) = (format!("+8210{:04}{number:04}", 2_000 + chain), format!("{subject}@user.example"));
        Request { phone, email, subject, code: self.last.1.clone() }
    }
}
