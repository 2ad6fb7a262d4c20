//! The proof: what was to be granted, held against ledger and balances. Every test ends with the same check.

use std::collections::{BTreeMap, BTreeSet};

use shared::model::{ClinicId, UserId};
use sqlx::mysql::MySqlPool;
use sqlx::{FromRow, MySql, QueryBuilder};

use crate::book::Book;

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A grant is not in the ledger.
    Lost { grant: String },
    /// A grant is in the ledger more than once.
    Twice { grant: String, times: usize },
    /// The ledger has a grant that nobody earned.
    Foreign { grant: String },
    /// A grant is in the ledger otherwise than it was earned.
    Differs { grant: String },
    /// Somebody's balance is not the sum of their lines, or not what they earned.
    Balance { clinic: ClinicId, user: UserId, owed: i64, lines: i64, balance: i64 },
    /// The lines, the different grants among them, or the sums are not those of what was earned.
    Sums { owed: Sums, found: Sums },
}

/// The whole in five numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    pub lines: usize,
    pub distinct: usize,
    /// Points of all lines.
    pub entries: i64,
    /// Points of all balances.
    pub balances: i64,
}

#[derive(FromRow)]
struct Line {
    grant_key: String,
    clinic_id: ClinicId,
    user_id: UserId,
    reason: String,
    amount: i32,
}

type Account = (ClinicId, UserId);

/// Everything that is wrong at the clinics that owe something. Empty when each grant is in the ledger once, as it was earned, and every
/// balance is the sum of its lines. With it the numbers that were found.
pub async fn check(pool: &MySqlPool, book: &Book) -> (Vec<Finding>, Sums) {
    let clinics: BTreeSet<ClinicId> = book.values().map(|owed| owed.clinic).collect();
    let lines: Vec<Line> =
        of_clinics("SELECT grant_key, clinic_id, user_id, reason, amount FROM point_entries", &clinics, pool).await;
    let balances: Vec<(ClinicId, UserId, i64)> =
        of_clinics("SELECT clinic_id, user_id, balance FROM point_balances", &clinics, pool).await;
    let mut by_grant: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
    for line in &lines {
        by_grant.entry(&line.grant_key).or_default().push(line);
    }
    let found = Sums {
        lines: lines.len(),
        distinct: by_grant.len(),
        entries: lines.iter().map(|line| i64::from(line.amount)).sum(),
        balances: balances.iter().map(|(.., balance)| balance).sum(),
    };
    let points = book.values().map(|owed| i64::from(owed.amount)).sum();
    let owed = Sums { lines: book.len(), distinct: book.len(), entries: points, balances: points };
    let mut findings: Vec<_> = (owed != found).then_some(Finding::Sums { owed, found }).into_iter().collect();
    for (grant, owed) in book {
        let right = |line: &Line| {
            (line.clinic_id, line.user_id, line.reason.as_str(), i64::from(line.amount))
                == (owed.clinic, owed.user, owed.reason.as_str(), i64::from(owed.amount))
        };
        let grant = grant.clone();
        match by_grant.remove(grant.as_str()).unwrap_or_default().as_slice() {
            [] => findings.push(Finding::Lost { grant }),
            [line] if right(line) => {}
            [_] => findings.push(Finding::Differs { grant }),
            several => findings.push(Finding::Twice { grant, times: several.len() }),
        }
    }
    findings.extend(by_grant.into_keys().map(|grant| Finding::Foreign { grant: grant.to_owned() }));
    findings.extend(accounts(book, &lines, &balances));
    (findings, found)
}

/// Person by person: what they earned, what their lines say, and what they have.
fn accounts(book: &Book, lines: &[Line], balances: &[(ClinicId, UserId, i64)]) -> Vec<Finding> {
    let mut accounts: BTreeMap<Account, [i64; 3]> = BTreeMap::new();
    for owed in book.values() {
        accounts.entry((owed.clinic, owed.user)).or_default()[0] += i64::from(owed.amount);
    }
    for line in lines {
        accounts.entry((line.clinic_id, line.user_id)).or_default()[1] += i64::from(line.amount);
    }
    for (clinic, user, balance) in balances {
        accounts.entry((*clinic, *user)).or_default()[2] += balance;
    }
    let wrong = accounts.into_iter().filter(|(_, [owed, lines, balance])| owed != lines || lines != balance);
    wrong.map(|((clinic, user), [owed, lines, balance])| Finding::Balance { clinic, user, owed, lines, balance }).collect()
}

async fn of_clinics<T>(select: &str, clinics: &BTreeSet<ClinicId>, pool: &MySqlPool) -> Vec<T>
where
    T: for<'row> FromRow<'row, sqlx::mysql::MySqlRow> + Send + Unpin,
{
    let mut query = QueryBuilder::<MySql>::new(format!("{select} WHERE clinic_id IN ("));
    let mut list = query.separated(", ");
    for clinic in clinics {
        list.push_bind(clinic);
    }
    query.push(")");
    query.build_query_as().fetch_all(pool).await.expect("the database answers")
}
