//! Who works for the clinic, what they may do, and the end of it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::db::audit::{self, Subject};
use shared::db::staff::{self, Colleague};
use shared::db::staff_invitations;
use shared::http::{Body, Caller, Cursor, Ids, Page, Params, Problem, Staff};
use shared::model::StaffId;
use shared::model::customer::StaffName;
use shared::model::state::Role;
use utoipa::{IntoParams, ToSchema};

use crate::{Deps, locked, require_another_owner};

/// Which colleagues to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Asked {
    /// `true`: those who work for the clinic no more, whom the audit log still names.
    removed: Option<bool>,
    /// Where the page before ended.
    cursor: Option<Cursor>,
    /// How many, at most 200; 50 unless said.
    limit: Option<u32>,
}

/// What to change; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = StaffChange, example = json!({"role": "owner"}))]
pub struct Change {
    /// What they may do.
    role: Option<Role>,
    /// What the clinic calls them.
    name: Option<StaffName>,
}

/// Somebody who works for the clinic.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StaffMember)]
pub struct StaffView {
    /// The person.
    id: StaffId,
    /// What the clinic calls them.
    #[schema(example = "박간호사")]
    name: String,
    /// What they may do.
    role: Role,
    /// Since when they have worked for the clinic.
    since: DateTime<Utc>,
    /// When they ceased to; absent of those who still do.
    #[serde(skip_serializing_if = "Option::is_none")]
    removed_at: Option<DateTime<Utc>>,
    /// Whether it is the caller.
    you: bool,
}

impl StaffView {
    fn new(colleague: Colleague, caller: StaffId) -> Self {
        Self {
            you: colleague.id == caller,
            id: colleague.id,
            name: colleague.name,
            role: colleague.role,
            since: colleague.created_at,
            removed_at: colleague.removed_at,
        }
    }
}

/// Lists who works for the clinic, in the order in which they came
#[utoipa::path(get, path = "/v1/staff", operation_id = "listStaff", responses((status = 200, body = Page<StaffView>)))]
pub async fn list(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Params(asked): Params<Asked>,
) -> Result<Json<Page<StaffView>>, Problem> {
    let limit = Page::<StaffView>::limit(asked.limit);
    let after = asked.cursor.map(|cursor| cursor.0.parse()).transpose().map_err(|_| foreign_cursor())?;
    let removed = asked.removed.unwrap_or_default();
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let found = staff::list(&mut connection, staff.clinic, removed, after, limit + 1).await?;
    let views = found.into_iter().map(|colleague| StaffView::new(colleague, staff.id)).collect();
    let page = Page::cut(views, limit, |last: &StaffView| last.id.to_string());
    let count = page.items.len();
    audit::record(&mut connection, &deps.ambient, &staff, "staff.list", Subject::Many, count).await?;
    tracing::info!(event = "staff.read", staff.id = %staff.id, count, "colleagues listed");
    Ok(Json(page))
}

/// Changes what a colleague may do, or what the clinic calls them
///
/// Only an owner may do this. The last owner stays one. Open invitations of an owner who ceases to be one are revoked.
#[utoipa::path(
    patch,
    path = "/v1/staff/{staffId}",
    operation_id = "changeStaff",
    responses((status = 200, body = StaffView))
)]
pub async fn change(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Ids(id): Ids<StaffId>,
    Body(change): Body<Change>,
) -> Result<Json<StaffView>, Problem> {
    let (ambient, caller, change) = (&deps.ambient, &caller, &change);
    let changed = deps.database.transaction::<_, Problem>("change_staff", |tx| {
        Box::pin(async move {
            let (staff, everybody) = locked(tx, caller).await?;
            staff.require_owner()?;
            let colleague = everybody.iter().find(|other| other.id == id).ok_or_else(Problem::not_found)?;
            let role = change.role.unwrap_or(colleague.role);
            let name = change.name.clone().map_or_else(|| colleague.name.clone(), String::from);
            if role != Role::Owner {
                require_another_owner(&everybody, colleague)?;
                staff_invitations::revoke_all_of(tx, staff.clinic, id, ambient.now()).await?;
            }
            staff::update(tx, staff.clinic, id, &name, role).await?;
            audit::record(tx, ambient, &staff, "staff.change", Subject::Staff(id), 1).await?;
            let before = colleague.role;
            Ok((staff.id, before, StaffView::new(Colleague { role, name, ..colleague.clone() }, staff.id)))
        })
    });
    let (by, before, view) = changed.await?;
    tracing::info!(
        event = "staff.changed", staff.id = %by, colleague.id = %id, before = before.as_str(), role = view.role.as_str(),
        "colleague changed"
    );
    Ok(Json(view))
}

/// Takes a colleague off the staff
///
/// At once: their next request is refused. Only an owner may do this; everybody may take themselves off. The last owner stays.
/// What they did stays in the audit log with their name, their account is free to work for another clinic, and open invitations
/// that they made are revoked.
#[utoipa::path(delete, path = "/v1/staff/{staffId}", operation_id = "removeStaff", responses((status = 204)))]
pub async fn remove(State(deps): State<Arc<Deps>>, caller: Caller, Ids(id): Ids<StaffId>) -> Result<StatusCode, Problem> {
    let (ambient, caller) = (&deps.ambient, &caller);
    let removed = deps.database.transaction::<_, Problem>("remove_staff", |tx| {
        Box::pin(async move {
            let (staff, everybody) = locked(tx, caller).await?;
            if id != staff.id {
                staff.require_owner()?;
            }
            let colleague = everybody.iter().find(|other| other.id == id).ok_or_else(Problem::not_found)?;
            require_another_owner(&everybody, colleague)?;
            let now = ambient.now();
            staff::remove(tx, staff.clinic, id, now).await?;
            staff_invitations::revoke_all_of(tx, staff.clinic, id, now).await?;
            audit::record(tx, ambient, &staff, "staff.remove", Subject::Staff(id), 1).await?;
            Ok(staff.id)
        })
    });
    let by = removed.await?;
    tracing::info!(event = "staff.removed", staff.id = %by, colleague.id = %id, "colleague removed");
    Ok(StatusCode::NO_CONTENT)
}

/// The cursor is not one of this list.
pub fn foreign_cursor() -> Problem {
    Problem::invalid("cursor", "이 목록의 커서가 아닙니다.", "not a cursor of this list")
}
