//! Which time the charts show, and the time before it.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use serde::Deserialize;

use super::trends::{Period, Series};
use crate::api::Call;
use crate::form::Errors;
use crate::words::Words;

/// The most days that can be chosen by the hour, by the day and by the week: with more of them a page grows heavy.
const MOST_DAYS: [(By, u64); 3] = [(By::Hour, 3), (By::Day, 92), (By::Week, 364)];

/// What the address asks for.
#[derive(Deserialize, Default)]
pub struct Asked {
    #[serde(default)]
    period: String,
    #[serde(default)]
    pub by: String,
    #[serde(default)]
    pub from: String,
    #[serde(default)]
    pub to: String,
}

/// What time is cut into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Hour,
    Day,
    Week,
}

impl By {
    /// How the API calls it.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
        }
    }
}

/// A span that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    Hours24,
    Days7,
    Days30,
    Weeks12,
}

impl Preset {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [Self::Hours24, Self::Days7, Self::Days30, Self::Weeks12];

    /// How an address calls it.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Hours24 => "24h",
            Self::Days7 => "7d",
            Self::Days30 => "30d",
            Self::Weeks12 => "12w",
        }
    }

    const fn periods(self) -> (By, usize) {
        match self {
            Self::Hours24 => (By::Hour, 24),
            Self::Days7 => (By::Day, 7),
            Self::Days30 => (By::Day, 30),
            Self::Weeks12 => (By::Week, 12),
        }
    }
}

/// The time that is shown.
#[derive(Debug)]
pub struct Chosen {
    pub by: By,
    /// Its name; none when two days were given.
    pub preset: Option<Preset>,
    /// What was wrong with the days that were given; then a preset is shown.
    pub errors: Errors,
    from: NaiveDate,
    to: NaiveDate,
    now: DateTime<Utc>,
    /// The first day that is shown, when days were given. All before it is the time before.
    since: NaiveDate,
}

/// The time that is shown, and the time before it.
pub struct Spans {
    pub current: Vec<Period>,
    pub previous: Vec<Period>,
    /// The reasons of failures in the person's language.
    pub reasons: BTreeMap<String, String>,
}

impl Chosen {
    /// What is asked for, or the last seven days. The clinic's day may be another than that of UTC: more is asked of the API than is
    /// shown, so that its zone need not be known before.
    pub fn of(asked: &Asked, now: DateTime<Utc>, words: &Words) -> Self {
        let mut errors = Errors::none();
        if !asked.from.is_empty() || !asked.to.is_empty() {
            match Self::of_days(asked, now, words) {
                Ok(chosen) => return chosen,
                Err(wrong) => errors = wrong,
            }
        }
        let preset = Preset::ALL.into_iter().find(|preset| preset.tag() == asked.period).unwrap_or(Preset::Days7);
        let (by, count) = preset.periods();
        let today = now.date_naive();
        let days = match by {
            By::Hour => 3,
            By::Day => 2 * count as u64 + 1,
            By::Week => 2 * 7 * count as u64 + 1,
        };
        let from = monday_if(by == By::Week, today - Days::new(days));
        Self { by, preset: Some(preset), errors, from, to: today + Days::new(1), now, since: today }
    }

    fn of_days(asked: &Asked, now: DateTime<Utc>, words: &Words) -> Result<Self, Errors> {
        let words = &words.dashboard;
        let wrong = |field: &str, text: &str| {
            let mut errors = Errors::none();
            errors.add(field, text);
            errors
        };
        let from: NaiveDate = asked.from.parse().map_err(|_| wrong("from", words.bad_day))?;
        let to: NaiveDate = asked.to.parse().map_err(|_| wrong("to", words.bad_day))?;
        if from > to {
            return Err(wrong("from", words.days_swapped));
        }
        if from.year() < 2020 || to > now.date_naive() + Days::new(1) {
            return Err(wrong("to", words.day_out_of_reach));
        }
        let days = u64::try_from((to - from).num_days()).unwrap_or_default() + 1;
        let fits = |(_, most): &&(By, u64)| days <= *most;
        let by = match MOST_DAYS.iter().find(|(by, _)| by.tag() == asked.by) {
            Some(cut) if fits(&cut) => cut.0,
            None => MOST_DAYS.iter().find(fits).map(|(by, _)| *by).ok_or_else(|| wrong("from", words.too_many_days))?,
            Some(_) => return Err(wrong("by", words.too_many_days)),
        };
        let since = monday_if(by == By::Week, from);
        let shown = u64::try_from((to - since).num_days()).unwrap_or_default() + 1;
        let before = if by == By::Week { shown.div_ceil(7) * 7 } else { shown };
        Ok(Self { by, preset: None, errors: Errors::none(), from: since - Days::new(before), to, now, since })
    }

    /// The question to the API.
    pub fn query(&self, call: Call) -> Call {
        call.query("by", self.by.tag()).query("from", self.from).query("to", self.to)
    }

