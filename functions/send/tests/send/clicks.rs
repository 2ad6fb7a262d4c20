//! Looking at the visits of a campaign's links.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use shared::db::clicks::{self, Click, Wanted};
use shared::model::state::{CampaignState, ClickClass};
use shared::model::{ClickId, MessageId};

use crate::life::Life;
use crate::messages::examined;
use crate::scene::{Clinic, Scene, problem};

fn morning() -> DateTime<Utc> {
    "2026-03-02T01:00:00Z".parse().unwrap()
}

fn visit(scene: &Scene, life: &Life<'_>, number: u32, class: ClickClass, minute: i64) -> Click {
    Click {
        id: ClickId::new(&scene.ambient),
        clinic: life.campaign.clinic,
        message: MessageId { campaign: life.campaign.id, number },
        class,
        reason: "browser".to_owned(),
        rule_version: 3,
        agent: "Mozilla/5.0".to_owned(),
        method: "GET".to_owned(),
        purpose: String::new(),
        numbered: None,
        clicked_at: morning() + TimeDelta::minutes(minute),
    }
}

async fn record(scene: &Scene, visits: &[Click]) {
    clicks::insert_all(&mut scene.test.pool.acquire().await.unwrap(), visits).await.unwrap();
}

/// The whole list, page by page: message number, minute and class of each.
async fn listed(clinic: &Clinic, life: &Life<'_>, query: &str) -> Vec<(u64, i64, String)> {
    let (path, mut found) = (format!("{}/clicks?{query}", life.path()), Vec::new());
    let mut next = path.clone();
    loop {
        let page = clinic.staff.get(&next).await;
        assert_eq!(page.status, 200, "{page:?}");
        found.extend(page.json["items"].as_array().unwrap().iter().map(|item| {
            let at: DateTime<Utc> = item["clickedAt"].as_str().unwrap().parse().unwrap();
            let class = item["class"].as_str().unwrap().to_owned();
            (item["messageNumber"].as_u64().unwrap(), (at - morning()).num_minutes(), class)
        }));
        let Some(cursor) = page.json["nextCursor"].as_str() else { return found };
        next = format!("{path}&cursor={cursor}");
    }
}

#[tokio::test]
async fn a_visit_is_shown_with_what_it_was_taken_for_and_why() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let life = Life::of(&scene, &clinic, CampaignState::Finished).await;
    life.messages(2, |message| message).await;
    let visits = [
        Click { reason: "expired".to_owned(), ..visit(&scene, &life, 2, ClickClass::Rejected, 0) },
        Click {
            agent: "<b>단골</b>".to_owned(),
            method: "HEAD".to_owned(),
            purpose: "prefetch".to_owned(),
            ..visit(&scene, &life, 1, ClickClass::Prefetch, 5)
        },
    ];
    record(&scene, &visits).await;
    let path = format!("{}/clicks", life.path());
    let page = clinic.staff.get(&path).await;
    let expected = json!({
        "id": visits[1].id, "messageNumber": 1, "name": "고객 1", "clickedAt": "2026-03-02T01:05:00Z", "class": "prefetch",
        "classText": "미리 읽기", "reason": "browser", "ruleVersion": 3, "agent": "<b>단골</b>", "method": "HEAD", "purpose": "prefetch",
    });
    assert_eq!(page.json["items"][0], expected);
    assert_eq!(
        (&page.json["items"][1]["classText"], &page.json["items"][1]["reason"]),
        (&json!("기간이 끝난 링크"), &json!("expired"))
    );
    assert_eq!(page.json.get("nextCursor"), None);
    let english = clinic.staff.send("GET", &path, &[("accept-language", "en")], Value::Null).await;
    assert_eq!(english.json["items"][1]["classText"], "Ended link");
    scene.test.finish().await;
}

