//! What the test and a worker say to each other, line by line: the test by the worker's input, the worker by its output.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a worker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// grant-points. It hears events.
    Grant,
    /// grant-points as it must not be: with the balance in a transaction of its own.
    GrantApart,
    /// signup-with-referral. It hears requests.
    SignUp,
    /// relay-outbox. Whatever it hears, it runs once.
    Relay,
}

/// What a worker has to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Setup {
    pub role: Role,
    /// The address of its database.
    pub database: String,
}

/// Somebody joins.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    pub subject: String,
    /// Proven, E.164.
    pub phone: String,
    /// Proven.
    pub email: String,
    pub code: String,
}

/// Where a worker is, when it says so. It goes on only when told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// What it did is committed, and to be published.
    Publishing,
    /// It is published, but still in the outbox.
    Published,
    /// The function has returned, and SQS has not been told.
    Returned,
}

/// What a worker says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Said {
    /// It waits for something to do.
    Ready,
    /// Where it is.
    At(Step),
    /// A fact, which is published by this line.
    Fact(String),
    /// A message that can never succeed.
    Buried,
    /// Which messages are to come again; nothing when the invocation failed.
    Worked(Option<Vec<String>>),
    /// What somebody who joins is answered.
    Answered(u16, Value),
    /// How many facts were handed on; nothing when some stay.
    Relayed(Option<usize>),
}
