//! Members as their clinic sees them. Those who have withdrawn are left out by looking at the users.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use sqlx::{MySqlConnection, QueryBuilder};

use crate::db::customers::literal;
use crate::db::decode;
use crate::db::suppressions::PhonePart;
use crate::model::customer::visible;
use crate::model::state::{EndReason, MembershipState};
use crate::model::{ClinicId, CustomerId, ReferralCode, UserId};

/// Which members are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only those who stand so.
    pub state: Option<MembershipState>,
    /// Only those who came through this code.
    pub code: Option<ReferralCode>,
    /// Only those whose name or phone holds a text.
    pub search: Option<Search>,
}

/// A part of a name or of a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    name: String,
    phone: Option<PhonePart>,
}

impl Search {
    /// Reads what people type; none when there is nothing to be seen in it.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let text = visible(text);
        (!text.is_empty()).then(|| Self { name: format!("%{}%", literal(&text)), phone: PhonePart::of(&text) })
    }
}

/// A place in the list: whoever comes meanwhile moves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Since when the last one of the page before is here.
    pub at: DateTime<Utc>,
    /// Who that is.
    pub user: UserId,
}

/// The text is no place in a list of members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a place in this list")]
pub struct NotAPlace;

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.at.timestamp_micros(), self.user)
    }
}

impl FromStr for Place {
    type Err = NotAPlace;

    fn from_str(text: &str) -> Result<Self, NotAPlace> {
        let (at, user) = text.split_once(':').ok_or(NotAPlace)?;
        let at = at.parse().ok().and_then(DateTime::from_timestamp_micros);
        // A made-up cursor may hold a year that no database takes.
        let storable = DateTime::UNIX_EPOCH..DateTime::UNIX_EPOCH + TimeDelta::days(365 * 1000);
        let at = at.filter(|at| storable.contains(at)).ok_or(NotAPlace)?;
        Ok(Self { at, user: user.parse().map_err(|_| NotAPlace)? })
    }
}

/// A member in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The person.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// Their phone, E.164; none of those who are members no more.
    pub phone: Option<String>,
    /// Their standing.
    pub state: MembershipState,
    /// Why it ended, when it did.
    pub ended_because: Option<EndReason>,
    /// How they came, if through a code.
    pub source: Option<Source>,
    /// The customer who is the same person.
    pub customer: Option<CustomerId>,
    /// Their points.
    pub points: i64,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// How a member in a list came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Through which code.
    pub code: String,
    /// What the clinic calls the code; empty for the code of a member.
    pub label: String,
    /// Whether the code is that of a member.
    pub is_of_member: bool,
    /// That member, unless they have withdrawn.
    pub inviter: Option<(UserId, String)>,
}

#[derive(sqlx::FromRow)]
struct Row {
    user_id: UserId,
    name: String,
    phone: Option<String>,
    state: String,
    ended_because: Option<String>,
    code: Option<String>,
    label: Option<String>,
    is_of_member: bool,
    inviter: Option<UserId>,
    inviter_name: Option<String>,
    customer_id: Option<CustomerId>,
    balance: i64,
    created_at: NaiveDateTime,
}

impl TryFrom<Row> for Listed {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            user: row.user_id,
            name: row.name,
            phone: row.phone,
            state: decode(&row.state)?,
            ended_because: row.ended_because.as_deref().map(decode).transpose()?,
            source: row.code.map(|code| Source {
                code,
                label: row.label.unwrap_or_default(),
                is_of_member: row.is_of_member,
                inviter: row.inviter.zip(row.inviter_name),
            }),
            customer: row.customer_id,
            points: row.balance,
            created_at: row.created_at.and_utc(),
        })
    }
}

