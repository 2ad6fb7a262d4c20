//! Listing and counting messages.

use std::collections::BTreeMap;

use sqlx::MySqlConnection;
use sqlx::types::Json;

use super::{Message, Row, messages};
use crate::db::decode;
use crate::model::state::MessageState;
use crate::model::template::Button;
use crate::model::{BundleId, CampaignId, ClinicId, CustomerId, GroupId};

/// How many messages of the campaign are in each state; states without a message are absent.
///
/// # Errors
/// When the database does not answer.
pub async fn count_by_state(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaign: CampaignId,
) -> Result<BTreeMap<MessageState, u64>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT state, COUNT(*) AS "count: u64" FROM messages WHERE clinic_id = ? AND campaign_id = ? GROUP BY state"#,
        clinic,
        campaign
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| Ok((decode(&row.state)?, row.count))).collect()
}

/// The campaign's messages in order of their numbers, behind the number `after`, of one state or of all.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaign: CampaignId,
    state: Option<MessageState>,
    after: u32,
    limit: u32,
) -> Result<Vec<Message>, sqlx::Error> {
    if let Some(state) = state {
        return messages!(
            connection,
            "WHERE clinic_id = ? AND campaign_id = ? AND state = ? AND number > ? ORDER BY number LIMIT ?",
            clinic,
            campaign,
            state.as_str(),
            after,
            limit
        );
    }
    messages!(
        connection,
        "WHERE clinic_id = ? AND campaign_id = ? AND number > ? ORDER BY number LIMIT ?",
        clinic,
        campaign,
        after,
        limit
    )
}

/// One message of a campaign.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaign: CampaignId,
    number: u32,
) -> Result<Option<Message>, sqlx::Error> {
    let found: Result<Vec<Message>, sqlx::Error> =
        messages!(connection, "WHERE campaign_id = ? AND number = ? AND clinic_id = ?", campaign, number, clinic);
    Ok(found?.pop())
}
