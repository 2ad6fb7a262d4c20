//! What is shown of customers.

use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::db::customers::{self, Attributes, Customer, Member, Silenced};
use shared::db::groups::{self, Label};
use shared::http::Problem;
use shared::model::state::MembershipState;
use shared::model::{ClinicId, CustomerId, GroupId, PhoneNumber, SuppressionId, UserId};
use sqlx::MySqlConnection;
use utoipa::ToSchema;

/// A customer in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Customer)]
pub struct CustomerView {
    /// The customer.
    pub id: CustomerId,
    /// What the clinic calls them.
    pub name: String,
    /// Unique within the clinic.
    pub phone: PhoneNumber,
    /// The clinic's own columns, by their name.
    #[schema(value_type = BTreeMap<String, String>)]
    pub attributes: Attributes,
    /// When they were added.
    pub created_at: DateTime<Utc>,
    /// When their name, phone, attributes or consent were last changed.
    pub updated_at: DateTime<Utc>,
    /// When the clinic noted that they agreed to advertising; null when they did not.
    pub advertising_consent_at: Option<DateTime<Utc>>,
}

/// A customer in a list, with the names of their groups.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedCustomer {
    #[serde(flatten)]
    pub customer: CustomerView,
    /// The groups they are in, by name; empty when that is the unassigned one.
    #[schema(example = json!(["VIP", "재방문"]))]
    pub group_names: Vec<String>,
}

/// A customer with the groups they are in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomerDetail {
    #[serde(flatten)]
    pub customer: CustomerView,
    /// By name; the unassigned group when they are in no other.
    pub groups: Vec<GroupView>,
    /// The member who is the same person; null when there is none.
    member: Option<MemberView>,
    /// Why nothing is sent to the phone; null when it may be written to.
    suppression: Option<SuppressionView>,
}

/// The member who is a customer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MemberOfCustomer)]
struct MemberView {
    /// The person.
    user_id: UserId,
    /// Their standing.
    state: MembershipState,
}

/// Why nothing is sent to a customer's phone.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SuppressionOfCustomer)]
struct SuppressionView {
    /// The line of the ledger.
    id: SuppressionId,
    /// Why, as a stable word: `asked`, `blocked` or `forgotten`; there may be more some day.
    #[schema(example = "asked")]
    reason_code: String,
    /// Since when.
    since: DateTime<Utc>,
}

/// A group by its name.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GroupOfCustomer)]
pub struct GroupView {
    /// The group.
    pub id: GroupId,
    /// Unique within the clinic.
    pub name: String,
    /// Whether it is the clinic's unassigned group.
    pub unassigned: bool,
}

impl From<Customer> for CustomerView {
    fn from(customer: Customer) -> Self {
        Self {
            id: customer.id,
            name: customer.name,
            phone: customer.phone,
            attributes: customer.attributes,
            created_at: customer.created_at,
            updated_at: customer.updated_at,
            advertising_consent_at: customer.advertising_consent_at,
        }
    }
}

impl From<Label> for GroupView {
    fn from(group: Label) -> Self {
        Self { id: group.id, name: group.name, unassigned: group.unassigned }
    }
}

/// A customer with their groups and how they stand.
pub async fn detail(connection: &mut MySqlConnection, clinic: ClinicId, customer: Customer) -> Result<CustomerDetail, Problem> {
    let groups = groups::list_of_customer(connection, clinic, customer.id).await?;
    let member = customers::find_member(connection, clinic, customer.id).await?;
    let silenced = customers::find_silenced(connection, clinic, &customer.phone).await?;
    Ok(CustomerDetail {
        groups: groups.into_iter().map(GroupView::from).collect(),
        member: member.map(|Member { user, state }| MemberView { user_id: user, state }),
        suppression: silenced.map(|Silenced { id, reason, since }| SuppressionView { id, reason_code: reason, since }),
        customer: customer.into(),
    })
}
