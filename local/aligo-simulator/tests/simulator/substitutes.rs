//! Text messages in place of messages that failed.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{SEND, Simulator, call_with, mid_of, receiver};

/// Two receivers, of whom the first does not use the messenger.
fn with_substitutes(text: &str) -> Vec<(String, String)> {
    let mut fields = call_with(&[receiver("01012009907"), receiver("01012009900")]);
    for number in 1..=2 {
        fields.push((format!("fsubject_{number}"), "예약 안내".to_owned()));
        fields.push((format!("fmessage_{number}"), text.to_owned()));
    }
    fields.push(("failover".to_owned(), "Y".to_owned()));
    fields
}

async fn balance(simulator: &Simulator) -> Value {
    simulator.admin(Method::GET, "balance", Value::Null).await["balance"].clone()
}

#[tokio::test]
async fn a_failed_message_with_failover_names_its_substitute() {
    let simulator = Simulator::with_template().await;
    let mid = mid_of(&simulator.call(SEND, with_substitutes("문자로 보냅니다")).await);
    simulator.advance(1_000);
    let rows = simulator.detail(&mid).await;
    assert_eq!([&rows[0]["smid"], &rows[1]["smid"]], ["0", "0"], "nothing has failed yet");
    simulator.advance(2_000);
    let rows = simulator.detail(&mid).await;
    assert_ne!(rows[0]["smid"], "0");
    assert_eq!(rows[1]["smid"], "0");
    let truth = simulator.truth().await;
    assert_eq!(truth["substitutes"], 1);
    assert_eq!(truth["calls"][0]["messages"][0]["smid"], rows[0]["smid"]);
}

#[tokio::test]
async fn a_substitute_is_paid_for_when_it_goes_out() {
    for (text, price) in [("가".repeat(45), 8.4), ("가".repeat(46), 25.9)] {
        let simulator = Simulator::with_template().await;
        simulator.admin(Method::PUT, "balance", json!({ "balance": 100.0 })).await;
        simulator.call(SEND, with_substitutes(&text)).await;
        simulator.advance(2_999);
        assert_eq!(balance(&simulator).await, 87.0);
        simulator.advance(1);
        assert_eq!(balance(&simulator).await, 87.0 - price);
    }
}

#[tokio::test]
async fn a_withdrawn_reservation_has_no_substitutes_to_pay_for() {
    let simulator = Simulator::with_template().await;
    let mut fields = with_substitutes("문자");
    fields.push(("senddate".to_owned(), "20260302130000".to_owned()));
    let mid = mid_of(&simulator.call(SEND, fields).await);
    assert_eq!(simulator.call("/akv10/cancel/", [("mid", mid)]).await["code"], 1);
    simulator.advance(2 * 3_600_000);
    assert_eq!(balance(&simulator).await, 10_000_000.0);
}

#[tokio::test]
async fn failover_needs_the_texts_of_all_substitutes_unless_switched_off() {
    let simulator = Simulator::with_template().await;
    for field in ["fsubject_2", "fmessage_1"] {
        let mut fields = with_substitutes("문자");
        fields.retain(|(name, _)| name != field);
        assert_eq!(simulator.call(SEND, fields).await["code"], -99, "without {field}");
    }
    let mut without_failover = with_substitutes("문자");
    without_failover.retain(|(name, _)| name != "failover" && !name.starts_with("fmessage"));
    assert_eq!(simulator.call(SEND, without_failover).await["code"], 0);

    simulator.settings(json!({ "substituteFields": "optional" })).await;
    let mut fields = with_substitutes("문자");
    fields.retain(|(name, _)| !name.starts_with("fmessage"));
    let mid = mid_of(&simulator.call(SEND, fields).await);
    simulator.advance(3_000);
    assert_eq!(simulator.detail(&mid).await[0]["smid"], "0");
}
