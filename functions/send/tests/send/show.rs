//! Looking at campaigns.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::clock::Clock as _;
use shared::db::campaigns::{Audience, Campaign};
use shared::db::hourly_totals::{Delta, Moves, Owner};
use shared::model::GroupId;
use shared::model::state::{BundleState, CampaignKind, CampaignPart, CampaignState, MessageState};

use crate::life::Life;
use crate::scene::{Clinic, Scene, problem};

#[tokio::test]
async fn campaigns_are_listed_newest_first_in_pages() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let mut newest_first = Vec::new();
    for _ in 0..3 {
        let life = Life::of(&scene, &clinic, CampaignState::Requested).await;
        newest_first.insert(0, json!(life.campaign.id));
    }
    let page = clinic.staff.get("/v1/campaigns?limit=2").await;
    let cursor = page.json["nextCursor"].as_str().unwrap();
    let rest = clinic.staff.get(&format!("/v1/campaigns?limit=2&cursor={cursor}")).await;
    let listed: Vec<_> =
        [&page, &rest].iter().flat_map(|page| page.json["items"].as_array().unwrap()).map(|c| c["id"].clone()).collect();
    assert_eq!((listed, rest.json.get("nextCursor")), (newest_first, None));
    scene.test.finish().await;
}

#[tokio::test]
async fn campaigns_are_listed_by_state_and_kind_and_tests_only_when_asked_for() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let other = scene.ready("other").await;
    Life::of(&scene, &other, CampaignState::Sending).await;
    for (name, kind, state) in [
        ("안내", CampaignKind::Information, CampaignState::Sending),
        ("광고", CampaignKind::Advertising, CampaignState::Sending),
        ("시험", CampaignKind::Test, CampaignState::Sending),
        ("멈춘 광고", CampaignKind::Advertising, CampaignState::Paused),
    ] {
        let failure = (state == CampaignState::Paused).then(|| "out_of_money".to_owned());
        let name = name.to_owned();
        Life::begin(&scene, &clinic, &[], |campaign| Campaign { name, kind, state, failure, ..campaign }).await;
    }
    let listed = async |query: &str| {
        let page = clinic.staff.get(&format!("/v1/campaigns{query}")).await;
        assert_eq!(page.status, 200, "{page:?}");
        page.json["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed("").await, ["멈춘 광고", "광고", "안내"]);
    assert_eq!(listed("?state=sending").await, ["광고", "안내"]);
    assert_eq!(listed("?kind=advertising").await, ["멈춘 광고", "광고"]);
    assert_eq!(listed("?kind=test&state=sending").await, ["시험"]);
    assert_eq!(listed("?kind=test&state=finished").await, [""; 0]);
    let paused = &clinic.staff.get("/v1/campaigns?state=paused").await.json["items"][0];
    assert_eq!((&paused["stateText"], &paused["failureCode"]), (&json!("일시 중지"), &json!("out_of_money")));
    assert!(paused["failure"].as_str().unwrap().contains("충전"));
    for query in ["?state=gone", "?kind=spam", "?kind="] {
        assert_eq!(problem(&clinic.staff.get(&format!("/v1/campaigns{query}")).await).0, 422, "{query}");
    }
    scene.test.finish().await;
}

/// The line of a group.
fn line<'a>(shown: &'a Value, id: &Value) -> &'a Value {
    shown["groups"].as_array().unwrap().iter().find(|line| &line["id"] == id).unwrap()
}

