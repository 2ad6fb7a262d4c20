//! Looking at codes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Datelike as _, Utc};
use serde::Deserialize;
use shared::db::audit::{self, Subject};
use shared::db::referral_codes::manage::{self, Place};
use shared::http::{Caller, Cursor, Ids, Page, Params, Problem, Staff};
use shared::model::{ReferralCode, UserId};
use utoipa::IntoParams;

use crate::Deps;
use crate::view::{CodeOwner, CodeView};

/// Which codes to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The clinic's own, or those of members; `clinic` unless said.
    #[param(inline)]
    owner: Option<CodeOwner>,
    /// Where the page before ended.
    cursor: Option<Cursor>,
    /// How many, at most 200; 50 unless said.
    limit: Option<u32>,
}

/// Lists the referral codes of the clinic or of its members
///
/// The clinic's own newest first; those of members with their names, those first who came to Dangol last. Codes of people who
/// have withdrawn are left out.
#[utoipa::path(
    get,
    path = "/v1/referral-codes",
    operation_id = "listReferralCodes",
    responses((status = 200, body = Page<CodeView>))
)]
pub async fn list(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Params(asked): Params<Asked>,
) -> Result<Json<Page<CodeView>>, Problem> {
    let limit = Page::<CodeView>::limit(asked.limit);
    let now = deps.ambient.now();
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let view = |code| CodeView::new(code, &deps.console, now);
    if asked.owner.unwrap_or_default() == CodeOwner::Clinic {
        let after = asked.cursor.map(|cursor| place(&cursor)).transpose()?;
        let found = manage::list_of_clinic(&mut connection, staff.clinic, after.as_ref(), limit + 1).await?;
        let key = |last: &CodeView| format!("{}.{}", last.created_at.timestamp_micros(), last.code);
        return Ok(Json(Page::cut(found.into_iter().map(view).collect(), limit, key)));
    }
    let before = asked.cursor.map(|cursor| cursor.0.parse::<UserId>()).transpose().map_err(|_| foreign())?;
    let found = manage::list_of_members(&mut connection, staff.clinic, before, limit + 1).await?;
    let key = |last: &CodeView| last.member.as_ref().map(|member| member.user_id.to_string()).unwrap_or_default();
    let page = Page::cut(found.into_iter().map(view).collect(), limit, key);
    let count = page.items.len();
    audit::record(&mut connection, &deps.ambient, &staff, "referral_code.list", Subject::Many, count).await?;
    tracing::info!(event = "referral_codes.read", staff.id = %staff.id, count, "codes of members listed");
    Ok(Json(page))
}

/// Shows a referral code
///
/// Of the clinic or of one of its members.
#[utoipa::path(
    get,
    path = "/v1/referral-codes/{code}",
    operation_id = "showReferralCode",
    responses((status = 200, body = CodeView))
)]
pub async fn show(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Ids(code): Ids<ReferralCode>,
) -> Result<Json<CodeView>, Problem> {
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let found = manage::find(&mut connection, staff.clinic, &code).await?.ok_or_else(Problem::not_found)?;
    let view = CodeView::new(found, &deps.console, deps.ambient.now());
    if let Some(member) = &view.member {
        let subject = Subject::User(member.user_id);
        audit::record(&mut connection, &deps.ambient, &staff, "referral_code.show", subject, 1).await?;
        tracing::info!(event = "referral_code.read", staff.id = %staff.id, user.id = %member.user_id, "code of a member shown");
    }
    Ok(Json(view))
}

fn place(cursor: &Cursor) -> Result<Place, Problem> {
    let place = cursor.0.split_once('.').and_then(|(at, code)| {
        let at = at.parse().ok().and_then(DateTime::<Utc>::from_timestamp_micros)?;
        // A made-up cursor may hold a year that no database takes.
        (1970..10_000).contains(&at.year()).then_some(Place { at, code: code.parse().ok()? })
    });
    place.ok_or_else(foreign)
}

fn foreign() -> Problem {
    Problem::invalid("cursor", "이 목록의 커서가 아닙니다.", "not a cursor of this list")
}
