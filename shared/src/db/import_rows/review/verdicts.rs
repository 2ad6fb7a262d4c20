//! Which rows are left out, and what that makes of the others.

use sqlx::{MySql, MySqlConnection, QueryBuilder};

use super::push_list;
use crate::db::import_rows::stored_phone;
use crate::model::state::Verdict;
use crate::model::{ClinicId, ImportId, PhoneNumber};

/// Numbers of rows that one statement goes through at most: far below the 20 s that a statement may take.
const RANGE: u32 = 100_000;
/// From how many phones on all rows are judged anew: then that is faster.
const PHONES: usize = 1000;

/// Rows that are to be deleted or restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection<'a> {
    /// Those with these numbers.
    Numbers(&'a [u32]),
    /// Those with this verdict; of deleted rows the one that they had.
    Verdict(Verdict),
    /// Every row.
    All,
}

/// Deletes rows from the preview, where they stay as lines, marked; or restores them. Answers how many changed, and
/// [`rejudge`]s whatever depends on them.
///
/// # Errors
/// When the database refuses.
pub async fn set_deleted(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    import: ImportId,
    selection: Selection<'_>,
    deleted: bool,
) -> Result<u64, sqlx::Error> {
    let mut changed = 0;
    for (after, last) in ranges(connection, clinic, import).await? {
        let mut query = QueryBuilder::new("UPDATE import_rows SET deleted = ");
        query.push_bind(deleted).push(" WHERE clinic_id = ").push_bind(clinic).push(" AND import_id = ").push_bind(import);
        query.push(" AND number > ").push_bind(after).push(" AND number <= ").push_bind(last);
        query.push(" AND deleted = ").push_bind(!deleted);
        let mut keep = true;
        match selection {
            Selection::Numbers(numbers) => {
                let numbers: Vec<u32> = numbers.iter().copied().filter(|number| (after + 1..=last).contains(number)).collect();
                if numbers.is_empty() {
                    continue;
                }
                query.push(" AND number IN");
                keep = push_list(&mut query, &numbers);
            }
            Selection::Verdict(verdict) => drop(query.push(" AND verdict = ").push_bind(verdict.as_str())),
            Selection::All => {}
        }
        changed += query.build().persistent(keep).execute(&mut *connection).await?.rows_affected();
    }
    match selection {
        _ if changed == 0 => {}
        Selection::Numbers(numbers) => {
            let phones = phones_of(connection, clinic, import, numbers).await?;
            rejudge(connection, clinic, import, Scope::Phones(&phones)).await?;
        }
        // Nothing depends on rows that claim no phone, wherever they are.
        Selection::Verdict(Verdict::MissingName | Verdict::BadPhone) => {}
        Selection::Verdict(_) | Selection::All => rejudge(connection, clinic, import, Scope::All).await?,
    }
    Ok(changed)
}

/// The phones of rows, each once.
async fn phones_of(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    import: ImportId,
    numbers: &[u32],
) -> Result<Vec<PhoneNumber>, sqlx::Error> {
    let mut query = QueryBuilder::new("SELECT DISTINCT phone FROM import_rows WHERE clinic_id = ");
    query.push_bind(clinic).push(" AND import_id = ").push_bind(import).push(" AND phone IS NOT NULL AND number IN");
    let keep = push_list(&mut query, numbers);
    let phones = query.build_query_scalar::<String>().persistent(keep).fetch_all(connection).await?;
    phones.iter().map(|phone| stored_phone(phone)).collect()
}

/// How many of these numbers are rows of the import, deleted or not.
///
/// # Errors
/// When the database does not answer.
pub async fn count_known(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    import: ImportId,
    numbers: &[u32],
) -> Result<u64, sqlx::Error> {
    let mut query = QueryBuilder::new("SELECT COUNT(*) FROM import_rows WHERE clinic_id = ");
    query.push_bind(clinic).push(" AND import_id = ").push_bind(import).push(" AND number IN");
    let keep = push_list(&mut query, numbers);
    let count = query.build_query_scalar::<i64>().persistent(keep);
    count.fetch_one(connection).await.map(i64::unsigned_abs)
}

/// All rows of an import in ranges that one statement can go through: after which number, and up to which one.
async fn ranges(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    import: ImportId,
) -> Result<impl Iterator<Item = (u32, u32)> + use<>, sqlx::Error> {
    let last = sqlx::query_scalar!("SELECT MAX(number) FROM import_rows WHERE clinic_id = ? AND import_id = ?", clinic, import)
        .fetch_one(connection)
        .await?;
    let count = last.unwrap_or(0).div_ceil(RANGE);
    Ok((0..count).map(|range| (range * RANGE, (range + 1).saturating_mul(RANGE))))
}

/// What is to be judged anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'a> {
    /// Every row.
    All,
    /// Rows with these phones.
    Phones(&'a [PhoneNumber]),
}