#[tokio::test]
async fn a_campaign_shows_totals_per_group_reasons_and_progress_that_add_up() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let (vip, spring, empty) =
        (scene.group(&clinic, "VIP", &[]).await, scene.group(&clinic, "봄", &[]).await, scene.group(&clinic, "빈", &[]).await);
    let begin = |campaign| Campaign { state: CampaignState::Sending, ..campaign };
    let life = Life::begin(&scene, &clinic, &[vip, spring, empty], begin).await;
    life.messages(10, |mut message| {
        message.group = match message.number {
            1..=6 => Some(vip),
            7..=9 => Some(spring),
            _ => None,
        };
        if message.number == 1 {
            (message.state, message.reason) = (MessageState::Excluded, Some("suppressed".to_owned()));
        }
        message
    })
    .await;
    life.bundle(0, BundleState::Accepted, 2..=8).await;
    life.bundle(1, BundleState::Prepared, 9..=10).await;
    life.set("state = 'delivered', resulted_at = NOW(6)", 2..=3, |query| query).await;
    life.set("state = 'failed', reason = 'blocked', resulted_at = NOW(6)", 4..=5, |query| query).await;
    life.set("state = 'failed', reason = 'no_kakaotalk', resulted_at = NOW(6)", 6..=6, |query| query).await;
    life.set("state = 'unknown', reason = 'receipt_unclear', resulted_at = NOW(6)", 7..=7, |query| query).await;
    life.set("state = 'sent'", 8..=8, |query| query).await;

    let shown = life.shown(&clinic).await;
    let totals = json!({"requested": 10, "queued": 2, "sent": 1, "delivered": 2, "failed": 3, "unknown": 1, "excluded": 1});
    assert_eq!(shown["messages"], totals);
    let ids: Vec<_> = shown["groups"].as_array().unwrap().iter().map(|line| line["id"].clone()).collect();
    assert_eq!(ids, [json!(vip), json!(spring), json!(empty), json!(null)], "in the order in which they were named");
    let numbers = |id: Value| {
        let group = line(&shown, &id);
        (group["name"].clone(), group["requested"].as_u64().unwrap(), group["failed"].as_u64().unwrap())
    };
    assert_eq!(numbers(json!(vip)), (json!("VIP"), 6, 3));
    assert_eq!((numbers(json!(empty)), numbers(json!(null))), ((json!("빈"), 0, 0), (json!(null), 1, 0)));
    let progress = json!({"prepared": 10, "complete": true, "handedOver": 7, "withResult": 6, "percent": 66});
    assert_eq!(shown["progress"], progress);
    let blocked = json!({"reason": "받는 분이 채널을 차단했습니다.", "reasonCode": "blocked", "count": 2});
    assert_eq!(shown["failures"][0], blocked, "the commonest first");
    assert_eq!((&shown["excluded"][0]["count"], &shown["unknowns"][0]["reasonCode"]), (&json!(1), &json!("receipt_unclear")));
    assert_eq!(shown["estimatedCost"], json!(58.5), "nine at 6.5 won");
    assert_eq!(shown["bundles"], json!({"prepared": 1, "calling": 0, "accepted": 1, "rejected": 0, "unknown": 0}));
    scene.test.finish().await;
}

#[tokio::test]
async fn a_group_that_is_gone_keeps_its_numbers_without_a_name() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let (named, met) = (scene.group(&clinic, "VIP", &[]).await, scene.group(&clinic, "봄", &[]).await);
    // One group was named, the other was met through the recipients of an earlier campaign.
    let life = Life::begin(&scene, &clinic, &[named], |campaign| campaign).await;
    life.messages(3, |mut message| {
        message.group = Some(if message.number == 1 { named } else { met });
        message
    })
    .await;
    let shown = life.shown(&clinic).await;
    assert_eq!((&line(&shown, &json!(named))["name"], &line(&shown, &json!(met))["name"]), (&json!("VIP"), &json!("봄")));
    sqlx::query("DELETE FROM customer_groups WHERE name IN ('VIP', '봄')").execute(&scene.test.pool).await.unwrap();
    let shown = life.shown(&clinic).await;
    for (group, count) in [(named, 1), (met, 2)] {
        let shown = line(&shown, &json!(group));
        assert_eq!((&shown["name"], &shown["requested"]), (&json!(null), &json!(count)));
    }
    scene.test.finish().await;
}

