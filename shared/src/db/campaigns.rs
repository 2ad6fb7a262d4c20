//! Campaigns: what is sent, to which groups, and where its links lead.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{MySqlConnection, QueryBuilder};

use crate::db::{bundles, decode};
use crate::model::state::CampaignState;
use crate::model::template::Button;
use crate::model::{CampaignId, ClinicId, GroupId, StaffId, TemplateId};

/// A campaign as it is stored. Text, buttons and sender are copies: what is sent is what the template was when it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// The tenant.
    pub clinic: ClinicId,
    /// The campaign.
    pub id: CampaignId,
    /// What the clinic calls it.
    pub name: String,
    /// The template that it was made of.
    pub template: TemplateId,
    /// The provider's code of that template.
    pub template_code: String,
    /// The text with its variables.
    pub content: String,
    /// The emphasised title, empty when there is none.
    pub emphasis_title: String,
    /// The buttons with their variables.
    pub buttons: Vec<Button>,
    /// The provider's key of the clinic's KakaoTalk channel.
    pub sender_key: String,
    /// The number registered as the sender.
    pub sender_phone: String,
    /// Where the links lead, empty when the template has none.
    pub destination: String,
    /// How far it is.
    pub state: CampaignState,
    /// Why it was stopped.
    pub failure: Option<String>,
    /// Who asked for it.
    pub created_by: StaffId,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
}

/// A campaign as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The campaign.
    pub id: CampaignId,
    /// What the clinic calls it.
    pub name: String,
    /// The template that it was made of.
    pub template: TemplateId,
    /// How far it is.
    pub state: CampaignState,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
}

/// Adds a campaign with its groups.
///
/// # Errors
/// When the database refuses.
pub async fn insert(connection: &mut MySqlConnection, campaign: &Campaign, groups: &[GroupId]) -> Result<(), sqlx::Error> {
    let buttons = serde_json::to_string(&campaign.buttons).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    sqlx::query!(
        "INSERT INTO campaigns (clinic_id, id, name, template_id, template_code, content, emphasis_title, buttons, sender_key,
             sender_phone, destination, state, failure, created_by, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        campaign.clinic,
        campaign.id,
        campaign.name,
        campaign.template,
        campaign.template_code,
        campaign.content,
        campaign.emphasis_title,
        buttons,
        campaign.sender_key,
        campaign.sender_phone,
        campaign.destination,
        campaign.state.as_str(),
        campaign.failure,
        campaign.created_by,
        campaign.created_at
    )
    .execute(&mut *connection)
    .await?;
    if groups.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::new("INSERT INTO campaign_groups (clinic_id, campaign_id, group_id) ");
    query.push_values(groups, |mut row, group| {
        row.push_bind(campaign.clinic).push_bind(campaign.id).push_bind(*group);
    });
    query.build().execute(connection).await.map(drop)
}

macro_rules! campaign {
    ($connection:expr, $clinic:expr, $id:expr, $lock:literal) => {{
        let row = sqlx::query!(
            r#"SELECT name, template_id AS "template: TemplateId", template_code, content, emphasis_title,
                 buttons AS "buttons: Json<Vec<Button>>", sender_key, sender_phone, destination, state, failure,
                 created_by AS "created_by: StaffId", created_at FROM campaigns WHERE clinic_id = ? AND id = ?"#
                + $lock,
            $clinic,
            $id
        )
        .fetch_optional($connection)
        .await?;
        row.map(|row| {
            Ok(Campaign {
                clinic: $clinic,
                id: $id,
                name: row.name,
                template: row.template,
                template_code: row.template_code,
                content: row.content,
                emphasis_title: row.emphasis_title,
                buttons: row.buttons.0,
                sender_key: row.sender_key,
                sender_phone: row.sender_phone,
                destination: row.destination,
                state: decode(&row.state)?,
                failure: row.failure,
                created_by: row.created_by,
                created_at: row.created_at.and_utc(),
            })
        })
        .transpose()
    }};
}

/// A campaign of the clinic.
///
/// # Errors
/// When the database does not answer.
pub async fn find(connection: &mut MySqlConnection, clinic: ClinicId, id: CampaignId) -> Result<Option<Campaign>, sqlx::Error> {
    campaign!(connection, clinic, id, "")
}

/// A campaign of the clinic, locked until the transaction ends: two workers cannot prepare it at the same time.
///
/// # Errors
/// When the database does not answer.
pub async fn lock(connection: &mut MySqlConnection, clinic: ClinicId, id: CampaignId) -> Result<Option<Campaign>, sqlx::Error> {
    campaign!(connection, clinic, id, " FOR UPDATE")
}

/// The clinic's campaigns, newest first, that are older than the given one.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    before: Option<CampaignId>,
    limit: u32,
) -> Result<Vec<Summary>, sqlx::Error> {
    let before = before.unwrap_or(CampaignId::from_uuid(uuid::Uuid::max()));
    let rows = sqlx::query!(
        r#"SELECT id AS "id: CampaignId", name, template_id AS "template: TemplateId", state, created_at
           FROM campaigns WHERE clinic_id = ? AND id < ? ORDER BY id DESC LIMIT ?"#,
        clinic,
        before,
        limit
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Summary {
                id: row.id,
                name: row.name,
                template: row.template,
                state: decode(&row.state)?,
                created_at: row.created_at.and_utc(),
            })
        })
        .collect()
}

/// The groups that a campaign goes to, in order of their ids.
///
/// # Errors
/// When the database does not answer.
pub async fn list_groups(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: CampaignId,
) -> Result<Vec<GroupId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT group_id AS "group_id: GroupId" FROM campaign_groups WHERE clinic_id = ? AND campaign_id = ? ORDER BY group_id"#,
        clinic,
        id
    )
    .fetch_all(connection)
    .await
}

/// Moves a campaign on; `failure` says why it was stopped.
///
/// # Errors
/// When the database refuses.
pub async fn set_state(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: CampaignId,
    state: CampaignState,
    failure: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE campaigns SET state = ?, failure = ? WHERE clinic_id = ? AND id = ?",
        state.as_str(),
        failure,
        clinic,
        id
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Whose campaign it is and where its links lead: for the redirect, which knows the campaign from a token that we signed.
/// `None` also when its template has no link.
///
/// # Errors
/// When the database does not answer.
pub async fn find_destination(
    connection: &mut MySqlConnection,
    id: CampaignId,
) -> Result<Option<(ClinicId, String)>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT clinic_id AS "clinic: ClinicId", destination FROM campaigns WHERE id = ? AND destination <> ''"#,
        id
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| (row.clinic, row.destination)))
}

/// Finishes a campaign once no bundle waits for its call or its answer; unknown ones do not keep it open. The campaign must have
/// been [locked](lock) in this transaction before the bundle was changed.
///
/// # Errors
/// When the database refuses.
pub async fn finish_if_answered(connection: &mut MySqlConnection, campaign: &Campaign) -> Result<(), sqlx::Error> {
    if campaign.state != CampaignState::Sending || bundles::is_any_open(connection, campaign.clinic, campaign.id).await? {
        return Ok(());
    }
    set_state(connection, campaign.clinic, campaign.id, CampaignState::Finished, None).await
}
