//! The messages of a campaign as a spreadsheet to download.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use shared::aws::downloads::{Downloads, Link};
use shared::db::audit::{self, Subject};
use shared::db::campaigns::{self, Campaign};
use shared::db::messages::{self, Message, Wanted};
use shared::db::{clinics, groups};
use shared::http::{Body, Caller, Ids, Kind, Language, Problem, Staff};
use shared::model::state::MessageState;
use shared::model::{CampaignId, ClinicId, GroupId};
use shared::spreadsheet::{Format, WriteFailed, Writer};
use sqlx::MySqlConnection;
use utoipa::ToSchema;

use crate::Deps;
use crate::messages::link;
use crate::words::{choose, message_state, plain};

/// Messages that are held in memory at once.
const CHUNK: u32 = 1000;
/// How long messages are read. What remains of the 28 s that the function has is for packing and handing over the file.
const PATIENCE: TimeDelta = TimeDelta::seconds(12);
/// How much of a campaign's name becomes part of a file's name, in characters.
const MAX_NAME: usize = 40;

/// The columns, in Korean and English.
const COLUMNS: [(&str, &str); 14] = [
    ("번호", "No."),
    ("이름", "Name"),
    ("휴대폰", "Mobile"),
    ("그룹", "Group"),
    ("상태", "State"),
    ("사유", "Reason"),
    ("발송 시각", "Sent at"),
    ("결과 시각", "Result at"),
    ("링크를 연 시각", "Link opened at"),
    ("제목", "Title"),
    ("내용", "Text"),
    ("링크", "Link"),
    ("결과 코드", "Result code"),
    ("대체 문자 ID", "Substitute SMS ID"),
];

/// Which messages to export, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = MessageExport, example = json!({"format": "xlsx", "state": "failed"}))]
pub struct Wish {
    /// The form of the file.
    format: FileFormat,
    /// Only messages in this state.
    state: Option<MessageState>,
    /// Only messages to recipients who were reached through this group.
    group_id: Option<GroupId>,
    /// `true` for those whose link a person opened, `false` for the others.
    clicked: Option<bool>,
}

/// The form of a spreadsheet file.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = MessageFileFormat)]
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
#[schema(as = MessageExportFile)]
pub struct ExportView {
    /// The address; whoever has it can read the file.
    url: String,
    /// The name under which a browser saves it.
    file_name: String,
    /// How many messages it holds.
    rows: u32,
    /// When the address stops working.
    expires_at: DateTime<Utc>,
}

/// Exports the messages of a campaign
///
/// All of them, or those in one state, to one group, or whose link was opened or not, with recipient, text, link, times, state and reason. Column names and states are
/// Korean, or English by `Accept-Language`; times are those where the clinic is. A cell that a spreadsheet program would take for a formula
/// has an apostrophe in front. Who exported what is logged.
#[utoipa::path(
    post,
    path = "/v1/campaigns/{campaignId}/export",
    operation_id = "exportMessages",
    responses((status = 200, body = ExportView))
)]
pub async fn export<P, V, D: Downloads>(
    State(deps): State<Arc<Deps<P, V, D>>>,
    caller: Caller,
    language: Language,
    Ids(id): Ids<CampaignId>,
    Body(wish): Body<Wish>,
) -> Result<Json<ExportView>, Problem> {
    let format = Format::from(wish.format);
    let begun = deps.ambient.now();
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let clinic = staff.clinic;
    let campaign = campaigns::find(&mut connection, clinic, id).await?.ok_or_else(Problem::not_found)?;
    let mut sheet = Sheet::begin(&mut connection, &campaign, format, language).await?;
    let wanted = Wanted { state: wish.state, group: wish.group_id, clicked: wish.clicked, ..Wanted::default() };
    let mut after = 0;
    loop {
        if deps.ambient.now() - begun > PATIENCE {
            return Err(too_many());
        }
        let found = messages::search(&mut connection, clinic, id, &wanted, after, CHUNK).await?;
        sheet.put(&mut connection, clinic, &found.messages).await?;
        let full = u32::try_from(found.messages.len()).is_ok_and(|count| count >= CHUNK);
        let next = if full { found.messages.last().map(|message| message.number) } else { found.more };
        let Some(next) = next else { break };
        after = next;
    }
    // Before the file is there: what nobody could write down is not handed over.
    let people = usize::try_from(sheet.writer.rows()).unwrap_or(usize::MAX);
    audit::record(&mut connection, &deps.ambient, &staff, "message.export", Subject::Campaign(id), people).await?;
    // Nobody waits for the connection while the file is packed.
    drop(connection);
    let file_name = sheet.file_name(begun, format);
    let rows = sheet.writer.rows();
    let file = sheet.writer.finish().map_err(write_failed)?;
    let kept = deps.downloads.offer(&deps.ambient, clinic, file, &file_name).await;
    let Link { url, file_name, expires_at } = kept.map_err(Problem::internal)?;
    let (format, state) = (format.extension(), wish.state.map(MessageState::as_str));
    let group = wish.group_id.map(|group| group.to_string());
    tracing::info!(
        event = "messages.exported",
        staff.id = %staff.id,
        campaign.id = %id,
        rows,
        format,
        state,
        group.id = group,
        clicked = wish.clicked,
        "messages exported"
    );
    Ok(Json(ExportView { url, file_name, rows, expires_at }))
}

