//! People who try links that are not theirs.

use std::collections::BTreeMap;
use std::thread;

use axum::Router;
use axum::body::to_bytes;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use shared::model::MessageId;
use shared::model::link::TOKEN_LENGTH;

use crate::lines::Lines;
use crate::proxy::Proxy;
use crate::world::{
    FakeQueue, Mood, NOWHERE, World, assert_private, assert_redirected, keys, store_address, store_at, tap_from,
};

const GUESSES: u32 = 1_000_000;

/// A token as a guesser might make it who has seen some of ours: only the proof is missing.
fn guess(random: &mut StdRng, ours: &str, kind: u32) -> String {
    let mut bytes: [u8; 33] = URL_SAFE_NO_PAD.decode(ours).unwrap().try_into().unwrap();
    match kind % 5 {
        // Nothing known.
        0 => random.fill_bytes(&mut bytes),
        // The right campaign and number.
        1 => random.fill_bytes(&mut bytes[21..]),
        // The proof of one message for another.
        2 => bytes[17..21].copy_from_slice(&random.random_range(8..=u32::MAX).to_be_bytes()),
        // Another key.
        3 => bytes[0] = random.random_range(2..=255),
        // A part of one.
        _ => return ours[..random.random_range(0..TOKEN_LENGTH)].to_owned(),
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

#[test]
fn of_a_million_guessed_tokens_none_is_ours() {
    let hits: u32 = thread::scope(|scope| {
        let guessers: Vec<_> = (0..2)
            .map(|guesser| {
                scope.spawn(move || {
                    let (keys, mut random) = (keys(), StdRng::seed_from_u64(guesser));
                    let campaign = shared::model::CampaignId::from_uuid(uuid::Uuid::from_u128(random.random()));
                    let message = MessageId { campaign, number: 7 };
                    let ours = keys.mint(message);
                    assert_eq!(keys.read(&ours), Ok(message), "the reader does find what is ours");
                    let hit = |kind| keys.read(&guess(&mut random, &ours, kind)).is_ok();
                    u32::try_from((0..GUESSES / 2).map(hit).filter(|hit| *hit).count()).unwrap()
                })
            })
            .collect();
        guessers.into_iter().map(|guesser| guesser.join().unwrap()).sum()
    });
    assert_eq!(hits, 0);
}

/// An address that no other test and no other run has.
fn address(world: &World) -> String {
    let mut bytes = [0; 6];
    world.ambient.fill(&mut bytes);
    let group = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    format!("2001:db8:{:x}:{:x}::1", group(0), group(2))
}

/// Shows a token that is not ours.
async fn wrong(process: &Router, address: &str) -> StatusCode {
    let answer = tap_from(process, address, "no-link-of-ours", HeaderMap::new()).await;
    assert_private(&answer);
    assert_eq!(answer.headers().get("location"), None);
    answer.status()
}

#[tokio::test]
async fn ten_thousand_guesses_cost_nobody_anything_and_people_at_the_same_address_are_sent_on() {
    let world = World::new().await;
    let (store_proxy, queue) = (Proxy::before(store_address()).await, FakeQueue::new(Mood::Takes));
    let (database, database_proxy) = world.database_behind_a_proxy().await;
    let process = world.process(store_at(&store_proxy.address.to_string()), database, &queue);
    let (address, mut random) = (address(&world), StdRng::seed_from_u64(1));
    let (mut answered, mut real) = (BTreeMap::new(), 0);
    let (mut store_asked, mut database_asked) = (0, 0);
    for guessed in 0..10_000 {
        let token = guess(&mut random, &world.token(), guessed);
        let token = if token.is_empty() { "A" } else { &token };
        let answer = tap_from(&process, &address, token, HeaderMap::new()).await;
        assert_private(&answer);
        *answered.entry(answer.status().as_u16()).or_insert(0) += 1;
        if guessed > 60 {
            assert_eq!((store_proxy.asked(), database_proxy.asked()), (store_asked, database_asked));
        }
        if guessed % 100 == 50 {
            assert_redirected(&tap_from(&process, &address, &world.token(), HeaderMap::new()).await);
            real += 1;
        }
        (store_asked, database_asked) = (store_proxy.asked(), database_proxy.asked());
    }
    assert_eq!(answered, BTreeMap::from([(404, 60), (429, 9_940)]));
    assert_eq!((real, queue.clicks().len()), (100, 100));
    world.test.finish().await;
}

#[tokio::test]
async fn who_guessed_too_often_reads_when_to_come_back_and_may_then() {
    let world = World::new().await;
    let (process, _) = world.well().await;
    let address = address(&world);
    let lines = Lines::collect();
    world.clock.advance(TimeDelta::seconds(20));
    for _ in 0..60 {
        assert_eq!(wrong(&process, &address).await, StatusCode::NOT_FOUND);
    }
    let answer = tap_from(&process, &address, "x", HeaderMap::new()).await;
    assert_eq!((answer.status(), &answer.headers()["retry-after"]), (StatusCode::TOO_MANY_REQUESTS, &"40".parse().unwrap()));
    let page = to_bytes(answer.into_body(), 1 << 16).await.unwrap();
    let page = std::str::from_utf8(&page).unwrap();
    assert!(page.contains("잠시 후 다시 시도해 주세요") && page.contains("Please try again in a moment"), "{page}");
    assert_eq!(wrong(&process, &address).await, StatusCode::TOO_MANY_REQUESTS);
    world.clock.advance(TimeDelta::seconds(40));
    for _ in 0..60 {
        assert_eq!(wrong(&process, &address).await, StatusCode::NOT_FOUND);
    }
    for _ in 0..10 {
        assert_eq!(wrong(&process, &address).await, StatusCode::TOO_MANY_REQUESTS);
    }
    let told = lines.of("link.guessing");
    assert_eq!(told.len(), 2, "one line for each minute");
    assert_eq!(told[0]["guesser"], told[1]["guesser"], "the same guesser");
    let log = lines.text();
    assert!(!log.contains("2001:db8") && !log.contains("no-link-of-ours"), "neither address nor token is in the log");
    world.test.finish().await;
}

#[tokio::test]
async fn processes_count_a_guesser_together_and_each_alone_while_the_store_is_away() {
    let world = World::new().await;
    let queue = FakeQueue::new(Mood::Takes);
    let lines = Lines::collect();
    let count = async |store: &str, address: &str| {
        let processes = [0; 2].map(|_| world.process(store_at(store), crate::world::no_database(), &queue));
        let mut answered = BTreeMap::new();
        for guess in 0..200 {
            *answered.entry(wrong(&processes[guess % 2], address).await.as_u16()).or_insert(0) += 1;
        }
        answered
    };
    assert_eq!(count(&store_address(), &address(&world)).await, BTreeMap::from([(404, 60), (429, 140)]));
    assert_eq!(lines.of("link.guessing").len(), 1);
    assert_eq!(count(NOWHERE, &address(&world)).await, BTreeMap::from([(404, 120), (429, 80)]));
    assert_eq!(lines.of("link.guessing").len(), 3);
    world.test.finish().await;
}

#[tokio::test]
async fn a_guesser_is_known_by_what_api_gateway_saw_and_not_by_what_it_says() {
    let world = World::new().await;
    let (process, _) = world.well().await;
    let (guesser, neighbour) = (address(&world), address(&world));
    for guess in 0..70_u32 {
        let mut headers = HeaderMap::new();
        for name in ["x-forwarded-for", "x-real-ip", "forwarded"] {
            headers.insert(name, format!("198.51.100.{guess}").parse().unwrap());
        }
        let answer = tap_from(&process, &guesser, "x", headers).await;
        let expected = if guess < 60 { StatusCode::NOT_FOUND } else { StatusCode::TOO_MANY_REQUESTS };
        assert_eq!(answer.status(), expected, "{guess}");
    }
    // The whole network of the guesser, and nobody else.
    assert_eq!(wrong(&process, &guesser.replace("::1", "::2")).await, StatusCode::TOO_MANY_REQUESTS);
    let mut blamed = HeaderMap::new();
    blamed.insert("x-forwarded-for", guesser.parse().unwrap());
    assert_eq!(tap_from(&process, &neighbour, "x", blamed).await.status(), StatusCode::NOT_FOUND);
    world.test.finish().await;
}
