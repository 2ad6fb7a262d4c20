//! Which days are asked for, and what they are cut into.

use std::ops::Range;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use shared::db::hourly_totals::hour_of;
use shared::http::Problem;
use utoipa::ToSchema;

/// What a span is cut into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = StatsPeriodLength)]
pub enum By {
    /// Hours: 92 days at most.
    Hour,
    /// Days of the clinic: 400 at most.
    Day,
    /// Weeks from Monday: 1,100 days at most.
    Week,
}

impl By {
    /// The longest span, so that an answer stays far below what Lambda may answer.
    const fn most_days(self) -> u64 {
        match self {
            Self::Hour => 92,
            Self::Day => 400,
            Self::Week => 1100,
        }
    }
}

/// Whole days of a clinic, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub from: NaiveDate,
    pub to: NaiveDate,
}

impl Span {
    /// The days asked for: from `from` to `to`, either of which stands for both, today for none.
    pub fn asked(by: By, from: Option<NaiveDate>, to: Option<NaiveDate>, today: NaiveDate) -> Result<Self, Problem> {
        let to = to.or(from).unwrap_or(today);
        let span = Self { from: from.unwrap_or(to), to };
        if span.from.year() < 2000 || to.year() > 2100 {
            return Err(Problem::invalid("from", "2000년부터 2100년까지 조회할 수 있습니다.", "years from 2000 to 2100"));
        }
        if span.from > to {
            return Err(Problem::invalid("from", "시작일이 종료일보다 늦습니다.", "`from` is later than `to`"));
        }
        let most = by.most_days();
        if span.days() > most {
            let (ko, en) = match by {
                By::Hour => (
                    format!("시간별로는 최대 {most}일까지 조회할 수 있습니다. 더 긴 기간은 by=day로 조회하세요."),
                    format!("at most {most} days by hour; for longer ones ask by=day"),
                ),
                By::Day | By::Week => (format!("최대 {most}일까지 조회할 수 있습니다."), format!("at most {most} days")),
            };
            return Err(Problem::invalid("from", ko, en));
        }
        Ok(span)
    }

    /// How many days these are.
    fn days(self) -> u64 {
        u64::try_from((self.to - self.from).num_days()).unwrap_or_default() + 1
    }

    /// As many days right before.
    pub fn previous(self) -> Self {
        let days = Days::new(self.days());
        Self { from: self.from - days, to: self.to - days }
    }

    /// From the first moment until before another.
    pub fn moments(self, zone: Tz) -> Range<DateTime<Utc>> {
        midnight(zone, self.from)..midnight(zone, self.to + Days::new(1))
    }

    /// Every period, the first from the span's beginning and the last to its end: a week of which only some days are asked for is short.
    pub fn periods(self, zone: Tz, by: By) -> Vec<Range<DateTime<Utc>>> {
        let Range { start, end } = self.moments(zone);
        let mut bounds: Vec<_> = match by {
            By::Hour => {
                let hours = std::iter::successors(Some(start), |hour| Some(*hour + TimeDelta::hours(1)));
                hours.take_while(|hour| *hour < end).collect()
            }
            By::Day | By::Week => {
                let begins = |day: &NaiveDate| *day == self.from || by == By::Day || day.weekday() == Weekday::Mon;
                let days = self.from.iter_days().take_while(|day| *day <= self.to);
                days.filter(begins).map(|day| midnight(zone, day)).collect()
            }
        };
        bounds.push(end);
        bounds.array_windows().map(|[begin, end]| *begin..*end).collect()
    }
}

