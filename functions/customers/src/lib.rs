//! Triggered by `GET /v1/customers`, `POST /v1/customers` and `GET /v1/customers/{customerId}`.
//! Responsible for looking at and adding single customers; lists of many come by bulk-import.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::clock::Ambient;
use shared::db::customers::{self, Attributes, Customer, Search, Within};
use shared::db::groups::{self, Label};
use shared::db::{Database, violates};
use shared::http::{Body, Caller, Cursor, Ids, Kind, Page, Params, Problem, Staff};
use shared::model::customer::{MAX_ATTRIBUTES, visible};
use shared::model::{ClinicId, CustomerId, CustomerName, GroupId, PhoneNumber};
use sqlx::MySqlConnection;

const MAX_ATTRIBUTE_NAME: usize = 100;
const MAX_ATTRIBUTE_VALUE: usize = 1000;
const MAX_GROUPS: usize = 50;
const MAX_SEARCH: usize = 50;

/// What the use case needs.
pub struct Deps {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
}

/// The routes of this function.
pub fn routes(deps: Deps) -> Router {
    Router::new()
        .route("/v1/customers", get(list).post(add))
        .route("/v1/customers/{customerId}", get(show))
        .with_state(Arc::new(deps))
}

/// Which customers to list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Asked {
    group_id: Option<GroupId>,
    q: Option<String>,
    cursor: Option<Cursor>,
    limit: Option<u32>,
}

/// A person to add.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewCustomer {
    name: CustomerName,
    phone: PhoneNumber,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default)]
    group_ids: BTreeSet<GroupId>,
}

/// A customer in a list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CustomerView {
    id: CustomerId,
    name: String,
    phone: PhoneNumber,
    attributes: Attributes,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// A customer with the groups they are in.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CustomerDetail {
    #[serde(flatten)]
    customer: CustomerView,
    groups: Vec<GroupView>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct GroupView {
    id: GroupId,
    name: String,
    unassigned: bool,
}

async fn list(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Params(asked): Params<Asked>,
) -> Result<Json<Page<CustomerView>>, Problem> {
    let limit = Page::<CustomerView>::limit(asked.limit);
    let text = asked.q.as_deref().unwrap_or_default();
    if text.chars().count() > MAX_SEARCH {
        let (ko, en) = (format!("검색어는 최대 {MAX_SEARCH}자입니다."), format!("at most {MAX_SEARCH} characters"));
        return Err(Problem::invalid("q", ko, en));
    }
    let after = asked
        .cursor
        .map(|cursor| cursor.0.parse::<CustomerId>())
        .transpose()
        .map_err(|_| Problem::invalid("cursor", "이 목록의 cursor가 아닙니다.", "not a cursor of this list"))?;
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let within = match asked.group_id {
        None => Within::Everywhere,
        Some(id) => match groups::find(&mut connection, staff.clinic, id).await? {
            None => return Err(Problem::not_found()),
            Some(group) if group.unassigned => Within::Unassigned,
            Some(_) => Within::Group(id),
        },
    };
    let found = customers::list(&mut connection, staff.clinic, within, &Search::of(text), after, limit + 1).await?;
    let page = Page::cut(found.into_iter().map(CustomerView::from).collect(), limit, |customer| customer.id.to_string());
    tracing::info!(event = "customers.read", staff.id = %staff.id, count = page.items.len(), "customers listed");
    Ok(Json(page))
}

