//! Triggered by `GET /v1/me`, `/v1/me/friends`, `/v1/me/points` and `/v1/members`.
//! Responsible for what a user sees of their clinics, codes, friends and points, and a clinic's staff of its members.

use std::sync::Arc;

use axum::extract::State;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::db::memberships::{Member, Membership};
use shared::db::point_entries::Entry;
use shared::db::referrals::{self, Friend};
use shared::db::{Database, memberships, point_entries, users};
use shared::http::{Caller, Cursor, Kind, Page, Params, Problem, Staff, Table};
use shared::model::id::PointEntryId;
use shared::model::state::{MembershipState, PointReason};
use shared::model::{ClinicId, PhoneNumber, UserId};
use shared::route;
use utoipa::openapi::OpenApi;
use utoipa::{IntoParams, ToSchema};

/// What the use case needs.
pub struct Deps {
    /// The database.
    pub database: Database,
}

fn table() -> Table<Arc<Deps>> {
    Table::new("Members", "What users see of their clinics, and clinics of their members.")
        .add(route!(me))
        .add(route!(friends))
        .add(route!(points))
        .add(route!(members).answers(&[Kind::NotStaff]))
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

/// The caller as a user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Me {
    /// Absent until the person joins a first clinic.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    /// The caller's name, as far as it is known.
    name: Option<String>,
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
    /// The member's own code, to invite friends with.
    #[schema(example = "7K3M9QXA")]
    referral_code: Option<String>,
    /// The member's points there.
    #[schema(example = 1000)]
    points: i64,
    /// What the clinic says about its points.
    points_notice: String,
    /// Since when.
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

/// The caller's clinics, codes and points
#[utoipa::path(get, path = "/v1/me", operation_id = "showMe", responses((status = 200, body = Me)))]
async fn me(State(deps): State<Arc<Deps>>, caller: Caller) -> Result<Json<Me>, Problem> {
    let mut connection = deps.database.acquire().await?;
    let Some(user) = users::find_by_subject(&mut connection, &caller.subject).await? else {
        return Ok(Json(Me { user_id: None, name: caller.name, clinics: Vec::new() }));
    };
    let clinics = memberships::list_of_user(&mut connection, user.id).await?.into_iter().map(ClinicOfMine::from).collect();
    Ok(Json(Me { user_id: Some(user.id), name: Some(user.name), clinics }))
}

/// Friends of a user, without those who have withdrawn.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Friends {
    /// Those whom the caller invited.
    invited: Vec<FriendView>,
    /// Those who invited the caller, one per clinic at most.
    invited_by: Vec<FriendView>,
}

/// A friend at a clinic.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Friend)]
struct FriendView {
    /// The friend's name.
    #[schema(example = "김단골")]
    name: String,
    /// Where.
    clinic_id: ClinicId,
    /// The clinic's name.
    #[schema(example = "단골의원")]
    clinic_name: String,
    /// When the invited one joined.
    joined_at: DateTime<Utc>,
}

impl From<Friend> for FriendView {
    fn from(friend: Friend) -> Self {
        Self { name: friend.name, clinic_id: friend.clinic, clinic_name: friend.clinic_name, joined_at: friend.joined_at }
    }
}

/// The friends whom the caller invited, and those who invited the caller
#[utoipa::path(get, path = "/v1/me/friends", operation_id = "listFriends", responses((status = 200, body = Friends)))]
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

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct PageParams {
    /// Where the page before ended.
    cursor: Option<Cursor>,
    /// How many, at most 200; 50 unless said.
    limit: Option<u32>,
}

/// One line of the ledger of points.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PointEntry)]
struct EntryView {
    /// The line.
    id: PointEntryId,
    /// Where.
    clinic_id: ClinicId,
    reason: PointReason,
    /// How many points.
    #[schema(example = 1000)]
    amount: i32,
    /// When.
    at: DateTime<Utc>,
}

impl From<Entry> for EntryView {
    fn from(entry: Entry) -> Self {
        Self { id: entry.id, clinic_id: entry.clinic, reason: entry.reason, amount: entry.amount, at: entry.created_at }
    }
}

/// Lists what the caller earned points for, newest first
#[utoipa::path(get, path = "/v1/me/points", operation_id = "listPoints", responses((status = 200, body = Page<EntryView>)))]
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

/// A member as the clinic's staff sees them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Member)]
struct MemberView {
    /// The member.
    user_id: UserId,
    /// Their name.
    #[schema(example = "김단골")]
    name: String,
    /// Their phone, when they have proven it.
    phone: Option<PhoneNumber>,
    membership: MembershipState,
    /// The code they came through.
    #[schema(example = "7K3M9QXA")]
    referral_code: Option<String>,
    /// Their points at this clinic.
    #[schema(example = 1000)]
    points: i64,
    /// Since when.
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

/// Lists the clinic's members
///
/// Who looked at which page is logged.
#[utoipa::path(get, path = "/v1/members", operation_id = "listMembers", responses((status = 200, body = Page<MemberView>)))]
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