/// The clinic's members, those who came last first, from behind a place on.
///
/// The statement names its index and its order of tables: members are read in the order of the list, and no more of them than it
/// takes to find so many. Those of a code are the exception: all whom it brought are read and put in order, for each page, because no
/// index has them so, and to walk the whole clinic for the few who came by a leaflet would cost more.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    wanted: &Wanted,
    behind: Option<Place>,
    limit: u32,
) -> Result<Vec<Listed>, sqlx::Error> {
    const COLUMNS: &str =
        "m.user_id, u.name, IF(m.state = 'ended', NULL, u.phone) AS phone, m.state, m.ended_because, r.code, rc.label,
        r.referrer_id IS NOT NULL AS is_of_member, i.id AS inviter, i.name AS inviter_name, c.id AS customer_id,
        COALESCE(b.balance, 0) AS balance, m.created_at";
    const REST: &str = " JOIN users u ON u.id = m.user_id AND u.withdrawn_at IS NULL
        LEFT JOIN customers c FORCE INDEX (PRIMARY) ON c.clinic_id = m.clinic_id AND c.id = m.customer_id
        LEFT JOIN point_balances b ON b.clinic_id = m.clinic_id AND b.user_id = m.user_id";
    let mut query = QueryBuilder::new(format!("SELECT STRAIGHT_JOIN {COLUMNS} FROM "));
    if wanted.code.is_some() {
        query.push("referrals r JOIN memberships m ON m.clinic_id = r.clinic_id AND m.user_id = r.user_id");
        query.push(REST);
    } else {
        let index = if wanted.state.is_some() { "memberships_by_state" } else { "memberships_by_age" };
        query.push(format!("memberships m FORCE INDEX ({index})")).push(REST);
        query.push(" LEFT JOIN referrals r ON r.user_id = m.user_id AND r.clinic_id = m.clinic_id");
    }
    query.push(
        " LEFT JOIN referral_codes rc ON rc.code = r.code LEFT JOIN users i ON i.id = r.referrer_id AND i.withdrawn_at IS NULL",
    );
    query.push(" WHERE m.clinic_id = ").push_bind(clinic);
    if let Some(code) = &wanted.code {
        query.push(" AND r.clinic_id = ").push_bind(clinic).push(" AND r.code = ").push_bind(code.as_str().to_owned());
    }
    if let Some(state) = wanted.state {
        query.push(" AND m.state = ").push_bind(state.as_str());
    }
    if let Some(Search { name, phone }) = &wanted.search {
        query.push(" AND (u.name LIKE ").push_bind(name.clone()).push(" ESCAPE '|'");
        for pattern in phone.iter().flat_map(PhonePart::patterns) {
            query.push(" OR m.state <> 'ended' AND u.phone LIKE ").push_bind(pattern.to_owned());
        }
        query.push(")");
    }
    if let Some(Place { at, user }) = behind {
        query.push(" AND m.created_at <= ").push_bind(at).push(" AND (m.created_at < ").push_bind(at);
        query.push(" OR m.user_id < ").push_bind(user).push(")");
    }
    query.push(" ORDER BY m.created_at DESC, m.user_id DESC LIMIT ").push_bind(limit);
    let rows: Vec<Row> = query.build_query_as().fetch_all(connection).await?;
    rows.into_iter().map(Listed::try_from).collect()
}

/// How many members the clinic has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Who wait for the clinic.
    pub pending: u64,
    /// Who are members.
    pub confirmed: u64,
    /// Who are members no more.
    pub ended: u64,
}

/// How many members there are in each state: exactly those whom [`list`] shows.
///
/// # Errors
/// When the database does not answer.
pub async fn count(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<Counts, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT STRAIGHT_JOIN m.state, COUNT(*) AS people FROM memberships m FORCE INDEX (memberships_by_state)
         JOIN users u ON u.id = m.user_id AND u.withdrawn_at IS NULL WHERE m.clinic_id = ? GROUP BY m.state",
        clinic
    )
    .fetch_all(connection)
    .await?;
    let mut counts = Counts::default();
    for row in rows {
        let count = match decode(&row.state)? {
            MembershipState::Pending => &mut counts.pending,
            MembershipState::Confirmed => &mut counts.confirmed,
            MembershipState::Ended => &mut counts.ended,
        };
        *count = row.people.unsigned_abs();
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_what_it_writes_and_nothing_that_no_database_holds() {
        let user = UserId::from_uuid(uuid::Uuid::from_u128(7));
        let place = Place { at: DateTime::from_timestamp_micros(1_772_413_200_000_001).unwrap(), user };
        assert_eq!(place.to_string().parse(), Ok(place));
        for text in ["", "1", "1:cus_1", "x:y", &format!("-1:{user}"), &format!("{}:{user}", i64::MAX)] {
            assert_eq!(text.parse::<Place>(), Err(NotAPlace), "{text}");
        }
    }

    #[test]
    fn what_people_type_is_looked_for_as_it_is_written_and_as_a_part_of_a_phone() {
        let name = Search::of(" 50%_ 김 ").unwrap();
        assert_eq!((name.name.as_str(), name.phone), ("%50|%|_ 김%", None));
        assert_eq!(Search::of("010-12").unwrap().phone, PhonePart::of("010-12"));
        assert_eq!(Search::of(" \u{200b} "), None);
    }
}
