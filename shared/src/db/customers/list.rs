//! Lists of customers, page by page.
//!
//! Every statement names its index: both servers guess the selectivity of a pattern badly, and a wrong guess reads a million
//! customers where fifty would do.

mod select;

use std::fmt;
use std::str::FromStr;

pub use self::select::{Part, Selection, count_selected, select};

use sqlx::{MySql, MySqlConnection, QueryBuilder};

use super::search::{Look, Way};
use super::{Customer, Row, Search};
use crate::model::{ClinicId, CustomerId, GroupId};

const COLUMNS: &str = "c.id, c.name, c.phone, c.attributes, c.created_at, c.updated_at, c.advertising_consent_at";
/// For each member of a group that is asked for, so many names are looked through before the whole group is sorted by name.
const WINDOW: u32 = 40;

/// Whose list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// All customers of the clinic.
    Everywhere,
    /// Those in one group.
    Group(GroupId),
    /// Those in no group.
    Unassigned,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// In the order in which they were added.
    #[default]
    Oldest,
    /// Those added last come first.
    Recent,
    /// By name.
    Name,
}

impl Sort {
    const fn order(self) -> &'static str {
        match self {
            Self::Oldest => " ORDER BY c.id",
            Self::Recent => " ORDER BY c.id DESC",
            Self::Name => " ORDER BY c.name, c.id",
        }
    }

    const fn index(self) -> &'static str {
        match self {
            Self::Oldest | Self::Recent => "PRIMARY",
            Self::Name => "customers_by_name",
        }
    }
}

/// Which customers are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// In which group.
    pub within: Within,
    /// By which part of their name or phone.
    pub search: Search,
    /// In which order.
    pub sort: Sort,
}

/// Where in a list to go on. As text it is a cursor: what was added meanwhile moves nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position {
    /// The stage of the search.
    stage: usize,
    /// The last customer of the page before; none at the beginning of a stage.
    after: Option<After>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct After {
    id: CustomerId,
    /// In a list by name.
    name: Option<String>,
}

/// The text is no position in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a position in this list")]
pub struct NotAPosition;

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.stage)?;
        if let Some(After { id, name }) = &self.after {
            write!(f, ":{id}")?;
            if let Some(name) = name {
                write!(f, ":{name}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Position {
    type Err = NotAPosition;

    fn from_str(text: &str) -> Result<Self, NotAPosition> {
        let mut parts = text.splitn(3, ':');
        let stage = parts.next().and_then(|stage| stage.parse().ok()).ok_or(NotAPosition)?;
        let id = parts.next().map(str::parse).transpose().map_err(|_| NotAPosition)?;
        let name = parts.next().map(str::to_owned);
        Ok(Self { stage, after: id.map(|id| After { id, name }) })
    }
}

impl Position {
    /// Whether it is one of a list in this order.
    #[must_use]
    pub fn fits(&self, sort: Sort) -> bool {
        self.after.as_ref().is_none_or(|after| after.name.is_some() == (sort == Sort::Name))
    }

    /// Whether it is one of a list that is not by name.
    #[must_use]
    pub fn is_by_age(&self) -> bool {
        self.fits(Sort::Oldest)
    }

    fn behind(stage: usize, customer: &Customer, sort: Sort) -> Self {
        let name = (sort == Sort::Name).then(|| customer.name.clone());
        Self { stage, after: Some(After { id: customer.id, name }) }
    }
}

/// A piece of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The customers.
    pub customers: Vec<Customer>,
    /// For each of them where the list goes on behind them.
    pub positions: Vec<Position>,
    /// Where there may be more although fewer were found than asked for.
    pub more: Option<Position>,
}

/// Customers from a position on, at most so many.
///
/// When a search for somebody in particular found them by an index, the first page ends there, and the rest of the clinic is looked
/// through only from the position `more` on.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    wanted: &Wanted,
    from: &Position,
    limit: u32,
) -> Result<Found, sqlx::Error> {
    let stages = &wanted.search.stages;
    if stages.is_empty() {
        let mut found = Found::default();
        let rows = everybody(connection, clinic, wanted, from.after.as_ref(), limit).await?;
        found.take(rows, 0, wanted.sort)?;
        return Ok(found);
    }
    let waits = wanted.search.particular && *from == Position::default();
    let (mut found, mut after, mut left) = (Found::default(), from.after.as_ref(), limit);
    for (stage, looks) in stages.iter().enumerate().skip(from.stage) {
        if waits && !found.customers.is_empty() {
            found.more = Some(Position { stage, after: None });
            break;
        }
        let rows = matching(connection, clinic, wanted, looks, after.take(), left).await?;
        left -= u32::try_from(rows.len()).unwrap_or(left).min(left);
        found.take(rows, stage, wanted.sort)?;
        if left == 0 {
            break;
        }
    }
    Ok(found)
}

