//! Grants: lines that are written once for ever, however often they are asked for.

use std::collections::BTreeMap;

use sqlx::{MySql, MySqlConnection, QueryBuilder};

use crate::clock::Ambient;
use crate::model::id::PointEntryId;
use crate::model::state::PointReason;
use crate::model::{ClinicId, Points, ReferralId, UserId};

/// A line that is about to be written.
#[derive(Debug, Clone)]
pub struct NewEntry<'a> {
    /// What it is for: ASCII, at most [`GRANT_KEY_LENGTH`] characters. The unique key `point_entries_grant` remembers it for ever.
    pub grant_key: &'a str,
    /// Who pays.
    pub clinic: ClinicId,
    /// Who is paid.
    pub user: UserId,
    /// Why.
    pub reason: PointReason,
    /// How much.
    pub amount: Points,
    /// The referral it comes from.
    pub referral: ReferralId,
}

/// What a grant's key may have, in characters.
pub const GRANT_KEY_LENGTH: usize = 80;

/// So many lines go into one statement: what a queue delivers at once. There is one prepared text for each length up to it, however
/// large the batches are that a function collects.
const PIECE: usize = 10;

/// Writes the lines whose keys are not there yet, and moves the balances: two statements for each ten lines, in the caller's
/// transaction. A line that another transaction is just writing is waited for.
///
/// # Errors
/// When the database does not answer, or a deadlock must be tried again.
pub async fn insert_new(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    entries: &[NewEntry<'_>],
) -> Result<(), sqlx::Error> {
    // Each key once, and in one order, so that two batches with the same keys cannot wait for each other.
    let entries: BTreeMap<_, _> = entries.iter().rev().map(|entry| (entry.grant_key, entry)).collect();
    if entries.is_empty() {
        return Ok(());
    }
    let (entries, ids) = numbered(ambient, entries.into_values().collect());
    for piece in entries.chunks(PIECE) {
        insert_lines(connection, ambient, piece).await?;
    }
    for piece in ids.chunks(PIECE) {
        move_balances(connection, piece).await?;
    }
    Ok(())
}

/// Gives every line its id. They grow in the order of the balances that the lines move, so that the primary key finds them in the order
/// of the rows to lock; ids of one millisecond do not grow by themselves.
fn numbered<'a>(
    ambient: &Ambient,
    entries: Vec<&'a NewEntry<'a>>,
) -> (Vec<(&'a NewEntry<'a>, PointEntryId)>, Vec<PointEntryId>) {
    let mut ids: Vec<_> = entries.iter().map(|_| PointEntryId::new(ambient)).collect();
    ids.sort_unstable();
    let mut by_balance: Vec<_> = (0..entries.len()).collect();
    by_balance.sort_unstable_by_key(|&place| (entries[place].clinic, entries[place].user));
    let mut of_place = ids.clone();
    for (&place, &id) in by_balance.iter().zip(&ids) {
        of_place[place] = id;
    }
    (entries.into_iter().zip(of_place).collect(), ids)
}

/// What is known stays as it is, and is never summed again: its id is not among the new ones.
async fn insert_lines(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    entries: &[(&NewEntry<'_>, PointEntryId)],
) -> Result<(), sqlx::Error> {
    let mut lines = QueryBuilder::<MySql>::new(
        "INSERT INTO point_entries (id, grant_key, clinic_id, user_id, reason, amount, referral_id, created_at) ",
    );
    let now = ambient.now();
    lines.push_values(entries, |mut line, (entry, id)| {
        line.push_bind(*id).push_bind(entry.grant_key).push_bind(entry.clinic).push_bind(entry.user);
        line.push_bind(entry.reason.as_str()).push_bind(entry.amount.get()).push_bind(entry.referral).push_bind(now);
    });
    lines.push(" ON DUPLICATE KEY UPDATE grant_key = grant_key");
    lines.build().execute(connection).await.map(drop)
}

/// From the lines themselves, in one order of rows, so that two batches cannot wait for each other here either.
async fn move_balances(connection: &mut MySqlConnection, ids: &[PointEntryId]) -> Result<(), sqlx::Error> {
    let mut balances = QueryBuilder::<MySql>::new(
        "INSERT INTO point_balances (clinic_id, user_id, balance)
         SELECT clinic_id, user_id, amount FROM point_entries FORCE INDEX (PRIMARY) WHERE id IN (",
    );
    let mut list = balances.separated(", ");
    for id in ids {
        list.push_bind(*id);
    }
    balances.push(") ORDER BY id ON DUPLICATE KEY UPDATE balance = balance + VALUES(balance)");
    balances.build().execute(connection).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ambient;

    #[test]
    fn ids_grow_in_the_order_of_the_balances_that_the_lines_move() {
        let (ambient, _) = ambient();
        let clinics: Vec<_> = (0..3).map(|_| ClinicId::new(&ambient)).collect();
        let people: Vec<_> = (0..7).map(|_| UserId::new(&ambient)).collect();
        let (amount, referral) = (Points::try_from(1).unwrap(), ReferralId::new(&ambient));
        let entry = |number: usize| {
            let (clinic, user) = (clinics[number % 3], people[number % 7]);
            NewEntry { grant_key: "", clinic, user, reason: PointReason::Join, amount, referral }
        };
        let entries: Vec<_> = (0..100).map(entry).collect();
        let (mut lines, ids) = numbered(&ambient, entries.iter().collect());
        lines.sort_unstable_by_key(|(_, id)| *id);
        assert!(lines.is_sorted_by_key(|(entry, _)| (entry.clinic, entry.user)));
        assert_eq!(lines.into_iter().map(|(_, id)| id).collect::<Vec<_>>(), ids);
    }
}
