//! Files that nobody should be able to hurt the function with: each gets its reason quickly, and the process lives on.

use std::time::Duration;

use crate::child::{self, Report};
use crate::support::{END, Outcome, ROWS, SHEET, archive, directory, parts, replaced, sheet, workbook};
use parse_import::file::{How, Limits};
use shared::model::import::ImportFailure::{
    self, CellTooLarge, Damaged, Empty, Encrypted, NoHeader, NotASpreadsheet, OldExcel, SuspiciousArchive, TooLarge,
    TooManyColumns, TooManyRows, UnclosedQuote, UnknownEncoding,
};

/// Bytes that a process takes at most for reading any file. What the function takes besides, for its connections and for the
/// rows that are on their way into the database, is measured with it as a whole (`memory.rs`).
pub const MEMORY: u64 = 100 << 20;

/// How long refusing a file takes at most: 2 s for the function, but a test is built without optimisation, and has neighbours.
const TIME: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 2 });

fn outcome(bytes: impl AsRef<[u8]>, limits: Limits) -> Result<u32, ImportFailure> {
    let outcome = Outcome::of(bytes.as_ref(), &How { limits, ..How::default() });
    outcome.refusal.map_or(Ok(outcome.found.rows_read), |refusal| Err(refusal.failure))
}

/// Gives each file to a process of its own, which must refuse it for the reason, quickly, with little memory, and live. With
/// `--nocapture` it says what each took.
#[expect(clippy::print_stdout, reason = "figures for whoever asks for them")]
pub fn refuses(cases: Vec<(&str, Vec<u8>, ImportFailure)>) {
    for (name, bytes, reason) in cases {
        let Report { outcome, peak, took } = child::read(&bytes);
        println!("{name} | {reason} | {} ms | {} MiB", took.as_millis(), peak >> 20);
        assert_eq!(outcome, Err(reason), "{name}");
        assert!(took < TIME, "{name} took {took:?}");
        assert!(peak < MEMORY, "{name} took {peak} bytes");
    }
    assert_eq!(child::read(&sheet(ROWS)).outcome, Ok(1), "a good file is read");
}

