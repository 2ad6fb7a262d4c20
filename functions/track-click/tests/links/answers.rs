//! What visitors are answered when everything works.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::to_bytes;
use axum::http::StatusCode;
use chrono::TimeDelta;
use shared::clock::Clock;
use shared::message::ClickReceived;
use shared::model::MessageId;
use shared::model::state::ClickClass;
use shared::testing::{FixedClock, campaign};
use tower::ServiceExt;

use crate::world::{
    FakeQueue, KAKAOTALK, Mood, SCRAPER, World, assert_private, assert_redirected, keys, numbers, open, request, store,
    store_address, store_at, tap,
};

#[tokio::test]
async fn a_person_a_preview_and_a_head_are_sent_on_and_told_apart() {
    let world = World::new().await;
    let (process, queue) = world.well().await;
    for (method, agent) in [("GET", KAKAOTALK), ("GET", SCRAPER), ("HEAD", KAKAOTALK), ("GET", "curl/8.5.0")] {
        assert_redirected(&open(&process, method, &world.token(), agent).await);
    }
    assert_eq!(queue.classes(), [ClickClass::Human, ClickClass::Preview, ClickClass::Prefetch, ClickClass::Bot]);
    let clicks = queue.clicks();
    let ClickReceived::V1 { clinic_id, campaign_id, message_number, agent, method, purpose, .. } = clicks[0].clone();
    assert_eq!((clinic_id, campaign_id, message_number), (world.campaign.clinic, world.campaign.id, 7));
    assert_eq!((agent.as_str(), method.as_str(), purpose.as_str()), (KAKAOTALK, "GET", ""));
    assert!(matches!(&clicks[2], ClickReceived::V1 { method, .. } if method == "HEAD"));
    let live = store().live(world.campaign.id).await.unwrap();
    let one_each = [ClickClass::Human, ClickClass::Preview, ClickClass::Prefetch, ClickClass::Bot].map(|class| (class, 1));
    assert_eq!(live, BTreeMap::from(one_each));
    // The next process finds the way in the store.
    let known = store().visit(world.campaign.id, ClickClass::Human).await.unwrap().unwrap();
    assert_eq!(known, world.destination());
    world.test.finish().await;
}

#[tokio::test]
async fn what_a_browser_says_about_its_purpose_is_kept() {
    let world = World::new().await;
    let (process, queue) = world.well().await;
    let mut ahead = request("GET", &format!("/c/{}", world.token()), KAKAOTALK);
    ahead.headers_mut().insert("sec-purpose", "prefetch;prerender".parse().unwrap());
    assert_redirected(&process.clone().oneshot(ahead).await.unwrap());
    let ClickReceived::V1 { class, purpose, .. } = queue.clicks()[0].clone();
    assert_eq!((class, purpose.as_str()), (ClickClass::Prefetch, "prefetch;prerender"));
    world.test.finish().await;
}

#[tokio::test]
async fn what_is_no_link_of_ours_gets_a_page_and_no_redirect() {
    let world = World::new().await;
    let (process, queue) = world.well().await;
    let token = world.token();
    let forged = format!("{}{}", &token[..43], if token.ends_with('A') { 'B' } else { 'A' });
    let without_campaign = keys().mint(MessageId { campaign: campaign(&world.ambient, world.campaign.clinic).id, number: 1 });
    for token in [forged.as_str(), "x", "%FF", "a%20b", &token[..43], &format!("{token}A"), &without_campaign] {
        for method in ["GET", "HEAD"] {
            let answer = open(&process, method, token, KAKAOTALK).await;
            assert_eq!((answer.status(), answer.headers().get("location")), (StatusCode::NOT_FOUND, None), "{token}");
            assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
            assert_private(&answer);
            let page = to_bytes(answer.into_body(), 1 << 16).await.unwrap();
            let page = std::str::from_utf8(&page).unwrap();
            if method == "HEAD" {
                assert_eq!(page, "");
            } else {
                assert!(page.contains("링크를 찾을 수 없습니다") && page.contains("This link leads nowhere"), "{page}");
            }
        }
    }
    assert_eq!(queue.classes(), []);
    world.test.finish().await;
}

