//! Triggered by `POST /v1/signups`.
//! Responsible for joining a clinic through a referral code: membership, referral, own code and the points that follow,
//! in one transaction.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use shared::aws::topics::{Outgoing, Publisher, SnsPublisher};
use shared::clock::Ambient;
use shared::db::clinics::{self, Clinic};
use shared::db::referral_codes::{self, Owner};
use shared::db::referrals::{self, Referral};
use shared::db::users::{self, User};
use shared::db::{Database, memberships, outbox, violates};
use shared::http::{Body, Caller, Kind, Problem, Table};
use shared::message::PointsEarned;
use shared::model::state::{MembershipState, PointReason};
use shared::model::{ClinicId, Points, ReferralCode, ReferralId, UserId};
use shared::route;
use sqlx::MySqlConnection;
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;

/// What the use case needs.
pub struct Deps<P> {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
    /// Where `PointsEarned` is published.
    pub publisher: P,
}

fn table<P: Publisher + Send + Sync + 'static>() -> Table<Arc<Deps<P>>> {
    Table::new("Sign-up", "Joining a clinic through a referral code.").add(route!(sign_up::<P>).answers(&[
        Kind::UnknownCode,
        Kind::OwnCode,
        Kind::AlreadyReferred,
        Kind::AlreadyMember,
    ]))
}

/// The routes of this function.
pub fn routes<P: Publisher + Send + Sync + 'static>(deps: Deps<P>) -> Router {
    table().router(Arc::new(deps))
}

/// The documentation of these routes.
#[must_use]
pub fn openapi() -> OpenApi {
    table::<SnsPublisher>().document()
}

/// How somebody came to a clinic.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"referralCode": "7K3M9QXA"}))]
struct Signup {
    /// The code of a friend or of the clinic itself.
    referral_code: ReferralCode,
}

/// What a new member reads.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Joined {
    /// The new member.
    user_id: UserId,
    /// The clinic.
    clinic_id: ClinicId,
    /// The clinic's name.
    #[schema(example = "단골의원")]
    clinic_name: String,
    membership: MembershipState,
    /// The member's own code, to invite friends with.
    #[schema(example = "7K3M9QXA")]
    referral_code: Option<String>,
    /// Points that this sign-up earns; they arrive within moments.
    #[schema(example = 1000)]
    join_points: u32,
    /// What the clinic says about its points.
    points_notice: String,
}

/// What one join comes to.
struct Outcome {
    joined: Joined,
    new: bool,
    outgoing: Vec<Outgoing>,
}

/// Joins a clinic through a referral code
///
/// Confirms the membership, records who referred whom and makes the member's own code. A user earns points once in a lifetime:
/// when no referral of theirs existed before. The same code again gets the same answer.
#[utoipa::path(
    post,
    path = "/v1/signups",
    operation_id = "signUp",
    responses(
        (status = 201, description = "The caller is a member now.", body = Joined),
        (status = 200, description = "The caller had joined through this code before.", body = Joined),
    )
)]
async fn sign_up<P: Publisher>(
    State(deps): State<Arc<Deps<P>>>,
    caller: Caller,
    Body(signup): Body<Signup>,
) -> Result<(StatusCode, Json<Joined>), Problem> {
    let (ambient, caller, code) = (&deps.ambient, &caller, &signup.referral_code);
    let join = deps.database.transaction::<_, Problem>("sign_up", |tx| {
        Box::pin(async move {
            let user = users::lock_or_insert(tx, ambient, caller).await?;
            let (clinic, owner) = referral_codes::find(tx, code).await?.ok_or_else(|| Problem::of(Kind::UnknownCode))?;
            let clinic = clinics::find(tx, clinic).await?.ok_or_else(|| Problem::of(Kind::UnknownCode))?;
            join(tx, ambient, &user, &clinic, code, owner).await
        })
    });
    let Outcome { joined, new, outgoing } = join.await?;
    outbox::publish(&deps.database, &deps.publisher, &outgoing).await;
    if !new {
        return Ok((StatusCode::OK, Json(joined)));
    }
    tracing::info!(event = "member.joined", clinic.id = %joined.clinic_id, user.id = %joined.user_id, "a user joined");
    Ok((StatusCode::CREATED, Json(joined)))
}

