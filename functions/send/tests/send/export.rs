//! Exports of messages.

use std::io::Cursor;
use std::time::Instant;

use calamine::{Data, Reader, Xlsx};
use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::clock::Clock as _;
use shared::db::campaigns::Campaign;
use shared::model::state::{CampaignState, MessageState};
use shared::testing::Answer;

use crate::life::Life;
use crate::messages::crowd;
use crate::scene::{Clinic, Scene, problem};

async fn export(clinic: &Clinic, life: &Life<'_>, language: &str, wish: Value) -> Answer {
    clinic.staff.send("POST", &format!("{}/export", life.path()), &[("accept-language", language)], wish).await
}

/// The only file that was offered, as rows of texts.
fn rows(scene: &Scene) -> (String, Vec<Vec<String>>) {
    let mut files = scene.downloads.take();
    let (name, bytes) = files.pop().unwrap();
    assert!(files.is_empty(), "one file for one export");
    if let Some(text) = bytes.strip_prefix("\u{feff}".as_bytes()) {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text);
        let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
        return (name, rows);
    }
    let mut workbook: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap();
    let range = workbook.worksheet_range_at(0).unwrap().unwrap();
    let text = |cell: &Data| match cell {
        Data::Empty => String::new(),
        Data::String(text) => text.clone(),
        other => panic!("a cell that is no text: {other:?}"),
    };
    (name, range.rows().map(|row| row.iter().map(text).collect()).collect())
}

#[tokio::test]
async fn messages_are_exported_in_the_readers_language_and_no_cell_is_a_formula() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let (vip, gone) = (scene.group(&clinic, "=VIP", &[]).await, scene.group(&clinic, "봄", &[]).await);
    let life = Life::begin(&scene, &clinic, &[vip], |campaign| Campaign {
        name: "3월/검진: \"안내\"".to_owned(),
        state: CampaignState::Finished,
        emphasis_title: "안내".to_owned(),
        ..campaign
    })
    .await;
    life.messages(3, |mut message| {
        match message.number {
            1 => (message.group, message.name, message.body) = (Some(vip), "-단골".to_owned(), "=1+1\n둘째".to_owned()),
            2 => (message.group, message.title) = (Some(gone), Some("고객 2님".to_owned())),
            _ => (message.state, message.body, message.link) = (MessageState::Excluded, String::new(), String::new()),
        }
        message
    })
    .await;
    life.set("reason = 'suppressed'", 3..=3, |query| query).await;
    let now = scene.clock.now();
    let outcome = "state = 'failed', reason = 'blocked', result_code = 'B', substitute_id = '77', sent_at = ?, resulted_at = ?,
         first_click_at = ?";
    let later = now + TimeDelta::hours(14);
    life.set(outcome, 1..=1, |query| query.bind(now).bind(later).bind(later)).await;
    sqlx::query("DELETE FROM customer_groups WHERE id = ?").bind(gone).execute(&scene.test.pool).await.unwrap();

    let link = |number: u32| format!("https://go.example.com/c/token-{number}");
    let header =
        "번호|이름|휴대폰|그룹|상태|사유|발송 시각|결과 시각|링크를 연 시각|제목|내용|링크|결과 코드|대체 문자 ID".to_owned();
    let expected = [
        header,
        format!(
            "1|'-단골|010-2345-0001|'=VIP|실패|받는 분이 채널을 차단했습니다.|2026-03-02 10:00:00|2026-03-03 00:00:00|\
             2026-03-03 00:00:00|안내|'=1+1\n둘째|{}|B|77",
            link(1)
        ),
        format!("2|고객 2|010-2345-0002||대기|||||고객 2님|고객 2님, 검진하실 때가 되었습니다.|{}||", link(2)),
        "3|고객 3|010-2345-0003||제외|수신을 거부한 번호입니다.||||||||".to_owned(),
    ];
    for format in ["xlsx", "csv"] {
        let answer = export(&clinic, &life, "ko", json!({ "format": format })).await;
        assert_eq!((answer.status, &answer.json["rows"]), (200, &json!(3)), "{answer:?}");
        let (name, rows) = rows(&scene);
        assert_eq!(name, format!("발송결과-3월 검진 안내-2026-03-02.{format}"));
        assert_eq!(answer.json["fileName"], name.as_str());
        let rows: Vec<_> = rows.into_iter().map(|row| row.join("|")).collect();
        assert_eq!(rows, expected, "{format}");
    }
    let answer = export(&clinic, &life, "en", json!({"format": "csv", "state": "failed"})).await;
    let (name, rows) = rows(&scene);
    assert_eq!((&answer.json["rows"], name.starts_with("messages-3월")), (&json!(1), true));
    assert_eq!((rows[0][4].as_str(), rows[1][4].as_str()), ("State", "Failed"));
    assert_eq!(rows[1][5], "The person has blocked the channel.");
    scene.test.finish().await;
}

