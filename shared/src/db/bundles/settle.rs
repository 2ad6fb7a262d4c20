//! What came of an attempt. Each of these changes the bundle only while it remembers the attempt, and answers whether it did:
//! whoever comes late, after a freeze or a restart, changes nothing.

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;

use super::{Bundle, shortened};
use crate::model::{BundleId, ClinicId};

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
    let done = sqlx::query!(
        "UPDATE bundles SET state = 'accepted', provider_id = ?, taken = ?, answer_code = 0, answer_message = NULL,
             answered_at = ?, polls = 0, poll_at = ?, absent_since = NULL
         WHERE clinic_id = ? AND id = ? AND attempt = ? AND state IN ('calling', 'unknown')",
        taken.provider_id,
        taken.count,
        taken.answered_at,
        taken.poll_at,
        attempt.clinic,
        attempt.bundle,
        attempt.number
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
