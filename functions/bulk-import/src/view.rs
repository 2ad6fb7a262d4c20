//! An import and its rows as staff sees them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::db::customers::Attributes;
use shared::db::import_rows::{Counts, ImportRow};
use shared::db::imports::Import;
use shared::http::{Language, Text};
use shared::model::import::{ImportColumn, ImportFailure};
use shared::model::state::{ImportState, Verdict};
use shared::model::{ImportId, PhoneNumber};
use shared::store::Progress;

/// An import under review.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportView {
    id: ImportId,
    file_name: String,
    state: ImportState,
    failure: Option<FailureView>,
    sheet: Option<String>,
    columns: Vec<ImportColumn>,
    rows_read: u32,
    rows_committed: u32,
    counts: BTreeMap<Verdict, u64>,
    deleted: u64,
    created_at: DateTime<Utc>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FailureView {
    code: ImportFailure,
    text: &'static str,
}

impl ImportView {
    pub fn new(import: Import, counts: Counts, progress: Progress, language: Language) -> Self {
        let failure = import.failure.map(|code| {
            let (ko, en) = code.text();
            FailureView { code, text: language.choose(ko, en) }
        });
        Self {
            id: import.id,
            file_name: import.file_name,
            state: import.state,
            failure,
            sheet: import.sheet_name,
            columns: import.column_names,
            rows_read: progress.rows_read.unwrap_or(import.rows_read),
            rows_committed: progress.rows_committed.unwrap_or(import.rows_committed),
            counts: counts.verdicts,
            deleted: counts.deleted,
            created_at: import.created_at,
        }
    }
}

/// A row of the file with what was made of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RowView {
    /// The row's number in the spreadsheet.
    pub number: u32,
    name: String,
    /// As it stands in the file.
    phone_text: String,
    phone: Option<PhoneNumber>,
    group: Option<String>,
    attributes: Attributes,
    verdict: Verdict,
    duplicate_of: Option<u32>,
    reason: Option<String>,
}

impl RowView {
    pub fn new(row: ImportRow, language: Language) -> Self {
        let reason = reason(row.verdict, row.duplicate_of).map(|text| text.of(language).to_owned());
        Self {
            number: row.number,
            name: row.name,
            phone_text: row.phone_text,
            phone: row.phone,
            group: Some(row.group_name).filter(|name| !name.is_empty()),
            attributes: row.attributes,
            verdict: row.verdict,
            duplicate_of: row.duplicate_of,
            reason,
        }
    }
}

/// What a clinic reads about a row; nothing about one that is simply new.
fn reason(verdict: Verdict, duplicate_of: Option<u32>) -> Option<Text> {
    let text = match (verdict, duplicate_of) {
        (Verdict::New, _) => return None,
        (Verdict::Updates, _) => Text::new(
            "이미 있는 고객입니다. 이름과 추가 정보를 이 행의 내용으로 바꿉니다.",
            "The customer exists; name and details are updated from this row.",
        ),
        (Verdict::Duplicate, Some(row)) => {
            Text::new(format!("{row}행과 휴대폰 번호가 같습니다."), format!("The same phone is in row {row}."))
        }
        (Verdict::Duplicate, None) => Text::new("앞의 행과 휴대폰 번호가 같습니다.", "The same phone is in an earlier row."),
        (Verdict::BadPhone, _) => Text::new(
            "알림톡을 받을 수 있는 휴대폰 번호가 아닙니다. 010-1234-5678 형식으로 고쳐 주세요.",
            "Not a mobile number that can receive messages. Write it like 010-1234-5678.",
        ),
        (Verdict::MissingName, _) => {
            Text::new("이름이 없거나 50자를 넘습니다.", "There is no name, or it has more than 50 characters.")
        }
        (Verdict::Suppressed, _) => Text::new(
            "수신을 거부한 번호라서 등록하지 않습니다.",
            "The person asked not to be written to; the row is left out.",
        ),
    };
    Some(text)
}
