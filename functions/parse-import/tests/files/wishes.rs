//! Files that are read as staff say.

use std::collections::BTreeMap;

use crate::support::Outcome;
use parse_import::file::{How, Limits};
use rust_xlsxwriter::Workbook;
use shared::db::customers::Attributes;
use shared::model::import::ColumnRole::{self, Attribute, Group, Ignored, Name, Phone};
use shared::model::import::ImportFailure::{self, CellTooLarge, NoHeader, NoNameColumn, NoPhoneColumn, NoSuchSheet};
use shared::model::import::Wish;

fn wish(sheet: Option<&str>, header_row: Option<u32>, columns: &[(&str, ColumnRole)]) -> Wish {
    let columns: BTreeMap<String, ColumnRole> = columns.iter().map(|(letter, role)| ((*letter).to_owned(), *role)).collect();
    Wish { sheet: sheet.map(str::to_owned), header_row, columns }
}

fn read(text: &str, wish: Wish) -> Outcome {
    Outcome::of(text.as_bytes(), &How { limits: Limits::default(), wish })
}

fn people(outcome: &Outcome) -> Vec<(u32, &str, &str)> {
    outcome.lines.iter().map(|line| (line.number, line.name.as_str(), line.phone.as_str())).collect()
}

fn failure(outcome: &Outcome) -> Option<ImportFailure> {
    outcome.reason().map(|(failure, _)| failure)
}

