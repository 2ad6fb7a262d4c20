//! The rows that cannot be imported, as a spreadsheet to mend and upload again.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::aws::downloads::{Downloads, Link};
use shared::db::audit::{self, Subject};
use shared::db::import_rows::review::{self, Filter, ReviewRow};
use shared::db::imports::Import;
use shared::http::{Caller, Ids, Kind, Language, Problem, Staff};
use shared::model::import::ColumnRole;
use shared::model::state::{ImportState, Verdict};
use shared::model::{ClinicId, ImportId};
use shared::spreadsheet::{FAULT, Format, WriteFailed, Writer};
use sqlx::MySqlConnection;
use utoipa::ToSchema;

use crate::Deps;
use crate::lives::{find, require_ready};
use crate::reason::reason;

/// Rows that are read at once.
const PAGE: u32 = 1000;
const BAD: [Verdict; 4] = [Verdict::BadPhone, Verdict::MissingName, Verdict::Duplicate, Verdict::Suppressed];

/// Where the bad rows can be downloaded.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BadRowsView {
    /// The address; whoever has it can read the file.
    url: String,
    /// The name under which a browser saves it.
    file_name: String,
    /// How many rows are in it.
    rows: u32,
    /// When the address stops working.
    expires_at: DateTime<Utc>,
}

/// Offers the bad rows as a spreadsheet
///
/// The columns of the file and one with the reason. Mended, it can be uploaded as it is: the reason is not read.
#[utoipa::path(get, path = "/v1/imports/{importId}/bad-rows", operation_id = "offerBadRows",
    responses((status = 200, body = BadRowsView)))]
pub async fn offer<P, U, D: Downloads>(
    State(deps): State<Arc<Deps<P, U, D>>>,
    caller: Caller,
    language: Language,
    Ids(id): Ids<ImportId>,
) -> Result<Json<BadRowsView>, Problem> {
    let (staff, writer) = {
        let mut connection = deps.database.acquire().await?;
        let staff = Staff::identify(&mut connection, &caller).await?;
        let import = find(&mut connection, staff.clinic, id).await?;
        if matches!(import.state, ImportState::Uploading | ImportState::Parsing | ImportState::Failed) {
            require_ready(import.state)?;
        }
        let writer = write(&mut connection, staff.clinic, &import, language).await?;
        let people = usize::try_from(writer.rows()).unwrap_or(usize::MAX);
        audit::record(&mut connection, &deps.ambient, &staff, "import.bad_rows", Subject::Import(id), people).await?;
        (staff, writer)
    };
    let rows = writer.rows();
    if rows == 0 {
        return Err(Problem::of(Kind::NoRows).detail("잘못된 행이 없습니다.", "There are no bad rows."));
    }
    let file = writer.finish().map_err(unwritable)?;
    let name = language.choose("등록하지 못한 행.xlsx", "rows-to-mend.xlsx");
    let Link { url, file_name, expires_at } =
        deps.downloads.offer(&deps.ambient, staff.clinic, file, name).await.map_err(Problem::internal)?;
    tracing::info!(event = "import.bad_rows", import.id = %id, staff.id = %staff.id, rows, "bad rows offered");
    Ok(Json(BadRowsView { url, file_name, rows, expires_at }))
}

async fn write(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    import: &Import,
    language: Language,
) -> Result<Writer, Problem> {
    let columns = Column::all(import, language);
    let header: Vec<&str> = columns.iter().map(|column| column.header.as_str()).collect();
    let mut writer = Writer::new(Format::Xlsx, &header).map_err(unwritable)?;
    let filter = Filter { verdicts: BAD.to_vec(), ..Filter::default() };
    let mut after = 0;
    loop {
        let rows = review::list(connection, clinic, import.id, &filter, after, PAGE).await?;
        for row in &rows {
            let fault = fault(row, language);
            let cells: Vec<&str> = columns.iter().map(|column| column.cell(row, &fault)).collect();
            writer.row(&cells).map_err(unwritable)?;
        }
        match rows.last() {
            Some(last) => after = last.number,
            None => return Ok(writer),
        }
    }
}

fn unwritable(failed: WriteFailed) -> Problem {
    match failed {
        WriteFailed::Full => Problem::of(Kind::ExportTooLarge)
            .detail("파일 하나에 담기에는 내용이 너무 많습니다.", "There is too much text for one file."),
        failed => Problem::internal(failed),
    }
}

/// Where the row was, and what is wrong with it.
fn fault(row: &ReviewRow, language: Language) -> String {
    let reason = reason(row, false, None, false);
    let reason = reason.as_ref().map_or("", |text| text.of(language));
    let number = row.number;
    match language {
        Language::Korean => format!("원본 {number}행: {reason}"),
        Language::English => format!("Row {number} of the file: {reason}"),
    }
}

struct Column {
    header: String,
    source: Source,
}

enum Source {
    Name,
    Phone,
    Group,
    Attribute,
    Fault,
}

impl Column {
    /// The columns of the file, in its order, and one for the reason, which is not read when the file comes back.
    fn all(import: &Import, language: Language) -> Vec<Self> {
        let columns = import.contents.columns.iter().filter_map(|column| {
            let source = match column.role {
                ColumnRole::Name => Source::Name,
                ColumnRole::Phone => Source::Phone,
                ColumnRole::Group => Source::Group,
                ColumnRole::Attribute => Source::Attribute,
                // What was not read is not there to be written.
                ColumnRole::Ignored => return None,
            };
            Some(Self { header: column.header.clone(), source })
        });
        let mut columns: Vec<Self> = columns.collect();
        // Names that say what they are lead to the same roles again. Where staff had to say it, the file comes back with
        // names that need no help: they are the first choice wherever such a column is looked for.
        if !import.wish.columns.is_empty() || import.wish.header_row == Some(0) {
            columns.retain(|column| matches!(column.source, Source::Attribute));
            let known = [("이름", Source::Name), ("휴대폰", Source::Phone), ("그룹", Source::Group)];
            let known = known.map(|(header, source)| Self { header: header.to_owned(), source });
            columns.splice(0..0, known);
        }
        let header = language.choose(FAULT.0, FAULT.1).to_owned();
        columns.push(Self { header, source: Source::Fault });
        columns
    }

    fn cell<'row>(&self, row: &'row ReviewRow, fault: &'row str) -> &'row str {
        match self.source {
            Source::Name => &row.name,
            Source::Phone => &row.phone_text,
            Source::Group => &row.group_name,
            Source::Attribute => row.attributes.get(&self.header).map_or("", String::as_str),
            Source::Fault => fault,
        }
    }
}
