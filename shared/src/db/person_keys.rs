//! Who has joined a clinic, by hashes of what they have proven.

use sqlx::MySqlConnection;

use crate::clock::Ambient;
use crate::db::users::{self, NoUser, User};
use crate::model::UserId;
use crate::model::person::Caller;
use crate::model::person_key::{Pepper, PersonKey};

/// The caller's user as [`users::lock_or_insert`] answers it. If the person has ever joined by a code, what they have proven by now is
/// remembered: the phone of before, the one of the token and the address. So nobody is new by a phone that they have proven after
/// joining. Whoever has not joined has earned nothing: they are remembered when they do.
///
/// # Errors
/// When the person has withdrawn, or the database refuses.
pub async fn lock_and_remember(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    pepper: &Pepper,
    caller: &Caller,
) -> Result<User, NoUser> {
    // Whoever changes the phone between this look and the lock remembers it as well.
    let before = users::find_by_subject(connection, &caller.subject).await?.and_then(|user| user.phone);
    let user = users::lock_or_insert(connection, ambient, caller).await?;
    let joined = sqlx::query_scalar!(r#"SELECT 1 AS "joined: i64" FROM referrals WHERE user_id = ? LIMIT 1"#, user.id);
    if joined.fetch_optional(&mut *connection).await?.is_some() {
        let keys = pepper.keys(&[before.as_deref(), user.phone.as_deref()], caller.email.as_deref());
        remember(connection, ambient, user.id, &keys).await?;
    }
    Ok(user)
}

/// Remembers the keys of a user who joins, at most three and in order, and says whether none of them is known of anybody else: then
/// the person is new. The keys are locked until the transaction ends, so that of two accounts of one person the second one waits for
/// the first. Keys of an account that has withdrawn follow the person to the new one, and are not forgotten while the person is here.
///
/// # Errors
/// When the database refuses.
pub async fn remember(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    user: UserId,
    keys: &[PersonKey],
) -> Result<bool, sqlx::Error> {
    // The text of the statements is fixed: what is not there is named twice.
    let (Some(first), Some(last)) = (keys.first(), keys.last()) else { return Ok(true) };
    let middle = keys.get(1).unwrap_or(last);
    debug_assert!(keys.len() <= 3, "two phones and an address");
    let now = ambient.now();
    sqlx::query!(
        "INSERT INTO person_keys (person_key, user_id, created_at) VALUES (?, ?, ?), (?, ?, ?), (?, ?, ?)
         ON DUPLICATE KEY UPDATE person_key = VALUES(person_key)",
        first.as_bytes(),
        user,
        now,
        middle.as_bytes(),
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
           FROM person_keys WHERE person_key IN (?, ?, ?)"#,
        first.as_bytes(),
        middle.as_bytes(),
        last.as_bytes()
    )
    .fetch_all(&mut *connection)
    .await?;
    if known.iter().any(|key| key.left_behind) {
        sqlx::query!(
            "UPDATE person_keys SET user_id = ?, forget_at = NULL WHERE person_key IN (?, ?, ?) AND forget_at IS NOT NULL",
            user,
            first.as_bytes(),
            middle.as_bytes(),
            last.as_bytes()
        )
        .execute(connection)
        .await?;
    }
    Ok(known.iter().all(|key| key.user_id == user))
}
