//! Triggered by `POST /v1/signups` and `GET /v1/invitations/{code}`.
//! Responsible for what a referral code leads to: a look at the invitation, and joining the clinic, which is membership, referral,
//! own code, customer and the points that follow, in one transaction.

mod earn;
mod guess;
mod join;
mod preview;

use std::sync::Arc;

use axum::Router;
use shared::aws::topics::{Publisher, SnsPublisher};
use shared::clock::Ambient;
use shared::db::Database;
use shared::http::{Kind, SourceKey, Table};
use shared::model::console::ConsoleOrigin;
use shared::model::person_key::Pepper;
use shared::route;
use utoipa::openapi::OpenApi;

/// What the use case needs.
pub struct Deps<P> {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
    /// Where `PointsEarned` is published.
    pub publisher: P,
    /// What goes into the hashes by which people are known again.
    pub pepper: Pepper,
    /// What invite links begin with.
    pub console: ConsoleOrigin,
    /// By which the console proves for whom it asks.
    pub source_key: SourceKey,
}

fn table<P: Publisher + Send + Sync + 'static>() -> Table<Arc<Deps<P>>> {
    Table::new("Sign-up", "Joining a clinic through a referral code.")
        .add(route!(join::sign_up::<P>).answers(&[
            Kind::UnknownCode,
            Kind::TooManyGuesses,
            Kind::OwnCode,
            Kind::AlreadyReferred,
            Kind::AlreadyMember,
            Kind::MembershipEnded,
            Kind::ClinicClosed,
        ]))
        .add(route!(preview::show_invitation::<P>).answers(&[
            Kind::UnknownCode,
            Kind::TooManyGuesses,
            Kind::ClinicClosed,
            Kind::Unavailable,
        ]))
}

/// The routes of this function.
pub fn routes<P: Publisher + Send + Sync + 'static>(deps: Deps<P>) -> Router {
    table().router(Arc::new(deps))
}

/// The documentation of these routes.
#[must_use]
pub fn openapi() -> OpenApi {
    table::<SnsPublisher>().document()
}
