//! The database: connection, transactions, and one module of queries per table.
//!
//! Queries are free functions over a borrowed connection; the use case owns the transaction.

pub mod audit;
pub mod bundles;
pub mod campaigns;
pub mod clicks;
pub mod clinics;
pub mod code_guesses;
pub mod conservation;
pub mod customer_columns;
pub mod customers;
pub mod groups;
pub mod held_grants;
pub mod hourly_totals;
pub mod idempotency;
pub mod import_rows;
pub mod imports;
pub mod invite_counts;
pub mod memberships;
pub mod messages;
pub mod outbox;
pub mod person_keys;
pub mod point_entries;
pub mod provider_gate;
pub mod recipients;
pub mod recount;
pub mod referral_codes;
pub mod referrals;
pub mod snapshot;
pub mod staff;
pub mod staff_invitations;
pub mod statistics;
pub mod suppressions;
pub mod templates;
mod transaction;
pub mod users;
pub mod withdrawals;

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use secrecy::ExposeSecret;
use sqlx::mysql::{MySqlConnectOptions, MySqlPool, MySqlPoolOptions, MySqlSslMode};
use sqlx::pool::PoolConnection;
use sqlx::{Executor, MySql};

pub use self::transaction::Tx;
use crate::aws::secrets;
use crate::config::{Credentials, DatabaseAuthentication, DatabaseConfig, DatabaseTls};

/// Migrations, compiled in.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// How often a transaction is tried when it collides with others.
const TRIES: u32 = 6;
/// How long a transaction goes on waiting for the locks of others.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
/// RDS accepts a token for 15 minutes, at connect time.
const TOKEN_AGE: Duration = Duration::from_mins(10);

/// An error of a use case that may come from the database, so that [`Database::transaction`] can see a collision.
pub trait DatabaseFailure: From<sqlx::Error> {
    /// The database's error, if it is one.
    fn database(&self) -> Option<&sqlx::Error>;
}

impl DatabaseFailure for sqlx::Error {
    fn database(&self) -> Option<&sqlx::Error> {
        Some(self)
    }
}

impl DatabaseFailure for crate::failure::Failure {
    fn database(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Retry(cause) | Self::Reject(cause) => cause.downcast_ref(),
        }
    }
}

/// The database could not be set up at cold start.
#[derive(Debug, thiserror::Error)]
pub enum ConnectFailed {
    /// The credentials are not to be had.
    #[error(transparent)]
    Secret(#[from] secrets::SecretUnavailable),
    /// No token for the database user.
    #[error("database token: {0}")]
    Token(String),
    /// The database does not answer.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
}

/// A pool of one connection, for a function works on one event at a time; of more, if its configuration says so.
#[derive(Debug)]
pub struct Database {
    pool: MySqlPool,
    token: Option<Token>,
}

/// The work of a transaction. Boxed, because only so can Rust say that it may be sent between threads.
pub type Work<'tx, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'tx>>;

#[derive(Debug)]
struct Token {
    sdk: SdkConfig,
    config: DatabaseConfig,
    user: String,
    options: MySqlConnectOptions,
    made: Mutex<Instant>,
}

impl Database {
    /// Reads the credentials and opens the connection.
    ///
    /// # Errors
    /// When the credentials or the database are not to be had.
    pub async fn connect(config: &DatabaseConfig, sdk: &SdkConfig) -> Result<Self, ConnectFailed> {
        let database = Self::connect_lazily(config, sdk).await?;
        drop(database.pool.acquire().await?);
        Ok(database)
    }

    /// Reads the credentials only; the connection is opened when it is first needed. For a function that can do its work
    /// while the database is away.
    ///
    /// # Errors
    /// When the credentials are not to be had.
    pub async fn connect_lazily(config: &DatabaseConfig, sdk: &SdkConfig) -> Result<Self, ConnectFailed> {
        let options = MySqlConnectOptions::new().host(&config.host).port(config.port).database(&config.name);
        let options = match &config.tls {
            DatabaseTls::VerifyIdentity { authority } => options.ssl_mode(MySqlSslMode::VerifyIdentity).ssl_ca(authority),
            DatabaseTls::Disabled => options.ssl_mode(MySqlSslMode::Disabled),
        };
        let (options, token) = match &config.authentication {
            DatabaseAuthentication::Secret { arn } => {
                let credentials: Credentials = secrets::read(sdk, arn).await?;
                (options.username(&credentials.username).password(credentials.password.expose_secret()), None)
            }
            DatabaseAuthentication::Iam { user } => {
                let token = Token {
                    sdk: sdk.clone(),
                    config: config.clone(),
                    user: user.clone(),
                    options: options.username(user).enable_cleartext_plugin(true),
                    made: Mutex::new(Instant::now()),
                };
                (token.fresh_options().await?, Some(token))
            }
        };
        Ok(Self { pool: pool_options(config.connections).connect_lazy_with(options), token })
    }

    /// Wraps a pool that a test made.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn from_pool(pool: MySqlPool) -> Self {
        Self { pool, token: None }
    }

    /// The connection, for single statements. It is never inside somebody else's transaction.
    ///
    /// # Errors
    /// When the database does not answer within 3 s.
    pub async fn acquire(&self) -> Result<PoolConnection<MySql>, sqlx::Error> {
        // Timers do not run while a function is frozen, so the token's age is looked at when it is needed.
        if let Some(token) = &self.token
            && token.is_old()
        {
            match token.fresh_options().await {
                Ok(options) => self.pool.set_connect_options(options),
                Err(error) => tracing::warn!(event = "database.token", %error, "no fresh token; trying with the old one"),
            }
        }
        self.pool.acquire().await
    }

