//! Bundles: what is handed to the provider in one call, and how far that has got.

use std::collections::{BTreeMap, HashSet};
use std::ops::RangeInclusive;

use chrono::{DateTime, NaiveDateTime, Utc};
use sqlx::{MySqlConnection, QueryBuilder};

use crate::db::decode;
use crate::model::state::BundleState;
use crate::model::{BundleId, CampaignId, ClinicId};

/// The most messages that the provider takes in one call.
pub const MOST_MESSAGES: usize = 500;

/// A bundle as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The tenant.
    pub clinic: ClinicId,
    /// The bundle.
    pub id: BundleId,
    /// The campaign of its messages.
    pub campaign: CampaignId,
    /// Its place in the campaign, from 0.
    pub position: u32,
    /// How far it is.
    pub state: BundleState,
    /// The provider's `mid`, once it is known.
    pub provider_id: Option<String>,
    /// When it was last about to be handed over, or announced. Tells one attempt from the next: only the attempt of this moment
    /// may store its answer.
    pub called_at: Option<DateTime<Utc>>,
    /// When the answer was stored.
    pub answered_at: Option<DateTime<Utc>>,
    /// How often the provider was asked for results.
    pub polls: u32,
    /// When to ask for results next, if there is anything to ask.
    pub poll_at: Option<DateTime<Utc>>,
    /// The fencing token: what came of an attempt is stored only while the bundle still remembers that attempt.
    pub attempt: u32,
    /// How often the provider said no.
    pub refusals: u32,
    /// How many messages the provider says it has.
    pub taken: Option<u32>,
    /// When a complete look through the history first did not show the unknown bundle.
    pub absent_since: Option<DateTime<Utc>>,
}

struct Row {
    clinic: ClinicId,
    id: BundleId,
    campaign: CampaignId,
    position: u32,
    state: String,
    provider_id: Option<String>,
    called_at: Option<NaiveDateTime>,
    answered_at: Option<NaiveDateTime>,
    polls: u32,
    poll_at: Option<NaiveDateTime>,
    attempt: u32,
    refusals: u32,
    taken: Option<u32>,
    absent_since: Option<NaiveDateTime>,
}

impl TryFrom<Row> for Bundle {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            clinic: row.clinic,
            id: row.id,
            campaign: row.campaign,
            position: row.position,
            state: decode(&row.state)?,
            provider_id: row.provider_id,
            called_at: row.called_at.map(|at| at.and_utc()),
            answered_at: row.answered_at.map(|at| at.and_utc()),
            polls: row.polls,
            poll_at: row.poll_at.map(|at| at.and_utc()),
            attempt: row.attempt,
            refusals: row.refusals,
            taken: row.taken,
            absent_since: row.absent_since.map(|at| at.and_utc()),
        })
    }
}

macro_rules! bundles {
    ($where:literal, $($argument:expr),*) => {
        sqlx::query_as!(
            Row,
            r#"SELECT clinic_id AS "clinic: ClinicId", id AS "id: BundleId", campaign_id AS "campaign: CampaignId", position, state,
                 provider_id, called_at, answered_at, polls, poll_at, attempt, refusals, taken, absent_since FROM bundles "#
                + $where,
            $($argument),*
        )
    };
}

fn all(rows: Vec<Row>) -> Result<Vec<Bundle>, sqlx::Error> {
    rows.into_iter().map(Bundle::try_from).collect()
}

/// Adds a bundle in the state `prepared`, which is announced `now`. Its place in the campaign is unique (`bundles_position`), so
/// preparing twice cannot make two of it.
///
/// # Errors
/// When the database refuses.
pub async fn insert(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaign: CampaignId,
    id: BundleId,
    position: u32,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO bundles (clinic_id, id, campaign_id, position, state, called_at) VALUES (?, ?, ?, ?, ?, ?)",
        clinic,
        id,
        campaign,
        position,
        BundleState::Prepared.as_str(),
        now
    )
    .execute(connection)
    .await
    .map(drop)
}

/// A bundle of the clinic.
///
/// # Errors
/// When the database does not answer.
pub async fn find(connection: &mut MySqlConnection, clinic: ClinicId, id: BundleId) -> Result<Option<Bundle>, sqlx::Error> {
    let row = bundles!("WHERE clinic_id = ? AND id = ?", clinic, id).fetch_optional(connection).await?;
    row.map(Bundle::try_from).transpose()
}

/// A bundle of the clinic, locked until the transaction ends. Whoever locks the campaign too locks the campaign first.
///
/// # Errors
/// When the database refuses.
pub async fn lock(connection: &mut MySqlConnection, clinic: ClinicId, id: BundleId) -> Result<Option<Bundle>, sqlx::Error> {
    let row = bundles!("WHERE clinic_id = ? AND id = ? FOR UPDATE", clinic, id).fetch_optional(connection).await?;
    row.map(Bundle::try_from).transpose()
}

/// Whether the campaign has a bundle that waits for its call or its answer; an unknown one waits for nothing. Ask with the
/// campaign locked: otherwise two bundles that get their answers at the same time each take the other for open.
///
/// # Errors
/// When the database does not answer.
pub async fn is_any_open(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaign: CampaignId,
) -> Result<bool, sqlx::Error> {
    let open = sqlx::query_scalar!(
        "SELECT COUNT(*) FROM bundles WHERE clinic_id = ? AND campaign_id = ? AND state IN ('prepared', 'calling')",
        clinic,
        campaign
    );
    Ok(open.fetch_one(connection).await? > 0)
}