#[tokio::test]
async fn a_state_a_group_or_those_who_clicked_are_exported_alone_and_nothing_is_missing() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let vip = scene.group(&clinic, "VIP", &[]).await;
    let life = Life::of(&scene, &clinic, CampaignState::Finished).await;
    life.messages(2500, |mut message| {
        message.group = (message.number % 2 == 0).then_some(vip);
        message
    })
    .await;
    life.set("state = 'delivered'", 501..=2500, |query| query).await;
    let now = scene.clock.now();
    life.set("first_click_at = ?", 601..=1700, |query| query.bind(now)).await;
    for (wish, expected) in [
        (json!({"format": "xlsx"}), (1..=2500).collect::<Vec<u32>>()),
        (json!({"format": "csv", "state": "delivered"}), (501..=2500).collect()),
        (json!({"format": "csv", "state": "queued", "groupId": vip}), (2..=500).step_by(2).collect()),
        (json!({"format": "csv", "state": "failed"}), vec![]),
        (json!({"format": "csv", "clicked": true}), (601..=1700).collect()),
        (json!({"format": "xlsx", "clicked": true, "groupId": vip}), (602..=1700).step_by(2).collect()),
        (json!({"format": "csv", "clicked": false, "state": "delivered"}), (501..=600).chain(1701..=2500).collect()),
    ] {
        let answer = export(&clinic, &life, "ko", wish.clone()).await;
        assert_eq!(answer.json["rows"], json!(expected.len()), "{wish}");
        let numbers: Vec<u32> = rows(&scene).1[1..].iter().map(|row| row[0].parse().unwrap()).collect();
        assert_eq!(numbers, expected, "{wish}");
    }
    for wish in [
        json!({"format": "pdf"}),
        json!({}),
        json!({"format": "csv", "state": "lost"}),
        json!({"format": "csv", "clicked": "yes"}),
    ] {
        assert_eq!(problem(&export(&clinic, &life, "ko", wish).await).0, 422);
    }
    scene.downloads.set_down(true);
    let answer = export(&clinic, &life, "ko", json!({"format": "csv"})).await;
    assert_eq!((answer.status, answer.json.get("url")), (503, None));
    scene.test.finish().await;
}

/// `cargo test --release -p send --test send -- --ignored --nocapture hundred_thousand`
#[tokio::test]
#[ignore = "takes a minute without optimisation"]
#[expect(clippy::print_stdout, reason = "the figures are what this is run for")]
async fn a_hundred_thousand_messages_are_exported_while_somebody_waits() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let life = Life::of(&scene, &clinic, CampaignState::Finished).await;
    crowd(&scene, &life, 100_000).await;
    life.set("state = 'failed', reason = 'other'", 99_999..=99_999, |query| query).await;
    for what in ["", "/messages?state=failed", "/messages?q=0077", "/messages"] {
        let begun = Instant::now();
        assert_eq!(clinic.staff.get(&format!("{}{what}", life.path())).await.status, 200);
        println!("GET {what:30} {:8.1} ms", begun.elapsed().as_secs_f64() * 1000.0);
    }
    for format in ["csv", "xlsx"] {
        let begun = Instant::now();
        let answer = export(&clinic, &life, "ko", json!({ "format": format })).await;
        assert_eq!((answer.status, &answer.json["rows"]), (200, &json!(100_000)), "{answer:?}");
        let size = scene.downloads.take()[0].1.len();
        println!("export {format:27} {:8.1} ms, {size} bytes", begun.elapsed().as_secs_f64() * 1000.0);
    }
    scene.test.finish().await;
}
