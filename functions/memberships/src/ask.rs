//! Asking a clinic to take one as a member, and leaving it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::db::{clinics, memberships, person_keys, users};
use shared::http::{Body, Caller, Ids, Kind, Problem};
use shared::model::ClinicId;
use shared::model::membership::{Next, Step, next};
use shared::model::state::MembershipState;
use utoipa::ToSchema;

use crate::Deps;

/// Which clinic is asked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = MembershipQuestion, example = json!({"clinicId": "cli_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e"}))]
pub struct Question {
    /// The clinic.
    clinic_id: ClinicId,
}

/// What whoever asked a clinic reads.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MembershipAsked)]
pub struct Asked {
    /// The clinic.
    clinic_id: ClinicId,
    /// Its name.
    #[schema(example = "단골의원")]
    clinic_name: String,
    membership: MembershipState,
}

/// Asks a clinic to take the caller as a member
///
/// The membership is pending until the clinic confirms or declines it. Who was declined may ask again 30 days later
/// (`askAgainFrom`); whose membership the clinic has ended cannot ask.
#[utoipa::path(
    post,
    path = "/v1/memberships",
    operation_id = "askForMembership",
    responses(
        (status = 201, description = "The clinic is asked.", body = Asked),
        (status = 200, description = "The clinic had been asked before, and has not answered yet.", body = Asked),
    )
)]
pub async fn ask(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Body(question): Body<Question>,
) -> Result<(StatusCode, Json<Asked>), Problem> {
    let (ambient, pepper, caller, clinic) = (&deps.ambient, &deps.pepper, &caller, question.clinic_id);
    let asked = deps.database.transaction::<_, Problem>("ask_for_membership", |tx| {
        Box::pin(async move {
            let user = person_keys::lock_and_remember(tx, ambient, pepper, caller).await?;
            let found = clinics::find(tx, clinic).await?.ok_or_else(Problem::not_found)?;
            let standing = memberships::lock(tx, clinic, user.id).await?;
            let new = next(standing.as_ref(), Step::Ask, ambient.now())? != Next::Same;
            if new {
                if !found.invitations.accepts_members {
                    return Err(Problem::of(Kind::ClinicClosed));
                }
                memberships::ask(tx, ambient, clinic, user.id).await?;
            }
            Ok((user.id, found.name, new))
        })
    });
    let (user, clinic_name, new) = asked.await?;
    let asked = Asked { clinic_id: clinic, clinic_name, membership: MembershipState::Pending };
    if !new {
        return Ok((StatusCode::OK, Json(asked)));
    }
    tracing::info!(event = "member.asked", clinic.id = %clinic, user.id = %user, "a user asked to become a member");
    Ok((StatusCode::CREATED, Json(asked)))
}

/// Leaves a clinic, or takes the question back
///
/// From then on the clinic is none of the caller's own: its points and friends are not shown, and the caller's code brings nobody any
/// more. The points stay with the clinic and are there again when the caller comes back.
#[utoipa::path(
    delete,
    path = "/v1/memberships/{clinicId}",
    operation_id = "leaveClinic",
    responses((status = 204))
)]
pub async fn leave(State(deps): State<Arc<Deps>>, caller: Caller, Ids(clinic): Ids<ClinicId>) -> Result<StatusCode, Problem> {
    let (ambient, caller) = (&deps.ambient, &caller);
    let left = deps.database.transaction::<_, Problem>("leave_clinic", |tx| {
        Box::pin(async move {
            let user = users::lock_by_subject(tx, &caller.subject).await?.ok_or_else(Problem::not_found)?;
            let standing = memberships::lock(tx, clinic, user.id).await?.ok_or_else(Problem::not_found)?;
            match next(Some(&standing), Step::Leave, ambient.now())? {
                Next::Ended(because) => memberships::end(tx, ambient, clinic, user.id, because).await?,
                // A clinic that was left is like any other.
                _ => return Err(Problem::not_found()),
            }
            Ok(user.id)
        })
    });
    let user = left.await?;
    tracing::info!(event = "member.left", clinic.id = %clinic, user.id = %user, "a member left");
    Ok(StatusCode::NO_CONTENT)
}
