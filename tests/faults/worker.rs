//! A worker: the functions in a process of its own, which can be killed at any moment. It is this test program, started again.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aligo_simulator::random::Random;
use aws_lambda_events::sqs::SqsEvent;
use chrono::{NaiveDate, TimeDelta};
use serde_json::json;
use shared::aws::topics::{Outgoing, Publisher};
use shared::batch::DeadLetters;
use shared::clock::Ambient;
use shared::db::{self, Database};
use shared::failure::Failure;
use shared::message::ResultsAwaited;
use shared::model::approval::Described;
use shared::model::id::OutboxId;
use shared::model::link::LinkKeys;
use shared::provider::{
    Aligo, Call, ChangeOutcome, Listing, NoAnswer, Provider, Report, SendOutcome, TakenCall, TemplateChange,
};
use shared::store::Store;
use shared::testing::sending::provider;
use sqlx::mysql::MySqlConnectOptions;

use crate::clock::FileClock;
use crate::wire::{Job, Lane, Said, Setup, Step, Work};

/// So many that nobody waits for a place.
const CALLS_PER_SECOND: u32 = 5_000;

/// The keys of all links.
pub fn link_keys() -> LinkKeys {
    let secret = BTreeMap::from([("current".to_owned(), "1".to_owned()), ("1".to_owned(), "k".repeat(64))]);
    LinkKeys::new(&secret).expect("a key")
}

/// Tells the test something. One write, so a kill leaves a whole line or none.
fn say(said: &Said) {
    let line = format!("@{}\n", serde_json::to_string(said).expect("it is plain data"));
    let mut output = io::stdout().lock();
    output.write_all(line.as_bytes()).and_then(|()| output.flush()).expect("the test listens");
}

/// What the test says next; nothing once it is gone.
fn hear() -> Option<String> {
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line).expect("the test writes text");
    (read > 0).then_some(line)
}

/// Says where it is, and waits until it may go on. This blocks the thread: nothing else of the worker may go on meanwhile.
fn stand_at(step: Step, token: Option<String>) {
    say(&Said::At { step, token });
    hear().expect("whoever is to go on is told so");
}

/// The provider, with a word to the test before and after each call.
struct Watched {
    aligo: Aligo,
    reposts: bool,
}

impl Provider for Watched {
    async fn send(&self, call: &Call<'_>) -> SendOutcome {
        let token = call.recipients.first().map(|recipient| recipient.link.to_owned());
        stand_at(Step::Calling, token.clone());
        let outcome = self.aligo.send(call).await;
        stand_at(Step::Answered, token);
        match outcome {
            SendOutcome::Unknown { why } if self.reposts => SendOutcome::NotSent { why },
            outcome => outcome,
        }
    }

    async fn templates(&self, sender_key: &str) -> Result<Vec<Described>, NoAnswer> {
        self.aligo.templates(sender_key).await
    }

    async fn change_template(&self, sender_key: &str, change: &TemplateChange<'_>) -> ChangeOutcome {
        self.aligo.change_template(sender_key, change).await
    }

    async fn balance(&self) -> Result<u64, NoAnswer> {
        self.aligo.balance().await
    }

    async fn history(&self, days: RangeInclusive<NaiveDate>, page: u32) -> Result<Listing<TakenCall>, NoAnswer> {
        stand_at(Step::Asking, None);
        let answer = self.aligo.history(days, page).await;
        stand_at(Step::Told, None);
        answer
    }

    async fn detail(&self, provider_id: &str, page: u32) -> Result<Listing<Report>, NoAnswer> {
        stand_at(Step::Asking, None);
        let answer = self.aligo.detail(provider_id, page).await;
        stand_at(Step::Told, None);
        answer
    }
}

/// Topics that the test serves. Now and then they do not take a fact, or take it and do not say so.
struct Topics(Mutex<Random>);

impl Publisher for Topics {
    async fn publish(&self, outgoing: &[Outgoing]) -> Vec<OutboxId> {
        stand_at(Step::Publishing, None);
        let drawn = self.0.lock().unwrap_or_else(PoisonError::into_inner).fraction();
        let (takes, says_so) = (drawn >= 0.03, drawn >= 0.06);
        for fact in outgoing.iter().filter(|_| takes) {
            say(&Said::Fact { topic: fact.topic.name().to_owned(), body: fact.body.clone() });
        }
        stand_at(Step::Published, None);
        outgoing.iter().filter(|_| says_so).map(|fact| fact.id).collect()
    }
}

/// Queues that the test serves.
struct Queues;

impl reconcile::ResultsQueue for Queues {
    async fn send(&self, due: &[ResultsAwaited]) -> usize {
        stand_at(Step::Queueing, None);
        for message in due {
            say(&Said::Due { body: serde_json::to_string(message).expect("messages are JSON") });
        }
        0
    }
}

