//! Triggered by the routes below `/v1/templates`.
//! Responsible for the clinic's templates: fetched from the provider and changed through it, shown with whether they can be sent and
//! why not, with where their variables come from, and as a customer would get them.

mod add;
mod change;
mod preview;
mod provider;
mod sources;
mod view;
mod wish;

use std::sync::Arc;

use axum::Router;
use shared::clock::Ambient;
use shared::db::Database;
use shared::http::{Kind, Table};
use shared::provider::{Aligo, Provider};
use shared::route;
use utoipa::openapi::OpenApi;

/// What the use case needs.
pub struct Deps<V> {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
    /// Who keeps the templates.
    pub provider: V,
    /// What stands before the token in links whose visits are counted, such as `https://go.example.com/c`; empty when it is not
    /// known.
    pub link_base: String,
}

fn table<V: Provider + Send + Sync + 'static>() -> Table<Arc<Deps<V>>> {
    let changing =
        &[Kind::TemplateState, Kind::NoSenderKey, Kind::ProviderRefused, Kind::ProviderUnavailable, Kind::ProviderUnclear];
    Table::new("Templates", "AlimTalk texts that Kakao approves, as the provider keeps them.")
        .for_staff()
        .add(route!(view::list::<V>))
        .add(route!(add::add::<V>).answers(&[
            Kind::NotFound,
            Kind::NoSenderKey,
            Kind::TemplateExists,
            Kind::InProgress,
            Kind::ProviderRefused,
            Kind::ProviderUnavailable,
            Kind::ProviderUnclear,
        ]))
        .add(route!(view::show::<V>))
        .add(route!(change::edit::<V>).answers(changing))
        .add(route!(change::delete::<V>).answers(changing))
        .add(route!(change::request_review::<V>).answers(changing))
        .add(route!(sources::set::<V>))
        .add(route!(preview::preview::<V>))
        .add(route!(provider::synchronise::<V>).answers(&[
            Kind::NotFound,
            Kind::NoSenderKey,
            Kind::ProviderRefused,
            Kind::ProviderUnavailable,
        ]))
}

/// The routes of this function.
pub fn routes<V: Provider + Send + Sync + 'static>(deps: Deps<V>) -> Router {
    table().router(Arc::new(deps))
}

/// The documentation of these routes.
#[must_use]
pub fn openapi() -> OpenApi {
    table::<Aligo>().document()
}