#[test]
fn columns_are_what_staff_say_whatever_their_names_say() {
    let text = "이름,휴대폰,보호자,보호자 번호,분류\n김아기,010-1111-1111,김단골,010-2222-2222,소아\n";
    let columns = [("C", Name), ("D", Phone), ("a", Attribute), ("E", Ignored)];
    let outcome = read(text, wish(None, None, &columns));
    assert_eq!(people(&outcome), [(2, "김단골", "010-2222-2222")]);
    let expected = [
        ("A", "이름", Attribute),
        ("B", "휴대폰", Attribute),
        ("C", "보호자", Name),
        ("D", "보호자 번호", Phone),
        ("E", "분류", Ignored),
    ];
    assert_eq!(outcome.columns(), expected);
    let attributes = [("이름", "김아기"), ("휴대폰", "010-1111-1111")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    assert_eq!((outcome.attributes(0), outcome.lines[0].group.as_str()), (Attributes::from(attributes), ""));
}

#[test]
fn a_column_about_consent_is_ignored_only_when_it_is_one_of_ours() {
    let text = "이름,휴대폰,광고 수신 동의,광고 수신 동의일(단골)\n김단골,010-1234-5678,Y,2026-03-02\n";
    let outcome = read(text, Wish::default());
    let roles: Vec<_> = outcome.columns().into_iter().map(|(_, header, role)| (header, role)).collect();
    assert_eq!(roles[2..], [("광고 수신 동의", Attribute), ("광고 수신 동의일(단골)", Ignored)]);
    assert_eq!(outcome.attributes(0), Attributes::from([("광고 수신 동의".to_owned(), "Y".to_owned())]));
}

#[test]
fn a_column_that_staff_put_away_leaves_its_place_to_the_next_best() {
    let text = "이름,휴대폰,연락처\n김단골,없음,010-1234-5678\n";
    assert_eq!(people(&read(text, wish(None, None, &[("B", Ignored)]))), [(2, "김단골", "010-1234-5678")]);
    let both = read(text, wish(None, None, &[("B", Ignored), ("C", Attribute)]));
    assert_eq!(failure(&both), Some(NoPhoneColumn));
    assert_eq!(failure(&read(text, wish(None, None, &[("A", Group)]))), Some(NoNameColumn));
    assert_eq!(both.found.sample.len(), 2, "so that staff can correct it again");
}

#[test]
fn columns_that_are_ignored_may_hold_anything() {
    let text = format!("이름,휴대폰,메모\n김단골,010-1234-5678,{}\n", "가".repeat(400));
    assert_eq!(read(&text, Wish::default()).reason(), Some((CellTooLarge, Some("C2"))));
    let outcome = read(&text, wish(None, None, &[("C", Ignored)]));
    assert_eq!((people(&outcome).len(), outcome.attributes(0)), (1, Attributes::new()));
}

#[test]
fn the_header_is_where_staff_say_it_is() {
    let text = "이름,휴대폰\n견본,010-0000-0001\n성함,번호\n김단골,010-1234-5678\n";
    let outcome = read(text, wish(None, Some(3), &[("B", Phone)]));
    assert_eq!((people(&outcome), outcome.found.header_row), (vec![(4, "김단골", "010-1234-5678")], 3));
    assert_eq!(outcome.columns(), [("A", "성함", Name), ("B", "번호", Phone)]);
    assert_eq!(outcome.found.sample.len(), 4);
    assert_eq!(failure(&read(text, wish(None, Some(3), &[]))), Some(NoPhoneColumn));
    assert_eq!(failure(&read(text, wish(None, Some(9), &[]))), Some(ImportFailure::Empty));
    assert_eq!(failure(&read("\n\n\n이름,휴대폰\n", wish(None, Some(2), &[]))), Some(NoHeader), "row 2 is empty");
}

#[test]
fn a_list_without_a_header_begins_at_the_top_and_its_columns_are_called_by_their_letters() {
    let text = "김단골,010-1234-5678,VIP,치과\n이단골,010-1234-5679,,\n";
    let columns = [("A", Name), ("B", Phone), ("C", Group)];
    let outcome = read(text, wish(None, Some(0), &columns));
    assert_eq!(people(&outcome), [(1, "김단골", "010-1234-5678"), (2, "이단골", "010-1234-5679")]);
    assert_eq!(outcome.columns(), [("A", "열 A", Name), ("B", "열 B", Phone), ("C", "열 C", Group), ("D", "열 D", Attribute)]);
    assert_eq!((outcome.attributes(0)["열 D"].as_str(), outcome.found.header_row, outcome.found.rows_read), ("치과", 0, 2));
    assert_eq!(failure(&read(text, wish(None, Some(0), &columns[..1]))), Some(NoPhoneColumn));
    assert_eq!(failure(&read(text, wish(None, Some(0), &columns[1..]))), Some(NoNameColumn));
    assert_eq!(failure(&read(text, wish(None, Some(0), &[]))), Some(NoPhoneColumn));
}

#[test]
fn staff_who_name_the_columns_need_not_name_the_row_of_the_header() {
    let columns = [("A", Name), ("B", Phone)];
    let text = "명단\n고객님,번호\n김단골,010-1234-5678\n";
    let outcome = read(text, wish(None, None, &columns));
    assert_eq!((people(&outcome), outcome.found.header_row), (vec![(3, "김단골", "010-1234-5678")], 2));
    let headless = "김단골,010-1234-5678\n이단골,010-1234-5679\n";
    assert_eq!(failure(&read(headless, wish(None, None, &columns))), Some(NoPhoneColumn), "nobody's phone is a header");
}

#[test]
fn letters_that_are_no_column_are_passed_over_and_of_two_columns_the_first_is_taken() {
    let text = "이름,휴대폰,휴대폰 2\n김단골,010-1234-5678,010-1234-5679\n";
    let outcome = read(text, wish(None, None, &[("ZZ", Phone), ("1", Name), ("", Name)]));
    assert_eq!(people(&outcome), [(2, "김단골", "010-1234-5678")]);
    let outcome = read(text, wish(None, None, &[("C", Phone), ("B", Phone)]));
    assert_eq!((people(&outcome), outcome.columns()[2].2), (vec![(2, "김단골", "010-1234-5678")], Attribute));
}

#[test]
fn the_sheet_is_the_one_that_staff_choose() {
    let mut book = Workbook::new();
    for (sheet, rows) in [
        ("안내", [["두 번째 시트를 보세요", ""], ["", ""]]),
        ("1월", [["이름", "휴대폰"], ["김단골", "010-1234-5678"]]),
        ("2월", [["이름", "휴대폰"], ["이단골", "010-1234-5679"]]),
        ("숨김", [["이름", "휴대폰"], ["박단골", "010-1234-5670"]]),
    ] {
        let sheet = book.add_worksheet().set_name(sheet).unwrap();
        sheet.write_row_matrix(0, 0, rows).unwrap();
        sheet.set_hidden(sheet.name() == "숨김");
    }
    let bytes = book.save_to_buffer().unwrap();
    let read = |sheet| Outcome::of(&bytes, &How { wish: wish(sheet, None, &[]), ..How::default() });
    let names = |outcome: &Outcome| outcome.lines.iter().map(|line| line.name.clone()).collect::<Vec<_>>();

    let found = read(None);
    assert_eq!((names(&found), found.found.sheet.as_deref()), (vec!["김단골".to_owned()], Some("1월")));
    assert_eq!(found.found.sheets, ["안내", "1월", "2월"], "those that people see");
    let chosen = read(Some("2월"));
    assert_eq!((names(&chosen), chosen.found.sheet.as_deref()), (vec!["이단골".to_owned()], Some("2월")));
    let empty = read(Some("안내"));
    assert_eq!((failure(&empty), empty.found.sheet.as_deref(), empty.found.sample.len()), (Some(NoHeader), Some("안내"), 1));
    for gone in ["3월", "숨김"] {
        let outcome = read(Some(gone));
        assert_eq!((failure(&outcome), outcome.found.sheets.len()), (Some(NoSuchSheet), 3), "{gone}");
    }
    let text =
        Outcome::of("이름,휴대폰\n김,010-1234-5678".as_bytes(), &How { wish: wish(Some("1월"), None, &[]), ..How::default() });
    assert_eq!(failure(&text), Some(NoSuchSheet), "text has no sheets");
}

#[test]
fn where_no_sheet_has_a_list_the_one_that_comes_nearest_is_shown() {
    let mut book = Workbook::new();
    book.add_worksheet().set_name("빈 시트").unwrap();
    book.add_worksheet().set_name("안내").unwrap().write(0, 0, "안내문").unwrap();
    book.add_worksheet().set_name("명단").unwrap().write_row(0, 0, ["이름", "번호"]).unwrap();
    book.add_worksheet().set_name("메모").unwrap().write_row(0, 0, ["메모", "비고"]).unwrap();
    let outcome = Outcome::of(&book.save_to_buffer().unwrap(), &How::default());
    assert_eq!(failure(&outcome), Some(NoPhoneColumn));
    assert_eq!((outcome.found.sheet.as_deref(), outcome.found.sample[0].cells.len()), (Some("명단"), 2));
}
