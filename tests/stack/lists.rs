//! What the tests of imports do again and again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Person, Stack};

/// A real clinic's list with made-up people: 2,984 rows below a title, phones in every form, 121 rows with a fault.
pub fn reference() -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/customers-3000.xlsx")).unwrap()
}

/// A list without faults, of so many people who are in no other list of the same `series`.
pub fn csv(series: u32, people: u32) -> Vec<u8> {
    let mut text = String::from("이름,휴대폰,그룹,메모\n");
    for number in 0..people {
        let phone = format!("010-{:04}-{:04}", 1000 + series * 100 + number / 10_000, number % 10_000);
        writeln!(text, "고객{number},{phone},그룹{},메모 {number}", number % 7).unwrap();
    }
    text.into_bytes()
}

/// The address of an import.
pub fn path_of(import: &Value) -> String {
    format!("/v1/imports/{}", import["id"].as_str().unwrap())
}

/// Uploads a file and waits until it is read, or refused.
pub async fn upload(stack: &Stack, owner: &Person, name: &str, file: Vec<u8>) -> Value {
    let begun = owner.post("/v1/imports", json!({ "fileName": name })).await;
    assert_eq!(begun["state"], "uploading");
    stack.upload(begun["uploadUrl"].as_str().unwrap(), file).await;
    settled(owner, &path_of(&begun)).await
}

/// Waits until the file of an import is read, or refused.
pub async fn settled(owner: &Person, path: &str) -> Value {
    owner.wait_for(path, |import| matches!(import["state"].as_str(), Some("ready" | "failed"))).await
}

/// Approves an import and waits until its customers are there.
pub async fn commit(owner: &Person, import: &Value, options: Value) -> Value {
    let path = path_of(import);
    owner.post_once(&path, &format!("{path}/commit"), options).await;
    owner.wait_for(&path, |import| import["state"] == "committed").await
}

/// Revokes an import and waits until what it did is taken back.
pub async fn undo(owner: &Person, import: &Value) -> Value {
    let path = path_of(import);
    owner.post_once(&format!("undo:{path}"), &format!("{path}/undo"), json!({})).await;
    owner.wait_for(&path, |import| import["state"] == "undone").await
}

/// How many rows of an import have each verdict, those left out that no row has.
pub fn counts(import: &Value) -> BTreeMap<String, u64> {
    let counts = import["counts"].as_object().unwrap_or_else(|| panic!("no counts: {import:#}"));
    let counts = counts.iter().map(|(verdict, count)| (verdict.clone(), count.as_u64().unwrap()));
    counts.filter(|(_, count)| *count > 0).collect()
}

/// The same as it is expected.
pub fn expected<const N: usize>(counts: [(&str, u64); N]) -> BTreeMap<String, u64> {
    counts.into_iter().map(|(verdict, count)| (verdict.to_owned(), count)).collect()
}

/// How many customers each group has.
pub async fn groups(owner: &Person) -> BTreeMap<String, u64> {
    let groups = owner.list("/v1/groups").await;
    groups.into_iter().map(|group| (group["name"].as_str().unwrap().to_owned(), group["customers"].as_u64().unwrap())).collect()
}

/// How many customers the clinic has.
pub async fn customers(owner: &Person) -> u64 {
    owner.get("/v1/stats").await["customers"].as_u64().unwrap()
}

/// Sends a request that has to be refused, and gives the answer.
pub async fn refused(owner: &Person, method: Method, path: &str, body: Value) -> (u16, Value) {
    let answer = owner.send(method, path, &[("Idempotency-Key", path)], body).await;
    assert!(answer.status.is_client_error(), "{path}: {} {}", answer.status, answer.text);
    (answer.status.as_u16(), answer.json)
}

/// Kills every process of a function at once, as a crash or a reclaimed environment would; waits up to five seconds for
/// one to be there.
pub async fn kill(function: &str) {
    for _ in 0..50 {
        if kill_now(function) > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no worker of {function} was running");
}

fn kill_now(function: &str) -> usize {
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