async fn canary(clinic: &Clinic, life: &Life<'_>) -> (Value, String) {
    let shown = life.shown(clinic).await;
    (shown["canary"]["state"].clone(), shown["canary"]["text"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_campaign_says_in_words_what_it_waits_for() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let now = scene.clock.now();
    let begun = async |change: fn(Campaign) -> Campaign| Life::begin(&scene, &clinic, &[], change).await;
    let requested = begun(|campaign| campaign).await;
    assert_eq!(canary(&clinic, &requested).await.0, json!(null));
    let shown = requested.shown(&clinic).await;
    assert_eq!((&shown["progress"]["complete"], &shown["progress"]["percent"]), (&json!(false), &json!(null)));

    let waiting = begun(|campaign| Campaign { state: CampaignState::Sending, ..campaign }).await;
    let (state, text) = canary(&clinic, &waiting).await;
    assert!(state == "waiting" && text.contains("기다립니다"), "{text}");
    let paused =
        begun(|campaign| Campaign { state: CampaignState::Paused, resumed_from: Some(CampaignState::Sending), ..campaign });
    assert_eq!(canary(&clinic, &paused.await).await.0, "waiting");
    let released = Life::begin(&scene, &clinic, &[], |campaign| Campaign {
        state: CampaignState::Sending,
        released_at: Some(now),
        started_at: Some(now),
        ..campaign
    });
    let released = released.await;
    assert_eq!(canary(&clinic, &released).await, (json!("released"), "나머지를 보낼 수 있습니다.".to_owned()));
    let finished =
        begun(|campaign| Campaign { state: CampaignState::Finished, released_at: Some(campaign.created_at), ..campaign });
    assert_eq!(canary(&clinic, &finished.await).await.0, json!(null), "there is nothing more to decide");
    assert_eq!(released.shown(&clinic).await["startedAt"], json!(now));
    let own = begun(|campaign| Campaign { state: CampaignState::Sending, kind: CampaignKind::Test, ..campaign }).await;
    assert_eq!(canary(&clinic, &own).await.0, json!(null));
    let failed =
        begun(|campaign| Campaign { state: CampaignState::Failed, failure: Some("template_mismatch".to_owned()), ..campaign })
            .await;
    let english = clinic.staff.send("GET", &failed.path(), &[("accept-language", "en")], json!(null)).await.json;
    assert_eq!(english["failure"], "The message differs from the approved template.");
    assert_eq!((&english["stateText"], &english["canary"]), (&json!("Stopped"), &json!(null)));
    scene.test.finish().await;
}

#[tokio::test]
async fn a_campaign_shows_when_it_begins_and_whose_recipients_it_goes_to() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let source = Life::of(&scene, &clinic, CampaignState::Finished).await.campaign.id;
    let at = scene.clock.now() + TimeDelta::hours(3);
    let life = Life::begin(&scene, &clinic, &[], |campaign| Campaign {
        state: CampaignState::Scheduled,
        kind: CampaignKind::Advertising,
        audience: Audience::Part { source, part: CampaignPart::NotClicked },
        scheduled_at: Some(at),
        stale_after_minutes: 30,
        ..campaign
    })
    .await;
    let shown = life.shown(&clinic).await;
    assert_eq!((&shown["kind"], &shown["stateText"]), (&json!("advertising"), &json!("예약")));
    assert_eq!((&shown["sourceCampaignId"], &shown["part"]), (&json!(source), &json!("not_clicked")));
    assert_eq!((&shown["scheduledAt"], &shown["staleAfterMinutes"]), (&json!(at), &json!(30)));
    assert_eq!((&shown["groupIds"], &shown["groups"], &shown["finishedAt"]), (&json!([]), &json!([]), &json!(null)));
    scene.test.finish().await;
}

#[tokio::test]
async fn visits_are_shown_by_class_also_those_of_a_test_and_of_hours_long_ago() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    for kind in [CampaignKind::Information, CampaignKind::Test] {
        let life = Life::begin(&scene, &clinic, &[], |campaign| Campaign { kind, ..campaign }).await;
        let (owner, now) = (Owner::from(&life.campaign), scene.clock.now());
        let mut moves = Moves::default();
        let few = Delta { human_clicks: 3, unique_clicks: 2, previews: 4, ..Delta::default() };
        moves.add(owner, None, now, few);
        moves.add(owner, Some(GroupId::new(&scene.ambient)), now + TimeDelta::days(30), few);
        // The clocks of two processes differ: an hour ended in between.
        let early = Delta { prefetches: 5, bots: 6, rejected: 7, ..Delta::default() };
        moves.add(owner, None, now - TimeDelta::hours(1), early);
        moves.store(&mut scene.test.pool.acquire().await.unwrap()).await.unwrap();
        let expected = json!({"human": 6, "unique": 4, "previews": 8, "prefetches": 5, "bots": 6, "rejected": 7});
        assert_eq!(life.shown(&clinic).await["clicks"], expected, "{kind}");
    }
    scene.test.finish().await;
}
