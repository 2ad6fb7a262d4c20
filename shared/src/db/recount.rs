//! Counting anew: what the rows of a campaign say its numbers are, what the roll-up says, and how the difference is made good.
//!
//! Whoever writes a row moves the roll-up in the same transaction, so at any one moment
//! ([`Snapshot`](super::snapshot::Snapshot)) both agree, and what differs is damage. It is mended by adding the difference: that
//! stays right whatever others add meanwhile.

mod mend;
mod rows;
mod standing;
mod stored;

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use sqlx::MySqlConnection;
use uuid::Uuid;

pub use self::mend::{are_misplaced, hold, lock, mend, oldest, set_prepared};
pub use self::rows::{Message, Misplaced, Numbers, Rows, Stray, Unrecorded, rows};
pub use self::standing::{Standing, forget, list_standing, remember};
pub use self::stored::{Parts, parts_of_clinic, stored, wholes};
use super::decode;
use super::hourly_totals::{Owner, WHOLE};
use crate::model::state::{CampaignKind, ClickClass};
use crate::model::{CampaignId, ClinicId, TemplateId};

/// Rows of one kind that are looked at one by one; of a campaign that has more of them no numbers are compared.
pub const MOST: usize = 1000;

/// A number of the roll-up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// Messages by `sent_at`.
    Sent,
    /// Messages by `resulted_at`.
    Delivered,
    /// Messages by `resulted_at`.
    Failed,
    /// Messages by `resulted_at`, those with this reason.
    FailedBecause(String),
    /// Messages by `first_click_at`.
    Unique,
    /// Visits by `clicked_at`.
    Visits(ClickClass),
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent => f.write_str("sent"),
            Self::Delivered => f.write_str("delivered"),
            Self::Failed => f.write_str("failed"),
            Self::FailedBecause(reason) => f.write_str(reason),
            Self::Unique => f.write_str("unique"),
            Self::Visits(class) => f.write_str(class.as_str()),
        }
    }
}

/// A row of the roll-up, of one clinic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The clinic, a template, a group or a campaign.
    pub scope: Uuid,
    /// Zeros for the whole of it.
    pub part: Uuid,
    /// The beginning of the hour.
    pub hour: DateTime<Utc>,
}

/// Numbers by where they stand. One that is absent is 0.
pub type Sums = BTreeMap<(Place, Column), i64>;

/// Adds to a number.
pub fn add(sums: &mut Sums, place: Place, column: Column, count: i64) {
    if count != 0 {
        let sum = sums.entry((place, column)).or_default();
        *sum = sum.saturating_add(count);
    }
}

/// By how much the first are more than the second, where they differ.
#[must_use]
pub fn differences(expected: &Sums, found: &Sums) -> Sums {
    let of = |sums: &Sums, key| sums.get(key).copied().unwrap_or_default();
    let keys: std::collections::BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    let differences = keys.into_iter().map(|key| (key.clone(), of(expected, key).saturating_sub(of(found, key))));
    differences.filter(|(_, difference)| *difference != 0).collect()
}

/// A campaign whose numbers are to be compared with its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Whose numbers they are.
    pub owner: Owner,
    /// When they were last compared.
    pub checked_at: Option<DateTime<Utc>>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
}

struct DueRow {
    clinic: ClinicId,
    campaign: CampaignId,
    template: TemplateId,
    kind: String,
    checked_at: Option<NaiveDateTime>,
    created_at: NaiveDateTime,
}

impl TryFrom<DueRow> for Due {
    type Error = sqlx::Error;

    fn try_from(row: DueRow) -> Result<Self, sqlx::Error> {
        let is_test = decode::<CampaignKind>(&row.kind)? == CampaignKind::Test;
        let owner = Owner { clinic: row.clinic, campaign: row.campaign, template: row.template, is_test };
        Ok(Self { owner, checked_at: row.checked_at.map(|at| at.and_utc()), created_at: row.created_at.and_utc() })
    }
}

/// How soon a campaign is due again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rhythm {
    /// Asked for since then: at every time; when it is finished, unless nothing was counted of it since the hour before it was
    /// compared.
    pub always: DateTime<Utc>,
    /// Asked for since then: unless it was compared after `often_before`.
    pub often: DateTime<Utc>,
    /// See `often`.
    pub often_before: DateTime<Utc>,
    /// The others: unless they were compared after this.
    pub seldom_before: DateTime<Utc>,
    /// None is due as long as it was compared less than a minute before this for every 20,000 messages that it has: what takes long
    /// is done seldom.
    pub now: DateTime<Utc>,
}

