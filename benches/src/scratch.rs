//! A database that one run of a contender has for itself.

use std::collections::BTreeMap;

use shared::clock::Ambient;
use shared::config::Environment;
use shared::db::clinics::{self, Clinic, Invitations};
use shared::db::{self, Database, groups};
use shared::model::ClinicId;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};

use crate::Failed;

/// The server, by `BENCH_DATABASE_URL`: `mysql://root@127.0.0.1:4732/`.
#[derive(Debug, Clone)]
pub struct Server(MySqlConnectOptions);

impl Server {
    /// Reads the address.
    ///
    /// # Errors
    /// When there is none.
    pub fn read(environment: &mut Environment) -> Result<Self, Failed> {
        Ok(Self(environment.text("BENCH_DATABASE_URL").parse()?))
    }

    /// A connection to a schema, or to none.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn connect(&self, schema: Option<&str>) -> Result<MySqlConnection, Failed> {
        let options = schema.map_or_else(|| self.0.clone(), |schema| self.0.clone().database(schema));
        Ok(options.connect().await?)
    }

    /// A schema as a function has it: with so many connections.
    #[must_use]
    pub fn database(&self, schema: &str, connections: u32) -> Database {
        Database::from_pool(db::pool_options(connections).connect_lazy_with(self.0.clone().database(schema)))
    }

    /// Makes a schema with all tables; one of that name goes away before.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn create(&self, schema: &str) -> Result<(), Failed> {
        self.drop_schema(schema).await?;
        let mut connection = self.connect(None).await?;
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE {schema} CHARACTER SET utf8mb4"))).await?;
        db::MIGRATIONS.run(&mut self.connect(Some(schema)).await?).await?;
        Ok(())
    }

    /// Drops a schema.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn drop_schema(&self, schema: &str) -> Result<(), Failed> {
        let statement = format!("DROP DATABASE IF EXISTS {schema}");
        self.connect(None).await?.execute(AssertSqlSafe(statement)).await?;
        Ok(())
    }

    /// Gives the server the memory that a small instance of RDS has, instead of MariaDB's 128 MiB, and answers the settings
    /// that matter.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn prepare(&self) -> Result<BTreeMap<String, String>, Failed> {
        let mut connection = self.connect(None).await?;
        connection.execute("SET GLOBAL innodb_buffer_pool_size = 1 << 30").await?;
        connection.execute("SET GLOBAL innodb_log_file_size = 1 << 30").await?;
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'innodb_flush_log_at_trx_commit',
               'innodb_buffer_pool_size', 'innodb_log_file_size', 'innodb_doublewrite', 'log_bin')",
        )
        .fetch_all(&mut connection)
        .await?;
        Ok(rows.into_iter().collect())
    }

    /// What the server has counted since its start, this very question included.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn counters(&self) -> Result<BTreeMap<String, u64>, Failed> {
        let mut connection = self.connect(None).await?;
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SHOW GLOBAL STATUS WHERE Variable_name IN ('Questions', 'Com_stmt_prepare', 'Com_commit', 'Bytes_received')",
        )
        .fetch_all(&mut connection)
        .await?;
        rows.into_iter().map(|(name, value)| Ok((name, value.parse()?))).collect()
    }
}

/// Adds a clinic, with its unassigned group and nobody in it.
///
/// # Errors
/// When the database refuses.
pub async fn add_clinic(connection: &mut MySqlConnection, ambient: &Ambient) -> Result<ClinicId, Failed> {
    let clinic = Clinic {
        id: ClinicId::new(ambient),
        name: "새봄치과의원".to_owned(),
        time_zone: "Asia/Seoul".to_owned(),
        sender_key: None,
        sender_phone: None,
        points_enabled: true,
        join_points: 1000,
        invite_points: 1000,
        invitations: Invitations::default(),
        points_notice: String::new(),
        created_at: ambient.now(),
    };
    clinics::insert(connection, &clinic).await?;
    groups::insert_unassigned(connection, ambient, clinic.id).await?;
    Ok(clinic.id)
}
