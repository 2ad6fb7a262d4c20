//! What becomes of messages.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;
use shared::clock::Clock;
use shared::message::ResultsAwaited;
use shared::model::CampaignId;
use shared::model::state::{CampaignKind, MessageState};

use crate::scene::{DETAIL, Scene};

fn unknown(reason: &str) -> (MessageState, Option<String>) {
    (MessageState::Unknown, Some(reason.to_owned()))
}

#[tokio::test]
async fn results_become_states_once_and_what_never_comes_is_unknown_after_a_day() {
    let mut scene = Scene::new().await;
    let phones = ["010-1234-0001", "010-1200-9908", "010-1200-9903", "010-1200-9924", "010-1200-9940"];
    let bundle = scene.accepted(&phones).await;
    scene.clock.advance(TimeDelta::minutes(1));
    let mut expected = vec![
        (MessageState::Delivered, None),
        (MessageState::Failed, Some("blocked".to_owned())),
        unknown("receipt_unclear"),
        unknown("unrecognised"),
        (MessageState::Sent, None),
    ];
    for _ in 0..2 {
        assert!(scene.collect(bundle).await);
        assert_eq!(scene.sending.messages().await, expected);
        assert_eq!(scene.sending.counts().await, (5, 1, 1));
        assert_eq!(scene.suppressed().await, [("+821012009908".to_owned(), "blocked".to_owned())]);
    }
    let raw: Option<String> =
        sqlx::query_scalar("SELECT result_code FROM messages WHERE number = 4").fetch_one(&scene.test.pool).await.unwrap();
    assert_eq!(raw.as_deref(), Some("Z"));
    assert!(scene.sending.bundle(bundle).await.poll_at > Some(scene.clock.now()));

    scene.clock.advance(TimeDelta::hours(24));
    assert!(scene.collect(bundle).await);
    expected[4] = unknown("no_result");
    assert_eq!(scene.sending.messages().await, expected);
    assert_eq!(scene.sending.bundle(bundle).await.poll_at, None);
    let asked = scene.questions();
    assert!(scene.collect(bundle).await);
    assert_eq!((scene.questions(), scene.sending.counts().await), (asked, (5, 1, 1)));
    scene.test.finish().await;
}

