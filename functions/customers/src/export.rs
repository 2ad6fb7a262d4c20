//! Customers as a spreadsheet to download.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use shared::aws::downloads::{Downloads, Link};
use shared::db::audit::{self, Subject};
use shared::db::customers::{self, Customer, Position, Sort, Wanted, Within};
use shared::db::groups::Label;
use shared::db::{clinics, customer_columns, groups};
use shared::http::{Body, Caller, Kind, Language, Problem, Staff, filter};
use shared::model::{ClinicId, GroupId};
use shared::spreadsheet::{CONSENT, Format, OTHER_GROUPS, WriteFailed, Writer};
use sqlx::MySqlConnection;
use utoipa::ToSchema;

use crate::Deps;

/// Customers that are held in memory at once.
const CHUNK: u32 = 500;
/// How long customers are read. What remains of the 28 s that the function has is for packing and handing over the file.
const PATIENCE: TimeDelta = TimeDelta::seconds(12);
/// How a day is written.
const DAY: &str = "%Y-%m-%d";
/// What a cell may hold to be read again by an import.
const MAX_CELL: usize = 1000;

/// Which customers to export, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CustomerExport, example = json!({"format": "xlsx", "groupId": "grp_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e"}))]
pub struct Wish {
    /// The form of the file.
    format: FileFormat,
    /// Only those in this group.
    group_id: Option<GroupId>,
    /// A part of a name or of a phone, at most 50 characters.
    q: Option<String>,
}

/// The form of a spreadsheet file.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum FileFormat {
    /// Excel workbook.
    Xlsx,
    /// Text with commas, UTF-8 with a byte order mark.
    Csv,
}

impl From<FileFormat> for Format {
    fn from(format: FileFormat) -> Self {
        match format {
            FileFormat::Xlsx => Self::Xlsx,
            FileFormat::Csv => Self::Csv,
        }
    }
}

/// Where to download the file.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CustomerExportFile)]
pub struct ExportView {
    /// The address; whoever has it can read the file.
    url: String,
    /// The name under which a browser saves it.
    file_name: String,
    /// How many customers it holds.
    rows: u32,
    /// When the address stops working.
    expires_at: DateTime<Utc>,
}

/// Exports customers
///
/// Everybody, a group or what a search finds, with name, mobile, group, the clinic's own columns, and the day on which they agreed to
/// advertising. The column names are Korean, or English by `Accept-Language`. The file can be uploaded again as it is, as long as
/// it has at most 50 columns; an import gives no consent. A cell that a spreadsheet program would take for a formula has an
/// apostrophe in front, which an import takes off.
#[utoipa::path(post, path = "/v1/customers/export", operation_id = "exportCustomers", responses((status = 200, body = ExportView)))]
pub async fn export<D: Downloads>(
    State(deps): State<Arc<Deps<D>>>,
    caller: Caller,
    language: Language,
    Body(wish): Body<Wish>,
) -> Result<Json<ExportView>, Problem> {
    let search = filter::search(wish.q.as_deref())?;
    let format = Format::from(wish.format);
    let begun = deps.ambient.now();
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let group = match wish.group_id {
        Some(id) => Some(groups::find(&mut connection, staff.clinic, id).await?.ok_or_else(Problem::not_found)?),
        None => None,
    };
    let wanted = Wanted { within: within(group.as_ref()), search, sort: Sort::Oldest };
    let zone = zone(&mut connection, staff.clinic).await?;
    let mut sheet = Sheet::begin(&mut connection, staff.clinic, format, language, group, zone).await?;
    let mut from = Position::default();
    loop {
        if deps.ambient.now() - begun > PATIENCE {
            return Err(too_many());
        }
        let found = customers::list(&mut connection, staff.clinic, &wanted, &from, CHUNK).await?;
        sheet.put(&mut connection, staff.clinic, &found.customers).await?;
        let full = u32::try_from(found.customers.len()).is_ok_and(|count| count >= CHUNK);
        let next = if full { found.positions.into_iter().next_back() } else { found.more };
        let Some(next) = next else { break };
        from = next;
    }
    let day = begun.with_timezone(&zone).format(DAY);
    let file_name = format!("{}-{day}.{}", language.choose("고객", "customers"), format.extension());
    let rows = sheet.writer.rows();
    // Before the file is there: what nobody could write down is not handed over.
    let (subject, people) = (wish.group_id.map_or(Subject::Many, Subject::Group), usize::try_from(rows).unwrap_or(usize::MAX));
    audit::record(&mut connection, &deps.ambient, &staff, "customer.export", subject, people).await?;
    // Nobody waits for the connection while the file is packed.
    drop(connection);
    let file = sheet.writer.finish().map_err(write_failed)?;
    let kept = deps.downloads.offer(&deps.ambient, staff.clinic, file, &file_name).await;
    let Link { url, file_name, expires_at } = kept.map_err(Problem::internal)?;
    let (format, group) = (format.extension(), wish.group_id.map(|id| id.to_string()));
    tracing::info!(event = "customers.exported", staff.id = %staff.id, rows, format, group.id = group, "customers exported");
    Ok(Json(ExportView { url, file_name, rows, expires_at }))
}

