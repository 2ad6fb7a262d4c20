//! Triggered by the deployment, after the new code is in place and before anybody relies on it.
//! Responsible for bringing the schema up to date; running it again changes nothing.

use serde::Serialize;
use shared::db::{Database, MIGRATIONS};
use shared::failure::Failure;
use sqlx::Executor;

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Migrated {
    /// The newest version that this code knows.
    pub version: i64,
    /// How many migrations were applied now.
    pub applied: u64,
}

/// Applies the migrations that are missing.
///
/// # Errors
/// When a migration fails or was changed after it had been applied.
pub async fn handle(database: &Database) -> Result<Migrated, Failure> {
    let mut connection = database.acquire().await?;
    // A migration may take longer than a query of a user-facing function.
    connection.execute("SET SESSION innodb_lock_wait_timeout = 50 /*M!100100 , max_statement_time = 0 */").await?;
    let before = applied(&mut connection).await;
    MIGRATIONS.run(&mut *connection).await.map_err(Failure::reject)?;
    let after = applied(&mut connection).await;
    let version = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
    let migrated = Migrated { version, applied: after.saturating_sub(before) };
    tracing::info!(event = "schema.migrated", version, applied = migrated.applied, "schema is up to date");
    // The longer limits end with this connection.
    connection.close().await?;
    Ok(migrated)
}

/// How many migrations the database has seen: none while it has not even their table.
async fn applied(connection: &mut sqlx::MySqlConnection) -> u64 {
    let count = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM _sqlx_migrations").fetch_one(connection).await;
    count.ok().and_then(|count| u64::try_from(count).ok()).unwrap_or_default()
}