/// The file, row by row.
struct Sheet<'a> {
    writer: Writer,
    campaign: &'a Campaign,
    language: Language,
    /// Where the clinic is.
    zone: Tz,
    /// The names of groups that were met; none for those that are gone.
    groups: HashMap<GroupId, Option<String>>,
}

impl<'a> Sheet<'a> {
    async fn begin(
        connection: &mut MySqlConnection,
        campaign: &'a Campaign,
        format: Format,
        language: Language,
    ) -> Result<Self, Problem> {
        let clinic = clinics::find(connection, campaign.clinic).await?;
        let zone = clinic.and_then(|clinic| clinic.time_zone.parse().ok()).unwrap_or(Tz::Asia__Seoul);
        let groups = campaigns::list_named_groups(connection, campaign.clinic, campaign.id).await?;
        let writer = Writer::new(format, &COLUMNS.map(|names| choose(names, language))).map_err(write_failed)?;
        Ok(Self { writer, campaign, language, zone, groups: groups.into_iter().collect() })
    }

    async fn put(&mut self, connection: &mut MySqlConnection, clinic: ClinicId, messages: &[Message]) -> Result<(), Problem> {
        for message in messages {
            if let Some(group) = message.group.filter(|group| !self.groups.contains_key(group)) {
                let label = groups::find(connection, clinic, group).await?;
                self.groups.insert(group, label.map(|label| label.name));
            }
            self.row(message).map_err(write_failed)?;
        }
        Ok(())
    }

    fn row(&mut self, message: &Message) -> Result<(), WriteFailed> {
        let Self { campaign, language, zone, .. } = *self;
        let at = |moment: Option<DateTime<Utc>>| {
            moment.map(|at| at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default()
        };
        let group = message.group.and_then(|group| self.groups.get(&group)?.as_deref()).unwrap_or_default();
        let reason = message.reason.as_deref().map(|reason| plain(reason, language)).unwrap_or_default();
        let title = message.title.as_deref().unwrap_or(&campaign.emphasis_title);
        let cells: [&str; COLUMNS.len()] = [
            &message.number.to_string(),
            &message.name,
            &message.phone.to_string(),
            group,
            choose(message_state(message.state), language),
            &reason,
            &at(message.sent_at),
            &at(message.resulted_at),
            &at(message.first_click_at),
            if message.body.is_empty() { "" } else { title },
            &message.body,
            &link(message, &campaign.buttons).unwrap_or_default(),
            message.result_code.as_deref().unwrap_or_default(),
            message.substitute_id.as_deref().unwrap_or_default(),
        ];
        self.writer.row(&cells)
    }

    /// The file's name, with that of the campaign and the day where the clinic is.
    fn file_name(&self, now: DateTime<Utc>, format: Format) -> String {
        let name: String = self.campaign.name.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        let name: String = name.chars().take(MAX_NAME).collect();
        let day = now.with_timezone(&self.zone).format("%Y-%m-%d");
        format!("{}-{name}-{day}.{}", self.language.choose("발송결과", "messages"), format.extension())
    }
}

fn write_failed(error: WriteFailed) -> Problem {
    if matches!(error, WriteFailed::Full) { too_many() } else { Problem::internal(error) }
}

fn too_many() -> Problem {
    Problem::of(Kind::ExportTooLarge).detail(
        "한 파일에 담기에는 메시지가 너무 많습니다. 상태, 그룹, 클릭 여부를 선택해 나누어 내보내 주세요.",
        "There are too many messages for one file. Export them by state, by group, or by whether the link was opened.",
    )
}
