//! Tests to numbers of the staff.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::db::campaigns::Audience;
use shared::db::messages;
use shared::model::approval::Described;
use shared::model::state::{CampaignKind, CampaignState, MessageState};
use shared::testing::Answer;

use crate::scene::{Clinic, Scene, described, problem};

const PATH: &str = "/v1/campaigns/test";

fn wish(template: &Value, phones: &[&str]) -> Value {
    json!({"templateId": template, "destination": "https://www.example.com/spring", "phones": phones})
}

/// Texts and reasons of the prepared messages.
async fn prepared(scene: &Scene, clinic: &Clinic, answer: &Answer) -> Vec<(String, Option<String>)> {
    let campaign = scene.campaign(clinic, answer).await;
    assert_eq!(campaign.state, CampaignState::Sending);
    let mut connection = scene.test.pool.acquire().await.unwrap();
    let rows: Vec<(String, String, Option<String>)> =
        sqlx::query_as("SELECT state, body, reason FROM messages WHERE campaign_id = ? ORDER BY number")
            .bind(campaign.id)
            .fetch_all(&mut *connection)
            .await
            .unwrap();
    let counted = messages::count_by_state(&mut connection, clinic.id, campaign.id).await.unwrap();
    assert_eq!(counted.values().sum::<u64>(), u64::try_from(rows.len()).unwrap());
    assert!(rows.iter().all(|(state, ..)| [MessageState::Queued, MessageState::Excluded].iter().any(|s| s.as_str() == state)));
    rows.into_iter().map(|(_, body, reason)| (body, reason)).collect()
}

#[tokio::test]
async fn a_test_shows_a_customers_values_and_what_stands_in_for_them() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let content = "#{고객명}님 #{검진일} #{담당의} #{지점}".to_owned();
    let template = scene.described(&clinic, Described { content, ..described() }).await;
    let customer = scene.customer(&clinic, "김단골", "010-1111-0001", json!({"검진일": "3월 2일"})).await;
    let mut asked = wish(&template, &["010-2222-0001"]);
    asked["customerId"] = json!(customer);
    asked["sources"] = json!({"담당의": {"default": "원장님"}});
    let answer = clinic.staff.post_once("k1", PATH, asked).await;
    assert_eq!((answer.status, &answer.json["state"]), (202, &json!("requested")), "{answer:?}");
    assert_eq!(answer.json["phones"], json!([{"phone": "010-2222-0001", "reason": null, "reasonCode": null}]));
    let campaign = scene.campaign(&clinic, &answer).await;
    assert_eq!((campaign.kind, campaign.released_at), (CampaignKind::Test, Some(campaign.created_at)));
    let phones = vec!["010-2222-0001".parse().unwrap()];
    assert_eq!(campaign.audience, Audience::Test { phones, customer: Some(customer) });
    scene.prepare().await;
    let texts = prepared(&scene, &clinic, &answer).await;
    assert_eq!(texts, [("김단골님 3월 2일 원장님 [지점]".to_owned(), None)]);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_test_without_a_customer_shows_the_names_of_variables() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let content = "#{고객명}님 #{검진일} #{담당의}".to_owned();
    let template = scene.described(&clinic, Described { content, ..described() }).await;
    let mut asked = wish(&template, &["010-2222-0001"]);
    asked["sources"] = json!({"담당의": {"default": "원장님"}});
    let answer = clinic.staff.post_once("k1", PATH, asked).await;
    scene.prepare().await;
    let texts = prepared(&scene, &clinic, &answer).await;
    assert_eq!(texts, [("[고객명]님 [검진일] 원장님".to_owned(), None)]);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_number_that_must_not_be_written_to_gets_nothing_and_the_answer_says_so() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let template = scene.template(&clinic, "APR").await;
    scene.suppress(&clinic, "010-2222-0002").await;
    let phones = ["010-2222-0001", "010-2222-0002", "0505-222-0003", "01022220001"];
    let answer = clinic.staff.post_once("k1", PATH, wish(&template, &phones)).await;
    assert_eq!(
        answer.json["phones"],
        json!([
            {"phone": "010-2222-0001", "reason": null, "reasonCode": null},
            {"phone": "010-2222-0002", "reason": "수신을 거부한 번호입니다.", "reasonCode": "suppressed"},
            {"phone": "0505-222-0003", "reason": "안심번호(050)로는 보낼 수 없습니다.", "reasonCode": "safe_number"},
        ])
    );
    scene.prepare().await;
    let reasons: Vec<_> = prepared(&scene, &clinic, &answer).await.into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(reasons, [None, Some("suppressed".to_owned()), Some("safe_number".to_owned())]);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_test_of_an_advertisement_needs_consent_and_daylight() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let content = "（광고） #{고객명}님\r\n무료수신거부 080-000-0000".to_owned();
    let template = scene.described(&clinic, Described { content, ..described() }).await;
    scene.customer(&clinic, "김단골", "010-2222-0001", json!({})).await;
    let agreed = scene.customer(&clinic, "이단골", "010-2222-0002", json!({})).await;
    scene.consent(&[agreed]).await;
    let good = wish(&template, &["010-2222-0001", "010-2222-0002", "010-2222-0003"]);
    let answer = clinic.staff.post_once("day", PATH, good.clone()).await;
    assert_eq!(
        answer.json["phones"],
        json!([
            {"phone": "010-2222-0001", "reason": "광고 수신에 동의하지 않은 고객입니다.", "reasonCode": "no_consent"},
            {"phone": "010-2222-0002", "reason": null, "reasonCode": null},
            {"phone": "010-2222-0003", "reason": null, "reasonCode": null},
        ])
    );
    scene.prepare().await;
    let reasons: Vec<_> = prepared(&scene, &clinic, &answer).await.into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(reasons, [Some("no_consent".to_owned()), None, None]);
    // It is 10:00 in the beginning, and quiet from 20:59 to 08:00.
    scene.clock.advance(TimeDelta::minutes(10 * 60 + 59));
    let night = clinic.staff.post_once("night", PATH, good.clone()).await;
    assert_eq!((problem(&night), &night.json["reason"]), ((409, "template-not-sendable", ""), &json!("quiet-hours")));
    let korean = "야간(20시 59분~8시)에는 광고를 시험 발송할 수 없습니다. 오전 8시 이후에 다시 시도해 주세요.";
    assert_eq!(night.json["detail"], korean);
    let headers = [("accept-language", "en"), ("idempotency-key", "night")];
    let english = clinic.staff.send("POST", PATH, &headers, good.clone()).await;
    assert_eq!(english.json["detail"], "Advertising is not tried between 20:59 and 08:00. Try again after 08:00.");
    scene.clock.advance(TimeDelta::minutes(11 * 60 + 1));
    assert_eq!(clinic.staff.post_once("night", PATH, good).await.status, 202);
    // What is no advertisement goes to anybody at any hour.
    scene.clock.advance(TimeDelta::hours(15));
    let plain = scene.template(&clinic, "APR").await;
    let plain = clinic.staff.post_once("plain", PATH, wish(&plain, &["010-2222-0001"])).await;
    assert_eq!((plain.status, &plain.json["phones"][0]["reasonCode"]), (202, &json!(null)));
    assert_eq!(scene.told(), 2);
    scene.test.finish().await;
}

