//! Who has joined a first clinic, by hashes of what they have proven.

use sqlx::MySqlConnection;

use crate::clock::Ambient;
use crate::model::UserId;
use crate::model::person_key::PersonKey;

/// Remembers the keys of a user who joins, and says whether none of them is known of anybody else: then the person is new. The keys
/// are locked until the transaction ends, so that of two accounts of one person the second one waits for the first. Keys of an
/// account that has withdrawn follow the person to the new one, and are not forgotten while the person is here.
///
/// # Errors
/// When the database refuses.
pub async fn remember(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    user: UserId,
    keys: &[PersonKey],
) -> Result<bool, sqlx::Error> {
    // At most two: the text of the statements is fixed, and one key is named twice.
    let (Some(first), Some(last)) = (keys.first(), keys.last()) else { return Ok(true) };
    let now = ambient.now();
    sqlx::query!(
        "INSERT INTO person_keys (person_key, user_id, created_at) VALUES (?, ?, ?), (?, ?, ?)
         ON DUPLICATE KEY UPDATE person_key = VALUES(person_key)",
        first.as_bytes(),
        user,
        now,
        last.as_bytes(),
        user,
        now
    )
    .execute(&mut *connection)
    .await?;
    let known = sqlx::query!(
        r#"SELECT user_id AS "user_id: UserId", forget_at IS NOT NULL AS "left_behind!: bool"
           FROM person_keys WHERE person_key IN (?, ?)"#,
        first.as_bytes(),
        last.as_bytes()
    )
    .fetch_all(&mut *connection)
    .await?;
    if known.iter().any(|key| key.left_behind) {
        sqlx::query!(
            "UPDATE person_keys SET user_id = ?, forget_at = NULL WHERE person_key IN (?, ?) AND forget_at IS NOT NULL",
            user,
            first.as_bytes(),
            last.as_bytes()
        )
        .execute(connection)
        .await?;
    }
    Ok(known.iter().all(|key| key.user_id == user))
}
