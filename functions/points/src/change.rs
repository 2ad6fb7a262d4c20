//! Lines that the staff writes: spending, adjusting, taking back.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use shared::aws::topics::Publisher;
use shared::clock::Ambient;
use shared::db::audit::{self, Subject};
use shared::db::clinics;
use shared::db::idempotency::{self, Request, Seen};
use shared::db::point_entries::{self, NewLine, NotWritten, What};
use shared::http::{Body, Caller, IdempotencyKey, Ids, Kind, Problem, Staff, replay};
use shared::model::id::PointEntryId;
use shared::model::state::{MembershipState, PointReason};
use shared::model::{Points, UserId};
use sqlx::MySqlConnection;
use utoipa::ToSchema;

use crate::{Deps, because, for_oneself, note, points_off};

/// Points that a member uses.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"amount": 1000, "note": "스케일링 할인"}))]
pub struct Spending {
    /// How many, at least 1.
    amount: Points,
    /// What for, at most 200 characters.
    #[schema(max_length = 200)]
    note: Option<String>,
}

/// A correction of a member's points.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"amount": -500, "note": "두 번 입력되어 바로잡습니다."}))]
pub struct Adjustment {
    /// By how many, up or down: from -1,000,000 to 1,000,000, and not 0.
    #[schema(minimum = -1_000_000, maximum = 1_000_000)]
    amount: i32,
    /// Why, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    note: String,
}

/// Why a line is taken back.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"note": "진료가 취소되었습니다."}))]
pub struct Reversal {
    /// Why, at most 200 characters.
    #[schema(max_length = 200)]
    note: Option<String>,
}

/// The line that was written.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WrittenLine {
    /// The line.
    id: PointEntryId,
    /// Whose points.
    user_id: UserId,
    reason: PointReason,
    /// By how much the balance moved; negative when points went away.
    #[schema(example = -1000)]
    amount: i64,
    /// What the member has now.
    #[schema(example = 2000)]
    balance: i64,
    /// The line that this one takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    reverses: Option<PointEntryId>,
}

/// What became of a request.
enum Outcome {
    /// The line is written, with this answer.
    Now(Staff, WrittenLine, String),
    /// It was answered before.
    Before(u16, String),
}

/// Uses points of a member
///
/// Never more than the member has. Also where the clinic grants no points at present, and by members who have left: what was earned is
/// theirs.
#[utoipa::path(
    post,
    path = "/v1/members/{userId}/points/spend",
    operation_id = "spendPoints",
    responses((status = 201, body = WrittenLine))
)]
pub async fn spend<P: Publisher>(
    State(deps): State<Arc<Deps<P>>>,
    caller: Caller,
    Ids(user): Ids<UserId>,
    IdempotencyKey(key): IdempotencyKey,
    Body(asked): Body<Spending>,
) -> Result<Response, Problem> {
    let text = note(asked.note.as_deref())?;
    if asked.amount.get() == 0 {
        return Err(Problem::invalid("amount", "1 이상의 포인트를 입력해 주세요.", "one point or more"));
    }
    let request = Request::new(&caller.subject, "POST /v1/members/{userId}/points/spend", &key, &(user, &asked));
    let (ambient, caller, request, text) = (&deps.ambient, &caller, &request, text.as_str());
    let what = What::Spend(asked.amount.get());
    let spent = deps.database.transaction::<_, Problem>("spend_points", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            if let Some(before) = before(tx, ambient, request).await? {
                return Ok(before);
            }
            point_entries::lock_member(tx, staff.clinic, user).await?.ok_or_else(Problem::not_found)?;
            write(tx, ambient, (staff, "points.spend"), request, (user, what, text)).await
        })
    });
    Ok(answer(spent.await?))
}

/// Corrects a member's points
///
/// Only the owner, and not for themselves. Points are added only while the clinic grants points.
#[utoipa::path(
    post,
    path = "/v1/members/{userId}/points/adjust",
    operation_id = "adjustPoints",
    responses((status = 201, body = WrittenLine))
)]
pub async fn adjust<P: Publisher>(
    State(deps): State<Arc<Deps<P>>>,
    caller: Caller,
    Ids(user): Ids<UserId>,
    IdempotencyKey(key): IdempotencyKey,
    Body(asked): Body<Adjustment>,
) -> Result<Response, Problem> {
    let text = because(&asked.note)?;
    if asked.amount == 0 || asked.amount.unsigned_abs() > Points::MAX {
        let ko = format!("0이 아닌 -{max}~{max} 사이의 포인트를 입력해 주세요.", max = Points::MAX);
        let en = format!("from -{max} to {max}, and not 0", max = Points::MAX);
        return Err(Problem::invalid("amount", ko, en));
    }
    let request = Request::new(&caller.subject, "POST /v1/members/{userId}/points/adjust", &key, &(user, &asked));
    let (ambient, caller, request, text, amount) = (&deps.ambient, &caller, &request, text.as_str(), asked.amount);
    let adjusted = deps.database.transaction::<_, Problem>("adjust_points", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            staff.require_owner()?;
            if let Some(before) = before(tx, ambient, request).await? {
                return Ok(before);
            }
            let member = point_entries::lock_member(tx, staff.clinic, user).await?.ok_or_else(Problem::not_found)?;
            if member.is(tx, caller, &staff).await? {
                return Err(for_oneself());
            }
            if member.state == MembershipState::Pending {
                return Err(Problem::of(Kind::MembershipState).detail(
                    "아직 단골로 확인되지 않았습니다. 먼저 확인해 주세요.",
                    "The person is no confirmed member yet. Confirm them first.",
                ));
            }
            if amount > 0 && !grants_points(tx, &staff).await? {
                return Err(points_off());
            }
            write(tx, ambient, (staff, "points.adjust"), request, (user, What::Adjust(amount), text)).await
        })
    });
    Ok(answer(adjusted.await?))
}