/// Gives rows the verdicts that they have now. Among the rows that are neither deleted nor faulty in themselves the first with
/// a phone claims it, and the others repeat that row. Who claims a phone is suppressed, or updates a customer, or is new.
/// Deleted rows, and those with a missing name or a bad phone, stay as they are.
///
/// # Errors
/// When the database refuses.
pub async fn rejudge(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    import: ImportId,
    scope: Scope<'_>,
) -> Result<(), sqlx::Error> {
    let of = (clinic, import);
    match scope {
        Scope::Phones([]) => Ok(()),
        Scope::Phones(phones) if phones.len() <= PHONES => {
            let phones: Vec<&str> = phones.iter().map(PhoneNumber::e164).collect();
            let phones = phones.as_slice();
            for mut query in [claims(of, phones), settlement(of, BY_PHONE)] {
                query.push(" AND r.phone IN");
                let keep = push_list(&mut query, phones);
                query.build().persistent(keep).execute(&mut *connection).await?;
            }
            Ok(())
        }
        Scope::Phones(_) | Scope::All => {
            for (after, last) in ranges(connection, clinic, import).await? {
                for mut query in [claims(of, &[]), settlement(of, " FORCE INDEX (PRIMARY)")] {
                    query.push(" AND r.number > ").push_bind(after).push(" AND r.number <= ").push_bind(last);
                    query.build().execute(&mut *connection).await?;
                }
            }
            Ok(())
        }
    }
}

const BY_PHONE: &str = " FORCE INDEX (import_rows_by_phone)";
const FAULTS: [Verdict; 2] = [Verdict::MissingName, Verdict::BadPhone];

/// Who claims a phone, and who repeats it; up to the rows that it is for. `phones` are all that matter, or empty. The server
/// makes a table of its own of the grouped rows, so it may read what it updates.
fn claims((clinic, import): (ClinicId, ImportId), phones: &[&str]) -> QueryBuilder<MySql> {
    let faults = FAULTS.map(Verdict::as_str);
    // For a few phones nobody shall go through all rows.
    let (rows, index) = if phones.is_empty() { (" FORCE INDEX (PRIMARY)", "") } else { (BY_PHONE, BY_PHONE) };
    let mut query = QueryBuilder::new("UPDATE import_rows r");
    query.push(rows).push(" JOIN (SELECT phone, MIN(number) AS claiming FROM import_rows").push(index);
    query.push(" WHERE clinic_id = ").push_bind(clinic).push(" AND import_id = ").push_bind(import);
    query.push(" AND deleted = FALSE AND verdict NOT IN");
    push_list(&mut query, &faults);
    if !phones.is_empty() {
        query.push(" AND phone IN");
        push_list(&mut query, phones);
    }
    query.push(
        " GROUP BY phone) f ON f.phone = r.phone SET r.duplicate_of = CASE WHEN f.claiming < r.number THEN f.claiming END,
         r.verdict = CASE WHEN f.claiming < r.number THEN ",
    );
    query.push_bind(Verdict::Duplicate.as_str());
    query.push(" WHEN r.verdict = ").push_bind(Verdict::Duplicate.as_str());
    query.push(" THEN ").push_bind(Verdict::New.as_str()).push(" ELSE r.verdict END");
    query.push(" WHERE r.clinic_id = ").push_bind(clinic).push(" AND r.import_id = ").push_bind(import);
    query.push(" AND r.deleted = FALSE AND r.verdict NOT IN");
    push_list(&mut query, &faults);
    query
}

/// What the clinic knows of those who claim a phone; up to the rows that it is for. As a join, this would lock customers, and
/// wait for those whom somebody is just changing; subselects of an UPDATE only look (`InnoDB`, READ COMMITTED).
fn settlement((clinic, import): (ClinicId, ImportId), index: &str) -> QueryBuilder<MySql> {
    let mut query = QueryBuilder::new("UPDATE import_rows r");
    query.push(index).push(
        " SET r.verdict = CASE
           WHEN EXISTS (SELECT 1 FROM suppressions s FORCE INDEX (PRIMARY)
             WHERE s.clinic_id = r.clinic_id AND s.phone = r.phone) THEN ",
    );
    query.push_bind(Verdict::Suppressed.as_str());
    query.push(
        " WHEN EXISTS (SELECT 1 FROM customers c FORCE INDEX (customers_phone)
           WHERE c.clinic_id = r.clinic_id AND c.phone = r.phone) THEN ",
    );
    query.push_bind(Verdict::Updates.as_str()).push(" ELSE ").push_bind(Verdict::New.as_str());
    query.push(" END WHERE r.clinic_id = ").push_bind(clinic).push(" AND r.import_id = ").push_bind(import);
    query.push(" AND r.deleted = FALSE AND r.verdict IN");
    push_list(&mut query, &[Verdict::New, Verdict::Updates, Verdict::Suppressed].map(Verdict::as_str));
    query
}
