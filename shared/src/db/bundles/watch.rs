//! Bundles as those see them who come after the call: what is to be asked for, looked for, put back or announced.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use sqlx::{MySqlConnection, QueryBuilder};

use super::{Bundle, Row, all, bundles};
use crate::model::quiet::Minute;
use crate::model::state::BundleState;
use crate::model::{BundleId, CampaignId, ClinicId};

/// How long lists are, filled up with their last bundle: so there are few statements, and both sides keep them prepared.
const LENGTHS: [usize; 4] = [1, 10, 100, 500];

/// Bundles whose call began before the moment and whose answer was never stored, oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn list_calling_before(
    connection: &mut MySqlConnection,
    moment: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<Bundle>, sqlx::Error> {
    let rows = bundles!("WHERE state = 'calling' AND called_at < ? ORDER BY called_at LIMIT ?", moment, limit);
    all(rows.fetch_all(connection).await?)
}

/// Which unknown bundles are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Search {
    /// Called at this moment or later.
    pub from: DateTime<Utc>,
    /// Called before this moment.
    pub before: DateTime<Utc>,
    /// Called at this moment or later, unless the bundle waits to be put back: its campaign is paused, or was until this moment, or
    /// a complete look did not show it.
    pub waiting_since: DateTime<Utc>,
    /// Those that a complete look did not show before this moment come first, if a second look may put them back.
    pub ripe: DateTime<Utc>,
    /// Whether calls go through.
    pub is_open: bool,
    /// Whether advertising may not be handed over.
    pub is_night: bool,
    /// The time of day, by which clinics are quiet.
    pub minute: Minute,
}

/// Unknown bundles: first those that a second look can settle, then others, each time others when there are more than asked for.
///
/// # Errors
/// When the database does not answer.
pub async fn list_unknown(connection: &mut MySqlConnection, search: &Search, limit: u32) -> Result<Vec<Bundle>, sqlx::Error> {
    let rows = bundles!(
        "WHERE state = 'unknown' AND called_at >= ? AND called_at < ?
             AND (called_at >= ? OR absent_since IS NOT NULL OR EXISTS (
                 SELECT 1 FROM campaigns c WHERE c.clinic_id = bundles.clinic_id AND c.id = bundles.campaign_id
                     AND (c.state = 'paused' OR c.resumed_at >= ?)))
         ORDER BY absent_since IS NULL OR absent_since > ? OR NOT EXISTS (
                 SELECT 1 FROM campaigns c WHERE c.clinic_id = bundles.clinic_id AND c.id = bundles.campaign_id
                     AND (c.state IN ('canceled', 'failed')
                         OR ? AND c.state IN ('sending', 'finished') AND NOT (? AND c.kind = 'advertising')
                             AND NOT EXISTS (SELECT 1 FROM clinics k WHERE k.id = c.clinic_id AND k.quiet_from IS NOT NULL
                                 AND c.kind <> 'test'
                                 AND MOD(? + 1440 - k.quiet_from, 1440) < MOD(k.quiet_to + 1440 - k.quiet_from, 1440)))),
             RAND()
         LIMIT ?",
        search.from,
        search.before,
        search.waiting_since,
        search.waiting_since,
        search.ripe,
        search.is_open,
        search.is_night,
        search.minute.get(),
        limit
    );
    all(rows.fetch_all(connection).await?)
}

/// When a call was taken that a bundle is bound to: between these moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// When we called, or were about to.
    pub called_at: DateTime<Utc>,
    /// When we knew that it was taken: at the answer, or when it was found in the history.
    pub known_at: DateTime<Utc>,
}

/// The calls that bundles called at or after the moment are bound to, by the provider's id.
///
/// # Errors
/// When the database does not answer.
pub async fn list_calls_since(
    connection: &mut MySqlConnection,
    moment: DateTime<Utc>,
) -> Result<HashMap<String, Bound>, sqlx::Error> {
    let calls = sqlx::query!(
        r#"SELECT provider_id AS "provider_id!", called_at AS "called_at!", COALESCE(answered_at, called_at) AS "known_at!"
           FROM bundles WHERE state = 'accepted' AND called_at >= ? AND provider_id IS NOT NULL"#,
        moment
    );
    let calls = calls.fetch_all(connection).await?.into_iter();
    let bound = calls.map(|call| {
        let bound = Bound { called_at: call.called_at.and_utc(), known_at: call.known_at.and_utc() };
        (call.provider_id, bound)
    });
    Ok(bound.collect())
}

/// Whether a call of the provider could also be that of another bundle called in this window: one that is known by its id, or
/// one without an answer that holds the same text for the same phone.
///
/// # Errors
/// When the database does not answer.
pub async fn has_rival(
    connection: &mut MySqlConnection,
    id: BundleId,
    provider_id: &str,
    window: RangeInclusive<DateTime<Utc>>,
) -> Result<bool, sqlx::Error> {
    let rivals = sqlx::query_scalar!(
        "SELECT COUNT(*) FROM bundles
         WHERE state IN ('calling', 'accepted', 'unknown') AND called_at BETWEEN ? AND ? AND id <> ?
             AND (provider_id = ? OR state <> 'accepted' AND EXISTS (
                 SELECT 1 FROM messages AS mine JOIN messages AS others ON others.phone = mine.phone AND others.body = mine.body
                 WHERE mine.bundle_id = ? AND others.bundle_id = bundles.id))",
        window.start(),
        window.end(),
        id,
        provider_id,
        id
    );
    Ok(rivals.fetch_one(connection).await? > 0)
}

