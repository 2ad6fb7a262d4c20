//! What the caller's points are made of.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::db::memberships::mine::{self, Line};
use shared::db::users::{self, User};
use shared::http::{Caller, Page, Params, Problem};
use shared::model::ClinicId;
use shared::model::id::PointEntryId;
use shared::model::state::PointReason;
use sqlx::MySqlConnection;
use utoipa::ToSchema;

use crate::{Deps, OwnParams, place};

/// One line of the caller's points.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MyPointEntry)]
pub struct LineView {
    /// The line.
    id: PointEntryId,
    /// Where.
    clinic_id: ClinicId,
    reason: PointReason,
    /// How many points came; negative when they went.
    #[schema(example = 1000)]
    amount: i32,
    /// How many points were at that clinic after this line.
    #[schema(example = 3000)]
    balance: i64,
    /// The line that this one takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    reverses: Option<PointEntryId>,
    /// When.
    at: DateTime<Utc>,
}

impl From<Line> for LineView {
    fn from(line: Line) -> Self {
        Self {
            id: line.id,
            clinic_id: line.clinic,
            reason: line.reason,
            amount: line.amount,
            balance: line.balance,
            reverses: line.reverses,
            at: line.created_at,
        }
    }
}

/// Lists what the caller's points came from and went to, newest first
///
/// At the caller's own clinics. Each line says how many points were at its clinic then.
#[utoipa::path(get, path = "/v1/me/points", operation_id = "listPoints", responses((status = 200, body = Page<LineView>)))]
pub async fn list(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Params(asked): Params<OwnParams>,
) -> Result<Json<Page<LineView>>, Problem> {
    let limit = Page::<LineView>::limit(asked.limit);
    let before = place(asked.cursor)?;
    let mut connection = deps.database.acquire().await?;
    let user = users::find_by_subject(&mut connection, &caller.subject).await?;
    own(&mut connection, user.as_ref(), asked.clinic_id).await?;
    let lines = match user {
        Some(user) => mine::list_points(&mut connection, user.id, asked.clinic_id, before, limit + 1).await?,
        None => Vec::new(),
    };
    let views = lines.into_iter().map(LineView::from).collect();
    Ok(Json(Page::cut(views, limit, |last: &LineView| last.id.to_string())))
}

/// Refuses a clinic that is not one of the caller's own exactly as if there were none.
pub async fn own(connection: &mut MySqlConnection, user: Option<&User>, clinic: Option<ClinicId>) -> Result<(), Problem> {
    match (user, clinic) {
        (_, None) => Ok(()),
        (Some(user), Some(clinic)) if mine::is_own(connection, user.id, clinic).await? => Ok(()),
        _ => Err(Problem::not_found()),
    }
}
