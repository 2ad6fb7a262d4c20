//! Adding and changing one customer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use shared::aws::downloads::Downloads;
use shared::clock::Ambient;
use shared::db::audit::{self, Subject};
use shared::db::customers::{self, Attributes, Customer};
use shared::db::{customer_columns, groups, violates};
use shared::http::{Body, Caller, Ids, Kind, Problem, Staff};
use shared::model::{ClinicId, CustomerId, CustomerName, GroupId, PhoneNumber};
use sqlx::MySqlConnection;
use utoipa::ToSchema;

use crate::view::{CustomerDetail, detail};
use crate::{Deps, input};

const MAX_GROUPS: usize = 50;
/// Columns that a clinic may have before customers are changed one by one into more.
const MAX_COLUMNS: u64 = 200;

/// A person to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "name": "김단골", "phone": "010-1234-5678", "attributes": {"생일": "3월 2일"},
    "groupIds": ["grp_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e"],
}))]
pub struct NewCustomer {
    /// What the clinic calls them.
    name: CustomerName,
    /// Unique within the clinic.
    phone: PhoneNumber,
    /// Values of the clinic's own columns, at most 50.
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    /// Groups to be in; without any they are in the unassigned one.
    #[serde(default)]
    group_ids: BTreeSet<GroupId>,
    /// Whether they agreed to advertising. Consent to information is not consent to advertising.
    #[serde(default)]
    advertising_consent: bool,
}

/// What to change; what is absent stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CustomerChange, example = json!({
    "phone": "010-1234-5678", "attributes": {"생일": "3월 2일", "메모": null}, "groupIds": [],
}))]
pub struct Change {
    /// What the clinic calls them.
    #[serde(default, deserialize_with = "input::given")]
    #[schema(nullable = false)]
    name: Option<CustomerName>,
    /// Unique within the clinic.
    #[serde(default, deserialize_with = "input::given")]
    #[schema(nullable = false)]
    phone: Option<PhoneNumber>,
    /// Values to set; `null` takes one away, those that are not named stay.
    #[serde(default, deserialize_with = "input::given")]
    #[schema(nullable = false)]
    attributes: Option<BTreeMap<String, Option<String>>>,
    /// The groups to be in, instead of those of now; an empty list means the unassigned one.
    #[serde(default, deserialize_with = "input::given")]
    #[schema(nullable = false)]
    group_ids: Option<BTreeSet<GroupId>>,
    /// Whether they agree to advertising. Who agrees again has agreed since the first time.
    #[serde(default, deserialize_with = "input::given")]
    #[schema(nullable = false)]
    advertising_consent: Option<bool>,
}

/// Adds a customer
#[utoipa::path(post, path = "/v1/customers", operation_id = "addCustomer", responses((status = 201, body = CustomerDetail)))]
pub async fn add<D: Downloads>(
    State(deps): State<Arc<Deps<D>>>,
    caller: Caller,
    Body(new): Body<NewCustomer>,
) -> Result<(StatusCode, Json<CustomerDetail>), Problem> {
    let now = deps.ambient.now();
    let mut attributes = Attributes::new();
    input::merge(&mut attributes, new.attributes.into_iter().map(|(name, value)| (name, Some(value))).collect())?;
    let customer = Customer {
        id: CustomerId::new(&deps.ambient),
        name: new.name.into(),
        phone: new.phone,
        attributes,
        created_at: now,
        updated_at: now,
        advertising_consent_at: new.advertising_consent.then_some(now),
    };
    let (ambient, caller, customer, wanted) = (&deps.ambient, &caller, &customer, &new.group_ids);
    let added = deps.database.transaction::<_, Problem>("add_customer", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            let inserted = customers::insert_all(tx, staff.clinic, None, std::slice::from_ref(customer)).await;
            inserted.map_err(phone_taken)?;
            note_columns(tx, ambient, staff.clinic, customer).await?;
            join(tx, staff.clinic, customer.id, wanted).await?;
            let view = detail(tx, staff.clinic, customer.clone()).await?;
            audit::record(tx, ambient, &staff, "customer.add", Subject::Customer(customer.id), 1).await?;
            Ok((staff, view))
        })
    });
    let (staff, view) = added.await?;
    tracing::info!(event = "customer.added", staff.id = %staff.id, customer.id = %customer.id, "customer added");
    Ok((StatusCode::CREATED, Json(view)))
}

