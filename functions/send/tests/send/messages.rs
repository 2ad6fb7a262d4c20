//! Looking at the messages of a campaign.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shared::clock::Clock as _;
use shared::db::campaigns::Campaign;
use shared::db::messages;
use shared::model::state::{BundleState, CampaignState, MessageState};
use shared::model::template::Button;
use sqlx::MySqlConnection;

use crate::life::Life;
use crate::scene::{Clinic, Scene, button, problem};

/// The numbers of a whole list, page by page.
async fn numbers(clinic: &Clinic, life: &Life<'_>, query: &str) -> Vec<u64> {
    let (path, mut numbers) = (format!("{}/messages?{query}", life.path()), Vec::new());
    let mut next = path.clone();
    loop {
        let page = clinic.staff.get(&next).await;
        assert_eq!(page.status, 200, "{page:?}");
        numbers.extend(page.json["items"].as_array().unwrap().iter().map(|item| item["number"].as_u64().unwrap()));
        let Some(cursor) = page.json["nextCursor"].as_str() else { return numbers };
        next = format!("{path}&cursor={cursor}");
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test]
async fn every_message_is_shown_with_its_end_in_the_readers_language() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let life = Life::of(&scene, &clinic, CampaignState::Sending).await;
    life.messages(3, |mut message| {
        if message.number == 2 {
            (message.state, message.reason) = (MessageState::Excluded, Some("suppressed".to_owned()));
            (message.body, message.link) = (String::new(), String::new());
        }
        message
    })
    .await;
    let path = format!("{}/messages", life.path());
    let page = clinic.staff.get(&format!("{path}?limit=1")).await;
    let first = &page.json["items"][0];
    assert_eq!((&first["number"], &first["phone"]), (&json!(1), &json!("010-2345-0001")));
    assert_eq!(first["text"], "고객 1님, 검진하실 때가 되었습니다.");
    assert_eq!(first["link"], "https://go.example.com/c/token-1");
    assert_eq!((&first["state"], &first["stateText"]), (&json!("queued"), &json!("대기")));
    let cursor = page.json["nextCursor"].as_str().unwrap();
    let rest = clinic.staff.get(&format!("{path}?cursor={cursor}")).await;
    assert_eq!(rest.json["items"].as_array().unwrap().len(), 2);

    let excluded = clinic.staff.send("GET", &format!("{path}?state=excluded"), &[("accept-language", "en")], Value::Null).await;
    let items = excluded.json["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!((&items[0]["number"], &items[0]["text"], &items[0]["link"]), (&json!(2), &json!(null), &json!(null)));
    assert_eq!((&items[0]["stateText"], &items[0]["reasonCode"]), (&json!("Excluded"), &json!("suppressed")));
    assert_eq!(items[0]["reason"], "The person asked not to be written to.");
    assert_eq!(rest.json["items"][0]["reason"], "수신을 거부한 번호입니다.");
    scene.test.finish().await;
}

#[tokio::test]
async fn messages_are_found_by_state_group_reason_click_name_and_phone() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let (vip, spring) = (scene.group(&clinic, "VIP", &[]).await, scene.group(&clinic, "봄", &[]).await);
    let life = Life::of(&scene, &clinic, CampaignState::Finished).await;
    life.messages(12, |mut message| {
        message.group = Some(if message.number <= 6 { vip } else { spring });
        if message.number == 12 {
            (message.name, message.phone) = ("50%_단골".to_owned(), "010-9999-0007".parse().unwrap());
        }
        message
    })
    .await;
    life.set("state = 'delivered'", 1..=4, |query| query).await;
    life.set("first_click_at = NOW(6)", 1..=2, |query| query).await;
    life.set("state = 'failed', reason = 'blocked'", 5..=7, |query| query).await;
    life.set("state = 'failed', reason = 'no_kakaotalk'", 8..=8, |query| query).await;
    let [vip, spring] = [vip, spring].map(|group| format!("groupId={group}"));
    for (query, expected) in [
        ("state=delivered".to_owned(), vec![1, 2, 3, 4]),
        ("state=failed&limit=1".to_owned(), vec![5, 6, 7, 8]),
        (spring.clone(), vec![7, 8, 9, 10, 11, 12]),
        ("reason=blocked".to_owned(), vec![5, 6, 7]),
        (format!("state=failed&reason=blocked&{vip}&limit=1"), vec![5, 6]),
        ("clicked=true".to_owned(), vec![1, 2]),
        ("clicked=false&state=delivered".to_owned(), vec![3, 4]),
        ("reason=suppressed".to_owned(), vec![]),
        (format!("q={}", encoded("단골")), vec![12]),
        (format!("q={}", encoded("%_단")), vec![12]),
        (format!("q={}", encoded("고객 1")), vec![1, 10, 11]),
        ("q=010-2345-0007".to_owned(), vec![7]),
        ("q=01099990007".to_owned(), vec![12]),
        ("q=0007".to_owned(), vec![7, 12]),
        (format!("q=0007&{spring}&limit=1"), vec![7, 12]),
        ("q=010-2345&limit=4".to_owned(), (1..=11).collect()),
        ("q=01099990007&state=failed".to_owned(), vec![]),
        (format!("q={}", encoded("+82 10-9999")), vec![12]),
        ("q=010-9999-0008".to_owned(), vec![]),
        ("q=".to_owned(), (1..=12).collect()),
    ] {
        assert_eq!(numbers(&clinic, &life, &query).await, expected, "{query}");
    }
    for (query, field) in [
        ("state=lost".to_owned(), "state"),
        ("reason=nonsense".to_owned(), "reason"),
        ("clicked=maybe".to_owned(), "clicked"),
        (format!("q={}", "1".repeat(51)), "q"),
        ("groupId=grp_1".to_owned(), "groupId"),
        ("cursor=eA".to_owned(), "cursor"),
    ] {
        let refused = clinic.staff.get(&format!("{}/messages?{query}", life.path())).await;
        assert_eq!(problem(&refused), (422, "invalid-input", field), "{query}");
    }
    scene.test.finish().await;
}

