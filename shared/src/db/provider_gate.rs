//! The gate before the provider, one line for all workers: how soon it may be called again, and whether it is worth calling at all.
//! Whoever locks the line locks it before anything else, and lets go of it soon: nobody claims a bundle meanwhile.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use sqlx::MySqlConnection;

/// So many calls in a row without an answer close the gate.
pub const MOST_FAILURES: u32 = 5;
/// How long the gate is closed at first; twice as long after each try that fails as well.
pub const CLOSED_FOR: TimeDelta = TimeDelta::seconds(30);
/// It is closed no longer than this: what has piled up while the provider was down is to be gone two minutes after it is back.
pub const CLOSED_AT_MOST: TimeDelta = TimeDelta::seconds(60);
/// How long it is closed when the provider does not let us in: somebody has to put that right.
pub const CLOSED_WITHOUT_ACCESS: TimeDelta = TimeDelta::minutes(5);
/// While one tries whether the provider is back, the others wait so long for what comes of it.
pub const TRY: TimeDelta = TimeDelta::seconds(30);

/// Why the gate is closed: the provider does not answer.
const DOWN: &str = "down";
/// Why the gate is closed: the provider does not let us in.
const ACCESS_REFUSED: &str = "access_refused";

/// The line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// The next free place in the queue of calls.
    pub next_call_at: DateTime<Utc>,
    /// Calls in a row without an answer.
    pub failures: u32,
    /// Nobody calls before that, and then one tries.
    pub closed_until: Option<DateTime<Utc>>,
    /// `down` or `access_refused`, while it is closed.
    pub reason: Option<String>,
}

impl Gate {
    /// Until when nobody may call; none when somebody may.
    #[must_use]
    pub fn closed_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.closed_until.filter(|until| *until > now)
    }

    /// Whether an answer of the provider would change it.
    #[must_use]
    pub const fn is_troubled(&self) -> bool {
        self.failures > 0 || self.closed_until.is_some()
    }
}

struct Row {
    next_call_at: NaiveDateTime,
    failures: u32,
    closed_until: Option<NaiveDateTime>,
    reason: Option<String>,
}

impl From<Row> for Gate {
    fn from(row: Row) -> Self {
        Self {
            next_call_at: row.next_call_at.and_utc(),
            failures: row.failures,
            closed_until: row.closed_until.map(|until| until.and_utc()),
            reason: row.reason,
        }
    }
}

/// A look at the gate.
///
/// # Errors
/// When the database does not answer.
pub async fn find(connection: &mut MySqlConnection) -> Result<Gate, sqlx::Error> {
    let gate = sqlx::query_as!(Row, "SELECT next_call_at, failures, closed_until, reason FROM provider_gate WHERE id = 1");
    gate.fetch_one(connection).await.map(Gate::from)
}

/// The gate, locked until the transaction ends.
///
/// # Errors
/// When the database refuses.
pub async fn lock(connection: &mut MySqlConnection) -> Result<Gate, sqlx::Error> {
    let gate =
        sqlx::query_as!(Row, "SELECT next_call_at, failures, closed_until, reason FROM provider_gate WHERE id = 1 FOR UPDATE");
    gate.fetch_one(connection).await.map(Gate::from)
}

/// The provider has answered, whatever it said: calls go through again.
///
/// # Errors
/// When the database refuses.
pub async fn open(connection: &mut MySqlConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE provider_gate SET failures = 0, closed_until = NULL, reason = NULL WHERE id = 1")
        .execute(connection)
        .await
        .map(drop)
}

/// A call had no answer; answers until when nobody calls, if this closes the gate. Calls that were under way when it was closed say
/// nothing new: of those made since, only the one that tried counts.
///
/// # Errors
/// When the database refuses.
pub async fn note_failure(
    connection: &mut MySqlConnection,
    was_try: bool,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    let gate = lock(connection).await?;
    if gate.failures >= MOST_FAILURES && !was_try {
        return Ok(None);
    }
    let failures = gate.failures.saturating_add(1);
    if failures < MOST_FAILURES {
        sqlx::query!("UPDATE provider_gate SET failures = ? WHERE id = 1", failures).execute(connection).await?;
        return Ok(None);
    }
    let closed_until = now + closed_for(failures);
    close(connection, failures, closed_until, DOWN).await?;
    Ok(Some(closed_until))
}

/// The provider does not let us in; answers until when nobody calls.
///
/// # Errors
/// When the database refuses.
pub async fn note_no_access(connection: &mut MySqlConnection, now: DateTime<Utc>) -> Result<DateTime<Utc>, sqlx::Error> {
    let closed_until = now + CLOSED_WITHOUT_ACCESS;
    // It is an answer, so no failure stands before it.
    close(connection, 0, closed_until, ACCESS_REFUSED).await?;
    Ok(closed_until)
}

async fn close(
    connection: &mut MySqlConnection,
    failures: u32,
    until: DateTime<Utc>,
    reason: &'static str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE provider_gate SET failures = ?, closed_until = GREATEST(COALESCE(closed_until, ?), ?), reason = ? WHERE id = 1",
        failures,
        until,
        until,
        reason
    )
    .execute(connection)
    .await
    .map(drop)
}

/// How long so many failures in a row close the gate.
fn closed_for(failures: u32) -> TimeDelta {
    let doublings = failures.saturating_sub(MOST_FAILURES).min(5);
    (CLOSED_FOR * (1 << doublings)).min(CLOSED_AT_MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_try_that_fails_closes_it_for_twice_as_long_up_to_a_limit() {
        let seconds: Vec<_> = [5, 6, 7, 8, 100, u32::MAX].map(|failures| closed_for(failures).num_seconds()).into();
        assert_eq!(seconds, [30, 60, 60, 60, 60, 60]);
    }
}
