//! How far a campaign's messages are written.

use sqlx::MySqlConnection;

use super::Campaign;
use crate::model::state::CampaignState;

/// Stores the campaign's state, how far it is prepared, and when it was released and finished, all as the value says. It must have
/// been [locked](super::lock) in this transaction.
///
/// # Errors
/// When the database refuses.
pub async fn store_progress(connection: &mut MySqlConnection, campaign: &Campaign) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE campaigns SET state = ?, prepared_through = ?, prepared_source_number = ?, prepared_messages = ?,
             prepared_bundles = ?, released_at = ?, finished_at = ? WHERE clinic_id = ? AND id = ?",
        campaign.state.as_str(),
        campaign.prepared.through,
        campaign.prepared.source_number,
        campaign.prepared.messages,
        campaign.prepared.bundles,
        campaign.released_at,
        campaign.finished_at,
        campaign.clinic,
        campaign.id
    )
    .execute(connection)
    .await
    .map(drop)
}

impl Campaign {
    /// Whether its messages are still to be written.
    #[must_use]
    pub const fn is_to_be_prepared(&self) -> bool {
        matches!(self.state, CampaignState::Requested | CampaignState::Preparing)
    }
}
