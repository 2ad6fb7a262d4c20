//! The simulator's own API: switches, templates, reset.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Simulator, receiver, template};

#[tokio::test]
async fn a_reset_forgets_everything_but_on_request_the_templates() {
    let simulator = Simulator::with_template().await;
    let before: u64 = simulator.accepted(&[receiver("01012345678")]).await.parse().unwrap();
    simulator.settings(json!({ "resultDelayMs": 1 })).await;
    simulator.faults(json!({ "faults": [{ "kind": "refuse", "times": 0 }] })).await;
    simulator.admin(Method::POST, "reset?keepTemplates=true", Value::Null).await;
    let truth = simulator.truth().await;
    assert_eq!(truth["acceptedCalls"], 0);
    assert_eq!(truth["requests"], json!({}));
    let settings = simulator.admin(Method::GET, "settings", Value::Null).await;
    assert_eq!(settings["resultDelayMs"], 3_000);
    let after: u64 = simulator.accepted(&[receiver("01012345678")]).await.parse().unwrap();
    assert!(before < after, "a mid is never given out twice");
    simulator.admin(Method::POST, "reset", Value::Null).await;
    let templates = simulator.admin(Method::GET, "templates", Value::Null).await;
    assert_eq!(templates, json!([]));
}

#[tokio::test]
async fn a_template_is_seeded_once_per_code_and_can_be_removed() {
    let simulator = Simulator::start().await;
    let seeded = simulator.admin(Method::POST, "templates", template()).await;
    assert_eq!(seeded["senderKey"], simulator.options.sender_key.as_str());
    assert_eq!(seeded["buttons"][0]["linkTypeName"], "웹링크");
    simulator.admin(Method::POST, "templates", template()).await;
    let all = simulator.admin(Method::GET, "templates", Value::Null).await;
    assert_eq!(all.as_array().unwrap().len(), 1);
    simulator.admin(Method::DELETE, "templates/TEST_1", Value::Null).await;
    let gone = simulator.client.delete(simulator.url("/admin/templates/TEST_1")).send().await.unwrap();
    assert_eq!(gone.status(), 404);
}

#[tokio::test]
async fn a_setting_that_does_not_exist_is_refused_and_changes_nothing() {
    let simulator = Simulator::start().await;
    for wrong in [
        json!({ "resultDelay": 1 }),
        json!({ "resultDelayMs": -1 }),
        json!({ "unitPrice": -1.0 }),
        json!({ "outcomes": { "01012345678": "bad" } }),
        json!([]),
    ] {
        let response = simulator.client.patch(simulator.url("/admin/settings")).json(&wrong).send().await.unwrap();
        assert_eq!(response.status(), 422, "{wrong}");
    }
    let settings = simulator.admin(Method::GET, "settings", Value::Null).await;
    assert_eq!(settings["resultDelayMs"], 3_000);
}

#[tokio::test]
async fn a_page_of_another_site_cannot_drive_the_simulator() {
    let simulator = Simulator::start().await;
    for (site, status) in [("cross-site", 403), ("same-site", 403), ("same-origin", 204), ("none", 204)] {
        let response =
            simulator.client.post(simulator.url("/admin/reset")).header("sec-fetch-site", site).send().await.unwrap();
        assert_eq!(response.status(), status, "{site}");
    }
}
