//! Joining: one transaction for all that a join does.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use shared::aws::topics::{Outgoing, Publisher};
use shared::clock::Ambient;
use shared::db::clinics::{self, Clinic};
use shared::db::referral_codes::{Owner, Shown};
use shared::db::referrals::{self, Known, Referral, There};
use shared::db::users::User;
use shared::db::{held_grants, invite_counts, memberships, outbox, person_keys, referral_codes, violates};
use shared::http::{Body, Caller, Kind, Problem};
use shared::message::PointsEarned;
use shared::model::membership::{self, Next, Refused, Step};
use shared::model::person_key::Pepper;
use shared::model::state::{HoldReason, MembershipState, PointReason};
use shared::model::{ClinicId, ReferralCode, ReferralId, UserId};
use sqlx::MySqlConnection;
use utoipa::ToSchema;

use crate::Deps;
use crate::earn::{self, Circumstances};
use crate::guess::{self, Guesser};

/// How somebody came to a clinic.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"referralCode": "7K3M9QXF"}))]
pub(crate) struct Signup {
    /// The code of a friend or of the clinic itself.
    referral_code: ReferralCode,
}

/// What a new member reads.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Joined {
    /// The new member.
    user_id: UserId,
    /// The clinic.
    clinic_id: ClinicId,
    /// The clinic's name.
    #[schema(example = "단골의원")]
    clinic_name: String,
    membership: MembershipState,
    /// The member's own code, to invite friends with; none when the clinic has disabled it or it has expired.
    #[schema(example = "7K3M9QXF")]
    referral_code: Option<String>,
    /// Where friends are invited with that code.
    #[schema(example = "https://app.example.com/i/7K3M9QXF")]
    invite_link: Option<String>,
    /// Points of the new member that arrive within moments of joining.
    #[schema(example = 1000)]
    join_points: u32,
    /// Points of the new member that arrive once the clinic has looked at them.
    #[schema(example = 0)]
    held_join_points: u32,
    /// Whether the clinic looks at points of this sign-up first: the new member's, or those of the friend who has invited them.
    points_held: bool,
    /// What the clinic says about its points.
    points_notice: String,
}

/// The points of a join.
#[derive(Debug, Default)]
struct Earned {
    /// To be published.
    granted: Vec<PointsEarned>,
    /// For the clinic to look at.
    held: Vec<(PointsEarned, HoldReason)>,
}

/// What one join comes to.
struct Outcome {
    joined: Joined,
    /// Whether the membership is new, or taken up again.
    new: bool,
    outgoing: Vec<Outgoing>,
}

/// Who joins what by which code.
struct Join<'a> {
    user: &'a User,
    caller: &'a Caller,
    pepper: &'a Pepper,
    clinic: &'a Clinic,
    code: &'a ReferralCode,
    shown: Shown,
}

/// Joins a clinic through a referral code
///
/// Confirms the membership, records who referred whom, makes the member's own code, and links the clinic's customer with the same
/// proven phone, or makes one. A person earns points once in a lifetime: for joining a first clinic. The same code again gets the
/// same answer, but for held points that the clinic has decided on since, and takes up again a membership that the member had ended.
/// After ten codes that cannot be used nothing more is said for ten minutes.
#[utoipa::path(
    post,
    path = "/v1/signups",
    operation_id = "joinClinic",
    responses(
        (status = 201, description = "The caller is a member now.", body = Joined),
        (status = 200, description = "The caller is a member through this code already.", body = Joined),
    )
)]
pub(crate) async fn sign_up<P: Publisher>(
    State(deps): State<Arc<Deps<P>>>,
    caller: Caller,
    Body(signup): Body<Signup>,
) -> Result<(StatusCode, Json<Joined>), Problem> {
    let (ambient, caller, code) = (&deps.ambient, &caller, &signup.referral_code);
    let pepper = &deps.pepper;
    let guesser = Guesser::account(pepper, &caller.subject);
    let shown = guess::look_up(&deps.database, ambient, Some(guesser), code, Some(&caller.subject)).await?;
    let work = deps.database.transaction::<_, Problem>("sign_up", |tx| {
        Box::pin(async move {
            let user = &person_keys::lock_and_remember(tx, ambient, pepper, caller).await?;
            let clinic = clinics::find(tx, shown.clinic).await?.ok_or_else(|| Problem::of(Kind::UnknownCode))?;
            join(tx, ambient, &Join { user, caller, pepper, clinic: &clinic, code, shown }).await
        })
    });
    let Outcome { mut joined, new, outgoing } = work.await?;
    joined.invite_link = joined.referral_code.as_ref().map(|code| deps.console.invite_link(code));
    outbox::publish(&deps.database, &deps.publisher, &outgoing).await;
    if !new {
        return Ok((StatusCode::OK, Json(joined)));
    }
    tracing::info!(event = "member.joined", clinic.id = %joined.clinic_id, user.id = %joined.user_id, "a user joined");
    Ok((StatusCode::CREATED, Json(joined)))
}

