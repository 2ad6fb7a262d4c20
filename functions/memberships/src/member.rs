//! One member, with everything that the clinic sees of them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::db::audit::{self, Subject};
use shared::db::memberships::profile::{self, Profile, Source};
use shared::http::{Caller, Ids, Problem, Staff};
use shared::model::state::{EndReason, MembershipState, UnpaidReason};
use shared::model::{CustomerId, PhoneNumber, UserId};
use utoipa::ToSchema;

use crate::Deps;
use crate::me::readable;

/// A member with everything that the clinic sees of them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MemberProfile)]
pub struct ProfileView {
    /// The member.
    user_id: UserId,
    /// Their name.
    #[schema(example = "김단골")]
    name: String,
    /// Their phone, when they have proven it; not shown of somebody whose membership has ended.
    phone: Option<PhoneNumber>,
    membership: MembershipState,
    /// Since when they are a member, or wait to be one.
    since: DateTime<Utc>,
    /// When the membership was confirmed.
    confirmed_at: Option<DateTime<Utc>>,
    /// When it ended; only of one that did.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<DateTime<Utc>>,
    /// Why it ended; only of one that did.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_because: Option<EndReason>,
    /// The customer who is the same person, when the clinic has one.
    customer_id: Option<CustomerId>,
    /// How they came; absent when it was without a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<SourceView>,
    /// Their own code at this clinic.
    #[schema(example = "7K3M9QXF")]
    own_code: Option<String>,
    /// Their points at this clinic.
    #[schema(example = 1000)]
    points: i64,
    /// Points of theirs that somebody of the clinic is to look at first.
    #[schema(example = 0)]
    points_held: u64,
    /// How many they brought to this clinic, without those who have withdrawn.
    #[schema(example = 3)]
    invited_count: u64,
}

/// How a member came.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MemberSource)]
struct SourceView {
    /// Through which code.
    #[schema(example = "7K3M9QXF")]
    code: String,
    owner: CodeOwner,
    /// What the clinic calls its code; absent when there is no label.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "접수대 QR")]
    label: Option<String>,
    /// The member whose code it is; absent when it is the clinic's, or the member has withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    invited_by: Option<Inviter>,
    /// When they came.
    at: DateTime<Utc>,
    /// Why the invitation earned nothing; absent when it did, or when nobody was to earn.
    #[serde(skip_serializing_if = "Option::is_none")]
    unpaid_because: Option<UnpaidReason>,
}

/// Whose code it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = MemberSourceOwner)]
pub enum CodeOwner {
    /// The clinic's own.
    Clinic,
    /// A member's.
    Member,
}

/// The member who invited another.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MemberInviter)]
pub struct Inviter {
    /// The member.
    user_id: UserId,
    /// Their name.
    #[schema(example = "이친구")]
    name: String,
}

impl From<(UserId, String)> for Inviter {
    fn from((user_id, name): (UserId, String)) -> Self {
        Self { user_id, name }
    }
}

impl CodeOwner {
    pub fn new(is_of_member: bool) -> Self {
        if is_of_member { Self::Member } else { Self::Clinic }
    }
}

impl From<Source> for SourceView {
    fn from(source: Source) -> Self {
        Self {
            code: source.code,
            owner: CodeOwner::new(source.is_of_member),
            label: Some(source.label).filter(|label| !label.is_empty()),
            invited_by: source.inviter.map(Inviter::from),
            at: source.joined_at,
            unpaid_because: source.unpaid_because,
        }
    }
}

impl ProfileView {
    pub fn new(user_id: UserId, profile: Profile) -> Self {
        let (ended_at, ended_because) = profile.ended.unzip();
        Self {
            user_id,
            name: profile.name,
            phone: readable(profile.phone.as_deref()),
            membership: profile.state,
            since: profile.created_at,
            confirmed_at: profile.confirmed_at,
            ended_at,
            ended_because,
            customer_id: profile.customer,
            source: profile.source.map(SourceView::from),
            own_code: profile.own_code,
            points: profile.points,
            points_held: profile.points_held,
            invited_count: profile.invited,
        }
    }

    /// How many people it is about: the member, and who invited them.
    pub fn people(&self) -> usize {
        1 + usize::from(self.source.as_ref().is_some_and(|source| source.invited_by.is_some()))
    }
}

/// Shows a member
///
/// Who looked is logged.
#[utoipa::path(get, path = "/v1/members/{userId}", operation_id = "showMember", responses((status = 200, body = ProfileView)))]
pub async fn show(State(deps): State<Arc<Deps>>, caller: Caller, Ids(user): Ids<UserId>) -> Result<Json<ProfileView>, Problem> {
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let profile = profile::find_profile(&mut connection, staff.clinic, user).await?.ok_or_else(Problem::not_found)?;
    let view = ProfileView::new(user, profile);
    audit::record(&mut connection, &deps.ambient, &staff, "member.show", Subject::User(user), view.people()).await?;
    tracing::info!(event = "member.read", clinic.id = %staff.clinic, staff.id = %staff.id, user.id = %user, "a member read");
    Ok(Json(view))
}
