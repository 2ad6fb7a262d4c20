//! An open transaction: begun by one statement on a connection of the pool, ended by one, rolled back when it is dropped.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use sqlx::mysql::MySqlTransactionManager;
use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, Executor as _, MySql, MySqlConnection, SqlSafeStr};
use sqlx_core::transaction::TransactionManager as _;

use super::Database;

/// How long a connection of the pool has for its answer before another takes its place.
const ANSWER: Duration = Duration::from_millis(500);
/// Ends what there was, and begins a transaction, also where there was none. It is of the level and access of what it ends: connections
/// that were set up for something else never come back outside of it.
const ANEW: &str = "ROLLBACK AND CHAIN";

tokio::task_local! {
    /// Whoever waits for a connection of the pool wants it inside a new transaction.
    static WANTED: ();
}

/// An open transaction, to be used as the connection that it is. Only [`Database::transaction`] opens and ends one.
#[derive(Debug)]
pub struct Tx<'env> {
    connection: PoolConnection<MySql>,
    is_ended: bool,
    /// Lets the work borrow from its surroundings.
    environment: PhantomData<&'env ()>,
}

impl Database {
    /// Begins a transaction on a connection that is clean and answers.
    pub(super) async fn begin<'env>(&self) -> Result<Tx<'env>, sqlx::Error> {
        let mut tx = Tx::new(WANTED.scope((), self.acquire()).await?);
        // A new connection has not gone through `answers`.
        if !tx.is_in_transaction() {
            MySqlTransactionManager::begin(&mut tx, None).await?;
        }
        Ok(tx)
    }

    /// Begins one in which whatever is read without a lock is as it was at one moment, by `statement` if not by `BEGIN`.
    pub(super) async fn begin_repeatable<'env>(&self, statement: Option<&'static str>) -> Result<Tx<'env>, sqlx::Error> {
        let mut tx = Tx::new(self.acquire().await?);
        // For the next transaction only.
        tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").await?;
        MySqlTransactionManager::begin(&mut tx, statement.map(SqlSafeStr::into_sql_str)).await?;
        Ok(tx)
    }
}

impl Tx<'_> {
    fn new(connection: PoolConnection<MySql>) -> Self {
        Self { connection, is_ended: false, environment: PhantomData }
    }

    pub(super) async fn commit(mut self) -> Result<(), sqlx::Error> {
        MySqlTransactionManager::commit(&mut self).await?;
        self.is_ended = true;
        Ok(())
    }

    pub(super) async fn rollback(mut self) -> Result<(), sqlx::Error> {
        MySqlTransactionManager::rollback(&mut self).await?;
        self.is_ended = true;
        Ok(())
    }
}

impl Drop for Tx<'_> {
    fn drop(&mut self) {
        if self.is_in_transaction() {
            // Sent before anything else is, at the latest when the pool takes the connection back.
            MySqlTransactionManager::start_rollback(self);
        } else if !self.is_ended {
            // Nobody knows whether it has begun, and nobody else may have what was set for it.
            self.connection.close_on_drop();
        }
    }
}

impl Deref for Tx<'_> {
    type Target = MySqlConnection;

    fn deref(&self) -> &MySqlConnection {
        &self.connection
    }
}

impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut MySqlConnection {
        &mut self.connection
    }
}

/// Whether a connection of the pool may be lent. It may have been handed back inside an open transaction, in which later inserts vanish,
/// and the connection of a thawed function may be dead: one bounded round trip answers both, and begins the transaction if one is wanted.
pub(super) async fn answers(connection: &mut MySqlConnection) -> bool {
    let clean = async {
        if WANTED.try_with(|()| ()).is_ok() {
            MySqlTransactionManager::begin(connection, Some(SqlSafeStr::into_sql_str(ANEW))).await
        } else {
            connection.execute("ROLLBACK").await.map(drop)
        }
    };
    matches!(tokio::time::timeout(ANSWER, clean).await, Ok(Ok(())))
}