/// The caller's user is locked, so nothing here happens twice at once for one person.
async fn join(
    tx: &mut MySqlConnection,
    ambient: &Ambient,
    user: &User,
    clinic: &Clinic,
    code: &ReferralCode,
    owner: Owner,
) -> Result<Outcome, Problem> {
    let referrer = match owner {
        Owner::User(referrer) if referrer == user.id => return Err(Problem::of(Kind::OwnCode)),
        Owner::User(referrer) => Some(referrer),
        Owner::Clinic => None,
    };
    match referrals::find_code(tx, user.id, clinic.id).await? {
        // The same request again: the same answer.
        Some(earlier) if earlier == code.as_str() => {
            let joined = view(tx, user, clinic, 0).await?;
            return Ok(Outcome { joined, new: false, outgoing: Vec::new() });
        }
        Some(_) => return Err(Problem::of(Kind::AlreadyReferred)),
        None => {}
    }
    if memberships::find_state(tx, clinic.id, user.id).await? == Some(MembershipState::Confirmed) {
        return Err(Problem::of(Kind::AlreadyMember));
    }

    let first = !referrals::exists(tx, user.id).await?;
    let referral = Referral { clinic: clinic.id, user: user.id, code: code.as_str(), referrer };
    let referral = referrals::insert(tx, ambient, &referral).await;
    let referral = referral
        .map_err(|error| if violates(&error, "referrals_once") { Problem::of(Kind::AlreadyReferred) } else { error.into() })?;
    memberships::confirm(tx, ambient, clinic.id, user.id).await?;
    if referral_codes::find_of_user(tx, clinic.id, user.id).await?.is_none() {
        referral_codes::insert(tx, ambient, clinic.id, Owner::User(user.id)).await?;
    }

    let mut outgoing = Vec::new();
    if first && clinic.points_enabled {
        for earned in points(clinic, referral, user.id, referrer) {
            outgoing.push(outbox::insert(tx, ambient, &earned).await?);
        }
    }
    let join_points = if first && clinic.points_enabled { clinic.join_points } else { 0 };
    Ok(Outcome { joined: view(tx, user, clinic, join_points).await?, new: true, outgoing })
}

/// Points of a first join: for the new user, and for the friend who invited them. The keys name the new user alone, so that
/// they are paid once in that user's lifetime whatever else happens.
fn points(clinic: &Clinic, referral: ReferralId, user: UserId, referrer: Option<UserId>) -> Vec<PointsEarned> {
    let earned = |key: &str, earner, reason, amount| {
        let amount = Points::try_from(amount).ok().filter(|amount| amount.get() > 0)?;
        let grant_key = format!("{key}:{user}");
        Some(PointsEarned::V1 { grant_key, clinic_id: clinic.id, user_id: earner, reason, amount, referral_id: referral })
    };
    let join = earned("join", user, PointReason::Join, clinic.join_points);
    let invite = referrer.and_then(|referrer| earned("invite", referrer, PointReason::Invite, clinic.invite_points));
    join.into_iter().chain(invite).collect()
}

async fn view(tx: &mut MySqlConnection, user: &User, clinic: &Clinic, join_points: u32) -> Result<Joined, Problem> {
    Ok(Joined {
        user_id: user.id,
        clinic_id: clinic.id,
        clinic_name: clinic.name.clone(),
        membership: MembershipState::Confirmed,
        referral_code: referral_codes::find_of_user(tx, clinic.id, user.id).await?,
        join_points,
        points_notice: clinic.points_notice.clone(),
    })
}
