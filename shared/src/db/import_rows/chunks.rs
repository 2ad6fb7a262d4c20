//! The chunks in which an import is committed: planned once, done each by itself, added up in the end.
//!
//! Whoever does one shares the lock on the import with others who do, and keeps everybody else away from it. The line of a chunk
//! says whether it is done, in the transaction that does it.

use sqlx::MySqlConnection;

use super::job::Chunk;
use crate::clock::Ambient;
use crate::model::state::{ImportState, Outcome, Verdict};
use crate::model::{ClinicId, ImportId};

/// Chunks are cut between so many parts of the largest.
const FINENESS: u32 = 100;
/// The first of many chunks is so much smaller: it is done before the others, to make the groups that they share.
const FIRST: u64 = 5;

/// Whether an import has its chunks, and which of them are not done.
///
/// # Errors
/// When the database does not answer.
pub async fn list_open(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    import: ImportId,
) -> Result<Option<Vec<Chunk>>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT previous, last, done AS "done: bool" FROM import_chunks WHERE clinic_id = ? AND import_id = ? ORDER BY last"#,
        clinic,
        import
    )
    .fetch_all(connection)
    .await?;
    let open = rows.iter().filter(|row| !row.done);
    let open = open.map(|row| Chunk { clinic, import, after: row.previous, last: row.last }).collect();
    Ok((!rows.is_empty()).then_some(open))
}

/// Cuts the rows behind a number that may become customers into chunks of up to `limit` rows.
///
/// # Errors
/// When the database refuses.
pub async fn plan(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    import: ImportId,
    after: u32,
    limit: u32,
) -> Result<Vec<Chunk>, sqlx::Error> {
    // All that is asked for stands in the index.
    let parts = sqlx::query!(
        r#"SELECT MAX(number) AS "last!: u32", COUNT(*) AS "rows!: i64" FROM import_rows FORCE INDEX (import_rows_by_verdict)
         WHERE clinic_id = ? AND import_id = ? AND verdict IN (?, ?) AND deleted = FALSE AND number > ?
         GROUP BY FLOOR(number / ?) ORDER BY 1"#,
        clinic,
        import,
        Verdict::New.as_str(),
        Verdict::Updates.as_str(),
        after,
        (limit / FINENESS).max(1)
    )
    .fetch_all(&mut *connection)
    .await?;
    let parts: Vec<_> = parts.into_iter().map(|part| (part.last, part.rows.unsigned_abs())).collect();
    let ends = cut(&parts, u64::from(limit));
    let befores = std::iter::once(after).chain(ends.iter().copied());
    let chunks: Vec<_> = befores.zip(&ends).map(|(after, &last)| Chunk { clinic, import, after, last }).collect();
    if chunks.is_empty() {
        return Ok(chunks);
    }
    // As one value, so that the statement has the same text whatever their number.
    let lines: Vec<_> = chunks.iter().map(|chunk| (chunk.after, chunk.last)).collect();
    sqlx::query!(
        "INSERT INTO import_chunks (clinic_id, import_id, previous, last)
         SELECT ?, ?, j.previous, j.last FROM JSON_TABLE(?, '$[*]' COLUMNS (
           previous INT UNSIGNED PATH '$[0]', last INT UNSIGNED PATH '$[1]')) j",
        clinic,
        import,
        serde_json::json!(lines).to_string()
    )
    .execute(connection)
    .await?;
    Ok(chunks)
}

/// Where chunks end. `parts` are the last number and the size of parts that are not cut. Behind a small chunk come those for two
/// workers, as many for the one as for the other.
fn cut(parts: &[(u32, u64)], limit: u64) -> Vec<u32> {
    let total: u64 = parts.iter().map(|&(_, rows)| rows).sum();
    let first = if total > limit { (limit / FIRST).max(1) } else { limit };
    let later = total.saturating_sub(first);
    let size = later.div_ceil(2 * later.div_ceil(2 * limit).max(1));
    let (mut ends, mut rows) = (Vec::new(), 0);
    for (at, &(last, part)) in parts.iter().enumerate() {
        rows += part;
        let wanted = if ends.is_empty() { first } else { size };
        let next = parts.get(at + 1).map_or(u64::MAX, |&(_, next)| rows + next);
        if rows >= wanted || next > limit {
            ends.push(last);
            rows = 0;
        }
    }
    ends
}

/// Says that a chunk is done, before it is, in the transaction that does it; `false` when it was before.
///
/// # Errors
/// When the database refuses.
pub async fn claim(connection: &mut MySqlConnection, chunk: &Chunk) -> Result<bool, sqlx::Error> {
    let claimed = sqlx::query!(
        "UPDATE import_chunks SET done = TRUE WHERE clinic_id = ? AND import_id = ? AND last = ? AND done = FALSE",
        chunk.clinic,
        chunk.import,
        chunk.last
    )
    .execute(connection)
    .await?;
    // The driver counts the lines that match.
    Ok(claimed.rows_affected() == 1)
}

