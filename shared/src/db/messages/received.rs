//! What one customer was sent, in all campaigns.

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;
use sqlx::types::Json;

use super::{Message, Row};
use crate::db::decode;
use crate::model::state::{CampaignKind, CampaignState};
use crate::model::template::Button;
use crate::model::{BundleId, CampaignId, ClinicId, CustomerId, GroupId};

/// A message with what is to be known of its campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The campaign.
    pub campaign: CampaignId,
    /// What staff call it.
    pub campaign_name: String,
    /// What it is for.
    pub kind: CampaignKind,
    /// How far it is.
    pub campaign_state: CampaignState,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// The approved buttons.
    pub buttons: Vec<Button>,
    /// The message.
    pub message: Message,
}

/// The customer's messages of campaigns that are older than the given one, newest campaign first. A campaign goes to a customer once.
///
/// # Errors
/// When the database does not answer.
pub async fn list_of_customer(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    customer: CustomerId,
    before: Option<CampaignId>,
    limit: u32,
) -> Result<Vec<Received>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT STRAIGHT_JOIN c.id AS "campaign: CampaignId", c.name AS campaign_name, c.kind, c.state AS campaign_state,
             c.created_at AS requested_at, c.buttons AS "campaign_buttons: Json<Vec<Button>>", m.number,
             m.bundle_id AS "bundle: BundleId", m.group_id AS "group: GroupId", m.name, m.phone, m.body, m.title,
             m.buttons AS "buttons: Json<Vec<Button>>", m.link, m.state, m.reason, m.result_code, m.result_message, m.sent_at,
             m.resulted_at, m.first_click_at, m.substitute_id
           FROM messages m FORCE INDEX (messages_by_customer)
           JOIN campaigns c ON c.clinic_id = m.clinic_id AND c.id = m.campaign_id
           WHERE m.clinic_id = ? AND m.customer_id = ? AND m.campaign_id < ?
           ORDER BY m.campaign_id DESC LIMIT ?"#,
        clinic,
        customer,
        before.unwrap_or(CampaignId::from_uuid(uuid::Uuid::max())),
        limit
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let message = Row {
                number: row.number,
                bundle: row.bundle,
                customer: Some(customer),
                group: row.group,
                name: row.name,
                phone: row.phone,
                body: row.body,
                title: row.title,
                buttons: row.buttons,
                link: row.link,
                state: row.state,
                reason: row.reason,
                result_code: row.result_code,
                result_message: row.result_message,
                sent_at: row.sent_at,
                resulted_at: row.resulted_at,
                first_click_at: row.first_click_at,
                substitute_id: row.substitute_id,
            };
            Ok(Received {
                campaign: row.campaign,
                campaign_name: row.campaign_name,
                kind: decode(&row.kind)?,
                campaign_state: decode(&row.campaign_state)?,
                requested_at: row.requested_at.and_utc(),
                buttons: row.campaign_buttons.0,
                message: message.try_into()?,
            })
        })
        .collect()
}
