//! Listing campaigns, and the groups that one goes to.

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;

use crate::db::decode;
use crate::model::state::{CampaignKind, CampaignState};
use crate::model::{CampaignId, ClinicId, GroupId, TemplateId};

/// A campaign as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The campaign.
    pub id: CampaignId,
    /// What the clinic calls it.
    pub name: String,
    /// What it is for.
    pub kind: CampaignKind,
    /// The template that it was made of.
    pub template: TemplateId,
    /// What that is called; none when it is gone.
    pub template_name: Option<String>,
    /// How far it is.
    pub state: CampaignState,
    /// Why it failed or is paused, as a stable word.
    pub failure: Option<String>,
    /// When it is to begin; none for at once.
    pub scheduled_at: Option<DateTime<Utc>>,
    /// When its first bundle was handed over.
    pub started_at: Option<DateTime<Utc>>,
    /// When it came to an end of any kind.
    pub finished_at: Option<DateTime<Utc>>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// How many messages are written down, those that are never to be sent among them.
    pub messages: u32,
}

/// Which campaigns are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only those in this state.
    pub state: Option<CampaignState>,
    /// Only those of this kind; without one all but tests.
    pub kind: Option<CampaignKind>,
}

/// The clinic's campaigns, newest first, that are older than the given one.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    wanted: Wanted,
    before: Option<CampaignId>,
    limit: u32,
) -> Result<Vec<Summary>, sqlx::Error> {
    let before = before.unwrap_or(CampaignId::from_uuid(uuid::Uuid::max()));
    let (kind, state) = (wanted.kind.map(CampaignKind::as_str), wanted.state.map(CampaignState::as_str));
    // The index over states is that of all clinics together.
    let rows = sqlx::query!(
        r#"SELECT c.id AS "id: CampaignId", c.name, c.kind, c.template_id AS "template: TemplateId", t.name AS "template_name?",
             c.state, c.failure, c.scheduled_at, c.started_at, c.finished_at, c.created_at, c.prepared_messages
           FROM campaigns c FORCE INDEX (PRIMARY)
           LEFT JOIN templates t ON t.clinic_id = c.clinic_id AND t.id = c.template_id
           WHERE c.clinic_id = ? AND c.id < ? AND (c.kind = ? OR ? IS NULL AND c.kind <> 'test') AND (? IS NULL OR c.state = ?)
           ORDER BY c.id DESC LIMIT ?"#,
        clinic,
        before,
        kind,
        kind,
        state,
        state,
        limit
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Summary {
                id: row.id,
                name: row.name,
                kind: decode(&row.kind)?,
                template: row.template,
                template_name: row.template_name,
                state: decode(&row.state)?,
                failure: row.failure,
                scheduled_at: row.scheduled_at.map(|at| at.and_utc()),
                started_at: row.started_at.map(|at| at.and_utc()),
                finished_at: row.finished_at.map(|at| at.and_utc()),
                created_at: row.created_at.and_utc(),
                messages: row.prepared_messages,
            })
        })
        .collect()
}

/// The groups that a campaign goes to, in the order in which they were named.
///
/// # Errors
/// When the database does not answer.
pub async fn list_groups(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: CampaignId,
) -> Result<Vec<GroupId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT group_id AS "group_id: GroupId" FROM campaign_groups WHERE clinic_id = ? AND campaign_id = ?
           ORDER BY position, group_id"#,
        clinic,
        id
    )
    .fetch_all(connection)
    .await
}

/// The same with their names; a group that is gone has none.
///
/// # Errors
/// When the database does not answer.
pub async fn list_named_groups(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: CampaignId,
) -> Result<Vec<(GroupId, Option<String>)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT c.group_id AS "id: GroupId", g.name AS "name?" FROM campaign_groups c
           LEFT JOIN customer_groups g ON g.clinic_id = c.clinic_id AND g.id = c.group_id
           WHERE c.clinic_id = ? AND c.campaign_id = ? ORDER BY c.position, c.group_id"#,
        clinic,
        id
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}
