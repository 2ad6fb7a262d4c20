//! Triggered by the routes below `/v1/points` and by `/v1/members/{userId}/points/...`.
//! Responsible for what a clinic's staff does with points: reading the ledger, spending, adjusting, taking back, and deciding on
//! points that are held for review.

mod change;
mod held;
mod ledger;
mod view;

use std::sync::Arc;

use axum::Router;
use shared::aws::topics::{Publisher, SnsPublisher};
use shared::clock::Ambient;
use shared::db::Database;
use shared::http::{Kind, Problem, Table};
use shared::model::customer::visible;
use shared::route;
use utoipa::openapi::OpenApi;

/// What the use case needs.
pub struct Deps<P> {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
    /// Where points that are released are published.
    pub publisher: P,
}

fn table<P: Publisher + Send + Sync + 'static>() -> Table<Arc<Deps<P>>> {
    Table::new(
        "Points",
        "The ledger of a clinic's points. Lines are only ever added, and a balance is the sum of its lines, never below zero.",
    )
    .for_staff()
    .add(route!(ledger::list::<P>).answers(&[Kind::NotFound]))
    .add(route!(ledger::totals::<P>))
    .add(route!(change::spend::<P>).answers(&[Kind::NotEnoughPoints]))
    .add(route!(change::adjust::<P>).answers(&[Kind::NotOwner, Kind::MembershipState, Kind::NotEnoughPoints, Kind::PointsOff]))
    .add(route!(change::reverse::<P>).answers(&[Kind::NotOwner, Kind::NotEnoughPoints, Kind::NotReversible, Kind::PointsOff]))
    .add(route!(held::list::<P>))
    .add(route!(held::release::<P>).answers(&[Kind::NotOwner, Kind::AlreadyDecided, Kind::MembershipState, Kind::PointsOff]))
    .add(route!(held::refuse::<P>).answers(&[Kind::NotOwner, Kind::AlreadyDecided]))
}

/// The routes of this function.
pub fn routes<P: Publisher + Send + Sync + 'static>(deps: Deps<P>) -> Router {
    table::<P>().router(Arc::new(deps))
}

/// The documentation of these routes.
#[must_use]
pub fn openapi() -> OpenApi {
    table::<SnsPublisher>().document()
}

/// What a note may have, in characters.
const MAX_NOTE: usize = 200;

/// A note as it is kept.
fn note(text: Option<&str>) -> Result<String, Problem> {
    let note = visible(text.unwrap_or_default());
    if note.chars().count() <= MAX_NOTE {
        return Ok(note);
    }
    let (ko, en) = (format!("메모는 최대 {MAX_NOTE}자입니다."), format!("at most {MAX_NOTE} characters"));
    Err(Problem::invalid("note", ko, en))
}

/// A note without which it is not done.
fn because(text: &str) -> Result<String, Problem> {
    let note = note(Some(text))?;
    if !note.is_empty() {
        return Ok(note);
    }
    let (ko, en) = (format!("이유를 1~{MAX_NOTE}자로 입력해 주세요."), format!("say why, in 1 to {MAX_NOTE} characters"));
    Err(Problem::invalid("note", ko, en))
}

/// Nobody gives points to themselves.
fn for_oneself() -> Problem {
    Problem::invalid(
        "userId",
        "본인에게는 직접 포인트를 줄 수 없습니다. 다른 대표 또는 직원에게 요청해 주세요.",
        "Nobody can give points to themselves. Ask a colleague.",
    )
}

/// The clinic has switched points off.
fn points_off() -> Problem {
    Problem::of(Kind::PointsOff).detail(
        "병원 설정에서 포인트를 켠 뒤에 다시 시도해 주세요. 이미 있는 포인트는 그대로 사용할 수 있습니다.",
        "Switch points on in the clinic's settings first. Points that members have can be spent all the same.",
    )
}

/// The cursor is not one that this list gave.
fn foreign_cursor() -> Problem {
    Problem::invalid("cursor", "이 목록의 커서가 아닙니다.", "not a cursor of this list")
}