#[tokio::test]
async fn nothing_in_the_query_changes_where_a_link_leads() {
    let world = World::with(|campaign| campaign.destination = "https://www.example.com/spring?from=kakao".to_owned()).await;
    let (process, _) = world.well().await;
    for query in ["url=https://evil.example/", "to=//evil.example&next=x", "https://evil.example", "", "%0d%0aLocation:%20x"] {
        let answer =
            process.clone().oneshot(request("GET", &format!("/c/{}?{query}", world.token()), KAKAOTALK)).await.unwrap();
        assert_eq!(answer.status(), StatusCode::FOUND);
        assert_eq!(answer.headers()["location"], "https://www.example.com/spring?from=kakao", "{query}");
    }
    world.test.finish().await;
}

#[tokio::test]
async fn a_link_that_has_ended_shows_a_page_of_its_own_and_is_counted_as_rejected() {
    let end = FixedClock::new().now() + TimeDelta::hours(1);
    let world = World::with(|campaign| campaign.link_expires_at = Some(end)).await;
    let (old, queue) = world.well().await;
    assert_redirected(&tap(&old, &world.token()).await);
    world.clock.advance(TimeDelta::hours(1));
    // Processes that know the way from memory, from the store and from the database.
    let from_store = world.process(store_at(&store_address()), world.test.another().await, &queue);
    let from_database = world.process(store_at("127.0.0.1:1"), world.test.another().await, &queue);
    for process in [&old, &from_store, &from_database] {
        for method in ["GET", "HEAD"] {
            let answer = open(process, method, &world.token(), KAKAOTALK).await;
            assert_eq!((answer.status(), answer.headers().get("location")), (StatusCode::GONE, None));
            assert_private(&answer);
            let page = to_bytes(answer.into_body(), 1 << 16).await.unwrap();
            let page = std::str::from_utf8(&page).unwrap();
            assert_eq!(method == "HEAD", page.is_empty());
            assert!(method == "HEAD" || page.contains("기간이 끝난 링크입니다") && page.contains("This link has ended"));
        }
    }
    let clicks = queue.clicks();
    let rejected = |click: &&ClickReceived| matches!(click, ClickReceived::V1 { class: ClickClass::Rejected, reason, .. } if reason == "expired");
    assert_eq!((clicks.len(), clicks.iter().filter(rejected).count()), (7, 6));
    let live = store().live(world.campaign.id).await.unwrap();
    // The one by the store was counted as a person, and then moved.
    let of = |class| live.get(&class).copied().unwrap_or_default();
    assert_eq!((of(ClickClass::Human), of(ClickClass::Prefetch), of(ClickClass::Rejected)), (1, 0, 4));
    world.test.finish().await;
}

#[tokio::test]
async fn a_link_that_ends_first_in_the_store_that_was_emptied_is_counted_as_rejected() {
    let world = World::with(|campaign| campaign.link_expires_at = Some(FixedClock::new().now())).await;
    let (process, _) = world.well().await;
    assert_eq!(tap(&process, &world.token()).await.status(), StatusCode::GONE);
    let live = store().live(world.campaign.id).await.unwrap();
    assert_eq!((live.values().sum::<u64>(), live[&ClickClass::Rejected]), (1, 1));
    assert_eq!(store().visit(world.campaign.id, ClickClass::Bot).await.unwrap().unwrap(), world.destination());
    world.test.finish().await;
}

#[tokio::test]
async fn visitors_of_one_moment_are_numbered_without_gap_in_each_process() {
    let world = World::new().await;
    let queue = FakeQueue::new(Mood::Takes);
    let mut origins = BTreeSet::new();
    for _ in 0..2 {
        let process = world.process(store_at(&store_address()), world.test.another().await, &queue);
        let before = queue.clicks().len();
        let token = world.token();
        let visits = (0..50).map(|_| {
            let (process, token) = (process.clone(), token.clone());
            tokio::spawn(async move { assert_redirected(&tap(&process, &token).await) })
        });
        for visit in visits.collect::<Vec<_>>() {
            visit.await.unwrap();
        }
        let numbers = numbers(&queue.clicks()[before..]);
        origins.extend(numbers.iter().map(|(origin, _)| *origin));
        let sequence: BTreeSet<_> = numbers.iter().map(|(_, sequence)| *sequence).collect();
        assert_eq!((numbers.len(), sequence), (50, (1..=50).collect()));
    }
    assert_eq!(origins.len(), 2, "each process numbers under an origin of its own");
    assert_eq!(store().live(world.campaign.id).await.unwrap(), BTreeMap::from([(ClickClass::Human, 100)]));
    world.test.finish().await;
}