#[tokio::test]
async fn a_message_is_shown_exactly_as_it_was_sent_with_all_that_is_known() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let life = Life::begin(&scene, &clinic, &[], |campaign| Campaign {
        emphasis_title: "#{고객명}님".to_owned(),
        state: CampaignState::Finished,
        ..campaign
    })
    .await;
    let finished = |number: u32| Button { link_pc: format!("https://a.kr/{number}"), ..button("https://go.example.com/c/own") };
    life.messages(3, |mut message| {
        match message.number {
            1 => (message.title, message.buttons) = (Some("고객 1님".to_owned()), Some(vec![finished(1)])),
            3 => (message.state, message.body, message.link) = (MessageState::Excluded, String::new(), String::new()),
            _ => {}
        }
        message
    })
    .await;
    let bundle = life.bundle(0, BundleState::Accepted, 1..=2).await;
    let called = "UPDATE bundles SET called_at = ?, provider_id = 'mid-7' WHERE id = ?";
    sqlx::query(called).bind(scene.clock.now()).bind(bundle).execute(&scene.test.pool).await.unwrap();
    let now = scene.clock.now();
    let outcome =
        "state = 'failed', reason = 'blocked', result_code = 'B', result_message = '차단', substitute_id = '77', sent_at = ?,
         resulted_at = ?, first_click_at = ?";
    life.set(outcome, 1..=1, |query| query.bind(now).bind(now).bind(now)).await;

    let shown = clinic.staff.get(&format!("{}/messages/1", life.path())).await;
    assert_eq!(shown.status, 200, "{shown:?}");
    let message = &shown.json;
    assert_eq!((&message["title"], &message["text"]), (&json!("고객 1님"), &json!("고객 1님, 검진하실 때가 되었습니다.")));
    assert_eq!(message["buttons"], json!([finished(1)]));
    assert_eq!(message["link"], "https://go.example.com/c/own");
    assert_eq!((&message["stateText"], &message["reason"]), (&json!("실패"), &json!("받는 분이 채널을 차단했습니다.")));
    for moment in ["writtenAt", "handedOverAt", "sentAt", "resultedAt", "firstClickAt"] {
        assert_eq!(message[moment], json!(now), "{moment}");
    }
    let known = ["resultCode", "resultMessage", "substituteId", "providerId"].map(|field| message[field].as_str().unwrap());
    assert_eq!(known, ["B", "차단", "77", "mid-7"]);

    let second = clinic.staff.get(&format!("{}/messages/2", life.path())).await.json;
    assert_eq!((&second["title"], &second["link"]), (&json!("#{고객명}님"), &json!("https://go.example.com/c/token-2")));
    assert_eq!(second["buttons"][0]["linkPc"], "https://go.example.com/c/token-2");
    let third = clinic.staff.get(&format!("{}/messages/3", life.path())).await.json;
    for nothing in ["title", "text", "link", "writtenAt", "handedOverAt", "providerId"] {
        assert_eq!(third[nothing], json!(null), "{nothing}");
    }
    assert_eq!((&third["buttons"], &third["stateText"]), (&json!([]), &json!("제외")));
    for number in ["0", "4", "x", "-1", "4294967296"] {
        assert_eq!(problem(&clinic.staff.get(&format!("{}/messages/{number}", life.path())).await).0, 404, "{number}");
    }
    scene.test.finish().await;
}

