//! Answers to POSTs that start work, by the caller's `Idempotency-Key`.

use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::MySqlConnection;

use crate::clock::Ambient;

/// Who asks for what, under which key.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The caller's subject.
    pub subject: &'a str,
    /// A stable name of the route.
    pub route: &'static str,
    /// The key the caller chose.
    pub key: &'a str,
    /// SHA-256 of what is asked.
    hash: [u8; 32],
}

/// What is known of a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Seen {
    /// Never seen: do the work, then [`save`] the answer in the same transaction.
    Never,
    /// Answered before, with this status and JSON body.
    Answered(u16, String),
    /// The key was used for another request.
    Different,
}

impl<'a> Request<'a> {
    /// Describes a request; `asked` is everything that makes it what it is.
    pub fn new(subject: &'a str, route: &'static str, key: &'a str, asked: &impl Serialize) -> Self {
        // Types of ours serialise without fail; should one not, equal requests still look equal.
        let text = serde_json::to_vec(asked).unwrap_or_default();
        Self { subject, route, key, hash: Sha256::digest(&text).into() }
    }
}

/// Claims the key. A second caller waits here until the first has committed, then gets its answer.
///
/// # Errors
/// When the database refuses.
pub async fn claim(connection: &mut MySqlConnection, ambient: &Ambient, request: &Request<'_>) -> Result<Seen, sqlx::Error> {
    let inserted = sqlx::query!(
        "INSERT INTO idempotency_keys (subject, route, idempotency_key, request_hash, created_at) VALUES (?, ?, ?, ?, ?)",
        request.subject,
        request.route,
        request.key,
        request.hash.as_slice(),
        ambient.now()
    )
    .execute(&mut *connection)
    .await;
    match inserted {
        Ok(_) => return Ok(Seen::Never),
        Err(error) if error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation) => {}
        Err(error) => return Err(error),
    }
    let row = sqlx::query!(
        "SELECT request_hash, status, body FROM idempotency_keys
         WHERE subject = ? AND route = ? AND idempotency_key = ? FOR UPDATE",
        request.subject,
        request.route,
        request.key
    )
    .fetch_one(connection)
    .await?;
    match (row.status, row.body) {
        (Some(status), Some(body)) if row.request_hash == request.hash => Ok(Seen::Answered(status, body)),
        _ => Ok(Seen::Different),
    }
}

/// Keeps the answer, in the transaction of the work.
///
/// # Errors
/// When the database refuses.
pub async fn save(connection: &mut MySqlConnection, request: &Request<'_>, status: u16, body: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE idempotency_keys SET status = ?, body = ? WHERE subject = ? AND route = ? AND idempotency_key = ?",
        status,
        body,
        request.subject,
        request.route,
        request.key
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Lets go of a key whose request came to nothing.
///
/// # Errors
/// When the database refuses.
pub async fn release(connection: &mut MySqlConnection, request: &Request<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM idempotency_keys WHERE subject = ? AND route = ? AND idempotency_key = ?",
        request.subject,
        request.route,
        request.key
    )
    .execute(connection)
    .await
    .map(drop)
}
