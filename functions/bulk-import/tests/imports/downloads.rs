//! Files to download: the template, and the bad rows. What comes back is read by the reader of parse-import itself.

use std::io::{Cursor, Read as _, Write as _};

use parse_import::file::{self, How, Stop};
use parse_import::table::Line;
use serde_json::{Value, json};
use shared::db::customers::Attributes;
use shared::db::import_rows::ImportRow;
use shared::db::imports::{self, Contents};
use shared::model::import::{ColumnRole, ImportFailure, Wish};
use shared::model::state::{ImportState, Verdict};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::support::{World, column, contents, problem, refused, row, world};

/// What an upload of the file comes to, when nobody corrects anything.
fn read(bytes: &[u8]) -> (Contents, Vec<Line>, Option<ImportFailure>) {
    let (mut found, mut lines) = (Contents::default(), Vec::new());
    let outcome = file::read(bytes, &How::default(), &mut found, &mut |line| {
        lines.push(line);
        Ok(())
    });
    let failure = match outcome {
        Ok(()) => None,
        Err(Stop::Refused(refusal)) => Some(refusal.failure),
        Err(Stop::Abandoned) => panic!("every line was taken"),
    };
    (found, lines, failure)
}

fn columns(found: &Contents) -> Vec<(&str, ColumnRole)> {
    found.columns.iter().map(|column| (column.header.as_str(), column.role)).collect()
}

fn attributes(line: &Line) -> Value {
    serde_json::from_str(line.attributes.as_json()).unwrap()
}

