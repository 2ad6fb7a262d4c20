//! Who is in which group: many customers at once, all of them or none.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::db::audit::{self, Subject};
use shared::db::groups::{self, Label};
use shared::http::{Body, Caller, Ids, Kind, Problem, Staff};
use shared::model::{ClinicId, CustomerId, GroupId};
use sqlx::MySqlConnection;
use utoipa::ToSchema;

use crate::Deps;
use crate::view::GroupView;

/// The most customers of one call.
const MAX_CUSTOMERS: usize = 10_000;

/// Customers of the clinic.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"customerIds": ["cus_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e"]}))]
pub struct Chosen {
    /// 1 to 10,000 of them.
    #[schema(min_items = 1, max_items = 10_000)]
    customer_ids: BTreeSet<CustomerId>,
}

/// Customers of a group, and where they are to go.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "customerIds": ["cus_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e"], "to": "grp_0199d1c0a5f07b3c8e2d4f6a1b3c5d7f"
}))]
pub struct Directed {
    /// 1 to 10,000 customers that are in the group now.
    #[schema(min_items = 1, max_items = 10_000)]
    customer_ids: BTreeSet<CustomerId>,
    /// The group to join.
    to: GroupId,
}

/// What a change came to, with both groups as they are after it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MembersChanged {
    /// How many joined the target, which were not in it before; without a target, how many left.
    changed: u64,
    /// The group that they were chosen from.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<GroupView>,
    /// The group that they were to join.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<GroupView>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Add { to: GroupId },
    Remove { from: GroupId },
    Copy { from: GroupId, to: GroupId },
    Move { from: GroupId, to: GroupId },
}

impl Wish {
    const fn name(self) -> &'static str {
        match self {
            Self::Add { .. } => "add",
            Self::Remove { .. } => "remove",
            Self::Copy { .. } => "copy",
            Self::Move { .. } => "move",
        }
    }

    /// The name in the audit log.
    const fn action(self) -> &'static str {
        match self {
            Self::Add { .. } => "group.add_members",
            Self::Remove { .. } => "group.remove_members",
            Self::Copy { .. } => "group.copy_members",
            Self::Move { .. } => "group.move_members",
        }
    }

    /// The group that the change is about: the one in the path.
    const fn group(self) -> GroupId {
        match self {
            Self::Add { to } => to,
            Self::Remove { from } | Self::Copy { from, .. } | Self::Move { from, .. } => from,
        }
    }

    const fn source(self) -> Option<GroupId> {
        match self {
            Self::Add { .. } => None,
            Self::Remove { from } | Self::Copy { from, .. } | Self::Move { from, .. } => Some(from),
        }
    }

    const fn target(self) -> Option<GroupId> {
        match self {
            Self::Remove { .. } => None,
            Self::Add { to } | Self::Copy { to, .. } | Self::Move { to, .. } => Some(to),
        }
    }

    /// Nobody has a line in the unassigned group: they are in it by being in no other.
    fn refuse_unassigned(self, source: Option<&Label>, target: Option<&Label>) -> Result<(), Problem> {
        let refused = |ko: &str, en: &str| Err(Problem::of(Kind::UnassignedGroup).detail(ko, en));
        let (from, to) = (source.is_some_and(|group| group.unassigned), target.is_some_and(|group| group.unassigned));
        match self {
            Self::Add { .. } if to => refused(
                "미지정 그룹에는 추가할 수 없습니다. 고객이 있는 그룹에서 미지정 그룹으로 이동하면 모든 그룹에서 빠집니다.",
                "Nobody is added to the unassigned group. Move customers to it from a group: they leave all groups.",
            ),
            Self::Remove { .. } if from => refused(
                "미지정 그룹에서는 뺄 수 없습니다. 다른 그룹에 추가하면 미지정 그룹에서 빠집니다.",
                "Nobody is removed from the unassigned group. Customers leave it when they are added to another group.",
            ),
            Self::Copy { .. } if to => refused(
                "미지정 그룹으로는 복사할 수 없습니다. 이동하면 모든 그룹에서 빠져 미지정 그룹에 들어갑니다.",
                "Nobody is copied to the unassigned group. Move customers to it: they leave all groups.",
            ),
            Self::Add { .. } | Self::Remove { .. } | Self::Copy { .. } | Self::Move { .. } => Ok(()),
        }
    }
}

