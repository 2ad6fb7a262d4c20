//! A campaign on its way to the provider, and a look at what became of it.

use std::collections::BTreeMap;

use aws_lambda_events::sqs::SqsEvent;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use sqlx::MySql;
use sqlx::mysql::MySqlPool;
use sqlx::pool::PoolConnection;

use crate::clock::{Ambient, Clock};
use crate::db::bundles::{self, Bundle};
use crate::db::campaigns::{self, Campaign};
use crate::db::hourly_totals::{Delta, Moves, Owner, WHOLE};
use crate::db::messages::{self, NewMessage, results};
use crate::message::{BundlePrepared, ResultsAwaited};
use crate::model::link::LinkKeys;
use crate::model::state::{CampaignKind, CampaignState, MessageState};
use crate::model::{BundleId, GroupId, MessageId};
use crate::provider::{Aligo, Call, Provider, Recipient, SendOutcome};
use crate::testing::{FixedClock, TestDatabase, campaign, clinic, message, rollup};

/// A campaign in the state `sending`, to which bundles are added.
#[derive(Debug)]
pub struct Sending {
    /// The campaign.
    pub campaign: Campaign,
    ambient: AmbientOf,
    pool: MySqlPool,
    bundles: u32,
    messages: u32,
    groups: [Option<GroupId>; 3],
}

/// [`Ambient`] does not show itself.
struct AmbientOf(Ambient);

impl std::fmt::Debug for AmbientOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ambient")
    }
}

/// The template that the campaign is made of, as the simulator takes it.
#[must_use]
pub fn template() -> serde_json::Value {
    let link = "https://go.example.com/c/#{link}";
    json!({
        "templtCode": "TA_1234", "templtName": "검진 안내", "templtContent": "#{고객명}님, 검진하실 때가 되었습니다.",
        "inspStatus": "APR", "status": "A",
        "buttons": [{"name": "예약하기", "linkType": "WL", "linkMo": link, "linkPc": link}],
    })
}

/// A client of a simulator.
///
/// # Panics
/// When there is no HTTP client to be had.
#[must_use]
pub fn provider(url: &str, api_key: &str, user_id: &str) -> Aligo {
    let credentials = json!({"apiKey": api_key, "userId": user_id});
    let credentials = serde_json::from_value(credentials).expect("both are texts");
    Aligo::new(url, credentials).expect("an HTTP client")
}

/// What the queue hands to a consumer for one message.
///
/// # Panics
/// When the message is no JSON.
pub fn event(message: &impl Serialize) -> SqsEvent {
    let body = serde_json::to_string(message).expect("messages are JSON");
    let record = json!({"messageId": "m1", "body": body, "attributes": {"ApproximateReceiveCount": "1"}});
    serde_json::from_value(json!({ "Records": [record] })).expect("an event")
}

