//! What the link of an invitation says, and beginning to work for a clinic by it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::clock::Ambient;
use shared::db::audit::{self, Subject};
use shared::db::staff_invitations::{self, Invitation};
use shared::db::{clinics, staff, violates};
use shared::http::{Body, Caller, Kind, Language, Problem, Staff};
use shared::model::state::Role;
use shared::model::{ClinicId, StaffId};
use sqlx::MySqlConnection;
use utoipa::ToSchema;

use crate::Deps;
use crate::token::Token;

/// What stands in the link. It has no `Debug`: it is a secret.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"token": "3f0c5b7a9d2e4f61b8a7c6d5e4f3021a"}))]
pub struct Acceptance {
    /// The last part of the link.
    token: String,
}

/// What an invitation to work for a clinic says.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StaffInvitationPreview {
    /// The name of the clinic that invites.
    #[schema(example = "단골의원")]
    clinic_name: String,
}

/// Shows an invitation to work for a clinic
///
/// For the page behind its link; no token of a sign-in is needed. Nothing is used up. One that was accepted or revoked, or has
/// expired, is answered as if it had never been.
#[utoipa::path(
    post,
    path = "/v1/staff/invitations/preview",
    operation_id = "previewInvitation",
    responses((status = 200, body = StaffInvitationPreview))
)]
pub async fn preview(
    State(deps): State<Arc<Deps>>,
    _: Language,
    Body(acceptance): Body<Acceptance>,
) -> Result<Json<StaffInvitationPreview>, Problem> {
    let unknown = || Problem::of(Kind::UnknownInvitation);
    let token = Token::parse(acceptance.token.trim()).ok_or_else(unknown)?;
    let mut connection = deps.database.acquire().await?;
    let name = staff_invitations::find_clinic_name(&mut connection, token.hash(), deps.ambient.now()).await?;
    Ok(Json(StaffInvitationPreview { clinic_name: name.ok_or_else(unknown)? }))
}

/// For whom the caller works now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitationAccepted {
    /// The caller as a member of the staff.
    staff_id: StaffId,
    /// The clinic.
    clinic_id: ClinicId,
    /// Its name.
    #[schema(example = "단골의원")]
    clinic_name: String,
    /// What the caller may do.
    role: Role,
}

/// Accepts an invitation to work for a clinic
///
/// Anybody who is signed in and works for no clinic may do this, once per invitation: of two who open the same link the first one
/// works for the clinic, and the other one is answered as if the link had never been. The same person may repeat it and gets the same
/// answer.
#[utoipa::path(
    post,
    path = "/v1/staff/invitations/accept",
    operation_id = "acceptInvitation",
    responses((status = 200, body = InvitationAccepted))
)]
pub async fn accept(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Body(acceptance): Body<Acceptance>,
) -> Result<Json<InvitationAccepted>, Problem> {
    let unknown = || Problem::of(Kind::UnknownInvitation);
    let token = Token::parse(acceptance.token.trim()).ok_or_else(unknown)?;
    let (ambient, caller, hash) = (&deps.ambient, &caller, token.hash());
    let accepted = deps.database.transaction::<_, Problem>("accept_invitation", |tx| {
        Box::pin(async move {
            let invitation = staff_invitations::lock_by_hash(tx, hash).await?.ok_or_else(unknown)?;
            let known = staff::find_by_subject(tx, &caller.subject).await?;
            if let Some(known) = known.as_ref().filter(|known| invitation.accepted_by == Some(known.id)) {
                return Ok((false, view(tx, known).await?));
            }
            let now = ambient.now();
            if !invitation.is_open(now) {
                return Err(unknown());
            }
            if known.is_some() {
                return Err(Problem::of(Kind::AlreadyStaff));
            }
            let new = Staff { id: StaffId::new(ambient), clinic: invitation.clinic, role: invitation.role };
            begin(tx, ambient, caller, &invitation, &new).await?;
            staff_invitations::mark_accepted(tx, &invitation, new.id, now).await?;
            audit::record(tx, ambient, &new, "staff.accept", Subject::Staff(new.id), 1).await?;
            Ok((true, view(tx, &new).await?))
        })
    });
    let (is_new, view) = accepted.await?;
    if is_new {
        tracing::info!(
            event = "staff.joined", staff.id = %view.staff_id, clinic.id = %view.clinic_id, role = view.role.as_str(),
            "somebody works for the clinic"
        );
    }
    Ok(Json(view))
}

/// Writes the new member of the staff, under the name by which the owner knows them.
async fn begin(
    tx: &mut MySqlConnection,
    ambient: &Ambient,
    caller: &Caller,
    invitation: &Invitation,
    new: &Staff,
) -> Result<(), Problem> {
    // Two invitations may be accepted by one person at the same time.
    let taken =
        |error: sqlx::Error| if violates(&error, "staff_subject") { Problem::of(Kind::AlreadyStaff) } else { error.into() };
    staff::insert(tx, ambient, new, &caller.subject, &invitation.name).await.map_err(taken)?;
    // A token outlives the account by up to an hour.
    if staff::has_withdrawn(tx, &caller.subject).await? {
        return Err(Problem::of(Kind::Unauthenticated));
    }
    if let Some(phone) = &caller.phone {
        staff::set_phone(tx, new.id, phone).await?;
    }
    Ok(())
}

async fn view(connection: &mut MySqlConnection, staff: &Staff) -> Result<InvitationAccepted, Problem> {
    let clinic = clinics::find(connection, staff.clinic).await?.ok_or_else(Problem::not_found)?;
    Ok(InvitationAccepted { staff_id: staff.id, clinic_id: staff.clinic, clinic_name: clinic.name, role: staff.role })
}
