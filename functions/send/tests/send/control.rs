//! Pausing, resuming and calling off.

use std::sync::atomic::{AtomicU32, Ordering};

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::clock::Clock as _;
use shared::db::campaigns::{Campaign, Prepared};
use shared::message::{BundlePrepared, CampaignRequested};
use shared::model::state::{BundleState, CampaignKind, CampaignState};
use shared::testing::{Answer, PublishMode};

use crate::life::Life;
use crate::scene::{Clinic, Scene, problem};

async fn act(clinic: &Clinic, life: &Life<'_>, action: &str) -> Answer {
    static ACTS: AtomicU32 = AtomicU32::new(0);
    let key = format!("act-{}", ACTS.fetch_add(1, Ordering::Relaxed));
    clinic.staff.post_once(&key, &format!("{}/{action}", life.path()), Value::Null).await
}

/// Does it twice: the second time changes nothing and answers the same.
async fn twice(clinic: &Clinic, life: &Life<'_>, action: &str) -> String {
    let first = act(clinic, life, action).await;
    assert_eq!(first.status, 200, "{first:?}");
    let after = life.now().await;
    let again = act(clinic, life, action).await;
    assert_eq!((again.status, &again.json), (200, &first.json));
    assert_eq!(life.now().await, after);
    first.json["state"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_campaign_is_paused_in_any_state_before_its_end_and_goes_on_from_there() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    for state in [CampaignState::Scheduled, CampaignState::Requested, CampaignState::Preparing, CampaignState::Sending] {
        let scheduled_at = Some(scene.clock.now() + TimeDelta::hours(1));
        let life = Life::begin(&scene, &clinic, &[], |campaign| Campaign { state, scheduled_at, ..campaign }).await;
        life.messages(1, |message| message).await;
        life.bundle(0, BundleState::Prepared, 1..=1).await;
        assert_eq!(twice(&clinic, &life, "pause").await, "paused");
        let paused = life.now().await;
        assert_eq!((paused.resumed_from, paused.failure.as_deref()), (Some(state), Some("by_staff")));
        let shown = life.shown(&clinic).await;
        assert_eq!((&shown["failure"], &shown["stale"]), (&json!("직원이 일시 중지했습니다."), &json!(false)));

        assert_eq!(twice(&clinic, &life, "resume").await, state.as_str());
        let resumed = life.now().await;
        assert_eq!((resumed.resumed_from, resumed.failure), (None, None));
        assert_eq!(resumed.resumed_at, Some(scene.clock.now()), "it is late only from now on");
        let told = scene.publisher.take::<CampaignRequested>();
        let prepares = matches!(state, CampaignState::Requested | CampaignState::Preparing);
        assert_eq!(told.len(), usize::from(prepares), "{state}: told once");
        let woken = scene.publisher.take::<BundlePrepared>();
        assert_eq!(woken.len(), usize::from(state == CampaignState::Sending), "{state}: woken once");
    }
    scene.test.finish().await;
}

#[tokio::test]
async fn resuming_wakes_workers_for_what_may_be_handed_over() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let life =
        Life::begin(&scene, &clinic, &[], |campaign| Campaign { state: CampaignState::Sending, released_at: None, ..campaign })
            .await;
    let mut bundles = Vec::new();
    let states = [BundleState::Prepared, BundleState::Accepted, BundleState::Prepared, BundleState::Prepared];
    for (position, state) in (0..).zip(states) {
        bundles.push(life.bundle(position, state, 1..=1).await);
    }
    let later = "UPDATE bundles SET not_before = ? WHERE id = ?";
    let later = sqlx::query(later).bind(scene.clock.now() + TimeDelta::seconds(1)).bind(bundles[2]);
    later.execute(&scene.test.pool).await.unwrap();
    let woken = async || {
        for action in ["pause", "resume"] {
            assert_eq!(act(&clinic, &life, action).await.status, 200);
        }
        let facts = scene.publisher.take::<BundlePrepared>();
        let ids = facts.into_iter().map(|BundlePrepared::V1 { clinic_id, campaign_id, bundle_id }| {
            assert_eq!((clinic_id, campaign_id), (clinic.id, life.campaign.id));
            bundle_id
        });
        ids.collect::<Vec<_>>()
    };
    assert_eq!(woken().await, bundles[..1], "the others wait for the first");
    let released = sqlx::query("UPDATE campaigns SET released_at = NOW(6) WHERE id = ?").bind(life.campaign.id);
    released.execute(&scene.test.pool).await.unwrap();
    assert_eq!(woken().await, [bundles[0], bundles[3]], "one is accepted, one is put off");
    scene.test.finish().await;
}

