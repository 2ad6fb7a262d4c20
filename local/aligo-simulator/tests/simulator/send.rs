//! `alimtalk/send`.

use reqwest::Method;
use serde_json::json;

use crate::support::{Receiver, SEND, Simulator, call_with, mid_of, receiver, replace};

#[tokio::test]
async fn an_accepted_call_answers_the_documented_shape() {
    let simulator = Simulator::with_template().await;
    let answer = simulator.send(&[receiver("010-1234-5678"), receiver("01012345679")]).await;
    let mid = mid_of(&answer);
    assert_eq!(
        answer,
        json!({
            "code": 0,
            "message": "성공적으로 전송요청 하였습니다.",
            "info": {
                "type": "AT", "mid": mid, "current": "9999987.0",
                "unit": 6.5, "total": 13.0, "scnt": 2, "fcnt": 0,
            },
        })
    );
}

#[tokio::test]
async fn every_call_gets_a_mid_of_its_own() {
    let simulator = Simulator::with_template().await;
    let first: u64 = simulator.accepted(&[receiver("01012345678")]).await.parse().unwrap();
    let second: u64 = simulator.accepted(&[receiver("01012345678")]).await.parse().unwrap();
    assert!(first < second);
}

#[tokio::test]
async fn malformed_numbers_are_counted_but_not_named_and_not_paid_for() {
    let simulator = Simulator::with_template().await;
    let answer = simulator.send(&[receiver("010-12"), receiver("01012345678"), receiver("+821012345678")]).await;
    assert_eq!(answer["info"]["scnt"], 1);
    assert_eq!(answer["info"]["fcnt"], 2);
    assert_eq!(answer["info"]["total"], 6.5);
    let truth = simulator.truth().await;
    assert_eq!(truth["acceptedMessages"], 1);
}

#[tokio::test]
async fn five_hundred_receivers_are_accepted_and_one_more_is_refused_as_a_whole() {
    let simulator = Simulator::with_template().await;
    let many: Vec<Receiver> = (0..501)
        .map(|index| Receiver {
            message: crate::support::message(&"가".repeat(900)),
            ..receiver(&format!("0101111{index:04}"))
        })
        .collect();
    let answer = simulator.send(&many[..500]).await;
    assert_eq!(answer["info"]["scnt"], 500);
    let answer = simulator.send(&many).await;
    assert_eq!(answer["code"], -99);
    assert_eq!(simulator.truth().await["acceptedMessages"], 500);
}

#[tokio::test]
async fn a_missing_field_refuses_the_whole_call() {
    let simulator = Simulator::with_template().await;
    let complete = call_with(&[receiver("01012345678"), receiver("01012345679")]);
    for field in ["senderkey", "tpl_code", "sender", "subject_1", "message_2", "subject_2"] {
        let mut fields = complete.clone();
        fields.retain(|(name, _)| name != field);
        let answer = simulator.call(SEND, fields).await;
        assert_eq!(answer["code"], -99, "without {field}");
        assert!(answer.get("info").is_none());
    }
    let nobody = simulator.call(SEND, call_with(&[])).await;
    assert_eq!(nobody["code"], -99);
    assert_eq!(simulator.truth().await["acceptedCalls"], 0);
}

#[tokio::test]
async fn money_is_counted_down_and_too_little_of_it_refuses_the_whole_call() {
    let simulator = Simulator::with_template().await;
    simulator.admin(Method::PUT, "balance", json!({ "balance": 20.0 })).await;
    let three = ["01012345671", "01012345672", "01012345673"].map(receiver);
    simulator.accepted(&three).await;
    let answer = simulator.send(&[receiver("01012345674")]).await;
    assert_eq!(answer, json!({ "code": -99, "message": "포인트가 부족합니다." }));
    let left = simulator.admin(Method::GET, "balance", json!(null)).await;
    assert_eq!(left["balance"], 0.5);
    assert_eq!(simulator.truth().await["acceptedMessages"], 3);
}

