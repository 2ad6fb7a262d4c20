//! Dangol's contender in the benchmark of grants, and what that benchmark needs besides: `benches/run.py` calls it.

use std::fs;
use std::time::Instant;

use aws_lambda_events::sqs::SqsEvent;
use benches::process::Usage;
use benches::scratch::Server;
use benches::{Failed, answer, grants};
use serde_json::{Value, json};
use shared::batch::DeadLetters;
use shared::clock::Ambient;
use shared::config::Environment;
use shared::db::point_entries::{self, NewEntry};
use shared::failure::Failure;
use shared::model::state::PointReason;
use shared::model::{ClinicId, Points, ReferralId, UserId};
use sqlx::Executor;

const USAGE: &str =
    "grants events FILE COUNT SEED | create SCHEMA HISTORY | work SCHEMA FILE [TOGETHER] | commit-only SCHEMA FILE
     | check SCHEMA FILE HISTORY | drop SCHEMA | prepare-server | counters";
/// Lines of the history in one statement.
const CHUNK: usize = 1000;
/// The answer when every message was worked off.
const ACKNOWLEDGED: &str = r#"{"batchItemFailures":[]}"#;

// As in the wiring of the function.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let server = Server::read(&mut Environment::of_process())?;
    match *arguments {
        ["events", file, count, seed] => {
            let events = grants::events(count.parse()?, seed.parse()?)?;
            let lines: Vec<_> = events.iter().map(ToString::to_string).collect();
            Ok(fs::write(file, lines.join("\n"))?)
        }
        ["create", schema, history] => create(&server, schema, history.parse()?).await,
        ["work", schema, file] => work(&server, schema, file, 1).await,
        ["work", schema, file, together] => work(&server, schema, file, together.parse()?).await,
        ["commit-only", schema, file] => commit_only(&server, schema, file).await,
        ["check", schema, file, history] => {
            let events = fs::read_to_string(file)?.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
            let mut connection = server.connect(Some(schema)).await?;
            answer(&json!({ "lines": grants::check(&mut connection, &events, history.parse()?).await? }))
        }
        ["drop", schema] => server.drop_schema(schema).await,
        ["prepare-server"] => answer(&server.prepare().await?),
        ["counters"] => answer(&server.counters().await?),
        _ => Err(USAGE.into()),
    }
}

/// Nothing of a benchmark goes to a dead-letter queue.
struct Nowhere;

impl DeadLetters for Nowhere {
    async fn bury(&self, _: &str, reason: &str) -> Result<(), Failure> {
        Err(Failure::reject(reason.to_owned()))
    }
}

/// A schema whose ledger has so many lines of other people already.
async fn create(server: &Server, schema: &str, history: usize) -> Result<(), Failed> {
    server.create(schema).await?;
    let ambient = Ambient::system()?;
    let mut connection = server.connect(Some(schema)).await?;
    let clinics: Vec<_> = (0..20).map(|_| ClinicId::new(&ambient)).collect();
    let amount = Points::try_from(1000_u32)?;
    let keys: Vec<_> = (0..history).map(|number| format!("history:{number:010}")).collect();
    for chunk in keys.chunks(CHUNK) {
        let entries = chunk.iter().enumerate().map(|(at, grant_key)| NewEntry {
            grant_key,
            clinic: clinics[at % clinics.len()],
            user: UserId::new(&ambient),
            reason: PointReason::Join,
            amount,
            referral: ReferralId::new(&ambient),
        });
        let entries: Vec<_> = entries.collect();
        point_entries::insert_new(&mut connection, &ambient, &entries).await?;
    }
    connection.execute("ANALYZE TABLE point_entries, point_balances").await?;
    Ok(())
}

/// The function `grant-points`, told by SQS, one event after the other: each turn that is asked for on a line (`FIRST COUNT`), and each
/// event from its text to that of its answer. Of the events of the file so many come `together` as one.
async fn work(server: &Server, schema: &str, file: &str, together: usize) -> Result<(), Failed> {
    let deps = grant_points::Deps { database: server.database(schema, 1), ambient: Ambient::system()?, dead_letters: Nowhere };
    // A function is connected before its first event.
    drop(deps.database.acquire().await?);
    turns(file, together, async |event| {
        let event: SqsEvent = serde_json::from_str(event)?;
        let response = serde_json::to_string(&grant_points::handle(&deps, event).await?)?;
        if response == ACKNOWLEDGED { Ok(()) } else { Err(format!("not acknowledged: {response}").into()) }
    })
    .await
}

/// What no grant can be faster than: one statement with one row, committed by itself, for each event.
async fn commit_only(server: &Server, schema: &str, file: &str) -> Result<(), Failed> {
    let mut connection = server.connect(Some(schema)).await?;
    let ambient = Ambient::system()?;
    let clinic = ClinicId::new(&ambient);
    turns(file, 1, async |_| {
        sqlx::query("INSERT INTO point_balances (clinic_id, user_id, balance) VALUES (?, ?, 1)")
            .bind(clinic)
            .bind(UserId::new(&ambient))
            .execute(&mut connection)
            .await?;
        Ok(())
    })
    .await
}

/// Answers each turn with the time that every event took, and what the process has used so far.
async fn turns(file: &str, together: usize, mut handle: impl AsyncFnMut(&str) -> Result<(), Failed>) -> Result<(), Failed> {
    let text = fs::read_to_string(file)?;
    let events: Vec<&str> = text.lines().collect();
    for turn in std::io::stdin().lines() {
        let turn = turn?;
        let (first, count) = turn.split_once(' ').ok_or(USAGE)?;
        let (first, count): (usize, usize) = (first.parse()?, count.parse()?);
        let cpu = Usage::own()?.cpu;
        let mut times = Vec::with_capacity(count);
        for several in events.get(first..first + count).ok_or(USAGE)?.chunks(together.max(1)) {
            let event = if let [event] = several { (*event).to_owned() } else { joined(several)? };
            let begun = Instant::now();
            handle(&event).await?;
            times.push(begun.elapsed().as_secs_f64());
        }
        let after = Usage::own()?;
        let (before, after, peak) = (cpu.as_secs_f64(), after.cpu.as_secs_f64(), after.peak_kib);
        answer(&json!({ "times": times, "cpuBefore": before, "cpuAfter": after, "peakKib": peak }))?;
    }
    Ok(())
}

/// One event with the messages of several.
fn joined(events: &[&str]) -> Result<String, Failed> {
    let mut records = Vec::new();
    for event in events {
        let mut event: Value = serde_json::from_str(event)?;
        records.append(event["Records"].as_array_mut().ok_or(USAGE)?);
    }
    Ok(json!({ "Records": records }).to_string())
}