/// Counts the rows of a chunk in. Answers `false` when one of the people who were added has asked to be forgotten at this very
/// moment: then the chunk is to be begun anew. Whoever forgets a customer from now on waits for it.
///
/// # Errors
/// When the database refuses.
pub async fn count(connection: &mut MySqlConnection, chunk: &Chunk) -> Result<bool, sqlx::Error> {
    let counted = sqlx::query!(
        "UPDATE import_chunks k JOIN (
             SELECT COALESCE(SUM(r.outcome IN ('', ?, ?)), 0) AS committed, COALESCE(SUM(r.outcome = ''), 0) AS added,
               COALESCE(SUM(r.outcome = ?), 0) AS updated, COALESCE(SUM(r.outcome = '' AND s.phone IS NOT NULL), 0) AS forgotten
             FROM import_rows r FORCE INDEX (PRIMARY)
             LEFT JOIN suppressions s FORCE INDEX (PRIMARY) ON s.clinic_id = r.clinic_id AND s.phone = r.phone
             WHERE r.clinic_id = ? AND r.import_id = ? AND r.number > ? AND r.number <= ?
               AND r.verdict IN (?, ?) AND r.deleted = FALSE) counted
         SET k.rows_committed = counted.committed, k.rows_added = counted.added, k.rows_updated = counted.updated
         WHERE k.clinic_id = ? AND k.import_id = ? AND k.last = ? AND counted.forgotten = 0",
        Outcome::Updated.as_str(),
        Outcome::Unchanged.as_str(),
        Outcome::Updated.as_str(),
        chunk.clinic,
        chunk.import,
        chunk.after,
        chunk.last,
        Verdict::New.as_str(),
        Verdict::Updates.as_str(),
        chunk.clinic,
        chunk.import,
        chunk.last
    )
    .execute(connection)
    .await?;
    Ok(counted.rows_affected() == 1)
}

/// Adds the chunks up and says that the import is committed, unless one of them is not done. The caller holds the lock on the
/// import alone and has seen that it is being committed.
///
/// # Errors
/// When the database refuses.
pub async fn add_up(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    import: ImportId,
) -> Result<bool, sqlx::Error> {
    let added_up = sqlx::query!(
        "UPDATE imports i JOIN (
             SELECT COALESCE(SUM(rows_committed), 0) AS committed, COALESCE(SUM(rows_added), 0) AS added,
               COALESCE(SUM(rows_updated), 0) AS updated, MAX(last) AS last, COALESCE(SUM(done = FALSE), 0) AS open
             FROM import_chunks WHERE clinic_id = ? AND import_id = ?) done
         SET i.rows_committed = i.rows_committed + done.committed, i.rows_added = i.rows_added + done.added,
             i.rows_updated = i.rows_updated + done.updated, i.worked_through = COALESCE(done.last, i.worked_through),
             i.state = ?, i.updated_at = ?
         WHERE i.clinic_id = ? AND i.id = ? AND done.open = 0",
        clinic,
        import,
        ImportState::Committed.as_str(),
        ambient.now(),
        clinic,
        import
    )
    .execute(&mut *connection)
    .await?;
    if added_up.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!("DELETE FROM import_chunks WHERE clinic_id = ? AND import_id = ?", clinic, import).execute(connection).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn even(rows: u32) -> Vec<(u32, u64)> {
        (1..=rows).map(|number| (number, 1)).collect()
    }

    #[test]
    fn few_rows_are_one_chunk_and_many_a_small_one_and_as_many_for_the_one_worker_as_for_the_other() {
        assert!(cut(&[], 10).is_empty());
        assert_eq!(cut(&even(10), 10), [10]);
        assert_eq!(cut(&even(11), 10), [2, 7, 11]);
        assert_eq!(cut(&even(23), 10), [2, 8, 14, 20, 23]);
        assert_eq!(cut(&even(3), 1), [1, 2, 3]);
    }

    #[test]
    fn no_chunk_is_larger_than_the_limit_and_none_is_empty() {
        let parts: Vec<_> = (1..=400).map(|at| (at * 100, u64::from(at % 7 * 3 + 1))).collect();
        for limit in [20, 21, 50, 333, 5000] {
            let ends = cut(&parts, limit);
            assert_eq!(ends.last(), Some(&40_000));
            let mut before = 0;
            for end in ends {
                let rows: u64 = parts.iter().filter(|(last, _)| (before + 1..=end).contains(last)).map(|(_, rows)| rows).sum();
                assert!((1..=limit).contains(&rows), "{rows} of {limit}");
                before = end;
            }
        }
    }
}
