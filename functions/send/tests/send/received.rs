//! What one customer was sent, and what became of each campaign in the list.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::clock::Clock as _;
use shared::db::campaigns::Campaign;
use shared::db::hourly_totals::{Delta, Moves, Owner};
use shared::model::CustomerId;
use shared::model::state::{CampaignKind, CampaignState};
use shared::testing::audited::take;

use crate::life::Life;
use crate::scene::{Clinic, Scene, problem};

async fn received(clinic: &Clinic, customer: CustomerId, query: &str) -> Value {
    let page = clinic.staff.get(&format!("/v1/customers/{customer}/messages{query}")).await;
    assert_eq!(page.status, 200, "{page:?}");
    page.json
}

#[tokio::test]
async fn a_customers_messages_are_those_of_all_campaigns_the_newest_first() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let customer = scene.customer(&clinic, "김단골", "010-1111-0001", json!({})).await;
    let other = scene.customer(&clinic, "이단골", "010-1111-0002", json!({})).await;
    let mut lives = Vec::new();
    for name in ["첫째", "둘째", "셋째"] {
        let begin = |campaign| Campaign { name: name.to_owned(), state: CampaignState::Finished, ..campaign };
        let life = Life::begin(&scene, &clinic, &[], begin).await;
        life.messages(2, |mut message| {
            message.customer = Some(if message.number == 1 { other } else { customer });
            message
        })
        .await;
        lives.push(life);
    }
    lives[1].set("state = 'failed', reason = 'blocked', resulted_at = NOW(6)", 2..=2, |query| query).await;
    // Of another customer, and a test, which knows none.
    let test = Life::begin(&scene, &clinic, &[], |campaign| Campaign { kind: CampaignKind::Test, ..campaign }).await;
    test.messages(1, |mut message| {
        message.customer = None;
        message
    })
    .await;
    take(&scene.test.pool).await;

    let all = received(&clinic, customer, "").await;
    let items = all["items"].as_array().unwrap();
    let named: Vec<_> = items.iter().map(|item| item["campaignName"].as_str().unwrap()).collect();
    assert_eq!((named, all.get("nextCursor")), (vec!["셋째", "둘째", "첫째"], None));
    let blocked = &items[1];
    assert_eq!(blocked["campaignId"], json!(lives[1].campaign.id));
    let told = ["kind", "campaignState", "number", "state", "stateText", "reasonCode", "link", "customerId"];
    let expected = [
        json!("information"),
        json!("finished"),
        json!(2),
        json!("failed"),
        json!("실패"),
        json!("blocked"),
        json!("https://go.example.com/c/token-2"),
        json!(customer),
    ];
    assert_eq!(told.map(|field| blocked[field].clone()), expected);
    // The same as in the list of the campaign.
    let listed = clinic.staff.get(&format!("{}/messages", lives[1].path())).await.json["items"][1].clone();
    for (field, value) in listed.as_object().unwrap() {
        assert_eq!(&blocked[field], value, "{field}");
    }
    let written = take(&scene.test.pool).await;
    assert_eq!(written[0].told(), ("customer.messages", "customer", Some(customer.uuid()), 1));

    let first = received(&clinic, customer, "?limit=2").await;
    let cursor = first["nextCursor"].as_str().unwrap();
    let rest = received(&clinic, customer, &format!("?limit=2&cursor={cursor}")).await;
    let pages = [first["items"].as_array().unwrap().clone(), rest["items"].as_array().unwrap().clone()].concat();
    assert_eq!(&pages, items);
    scene.test.finish().await;
}

#[tokio::test]
async fn nobody_sees_the_messages_of_another_clinics_customer() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let other = scene.ready("other").await;
    let customer = scene.customer(&clinic, "김단골", "010-1111-0001", json!({})).await;
    let life = Life::of(&scene, &other, CampaignState::Sending).await;
    life.messages(1, |mut message| {
        message.customer = Some(customer);
        message
    })
    .await;
    take(&scene.test.pool).await;
    assert_eq!(received(&clinic, customer, "").await, json!({"items": []}), "an id that another clinic's rows hold is nothing");
    take(&scene.test.pool).await;
    let path = format!("/v1/customers/{customer}/messages");
    assert_eq!(other.staff.get(&path).await.status, 404);
    assert_eq!(clinic.staff.get(&format!("/v1/customers/{}/messages", CustomerId::new(&scene.ambient))).await.status, 404);
    assert_eq!(problem(&clinic.staff.get(&format!("{path}?cursor=MDow")).await), (422, "invalid-input", "cursor"));
    assert_eq!(take(&scene.test.pool).await, []);
    scene.test.finish().await;
}

#[tokio::test]
async fn the_list_of_campaigns_tells_what_became_of_each() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let template = scene.template(&clinic, "APR").await;
    let mut ids = Vec::new();
    for number in 1..=3 {
        let template = template.as_str().unwrap().parse().unwrap();
        let life = Life::begin(&scene, &clinic, &[], |campaign| Campaign { template, ..campaign }).await;
        let counted = "UPDATE campaigns SET prepared_messages = ? WHERE id = ?";
        sqlx::query(counted).bind(100 * number).bind(life.campaign.id).execute(&scene.test.pool).await.unwrap();
        ids.push(json!(life.campaign.id));
        if number == 2 {
            continue;
        }
        let (owner, now) = (Owner::from(&life.campaign), scene.clock.now());
        let mut moves = Moves::default();
        let delta = Delta { sent: 10 * number, delivered: 7 * number, failed: 2, unique_clicks: number, ..Delta::default() };
        moves.add(owner, None, now, delta);
        moves.add(owner, None, now + TimeDelta::hours(5), Delta { delivered: 1, human_clicks: 9, ..Delta::default() });
        moves.store(&mut scene.test.pool.acquire().await.unwrap()).await.unwrap();
    }
    let gone = Life::of(&scene, &clinic, CampaignState::Requested).await;
    let list = clinic.staff.get("/v1/campaigns").await.json;
    let told: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|item| (item["id"].clone(), item["counts"].clone())).collect();
    let counts = |requested, sent, delivered, failed, clicks| json!({"requested": requested, "sent": sent, "delivered": delivered, "failed": failed, "uniqueClicks": clicks});
    let expected = [
        (json!(gone.campaign.id), counts(0, 0, 0, 0, 0)),
        (ids[2].clone(), counts(300, 30, 22, 2, 3)),
        (ids[1].clone(), counts(200, 0, 0, 0, 0)),
        (ids[0].clone(), counts(100, 10, 8, 2, 1)),
    ];
    assert_eq!(told, expected);
    let names: Vec<_> = list["items"].as_array().unwrap().iter().map(|item| item["templateName"].is_string()).collect();
    assert_eq!(names, [false, true, true, true], "a template that is gone has no name");
    scene.test.finish().await;
}