#[tokio::test]
async fn before_there_are_results_only_the_next_question_moves_away() {
    let mut scene = Scene::new().await;
    let bundle = scene.accepted(&["010-1234-0001"]).await;
    let mut waits = Vec::new();
    for _ in 0..9 {
        assert!(scene.collect(bundle).await);
        waits.push((scene.sending.bundle(bundle).await.poll_at.unwrap() - scene.clock.now()).num_seconds());
    }
    assert_eq!(waits, [15, 60, 60, 300, 900, 900, 3600, 3600, 3600]);
    assert_eq!(scene.sending.messages().await, [(MessageState::Sent, None)]);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_asked_again() {
    let mut scene = Scene::new().await;
    let bundle = scene.accepted(&["010-1234-0001"]).await;
    scene.clock.advance(TimeDelta::minutes(1));
    for fault in [json!({"kind": "serverError", "path": DETAIL}), json!({"kind": "refuse", "path": DETAIL})] {
        scene.simulator.add_fault(fault).unwrap();
        assert!(!scene.collect(bundle).await);
        assert_eq!(scene.sending.messages().await, [(MessageState::Sent, None)]);
    }
    assert!(scene.collect(bundle).await);
    assert_eq!(scene.sending.messages().await, [(MessageState::Delivered, None)]);
    assert_eq!(scene.sending.bundle(bundle).await.poll_at, None);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_refusal_after_a_day_means_that_there_are_no_results() {
    let mut scene = Scene::new().await;
    let bundle = scene.accepted(&["010-1234-0001"]).await;
    for (hours, worked_off) in [(23, false), (1, true)] {
        scene.clock.advance(TimeDelta::hours(hours));
        scene.simulator.add_fault(json!({"kind": "refuse", "path": DETAIL})).unwrap();
        assert_eq!(scene.collect(bundle).await, worked_off);
    }
    assert_eq!(scene.sending.messages().await, [unknown("no_result")]);
    assert_eq!(scene.sending.bundle(bundle).await.poll_at, None);
    scene.test.finish().await;
}

#[tokio::test]
async fn what_says_nothing_about_the_call_is_waited_out_for_three_days() {
    let no_ip = json!({"kind": "refuse", "path": DETAIL, "message": "인증되지 않는 서버 IP로 부터의 호출 입니다."});
    let no_key = json!({"kind": "refuse", "path": DETAIL, "code": -101, "message": "인증오류입니다."});
    for trouble in [no_ip, no_key, json!({"kind": "serverError", "path": DETAIL})] {
        for is_put_right in [true, false] {
            let mut scene = Scene::new().await;
            let bundle = scene.accepted(&["010-1234-0001"]).await;
            // It is a weekend.
            for hours in [24, 47] {
                scene.clock.advance(TimeDelta::hours(hours));
                scene.simulator.add_fault(trouble.clone()).unwrap();
                assert!(!scene.collect(bundle).await);
                assert_eq!(scene.sending.messages().await, [(MessageState::Sent, None)]);
            }
            scene.clock.advance(TimeDelta::hours(1));
            if !is_put_right {
                scene.simulator.add_fault(trouble.clone()).unwrap();
            }
            assert!(scene.collect(bundle).await);
            let end = if is_put_right { (MessageState::Delivered, None) } else { unknown("no_result") };
            assert_eq!(scene.sending.messages().await, [end], "{trouble}");
            assert_eq!(scene.sending.bundle(bundle).await.poll_at, None);
            scene.test.finish().await;
        }
    }
}

#[tokio::test]
async fn when_the_provider_is_too_slow_what_was_read_is_stored_and_the_rest_is_asked_for_later() {
    let mut scene = Scene::new().await;
    let bundle = scene.accepted(&["010-1234-0001"]).await;
    // Also after a day: nobody knows what is on the pages that were not read.
    for (hours, polls) in [(1, 1), (23, 2)] {
        scene.clock.advance(TimeDelta::hours(hours));
        scene.simulator.add_fault(json!({"kind": "latency", "path": DETAIL, "milliseconds": 2_000})).unwrap();
        assert!(scene.collect_within(bundle, Duration::from_millis(300)).await);
        assert_eq!(scene.sending.messages().await, [(MessageState::Sent, None)]);
        let stored = scene.sending.bundle(bundle).await;
        assert_eq!((stored.polls, stored.poll_at > Some(scene.clock.now())), (polls, true));
    }
    assert!(scene.collect(bundle).await);
    assert_eq!(scene.sending.messages().await, [(MessageState::Delivered, None)]);
    scene.test.finish().await;
}

#[tokio::test]
async fn however_often_a_question_is_delivered_it_is_asked_once() {
    let mut scene = Scene::new().await;
    let bundle = scene.accepted(&["010-1200-9940"]).await;
    let (clinic_id, campaign_id) = (scene.sending.campaign.clinic, scene.sending.campaign.id);
    let accepted = ResultsAwaited::AcceptedV1 { clinic_id, campaign_id, bundle_id: bundle };
    let (first, second) = (scene.sending.due_after(bundle, 0), scene.sending.due_after(bundle, 1));
    // The fact comes late, or twice; and what was due was sent again before it was its turn.
    for (awaited, questions) in [
        (&accepted, 1),
        (&accepted, 1),
        (&first, 1),
        (&second, 2),
        (&second, 2),
        (&accepted, 2),
        (&scene.sending.due(bundle), 3),
    ] {
        assert!(scene.take(awaited).await);
        assert_eq!(
            (scene.questions(), scene.sending.bundle(bundle).await.polls),
            (questions, u32::try_from(questions).unwrap())
        );
    }
    scene.test.finish().await;
}

#[tokio::test]
async fn numbers_that_the_provider_found_malformed_do_not_hold_up_the_others() {
    let mut scene = Scene::new().await;
    scene.simulator.add_fault(json!({"kind": "partial", "failed": 1})).unwrap();
    let bundle = scene.accepted(&["010-1234-0001", "010-1234-0002", "010-1234-0003"]).await;
    scene.clock.advance(TimeDelta::minutes(1));
    assert!(scene.collect(bundle).await);
    let messages = scene.sending.messages().await;
    let bad = (MessageState::Failed, Some("bad_number".to_owned()));
    assert_eq!(messages.iter().filter(|message| **message == bad).count(), 1);
    assert_eq!(messages.iter().filter(|(state, _)| *state == MessageState::Delivered).count(), 2);
    scene.test.finish().await;
}

#[tokio::test]
async fn without_a_link_a_result_is_told_by_its_phone() {
    let mut scene = Scene::new().await;
    let bundle = scene.accepted(&["010-1234-0001", "010-1200-9907"]).await;
    sqlx::query("UPDATE messages SET link = CONCAT('x', number)").execute(&scene.test.pool).await.unwrap();
    scene.clock.advance(TimeDelta::minutes(1));
    assert!(scene.collect(bundle).await);
    let expected = [(MessageState::Delivered, None), (MessageState::Failed, Some("no_kakaotalk".to_owned()))];
    assert_eq!(scene.sending.messages().await, expected);
    scene.test.finish().await;
}

#[tokio::test]
async fn numbers_that_the_provider_never_shows_although_it_shows_all_it_took_were_not_taken() {
    // It took two of three; or it does not say how many it took; or it took all three and never shows one.
    for (taken, reason) in [
        (Some(2), (MessageState::Failed, "not_taken")),
        (None, (MessageState::Unknown, "no_result")),
        (Some(3), (MessageState::Unknown, "no_result")),
    ] {
        let mut scene = Scene::new().await;
        let bundle = scene.accepted(&["010-1234-0001", "010-1234-0002", "010-1200-9941"]).await;
        sqlx::query("UPDATE bundles SET taken = ?").bind(taken).execute(&scene.test.pool).await.unwrap();
        let delivered = (MessageState::Delivered, None);
        for hours in [1, 22] {
            scene.clock.advance(TimeDelta::hours(hours));
            assert!(scene.collect(bundle).await);
            assert_eq!(scene.sending.messages().await, [delivered.clone(), delivered.clone(), (MessageState::Sent, None)]);
        }
        scene.clock.advance(TimeDelta::hours(1));
        assert!(scene.collect(bundle).await);
        let last = (reason.0, Some(reason.1.to_owned()));
        assert_eq!(scene.sending.messages().await, [delivered.clone(), delivered, last], "{taken:?}");
        let failed = u64::from(reason.0 == MessageState::Failed);
        assert_eq!(scene.sending.counts().await, (3, 2, failed));
        assert_eq!(scene.sending.bundle(bundle).await.poll_at, None);
        scene.test.finish().await;
    }
}

#[tokio::test]
async fn the_sms_that_went_instead_is_kept() {
    let mut scene = Scene::new().await;
    let bundle = scene.accepted(&["010-1234-0001", "010-1200-9907"]).await;
    scene.simulator.app.write(|world, _| world.calls[0].messages[1].smid = Some(4_711));
    scene.clock.advance(TimeDelta::minutes(1));
    assert!(scene.collect(bundle).await);
    let substitutes: Vec<Option<String>> =
        sqlx::query_scalar("SELECT substitute_id FROM messages ORDER BY number").fetch_all(&scene.test.pool).await.unwrap();
    assert_eq!(substitutes, [None, Some("4711".to_owned())]);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_test_is_counted_in_its_campaign_alone() {
    let mut scene = Scene::of(CampaignKind::Test).await;
    let bundle = scene.accepted(&["010-1234-0001", "010-1200-9907"]).await;
    scene.clock.advance(TimeDelta::minutes(1));
    assert!(scene.collect(bundle).await);
    assert_eq!(scene.sending.states().await, [MessageState::Delivered, MessageState::Failed]);
    assert_eq!(scene.sending.counts().await, (2, 1, 1));
    let scopes: Vec<CampaignId> =
        sqlx::query_scalar("SELECT DISTINCT scope_id FROM hourly_totals").fetch_all(&scene.test.pool).await.unwrap();
    assert_eq!(scopes, [scene.sending.campaign.id]);
    scene.test.finish().await;
}

#[tokio::test]
async fn whoever_holds_the_campaign_does_not_hold_up_results() {
    let mut scene = Scene::new().await;
    let bundle = scene.accepted(&["010-1234-0001"]).await;
    scene.clock.advance(TimeDelta::minutes(1));
    let mut holder = scene.test.pool.begin().await.unwrap();
    sqlx::query("SELECT id FROM campaigns FOR UPDATE").fetch_all(&mut *holder).await.unwrap();
    assert!(scene.collect(bundle).await);
    assert_eq!(scene.sending.states().await, [MessageState::Delivered]);
    holder.rollback().await.unwrap();
    scene.test.finish().await;
}
