//! An import that is worked through chunk by chunk: how far it is, and which rows come next.

use sqlx::MySqlConnection;

use crate::db::decode;
use crate::db::imports::Options;
use crate::model::state::ImportState;
use crate::model::{ClinicId, GroupId, ImportId};

/// What is to be done with an import, and how far it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Where the import is in its life.
    pub state: ImportState,
    /// The number of the last row that is done.
    pub worked_through: u32,
    /// Rows that became customers, or that stood in the list just so.
    pub rows_committed: u32,
    /// How the rows are to be committed.
    pub options: Options,
}

/// The job of an import, which nobody else works on until the transaction ends.
///
/// # Errors
/// When the database does not answer.
pub async fn lock(connection: &mut MySqlConnection, clinic: ClinicId, import: ImportId) -> Result<Option<Job>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT state, worked_through, rows_committed, target_group_id AS "target_group: GroupId",
             update_existing AS "update_existing: bool"
         FROM imports WHERE clinic_id = ? AND id = ? FOR UPDATE"#,
        clinic,
        import
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(Job {
            state: decode(&row.state)?,
            worked_through: row.worked_through,
            rows_committed: row.rows_committed,
            options: Options { target_group: row.target_group, update_existing: row.update_existing },
        })
    })
    .transpose()
}

/// What is to be done with an import, by whoever does a part of it: others may do other parts, and nobody anything else, until the
/// transaction ends.
///
/// # Errors
/// When the database does not answer.
pub async fn share(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    import: ImportId,
) -> Result<Option<(ImportState, Options)>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT state, target_group_id AS "target_group: GroupId", update_existing AS "update_existing: bool"
         FROM imports WHERE clinic_id = ? AND id = ? LOCK IN SHARE MODE"#,
        clinic,
        import
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| Ok((decode(&row.state)?, Options { target_group: row.target_group, update_existing: row.update_existing })))
        .transpose()
}

/// Rows that are worked off together: those of an import behind one number, up to and including another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// Whose import.
    pub clinic: ClinicId,
    /// Which import.
    pub import: ImportId,
    /// The number in front of the first row.
    pub after: u32,
    /// The number of the last row.
    pub last: u32,
}
