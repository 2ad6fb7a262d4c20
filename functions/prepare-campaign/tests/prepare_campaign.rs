//! Preparing campaigns, against a real database.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use prepare_campaign::{Deps, handle};
use serde_json::json;
use shared::clock::Ambient;
use shared::config::Environment;
use shared::db::campaigns::{self, Campaign};
use shared::db::customers::{self, Customer};
use shared::db::messages::{self, Message, Totals};
use shared::db::{bundles, groups};
use shared::message::{BundlePrepared, CampaignRequested};
use shared::model::link::LinkKeys;
use shared::model::state::{BundleState, CampaignState, ClickClass, MessageState};
use shared::model::{BundleId, ClinicId, CustomerId, GroupId, MessageId};
use shared::store::Store;
use shared::testing::{FakePublisher, Graveyard, PublishMode, TestDatabase, campaign, clinic};

struct World {
    test: TestDatabase,
    ambient: Ambient,
    deps: Deps<FakePublisher, Graveyard>,
    clinic: ClinicId,
}

fn keys() -> LinkKeys {
    LinkKeys::new(&BTreeMap::from([("current".to_owned(), "1".to_owned()), ("1".to_owned(), "k".repeat(64))])).unwrap()
}

fn store(up: bool) -> Store {
    let mut environment = Environment::of_process();
    let url = if up { environment.text("TEST_REDIS_URL") } else { "redis://127.0.0.1:1/".to_owned() };
    environment.check().expect("tests with a store need TEST_REDIS_URL; `make test` sets it");
    Store::new(&url, Duration::from_millis(300)).unwrap()
}

impl World {
    async fn new() -> Self {
        let test = TestDatabase::new().await;
        let ambient = Ambient::system().unwrap();
        let clinic = clinic(&test.pool, &ambient).await;
        let deps = Self::deps(&test).await;
        Self { test, ambient, deps, clinic }
    }

    async fn deps(test: &TestDatabase) -> Deps<FakePublisher, Graveyard> {
        Deps {
            database: test.another().await,
            store: store(true),
            keys: keys(),
            publisher: FakePublisher::default(),
            dead_letters: Graveyard::default(),
            ambient: Ambient::system().unwrap(),
        }
    }

    async fn group(&self, name: &str) -> GroupId {
        let mut connection = self.test.pool.acquire().await.unwrap();
        groups::insert(&mut connection, &self.ambient, self.clinic, name).await.unwrap().0
    }

    async fn unassigned(&self) -> GroupId {
        groups::find_unassigned(&mut self.test.pool.acquire().await.unwrap(), self.clinic).await.unwrap().unwrap()
    }

    /// Customers by number: their phones end with it, ids in the order given.
    async fn customers(&self, numbers: impl IntoIterator<Item = u32>, groups_of: &[GroupId]) -> Vec<CustomerId> {
        let now = self.ambient.now();
        let customer = |number: u32| Customer {
            id: format!("cus_{number:032x}").parse().unwrap(),
            name: format!("고객 {number}"),
            phone: format!("010-2345-{number:04}").parse().unwrap(),
            attributes: BTreeMap::from([("예약일".to_owned(), format!("3월 {number}일"))]),
            created_at: now,
            updated_at: now,
        };
        let customers: Vec<_> = numbers.into_iter().map(customer).collect();
        let mut connection = self.test.pool.acquire().await.unwrap();
        customers::insert_all(&mut connection, self.clinic, None, &customers).await.unwrap();
        let ids: Vec<_> = customers.iter().map(|customer| customer.id).collect();
        for group in groups_of {
            groups::insert_customers(&mut connection, self.clinic, *group, &ids).await.unwrap();
        }
        ids
    }

    /// Asks for a campaign and returns it.
    async fn ask(&self, groups: &[GroupId], content: &str) -> Campaign {
        let campaign = Campaign { content: content.to_owned(), ..campaign(&self.ambient, self.clinic) };
        campaigns::insert(&mut self.test.pool.acquire().await.unwrap(), &campaign, groups).await.unwrap();
        campaign
    }

