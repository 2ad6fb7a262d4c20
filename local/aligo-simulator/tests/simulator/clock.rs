//! The simulator's clock, and what is measured by it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{LIST, Simulator, receiver, rows};

async fn clock(simulator: &Simulator, change: Value) -> Value {
    simulator.admin(Method::POST, "clock", change).await
}

#[tokio::test]
async fn the_clock_can_be_moved_forward() {
    let simulator = Simulator::with_template().await;
    let mid = simulator.accepted(&[receiver("01012345678")]).await;
    let moved = clock(&simulator, json!({ "advanceMs": 3_000 })).await;
    assert_eq!(moved["clockOffsetMs"], 3_000);
    assert_eq!(simulator.row(&mid).await["rslt"], "0");
}

#[tokio::test]
async fn the_clock_can_be_set_and_everything_is_stamped_by_it() {
    let simulator = Simulator::with_template().await;
    let shown = clock(&simulator, json!({ "set": "2026-07-01T21:30:00+09:00" })).await;
    assert_eq!(
        shown,
        json!({ "now": "2026-07-01T12:30:00Z", "korea": "2026-07-01 21:30:00", "stopped": false, "clockOffsetMs": 10_488_600_000_u64 })
    );
    let mid = simulator.accepted(&[receiver("01012345678")]).await;
    let listed = rows(&simulator.call(LIST, [("page", "1")]).await).remove(0);
    assert_eq!([&listed["regdate"], &listed["reg_date"]], ["2026-07-01 21:30:00", "2026-07-01 21:30:00"]);
    assert_eq!(simulator.truth().await["calls"][0]["acceptedAt"], "2026-07-01T12:30:00Z");
    clock(&simulator, json!({ "advanceMs": 86_400_000 })).await;
    let row = simulator.row(&mid).await;
    assert_eq!([&row["reqdate"], &row["reportdate"]], ["2026-07-01 21:30:00", "2026-07-01 21:30:03"]);
}

#[tokio::test]
async fn a_clock_that_is_put_back_still_gives_every_call_a_mid_of_its_own() {
    let simulator = Simulator::with_template().await;
    let first: u64 = simulator.accepted(&[receiver("01012345671")]).await.parse().unwrap();
    clock(&simulator, json!({ "set": "2020-01-01T00:00:00Z" })).await;
    let second: u64 = simulator.accepted(&[receiver("01012345672")]).await.parse().unwrap();
    assert!(first < second);
}

#[tokio::test]
async fn a_stopped_clock_stands_still_until_it_is_moved_or_started() {
    let simulator = Simulator::with_template().await;
    let stopped = clock(&simulator, json!({ "set": "2026-03-02T12:00:00Z", "stopped": true })).await;
    assert_eq!([&stopped["now"], &stopped["stopped"]], [&json!("2026-03-02T12:00:00Z"), &json!(true)]);
    simulator.advance(60_000);
    assert_eq!(simulator.admin(Method::GET, "clock", Value::Null).await["now"], "2026-03-02T12:00:00Z");
    assert_eq!(clock(&simulator, json!({ "advanceMs": 1_000 })).await["now"], "2026-03-02T12:00:01Z");
    let started = clock(&simulator, json!({ "stopped": false })).await;
    assert_eq!(started["now"], "2026-03-02T12:00:01Z");
    simulator.advance(60_000);
    assert_eq!(simulator.admin(Method::GET, "clock", Value::Null).await["now"], "2026-03-02T12:01:01Z");
}

#[tokio::test]
async fn a_clock_that_makes_no_sense_is_refused_and_changes_nothing() {
    let simulator = Simulator::start().await;
    for wrong in
        [json!({ "advanceMs": u64::MAX }), json!({ "advanceMs": -1 }), json!({ "set": "noon" }), json!({ "advance": 1 })]
    {
        let response = simulator.client.post(simulator.url("/admin/clock")).json(&wrong).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    assert_eq!(simulator.admin(Method::GET, "clock", Value::Null).await["now"], "2026-03-02T03:00:00Z");
}
