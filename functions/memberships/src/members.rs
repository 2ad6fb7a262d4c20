//! The clinic's members, as a list and in numbers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::db::audit::{self, Subject};
use shared::db::memberships::list::{self as stored, Counts, Listed, Place, Search, Source, Wanted};
use shared::http::{Caller, Cursor, Page, Params, Problem, Staff};
use shared::model::state::{EndReason, MembershipState};
use shared::model::{CustomerId, PhoneNumber, ReferralCode, UserId};
use utoipa::{IntoParams, ToSchema};

use crate::me::readable;
use crate::member::{CodeOwner, Inviter};
use crate::{Deps, place};

const MAX_SEARCH: usize = 50;

/// Which members to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MembersAsked {
    /// A part of a name or of a phone, at most 50 characters: `단골`, `010-1234`, `5678`.
    q: Option<String>,
    /// Only those who stand so.
    #[param(inline)]
    state: Option<MembershipState>,
    /// Only those who came through this code.
    #[param(inline)]
    code: Option<ReferralCode>,
    /// Where the page before ended.
    cursor: Option<Cursor>,
    /// How many, at most 200; 50 unless said.
    limit: Option<u32>,
}

/// A member in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Member)]
pub struct MemberView {
    /// The member.
    user_id: UserId,
    /// Their name.
    #[schema(example = "김단골")]
    name: String,
    /// Their phone, when they have proven it; not shown of somebody whose membership has ended.
    phone: Option<PhoneNumber>,
    membership: MembershipState,
    /// Why the membership ended; only of one that did.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_because: Option<EndReason>,
    /// The code they came through.
    #[schema(example = "7K3M9QXF")]
    referral_code: Option<String>,
    /// Whose code that is; absent when they came without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    referral_code_of: Option<ReferralCodeOf>,
    /// The customer who is the same person.
    customer_id: Option<CustomerId>,
    /// Their points at this clinic.
    #[schema(example = 1000)]
    points: i64,
    /// Since when.
    since: DateTime<Utc>,
}

/// Whose code a member came through.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ReferralCodeOf {
    owner: CodeOwner,
    /// What the clinic calls its code; absent when there is no label.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "접수대 QR")]
    label: Option<String>,
    /// The member whose code it is; absent when it is the clinic's, or the member has withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    invited_by: Option<Inviter>,
}

impl MemberView {
    /// How many people it is about: the member, and who invited them.
    fn people(&self) -> usize {
        1 + usize::from(self.referral_code_of.as_ref().is_some_and(|of| of.invited_by.is_some()))
    }
}

impl From<Listed> for MemberView {
    fn from(member: Listed) -> Self {
        let (referral_code, referral_code_of) = member
            .source
            .map(|Source { code, label, is_of_member, inviter }| {
                let label = Some(label).filter(|label| !label.is_empty());
                let of = ReferralCodeOf { owner: CodeOwner::new(is_of_member), label, invited_by: inviter.map(Inviter::from) };
                (code, of)
            })
            .unzip();
        Self {
            user_id: member.user,
            name: member.name,
            phone: readable(member.phone.as_deref()),
            membership: member.state,
            ended_because: member.ended_because,
            referral_code,
            referral_code_of,
            customer_id: member.customer,
            points: member.points,
            since: member.created_at,
        }
    }
}

/// Lists the clinic's members, those who came last first
///
/// Who has withdrawn is not shown. Who looked at which page is logged.
#[utoipa::path(get, path = "/v1/members", operation_id = "listMembers", responses((status = 200, body = Page<MemberView>)))]
pub async fn list(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Params(asked): Params<MembersAsked>,
) -> Result<Json<Page<MemberView>>, Problem> {
    let limit = Page::<MemberView>::limit(asked.limit);
    let behind = place(asked.cursor)?;
    let q = asked.q.as_deref().unwrap_or_default();
    if q.chars().count() > MAX_SEARCH {
        let (ko, en) = (format!("검색어는 최대 {MAX_SEARCH}자입니다."), format!("at most {MAX_SEARCH} characters"));
        return Err(Problem::invalid("q", ko, en));
    }
    let wanted = Wanted { state: asked.state, code: asked.code, search: Search::of(q) };
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let found = stored::list(&mut connection, staff.clinic, &wanted, behind, limit + 1).await?;
    let views = found.into_iter().map(MemberView::from).collect();
    let page = Page::cut(views, limit, |last: &MemberView| Place { at: last.since, user: last.user_id }.to_string());
    let count = page.items.iter().map(MemberView::people).sum();
    audit::record(&mut connection, &deps.ambient, &staff, "members.list", Subject::Many, count).await?;
    tracing::info!(event = "members.read", clinic.id = %staff.clinic, staff.id = %staff.id, after = ?behind.map(|place| place.user), count, "members read");
    Ok(Json(page))
}

/// How many members the clinic has.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberCounts {
    /// Who wait for the clinic.
    #[schema(example = 3)]
    pending: u64,
    /// Who are members.
    #[schema(example = 120)]
    confirmed: u64,
    /// Who are members no more.
    #[schema(example = 7)]
    ended: u64,
}

/// How many members the clinic has, by state
///
/// Exactly those whom the list shows.
#[utoipa::path(get, path = "/v1/members/counts", operation_id = "countMembers", responses((status = 200, body = MemberCounts)))]
pub async fn count(State(deps): State<Arc<Deps>>, caller: Caller) -> Result<Json<MemberCounts>, Problem> {
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let Counts { pending, confirmed, ended } = stored::count(&mut connection, staff.clinic).await?;
    Ok(Json(MemberCounts { pending, confirmed, ended }))
}