#[tokio::test]
async fn visits_are_found_by_class_and_message_and_no_page_loses_one() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let life = Life::of(&scene, &clinic, CampaignState::Finished).await;
    let other = Life::of(&scene, &clinic, CampaignState::Finished).await;
    life.messages(4, |message| message).await;
    other.messages(1, |message| message).await;
    let mut visits: Vec<_> = (0..24)
        .map(|at| {
            let class = if at % 5 == 0 { ClickClass::Preview } else { ClickClass::Human };
            // Several of a message at the same moment, and in another order than by message or time.
            visit(&scene, &life, at % 3 + 1, class, i64::from(23 - at) / 6)
        })
        .collect();
    visits.push(visit(&scene, &other, 1, ClickClass::Human, 0));
    record(&scene, &visits).await;

    let mut expected: Vec<_> =
        visits[..24].iter().map(|click| (click.message.number, click.clicked_at, click.id, click.class)).collect();
    expected.sort_unstable();
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(number, at, _, class)| (u64::from(number), (at - morning()).num_minutes(), class.to_string()))
        .collect();
    let only = |wanted: &dyn Fn(&(u64, i64, String)) -> bool| -> Vec<_> {
        expected.iter().filter(|line| wanted(line)).cloned().collect()
    };
    for limit in [1, 2, 5, 7, 24, 200] {
        assert_eq!(listed(&clinic, &life, &format!("limit={limit}")).await, expected);
        assert_eq!(listed(&clinic, &life, &format!("limit={limit}&class=preview")).await, only(&|line| line.2 == "preview"));
        assert_eq!(listed(&clinic, &life, &format!("limit={limit}&messageNumber=2")).await, only(&|line| line.0 == 2));
        let both = format!("limit={limit}&messageNumber=3&class=human");
        assert_eq!(listed(&clinic, &life, &both).await, only(&|line| line.0 == 3 && line.2 == "human"));
    }
    for query in ["messageNumber=4", "messageNumber=4294967295", "class=rejected"] {
        assert_eq!(listed(&clinic, &life, query).await, [], "{query}");
    }
    // A cursor of the whole list begins in front of the message that is asked for, or behind it.
    let cursor = clinic.staff.get(&format!("{}/clicks?limit=1", life.path())).await.json["nextCursor"].clone();
    let cursor = cursor.as_str().unwrap();
    assert_eq!(listed(&clinic, &life, &format!("messageNumber=2&cursor={cursor}")).await, only(&|line| line.0 == 2));
    scene.test.finish().await;
}

#[tokio::test]
async fn visits_of_another_clinic_do_not_exist_and_nonsense_is_refused() {
    let scene = Scene::new().await;
    let (clinic, stranger) = (scene.ready("clinic").await, scene.ready("stranger").await);
    let life = Life::of(&scene, &clinic, CampaignState::Finished).await;
    life.messages(1, |message| message).await;
    record(&scene, &[visit(&scene, &life, 1, ClickClass::Human, 0)]).await;
    let path = format!("{}/clicks", life.path());
    assert_eq!(problem(&stranger.staff.get(&path).await).0, 404);
    for (query, field) in [
        ("class=person", "class"),
        ("messageNumber=-1", "messageNumber"),
        ("messageNumber=4294967296", "messageNumber"),
        ("cursor=eA", "cursor"),
        ("cursor=MSAxIGNsa18x", "cursor"),
    ] {
        let refused = clinic.staff.get(&format!("{path}?{query}")).await;
        assert_eq!(problem(&refused), (422, "invalid-input", field), "{query}");
    }
    assert_eq!(clinic.staff.get(&format!("{path}?agent=x")).await.status, 422);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_page_costs_no_more_however_rare_the_class_and_however_many_visits_a_message_has() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let life = Life::of(&scene, &clinic, CampaignState::Finished).await;
    life.messages(2, |message| message).await;
    // A program that asks for the same link 25,000 times, and people behind it.
    let times = clicks::SPAN * 5 / 2;
    let add = "INSERT INTO clicks (id, clinic_id, campaign_id, message_number, class, reason, rule_version, agent, clicked_at)
         WITH RECURSIVE digits AS (SELECT 0 AS d UNION ALL SELECT d + 1 FROM digits WHERE d < 9)
         SELECT UNHEX(MD5(n)), ?, ?, 1, 'bot', 'script', 1, REPEAT('x', 300), TIMESTAMPADD(MICROSECOND, n, '2026-03-02 01:00:00')
         FROM (SELECT 1 + a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS n
             FROM digits a, digits b, digits c, digits e, digits f) numbers WHERE n <= ?";
    let add = sqlx::query(add).bind(life.campaign.clinic).bind(life.campaign.id).bind(times);
    add.execute(&scene.test.pool).await.unwrap();
    record(&scene, &[visit(&scene, &life, 1, ClickClass::Human, 10), visit(&scene, &life, 2, ClickClass::Human, 20)]).await;

    let expected = [(1, 10, "human".to_owned()), (2, 20, "human".to_owned())];
    assert_eq!(listed(&clinic, &life, "class=human").await, expected);
    assert_eq!(listed(&clinic, &life, "class=human&messageNumber=2").await, expected[1..]);
    assert_eq!(listed(&clinic, &life, "class=bot&limit=200").await.len(), usize::try_from(times).unwrap());

    let mut connection = scene.test.pool.acquire().await.unwrap();
    let (whose, id) = (life.campaign.clinic, life.campaign.id);
    let mut look = async |class: Option<ClickClass>| {
        let before = examined(&mut connection).await;
        let begun = Instant::now();
        let wanted = Wanted { class, message_number: None };
        let found = clicks::list(&mut connection, whose, id, wanted, None, 51).await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        (found.clicks.len(), found.more.is_some(), examined(&mut connection).await - before)
    };
    let (found, more, rows) = look(None).await;
    assert!((found, more) == (51, false) && rows < 400, "{rows}");
    let (found, more, rows) = look(Some(ClickClass::Human)).await;
    assert!((found, more) == (0, true) && rows < 4 * u64::from(clicks::SPAN), "{rows}");
    drop(connection);
    scene.test.finish().await;
}
