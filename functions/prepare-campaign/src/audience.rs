//! To whom a campaign goes, page by page.

use std::collections::HashSet;

use shared::db::campaigns::{self, Audience, Campaign};
use shared::db::recipients::{self, Page, Position, Recipient, Selection};
use shared::model::template::NAME_VARIABLE;
use shared::model::{CustomerId, GroupId, PhoneNumber};
use sqlx::MySqlConnection;

/// The campaign's groups, in the order in which they were named.
pub async fn groups(connection: &mut MySqlConnection, campaign: &Campaign) -> Result<Vec<GroupId>, sqlx::Error> {
    match campaign.audience {
        Audience::Groups => campaigns::list_groups(connection, campaign.clinic, campaign.id).await,
        Audience::Part { .. } | Audience::Test { .. } => Ok(Vec::new()),
    }
}

/// The recipients behind the position.
pub async fn page(
    connection: &mut MySqlConnection,
    campaign: &Campaign,
    groups: &[GroupId],
    after: Position,
    limit: u32,
) -> Result<Page, sqlx::Error> {
    let selection = match &campaign.audience {
        Audience::Groups => Selection::Groups(groups),
        Audience::Part { source, part } => Selection::Part { source: *source, part: *part },
        Audience::Test { phones, customer } => return test(connection, campaign, phones, *customer).await,
    };
    recipients::page(connection, campaign.clinic, &selection, after, limit).await
}

/// The numbers of a test, with a customer's values, or with values that say their own names.
async fn test(
    connection: &mut MySqlConnection,
    campaign: &Campaign,
    phones: &[PhoneNumber],
    customer: Option<CustomerId>,
) -> Result<Page, sqlx::Error> {
    let shown = match customer {
        Some(customer) => recipients::find(connection, campaign.clinic, customer).await?,
        None => None,
    };
    let (name, attributes) = match shown {
        Some(Recipient { name, attributes, .. }) => (name, attributes),
        None => (format!("[{NAME_VARIABLE}]"), campaign.draft().sample()),
    };
    let suppressed = recipients::are_suppressed(connection, campaign.clinic, phones).await?;
    let have_not_agreed = recipients::have_not_agreed(connection, campaign.clinic, phones).await?;
    let mut seen = HashSet::new();
    let once = phones.iter().zip(suppressed.into_iter().zip(have_not_agreed)).filter(|(phone, _)| seen.insert(phone.e164()));
    let recipients = once.map(|(phone, (suppressed, has_not_agreed))| Recipient {
        id: None,
        group: None,
        name: name.clone(),
        phone: phone.clone(),
        attributes: attributes.clone(),
        suppressed,
        consented: !has_not_agreed,
    });
    Ok(Page { recipients: recipients.collect(), next: None })
}
