//! What staff do with a campaign before, while and after it goes out.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::campaign::{DESTINATION, adds_up, group, template};
use crate::clinic;
use crate::support::Stack;

/// Of each group and of all, and the groups add up to the campaign.
fn all_add_up(now: &Value) -> bool {
    let groups = now["groups"].as_array().unwrap();
    let sum = |state: &str| groups.iter().map(|group| group[state].as_u64().unwrap()).sum::<u64>();
    let states = ["requested", "queued", "sent", "delivered", "failed", "unknown", "excluded"];
    adds_up(&now["messages"])
        && groups.iter().all(adds_up)
        && states.iter().all(|state| now["messages"][state].as_u64() == Some(sum(state)))
}

fn path_of(campaign: &Value) -> String {
    format!("/v1/campaigns/{}", campaign["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_campaign_is_checked_tried_sent_behind_a_canary_exported_and_sent_again_to_those_who_failed() {
    let stack = Stack::of_environment();
    let (owner, _) = clinic(&stack, "sending").await;
    let template = template(&stack, &owner, "STACK_3").await;
    // The last digits decide: 9911 cannot be reached at present, 9907 has no KakaoTalk.
    let first = group(&owner, "1년 지난 분", &["010-4000-0001", "010-4000-0002", "010-4000-0003", "010-4000-9911"]).await;
    let others = ["010-4000-0011", "010-4000-0012", "010-4000-0013", "010-4000-9907", "0505-400-0014"];
    let second = group(&owner, "임플란트", &others).await;
    owner.post("/v1/suppressions", json!({"phones": ["010-4000-0013"], "note": "전화로 거부"})).await;

    let wish = json!({
        "groupIds": [first["id"], second["id"]], "templateId": template["id"], "destination": DESTINATION, "name": "3월 검진",
    });
    let checked = owner.post("/v1/campaigns/preflight", wish.clone()).await;
    assert_eq!(
        (&checked["recipients"], &checked["sendable"], &checked["ready"]),
        (&json!(9), &json!(7), &json!(true)),
        "{checked:#}"
    );
    assert_eq!(checked["excluded"]["byReason"], json!({"safe_number": 1, "suppressed": 1}));
    assert_eq!((&checked["cost"]["total"], &checked["balance"]["enough"]), (&json!(45.5), &json!(true)), "{checked:#}");

    let tested = json!({"templateId": template["id"], "destination": DESTINATION, "phones": ["010-9999-0001"]});
    let tested = owner.post_once("test", "/v1/campaigns/test", tested).await;
    let delivered = |now: &Value| now["messages"]["delivered"] == 1 && now["state"] == "finished";
    owner.wait_for(&path_of(&tested), delivered).await;
    assert!(owner.list("/v1/campaigns").await.is_empty(), "tests are not listed");

    let campaign = owner.post_once("send", "/v1/campaigns", wish.clone()).await;
    let path = path_of(&campaign);
    let now = owner.wait_for_long(&path, |now| {
        assert!(all_add_up(now), "{now:#}");
        now["state"] == "finished" && now["messages"]["sent"] == 0
    });
    let now = now.await;
    let messages = &now["messages"];
    assert_eq!(
        (&messages["delivered"], &messages["failed"], &messages["excluded"]),
        (&json!(5), &json!(2), &json!(2)),
        "{now:#}"
    );
    assert_eq!((&now["canary"], &now["bundles"]["accepted"]), (&json!(null), &json!(2)), "it was decided: {now:#}");
    assert_eq!((&now["groups"][0]["name"], &now["groups"][0]["requested"]), (&json!("1년 지난 분"), &json!(4)));
    let truth = stack.aligo(Method::GET, "/admin/truth?tplCode=STACK_3", Value::Null).await;
    assert!(truth["perRecipient"].as_array().unwrap().iter().all(|one| one["accepted"] == 1), "{truth:#}");

    let failed = owner.list(&format!("{path}/messages?state=failed")).await;
    assert_eq!(failed.len(), 2);
    let one = owner.get(&format!("{path}/messages/{}", failed[0]["number"])).await;
    assert_eq!((&one["buttons"][0]["name"], &one["stateText"]), (&json!("예약 보기"), &json!("실패")), "{one:#}");
    let link = owner.post(&format!("{path}/export"), json!({"format": "csv"})).await;
    let (name, file) = stack.download(&link).await;
    let text = String::from_utf8(file).unwrap();
    assert!(name.contains("3월 검진") && text.lines().filter(|line| line.contains("010-4000-")).count() >= 8, "{name}: {text}");

    let again = owner.post_once("again", &format!("{path}/again"), json!({"part": "failed"})).await;
    let now = owner.wait_for_long(&path_of(&again), |now| now["state"] == "finished" && now["messages"]["failed"] == 1).await;
    assert_eq!(now["messages"]["requested"], 1, "who has no KakaoTalk is not written to again: {now:#}");
}

#[tokio::test]
async fn a_campaign_for_later_can_be_paused_resumed_and_called_off() {
    let stack = Stack::of_environment();
    let (owner, _) = clinic(&stack, "later").await;
    let template = template(&stack, &owner, "STACK_4").await;
    let group = group(&owner, "재방문", &["010-5000-0001"]).await;
    let tomorrow = shared::clock::Ambient::system().unwrap().now() + chrono::TimeDelta::days(1);
    let wish = json!({
        "groupIds": [group["id"]], "templateId": template["id"], "destination": DESTINATION, "scheduledAt": tomorrow,
    });
    let campaign = owner.post_once("later", "/v1/campaigns", wish).await;
    let path = path_of(&campaign);
    assert_eq!(campaign["state"], "scheduled");
    for (action, state) in [("pause", "paused"), ("pause", "paused"), ("resume", "scheduled"), ("cancel", "canceled")] {
        let answer = owner.post_once(&format!("{action}-later"), &format!("{path}/{action}"), Value::Null).await;
        assert_eq!(answer["state"], state, "{action}");
    }
    let refused = owner.send(Method::POST, &format!("{path}/resume"), &[("Idempotency-Key", "too-late")], Value::Null).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{refused:?}");
    let balance = owner.get("/v1/balance").await;
    assert!(balance["messages"].as_u64().is_some_and(|messages| messages > 0), "{balance}");
}
