//! Inviting somebody to work for the clinic, by a link that is shown once.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderName, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use shared::db::audit::{self, Subject};
use shared::db::staff_invitations::{self, Invitation};
use shared::http::{Body, Caller, Cursor, Ids, Kind, Page, Params, Problem, Staff};
use shared::model::StaffId;
use shared::model::customer::StaffName;
use shared::model::id::InvitationId;
use shared::model::state::Role;
use utoipa::{IntoParams, ToSchema};

use crate::colleagues::foreign_cursor;
use crate::token::Token;
use crate::{Deps, locked};

/// How long a link works.
const VALID_FOR: TimeDelta = TimeDelta::days(7);
/// How long an invitation that nobody accepted is shown after it has expired.
const SHOWN_FOR: TimeDelta = TimeDelta::days(30);
/// Invitations of a clinic that are open at one time.
const MAX_OPEN: u64 = 50;

/// Who is to work for the clinic.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "박간호사", "role": "staff"}))]
pub struct NewInvitation {
    /// What the clinic calls them.
    name: StaffName,
    /// What they will be allowed to do.
    role: Role,
}

/// An invitation with its link.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitationMade {
    /// The invitation.
    id: InvitationId,
    /// The link to pass on. It is shown once: nobody can look it up again.
    #[schema(example = "https://console.example.com/staff-invitations/3f0c5b7a9d2e4f61b8a7c6d5e4f3021a")]
    link: String,
    /// When the link stops working, unless it is used or revoked before.
    expires_at: DateTime<Utc>,
}

/// What became of an invitation.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = InvitationState)]
enum StateView {
    /// The link works.
    Open,
    /// Somebody works for the clinic through it.
    Accepted,
    /// An owner took it back.
    Revoked,
    /// Nobody used it in time.
    Expired,
}

/// An invitation as owners see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Invitation)]
pub struct InvitationView {
    /// The invitation.
    id: InvitationId,
    /// Whom it is for; of one that was accepted, what the clinic calls them today.
    #[schema(example = "박간호사")]
    name: String,
    /// What they will be allowed to do.
    role: Role,
    /// What became of it.
    state: StateView,
    /// Who made it.
    invited_by: StaffId,
    /// When.
    created_at: DateTime<Utc>,
    /// When the link stops working.
    expires_at: DateTime<Utc>,
    /// Who works for the clinic through it.
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted_by: Option<StaffId>,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted_at: Option<DateTime<Utc>>,
}

impl InvitationView {
    fn new(invitation: Invitation, now: DateTime<Utc>) -> Self {
        let state = match &invitation {
            Invitation { accepted_at: Some(_), .. } => StateView::Accepted,
            Invitation { revoked_at: Some(_), .. } => StateView::Revoked,
            open if open.is_open(now) => StateView::Open,
            _ => StateView::Expired,
        };
        Self {
            id: invitation.id,
            name: invitation.name,
            role: invitation.role,
            state,
            invited_by: invitation.invited_by,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
            accepted_by: invitation.accepted_by,
            accepted_at: invitation.accepted_at,
        }
    }
}

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Asked {
    /// Where the page before ended.
    cursor: Option<Cursor>,
    /// How many, at most 200; 50 unless said.
    limit: Option<u32>,
}