#[tokio::test]
async fn who_resumes_once_more_because_the_answer_was_lost_does_not_undo_a_pause_of_somebody_else() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let life = Life::of(&scene, &clinic, CampaignState::Requested).await;
    let path = format!("{}/resume", life.path());
    assert_eq!(act(&clinic, &life, "pause").await.status, 200);
    let first = clinic.staff.post_once("mine", &path, Value::Null).await;
    assert_eq!((first.status, &first.json["state"]), (200, &json!("requested")));
    assert_eq!(act(&clinic, &life, "pause").await.status, 200);
    let repeated = clinic.staff.post_once("mine", &path, Value::Null).await;
    assert_eq!((repeated.status, &repeated.json), (200, &first.json));
    assert_eq!(life.now().await.state, CampaignState::Paused);
    assert_eq!(scene.told(), 1);
    let other = Life::of(&scene, &clinic, CampaignState::Requested).await;
    let reused = clinic.staff.post_once("mine", &format!("{}/resume", other.path()), Value::Null).await;
    assert_eq!(problem(&reused), (422, "idempotency-key-reused", ""));
    assert_eq!(problem(&clinic.staff.post(&path, Value::Null).await), (400, "idempotency-key-required", ""));
    scene.test.finish().await;
}

#[tokio::test]
async fn a_test_of_an_advertisement_does_not_go_on_at_night() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let life = Life::begin(&scene, &clinic, &[], |campaign| Campaign {
        kind: CampaignKind::Test,
        content: "(광고) 봄".to_owned(),
        ..campaign
    })
    .await;
    assert_eq!(act(&clinic, &life, "pause").await.status, 200);
    scene.clock.advance(TimeDelta::minutes(10 * 60 + 59));
    let refused = act(&clinic, &life, "resume").await;
    assert_eq!((problem(&refused).1, &refused.json["reason"]), ("template-not-sendable", &json!("quiet-hours")));
    scene.clock.advance(TimeDelta::minutes(11 * 60 + 1));
    assert_eq!(act(&clinic, &life, "resume").await.json["state"], "requested");
    assert_eq!(scene.told(), 1);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_campaign_that_was_answered_while_it_was_paused_is_finished_when_it_goes_on() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let life = Life::of(&scene, &clinic, CampaignState::Sending).await;
    life.bundle(0, BundleState::Accepted, 1..=1).await;
    assert_eq!(act(&clinic, &life, "pause").await.json["state"], "paused");
    assert_eq!(act(&clinic, &life, "resume").await.json["state"], "finished");
    assert_eq!(life.now().await.finished_at, Some(scene.clock.now()));
    scene.test.finish().await;
}

#[tokio::test]
async fn a_campaign_that_asks_because_it_is_late_begins_when_it_is_resumed() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let life = Life::begin(&scene, &clinic, &[], |campaign| Campaign {
        state: CampaignState::Paused,
        resumed_from: Some(CampaignState::Scheduled),
        failure: Some("stale".to_owned()),
        scheduled_at: Some(scene.clock.now() - TimeDelta::hours(5)),
        ..campaign
    })
    .await;
    let shown = life.shown(&clinic).await;
    assert_eq!((&shown["stale"], &shown["failureCode"]), (&json!(true), &json!("stale")));
    assert_eq!(shown["scheduledAt"], json!(scene.clock.now() - TimeDelta::hours(5)));
    // The answer of SNS is lost; the fact stays in the outbox for the relay.
    scene.publisher.set(PublishMode::AnswerLost);
    assert_eq!(twice(&clinic, &life, "resume").await, "requested");
    let fact = CampaignRequested::V1 { clinic_id: clinic.id, campaign_id: life.campaign.id };
    assert_eq!((scene.publisher.take::<CampaignRequested>(), scene.test.outbox_size().await), (vec![fact], 1));
    scene.test.drop_database().await;
}

