//! Who sees the recipients of a campaign is a line of the audit log.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::db::clicks::{self, Click};
use shared::db::staff;
use shared::message::CampaignRequested;
use shared::model::state::{CampaignState, ClickClass};
use shared::model::{CampaignId, ClickId, CustomerId, MessageId};
use shared::testing::audited::{assert_nothing_of, lines, take};
use sqlx::types::Uuid;

use crate::life::Life;
use crate::scene::Scene;

/// What the only line since the last look tells, which is of the clinic's owner.
async fn told(scene: &Scene) -> (String, String, Option<Uuid>, u32) {
    // Ids sort by the millisecond, and lines are told apart by them.
    scene.clock.advance(TimeDelta::milliseconds(1));
    let taken = take(&scene.test.pool).await;
    let [line] = taken.as_slice() else { panic!("one request is one line: {taken:?}") };
    let mut connection = scene.test.pool.acquire().await.unwrap();
    let owner = staff::find_by_subject(&mut connection, "clinic").await.unwrap().unwrap();
    assert_eq!(line.staff_id, owner.id);
    let (action, kind, subject, people) = line.told();
    (action.to_owned(), kind.to_owned(), subject, people)
}

fn of_campaign(action: &str, campaign: CampaignId, people: u32) -> (String, String, Option<Uuid>, u32) {
    (action.to_owned(), "campaign".to_owned(), Some(campaign.uuid()), people)
}

fn of_customer(action: &str, customer: CustomerId) -> (String, String, Option<Uuid>, u32) {
    (action.to_owned(), "customer".to_owned(), Some(customer.uuid()), 1)
}

#[tokio::test]
async fn whoever_sees_or_exports_recipients_is_written_down() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let life = Life::of(&scene, &clinic, CampaignState::Finished).await;
    life.messages(3, |mut message| {
        message.customer = message.customer.filter(|_| message.number != 2);
        message
    })
    .await;
    let (id, path) = (life.campaign.id, life.path());
    clinic.staff.get(&format!("{path}/messages")).await;
    assert_eq!(told(&scene).await, of_campaign("message.list", id, 3));
    let shown = clinic.staff.get(&format!("{path}/messages/1")).await;
    let customer = shown.json["customerId"].as_str().unwrap().parse().unwrap();
    assert_eq!(told(&scene).await, of_customer("message.show", customer));
    clinic.staff.get(&format!("{path}/messages/2")).await;
    assert_eq!(told(&scene).await, of_campaign("message.show", id, 1), "nobody knows whose it is any more");
    clinic.staff.post(&format!("{path}/export"), json!({"format": "csv"})).await;
    assert_eq!(scene.downloads.take().len(), 1);
    assert_eq!(told(&scene).await, of_campaign("message.export", id, 3));

    let visit = |number, minute| Click {
        id: ClickId::new(&scene.ambient),
        clinic: clinic.id,
        message: MessageId { campaign: id, number },
        class: ClickClass::Human,
        reason: "browser".to_owned(),
        rule_version: 3,
        agent: "Mozilla/5.0".to_owned(),
        method: "GET".to_owned(),
        purpose: String::new(),
        numbered: None,
        clicked_at: life.campaign.created_at + TimeDelta::minutes(minute),
    };
    let visits = [visit(1, 1), visit(1, 2), visit(3, 3)];
    clicks::insert_all(&mut scene.test.pool.acquire().await.unwrap(), &visits).await.unwrap();
    clinic.staff.get(&format!("{path}/clicks")).await;
    assert_eq!(told(&scene).await, of_campaign("click.list", id, 2), "three visits of two people");

    for numbers_alone in [path.clone(), "/v1/campaigns".to_owned()] {
        assert_eq!(clinic.staff.get(&numbers_alone).await.status, 200);
    }
    let stranger = scene.ready("stranger").await;
    for path in [format!("{path}/messages"), format!("{path}/messages/1"), format!("{path}/clicks")] {
        assert_eq!(stranger.staff.get(&path).await.status, 404);
    }
    assert_eq!(lines(&scene.test.pool).await, []);
    clinic.staff.get(&format!("{path}/messages")).await;
    assert_nothing_of(&scene.test.pool, &["고객", "2345", "token"]).await;
    scene.test.finish().await;
}

#[tokio::test]
async fn whoever_looks_ahead_or_tries_a_customers_values_is_written_down() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let template = scene.template(&clinic, "APR").await;
    let customer = scene.customer(&clinic, "김단골", "010-1111-0001", json!({})).await;
    clinic.staff.post("/v1/campaigns/preflight", clinic.wish(&template)).await;
    assert_eq!(told(&scene).await, ("campaign.preflight".to_owned(), "many".to_owned(), None, 0), "nobody had to be shown");
    scene.suppress(&clinic, "010-1111-0001").await;
    clinic.staff.post("/v1/campaigns/preflight", clinic.wish(&template)).await;
    assert_eq!(told(&scene).await, of_customer("campaign.preflight", customer));

    let mut wish = json!({
        "templateId": template, "destination": "https://www.example.com/spring", "phones": ["010-2222-0001", "010-2222-0001"],
    });
    let tested = clinic.staff.post_once("one", "/v1/campaigns/test", wish.clone()).await;
    let campaign: CampaignId = tested.json["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(told(&scene).await, of_campaign("campaign.test", campaign, 1));
    wish["customerId"] = json!(customer);
    for _ in 0..2 {
        assert_eq!(clinic.staff.post_once("two", "/v1/campaigns/test", wish.clone()).await.status, 202);
    }
    assert_eq!(told(&scene).await, of_customer("campaign.test", customer), "the same request again is no other");
    scene.publisher.take::<CampaignRequested>();
    wish["customerId"] = Value::from("cus_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e");
    assert_eq!(clinic.staff.post_once("three", "/v1/campaigns/test", wish).await.status, 404);
    assert_eq!(lines(&scene.test.pool).await, []);
    scene.test.finish().await;
}