/// The workbook with rows typed into its first sheet.
fn filled(workbook: &[u8], rows: &str) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(workbook)).unwrap();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).unwrap();
        let (name, mut text) = (file.name().unwrap().into_owned(), Vec::new());
        file.read_to_end(&mut text).unwrap();
        if name == "xl/worksheets/sheet1.xml" {
            let sheet = String::from_utf8(text).unwrap();
            assert!(sheet.contains("</sheetData>"));
            text = sheet.replace("</sheetData>", &format!("{rows}</sheetData>")).into_bytes();
        }
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(&text).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn typed(row: u32, cells: &[&str]) -> String {
    let cells =
        ('A'..).zip(cells).map(|(letter, cell)| format!(r#"<c r="{letter}{row}" t="inlineStr"><is><t>{cell}</t></is></c>"#));
    format!(r#"<row r="{row}">{}</row>"#, cells.collect::<String>())
}

impl World {
    async fn bad_rows(&self, id: shared::model::ImportId, language: &str) -> (u16, Value) {
        let path = format!("/v1/imports/{id}/bad-rows");
        let answer = self.owner.send("GET", &path, &[("accept-language", language)], Value::Null).await;
        (answer.status, answer.json)
    }
}

#[tokio::test]
async fn the_template_is_read_without_a_correction_and_imports_nobody_by_itself() {
    use ColumnRole::{Attribute, Group, Name, Phone};
    let world = world().await;
    for (language, name, headers) in [
        ("ko", "고객 등록 양식.xlsx", ["이름", "휴대폰", "그룹", "메모"]),
        ("en", "customer-template.xlsx", ["Name", "Mobile", "Group", "Memo"]),
    ] {
        let answer = world.owner.send("GET", "/v1/imports/template", &[("accept-language", language)], Value::Null).await;
        assert_eq!((answer.status, &answer.json["fileName"]), (200, &json!(name)));
        assert!(answer.json["url"].is_string() && answer.json["expiresAt"].is_string());
        let (_, bytes) = world.downloads.take().pop().unwrap();
        let (_, lines, failure) = read(&bytes);
        assert_eq!((lines, failure), (vec![], Some(ImportFailure::Empty)));

        let rows = typed(2, &["김단골", "010-1234-5678", "VIP", "창가 자리"]) + &typed(3, &["이단골", "01012345679"]);
        let (found, lines, failure) = read(&filled(&bytes, &rows));
        assert_eq!(failure, None);
        let roles: Vec<(&str, ColumnRole)> = headers.into_iter().zip([Name, Phone, Group, Attribute]).collect();
        assert_eq!((columns(&found), found.header_row, found.sheets.len()), (roles, 1, 2));
        assert_eq!((lines.len(), lines[0].name.as_str(), lines[0].group.as_str()), (2, "김단골", "VIP"));
        assert_eq!((lines[0].phone.as_str(), attributes(&lines[0])), ("010-1234-5678", json!({ headers[3]: "창가 자리" })));
    }
    world.test.finish().await;
}

#[tokio::test]
async fn the_bad_rows_come_back_as_they_went_and_the_reason_is_not_read() {
    let world = world().await;
    let mut rows = crate::support::rows();
    rows[5] = ImportRow {
        name: "=1+1".to_owned(),
        attributes: Attributes::from([("메모".into(), "-둘째\n줄".into()), ("생일".into(), "'90".into())]).into(),
        ..row(7, "02-555-0101", Verdict::BadPhone, None)
    };
    let id = world.ready_with(&rows).await;
    world.delete_row(id, 5).await;
    for (language, name, reason, first) in [
        (
            "ko",
            "등록하지 못한 행.xlsx",
            "오류 사유",
            "원본 4행: 2행과 휴대폰 번호가 같습니다. 이 행의 그룹 ‘VIP’에도 넣지 않습니다.",
        ),
        (
            "en",
            "rows-to-mend.xlsx",
            "Error reason",
            "Row 4 of the file: The same phone is in row 2. Nobody joins its group ‘VIP’ either.",
        ),
    ] {
        let (status, answer) = world.bad_rows(id, language).await;
        assert_eq!(
            (status, &answer["fileName"], &answer["rows"]),
            (200, &json!(name), &json!(5)),
            "the deleted one is left out"
        );
        let (_, bytes) = world.downloads.take().pop().unwrap();
        let (found, lines, failure) = read(&bytes);
        assert_eq!(failure, None);
        let expected = [
            ("휴대폰", ColumnRole::Phone),
            ("고객명", ColumnRole::Name),
            ("분류", ColumnRole::Group),
            ("메모", ColumnRole::Attribute),
            ("생일", ColumnRole::Attribute),
            (reason, ColumnRole::Ignored),
        ];
        assert_eq!(columns(&found), expected);
        assert_eq!(found.sample[1].cells.last().map(String::as_str), Some(first));
        let came: Vec<_> = lines.iter().map(|line| (line.name.as_str(), line.phone.as_str(), line.group.as_str())).collect();
        let went = [
            ("고객4", "010-1111-0001", "VIP"),
            ("고객6", "010-1111-0001", "VIP"),
            ("=1+1", "02-555-0101", "VIP"),
            ("", "010-1111-0003", "VIP"),
            ("고객9", "010-1111-0004", "VIP"),
        ];
        assert_eq!(came, went);
        assert_eq!(attributes(&lines[0]), json!({"메모": "단골"}));
        assert_eq!(attributes(&lines[2]), json!({"메모": "-둘째\n줄", "생일": "'90"}));
    }
    world.test.finish().await;
}

#[tokio::test]
async fn bad_rows_of_columns_that_staff_had_to_name_come_back_under_names_that_need_no_help() {
    let world = world().await;
    let bad = ImportRow {
        attributes: Attributes::from([("이름".into(), "보호자".into()), ("구분".into(), "초진".into())]).into(),
        ..row(7, "없음", Verdict::BadPhone, None)
    };
    let id = world.ready_with(&[bad]).await;
    // The guardian's name stands under `이름`, and what looks like the group is none.
    let found = Contents {
        columns: vec![
            column("A", "이름", ColumnRole::Attribute),
            column("B", "구분", ColumnRole::Attribute),
            column("C", "열 C", ColumnRole::Name),
            column("D", "번호", ColumnRole::Phone),
        ],
        ..contents(1)
    };
    let wish =
        Wish { columns: [("C".to_owned(), ColumnRole::Name), ("D".to_owned(), ColumnRole::Phone)].into(), ..Wish::default() };
    let mut connection = world.test.database.acquire().await.unwrap();
    imports::set_wish(&mut connection, world.clinic, id, &wish).await.unwrap();
    imports::mark_ready(&mut connection, &world.ambient, world.clinic, id, &found).await.unwrap();
    drop(connection);
    assert_eq!(world.bad_rows(id, "ko").await.0, 200);
    let (_, bytes) = world.downloads.take().pop().unwrap();
    let (_, lines, failure) = read(&bytes);
    assert_eq!((failure, lines.len()), (None, 1));
    assert_eq!((lines[0].name.as_str(), lines[0].phone.as_str(), lines[0].group.as_str()), ("고객7", "없음", "VIP"));
    assert_eq!(attributes(&lines[0]), json!({"이름(2)": "보호자", "구분": "초진"}));
    world.test.finish().await;
}

#[tokio::test]
async fn a_thousand_bad_rows_and_more_are_all_in_the_file() {
    let world = world().await;
    let rows: Vec<_> = (2..2503).map(|number| row(number, "없음", Verdict::BadPhone, None)).collect();
    let id = world.ready_with(&rows).await;
    assert_eq!(world.bad_rows(id, "ko").await.1["rows"], 2501);
    let (_, lines, _) = read(&world.downloads.take().pop().unwrap().1);
    assert_eq!(
        lines.iter().map(|line| line.name.clone()).collect::<Vec<_>>(),
        rows.iter().map(|row| row.name.clone()).collect::<Vec<_>>()
    );
    world.test.finish().await;
}

#[tokio::test]
async fn there_are_bad_rows_only_of_a_file_that_was_read() {
    let world = world().await;
    let id = world.ready_with(&[row(2, "010-1111-0001", Verdict::New, None)]).await;
    assert_eq!(problem(&world.bad_rows(id, "ko").await), refused(409, "no-rows"));
    for state in [ImportState::Uploading, ImportState::Parsing, ImportState::Failed] {
        world.set_state(id, state).await;
        assert_eq!(problem(&world.bad_rows(id, "ko").await), refused(409, "import-not-ready"), "{state}");
    }
    let id = world.ready().await;
    for state in [ImportState::Committing, ImportState::Committed, ImportState::Undoing, ImportState::Undone] {
        world.set_state(id, state).await;
        assert_eq!(world.bad_rows(id, "ko").await.0, 200, "{state}");
    }
    assert_eq!(world.downloads.take().len(), 4);
    world.downloads.set_down(true);
    assert_eq!(problem(&world.bad_rows(id, "ko").await), refused(503, "unavailable"));
    assert_eq!(world.owner.get("/v1/imports/template").await.status, 503);
    assert_eq!(world.owner.with_subject("nobody").get("/v1/imports/template").await.status, 403);
    world.test.finish().await;
}