/// Adds customers to a group
///
/// Who is in it already stays in it. Nobody is added to the unassigned group: move them to it.
#[utoipa::path(post, path = "/v1/groups/{groupId}/add", operation_id = "addMembers",
    responses((status = 200, body = MembersChanged)))]
pub async fn add(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Ids(to): Ids<GroupId>,
    Body(chosen): Body<Chosen>,
) -> Result<Json<MembersChanged>, Problem> {
    change(&deps, &caller, Wish::Add { to }, chosen.customer_ids).await
}

/// Takes customers out of a group
///
/// Who is in no other group is in the unassigned one from now on. All of them must be in the group.
#[utoipa::path(post, path = "/v1/groups/{groupId}/remove", operation_id = "removeMembers",
    responses((status = 200, body = MembersChanged)))]
pub async fn remove(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Ids(from): Ids<GroupId>,
    Body(chosen): Body<Chosen>,
) -> Result<Json<MembersChanged>, Problem> {
    change(&deps, &caller, Wish::Remove { from }, chosen.customer_ids).await
}

/// Copies customers to another group
///
/// They stay in the group and join the other. Copied from the unassigned group they leave it by that. All of them must be in
/// the group.
#[utoipa::path(post, path = "/v1/groups/{groupId}/copy", operation_id = "copyMembers",
    responses((status = 200, body = MembersChanged)))]
pub async fn copy(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Ids(from): Ids<GroupId>,
    Body(directed): Body<Directed>,
) -> Result<Json<MembersChanged>, Problem> {
    change(&deps, &caller, Wish::Copy { from, to: directed.to }, directed.customer_ids).await
}

/// Moves customers to another group
///
/// They leave the group and join the other. Moved to the unassigned group they leave all groups. All of them must be in the
/// group.
#[utoipa::path(post, path = "/v1/groups/{groupId}/move", operation_id = "moveMembers",
    responses((status = 200, body = MembersChanged)))]
pub async fn relocate(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Ids(from): Ids<GroupId>,
    Body(directed): Body<Directed>,
) -> Result<Json<MembersChanged>, Problem> {
    change(&deps, &caller, Wish::Move { from, to: directed.to }, directed.customer_ids).await
}

/// How many came and went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Moved {
    /// In the target now and not before.
    joined: u64,
    /// In the source before and not now.
    left: u64,
}

/// One transaction: customers are locked first, then the groups, so that nobody is deleted meanwhile and two calls in opposite
/// directions wait for each other instead of for ever.
async fn change(
    deps: &Deps,
    caller: &Caller,
    wish: Wish,
    chosen: BTreeSet<CustomerId>,
) -> Result<Json<MembersChanged>, Problem> {
    let customers = at_once(chosen)?;
    if customers.is_empty() {
        return Err(Problem::invalid("customerIds", "고객을 한 명 이상 선택하세요.", "choose at least one customer"));
    }
    let (ambient, customers) = (&deps.ambient, customers.as_slice());
    let changed = deps.database.transaction::<_, Problem>("change_members", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            let known = groups::lock_customers(tx, staff.clinic, customers).await?;
            let asked: Vec<_> = wish.source().into_iter().chain(wish.target()).collect();
            let found = groups::lock(tx, staff.clinic, &asked).await?;
            let find = |id| found.iter().find(|group| group.id == id).cloned();
            let source = wish.source().map(|id| find(id).ok_or_else(Problem::not_found)).transpose()?;
            let target = wish.target().map(|id| find(id).ok_or_else(|| missing_target(wish))).transpose()?;
            wish.refuse_unassigned(source.as_ref(), target.as_ref())?;
            require_known(known, customers)?;
            // Counted before and not after: the pages that this transaction has written would be slow to count.
            let sizes = [count(tx, staff.clinic, source.as_ref()).await?, count(tx, staff.clinic, target.as_ref()).await?];
            let moved = apply(tx, staff.clinic, wish, [source.as_ref(), target.as_ref()], customers).await?;
            let changed = MembersChanged {
                changed: if target.is_some() { moved.joined } else { moved.left },
                source: source.map(|group| GroupView::of(group, sizes[0].saturating_sub(moved.left))),
                target: target.map(|group| GroupView::of(group, sizes[1] + moved.joined)),
            };
            audit::record(tx, ambient, &staff, wish.action(), Subject::Group(wish.group()), customers.len()).await?;
            Ok((staff.id, changed))
        })
    });
    let (staff, changed) = changed.await?;
    let (group, action, count) = (wish.group(), wish.name(), changed.changed);
    tracing::info!(event = "group.members_changed", staff.id = %staff, group.id = %group, action, count, "members changed");
    Ok(Json(changed))
}

