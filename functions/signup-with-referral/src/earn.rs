//! What a join earns: who is paid, who is not and why, and what the clinic looks at first. Rules only.

use shared::db::clinics::Clinic;
use shared::db::referrals::Known;
use shared::message::PointsEarned;
use shared::model::state::{HoldReason, PointReason, UnpaidReason};
use shared::model::{Points, ReferralId, UserId};

/// What decides about the points of a join.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances {
    /// Whether the person joins a first clinic, under this account or any other.
    pub first: bool,
    /// Whether the person has proven a phone that they still have.
    pub proven: bool,
    /// The user whose code it is; `None` when it is the clinic's.
    pub referrer: Option<UserId>,
    /// What the clinic knew of both.
    pub known: Known,
}

/// Why the one who invited is paid nothing. `None` when they are, and when nobody has invited.
pub(crate) fn unpaid(clinic: &Clinic, circumstances: &Circumstances) -> Option<UnpaidReason> {
    circumstances.referrer?;
    let Known { customer, member, staff, .. } = circumstances.known;
    let pays_for_known = clinic.invitations.pays_for_known;
    if !clinic.points_enabled {
        Some(UnpaidReason::PointsOff)
    } else if clinic.invite_points == 0 {
        Some(UnpaidReason::NoPoints)
    } else if !circumstances.first {
        Some(UnpaidReason::NotFirst)
    } else if staff && !pays_for_known {
        Some(UnpaidReason::Staff)
    } else if customer && !pays_for_known {
        Some(UnpaidReason::KnownCustomer)
    } else if member && !pays_for_known {
        Some(UnpaidReason::KnownMember)
    } else {
        None
    }
}

/// Points of a join that are looked at first, whatever the counts say.
pub(crate) fn hold(clinic: &Clinic, circumstances: &Circumstances, reason: PointReason) -> Option<HoldReason> {
    let unproven = clinic.invitations.holds_unproven && !circumstances.proven;
    let by_staff = reason == PointReason::Invite && circumstances.known.referrer_is_staff;
    by_staff.then_some(HoldReason::Staff).or_else(|| unproven.then_some(HoldReason::UnprovenPhone))
}

/// How many points joining earns the new user, be they held or not.
fn for_joining(clinic: &Clinic, circumstances: &Circumstances) -> u32 {
    if circumstances.first && clinic.points_enabled { clinic.join_points } else { 0 }
}

/// How many points the new user gets at once.
pub(crate) fn at_once(clinic: &Clinic, circumstances: &Circumstances) -> u32 {
    if hold(clinic, circumstances, PointReason::Join).is_none() { for_joining(clinic, circumstances) } else { 0 }
}

/// Points for the new user, if there are any.
pub(crate) fn join_points(
    clinic: &Clinic,
    circumstances: &Circumstances,
    user: UserId,
    referral: ReferralId,
) -> Option<PointsEarned> {
    grant(clinic, PointReason::Join, user, user, for_joining(clinic, circumstances), referral)
}

/// Points for the one who invited, if there are any.
pub(crate) fn invite_points(
    clinic: &Clinic,
    circumstances: &Circumstances,
    user: UserId,
    referral: ReferralId,
) -> Option<PointsEarned> {
    let referrer = circumstances.referrer.filter(|_| unpaid(clinic, circumstances).is_none())?;
    grant(clinic, PointReason::Invite, user, referrer, clinic.invite_points, referral)
}

/// The key names the new user alone, so that it is paid once in that user's lifetime whatever else happens.
fn grant(
    clinic: &Clinic,
    reason: PointReason,
    user: UserId,
    earner: UserId,
    amount: u32,
    referral: ReferralId,
) -> Option<PointsEarned> {
    let amount = Points::try_from(amount).ok().filter(|amount| amount.get() > 0)?;
    let grant_key = format!("{reason}:{user}");
    Some(PointsEarned::V1 { grant_key, clinic_id: clinic.id, user_id: earner, reason, amount, referral_id: referral })
}
