//! Triggered by `POST /v1/campaigns`, `GET /v1/campaigns`, `GET /v1/campaigns/{campaignId}` and its `/messages`.
//! Responsible for writing down what a clinic wants to send, once it can be sent, and for showing what became of every message.

mod ask;
mod show;

use std::sync::Arc;

use axum::Router;
use shared::aws::topics::{Publisher, SnsPublisher};
use shared::clock::Ambient;
use shared::db::Database;
use shared::http::{Kind, Table};
use shared::route;
use utoipa::openapi::OpenApi;

/// What the use case needs.
pub struct Deps<P> {
    /// The database.
    pub database: Database,
    /// Where facts are published.
    pub publisher: P,
    /// Time and randomness.
    pub ambient: Ambient,
}

fn table<P: Publisher + Send + Sync + 'static>() -> Table<Arc<Deps<P>>> {
    Table::new("Campaigns", "AlimTalk messages to the customers of groups, and what became of each.")
        .for_staff()
        .add(route!(ask::ask::<P>).answers(&[Kind::NotFound, Kind::SenderNotSet, Kind::TemplateNotSendable]))
        .add(route!(show::list::<P>))
        .add(route!(show::find::<P>))
        .add(route!(show::messages::<P>))
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
