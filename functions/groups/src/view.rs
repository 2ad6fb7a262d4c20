//! Groups as staff sees them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::db::groups::{self, Group, Label};
use shared::http::{Caller, Cursor, Ids, Page, Params, Problem, Staff, filter};
use shared::model::{ClinicId, GroupId};
use sqlx::MySqlConnection;
use utoipa::{IntoParams, ToSchema};

use crate::Deps;

/// Which groups to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Asked {
    /// A part of the name, at most 50 characters.
    q: Option<String>,
    /// `nextCursor` of the page before.
    #[param(inline)]
    cursor: Option<Cursor>,
    /// How many groups to show, from 1 to 200; 50 unless said.
    limit: Option<u32>,
}

/// A group with its customers counted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Group)]
pub struct GroupView {
    /// The group.
    pub id: GroupId,
    /// Unique within the clinic.
    pub name: String,
    /// Whether it is the group of those who are in no other.
    pub unassigned: bool,
    /// Customers in it at this moment.
    pub customers: u64,
}

impl GroupView {
    /// The group with its customers counted now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count(connection: &mut MySqlConnection, clinic: ClinicId, group: Label) -> Result<Self, sqlx::Error> {
        let customers = groups::count_customers(connection, clinic, &group).await?;
        Ok(Self::of(group, customers))
    }

    /// The group with so many customers.
    #[must_use]
    pub fn of(group: Label, customers: u64) -> Self {
        let Label { id, name, unassigned } = group;
        Self { id, name, unassigned, customers }
    }
}

impl From<Group> for GroupView {
    fn from(group: Group) -> Self {
        Self { id: group.id, name: group.name, unassigned: group.unassigned, customers: group.customers }
    }
}

/// Lists groups in the order in which they were made
///
/// The unassigned group is the first. The numbers of a page are those of one moment.
#[utoipa::path(get, path = "/v1/groups", operation_id = "listGroups", responses((status = 200, body = Page<GroupView>)))]
pub async fn list(
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
    let part = filter::short(asked.q.as_deref())?;
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let found = groups::list(&mut connection, staff.clinic, part, after, limit + 1).await?;
    Ok(Json(Page::cut(found.into_iter().map(GroupView::from).collect(), limit, |group| group.id.to_string())))
}

/// Shows a group
#[utoipa::path(get, path = "/v1/groups/{groupId}", operation_id = "showGroup", responses((status = 200, body = GroupView)))]
pub async fn show(State(deps): State<Arc<Deps>>, caller: Caller, Ids(id): Ids<GroupId>) -> Result<Json<GroupView>, Problem> {
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let group = groups::find(&mut connection, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(GroupView::count(&mut connection, staff.clinic, group).await?))
}
