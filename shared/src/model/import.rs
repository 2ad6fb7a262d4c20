//! What an import makes of a file: which column is what, and why a file cannot be read at all.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::schema::{choice, schema};

/// The most bytes that an uploaded file may have, unless the setting `IMPORT_MAX_BYTES` says otherwise.
pub const MAX_FILE_BYTES: u64 = 10 << 20;
/// The most rows that a list may have.
pub const MAX_ROWS: u32 = 200_000;

/// The largest list that is read, unless the settings say otherwise [`MAX_FILE_BYTES`] and [`MAX_ROWS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Largest {
    /// Bytes of the file.
    pub bytes: u64,
    /// Rows of the list.
    pub rows: u32,
}

impl Default for Largest {
    fn default() -> Self {
        Self { bytes: MAX_FILE_BYTES, rows: MAX_ROWS }
    }
}
/// How long the rows of an import are kept after it is over. For so long it can be undone.
pub const ROWS_KEPT_FOR: TimeDelta = TimeDelta::days(30);

/// The stored text is not a reason that this version knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown reason of a failed import `{0}`")]
pub struct UnknownFailure(String);

macro_rules! failures {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $ko:literal, $en:literal;)+) => {
        /// Why a file could not become a list to review. The code is stable; the texts are for people.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum ImportFailure {
            $($(#[$doc])* #[serde(rename = $code)] $variant),+
        }

        impl ImportFailure {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The code, as the database and the API spell it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// What a clinic reads, in Korean and in English: what is wrong, and what helps.
            #[must_use]
            pub const fn text(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($ko, $en)),+ }
            }
        }

        impl FromStr for ImportFailure {
            type Err = UnknownFailure;

            fn from_str(text: &str) -> Result<Self, UnknownFailure> {
                match text {
                    $($code => Ok(Self::$variant),)+
                    _ => Err(UnknownFailure(text.to_owned())),
                }
            }
        }

        schema!(ImportFailure, choice("Why a file could not become a list to review.", &[$(($code, $en)),+]));
    };
}