fn cell(place: &str) -> String {
    let row = place.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    format!(r#"{ROWS}<row r="{row}"><c r="{place}"><v>1</v></c></row>"#)
}

fn strings(head: &str, items: &str) -> Vec<u8> {
    let sst = format!(r#"<?xml version="1.0"?><sst {head}>{items}</sst>"#);
    workbook(&format!("{SHEET}{ROWS}{END}"), &[("xl/sharedStrings.xml", &sst)])
}

fn strings_behind(text: &str, head: &str) -> Vec<u8> {
    workbook(&format!("{SHEET}{ROWS}{END}"), &[("xl/sharedStrings.xml", &format!("{text}<sst {head}></sst>"))])
}

#[test]
fn cells_far_away_and_claims_too_large_cost_nothing() {
    let far = format!(r#"<worksheet><dimension ref="A1:XFD1048576"/><sheetData>{ROWS}{END}"#);
    assert_eq!(outcome(workbook(&far, &[]), Limits::default()), Ok(1), "a claimed dimension is not believed");
    refuses(vec![
        ("far corner", sheet(&cell("XFD1048576")), TooManyColumns),
        ("far row", sheet(&cell("A1048576")), TooManyRows),
        ("impossible row", sheet(&cell("A4294967295")), Damaged),
        ("uniqueCount", strings(r#"count="1" uniqueCount="4294967295""#, "<si><t>a</t></si>"), SuspiciousArchive),
        ("hidden uniqueCount", strings(r#"a=">" uniqueCount = '99999999999999999999'"#, ""), SuspiciousArchive),
        ("uniqueCount behind a text", strings_behind("x", r#"uniqueCount="4294967295000""#), SuspiciousArchive),
        ("a text that is not there", sheet(&format!(r#"{ROWS}<row r="3"><c r="A3" t="s"><v>7</v></c></row>"#)), Damaged),
    ]);
    // The library panics over this one where arithmetic is checked, and reads some other column where it is not.
    let impossible = child::read(&sheet(&cell("ZZZZZZZZZZZZ7"))).outcome;
    assert!(matches!(impossible, Err(Damaged | TooManyColumns)), "{impossible:?}");
}

#[test]
fn bombs_do_not_go_off() {
    let bomb = format!("{SHEET}{}{END}", "<row/>".repeat(1_000_000));
    let entities = r#"<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]>"#;
    let external = r#"<!DOCTYPE x SYSTEM "file:///etc/passwd">"#;
    let formats = format!(
        "<styleSheet><numFmts><numFmt numFmtId='200' formatCode='{}'/></numFmts><cellXfs>{}</cellXfs></styleSheet>",
        "0".repeat(100_000),
        "<xf numFmtId='200'/>".repeat(5000)
    );
    let sheets = format!("<workbook><sheets>{}</sheets></workbook>", "<sheet name='a' r:id='rId1'/>".repeat(10_000));
    let many: Vec<_> = (0..10_000).map(|at| (format!("xl/worksheets/sheet{at}.xml"), String::new())).collect();
    refuses(vec![
        ("zip bomb", workbook(&bomb, &[]), SuspiciousArchive),
        ("entity expansion", workbook(&format!("{entities}{SHEET}{ROWS}{END}"), &[]), SuspiciousArchive),
        ("external entity", workbook(&format!("{external}{SHEET}{ROWS}{END}"), &[]), SuspiciousArchive),
        ("formats copied", workbook(&format!("{SHEET}{ROWS}{END}"), &[("xl/styles.xml", &formats)]), SuspiciousArchive),
        (
            "10,000 sheets of one part",
            workbook(&format!("{SHEET}{ROWS}{END}"), &[("xl/workbook.xml", &sheets)]),
            SuspiciousArchive,
        ),
        ("10,000 parts", archive(&many), SuspiciousArchive),
    ]);
    let small = Limits { inflated: 100_000, ratio: 1_000_000, ..Limits::default() };
    assert_eq!(outcome(workbook(&bomb, &[]), small), Err(TooLarge), "counted while inflating");
    // One text of 1,000 bytes in 500,000 cells: small as a file, and half a gigabyte as rows.
    let row = |number: u32| format!(r#"<row r="{number}">{}</row>"#, "<c t='s'><v>0</v></c>".repeat(50));
    let rows: String = (3..10_003).map(row).collect();
    let text = format!("<sst><si><t>{}</t></si></sst>", "x".repeat(1000));
    let many = workbook(&format!("{SHEET}{ROWS}{rows}{END}"), &[("xl/sharedStrings.xml", &text)]);
    assert_eq!(outcome(many, Limits { text: 4 << 20, ..Limits::default() }), Err(TooLarge));
}

#[test]
fn what_cannot_be_read_says_why() {
    let good = sheet(ROWS);
    let ole = |stream: &str| {
        let mut bytes = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
        bytes.resize(1024, 0);
        bytes.extend(stream.encode_utf16().flat_map(u16::to_le_bytes));
        bytes
    };
    let mut locked = good.clone();
    for entry in directory(&good) {
        locked[entry + 8] |= 1;
    }
    let mut broken = good.clone();
    let sheet_data = good.windows(10).rposition(|window| window == b"sheet1.xml").unwrap();
    let first = good.windows(10).position(|window| window == b"sheet1.xml").unwrap();
    assert!(first < sheet_data);
    broken[first + 30] ^= 0xff;
    let document = parts("").into_iter().map(|(name, text)| (name.replace("xl/workbook", "word/document"), text));
    refuses(vec![
        ("encrypted by Office", ole("EncryptedPackage"), Encrypted),
        ("only the head of an OLE file", ole("")[..512].to_vec(), Encrypted),
        ("Excel 97", ole("Workbook"), OldExcel),
        ("Hangul document", ole("HwpSummaryInformation"), NotASpreadsheet),
        ("rights managed", b"\x9b DRMONE This Document is encrypted and protected by Fasoo DRM \0\0".to_vec(), Encrypted),
        ("encrypted parts", locked, Encrypted),
        ("cut off", good[..good.len() / 2].to_vec(), Damaged),
        ("cut off in the directory", good[..good.len() - 40].to_vec(), Damaged),
        ("flipped bits", broken, Damaged),
        ("sheet cut off", workbook(&format!("{SHEET}{ROWS}"), &[]), Damaged),
        ("tag cut off", workbook(&format!("{SHEET}{ROWS}<row"), &[]), Damaged),
        ("no sheet", workbook("", &[]), Damaged),
        ("picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01".to_vec(), NotASpreadsheet),
        ("program", b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff".to_vec(), NotASpreadsheet),
        ("PDF", b"%PDF-1.7\n1 0 obj".to_vec(), NotASpreadsheet),
        ("web page called xls", "<html><table><tr><td>이름</td><td>휴대폰</td></tr></table>".into(), NotASpreadsheet),
        ("document", archive(&document.collect::<Vec<_>>()), NotASpreadsheet),
        ("empty archive", archive(&[]), NotASpreadsheet),
        ("nothing", Vec::new(), Empty),
    ]);
    assert_eq!(outcome(good, Limits { bytes: 100, ..Limits::default() }), Err(TooLarge));
}

#[test]
fn archives_that_mean_two_things_are_refused() {
    let with = |name: &str| workbook(&format!("{SHEET}{ROWS}{END}"), &[(name, "<a/>")]);
    let twins = workbook(&format!("{SHEET}{ROWS}{END}"), &[("xl/aaa.xml", "<a/>"), ("xl/bbb.xml", "<a/>")]);
    let entries = directory(&twins);
    let mut overlapping = twins.clone();
    let (from, to) = (entries[entries.len() - 2] + 42, entries[entries.len() - 1] + 42);
    overlapping.copy_within(from..from + 4, to);
    let utf16: String = "<worksheet/>".chars().flat_map(|c| ['\0', c]).collect();
    refuses(vec![
        ("path upwards", replaced(&with("AA/AA/evil.xml"), b"AA/AA/", b"../../"), SuspiciousArchive),
        ("path upwards the other way", replaced(&with("AA/AA/evil.xml"), b"AA/AA/", b"..\\..\\"), SuspiciousArchive),
        ("absolute path", replaced(&with("Aetc/passwd"), b"Aetc", b"/etc"), SuspiciousArchive),
        ("drive", replaced(&with("CA/evil.xml"), b"CA/", b"C:/"), SuspiciousArchive),
        ("one name twice", replaced(&twins, b"xl/aaa.xml", b"xl/bbb.xml"), SuspiciousArchive),
        ("shared bytes", overlapping, SuspiciousArchive),
        ("UTF-16", workbook(&utf16, &[]), SuspiciousArchive),
        ("rows out of order", sheet(&format!(r#"{ROWS}<row r="1"><c r="A1"><v>1</v></c></row>"#)), Damaged),
    ]);
}

#[test]
fn limits_of_the_list_have_their_reasons() {
    let long = |bytes: usize| {
        let text = "x".repeat(bytes);
        sheet(&format!(r#"{ROWS}<row r="3"><c r="A3" t="inlineStr"><is><t>{text}</t></is></c></row>"#))
    };
    let header = r#"<row r="1"><c r="A1" t="inlineStr"><is><t>이름</t></is></c></row>"#;
    let hidden = r#"<workbook><sheets><sheet name="a" state="hidden" r:id="rId1"/></sheets></workbook>"#;
    let filled = "<row><c><v>1</v></c></row>";
    refuses(vec![
        ("200,001 rows", sheet(&format!("{ROWS}{}", filled.repeat(200_000))), TooManyRows),
        ("a cell of 1 MB", long(1 << 20), CellTooLarge),
        ("a text of 1 MB", strings("", &format!("<si><t>{}</t></si>", "x".repeat(1 << 20))), CellTooLarge),
        ("a cell of 1,001 bytes", long(1001), CellTooLarge),
        ("51 columns", sheet(&cell("AY3")), TooManyColumns),
        ("an empty sheet", sheet(""), Empty),
        ("only a header", sheet(&ROWS[..ROWS.find(r#"<row r="2">"#).unwrap()]), Empty),
        ("no visible sheet", workbook(&format!("{SHEET}{ROWS}{END}"), &[("xl/workbook.xml", hidden)]), Empty),
        ("no header", sheet(header), NoHeader),
        ("a quote that never ends", format!("이름,휴대폰\n\"김단골,{}", "01012345678,\n".repeat(1000)).into(), UnclosedQuote),
        ("one endless line", "x".repeat(5 << 20).into(), NoHeader),
        ("no known encoding", b"\xff\xff,\xfe\n".to_vec(), UnknownEncoding),
    ]);
    let few = Limits { rows: 1000, ..Limits::default() };
    let row = |number: u32| format!(r#"<row r="{number}"><c r="A{number}"><v>1</v></c></row>"#);
    let rows = |last: u32| sheet(&format!("{ROWS}{}", (3..=last).map(row).collect::<String>()));
    assert_eq!((outcome(rows(1001), few), outcome(rows(1002), few)), (Ok(1000), Err(TooManyRows)));
    let csv = |rows: usize| format!("이름,휴대폰\n{}", "김단골,010\n".repeat(rows)).into_bytes();
    assert_eq!((outcome(csv(1000), few), outcome(csv(1001), few)), (Ok(1000), Err(TooManyRows)));
}
