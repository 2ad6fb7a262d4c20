//! All customers of a filter, for what is done with many of them at once: in steps, for as long as a call may last, and then on from
//! where it ended.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use sqlx::MySqlConnection;
use utoipa::ToSchema;

use crate::clock::Ambient;
use crate::db::customers::{Part, Position, Search, Selection, Within, count_selected, select};
use crate::db::{Database, groups};
use crate::http::{Cursor, Problem};
use crate::model::{ClinicId, CustomerId, GroupId};

/// What a search may be long.
const MAX_SEARCH: usize = 50;
/// Customers of one step, which is a transaction.
const STEP: u32 = 5000;
/// No step begins later than this: people watch how it goes on, and an answer is due within 29 s whatever a step waits for.
const PATIENCE: TimeDelta = TimeDelta::seconds(5);
/// Whatever is later than that was not stored by anybody.
const LAST: DateTime<Utc> = DateTime::from_timestamp(4_102_444_800, 0).expect("the year 2100 is a moment");

/// All customers that `GET /v1/customers` lists for the same `q` and `groupId`; without either, everybody.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CustomerFilter)]
pub struct Filter {
    /// Only those in this group.
    pub group_id: Option<GroupId>,
    /// A part of a name or of a phone, at most 50 characters.
    pub q: Option<String>,
    /// Nobody whom the clinic added later than this. The moment of the first call unless said. Who was there and came into the group,
    /// or to match `q`, later than this is among them.
    #[serde(default, deserialize_with = "crate::http::moment")]
    pub added_until: Option<DateTime<Utc>>,
}

/// What to look for.
///
/// # Errors
/// When the text is too long.
pub fn search(text: Option<&str>) -> Result<Search, Problem> {
    Ok(Search::of(short(text)?))
}

/// The text of a search.
///
/// # Errors
/// When it is too long.
pub fn short(text: Option<&str>) -> Result<&str, Problem> {
    let text = text.unwrap_or_default();
    if text.chars().count() > MAX_SEARCH {
        let (ko, en) = (format!("검색어는 최대 {MAX_SEARCH}자입니다."), format!("at most {MAX_SEARCH} characters"));
        return Err(Problem::invalid("q", ko, en));
    }
    Ok(text)
}

/// Where to look: the clinic, or one of its groups.
///
/// # Errors
/// When there is no such group.
pub async fn within(connection: &mut MySqlConnection, clinic: ClinicId, group: Option<GroupId>) -> Result<Within, Problem> {
    let Some(id) = group else { return Ok(Within::Everywhere) };
    let group = groups::find(connection, clinic, id).await?.ok_or_else(Problem::not_found)?;
    Ok(if group.unassigned { Within::Unassigned } else { Within::Group(id) })
}

/// Refuses both and neither of the two ways to choose customers.
///
/// # Errors
/// When it is not exactly one of them, or a cursor without a filter.
pub fn one_of<T>(ids: Option<T>, all: Option<Filter>, cursor: Option<Cursor>) -> Result<Chosen<T>, Problem> {
    match (ids, all, cursor) {
        (Some(ids), None, None) => Ok(Chosen::These(ids)),
        (None, Some(filter), cursor) => Ok(Chosen::All(filter, cursor)),
        (Some(_), None, Some(_)) => {
            Err(Problem::invalid("cursor", "cursor는 all과 함께만 사용합니다.", "a cursor belongs to `all`"))
        }
        (None, None, _) => Err(Problem::invalid(
            "customerIds",
            "고객을 한 명 이상 선택하세요.",
            "choose at least one customer, or `all` of a filter",
        )),
        (Some(_), Some(_), _) => Err(Problem::invalid(
            "customerIds",
            "customerIds와 all 중 하나만 사용하세요.",
            "either `customerIds` or `all`, not both",
        )),
    }
}

/// The customers with whom something is to be done.
#[derive(Debug)]
pub enum Chosen<T> {
    /// These.
    These(T),
    /// All of a filter, from behind a cursor on.
    All(Filter, Option<Cursor>),
}

