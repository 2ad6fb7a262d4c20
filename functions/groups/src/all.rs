//! All customers of a filter, into a group or out of one: step by step, for as long as a call may last.

use shared::db::audit::{self, Subject};
use shared::db::customers::Within;
use shared::db::groups::{self, Label};
use shared::http::filter::{self, Filter, Walk};
use shared::http::{Caller, Cursor, Problem, Staff};
use shared::model::{ClinicId, StaffId};
use sqlx::MySqlConnection;

use crate::Deps;
use crate::members::{MembersChanged, Moved, apply, count};
use crate::view::GroupView;
use crate::wish::{Wish, action, lock_ends};

/// Each step is a transaction with a line of its own in the audit log: what is done is written down, wherever it ends. Whoever has left
/// the source or the clinic meanwhile is passed over.
pub async fn change(
    deps: &Deps,
    caller: &Caller,
    wish: Wish,
    filter: &Filter,
    cursor: Option<Cursor>,
) -> Result<(StaffId, MembersChanged), Problem> {
    let ambient = &deps.ambient;
    let (staff, mut walk) = {
        let mut connection = deps.database.acquire().await?;
        let staff = Staff::identify(&mut connection, caller).await?;
        let within = within(&mut connection, staff.clinic, wish, filter).await?;
        let walk = Walk::begin(ambient, staff.clinic, filter, within, cursor)?;
        (staff, walk)
    };
    // What cannot be done at all is said also when there is nobody.
    let ends = deps
        .database
        .transaction::<_, Problem>("check_groups", |tx| Box::pin(async move { lock_ends(tx, staff.clinic, wish).await }))
        .await?;
    let mut changed = 0;
    while let Some(ids) = walk.step(&deps.database, ambient).await? {
        let ids = &ids;
        let step = deps.database.transaction::<_, Problem>("change_members_of_filter", |tx| {
            Box::pin(async move {
                let staff = Staff::identify(tx, caller).await?;
                groups::lock_customers(tx, staff.clinic, ids).await?;
                let [source, target] = lock_ends(tx, staff.clinic, wish).await?;
                let ids = groups::list_within(tx, staff.clinic, source.as_ref(), ids).await?;
                if ids.is_empty() {
                    return Ok(0);
                }
                let moved = apply(tx, staff.clinic, wish, [source.as_ref(), target.as_ref()], &ids).await?;
                audit::record(tx, ambient, &staff, action(wish), Subject::Group(wish.group()), ids.len()).await?;
                let Moved { joined, left } = moved;
                Ok(if target.is_some() { joined } else { left })
            })
        });
        changed += step.await?;
    }
    let mut connection = deps.database.acquire().await?;
    let (remaining, next_cursor) = walk.end(&mut connection).await?;
    let [source, target] = ends;
    let changed = MembersChanged {
        changed,
        remaining: Some(remaining),
        next_cursor,
        source: view(&mut connection, staff.clinic, source).await?,
        target: view(&mut connection, staff.clinic, target).await?,
    };
    Ok((staff.id, changed))
}

/// Where to look for them: in the group that they are chosen from, or wherever the filter says.
async fn within(connection: &mut MySqlConnection, clinic: ClinicId, wish: Wish, filter: &Filter) -> Result<Within, Problem> {
    let group = match (wish.source(), filter.group_id) {
        (Some(source), Some(group)) if source != group => {
            let ko = "선택한 그룹의 고객만 지정할 수 있습니다.";
            return Err(Problem::invalid("all.groupId", ko, "only customers of the group in the path"));
        }
        (source, group) => source.or(group),
    };
    filter::within(connection, clinic, group).await
}

async fn view(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    group: Option<Label>,
) -> Result<Option<GroupView>, sqlx::Error> {
    let customers = count(connection, clinic, group.as_ref()).await?;
    Ok(group.map(|group| GroupView::of(group, customers)))
}