#[tokio::test]
async fn what_cannot_be_tried_says_why_and_a_lost_answer_is_repeated() {
    let scene = Scene::new().await;
    let (clinic, other) = (scene.ready("clinic").await, scene.ready("other").await);
    let (template, foreign) = (scene.template(&clinic, "APR").await, scene.template(&other, "APR").await);
    let stranger = scene.customer(&other, "김단골", "010-1111-0001", json!({})).await;
    let six = json!(["010-2222-0001", "010-2222-0002", "010-2222-0003", "010-2222-0004", "010-2222-0005", "010-2222-0006"]);
    for (field, value, expected) in [
        ("templateId", foreign, (404, "not-found", "templateId")),
        ("customerId", json!(stranger), (404, "not-found", "customerId")),
        ("phones", json!([]), (422, "invalid-input", "phones")),
        ("phones", six, (422, "invalid-input", "phones")),
        ("phones", json!(["02-555-0101"]), (422, "invalid-input", "phones[0]")),
        ("destination", json!(null), (422, "invalid-input", "destination")),
        ("groupIds", json!([clinic.group]), (422, "invalid-input", "groupIds")),
    ] {
        let mut wish = wish(&template, &["010-2222-0001"]);
        wish[field] = value;
        assert_eq!(problem(&clinic.staff.post_once("k1", PATH, wish).await), expected);
    }
    let good = wish(&template, &["010-2222-0001"]);
    assert_eq!(problem(&clinic.staff.post(PATH, good.clone()).await).1, "idempotency-key-required");
    let first = clinic.staff.post_once("k1", PATH, good.clone()).await;
    let again = clinic.staff.post_once("k1", PATH, good).await;
    assert_eq!((first.status, again.status, &again.json), (202, 202, &first.json));
    let other_phone = clinic.staff.post_once("k1", PATH, wish(&template, &["010-2222-0002"])).await;
    assert_eq!(problem(&other_phone), (422, "idempotency-key-reused", ""));
    assert_eq!(scene.told(), 1);
    scene.test.finish().await;
}
