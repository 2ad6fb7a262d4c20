//! The time, passed in, and the two ways in which the provider writes it.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use serde::Deserialize;

use crate::settings::Settings;

/// Korean Standard Time: the provider writes and reads every time in it.
pub const KST: FixedOffset = FixedOffset::east_opt(9 * 3600).expect("nine hours is an offset");

/// Where the simulator takes the time from.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place of this program that reads the time")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// A clock that stands still until it is moved; for tests.
#[derive(Debug)]
pub struct ManualClock(Mutex<DateTime<Utc>>);

impl ManualClock {
    /// A clock that shows `at`.
    #[must_use]
    pub fn new(at: DateTime<Utc>) -> Self {
        Self(Mutex::new(at))
    }

    /// Puts the clock to `at`.
    pub fn set(&self, at: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: TimeDelta) {
        let mut at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *at += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Clock> Clock for Arc<C> {
    fn now(&self) -> DateTime<Utc> {
        self.as_ref().now()
    }
}

/// A clock that reads the time elsewhere; for a test that has one already.
pub struct Elsewhere<F>(pub F);

impl<F: Fn() -> DateTime<Utc> + Send + Sync + 'static> Clock for Elsewhere<F> {
    fn now(&self) -> DateTime<Utc> {
        (self.0)()
    }
}

/// A change of the simulator's clock, as `POST /admin/clock` takes it. The parts take effect in this order.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Change {
    /// What it is to show.
    pub set: Option<DateTime<Utc>>,
    /// By how much it goes forward.
    pub advance_ms: Option<u64>,
    /// Whether it stands still afterwards; left out, it goes on as it did.
    pub stopped: Option<bool>,
}

/// The clock would show a time that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the clock cannot show that time")]
pub struct NoSuchTime;

impl Change {
    /// Makes the change: `machine` is the clock below, `now` what the simulator's clock shows.
    ///
    /// # Errors
    /// When the new time lies outside of all calendars. Nothing is changed then.
    pub fn apply(self, settings: &mut Settings, machine: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), NoSuchTime> {
        let advance = i64::try_from(self.advance_ms.unwrap_or_default()).ok().and_then(TimeDelta::try_milliseconds);
        let at = advance.and_then(|advance| self.set.unwrap_or(now).checked_add_signed(advance));
        let at = at.filter(|at| (1900..=9999).contains(&at.year())).ok_or(NoSuchTime)?;
        settings.clock_stopped_at = self.stopped.unwrap_or(settings.clock_stopped_at.is_some()).then_some(at);
        // Rounded up: a clock that was set to nine must not show a moment before nine.
        let microseconds = (at - machine).num_microseconds().ok_or(NoSuchTime)?;
        settings.clock_offset_ms = microseconds.saturating_add(999).div_euclid(1_000);
        Ok(())
    }
}

/// `YYYY-MM-DD HH:ii:ss` in KST, as in every answer.
#[must_use]
pub fn stamp(at: DateTime<Utc>) -> String {
    at.with_timezone(&KST).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The day in KST on which `at` lies.
#[must_use]
pub fn day(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&KST).date_naive()
}

/// A part of the day in KST, from a time up to, but not including, another one: `21:00-08:00` goes over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayPart {
    /// Its first moment.
    pub from: NaiveTime,
    /// The first moment after it.
    pub until: NaiveTime,
}

impl DayPart {
    /// Reads `HH:MM-HH:MM`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").ok();
        let (from, until) = text.split_once('-')?;
        Some(Self { from: time(from)?, until: time(until)? })
    }

    /// Whether a moment lies in it.
    #[must_use]
    pub fn covers(&self, at: DateTime<Utc>) -> bool {
        let time = at.with_timezone(&KST).time();
        if self.from <= self.until { (self.from..self.until).contains(&time) } else { time >= self.from || time < self.until }
    }
}

/// Reads a `YYYYMMDD` of a history request.
#[must_use]
pub fn parse_day(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y%m%d").ok()
}

/// Reads a `senddate`: `YYYYMMDDHHMMSS` in KST.
#[must_use]
pub fn parse_reservation(text: &str) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(text, "%Y%m%d%H%M%S").ok()?.and_local_timezone(KST).single().map(|at| at.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_day_may_go_over_midnight() {
        let night = DayPart::parse("21:00-08:00").unwrap();
        for (korea, covered) in
            [("20:59:59", false), ("21:00:00", true), ("00:00:00", true), ("07:59:59", true), ("08:00:00", false)]
        {
            let at: DateTime<Utc> = format!("2026-03-02T{korea}+09:00").parse().unwrap();
            assert_eq!(night.covers(at), covered, "{korea}");
        }
        let lunch = DayPart::parse("12:00-13:00").unwrap();
        assert!(lunch.covers("2026-03-02T12:59:59+09:00".parse().unwrap()));
        assert!(!lunch.covers("2026-03-02T11:59:59+09:00".parse().unwrap()));
        assert_eq!(DayPart::parse("21:00"), None);
    }

    #[test]
    fn a_clock_that_is_set_never_shows_an_earlier_time() {
        let machine: DateTime<Utc> = "2026-03-02T03:00:00.000400Z".parse().unwrap();
        let nine: DateTime<Utc> = "2026-03-02T12:00:00Z".parse().unwrap();
        let mut settings = Settings::default();
        Change { set: Some(nine), ..Change::default() }.apply(&mut settings, machine, machine).unwrap();
        let shown = machine + TimeDelta::milliseconds(settings.clock_offset_ms);
        assert!(nine <= shown && shown < nine + TimeDelta::milliseconds(1), "{shown}");
    }

    #[test]
    fn a_time_outside_of_all_calendars_is_refused() {
        let machine: DateTime<Utc> = "2026-03-02T03:00:00Z".parse().unwrap();
        let mut settings = Settings::default();
        for advance_ms in [u64::MAX, 9_000_000_000_000_000] {
            let change = Change { advance_ms: Some(advance_ms), ..Change::default() };
            assert_eq!(change.apply(&mut settings, machine, machine), Err(NoSuchTime));
        }
        assert_eq!(settings, Settings::default());
    }
}
