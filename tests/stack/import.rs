//! A clinic's list becomes its customers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, MySqlConnection};

use crate::clinic;
use crate::support::{Person, Stack};

fn reference() -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/customers-3000.xlsx")).unwrap()
}

/// Uploads a file and waits until it is read, or refused.
async fn upload(stack: &Stack, owner: &Person, name: &str, file: Vec<u8>) -> Value {
    let begun = owner.post("/v1/imports", json!({ "fileName": name })).await;
    assert_eq!(begun["state"], "uploading");
    stack.upload(begun["uploadUrl"].as_str().unwrap(), file).await;
    let settled = |import: &Value| matches!(import["state"].as_str(), Some("ready" | "failed"));
    owner.wait_for(&format!("/v1/imports/{}", begun["id"].as_str().unwrap()), settled).await
}

async fn commit(owner: &Person, import: &Value) -> Value {
    let path = format!("/v1/imports/{}", import["id"].as_str().unwrap());
    owner.post_once(&path, &format!("{path}/commit"), json!({})).await;
    owner.wait_for(&path, |import| import["state"] == "committed").await
}

#[tokio::test]
async fn a_real_list_becomes_exactly_its_good_customers() {
    let stack = Stack::of_environment();
    let (owner, _) = clinic(&stack, "import").await;
    // Another test kills the workers of this queue, perhaps at this very moment.
    stack.redeliver_after("commit-import", 2).await;
    let import = upload(&stack, &owner, "고객명단.xlsx", reference()).await;
    assert_eq!(import["state"], "ready", "{import:#}");
    assert_eq!((&import["sheet"], &import["rowsRead"]), (&json!("고객명단"), &json!(2984)));
    let counts = &import["counts"];
    let wanted = [("new", 2863), ("duplicate_in_file", 61), ("bad_phone", 31), ("missing_name", 29)];
    for (verdict, count) in wanted {
        assert_eq!(counts[verdict], json!(count), "{verdict}: {counts}");
    }

    // Every row that will not become a customer is there, with its number in the spreadsheet and a reason.
    let path = format!("/v1/imports/{}", import["id"].as_str().unwrap());
    for (verdict, count) in &wanted[1..] {
        let rows = owner.list(&format!("{path}/rows?verdict={verdict}")).await;
        assert_eq!(rows.len(), *count);
        assert!(rows.iter().all(|row| row["number"].as_u64() > Some(3) && row["reason"].is_string()), "{verdict}");
    }

    let committed = commit(&owner, &import).await;
    assert_eq!(committed["rowsCommitted"], 2863);
    let groups: BTreeMap<_, _> = owner
        .list("/v1/groups")
        .await
        .into_iter()
        .map(|group| (group["name"].as_str().unwrap().to_owned(), group["customers"].as_u64().unwrap()))
        .collect();
    assert_eq!(groups.keys().collect::<Vec<_>>(), ["VIP", "교정", "미지정", "스케일링", "임플란트"]);
    assert_eq!(groups.values().sum::<u64>(), 2863, "{groups:?}");
    assert_eq!(owner.list("/v1/customers").await.len(), 2863);

    // The same file again adds nobody.
    let again = upload(&stack, &owner, "고객명단.xlsx", reference()).await;
    assert_eq!((&again["counts"]["new"], &again["counts"]["updates"]), (&json!(0), &json!(2863)), "{again:#}");
    commit(&owner, &again).await;
    assert_eq!(owner.get("/v1/stats").await["customers"], 2863);
}

#[tokio::test]
async fn a_file_that_is_no_list_is_refused_with_a_reason_and_the_next_one_is_read() {
    let stack = Stack::of_environment();
    let (owner, _) = clinic(&stack, "hostile").await;
    let mut encrypted = vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    encrypted.resize(4096, 0);
    let mut truncated = reference();
    truncated.truncate(40_000);
    for (name, file) in [
        ("사진.xlsx", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01".to_vec()),
        ("비밀번호.xlsx", encrypted),
        ("빈 파일.xlsx", Vec::new()),
        ("잘린 파일.xlsx", truncated),
    ] {
        let import = upload(&stack, &owner, name, file).await;
        assert_eq!(import["state"], "failed", "{name}");
        assert!(import["failure"]["text"].as_str().is_some_and(|text| text.chars().any(|c| c >= '가')), "{import:#}");
    }
    let list = "이름,휴대폰\n홍길동,010-1234-5678\n".as_bytes().to_vec();
    let import = upload(&stack, &owner, "명단.csv", list).await;
    assert_eq!((&import["state"], &import["counts"]["new"]), (&json!("ready"), &json!(1)));
}

#[tokio::test]
async fn a_worker_killed_in_the_middle_loses_nothing_and_doubles_nothing() {
    let stack = Stack::of_environment();
    let (owner, clinic) = clinic(&stack, "killed").await;
    let import = upload(&stack, &owner, "고객명단.xlsx", reference()).await;
    stack.redeliver_after("commit-import", 2).await;

    // The clinic's line is held, so the worker is certainly in the middle of its transaction when it is killed.
    let mut connection = MySqlConnection::connect(&stack.database_url).await.unwrap();
    let mut holder = connection.begin().await.unwrap();
    let id = clinic["id"].as_str().unwrap().trim_start_matches("cli_");
    sqlx::query("SELECT id FROM clinics WHERE id = UNHEX(?) FOR UPDATE").bind(id).fetch_one(&mut *holder).await.unwrap();
    let path = format!("/v1/imports/{}", import["id"].as_str().unwrap());
    owner.post_once("once", &format!("{path}/commit"), json!({})).await;
    let mut killed = 0;
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        killed = kill("commit-import");
        if killed > 0 {
            break;
        }
    }
    holder.rollback().await.unwrap();
    assert!(killed > 0, "no worker of commit-import was running");

    let committed = owner.wait_for(&path, |import| import["state"] == "committed").await;
    assert_eq!(committed["rowsCommitted"], 2863);
    assert_eq!(owner.get("/v1/stats").await["customers"], 2863);
    assert_eq!(stack.queue_size("commit-import-dead-letter").await, 0);
}

/// Kills every process of a function at once, as a crash or a reclaimed environment would; tells how many there were.
fn kill(function: &str) -> usize {
    let suffix = format!("-{function}");
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let path = entry.ok()?.path();
        let id: u32 = path.file_name()?.to_str()?.parse().ok()?;
        let environment = fs::read(path.join("environ")).ok()?;
        let mut names =
            environment.split(|byte| *byte == 0).filter_map(|variable| variable.strip_prefix(b"AWS_LAMBDA_FUNCTION_NAME="));
        names.any(|name| name.ends_with(suffix.as_bytes())).then_some(id)
    });
    let killed =
        processes.filter(|id| Command::new("kill").args(["-9", &id.to_string()]).status().is_ok_and(|status| status.success()));
    killed.count()
}

#[tokio::test]
async fn another_clinics_import_does_not_exist() {
    let stack = Stack::of_environment();
    let (owner, _) = clinic(&stack, "mine").await;
    let (stranger, _) = clinic(&stack, "theirs").await;
    let import = owner.post("/v1/imports", json!({"fileName": "명단.csv"})).await;
    let path = format!("/v1/imports/{}", import["id"].as_str().unwrap());
    let foreign = stranger.send(Method::GET, &path, &[], Value::Null).await;
    let missing = stranger.send(Method::GET, "/v1/imports/imp_00000000000070008000000000000000", &[], Value::Null).await;
    assert_eq!((foreign.status.as_u16(), &foreign.text), (404, &missing.text));
}