impl Found {
    /// Adds what is found further on.
    pub fn append(&mut self, further: Self) {
        self.customers.extend(further.customers);
        self.positions.extend(further.positions);
        self.more = further.more;
    }

    fn take(&mut self, rows: Vec<Row>, stage: usize, sort: Sort) -> Result<(), sqlx::Error> {
        for row in rows {
            let customer = Customer::try_from(row)?;
            self.positions.push(Position::behind(stage, &customer, sort));
            self.customers.push(customer);
        }
        Ok(())
    }
}

/// The list without a search.
async fn everybody(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    wanted: &Wanted,
    after: Option<&After>,
    limit: u32,
) -> Result<Vec<Row>, sqlx::Error> {
    let Wanted { within, sort, .. } = *wanted;
    let Within::Group(group) = within else {
        let mut query = QueryBuilder::new(format!("SELECT {COLUMNS}"));
        push_source(&mut query, clinic, within, sort.index());
        push_after(&mut query, sort, after);
        query.push(sort.order()).push(" LIMIT ").push_bind(limit);
        return query.build_query_as().fetch_all(connection).await;
    };
    if sort == Sort::Name {
        let rows = window(connection, clinic, group, after, limit).await?;
        if u32::try_from(rows.len()).is_ok_and(|rows| rows >= limit) {
            return Ok(rows);
        }
    }
    let mut query = QueryBuilder::new(format!(
        "SELECT STRAIGHT_JOIN {COLUMNS} FROM customer_group_members m
         JOIN customers c ON c.clinic_id = m.clinic_id AND c.id = m.customer_id WHERE m.clinic_id = "
    ));
    query.push_bind(clinic).push(" AND m.group_id = ").push_bind(group);
    if sort == Sort::Name {
        push_after(&mut query, sort, after);
        query.push(sort.order());
    } else {
        // The order is that of the members, so that no more of them is read than shown.
        let (than, order) = if sort == Sort::Recent { ("<", " DESC") } else { (">", "") };
        if let Some(After { id, .. }) = after {
            query.push(format!(" AND m.customer_id {than} ")).push_bind(*id);
        }
        query.push(format!(" ORDER BY m.customer_id{order}"));
    }
    query.push(" LIMIT ").push_bind(limit);
    query.build_query_as().fetch_all(connection).await
}

/// Members of a group among the next names of the clinic. When there are enough, they are the next of the group: sorting a large
/// group, of whom many are among any names, would take a thousand times as long.
async fn window(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    group: GroupId,
    after: Option<&After>,
    limit: u32,
) -> Result<Vec<Row>, sqlx::Error> {
    // Names and ids are sorted, and whole customers are read only when it is clear which.
    let mut query = QueryBuilder::new(format!("SELECT {COLUMNS} FROM (SELECT STRAIGHT_JOIN w.id FROM (SELECT c.id, c.name"));
    push_source(&mut query, clinic, Within::Everywhere, Sort::Name.index());
    push_after(&mut query, Sort::Name, after);
    query.push(Sort::Name.order()).push(" LIMIT ").push_bind(limit.saturating_mul(WINDOW));
    query.push(") w JOIN customer_group_members m ON m.customer_id = w.id AND m.clinic_id = ").push_bind(clinic);
    query.push(" AND m.group_id = ").push_bind(group).push(" ORDER BY w.name, w.id LIMIT ").push_bind(limit);
    query.push(") k JOIN customers c ON c.id = k.id AND c.clinic_id = ").push_bind(clinic);
    query.push(Sort::Name.order());
    query.build_query_as().fetch_all(connection).await
}

