//! How far a campaign's messages are written.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::MySqlConnection;

use super::{Campaign, Prepared};
use crate::model::draft::Draft;
use crate::model::state::{CampaignKind, CampaignState};
use crate::model::{advertising, quiet};

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

    /// What everybody gets.
    #[must_use]
    pub fn draft(&self) -> Draft<'_> {
        let Self { content, emphasis_title, buttons, sources, .. } = self;
        Draft { content, emphasis_title, buttons, sources }
    }

    /// When it was to begin: as soon as it was asked for, its time had come and staff had let it go on. It waits for the end of quiet
    /// hours.
    #[must_use]
    pub fn begins_at(&self) -> DateTime<Utc> {
        let moment = [self.scheduled_at, self.resumed_at].into_iter().flatten().fold(self.created_at, Ord::max);
        quiet::first_for(self.kind, self.quiet, moment)
    }

    /// Whether nothing of it is prepared, and it is so late, or so late in the evening, that somebody has to say whether it still
    /// should.
    #[must_use]
    pub fn is_to_ask(&self, now: DateTime<Utc>) -> bool {
        let is_late = || now - self.begins_at() > TimeDelta::minutes(self.stale_after_minutes.into());
        self.prepared == Prepared::default() && (is_late() || self.is_advertising_tried_at_night(now))
    }

    /// Whether it is a test of what is marked as advertising, which nobody gets in the hours that are quiet.
    #[must_use]
    pub fn is_advertising_tried_at_night(&self, now: DateTime<Utc>) -> bool {
        self.kind == CampaignKind::Test && quiet::is_quiet(now) && advertising::is_marked(&self.draft())
    }
}