#[tokio::test]
async fn an_unknown_sender_profile_is_refused_or_on_request_fails_later() {
    let simulator = Simulator::with_template().await;
    let mut fields = call_with(&[receiver("01012345678")]);
    replace(&mut fields, "senderkey", "someone-elses");
    assert_eq!(simulator.call(SEND, fields.clone()).await["code"], -99);

    simulator.settings(json!({ "profileCheck": "result" })).await;
    let mid = mid_of(&simulator.call(SEND, fields).await);
    simulator.advance(3_000);
    assert_eq!(simulator.row(&mid).await["rslt"], "1");
}

#[tokio::test]
async fn a_rehearsal_answers_alike_but_nothing_is_sent_or_paid() {
    let simulator = Simulator::with_template().await;
    let mut fields = call_with(&[receiver("01012345678")]);
    fields.push(("testMode".to_owned(), "Y".to_owned()));
    let mid = mid_of(&simulator.call(SEND, fields).await);
    simulator.advance(60_000);
    assert!(simulator.detail(&mid).await.is_empty());
    let truth = simulator.truth().await;
    assert_eq!(truth["acceptedMessages"], 0);
    assert_eq!(truth["calls"][0]["testMode"], true);
    let left = simulator.admin(Method::GET, "balance", json!(null)).await;
    assert_eq!(left["balance"], 10_000_000.0);
}

#[tokio::test]
async fn a_reservation_must_lie_in_the_future() {
    let simulator = Simulator::with_template().await;
    for wrong in ["20260302115959", "20260302120000", "2026-03-02 13:00", "soon"] {
        let mut fields = call_with(&[receiver("01012345678")]);
        fields.push(("senddate".to_owned(), wrong.to_owned()));
        assert_eq!(simulator.call(SEND, fields).await["code"], -99, "{wrong}");
    }
}

#[tokio::test]
async fn the_path_works_without_its_last_slash() {
    let simulator = Simulator::with_template().await;
    let answer = simulator.call("/akv10/alimtalk/send", call_with(&[receiver("01012345678")])).await;
    assert_eq!(answer["code"], 0);
}

#[tokio::test]
async fn a_multipart_form_is_read_as_the_providers_own_npm_client_writes_it() {
    let simulator = Simulator::with_template().await;
    let boundary = "--------------------------012345678901234567890123";
    let part = |(name, value): (String, String)| {
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let parts: String = simulator.signed(call_with(&[receiver("01012345678")])).into_iter().map(part).collect();
    let body = format!("{parts}--{boundary}--\r\n");
    let content_type = format!("multipart/form-data; boundary={boundary}");
    let post = simulator.client.post(simulator.url(SEND)).header("content-type", content_type).body(body);
    let answer: serde_json::Value = post.send().await.unwrap().json().await.unwrap();
    let mid = mid_of(&answer);
    simulator.advance(3_000);
    assert_eq!(simulator.row(&mid).await["rslt"], "0", "text, line breaks and button are what the template wants");
}

#[tokio::test]
async fn a_stopped_sender_profile_fails_later_with_1() {
    let simulator = Simulator::with_template().await;
    let stopped = json!({ "senderKey": simulator.options.sender_key, "uuid": "@dangol", "name": "단골의원", "status": "S" });
    simulator.admin(Method::POST, "profiles", stopped).await;
    assert_eq!(simulator.result_of(receiver("01012345678")).await, "1");
}

#[tokio::test]
async fn an_old_token_and_a_receivers_name_change_nothing() {
    let simulator = Simulator::with_template().await;
    let mut fields = call_with(&[receiver("01012345678")]);
    fields.push(("token".to_owned(), "expired".to_owned()));
    fields.push(("recvname_1".to_owned(), "김단골".to_owned()));
    assert_eq!(simulator.call(SEND, fields).await["code"], 0);
}