impl DeadLetters for Queues {
    async fn bury(&self, body: &str, reason: &str) -> Result<(), Failure> {
        say(&Said::Buried { body: body.to_owned(), reason: reason.to_owned() });
        Ok(())
    }
}

/// What a function gets from outside, made anew for each of its needs.
struct Outside {
    setup: Setup,
}

impl Outside {
    fn ambient(&self, salt: u64) -> Ambient {
        Ambient::seeded(FileClock::open(&self.setup.clock), self.setup.seed ^ salt)
    }

    fn provider(&self) -> Watched {
        let aligo = provider(&self.setup.provider, &self.setup.api_key, &self.setup.user_id);
        Watched { aligo: aligo.within(Duration::from_millis(self.setup.patience_ms)), reposts: self.setup.reposts }
    }

    fn topics(&self) -> Topics {
        Topics(Mutex::new(Random::new(self.setup.seed)))
    }
}

/// An event of one message, as the queue hands it to a function.
fn event(body: &str, receives: u32) -> SqsEvent {
    let record = json!({"messageId": "m1", "body": body, "attributes": {"ApproximateReceiveCount": receives.to_string()}});
    serde_json::from_value(json!({ "Records": [record] })).expect("an event")
}

async fn connect(setup: &Setup) -> Database {
    let options: MySqlConnectOptions = setup.database.parse().expect("an address");
    // One connection, as a function has.
    Database::from_pool(db::pool_options(1).connect_with(options).await.expect("the database answers"))
}

/// Does jobs until the test is gone.
async fn work_for(outside: &Outside, run: impl AsyncFn(&Job) -> Result<(), String>) {
    say(&Said::Ready);
    while let Some(line) = hear() {
        let job: Job = serde_json::from_str(&line).expect("a job");
        assert_eq!(job.lane, outside.setup.lane, "a job of another lane");
        stand_at(Step::Taken, None);
        let failure = run(&job).await.err();
        say(&Said::Done { failure });
    }
}

fn message(job: &Job) -> SqsEvent {
    match &job.work {
        Work::Message(body) => event(body, job.receives),
        other => panic!("{other:?} is no message"),
    }
}

#[tokio::test]
#[ignore = "what the other tests run in processes of their own"]
async fn works() {
    let Some(setup) = hear() else { return };
    let setup: Setup = serde_json::from_str(&setup).expect("what to know");
    shared::telemetry::init();
    let database = connect(&setup).await;
    let outside = &Outside { setup };
    match outside.setup.lane {
        Lane::Prepare => {
            let store = Store::new(&outside.setup.redis, Duration::from_millis(300)).expect("an address");
            let deps = prepare_campaign::Deps {
                database,
                store,
                keys: link_keys(),
                publisher: outside.topics(),
                dead_letters: Queues,
                ambient: outside.ambient(1),
            };
            let run = async |job: &Job| {
                prepare_campaign::handle(&deps, message(job)).await.map(drop).map_err(|error| error.to_string())
            };
            work_for(outside, run).await;
        }
        Lane::Deliver => {
            let deps = deliver_bundle::Deps {
                database,
                ambient: outside.ambient(2),
                provider: outside.provider(),
                publisher: outside.topics(),
                dead_letters: Queues,
                calls_per_second: CALLS_PER_SECOND,
            };
            let run = async |job: &Job| {
                deliver_bundle::handle(&deps, message(job)).await.map(drop).map_err(|error| error.to_string())
            };
            work_for(outside, run).await;
        }
        Lane::Collect => {
            let deps = collect_results::Deps {
                database,
                ambient: outside.ambient(3),
                provider: outside.provider(),
                publisher: outside.topics(),
                dead_letters: Queues,
            };
            let run = async |job: &Job| {
                collect_results::handle(&deps, message(job)).await.map(drop).map_err(|error| error.to_string())
            };
            work_for(outside, run).await;
        }
        Lane::Schedule => scheduled(outside, database, connect(&outside.setup).await).await,
    }
}

async fn scheduled(outside: &Outside, for_reconciling: Database, for_relaying: Database) {
    let reconciling = reconcile::Deps {
        database: for_reconciling,
        ambient: outside.ambient(4),
        provider: outside.provider(),
        publisher: outside.topics(),
        results: Queues,
        absence_after: TimeDelta::minutes(outside.setup.absence_minutes.into()),
    };
    let relaying = relay_outbox::Deps { database: for_relaying, ambient: outside.ambient(5), publisher: outside.topics() };
    let run = async |job: &Job| match job.work {
        Work::Reconcile => reconcile::handle(&reconciling).await.map(drop).map_err(|failure| failure.to_string()),
        Work::Relay => relay_outbox::handle(&relaying).await.map(drop).map_err(|failure| failure.to_string()),
        Work::Message(_) => panic!("a message for nobody"),
    };
    work_for(outside, run).await;
}
