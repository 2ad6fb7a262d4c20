//! A clinic with customers, and a worker that prepares its campaigns.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use prepare_campaign::{Deps, Pace, handle, handle_at};
use shared::clock::Ambient;
use shared::config::Environment;
use shared::db::campaigns::{self, Campaign};
use shared::db::customers::{self, Customer};
use shared::db::groups;
use shared::db::messages::{self, Message};
use shared::db::suppressions::{self, Cause};
use shared::db::{Database, bundles};
use shared::message::{BundlePrepared, CampaignRequested};
use shared::model::link::LinkKeys;
use shared::model::state::{BundleState, CampaignState, SuppressionReason};
use shared::model::{BundleId, ClinicId, CustomerId, GroupId};
use shared::store::Store;
use shared::testing::{FakePublisher, Graveyard, TestDatabase, campaign, clinic, sending};
use sqlx::MySql;
use sqlx::pool::PoolConnection;

pub type Worker = Deps<FakePublisher, Graveyard>;

pub struct World {
    pub test: TestDatabase,
    pub ambient: Ambient,
    pub deps: Worker,
    pub clinic: ClinicId,
}

pub fn keys() -> LinkKeys {
    LinkKeys::new(&BTreeMap::from([("current".to_owned(), "1".to_owned()), ("1".to_owned(), "k".repeat(64))])).unwrap()
}

pub fn store(up: bool) -> Store {
    let mut environment = Environment::of_process();
    let url = if up { environment.text("TEST_REDIS_URL") } else { "redis://127.0.0.1:1/".to_owned() };
    environment.check().expect("tests with a store need TEST_REDIS_URL; `make test` sets it");
    Store::new(&url, Duration::from_millis(300)).unwrap()
}

pub fn worker(database: Database) -> Worker {
    Deps {
        database,
        store: store(true),
        keys: keys(),
        publisher: FakePublisher::default(),
        dead_letters: Graveyard::default(),
        ambient: Ambient::system().unwrap(),
    }
}

/// A few recipients at a time.
pub fn slowly(page: u32, pages: u32) -> Pace {
    Pace { page, pages, ..Pace::default() }
}

/// One chunk, and then time is up.
pub fn one_chunk(page: u32, pages: u32) -> Pace {
    Pace { page, pages, patience: Duration::ZERO }
}

pub fn event(campaign: &Campaign) -> SqsEvent {
    sending::event(&CampaignRequested::V1 { clinic_id: campaign.clinic, campaign_id: campaign.id })
}

/// The bundles that were announced.
pub fn announced(worker: &Worker) -> Vec<BundleId> {
    worker.publisher.take::<BundlePrepared>().into_iter().map(|BundlePrepared::V1 { bundle_id, .. }| bundle_id).collect()
}

/// A message as far as preparing decides it: number, group, name, phone, text, reason, and the place of its bundle.
pub type Written = (u32, Option<GroupId>, String, String, String, Option<String>, Option<u32>);

impl World {
    pub async fn new() -> Self {
        let test = TestDatabase::new().await;
        let ambient = Ambient::system().unwrap();
        let clinic = clinic(&test.pool, &ambient).await;
        let deps = worker(test.another().await);
        Self { test, ambient, deps, clinic }
    }

    pub async fn connection(&self) -> PoolConnection<MySql> {
        self.test.pool.acquire().await.unwrap()
    }

