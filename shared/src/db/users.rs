//! People with an app account.

use sqlx::MySqlConnection;

use crate::clock::Ambient;
use crate::db::violates;
use crate::model::UserId;
use crate::model::person::Caller;

/// A user as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The person.
    pub id: UserId,
    /// The name given at sign-up.
    pub name: String,
}

/// The user with that Cognito subject.
///
/// # Errors
/// When the database does not answer.
pub async fn find_by_subject(connection: &mut MySqlConnection, subject: &str) -> Result<Option<User>, sqlx::Error> {
    sqlx::query_as!(User, r#"SELECT id AS "id: UserId", name FROM users WHERE subject = ? AND withdrawn_at IS NULL"#, subject)
        .fetch_optional(connection)
        .await
}

/// The caller's user, made when this is the first time, and locked until the transaction ends: whatever a person does at
/// the same moment from two phones happens one after the other.
///
/// # Errors
/// When the database refuses.
pub async fn lock_or_insert(connection: &mut MySqlConnection, ambient: &Ambient, caller: &Caller) -> Result<User, sqlx::Error> {
    if let Some(user) = lock(connection, &caller.subject).await? {
        return Ok(user);
    }
    let user = User { id: UserId::new(ambient), name: caller.name.clone().unwrap_or_default() };
    let inserted = sqlx::query!(
        "INSERT INTO users (id, subject, name, phone, created_at) VALUES (?, ?, ?, ?, ?)",
        user.id,
        caller.subject,
        user.name,
        caller.phone,
        ambient.now()
    )
    .execute(&mut *connection)
    .await;
    match inserted {
        Ok(_) => Ok(user),
        Err(error) if violates(&error, "users_subject") => lock(connection, &caller.subject).await?.ok_or(error),
        Err(error) => Err(error),
    }
}

async fn lock(connection: &mut MySqlConnection, subject: &str) -> Result<Option<User>, sqlx::Error> {
    sqlx::query_as!(User, r#"SELECT id AS "id: UserId", name FROM users WHERE subject = ? FOR UPDATE"#, subject)
        .fetch_optional(connection)
        .await
}