/// Rows and entries of indexes that the session has read.
pub async fn examined(connection: &mut MySqlConnection) -> u64 {
    let status: Vec<(String, String)> =
        sqlx::query_as("SHOW SESSION STATUS LIKE 'Handler_read%'").fetch_all(connection).await.unwrap();
    let read = status.iter().filter(|(name, _)| !name.contains("_rnd"));
    read.map(|(_, count)| count.parse::<u64>().unwrap()).sum()
}

/// Adds messages 1 to `count` by SQL, all delivered.
pub async fn crowd(scene: &Scene, life: &Life<'_>, count: u32) {
    for begin in (0..count).step_by(100_000) {
        let add = "INSERT INTO messages (clinic_id, campaign_id, number, customer_id, name, phone, body, link, state, resulted_at)
             WITH RECURSIVE digits AS (SELECT 0 AS d UNION ALL SELECT d + 1 FROM digits WHERE d < 9)
             SELECT ?, ?, n, NULL, CONCAT('고객 ', n), CONCAT('+8210', LPAD(n, 8, '0')), REPEAT('검진하실 때가 되었습니다. ', 15),
                 CONCAT('token-', n), 'delivered', NOW(6)
             FROM (SELECT 1 + a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + ? AS n
                 FROM digits a, digits b, digits c, digits e, digits f) numbers WHERE n <= ?";
        let add = sqlx::query(add).bind(life.campaign.clinic).bind(life.campaign.id).bind(begin).bind(count);
        add.execute(&scene.test.pool).await.unwrap();
    }
}

#[tokio::test]
async fn a_rare_message_among_a_hundred_thousand_is_found_without_reading_more_than_the_campaign() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let life = Life::of(&scene, &clinic, CampaignState::Finished).await;
    let count = messages::SPAN + 20_000;
    crowd(&scene, &life, count).await;
    life.set("state = 'failed', reason = 'other'", messages::SPAN..=messages::SPAN, |query| query).await;
    life.set("state = 'failed', reason = 'other'", count - 1..=count - 1, |query| query).await;

    // A page looks through so many and no more; the next page goes on.
    let page = clinic.staff.get(&format!("{}/messages?state=failed", life.path())).await;
    assert_eq!((page.json["items"].as_array().unwrap().len(), page.json["nextCursor"].is_string()), (1, true));
    let expected = [u64::from(messages::SPAN), u64::from(count - 1)];
    assert_eq!(numbers(&clinic, &life, "state=failed").await, expected);

    let mut connection = scene.test.pool.acquire().await.unwrap();
    let Campaign { clinic: whose, id, .. } = life.campaign;
    let mut look = async |wanted: &messages::Wanted| {
        let before = examined(&mut connection).await;
        let begun = Instant::now();
        let found = messages::search(&mut connection, whose, id, wanted, 0, 51).await.unwrap();
        let took = begun.elapsed();
        (found.messages.len(), examined(&mut connection).await - before, took)
    };
    let of = |state| messages::Wanted { state, ..messages::Wanted::default() };
    let (found, examined, took) = look(&of(Some(MessageState::Failed))).await;
    assert_eq!(found, 1);
    assert!(examined <= u64::from(messages::SPAN) + 20, "{examined}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    let (found, examined, _) = look(&of(Some(MessageState::Delivered))).await;
    assert!(found == 51 && examined < 80, "a common state reads what it shows: {examined}");
    let (found, examined, _) = look(&of(None)).await;
    assert!(found == 51 && examined < 80, "{examined}");
    let person = messages::Person::of("010-0011-0001");
    let (found, examined, _) = look(&messages::Wanted { person, ..messages::Wanted::default() }).await;
    assert!(found == 1 && examined < 20, "a whole phone is found by its index: {examined}");
    drop(connection);
    scene.test.finish().await;
}
