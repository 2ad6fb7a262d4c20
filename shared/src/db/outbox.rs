//! Facts that are committed but not yet published.

use chrono::{DateTime, Utc};
use sqlx::{MySqlConnection, QueryBuilder};

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
    if ids.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::new("DELETE FROM outbox WHERE id IN (");
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(*id);
    }
    query.push(")").build().execute(connection).await.map(drop)
}

/// The oldest lines written before the given moment, locked against other relays.
///
/// # Errors
/// When the database refuses.
pub async fn lock_older_than(
    connection: &mut MySqlConnection,
    moment: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<Outgoing>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id: OutboxId", topic, body FROM outbox WHERE created_at < ? ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED"#,
        moment,
        limit
    )
    .fetch_all(connection)
    .await?;
    let known = rows.into_iter().filter_map(|row| {
        let topic = Topic::named(&row.topic);
        if topic.is_none() {
            tracing::error!(
                event = "outbox.unknown_topic",
                topic = row.topic,
                "a line of the outbox waits for a newer version"
            );
        }
        Some(Outgoing { id: row.id, topic: topic?, body: row.body })
    });
    Ok(known.collect())
}