/// One stage of a search: ids first, from the indexes alone where that is possible, then the customers.
async fn matching(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    wanted: &Wanted,
    looks: &[Look],
    after: Option<&After>,
    limit: u32,
) -> Result<Vec<Row>, sqlx::Error> {
    let mut query = QueryBuilder::new(format!("SELECT {COLUMNS} FROM ("));
    for (number, look) in looks.iter().enumerate() {
        query.push(if number == 0 { "(" } else { " UNION (" });
        push_look(&mut query, clinic, wanted, look, after);
        query.push(" LIMIT ").push_bind(limit).push(")");
    }
    query.push(") k JOIN customers c ON c.id = k.id AND c.clinic_id = ").push_bind(clinic);
    query.push(wanted.sort.order()).push(" LIMIT ").push_bind(limit);
    query.build_query_as().fetch_all(connection).await
}

fn push_look(query: &mut QueryBuilder<MySql>, clinic: ClinicId, wanted: &Wanted, look: &Look, after: Option<&After>) {
    query.push("SELECT c.id");
    push_source(query, clinic, wanted.within, index(look, wanted.sort));
    push_patterns(query, look);
    push_after(query, wanted.sort, after);
    query.push(wanted.sort.order());
}

const fn index(look: &Look, sort: Sort) -> &'static str {
    match look.way {
        Way::Name => "customers_by_name",
        Way::Phone => "customers_phone",
        Way::Order => sort.index(),
    }
}

fn push_patterns(query: &mut QueryBuilder<MySql>, look: &Look) {
    for (number, (field, pattern)) in look.like.iter().enumerate() {
        query.push(if number == 0 { " AND (" } else { " OR " });
        query.push(field.column()).push(" LIKE ").push_bind(pattern.clone()).push(" ESCAPE '|'");
    }
    query.push(")");
    for (field, pattern) in &look.also {
        query.push(" AND ").push(field.column()).push(" LIKE ").push_bind(pattern.clone()).push(" ESCAPE '|'");
    }
    for (field, pattern) in &look.unlike {
        query.push(" AND ").push(field.column()).push(" NOT LIKE ").push_bind(pattern.clone()).push(" ESCAPE '|'");
    }
}

/// Those of the clinic, or of one of its groups, read by one index.
fn push_source(query: &mut QueryBuilder<MySql>, clinic: ClinicId, within: Within, index: &str) {
    const MEMBER: &str = " JOIN customer_group_members m FORCE INDEX (customer_group_members_by_customer)
        ON m.clinic_id = c.clinic_id AND m.customer_id = c.id";
    query.push(format!(" FROM customers c FORCE INDEX ({index})"));
    if within == Within::Unassigned {
        query.push(" LEFT").push(MEMBER);
    }
    query.push(" WHERE c.clinic_id = ").push_bind(clinic);
    match within {
        Within::Everywhere => {}
        Within::Group(group) => {
            query.push(" AND EXISTS (SELECT 1 FROM customer_group_members m WHERE m.clinic_id = c.clinic_id AND m.group_id = ");
            query.push_bind(group).push(" AND m.customer_id = c.id)");
        }
        Within::Unassigned => {
            query.push(" AND m.customer_id IS NULL");
        }
    }
}

fn push_after(query: &mut QueryBuilder<MySql>, sort: Sort, after: Option<&After>) {
    let Some(After { id, name }) = after else { return };
    match (sort, name) {
        (Sort::Oldest, _) => query.push(" AND c.id > ").push_bind(*id),
        (Sort::Recent, _) => query.push(" AND c.id < ").push_bind(*id),
        (Sort::Name, name) => {
            let name = name.clone().unwrap_or_default();
            query.push(" AND (c.name > ").push_bind(name.clone()).push(" OR (c.name = ").push_bind(name);
            query.push(" AND c.id > ").push_bind(*id).push("))")
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_being_a_cursor() {
        let id = CustomerId::from_uuid(uuid::Uuid::nil());
        for (after, sort) in [
            (None, Sort::Name),
            (Some(After { id, name: None }), Sort::Recent),
            (Some(After { id, name: Some("가:나".to_owned()) }), Sort::Name),
        ] {
            let position = Position { stage: 1, after };
            assert_eq!(position.to_string().parse(), Ok(position.clone()));
            assert!(position.fits(sort));
        }
        for text in ["", "x", "0:", "0:cus_1", "-1", "grp_1"] {
            assert_eq!(text.parse::<Position>(), Err(NotAPosition), "{text}");
        }
        assert!(!Position { stage: 0, after: Some(After { id, name: None }) }.fits(Sort::Name));
    }
}
