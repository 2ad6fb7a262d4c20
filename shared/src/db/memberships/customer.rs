//! The customer of the clinic who is the same person as a member.

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;

use crate::clock::Ambient;
use crate::db::customers::{self, Attributes, Customer};
use crate::db::violates;
use crate::model::customer::visible;
use crate::model::{ClinicId, CustomerId, CustomerName, PhoneNumber, UserId};

/// What a member is called who has given no name.
const NAMELESS: &str = "단골 회원";

/// A customer whom a membership can be linked to.
struct Candidate {
    id: CustomerId,
    made: bool,
}

/// Links a member to the clinic's customer with the phone that the member has proven, and makes that customer, in no group, when
/// there is none. Answers who it is: `None` when there is no membership, when no message can be sent to the phone, or when
/// another member is that customer already.
///
/// A link that leads to somebody stays. Only a customer whom joining made follows the member to a new phone, unless the clinic has
/// another customer with it: what the clinic has written down itself is the clinic's.
///
/// The caller holds the user's line, so that one member is linked once at a time.
///
/// # Errors
/// When the database refuses.
pub async fn link_customer(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    user: UserId,
    name: &str,
    phone: &str,
) -> Result<Option<CustomerId>, sqlx::Error> {
    let Ok(phone) = phone.parse::<PhoneNumber>() else { return Ok(None) };
    let linked = sqlx::query!(
        r#"SELECT c.id AS "id?: CustomerId", c.phone AS "phone?", m.customer_made AS "made: bool"
           FROM memberships m LEFT JOIN customers c ON c.clinic_id = m.clinic_id AND c.id = m.customer_id
           WHERE m.clinic_id = ? AND m.user_id = ?"#,
        clinic,
        user
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(linked) = linked else { return Ok(None) };
    if let Some(customer) = linked.id {
        if linked.made && linked.phone.as_deref() != Some(phone.e164()) {
            move_phone(connection, ambient.now(), clinic, customer, &phone).await?;
        }
        return Ok(Some(customer));
    }
    let Some(candidate) = find_or_make(connection, ambient, clinic, name, &phone).await? else { return Ok(None) };
    let written = sqlx::query!(
        "UPDATE memberships SET customer_id = ?, customer_made = ? WHERE clinic_id = ? AND user_id = ?",
        candidate.id,
        candidate.made,
        clinic,
        user
    )
    .execute(connection)
    .await;
    match written {
        Ok(_) => Ok(Some(candidate.id)),
        // Another member with the same phone was faster.
        Err(error) if violates(&error, "memberships_customer") => Ok(None),
        Err(error) => Err(error),
    }
}

/// The customer with that phone, unless another member is that customer.
async fn find_or_make(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    name: &str,
    phone: &PhoneNumber,
) -> Result<Option<Candidate>, sqlx::Error> {
    let mut made = false;
    loop {
        let found = sqlx::query!(
            r#"SELECT c.id AS "id: CustomerId", m.user_id AS "holder?: UserId", m.state AS "state?", m.customer_made AS "made?: bool"
               FROM customers c LEFT JOIN memberships m ON m.clinic_id = c.clinic_id AND m.customer_id = c.id
               WHERE c.clinic_id = ? AND c.phone = ?"#,
            clinic,
            phone.e164()
        )
        .fetch_optional(&mut *connection)
        .await?;
        match found {
            Some(found) => {
                let Some(holder) = found.holder else { return Ok(Some(Candidate { id: found.id, made })) };
                // The same person under an account of before, which is no member any more.
                let given_up = found.state.as_deref() == Some("ended") && release(connection, clinic, holder).await?;
                return Ok(given_up.then_some(Candidate { id: found.id, made: found.made == Some(true) }));
            }
            None if insert(connection, ambient, clinic, name, phone).await? => made = true,
            // Somebody else added one in this moment.
            None => {}
        }
    }
}

/// Adds a customer. Answers whether that phone was new.
async fn insert(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    name: &str,
    phone: &PhoneNumber,
) -> Result<bool, sqlx::Error> {
    let now = ambient.now();
    let customer = Customer {
        id: CustomerId::new(ambient),
        name: called(name),
        phone: phone.clone(),
        attributes: Attributes::new(),
        created_at: now,
        updated_at: now,
        advertising_consent_at: None,
    };
    match customers::insert_all(connection, clinic, None, &[customer]).await {
        Ok(()) => Ok(true),
        Err(error) if violates(&error, "customers_phone") => Ok(false),
        Err(error) => Err(error),
    }
}

/// What the clinic's list calls a member: as much of the name as fits.
fn called(name: &str) -> String {
    let name: String = visible(name).chars().take(CustomerName::MAX).collect();
    let name = name.trim();
    if name.is_empty() { NAMELESS.to_owned() } else { name.to_owned() }
}

/// Takes the link off a membership that has ended.
async fn release(connection: &mut MySqlConnection, clinic: ClinicId, holder: UserId) -> Result<bool, sqlx::Error> {
    let released = sqlx::query!(
        "UPDATE memberships SET customer_id = NULL, customer_made = FALSE
         WHERE clinic_id = ? AND user_id = ? AND state = 'ended'",
        clinic,
        holder
    );
    released.execute(connection).await.map(|done| done.rows_affected() == 1)
}

/// Lets a customer whom joining made follow the member to another phone, when that is free.
async fn move_phone(
    connection: &mut MySqlConnection,
    now: DateTime<Utc>,
    clinic: ClinicId,
    customer: CustomerId,
    phone: &PhoneNumber,
) -> Result<(), sqlx::Error> {
    let moved = sqlx::query!(
        "UPDATE customers SET phone = ?, updated_at = ? WHERE clinic_id = ? AND id = ?",
        phone.e164(),
        now,
        clinic,
        customer
    );
    match moved.execute(connection).await {
        Err(error) if !violates(&error, "customers_phone") => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_called_by_as_much_of_the_name_as_a_customer_may_have() {
        assert_eq!(called(" 김 단골 "), "김 단골");
        assert_eq!(called(&"가".repeat(80)), "가".repeat(50));
        assert_eq!(called(&format!("{} 나", "가".repeat(49))), "가".repeat(49));
        assert_eq!(called("\u{200b} "), NAMELESS);
    }
}