    async fn messages(&self, campaign: &Campaign) -> Vec<Message> {
        let mut connection = self.test.pool.acquire().await.unwrap();
        messages::list(&mut connection, self.clinic, campaign.id, None, 0, 10_000).await.unwrap()
    }

    async fn state(&self, campaign: &Campaign) -> CampaignState {
        let mut connection = self.test.pool.acquire().await.unwrap();
        campaigns::find(&mut connection, self.clinic, campaign.id).await.unwrap().unwrap().state
    }

    async fn bundles(&self, campaign: &Campaign) -> BTreeMap<BundleState, u64> {
        bundles::count_by_state(&mut self.test.pool.acquire().await.unwrap(), self.clinic, campaign.id).await.unwrap()
    }
}

fn event(campaign: &Campaign) -> SqsEvent {
    let fact = CampaignRequested::V1 { clinic_id: campaign.clinic, campaign_id: campaign.id };
    let body = serde_json::to_string(&fact).unwrap();
    serde_json::from_value(json!({"Records": [{"messageId": "m", "body": body}]})).unwrap()
}

fn prepared(publisher: &FakePublisher) -> Vec<BundleId> {
    publisher.take::<BundlePrepared>().into_iter().map(|BundlePrepared::V1 { bundle_id, .. }| bundle_id).collect()
}

#[tokio::test]
async fn every_recipient_gets_one_message_or_a_reason() {
    let world = World::new().await;
    let (vip, spring, other) = (world.group("VIP").await, world.group("봄").await, world.group("다른 그룹").await);
    world.customers([5], &[vip]).await;
    world.customers([1, 2], &[vip, spring]).await;
    world.customers([3], &[]).await;
    world.customers([4], &[other]).await;
    let pool = &world.test.pool;
    for statement in [
        "UPDATE customers SET phone = '+8250512345678' WHERE name = '고객 2'",
        "UPDATE customers SET attributes = '{}' WHERE name = '고객 3'",
        "INSERT INTO suppressions (clinic_id, phone, reason, created_at)
         SELECT clinic_id, phone, 'asked', NOW() FROM customers WHERE name = '고객 5'",
    ] {
        sqlx::query(statement).execute(pool).await.unwrap();
    }
    let campaign = world.ask(&[vip, spring, world.unassigned().await], "#{고객명}님 #{예약일}").await;
    assert!(handle(&world.deps, event(&campaign)).await.unwrap().batch_item_failures.is_empty());

    let messages = world.messages(&campaign).await;
    let told: Vec<_> = messages.iter().map(|m| (m.number, m.name.as_str(), m.body.as_str(), m.reason.as_deref())).collect();
    assert_eq!(
        told,
        [
            (1, "고객 1", "고객 1님 3월 1일", None),
            (2, "고객 2", "", Some("safe_number")),
            (3, "고객 3", "", Some("missing_variable")),
            (4, "고객 5", "", Some("suppressed")),
        ]
    );
    assert_eq!(keys().read(&messages[0].link), Ok(MessageId { campaign: campaign.id, number: 1 }));
    assert!(messages[1..].iter().all(|message| message.state == MessageState::Excluded && message.link.is_empty()));
    assert_eq!(world.state(&campaign).await, CampaignState::Sending);
    let bundles = prepared(&world.deps.publisher);
    assert_eq!((bundles.len(), world.bundles(&campaign).await), (1, BTreeMap::from([(BundleState::Prepared, 1)])));
    let in_it = messages::list_of_bundle(&mut pool.acquire().await.unwrap(), world.clinic, bundles[0]).await.unwrap();
    assert_eq!(in_it.iter().map(|message| message.number).collect::<Vec<_>>(), [1]);
    // The redirect knows the way.
    let way = store(true).visit(campaign.id, ClickClass::Bot).await.unwrap().unwrap();
    assert_eq!((way.clinic, way.url), (world.clinic, campaign.destination.clone()));
    world.test.finish().await;
}

