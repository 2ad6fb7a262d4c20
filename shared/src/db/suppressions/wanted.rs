//! Which lines of the ledger are asked for, and where a list of them goes on.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{MySql, QueryBuilder};

use crate::model::state::SuppressionReason;
use crate::model::{PhoneNumber, SuppressionId};

/// A place in a list that is ordered by time: what was added meanwhile moves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The time of the last line of the page before.
    pub at: DateTime<Utc>,
    /// That line.
    pub id: SuppressionId,
}

/// The text is no place in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a place in this list")]
pub struct NotAPlace;

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.at.timestamp_micros(), self.id)
    }
}

impl FromStr for Place {
    type Err = NotAPlace;

    fn from_str(text: &str) -> Result<Self, NotAPlace> {
        let (at, id) = text.split_once(':').ok_or(NotAPlace)?;
        let at =
            at.parse().ok().and_then(DateTime::from_timestamp_micros).filter(|at| Self::is_storable(*at)).ok_or(NotAPlace)?;
        Ok(Self { at, id: id.parse().map_err(|_| NotAPlace)? })
    }
}

impl Place {
    /// A made-up cursor may hold a year that no database takes.
    fn is_storable(at: DateTime<Utc>) -> bool {
        (DateTime::UNIX_EPOCH..DateTime::UNIX_EPOCH + TimeDelta::days(365 * 1000)).contains(&at)
    }

    /// Goes on behind the place, in a list that shows what is newest first.
    pub(super) fn push(query: &mut QueryBuilder<MySql>, place: Option<Self>, at: &str, id: &str) {
        if let Some(place) = place {
            query.push(format!(" AND {at} <= ")).push_bind(place.at).push(format!(" AND ({at} < ")).push_bind(place.at);
            query.push(format!(" OR {id} < ")).push_bind(place.id).push(")");
        }
    }
}

/// Which lines are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only those for this reason.
    pub reason: Option<SuppressionReason>,
    /// Only phones that hold this part.
    pub part: Option<PhonePart>,
}

impl Wanted {
    /// Leaves out the other lines.
    pub(super) fn push(&self, query: &mut QueryBuilder<MySql>) {
        if let Some(part) = &self.part {
            query
                .push(" AND (s.phone LIKE ")
                .push_bind(&part.start)
                .push(" OR s.phone LIKE ")
                .push_bind(&part.anywhere)
                .push(")");
        }
        if let Some(reason) = self.reason {
            query.push(" AND s.reason = ").push_bind(reason.as_str());
        }
    }
}

/// A part of a phone as people write it: `010-12` is the beginning of `+821012345678`, `5678` is somewhere in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhonePart {
    start: String,
    anywhere: String,
}

impl PhonePart {
    /// Reads what people type. None when there is no digit in it, or something that is in no phone.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        if let Ok(phone) = text.parse::<PhoneNumber>() {
            return Some(Self { start: phone.e164().to_owned(), anywhere: phone.e164().to_owned() });
        }
        let written = |c: char| c.is_ascii_digit() || c.is_whitespace() || matches!(c, '-' | '.' | '+' | '(' | ')');
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        if digits.is_empty() || !text.chars().all(written) {
            return None;
        }
        if text.trim_start().starts_with('+') {
            let start = format!("+{digits}%");
            return Some(Self { anywhere: start.clone(), start });
        }
        let anywhere = format!("%{digits}%");
        let start = digits.strip_prefix('0').map(|national| format!("+82{national}%"));
        Some(Self { start: start.unwrap_or_else(|| anywhere.clone()), anywhere })
    }

    /// The patterns of `LIKE` of which a phone fits one.
    pub(in crate::db) fn patterns(&self) -> [&str; 2] {
        [&self.start, &self.anywhere]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(text: &str) -> Option<(String, String)> {
        PhonePart::of(text).map(|part| (part.start, part.anywhere))
    }

    #[test]
    fn a_part_of_a_phone_is_read_as_people_write_it() {
        let both = |start: &str, anywhere: &str| Some((start.to_owned(), anywhere.to_owned()));
        assert_eq!(part("010-1234-5678"), both("+821012345678", "+821012345678"));
        assert_eq!(part(" 010-12 "), both("+821012%", "%01012%"));
        assert_eq!(part("5678"), both("%5678%", "%5678%"));
        assert_eq!(part("+82 10-12"), both("+821012%", "+821012%"));
        for text in ["", " - ", "김단골", "12%", "1_2", "a1"] {
            assert_eq!(part(text), None, "{text}");
        }
    }

    #[test]
    fn a_place_reads_back_what_it_writes_and_nothing_that_no_database_holds() {
        let id = SuppressionId::from_uuid(uuid::Uuid::from_u128(7));
        let place = Place { at: DateTime::from_timestamp_micros(1_772_413_200_000_001).unwrap(), id };
        assert_eq!(place.to_string().parse(), Ok(place));
        for text in ["", "1", "1:cus_1", "x:y", &format!("-1:{id}"), &format!("{}:{id}", i64::MAX)] {
            assert_eq!(text.parse::<Place>(), Err(NotAPlace), "{text}");
        }
    }
}
