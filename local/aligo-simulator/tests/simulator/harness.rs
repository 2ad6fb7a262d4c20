//! A small version of what a fault harness does: 10,000 recipients, six faults at their shares, and the truth afterwards.

use std::{collections::BTreeMap, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Receiver, SEND, Simulator, call_with, receiver};

const PATIENCE: Duration = Duration::from_millis(2_500);

fn plan(seed: u64, draw_by: &str) -> Value {
    json!({ "seed": seed, "drawBy": draw_by, "faults": [
        { "kind": "acceptThenReset", "share": 0.10 },
        { "kind": "acceptThenDelay", "share": 0.05, "milliseconds": 60_000 },
        { "kind": "acceptThenServerError", "share": 0.05, "status": 503 },
        { "kind": "refuse", "share": 0.10 },
        { "kind": "acceptThenBrokenJson", "share": 0.02 },
        { "kind": "partial", "share": 0.02, "failed": 3 },
    ] })
}

/// What the caller of one bundle saw.
async fn send(simulator: &Simulator, bundle: u32, size: u32) -> String {
    let receivers: Vec<Receiver> = (0..size).map(|index| receiver(&format!("0102{:07}", bundle * size + index))).collect();
    let fields = simulator.signed(call_with(&receivers));
    let sent = simulator.client.post(simulator.url(SEND)).timeout(PATIENCE).form(&fields).send().await;
    let answer = match sent {
        Err(error) if error.is_timeout() => return "late".to_owned(),
        Err(_) => return "reset".to_owned(),
        Ok(answer) => answer,
    };
    if !answer.status().is_success() {
        return "error page".to_owned();
    }
    match serde_json::from_str::<Value>(&answer.text().await.expect("a body")) {
        Err(_) => "broken".to_owned(),
        Ok(answer) if answer["code"] != 0 => "refused".to_owned(),
        Ok(answer) if answer["info"]["fcnt"] != 0 => "partial".to_owned(),
        Ok(_) => "accepted".to_owned(),
    }
}

/// Sends 200 bundles, so many at once, and returns what was seen of each.
async fn send_all(simulator: &Simulator, at_once: u32, size: u32) -> Vec<String> {
    let mut seen = Vec::new();
    for first in (0..200).step_by(at_once as usize) {
        let mut group = Vec::new();
        for bundle in first..first + at_once {
            group.push(send(simulator, bundle, size));
        }
        seen.extend(join_all(group).await);
    }
    seen
}

async fn join_all(futures: Vec<impl Future<Output = String>>) -> Vec<String> {
    let mut pinned: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<String>> = pinned.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, done) in pinned.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(seen) = future.as_mut().poll(context)
            {
                *done = Some(seen);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

fn count(seen: &[String]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for seen in seen {
        *counts.entry(seen.as_str()).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn ten_thousand_recipients_meet_the_seeded_faults_and_the_truth_knows_who_was_taken() {
    let simulator = Simulator::with_template().await;
    simulator.faults(plan(11, "order")).await;
    let seen = send_all(&simulator, 100, 50).await;
    let counts = count(&seen);
    let of = |what: &str| counts.get(what).copied().unwrap_or_default();
    for (what, least, most) in [
        ("reset", 8, 36),
        ("late", 2, 22),
        ("error page", 2, 22),
        ("refused", 8, 36),
        ("broken", 1, 12),
        ("partial", 1, 12),
        ("accepted", 110, 160),
    ] {
        assert!((least..=most).contains(&of(what)), "{what}: {counts:?}");
    }
    let truth = simulator.admin(Method::GET, "truth?summary=true", Value::Null).await;
    assert_eq!(truth["acceptedCalls"], 200 - of("refused"));
    assert_eq!(truth["acceptedMessages"], 50 * (200 - of("refused")) - 3 * of("partial"));
    assert_eq!(truth["repeatedLinkTokens"], json!({}));
    let script = simulator.admin(Method::GET, "faults", Value::Null).await;
    let happened: Vec<u64> = script["faults"].as_array().unwrap().iter().filter_map(|line| line["happened"].as_u64()).collect();
    assert_eq!(happened, ["reset", "late", "error page", "refused", "broken", "partial"].map(|what| of(what) as u64));
    assert_eq!([&script["seed"], &script["faults"][0]["matched"]], [11, 200]);
}

#[tokio::test]
async fn draws_by_content_are_the_same_however_many_calls_come_at_once() {
    let mut runs = Vec::new();
    for at_once in [1, 20] {
        let simulator = Simulator::with_template().await;
        let mut plan = plan(5, "content");
        plan["faults"].as_array_mut().unwrap().remove(1);
        simulator.faults(plan).await;
        runs.push(send_all(&simulator, at_once, 1).await);
    }
    assert_eq!(runs[0], runs[1]);
    assert!(count(&runs[0])["accepted"] < 190, "{:?}", count(&runs[0]));
}
