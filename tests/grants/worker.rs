//! A function in a process of its own, which can be killed at any moment. It is this test program, started again.

use std::io::{self, Write};

use serde_json::json;
use shared::aws::topics::{Outgoing, Publisher};
use shared::batch::{self, DeadLetters};
use shared::clock::Ambient;
use shared::db::{Database, pool_options, violates};
use shared::failure::Failure;
use shared::http::SourceKey;
use shared::message::PointsEarned;
use shared::model::id::{OutboxId, PointEntryId};
use shared::model::person_key::Pepper;
use shared::testing::Client;
use sqlx::mysql::MySqlConnectOptions;

use crate::lines::{Request, Role, Said, Setup, Step};

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

/// Says where it is, and waits until it may go on. This blocks the thread: nothing else of the worker may go on meanwhile.
fn stand_at(step: Step) {
    say(&Said::At(step));
    hear().expect("whoever is to go on is told so");
}

/// Dead letters and facts go to the test.
struct Test;

impl DeadLetters for Test {
    async fn bury(&self, _: &str, _: &str) -> Result<(), Failure> {
        say(&Said::Buried);
        Ok(())
    }
}

impl Publisher for Test {
    async fn publish(&self, outgoing: &[Outgoing]) -> Vec<OutboxId> {
        if outgoing.is_empty() {
            return Vec::new();
        }
        stand_at(Step::Publishing);
        for fact in outgoing {
            say(&Said::Fact(fact.body.clone()));
        }
        stand_at(Step::Published);
        outgoing.iter().map(|fact| fact.id).collect()
    }
}

#[tokio::test]
#[ignore = "what the other tests run in processes of their own"]
async fn works() {
    let Some(setup) = hear() else { return };
    let setup: Setup = serde_json::from_str(&setup).expect("a setup");
    let options: MySqlConnectOptions = setup.database.parse().expect("an address");
    let pool = pool_options(1).connect_with(options).await.expect("the database answers");
    let (database, ambient) = (Database::from_pool(pool), Ambient::system().expect("random numbers"));
    say(&Said::Ready);
    match setup.role {
        Role::Grant => grant(database, ambient).await,
        Role::GrantApart => grant_apart(&database, &ambient).await,
        Role::SignUp => sign_up(database, ambient).await,
        Role::Relay => relay(database, ambient).await,
    }
}

async fn grant(database: Database, ambient: Ambient) {
    let deps = grant_points::Deps { database, ambient, dead_letters: Test };
    while let Some(line) = hear() {
        let event = serde_json::from_str(&line).expect("an event");
        return_to_the_queue(grant_points::handle(&deps, event).await.ok());
    }
}

fn return_to_the_queue(outcome: Option<aws_lambda_events::sqs::SqsBatchResponse>) {
    stand_at(Step::Returned);
    let failed = outcome.map(|answer| answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect());
    say(&Said::Worked(failed));
}

async fn grant_apart(database: &Database, ambient: &Ambient) {
    while let Some(line) = hear() {
        let event = serde_json::from_str(&line).expect("an event");
        let outcome = batch::each(event, &Test, async |earned| pay_apart(database, ambient, earned).await).await;
        return_to_the_queue(outcome.ok());
    }
}

/// The mistake that the check must find: whoever dies between the two, or loses the first answer, leaves a line without a balance.
async fn pay_apart(database: &Database, ambient: &Ambient, earned: &PointsEarned) -> Result<(), Failure> {
    let PointsEarned::V1 { grant_key, clinic_id, user_id, reason, amount, referral_id } = earned;
    let mut connection = database.acquire().await?;
    let line = sqlx::query(
        "INSERT INTO point_entries (id, grant_key, clinic_id, user_id, reason, amount, referral_id, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    );
    let line = line.bind(PointEntryId::new(ambient)).bind(grant_key).bind(clinic_id).bind(user_id).bind(reason.as_str());
    let line = line.bind(amount.get()).bind(referral_id).bind(ambient.now()).execute(&mut *connection).await;
    match line {
        Err(error) if violates(&error, "point_entries_grant") => return Ok(()),
        written => written?,
    };
    let balance = sqlx::query(
        "INSERT INTO point_balances (clinic_id, user_id, balance) VALUES (?, ?, ?)
         ON DUPLICATE KEY UPDATE balance = balance + VALUES(balance)",
    );
    balance.bind(clinic_id).bind(user_id).bind(amount.get()).execute(&mut *connection).await?;
    Ok(())
}

async fn sign_up(database: Database, ambient: Ambient) {
    let deps = signup_with_referral::Deps {
        database,
        ambient,
        publisher: Test,
        pepper: Pepper::new(&"p".repeat(32)).expect("it is long enough"),
        console: "https://app.example.com".parse().expect("an origin"),
        source_key: SourceKey::new(&"s".repeat(32)).expect("it is long enough"),
    };
    let anybody = Client::anonymous("signup-with-referral", signup_with_referral::routes(deps));
    while let Some(line) = hear() {
        let Request { subject, phone, email, code } = serde_json::from_str(&line).expect("a request");
        let person = anybody.with_subject(&subject).proving(Some(&phone), Some(&email));
        let answer = person.post("/v1/signups", json!({ "referralCode": code })).await;
        say(&Said::Answered(answer.status, answer.json));
    }
}

async fn relay(database: Database, ambient: Ambient) {
    let deps = relay_outbox::Deps { database, ambient, publisher: Test };
    while hear().is_some() {
        let relayed = relay_outbox::handle(&deps).await.ok();
        say(&Said::Relayed(relayed.map(|relayed| relayed.published)));
    }
}
