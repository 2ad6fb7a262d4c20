//! Writing bundles down, while their campaign is being prepared.

use serde::Serialize;
use sqlx::MySqlConnection;
use sqlx::types::Json;
use uuid::fmt::Simple;

use crate::model::state::BundleState;
use crate::model::{BundleId, CampaignId, ClinicId};

/// A bundle and how full it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filled {
    /// The bundle.
    pub id: BundleId,
    /// How many messages are in it.
    pub messages: usize,
}

/// The bundle at a place of a campaign.
///
/// # Errors
/// When the database does not answer.
pub async fn find_at(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaign: CampaignId,
    position: u32,
) -> Result<Option<Filled>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT b.id AS "id: BundleId", (SELECT COUNT(*) FROM messages m WHERE m.bundle_id = b.id) AS "messages!: i64"
         FROM bundles b WHERE b.campaign_id = ? AND b.position = ? AND b.clinic_id = ?"#,
        campaign,
        position,
        clinic
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Filled { id: row.id, messages: usize::try_from(row.messages).unwrap_or(usize::MAX) }))
}

#[derive(Serialize)]
struct Line(Simple, u32);

/// Adds bundles in the state `prepared` at the places from `first` on, by one statement. A place in a campaign is unique
/// (`bundles_position`), so preparing twice cannot make two of it. Nobody takes them before the campaign is `sending`.
///
/// # Errors
/// When the database refuses.
pub async fn insert_all(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaign: CampaignId,
    first: u32,
    bundles: &[BundleId],
) -> Result<(), sqlx::Error> {
    if bundles.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = (first..).zip(bundles).map(|(position, bundle)| Line(bundle.uuid().simple(), position)).collect();
    sqlx::query!(
        "INSERT INTO bundles (clinic_id, id, campaign_id, position, state)
         SELECT ?, UNHEX(l.id), ?, l.position, ?
         FROM JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(32) PATH '$[0]', position INT UNSIGNED PATH '$[1]')) l",
        clinic,
        campaign,
        BundleState::Prepared.as_str(),
        Json(lines)
    )
    .execute(connection)
    .await
    .map(drop)
}