/// When a day begins on the clinic's clock, at the full hour in UTC, because so the hours are counted. Where clocks are put forward at
/// midnight, it begins an hour later.
fn midnight(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    let local = day.and_time(NaiveTime::MIN);
    // A zone that moves across the date line leaves out a whole day.
    let begins = (0..=24).find_map(|hours| zone.from_local_datetime(&(local + TimeDelta::hours(hours))).earliest());
    hour_of(begins.map_or(local.and_utc(), |begin| begin.to_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn span(from: &str, to: &str) -> Span {
        Span { from: day(from), to: day(to) }
    }

    fn begins(span: Span, zone: Tz, by: By) -> Vec<String> {
        let periods = span.periods(zone, by);
        periods.iter().map(|period| period.start.with_timezone(&zone).format("%a %m-%d %H:%M%:z").to_string()).collect()
    }

    #[test]
    fn a_day_in_seoul_begins_nine_hours_before_utc() {
        assert_eq!(midnight(Tz::Asia__Seoul, day("2026-03-02")).to_rfc3339(), "2026-03-01T15:00:00+00:00");
    }

    #[test]
    fn either_day_stands_for_both_and_today_for_none() {
        let asked =
            |from: Option<&str>, to: Option<&str>| Span::asked(By::Hour, from.map(day), to.map(day), day("2026-03-02")).ok();
        assert_eq!(asked(None, None), Some(span("2026-03-02", "2026-03-02")));
        assert_eq!(asked(Some("2026-02-01"), None), Some(span("2026-02-01", "2026-02-01")));
        assert_eq!(asked(None, Some("2026-02-01")), Some(span("2026-02-01", "2026-02-01")));
        assert_eq!(asked(Some("2026-02-02"), Some("2026-02-01")), None);
        assert_eq!(asked(Some("1999-12-31"), None), None);
        assert_eq!(asked(Some("2101-01-01"), None), None);
    }

    #[test]
    fn the_longest_spans_are_92_days_by_hour_400_by_day_and_1100_by_week() {
        for (by, most) in [(By::Hour, 92), (By::Day, 400), (By::Week, 1100)] {
            let from = day("2024-01-01");
            let asked = |days: u64| Span::asked(by, Some(from), Some(from + Days::new(days - 1)), from);
            assert!(asked(most).is_ok() && asked(most + 1).is_err(), "{by:?}");
        }
    }

    #[test]
    fn the_span_before_is_as_long_and_ends_where_this_one_begins() {
        assert_eq!(span("2026-03-01", "2026-03-31").previous(), span("2026-01-29", "2026-02-28"));
        assert_eq!(span("2026-03-02", "2026-03-02").previous(), span("2026-03-01", "2026-03-01"));
    }

    #[test]
    fn days_on_which_clocks_change_have_23_and_25_hours() {
        let new_york = Tz::America__New_York;
        for (date, hours) in [("2026-03-08", 23), ("2026-11-01", 25), ("2026-07-01", 24)] {
            let only = span(date, date);
            assert_eq!(only.periods(new_york, By::Hour).len(), hours, "{date}");
            let [whole] = only.periods(new_york, By::Day).try_into().unwrap();
            assert_eq!((whole.end - whole.start).num_hours(), i64::try_from(hours).unwrap(), "{date}");
        }
        // One o'clock comes twice.
        let hours = begins(span("2026-11-01", "2026-11-01"), new_york, By::Hour);
        assert_eq!(hours[1..3], ["Sun 11-01 01:00-04:00", "Sun 11-01 01:00-05:00"]);
        // In Santiago midnight itself is left out.
        let days = begins(span("2026-09-05", "2026-09-07"), Tz::America__Santiago, By::Day);
        assert_eq!(days, ["Sat 09-05 00:00-04:00", "Sun 09-06 01:00-03:00", "Mon 09-07 00:00-03:00"]);
        let [_, short, _] = span("2026-09-05", "2026-09-07").periods(Tz::America__Santiago, By::Day).try_into().unwrap();
        assert_eq!((short.end - short.start).num_hours(), 23);
    }

    #[test]
    fn weeks_begin_on_monday_and_the_first_and_last_have_the_days_that_were_asked_for() {
        let weeks = begins(span("2026-03-04", "2026-03-17"), Tz::Asia__Seoul, By::Week);
        assert_eq!(weeks, ["Wed 03-04 00:00+09:00", "Mon 03-09 00:00+09:00", "Mon 03-16 00:00+09:00"]);
        let weeks = begins(span("2026-03-02", "2026-03-08"), Tz::Asia__Seoul, By::Week);
        assert_eq!(weeks, ["Mon 03-02 00:00+09:00"]);
    }

    #[test]
    fn periods_follow_each_other_without_a_gap_from_the_first_moment_to_the_last() {
        for zone in [Tz::Asia__Seoul, Tz::America__New_York, Tz::Asia__Kolkata, Tz::Pacific__Apia, Tz::Australia__Lord_Howe] {
            for by in [By::Hour, By::Day, By::Week] {
                let span = span("2011-12-20", "2012-01-20");
                let periods = span.periods(zone, by);
                let moments = span.moments(zone);
                assert_eq!((periods[0].start, periods[periods.len() - 1].end), (moments.start, moments.end), "{zone} {by:?}");
                let follows = |pair: &[Range<DateTime<Utc>>]| pair[0].end == pair[1].start && pair[0].start <= pair[0].end;
                assert!(periods.windows(2).all(follows), "{zone} {by:?}");
            }
        }
    }
}