async fn add(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Body(new): Body<NewCustomer>,
) -> Result<(StatusCode, Json<CustomerDetail>), Problem> {
    let now = deps.ambient.now();
    let attributes = attributes(new.attributes)?;
    if new.group_ids.len() > MAX_GROUPS {
        let (ko, en) = (format!("최대 {MAX_GROUPS}개입니다."), format!("at most {MAX_GROUPS}"));
        return Err(Problem::invalid("groupIds", ko, en));
    }
    let customer = Customer {
        id: CustomerId::new(&deps.ambient),
        name: new.name.into(),
        phone: new.phone,
        attributes,
        created_at: now,
        updated_at: now,
    };
    let (caller, customer, wanted) = (&caller, &customer, &new.group_ids);
    let added = deps.database.transaction::<_, Problem>("add_customer", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            let members = members(tx, staff.clinic, customer.id, wanted).await?;
            customers::insert_all(tx, staff.clinic, None, std::slice::from_ref(customer)).await.map_err(|error| {
                if violates(&error, "customers_phone") { Problem::of(Kind::PhoneTaken) } else { error.into() }
            })?;
            groups::insert_members(tx, staff.clinic, &members).await?;
            let view = detail(tx, staff.clinic, customer.clone()).await?;
            Ok((staff, view))
        })
    });
    let (staff, view) = added.await?;
    tracing::info!(event = "customer.added", staff.id = %staff.id, customer.id = %customer.id, "customer added");
    Ok((StatusCode::CREATED, Json(view)))
}

async fn show(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Ids(id): Ids<CustomerId>,
) -> Result<Json<CustomerDetail>, Problem> {
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let customer = customers::find(&mut connection, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
    tracing::info!(event = "customer.read", staff.id = %staff.id, customer.id = %id, "customer shown");
    detail(&mut connection, staff.clinic, customer).await.map(Json)
}

/// The memberships of a new customer. The unassigned group has none: to be in it is to be in no other.
async fn members(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    customer: CustomerId,
    wanted: &BTreeSet<GroupId>,
) -> Result<Vec<(GroupId, CustomerId)>, Problem> {
    let mut members = Vec::with_capacity(wanted.len());
    for &id in wanted {
        let group = groups::find(connection, clinic, id).await?.ok_or_else(|| {
            Problem::invalid("groupIds", format!("{id} 그룹을 찾을 수 없습니다."), format!("there is no group {id}"))
        })?;
        if !group.unassigned {
            members.push((id, customer));
        }
    }
    Ok(members)
}

async fn detail(connection: &mut MySqlConnection, clinic: ClinicId, customer: Customer) -> Result<CustomerDetail, Problem> {
    let groups = groups::list_of_customer(connection, clinic, customer.id).await?;
    Ok(CustomerDetail { groups: groups.into_iter().map(GroupView::from).collect(), customer: customer.into() })
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
        }
    }
}

impl From<Label> for GroupView {
    fn from(group: Label) -> Self {
        Self { id: group.id, name: group.name, unassigned: group.unassigned }
    }
}

/// A value as it may stand in a message: lines are kept, other control characters are not.
fn printable(value: &str) -> String {
    value.lines().map(|line| line.replace(char::is_control, " ")).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// The clinic's own columns, without those that say nothing.
fn attributes(given: BTreeMap<String, String>) -> Result<Attributes, Problem> {
    if given.len() > MAX_ATTRIBUTES {
        let (ko, en) = (format!("최대 {MAX_ATTRIBUTES}개입니다."), format!("at most {MAX_ATTRIBUTES}"));
        return Err(Problem::invalid("attributes", ko, en));
    }
    let mut kept = Attributes::new();
    for (name, value) in given {
        let (name, value) = (visible(&name), printable(&value));
        let fits = (1..=MAX_ATTRIBUTE_NAME).contains(&name.chars().count()) && value.chars().count() <= MAX_ATTRIBUTE_VALUE;
        if !fits {
            let ko = format!("항목 이름은 1~{MAX_ATTRIBUTE_NAME}자, 값은 최대 {MAX_ATTRIBUTE_VALUE}자입니다.");
            let en = format!("names have 1 to {MAX_ATTRIBUTE_NAME} characters, values at most {MAX_ATTRIBUTE_VALUE}");
            return Err(Problem::invalid("attributes", ko, en));
        }
        if !value.is_empty() {
            kept.insert(name, value);
        }
    }
    Ok(kept)
}
