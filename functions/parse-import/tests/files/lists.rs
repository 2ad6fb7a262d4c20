//! Where lists begin, and what their columns are.

use crate::support::{Outcome, list};
use parse_import::file::{How, Limits};
use shared::db::customers::Attributes;
use shared::db::imports::SampleRow;
use shared::model::import::ColumnRole::{Attribute, Group, Name, Phone};
use shared::model::import::ImportFailure::{
    CellTooLarge, Empty, NoHeader, NoNameColumn, NoPhoneColumn, TooLarge, TooManyColumns, TooManyRows,
};

fn read(rows: &[&[&str]]) -> Outcome {
    list(rows, Limits::default())
}

#[test]
fn the_header_is_found_below_titles_and_its_columns_by_their_names() {
    let outcome = read(&[
        &["고객명단 (2026-10-31)"],
        &[],
        &["No", "고객 이름*", "휴대폰(필수)", "분류", "메모", "메모"],
        &["1", " 김  단골 ", "010-1234-5678", "VIP ", "첫째", "둘째"],
    ]);
    assert_eq!(
        outcome.columns(),
        [
            ("A", "No", Attribute),
            ("B", "고객 이름*", Name),
            ("C", "휴대폰(필수)", Phone),
            ("D", "분류", Group),
            ("E", "메모", Attribute),
            ("F", "메모(2)", Attribute)
        ]
    );
    let line = &outcome.lines[0];
    assert_eq!(
        (line.number, line.name.as_str(), line.phone.as_str(), line.group.as_str()),
        (4, "김 단골", "010-1234-5678", "VIP")
    );
    let attributes = [("No", "1"), ("메모", "첫째"), ("메모(2)", "둘째")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    assert_eq!(outcome.attributes(0), Attributes::from(attributes));
    assert_eq!(line.attributes.as_json(), r#"{"No":"1","메모":"첫째","메모(2)":"둘째"}"#, "in the order of a map");
    assert_eq!((outcome.found.header_row, outcome.found.rows_read), (3, 1));
}

#[test]
fn a_mobile_column_is_preferred_to_another_phone_column_which_is_kept() {
    let outcome = read(&[&["Name", "Tel.", "Mobile"], &["Kim", "02-555-0101", "010-1234-5678"]]);
    assert_eq!((outcome.lines[0].phone.as_str(), outcome.attributes(0)["Tel."].as_str()), ("010-1234-5678", "02-555-0101"));
    assert_eq!(outcome.columns()[1], ("B", "Tel.", Attribute));
    let outcome = read(&[&["연락처2", "이름", "연락처"], &["02-555-0101", "김단골", "010-1234-5678"]]);
    assert_eq!(outcome.lines[0].phone, "010-1234-5678");
}

#[test]
fn one_column_is_not_taken_for_two_things() {
    let outcome = read(&[&["성명/연락처", "메모"], &["김단골 01012345678", ""]]);
    assert_eq!(outcome.reason(), Some((NoPhoneColumn, None)));
}

#[test]
fn a_column_without_a_header_is_called_by_its_letter_when_it_holds_something() {
    let outcome = read(&[&["이름", "휴대폰"], &["김단골", "01012345678", "", "메모"]]);
    assert_eq!(outcome.attributes(0)["열 D"], "메모");
    assert_eq!(outcome.columns().last(), Some(&("D", "열 D", Attribute)));
}

#[test]
fn headers_are_as_long_as_attributes_may_be_called_and_stay_different() {
    let long = "가".repeat(120);
    let outcome = read(&[&["이름", "휴대폰", &long, &long], &["김단골", "01012345678", "1", "2"]]);
    let (first, second) = ("가".repeat(100), format!("{}(2)", "가".repeat(95)));
    assert_eq!(outcome.attributes(0), Attributes::from([(first, "1".to_owned()), (second, "2".to_owned())]));
}

#[test]
fn the_header_repeated_on_every_page_is_nobody() {
    let header: &[&str] = &["이름", "휴대폰", "쪽"];
    let row: &[&str] = &["김단골", "01012345678"];
    let outcome = read(&[header, row, &["이름", "휴대폰", "2"], row]);
    assert_eq!((outcome.lines.len(), outcome.found.rows_read, outcome.lines[1].number), (2, 2, 4));
}

#[test]
fn what_was_exported_and_kept_from_being_a_formula_comes_back() {
    let outcome = read(&[&["이름", "휴대폰", "'=비고"], &["'=김단골", "'+82 10-1234-5678", "'-5"]]);
    let line = &outcome.lines[0];
    assert_eq!((line.name.as_str(), line.phone.as_str()), ("=김단골", "+82 10-1234-5678"));
    assert_eq!(outcome.attributes(0), Attributes::from([("=비고".to_owned(), "-5".to_owned())]));
}

#[test]
fn what_is_no_list_is_refused_with_the_reason_that_helps_most() {
    let reason = |rows: &[&[&str]]| read(rows).reason().map(|(failure, _)| failure);
    assert_eq!(reason(&[]), Some(Empty));
    assert_eq!(reason(&[&["이름", "휴대폰"], &["", " "]]), Some(Empty));
    assert_eq!(reason(&[&["김단골", "01012345678"]]), Some(NoHeader));
    assert_eq!(reason(&[&["이름", "주소"], &["김단골", "서울"]]), Some(NoPhoneColumn));
    assert_eq!(reason(&[&["주소", "연락처"], &["서울", "010"]]), Some(NoNameColumn));
}

#[test]
fn the_first_rows_are_kept_as_they_stand_there_whatever_becomes_of_the_list() {
    let long = "가".repeat(150);
    let rows = format!("명단\n\n고객님,번호,\" a \"\"b\"\" \"\n{}", format!("{long},010-1234-5678\n").repeat(30));
    let outcome = Outcome::of(rows.as_bytes(), &How::default());
    assert_eq!(outcome.reason(), Some((NoHeader, None)));
    let sample = &outcome.found.sample;
    let row = |number, cells: &[&str]| SampleRow { number, cells: cells.iter().map(|cell| (*cell).to_owned()).collect() };
    assert_eq!(sample[..2], [row(1, &["명단"]), row(3, &["고객님", "번호", "a \"b\""])]);
    assert_eq!((sample.len(), &sample[19]), (20, &row(21, &["가".repeat(100).as_str(), "010-1234-5678"])));

    let good = read(&[&["이름", "휴대폰"], &["김단골", "01012345678"]]);
    assert_eq!(good.found.sample, [row(1, &["이름", "휴대폰"]), row(2, &["김단골", "01012345678"])]);
}

#[test]
fn each_limit_has_its_reason_and_its_place() {
    let limits = Limits { rows: 2, columns: 3, cell: 30, text: 100, ..Limits::default() };
    let header: &[&str] = &["이름", "휴대폰"];
    let row: &[&str] = &["김단골", "01012345678"];
    let refused = |rows: &[&[&str]]| list(rows, limits).reason().map(|(failure, at)| (failure, at.unwrap_or("").to_owned()));
    let at = |failure, at: &str| Some((failure, at.to_owned()));
    assert_eq!(refused(&[header, row, row]), None);
    assert_eq!(refused(&[&["명단"], header, row, row, row]), at(TooManyRows, "5행 (최대 2행)"));
    assert_eq!(refused(&[header, &["a", "b", "c", "d", "e"]]), at(TooManyColumns, "D2 (최대 3열)"));
    assert_eq!(refused(&[header, row, &["a", &"가".repeat(11)]]), at(CellTooLarge, "B3"));
    assert_eq!(refused(&[&["이름", "휴대폰", &"가".repeat(11)]]), at(CellTooLarge, "C1"));
    let full: &[&str] = &[&"가".repeat(10), &"가".repeat(10)];
    assert_eq!(refused(&[header, full, full]), at(TooLarge, ""));
    assert_eq!(refused(&[&[&"가".repeat(100)], header, row]), None, "a long title is none of the list");
}