impl Sending {
    /// Writes the campaign, each with a seed of its own. It is released: no bundle waits for the first one's results.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn start(test: &TestDatabase, clock: &FixedClock, sender_key: &str, seed: u64) -> Self {
        Self::start_as(CampaignKind::Information, test, clock, sender_key, seed).await
    }

    /// The same for a campaign of another kind.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn start_as(kind: CampaignKind, test: &TestDatabase, clock: &FixedClock, sender_key: &str, seed: u64) -> Self {
        let ambient = Ambient::seeded(clock.clone(), seed);
        let clinic = clinic(&test.pool, &ambient).await;
        let campaign = Campaign {
            kind,
            sender_key: sender_key.to_owned(),
            state: CampaignState::Sending,
            released_at: Some(ambient.now()),
            ..campaign(&ambient, clinic)
        };
        let groups = [None, Some(GroupId::new(&ambient)), Some(GroupId::new(&ambient))];
        let sending = Self { campaign, ambient: AmbientOf(ambient), pool: test.pool.clone(), bundles: 0, messages: 0, groups };
        campaigns::insert(&mut *sending.connection().await, &sending.campaign, &[]).await.expect("the campaign is new");
        sending
    }

    /// Makes every bundle but the first wait for the first one's results.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn hold_back(&self) {
        let done = sqlx::query("UPDATE campaigns SET released_at = NULL WHERE id = ?").bind(self.campaign.id);
        done.execute(&self.pool).await.expect("the campaign changes");
    }

    /// Adds so many bundles of so many people each, all with phones of their own.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn add_bundles(&mut self, bundles: u32, people: u32) -> Vec<BundleId> {
        let mut added = Vec::new();
        for _ in 0..bundles {
            // The last four digits say to the simulator what becomes of a message: 0001 to 8999 arrive.
            let phones: Vec<_> = (1..=people)
                .map(|person| self.messages + person)
                .map(|number| format!("010-2{:03}-{:04}", number / 8000, number % 8000 + 1))
                .collect();
            added.push(self.add_bundle(&phones.iter().map(String::as_str).collect::<Vec<_>>()).await);
        }
        added
    }

    async fn connection(&self) -> PoolConnection<MySql> {
        self.pool.acquire().await.expect("the database answers")
    }

    /// Adds a prepared bundle for people with these phones, who are reached through two groups, and every third through none.
    ///
    /// # Panics
    /// When the database refuses, or a phone is none.
    pub async fn add_bundle(&mut self, phones: &[&str]) -> BundleId {
        let bundle = BundleId::new(&self.ambient.0);
        let secret = BTreeMap::from([("current".to_owned(), "1".to_owned()), ("1".to_owned(), "k".repeat(64))]);
        let keys = LinkKeys::new(&secret).expect("a key");
        let mut new = Vec::new();
        for phone in phones {
            self.messages += 1;
            let id = MessageId { campaign: self.campaign.id, number: self.messages };
            let phone = phone.parse().expect("a phone");
            let group = self.groups[self.messages as usize % self.groups.len()];
            let link = keys.mint(id);
            new.push(NewMessage { bundle: Some(bundle), group, phone, link, ..message(&self.campaign, self.messages) });
        }
        let mut connection = self.connection().await;
        messages::insert_all(&mut connection, &new).await.expect("the messages are new");
        let Campaign { clinic, id, .. } = self.campaign;
        let now = self.ambient.0.now();
        bundles::insert(&mut connection, clinic, id, bundle, self.bundles, now).await.expect("the bundle is new");
        self.bundles += 1;
        let prepared = sqlx::query("UPDATE campaigns SET prepared_messages = ?, prepared_bundles = ? WHERE id = ?");
        let prepared = prepared.bind(self.messages).bind(self.bundles).bind(id).execute(&mut *connection).await;
        prepared.expect("the campaign changes");
        bundle
    }

    /// What deliver-bundle is told.
    #[must_use]
    pub fn prepared(&self, bundle: BundleId) -> BundlePrepared {
        BundlePrepared::V1 { clinic_id: self.campaign.clinic, campaign_id: self.campaign.id, bundle_id: bundle }
    }

    /// What collect-results is told, whatever was asked before.
    #[must_use]
    pub const fn due(&self, bundle: BundleId) -> ResultsAwaited {
        let (clinic_id, campaign_id) = (self.campaign.clinic, self.campaign.id);
        ResultsAwaited::DueV1 { clinic_id, campaign_id, bundle_id: bundle, polls: None }
    }

    /// What reconcile tells collect-results after so many questions.
    #[must_use]
    pub const fn due_after(&self, bundle: BundleId, polls: u32) -> ResultsAwaited {
        let (clinic_id, campaign_id) = (self.campaign.clinic, self.campaign.id);
        ResultsAwaited::DueV1 { clinic_id, campaign_id, bundle_id: bundle, polls: Some(polls) }
    }

    /// Hands a bundle to the provider and stores nothing but that it is being called, like a worker that dies then.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn post(&self, provider: &impl Provider, bundle: BundleId, called_at: DateTime<Utc>) -> SendOutcome {
        let mut connection = self.connection().await;
        let Campaign { clinic, .. } = self.campaign;
        bundles::mark_calling(&mut connection, clinic, bundle, called_at).await.expect("the bundle changes");
        let messages = messages::list_of_bundle(&mut connection, clinic, bundle).await.expect("the messages are there");
        let recipients = messages.iter().map(|message| Recipient {
            phone: &message.phone,
            text: &message.body,
            title: &self.campaign.emphasis_title,
            link: &message.link,
            buttons: None,
        });
        let call = Call {
            sender_key: &self.campaign.sender_key,
            sender_phone: &self.campaign.sender_phone,
            template_code: &self.campaign.template_code,
            buttons: &self.campaign.buttons,
            recipients: recipients.collect(),
        };
        provider.send(&call).await
    }

    /// Hands a bundle to the provider and stores and counts that it was accepted.
    ///
    /// # Panics
    /// When the provider does not accept it, or the database refuses.
    pub async fn accepted(&self, provider: &impl Provider, bundle: BundleId, clock: &FixedClock) {
        let now = clock.now();
        let outcome = self.post(provider, bundle, now).await;
        let SendOutcome::Accepted { provider_id, .. } = outcome else { panic!("{outcome:?}") };
        let mut connection = self.connection().await;
        let stored = bundles::mark_accepted(&mut connection, self.campaign.clinic, bundle, &provider_id, now, now).await;
        stored.expect("the bundle changes");
        messages::mark_sent(&mut connection, bundle, now).await.expect("the messages change");
        let counted = results::count_by_group(&mut connection, self.campaign.clinic, bundle, MessageState::Sent).await;
        let mut moves = Moves::default();
        for (group, sent) in counted.expect("the database counts") {
            moves.add(Owner::from(&self.campaign), group, now, Delta { sent, ..Delta::default() });
        }
        moves.store(&mut connection).await.expect("the roll-up moves");
    }

    /// Stores that nobody knows whether the provider has the bundle.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn lose_answer(&self, bundle: BundleId) {
        let mut connection = self.connection().await;
        bundles::mark_unknown(&mut connection, self.campaign.clinic, bundle, "reset").await.expect("the bundle changes");
        messages::mark_unknown(&mut connection, bundle, "no_answer").await.expect("the messages change");
    }

    /// The bundle as it is stored.
    ///
    /// # Panics
    /// When there is none.
    pub async fn bundle(&self, bundle: BundleId) -> Bundle {
        let found = bundles::find(&mut *self.connection().await, self.campaign.clinic, bundle).await;
        found.expect("the database answers").expect("the bundle is there")
    }

    /// State and reason of each message, in order.
    ///
    /// # Panics
    /// When the database does not answer.
    pub async fn messages(&self) -> Vec<(MessageState, Option<String>)> {
        let Campaign { clinic, id, .. } = self.campaign;
        let found = messages::list(&mut *self.connection().await, clinic, id, None, 0, 1000).await;
        found.expect("the database answers").into_iter().map(|message| (message.state, message.reason)).collect()
    }

    /// The state of each message, in order.
    ///
    /// # Panics
    /// When the database does not answer.
    pub async fn states(&self) -> Vec<MessageState> {
        self.messages().await.into_iter().map(|(state, _)| state).collect()
    }

    /// The link tokens of the bundle's messages, in order.
    ///
    /// # Panics
    /// When the database does not answer.
    pub async fn tokens(&self, bundle: BundleId) -> Vec<String> {
        let found = messages::list_of_bundle(&mut *self.connection().await, self.campaign.clinic, bundle).await;
        found.expect("the database answers").into_iter().map(|message| message.link).collect()
    }

    /// The campaign as it is stored.
    ///
    /// # Panics
    /// When there is none.
    pub async fn reload(&self) -> Campaign {
        let found = campaigns::find(&mut *self.connection().await, self.campaign.clinic, self.campaign.id).await;
        found.expect("the database answers").expect("the campaign is there")
    }

    /// The campaign's state and failure.
    ///
    /// # Panics
    /// When there is none.
    pub async fn state(&self) -> (CampaignState, Option<String>) {
        let campaign = self.reload().await;
        (campaign.state, campaign.failure)
    }

    /// Moves the campaign on.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn set_state(&self, state: CampaignState) {
        let Campaign { clinic, id, .. } = self.campaign;
        campaigns::set_state(&mut *self.connection().await, clinic, id, state, None).await.expect("the campaign changes");
    }

    /// What the hours of the campaign add up to: sent, delivered, failed. The whole roll-up is as the rows say.
    ///
    /// # Panics
    /// When it is not, or the database does not answer.
    pub async fn counts(&self) -> (u64, u64, u64) {
        rollup::assert_equals_rows(&self.pool).await;
        sqlx::query_as(
            "SELECT CAST(COALESCE(SUM(sent), 0) AS UNSIGNED), CAST(COALESCE(SUM(delivered), 0) AS UNSIGNED),
                 CAST(COALESCE(SUM(failed), 0) AS UNSIGNED) FROM hourly_totals WHERE scope_id = ? AND part_id = ?",
        )
        .bind(self.campaign.id)
        .bind(WHOLE)
        .fetch_one(&self.pool)
        .await
        .expect("the database answers")
    }
}
