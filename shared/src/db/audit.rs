//! Who of the staff did what with whose data: ids only, one line per request, in the transaction of what was done where there is one.

mod list;

pub use list::{Entry, Filter, list};

use sqlx::MySqlConnection;
use uuid::Uuid;

use crate::clock::Ambient;
use crate::model::id::{AuditId, InvitationId};
use crate::model::person::Staff;
use crate::model::{CampaignId, CustomerId, GroupId, ImportId, StaffId, UserId};

/// Whose data, or which list of people's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Several people, and no list that has an id.
    Many,
    /// A customer.
    Customer(CustomerId),
    /// A member.
    User(UserId),
    /// A colleague.
    Staff(StaffId),
    /// Somebody who is invited to work for the clinic.
    Invitation(InvitationId),
    /// The customers of a group.
    Group(GroupId),
    /// The people of an uploaded list.
    Import(ImportId),
    /// The recipients of a campaign.
    Campaign(CampaignId),
}

impl Subject {
    /// The one customer whom a page shows, or that it shows several.
    #[must_use]
    pub fn of_customers(shown: &[CustomerId]) -> Self {
        if let [only] = shown { Self::Customer(*only) } else { Self::Many }
    }

    const fn stored(self) -> (&'static str, Option<Uuid>) {
        match self {
            Self::Many => ("many", None),
            Self::Customer(id) => ("customer", Some(id.uuid())),
            Self::User(id) => ("user", Some(id.uuid())),
            Self::Staff(id) => ("staff", Some(id.uuid())),
            Self::Invitation(id) => ("invitation", Some(id.uuid())),
            Self::Group(id) => ("group", Some(id.uuid())),
            Self::Import(id) => ("import", Some(id.uuid())),
            Self::Campaign(id) => ("campaign", Some(id.uuid())),
        }
    }
}

/// Remembers what a staff member did with the data of `people` people. `action` is a stable name such as `customer.show`.
///
/// # Errors
/// When the database refuses.
pub async fn record(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    staff: &Staff,
    action: &'static str,
    subject: Subject,
    people: usize,
) -> Result<(), sqlx::Error> {
    let (kind, id) = subject.stored();
    sqlx::query!(
        "INSERT INTO audit_entries (clinic_id, id, staff_id, action, subject_kind, subject_id, people, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        staff.clinic,
        AuditId::new(ambient),
        staff.id,
        action,
        kind,
        id,
        u32::try_from(people).unwrap_or(u32::MAX),
        ambient.now()
    )
    .execute(connection)
    .await
    .map(drop)
}