/// Changes a customer
///
/// Attributes are merged (RFC 7396), groups are replaced.
#[utoipa::path(
    patch,
    path = "/v1/customers/{customerId}",
    operation_id = "changeCustomer",
    responses((status = 200, body = CustomerDetail))
)]
pub async fn change<D: Downloads>(
    State(deps): State<Arc<Deps<D>>>,
    caller: Caller,
    Ids(id): Ids<CustomerId>,
    Body(change): Body<Change>,
) -> Result<Json<CustomerDetail>, Problem> {
    let (ambient, caller, change) = (&deps.ambient, &caller, &change);
    let changed = deps.database.transaction::<_, Problem>("change_customer", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            let mut customer = customers::lock(tx, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
            let before = customer.clone();
            change.apply(&mut customer, ambient.now())?;
            if customer != before {
                // An undone import tells by it that somebody edited the customer since: it moves on, whatever the clocks say.
                customer.updated_at = ambient.now().max(before.updated_at + TimeDelta::microseconds(1));
                customers::update(tx, staff.clinic, &customer).await.map_err(phone_taken)?;
                note_columns(tx, ambient, staff.clinic, &customer).await?;
            }
            if let Some(wanted) = &change.group_ids {
                let now = groups::list_of_customer(tx, staff.clinic, id).await?;
                let now: BTreeSet<_> = now.into_iter().filter(|group| !group.unassigned).map(|group| group.id).collect();
                if *wanted != now {
                    groups::unassign_customers(tx, staff.clinic, &[id]).await?;
                    join(tx, staff.clinic, id, wanted).await?;
                }
            }
            let view = detail(tx, staff.clinic, customer).await?;
            audit::record(tx, ambient, &staff, "customer.change", Subject::Customer(id), 1).await?;
            Ok((staff, view))
        })
    });
    let (staff, view) = changed.await?;
    let fields = change.fields();
    tracing::info!(event = "customer.changed", staff.id = %staff.id, customer.id = %id, fields, "customer changed");
    Ok(Json(view))
}

impl Change {
    fn apply(&self, customer: &mut Customer, now: DateTime<Utc>) -> Result<(), Problem> {
        if let Some(name) = &self.name {
            name.as_str().clone_into(&mut customer.name);
        }
        if let Some(phone) = &self.phone {
            customer.phone.clone_from(phone);
        }
        if let Some(agreed) = self.advertising_consent {
            customer.advertising_consent_at = agreed.then(|| customer.advertising_consent_at.unwrap_or(now));
        }
        self.attributes.clone().map_or(Ok(()), |changes| input::merge(&mut customer.attributes, changes))
    }

    /// What was to be changed, by the names of the fields.
    fn fields(&self) -> String {
        let fields = [
            ("name", self.name.is_some()),
            ("phone", self.phone.is_some()),
            ("attributes", self.attributes.is_some()),
            ("groupIds", self.group_ids.is_some()),
            ("advertisingConsent", self.advertising_consent.is_some()),
        ];
        fields.iter().filter(|(_, given)| *given).map(|(field, _)| *field).collect::<Vec<_>>().join(" ")
    }
}

fn phone_taken(error: sqlx::Error) -> Problem {
    if violates(&error, "customers_phone") { Problem::of(Kind::PhoneTaken) } else { error.into() }
}

/// Puts a customer who is in no group into these. The unassigned group has no members of its own: to be in it is to be in no other.
async fn join(
    tx: &mut MySqlConnection,
    clinic: ClinicId,
    customer: CustomerId,
    wanted: &BTreeSet<GroupId>,
) -> Result<(), Problem> {
    if wanted.len() > MAX_GROUPS {
        let (ko, en) = (format!("최대 {MAX_GROUPS}개입니다."), format!("at most {MAX_GROUPS}"));
        return Err(Problem::invalid("groupIds", ko, en));
    }
    let mut members = Vec::with_capacity(wanted.len());
    for &id in wanted {
        let unknown =
            || Problem::invalid("groupIds", format!("{id} 그룹을 찾을 수 없습니다."), format!("there is no group {id}"));
        if !groups::hold(tx, clinic, id).await? {
            return Err(unknown());
        }
        if !groups::find(tx, clinic, id).await?.ok_or_else(unknown)?.unassigned {
            members.push((id, customer));
        }
    }
    groups::insert_members(tx, clinic, &members).await?;
    Ok(())
}

/// Notes under which names the customer has values.
async fn note_columns(
    tx: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    customer: &Customer,
) -> Result<(), Problem> {
    let names: Vec<_> = customer.attributes.keys().map(String::as_str).collect();
    let new = customer_columns::insert_new(tx, ambient, clinic, &names).await?;
    if new && customer_columns::count(tx, clinic).await? > MAX_COLUMNS {
        let ko = format!("한 병원의 항목은 최대 {MAX_COLUMNS}개입니다. 이미 있는 항목 이름을 사용해 주세요.");
        let en = format!("a clinic has at most {MAX_COLUMNS} columns; use the name of one that is there");
        return Err(Problem::invalid("attributes", ko, en));
    }
    Ok(())
}
