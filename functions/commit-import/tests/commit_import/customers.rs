//! What becomes of customers when an approved import is committed, against a real database.

use std::time::Duration;

use crate::support::{BY_FILE, World};
use serde_json::json;
use shared::clock::Ambient;
use shared::db::groups;
use shared::db::imports::Options;
use shared::failure::Failure;
use shared::model::state::{ImportState, Verdict};
use shared::store::Store;
use shared::testing::importing::row;
use shared::testing::{Graveyard, sending};

#[tokio::test]
async fn only_good_rows_become_customers() {
    let world = World::new().await;
    let import = world
        .commit(&[
            row(2).with("메모", "단골"),
            row(3).judged(Verdict::Duplicate),
            row(4).judged(Verdict::Suppressed),
            row(5).judged(Verdict::MissingName),
            row(6).judged(Verdict::BadPhone),
            row(7).deleted(),
            row(9),
        ])
        .await;
    assert_eq!(world.customers().await, ["2 고객2 [메모=단골] 미지정", "9 고객9 [] 미지정"]);
    assert_eq!(world.outcomes(import).await, ["added", "", "", "", "", "", "added"]);
    assert_eq!((world.list.import(import).await.state, world.counts(import).await), (ImportState::Committed, (2, 2, 0)));
    world.test.finish().await;
}

#[tokio::test]
async fn a_known_customer_gets_what_the_row_says_and_keeps_the_rest() {
    let world = World::new().await;
    world.add("옛 이름", 2, &[("메모", "옛 메모"), ("생일", "3월 2일")]).await;
    world.add("고객3", 3, &[("메모", "단골"), ("생일", "3월 2일")]).await;
    let before = world.list.people().await;
    let rows = [
        row(2).judged(Verdict::Updates).with("메모", "새 메모").with("주소", "서울"),
        // The preview called both new: the one was added after it.
        row(3).with("메모", "단골"),
        row(4),
    ];
    let import = world.commit(&rows).await;
    assert_eq!(
        world.customers().await,
        [
            "2 고객2 [메모=새 메모 생일=3월 2일 주소=서울] 미지정",
            "3 고객3 [메모=단골 생일=3월 2일] 미지정",
            "4 고객4 [] 미지정"
        ]
    );
    assert_eq!(world.outcomes(import).await, ["updated", "unchanged", "added"]);
    assert_eq!(world.counts(import).await, (3, 1, 1));
    // A row that says nothing new leaves every byte of its customer alone.
    let unchanged = before.iter().find(|line| line.contains("고객3")).unwrap();
    assert!(world.list.people().await.contains(unchanged));
    world.test.finish().await;
}

#[tokio::test]
async fn customers_of_the_clinic_are_left_alone_when_staff_want_that() {
    let world = World::new().await;
    world.add("옛 이름", 2, &[]).await;
    world.add("고객3", 3, &[]).await;
    let rows = [row(2).group("VIP").with("메모", "새"), row(3).group("교정"), row(4).group("임플란트")];
    let import = world.commit_with(&rows, Options { update_existing: false, ..BY_FILE }).await;
    assert_eq!(world.customers().await, ["2 옛 이름 [] 미지정", "3 고객3 [] 미지정", "4 고객4 [] 임플란트"]);
    assert_eq!(world.outcomes(import).await, ["left", "left", "added"]);
    assert_eq!((world.counts(import).await, world.count("customer_groups").await), ((1, 1, 0), 2));
    world.test.finish().await;
}

#[tokio::test]
async fn the_same_file_once_more_adds_and_changes_nobody() {
    let world = World::new().await;
    let rows: Vec<_> =
        (2..40).map(|number| row(number).group("VIP").with("메모", "\"단골\" \\ 👩\u{200d}⚕️\n둘째 줄")).collect();
    world.commit(&rows).await;
    let before = world.list.people().await;
    let again = world.commit(&rows).await;
    assert_eq!((world.list.people().await, world.counts(again).await), (before, (38, 0, 0)));
    assert!(world.outcomes(again).await.iter().all(|outcome| outcome == "unchanged"));
    world.test.finish().await;
}

