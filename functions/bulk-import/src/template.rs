//! A file to fill in, which is read without any correction.

use std::fs::File;
use std::io::{BufWriter, Seek as _};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use serde::Serialize;
use shared::aws::downloads::{Downloads, Link};
use shared::http::{Caller, Language, Problem, Staff};
use shared::model::import::Largest;
use utoipa::ToSchema;

use crate::Deps;

/// The columns, with a width in characters.
const COLUMNS: [(&str, &str, f64); 4] =
    [("이름", "Name", 14.0), ("휴대폰", "Mobile", 18.0), ("그룹", "Group", 16.0), ("메모", "Memo", 40.0)];
/// What a person who fills the file in should know. No example stands in the list itself: it would be imported.
const NOTES: [(&str, &str); 6] = [
    (
        "첫 번째 시트의 제목 행 아래에 한 줄에 한 명씩 입력해 주세요.",
        "Put one person per line below the row of column names of the first sheet.",
    ),
    (
        "이름과 휴대폰은 반드시 있어야 합니다. 이름은 최대 50자입니다.",
        "Name and mobile are needed. A name has at most 50 characters.",
    ),
    (
        "휴대폰은 010-1234-5678 또는 01012345678처럼 입력해 주세요.",
        "Write the mobile number like 010-1234-5678 or 01012345678.",
    ),
    (
        "그룹은 비워 두어도 됩니다. 없는 그룹은 새로 만듭니다. 예: VIP, 임플란트 상담",
        "The group may be left empty; one that does not exist is made. For example: VIP",
    ),
    (
        "필요한 열을 더 만들어도 됩니다. 열 이름은 메시지의 변수로 쓸 수 있습니다. 예: 생일, 담당",
        "Add columns as you need them; messages can use them as variables. For example: birthday, doctor",
    ),
    (
        "올린 뒤에 등록될 내용을 먼저 보여 드리며, 확인하기 전에는 아무것도 등록하지 않습니다.",
        "After the upload you see what will happen. Nothing is imported before you confirm it.",
    ),
];

/// Where the template can be downloaded.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateFileView {
    /// The address of the file.
    url: String,
    /// The name under which a browser saves it.
    file_name: String,
    /// When the address stops working.
    expires_at: DateTime<Utc>,
}

/// Offers a spreadsheet to fill in
///
/// It is read without any correction.
#[utoipa::path(get, path = "/v1/imports/template", operation_id = "offerTemplate",
    responses((status = 200, body = TemplateFileView)))]
pub async fn offer<P, U, D: Downloads>(
    State(deps): State<Arc<Deps<P, U, D>>>,
    caller: Caller,
    language: Language,
) -> Result<Json<TemplateFileView>, Problem> {
    let staff = {
        let mut connection = deps.database.acquire().await?;
        Staff::identify(&mut connection, &caller).await?
    };
    let file = write(language, deps.largest).map_err(Problem::internal)?;
    let name = language.choose("고객 등록 양식.xlsx", "customer-template.xlsx");
    let Link { url, file_name, expires_at } =
        deps.downloads.offer(&deps.ambient, staff.clinic, file, name).await.map_err(Problem::internal)?;
    Ok(Json(TemplateFileView { url, file_name, expires_at }))
}

/// The file could not be written.
#[derive(Debug, thiserror::Error)]
enum WriteFailed {
    #[error("temporary file: {0}")]
    File(#[from] std::io::Error),
    #[error("workbook: {0}")]
    Workbook(#[from] XlsxError),
}

fn write(language: Language, largest: Largest) -> Result<File, WriteFailed> {
    // As text, a phone that is typed in keeps its zero.
    let text = Format::new().set_num_format("@");
    let bold = text.clone().set_bold();
    let mut workbook = Workbook::new();
    let list = workbook.add_worksheet().set_name(language.choose("고객", "Customers"))?;
    for (at, (ko, en, width)) in (0..).zip(COLUMNS) {
        list.set_column_format(at, &text)?.set_column_width(at, width)?;
        list.write_string_with_format(0, at, language.choose(ko, en), &bold)?;
    }
    list.set_freeze_panes(1, 0)?;
    let notes = workbook.add_worksheet().set_name(language.choose("설명", "Notes"))?;
    notes.set_column_width(0, 100.0)?;
    for (at, (ko, en)) in (0..).zip(NOTES) {
        notes.write_string(at, 0, language.choose(ko, en))?;
    }
    let (megabytes, rows) = (largest.bytes >> 20, largest.rows);
    notes.write_string(
        6,
        0,
        language.choose(
            &format!("한 파일은 최대 {megabytes}MB, {rows}행, 50열입니다. 이 시트는 지우지 않아도 됩니다."),
            &format!("A file has at most {megabytes} MB, {rows} rows and 50 columns. This sheet may stay."),
        ),
    )?;
    let mut file = BufWriter::new(tempfile::tempfile()?);
    workbook.save_to_writer(&mut file)?;
    let mut file = file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    file.rewind()?;
    Ok(file)
}
