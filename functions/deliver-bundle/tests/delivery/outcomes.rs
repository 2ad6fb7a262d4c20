//! What the answers of the provider, and their absence, make of a bundle.

use std::sync::Arc;

use aligo_simulator::outcome::Fate;
use chrono::TimeDelta;
use serde_json::json;
use shared::clock::Clock;
use shared::model::result::FIRST_POLL;
use shared::model::state::{BundleState, CampaignKind, CampaignState, MessageState};
use shared::provider::SendOutcome;
use shared::testing::sending;
use tokio::sync::Notify;

use crate::scene::{Acting, Answer, Scene, Worker, announced};

#[tokio::test]
async fn a_bundle_is_handed_over_and_its_answer_stored() {
    let (scene, sending, bundle) = Scene::with_bundle().await;
    let worker = scene.worker().await;
    assert!(scene.wake(&worker).await);
    let now = scene.clock.now();
    let stored = sending.bundle(bundle).await;
    assert_eq!((stored.state, stored.attempt, stored.taken), (BundleState::Accepted, 1, Some(2)));
    assert_eq!((stored.called_at, stored.answered_at, stored.poll_at), (Some(now), Some(now), Some(now + FIRST_POLL)));
    assert_eq!(sending.states().await, [MessageState::Sent; 2]);
    let campaign = sending.reload().await;
    assert_eq!((campaign.state, campaign.started_at, campaign.finished_at), (CampaignState::Finished, Some(now), Some(now)));
    assert_eq!(sending.counts().await, (2, 0, 0));
    let taken = scene.simulator.app.read(|world, _| world.calls.clone());
    assert_eq!(Some(taken[0].mid.to_string()), stored.provider_id);
    // What was handed over is what the template allows.
    assert!(taken[0].messages.iter().all(|message| message.life.fate == Fate::Result('0')), "{:?}", taken[0].messages);
    let tokens = sending.tokens(bundle).await;
    assert_eq!(scene.simulator.accepted_per_token(), tokens.into_iter().map(|token| (token, 1)).collect());
    assert_eq!(announced(&worker), [bundle]);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_second_wake_up_changes_nothing() {
    let (scene, sending, bundle) = Scene::with_bundle().await;
    let worker = scene.worker().await;
    assert!(scene.wake(&worker).await);
    let before = sending.bundle(bundle).await;
    scene.clock.advance(TimeDelta::minutes(1));
    assert!(scene.wake(&worker).await);
    assert_eq!(sending.bundle(bundle).await, before);
    assert_eq!(sending.counts().await, (2, 0, 0));
    assert_eq!((scene.simulator.sends(), announced(&worker).len()), (1, 1));
    scene.test.finish().await;
}

#[tokio::test]
async fn a_test_is_sent_and_counted_in_its_campaign_alone() {
    let scene = Scene::new().await;
    let mut sending = scene.campaign_of(CampaignKind::Test, 1).await;
    let bundle = sending.add_bundle(&["010-1234-0001"]).await;
    let worker = scene.worker().await;
    assert!(scene.wake(&worker).await);
    assert_eq!((sending.states().await, sending.counts().await), (vec![MessageState::Sent], (1, 0, 0)));
    let counted = "SELECT COUNT(*) FROM hourly_totals t JOIN campaigns c ON c.id <> t.scope_id";
    assert_eq!(sqlx::query_scalar::<_, i64>(counted).fetch_one(&scene.test.pool).await.unwrap(), 0);
    assert_eq!(announced(&worker), [bundle]);
    scene.test.finish().await;
}

#[tokio::test]
async fn what_a_message_says_differently_from_its_campaign_is_sent_so() {
    let scene = Scene::new().await;
    let link = "https://go.example.com/c/#{link}?at=#{지점}";
    let template = json!({
        "templtCode": "TA_1234", "templtName": "검진 안내", "templtContent": "#{고객명}님, 검진하실 때가 되었습니다.",
        "templateEmType": "TEXT", "templtTitle": "#{고객명}님께", "inspStatus": "APR", "status": "A",
        "buttons": [{"name": "예약하기", "linkType": "WL", "linkMo": link, "linkPc": link}],
    });
    scene.simulator.app.write(|world, _| world.templates.clear());
    scene.simulator.add_template(template).unwrap();
    let mut sending = scene.campaign(1).await;
    let bundle = sending.add_bundle(&["010-1234-0001"]).await;
    let address = format!("https://go.example.com/c/{}?at=2", sending.tokens(bundle).await[0]);
    let buttons = json!([{"name": "예약하기", "linkType": "WL", "linkMo": address, "linkPc": address}]);
    let done = sqlx::query("UPDATE messages SET title = '고객 1님께', buttons = ?").bind(buttons.to_string());
    done.execute(&scene.test.pool).await.unwrap();
    let worker = scene.worker().await;
    assert!(scene.wake(&worker).await);
    let taken = scene.simulator.app.read(|world, _| world.calls[0].messages.clone());
    assert_eq!((taken[0].emtitle.as_deref(), taken[0].life.fate), (Some("고객 1님께"), Fate::Result('0')), "{taken:?}");
    assert_eq!(announced(&worker), [bundle]);
    scene.test.finish().await;
}

#[tokio::test]
async fn buttons_that_cannot_be_filled_in_fail_the_bundle_without_a_call() {
    let (scene, sending, bundle) = Scene::with_bundle().await;
    let buttons =
        r#"UPDATE campaigns SET buttons = '[{"name": "예약하기", "linkType": "WL", "linkMo": "https://a.example/#{지점}"}]'"#;
    scene.execute(buttons).await;
    let worker = scene.worker().await;
    assert!(scene.wake(&worker).await);
    let failed = (MessageState::Failed, Some("not_renderable".to_owned()));
    assert_eq!(sending.messages().await, [failed.clone(), failed]);
    assert_eq!(sending.bundle(bundle).await.state, BundleState::Rejected);
    assert_eq!((sending.state().await.0, sending.counts().await), (CampaignState::Finished, (0, 0, 2)));
    assert_eq!(scene.simulator.sends(), 0);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_worker_that_is_killed_during_the_call_leaves_a_bundle_that_nobody_calls_again() {
    let (scene, sending, bundle) = Scene::with_bundle().await;
    let reached = Arc::new(Notify::new());
    let told = Arc::clone(&reached);
    let dying = scene
        .worker_with(Acting(move || -> Answer {
            told.notify_one();
            Box::pin(std::future::pending())
        }))
        .await;
    tokio::select! {
        _ = scene.wake(&dying) => panic!("the provider never answers"),
        () = reached.notified() => {}
    }
    let next = scene.worker().await;
    scene.clock.advance(TimeDelta::hours(1));
    assert!(scene.wake(&next).await);
    assert_eq!(scene.simulator.sends(), 0);
    assert_eq!(sending.bundle(bundle).await.state, BundleState::Calling);
    assert_eq!(sending.states().await, [MessageState::Queued; 2]);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_lost_answer_leaves_the_bundle_unknown_and_is_never_posted_again() {
    for (at, fault) in
        ["acceptThenReset", "acceptThenServerError", "acceptThenBrokenJson", "reset", "serverError"].into_iter().enumerate()
    {
        let (scene, sending, bundle) = Scene::with_bundle().await;
        scene.simulator.add_fault(json!({"kind": fault})).unwrap();
        let worker = scene.worker().await;
        for _ in 0..2 {
            assert!(scene.wake(&worker).await);
            assert_eq!(sending.bundle(bundle).await.state, BundleState::Unknown, "{fault}");
            scene.clock.advance(TimeDelta::minutes(1));
        }
        let unknown = (MessageState::Unknown, Some("no_answer".to_owned()));
        assert_eq!(sending.messages().await, [unknown.clone(), unknown]);
        // What nobody knows does not keep the campaign open.
        assert_eq!(sending.state().await, (CampaignState::Finished, None));
        assert_eq!((scene.simulator.sends(), sending.counts().await), (1, (0, 0, 0)));
        assert_eq!((scene.calls().len(), scene.gate().await.failures), (usize::from(at < 3), 1), "{fault}");
        scene.test.finish().await;
    }
}

#[tokio::test]
async fn a_provider_that_was_not_reached_is_tried_again_after_five_seconds() {
    let (scene, sending, bundle) = Scene::with_bundle().await;
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let unreachable = scene.worker_with(sending::provider(&format!("http://{nobody}"), "key", "user")).await;
    assert!(scene.wake(&unreachable).await);
    assert_eq!(sending.bundle(bundle).await.state, BundleState::Prepared);
    assert_eq!(sending.states().await, [MessageState::Queued; 2]);
    let worker = scene.worker().await;
    scene.clock.advance(TimeDelta::milliseconds(4_999));
    assert!(scene.wake(&worker).await);
    assert_eq!(scene.simulator.sends(), 0);
    scene.clock.advance(TimeDelta::milliseconds(1));
    assert!(scene.wake(&worker).await);
    assert_eq!(sending.states().await, [MessageState::Sent; 2]);
    assert_eq!((scene.simulator.sends(), announced(&worker)), (1, vec![bundle]));
    assert_eq!((sending.bundle(bundle).await.attempt, scene.gate().await.failures), (2, 0));
    scene.test.finish().await;
}

fn answers() -> [SendOutcome; 4] {
    [
        SendOutcome::Accepted { provider_id: "1".to_owned(), accepted: 2, refused: 0 },
        SendOutcome::Rejected { code: -99, message: "발신프로필이 존재하지 않습니다.".to_owned() },
        SendOutcome::NotSent { why: "no connection".to_owned() },
        SendOutcome::Unknown { why: "reset".to_owned() },
    ]
}

#[tokio::test]
async fn an_answer_that_comes_after_a_new_attempt_has_begun_is_not_stored() {
    for answer in answers() {
        let (scene, sending, bundle) = Scene::with_bundle().await;
        let pool = scene.test.pool.clone();
        let late = answer.clone();
        let thawed = Acting(move || -> Answer {
            let (pool, late) = (pool.clone(), late.clone());
            Box::pin(async move {
                sqlx::query("UPDATE bundles SET attempt = attempt + 1").execute(&pool).await.unwrap();
                late
            })
        });
        let worker = scene.worker_with(thawed).await;
        assert!(scene.wake(&worker).await);
        let stored = sending.bundle(bundle).await;
        assert_eq!((stored.state, stored.attempt), (BundleState::Calling, 2), "{answer:?}");
        assert_eq!(sending.states().await, [MessageState::Queued; 2]);
        assert_eq!((sending.counts().await, sending.state().await.0), ((0, 0, 0), CampaignState::Sending));
        scene.test.finish().await;
    }
}

#[tokio::test]
async fn of_the_answers_that_come_when_the_bundle_was_given_up_only_acceptance_counts() {
    for answer in answers() {
        let (scene, sending, bundle) = Scene::with_bundle().await;
        let pool = scene.test.pool.clone();
        let late = answer.clone();
        let thawed = Acting(move || -> Answer {
            let (pool, late) = (pool.clone(), late.clone());
            Box::pin(async move {
                sqlx::query("UPDATE bundles SET state = 'unknown'").execute(&pool).await.unwrap();
                sqlx::query("UPDATE messages SET state = 'unknown'").execute(&pool).await.unwrap();
                late
            })
        });
        let worker = scene.worker_with(thawed).await;
        assert!(scene.wake(&worker).await);
        let is_accepted = matches!(answer, SendOutcome::Accepted { .. });
        let expected = if is_accepted {
            (BundleState::Accepted, vec![MessageState::Sent; 2])
        } else {
            (BundleState::Unknown, vec![MessageState::Unknown; 2])
        };
        assert_eq!((sending.bundle(bundle).await.state, sending.states().await), expected, "{answer:?}");
        assert_eq!(announced(&worker).len(), usize::from(is_accepted));
        scene.test.finish().await;
    }
}

#[tokio::test]
async fn acceptance_that_comes_after_the_proof_of_absence_counts_until_the_bundle_is_claimed_again() {
    let (scene, sending, bundle) = Scene::with_bundle().await;
    let pool = scene.test.pool.clone();
    let thawed = Acting(move || -> Answer {
        let pool = pool.clone();
        Box::pin(async move {
            let absent = "UPDATE bundles b, messages m SET b.state = 'prepared', b.attempt = b.attempt + 1, m.state = 'queued'";
            sqlx::query(absent).execute(&pool).await.unwrap();
            SendOutcome::Accepted { provider_id: "77".to_owned(), accepted: 2, refused: 0 }
        })
    });
    let worker = scene.worker_with(thawed).await;
    assert!(scene.wake(&worker).await);
    let stored = sending.bundle(bundle).await;
    assert_eq!((stored.state, stored.provider_id.as_deref()), (BundleState::Accepted, Some("77")));
    assert_eq!((sending.states().await, sending.counts().await), (vec![MessageState::Sent; 2], (2, 0, 0)));
    assert_eq!((sending.state().await.0, announced(&worker)), (CampaignState::Finished, vec![bundle]));
    scene.test.finish().await;
}

#[tokio::test]
async fn what_cannot_be_read_goes_to_the_dead_letters() {
    let (scene, _, _) = Scene::with_bundle().await;
    let worker = scene.worker().await;
    let response = deliver_bundle::handle(&worker, sending::event(&json!({"type": "bundle_prepared.v9"}))).await.unwrap();
    assert!(response.batch_item_failures.is_empty());
    assert_eq!((worker.dead_letters.0.lock().unwrap().len(), scene.simulator.sends()), (1, 0));
    scene.test.finish().await;
}

#[tokio::test]
async fn a_bundle_costs_eighteen_statements_and_three_looks_at_the_connection() {
    let scene = Scene::new().await;
    let mut sending = scene.campaign(1).await;
    let worker = scene.worker().await;
    let mut counts = Vec::new();
    for bundles in [1, 5, 25] {
        sending.set_state(CampaignState::Sending).await;
        sending.add_bundles(bundles, 2).await;
        let before = questions(&worker).await;
        assert!(scene.wake(&worker).await);
        counts.push(questions(&worker).await - before);
        announced(&worker);
    }
    // The claim 7, reading 1, the answer 7, opening the gate and finishing 2, the outbox 1; more bundles cost not more each. The two
    // transactions are begun by the look at their connections.
    assert_eq!(counts[2] - counts[1], 20 * (18 + 3), "{counts:?}");
    scene.test.finish().await;
}

/// How many statements the worker's connection has carried.
async fn questions<V>(worker: &Worker<V>) -> u64 {
    let mut connection = worker.database.acquire().await.unwrap();
    let status: (String, String) =
        sqlx::query_as("SHOW SESSION STATUS LIKE 'Questions'").fetch_one(&mut *connection).await.unwrap();
    status.1.parse().unwrap()
}
