//! The fault script.

use std::time::{Duration, Instant};

use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{LIST, Receiver, SEND, Simulator, call_with, receiver};

async fn try_send(simulator: &Simulator, number: &str) -> Result<Response, reqwest::Error> {
    try_send_within(simulator, number, Duration::from_secs(30)).await
}

/// Sends to one number in the way of a client with a time limit.
async fn try_send_within(simulator: &Simulator, number: &str, limit: Duration) -> Result<Response, reqwest::Error> {
    let fields = simulator.signed(call_with(&[receiver(number)]));
    simulator.client.post(simulator.url(SEND)).timeout(limit).form(&fields).send().await
}

/// Waits until one message is accepted: a caller who has given up does not know when that is.
async fn one_message_is_accepted(simulator: &Simulator) {
    let begun = Instant::now();
    while accepted_messages(simulator).await != 1 {
        assert!(begun.elapsed() < Duration::from_secs(10), "it was never accepted");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn accepted_messages(simulator: &Simulator) -> Value {
    simulator.truth().await["acceptedMessages"].clone()
}

#[tokio::test]
async fn a_refusal_accepts_nothing_and_happens_once() {
    let simulator = Simulator::with_template().await;
    simulator.faults(json!({ "faults": [{ "kind": "refuse", "code": -99, "message": "잠시 후 다시" }] })).await;
    let refused = simulator.send(&[receiver("01012345678")]).await;
    assert_eq!(refused, json!({ "code": -99, "message": "잠시 후 다시" }));
    assert_eq!(accepted_messages(&simulator).await, 0);
    assert_eq!(simulator.send(&[receiver("01012345678")]).await["code"], 0);
}

#[tokio::test]
async fn an_accepted_call_can_end_in_a_real_tcp_reset() {
    let simulator = Simulator::with_template().await;
    simulator.faults(json!({ "faults": [{ "kind": "acceptThenReset" }] })).await;
    let fields = simulator.signed(call_with(&[receiver("01012345678")]));
    let body = url_encode(&fields);
    let mut connection = TcpStream::connect(simulator.address).await.unwrap();
    let head = format!("POST {SEND} HTTP/1.1\r\nHost: aligo\r\nContent-Length: {}\r\n\r\n", body.len());
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(body.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let error = connection.read_to_end(&mut answer).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert!(answer.is_empty());
    let truth = simulator.truth().await;
    assert_eq!(truth["perLinkToken"]["token-01012345678"], 1);
    assert_eq!(truth["calls"][0]["answered"], "acceptThenReset");
}

fn url_encode(fields: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

#[tokio::test]
async fn an_http_client_sees_an_error_for_a_reset_and_can_go_on_afterwards() {
    let simulator = Simulator::with_template().await;
    simulator.faults(json!({ "faults": [{ "kind": "acceptThenReset" }, { "kind": "reset" }] })).await;
    let error = try_send(&simulator, "01012345671").await.unwrap_err();
    assert!(!error.is_timeout() && !error.is_connect(), "{error:?}");
    try_send(&simulator, "01012345672").await.unwrap_err();
    assert_eq!(simulator.send(&[receiver("01012345673")]).await["code"], 0);
    let truth = simulator.truth().await;
    assert_eq!(truth["acceptedMessages"], 2);
    assert_eq!(truth["requests"][SEND], 3, "the client sent nothing twice");
    assert!(truth["perLinkToken"].get("token-01012345672").is_none());
}

#[tokio::test]
async fn an_accepted_call_can_answer_after_the_clients_time_limit() {
    let simulator = Simulator::with_template().await;
    simulator.faults(json!({ "faults": [{ "kind": "acceptThenDelay", "milliseconds": 60_000 }] })).await;
    let error = try_send_within(&simulator, "01012345678", Duration::from_millis(200)).await.unwrap_err();
    assert!(error.is_timeout());
    one_message_is_accepted(&simulator).await;
}

#[tokio::test]
async fn latency_delays_a_call_without_losing_it() {
    let simulator = Simulator::with_template().await;
    simulator.faults(json!({ "faults": [{ "kind": "latency", "milliseconds": 60 }] })).await;
    let begun = Instant::now();
    assert_eq!(simulator.send(&[receiver("01012345678")]).await["code"], 0);
    assert!(begun.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn a_caller_who_leaves_during_the_latency_has_sent_all_the_same() {
    let simulator = Simulator::with_template().await;
    simulator.faults(json!({ "faults": [{ "kind": "latency", "milliseconds": 400 }] })).await;
    let error = try_send_within(&simulator, "01012345678", Duration::from_millis(200)).await.unwrap_err();
    assert!(error.is_timeout());
    one_message_is_accepted(&simulator).await;
}

#[tokio::test]
async fn an_error_page_can_come_with_or_without_acceptance() {
    let simulator = Simulator::with_template().await;
    simulator
        .faults(json!({ "faults": [
            { "kind": "acceptThenServerError", "status": 504 },
            { "kind": "serverError" },
        ] }))
        .await;
    let page = try_send(&simulator, "01012345678").await.unwrap();
    assert_eq!(page.status(), 504);
    assert!(page.text().await.unwrap().starts_with("<html>"));
    assert_eq!(accepted_messages(&simulator).await, 1);
    assert_eq!(try_send(&simulator, "01012345679").await.unwrap().status(), 502);
    assert_eq!(accepted_messages(&simulator).await, 1);
}

#[tokio::test]
async fn an_accepted_call_can_answer_half_of_its_json() {
    let simulator = Simulator::with_template().await;
    simulator.faults(json!({ "faults": [{ "kind": "acceptThenBrokenJson" }] })).await;
    let answer = try_send(&simulator, "01012345678").await.unwrap();
    assert_eq!(answer.status(), 200);
    let body = answer.text().await.unwrap();
    assert!(body.starts_with(r#"{"code":0"#));
    assert!(serde_json::from_str::<Value>(&body).is_err());
    assert_eq!(accepted_messages(&simulator).await, 1);
}

#[tokio::test]
async fn some_numbers_of_a_call_can_be_counted_as_malformed() {
    let receivers: Vec<Receiver> = (0..10).map(|index| receiver(&format!("0101234560{index}"))).collect();
    let mut choices = Vec::new();
    for _ in 0..2 {
        let simulator = Simulator::with_template().await;
        simulator.faults(json!({ "seed": 3, "faults": [{ "kind": "partial", "failed": 4 }] })).await;
        let answer = simulator.send(&receivers).await;
        assert_eq!(answer["info"]["scnt"], 6);
        assert_eq!(answer["info"]["fcnt"], 4);
        assert_eq!(answer["info"]["total"], 39.0);
        let truth = simulator.truth().await;
        assert_eq!(truth["acceptedMessages"], 6);
        choices.push(truth["perRecipient"].clone());
    }
    assert_eq!(choices[0], choices[1], "the seed decides which");
}

#[tokio::test]
async fn a_fault_can_befall_another_call_or_one_receiver_only() {
    let simulator = Simulator::with_template().await;
    simulator
        .faults(json!({ "faults": [
            { "kind": "serverError", "path": LIST, "times": 0 },
            { "kind": "refuse", "receiver": "010-1234-5679", "times": 0 },
        ] }))
        .await;
    let listed = simulator.post(LIST, &simulator.signed([("page", "1")])).await.unwrap();
    assert_eq!(listed.status(), 502);
    assert_eq!(simulator.send(&[receiver("01012345678")]).await["code"], 0);
    assert_eq!(simulator.send(&[receiver("01012345679")]).await["code"], -99);
}

#[tokio::test]
async fn the_script_can_be_read_and_deleted_and_refuses_nonsense() {
    let simulator = Simulator::with_template().await;
    simulator.faults(json!({ "faults": [{ "kind": "refuse", "times": 0 }] })).await;
    simulator.send(&[receiver("01012345678")]).await;
    let script = simulator.admin(Method::GET, "faults", Value::Null).await;
    assert_eq!(script["faults"][0]["kind"], "refuse");
    assert_eq!(script["faults"][0]["happened"], 1);
    simulator.admin(Method::DELETE, "faults", Value::Null).await;
    assert_eq!(simulator.send(&[receiver("01012345678")]).await["code"], 0);

    for wrong in [
        json!({ "faults": [{ "kind": "explode" }] }),
        json!({ "faults": [{ "kind": "refuse", "probability": 2.0 }] }),
        json!({ "faults": [{ "kind": "serverError", "status": 200 }] }),
        json!({ "faults": [{ "kind": "refuse", "tmes": 1 }] }),
    ] {
        let response = simulator.client.post(simulator.url("/admin/faults")).json(&wrong).send().await.unwrap();
        assert_eq!(response.status(), 422, "{wrong}");
    }
}
