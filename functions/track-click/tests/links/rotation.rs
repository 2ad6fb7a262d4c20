//! Keys that change while processes run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::http::StatusCode;
use chrono::TimeDelta;
use shared::model::MessageId;
use shared::model::link::LinkKeys;
use track_click::{KeySource, routes};

use crate::lines::Lines;
use crate::world::{FakeQueue, Mood, World, assert_redirected, keys_of, store_address, store_at, tap};

/// A secret that counts how often it is read.
#[derive(Clone)]
struct Secret {
    keys: Option<&'static [(&'static str, &'static str)]>,
    reads: Arc<AtomicU32>,
}

impl Secret {
    fn of(keys: Option<&'static [(&'static str, &'static str)]>) -> Self {
        Self { keys, reads: Arc::default() }
    }

    fn reads(&self) -> u32 {
        self.reads.load(Ordering::SeqCst)
    }
}

impl KeySource for Secret {
    async fn read(&self) -> Result<LinkKeys, String> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        self.keys.map(keys_of).ok_or_else(|| "away".to_owned())
    }
}

/// A process that began when there was only key 1.
async fn process(world: &World, secret: &Secret) -> Router {
    let queue = FakeQueue::new(Mood::Takes);
    let deps = world.deps(store_at(&store_address()), world.test.another().await, &queue);
    shared::http::app("track-click", routes(deps.with_keys_from(secret.clone())))
}

fn minted_with(world: &World, secret: &[(&str, &str)]) -> String {
    keys_of(secret).mint(MessageId { campaign: world.campaign.id, number: 7 })
}

#[tokio::test]
async fn a_link_of_a_new_key_is_followed_by_a_process_that_began_before_it() {
    let world = World::new().await;
    let secret = Secret::of(Some(&[("1", "k"), ("2", "n")]));
    let process = process(&world, &secret).await;
    assert_redirected(&tap(&process, &world.token()).await);
    assert_eq!(secret.reads(), 0);
    let new = minted_with(&world, &[("1", "k"), ("2", "n")]);
    // Several come at the same moment.
    let visits = (0..10).map(|_| {
        let (process, new) = (process.clone(), new.clone());
        tokio::spawn(async move { assert_redirected(&tap(&process, &new).await) })
    });
    for visit in visits.collect::<Vec<_>>() {
        visit.await.unwrap();
    }
    assert_redirected(&tap(&process, &world.token()).await);
    assert_eq!(secret.reads(), 1);
    world.test.finish().await;
}

#[tokio::test]
async fn guessed_key_numbers_make_a_process_read_its_keys_once_a_minute_and_other_guesses_never() {
    let world = World::new().await;
    let secret = Secret::of(Some(&[("1", "k"), ("2", "n")]));
    let process = process(&world, &secret).await;
    let forged = format!("{}AAAA", &world.token()[..40]);
    for token in ["x", forged.as_str(), &format!("{}A", world.token())] {
        assert_eq!(tap(&process, token).await.status(), StatusCode::NOT_FOUND);
    }
    assert_eq!(secret.reads(), 0);
    let guessed = minted_with(&world, &[("200", "z")]);
    for _ in 0..30 {
        assert_eq!(tap(&process, &guessed).await.status(), StatusCode::NOT_FOUND);
    }
    assert_eq!(secret.reads(), 1);
    world.clock.advance(TimeDelta::seconds(60));
    for _ in 0..30 {
        assert_eq!(tap(&process, &guessed).await.status(), StatusCode::NOT_FOUND);
    }
    assert_eq!(secret.reads(), 2);
    world.test.finish().await;
}

#[tokio::test]
async fn keys_that_cannot_be_read_leave_those_that_are_known() {
    let world = World::new().await;
    let secret = Secret::of(None);
    let process = process(&world, &secret).await;
    let lines = Lines::collect();
    let new = minted_with(&world, &[("1", "k"), ("2", "n")]);
    assert_eq!(tap(&process, &new).await.status(), StatusCode::NOT_FOUND);
    assert_redirected(&tap(&process, &world.token()).await);
    assert_eq!(lines.of("link.keys_not_read").len(), 1);
    world.test.finish().await;
}
