//! Campaigns that go to some recipients of an earlier one.

use sqlx::MySqlConnection;

use crate::model::state::CampaignPart;
use crate::model::{CampaignId, ClinicId};

/// The campaign to this part of the recipients of `source` that has not come to its end, if there is one.
///
/// # Errors
/// When the database does not answer.
pub async fn find_again(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    source: CampaignId,
    part: CampaignPart,
) -> Result<Option<CampaignId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT id AS "id: CampaignId" FROM campaigns
           WHERE clinic_id = ? AND source_campaign_id = ? AND source_part = ? AND state NOT IN ('finished', 'canceled', 'failed')
           ORDER BY id DESC LIMIT 1"#,
        clinic,
        source,
        part.as_str()
    )
    .fetch_optional(connection)
    .await
}
