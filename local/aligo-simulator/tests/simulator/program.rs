//! The program as it is started by hand: its first line, its file, its end.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::Client;
use serde_json::{Value, json};

use crate::support::{call_with, receiver, template};

struct Program {
    child: Child,
    base: String,
    /// Where the admin API listens alone, if it was told to.
    admin: Option<String>,
}

impl Program {
    fn start(state: &Path) -> Self {
        Self::start_with(&["--state", state.to_str().expect("a path in UTF-8")])
    }

    fn start_with(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_aligo-simulator"))
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut line_after = |prefix: &str| {
            let line = lines.next().expect("a line").expect("a text");
            line.strip_prefix(prefix).expect("the line says where").to_owned()
        };
        let base = line_after("Aligo simulator listening on ");
        let admin = arguments.contains(&"--admin-listen").then(|| line_after("Admin API listening on "));
        Self { child, base, admin }
    }

    /// Ends it like `kill` does and waits for the end.
    fn terminate(mut self) {
        let killed = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill runs");
        assert!(killed.success());
        assert!(self.child.wait().expect("it ends").success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().unwrap_or_default();
    }
}

async fn truth(client: &Client, program: &Program) -> Value {
    let url = format!("{}/admin/truth", program.base);
    client.get(url).send().await.expect("an answer").json().await.expect("JSON")
}

async fn send(client: &Client, program: &Program) -> Value {
    let mut fields = call_with(&[receiver("01012345678")]);
    fields.push(("apikey".to_owned(), "simulator-api-key".to_owned()));
    fields.push(("userid".to_owned(), "simulator".to_owned()));
    let url = format!("{}/akv10/alimtalk/send/", program.base);
    client.post(url).form(&fields).send().await.expect("an answer").json().await.expect("JSON")
}

#[tokio::test]
async fn the_memory_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("new").join("aligo.json");
    let client = Client::builder().no_proxy().build().unwrap();

    let program = Program::start(&state);
    let templates = format!("{}/admin/templates", program.base);
    client.post(templates).json(&template()).send().await.unwrap();
    let first = send(&client, &program).await;
    assert_eq!(first["code"], 0);
    let before = truth(&client, &program).await;
    program.terminate();

    let program = Program::start(&state);
    assert_eq!(truth(&client, &program).await, before);
    send(&client, &program).await;
    let after = truth(&client, &program).await;
    assert_eq!(after["calls"][1]["messages"][0]["outcome"], "D", "it remembers the text");
}

#[tokio::test]
async fn changes_are_saved_even_if_the_process_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("aligo.json");
    let client = Client::builder().no_proxy().build().unwrap();
    let mut program = Program::start(&state);
    send(&client, &program).await;
    let begun = Instant::now();
    while !state.exists() {
        assert!(begun.elapsed() < Duration::from_secs(5), "nothing was saved");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    program.child.kill().unwrap();
    program.child.wait().unwrap();
    let program = Program::start(&state);
    assert_eq!(truth(&client, &program).await["acceptedCalls"], 1);
}

#[test]
fn a_port_that_is_taken_and_a_broken_file_are_named_and_end_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.json");
    std::fs::write(&broken, json!({ "not": "ours" }).to_string()).unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let broken = broken.to_str().unwrap();
    for (arguments, named) in [
        (vec!["--listen", address.as_str()], address.as_str()),
        (vec!["--state", broken], broken),
        (vec!["--nonsense"], "--nonsense"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_aligo-simulator")).args(arguments).output().unwrap();
        assert!(!output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(named), "{said}");
    }
}

#[tokio::test]
async fn the_admin_api_on_a_second_port_outlives_an_outage_that_closes_the_first() {
    let program = Program::start_with(&["--admin-listen", "127.0.0.1:0"]);
    let client = Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
    let admin = program.admin.clone().expect("it was told to");
    let outages = format!("{admin}/admin/outages");
    client.post(&outages).json(&json!({ "kind": "refused", "forMs": 3_600_000 })).send().await.unwrap();
    let is_refused = async || {
        let tried = client.post(format!("{}/akv10/heartinfo/", program.base)).send().await;
        tried.is_err_and(|error| error.is_connect())
    };
    let begun = Instant::now();
    while !is_refused().await {
        assert!(begun.elapsed() < Duration::from_secs(5), "it is never refused");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let moved = client.post(format!("{admin}/admin/clock")).json(&json!({ "advanceMs": 3_600_000 })).send().await.unwrap();
    assert!(moved.status().is_success());
    while is_refused().await {
        assert!(begun.elapsed() < Duration::from_secs(10), "it never comes back");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(send(&client, &program).await["code"], 0);
    let provider = client.post(format!("{admin}/akv10/heartinfo/")).send().await.unwrap();
    assert_eq!(provider.status(), 404, "the second port has no provider");
}