failures! {
    /// Neither xlsx nor csv, whatever its name says.
    NotASpreadsheet = "not_a_spreadsheet",
        "엑셀(.xlsx) 또는 CSV 파일이 아닙니다. 엑셀에서 '다른 이름으로 저장 > Excel 통합 문서(.xlsx)'로 저장한 뒤 다시 올려 주세요.",
        "This is not an Excel (.xlsx) or CSV file. Save it in Excel as 'Excel workbook (.xlsx)' and upload it again.";
    /// The format of Excel before 2007.
    OldExcel = "old_excel",
        "이전 형식의 엑셀(.xls) 파일입니다. 엑셀에서 '다른 이름으로 저장 > Excel 통합 문서(.xlsx)'로 저장한 뒤 다시 올려 주세요.",
        "This is an Excel file of the old format (.xls). Save it in Excel as 'Excel workbook (.xlsx)' and upload it again.";
    /// A password protects it.
    Encrypted = "encrypted",
        "암호가 걸려 있어 읽을 수 없는 파일입니다. 암호를 해제하고 .xlsx로 저장한 뒤 다시 올려 주세요.",
        "The file is protected by a password and cannot be read. Remove the password, save it as .xlsx and upload it again.";
    /// It cannot be read to its end.
    Damaged = "damaged",
        "파일이 손상되었거나 올리는 중에 끊겼습니다. 엑셀에서 열어 .xlsx로 다시 저장한 뒤 올려 주세요.",
        "The file is damaged or was cut off while uploading. Open it in Excel, save it as .xlsx and upload it again.";
    /// It is built like no spreadsheet program builds files.
    SuspiciousArchive = "suspicious_archive",
        "일반적인 엑셀 파일의 구조가 아니어서 안전을 위해 읽지 않았습니다. 고객 목록만 새 통합 문서에 복사해 다시 올려 주세요.",
        "The file is not built like a usual Excel file and was not read, to be safe. Copy the list into a new workbook and upload that.";
    /// The text is in an encoding that is not recognised.
    UnknownEncoding = "unknown_encoding",
        "CSV 파일의 문자 인코딩을 알 수 없습니다. 엑셀에서 'CSV UTF-8' 또는 .xlsx로 저장한 뒤 다시 올려 주세요.",
        "The character encoding of the CSV file is not recognised. Save it as 'CSV UTF-8' or .xlsx and upload it again.";
    /// There is no customer in it.
    Empty = "empty",
        "파일에 고객이 한 명도 없습니다. 제목 행 아래에 고객을 입력한 뒤 다시 올려 주세요.",
        "There are no customers in the file. Put them below the row of column names and upload it again.";
    /// No row looks like a row of column names.
    NoHeader = "no_header",
        "열 이름이 있는 행을 찾지 못했습니다. '이름'과 '휴대폰'이라는 열 이름을 목록 맨 위에 넣어 주세요.",
        "No row with column names was found. Put the column names 'name' and 'phone' at the top of the list.";
    /// A row of column names, but none of them means a phone.
    NoPhoneColumn = "no_phone_column",
        "휴대폰 번호 열을 찾지 못했습니다. 열 이름을 '휴대폰' 또는 '연락처'로 바꿔 주세요.",
        "No column with phone numbers was found. Name it 'phone' or 'mobile'.";
    /// A row of column names, but none of them means a name.
    NoNameColumn = "no_name_column",
        "이름 열을 찾지 못했습니다. 열 이름을 '이름' 또는 '고객명'으로 바꿔 주세요.",
        "No column with customer names was found. Call it 'name'.";
    /// More bytes than are read. The limit is a setting, so it is told with the place of the failure.
    TooLarge = "too_large",
        "파일이 너무 큽니다. 그림과 필요 없는 시트를 지우거나 파일을 나누어 올려 주세요.",
        "The file is too large. Remove pictures and other sheets, or split the file.";
    /// More rows than are read, likewise.
    TooManyRows = "too_many_rows",
        "행이 너무 많습니다. 파일을 나누거나, 목록에서 멀리 떨어진 아래쪽 칸의 내용을 지워 주세요.",
        "There are too many rows. Split the file, or clear stray cells far below the list.";
    /// More columns than are read.
    TooManyColumns = "too_many_columns",
        "열이 너무 많습니다 (최대 50열). 필요 없는 열을 지우거나, 목록에서 멀리 떨어진 오른쪽 칸의 내용을 지워 주세요.",
        "There are too many columns (at most 50). Remove those you do not need, or clear stray cells far to the right.";
    /// A cell holds more text than is read.
    CellTooLarge = "cell_too_large",
        "내용이 너무 긴 칸이 있습니다 (한 칸에 최대 1,000바이트, 한글 약 330자). 긴 메모를 줄인 뒤 다시 올려 주세요.",
        "A cell holds too much text (at most 1,000 bytes per cell). Shorten long notes and upload the file again.";
    /// A quoted cell of a csv file does not end, so that everything behind it would be part of it.
    UnclosedQuote = "unclosed_quote",
        "닫히지 않은 큰따옴표(\")가 있어 그 뒤의 행을 구분할 수 없습니다. 해당 칸의 큰따옴표를 지우거나 .xlsx로 저장한 뒤 다시 올려 주세요.",
        "A quotation mark is opened and never closed, so the rows behind it cannot be told apart. Remove it, or save the list as .xlsx.";
    /// The sheet that was asked for is not in the file.
    NoSuchSheet = "no_such_sheet",
        "선택한 시트가 파일에 없습니다. 다른 시트를 선택해 주세요.",
        "The sheet that was chosen is not in the file. Choose another one.";
    /// Reading did not end, time and again.
    Stalled = "stalled",
        "파일을 읽는 작업이 끝나지 않았습니다. 다시 올려 주세요. 계속되면 문의해 주세요.",
        "Reading the file did not come to an end. Upload it again; if that does not help, contact us.";
}

impl fmt::Display for ImportFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::error::Error for ImportFailure {}

/// What a column of the file was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnRole {
    /// The customer's name.
    Name,
    /// The customer's phone.
    Phone,
    /// The group that the customer shall be in.
    Group,
    /// A column of the clinic's own, kept under its header.
    Attribute,
    /// Not to be read.
    Ignored,
}

/// A column of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportColumn {
    /// Where it stands, as a spreadsheet program calls it: `A`, `B`, … `Z`, `AA`.
    #[serde(default)]
    pub letter: String,
    /// Its header; a repeated one has a suffix, a missing one is the column's letter. Attributes are kept under it.
    pub header: String,
    /// What it was taken for.
    pub role: ColumnRole,
}

/// How staff want a file to be read where what was found is not what they meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ImportWish, example = json!({"sheet": "고객명단", "headerRow": 3, "columns": {"C": "phone", "D": "ignored"}}))]
pub struct Wish {
    /// The sheet; without it the first visible one that has a list. Csv files have none.
    pub sheet: Option<String>,
    /// The number of the row with the column names, from 1; 0 when there is none and the list begins at the top. Without it
    /// the row is looked for.
    pub header_row: Option<u32>,
    /// What columns are, by their letter; of the others their names decide.
    #[serde(default)]
    pub columns: BTreeMap<String, ColumnRole>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_fits_its_column_reads_back_and_has_both_texts() {
        for &failure in ImportFailure::ALL {
            assert_eq!(failure.as_str().parse(), Ok(failure));
            assert!(failure.as_str().len() <= 60);
            let (ko, en) = failure.text();
            assert!(ko.chars().any(|c| ('가'..='힣').contains(&c)) && en.is_ascii(), "{failure}");
        }
    }
}
