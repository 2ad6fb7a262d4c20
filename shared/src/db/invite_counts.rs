//! How many invitations of a member were paid without a look at them.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sqlx::MySqlConnection;

use crate::db::clinics::Invitations;
use crate::model::state::HoldReason;
use crate::model::{ClinicId, UserId};

/// So many invitations within [`BURST`] are paid; more of them look like a machine's.
pub const PER_BURST: u32 = 10;

/// Counted from the first one; then it begins anew.
pub const BURST: TimeDelta = TimeDelta::minutes(10);

/// The counts of one member at one clinic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Count {
    day: NaiveDate,
    that_day: u32,
    in_total: u32,
    burst_since: DateTime<Utc>,
    in_burst: u32,
}

impl Count {
    const fn none(day: NaiveDate, now: DateTime<Utc>) -> Self {
        Self { day, that_day: 0, in_total: 0, burst_since: now, in_burst: 0 }
    }

    /// One more, unless a limit is reached.
    fn one_more(self, limits: &Invitations, day: NaiveDate, now: DateTime<Utc>) -> Result<Self, HoldReason> {
        // Whoever comes out of the queue for the count late may still have the day before: that day's count is over.
        let day = day.max(self.day);
        let that_day = if self.day == day { self.that_day } else { 0 };
        let (burst_since, in_burst) = if now < self.burst_since + BURST { (self.burst_since, self.in_burst) } else { (now, 0) };
        if limits.in_total.is_some_and(|limit| self.in_total >= limit) {
            return Err(HoldReason::TotalCap);
        }
        if limits.per_day.is_some_and(|limit| that_day >= limit) {
            return Err(HoldReason::DailyCap);
        }
        if in_burst >= PER_BURST {
            return Err(HoldReason::Burst);
        }
        let one_more = |count: u32| count.saturating_add(1);
        let (that_day, in_total, in_burst) = (one_more(that_day), one_more(self.in_total), one_more(in_burst));
        Ok(Self { day, that_day, in_total, burst_since, in_burst })
    }
}

/// Counts an invitation that is to be paid, or says why it is to be looked at first: then nothing is counted. The count is locked
/// until the transaction ends, so that a limit holds however many friends join at once.
///
/// `day` is the clinic's day.
///
/// # Errors
/// When the database refuses.
pub async fn take(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    referrer: UserId,
    limits: &Invitations,
    day: NaiveDate,
    now: DateTime<Utc>,
) -> Result<Result<(), HoldReason>, sqlx::Error> {
    let count = if let Some(count) = lock(connection, clinic, referrer).await? {
        count
    } else {
        insert(connection, clinic, referrer, &Count::none(day, now)).await?;
        lock(connection, clinic, referrer).await?.ok_or(sqlx::Error::RowNotFound)?
    };
    match count.one_more(limits, day, now) {
        Ok(count) => update(connection, clinic, referrer, &count).await.map(Ok),
        Err(reason) => Ok(Err(reason)),
    }
}

async fn lock(connection: &mut MySqlConnection, clinic: ClinicId, referrer: UserId) -> Result<Option<Count>, sqlx::Error> {
    let row = sqlx::query!(
        "SELECT day, that_day, in_total, burst_since, in_burst FROM invite_counts
         WHERE clinic_id = ? AND referrer_id = ? FOR UPDATE",
        clinic,
        referrer
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Count {
        day: row.day,
        that_day: row.that_day,
        in_total: row.in_total,
        burst_since: row.burst_since.and_utc(),
        in_burst: row.in_burst,
    }))
}

/// The first two friends may join at once. An INSERT that failed would leave both with a shared lock, of which neither gets on to
/// an exclusive one: this one gets it at once, or waits.
async fn insert(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    referrer: UserId,
    count: &Count,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO invite_counts (clinic_id, referrer_id, day, that_day, in_total, burst_since, in_burst)
         VALUES (?, ?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE in_total = in_total",
        clinic,
        referrer,
        count.day,
        count.that_day,
        count.in_total,
        count.burst_since,
        count.in_burst
    )
    .execute(connection)
    .await
    .map(drop)
}

async fn update(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    referrer: UserId,
    count: &Count,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE invite_counts SET day = ?, that_day = ?, in_total = ?, burst_since = ?, in_burst = ?
         WHERE clinic_id = ? AND referrer_id = ?",
        count.day,
        count.that_day,
        count.in_total,
        count.burst_since,
        count.in_burst,
        clinic,
        referrer
    )
    .execute(connection)
    .await
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn day(number: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, number).unwrap()
    }

    /// How many invitations are paid, one a `pace`, and why the next is held.
    fn paid(limits: &Invitations, pace: TimeDelta) -> (u32, HoldReason) {
        let mut count = Count::none(day(2), NOW);
        let mut now = NOW;
        for paid in 0.. {
            match count.one_more(limits, day(2), now) {
                Ok(more) => count = more,
                Err(reason) => return (paid, reason),
            }
            now += pace;
        }
        unreachable!("a limit is reached")
    }

    #[test]
    fn a_day_has_its_limit_and_the_next_day_begins_anew() {
        let limits = Invitations { per_day: Some(3), in_total: Some(5), ..Invitations::default() };
        assert_eq!(paid(&limits, TimeDelta::minutes(1)), (3, HoldReason::DailyCap));
        let count = Count { day: day(2), that_day: 3, in_total: 3, burst_since: NOW, in_burst: 3 };
        let next = count.one_more(&limits, day(3), NOW).unwrap();
        assert_eq!((next.that_day, next.in_total, next.in_burst), (1, 4, 4));
        let last = next.one_more(&limits, day(3), NOW).unwrap();
        assert_eq!(last.one_more(&limits, day(4), NOW), Err(HoldReason::TotalCap));
    }

    #[test]
    fn a_day_that_is_over_is_not_counted_anew() {
        let limits = Invitations { per_day: Some(3), in_total: None, ..Invitations::default() };
        let mut count = Count::none(day(2), NOW);
        // Around midnight: the day was looked at before the count was locked.
        for (at, counted) in [(3, 1), (2, 2), (3, 3)] {
            count = count.one_more(&limits, day(at), NOW).unwrap();
            assert_eq!((count.day, count.that_day), (day(3), counted));
        }
        assert_eq!(count.one_more(&limits, day(2), NOW), Err(HoldReason::DailyCap));
    }

    #[test]
    fn no_limit_is_none_and_a_limit_of_none_holds_all() {
        let limits = Invitations { per_day: None, in_total: None, ..Invitations::default() };
        assert_eq!(paid(&limits, TimeDelta::zero()), (PER_BURST, HoldReason::Burst));
        let slow = Count { day: day(2), that_day: u32::MAX, in_total: u32::MAX, burst_since: NOW, in_burst: 0 };
        assert!(slow.one_more(&limits, day(2), NOW).is_ok());
        let none = Invitations { per_day: Some(0), ..limits };
        assert_eq!(paid(&none, TimeDelta::zero()), (0, HoldReason::DailyCap));
    }

    #[test]
    fn a_burst_is_counted_from_its_first_invitation() {
        let limits = Invitations { per_day: None, in_total: None, ..Invitations::default() };
        let count = Count { day: day(2), that_day: 10, in_total: 10, burst_since: NOW, in_burst: PER_BURST };
        assert_eq!(count.one_more(&limits, day(2), NOW + BURST - TimeDelta::microseconds(1)), Err(HoldReason::Burst));
        let next = count.one_more(&limits, day(2), NOW + BURST).unwrap();
        assert_eq!((next.in_burst, next.burst_since), (1, NOW + BURST));
    }
}
