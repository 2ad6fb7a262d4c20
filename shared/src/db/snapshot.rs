//! Reading several things as they were at one moment, so that they cannot contradict each other.

use std::ops::{Deref, DerefMut};

use sqlx::MySqlConnection;

use super::{Database, Tx};

/// A connection on which everything is read as it was when the snapshot was taken, whatever others commit meanwhile. It locks nothing and
/// makes nobody wait. One that is dropped without [`end`](Self::end) ends when its connection goes back to the pool.
#[derive(Debug)]
pub struct Snapshot(Tx<'static>);

impl Database {
    /// Takes a snapshot.
    ///
    /// # Errors
    /// When the database does not answer within 3 s.
    pub async fn snapshot(&self) -> Result<Snapshot, sqlx::Error> {
        self.begin_repeatable(Some("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")).await.map(Snapshot)
    }
}

impl Snapshot {
    /// Gives it back. The server keeps old versions of what changes for as long as somebody may still read them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end(self) -> Result<(), sqlx::Error> {
        self.0.commit().await
    }
}

impl Deref for Snapshot {
    type Target = MySqlConnection;

    fn deref(&self) -> &MySqlConnection {
        &self.0
    }
}

impl DerefMut for Snapshot {
    fn deref_mut(&mut self) -> &mut MySqlConnection {
        &mut self.0
    }
}
