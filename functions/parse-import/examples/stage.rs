//! What staging a file costs: `cargo run --release -p parse-import --example stage -- <file> [rows] [bytes] [read]`.
//!
//! It does what the function does with the file, with all of the function's clients in memory, against a database of its own on
//! the server of `TEST_DATABASE_URL`, and says how long it took, with how many statements and how much memory. The numbers are
//! the limits `IMPORT_MAX_ROWS` and `IMPORT_MAX_BYTES`; with a fourth argument, the file is read and nothing is written.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program for developers that ends when something is wrong")]

use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use parse_import::file::{self, How, Limits};
use parse_import::reader::Reading;
use parse_import::{Deps, Files, handle};
use serde_json::json;
use shared::aws::queues::DeadLetterQueue;
use shared::aws::uploads::Uploads;
use shared::clock::Ambient;
use shared::config::Environment;
use shared::db::imports;
use shared::failure::Failure;
use shared::model::{ImportId, StaffId};
use shared::store::Store;
use shared::telemetry;
use shared::testing::{TestDatabase, clinic};

/// A bucket that holds one file.
struct Bucket(String);

impl Files for Bucket {
    async fn fetch(&self, _: &str, limit: u64) -> Result<Option<Vec<u8>>, Failure> {
        let file = std::fs::read(&self.0).map_err(Failure::reject)?;
        Ok(Some(file).filter(|file| file.len() as u64 <= limit))
    }
}

/// A line of what Linux says about this process.
fn status(field: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    status.lines().find_map(|line| line.strip_prefix(field)).unwrap().trim().to_owned()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    telemetry::init();
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().expect("the first argument is a file");
    let limits = Limits::default();
    let rows = arguments.next().map_or(limits.rows, |rows| rows.parse().unwrap());
    let bytes = arguments.next().map_or(limits.bytes, |bytes| bytes.parse().unwrap());

    // The clients are made as ever, but nobody is asked for credentials or a region.
    let sdk = SdkConfig::builder().region(Region::new("ap-northeast-2")).behavior_version(BehaviorVersion::latest()).build();
    let mut nowhere = Environment::from_lookup(|_| Some("http://127.0.0.1:1/queue".to_owned()));
    let (dead_letters, uploads) = (DeadLetterQueue::read(&mut nowhere)(&sdk), Uploads::read(&mut nowhere)(&sdk));
    let test = TestDatabase::new().await;
    let deps = Deps {
        database: test.another().await,
        files: Bucket(file),
        store: Store::new("redis://127.0.0.1:1/", Duration::from_millis(300)).unwrap(),
        dead_letters,
        ambient: Ambient::system().unwrap(),
        limits: Limits::new(rows, bytes),
    };
    let clinic = clinic(&test.pool, &deps.ambient).await;
    let import = ImportId::new(&deps.ambient);
    let staff = StaffId::new(&deps.ambient);
    imports::insert(&mut test.pool.acquire().await.unwrap(), &deps.ambient, clinic, staff, import, "file").await.unwrap();

    let uploaded = json!({"Records": [{"s3": {"object": {"key": format!("imports/{clinic}/{import}")}}}]}).to_string();
    let event = serde_json::from_value(json!({"Records": [{"messageId": "1", "body": uploaded}]})).unwrap();
    if std::env::args().nth(4).is_some() {
        return read_only(&deps).await;
    }
    let (idle, before, begun) = (status("VmHWM:"), questions(&deps).await, Instant::now());
    handle(&deps, event).await.unwrap();
    let took = begun.elapsed();
    let statements = questions(&deps).await - before;
    let import = imports::find(&mut test.pool.acquire().await.unwrap(), clinic, import).await.unwrap().unwrap();
    let (state, found) = (import.state, import.contents);
    let outcome = import.failure.map_or(state.to_string(), |failure| format!("{failure} {:?}", import.failure_at));
    println!("{outcome}: {} rows, {took:.2?}, {statements} statements", found.rows_read);
    println!("memory: {} at most, {idle} before", status("VmHWM:"));
    let cpu = std::fs::read_to_string("/proc/self/stat").unwrap();
    let ticks: Vec<u64> = cpu.split(' ').skip(13).take(2).map(|ticks| ticks.parse().unwrap()).collect();
    println!("processor: {} ms, {} ms of it in the kernel", 10 * (ticks[0] + ticks[1]), 10 * ticks[1]);
    drop((deps, uploads));
    test.drop_database().await;
}

/// Reads the file and throws its rows away.
async fn read_only<D>(deps: &Deps<Bucket, D>) {
    let (idle, begun) = (status("VmHWM:"), Instant::now());
    let (bytes, how) = (std::fs::read(&deps.files.0).unwrap(), How { limits: deps.limits, ..How::default() });
    let mut reading = Reading::begin(move |found, take| file::read(&bytes, &how, found, take));
    while reading.next().await.is_some() {}
    let (found, outcome) = reading.outcome().await;
    println!("{outcome:?}: {} rows, {:.2?}", found.rows_read, begun.elapsed());
    println!("memory: {} at most, {idle} before", status("VmHWM:"));
}

/// Statements that the function's connection has sent so far.
async fn questions<F, D>(deps: &Deps<F, D>) -> u64 {
    let mut connection = deps.database.acquire().await.unwrap();
    let (_, count): (String, String) =
        sqlx::query_as("SHOW SESSION STATUS LIKE 'Questions'").fetch_one(&mut *connection).await.unwrap();
    count.parse().unwrap()
}
