//! Sums over the bytes of every cell: what the source holds against what the tables hold.
//!
//! Lengths are summed per column. A checksum of each whole row, its cells in their order, makes a cell that moved to another
//! row, or was exchanged for one as long, show as well.

use serde::{Deserialize, Serialize};
use shared::model::ClinicId;
use shared::model::state::Verdict;
use sqlx::{AssertSqlSafe, MySqlConnection, Row};

use crate::people;

/// Sums over some columns of some rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// How many rows.
    pub rows: u64,
    /// Bytes in each column.
    pub bytes: Vec<u64>,
    /// The checksums (CRC-32) of the rows.
    pub checksums: u64,
}

/// What an import comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Result {
    /// The staged rows: number, name, phone as it stands, phone, group, memo, verdict.
    pub staged: Sums,
    /// The customers: phone, name, memo, group.
    pub committed: Sums,
}

impl Sums {
    fn add(&mut self, cells: &[&str]) {
        self.rows += 1;
        self.bytes.resize(cells.len(), 0);
        for (sum, cell) in self.bytes.iter_mut().zip(cells) {
            *sum += cell.len() as u64;
        }
        self.checksums += u64::from(crc32fast::hash(cells.join("|").as_bytes()));
    }
}

/// What becomes of the list in a clinic that has no customers.
#[must_use]
pub fn expected(rows: u32) -> Result {
    let mut expected = Result::default();
    for person in people::list(rows) {
        let (number, phone_text) = (person.number.to_string(), person.phone_cell.text());
        let phone = person.phone.as_deref().unwrap_or_default();
        let verdict = person.verdict.as_str();
        expected.staged.add(&[&number, &person.name, &phone_text, phone, &person.group, &person.memo, verdict]);
        if person.verdict == Verdict::New {
            expected.committed.add(&[phone, &person.name, &person.memo, &person.group]);
        }
    }
    expected
}

/// What the tables hold of a clinic.
///
/// # Errors
/// When the database does not answer.
pub async fn found(connection: &mut MySqlConnection, clinic: ClinicId) -> std::result::Result<Result, sqlx::Error> {
    let staged = ["number", "name", "phone_text", "IFNULL(phone, '')", "group_name", MEMO, "verdict"];
    let staged = sum(connection, clinic, &staged, "import_rows t").await?;
    let committed = ["phone", "name", MEMO, GROUP];
    // One line for each customer; somebody in two groups would be two. The server knows nothing of tables that were just filled, and
    // would go through all members for each customer.
    let tables = "(SELECT c.*, g.name AS group_name FROM customers c
         LEFT JOIN customer_group_members m FORCE INDEX (customer_group_members_by_customer) ON m.clinic_id = c.clinic_id AND m.customer_id = c.id
         LEFT JOIN customer_groups g ON g.clinic_id = m.clinic_id AND g.id = m.group_id) t";
    let committed = sum(connection, clinic, &committed, tables).await?;
    Ok(Result { staged, committed })
}

const MEMO: &str = r#"IFNULL(JSON_UNQUOTE(JSON_EXTRACT(attributes, '$."메모"')), '')"#;
const GROUP: &str = "IFNULL(group_name, '')";

async fn sum(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    columns: &[&str],
    tables: &str,
) -> std::result::Result<Sums, sqlx::Error> {
    let lengths: Vec<String> = columns.iter().map(|column| unsigned(&format!("LENGTH({column})"))).collect();
    let checksums = unsigned(&format!("CRC32(CONCAT_WS('|', {}))", columns.join(", ")));
    let statement = format!("SELECT COUNT(*), {checksums}, {} FROM {tables} WHERE t.clinic_id = ?", lengths.join(", "));
    let row = sqlx::query(AssertSqlSafe(statement)).bind(clinic).fetch_one(connection).await?;
    let bytes = (2..row.len()).map(|at| row.try_get(at)).collect::<std::result::Result<_, _>>()?;
    Ok(Sums { rows: row.try_get::<i64, _>(0)?.unsigned_abs(), checksums: row.try_get(1)?, bytes })
}

fn unsigned(of: &str) -> String {
    format!("CAST(IFNULL(SUM({of}), 0) AS UNSIGNED)")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(rows: &[[&str; 2]]) -> Sums {
        let mut sums = Sums::default();
        for row in rows {
            sums.add(row);
        }
        sums
    }

    #[test]
    fn a_changed_a_lost_and_an_exchanged_cell_show() {
        let right = sums(&[["김단골", "VIP"], ["이단골", ""]]);
        assert_eq!(right, sums(&[["이단골", ""], ["김단골", "VIP"]]), "the order of the rows does not matter");
        for wrong in [
            [["김단골", "VIP"], ["이단굴", ""]],
            [["김단골", ""], ["이단골", ""]],
            [["김단골", ""], ["이단골", "VIP"]],
            [["이단골", "VIP"], ["김단골", ""]],
        ] {
            assert_ne!(right, sums(&wrong), "{wrong:?}");
        }
        assert_ne!(right, sums(&[["김단골", "VIP"]]));
    }
}