/// Texts that a collation, a comparison of JSON or a careless escape takes for one another.
const CONFUSABLE: &[&str] = &[
    "Kim",
    "kim",
    "KIM",
    "Kím",
    "Ki\u{301}m",
    "김단골",
    "\u{1100}\u{1175}\u{11b7}단골",
    "ｋｉｍ",
    "kim ",
    "k\u{200d}im",
    "ß",
    "ss",
    "İ",
    "i",
    "ı",
    "カ",
    "ｶ",
    "ﬁ",
    "fi",
    "👩\u{200d}⚕️",
    "👩⚕️",
    "😀",
    "😁",
    "\"",
    "\\",
    "\\\"",
    "\\n",
    "\n",
    "\t",
    "/",
    "\\/",
    "0",
    "00",
    "1",
    "1.0",
    "null",
    "true",
    "{}",
    "[]",
    "\u{1}",
    "\u{7f}",
    "\\u0001",
    "é",
    "\\u00e9",
    "\u{fffd}",
    "\u{10ffff}",
    "'",
    "%",
    "_",
];

#[tokio::test]
async fn a_text_that_is_written_otherwise_is_a_change_and_the_same_text_is_none() {
    let world = World::new().await;
    let (mut before, mut after, mut expected) = (Vec::new(), Vec::new(), Vec::new());
    for (old, new) in CONFUSABLE.iter().flat_map(|old| CONFUSABLE.iter().map(move |new| (old, new))) {
        for as_name in [true, false] {
            let row = row(2 + u32::try_from(expected.len()).unwrap()).with("열", "값");
            let written = |text: &str| {
                if as_name { row.clone().named(&format!("고객{text}")) } else { row.clone().with("메모", text) }
            };
            before.push(written(old));
            after.push(written(new));
            expected.push(if old == new { "unchanged" } else { "updated" });
        }
    }
    world.commit(&before).await;
    let import = world.commit(&after).await;
    for ((outcome, expected), (before, after)) in
        world.outcomes(import).await.iter().zip(expected).zip(before.iter().zip(&after))
    {
        assert_eq!(outcome, expected, "{before:?} {after:?}");
    }
    // What is in the list now is what the file says, to the letter.
    let otherwise = "SELECT COUNT(*) FROM import_rows r JOIN customers c ON c.clinic_id = r.clinic_id AND c.id = r.customer_id
         WHERE r.import_id = ? AND (HEX(c.name) <> HEX(r.name) OR NOT JSON_CONTAINS(c.attributes, r.attributes)
           OR NOT JSON_CONTAINS(r.attributes, c.attributes))";
    let otherwise: i64 = sqlx::query_scalar(otherwise).bind(import).fetch_one(&world.test.pool).await.unwrap();
    assert_eq!(otherwise, 0);
    world.test.finish().await;
}

#[tokio::test]
async fn columns_that_are_written_otherwise_are_other_columns() {
    let world = World::new().await;
    world.add("고객2", 2, &[("memo", "a")]).await;
    world.add("고객3", 3, &[("a\"b\\c", "a")]).await;
    let import = world.commit(&[row(2).with("Memo", "a"), row(3).with("a\"b\\c", "a")]).await;
    assert_eq!(world.outcomes(import).await, ["updated", "unchanged"]);
    assert_eq!(world.customers().await, ["2 고객2 [Memo=a memo=a] 미지정", "3 고객3 [a\"b\\c=a] 미지정"]);
    world.test.finish().await;
}

#[tokio::test]
async fn a_customer_never_gets_more_than_fifty_attributes() {
    let world = World::new().await;
    let full: Vec<_> = (0..50).map(|column| format!("열{column:02}")).collect();
    let full: Vec<_> = full.iter().map(|column| (column.as_str(), "값")).collect();
    for number in 2..6 {
        world.add(&format!("고객{number}"), number, if number == 5 { &full[..49] } else { &full }).await;
    }
    let import = world
        .commit(&[
            row(2).with("열00", "새 값").with("하나 더", "값").group("VIP"),
            row(3).with("하나 더", "값").named("새 이름"),
            row(4).with("열00", "새 값"),
            row(5).with("하나 더", "값"),
        ])
        .await;
    // Name and group apply where the attributes would become too many.
    assert_eq!(world.outcomes(import).await, ["unchanged", "updated", "updated", "updated"]);
    let customers = world.customers().await;
    assert!(customers[0].starts_with("2 고객2 [열00=값 ") && customers[0].ends_with("] VIP"), "{}", customers[0]);
    assert!(customers[1].starts_with("3 새 이름 [열00=값 ") && !customers[1].contains("하나 더"), "{}", customers[1]);
    assert!(customers[2].starts_with("4 고객4 [열00=새 값 "), "{}", customers[2]);
    assert!(customers[3].contains("[열00=값 ") || customers[3].contains("하나 더=값"), "{}", customers[3]);
    assert_eq!(customers[3].matches('=').count(), 50);
    world.test.finish().await;
}

