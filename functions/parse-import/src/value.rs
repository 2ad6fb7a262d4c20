//! What people see in a cell.

use std::fmt::Write as _;

use calamine::{DataRef, ExcelDateTime};

/// The first serial number that is no date any more: 10000-01-01.
const DATES_END: f64 = 2_958_466.0;
/// Up to here, and far beyond, whole numbers are exact.
const EXACT: f64 = 1e15;

/// What people see in a cell, more or less; `space` is where it is written when it does not stand there. A formula is its last
/// result.
pub(crate) fn show<'a>(value: &'a DataRef<'_>, space: &'a mut String) -> &'a str {
    space.clear();
    match value {
        DataRef::String(text) | DataRef::DurationIso(text) => return text,
        DataRef::SharedString(text) => return text,
        DataRef::Bool(value) => return if *value { "TRUE" } else { "FALSE" },
        DataRef::Error(_) | DataRef::Empty => {}
        DataRef::Float(value) => number(*value, space),
        // Writing into memory cannot fail.
        DataRef::Int(value) => _ = write!(space, "{value}"),
        DataRef::DateTime(value) => moment(value, space),
        DataRef::DateTimeIso(text) => space.push_str(&iso(text)),
    }
    space
}

/// A number without `.0`, an exponent, or the noise behind the 15 digits that spreadsheet programs keep.
fn number(value: f64, space: &mut String) {
    if !value.is_finite() {
        return;
    }
    // Adding nothing takes the sign from a zero.
    let whole = value.fract() == 0.0 && value.abs() < EXACT;
    let shown = if whole { value + 0.0 } else { format!("{value:.14e}").parse().unwrap_or(value) };
    _ = write!(space, "{shown}");
}

/// `2026-03-02`, with `14:30` behind it when there is a time of day, or a duration as `26:30`.
fn moment(value: &ExcelDateTime, space: &mut String) {
    let serial = value.as_f64();
    if !(0.0..DATES_END).contains(&serial) {
        return number(serial, space);
    }
    if value.is_duration() {
        let minutes = value.as_duration().map(|duration| duration.num_minutes()).unwrap_or_default();
        _ = write!(space, "{}:{:02}", minutes / 60, minutes % 60);
        return;
    }
    let (year, month, day, hour, minute, ..) = value.to_ymd_hms_milli();
    if serial >= 1.0 {
        _ = write!(space, "{year:04}-{month:02}-{day:02}");
    }
    if serial < 1.0 || (hour, minute) != (0, 0) {
        _ = write!(space, "{}{hour:02}:{minute:02}", if space.is_empty() { "" } else { " " });
    }
}

/// A moment that the file spells out: `2026-03-02T00:00:00`.
fn iso(text: &str) -> String {
    match text.split_once('T') {
        Some((date, time)) if time.starts_with("00:00") => date.to_owned(),
        Some((date, time)) => format!("{date} {}", time.get(..5).unwrap_or(time)),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType::{DateTime, TimeDelta};

    use super::*;

    #[test]
    fn numbers_are_shown_as_people_see_them() {
        for (value, shown) in [
            (1_012_345_678.0, "1012345678"),
            (64_000.0, "64000"),
            (0.1 + 0.2, "0.3"),
            (-1.5, "-1.5"),
            (821_012_345_678.0, "821012345678"),
            (1e20, "100000000000000000000"),
            (-0.0, "0"),
            (f64::NAN, ""),
        ] {
            let mut space = String::new();
            assert_eq!(show(&DataRef::Float(value), &mut space), shown);
        }
    }

    #[test]
    fn dates_are_shown_with_the_year_first_and_times_only_where_there_are_any() {
        let shown = |serial, kind, since_1904| {
            let mut space = String::new();
            show(&DataRef::DateTime(ExcelDateTime::new(serial, kind, since_1904)), &mut space).to_owned()
        };
        assert_eq!(shown(45_429.0, DateTime, false), "2024-05-17");
        assert_eq!(shown(45_429.0 - 1462.0, DateTime, true), "2024-05-17");
        assert_eq!(shown(45_943.5, DateTime, false), "2025-10-13 12:00");
        assert_eq!(shown(0.5, DateTime, false), "12:00");
        assert_eq!(shown(1.104_166_666_7, TimeDelta, false), "26:30");
        assert_eq!(shown(1_012_345_678.0, DateTime, false), "1012345678", "a phone in a cell that is formatted as a date");
        assert_eq!((iso("2026-03-02T00:00:00"), iso("2026-03-02T14:30:00")), ("2026-03-02".into(), "2026-03-02 14:30".into()));
    }
}