/// Takes a line back
///
/// By a new line of the opposite amount: once, not for a line that itself takes another back, and not when the member would have less
/// than nothing. Nobody gives points back to themselves. A correction is taken back by the owner, and one that took points away only
/// while the clinic grants points.
#[utoipa::path(
    post,
    path = "/v1/points/{entryId}/reverse",
    operation_id = "reversePoints",
    responses((status = 201, body = WrittenLine))
)]
pub async fn reverse<P: Publisher>(
    State(deps): State<Arc<Deps<P>>>,
    caller: Caller,
    Ids(entry): Ids<PointEntryId>,
    IdempotencyKey(key): IdempotencyKey,
    Body(asked): Body<Reversal>,
) -> Result<Response, Problem> {
    let text = note(asked.note.as_deref())?;
    let request = Request::new(&caller.subject, "POST /v1/points/{entryId}/reverse", &key, &(entry, &asked));
    let (ambient, caller, request, text) = (&deps.ambient, &caller, &request, text.as_str());
    let reversed = deps.database.transaction::<_, Problem>("reverse_points", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            if let Some(before) = before(tx, ambient, request).await? {
                return Ok(before);
            }
            let line = point_entries::find_reversible(tx, staff.clinic, entry).await?.ok_or_else(Problem::not_found)?;
            if line.reason == PointReason::Reverse {
                return Err(Problem::of(Kind::NotReversible).detail(
                    "다른 내역을 취소한 내역은 다시 취소할 수 없습니다.",
                    "A line that takes another back cannot be taken back itself.",
                ));
            }
            // What the owner alone may do the owner alone undoes.
            let is_correction = line.reason == PointReason::Adjust;
            if is_correction {
                staff.require_owner()?;
            }
            // Who has withdrawn has no points that could be put right.
            let member = point_entries::lock_member(tx, staff.clinic, line.user).await?.ok_or_else(Problem::not_found)?;
            if line.amount < 0 {
                if member.is(tx, caller, &staff).await? {
                    return Err(for_oneself());
                }
                // What was spent is the member's, and comes back all the same.
                if is_correction && !grants_points(tx, &staff).await? {
                    return Err(points_off());
                }
            }
            let what = What::Reverse(entry, line.amount);
            write(tx, ambient, (staff, "points.reverse"), request, (line.user, what, text)).await
        })
    });
    Ok(answer(reversed.await?))
}

/// Whether the clinic grants points at present.
pub async fn grants_points(connection: &mut MySqlConnection, staff: &Staff) -> Result<bool, Problem> {
    let clinic = clinics::find(connection, staff.clinic).await?;
    Ok(clinic.is_some_and(|clinic| clinic.points_enabled))
}

/// The answer that was given before to the same request, if there was one.
async fn before(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    request: &Request<'_>,
) -> Result<Option<Outcome>, Problem> {
    match idempotency::claim(connection, ambient, request).await? {
        Seen::Never => Ok(None),
        Seen::Answered(status, body) => Ok(Some(Outcome::Before(status, body))),
        Seen::Different => Err(Problem::of(Kind::IdempotencyKeyReused)),
    }
}

/// Writes the line, who did it, and the answer.
async fn write(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    (staff, action): (Staff, &'static str),
    request: &Request<'_>,
    (user, what, note): (UserId, What, &str),
) -> Result<Outcome, Problem> {
    let line = NewLine { clinic: staff.clinic, user, what, staff: staff.id, note };
    let (id, balance) = match point_entries::insert(connection, ambient, &line).await {
        Ok(written) => written,
        Err(NotWritten::NotEnough(has)) => {
            return Err(Problem::of(Kind::NotEnoughPoints)
                .detail(format!("지금 가진 포인트는 {has}점입니다."), format!("The member has {has} points at present."))
                .with("balance", has));
        }
        Err(NotWritten::Reversed) => {
            return Err(Problem::of(Kind::NotReversible).detail("이미 취소된 내역입니다.", "The line was taken back before."));
        }
        Err(NotWritten::Database(error)) => return Err(error.into()),
    };
    audit::record(connection, ambient, &staff, action, Subject::User(user), 1).await?;
    let reverses = if let What::Reverse(line, _) = what { Some(line) } else { None };
    let written = WrittenLine { id, user_id: user, reason: what.reason(), amount: what.amount(), balance, reverses };
    let body = serde_json::to_string(&written).map_err(Problem::internal)?;
    idempotency::save(connection, request, StatusCode::CREATED.as_u16(), &body).await?;
    Ok(Outcome::Now(staff, written, body))
}

fn answer(outcome: Outcome) -> Response {
    match outcome {
        Outcome::Before(status, body) => replay(status, body),
        Outcome::Now(staff, WrittenLine { id, user_id, reason, amount, .. }, body) => {
            tracing::info!(
                event = "points.changed", staff.id = %staff.id, user.id = %user_id, entry.id = %id, reason = %reason, amount,
                "points changed"
            );
            (StatusCode::CREATED, [(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
    }
}
