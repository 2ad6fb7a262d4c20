//! Triggered by `GET /v1/me`, `/v1/me/friends`, `/v1/me/points` and `/v1/members`.
//! Responsible for what a user sees of their clinics, codes, friends and points, and a clinic's staff of its members.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::db::memberships::{Member, Membership};
use shared::db::point_entries::Entry;
use shared::db::referrals::{self, Friend};
use shared::db::{Database, memberships, point_entries, users};
use shared::http::{Caller, Cursor, Page, Params, Problem, Staff};
use shared::model::id::PointEntryId;
use shared::model::state::{MembershipState, PointReason};
use shared::model::{ClinicId, PhoneNumber, UserId};

/// What the use case needs.
pub struct Deps {
    /// The database.
    pub database: Database,
}

/// The routes of this function.
pub fn routes(deps: Deps) -> Router {
    Router::new()
        .route("/v1/me", get(me))
        .route("/v1/me/friends", get(friends))
        .route("/v1/me/points", get(points))
        .route("/v1/members", get(members))
        .with_state(Arc::new(deps))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Me {
    /// Absent until the person joins a first clinic.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    name: Option<String>,
    clinics: Vec<ClinicOfMine>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ClinicOfMine {
    clinic_id: ClinicId,
    clinic_name: String,
    membership: MembershipState,
    referral_code: Option<String>,
    points: i64,
    points_notice: String,
    since: DateTime<Utc>,
}

impl From<Membership> for ClinicOfMine {
    fn from(membership: Membership) -> Self {
        Self {
            clinic_id: membership.clinic,
            clinic_name: membership.clinic_name,
            membership: membership.state,
            referral_code: membership.referral_code,
            points: membership.points,
            points_notice: membership.points_notice,
            since: membership.created_at,
        }
    }
}

async fn me(State(deps): State<Arc<Deps>>, caller: Caller) -> Result<Json<Me>, Problem> {
    let mut connection = deps.database.acquire().await?;
    let Some(user) = users::find_by_subject(&mut connection, &caller.subject).await? else {
        return Ok(Json(Me { user_id: None, name: caller.name, clinics: Vec::new() }));
    };
    let clinics = memberships::list_of_user(&mut connection, user.id).await?.into_iter().map(ClinicOfMine::from).collect();
    Ok(Json(Me { user_id: Some(user.id), name: Some(user.name), clinics }))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Friends {
    invited: Vec<FriendView>,
    invited_by: Vec<FriendView>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FriendView {
    name: String,
    clinic_id: ClinicId,
    clinic_name: String,
    joined_at: DateTime<Utc>,
}

impl From<Friend> for FriendView {
    fn from(friend: Friend) -> Self {
        Self { name: friend.name, clinic_id: friend.clinic, clinic_name: friend.clinic_name, joined_at: friend.joined_at }
    }
}

async fn friends(State(deps): State<Arc<Deps>>, caller: Caller) -> Result<Json<Friends>, Problem> {
    let mut connection = deps.database.acquire().await?;
    let Some(user) = users::find_by_subject(&mut connection, &caller.subject).await? else {
        return Ok(Json(Friends { invited: Vec::new(), invited_by: Vec::new() }));
    };
    let invited = referrals::list_invited(&mut connection, user.id).await?;
    let invited_by = referrals::list_inviters(&mut connection, user.id).await?;
    let view = |friends: Vec<Friend>| friends.into_iter().map(FriendView::from).collect();
    Ok(Json(Friends { invited: view(invited), invited_by: view(invited_by) }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PageParams {
    cursor: Option<Cursor>,
    limit: Option<u32>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EntryView {
    id: PointEntryId,
    clinic_id: ClinicId,
    reason: PointReason,
    amount: i32,
    at: DateTime<Utc>,
}

impl From<Entry> for EntryView {
    fn from(entry: Entry) -> Self {
        Self { id: entry.id, clinic_id: entry.clinic, reason: entry.reason, amount: entry.amount, at: entry.created_at }
    }
}

async fn points(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Params(params): Params<PageParams>,
) -> Result<Json<Page<EntryView>>, Problem> {
    let limit = Page::<EntryView>::limit(params.limit);
    let before = params.cursor.map(|cursor| cursor.0.parse()).transpose().map_err(|_| foreign_cursor())?;
    let mut connection = deps.database.acquire().await?;
    let entries = match users::find_by_subject(&mut connection, &caller.subject).await? {
        Some(user) => point_entries::list_of_user(&mut connection, user.id, before, limit + 1).await?,
        None => Vec::new(),
    };
    let views = entries.into_iter().map(EntryView::from).collect();
    Ok(Json(Page::cut(views, limit, |last| last.id.to_string())))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct MemberView {
    user_id: UserId,
    name: String,
    phone: Option<PhoneNumber>,
    membership: MembershipState,
    /// The code they came through.
    referral_code: Option<String>,
    points: i64,
    since: DateTime<Utc>,
}

impl From<Member> for MemberView {
    fn from(member: Member) -> Self {
        Self {
            user_id: member.user,
            name: member.name,
            phone: member.phone.and_then(|phone| PhoneNumber::from_e164(&phone).ok()),
            membership: member.state,
            referral_code: member.code,
            points: member.points,
            since: member.created_at,
        }
    }
}

async fn members(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Params(params): Params<PageParams>,
) -> Result<Json<Page<MemberView>>, Problem> {
    let limit = Page::<MemberView>::limit(params.limit);
    let after = params.cursor.map(|cursor| cursor.0.parse()).transpose().map_err(|_| foreign_cursor())?;
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let members = memberships::list_of_clinic(&mut connection, staff.clinic, after, limit + 1).await?;
    tracing::info!(event = "members.read", clinic.id = %staff.clinic, staff.id = %staff.id, after = ?after, count = members.len(), "members read");
    let views = members.into_iter().map(MemberView::from).collect();
    Ok(Json(Page::cut(views, limit, |last| last.user_id.to_string())))
}

fn foreign_cursor() -> Problem {
    Problem::invalid("cursor", "이 목록의 커서가 아닙니다.", "not a cursor of this list")
}