    pub async fn execute(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.test.pool).await.unwrap();
    }

    pub async fn group(&self, name: &str) -> GroupId {
        groups::insert(&mut *self.connection().await, &self.ambient, self.clinic, name).await.unwrap().0
    }

    pub async fn unassigned(&self) -> GroupId {
        groups::find_unassigned(&mut *self.connection().await, self.clinic).await.unwrap().unwrap()
    }

    /// A customer of that number: the phone ends with it, and ids are in the order of numbers.
    pub fn customer(&self, number: u32) -> Customer {
        let now = self.ambient.now();
        Customer {
            id: format!("cus_{number:032x}").parse().unwrap(),
            name: format!("고객 {number}"),
            phone: format!("010-2345-{number:04}").parse().unwrap(),
            attributes: BTreeMap::from([("예약일".to_owned(), format!("3월 {number}일"))]),
            created_at: now,
            updated_at: now,
            advertising_consent_at: None,
        }
    }

    pub async fn add(&self, customers: &[Customer], groups_of: &[GroupId]) {
        let mut connection = self.connection().await;
        customers::insert_all(&mut connection, self.clinic, None, customers).await.unwrap();
        let ids: Vec<_> = customers.iter().map(|customer| customer.id).collect();
        for group in groups_of {
            groups::insert_customers(&mut connection, self.clinic, *group, &ids).await.unwrap();
        }
    }

    pub async fn customers(&self, numbers: impl IntoIterator<Item = u32>, groups_of: &[GroupId]) -> Vec<CustomerId> {
        let customers: Vec<_> = numbers.into_iter().map(|number| self.customer(number)).collect();
        self.add(&customers, groups_of).await;
        customers.into_iter().map(|customer| customer.id).collect()
    }

    pub async fn suppress(&self, number: u32) {
        let phone = self.customer(number).phone;
        let cause = Cause::of(SuppressionReason::Asked);
        let mut connection = self.connection().await;
        suppressions::insert_all(&mut connection, &self.ambient, self.clinic, &[&phone], &cause).await.unwrap();
    }

    /// The campaign of tests with another text.
    pub fn saying(&self, content: &str) -> Campaign {
        Campaign { content: content.to_owned(), ..campaign(&self.ambient, self.clinic) }
    }

    /// Asks for a campaign.
    pub async fn ask(&self, groups: &[GroupId], content: &str) -> Campaign {
        self.ask_for(self.saying(content), groups).await
    }

    pub async fn ask_for(&self, campaign: Campaign, groups: &[GroupId]) -> Campaign {
        campaigns::insert(&mut *self.connection().await, &campaign, groups).await.unwrap();
        campaign
    }

    /// Prepares it to the end, and looks at what was announced.
    pub async fn prepare(&self, campaign: &Campaign) -> Vec<BundleId> {
        assert!(handle(&self.deps, event(campaign)).await.unwrap().batch_item_failures.is_empty());
        announced(&self.deps)
    }

    /// The same in small chunks.
    pub async fn prepare_slowly(&self, campaign: &Campaign, page: u32, pages: u32) -> Vec<BundleId> {
        assert!(handle_at(&self.deps, event(campaign), slowly(page, pages)).await.unwrap().batch_item_failures.is_empty());
        announced(&self.deps)
    }

    /// Prepares one chunk, after which the worker has no time left.
    pub async fn prepare_chunk(&self, campaign: &Campaign, page: u32) {
        handle_at(&self.deps, event(campaign), one_chunk(page, 1)).await.unwrap_err();
    }

    pub async fn messages(&self, campaign: &Campaign) -> Vec<Message> {
        messages::list(&mut *self.connection().await, self.clinic, campaign.id, None, 0, 10_000).await.unwrap()
    }

    /// Everything that preparing has written, without the ids that it draws.
    pub async fn written(&self, campaign: &Campaign) -> Vec<Written> {
        sqlx::query_as(
            "SELECT m.number, m.group_id, m.name, m.phone, m.body, m.reason, b.position
             FROM messages m LEFT JOIN bundles b ON b.id = m.bundle_id WHERE m.campaign_id = ? ORDER BY m.number",
        )
        .bind(campaign.id)
        .fetch_all(&self.test.pool)
        .await
        .unwrap()
    }

    /// Name, phone and reason of each message.
    pub async fn reached(&self, campaign: &Campaign) -> Vec<(String, Option<GroupId>, Option<String>)> {
        self.written(campaign).await.into_iter().map(|(_, group, name, _, _, reason, _)| (name, group, reason)).collect()
    }

    /// How many messages are in each bundle, by their places.
    pub async fn sizes(&self, campaign: &Campaign) -> Vec<i64> {
        sqlx::query_scalar(
            "SELECT (SELECT COUNT(*) FROM messages m WHERE m.bundle_id = b.id) FROM bundles b WHERE b.campaign_id = ? ORDER BY b.position",
        )
        .bind(campaign.id)
        .fetch_all(&self.test.pool)
        .await
        .unwrap()
    }

    pub async fn stored(&self, campaign: &Campaign) -> Campaign {
        campaigns::find(&mut *self.connection().await, self.clinic, campaign.id).await.unwrap().unwrap()
    }

    pub async fn state(&self, campaign: &Campaign) -> CampaignState {
        self.stored(campaign).await.state
    }

    pub async fn set_state(&self, campaign: &Campaign, state: CampaignState) {
        campaigns::set_state(&mut *self.connection().await, self.clinic, campaign.id, state, None).await.unwrap();
    }

    pub async fn bundles(&self, campaign: &Campaign) -> BTreeMap<BundleState, u64> {
        bundles::count_by_state(&mut *self.connection().await, self.clinic, campaign.id).await.unwrap()
    }

    /// The bundle at a place.
    pub async fn bundle_at(&self, campaign: &Campaign, position: u32) -> BundleId {
        bundles::find_at(&mut *self.connection().await, self.clinic, campaign.id, position).await.unwrap().unwrap().id
    }
}
