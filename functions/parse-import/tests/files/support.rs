//! Reading files, and workbooks built by hand, so that they can be wrong in every way.

use std::io::{Cursor, Write};

use parse_import::file::{self, How, Limits, Refusal, Stop};
use parse_import::table::Line;
use shared::db::customers::Attributes;
use shared::db::imports::Contents;
use shared::model::import::{ColumnRole, ImportFailure};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// What became of a file.
#[derive(Debug)]
pub struct Outcome {
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal>,
    /// What was found in it.
    pub found: Contents,
    /// The lines of the list.
    pub lines: Vec<Line>,
}

impl Outcome {
    /// Reads a file.
    pub fn of(bytes: &[u8], how: &How) -> Self {
        let (mut found, mut lines) = (Contents::default(), Vec::new());
        let outcome = file::read(bytes, how, &mut found, &mut |line| {
            lines.push(line);
            Ok(())
        });
        let refusal = match outcome {
            Ok(()) => None,
            Err(Stop::Refused(refusal)) => Some(refusal),
            Err(Stop::Abandoned) => panic!("every line was taken"),
        };
        Self { refusal, found, lines }
    }

    /// Reads a file that must be read.
    pub fn good(bytes: &[u8]) -> Self {
        let outcome = Self::of(bytes, &How::default());
        assert_eq!(outcome.refusal, None);
        outcome
    }

    /// Why the file was refused, and where.
    pub fn reason(&self) -> Option<(ImportFailure, Option<&str>)> {
        self.refusal.as_ref().map(|refusal| (refusal.failure, refusal.at.as_deref()))
    }

    /// What stands above the columns, and what they were taken for.
    pub fn columns(&self) -> Vec<(&str, &str, ColumnRole)> {
        let columns = self.found.columns.iter();
        columns.map(|column| (column.letter.as_str(), column.header.as_str(), column.role)).collect()
    }

    /// The attributes of a line.
    pub fn attributes(&self, line: usize) -> Attributes {
        serde_json::from_str(self.lines[line].attributes.as_json()).expect("attributes are a JSON object")
    }
}

/// Reads a list of rows within limits.
pub fn list(rows: &[&[&str]], limits: Limits) -> Outcome {
    let row = |row: &&[&str]| row.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect::<Vec<_>>().join(",");
    let text: Vec<String> = rows.iter().map(row).collect();
    Outcome::of(text.join("\n").as_bytes(), &How { limits, ..How::default() })
}

/// The head of a sheet.
pub const SHEET: &str = r#"<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#;
/// The end of a sheet.
pub const END: &str = "</sheetData></worksheet>";
/// A header and one customer.
pub const ROWS: &str = r#"<row r="1"><c r="A1" t="inlineStr"><is><t>이름</t></is></c><c r="B1" t="inlineStr"><is><t>휴대폰</t></is></c></row><row r="2"><c r="A2" t="inlineStr"><is><t>김단골</t></is></c><c r="B2"><v>1012345678</v></c></row>"#;

const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// The parts of a small workbook with that sheet.
pub fn parts(sheet: &str) -> Vec<(String, String)> {
    let rels = |target: &str, kind: &str| {
        format!(r#"<Relationships><Relationship Id="rId1" Type="{RELATIONS}/{kind}" Target="{target}"/></Relationships>"#)
    };
    let workbook = r#"<workbook xmlns:r="r"><sheets><sheet name="고객" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
    [
        ("[Content_Types].xml", "<Types/>".to_owned()),
        ("_rels/.rels", rels("xl/workbook.xml", "officeDocument")),
        ("xl/workbook.xml", workbook.to_owned()),
        ("xl/_rels/workbook.xml.rels", rels("worksheets/sheet1.xml", "worksheet")),
        ("xl/worksheets/sheet1.xml", sheet.to_owned()),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .into()
}

/// A workbook with that sheet, and more or other parts.
pub fn workbook(sheet: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let mut parts = parts(sheet);
    for (name, text) in more {
        parts.retain(|(known, _)| known != name);
        parts.push(((*name).to_owned(), (*text).to_owned()));
    }
    archive(&parts)
}

/// A workbook whose sheet has these rows.
pub fn sheet(rows: &str) -> Vec<u8> {
    workbook(&format!("{SHEET}{rows}{END}"), &[])
}

/// A zip archive.
pub fn archive(parts: &[(String, String)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        archive.start_file(name, SimpleFileOptions::default()).expect("the name fits");
        archive.write_all(text.as_bytes()).expect("memory takes it");
    }
    archive.finish().expect("memory takes it").into_inner()
}

/// Replaces bytes everywhere by as many others.
pub fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let places: Vec<usize> = bytes.windows(from.len()).enumerate().filter(|(_, w)| *w == from).map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

/// Where each of the archive's entries is described in its directory.
pub fn directory(bytes: &[u8]) -> Vec<usize> {
    bytes.windows(4).enumerate().filter(|(_, window)| *window == b"PK\x01\x02").map(|(at, _)| at).collect()
}