/// The caller's user is locked, so nothing here happens twice at once for one account.
async fn join(tx: &mut MySqlConnection, ambient: &Ambient, join: &Join<'_>) -> Result<Outcome, Problem> {
    let Join { user, clinic, shown, .. } = *join;
    let referrer = match shown.owner {
        Owner::User(referrer) if referrer == user.id => return Err(Problem::of(Kind::OwnCode)),
        Owner::User(referrer) => Some(referrer),
        Owner::Clinic => None,
    };
    let earlier = referrals::find_earlier(tx, user.id, clinic.id).await?;
    let again = match &earlier.there {
        Some(there) if there.code == join.code.as_str() => Some(there),
        Some(_) => return Err(Problem::of(Kind::AlreadyReferred)),
        None => None,
    };
    // Keys before memberships: whoever is the same person under another account waits here. The phone is the stored one, which the
    // token has just renewed if it could: who has proven a phone once is known by it, whatever the token says today.
    let keys = join.pepper.keys(&[user.phone.as_deref()], join.caller.email.as_deref());
    let new_person = person_keys::remember(tx, ambient, user.id, &keys).await?;
    let standing = memberships::lock(tx, clinic.id, user.id).await?;
    match (membership::next(standing.as_ref(), Step::Join, ambient.now()), again) {
        // The same request again: the same answer.
        (Err(Refused::AlreadyMember), Some(there)) => return repeat(tx, ambient, join, there).await,
        (Err(refused), _) => return Err(refused.into()),
        (Ok(Next::Same | Next::Pending | Next::Ended(_)), _) => return Err(Problem::of(Kind::MembershipState)),
        (Ok(Next::Confirmed), _) if !shown.usable => return Err(Problem::of(Kind::UnknownCode)),
        (Ok(Next::Confirmed), _) if !clinic.invitations.accepts_members => return Err(Problem::of(Kind::ClinicClosed)),
        (Ok(Next::Confirmed), _) => {}
    }
    if let Some(there) = again {
        let code = memberships::confirm(tx, ambient, clinic.id, user).await?;
        referrals::come_back(tx, there.id).await?;
        return Ok(Outcome { joined: view(join, code, &Earned::default()), new: true, outgoing: Vec::new() });
    }
    let first = !earlier.anywhere && new_person && !is_known_by_phone(tx, user).await?;
    begin(tx, ambient, join, referrer, first).await
}

/// Whether somebody has joined with this phone of whom nothing else is remembered.
async fn is_known_by_phone(tx: &mut MySqlConnection, user: &User) -> Result<bool, sqlx::Error> {
    match &user.phone {
        Some(phone) => referrals::has_joined_with_phone(tx, user.id, phone).await,
        None => Ok(false),
    }
}