#[tokio::test]
async fn whoever_was_suppressed_since_the_preview_is_neither_added_nor_changed() {
    let world = World::new().await;
    world.add("옛 이름", 3, &[]).await;
    world.list.suppress(2).await;
    world.list.suppress(3).await;
    let before = world.list.people().await;
    let import = world.commit(&[row(2).group("VIP"), row(3).group("VIP").with("메모", "새")]).await;
    assert_eq!(world.outcomes(import).await, ["suppressed", "suppressed"]);
    assert_eq!((world.list.people().await, world.count("suppressions").await), (before, 2));
    assert_eq!((world.counts(import).await, world.count("customer_columns").await), ((0, 0, 0), 0));
    world.test.finish().await;
}

#[tokio::test]
async fn the_clinic_has_the_columns_of_the_file_from_then_on() {
    let world = World::new().await;
    world.commit(&[row(2).with("메모", "단골").with("생일", "3월 2일")]).await;
    world.commit(&[row(3).with("Memo", "단골").with("메모", "단골").with("memo", "단골")]).await;
    let columns = "SELECT name FROM customer_columns ORDER BY created_at";
    let columns: Vec<String> = sqlx::query_scalar(columns).fetch_all(&world.test.pool).await.unwrap();
    assert_eq!(columns, ["메모", "생일", "Memo", "memo"]);
    world.test.finish().await;
}

/// Those that were read by an earlier version have no id reserved.
#[tokio::test]
async fn rows_without_a_reserved_id_become_customers_too() {
    let world = World::new().await;
    let import = world.approve(&[row(2), row(3)]).await;
    sqlx::query("UPDATE import_rows SET customer_id = NULL").execute(&world.test.pool).await.unwrap();
    world.deliver(import).await;
    assert_eq!(world.customers().await, ["2 고객2 [] 미지정", "3 고객3 [] 미지정"]);
    world.test.finish().await;
}

/// A bucket that holds the reference list.
struct Reference;

impl parse_import::Files for Reference {
    async fn fetch(&self, _: &str, _: u64) -> Result<Option<Vec<u8>>, Failure> {
        Ok(Some(include_bytes!("../../../../tests/fixtures/customers-3000.xlsx").to_vec()))
    }
}

#[tokio::test]
async fn the_reference_list_becomes_exactly_its_good_customers_once() {
    let world = World::new().await;
    let import = world.approve(&[]).await;
    sqlx::query("UPDATE imports SET state = 'uploading'").execute(&world.test.pool).await.unwrap();
    let parse = parse_import::Deps {
        database: world.test.another().await,
        files: Reference,
        // Nobody listens there; progress is not shown then.
        store: Store::new("redis://127.0.0.1:1/", Duration::from_millis(50)).unwrap(),
        dead_letters: Graveyard::default(),
        ambient: Ambient::system().unwrap(),
        limits: parse_import::file::Limits::default(),
    };
    let key = format!("imports/{}/{import}", world.list.clinic);
    let record = json!({"eventSource": "aws:s3", "s3": {"bucket": {"name": "uploads"}, "object": {"key": key, "size": 1}}});
    parse_import::handle(&parse, sending::event(&json!({"Records": [record]}))).await.unwrap();
    assert_eq!(world.list.import(import).await.state, ImportState::Ready);
    sqlx::query("UPDATE imports SET state = 'committing'").execute(&world.test.pool).await.unwrap();
    world.deliver(import).await;
    world.deliver(import).await;
    assert_eq!((world.counts(import).await, world.count("customers").await), ((2863, 2863, 0), 2863));
    let groups = {
        let connection = &mut world.test.database.acquire().await.unwrap();
        groups::list(connection, world.list.clinic, "", None, 100).await.unwrap()
    };
    assert_eq!(groups.iter().map(|group| group.customers).sum::<u64>(), 2863);
    let mut names: Vec<_> = groups.iter().map(|group| group.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["VIP", "교정", "미지정", "스케일링", "임플란트"]);
    world.test.finish().await;
}
