//! To whom a campaign goes: read page by page, so that no list has to fit into memory, each customer once.

mod read;

use futures_util::TryStreamExt;
use sqlx::types::Json;
use sqlx::{FromRow, MySqlConnection};

use crate::db::customers::Attributes;
use crate::db::groups;
use crate::model::advertising;
use crate::model::draft::{Draft, Person, Rendered, Unfit};
use crate::model::result::Reason;
use crate::model::state::{CampaignKind, CampaignPart};
use crate::model::{CampaignId, ClinicId, CustomerId, GroupId, PhoneNumber};

/// Bytes of attributes in one page: a page ends before it gets larger, but for a single recipient. In memory they take about three
/// times as much.
const BYTES: usize = 4 << 20;

/// Somebody to whom a campaign is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The customer; none for a number to which a test goes.
    pub id: Option<CustomerId>,
    /// The group through which the customer is reached: the first of those that were named.
    pub group: Option<GroupId>,
    /// The customer's name.
    pub name: String,
    /// The phone that gets the message.
    pub phone: PhoneNumber,
    /// The clinic's own columns.
    pub attributes: Attributes,
    /// Whether the phone must not be written to.
    pub suppressed: bool,
    /// Whether the customer has agreed to advertising. A number of a test that is no customer's has.
    pub consented: bool,
}

impl Recipient {
    /// What they get, with this token in the link.
    ///
    /// # Errors
    /// When they get nothing, and why: the first reason that applies.
    pub fn rendered(&self, draft: &Draft<'_>, kind: CampaignKind, token: &str) -> Result<Rendered, Unfit> {
        if self.suppressed {
            return Err(Unfit::because(Reason::Suppressed));
        }
        let is_advertising = || match kind {
            CampaignKind::Advertising => true,
            CampaignKind::Test => advertising::is_marked(draft),
            CampaignKind::Information => false,
        };
        if !self.consented && is_advertising() {
            return Err(Unfit::because(Reason::NoConsent));
        }
        draft.render(Person { name: &self.name, phone: &self.phone, attributes: &self.attributes }, token)
    }
}

/// Of whom a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection<'a> {
    /// The customers of these groups, in order of their ids. Those of the unassigned group are the customers without a line in any
    /// group.
    Groups(&'a [GroupId]),
    /// Some recipients of an earlier campaign as they are today, in order of the numbers that they had in it. Who is no customer
    /// any more is left out.
    Part {
        /// The earlier campaign.
        source: CampaignId,
        /// Which of its recipients.
        part: CampaignPart,
    },
}

/// How far a list was read. The beginning by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    /// The last customer, in a list of groups.
    pub customer: Option<CustomerId>,
    /// The last number, in a part of an earlier campaign.
    pub number: u32,
}

/// A piece of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The recipients.
    pub recipients: Vec<Recipient>,
    /// Where the list goes on. None when it ends here. A page that goes on may have fewer recipients than asked for, when theirs
    /// are many attributes.
    pub next: Option<Position>,
}

#[derive(FromRow)]
struct Row {
    id: CustomerId,
    name: String,
    phone: String,
    attributes: String,
    suppressed: bool,
    consented: bool,
    /// The place of the group in the list of groups, from 1; the number in the earlier campaign.
    place: i64,
    group: Option<GroupId>,
}

/// At most `limit` recipients behind the position.
///
/// # Errors
/// When the database does not answer.
pub async fn page(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    selection: &Selection<'_>,
    after: Position,
    limit: u32,
) -> Result<Page, sqlx::Error> {
    let mut query = match *selection {
        Selection::Groups(groups) => {
            let unassigned = groups::find_unassigned(&mut *connection, clinic).await?;
            read::of_groups(clinic, groups, unassigned, after.customer, limit)
        }
        Selection::Part { source, part } => read::of_part(clinic, source, part, after.number, limit),
    };
    let mut rows = query.build_query_as::<Row>().fetch(connection);
    let (mut recipients, mut bytes, mut position, mut is_cut) = (Vec::new(), 0, after, false);
    while let Some(row) = rows.try_next().await? {
        bytes += row.attributes.len();
        if bytes > BYTES && !recipients.is_empty() {
            is_cut = true;
            break;
        }
        match selection {
            Selection::Groups(_) => position.customer = Some(row.id),
            Selection::Part { .. } => position.number = u32::try_from(row.place).unwrap_or(u32::MAX),
        }
        recipients.push(row.into_recipient(selection)?);
    }
    let goes_on = is_cut || u32::try_from(recipients.len()).is_ok_and(|count| count >= limit);
    Ok(Page { recipients, next: goes_on.then_some(position) })
}

impl Row {
    fn into_recipient(self, selection: &Selection<'_>) -> Result<Recipient, sqlx::Error> {
        let named = |groups: &[GroupId]| groups.get(usize::try_from(self.place).ok()?.checked_sub(1)?).copied();
        Ok(Recipient {
            id: Some(self.id),
            group: match selection {
                Selection::Groups(groups) => named(groups),
                Selection::Part { .. } => self.group,
            },
            name: self.name,
            phone: stored(&self.phone)?,
            attributes: serde_json::from_str(&self.attributes).map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            suppressed: self.suppressed,
            consented: self.consented,
        })
    }
}

/// A customer of the clinic as a campaign would find them.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    customer: CustomerId,
) -> Result<Option<Recipient>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT c.name, c.phone, c.attributes AS "attributes: Json<Attributes>",
             EXISTS (SELECT 1 FROM suppressions s WHERE s.clinic_id = c.clinic_id AND s.phone = c.phone) AS "suppressed!: bool",
             c.advertising_consent_at IS NOT NULL AS "consented!: bool"
           FROM customers c WHERE c.clinic_id = ? AND c.id = ?"#,
        clinic,
        customer
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(Recipient {
            id: Some(customer),
            group: None,
            name: row.name,
            phone: stored(&row.phone)?,
            attributes: row.attributes.0,
            suppressed: row.suppressed,
            consented: row.consented,
        })
    })
    .transpose()
}

/// Which of these phones must not be written to, in the same order.
///
/// # Errors
/// When the database does not answer.
pub async fn are_suppressed(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    phones: &[PhoneNumber],
) -> Result<Vec<bool>, sqlx::Error> {
    let mut suppressed = Vec::with_capacity(phones.len());
    for phone in phones {
        let found = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM suppressions WHERE clinic_id = ? AND phone = ?) AS "found!: bool""#,
            clinic,
            phone.e164()
        );
        suppressed.push(found.fetch_one(&mut *connection).await?);
    }
    Ok(suppressed)
}

/// Which of these phones are those of customers who have not agreed to advertising, in the same order.
///
/// # Errors
/// When the database does not answer.
pub async fn have_not_agreed(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    phones: &[PhoneNumber],
) -> Result<Vec<bool>, sqlx::Error> {
    let mut have_not = Vec::with_capacity(phones.len());
    for phone in phones {
        let found = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM customers WHERE clinic_id = ? AND phone = ? AND advertising_consent_at IS NULL)
                 AS "found!: bool""#,
            clinic,
            phone.e164()
        );
        have_not.push(found.fetch_one(&mut *connection).await?);
    }
    Ok(have_not)
}

fn stored(phone: &str) -> Result<PhoneNumber, sqlx::Error> {
    PhoneNumber::from_e164(phone).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
