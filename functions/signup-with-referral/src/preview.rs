//! What an invitation says to whoever follows its link, before they sign in.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde::Serialize;
use shared::aws::topics::Publisher;
use shared::db::clinics;
use shared::db::referral_codes::Owner;
use shared::http::{Kind, Language, Problem, Visitor};
use shared::model::{ClinicId, ReferralCode};
use utoipa::ToSchema;

use crate::Deps;
use crate::guess::{self, Guesser};

/// What an invitation says.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvitationPreview {
    /// The clinic, by which members find it among their own.
    clinic_id: ClinicId,
    /// The clinic's name.
    #[schema(example = "단골의원")]
    clinic_name: String,
    /// Points for joining a first clinic; nothing when the clinic grants none.
    #[schema(example = 1000)]
    join_points: Option<u32>,
    /// What the clinic says about its points; nothing when it grants none.
    #[schema(example = "포인트는 비급여 진료 항목에만 사용할 수 있습니다.")]
    points_notice: Option<String>,
    /// Whether a member invites, and not the clinic itself. Who it is remains unsaid.
    of_friend: bool,
}

/// Shows an invitation
///
/// For the page behind an invite link; no token is needed. After 200 codes from one address that cannot be used nothing more is said
/// to that address for ten minutes.
#[utoipa::path(
    get,
    path = "/v1/invitations/{code}",
    operation_id = "showInvitation",
    responses((status = 200, body = InvitationPreview))
)]
pub(crate) async fn show_invitation<P: Publisher>(
    State(deps): State<Arc<Deps<P>>>,
    visitor: Visitor,
    _: Language,
    code: Result<Path<ReferralCode>, PathRejection>,
) -> Result<Json<InvitationPreview>, Problem> {
    // What is no code at all is a typo: nobody guesses that way, and nothing is looked up.
    let Ok(Path(code)) = code else { return Err(Problem::of(Kind::UnknownCode)) };
    let source = visitor.source(&deps.source_key, deps.ambient.now());
    let guesser = Guesser::source(&deps.pepper, &source);
    let shown = guess::look_up(&deps.database, &deps.ambient, guesser, &code, None).await?;
    let mut connection = deps.database.acquire().await?;
    let clinic = clinics::find(&mut connection, shown.clinic).await?.ok_or_else(|| Problem::of(Kind::UnknownCode))?;
    if !clinic.invitations.accepts_members {
        return Err(Problem::of(Kind::ClinicClosed));
    }
    let points = clinic.points_enabled && clinic.join_points > 0;
    Ok(Json(InvitationPreview {
        clinic_id: shown.clinic,
        clinic_name: clinic.name,
        join_points: points.then_some(clinic.join_points),
        points_notice: clinic.points_enabled.then_some(clinic.points_notice),
        of_friend: matches!(shown.owner, Owner::User(_)),
    }))
}