    /// The answer, cut into what is shown and what was before.
    pub fn cut(&self, series: Series) -> Spans {
        let Series { mut periods, reasons } = series;
        match self.preset {
            None => {
                let place = periods.partition_point(|period| period.begin.date_naive() < self.since);
                let current = periods.split_off(place);
                Spans { current, previous: periods, reasons }
            }
            Some(preset) => {
                let (_, count) = preset.periods();
                periods.retain(|period| period.begin <= self.now);
                let current = periods.split_off(periods.len().saturating_sub(count));
                let previous = periods.split_off(periods.len().saturating_sub(count));
                Spans { current, previous, reasons }
            }
        }
    }
}

/// The Monday of its week, as weeks begin in the API.
fn monday_if(wished: bool, day: NaiveDate) -> NaiveDate {
    if wished { day - TimeDelta::days(i64::from(day.weekday().num_days_from_monday())) } else { day }
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;
    use shared::http::Language;

    use super::*;

    fn asked(period: &str, by: &str, from: &str, to: &str) -> Asked {
        Asked { period: period.to_owned(), by: by.to_owned(), from: from.to_owned(), to: to.to_owned() }
    }

    fn chosen(asked: &Asked, now: &str) -> Chosen {
        Chosen::of(asked, now.parse().unwrap(), Words::of(Language::Korean))
    }

    /// What the API answers to somebody in Korea.
    fn answer(chosen: &Chosen) -> Series {
        let midnight = |day: NaiveDate| day.and_hms_opt(0, 0, 0).unwrap().and_local_timezone(korea()).unwrap();
        let (mut begin, end) = (midnight(chosen.from), midnight(chosen.to + Days::new(1)));
        let step = TimeDelta::hours(match chosen.by {
            By::Hour => 1,
            By::Day => 24,
            By::Week => 24 * 7,
        });
        let mut periods = Vec::new();
        while begin < end {
            periods.push(Period::at(begin));
            begin += step;
        }
        Series { periods, reasons: BTreeMap::new() }
    }

    fn korea() -> FixedOffset {
        FixedOffset::east_opt(9 * 3600).unwrap()
    }

    fn spans(asked: &Asked, now: &str) -> [(String, String, usize); 2] {
        let chosen = chosen(asked, now);
        let Spans { current, previous, .. } = chosen.cut(answer(&chosen));
        [current, previous].map(|span| {
            let text = |period: &Period| period.begin.format("%m-%d %H").to_string();
            (text(&span[0]), text(&span[span.len() - 1]), span.len())
        })
    }

    #[test]
    fn a_preset_ends_with_the_clinics_present_and_is_compared_with_as_much_before() {
        // Half past midnight in Korea, the day before in UTC.
        let now = "2026-11-20T15:30:00Z";
        let span = |from: &str, to: &str, count: usize| (from.to_owned(), to.to_owned(), count);
        assert_eq!(spans(&asked("24h", "", "", ""), now), [span("11-20 01", "11-21 00", 24), span("11-19 01", "11-20 00", 24)]);
        assert_eq!(spans(&asked("7d", "", "", ""), now), [span("11-15 00", "11-21 00", 7), span("11-08 00", "11-14 00", 7)]);
        assert_eq!(spans(&asked("30d", "", "", ""), now), [span("10-23 00", "11-21 00", 30), span("09-23 00", "10-22 00", 30)]);
        assert_eq!(spans(&asked("12w", "", "", ""), now), [span("08-31 00", "11-16 00", 12), span("06-08 00", "08-24 00", 12)]);
    }

    #[test]
    fn days_of_ones_own_are_cut_as_finely_as_they_can_be() {
        let now = "2026-11-21T03:00:00Z";
        let by = |from: &str, to: &str| chosen(&asked("", "", from, to), now).by;
        assert_eq!(by("2026-11-21", "2026-11-21"), By::Hour);
        assert_eq!(by("2026-11-01", "2026-11-21"), By::Day);
        assert_eq!(by("2026-01-01", "2026-11-21"), By::Week);
        let [current, previous] = spans(&asked("", "week", "2026-11-04", "2026-11-17"), now);
        assert_eq!((current.0.as_str(), current.2), ("11-02 00", 3));
        assert_eq!((previous.0.as_str(), previous.2), ("10-12 00", 3));
    }

    #[test]
    fn days_that_cannot_be_are_said_beside_their_field() {
        let now = "2026-11-21T03:00:00Z";
        for (asked, field) in [
            (asked("", "", "soon", "2026-11-21"), "from"),
            (asked("", "", "2026-11-21", ""), "to"),
            (asked("", "", "2026-11-21", "2026-11-20"), "from"),
            (asked("", "", "2026-11-21", "2026-12-20"), "to"),
            (asked("", "", "2021-11-21", "2026-11-20"), "from"),
            (asked("", "hour", "2026-11-01", "2026-11-20"), "by"),
        ] {
            let chosen = chosen(&asked, now);
            assert!(chosen.errors.at(field).is_some(), "{field}");
            assert_eq!(chosen.preset, Some(Preset::Days7));
        }
    }
}
