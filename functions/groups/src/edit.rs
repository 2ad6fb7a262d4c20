//! Making, renaming and deleting groups.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use shared::db::audit::{self, Subject};
use shared::db::groups::{self, Awaited, Label};
use shared::http::{Body, Caller, Ids, Kind, Problem, Staff};
use shared::model::{ClinicId, CustomerId, GroupId, GroupName};
use sqlx::MySqlConnection;
use utoipa::ToSchema;

use crate::Deps;
use crate::members::{at_once, require_known};
use crate::view::GroupView;

/// A group to make, with those who are in it from the beginning.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "VIP", "customerIds": ["cus_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e"]}))]
pub struct NewGroup {
    /// A name that exists becomes `name(1)`, then `name(2)`.
    name: GroupName,
    /// Customers of the clinic, at most 10,000.
    #[serde(default)]
    #[schema(max_items = 10_000)]
    customer_ids: BTreeSet<CustomerId>,
}

/// Another name for a group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "재방문"}))]
pub struct Renaming {
    /// A name that another group has becomes `name(1)`, then `name(2)`.
    name: GroupName,
}

/// Makes a group
///
/// The answer says which name it got.
#[utoipa::path(post, path = "/v1/groups", operation_id = "addGroup", responses((status = 201, body = GroupView)))]
pub async fn make(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Body(new): Body<NewGroup>,
) -> Result<(StatusCode, Json<GroupView>), Problem> {
    let customers = at_once(new.customer_ids)?;
    let (ambient, caller, name, customers) = (&deps.ambient, &caller, new.name.as_str(), customers.as_slice());
    let made = deps.database.transaction::<_, Problem>("make_group", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            let clinic = staff.clinic;
            require_known(groups::lock_customers(tx, clinic, customers).await?, customers)?;
            let (id, name) = groups::insert(tx, ambient, clinic, name).await?;
            let count = groups::insert_customers(tx, clinic, id, customers).await?;
            if !customers.is_empty() {
                audit::record(tx, ambient, &staff, "group.add", Subject::Group(id), customers.len()).await?;
            }
            Ok(GroupView { id, name, unassigned: false, customers: count })
        })
    });
    let group = made.await?;
    tracing::info!(event = "group.made", group.id = %group.id, customers = group.customers, "group made");
    Ok((StatusCode::CREATED, Json(group)))
}

/// Renames a group
///
/// The answer says which name it got. The unassigned group keeps its name.
#[utoipa::path(patch, path = "/v1/groups/{groupId}", operation_id = "renameGroup",
    responses((status = 200, body = GroupView)))]
pub async fn rename(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Ids(id): Ids<GroupId>,
    Body(renaming): Body<Renaming>,
) -> Result<Json<GroupView>, Problem> {
    let (caller, name) = (&caller, renaming.name.as_str());
    let renamed = deps.database.transaction::<_, Problem>("rename_group", |tx| {
        Box::pin(async move {
            let clinic = Staff::identify(tx, caller).await?.clinic;
            // Who holds the unassigned group gives names; both are locked in the one order.
            let namer = groups::find_unassigned(tx, clinic).await?.ok_or_else(Problem::not_found)?;
            let group = groups::lock(tx, clinic, &[id, namer]).await?.into_iter().find(|group| group.id == id);
            let group = group.ok_or_else(Problem::not_found)?;
            if group.unassigned {
                return Err(Problem::of(Kind::UnassignedGroup).detail(
                    "미지정 그룹의 이름은 바꿀 수 없습니다. 원하는 이름의 그룹을 새로 만드세요.",
                    "The unassigned group keeps its name. Make a group of the name you want.",
                ));
            }
            let name = groups::rename(tx, clinic, id, name).await?;
            Ok(GroupView::count(tx, clinic, Label { name, ..group }).await?)
        })
    });
    let group = renamed.await?;
    tracing::info!(event = "group.renamed", group.id = %group.id, "group renamed");
    Ok(Json(group))
}

/// Deletes a group
///
/// Its customers stay. Those who were in no other group are in the unassigned one from now on. A group that a campaign or an
/// import still needs is not deleted.
#[utoipa::path(delete, path = "/v1/groups/{groupId}", operation_id = "deleteGroup", responses((status = 204)))]
pub async fn delete(State(deps): State<Arc<Deps>>, caller: Caller, Ids(id): Ids<GroupId>) -> Result<StatusCode, Problem> {
    let (ambient, caller) = (&deps.ambient, &caller);
    let deleted = deps.database.transaction::<_, Problem>("delete_group", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            let people = remove(tx, staff.clinic, id).await?;
            audit::record(tx, ambient, &staff, "group.delete", Subject::Group(id), people).await?;
            Ok(())
        })
    });
    deleted.await?;
    tracing::info!(event = "group.deleted", group.id = %id, "group deleted");
    Ok(StatusCode::NO_CONTENT)
}

/// How many customers were in it.
async fn remove(tx: &mut MySqlConnection, clinic: ClinicId, id: GroupId) -> Result<usize, Problem> {
    let group = groups::lock(tx, clinic, &[id]).await?.pop().ok_or_else(Problem::not_found)?;
    if group.unassigned {
        return Err(Problem::of(Kind::UnassignedGroup).detail(
            "미지정 그룹은 삭제할 수 없습니다. 고객을 다른 그룹에 추가하면 미지정 그룹에서 빠집니다.",
            "The unassigned group cannot be deleted. Customers leave it when they are added to another group.",
        ));
    }
    let awaited = groups::find_awaited(tx, clinic, id).await?;
    let in_use = |ko: &str, en: &str| {
        let Awaited { campaigns, imports } = awaited;
        Err(Problem::of(Kind::GroupInUse).detail(ko, en).with("campaigns", campaigns).with("imports", imports))
    };
    if awaited.campaigns > 0 {
        return in_use(
            "이 그룹으로 보낼 발송을 준비하고 있습니다. 발송이 시작된 뒤에 삭제해 주세요.",
            "A campaign to this group is being prepared. Delete the group once it is on its way.",
        );
    }
    if awaited.imports > 0 {
        return in_use(
            "이 그룹으로 대량 등록을 하고 있습니다. 등록이 끝난 뒤에 삭제해 주세요.",
            "An import is on its way into this group. Delete the group once it is committed.",
        );
    }
    let people = groups::count_customers(tx, clinic, &group).await?;
    groups::delete(tx, clinic, id).await?;
    Ok(usize::try_from(people).unwrap_or(usize::MAX))
}