fn within(group: Option<&Label>) -> Within {
    match group {
        None => Within::Everywhere,
        Some(group) if group.unassigned => Within::Unassigned,
        Some(group) => Within::Group(group.id),
    }
}

/// Where the clinic is.
async fn zone(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<Tz, Problem> {
    let clinic = clinics::find(connection, clinic).await?;
    Ok(clinic.and_then(|clinic| clinic.time_zone.parse().ok()).unwrap_or(Tz::Asia__Seoul))
}

/// The file, row by row.
struct Sheet {
    writer: Writer,
    /// The clinic's own columns.
    columns: Vec<String>,
    /// The group that is exported, whose name comes first.
    group: Option<String>,
    /// Whether there is a column for the groups behind the first.
    others: bool,
    /// Where the clinic is.
    zone: Tz,
}

impl Sheet {
    async fn begin(
        connection: &mut MySqlConnection,
        clinic: ClinicId,
        format: Format,
        language: Language,
        group: Option<Label>,
        zone: Tz,
    ) -> Result<Self, Problem> {
        let columns = customer_columns::list(connection, clinic).await?;
        let others = customers::anybody_in_two_groups(connection, clinic).await?;
        let names = [("이름", "Name"), ("휴대폰", "Mobile"), ("그룹", "Group")].map(|(ko, en)| language.choose(ko, en));
        let mut header = names.to_vec();
        header.extend(columns.iter().map(String::as_str));
        header.push(language.choose(CONSENT.0, CONSENT.1));
        header.extend(others.then(|| language.choose(OTHER_GROUPS.0, OTHER_GROUPS.1)));
        let writer = Writer::new(format, &header).map_err(write_failed)?;
        let group = group.filter(|group| !group.unassigned).map(|group| group.name);
        Ok(Self { writer, columns, group, others, zone })
    }

    async fn put(&mut self, connection: &mut MySqlConnection, clinic: ClinicId, customers: &[Customer]) -> Result<(), Problem> {
        let ids: Vec<_> = customers.iter().map(|customer| customer.id).collect();
        let mut groups = customers::list_group_names(connection, clinic, &ids).await?;
        for customer in customers {
            let mut groups = groups.remove(&customer.id).unwrap_or_default();
            // An import reads one group of a row: the one that is exported, else the first by name.
            if let Some(at) = self.group.as_ref().and_then(|name| groups.iter().position(|group| group == name)) {
                groups[..=at].rotate_right(1);
            }
            let (first, others) = groups.split_first().map_or(("", &[][..]), |(first, others)| (first.as_str(), others));
            let (phone, others) = (customer.phone.to_string(), joined(others));
            let mut cells = vec![customer.name.as_str(), &phone, first];
            cells.extend(self.columns.iter().map(|name| customer.attributes.get(name).map_or("", String::as_str)));
            let agreed = customer.advertising_consent_at.map(|at| at.with_timezone(&self.zone).format(DAY).to_string());
            cells.push(agreed.as_deref().unwrap_or_default());
            cells.extend(self.others.then_some(others.as_str()));
            self.writer.row(&cells).map_err(write_failed)?;
        }
        Ok(())
    }
}

/// Names with commas between them, as many as a cell may hold.
fn joined(names: &[String]) -> String {
    let mut text = String::new();
    for name in names {
        if text.len() + name.len() + ", …".len() > MAX_CELL {
            text.push_str(", …");
            break;
        }
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(name);
    }
    text
}

fn write_failed(error: WriteFailed) -> Problem {
    if matches!(error, WriteFailed::Full) { too_many() } else { Problem::internal(error) }
}

fn too_many() -> Problem {
    Problem::of(Kind::ExportTooLarge).detail(
        "한 파일에 담기에는 고객이 너무 많습니다. 그룹을 선택해 나누어 내보내거나 CSV로 내보내 주세요.",
        "There are too many customers for one file. Export them group by group, or as csv.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_of_groups_stays_short_enough_to_be_read_again() {
        assert_eq!(joined(&["VIP".to_owned(), "재방문".to_owned()]), "VIP, 재방문");
        let many = joined(&vec!["가".repeat(50); 49]);
        assert!(many.len() <= MAX_CELL && many.ends_with("가, …"), "{}", many.len());
    }
}
