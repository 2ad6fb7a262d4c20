//! The simulator inside of another program's tests.

use std::sync::Arc;

use aligo_simulator::{
    clock::{Clock, DayPart, ManualClock},
    in_process::InProcess,
    options::Options,
};
use serde_json::{Value, json};

use crate::support::{SEND, call_with, receiver, template};

async fn start(now: &str) -> (InProcess, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(now.parse().expect("a time")));
    let same = Arc::clone(&clock);
    let options = Options { balance: 1_000.0, ..Options::default() };
    let simulator = InProcess::start_with(options, move || same.now()).await.expect("a free port");
    simulator.add_template(template()).expect("a template");
    (simulator, clock)
}

async fn send(simulator: &InProcess, number: &str) -> Option<Value> {
    let mut fields = call_with(&[receiver(number)]);
    fields.push(("apikey".to_owned(), simulator.options.api_key.clone()));
    fields.push(("userid".to_owned(), simulator.options.user_id.clone()));
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = client.post(format!("{}{SEND}", simulator.url)).form(&fields).send().await.ok()?;
    answer.json().await.ok()
}

#[tokio::test]
async fn a_test_asks_for_the_truth_without_http() {
    let (simulator, clock) = start("2026-03-02T11:59:59Z").await;
    send(&simulator, "01012345671").await.unwrap();
    clock.advance(chrono::TimeDelta::seconds(1));
    send(&simulator, "01012345672").await.unwrap();
    let accepted = simulator.accepted();
    assert_eq!(accepted.len(), 2);
    assert_eq!(accepted[0].tpl_code, "TEST_1");
    assert_eq!(accepted[0].sender, "0212345678");
    assert_eq!(accepted[0].link_token.as_deref(), Some("token-01012345671"));
    let at_night = simulator.accepted_between(DayPart::parse("21:00-08:00").unwrap());
    assert_eq!(at_night, accepted[1..]);
    assert_eq!(at_night[0].accepted_at, clock.now());
    assert_eq!(simulator.accepted_per_token().values().sum::<u64>(), 2);
    assert_eq!(simulator.sends(), 2);
}

#[tokio::test]
async fn a_test_plans_faults_outages_and_switches_without_http() {
    let (simulator, clock) = start("2026-03-02T03:00:00Z").await;
    simulator.add_fault(json!({ "kind": "reset" })).unwrap();
    assert_eq!(send(&simulator, "01012345671").await, None);
    simulator.add_faults(json!({ "seed": 1, "faults": [{ "kind": "refuse", "share": 1.0, "times": 1 }] })).unwrap();
    assert_eq!(send(&simulator, "01012345671").await.unwrap()["code"], -99);
    simulator.plan_outage(json!({ "kind": "closed", "forMs": 1_000 })).unwrap();
    assert_eq!(send(&simulator, "01012345671").await, None);
    clock.set("2026-03-02T03:00:01Z".parse().unwrap());
    simulator.set(json!({ "numbers": "strings" })).unwrap();
    assert_eq!(send(&simulator, "01012345671").await.unwrap()["code"], "0");
    assert_eq!(simulator.accepted().len(), 1);

    simulator.add_fault(json!({ "kind": "reset", "share": 2.0 })).unwrap_err();
    simulator.add_faults(json!({ "fault": [] })).unwrap_err();
    simulator.plan_outage(json!({ "kind": "closed", "forMs": 0 })).unwrap_err();
    simulator.set(json!({ "number": "strings" })).unwrap_err();
}