    /// Runs the work in a transaction: commits when it succeeds, rolls back when not, and begins anew when it collided with
    /// another transaction (1213 deadlock, 1205 lock wait, which rolls back only the statement).
    ///
    /// The work may run several times, so it has no effect but on the database.
    ///
    /// # Errors
    /// Those of the work, and those of the database.
    pub async fn transaction<'env, T, E: DatabaseFailure>(
        &self,
        name: &'static str,
        work: impl for<'tx> FnMut(&'tx mut Tx<'env>) -> Work<'tx, T, E>,
    ) -> Result<T, E> {
        self.transaction_of(false, name, work).await
    }

    /// The same, but whatever is read without a lock is as it was when that was first done, whatever others commit meanwhile.
    ///
    /// # Errors
    /// Those of the work, and those of the database.
    pub async fn repeatable_transaction<'env, T, E: DatabaseFailure>(
        &self,
        name: &'static str,
        work: impl for<'tx> FnMut(&'tx mut Tx<'env>) -> Work<'tx, T, E>,
    ) -> Result<T, E> {
        self.transaction_of(true, name, work).await
    }

    async fn transaction_of<'env, T, E: DatabaseFailure>(
        &self,
        is_repeatable: bool,
        name: &'static str,
        mut work: impl for<'tx> FnMut(&'tx mut Tx<'env>) -> Work<'tx, T, E>,
    ) -> Result<T, E> {
        let begun = Instant::now();
        let mut tries = 1;
        loop {
            let mut tx = if is_repeatable { self.begin_repeatable(None).await? } else { self.begin().await? };
            let failure = match work(&mut tx).await {
                Ok(value) => {
                    tx.commit().await?;
                    let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
                    tracing::debug!(event = "transaction.committed", transaction = name, tries, duration_ms, "committed");
                    return Ok(value);
                }
                Err(failure) => failure,
            };
            let read_only = failure.database().is_some_and(|error| matches!(number(error), Some(1290 | 1836)));
            if let Err(error) = tx.rollback().await {
                tracing::warn!(event = "transaction.not_rolled_back", transaction = name, %error, "the connection is given up");
            }
            if read_only {
                // After a failover this peer is a replica: the next connection finds the new primary.
                self.acquire().await?.close().await?;
            }
            let worth_another = match failure.database().and_then(number) {
                Some(1213) => tries < TRIES,
                // Each lock wait costs 4 s, and the function that waits has not many of them.
                Some(1205) => tries < TRIES && begun.elapsed() < LOCK_PATIENCE,
                _ => false,
            };
            if !worth_another {
                return Err(failure);
            }
            tracing::info!(event = "transaction.collided", transaction = name, tries, "transaction begins anew");
            tokio::time::sleep(Duration::from_millis(10) * 2_u32.pow(tries)).await;
            tries += 1;
        }
    }
}

impl Token {
    fn is_old(&self) -> bool {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).elapsed() > TOKEN_AGE
    }

    async fn fresh_options(&self) -> Result<MySqlConnectOptions, ConnectFailed> {
        use aws_sdk_rds::auth_token::{AuthTokenGenerator, Config};
        let config =
            Config::builder().hostname(&self.config.host).port(u64::from(self.config.port)).username(&self.user).build();
        let generator = AuthTokenGenerator::new(config.map_err(|error| ConnectFailed::Token(error.to_string()))?);
        let token = generator.auth_token(&self.sdk).await.map_err(|error| ConnectFailed::Token(error.to_string()))?;
        *self.made.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        Ok(self.options.clone().password(token.as_str()))
    }
}

/// How a pool treats its connections, also in tests.
#[must_use]
pub fn pool_options(connections: u32) -> MySqlPoolOptions {
    MySqlPoolOptions::new()
        .max_connections(connections)
        .min_connections(0)
        // The default of 30 s is longer than API Gateway waits.
        .acquire_timeout(Duration::from_secs(3))
        // `answers` sends something anyway.
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(async move { Ok(transaction::answers(connection).await) }))
        .after_connect(|connection, _| {
            Box::pin(async move {
                // Time limits live in the database. MySQL and MariaDB name them differently: each reads its own comment.
                // A client that vanished or is frozen gives its locks and its connection back after half a minute instead of
                // eight hours: it may hold the line of which there is only one. Who comes back opens a new connection.
                // What does not fit a column is an error, whatever the server's default.
                let limits = "SET SESSION innodb_lock_wait_timeout = 4, wait_timeout = 30, \
                              sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES') \
                              /*!50799 , max_execution_time = 20000 */ /*M!100100 , max_statement_time = 20 */";
                connection.execute(limits).await?;
                connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
                Ok(())
            })
        })
}

/// The database's own number of an error.
fn number(error: &sqlx::Error) -> Option<u16> {
    let database = error.as_database_error()?.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>()?;
    Some(database.number())
}

/// Whether a statement failed on the unique key of that name.
#[must_use]
pub fn violates(error: &sqlx::Error, key: &str) -> bool {
    // "Duplicate entry '…' for key 'table.key'" (MySQL 8), "… for key 'key'" (MariaDB).
    error
        .as_database_error()
        .is_some_and(|error| error.is_unique_violation() && error.message().trim_end_matches('\'').ends_with(key))
}

/// Parses a stored text into a type of the model; what cannot be read is a broken row, not bad input.
///
/// # Errors
/// [`sqlx::Error::Decode`].
pub fn decode<T>(text: &str) -> Result<T, sqlx::Error>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    text.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
