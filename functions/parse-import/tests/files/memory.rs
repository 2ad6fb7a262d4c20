//! The function as a whole, with a database and all of its clients, and the heaviest files that it reads.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::child;
use crate::support::{END, SHEET, workbook};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use parse_import::file::Limits;
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
use shared::testing::{TestDatabase, clinic};

/// What the function may take for any file (`docs/imports.md`).
const MEMORY: u64 = 128 << 20;

/// A bucket that holds the file of this process.
struct Bucket;

impl Files for Bucket {
    async fn fetch(&self, _: &str, limit: u64) -> Result<Option<Vec<u8>>, Failure> {
        Ok(Some(child::given()).filter(|file| file.len() as u64 <= limit))
    }
}

#[tokio::test]
#[ignore = "what the other tests run in a process of its own"]
async fn stages_the_file_that_it_is_given() {
    let sdk = SdkConfig::builder().region(Region::new("ap-northeast-2")).behavior_version(BehaviorVersion::latest()).build();
    let mut nowhere = Environment::from_lookup(|_| Some("http://127.0.0.1:1/queue".to_owned()));
    let uploads = Uploads::read(&mut nowhere)(&sdk);
    let test = TestDatabase::new().await;
    let deps = Deps {
        database: test.another().await,
        files: Bucket,
        store: Store::new("redis://127.0.0.1:1/", Duration::from_secs(1)).unwrap(),
        dead_letters: DeadLetterQueue::read(&mut nowhere)(&sdk),
        ambient: Ambient::system().unwrap(),
        limits: Limits::default(),
    };
    let (clinic, import) = (clinic(&test.pool, &deps.ambient).await, ImportId::new(&deps.ambient));
    let staff = StaffId::new(&deps.ambient);
    imports::insert(&mut test.pool.acquire().await.unwrap(), &deps.ambient, clinic, staff, import, "file").await.unwrap();
    let uploaded = json!({"Records": [{"s3": {"object": {"key": format!("imports/{clinic}/{import}")}}}]}).to_string();
    let event = serde_json::from_value(json!({"Records": [{"messageId": "1", "body": uploaded}]})).unwrap();
    let begun = Instant::now();
    handle(&deps, event).await.unwrap();
    let import = imports::find(&mut test.pool.acquire().await.unwrap(), clinic, import).await.unwrap().unwrap();
    child::report(import.failure.map_or(Ok(import.contents.rows_read), Err), begun);
    drop((deps, uploads));
    test.drop_database().await;
}

/// 48 long texts in each of 1,500 rows, taken from as many different texts as opening a workbook may take memory for.
fn heavy() -> Vec<u8> {
    let mut texts = String::from("<sst><si><t>이름</t></si><si><t>휴대폰</t></si>");
    for number in 0..60_000_u64 {
        write!(texts, "<si><t>{:01000x}</t></si>", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).unwrap();
    }
    let mut sheet = format!("{SHEET}<row><c t='s'><v>0</v></c><c t='s'><v>1</v></c></row>");
    for row in 0..1500 {
        write!(sheet, "<row><c t='s'><v>0</v></c><c><v>{}</v></c>", 1_010_000_001 + row).unwrap();
        for cell in 0..48 {
            write!(sheet, "<c t='s'><v>{}</v></c>", row * 37 + cell).unwrap();
        }
        sheet.push_str("</row>");
    }
    workbook(&format!("{sheet}{END}"), &[("xl/sharedStrings.xml", &format!("{texts}</sst>"))])
}

/// Two hundred thousand rows in the encoding that takes most to decode.
fn long() -> Vec<u8> {
    let row = |row| format!("김단골\t010{row:08}\n");
    let rows: String = (0..200_000).map(row).collect();
    format!("\u{feff}이름\t휴대폰\n{rows}").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn the_heaviest_files_that_are_staged_fit_into_the_function() {
    for (name, file, rows) in [("long texts", heavy(), 1500), ("many rows", long(), 200_000)] {
        let report = child::run("memory::stages_the_file_that_it_is_given", &file);
        assert_eq!(report.outcome, Ok(rows), "{name}");
        assert!(report.peak <= MEMORY, "{name} took {} bytes", report.peak);
    }
}
