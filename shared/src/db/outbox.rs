//! Facts that are committed but not yet published.

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;
use sqlx::types::Json;

use crate::aws::topics::{Outgoing, Publisher};
use crate::clock::Ambient;
use crate::db::Database;
use crate::failure::chain;
use crate::message::{Fact, Topic};
use crate::model::id::OutboxId;

/// Writes a fact in the caller's transaction and returns the line, to be [published](publish) after commit.
///
/// # Errors
/// When the database refuses.
pub async fn insert<F: Fact>(connection: &mut MySqlConnection, ambient: &Ambient, fact: &F) -> Result<Outgoing, sqlx::Error> {
    let body = serde_json::to_string(fact).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    let outgoing = Outgoing { id: OutboxId::new(ambient), topic: F::TOPIC, body };
    sqlx::query!(
        "INSERT INTO outbox (id, topic, body, created_at) VALUES (?, ?, ?, ?)",
        outgoing.id,
        outgoing.topic.name(),
        outgoing.body,
        ambient.now()
    )
    .execute(connection)
    .await?;
    Ok(outgoing)
}

/// Writes facts in the caller's transaction by one statement and returns the lines in their order, to be [published](publish)
/// after commit.
///
/// # Errors
/// When the database refuses.
pub async fn insert_all<F: Fact>(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    facts: &[F],
) -> Result<Vec<Outgoing>, sqlx::Error> {
    if facts.is_empty() {
        return Ok(Vec::new());
    }
    let written = facts.iter().map(|fact| {
        let body = serde_json::to_string(fact).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
        Ok(Outgoing { id: OutboxId::new(ambient), topic: F::TOPIC, body })
    });
    let written = written.collect::<Result<Vec<_>, sqlx::Error>>()?;
    let lines: Vec<_> = written.iter().map(|outgoing| (outgoing.id.uuid().simple(), &outgoing.body)).collect();
    sqlx::query!(
        "INSERT INTO outbox (id, topic, body, created_at)
         SELECT UNHEX(l.id), ?, l.body, ?
         FROM JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(32) PATH '$[0]', body TEXT PATH '$[1]')) l",
        F::TOPIC.name(),
        ambient.now(),
        Json(lines)
    )
    .execute(connection)
    .await?;
    Ok(written)
}

/// Publishes lines and forgets those that are out. Call after commit, outside of any transaction. What fails stays for
/// relay-outbox, so the caller's work is done either way.
pub async fn publish(database: &Database, publisher: &impl Publisher, outgoing: &[Outgoing]) {
    if outgoing.is_empty() {
        return;
    }
    let done = publisher.publish(outgoing).await;
    let forgotten = async { delete(&mut *database.acquire().await?, &done).await };
    if let Err(error) = forgotten.await {
        // They will be published again; consumers do not mind.
        tracing::warn!(event = "outbox.not_deleted", error = %chain(&error), count = done.len(), "outbox keeps published lines");
    }
}

/// Forgets lines that are published.
///
/// # Errors
/// When the database refuses.
pub async fn delete(connection: &mut MySqlConnection, ids: &[OutboxId]) -> Result<(), sqlx::Error> {
    // One by one, by the key: a list makes the server scan, and so wait for the lines that another relay has locked.
    for id in ids {
        sqlx::query!("DELETE FROM outbox WHERE id = ?", id).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Some lines of the outbox, locked.
#[derive(Debug, Clone, Default)]
pub struct Locked {
    /// The last one's id, from which to go on. `None` when there was none.
    pub last: Option<OutboxId>,
    /// Those whose topic this version knows.
    pub known: Vec<Outgoing>,
    /// How many belong to topics of a newer version.
    pub unknown: usize,
}

/// The oldest lines behind the given one that were written before the moment, locked against other relays. All by the primary
/// key: two relays that lock by different indexes would wait for each other in a circle.
///
/// # Errors
/// When the database refuses.
pub async fn lock_older_than(
    connection: &mut MySqlConnection,
    moment: DateTime<Utc>,
    after: Option<OutboxId>,
    limit: u32,
) -> Result<Locked, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id: OutboxId", topic, body FROM outbox FORCE INDEX (PRIMARY)
           WHERE created_at < ? AND id > ? ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED"#,
        moment,
        after.unwrap_or(OutboxId::from_uuid(uuid::Uuid::nil())),
        limit
    )
    .fetch_all(connection)
    .await?;
    let mut locked = Locked { last: rows.last().map(|row| row.id), ..Locked::default() };
    for row in rows {
        match Topic::named(&row.topic) {
            Some(topic) => locked.known.push(Outgoing { id: row.id, topic, body: row.body }),
            None => locked.unknown += 1,
        }
    }
    Ok(locked)
}
