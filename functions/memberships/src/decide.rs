//! What the clinic decides about a member.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use shared::db::audit::{self, Subject};
use shared::db::memberships::{self, profile};
use shared::db::users;
use shared::http::{Caller, Ids, Problem, Staff};
use shared::model::UserId;
use shared::model::membership::{Next, Step, next};

use crate::Deps;
use crate::member::ProfileView;

/// Takes somebody as a member
///
/// Somebody who asked, or whom the clinic declined or removed. They get a code of their own, and the customer with their proven phone
/// is them from then on, or is made. It earns no points. Of a member it changes nothing.
#[utoipa::path(
    post,
    path = "/v1/members/{userId}/confirm",
    operation_id = "confirmMember",
    responses((status = 200, body = ProfileView))
)]
pub async fn confirm(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Ids(user): Ids<UserId>,
) -> Result<Json<ProfileView>, Problem> {
    decide(&deps, &caller, user, Step::Confirm).await
}

/// Does not take somebody who asked
///
/// They may ask again 30 days later. Of somebody who was declined it changes nothing.
#[utoipa::path(
    post,
    path = "/v1/members/{userId}/decline",
    operation_id = "declineMember",
    responses((status = 200, body = ProfileView))
)]
pub async fn decline(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Ids(user): Ids<UserId>,
) -> Result<Json<ProfileView>, Problem> {
    decide(&deps, &caller, user, Step::Decline).await
}

/// Ends a membership
///
/// The clinic alone can take it up again. Of somebody who was removed it changes nothing.
#[utoipa::path(
    post,
    path = "/v1/members/{userId}/end",
    operation_id = "endMembership",
    responses((status = 200, body = ProfileView))
)]
pub async fn end(State(deps): State<Arc<Deps>>, caller: Caller, Ids(user): Ids<UserId>) -> Result<Json<ProfileView>, Problem> {
    decide(&deps, &caller, user, Step::Remove).await
}

async fn decide(deps: &Deps, caller: &Caller, id: UserId, step: Step) -> Result<Json<ProfileView>, Problem> {
    let (ambient, action) = (&deps.ambient, action(step));
    let decided = deps.database.transaction::<_, Problem>("decide_member", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            // The person first, as wherever somebody's memberships change: two who decide, or a withdrawal, come one after the other.
            // Whether there is anything of this clinic is asked before, so that nobody locks people of others.
            memberships::find_state(tx, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
            let user = users::lock(tx, id).await?.ok_or_else(Problem::not_found)?;
            let standing = memberships::lock(tx, staff.clinic, id).await?;
            let step = next(standing.as_ref(), step, ambient.now())?;
            match step {
                Next::Confirmed => drop(memberships::confirm(tx, ambient, staff.clinic, &user).await?),
                Next::Pending => memberships::ask(tx, ambient, staff.clinic, id).await?,
                Next::Ended(because) => memberships::end(tx, ambient, staff.clinic, id, because).await?,
                Next::Same => {}
            }
            let found = profile::find_profile(tx, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
            let view = ProfileView::new(id, found);
            audit::record(tx, ambient, &staff, action, Subject::User(id), view.people()).await?;
            Ok((staff, view, step != Next::Same))
        })
    });
    let (staff, view, changed) = decided.await?;
    tracing::info!(event = "member.decided", clinic.id = %staff.clinic, staff.id = %staff.id, user.id = %id, action, changed, "a clinic decided about a member");
    Ok(Json(view))
}

/// What the audit log calls it.
const fn action(step: Step) -> &'static str {
    match step {
        Step::Confirm => "member.confirm",
        Step::Decline => "member.decline",
        Step::Remove => "member.end",
        Step::Ask | Step::Join | Step::Leave => "member.other",
    }
}
