//! Dangol's contender in the benchmark of imports, and what that benchmark needs besides: `benches/run.py` calls it.

use std::path::Path;
use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use benches::scratch::{self, Server};
use benches::{Failed, answer, peak_kib, sums, workbook};
use parse_import::Files;
use parse_import::file::Limits;
use serde_json::json;
use shared::batch::DeadLetters;
use shared::clock::Ambient;
use shared::config::Environment;
use shared::db::imports;
use shared::failure::Failure;
use shared::message::ImportApproved;
use shared::model::state::ImportState;
use shared::model::{ClinicId, ImportId, StaffId};
use shared::store::{self, Store};

const USAGE: &str =
    "import workbook FILE ROWS | create SCHEMA | parse SCHEMA CLINIC IMPORT FILE ROWS | approve SCHEMA CLINIC IMPORT
     | commit SCHEMA CLINIC IMPORT | check SCHEMA CLINIC ROWS | drop SCHEMA | prepare | counters";

// As in the wiring of the functions.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut environment = Environment::of_process();
    if let ["workbook", file, rows] = *arguments {
        return Ok(workbook::write(Path::new(file), rows.parse()?)?);
    }
    let server = Server::read(&mut environment)?;
    match *arguments {
        ["create", schema] => create(&server, schema).await,
        ["parse", schema, clinic, import, file, rows] => {
            let store = Store::new(&store::read_url(&mut environment), Duration::from_millis(300))?;
            parse(&server, schema, (clinic, import), file.to_owned(), rows.parse()?, store).await
        }
        ["approve", schema, clinic, import] => approve(&server, schema, clinic.parse()?, import.parse()?).await,
        ["commit", schema, clinic, import] => commit(&server, schema, clinic.parse()?, import.parse()?).await,
        ["check", schema, clinic, rows] => check(&server, schema, clinic.parse()?, rows.parse()?).await,
        ["drop", schema] => server.drop_schema(schema).await,
        ["prepare"] => answer(&server.prepare().await?),
        ["counters"] => answer(&server.counters().await?),
        _ => Err(USAGE.into()),
    }
}

/// A file on this machine, in place of the bucket.
struct Disk(String);

impl Files for Disk {
    async fn fetch(&self, _: &str, limit: u64) -> Result<Option<Vec<u8>>, Failure> {
        let file = std::fs::read(&self.0).map_err(Failure::retry)?;
        Ok(Some(file).filter(|file| file.len() as u64 <= limit))
    }
}

/// Nothing of a benchmark goes to a dead-letter queue.
struct Nowhere;

impl DeadLetters for Nowhere {
    async fn bury(&self, _: &str, reason: &str) -> Result<(), Failure> {
        Err(Failure::reject(reason.to_owned()))
    }
}

/// A schema with a clinic that waits for its file.
async fn create(server: &Server, schema: &str) -> Result<(), Failed> {
    server.create(schema).await?;
    let ambient = Ambient::system()?;
    let mut connection = server.connect(Some(schema)).await?;
    let clinic = scratch::add_clinic(&mut connection, &ambient).await?;
    let import = ImportId::new(&ambient);
    imports::insert(&mut connection, &ambient, clinic, StaffId::new(&ambient), import, "고객.xlsx").await?;
    answer(&json!({ "clinic": clinic, "import": import }))
}

/// The function `parse-import`, told by the bucket that the file is there.
async fn parse(
    server: &Server,
    schema: &str,
    (clinic, import): (&str, &str),
    file: String,
    rows: u32,
    store: Store,
) -> Result<(), Failed> {
    let deps = parse_import::Deps {
        database: server.database(schema, 1),
        store,
        dead_letters: Nowhere,
        ambient: Ambient::system()?,
        limits: limits(&file, rows)?,
        files: Disk(file),
    };
    let key = format!("imports/{clinic}/{import}");
    let notification = json!({ "Records": [{ "s3": { "object": { "key": key } } }] });
    acknowledged(&parse_import::handle(&deps, event(&notification.to_string())?).await?.batch_item_failures)?;
    answer(&json!({ "peakKib": peak_kib()? }))
}

/// The limits of the function, raised where the list would not pass.
fn limits(file: &str, rows: u32) -> Result<Limits, Failed> {
    let limits = Limits::default();
    let bytes = std::fs::metadata(file)?.len();
    Ok(if rows <= limits.rows && bytes <= limits.bytes { limits } else { Limits::new(rows, bytes) })
}

/// What the route `POST /v1/imports/{importId}/commit` does with the import.
async fn approve(server: &Server, schema: &str, clinic: ClinicId, import: ImportId) -> Result<(), Failed> {
    let mut connection = server.connect(Some(schema)).await?;
    let state = imports::lock(&mut connection, clinic, import).await?;
    if state != Some(ImportState::Ready) {
        return Err(format!("the import is {state:?}").into());
    }
    Ok(imports::set_state(&mut connection, &Ambient::system()?, clinic, import, ImportState::Committing).await?)
}

/// The function `commit-import`, told by the topic that the import was approved.
async fn commit(server: &Server, schema: &str, clinic: ClinicId, import: ImportId) -> Result<(), Failed> {
    let deps = commit_import::Deps {
        database: server.database(schema, commit_import::CONNECTIONS),
        ambient: Ambient::system()?,
        dead_letters: Nowhere,
        chunk: commit_import::CHUNK,
    };
    let approved = ImportApproved::V1 { clinic_id: clinic, import_id: import };
    acknowledged(&commit_import::handle(&deps, event(&serde_json::to_string(&approved)?)?).await?.batch_item_failures)?;
    answer(&json!({ "peakKib": peak_kib()? }))
}

fn event(body: &str) -> Result<SqsEvent, Failed> {
    Ok(serde_json::from_value(json!({ "Records": [{ "messageId": "1", "body": body, "attributes": {} }] }))?)
}

fn acknowledged<T>(failures: &[T]) -> Result<(), Failed> {
    if failures.is_empty() { Ok(()) } else { Err("the message was not acknowledged".into()) }
}

/// Compares the tables with the list.
async fn check(server: &Server, schema: &str, clinic: ClinicId, rows: u32) -> Result<(), Failed> {
    let (expected, found) = (sums::expected(rows), sums::found(&mut server.connect(Some(schema)).await?, clinic).await?);
    if expected != found {
        return Err(format!("corrupted: expected {expected:#?}, found {found:#?}").into());
    }
    answer(&found)
}
