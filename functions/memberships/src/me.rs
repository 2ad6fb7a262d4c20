//! The caller as a user.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::db::memberships::mine::{self, Own};
use shared::db::{memberships, person_keys, users};
use shared::http::{Body, Caller, Problem};
use shared::model::console::ConsoleOrigin;
use shared::model::state::MembershipState;
use shared::model::{ClinicId, CustomerName, PhoneNumber, UserId};
use sqlx::MySqlConnection;
use utoipa::ToSchema;

use crate::Deps;

/// The caller as a user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// Absent until the person joins a first clinic, or says what to be called.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    /// The caller's name, as far as it is known.
    #[schema(example = "김단골")]
    name: Option<String>,
    /// The phone that the caller has proven.
    phone: Option<PhoneNumber>,
    /// The clinics whose member the caller is, or asked to be.
    clinics: Vec<ClinicOfMine>,
}

/// A clinic as its member sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ClinicOfMine {
    /// The clinic.
    clinic_id: ClinicId,
    /// Its name.
    #[schema(example = "단골의원")]
    clinic_name: String,
    membership: MembershipState,
    /// The member's own code, to invite friends with; none while the membership is pending or the clinic has disabled the code.
    #[schema(example = "7K3M9QXF")]
    referral_code: Option<String>,
    /// The link that brings a friend to this code.
    #[schema(example = "https://console.example.com/i/7K3M9QXF")]
    invite_link: Option<String>,
    /// Where that link is drawn as a QR code, as a path of this API.
    #[schema(example = "/v1/invitations/7K3M9QXF/qr")]
    qr_link: Option<String>,
    /// The member's points there.
    #[schema(example = 1000)]
    points: i64,
    /// Points that the clinic looks at before it grants them.
    #[schema(example = 0)]
    points_held: u64,
    /// What the clinic says about its points.
    points_notice: String,
    /// Since when.
    since: DateTime<Utc>,
}

impl ClinicOfMine {
    fn new(own: Own, console: &ConsoleOrigin) -> Self {
        Self {
            clinic_id: own.clinic,
            clinic_name: own.clinic_name,
            membership: own.state,
            invite_link: own.referral_code.as_ref().map(|code| console.invite_link(code)),
            qr_link: own.referral_code.as_ref().map(|code| format!("/v1/invitations/{code}/qr")),
            referral_code: own.referral_code,
            points: own.points,
            points_held: own.points_held,
            points_notice: own.points_notice,
            since: own.created_at,
        }
    }
}

/// The caller's profile, clinics, codes and points
#[utoipa::path(get, path = "/v1/me", operation_id = "showMe", responses((status = 200, body = Me)))]
pub async fn show(State(deps): State<Arc<Deps>>, caller: Caller) -> Result<Json<Me>, Problem> {
    let mut connection = deps.database.acquire().await?;
    view(&mut connection, &deps, &caller).await.map(Json)
}

async fn view(connection: &mut MySqlConnection, deps: &Deps, caller: &Caller) -> Result<Me, Problem> {
    let Some(user) = users::find_by_subject(connection, &caller.subject).await? else {
        return Ok(Me {
            user_id: None,
            name: caller.name.clone(),
            phone: readable(caller.phone.as_deref()),
            clinics: Vec::new(),
        });
    };
    let clinics = mine::list_own(connection, user.id, deps.ambient.now()).await?;
    let clinics = clinics.into_iter().map(|own| ClinicOfMine::new(own, &deps.console)).collect();
    Ok(Me { user_id: Some(user.id), name: Some(user.name), phone: readable(user.phone.as_deref()), clinics })
}

/// The phone as people write it; one that gets no messages is not shown.
pub fn readable(phone: Option<&str>) -> Option<PhoneNumber> {
    phone.and_then(|phone| PhoneNumber::from_e164(phone).ok())
}

/// What the caller changes of themselves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "김단골"}))]
pub struct MyChange {
    /// What to be called from now on.
    name: Option<CustomerName>,
}

/// Changes the caller's name, and takes over the phone of the token
///
/// A phone that the caller has proven since is taken from the token. Where the caller is a confirmed member, the customer with
/// this phone is the caller from then on.
#[utoipa::path(patch, path = "/v1/me", operation_id = "changeMe", responses((status = 200, body = Me)))]
pub async fn change(State(deps): State<Arc<Deps>>, caller: Caller, Body(change): Body<MyChange>) -> Result<Json<Me>, Problem> {
    let (deps, caller, change) = (&*deps, &caller, &change);
    let me = deps.database.transaction::<_, Problem>("change_me", |tx| {
        Box::pin(async move {
            // This takes over the phone, too.
            let mut user = person_keys::lock_and_remember(tx, &deps.ambient, &deps.pepper, caller).await?;
            if let Some(name) = change.name.as_ref().map(CustomerName::as_str).filter(|name| *name != user.name) {
                users::rename(tx, user.id, name).await?;
                name.clone_into(&mut user.name);
            }
            if let Some(phone) = &user.phone {
                for clinic in mine::list_confirmed(tx, user.id).await? {
                    memberships::link_customer(tx, &deps.ambient, clinic, user.id, &user.name, phone).await?;
                }
            }
            view(tx, deps, caller).await
        })
    });
    let me = me.await?;
    if let Some(user) = me.user_id {
        tracing::info!(event = "user.changed", user.id = %user, renamed = change.name.is_some(), "a user changed");
    }
    Ok(Json(me))
}
