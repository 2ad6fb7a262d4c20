//! Files that would fill the memory of whoever believed them, and the heaviest that are read.

use crate::child;
use crate::hostile::{MEMORY, refuses};
use crate::support::{END, ROWS, SHEET, parts, workbook};
use shared::model::import::ImportFailure::{CellTooLarge, SuspiciousArchive, TooLarge, TooManyColumns, UnclosedQuote};

fn with(name: &str, text: &str) -> Vec<u8> {
    workbook(&format!("{SHEET}{ROWS}{END}"), &[(name, text)])
}

fn texts(texts: &str) -> Vec<u8> {
    with("xl/sharedStrings.xml", &format!("<sst>{texts}</sst>"))
}

/// Something in a text that does not shrink much: a part that shrinks to nothing is refused as a bomb before it is looked at.
fn noise(bytes: usize) -> String {
    let mut state = 7_u64;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + u8::try_from((state >> 59) % 26).unwrap())
    };
    format!("<!--{}-->", (0..bytes).map(|_| letter()).collect::<String>())
}

/// An archive whose directory has so many entries.
fn directory(entries: usize, name: &[u8]) -> Vec<u8> {
    let mut entry = b"PK\x01\x02".to_vec();
    entry.resize(46, 0);
    entry[28..30].copy_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
    entry.extend_from_slice(name);
    let mut archive = b"PK\x03\x04".to_vec();
    archive.resize(30, 0);
    let directory = entry.repeat(entries);
    let count = u16::try_from(entries).unwrap().to_le_bytes();
    let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
    end.extend([count, count].concat());
    end.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
    end.extend(30_u32.to_le_bytes());
    end.extend([0, 0]);
    [archive, directory, end].concat()
}

#[test]
fn whatever_the_library_would_keep_is_weighed_before_it_is_opened() {
    let style = |inside: &str| with("xl/styles.xml", &format!("<styleSheet>{inside}{}</styleSheet>", noise(20_000)));
    let formats = |inside: &str| style(&format!("<cellXfs>{inside}</cellXfs>"));
    let name = format!("<numFmts><numFmt numFmtId='9' formatCode='{}'/></numFmts>", "0".repeat(15_000));
    let relation = "<Relationship Id='r' Type='x/image' Target='a.png'/>";
    let pieces = |piece: &str, count| format!("<si><t>{}</t></si>", format!("{piece}{}", noise(5)).repeat(count));
    refuses(vec![
        ("2,000,000 texts", texts(&format!("{}{}", "<si/>".repeat(2_000_000), noise(60_000))), TooLarge),
        ("300,000 formats", formats(&"<xf/>".repeat(300_000)), SuspiciousArchive),
        ("formats that copy a name", formats(&format!("{name}{}", "<xf numFmtId='9'/>".repeat(5000))), SuspiciousArchive),
        ("a name of 100 kB", style(&format!("<font><name val='{}'/></font>", "가".repeat(33_000))), SuspiciousArchive),
        ("300,000 number formats", style(&"<numFmt/>".repeat(300_000)), SuspiciousArchive),
        (
            "300,000 relations",
            with("xl/a.rels", &format!("<a>{}{}</a>", relation.repeat(300_000), noise(90_000))),
            SuspiciousArchive,
        ),
        ("a text in 100,000 pieces", texts(&pieces("<b></b>", 100_000)), CellTooLarge),
        ("texts inside a text", texts(&pieces("<si></si>", 100_000)), CellTooLarge),
        (
            "a depth of 100,000",
            with("xl/a.xml", &format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000))),
            SuspiciousArchive,
        ),
    ]);
}

#[test]
fn what_the_library_would_read_otherwise_than_the_checks_is_refused() {
    let mut renamed = parts(&format!("{SHEET}{ROWS}{END}"));
    for (name, text) in &mut renamed {
        *name = name.replace("sheet1.xml", "sheet1.bin");
        *text = text.replace("sheet1.xml", "sheet1.bin").replace("<?xml", "x<?xml");
    }
    refuses(vec![
        ("a sheet that is no markup", crate::support::archive(&renamed), SuspiciousArchive),
        ("a text before the markup", with("xl/styles.xml", "x<styleSheet></styleSheet>"), SuspiciousArchive),
        ("a closing tag with attributes", texts("<si><t></t a='>'></si>"), SuspiciousArchive),
        ("a name that ends with a slash", texts("<si><t/ ></si>"), SuspiciousArchive),
    ]);
}

#[test]
fn directories_and_lines_without_end_take_no_memory() {
    let commas = format!("이름,휴대폰\n김단골,010-1234-5678\n{}x", ",".repeat(3_000_000));
    let quotes = format!("이름,휴대폰\n\"{}", "\"\"".repeat(2_000_000));
    refuses(vec![
        ("65,000 entries", directory(65_000, &[b'a'; 100]), SuspiciousArchive),
        ("names of 10 MB", directory(160, &[b'a'; 65_000]), SuspiciousArchive),
        ("a line of 3,000,000 commas", commas.into_bytes(), TooManyColumns),
        ("a text of 2,000,000 quotes", quotes.into_bytes(), UnclosedQuote),
    ]);
}

#[test]
fn the_heaviest_workbooks_that_are_read_fit_into_memory() {
    let different = |number: u64| number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let short = |number| format!("<si><t>{:x}</t></si>", number % 4096);
    let long = |number| format!("<si><t>{:01000x}</t></si>", different(number));
    let runs = |number| format!("<si><r><t>{:01000x}</t></r><r><t>x</t></r></si>", different(number));
    let many: String = (0..1_100_000).map(short).collect();
    let long: String = (0..50_000).map(long).collect();
    let runs: String = (0..25_000).map(runs).collect();
    let formats =
        format!("<styleSheet><cellXfs>{}{}</cellXfs></styleSheet>", "<xf numFmtId='14'/>".repeat(150_000), noise(20_000));
    for (name, file) in [
        ("many texts", texts(&many)),
        ("long texts", texts(&long)),
        ("texts in runs", texts(&runs)),
        ("formats", with("xl/styles.xml", &formats)),
    ] {
        let report = child::read(&file);
        assert_eq!(report.outcome, Ok(1), "{name}");
        assert!(report.peak < MEMORY, "{name} took {} bytes", report.peak);
    }
}
