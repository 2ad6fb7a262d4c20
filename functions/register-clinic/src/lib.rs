//! Triggered by `POST /v1/clinics`, `GET /v1/clinic` and `PATCH /v1/clinic`.
//! Responsible for a clinic's beginning (owner, unassigned group, own referral code: one transaction) and its settings.

mod settings;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Json, Router};
use serde::Deserialize;
use shared::clock::Ambient;
use shared::db::clinics::{self, Clinic, Invitations};
use shared::db::referral_codes::{self, Owner};
use shared::db::{Database, groups, staff, violates};
use shared::http::{Body, Caller, Kind, Problem, Staff, Table};
use shared::model::customer::{ClinicName, SenderKey};
use shared::model::phone::SenderNumber;
use shared::model::state::Role;
use shared::model::{ClinicId, StaffId};
use shared::route;
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;

use crate::settings::{ClinicView, view};

/// What people read about points unless the clinic writes its own text (Korean Medical Service Act, art. 27(3)).
const POINTS_NOTICE: &str = "포인트는 비급여 진료 항목에만 사용할 수 있습니다.";
const DEFAULT_POINTS: u32 = 1000;
const MAX_LINK_HOSTS: usize = 20;

/// What the use case needs.
pub struct Deps {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
}

fn table() -> Table<Arc<Deps>> {
    Table::new("Clinic", "A clinic's beginning, and its settings.")
        .add(route!(register).answers(&[Kind::AlreadyStaff, Kind::SenderKeyTaken]))
        .add(route!(settings::show).answers(&[Kind::NotStaff, Kind::NotFound]))
        .add(route!(settings::change).answers(&[Kind::NotStaff, Kind::NotOwner, Kind::NotFound, Kind::SenderKeyTaken]))
}

/// The routes of this function.
pub fn routes(deps: Deps) -> Router {
    table().router(Arc::new(deps))
}

/// The documentation of these routes.
#[must_use]
pub fn openapi() -> OpenApi {
    table().document()
}

/// What a person says about the clinic they register.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewClinic, example = json!({
    "name": "단골의원",
    "senderKey": "2f1b8c0e5d7a4c3b9e6f",
    "senderPhone": "02-555-0101",
    "linkHosts": ["www.example.com"],
}))]
struct Registration {
    /// The clinic's name.
    name: ClinicName,
    /// The key of its KakaoTalk channel. Needed before anything can be sent.
    sender_key: Option<SenderKey>,
    /// Its sender number. Needed before anything can be sent.
    sender_phone: Option<SenderNumber>,
    /// Hosts that links in messages may lead to: no scheme, path, port or IP address.
    #[serde(default)]
    #[schema(max_items = 20)]
    link_hosts: Vec<String>,
}

/// Registers a clinic
///
/// The caller becomes its owner. It begins with its unassigned group and a referral code of its own.
#[utoipa::path(post, path = "/v1/clinics", operation_id = "registerClinic", responses((status = 201, body = ClinicView)))]
async fn register(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Body(registration): Body<Registration>,
) -> Result<(StatusCode, Json<ClinicView>), Problem> {
    let ambient = &deps.ambient;
    let hosts = link_hosts(&registration.link_hosts)?;
    let clinic = Clinic {
        id: ClinicId::new(ambient),
        name: registration.name.into(),
        time_zone: "Asia/Seoul".to_owned(),
        sender_key: registration.sender_key.map(String::from),
        sender_phone: registration.sender_phone.map(String::from),
        points_enabled: true,
        join_points: DEFAULT_POINTS,
        invite_points: DEFAULT_POINTS,
        points_notice: POINTS_NOTICE.to_owned(),
        invitations: Invitations::default(),
        created_at: ambient.now(),
    };
    let owner = Staff { id: StaffId::new(ambient), clinic: clinic.id, role: Role::Owner };
    let (clinic, hosts, owner, caller) = (&clinic, &hosts, &owner, &caller);
    let registered = deps.database.transaction::<_, Problem>("register_clinic", |tx| {
        Box::pin(async move {
            clinics::insert(tx, clinic).await.map_err(taken_or_broken)?;
            clinics::replace_link_hosts(tx, clinic.id, hosts).await?;
            staff::insert(tx, ambient, owner, &caller.subject, caller.name.as_deref().unwrap_or_default()).await.map_err(
                |error| if violates(&error, "staff_subject") { Problem::of(Kind::AlreadyStaff) } else { error.into() },
            )?;
            // A token outlives the account by up to an hour.
            if staff::has_withdrawn(tx, &caller.subject).await? {
                return Err(Problem::of(Kind::Unauthenticated));
            }
            if let Some(phone) = &caller.phone {
                staff::set_phone(tx, owner.id, phone).await?;
            }
            groups::insert_unassigned(tx, ambient, clinic.id).await?;
            referral_codes::insert(tx, ambient, clinic.id, Owner::Clinic).await?;
            view(tx, clinic.clone(), owner).await
        })
    });
    let view = registered.await?;
    tracing::info!(event = "clinic.registered", clinic.id = %clinic.id, "clinic registered");
    Ok((StatusCode::CREATED, Json(view)))
}

/// A KakaoTalk channel belongs to one clinic, so that nobody can send in another's name.
fn taken_or_broken(error: sqlx::Error) -> Problem {
    if violates(&error, "clinics_sender_key") {
        return Problem::of(Kind::SenderKeyTaken);
    }
    error.into()
}

/// Host names as a browser would write them; addresses of machines and ports are no host names.
fn link_hosts(hosts: &[String]) -> Result<Vec<String>, Problem> {
    if hosts.len() > MAX_LINK_HOSTS {
        let (ko, en) = (format!("최대 {MAX_LINK_HOSTS}개입니다."), format!("at most {MAX_LINK_HOSTS}"));
        return Err(Problem::invalid("linkHosts", ko, en));
    }
    let mut tidy = hosts.iter().map(|host| shared::model::link::host(host)).collect::<Option<Vec<_>>>().ok_or_else(|| {
        let en = "host names only, for example www.example.com: no scheme, path, port or IP address";
        Problem::invalid("linkHosts", "www.example.com처럼 도메인만 입력하세요 (주소, 포트, IP 제외).", en)
    })?;
    tidy.sort_unstable();
    tidy.dedup();
    Ok(tidy)
}