/// A join through a code that the user has not used before.
async fn begin(
    tx: &mut MySqlConnection,
    ambient: &Ambient,
    join: &Join<'_>,
    referrer: Option<UserId>,
    first: bool,
) -> Result<Outcome, Problem> {
    let Join { user, caller, clinic, code, .. } = *join;
    let known = match referrer {
        Some(referrer) => referrals::find_known(tx, clinic.id, user, &caller.subject, referrer).await?,
        None => Known::default(),
    };
    // Whoever invites may have left since the code was looked up.
    if referrer.is_some() && !known.referrer_is_member {
        return Err(Problem::of(Kind::UnknownCode));
    }
    let circumstances = Circumstances { first, proven: caller.phone.is_some(), referrer, known };
    let (unpaid, join_points) = (earn::unpaid(clinic, &circumstances), earn::at_once(clinic, &circumstances));
    let referral = Referral { clinic: clinic.id, user: user.id, code: code.as_str(), referrer, unpaid, join_points };
    let referral = referrals::insert(tx, ambient, &referral).await;
    let referral = referral
        .map_err(|error| if violates(&error, "referrals_once") { Problem::of(Kind::AlreadyReferred) } else { error.into() })?;
    let own_code = memberships::confirm(tx, ambient, clinic.id, user).await?;
    let earned = earned(tx, ambient, join, &circumstances, referral).await?;
    for (points, because) in &earned.held {
        held_grants::insert(tx, ambient, points, *because).await?;
    }
    let outgoing = outbox::insert_all(tx, ambient, &earned.granted).await?;
    Ok(Outcome { joined: view(join, own_code, &earned), new: true, outgoing })
}

/// Decides what is granted at once and what the clinic looks at first.
async fn earned(
    tx: &mut MySqlConnection,
    ambient: &Ambient,
    join: &Join<'_>,
    circumstances: &Circumstances,
    referral: ReferralId,
) -> Result<Earned, Problem> {
    let Join { user, clinic, .. } = *join;
    let mut earned = Earned::default();
    if let Some(points) = earn::join_points(clinic, circumstances, user.id, referral) {
        earned.add(points, earn::hold(clinic, circumstances, PointReason::Join));
    }
    if let (Some(referrer), Some(points)) =
        (circumstances.referrer, earn::invite_points(clinic, circumstances, user.id, referral))
    {
        let mut because = earn::hold(clinic, circumstances, PointReason::Invite);
        if because.is_none() {
            let (now, limits) = (ambient.now(), &clinic.invitations);
            let zone: Tz = clinic.time_zone.parse().map_err(Problem::internal)?;
            let day = now.with_timezone(&zone).date_naive();
            because = invite_counts::take(tx, clinic.id, referrer, limits, day, now).await?.err();
        }
        earned.add(points, because);
    }
    Ok(earned)
}

impl Earned {
    fn add(&mut self, points: PointsEarned, because: Option<HoldReason>) {
        match because {
            Some(because) => self.held.push((points, because)),
            None => self.granted.push(points),
        }
    }
}

/// What was answered before, but for held points that the clinic has decided on since.
async fn repeat(tx: &mut MySqlConnection, ambient: &Ambient, join: &Join<'_>, there: &There) -> Result<Outcome, Problem> {
    let Join { user, clinic, .. } = *join;
    let held = held_grants::list_of_referral(tx, there.id, user.id).await?;
    let own_code = referral_codes::find_of_user(tx, clinic.id, user.id, ambient.now()).await?;
    let mut joined = view(join, own_code, &Earned::default());
    joined.join_points = there.join_points;
    joined.points_held = !held.is_empty();
    joined.held_join_points = held.iter().filter(|(earner, _)| *earner == user.id).map(|(_, amount)| amount).sum();
    Ok(Outcome { joined, new: false, outgoing: Vec::new() })
}

fn view(join: &Join<'_>, own_code: Option<String>, earned: &Earned) -> Joined {
    let own = |points: &PointsEarned| match points {
        PointsEarned::V1 { reason: PointReason::Join, amount, .. } => amount.get(),
        PointsEarned::V1 { .. } => 0,
    };
    Joined {
        user_id: join.user.id,
        clinic_id: join.clinic.id,
        clinic_name: join.clinic.name.clone(),
        membership: MembershipState::Confirmed,
        referral_code: own_code,
        invite_link: None,
        join_points: earned.granted.iter().map(own).sum(),
        held_join_points: earned.held.iter().map(|(points, _)| own(points)).sum(),
        points_held: !earned.held.is_empty(),
        points_notice: join.clinic.points_notice.clone(),
    }
}
