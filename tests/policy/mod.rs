//! What the template must hold, as rules over its parsed text.
//!
//! The rules are pure functions of a [`Project`], so that a test can spoil a project in memory and see the rule object.

mod access;
mod alarms;
mod api;
pub mod controls;
mod functions;
mod project;
mod queues;
mod storage;

use std::fmt;

pub use project::{Example, Project};

/// One thing that the template must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A folder under `functions/` is a function, a function has a folder, and its logical id derives from it.
    FunctionFolder,
    /// A folder under `events/` belongs to a function.
    EventFolder,
    /// Functions run the prebuilt `bootstrap` on provided.al2023, on the architecture of the parameter.
    Runtime,
    /// Release binaries unwind: an aborting one takes the report of its panic with it.
    Unwind,
    /// A function writes to its own log group, and every log group forgets.
    LogRetention,
    /// A function has a role of its own, and SAM adds nothing to it.
    OwnRole,
    /// No grant has a wildcard, where the service takes anything narrower.
    LeastPrivilege,
    /// A function is granted nothing that its configuration does not name.
    UnusedGrant,
    /// What the configuration of a function names, its role lets it use.
    MissingGrant,
    /// Signing in by token and network interfaces are granted only where they are used.
    ConditionalAccess,
    /// A variable that holds a topic is named after it.
    TopicVariable,
    /// The functions of an API answer before API Gateway gives up (29 s).
    HttpTimeout,
    /// A consumer's queue hands over to a dead-letter queue that keeps messages for 14 days.
    DeadLetterQueue,
    /// A message is tried five times.
    ReceiveCount,
    /// The dead-letter queue has an alarm on the number of messages in it.
    DeadLetterAlarm,
    /// The consumer's queue has an alarm on the age of its oldest message.
    DelayAlarm,
    /// A consumer answers for each record alone.
    PartialResponses,
    /// A message is invisible for six function timeouts and the batching window.
    Visibility,
    /// Files are parsed one at a time.
    FileBatch,
    /// `MaximumConcurrency` bounds a consumer.
    MaximumConcurrency,
    /// Reserved concurrency does not.
    ReservedConsumer,
    /// Whatever is not a consumer has reserved concurrency, so that the sum below means something.
    Unbounded,
    /// All functions with a way into the database together stay within its connections.
    ConcurrencyBudget,
    /// A subscription delivers raw messages and hands over what it cannot deliver.
    Subscription,
    /// A queue takes messages only from the topic or bucket that feeds it.
    QueuePolicy,
    /// A schedule has a retry policy, and its function an alarm on errors.
    Schedule,
    /// An alarm tells somebody, and names a runbook that exists.
    Runbook,
    /// A runbook belongs to an alarm.
    OrphanRunbook,
    /// Every route but the redirect, the documents, the pages and what comes before an account needs a token.
    Authorizer,
    /// Every route has an example request, and every example request a route.
    ExampleRequest,
    /// Whoever shows documents to anybody may reach nothing else.
    PublicDocuments,
    /// Whoever shows pages may ask the API and reach nothing else, and few know the key by which it says for whom it asks.
    Pages,
    /// The stage is throttled, a public route on its own, and a throttled route exists.
    Throttling,
    /// Access is logged, without personal data.
    AccessLog,
    /// Errors of the gateway itself are problem documents.
    GatewayResponse,
    /// Pictures reach browsers as pictures.
    BinaryMedia,
    /// Topics and queues are encrypted.
    Encryption,
    /// The bucket is private, encrypted, TLS-only and forgets.
    Bucket,
    /// What cannot be made again survives the stack.
    Retained,
    /// The user pool does not tell who has an account.
    UserPool,
}

impl Rule {
    /// All rules, for the test that each has a negative control.
    pub const ALL: [Self; 40] = [
        Self::FunctionFolder,
        Self::EventFolder,
        Self::Runtime,
        Self::Unwind,
        Self::LogRetention,
        Self::OwnRole,
        Self::LeastPrivilege,
        Self::UnusedGrant,
        Self::MissingGrant,
        Self::ConditionalAccess,
        Self::TopicVariable,
        Self::HttpTimeout,
        Self::DeadLetterQueue,
        Self::ReceiveCount,
        Self::DeadLetterAlarm,
        Self::DelayAlarm,
        Self::PartialResponses,
        Self::Visibility,
        Self::FileBatch,
        Self::MaximumConcurrency,
        Self::ReservedConsumer,
        Self::Unbounded,
        Self::ConcurrencyBudget,
        Self::Subscription,
        Self::QueuePolicy,
        Self::Schedule,
        Self::Runbook,
        Self::OrphanRunbook,
        Self::Authorizer,
        Self::ExampleRequest,
        Self::PublicDocuments,
        Self::Pages,
        Self::Throttling,
        Self::AccessLog,
        Self::GatewayResponse,
        Self::BinaryMedia,
        Self::Encryption,
        Self::Bucket,
        Self::Retained,
        Self::UserPool,
    ];
}

/// A rule that is broken, and by what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The broken rule.
    pub rule: Rule,
    /// The resource, folder or file that breaks it.
    pub subject: String,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: {}: {}", self.rule, self.subject, self.reason)
    }
}

/// Collects violations.
#[derive(Default)]
struct Findings(Vec<Violation>);

impl Findings {
    /// Notes a violation unless `holds`.
    fn check(&mut self, holds: bool, rule: Rule, subject: &str, reason: &str) {
        if !holds {
            self.0.push(Violation { rule, subject: subject.to_owned(), reason: reason.to_owned() });
        }
    }
}

/// Everything that is wrong with the project, sorted.
pub fn violations(project: &Project) -> Vec<Violation> {
    let mut findings = Findings::default();
    for rules in [functions::check, access::check, queues::check, alarms::check, api::check, storage::check] {
        rules(project, &mut findings);
    }
    findings.0.sort();
    findings.0
}
