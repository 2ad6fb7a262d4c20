//! A campaign reaches its group, and the visits of its links are counted.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::clinic;
use crate::support::{Answer, Person, Stack};

const IN_APP: &str = "Mozilla/5.0 (Linux; Android 14; SM-S918N Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 \
                      Chrome/120.0.6099.230 Mobile Safari/537.36;KAKAOTALK 2410210";
const SCRAPER: &str = "facebookexternalhit/1.1; kakaotalk-scrap/1.0; +https://devtalk.kakao.com/t/scrap/33984";
pub const DESTINATION: &str = "https://www.example.com/booking?from=alimtalk";

/// Has the provider approve a text with the customer's name and a link, and the clinic know it.
pub async fn template(stack: &Stack, owner: &Person, code: &str) -> Value {
    let sender_key = &owner.get("/v1/clinic").await["senderKey"];
    let link = format!("{}/c/#{{link}}", stack.api);
    let approved = json!({
        "senderKey": sender_key, "templtCode": code, "templtName": "예약 안내", "templtContent": "#{고객명}님,\n예약을 확인해 주세요.", "inspStatus": "APR",
        "status": "A", "buttons": [{"ordering": 1, "name": "예약 보기", "linkType": "WL", "linkMo": link, "linkPc": link}],
    });
    stack.aligo(Method::POST, "/admin/templates", approved).await;
    owner.post("/v1/templates/sync", Value::Null).await;
    let templates = owner.list("/v1/templates").await;
    templates.into_iter().find(|template| template["code"] == code).expect("the template is there")
}

/// A group with so many customers; the last digits of a phone decide what the provider's simulator makes of it.
pub async fn group(owner: &Person, name: &str, phones: &[&str]) -> Value {
    let mut ids = Vec::new();
    for (number, phone) in phones.iter().enumerate() {
        let customer = json!({"name": format!("손님{number}"), "phone": phone});
        ids.push(owner.post("/v1/customers", customer).await["id"].clone());
    }
    owner.post("/v1/groups", json!({"name": name, "customerIds": ids})).await
}

pub fn adds_up(messages: &Value) -> bool {
    let of = |state: &str| messages[state].as_u64().unwrap();
    of("requested") == ["queued", "sent", "delivered", "failed", "unknown", "excluded"].map(of).iter().sum::<u64>()
}

/// Only the three headers, and nothing that a browser or a proxy could keep.
fn assert_redirected(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), &answer.headers["location"]), (302, &DESTINATION.parse().unwrap()), "{answer:?}");
    for (name, value) in
        [("cache-control", "no-store"), ("x-robots-tag", "noindex, nofollow"), ("referrer-policy", "no-referrer")]
    {
        assert_eq!(answer.headers[name], value);
    }
}

