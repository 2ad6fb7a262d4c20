//! Who is in which group: many customers at once, all of those who are named or none.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::db::audit::{self, Subject};
use shared::db::groups::{self, Label};
use shared::http::filter::{Chosen, Filter, one_of};
use shared::http::{Body, Caller, Cursor, Ids, Problem, Staff};
use shared::model::{ClinicId, CustomerId, GroupId, StaffId};
use sqlx::MySqlConnection;
use utoipa::ToSchema;

use crate::view::GroupView;
use crate::wish::{Wish, action, lock_ends};
use crate::{Deps, all};

/// The most customers of one call.
const MAX_CUSTOMERS: usize = 10_000;

/// Customers of the clinic.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ChosenCustomers, example = json!({"customerIds": ["cus_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e"]}))]
pub struct Wanted {
    /// 1 to 10,000 of them.
    #[schema(min_items = 1, max_items = 10_000)]
    customer_ids: Option<BTreeSet<CustomerId>>,
    /// In place of `customerIds`: all customers of a filter. To remove some, of those in the group alone.
    all: Option<Filter>,
    /// With `all`: `nextCursor` of the call before.
    cursor: Option<Cursor>,
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
    customer_ids: Option<BTreeSet<CustomerId>>,
    /// In place of `customerIds`: all customers of a filter, of those in the group.
    all: Option<Filter>,
    /// With `all`: `nextCursor` of the call before.
    cursor: Option<Cursor>,
    /// The group to join.
    to: GroupId,
}

/// What a change came to, with both groups as they are after it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MembersChanged {
    /// How many joined the target, which were not in it before; without a target, how many left.
    pub changed: u64,
    /// How many of all are still to be looked at; only with `all`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u64>,
    /// Pass it as `cursor`, with the same filter, to go on; absent when all is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<Cursor>,
    /// The group that they were chosen from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<GroupView>,
    /// The group that they were to join.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<GroupView>,
}

/// Adds customers to a group
///
/// Who is in it already stays in it. Nobody is added to the unassigned group: move them to it.
///
/// With `all` of a filter it goes on for some seconds, then it answers how many remain and where to go on. To repeat a call does no
/// harm. So do the other three.
#[utoipa::path(post, path = "/v1/groups/{groupId}/add", operation_id = "addMembers",
    responses((status = 200, body = MembersChanged)))]
pub async fn add(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Ids(to): Ids<GroupId>,
    Body(wanted): Body<Wanted>,
) -> Result<Json<MembersChanged>, Problem> {
    choose(&deps, &caller, Wish::Add { to }, one_of(wanted.customer_ids, wanted.all, wanted.cursor)?).await
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
    Body(wanted): Body<Wanted>,
) -> Result<Json<MembersChanged>, Problem> {
    choose(&deps, &caller, Wish::Remove { from }, one_of(wanted.customer_ids, wanted.all, wanted.cursor)?).await
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
    let chosen = one_of(directed.customer_ids, directed.all, directed.cursor)?;
    choose(&deps, &caller, Wish::Copy { from, to: directed.to }, chosen).await
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
    let chosen = one_of(directed.customer_ids, directed.all, directed.cursor)?;
    choose(&deps, &caller, Wish::Move { from, to: directed.to }, chosen).await
}

/// How many came and went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    /// In the target now and not before.
    pub joined: u64,
    /// In the source before and not now.
    pub left: u64,
}

async fn choose(
    deps: &Deps,
    caller: &Caller,
    wish: Wish,
    chosen: Chosen<BTreeSet<CustomerId>>,
) -> Result<Json<MembersChanged>, Problem> {
    let (staff, changed) = match chosen {
        Chosen::These(customers) => change(deps, caller, wish, customers).await?,
        Chosen::All(filter, cursor) => all::change(deps, caller, wish, &filter, cursor).await?,
    };
    let (group, action, count, remaining) = (wish.group(), wish.name(), changed.changed, changed.remaining);
    tracing::info!(
        event = "group.members_changed", staff.id = %staff, group.id = %group, action, count, remaining, "members changed"
    );
    Ok(Json(changed))
}

/// One transaction: customers are locked first, then the groups, so that nobody is deleted meanwhile and two calls in opposite
/// directions wait for each other instead of for ever.
async fn change(
    deps: &Deps,
    caller: &Caller,
    wish: Wish,
    chosen: BTreeSet<CustomerId>,
) -> Result<(StaffId, MembersChanged), Problem> {
    let customers = at_once(chosen)?;
    if customers.is_empty() {
        return Err(Problem::invalid("customerIds", "고객을 한 명 이상 선택하세요.", "choose at least one customer"));
    }
    let (ambient, customers) = (&deps.ambient, customers.as_slice());
    let changed = deps.database.transaction::<_, Problem>("change_members", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            let known = groups::lock_customers(tx, staff.clinic, customers).await?;
            let [source, target] = lock_ends(tx, staff.clinic, wish).await?;
            require_known(known, customers)?;
            // Counted before and not after: the pages that this transaction has written would be slow to count.
            let sizes = [count(tx, staff.clinic, source.as_ref()).await?, count(tx, staff.clinic, target.as_ref()).await?];
            let moved = apply(tx, staff.clinic, wish, [source.as_ref(), target.as_ref()], customers).await?;
            let changed = MembersChanged {
                changed: if target.is_some() { moved.joined } else { moved.left },
                remaining: None,
                next_cursor: None,
                source: source.map(|group| GroupView::of(group, sizes[0].saturating_sub(moved.left))),
                target: target.map(|group| GroupView::of(group, sizes[1] + moved.joined)),
            };
            audit::record(tx, ambient, &staff, action(wish), Subject::Group(wish.group()), customers.len()).await?;
            Ok((staff.id, changed))
        })
    });
    changed.await
}

/// How many are in it; nobody is in no group.
pub async fn count(tx: &mut MySqlConnection, clinic: ClinicId, group: Option<&Label>) -> Result<u64, sqlx::Error> {
    match group {
        Some(group) => groups::count_customers(tx, clinic, group).await,
        None => Ok(0),
    }
}

/// Changes the lines. Whoever is chosen from a group must be in it.
pub async fn apply(
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

/// At most [`MAX_CUSTOMERS`].
fn size(customers: &[CustomerId]) -> u64 {
    customers.len() as u64
}
