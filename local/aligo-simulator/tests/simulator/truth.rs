//! The truth table.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Receiver, SEND, Simulator, button, call_with, message, receiver, template};

#[tokio::test]
async fn the_truth_says_what_was_accepted_per_call_link_and_recipient() {
    let simulator = Simulator::with_template().await;
    let first = simulator.accepted(&[receiver("010-1234-5678")]).await;
    let second = simulator.accepted(&[receiver("01012345678"), receiver("01012345679")]).await;
    let truth = simulator.truth().await;
    assert_eq!(truth["acceptedCalls"], 2);
    assert_eq!(truth["acceptedMessages"], 3);
    assert_eq!(truth["perLinkToken"], json!({ "token-010-1234-5678": 1, "token-01012345678": 1, "token-01012345679": 1 }));
    assert_eq!(truth["repeatedLinkTokens"], json!({}));
    assert_eq!(
        truth["perRecipient"],
        json!([
            { "tplCode": "TEST_1", "receiver": "01012345678", "accepted": 2 },
            { "tplCode": "TEST_1", "receiver": "01012345679", "accepted": 1 },
        ])
    );
    assert_eq!(truth["calls"][1]["mid"], second.as_str());
    assert_eq!(
        truth["calls"][0],
        json!({
            "mid": first, "tplCode": "TEST_1", "senderKey": simulator.options.sender_key,
            "sender": "0212345678", "acceptedAt": "2026-03-02T03:00:00Z",
            "startAt": "2026-03-02T03:00:00Z", "reservation": "none", "testMode": false,
            "answered": "answered", "total": 6.5,
            "messages": [{
                "receiver": "01012345678", "message": message("김단골"), "emtitle": null,
                "buttonJson": button("token-010-1234-5678"),
                "linkToken": "token-010-1234-5678", "accepted": true, "outcome": "0",
                "smid": null,
            }],
        })
    );
}

#[tokio::test]
async fn a_link_that_was_accepted_twice_stands_out() {
    let simulator = Simulator::with_template().await;
    for _ in 0..2 {
        simulator.accepted(&[receiver("01012345678"), receiver("01012345679")]).await;
        simulator.advance(60_000);
    }
    simulator.accepted(&[receiver("01012345670")]).await;
    let truth = simulator.admin(Method::GET, "truth?summary=true", Value::Null).await;
    assert_eq!(truth["repeatedLinkTokens"], json!({ "token-01012345678": 2, "token-01012345679": 2 }));
}

#[tokio::test]
async fn the_link_token_is_found_in_a_text_without_buttons() {
    let simulator = Simulator::start().await;
    let mut plain = template();
    plain["templtContent"] = "#{고객명}님, https://clinic.example/home 안내: #{주소}".into();
    plain["buttons"] = json!([]);
    simulator.admin(Method::POST, "templates", plain).await;
    let text = "김단골님, https://clinic.example/home 안내: https://go.example.com/c/abc".to_owned();
    simulator.accepted(&[Receiver { message: text, button: None, ..receiver("01012345678") }]).await;
    let truth = simulator.truth().await;
    assert_eq!(truth["perLinkToken"], json!({ "abc": 1 }));
    assert_eq!(truth["calls"][0]["messages"][0]["outcome"], "0");
}

#[tokio::test]
async fn what_was_accepted_in_a_part_of_the_day_in_korea_can_be_asked_for() {
    let simulator = Simulator::with_template().await;
    let mut reserved = call_with(&[receiver("01012345670")]);
    reserved.push(("senddate".to_owned(), "20260302230000".to_owned()));
    simulator.call(SEND, reserved).await;
    for (at, number) in [
        ("2026-03-02T20:59:59+09:00", "01012345671"),
        ("2026-03-02T21:00:00+09:00", "01012345672"),
        ("2026-03-03T07:59:59+09:00", "01012345673"),
        ("2026-03-03T08:00:00+09:00", "01012345674"),
    ] {
        simulator.admin(Method::POST, "clock", json!({ "set": at, "stopped": true })).await;
        simulator.accepted(&[receiver(number)]).await;
    }
    let found = async |query: &str| -> Vec<Value> {
        let truth = simulator.admin(Method::GET, &format!("truth?{query}"), Value::Null).await;
        let rows = truth["perRecipient"].as_array().unwrap();
        assert_eq!(truth["calls"].as_array().unwrap().len(), rows.len());
        rows.iter().map(|row| row["receiver"].clone()).collect()
    };
    assert_eq!(found("acceptedBetween=21:00-08:00").await, ["01012345672", "01012345673"]);
    assert_eq!(found("startedBetween=21:00-08:00").await, ["01012345670", "01012345672", "01012345673"]);
    assert_eq!(found("acceptedBetween=12:00-13:00&startedBetween=23:00-23:01").await, ["01012345670"]);
    let wrong = simulator.client.get(simulator.url("/admin/truth?acceptedBetween=night")).send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn the_truth_can_be_narrowed_and_shortened() {
    let simulator = Simulator::with_template().await;
    simulator.accepted(&[receiver("01012345678")]).await;
    let other = simulator.admin(Method::GET, "truth?tplCode=OTHER", Value::Null).await;
    assert_eq!(other["acceptedMessages"], 0);
    assert_eq!(other["calls"], json!([]));
    let short = simulator.admin(Method::GET, "truth?summary=true", Value::Null).await;
    assert_eq!(short["acceptedMessages"], 1);
    assert!(short.get("calls").is_none());
}

#[tokio::test]
async fn a_refused_call_is_not_in_the_truth_but_was_a_request() {
    let simulator = Simulator::with_template().await;
    simulator.admin(Method::PUT, "balance", json!({ "balance": 1.0 })).await;
    simulator.send(&[receiver("01012345678")]).await;
    let truth = simulator.truth().await;
    assert_eq!(truth["acceptedCalls"], 0);
    assert_eq!(truth["requests"], json!({ "/akv10/alimtalk/send/": 1 }));
}