/// Some campaigns that are due, those first that were compared longest ago.
///
/// # Errors
/// When the database does not answer.
pub async fn list_due(connection: &mut MySqlConnection, rhythm: &Rhythm, limit: u32) -> Result<Vec<Due>, sqlx::Error> {
    // The inner question is answered by the index alone. It leaves room for more campaigns than are fresh and not due.
    let rows = sqlx::query_as!(
        DueRow,
        r#"SELECT c.clinic_id AS "clinic: ClinicId", c.id AS "campaign: CampaignId", c.template_id AS "template: TemplateId", c.kind,
             c.counts_checked_at AS checked_at, c.created_at
           FROM (
             SELECT clinic_id, id FROM campaigns FORCE INDEX (campaigns_by_check)
             WHERE created_at >= ? OR counts_checked_at IS NULL OR counts_checked_at <= ?
               OR created_at >= ? AND counts_checked_at <= ?
             ORDER BY counts_checked_at, created_at LIMIT 10000
           ) due
           STRAIGHT_JOIN campaigns c FORCE INDEX (PRIMARY) ON c.clinic_id = due.clinic_id AND c.id = due.id
           WHERE c.counts_checked_at IS NULL OR c.counts_checked_at + INTERVAL (c.prepared_messages DIV 20000) MINUTE <= ? AND (
             c.state <> 'finished' OR c.counts_checked_at <= ? OR EXISTS (
               SELECT 1 FROM hourly_totals t FORCE INDEX (PRIMARY)
               WHERE t.clinic_id = c.clinic_id AND t.scope_id = c.id AND t.part_id = ?
                 AND t.hour >= c.counts_checked_at - INTERVAL 1 HOUR
             )
           )
           ORDER BY c.counts_checked_at, c.created_at LIMIT ?"#,
        rhythm.always.naive_utc(),
        rhythm.seldom_before.naive_utc(),
        rhythm.often.naive_utc(),
        rhythm.often_before.naive_utc(),
        rhythm.now.naive_utc(),
        rhythm.often_before.naive_utc(),
        WHOLE,
        limit
    );
    rows.fetch_all(connection).await?.into_iter().map(Due::try_from).collect()
}

/// Campaigns of the clinic that something was counted of from an hour on, and whose numbers were not compared since a moment.
///
/// # Errors
/// When the database does not answer.
pub async fn list_counted_since(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    since: DateTime<Utc>,
    checked_before: DateTime<Utc>,
) -> Result<Vec<Due>, sqlx::Error> {
    let rows = sqlx::query_as!(
        DueRow,
        r#"SELECT DISTINCT c.clinic_id AS "clinic: ClinicId", c.id AS "campaign: CampaignId", c.template_id AS "template: TemplateId",
             c.kind, c.counts_checked_at AS checked_at, c.created_at
           FROM hourly_totals t JOIN campaigns c ON c.clinic_id = t.clinic_id AND c.id = t.scope_id
           WHERE t.clinic_id = ? AND t.hour >= ? AND (c.counts_checked_at IS NULL OR c.counts_checked_at < ?) ORDER BY c.id"#,
        clinic,
        since.naive_utc(),
        checked_before.naive_utc()
    );
    rows.fetch_all(connection).await?.into_iter().map(Due::try_from).collect()
}

/// Whoever compares says so first: two runs do not compare the same campaign, one that cannot be compared does not keep the others
/// waiting, and whoever mends knows that nobody else [began](hold) meanwhile. Answers whether nobody else was faster.
///
/// # Errors
/// When the database refuses.
pub async fn mark_checked(connection: &mut MySqlConnection, due: &Due, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    mark(connection, due.owner, due.checked_at, Some(now)).await
}

/// It was marked, and there is more to do: it is due as it was before.
///
/// # Errors
/// When the database refuses.
pub async fn unmark(connection: &mut MySqlConnection, due: &Due, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    mark(connection, due.owner, Some(now), due.checked_at).await.map(drop)
}

async fn mark(
    connection: &mut MySqlConnection,
    owner: Owner,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE campaigns SET counts_checked_at = ? WHERE clinic_id = ? AND id = ? AND counts_checked_at <=> ?",
        to.map(|at| at.naive_utc()),
        owner.clinic,
        owner.campaign,
        from.map(|at| at.naive_utc())
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

/// An hour as statements here count it: whole hours since 1970.
fn hour(number: i64) -> DateTime<Utc> {
    TimeDelta::try_hours(number).and_then(|since| DateTime::UNIX_EPOCH.checked_add_signed(since)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_absent_is_nought() {
        let place = |part| Place { scope: Uuid::from_u128(1), part: Uuid::from_u128(part), hour: DateTime::UNIX_EPOCH };
        let sums = |numbers: &[(u128, i64)]| {
            let mut sums = Sums::new();
            for (part, count) in numbers {
                add(&mut sums, place(*part), Column::Sent, *count);
            }
            sums
        };
        let of = |expected: &[(u128, i64)], found: &[(u128, i64)]| differences(&sums(expected), &sums(found));
        assert_eq!(of(&[(1, 2), (2, 5), (3, 0)], &[(1, 2), (2, 6), (4, 1)]), sums(&[(2, -1), (4, -1)]));
        assert_eq!(of(&[(1, 2)], &[(1, 2), (7, 0)]), Sums::new());
    }
}
