//! Triggered by `GET /v1/groups` and `POST /v1/groups`.
//! Responsible for the clinic's groups and for how many customers each of them has at this moment.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use shared::clock::Ambient;
use shared::db::Database;
use shared::db::groups::{self, Group};
use shared::http::{Body, Caller, Cursor, Page, Params, Problem, Staff};
use shared::model::{CustomerId, GroupId, GroupName};

const MAX_CUSTOMERS: usize = 10_000;

/// What the use case needs.
pub struct Deps {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
}

/// The routes of this function.
pub fn routes(deps: Deps) -> Router {
    Router::new().route("/v1/groups", get(list).post(make)).with_state(Arc::new(deps))
}

/// Which groups to list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Asked {
    cursor: Option<Cursor>,
    limit: Option<u32>,
}

/// A group to make, with those who are in it from the beginning.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewGroup {
    name: GroupName,
    #[serde(default)]
    customer_ids: BTreeSet<CustomerId>,
}

/// A group as staff sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct GroupView {
    id: GroupId,
    name: String,
    unassigned: bool,
    customers: u64,
}

async fn list(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Params(asked): Params<Asked>,
) -> Result<Json<Page<GroupView>>, Problem> {
    let limit = Page::<GroupView>::limit(asked.limit);
    let after = asked
        .cursor
        .map(|cursor| cursor.0.parse::<GroupId>())
        .transpose()
        .map_err(|_| Problem::invalid("cursor", "이 목록의 cursor가 아닙니다.", "not a cursor of this list"))?;
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let found = groups::list(&mut connection, staff.clinic, after, limit + 1).await?;
    Ok(Json(Page::cut(found.into_iter().map(GroupView::from).collect(), limit, |group| group.id.to_string())))
}

async fn make(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Body(new): Body<NewGroup>,
) -> Result<(StatusCode, Json<GroupView>), Problem> {
    if new.customer_ids.len() > MAX_CUSTOMERS {
        let (ko, en) = (format!("한 번에 최대 {MAX_CUSTOMERS}명입니다."), format!("at most {MAX_CUSTOMERS} at once"));
        return Err(Problem::invalid("customerIds", ko, en));
    }
    let customers: Vec<_> = new.customer_ids.into_iter().collect();
    let (ambient, caller, name, customers) = (&deps.ambient, &caller, new.name.as_str(), customers.as_slice());
    let made = deps.database.transaction::<_, Problem>("make_group", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            let (id, name) = groups::insert(tx, ambient, staff.clinic, name).await?;
            let count = groups::insert_customers(tx, staff.clinic, id, customers).await?;
            if usize::try_from(count) != Ok(customers.len()) {
                return Err(unknown_customers());
            }
            Ok(GroupView { id, name, unassigned: false, customers: count })
        })
    });
    let group = made.await?;
    tracing::info!(event = "group.made", group.id = %group.id, customers = group.customers, "group made");
    Ok((StatusCode::CREATED, Json(group)))
}

impl From<Group> for GroupView {
    fn from(group: Group) -> Self {
        Self { id: group.id, name: group.name, unassigned: group.unassigned, customers: group.customers }
    }
}

fn unknown_customers() -> Problem {
    Problem::invalid(
        "customerIds",
        "고객 목록에 없는 고객이 포함되어 있습니다. 목록을 새로 고친 뒤 다시 선택해 주세요.",
        "not all of them are customers of the clinic; refresh the list and choose again",
    )
}
