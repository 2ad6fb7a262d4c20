//! Bundles: what is handed to the provider in one call, and how far that has got.

mod add;
pub mod claim;
pub mod settle;
pub mod watch;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use sqlx::MySqlConnection;

pub use self::add::{Filled, find_at, insert_all};
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

use bundles;

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
