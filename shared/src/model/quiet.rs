//! The hours in which nobody gets advertising: from 21:00 to 08:00 in Korea. And those in which a clinic sends nothing at all, if it has
//! such: its messages wait for their end.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, FixedOffset, NaiveTime, TimeDelta, Timelike, Utc};

use crate::model::state::CampaignKind;

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

/// When it is this time of day in Korea for the first time from this moment on.
fn next(moment: DateTime<Utc>, time: NaiveTime) -> DateTime<Utc> {
    let local = moment.with_timezone(&KOREA).naive_local();
    let day = if local.time() <= time { local.date() } else { local.date() + TimeDelta::days(1) };
    day.and_time(time).and_local_timezone(KOREA).single().map_or(moment, |next| next.to_utc())
}

/// A time of day in Korea, to the minute: `21:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minute(u16);

impl Minute {
    /// The minutes of a day.
    const DAY: u16 = 24 * 60;

    /// When advertising stops, for people to know.
    pub const ADVERTISING_STOPS: Self = Self(20 * 60 + 59);
    /// When it goes on.
    pub const ADVERTISING_GOES_ON: Self = Self(8 * 60);

    /// From minutes since midnight.
    #[must_use]
    pub fn new(minutes: u16) -> Option<Self> {
        (minutes < Self::DAY).then_some(Self(minutes))
    }

    /// Minutes since midnight.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The one in which a moment lies.
    #[must_use]
    pub fn of(moment: DateTime<Utc>) -> Self {
        let time = moment.with_timezone(&KOREA).time();
        Self(u16::try_from(time.num_seconds_from_midnight() / 60).unwrap_or_default())
    }

    /// How many minutes later another one is, on the same day or the next.
    const fn until(self, other: Self) -> u16 {
        (other.0 + Self::DAY - self.0) % Self::DAY
    }
}

/// The text is no time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a time of day such as 21:00")]
pub struct NotAMinute;

impl FromStr for Minute {
    type Err = NotAMinute;

    fn from_str(text: &str) -> Result<Self, NotAMinute> {
        let two = |part: &str| part.parse().ok().filter(|_| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()));
        let (hours, minutes) = text.split_once(':').ok_or(NotAMinute)?;
        let (hours, minutes): (u16, u16) = (two(hours).ok_or(NotAMinute)?, two(minutes).ok_or(NotAMinute)?);
        Self::new(hours * 60 + minutes).filter(|_| minutes < 60).ok_or(NotAMinute)
    }
}

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// The hours in which a clinic sends nothing, tests left out: over midnight when they end earlier than they begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// When they begin.
    pub from: Minute,
    /// When they end, which is not part of them.
    pub to: Minute,
}

impl Hours {
    /// The hours as they are stored; none when they are not.
    #[must_use]
    pub fn stored(from: Option<u16>, to: Option<u16>) -> Option<Self> {
        Some(Self { from: Minute::new(from?)?, to: Minute::new(to?)? }).filter(|hours| hours.from != hours.to)
    }

    /// Whether there is a time of day at which even advertising can be sent: an hour of the day at least. Without one, what waits would
    /// wait for ever.
    #[must_use]
    pub fn leave_time(self) -> bool {
        let day = Minute::ADVERTISING_GOES_ON.0..Minute::ADVERTISING_STOPS.0;
        self.from != self.to && day.filter(|minute| !self.hold(Minute(*minute))).count() >= 60
    }

    const fn hold(self, minute: Minute) -> bool {
        self.from.until(minute) < self.from.until(self.to)
    }

    /// When they begin for the first time from this moment on.
    fn next(self, moment: DateTime<Utc>) -> DateTime<Utc> {
        next(moment, NaiveTime::MIN + TimeDelta::minutes(self.from.get().into()))
    }

    /// The moment, or the end of the hours when it is within them.
    fn first_after(self, moment: DateTime<Utc>) -> DateTime<Utc> {
        let minute = Minute::of(moment);
        if !self.hold(minute) {
            return moment;
        }
        let since = TimeDelta::nanoseconds(moment.timestamp_nanos_opt().unwrap_or_default().rem_euclid(60_000_000_000));
        moment - since + TimeDelta::minutes(minute.until(self.to).into())
    }
}

/// When a campaign that could go at this moment may go: then, or when no hours are quiet for it any more. Tests of information go at any
/// time.
#[must_use]
pub fn first_for(kind: CampaignKind, own: Option<Hours>, moment: DateTime<Utc>) -> DateTime<Utc> {
    let own = own.filter(|_| kind != CampaignKind::Test);
    let once = |moment| {
        let moment = own.map_or(moment, |own| own.first_after(moment));
        if kind == CampaignKind::Advertising { first_after(moment) } else { moment }
    };
    // The end of the one may lie within the other, and the end of that once more in the first.
    once(once(once(moment)))
}

