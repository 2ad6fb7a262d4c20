//! Times at which the provider is down.

use std::time::{Duration, Instant};

use aligo_simulator::{in_process::InProcess, options::Options};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{LIST, SEND, Simulator, call_with, receiver, template};

const NOTHING: [(&str, &str); 0] = [];

async fn outage(simulator: &Simulator, outage: Value) -> Value {
    simulator.admin(Method::POST, "outages", outage).await
}

#[tokio::test]
async fn everything_is_answered_with_503_for_a_time_of_the_simulators_clock() {
    let simulator = Simulator::with_template().await;
    let planned = outage(&simulator, json!({ "kind": "unavailable", "forMs": 600_000 })).await;
    assert_eq!(planned, json!({ "kind": "unavailable", "from": "2026-03-02T03:00:00Z", "until": "2026-03-02T03:10:00Z" }));
    let fields = simulator.signed(call_with(&[receiver("01012345678")]));
    for path in [SEND, LIST, "/akv10/heartinfo/"] {
        let page = simulator.post(path, &fields).await.unwrap();
        assert_eq!(page.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(page.text().await.unwrap().starts_with("<html>"));
    }
    simulator.advance(599_999);
    assert_eq!(simulator.post(SEND, &fields).await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(simulator.truth().await["acceptedCalls"], 0);
    simulator.advance(1);
    assert_eq!(simulator.send(&[receiver("01012345678")]).await["code"], 0);
    assert_eq!(simulator.truth().await["requests"][SEND], 3);
}

#[tokio::test]
async fn connections_are_closed_without_an_answer_and_nothing_is_taken() {
    let simulator = Simulator::with_template().await;
    outage(&simulator, json!({ "kind": "closed", "from": "2026-03-02T12:30:00+09:00", "until": "2026-03-02T13:00:00+09:00" }))
        .await;
    assert_eq!(simulator.send(&[receiver("01012345671")]).await["code"], 0, "it has not begun yet");
    simulator.advance(30 * 60_000);
    let fields = simulator.signed(call_with(&[receiver("01012345672")]));
    let error = simulator.post(SEND, &fields).await.unwrap_err();
    assert!(!error.is_connect() && !error.is_timeout(), "{error:?}");
    assert_eq!(simulator.truth().await["acceptedMessages"], 1);
    let state = simulator.admin(Method::GET, "outages", Value::Null).await;
    assert_eq!(state["now"], "closed");
    simulator.admin(Method::DELETE, "outages", Value::Null).await;
    assert_eq!(simulator.send(&[receiver("01012345672")]).await["code"], 0);
}

/// Tries until the connection is refused: the listener notices the clock within a few milliseconds.
async fn wait_until_refused(client: &Client, url: &str) {
    let begun = Instant::now();
    loop {
        match client.post(url).send().await {
            Err(error) if error.is_connect() => return,
            _ => assert!(begun.elapsed() < Duration::from_secs(5), "it is never refused"),
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn wait_until_answered(client: &Client, url: &str) {
    let begun = Instant::now();
    while client.post(url).send().await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(5), "it never comes back");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn connections_are_refused_for_a_time_and_then_accepted_on_the_same_port() {
    let options = Options { admin_listen: Some(([127, 0, 0, 1], 0).into()), ..Options::default() };
    let simulator = Simulator::start_with(options).await;
    simulator.admin(Method::POST, "templates", template()).await;
    // A connection from before: it is not refused, but nothing is taken on it either.
    let mut old = TcpStream::connect(simulator.address).await.unwrap();
    outage(&simulator, json!({ "kind": "refused", "forMs": 60_000 })).await;
    wait_until_refused(&simulator.client, &simulator.url(SEND)).await;
    old.write_all(b"POST /akv10/heartinfo/ HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    old.read_to_end(&mut Vec::new()).await.unwrap_err();
    simulator.advance(60_000);
    wait_until_answered(&simulator.client, &simulator.url(LIST)).await;
    assert_eq!(simulator.send(&[receiver("01012345678")]).await["code"], 0);
    assert_eq!(simulator.truth().await["acceptedMessages"], 1);
}

#[tokio::test]
async fn a_refusal_that_was_planned_for_later_begins_on_time() {
    let begun = "2026-03-02T03:00:00Z".parse().unwrap();
    let clock = std::sync::Arc::new(aligo_simulator::clock::ManualClock::new(begun));
    let same = std::sync::Arc::clone(&clock);
    let simulator = InProcess::start(move || aligo_simulator::clock::Clock::now(&*same)).await.unwrap();
    simulator.plan_outage(json!({ "kind": "refused", "from": "2026-03-02T03:01:00Z", "forMs": 1_000 })).unwrap();
    let client = Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
    let url = format!("{}{LIST}", simulator.url);
    assert_eq!(client.post(&url).send().await.unwrap().status(), StatusCode::OK);
    clock.advance(chrono::TimeDelta::seconds(60));
    wait_until_refused(&client, &url).await;
    clock.advance(chrono::TimeDelta::seconds(1));
    wait_until_answered(&client, &url).await;
}

#[tokio::test]
async fn an_outage_that_makes_no_sense_is_refused() {
    let simulator = Simulator::start().await;
    for wrong in [
        json!({ "kind": "refused" }),
        json!({ "kind": "down" }),
        json!({ "kind": "closed", "forMs": 1, "until": "2027-01-01T00:00:00Z" }),
        json!({ "kind": "closed", "until": "2020-01-01T00:00:00Z" }),
        json!({ "kind": "closed", "forMs": 0 }),
    ] {
        let response = simulator.client.post(simulator.url("/admin/outages")).json(&wrong).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    assert_eq!(simulator.call(LIST, NOTHING).await["code"], 0);
}

#[tokio::test]
async fn deleting_the_fault_script_does_not_end_an_outage_but_a_reset_does() {
    let simulator = Simulator::start().await;
    outage(&simulator, json!({ "kind": "unavailable" })).await;
    simulator.admin(Method::DELETE, "faults", Value::Null).await;
    let status = simulator.post(LIST, &simulator.signed(NOTHING)).await.unwrap().status();
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    simulator.admin(Method::POST, "reset", Value::Null).await;
    assert_eq!(simulator.call(LIST, NOTHING).await["code"], 0);
}
