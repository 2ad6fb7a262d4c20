//! Triggered by the routes below `/v1/me`, `/v1/memberships` and `/v1/members`.
//! Responsible for what a user sees and changes of themselves and of their own clinics, and for what a clinic's staff see and decide
//! about its members.

mod ask;
mod decide;
mod friends;
mod me;
mod member;
mod members;
mod points;
mod tree;

use std::sync::Arc;

use axum::Router;
use serde::Deserialize;
use shared::clock::Ambient;
use shared::db::Database;
use shared::http::{Cursor, Kind, Problem, Table};
use shared::model::ClinicId;
use shared::model::console::ConsoleOrigin;
use shared::model::person_key::Pepper;
use shared::route;
use utoipa::IntoParams;
use utoipa::openapi::OpenApi;

/// What the use case needs.
pub struct Deps {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
    /// What goes into the hashes by which people are known again.
    pub pepper: Pepper,
    /// Links to share lead to the console.
    pub console: ConsoleOrigin,
}

fn table() -> Table<Arc<Deps>> {
    Table::new("Members", "What users see of themselves and of their clinics, and clinics of their members.")
        .add(route!(me::show))
        .add(route!(me::change))
        .add(route!(friends::list).answers(&[Kind::NotFound]))
        .add(route!(points::list).answers(&[Kind::NotFound]))
        .add(route!(ask::ask).answers(&[Kind::NotFound, Kind::AlreadyMember, Kind::ClinicClosed, Kind::MembershipEnded]))
        .add(route!(ask::leave))
        .add(route!(members::list).answers(&[Kind::NotStaff]))
        .add(route!(members::count).answers(&[Kind::NotStaff]))
        .add(route!(member::show).answers(&[Kind::NotStaff]))
        .add(route!(tree::show).answers(&[Kind::NotStaff]))
        .add(route!(decide::confirm).answers(&[Kind::NotStaff, Kind::MembershipState]))
        .add(route!(decide::decline).answers(&[Kind::NotStaff, Kind::MembershipState]))
        .add(route!(decide::end).answers(&[Kind::NotStaff, Kind::MembershipState]))
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

/// Which page of what the caller has at the own clinics.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OwnParams {
    /// Only what is at this clinic.
    #[param(inline)]
    clinic_id: Option<ClinicId>,
    /// Where the page before ended.
    cursor: Option<Cursor>,
    /// How many, at most 200; 50 unless said.
    limit: Option<u32>,
}

/// Where a page goes on, as its cursor tells.
fn place<T: std::str::FromStr>(cursor: Option<Cursor>) -> Result<Option<T>, Problem> {
    let place = cursor.map(|cursor| cursor.0.parse()).transpose();
    place.map_err(|_| Problem::invalid("cursor", "이 목록의 커서가 아닙니다.", "not a cursor of this list"))
}
