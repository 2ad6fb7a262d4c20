//! How long an answer takes. The upper limits are wide: other tests run at the same time.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{LIST, SEND, Simulator, call_with, receiver};

#[tokio::test]
async fn the_latency_counts_from_the_head_of_the_request_and_includes_reading_it() {
    let simulator = Simulator::start().await;
    simulator.settings(json!({ "latencyMs": 1_500 })).await;
    let mut connection = TcpStream::connect(simulator.address).await.unwrap();
    let begun = Instant::now();
    connection.write_all(b"POST /akv10/heartinfo/ HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    connection.write_all(b"apikey=x").await.unwrap();
    let mut answer = [0; 12];
    connection.read_exact(&mut answer).await.unwrap();
    let taken = begun.elapsed();
    assert_eq!(&answer, b"HTTP/1.1 200");
    assert!(taken >= Duration::from_millis(1_500) && taken < Duration::from_millis(2_400), "{taken:?}");
}

#[tokio::test]
async fn a_call_is_accepted_at_once_and_only_its_answer_waits() {
    let simulator = Simulator::with_template().await;
    simulator.settings(json!({ "latencyMs": 60_000 })).await;
    let fields = simulator.signed(call_with(&[receiver("01012345678")]));
    let sending = simulator.client.post(simulator.url(SEND)).form(&fields).timeout(Duration::from_millis(500)).send();
    assert!(sending.await.unwrap_err().is_timeout());
    assert_eq!(simulator.truth().await["acceptedMessages"], 1);
}

#[tokio::test]
async fn a_fault_that_delays_a_call_and_the_latency_run_at_the_same_time() {
    let simulator = Simulator::start().await;
    simulator.settings(json!({ "latencyMs": 1_500 })).await;
    simulator.faults(json!({ "faults": [{ "kind": "latency", "path": "*", "milliseconds": 1_400 }] })).await;
    let begun = Instant::now();
    simulator.call(LIST, [("page", "1")]).await;
    let taken = begun.elapsed();
    assert!(taken >= Duration::from_millis(1_500) && taken < Duration::from_millis(2_800), "{taken:?}");
}
