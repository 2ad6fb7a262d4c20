//! What the test and a worker say to each other, line by line: the test by the worker's input, the worker by its output.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Which functions a worker runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Lane {
    /// prepare-campaign.
    Prepare,
    /// deliver-bundle.
    Deliver,
    /// collect-results.
    Collect,
    /// What the schedule starts: reconcile and relay-outbox.
    Schedule,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Work {
    /// A message for the queue of the lane's function.
    Message(String),
    /// One run of reconcile.
    Reconcile,
    /// One run of relay-outbox.
    Relay,
}

/// Something to do, as it is handed out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Whose.
    pub lane: Lane,
    /// What.
    pub work: Work,
    /// How often it was handed out, this time included.
    pub receives: u32,
}

/// What a worker has to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Setup {
    /// What it runs.
    pub lane: Lane,
    /// Its database.
    pub database: String,
    /// Its store.
    pub redis: String,
    /// Where the provider is.
    pub provider: String,
    /// `apikey`.
    pub api_key: String,
    /// `userid`.
    pub user_id: String,
    /// How long it waits for the provider's answer to a call that sends.
    pub patience_ms: u64,
    /// What time it is.
    pub clock: PathBuf,
    /// For its ids, and for what goes wrong with its facts.
    pub seed: u64,
    /// How long an unknown bundle must not show in the provider's history, twice, until it counts as absent.
    pub absence_minutes: u32,
    /// Whether it takes a lost answer for a call that was not sent: the mistake that the checks must find.
    pub reposts: bool,
}

/// Where a worker is, when it says so. It goes on only when told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Step {
    /// It was handed a job.
    Taken,
    /// It is about to send; whatever belongs before that is committed.
    Calling,
    /// The provider's answer is there, but not stored.
    Answered,
    /// It is about to ask the provider.
    Asking,
    /// The provider has answered a question.
    Told,
    /// What it did is committed, and to be published.
    Publishing,
    /// It is published, but still in the outbox.
    Published,
    /// It is about to send to the queue of collect-results.
    Queueing,
}

/// What a worker says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Said {
    /// It waits for a job.
    Ready,
    /// Where it is.
    At {
        /// The step.
        step: Step,
        /// The link's token of one of the messages that it sends.
        token: Option<String>,
    },
    /// A fact for a topic.
    Fact {
        /// The topic's name.
        topic: String,
        /// The fact.
        body: String,
    },
    /// A message for the queue of collect-results.
    Due {
        /// The message.
        body: String,
    },
    /// A message that can never succeed.
    Buried {
        /// The message.
        body: String,
        /// Why.
        reason: String,
    },
    /// The job is done.
    Done {
        /// Why not, if not: then it is to be handed out again.
        failure: Option<String>,
    },
}