#[tokio::test]
async fn a_campaign_reaches_its_group_and_only_peoples_clicks_count() {
    let stack = Stack::of_environment();
    let (owner, _) = clinic(&stack, "campaign").await;
    let template = template(&stack, &owner, "STACK_1").await;
    assert_eq!((&template["sendable"], &template["variables"]), (&json!(true), &json!(["고객명"])));
    // 009907: the provider's simulator answers A, no KakaoTalk.
    let group = group(&owner, "재방문", &["010-2000-0001", "010-2000-0002", "010-2000-9907"]).await;

    let wish = json!({"groupIds": [group["id"]], "templateId": template["id"], "destination": DESTINATION});
    let campaign = owner.post_once("one", "/v1/campaigns", wish.clone()).await;
    let repeated = owner.post_once("one", "/v1/campaigns", wish).await;
    assert_eq!(repeated["id"], campaign["id"], "the same request again is the same campaign");

    let path = format!("/v1/campaigns/{}", campaign["id"].as_str().unwrap());
    let done = |now: &Value| now["messages"]["delivered"] == 2 && now["messages"]["failed"] == 1;
    let now = owner.wait_for(&path, |now| {
        assert!(adds_up(&now["messages"]), "{now:#}");
        done(now)
    });
    let now = now.await;
    assert_eq!((&now["state"], &now["messages"]["requested"]), (&json!("finished"), &json!(3)));

    let messages = owner.list(&format!("{path}/messages")).await;
    let texts: BTreeSet<_> = messages.iter().map(|message| message["text"].as_str().unwrap().replace("\r\n", "\n")).collect();
    assert!(texts.contains("손님0님,\n예약을 확인해 주세요."), "{texts:?}");
    let failed: Vec<_> = messages.iter().filter(|message| message["state"] == "failed").collect();
    assert_eq!((failed.len(), &failed[0]["phone"], &failed[0]["resultCode"]), (1, &json!("010-2000-9907"), &json!("A")));
    assert!(failed[0]["reason"].as_str().is_some_and(|reason| reason.contains("카카오톡")), "{failed:?}");

    // What the provider really took: one message per person, and never a second call for them.
    let truth = stack.aligo(Method::GET, "/admin/truth?tplCode=STACK_1", Value::Null).await;
    assert_eq!(truth["acceptedMessages"], 3, "{truth:#}");
    assert!(truth["perRecipient"].as_array().unwrap().iter().all(|one| one["accepted"] == 1), "{truth:#}");

    let link = messages[0]["link"].as_str().unwrap();
    assert!(link.len() < 100 && link.starts_with(&stack.api), "{link}");
    for _ in 0..2 {
        assert_redirected(&stack.visit(link, IN_APP).await);
    }
    assert_redirected(&stack.visit(link, SCRAPER).await);
    let counted = |now: &Value| now["clicks"]["human"] == 2 && now["clicks"]["previews"] == 1;
    let now = owner.wait_for(&path, counted).await;
    assert_eq!(now["clicks"]["unique"], 1, "two visits of one person");

    let stats = owner.get("/v1/stats").await;
    assert_eq!((&stats["customers"], &stats["groups"]), (&json!(3), &json!(2)));
    assert_eq!(stats["successRate"], json!({"delivered": 2, "of": 3, "ratio": 0.6667}));
    assert_eq!(stats["clickRate"], json!({"uniqueClicks": 1, "of": 2, "ratio": 0.5}));
    let id = campaign["id"].as_str().unwrap();
    // Two days: the campaign may have begun before midnight.
    let series = owner.get(&format!("/v1/stats/series?by=day&campaignId={id}&compare=previous")).await;
    let both = |name: &str| series["total"][name].as_u64().unwrap() + series["previous"]["total"][name].as_u64().unwrap();
    assert_eq!((both("sent"), both("failed"), both("uniqueClicks"), both("previews")), (3, 1, 1, 1), "{series:#}");
}

#[tokio::test]
async fn a_link_that_is_not_ours_leads_nowhere() {
    let stack = Stack::of_environment();
    for token in ["guess", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "%00%ff"] {
        let answer = stack.visit(&format!("{}/c/{token}?to=https://evil.example", stack.api), IN_APP).await;
        assert_eq!((answer.status.as_u16(), answer.headers.get("location")), (404, None), "{token}");
        assert!(answer.text.contains("<html lang=\"ko\">") && !answer.text.contains("evil.example"), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_lost_answer_of_the_provider_is_unknown_and_nobody_is_written_to_twice() {
    let stack = Stack::of_environment();
    let (owner, _) = clinic(&stack, "reset").await;
    let template = template(&stack, &owner, "STACK_2").await;
    let group = group(&owner, "재방문", &["010-3000-0001", "010-3000-0002"]).await;
    let fault = json!({"seed": 1, "faults": [{"kind": "acceptThenReset", "times": 1, "tplCode": "STACK_2"}]});
    stack.aligo(Method::POST, "/admin/faults", fault).await;

    let wish = json!({"groupIds": [group["id"]], "templateId": template["id"], "destination": DESTINATION});
    let campaign = owner.post_once("one", "/v1/campaigns", wish).await;
    let path = format!("/v1/campaigns/{}", campaign["id"].as_str().unwrap());
    // First unknown, then found in the provider's history by reconcile, which runs each minute.
    owner.wait_for(&path, |now| now["messages"]["unknown"] == 2).await;
    owner.wait_for_long(&path, |now| now["messages"]["delivered"] == 2).await;
    let truth = stack.aligo(Method::GET, "/admin/truth?tplCode=STACK_2", Value::Null).await;
    assert_eq!((&truth["acceptedCalls"], &truth["acceptedMessages"]), (&json!(1), &json!(2)), "{truth:#}");
}
