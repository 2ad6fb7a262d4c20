//! How a campaign gets on while it is sent: it pauses by itself, and comes to an end. That it has begun is noted at the first claim.

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;

use super::Campaign;
use crate::db::bundles;
use crate::model::result::Reason;
use crate::model::state::{BundleState, CampaignState, MessageState};
use crate::model::{CampaignId, ClinicId};

/// Bundles of one statement that ends a campaign: up to 100,000 messages.
const BUNDLES: u32 = 200;

/// Pauses a campaign that has not come to an end, and remembers what it was about to do; answers whether this paused it. One that
/// is paused keeps its reason.
///
/// # Errors
/// When the database refuses.
pub async fn pause_for(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: CampaignId,
    reason: Reason,
) -> Result<bool, sqlx::Error> {
    // Assignments are made from left to right: the state is remembered before it is changed.
    let done = sqlx::query!(
        "UPDATE campaigns SET resumed_from = state, state = 'paused', failure = ?
         WHERE clinic_id = ? AND id = ? AND state IN ('scheduled', 'requested', 'preparing', 'sending')",
        reason.as_str(),
        clinic,
        id
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Finishes a campaign that is `sending` once no bundle waits for its call or its answer; unknown ones do not keep it open. One that
/// was paused while it was `sending` is finished as well, but not while a bundle is unknown: were that put back, it would go out in
/// spite of the pause. Answers whether this finished it; a campaign that somebody else has locked is passed over. For a transaction
/// that holds no lock on a bundle: the campaign is locked here, and the bundles are looked at behind that, so that nobody puts one
/// back in between.
///
/// # Errors
/// When the database refuses.
pub async fn finish_if_done(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: CampaignId,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let paused = sqlx::query_scalar!(
        r#"SELECT state = 'paused' AS "paused!: bool" FROM campaigns
           WHERE clinic_id = ? AND id = ? AND (state = 'sending' OR state = 'paused' AND resumed_from = 'sending')
           FOR UPDATE SKIP LOCKED"#,
        clinic,
        id
    );
    let Some(is_paused) = paused.fetch_optional(&mut *connection).await? else { return Ok(false) };
    let bundles = bundles::count_by_state(connection, clinic, id).await?;
    let has = |state| bundles.contains_key(&state);
    if has(BundleState::Prepared) || has(BundleState::Calling) || is_paused && has(BundleState::Unknown) {
        return Ok(false);
    }
    sqlx::query!(
        "UPDATE campaigns SET state = 'finished', failure = NULL, resumed_from = NULL, finished_at = ?
         WHERE clinic_id = ? AND id = ?",
        now,
        clinic,
        id
    )
    .execute(connection)
    .await?;
    Ok(true)
}

/// Ends a campaign for good, as `canceled` or as `failed`: what has not been handed over is never sent, what has been goes on to its
/// end. `reason` becomes the campaign's `failure`. The campaign must have been [locked](super::lock) in this transaction, and the
/// caller knows that its state allows this. Answers how many messages are excluded now.
///
/// # Errors
/// When the database refuses.
pub async fn end(
    connection: &mut MySqlConnection,
    campaign: &Campaign,
    state: CampaignState,
    reason: Reason,
    now: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let Campaign { clinic, id, .. } = *campaign;
    let mut excluded = 0;
    for first in (0..campaign.prepared.bundles.max(1)).step_by(BUNDLES as usize) {
        // The last range has no end: bundles that the campaign does not count yet are in there, too.
        let is_last = first + BUNDLES >= campaign.prepared.bundles;
        let last = if is_last { u32::MAX } else { first + BUNDLES - 1 };
        // Messages of a bundle that is being called are queued as well, and may be at the provider already.
        let messages = sqlx::query!(
            "UPDATE bundles b STRAIGHT_JOIN messages m ON m.bundle_id = b.id SET m.state = ?, m.reason = ?, m.resulted_at = ?
             WHERE b.clinic_id = ? AND b.campaign_id = ? AND b.state = ? AND b.position BETWEEN ? AND ? AND m.state = ?",
            MessageState::Excluded.as_str(),
            excluded_because(state).as_str(),
            now,
            clinic,
            id,
            BundleState::Prepared.as_str(),
            first,
            last,
            MessageState::Queued.as_str()
        );
        excluded += messages.execute(&mut *connection).await?.rows_affected();
    }
    sqlx::query!(
        "UPDATE bundles SET state = 'rejected', answer_message = ?, answered_at = ?
         WHERE clinic_id = ? AND campaign_id = ? AND state = 'prepared'",
        excluded_because(state).as_str(),
        now,
        clinic,
        id
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "UPDATE campaigns SET state = ?, failure = ?, resumed_from = NULL, finished_at = ? WHERE clinic_id = ? AND id = ?",
        state.as_str(),
        reason.as_str(),
        now,
        clinic,
        id
    )
    .execute(connection)
    .await?;
    Ok(excluded)
}

/// Why what was not handed over is excluded when its campaign came to such an end.
#[must_use]
pub const fn excluded_because(state: CampaignState) -> Reason {
    match state {
        CampaignState::Canceled => Reason::Canceled,
        _ => Reason::CampaignStopped,
    }
}