/// The way through all customers of a filter.
#[derive(Debug)]
pub struct Walk {
    clinic: ClinicId,
    selection: Selection,
    /// What was added later is not there.
    until: DateTime<Utc>,
    /// Where to go on; none at the end.
    from: Option<Position>,
    begun: DateTime<Utc>,
}

impl Walk {
    /// Begins, or goes on behind a cursor.
    ///
    /// # Errors
    /// When the search is too long, or the cursor is none of such a walk.
    pub fn begin(
        ambient: &Ambient,
        clinic: ClinicId,
        filter: &Filter,
        within: Within,
        cursor: Option<Cursor>,
    ) -> Result<Self, Problem> {
        let search = search(filter.q.as_deref()).map_err(|problem| problem.with("field", "all.q"))?;
        let begun = ambient.now();
        let (until, from) = match cursor {
            None => (filter.added_until.unwrap_or(begun).min(LAST), Position::default()),
            Some(cursor) => read(&cursor)
                .ok_or_else(|| Problem::invalid("cursor", "이 작업의 cursor가 아닙니다.", "not a cursor of such a walk"))?,
        };
        let selection = Selection { within, search, added_until: Some(until) };
        Ok(Self { clinic, selection, until, from: Some(from), begun })
    }

    /// The next customers; none at the end, and when it is time to answer.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn step(&mut self, database: &Database, ambient: &Ambient) -> Result<Option<Vec<CustomerId>>, Problem> {
        let is_late = ambient.now() - self.begun > PATIENCE;
        let Some(from) = self.from.as_ref().filter(|_| !is_late) else { return Ok(None) };
        let mut connection = database.acquire().await?;
        let Part { ids, next } = select(&mut connection, self.clinic, &self.selection, from, STEP).await?;
        self.from = next;
        Ok(Some(ids).filter(|ids| !ids.is_empty()))
    }

    /// How many remain, and where the next call goes on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end(self, connection: &mut MySqlConnection) -> Result<(u64, Option<Cursor>), Problem> {
        let Some(from) = self.from else { return Ok((0, None)) };
        let remaining = count_selected(connection, self.clinic, &self.selection, &from).await?;
        let cursor = Cursor(format!("{}:{from}", self.until.timestamp_micros()));
        Ok((remaining, Some(cursor).filter(|_| remaining > 0)))
    }
}

fn read(cursor: &Cursor) -> Option<(DateTime<Utc>, Position)> {
    let (until, position) = cursor.0.split_once(':')?;
    let until = until.parse().ok().and_then(DateTime::from_timestamp_micros)?;
    // A made-up cursor may hold a year that no database takes.
    let until = Some(until).filter(|until| (DateTime::UNIX_EPOCH..=LAST).contains(until))?;
    Some((until, position.parse().ok().filter(Position::is_by_age)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter() -> Filter {
        Filter { group_id: None, q: None, added_until: None }
    }

    #[test]
    fn exactly_one_way_to_choose_is_taken() {
        let cursor = || Some(Cursor("0:0".to_owned()));
        assert!(matches!(one_of(Some(1), None, None), Ok(Chosen::These(1))));
        assert!(matches!(one_of::<()>(None, Some(filter()), cursor()), Ok(Chosen::All(_, Some(_)))));
        assert!(one_of::<()>(None, None, None).is_err());
        assert!(one_of(Some(1), Some(filter()), None).is_err());
        assert!(one_of(Some(1), None, cursor()).is_err());
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let position = "0:cus_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e";
        assert!(read(&Cursor(format!("1772413200000001:{position}"))).is_some());
        for text in ["", "0:cus_1", &format!("x:{position}"), &format!("-1:{position}"), &format!("{}:{position}", i64::MAX)] {
            assert_eq!(read(&Cursor(text.to_owned())), None, "{text}");
        }
        assert_eq!(read(&Cursor(format!("0:{position}:김단골"))), None, "a list by name goes another way");
    }
}
