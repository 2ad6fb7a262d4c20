//! Triggered by the routes below `/v1/staff`, and by `GET /v1/audit`.
//! Responsible for who works for a clinic: invitations by link, roles, removal; and for the log of what they did with whose data.

mod accept;
mod audit;
mod colleagues;
mod invitations;
mod token;
mod words;

use std::sync::Arc;

use axum::Router;
use shared::clock::Ambient;
use shared::db::staff::{self, Colleague};
use shared::db::{Database, Tx};
use shared::http::{Caller, Kind, Problem, Staff, Table};
use shared::model::console::ConsoleOrigin;
use shared::model::state::Role;
use shared::route;
use utoipa::openapi::OpenApi;

pub use words::ACTIONS;

/// What the use case needs.
pub struct Deps {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
    /// Where links of invitations lead to.
    pub console: ConsoleOrigin,
}

fn table() -> Table<Arc<Deps>> {
    Table::new(
        "Staff",
        "Who works for a clinic and may do what, who is invited to, and the log of what they did with whose data.",
    )
    .add(route!(colleagues::list).answers(&[Kind::NotStaff]))
    .add(route!(colleagues::change).answers(&[Kind::NotStaff, Kind::NotOwner, Kind::LastOwner]))
    .add(route!(colleagues::remove).answers(&[Kind::NotStaff, Kind::NotOwner, Kind::LastOwner]))
    .add(route!(invitations::invite).answers(&[Kind::NotStaff, Kind::NotOwner, Kind::TooManyInvitations]))
    .add(route!(invitations::list).answers(&[Kind::NotStaff, Kind::NotOwner]))
    .add(route!(invitations::revoke).answers(&[Kind::NotStaff, Kind::NotOwner, Kind::AlreadyDecided]))
    .add(route!(accept::preview).answers(&[Kind::UnknownInvitation, Kind::Unavailable]))
    .add(route!(accept::accept).answers(&[Kind::UnknownInvitation, Kind::AlreadyStaff]))
    .add(route!(audit::list).answers(&[Kind::NotStaff, Kind::NotOwner]))
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

/// The caller with everybody who works for the clinic, locked: whatever is decided by who is an owner stays true until the end of
/// the transaction, also when two owners remove each other.
async fn locked(tx: &mut Tx<'_>, caller: &Caller) -> Result<(Staff, Vec<Colleague>), Problem> {
    let known = Staff::identify(tx, caller).await?;
    let everybody = staff::lock_all(tx, known.clinic).await?;
    // Somebody who was faster may have changed the caller's role, or removed them.
    let now = everybody.iter().find(|colleague| colleague.id == known.id).ok_or_else(Problem::not_staff)?;
    let role = now.role;
    Ok((Staff { role, ..known }, everybody))
}

/// A clinic cannot be without an owner: refuses when nobody but this person is one.
fn require_another_owner(everybody: &[Colleague], leaving: &Colleague) -> Result<(), Problem> {
    let stays = |other: &&Colleague| other.role == Role::Owner && other.id != leaving.id;
    if leaving.role == Role::Owner && !everybody.iter().any(|other| stays(&other)) {
        return Err(Problem::of(Kind::LastOwner));
    }
    Ok(())
}
