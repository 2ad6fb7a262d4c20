//! All customers of a filter, in steps: who a list of everybody or a search shows page by page, by their ids alone.

use chrono::{DateTime, Utc};
use sqlx::{MySql, MySqlConnection, QueryBuilder};

use super::{After, Look, Position, Search, Sort, Within, index, push_after, push_patterns, push_source};
use crate::model::{ClinicId, CustomerId};

/// Which customers are chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// In which group.
    pub within: Within,
    /// By which part of their name or phone.
    pub search: Search,
    /// Nobody who was added later.
    pub added_until: Option<DateTime<Utc>>,
}

/// Some of those who are chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The customers.
    pub ids: Vec<CustomerId>,
    /// Where to go on; none when these are the last.
    pub next: Option<Position>,
}

/// Those who are chosen, from a position on, at most so many. Nobody comes twice, whatever becomes of those who came before.
///
/// # Errors
/// When the database does not answer.
pub async fn select(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    selection: &Selection,
    from: &Position,
    limit: u32,
) -> Result<Part, sqlx::Error> {
    let (mut ids, mut left) = (Vec::new(), limit);
    for (stage, looks) in stages(selection, from) {
        let mut query = QueryBuilder::new("");
        push_stage(&mut query, clinic, selection, looks, from.behind_in(stage));
        query.push(" ORDER BY id LIMIT ").push_bind(left);
        let found: Vec<CustomerId> = query.build_query_scalar().fetch_all(&mut *connection).await?;
        left -= u32::try_from(found.len()).unwrap_or(left).min(left);
        ids.extend(found);
        if let Some(last) = ids.last().filter(|_| left == 0) {
            let after = Some(After { id: *last, name: None });
            return Ok(Part { next: Some(Position { stage, after }), ids });
        }
    }
    Ok(Part { ids, next: None })
}

/// How many are chosen, from a position on.
///
/// # Errors
/// When the database does not answer.
pub async fn count_selected(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    selection: &Selection,
    from: &Position,
) -> Result<u64, sqlx::Error> {
    let mut count = 0;
    for (stage, looks) in stages(selection, from) {
        let mut query = QueryBuilder::new("SELECT COUNT(*) FROM (");
        push_stage(&mut query, clinic, selection, looks, from.behind_in(stage));
        query.push(") chosen");
        count += query.build_query_scalar::<i64>().fetch_one(&mut *connection).await?.unsigned_abs();
    }
    Ok(count)
}

impl Position {
    /// The customer behind whom a stage goes on.
    fn behind_in(&self, stage: usize) -> Option<&After> {
        self.after.as_ref().filter(|_| stage == self.stage)
    }
}

/// The stages that are not done, each with what it looks through; one that looks through everybody when nothing is searched for.
fn stages<'a>(selection: &'a Selection, from: &Position) -> impl Iterator<Item = (usize, &'a [Look])> {
    let stages = &selection.search.stages;
    let everybody = stages.is_empty().then_some(&[][..]);
    stages.iter().map(Vec::as_slice).chain(everybody).enumerate().skip(from.stage)
}

fn push_stage(query: &mut QueryBuilder<MySql>, clinic: ClinicId, selection: &Selection, looks: &[Look], after: Option<&After>) {
    match (looks, selection.within) {
        ([], Within::Group(group)) => {
            // In the order of the members, and no further than asked.
            query.push("SELECT STRAIGHT_JOIN m.customer_id AS id FROM customer_group_members m");
            if selection.added_until.is_some() {
                query.push(" JOIN customers c ON c.clinic_id = m.clinic_id AND c.id = m.customer_id");
            }
            query.push(" WHERE m.clinic_id = ").push_bind(clinic).push(" AND m.group_id = ").push_bind(group);
            if let Some(After { id, .. }) = after {
                query.push(" AND m.customer_id > ").push_bind(*id);
            }
            push_age(query, selection);
        }
        ([], within) => push_look(query, clinic, selection, (within, Sort::Oldest.index()), None, after),
        (looks, within) => {
            for (number, look) in looks.iter().enumerate() {
                query.push(if number == 0 { "" } else { " UNION " });
                push_look(query, clinic, selection, (within, index(look, Sort::Oldest)), Some(look), after);
            }
        }
    }
}

fn push_look(
    query: &mut QueryBuilder<MySql>,
    clinic: ClinicId,
    selection: &Selection,
    (within, index): (Within, &str),
    look: Option<&Look>,
    after: Option<&After>,
) {
    query.push("SELECT c.id AS id");
    push_source(query, clinic, within, index);
    if let Some(look) = look {
        push_patterns(query, look);
    }
    push_age(query, selection);
    push_after(query, Sort::Oldest, after);
}

fn push_age(query: &mut QueryBuilder<MySql>, selection: &Selection) {
    if let Some(moment) = selection.added_until {
        query.push(" AND c.created_at <= ").push_bind(moment);
    }
}
