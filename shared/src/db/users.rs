//! People with an app account.

use sqlx::MySqlConnection;

use crate::clock::Ambient;
use crate::model::UserId;
use crate::model::person::Caller;

/// A user as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The person.
    pub id: UserId,
    /// The name given at sign-up.
    pub name: String,
    /// The phone that the person had proven when it was last looked at, E.164.
    pub phone: Option<String>,
}

/// There is no user for a caller.
#[derive(Debug, thiserror::Error)]
pub enum NoUser {
    /// The person has withdrawn: the token is left over from an account that is being deleted.
    #[error("the person has withdrawn")]
    Withdrawn,
    /// The database refused.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// The user with that Cognito subject.
///
/// # Errors
/// When the database does not answer.
pub async fn find_by_subject(connection: &mut MySqlConnection, subject: &str) -> Result<Option<User>, sqlx::Error> {
    sqlx::query_as!(
        User,
        r#"SELECT id AS "id: UserId", name, phone FROM users WHERE subject = ? AND withdrawn_at IS NULL"#,
        subject
    )
    .fetch_optional(connection)
    .await
}

/// The caller's user, made when this is the first time, and locked until the transaction ends: whatever a person does at
/// the same moment from two phones happens one after the other. A phone that the caller has proven since is taken over.
///
/// # Errors
/// When the person has withdrawn, or the database refuses.
pub async fn lock_or_insert(connection: &mut MySqlConnection, ambient: &Ambient, caller: &Caller) -> Result<User, NoUser> {
    if let Some(user) = lock_by_subject(connection, &caller.subject).await? {
        return take_over_phone(connection, user, caller).await.map_err(NoUser::from);
    }
    let gone = sqlx::query_scalar!(r#"SELECT 1 AS "gone: i64" FROM withdrawals WHERE subject = ?"#, caller.subject);
    if gone.fetch_optional(&mut *connection).await?.is_some() {
        return Err(NoUser::Withdrawn);
    }
    // Another request may make it in this moment. An INSERT that failed would leave both with a shared lock, of which neither gets on
    // to an exclusive one: this one gets it at once, or waits.
    sqlx::query!(
        "INSERT INTO users (id, subject, name, phone, created_at) VALUES (?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE name = name",
        UserId::new(ambient),
        caller.subject,
        caller.name.as_deref().unwrap_or_default(),
        caller.phone,
        ambient.now()
    )
    .execute(&mut *connection)
    .await?;
    // Made in this moment, and it may be gone in the next.
    let user = lock_by_subject(connection, &caller.subject).await?.ok_or(NoUser::Withdrawn)?;
    take_over_phone(connection, user, caller).await.map_err(NoUser::from)
}

/// The user with that Cognito subject, locked until the transaction ends.
///
/// # Errors
/// When the database does not answer.
pub async fn lock_by_subject(connection: &mut MySqlConnection, subject: &str) -> Result<Option<User>, sqlx::Error> {
    sqlx::query_as!(
        User,
        r#"SELECT id AS "id: UserId", name, phone FROM users WHERE subject = ? AND withdrawn_at IS NULL FOR UPDATE"#,
        subject
    )
    .fetch_optional(connection)
    .await
}

/// A user who has not withdrawn, locked until the transaction ends: for staff who change somebody's membership.
///
/// # Errors
/// When the database does not answer.
pub async fn lock(connection: &mut MySqlConnection, user: UserId) -> Result<Option<User>, sqlx::Error> {
    sqlx::query_as!(
        User,
        r#"SELECT id AS "id: UserId", name, phone FROM users WHERE id = ? AND withdrawn_at IS NULL FOR UPDATE"#,
        user
    )
    .fetch_optional(connection)
    .await
}

/// Keeps the phone that the caller has proven, when it is another one than before; the caller of this holds the user's lock.
async fn take_over_phone(connection: &mut MySqlConnection, user: User, caller: &Caller) -> Result<User, sqlx::Error> {
    if caller.phone.is_none() || caller.phone == user.phone {
        return Ok(user);
    }
    sqlx::query!("UPDATE users SET phone = ? WHERE id = ?", caller.phone, user.id).execute(connection).await?;
    Ok(User { phone: caller.phone.clone(), ..user })
}

/// Gives the user another name; the caller of this holds the user's lock.
///
/// # Errors
/// When the database refuses.
pub async fn rename(connection: &mut MySqlConnection, user: UserId, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE users SET name = ? WHERE id = ?", name, user).execute(connection).await.map(drop)
}