/// Remembers when a complete look first did not show the unknown bundle, or forgets it. Answers whether the bundle was still as it
/// was when that look began: the same attempt, and nobody else's look in between.
///
/// # Errors
/// When the database refuses.
pub async fn set_absent_since(
    connection: &mut MySqlConnection,
    bundle: &Bundle,
    absent_since: Option<DateTime<Utc>>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE bundles SET absent_since = ?
         WHERE clinic_id = ? AND id = ? AND state = 'unknown' AND attempt = ? AND absent_since <=> ?",
        absent_since,
        bundle.clinic,
        bundle.id,
        bundle.attempt,
        bundle.absent_since
    );
    // A row that matches counts, changed or not.
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// The provider does not have the unknown bundle: it is `prepared` once more, or `rejected` when nothing more of its campaign is
/// sent. From now on nobody's answer to an earlier attempt is stored. Answers whether the bundle was still as it was when the look
/// began that completed the proof.
///
/// # Errors
/// When the database refuses.
pub async fn mark_absent(
    connection: &mut MySqlConnection,
    bundle: &Bundle,
    state: BundleState,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE bundles SET state = ?, attempt = attempt + 1, absent_since = NULL, answer_message = 'proven absent',
             answered_at = ?, not_before = NULL
         WHERE clinic_id = ? AND id = ? AND state = 'unknown' AND attempt = ? AND absent_since <=> ?",
        state.as_str(),
        (state == BundleState::Rejected).then_some(now),
        bundle.clinic,
        bundle.id,
        bundle.attempt,
        bundle.absent_since
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Accepted bundles whose results are due, longest due first, locked against another run.
///
/// # Errors
/// When the database refuses.
pub async fn lock_due(connection: &mut MySqlConnection, now: DateTime<Utc>, limit: u32) -> Result<Vec<Bundle>, sqlx::Error> {
    let rows =
        bundles!("WHERE poll_at <= ? AND state = 'accepted' ORDER BY poll_at LIMIT ? FOR UPDATE SKIP LOCKED", now, limit);
    all(rows.fetch_all(connection).await?)
}

/// Says when the results of these bundles, at most 500, are due again, unless somebody asks before.
///
/// # Errors
/// When the database refuses.
pub async fn postpone(connection: &mut MySqlConnection, bundles: &[Bundle], poll_at: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let Some(last) = bundles.last() else { return Ok(()) };
    let length = LENGTHS.into_iter().find(|length| *length >= bundles.len()).unwrap_or(bundles.len());
    let mut query = QueryBuilder::new("UPDATE bundles SET poll_at = ");
    query.push_bind(poll_at).push(" WHERE (clinic_id, id) IN ");
    query.push_tuples(bundles.iter().chain(std::iter::repeat(last)).take(length), |mut row, bundle| {
        row.push_bind(bundle.clinic).push_bind(bundle.id);
    });
    query.build().execute(connection).await.map(drop)
}

/// Counts a question for results and says when the next one is due, if ever.
///
/// # Errors
/// When the database refuses.
pub async fn mark_polled(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: BundleId,
    poll_at: Option<DateTime<Utc>>,
) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE bundles SET polls = polls + 1, poll_at = ? WHERE clinic_id = ? AND id = ?", poll_at, clinic, id)
        .execute(connection)
        .await
        .map(drop)
}

/// The campaign's first bundle, for whose results the others wait.
///
/// # Errors
/// When the database does not answer.
pub async fn find_canary(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaign: CampaignId,
) -> Result<Option<Bundle>, sqlx::Error> {
    let row = bundles!("WHERE campaign_id = ? AND position = 0 AND clinic_id = ?", campaign, clinic);
    row.fetch_optional(connection).await?.map(Bundle::try_from).transpose()
}

/// The campaign's bundles that wait to be handed over, in their order.
///
/// # Errors
/// When the database does not answer.
pub async fn list_prepared(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaign: CampaignId,
) -> Result<Vec<BundleId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT id AS "id: BundleId" FROM bundles FORCE INDEX (bundles_waiting)
           WHERE campaign_id = ? AND state = 'prepared' AND clinic_id = ? ORDER BY position"#,
        campaign,
        clinic
    )
    .fetch_all(connection)
    .await
}

/// A bundle of which only is said which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// The tenant.
    pub clinic: ClinicId,
    /// The campaign.
    pub campaign: CampaignId,
    /// The bundle.
    pub bundle: BundleId,
}

/// Bundles of all clinics that a worker could take now, by the rules of the claim: their campaign is `sending`, they are
/// `prepared`, their time has come, and they come first or are released. Advertising only when it is not night, and nothing but tests of a
/// clinic that is quiet at this time of day.
///
/// # Errors
/// When the database does not answer.
pub async fn list_claimable(
    connection: &mut MySqlConnection,
    now: DateTime<Utc>,
    is_night: bool,
    limit: u32,
) -> Result<Vec<Waiting>, sqlx::Error> {
    sqlx::query_as!(
        Waiting,
        r#"SELECT b.clinic_id AS "clinic: ClinicId", b.campaign_id AS "campaign: CampaignId", b.id AS "bundle: BundleId"
           FROM campaigns c JOIN clinics k ON k.id = c.clinic_id
           JOIN bundles b ON b.campaign_id = c.id AND b.clinic_id = c.clinic_id
           WHERE c.state = 'sending' AND b.state = 'prepared' AND (b.not_before IS NULL OR b.not_before <= ?)
             AND (b.position = 0 OR c.released_at IS NOT NULL) AND (c.kind <> 'advertising' OR ? = FALSE)
             AND (k.quiet_from IS NULL OR c.kind = 'test'
               OR MOD(? + 1440 - k.quiet_from, 1440) >= MOD(k.quiet_to + 1440 - k.quiet_from, 1440))
           LIMIT ?"#,
        now,
        is_night,
        Minute::of(now).get(),
        limit
    )
    .fetch_all(connection)
    .await
}
