//! What a row that is lost, or contradicts itself, may have been counted as. As long as it is not restored the roll-up knows more than the
//! rows, and is left as it is.

use chrono::{DateTime, TimeDelta, Utc};
use shared::db::hourly_totals::{WHOLE, hour_of};
use shared::db::recount::{Column, Message, Misplaced, Rows, Stray, Sums, Unrecorded, add};
use shared::model::state::{ClickClass, MessageState};
use uuid::Uuid;

/// By how much the order of visits may differ from that of their numbers.
const BESIDE: TimeDelta = TimeDelta::minutes(1);

/// Which numbers may be more than the rows say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Sent,
    /// Delivered or failed.
    Result,
    Reason,
    Unique,
    /// Of any class where none is named.
    Visits(Option<ClickClass>),
}

impl What {
    fn covers(self, column: &Column) -> bool {
        match (self, column) {
            (Self::Sent, Column::Sent)
            | (Self::Result, Column::Delivered | Column::Failed)
            | (Self::Reason, Column::FailedBecause(_))
            | (Self::Unique, Column::Unique) => true,
            (Self::Visits(class), Column::Visits(counted)) => class.is_none_or(|class| class == *counted),
            _ => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Excuse {
    what: What,
    /// Any where none is named.
    part: Option<Uuid>,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    left: i64,
}

/// What is excused.
#[derive(Debug, Default)]
pub(crate) struct Excuses(Vec<Excuse>);

impl Excuses {
    /// By what is wrong with the rows.
    pub(crate) fn of(rows: &Rows) -> Self {
        let mut excuses = Self::default();
        for message in &rows.contradicting {
            excuses.contradicting(message);
        }
        for (first, last) in &rows.numbers.missing {
            excuses.missing(i64::from(last - first) + 1);
        }
        excuses.missing(i64::from(rows.numbers.prepared.saturating_sub(rows.numbers.last)));
        for stray in &rows.strays {
            excuses.stray(stray);
        }
        for gap in &rows.unrecorded {
            let (from, until) = window(gap);
            excuses.push(What::Visits(None), None, (hour_of(from), hour_of(until)), gap.count().into());
        }
        excuses
    }

    fn push(&mut self, what: What, part: Option<Uuid>, (from, until): (DateTime<Utc>, DateTime<Utc>), left: i64) {
        self.0.push(Excuse { what, part, from, until, left });
    }

    fn contradicting(&mut self, message: &Message) {
        let part = Some(message.part);
        if message.sent_at.is_none() {
            self.push(What::Sent, part, ALWAYS, 1);
        }
        let has_ended = [MessageState::Delivered, MessageState::Failed].iter().any(|state| state.as_str() == message.state);
        let hours = match message.resulted_at {
            // It is counted by what it says.
            Some(_) if has_ended => return,
            Some(at) => (hour_of(at), hour_of(at)),
            None if has_ended => ALWAYS,
            None => return,
        };
        self.push(What::Result, part, hours, 1);
        self.push(What::Reason, part, hours, 1);
    }

    fn missing(&mut self, messages: i64) {
        for what in [What::Sent, What::Result, What::Reason, What::Unique] {
            self.push(what, None, ALWAYS, messages);
        }
    }

    fn stray(&mut self, stray: &Stray) {
        let hour = hour_of(stray.clicked_at);
        self.push(What::Visits(stray.class.parse().ok()), stray.part, (hour, hour), 1);
    }

    /// Takes what the parts of a campaign have stored more than is expected, as far as that is excused, for expected.
    pub(crate) fn apply(mut self, expected: &mut Sums, found: &Sums) {
        if self.0.is_empty() {
            return;
        }
        for (key, count) in found.iter().filter(|((place, _), _)| place.part != WHOLE) {
            let (place, column) = key;
            let mut surplus = count - expected.get(key).copied().unwrap_or_default();
            for excuse in &mut self.0 {
                let is_there = excuse.part.is_none_or(|part| part == place.part);
                if is_there && (excuse.from..=excuse.until).contains(&place.hour) && excuse.what.covers(column) {
                    let taken = surplus.min(excuse.left).max(0);
                    excuse.left -= taken;
                    surplus -= taken;
                    add(expected, *place, column.clone(), taken);
                }
            }
        }
    }
}

const ALWAYS: (DateTime<Utc>, DateTime<Utc>) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);

/// When the visits that are missing were answered.
fn window(gap: &Unrecorded) -> (DateTime<Utc>, DateTime<Utc>) {
    (gap.earlier_at.map_or(DateTime::<Utc>::MIN_UTC, |at| at - BESIDE), gap.later_at + BESIDE)
}

/// Divides first clicks that are not the first into those that are wrong, and those that remember a visit whose row is lost or damaged.
pub(crate) fn divide(rows: &Rows) -> (Vec<Misplaced>, Vec<Misplaced>) {
    let mut lost: Vec<_> = rows.unrecorded.iter().map(|gap| (window(gap), gap.count())).collect();
    let is_wrong = |misplaced: &Misplaced| {
        let Some(found) = misplaced.found else { return true };
        if misplaced.expected.is_some_and(|expected| expected < found) {
            return true;
        }
        if rows.strays.iter().any(|stray| stray.number == misplaced.number && stray.clicked_at == found) {
            return false;
        }
        let visit = lost.iter_mut().find(|((from, until), left)| *left > 0 && (*from..=*until).contains(&found));
        visit.is_none_or(|(_, left)| {
            *left -= 1;
            false
        })
    };
    rows.misplaced.iter().cloned().partition(is_wrong)
}
