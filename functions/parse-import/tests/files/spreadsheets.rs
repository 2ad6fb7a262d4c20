//! Files as clinics have them.

use crate::support::{END, Outcome, ROWS, SHEET, workbook};
use parse_import::verdict::Judge;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use shared::model::state::Verdict::{BadPhone, Duplicate, MissingName, New};

const REFERENCE: &[u8] = include_bytes!("../../../../tests/fixtures/customers-3000.xlsx");

#[test]
fn the_reference_file_has_the_numbers_that_are_known_of_it() {
    let outcome = Outcome::good(REFERENCE);
    let contents = &outcome.found;
    assert_eq!((contents.rows_read, contents.sheet.as_deref(), contents.header_row), (2984, Some("고객명단"), 3));
    let headers: Vec<&str> = contents.columns.iter().map(|column| column.header.as_str()).collect();
    assert_eq!(headers, ["고객명", "휴대폰번호", "그룹", "최근방문일", "메모", "결제금액"]);
    let (first, last, attributes) = (&outcome.lines[0], &outcome.lines[2983], outcome.attributes(0));
    assert_eq!((first.number, first.group.as_str(), last.number), (4, "VIP", 3003));
    assert_eq!((attributes["최근방문일"].as_str(), attributes["결제금액"].as_str()), ("2024-05-17", "64000"));

    let mut judge = Judge::default();
    let rows: Vec<_> = outcome.lines.into_iter().map(|line| judge.judge(line)).collect();
    let count = |verdict| rows.iter().filter(|row| row.verdict == verdict).count();
    assert_eq!((count(New), count(Duplicate), count(BadPhone), count(MissingName)), (2863, 61, 31, 29));
    for row in rows.iter().filter(|row| row.verdict == Duplicate) {
        let first = rows.iter().find(|first| Some(first.number) == row.duplicate_of).unwrap();
        assert_eq!((first.verdict, &first.phone, first.number < row.number), (New, &row.phone, true));
    }
}

#[test]
fn a_sheet_with_everything_people_do_is_read() {
    let mut book = Workbook::new();
    book.add_worksheet().set_name("안내").unwrap().write(0, 0, "두 번째 시트를 보세요").unwrap();
    let hidden = book.add_worksheet().set_name("숨김").unwrap();
    hidden.set_hidden(true).write_row(0, 0, ["이름", "휴대폰"]).unwrap();
    let sheet = book.add_worksheet().set_name("고객").unwrap();
    let date = Format::new().set_num_format("yyyy-mm-dd");
    let zeros = Format::new().set_num_format("000-0000-0000");
    sheet.merge_range(0, 0, 0, 4, "고객 명단", &Format::new()).unwrap();
    sheet.write_row(2, 0, ["고객명", "연락처", "최근방문일", "총액", "비고"]).unwrap();
    sheet.write(3, 0, "김단골").unwrap();
    sheet.write_with_format(3, 1, 1_012_345_678.0, &zeros).unwrap();
    sheet.write_with_format(3, 2, ExcelDateTime::from_ymd(2024, 5, 17).unwrap(), &date).unwrap();
    sheet.write(3, 3, Formula::new("=1+2").set_result("3")).unwrap();
    sheet.write(3, 4, true).unwrap();
    sheet.set_row_hidden(4).unwrap();
    sheet.write_row(4, 0, ["이단골", "０１０－１２３４－５６７９", "", "0.5", "첫 줄\n둘째 줄"]).unwrap();
    let outcome = Outcome::good(&book.save_to_buffer().unwrap());
    let lines = &outcome.lines;

    assert_eq!((outcome.found.sheet.as_deref(), outcome.found.rows_read), (Some("고객"), 2));
    assert_eq!((lines[0].number, lines[0].phone.as_str()), (4, "1012345678"));
    assert_eq!(lines[0].attributes.as_json(), r#"{"비고":"TRUE","총액":"3","최근방문일":"2024-05-17"}"#);
    assert_eq!((lines[1].number, outcome.attributes(1)["비고"].as_str()), (5, "첫 줄\n둘째 줄"));
}

#[test]
fn an_error_of_a_formula_is_an_empty_cell() {
    let errors =
        r#"<row r="3"><c r="A3" t="e"><f>X()</f><v>#SPILL!</v></c><c r="B3" t="e"><v>#N/A</v></c><c r="C3"><v>7</v></c></row>"#;
    let outcome = Outcome::good(&workbook(&format!("{SHEET}{ROWS}{errors}{END}"), &[]));
    let line = &outcome.lines[1];
    assert_eq!((line.name.as_str(), line.phone.as_str(), outcome.attributes(1)["열 C"].as_str()), ("", "", "7"));
}
