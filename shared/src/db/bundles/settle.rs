//! What came of an attempt. Each of these changes the bundle only while it remembers the attempt, and answers whether it did:
//! whoever comes late, after a freeze or a restart, changes nothing.

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;

use super::{Bundle, shortened};
use crate::model::state::BundleState;
use crate::model::{BundleId, CampaignId, ClinicId};

/// An attempt of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// The tenant.
    pub clinic: ClinicId,
    /// The bundle.
    pub bundle: BundleId,
    /// The fencing token.
    pub number: u32,
}

impl Bundle {
    /// The attempt that the bundle remembers.
    #[must_use]
    pub const fn attempt_in_hand(&self) -> Attempt {
        Attempt { clinic: self.clinic, bundle: self.id, number: self.attempt }
    }
}

/// The provider's `mid` of a bundle that it has taken, and when its results are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken<'a> {
    /// The provider's `mid`.
    pub provider_id: &'a str,
    /// How many messages the provider says it took; none when it does not say.
    pub count: Option<u32>,
    /// When its answer came.
    pub answered_at: DateTime<Utc>,
    /// When to ask for results.
    pub poll_at: DateTime<Utc>,
}

/// The provider has taken it. This counts also when the bundle was given up as `unknown` meanwhile.
///
/// # Errors
/// When the database refuses.
pub async fn accept(connection: &mut MySqlConnection, attempt: Attempt, taken: &Taken<'_>) -> Result<bool, sqlx::Error> {
    bind(connection, attempt, taken, [BundleState::Calling, BundleState::Unknown]).await
}

/// The provider has taken it although it was proven that it had not: this counts as long as nobody has claimed the bundle since.
/// The proof has put it back with the next attempt; a claim would have made it one more.
///
/// # Errors
/// When the database refuses.
pub async fn accept_after_proof(
    connection: &mut MySqlConnection,
    attempt: Attempt,
    taken: &Taken<'_>,
) -> Result<bool, sqlx::Error> {
    let put_back = Attempt { number: attempt.number + 1, ..attempt };
    bind(connection, put_back, taken, [BundleState::Prepared; 2]).await
}

async fn bind(
    connection: &mut MySqlConnection,
    attempt: Attempt,
    taken: &Taken<'_>,
    states: [BundleState; 2],
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE bundles SET state = 'accepted', provider_id = ?, taken = ?, answer_code = 0, answer_message = NULL,
             answered_at = ?, polls = 0, poll_at = ?, absent_since = NULL
         WHERE clinic_id = ? AND id = ? AND attempt = ? AND state IN (?, ?)",
        taken.provider_id,
        taken.count,
        taken.answered_at,
        taken.poll_at,
        attempt.clinic,
        attempt.bundle,
        attempt.number,
        states[0].as_str(),
        states[1].as_str()
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Nobody knows whether the provider has it; `why` is for people who look into it.
///
/// # Errors
/// When the database refuses.
pub async fn lose(connection: &mut MySqlConnection, attempt: Attempt, why: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE bundles SET state = 'unknown', answer_message = ?, absent_since = NULL
         WHERE clinic_id = ? AND id = ? AND attempt = ? AND state = 'calling'",
        shortened(why, 500),
        attempt.clinic,
        attempt.bundle,
        attempt.number
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// The provider does not let us in, as it says. When it first said so of the bundle is remembered while that waits, for
/// [`is_alone_without_access`].
///
/// # Errors
/// When the database refuses.
pub async fn note_no_access(
    connection: &mut MySqlConnection,
    attempt: Attempt,
    code: i32,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE bundles SET answer_code = ?, answered_at = COALESCE(answered_at, ?)
         WHERE clinic_id = ? AND id = ? AND attempt = ? AND state = 'calling'",
        code,
        now,
        attempt.clinic,
        attempt.bundle,
        attempt.number
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Whether others were let in since the bundle was not, or since its campaign was not, of which nothing was taken since: then it is
/// not everybody who is kept out.
///
/// # Errors
/// When the database does not answer.
pub async fn is_alone_without_access(
    connection: &mut MySqlConnection,
    attempt: Attempt,
    campaign: CampaignId,
) -> Result<bool, sqlx::Error> {
    let alone = sqlx::query_scalar!(
        r#"SELECT EXISTS (
             SELECT 1 FROM bundles r
             WHERE r.clinic_id = ? AND r.campaign_id = ? AND r.state IN ('calling', 'prepared', 'rejected')
               AND r.answer_code IS NOT NULL
               AND EXISTS (SELECT 1 FROM bundles o WHERE o.state = 'accepted' AND o.called_at > r.answered_at)
               AND (r.id = ? OR NOT EXISTS (
                   SELECT 1 FROM bundles m
                   WHERE m.campaign_id = r.campaign_id AND m.state = 'accepted' AND m.called_at > r.answered_at))
           ) AS "alone!: bool""#,
        attempt.clinic,
        campaign,
        attempt.bundle
    );
    alone.fetch_one(connection).await
}

/// Certainly nothing of it was taken: it waits again.
///
/// # Errors
/// When the database refuses.
pub async fn put_back(
    connection: &mut MySqlConnection,
    attempt: Attempt,
    refusals: u32,
    not_before: Option<DateTime<Utc>>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE bundles SET state = 'prepared', refusals = ?, not_before = ?
         WHERE clinic_id = ? AND id = ? AND attempt = ? AND state = 'calling'",
        refusals,
        not_before,
        attempt.clinic,
        attempt.bundle,
        attempt.number
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// Nothing of it was taken, and nothing will be: the provider's code, if it said any, and words.
///
/// # Errors
/// When the database refuses.
pub async fn reject(
    connection: &mut MySqlConnection,
    attempt: Attempt,
    code: Option<i32>,
    words: &str,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE bundles SET state = 'rejected', answer_code = ?, answer_message = ?, answered_at = ?
         WHERE clinic_id = ? AND id = ? AND attempt = ? AND state = 'calling'",
        code,
        shortened(words, 500),
        now,
        attempt.clinic,
        attempt.bundle,
        attempt.number
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}
