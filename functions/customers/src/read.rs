//! Looking at customers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::aws::downloads::Downloads;
use shared::db::audit::{self, Subject};
use shared::db::customer_columns;
use shared::db::customers::{self, Customer, Position, Selection, Sort, Wanted};
use shared::http::{Caller, Cursor, Ids, Page, Params, Problem, Staff, filter};
use shared::model::{CustomerId, GroupId};
use utoipa::{IntoParams, ToSchema};

use crate::Deps;
use crate::view::{CustomerDetail, ListedCustomer, detail};

/// Up to how many customers are named in the log one by one.
const FEW: usize = 20;

/// Which customers to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Asked {
    /// Only those in this group.
    group_id: Option<GroupId>,
    /// A part of a name or of a phone, at most 50 characters; or both, such as `김단골 5678`.
    q: Option<String>,
    /// The order, `oldest` unless asked otherwise.
    #[param(inline)]
    sort: Option<Order>,
    /// Where the page before ended.
    cursor: Option<Cursor>,
    /// How many, 50 unless asked otherwise, 200 at most.
    limit: Option<u32>,
    /// `true` to be told how many there are on all pages together.
    count: Option<bool>,
}

/// A page of customers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerPage)]
pub struct Listed {
    #[serde(flatten)]
    page: Page<ListedCustomer>,
    /// How many there are on all pages together, the earlier ones too; only when it is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

/// The order of a list of customers.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = CustomerOrder)]
enum Order {
    /// In the order in which they were added.
    Oldest,
    /// Those added last come first.
    Recent,
    /// By name.
    Name,
}

impl From<Order> for Sort {
    fn from(order: Order) -> Self {
        match order {
            Order::Oldest => Self::Oldest,
            Order::Recent => Self::Recent,
            Order::Name => Self::Name,
        }
    }
}

/// Lists customers
///
/// A search by three or more characters of the beginning of a name, or by a whole phone, may answer a page that is not full:
/// it holds whom an index finds at once, and `nextCursor` goes on with those who have the text anywhere else. With `count` every page
/// but the last is full.
#[utoipa::path(get, path = "/v1/customers", operation_id = "listCustomers", responses((status = 200, body = Listed)))]
pub async fn list<D: Downloads>(
    State(deps): State<Arc<Deps<D>>>,
    caller: Caller,
    Params(asked): Params<Asked>,
) -> Result<Json<Listed>, Problem> {
    let limit = Page::<ListedCustomer>::limit(asked.limit);
    let search = filter::search(asked.q.as_deref())?;
    let sort = asked.sort.map(Sort::from).unwrap_or_default();
    let from = position(asked.cursor, sort)?;
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let within = filter::within(&mut connection, staff.clinic, asked.group_id).await?;
    let wanted = Wanted { within, search, sort };
    let mut found = customers::list(&mut connection, staff.clinic, &wanted, &from, limit + 1).await?;
    let total = if asked.count.unwrap_or_default() {
        let all = Selection { within, search: wanted.search.clone(), added_until: None };
        let total = customers::count_selected(&mut connection, staff.clinic, &all, &Position::default()).await?;
        // The number is of everybody who is found, and so is the list: counting has looked through the rest already.
        let listed = found.customers.len() as u64;
        if let Some(more) = found.more.take().filter(|_| listed < total) {
            let left = limit + 1 - u32::try_from(listed).unwrap_or(limit);
            found.append(customers::list(&mut connection, staff.clinic, &wanted, &more, left).await?);
        }
        Some(total)
    } else {
        None
    };
    let mut positions = found.positions;
    let ids: Vec<_> = found.customers.iter().map(|customer| customer.id).collect();
    let mut groups = customers::list_group_names(&mut connection, staff.clinic, &ids).await?;
    let view = |customer: Customer| {
        let group_names = groups.remove(&customer.id).unwrap_or_default();
        ListedCustomer { customer: customer.into(), group_names }
    };
    let views: Vec<_> = found.customers.into_iter().map(view).collect();
    let mut page = Page::cut(views, limit, |_| String::new());
    page.next_cursor = match page.next_cursor {
        Some(_) => Some(Cursor(positions.swap_remove(page.items.len() - 1).to_string())),
        None => found.more.map(|more| Cursor(more.to_string())),
    };
    let count = page.items.len();
    let subject = match asked.group_id {
        Some(group) => Subject::Group(group),
        None => Subject::of_customers(&page.items.iter().map(|listed| listed.customer.id).collect::<Vec<_>>()),
    };
    audit::record(&mut connection, &deps.ambient, &staff, "customer.list", subject, count).await?;
    let few =
        page.items.iter().filter(|_| count <= FEW).map(|listed| listed.customer.id.to_string()).collect::<Vec<_>>().join(" ");
    tracing::info!(event = "customers.read", staff.id = %staff.id, count, customer.ids = few, "customers listed");
    Ok(Json(Listed { page, total }))
}

fn position(cursor: Option<Cursor>, sort: Sort) -> Result<Position, Problem> {
    let Some(cursor) = cursor else { return Ok(Position::default()) };
    let position = cursor.0.parse::<Position>().ok().filter(|position| position.fits(sort));
    position.ok_or_else(|| Problem::invalid("cursor", "이 목록의 cursor가 아닙니다.", "not a cursor of this list"))
}

/// Shows a customer
#[utoipa::path(
    get,
    path = "/v1/customers/{customerId}",
    operation_id = "showCustomer",
    responses((status = 200, body = CustomerDetail))
)]
pub async fn show<D: Downloads>(
    State(deps): State<Arc<Deps<D>>>,
    caller: Caller,
    Ids(id): Ids<CustomerId>,
) -> Result<Json<CustomerDetail>, Problem> {
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let customer = customers::find(&mut connection, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
    let view = detail(&mut connection, staff.clinic, customer).await?;
    audit::record(&mut connection, &deps.ambient, &staff, "customer.show", Subject::Customer(id), 1).await?;
    tracing::info!(event = "customer.read", staff.id = %staff.id, customer.id = %id, "customer shown");
    Ok(Json(view))
}

/// The clinic's own columns.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerColumns)]
pub struct Columns {
    /// In the order in which they were first seen.
    items: Vec<Column>,
}

/// A column of the clinic's own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerColumn)]
struct Column {
    /// The name, which is the key among the attributes of a customer and a variable of a template.
    name: String,
}

/// Lists the clinic's own columns
///
/// Every name under which a customer had a value at some time, one by one or by an import.
#[utoipa::path(
    get,
    path = "/v1/customers/columns",
    operation_id = "listCustomerColumns",
    responses((status = 200, body = Columns))
)]
pub async fn columns<D: Downloads>(State(deps): State<Arc<Deps<D>>>, caller: Caller) -> Result<Json<Columns>, Problem> {
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let names = customer_columns::list(&mut connection, staff.clinic).await?;
    Ok(Json(Columns { items: names.into_iter().map(|name| Column { name }).collect() }))
}
