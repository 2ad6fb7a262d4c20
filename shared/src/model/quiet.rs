//! The hours in which nobody gets advertising: from 21:00 to 08:00 in Korea.

use chrono::{DateTime, FixedOffset, NaiveTime, TimeDelta, Utc};

/// Korean time has no summer time.
const KOREA: FixedOffset = FixedOffset::east_opt(9 * 3600).expect("nine hours is an offset");
/// A minute before they begin: a call that is made before that is over in time, also when its answer takes 20 seconds.
const LAST_CALL: NaiveTime = NaiveTime::from_hms_opt(20, 59, 0).expect("a time of day");
/// When they end.
const MORNING: NaiveTime = NaiveTime::from_hms_opt(8, 0, 0).expect("a time of day");

/// When advertising that could go at this moment may go: then, or at 08:00 in Korea when it is too late in the evening or too
/// early in the morning.
#[must_use]
pub fn first_after(moment: DateTime<Utc>) -> DateTime<Utc> {
    let local = moment.with_timezone(&KOREA).naive_local();
    let day = match local.time() {
        time if time < MORNING => local.date(),
        time if time < LAST_CALL => return moment,
        _ => local.date() + TimeDelta::days(1),
    };
    // An offset that never changes gives every local time one moment.
    day.and_time(MORNING).and_local_timezone(KOREA).single().map_or(moment, |morning| morning.to_utc())
}

/// Whether no advertising may be handed over at this moment.
#[must_use]
pub fn is_quiet(moment: DateTime<Utc>) -> bool {
    first_after(moment) != moment
}

#[cfg(test)]
mod tests {
    use super::*;

    fn korea(text: &str) -> DateTime<Utc> {
        format!("2026-03-{text}+09:00").parse().expect("a moment")
    }

    #[test]
    fn advertising_waits_from_a_minute_before_nine_in_the_evening_for_eight_in_the_morning() {
        for (moment, expected) in [
            ("02T08:00:00", "02T08:00:00"),
            ("02T20:58:59.999999", "02T20:58:59.999999"),
            ("02T20:59:00", "03T08:00:00"),
            ("02T23:59:59", "03T08:00:00"),
            ("03T00:00:00", "03T08:00:00"),
            ("03T07:59:59.999999", "03T08:00:00"),
        ] {
            assert_eq!(first_after(korea(moment)), korea(expected), "{moment}");
            assert_eq!(is_quiet(korea(moment)), moment != expected, "{moment}");
        }
    }
}
