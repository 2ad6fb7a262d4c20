//! A store that answers and does not do what it is told.

use std::time::Duration;

use shared::clock::Ambient;
use shared::model::link::Destination;
use shared::model::state::ClickClass;
use shared::model::{CampaignId, ClinicId};
use shared::store::Store;

use crate::servers::Server;

struct Rig {
    redis: Server,
    store: Store,
    ambient: Ambient,
    campaign: CampaignId,
    destination: Destination,
}

impl Rig {
    /// A store of the test's own that knows the way.
    async fn begin() -> Self {
        let mut redis = Server::redis();
        redis.begin();
        let ambient = Ambient::system().expect("random numbers");
        let store = Store::new(&format!("redis://{}/", redis.address()), Duration::from_secs(2)).expect("an address");
        let url = "https://www.example.com/spring".to_owned();
        let destination = Destination { clinic: ClinicId::new(&ambient), url, expires_at: None };
        let campaign = CampaignId::new(&ambient);
        store.put_destination(campaign, &destination).await.expect("it answers");
        Self { redis, store, ambient, campaign, destination }
    }

    async fn command(&self, words: &[&str]) -> redis::Value {
        let client = redis::Client::open(format!("redis://{}/", self.redis.address())).expect("an address");
        let mut connection = client.get_multiplexed_async_connection().await.expect("it answers");
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]).query_async(&mut connection).await.expect("it does so")
    }

    async fn life(&self) -> redis::Value {
        self.command(&["TTL", &format!("live:{}", self.campaign)]).await
    }

    async fn connections(&self) -> String {
        let redis::Value::BulkString(list) = self.command(&["CLIENT", "LIST", "TYPE", "NORMAL"]).await else {
            return String::new();
        };
        let list = String::from_utf8(list).expect("a text");
        let ids = list.lines().filter(|line| !line.contains("cmd=client")).filter_map(|line| line.split(' ').next());
        ids.collect::<Vec<_>>().join(" ")
    }
}

#[tokio::test]
async fn a_full_store_knows_the_way_all_the_same() {
    let rig = Rig::begin().await;
    rig.command(&["CONFIG", "SET", "maxmemory", "1"]).await;
    let known = rig.store.visit(rig.campaign, ClickClass::Human).await.expect("it answers");
    assert_eq!(known, Some(rig.destination.clone()));
    assert!(rig.store.count(rig.campaign, ClickClass::Human).await.is_err(), "it takes nothing in");
    rig.command(&["CONFIG", "SET", "maxmemory", "0"]).await;
    assert_eq!(rig.store.count(rig.campaign, ClickClass::Human).await.expect("it answers"), 1);
}

#[tokio::test]
async fn a_store_that_is_no_primary_any_more_knows_the_way_and_is_looked_for_anew() {
    let rig = Rig::begin().await;
    let before = rig.connections().await;
    rig.command(&["REPLICAOF", "127.0.0.1", "1"]).await;
    let known = rig.store.visit(rig.campaign, ClickClass::Human).await.expect("it answers");
    assert_eq!(known, Some(rig.destination.clone()));
    assert_eq!(rig.store.find_destination(rig.campaign).await.expect("it answers"), Some(rig.destination.clone()));
    assert_ne!(rig.connections().await, before, "by a connection of its own");
    rig.command(&["REPLICAOF", "NO", "ONE"]).await;
    assert_eq!(rig.store.count(rig.campaign, ClickClass::Human).await.expect("it answers"), 1);
}

#[tokio::test]
async fn whatever_counts_first_the_counters_do_not_live_for_ever() {
    let mut rig = Rig::begin().await;
    let class = ClickClass::Human;
    for way in 0..3 {
        rig.campaign = CampaignId::new(&rig.ambient);
        match way {
            0 => drop(rig.store.visit(rig.campaign, class).await.expect("it answers")),
            1 => drop(rig.store.count(rig.campaign, class).await.expect("it answers")),
            _ => rig.store.count_as(rig.campaign, class, None).await.expect("it answers"),
        }
        let redis::Value::Int(life) = rig.life().await else { panic!("a number") };
        assert!(life > 24 * 3600, "{way}: {life}");
    }
    // One that was taken back before it was counted is no reason to believe that the store does not answer.
    assert_eq!(rig.store.count(rig.campaign, class).await.expect("it answers"), 0);
}

#[tokio::test]
async fn it_is_known_when_there_is_hardly_room_for_more_parked_visits() {
    let rig = Rig::begin().await;
    rig.store.park("{}").await.expect("it answers");
    assert_eq!(rig.store.parked_too_many().await.expect("it answers"), None);
    let many = "for at = 1, 239999 do redis.call('XADD', 'clicks:parked', '*', 'body', '{}') end return 0";
    rig.command(&["EVAL", many, "0"]).await;
    assert_eq!(rig.store.parked_too_many().await.expect("it answers"), Some(240_000));
}

#[tokio::test]
async fn a_store_that_is_back_answers_the_first_question() {
    let mut rig = Rig::begin().await;
    rig.redis.kill();
    assert!(rig.store.count(rig.campaign, ClickClass::Human).await.is_err(), "nobody is there");
    assert!(rig.store.count(rig.campaign, ClickClass::Human).await.is_err(), "as before");
    rig.redis.start();
    assert_eq!(rig.store.count(rig.campaign, ClickClass::Human).await.expect("it answers"), 1);
}