/// Writes the intent: from now on the provider may have the bundle.
///
/// # Errors
/// When the database refuses.
pub async fn mark_calling(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: BundleId,
    called_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE bundles SET state = 'calling', attempt = attempt + 1, called_at = ? WHERE clinic_id = ? AND id = ?",
        called_at,
        clinic,
        id
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Puts a bundle back that the provider certainly does not have, or announces a waiting one anew. `called_at` keeps the moment,
/// so that a bundle whose message got lost on the way is [found](list_prepared_before) again. An unknown bundle never gets here.
///
/// # Errors
/// When the database refuses.
pub async fn mark_prepared(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: BundleId,
    called_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE bundles SET state = 'prepared', called_at = ? WHERE clinic_id = ? AND id = ?", called_at, clinic, id)
        .execute(connection)
        .await
        .map(drop)
}

/// The provider has taken the bundle under this id.
///
/// # Errors
/// When the database refuses.
pub async fn mark_accepted(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: BundleId,
    provider_id: &str,
    answered_at: DateTime<Utc>,
    poll_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE bundles SET state = 'accepted', provider_id = ?, answer_code = 0, answer_message = NULL, answered_at = ?,
             polls = 0, poll_at = ? WHERE clinic_id = ? AND id = ?",
        provider_id,
        answered_at,
        poll_at,
        clinic,
        id
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Nothing of the bundle will be sent, and why: the provider's code and words, or only words of ours.
///
/// # Errors
/// When the database refuses.
pub async fn mark_rejected(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: BundleId,
    code: Option<i32>,
    message: &str,
    answered_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE bundles SET state = 'rejected', answer_code = ?, answer_message = ?, answered_at = ? WHERE clinic_id = ? AND id = ?",
        code,
        shortened(message, 500),
        answered_at,
        clinic,
        id
    )
    .execute(connection)
    .await
    .map(drop)
}

/// The provider may or may not have the bundle; `why` is for people who look into it.
///
/// # Errors
/// When the database refuses.
pub async fn mark_unknown(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: BundleId,
    why: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE bundles SET state = 'unknown', answer_message = ? WHERE clinic_id = ? AND id = ?",
        shortened(why, 500),
        clinic,
        id
    )
    .execute(connection)
    .await
    .map(drop)
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

/// Bundles that were announced or put back before the moment and not tried since: their message is lost, or has failed too
/// often.
///
/// # Errors
/// When the database does not answer.
pub async fn list_prepared_before(
    connection: &mut MySqlConnection,
    moment: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<Bundle>, sqlx::Error> {
    let rows = bundles!("WHERE state = 'prepared' AND called_at < ? ORDER BY called_at LIMIT ?", moment, limit);
    all(rows.fetch_all(connection).await?)
}

/// Unknown bundles that were called at or after the moment, others each time when there are more than asked for.
///
/// # Errors
/// When the database does not answer.
pub async fn list_unknown_since(
    connection: &mut MySqlConnection,
    moment: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<Bundle>, sqlx::Error> {
    let rows = bundles!("WHERE state = 'unknown' AND called_at >= ? ORDER BY RAND() LIMIT ?", moment, limit);
    all(rows.fetch_all(connection).await?)
}

/// The provider's ids that bundles called at or after the moment are known by.
///
/// # Errors
/// When the database does not answer.
pub async fn list_provider_ids_since(
    connection: &mut MySqlConnection,
    moment: DateTime<Utc>,
) -> Result<HashSet<String>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        r#"SELECT provider_id AS "provider_id!" FROM bundles
           WHERE state = 'accepted' AND called_at >= ? AND provider_id IS NOT NULL"#,
        moment
    );
    Ok(ids.fetch_all(connection).await?.into_iter().collect())
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

/// Accepted bundles whose results are due, longest due first, locked against another run.
///
/// # Errors
/// When the database refuses.
pub async fn lock_due(connection: &mut MySqlConnection, now: DateTime<Utc>, limit: u32) -> Result<Vec<Bundle>, sqlx::Error> {
    let rows =
        bundles!("WHERE poll_at <= ? AND state = 'accepted' ORDER BY poll_at LIMIT ? FOR UPDATE SKIP LOCKED", now, limit);
    all(rows.fetch_all(connection).await?)
}

/// Says when the results of these bundles are due again, unless somebody asks before.
///
/// # Errors
/// When the database refuses.
pub async fn postpone(connection: &mut MySqlConnection, bundles: &[Bundle], poll_at: DateTime<Utc>) -> Result<(), sqlx::Error> {
    if bundles.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::new("UPDATE bundles SET poll_at = ");
    query.push_bind(poll_at).push(" WHERE (clinic_id, id) IN ");
    query.push_tuples(bundles, |mut row, bundle| {
        row.push_bind(bundle.clinic).push_bind(bundle.id);
    });
    query.build().execute(connection).await.map(drop)
}

/// How many bundles of the campaign are in each state; states without a bundle are absent.
///
/// # Errors
/// When the database does not answer.
pub async fn count_by_state(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaign: CampaignId,
) -> Result<BTreeMap<BundleState, u64>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT state, COUNT(*) AS "count: u64" FROM bundles WHERE clinic_id = ? AND campaign_id = ? GROUP BY state"#,
        clinic,
        campaign
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| Ok((decode(&row.state)?, row.count))).collect()
}

fn shortened(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}