#[tokio::test]
async fn bundles_hold_at_most_five_hundred() {
    let world = World::new().await;
    let group = world.group("모두").await;
    world.customers(1..=2300, &[group]).await;
    let campaign = world.ask(&[group], "#{고객명}").await;
    handle(&world.deps, event(&campaign)).await.unwrap();
    let sizes: Vec<i64> = sqlx::query_scalar(
        "SELECT COUNT(*) FROM messages m JOIN bundles b ON b.id = m.bundle_id GROUP BY b.position ORDER BY b.position",
    )
    .fetch_all(&world.test.pool)
    .await
    .unwrap();
    assert_eq!((sizes, prepared(&world.deps.publisher).len()), (vec![500, 500, 500, 500, 300], 5));
    let numbers: Vec<_> = world.messages(&campaign).await.iter().map(|message| message.number).collect();
    assert_eq!(numbers, (1..=2300).collect::<Vec<_>>());
    world.test.finish().await;
}

#[tokio::test]
async fn a_second_delivery_and_a_lost_publication_change_nothing() {
    let world = World::new().await;
    let group = world.group("모두").await;
    world.customers(1..=3, &[group]).await;
    let campaign = world.ask(&[group], "#{고객명}").await;
    // Killed right after the commit: the fact waits in the outbox.
    world.deps.publisher.set(PublishMode::Down);
    handle(&world.deps, event(&campaign)).await.unwrap();
    let before = world.messages(&campaign).await;
    world.deps.publisher.set(PublishMode::Works);
    handle(&world.deps, event(&campaign)).await.unwrap();
    assert_eq!(world.messages(&campaign).await, before);
    assert_eq!((world.test.outbox_size().await, prepared(&world.deps.publisher).len()), (1, 0));
    world.test.drop_database().await;
}

#[tokio::test]
async fn two_workers_prepare_a_campaign_once() {
    let world = World::new().await;
    let group = world.group("모두").await;
    world.customers(1..=600, &[group]).await;
    let campaign = world.ask(&[group], "#{고객명}").await;
    let other = World::deps(&world.test).await;
    let (one, two) = tokio::join!(handle(&world.deps, event(&campaign)), handle(&other, event(&campaign)));
    assert!(one.unwrap().batch_item_failures.is_empty() && two.unwrap().batch_item_failures.is_empty());
    assert_eq!(prepared(&world.deps.publisher).len() + prepared(&other.publisher).len(), 2);
    assert_eq!(world.messages(&campaign).await.len(), 600);
    world.test.finish().await;
}

#[tokio::test]
async fn a_campaign_with_nothing_to_send_is_finished_and_says_why() {
    let world = World::new().await;
    let (empty, group) = (world.group("빈 그룹").await, world.group("모두").await);
    world.customers([1], &[group]).await;
    let (nobody, missing) = (world.ask(&[empty], "#{고객명}").await, world.ask(&[group], "#{담당의}").await);
    for campaign in [&nobody, &missing] {
        handle(&world.deps, event(campaign)).await.unwrap();
        assert_eq!(world.state(campaign).await, CampaignState::Finished);
    }
    let mut connection = world.test.pool.acquire().await.unwrap();
    let totals = Totals::from(messages::count_by_state(&mut connection, world.clinic, missing.id).await.unwrap());
    assert_eq!((totals.requested, totals.excluded), (1, 1));
    assert!(world.messages(&nobody).await.is_empty());
    drop(connection);
    world.test.finish().await;
}

#[tokio::test]
async fn without_the_store_campaigns_are_prepared_all_the_same() {
    let mut world = World::new().await;
    world.deps.store = store(false);
    let group = world.group("모두").await;
    world.customers([1], &[group]).await;
    let campaign = world.ask(&[group], "#{고객명}").await;
    handle(&world.deps, event(&campaign)).await.unwrap();
    assert_eq!((world.state(&campaign).await, prepared(&world.deps.publisher).len()), (CampaignState::Sending, 1));
    world.test.finish().await;
}

#[tokio::test]
async fn a_request_for_a_campaign_that_the_clinic_does_not_have_is_buried() {
    let world = World::new().await;
    let foreign = Campaign { clinic: ClinicId::new(&world.ambient), ..world.ask(&[], "#{고객명}").await };
    handle(&world.deps, event(&foreign)).await.unwrap();
    assert_eq!(world.deps.dead_letters.0.lock().unwrap().len(), 1);
    world.test.finish().await;
}