/// Invites somebody to work for the clinic
///
/// Only an owner may do this. The answer holds a link, which works for one person and for 7 days. Whoever opens it signs in with an
/// account of their own. At most 50 invitations are open at one time.
#[utoipa::path(
    post,
    path = "/v1/staff/invitations",
    operation_id = "inviteStaff",
    responses((status = 201, body = InvitationMade))
)]
pub async fn invite(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Body(new): Body<NewInvitation>,
) -> Result<(StatusCode, [(HeaderName, &'static str); 1], Json<InvitationMade>), Problem> {
    let (ambient, caller, new, token) = (&deps.ambient, &caller, &new, &Token::new(&deps.ambient));
    let (id, now) = (InvitationId::new(ambient), ambient.now());
    let expires_at = now + VALID_FOR;
    let invited = deps.database.transaction::<_, Problem>("invite_staff", |tx| {
        Box::pin(async move {
            let (staff, _) = locked(tx, caller).await?;
            staff.require_owner()?;
            staff_invitations::delete_stale(tx, staff.clinic, now - SHOWN_FOR).await?;
            if staff_invitations::count_open(tx, staff.clinic, now).await? >= MAX_OPEN {
                let ko = format!("아직 수락하지 않은 초대는 최대 {MAX_OPEN}개입니다.");
                let en = format!("At most {MAX_OPEN} invitations are open at one time.");
                return Err(Problem::of(Kind::TooManyInvitations).detail(ko, en));
            }
            let invitation = Invitation {
                clinic: staff.clinic,
                id,
                name: new.name.clone().into(),
                role: new.role,
                invited_by: staff.id,
                created_at: now,
                expires_at,
                accepted_by: None,
                accepted_at: None,
                revoked_at: None,
            };
            staff_invitations::insert(tx, &invitation, token.hash()).await?;
            audit::record(tx, ambient, &staff, "staff.invite", Subject::Invitation(id), 1).await?;
            Ok(staff.id)
        })
    });
    let staff = invited.await?;
    tracing::info!(
        event = "staff.invited", staff.id = %staff, invitation.id = %id, role = new.role.as_str(), "somebody is invited"
    );
    let link = format!("{}/staff-invitations/{}", deps.console, token.text());
    // The link is a secret: nothing on its way keeps a copy.
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(InvitationMade { id, link, expires_at })))
}

/// Lists invitations, newest first
///
/// Only an owner may do this. Links are not shown again. One that nobody accepted is listed for 30 days after its end, at least.
#[utoipa::path(
    get,
    path = "/v1/staff/invitations",
    operation_id = "listInvitations",
    responses((status = 200, body = Page<InvitationView>))
)]
pub async fn list(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Params(asked): Params<Asked>,
) -> Result<Json<Page<InvitationView>>, Problem> {
    let limit = Page::<InvitationView>::limit(asked.limit);
    let before = asked.cursor.map(|cursor| cursor.0.parse()).transpose().map_err(|_| foreign_cursor())?;
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    staff.require_owner()?;
    let found = staff_invitations::list(&mut connection, staff.clinic, before, limit + 1).await?;
    let now = deps.ambient.now();
    let views = found.into_iter().map(|invitation| InvitationView::new(invitation, now)).collect();
    let page = Page::cut(views, limit, |last: &InvitationView| last.id.to_string());
    let count = page.items.len();
    audit::record(&mut connection, &deps.ambient, &staff, "staff.list_invitations", Subject::Many, count).await?;
    tracing::info!(event = "staff.invitations_read", staff.id = %staff.id, count, "invitations listed");
    Ok(Json(page))
}

/// Revokes an invitation
///
/// Only an owner may do this. Its link does not work from now on. One that somebody has accepted cannot be revoked: take the person
/// off the staff instead. Revoking one that has ended already changes nothing.
#[utoipa::path(
    delete,
    path = "/v1/staff/invitations/{invitationId}",
    operation_id = "revokeInvitation",
    responses((status = 204))
)]
pub async fn revoke(State(deps): State<Arc<Deps>>, caller: Caller, Ids(id): Ids<InvitationId>) -> Result<StatusCode, Problem> {
    let (ambient, caller) = (&deps.ambient, &caller);
    let revoked = deps.database.transaction::<_, Problem>("revoke_invitation", |tx| {
        Box::pin(async move {
            let (staff, _) = locked(tx, caller).await?;
            staff.require_owner()?;
            let invitation = staff_invitations::lock(tx, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
            if invitation.accepted_at.is_some() {
                return Err(Problem::of(Kind::AlreadyDecided).detail(
                    "이미 수락한 초대입니다. 직원 목록에서 삭제해 주세요.",
                    "Somebody has accepted it. Take them off the staff instead.",
                ));
            }
            let now = ambient.now();
            let is_open = invitation.is_open(now);
            if is_open {
                staff_invitations::revoke(tx, staff.clinic, id, now).await?;
                audit::record(tx, ambient, &staff, "staff.revoke_invitation", Subject::Invitation(id), 1).await?;
            }
            Ok(is_open.then_some(staff.id))
        })
    });
    if let Some(staff) = revoked.await? {
        tracing::info!(event = "staff.invitation_revoked", staff.id = %staff, invitation.id = %id, "invitation revoked");
    }
    Ok(StatusCode::NO_CONTENT)
}
