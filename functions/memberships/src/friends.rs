//! Whom the caller invited, and who invited the caller.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::db::memberships::mine::{self, Friend, Invited};
use shared::db::users;
use shared::http::{Caller, Cursor, Page, Params, Problem};
use shared::model::{ClinicId, ReferralId};
use utoipa::ToSchema;

use crate::{Deps, OwnParams, place};

/// Friends of a user at the own clinics, without those who have withdrawn.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Friends {
    /// How many the caller invited, on all pages.
    #[schema(example = 1)]
    invited_count: u64,
    /// Those of them on this page, newest first.
    invited: Vec<FriendView>,
    /// Those who invited the caller, one for each clinic at most: all of them, on every page.
    invited_by: Vec<FriendView>,
    /// Asks for the next page of those whom the caller invited; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<Cursor>,
}

/// A friend at a clinic.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Friend)]
struct FriendView {
    #[serde(skip)]
    id: ReferralId,
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
        Self {
            id: friend.id,
            name: friend.name,
            clinic_id: friend.clinic,
            clinic_name: friend.clinic_name,
            joined_at: friend.joined_at,
        }
    }
}

/// The friends whom the caller invited, and those who invited the caller
///
/// At the caller's own clinics. Who has withdrawn is neither shown nor counted.
#[utoipa::path(get, path = "/v1/me/friends", operation_id = "listFriends", responses((status = 200, body = Friends)))]
pub async fn list(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Params(asked): Params<OwnParams>,
) -> Result<Json<Friends>, Problem> {
    let limit = Page::<FriendView>::limit(asked.limit);
    let before = place(asked.cursor)?;
    let mut connection = deps.database.acquire().await?;
    let user = users::find_by_subject(&mut connection, &caller.subject).await?;
    crate::points::own(&mut connection, user.as_ref(), asked.clinic_id).await?;
    let Some(user) = user else { return Ok(Json(Friends::default())) };
    let Invited { count, friends } = mine::list_invited(&mut connection, user.id, asked.clinic_id, before, limit + 1).await?;
    let inviters = mine::list_inviters(&mut connection, user.id, asked.clinic_id).await?;
    let page = Page::cut(friends.into_iter().map(FriendView::from).collect(), limit, |last| last.id.to_string());
    Ok(Json(Friends {
        invited_count: count,
        invited: page.items,
        invited_by: inviters.into_iter().map(FriendView::from).collect(),
        next_cursor: page.next_cursor,
    }))
}
