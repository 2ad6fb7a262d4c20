//! record-clicks in a process of its own, which can be killed at any moment. It is this test program, started again.

use std::io::{self, Write};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::batch::DeadLetters;
use shared::db::{Database, pool_options};
use shared::failure::Failure;
use sqlx::mysql::MySqlConnectOptions;

/// What a worker says, line by line. What it hears are the address of the database and then events, one a line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Said {
    /// It waits for an event.
    Ready,
    /// The function has returned, and SQS has not been told: it goes on when it is told to.
    Returned,
    /// A message that can never succeed.
    Buried,
    /// The answer: which messages are to come again. All of them when the invocation failed.
    Answered(Option<Vec<String>>),
}

/// One write, so a kill leaves a whole line or none.
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

struct Test;

impl DeadLetters for Test {
    async fn bury(&self, _: &str, _: &str) -> Result<(), Failure> {
        say(&Said::Buried);
        Ok(())
    }
}

#[tokio::test]
#[ignore = "what the other tests run in processes of their own"]
async fn works() {
    let Some(database) = hear() else { return };
    let options: MySqlConnectOptions = database.trim().parse().expect("an address");
    let pool = pool_options(1).connect_with(options).await.expect("the database answers");
    let deps = record_clicks::Deps { database: Database::from_pool(pool), dead_letters: Test };
    say(&Said::Ready);
    while let Some(line) = hear() {
        let event = serde_json::from_str(&line).expect("an event");
        let outcome = record_clicks::handle(&deps, event).await;
        say(&Said::Returned);
        hear().expect("whoever is to go on is told so");
        let failed = |answer: aws_lambda_events::sqs::SqsBatchResponse| {
            answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
        };
        say(&Said::Answered(outcome.ok().map(failed)));
        tokio::time::sleep(Duration::ZERO).await;
    }
}