async fn count(tx: &mut MySqlConnection, clinic: ClinicId, group: Option<&Label>) -> Result<u64, sqlx::Error> {
    match group {
        Some(group) => groups::count_customers(tx, clinic, group).await,
        None => Ok(0),
    }
}

/// Changes the lines. Whoever is chosen from a group must be in it.
async fn apply(
    tx: &mut MySqlConnection,
    clinic: ClinicId,
    wish: Wish,
    groups: [Option<&Label>; 2],
    customers: &[CustomerId],
) -> Result<Moved, Problem> {
    let all = size(customers);
    let [source, target] = groups;
    let leaves = !matches!(wish, Wish::Copy { .. });
    let Some(source) = source else {
        let Some(target) = target else { return Ok(Moved::default()) };
        return Ok(Moved { joined: groups::insert_customers(tx, clinic, target.id, customers).await?, left: 0 });
    };
    let stays_here = target.is_some_and(|target| target.id == source.id);
    let to_unassigned = target.is_some_and(|target| target.unassigned);
    let within = if source.unassigned {
        all - groups::count_assigned(tx, clinic, customers).await?
    } else if leaves && !stays_here && !to_unassigned {
        groups::remove_customers(tx, clinic, source.id, customers).await?
    } else {
        groups::count_within(tx, clinic, source.id, customers).await?
    };
    require_within(within, customers)?;
    let Some(target) = target else { return Ok(Moved { joined: 0, left: all }) };
    if stays_here {
        return Ok(Moved::default());
    }
    if to_unassigned {
        groups::unassign_customers(tx, clinic, customers).await?;
        return Ok(Moved { joined: all, left: all });
    }
    let joined = groups::insert_customers(tx, clinic, target.id, customers).await?;
    Ok(Moved { joined, left: if leaves || source.unassigned { all } else { 0 } })
}

/// The customers in the order of their ids, unless they are too many for one call.
///
/// # Errors
/// When they are.
pub fn at_once(chosen: BTreeSet<CustomerId>) -> Result<Vec<CustomerId>, Problem> {
    if chosen.len() > MAX_CUSTOMERS {
        let (ko, en) = (format!("한 번에 최대 {MAX_CUSTOMERS}명입니다."), format!("at most {MAX_CUSTOMERS} at once"));
        return Err(Problem::invalid("customerIds", ko, en));
    }
    Ok(chosen.into_iter().collect())
}

/// Refuses customers that the clinic does not have, or not any more.
///
/// # Errors
/// When there is any.
pub fn require_known(known: u64, customers: &[CustomerId]) -> Result<(), Problem> {
    let unknown = size(customers) - known;
    if unknown == 0 {
        return Ok(());
    }
    let ko = format!("고객 목록에 없는 고객이 {unknown}명 포함되어 있습니다. 목록을 새로 고친 뒤 다시 선택해 주세요.");
    let en = format!("{unknown} of them are no customers of the clinic; refresh the list and choose again");
    Err(Problem::invalid("customerIds", ko, en).with("unknown", unknown))
}

/// Refuses customers that are not in the group they were chosen from.
fn require_within(within: u64, customers: &[CustomerId]) -> Result<(), Problem> {
    let outside = size(customers) - within;
    if outside == 0 {
        return Ok(());
    }
    let ko = format!("이 그룹에 없는 고객이 {outside}명 포함되어 있습니다. 목록을 새로 고친 뒤 다시 선택해 주세요.");
    let en = format!("{outside} of them are not in the group; refresh the list and choose again");
    Err(Problem::invalid("customerIds", ko, en).with("notInGroup", outside))
}

/// The group that they are to join is named by the path or by `to`.
fn missing_target(wish: Wish) -> Problem {
    match wish {
        Wish::Copy { .. } | Wish::Move { .. } => Problem::not_found().with("field", "to"),
        Wish::Add { .. } | Wish::Remove { .. } => Problem::not_found(),
    }
}

/// At most [`MAX_CUSTOMERS`].
fn size(customers: &[CustomerId]) -> u64 {
    customers.len() as u64
}
