//! Campaigns whose messages are visited, and what came of it.

use aws_lambda_events::sqs::SqsEvent;
use record_clicks::{Deps, handle};
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::db::campaigns::{self, Audience, Campaign};
use shared::db::hourly_totals::{self, Clicks, Scope};
use shared::db::messages;
use shared::model::state::CampaignKind;
use shared::model::{ClickId, GroupId, MessageId};
use shared::testing::{Graveyard, TestDatabase, campaign, clinic, message};

pub struct World {
    pub test: TestDatabase,
    pub deps: Deps<Graveyard>,
    pub ambient: Ambient,
    /// Two of one clinic, the second of them a test, and one of another clinic.
    pub campaigns: Vec<Campaign>,
}

impl World {
    /// Each campaign has three messages: two to recipients who were reached through groups, one to somebody who was not.
    pub async fn new() -> Self {
        let test = TestDatabase::new().await;
        let ambient = Ambient::system().unwrap();
        let (own, other) = (clinic(&test.pool, &ambient).await, clinic(&test.pool, &ambient).await);
        let mut campaigns: Vec<_> = [own, own, other].map(|clinic| campaign(&ambient, clinic)).into();
        campaigns[1].kind = CampaignKind::Test;
        campaigns[1].audience = Audience::Test { phones: Vec::new(), customer: None };
        let groups = [Some(GroupId::new(&ambient)), Some(GroupId::new(&ambient)), None];
        let mut connection = test.pool.acquire().await.unwrap();
        for campaign in &campaigns {
            campaigns::insert(&mut connection, campaign, &[]).await.unwrap();
            let mut lines: Vec<_> = (1..=3).map(|number| message(campaign, number)).collect();
            for (line, group) in lines.iter_mut().zip(groups) {
                line.group = group;
            }
            messages::insert_all(&mut connection, &lines).await.unwrap();
        }
        drop(connection);
        let deps = Deps { database: test.another().await, dead_letters: Graveyard::default() };
        Self { test, deps, ambient, campaigns }
    }

    pub async fn another_worker(&self) -> Deps<Graveyard> {
        Deps { database: self.test.another().await, dead_letters: Graveyard::default() }
    }

    /// A visit of a message of the first campaign.
    pub fn click(&self, number: u32, class: &str, at: &str) -> Value {
        self.click_of(MessageId { campaign: self.campaigns[0].id, number }, class, at)
    }

    pub fn click_of(&self, message: MessageId, class: &str, at: &str) -> Value {
        let clinic = self.campaigns.iter().find(|campaign| campaign.id == message.campaign).unwrap().clinic;
        json!({
            "type": "click_received.v1", "clickId": ClickId::new(&self.ambient), "clinicId": clinic,
            "campaignId": message.campaign, "messageNumber": message.number, "class": class, "reason": "browser",
            "ruleVersion": 1, "agent": "Mozilla/5.0", "clickedAt": at,
        })
    }

    pub async fn deliver(&self, clicks: &[Value], receives: u32) {
        deliver_to(&self.deps, clicks, receives).await;
    }

    /// Lines of all campaigns, and what the roll-up says of the first.
    pub async fn clicks(&self) -> (i64, Clicks) {
        let lines = sqlx::query_scalar("SELECT COUNT(*) FROM clicks").fetch_one(&self.test.pool).await.unwrap();
        let mut connection = self.test.pool.acquire().await.unwrap();
        let Campaign { clinic, id, .. } = self.campaigns[0];
        let since = "2026-03-01T00:00:00Z".parse().unwrap();
        let counts = hourly_totals::total(&mut connection, clinic, Scope::Campaign(id), since).await.unwrap();
        (lines, counts.clicks())
    }

    pub fn buried(&self) -> usize {
        self.deps.dead_letters.0.lock().unwrap().len()
    }
}

/// Nothing of the batch goes back to the queue.
pub async fn deliver_to(deps: &Deps<Graveyard>, clicks: &[Value], receives: u32) {
    let response = handle(deps, event(clicks, receives)).await.unwrap();
    assert!(response.batch_item_failures.is_empty());
}

pub fn event(clicks: &[Value], receives: u32) -> SqsEvent {
    let record = |(at, click): (usize, &Value)| {
        let attributes = json!({"ApproximateReceiveCount": receives.to_string()});
        json!({"messageId": format!("m{at}"), "body": click.to_string(), "attributes": attributes})
    };
    let records: Vec<_> = clicks.iter().enumerate().map(record).collect();
    serde_json::from_value(json!({ "Records": records })).unwrap()
}
