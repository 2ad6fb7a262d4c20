//! To whom a campaign goes.

use sqlx::MySqlConnection;
use sqlx::types::Json;

use super::Attributes;
use crate::model::{CampaignId, ClinicId, CustomerId, PhoneNumber};

/// Somebody to whom a campaign is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The customer.
    pub id: CustomerId,
    /// The customer's name.
    pub name: String,
    /// The customer's phone.
    pub phone: PhoneNumber,
    /// The clinic's own columns.
    pub attributes: Attributes,
    /// Whether the phone must not be written to.
    pub suppressed: bool,
}

/// The customers of a campaign's groups behind the customer `after`, each once, in order of their ids. Those of the
/// unassigned group are the customers without a line in any group.
///
/// # Errors
/// When the database does not answer.
pub async fn list_recipients(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaign: CampaignId,
    after: Option<CustomerId>,
    limit: u32,
) -> Result<Vec<Recipient>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT c.id AS "id: CustomerId", c.name, c.phone, c.attributes AS "attributes: Json<Attributes>",
             EXISTS (SELECT 1 FROM suppressions s WHERE s.clinic_id = c.clinic_id AND s.phone = c.phone) AS "suppressed!: bool"
           FROM customers c
           WHERE c.clinic_id = ? AND c.id > ? AND (
             EXISTS (SELECT 1 FROM customer_group_members m
                 JOIN campaign_groups g ON g.clinic_id = m.clinic_id AND g.campaign_id = ? AND g.group_id = m.group_id
                 WHERE m.clinic_id = ? AND m.customer_id = c.id)
             OR (
                 EXISTS (SELECT 1 FROM campaign_groups g
                     JOIN customer_groups u ON u.clinic_id = g.clinic_id AND u.id = g.group_id AND u.unassigned
                     WHERE g.clinic_id = ? AND g.campaign_id = ?)
                 AND NOT EXISTS (SELECT 1 FROM customer_group_members m WHERE m.clinic_id = ? AND m.customer_id = c.id)
             ))
           ORDER BY c.id LIMIT ?"#,
        clinic,
        after.unwrap_or(CustomerId::from_uuid(uuid::Uuid::nil())),
        campaign,
        clinic,
        clinic,
        campaign,
        clinic,
        limit
    )
    .fetch_all(connection)
    .await?;
    let recipients = rows.into_iter().map(|row| {
        Ok(Recipient {
            id: row.id,
            name: row.name,
            phone: PhoneNumber::from_e164(&row.phone).map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            attributes: row.attributes.0,
            suppressed: row.suppressed,
        })
    });
    recipients.collect()
}

/// A customer of the clinic as a campaign would find them.
///
/// # Errors
/// When the database does not answer.
pub async fn find_recipient(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    customer: CustomerId,
) -> Result<Option<Recipient>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT c.id AS "id: CustomerId", c.name, c.phone, c.attributes AS "attributes: Json<Attributes>",
             EXISTS (SELECT 1 FROM suppressions s WHERE s.clinic_id = c.clinic_id AND s.phone = c.phone) AS "suppressed!: bool"
           FROM customers c WHERE c.clinic_id = ? AND c.id = ?"#,
        clinic,
        customer
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(Recipient {
            id: row.id,
            name: row.name,
            phone: PhoneNumber::from_e164(&row.phone).map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            attributes: row.attributes.0,
            suppressed: row.suppressed,
        })
    })
    .transpose()
}