/// When the hours begin that stop a campaign which goes at this moment; none when no hours are quiet for it.
#[must_use]
pub fn stops_for(kind: CampaignKind, own: Option<Hours>, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let own = own.filter(|_| kind != CampaignKind::Test).map(|own| own.next(moment));
    let night = (kind == CampaignKind::Advertising).then(|| next(moment, LAST_CALL));
    own.into_iter().chain(night).min()
}

/// Whether nothing of such a campaign may be handed over at this moment.
#[must_use]
pub fn is_quiet_for(kind: CampaignKind, own: Option<Hours>, moment: DateTime<Utc>) -> bool {
    first_for(kind, own, moment) != moment
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

    fn hours(from: &str, to: &str) -> Hours {
        Hours { from: from.parse().expect("a time of day"), to: to.parse().expect("a time of day") }
    }

    #[test]
    fn a_time_of_day_is_read_as_it_is_written() {
        for text in ["00:00", "08:30", "23:59"] {
            assert_eq!(text.parse::<Minute>().map(|minute| minute.to_string()).as_deref(), Ok(text));
        }
        for text in ["", "8:30", "24:00", "12:60", "+1:00", "12-30", "12:3", "12:300", "１２:00"] {
            assert_eq!(text.parse::<Minute>(), Err(NotAMinute), "{text}");
        }
    }

    #[test]
    fn what_a_clinic_sends_waits_for_the_end_of_its_hours() {
        let (night, noon) = (hours("21:30", "08:30"), hours("12:00", "13:00"));
        for (own, moment, expected) in [
            (night, "02T21:29:59.999999", "02T21:29:59.999999"),
            (night, "02T21:30:00", "03T08:30:00"),
            (night, "03T00:00:00.5", "03T08:30:00"),
            (night, "03T08:29:59.999999", "03T08:30:00"),
            (night, "03T08:30:00", "03T08:30:00"),
            (noon, "02T12:15:01", "02T13:00:00"),
            (noon, "02T13:00:00", "02T13:00:00"),
        ] {
            let first = |kind| first_for(kind, Some(own), korea(moment));
            assert_eq!(first(CampaignKind::Information), korea(expected), "{moment}");
            assert_eq!(is_quiet_for(CampaignKind::Information, Some(own), korea(moment)), moment != expected, "{moment}");
            assert_eq!(first(CampaignKind::Test), korea(moment), "a test waits for nothing");
        }
        assert_eq!(first_for(CampaignKind::Information, None, korea("02T23:00:00")), korea("02T23:00:00"));
    }

    #[test]
    fn advertising_waits_for_the_later_of_both() {
        for (own, moment, expected) in [
            (hours("22:00", "09:00"), "02T20:59:00", "03T09:00:00"),
            (hours("22:00", "07:00"), "02T23:00:00", "03T08:00:00"),
            (hours("12:00", "21:00"), "02T12:00:00", "03T08:00:00"),
            (hours("08:00", "20:00"), "02T20:59:00", "03T20:00:00"),
        ] {
            assert_eq!(first_for(CampaignKind::Advertising, Some(own), korea(moment)), korea(expected), "{moment}");
        }
    }

    #[test]
    fn what_goes_is_stopped_by_the_hours_that_begin_first() {
        let (late, noon) = (hours("22:00", "07:00"), hours("12:00", "13:00"));
        for (kind, own, moment, expected) in [
            (CampaignKind::Information, None, "02T10:00:00", None),
            (CampaignKind::Information, Some(late), "02T10:00:00", Some("02T22:00:00")),
            (CampaignKind::Information, Some(noon), "02T13:00:00", Some("03T12:00:00")),
            (CampaignKind::Information, Some(noon), "03T00:30:00", Some("03T12:00:00")),
            (CampaignKind::Advertising, None, "02T08:00:00", Some("02T20:59:00")),
            (CampaignKind::Advertising, Some(late), "02T20:58:59", Some("02T20:59:00")),
            (CampaignKind::Advertising, Some(noon), "02T08:00:00", Some("02T12:00:00")),
            (CampaignKind::Test, Some(noon), "02T10:00:00", None),
        ] {
            assert_eq!(stops_for(kind, own, korea(moment)), expected.map(korea), "{kind} {moment}");
        }
    }

    #[test]
    fn hours_that_leave_no_time_of_day_are_none() {
        assert!(hours("21:00", "08:00").leave_time() && hours("09:00", "08:00").leave_time());
        assert!(!hours("08:00", "08:00").leave_time(), "is it all day or never");
        assert!(!hours("08:30", "08:00").leave_time() && !hours("08:00", "20:30").leave_time());
        assert_eq!(Hours::stored(Some(1), Some(1440)), None);
        assert_eq!(Hours::stored(None, Some(1)), None);
        assert_eq!(Hours::stored(Some(1260), Some(480)), Some(hours("21:00", "08:00")));
    }
}
