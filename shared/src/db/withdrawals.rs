//! People who withdraw: what goes at once, in one transaction, and what is left to do until nothing is left of them.

pub mod account;
pub mod finish;
pub mod imports;
pub mod messages;
pub mod phones;

use std::collections::BTreeSet;

use chrono::{DateTime, Months, Utc};
use sqlx::MySqlConnection;

use crate::clock::Ambient;
use crate::db::customers;
use crate::db::users::User;
use crate::model::{ClinicId, CustomerId, UserId};

/// How long the hashes are kept by which somebody is known again who has withdrawn, so that nobody earns by coming back.
pub const KEYS_KEPT_FOR: Months = Months::new(60);

/// What a withdrawal took with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    /// The person.
    pub user: UserId,
    /// At how many clinics there was a membership, ended ones included.
    pub clinics: usize,
    /// The customers that were deleted because joining had made them.
    pub customers: u64,
}

/// Whether the person works for a clinic at present: then whether as its only owner. Asked after [`remember`], in its transaction:
/// whoever is being made staff at the same moment has written their line and asks for the withdrawal
/// ([`staff::has_withdrawn`](crate::db::staff::has_withdrawn)), so that one of the two sees the other, or waits for it.
///
/// # Errors
/// When the database does not answer.
pub async fn find_post(connection: &mut MySqlConnection, subject: &str) -> Result<Option<bool>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT (s.role = 'owner' AND NOT EXISTS (
             SELECT 1 FROM staff o WHERE o.clinic_id = s.clinic_id AND o.role = 'owner' AND o.removed_at IS NULL AND o.id <> s.id
           )) AS "is_only_owner!: bool"
           FROM staff s WHERE s.subject = ? AND s.removed_at IS NULL LOCK IN SHARE MODE"#,
        subject
    )
    .fetch_optional(connection)
    .await
}

/// Ends all memberships of a person, and takes the name, the phone and the account off the user. The ledger stays, without a word that anybody wrote into it; so do the hashes, for [a time](KEYS_KEPT_FOR).
///
/// The caller holds the user's lock and has [remembered](remember) the withdrawal. Everything else is locked behind it, in the order of every other use case.
///
/// # Errors
/// When the database refuses.
pub async fn withdraw(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    user: &User,
    subject: &str,
) -> Result<Withdrawn, sqlx::Error> {
    let now = ambient.now();
    let (clinics, customers) = end_memberships(connection, now, user).await?;
    empty_words(connection, user.id).await?;
    give_up_held(connection, now, user.id).await?;
    sqlx::query!(
        "UPDATE users SET name = '', phone = NULL, subject = ?, withdrawn_at = ? WHERE id = ?",
        format!("withdrawn:{}", user.id.uuid()),
        now,
        user.id
    )
    .execute(&mut *connection)
    .await?;
    forget_answers(connection, subject).await?;
    Ok(Withdrawn { user: user.id, clinics, customers })
}

/// From now on nobody is made of this subject, what is left to be done is known, and the hashes have an end. Fails on the unique key
/// `withdrawals_subject` when the person has withdrawn before.
///
/// # Errors
/// When the database refuses.
pub async fn remember(
    connection: &mut MySqlConnection,
    now: DateTime<Utc>,
    user: UserId,
    subject: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!("INSERT INTO withdrawals (user_id, subject, requested_at) VALUES (?, ?, ?)", user, subject, now)
        .execute(&mut *connection)
        .await?;
    let forget_at = now.checked_add_months(KEYS_KEPT_FOR).unwrap_or(DateTime::<Utc>::MAX_UTC);
    sqlx::query!("UPDATE person_keys SET forget_at = ? WHERE user_id = ?", forget_at, user).execute(connection).await.map(drop)
}

/// Answers at how many clinics, and how many customers went.
async fn end_memberships(
    connection: &mut MySqlConnection,
    now: DateTime<Utc>,
    user: &User,
) -> Result<(usize, u64), sqlx::Error> {
    let memberships = sqlx::query!(
        r#"SELECT clinic_id AS "clinic: ClinicId", customer_id AS "customer: CustomerId", customer_made AS "made: bool"
           FROM memberships WHERE user_id = ? ORDER BY clinic_id FOR UPDATE"#,
        user.id
    );
    let memberships = memberships.fetch_all(&mut *connection).await?;
    sqlx::query!(
        "UPDATE memberships SET customer_id = NULL, customer_made = FALSE, ended_at = COALESCE(ended_at, ?),
             ended_because = COALESCE(ended_because, 'withdrawn'), state = 'ended' WHERE user_id = ?",
        now,
        user.id
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!("UPDATE referral_codes SET disabled_at = COALESCE(disabled_at, ?) WHERE user_id = ?", now, user.id)
        .execute(&mut *connection)
        .await?;
    let mut customers = 0;
    for membership in &memberships {
        if let Some(customer) = membership.customer.filter(|_| membership.made) {
            customers += delete_customer(connection, user, membership.clinic, customer).await?;
        }
    }
    Ok((memberships.len(), customers))
}

/// Deletes a customer whom joining made, and remembers by which phones messages to them are found. Answers 1, or 0 when the clinic had
/// deleted the customer before.
async fn delete_customer(
    connection: &mut MySqlConnection,
    user: &User,
    clinic: ClinicId,
    customer: CustomerId,
) -> Result<u64, sqlx::Error> {
    let found = sqlx::query!(
        r#"SELECT phone, (updated_at <> created_at) AS "is_edited!: bool" FROM customers WHERE clinic_id = ? AND id = ? FOR UPDATE"#,
        clinic,
        customer
    );
    let found = found.fetch_optional(&mut *connection).await?;
    // Nobody knows what was done to a customer whom the clinic has deleted.
    let is_edited = found.as_ref().is_none_or(|found| found.is_edited);
    let phones: BTreeSet<_> = found.into_iter().map(|found| found.phone).chain(user.phone.clone()).collect();
    for phone in phones {
        phones::insert(connection, user.id, (clinic, customer), &phone, is_edited).await?;
    }
    customers::delete_all(connection, clinic, &[customer]).await
}

/// Empties what staff wrote beside the person's points. Also what they wrote about points that others would have earned by them.
///
/// # Errors
/// When the database refuses.
pub async fn empty_words(connection: &mut MySqlConnection, user: UserId) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE point_entries SET note = '' WHERE user_id = ? AND note <> ''", user).execute(&mut *connection).await?;
    sqlx::query!("UPDATE held_grants SET note = '' WHERE user_id = ? AND note <> ''", user).execute(&mut *connection).await?;
    let invitation = format!("invite:{user}");
    sqlx::query!("UPDATE held_grants SET note = '' WHERE grant_key = ? AND note <> ''", invitation)
        .execute(&mut *connection)
        .await?;
    sqlx::query!(
        "UPDATE point_entries i STRAIGHT_JOIN point_entries r ON r.reverses = i.id SET r.note = ''
         WHERE i.grant_key = ? AND r.note <> ''",
        invitation
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Points that wait for somebody to decide are not granted to somebody who is gone.
async fn give_up_held(connection: &mut MySqlConnection, now: DateTime<Utc>, user: UserId) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE held_grants SET state = 'refused', decided_at = ? WHERE user_id = ? AND state = 'held'", now, user)
        .execute(connection)
        .await
        .map(drop)
}

/// Forgets what the person was answered.
///
/// # Errors
/// When the database refuses.
pub async fn forget_answers(connection: &mut MySqlConnection, subject: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM idempotency_keys WHERE subject = ?", subject).execute(connection).await.map(drop)
}
