//! Exports.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::Cursor;
use std::sync::atomic::{AtomicI64, Ordering};

use calamine::{Data, Reader, Xlsx};
use chrono::{DateTime, TimeDelta, Utc};
use parse_import::file::How;
use parse_import::table::Line;
use serde_json::{Value, json};
use shared::clock::{Ambient, Clock};
use shared::db::imports::Contents;
use shared::model::import::ColumnRole::{Attribute, Group, Ignored, Name, Phone};
use shared::testing::Answer;

use crate::world::World;

async fn export(world: &World, language: &str, wish: Value) -> Answer {
    world.owner.send("POST", "/v1/customers/export", &[("accept-language", language)], wish).await
}

/// The only file that was offered, as rows of texts.
fn rows(world: &World) -> (String, Vec<Vec<String>>) {
    let mut files = world.downloads.take();
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

async fn three(world: &World) {
    for (name, phone, attributes) in [
        ("김단골", "010-1234-5678", json!({"생일": "3월 2일", "메모": "=HYPERLINK(\"http://a.b\",\"c\")"})),
        ("-이단골", "011-234-5678", json!({"메모": "첫째, \"둘째\"\n셋째"})),
        ("＝박단골", "0505-1234-5678", json!({"취미": "'=걷기"})),
    ] {
        let body = json!({"name": name, "phone": phone, "attributes": attributes});
        assert_eq!(world.owner.post("/v1/customers", body).await.status, 201);
        // Ids of one millisecond are in no order.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn everybody_is_exported_with_their_columns_and_no_cell_is_a_formula() {
    let world = World::new().await;
    three(&world).await;
    for format in ["xlsx", "csv"] {
        let answer = export(&world, "ko", json!({ "format": format })).await;
        assert_eq!((answer.status, &answer.json["rows"]), (200, &json!(3)), "{answer:?}");
        let (name, rows) = rows(&world);
        assert!(name.starts_with("고객-20") && name.ends_with(format), "{name}");
        assert_eq!(answer.json["fileName"], name.as_str());
        let expected = [
            ["이름", "휴대폰", "그룹", "메모", "생일", "취미", "광고 수신 동의일(단골)"],
            ["김단골", "010-1234-5678", "", "'=HYPERLINK(\"http://a.b\",\"c\")", "3월 2일", "", ""],
            ["'-이단골", "011-234-5678", "", "첫째, \"둘째\"\n셋째", "", "", ""],
            ["'＝박단골", "0505-1234-5678", "", "", "", "''=걷기", ""],
        ];
        assert_eq!(rows, expected, "{format}");
    }
    world.test.finish().await;
}

#[tokio::test]
async fn an_export_can_be_uploaded_as_it_is_and_changes_nobody() {
    let world = World::new().await;
    three(&world).await;
    let ids = world.add_many(2).await;
    let (vip, regular) = (world.group("VIP").await, world.group("=재방문").await);
    world.join(regular, &ids).await;
    world.join(vip, &ids[..1]).await;
    let consent = sqlx::query("UPDATE customers SET advertising_consent_at = '2026-03-01 15:00:00'");
    consent.execute(&world.test.pool).await.unwrap();
    let (korean, english) = (["광고 수신 동의일(단골)", "다른 그룹"], ["Advertising consent since (Dangol)", "Other groups"]);
    for (format, language, notes) in [("xlsx", "ko", korean), ("csv", "ko", korean), ("xlsx", "en", english)] {
        assert_eq!(export(&world, language, json!({ "format": format })).await.json["rows"], 5);
        let (_, bytes) = world.downloads.take().pop().unwrap();
        let (mut found, mut lines) = (Contents::default(), Vec::new());
        let mut take = |line: Line| {
            lines.push(line);
            Ok(())
        };
        parse_import::file::read(&bytes, &How::default(), &mut found, &mut take).unwrap();
        let roles: Vec<_> = found.columns.iter().map(|column| column.role).collect();
        assert_eq!(roles, [Name, Phone, Group, Attribute, Attribute, Attribute, Ignored, Ignored]);
        assert_eq!([&found.columns[6].header, &found.columns[7].header], notes);
        let stored = world.owner.get("/v1/customers").await.json;
        let groups = ["", "", "", "=재방문", "=재방문"];
        for ((line, customer), group) in lines.iter().zip(stored["items"].as_array().unwrap()).zip(groups) {
            assert_eq!((line.name.as_str(), line.group.as_str()), (customer["name"].as_str().unwrap(), group));
            assert_eq!(line.phone, customer["phone"].as_str().unwrap());
            assert_eq!(serde_json::from_str::<Value>(line.attributes.as_json()).unwrap(), customer["attributes"]);
        }
    }
    world.test.finish().await;
}

#[tokio::test]
async fn the_column_names_are_in_the_language_of_the_caller() {
    let world = World::new().await;
    let answer = export(&world, "en-US,en;q=0.9", json!({"format": "csv"})).await;
    let (name, rows) = rows(&world);
    assert!(name.starts_with("customers-20"), "{name}");
    assert_eq!(
        (rows, &answer.json["rows"]),
        (vec![["Name", "Mobile", "Group", "Advertising consent since (Dangol)"].map(str::to_owned).to_vec()], &json!(0))
    );
    world.test.finish().await;
}

#[tokio::test]
async fn a_group_or_a_search_is_exported_alone() {
    let world = World::new().await;
    let ids = world.add_many(6).await;
    let (vip, regular) = (world.group("VIP").await, world.group("재방문").await);
    world.join(vip, &ids[..3]).await;
    world.join(regular, &ids[2..4]).await;
    let exported = async |wish: Value| {
        assert_eq!(export(&world, "ko", wish).await.status, 200);
        let rows = rows(&world).1.into_iter().skip(1);
        // The last but one is the consent.
        rows.map(|row| [&row[..1], &row[2..3], &row[4..]].concat().join("|")).collect::<Vec<_>>()
    };
    let group = |id: String| json!({"format": "csv", "groupId": id});
    assert_eq!(exported(group(vip.to_string())).await, ["고객 000001|VIP|", "고객 000002|VIP|", "고객 000003|VIP|재방문"]);
    assert_eq!(
        exported(group(regular.to_string())).await,
        ["고객 000003|재방문|VIP", "고객 000004|재방문|"],
        "the group that was asked for is the one that an import reads"
    );
    let unassigned = world.unassigned().await.to_string();
    assert_eq!(exported(group(unassigned.clone())).await, ["고객 000005||", "고객 000006||"]);
    assert_eq!(exported(json!({"format": "xlsx", "q": "00004"})).await, ["고객 000004|재방문|"]);
    assert_eq!(exported(json!({"format": "csv", "q": "고객 000006", "groupId": unassigned})).await, ["고객 000006||"]);
    world.test.finish().await;
}

#[tokio::test]
async fn a_search_for_somebody_in_particular_exports_all_stages() {
    let world = World::new().await;
    for (name, phone) in [("박김단골", "010-1111-0001"), ("김단골", "010-1111-0002")] {
        world.add(name, phone).await;
    }
    assert_eq!(export(&world, "ko", json!({"format": "csv", "q": "김단골"})).await.json["rows"], 2);
    assert_eq!(rows(&world).1.len(), 3);
    world.test.finish().await;
}

#[tokio::test]
async fn a_list_longer_than_what_is_held_in_memory_is_complete() {
    let world = World::new().await;
    world.add_many(1700).await;
    for format in ["xlsx", "csv"] {
        assert_eq!(export(&world, "ko", json!({ "format": format })).await.json["rows"], 1700);
        let (_, rows) = rows(&world);
        let names: Vec<_> = rows[1..].iter().map(|row| row[0].clone()).collect();
        assert_eq!(names, (1..=1700).map(|number| format!("고객 {number:06}")).collect::<Vec<_>>());
    }
    world.test.finish().await;
}

#[tokio::test]
async fn another_clinic_exports_nothing_of_it() {
    let world = World::new().await;
    three(&world).await;
    let group = world.group("VIP").await;
    let foreign = world.other.post("/v1/customers/export", json!({"format": "csv", "groupId": group})).await;
    assert_eq!(foreign.status, 404);
    assert_eq!(world.other.post("/v1/customers/export", json!({"format": "csv"})).await.json["rows"], 0);
    assert_eq!(rows(&world).1.len(), 1);
    world.test.finish().await;
}

#[tokio::test]
async fn an_export_that_cannot_be_kept_promises_no_file() {
    let world = World::new().await;
    world.downloads.set_down(true);
    let answer = export(&world, "ko", json!({"format": "xlsx"})).await;
    assert_eq!((answer.status, answer.json.get("url")), (503, None));
    assert_eq!(export(&world, "ko", json!({"format": "pdf"})).await.status, 422);
    world.test.finish().await;
}

/// Every look at it takes seven seconds.
struct Slow(AtomicI64);

impl Clock for Slow {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(1_772_413_200 + 7 * self.0.fetch_add(1, Ordering::Relaxed))
    }
}

#[tokio::test]
async fn an_export_that_nobody_could_wait_for_is_refused_with_what_helps() {
    let world = World::with(Ambient::seeded(Slow(AtomicI64::new(0)), 7)).await;
    world.add_many(1700).await;
    let answer = export(&world, "en", json!({"format": "csv"})).await;
    assert_eq!((answer.status, &answer.json["type"]), (413, &json!("https://dangol.dev/problems/export-too-large")));
    assert!(answer.json["detail"].as_str().unwrap().contains("group by group"));
    assert!(world.downloads.take().is_empty());
    world.test.finish().await;
}
