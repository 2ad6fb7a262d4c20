//! What a database that hangs, forgets or keeps its credentials to itself does to visitors.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use chrono::TimeDelta;
use shared::aws;
use shared::config::{DatabaseAuthentication, DatabaseConfig, DatabaseTls};
use shared::model::MessageId;
use shared::model::state::ClickClass;
use shared::store::Store;
use track_click::{DatabaseSource, routes};

use crate::lines::Lines;
use crate::proxy::{Proxy, Way};
use crate::world::{
    FakeQueue, Mood, NOWHERE, SOON, World, assert_redirected, keys, no_database, store, store_address, store_at, tap, token_of,
};

#[tokio::test]
async fn after_a_database_that_hangs_visitors_are_answered_at_once_and_one_a_second_tries() {
    let world = World::new().await;
    let (database, wire) = world.database_behind_a_proxy().await;
    wire.set(Way::Frozen);
    let process = world.process(store_at(NOWHERE), database, &FakeQueue::new(Mood::Takes));
    let begun = Instant::now();
    assert_eq!(tap(&process, &world.token()).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(begun.elapsed() > SOON, "the first one waits");
    let (asked, begun) = (wire.connections(), Instant::now());
    for _ in 0..10 {
        assert_eq!(tap(&process, &world.token()).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
    assert!(begun.elapsed() < SOON, "ten others waited {:?}", begun.elapsed());
    assert_eq!(wire.connections(), asked, "it is left alone");
    world.clock.advance(TimeDelta::seconds(1));
    wire.set(Way::Open);
    assert_redirected(&tap(&process, &world.token()).await);
    assert_eq!(wire.connections(), asked + 1);
    world.test.finish().await;
}

#[tokio::test]
async fn a_store_that_is_left_alone_is_still_asked_while_the_database_is_left_alone_too() {
    let world = World::new().await;
    let proxy = Proxy::before(store_address()).await;
    proxy.set(Way::Closed);
    let process = world.process(store_at(&proxy.address.to_string()), no_database(), &FakeQueue::new(Mood::Takes));
    assert_eq!(tap(&process, &world.token()).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    proxy.set(Way::Open);
    store().put_destination(world.campaign.id, &world.destination()).await.unwrap();
    // The first try makes the connection anew, the second has it.
    tap(&process, &world.token()).await;
    assert_redirected(&tap(&process, &world.token()).await);
    world.test.finish().await;
}

#[tokio::test]
async fn a_connection_that_never_answers_is_given_up_and_the_next_visitor_has_a_new_one() {
    let world = World::new().await;
    let (database, wire) = world.database_behind_a_proxy().await;
    wire.freeze_on("FROM campaigns");
    let deps = world.deps(store_at(NOWHERE), database, &FakeQueue::new(Mood::Takes));
    let process = shared::http::app("track-click", routes(deps.with_query_patience(SOON)));
    assert_eq!(tap(&process, &world.token()).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!((wire.connections(), wire.frozen()), (1, 1));
    world.clock.advance(TimeDelta::seconds(1));
    assert_redirected(&tap(&process, &world.token()).await);
    assert_eq!((wire.connections(), wire.frozen()), (2, 1), "the first one is as it was");
    world.test.finish().await;
}

#[tokio::test]
async fn a_campaign_that_is_gone_is_asked_for_once_a_minute() {
    let world = World::new().await;
    let proxy = Proxy::before(store_address()).await;
    let (database, wire) = world.database_behind_a_proxy().await;
    let process = world.process(store_at(&proxy.address.to_string()), database, &FakeQueue::new(Mood::Takes));
    let campaign = shared::model::CampaignId::new(&world.ambient);
    let gone = keys().mint(MessageId { campaign, number: 7 });
    for _ in 0..2 {
        assert_eq!(tap(&process, &gone).await.status(), StatusCode::NOT_FOUND);
        let asked = (proxy.asked(), wire.asked());
        for _ in 0..50 {
            assert_eq!(tap(&process, &gone).await.status(), StatusCode::NOT_FOUND);
        }
        assert_eq!((proxy.asked(), wire.asked()), asked);
        world.clock.advance(TimeDelta::minutes(1));
        assert_eq!(tap(&process, &gone).await.status(), StatusCode::NOT_FOUND);
        assert!(proxy.asked() > asked.0 && wire.asked() > asked.1);
        world.clock.advance(TimeDelta::minutes(1));
    }
    assert_eq!(store().live(campaign).await.unwrap().into_values().sum::<u64>(), 0);
    world.test.finish().await;
}

#[tokio::test]
async fn a_visit_that_a_late_store_counted_is_not_counted_again() {
    const PATIENCE: Duration = Duration::from_millis(500);
    let world = World::new().await;
    for (database_knows, store_knows) in [(false, true), (true, false), (false, false)] {
        let campaign = world.another().await;
        if store_knows {
            store().put_destination(campaign.id, &world.destination()).await.unwrap();
        }
        let proxy = Proxy::before(store_address()).await;
        let late = Store::new(&format!("redis://{}/9", proxy.address), PATIENCE).unwrap();
        late.warm_up(SOON).await;
        let database = if database_knows { world.test.another().await } else { no_database() };
        let process = world.process(late, database, &FakeQueue::new(Mood::Takes));
        proxy.set(Way::Frozen);
        let (token, visitor) = (token_of(&campaign), process.clone());
        let visitor = tokio::spawn(async move { tap(&visitor, &token).await });
        // The visit is not answered in time; the look-up behind it is.
        tokio::time::sleep(PATIENCE * 3 / 2).await;
        proxy.set(Way::Open);
        let answer = visitor.await.unwrap();
        let answered = u64::from(database_knows || store_knows);
        match answered {
            0 => assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE),
            _ => assert_redirected(&answer),
        }
        // Behind everything that is still on its way.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let live = store().live(campaign.id).await.unwrap();
        assert_eq!(live.get(&ClickClass::Human).copied().unwrap_or_default(), answered, "{database_knows} {store_knows}");
    }
    world.test.finish().await;
}

#[tokio::test]
async fn a_process_begins_without_the_credentials_of_the_database() {
    let world = World::new().await;
    let lines = Lines::collect();
    let sdk = aws::load().await.into_builder().endpoint_url(format!("http://{NOWHERE}")).build();
    let config = DatabaseConfig {
        host: "127.0.0.1".to_owned(),
        port: 1,
        name: "none".to_owned(),
        authentication: DatabaseAuthentication::Secret { arn: "none".to_owned() },
        tls: DatabaseTls::Disabled,
        connections: 1,
    };
    let source = DatabaseSource::prepare(config, sdk).await;
    assert_eq!(lines.of("database.not_prepared").len(), 1);
    let process = world.process(store_at(&store_address()), source, &FakeQueue::new(Mood::Takes));
    store().put_destination(world.campaign.id, &world.destination()).await.unwrap();
    assert_redirected(&tap(&process, &world.token()).await);
    let unknown = token_of(&world.another().await);
    assert_eq!(tap(&process, &unknown).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    world.test.finish().await;
}