#[tokio::test]
async fn what_is_called_off_is_not_sent_and_what_the_provider_may_have_goes_on() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let life = Life::begin(&scene, &clinic, &[], |campaign| Campaign {
        state: CampaignState::Sending,
        prepared: Prepared { messages: 8, bundles: 4, ..Prepared::default() },
        ..campaign
    })
    .await;
    life.messages(8, |message| message).await;
    let states = [BundleState::Accepted, BundleState::Unknown, BundleState::Calling, BundleState::Prepared];
    let mut bundles = Vec::new();
    for (position, state) in (0..4).zip(states) {
        bundles.push(life.bundle(position, state, position * 2 + 1..=position * 2 + 2).await);
    }
    life.set("state = 'sent'", 1..=2, |query| query).await;
    life.set("state = 'unknown', reason = 'no_answer'", 3..=4, |query| query).await;
    life.shown(&clinic).await;

    assert_eq!(twice(&clinic, &life, "cancel").await, "canceled");
    let shown = life.shown(&clinic).await;
    let totals = json!({"requested": 8, "queued": 2, "sent": 2, "delivered": 0, "failed": 0, "unknown": 2, "excluded": 2});
    assert_eq!(shown["messages"], totals);
    assert_eq!(shown["excluded"][0]["reasonCode"], "canceled");
    assert_eq!((&shown["finishedAt"], &shown["stateText"]), (&json!(scene.clock.now()), &json!("취소")));
    assert_eq!(shown["failure"], "발송을 취소했습니다. 이미 보낸 메시지는 취소되지 않습니다.");
    for (bundle, before) in bundles.into_iter().zip(states) {
        let expected = if before == BundleState::Prepared { BundleState::Rejected } else { before };
        assert_eq!(life.state_of(bundle).await, expected);
    }
    for action in ["pause", "resume"] {
        assert_eq!(problem(&act(&clinic, &life, action).await), (409, "campaign-state", ""));
    }
    scene.test.finish().await;
}

#[tokio::test]
async fn a_campaign_is_called_off_before_it_has_begun_and_while_it_is_paused() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    for state in [CampaignState::Scheduled, CampaignState::Requested, CampaignState::Preparing, CampaignState::Sending] {
        let life = Life::of(&scene, &clinic, state).await;
        assert_eq!(act(&clinic, &life, "pause").await.status, 200);
        assert_eq!(twice(&clinic, &life, "cancel").await, "canceled");
        assert_eq!(life.now().await.resumed_from, None);
    }
    scene.test.finish().await;
}

#[tokio::test]
async fn what_has_ended_stays_so_and_the_refusal_names_its_state() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    for (state, korean, english) in
        [(CampaignState::Finished, "'완료'", "finished"), (CampaignState::Failed, "'중단'", "stopped")]
    {
        let life = Life::of(&scene, &clinic, state).await;
        for (action, can_not) in
            [("pause", "일시 중지할 수 없습니다"), ("resume", "다시 시작할 수 없습니다"), ("cancel", "취소할 수 없습니다")]
        {
            let refused = act(&clinic, &life, action).await;
            assert_eq!(problem(&refused), (409, "campaign-state", ""));
            assert_eq!(refused.json["state"], state.as_str());
            let detail = refused.json["detail"].as_str().unwrap();
            assert!(detail.contains(korean) && detail.contains(can_not), "{detail}");
            let path = format!("{}/{action}", life.path());
            let headers = [("accept-language", "en"), ("idempotency-key", "english")];
            let refused = clinic.staff.send("POST", &path, &headers, Value::Null).await;
            assert!(refused.json["detail"].as_str().unwrap().contains(english), "{refused:?}");
        }
        assert_eq!(life.now().await.state, state);
    }
    scene.test.finish().await;
}

#[tokio::test]
async fn another_clinics_campaign_cannot_be_touched() {
    let scene = Scene::new().await;
    let (clinic, other) = (scene.ready("clinic").await, scene.ready("other").await);
    let life = Life::of(&scene, &clinic, CampaignState::Sending).await;
    let before = life.now().await;
    for action in ["pause", "resume", "cancel", "export"] {
        let body = if action == "export" { json!({"format": "csv"}) } else { Value::Null };
        let foreign = other.staff.post_once("foreign", &format!("{}/{action}", life.path()), body).await;
        assert_eq!(problem(&foreign), (404, "not-found", ""));
    }
    for path in ["/messages", "/messages/1"] {
        assert_eq!(problem(&other.staff.get(&format!("{}{path}", life.path())).await), (404, "not-found", ""));
    }
    assert_eq!(life.now().await, before);
    scene.test.finish().await;
}
