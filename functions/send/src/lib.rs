//! Triggered by the routes below `/v1/campaigns`, by `GET /v1/customers/{customerId}/messages` and by `GET /v1/balance`.
//! Responsible for writing down what a clinic wants to send, once it can be sent, and for showing what became of every message.

mod again;
mod approved;
mod ask;
mod balance;
mod clicks;
mod control;
mod export;
mod messages;
mod plan;
mod preflight;
mod price;
mod progress;
mod provider;
mod received;
mod show;
mod test;
mod walk;
mod warnings;
mod words;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use shared::aws::downloads::{Downloads, S3Downloads};
use shared::aws::topics::{Publisher, SnsPublisher};
use shared::clock::Ambient;
use shared::db::Database;
use shared::http::{Kind, Table};
use shared::provider::{Aligo, Provider};
use shared::route;
use utoipa::openapi::OpenApi;

pub use price::Won;

/// What the use case needs.
pub struct Deps<P, V, D> {
    /// The database.
    pub database: Database,
    /// Where facts are published.
    pub publisher: P,
    /// Time and randomness.
    pub ambient: Ambient,
    /// Who has the templates and the money.
    pub provider: V,
    /// Offers lists of messages.
    pub downloads: D,
    /// What one message costs.
    pub unit_price: Won,
    /// How many bundles the provider gets per second at most, from all campaigns together.
    pub calls_per_second: u32,
    /// How long the provider is waited for.
    pub patience: Duration,
    /// How long customers are looked at for one answer.
    pub reading: Duration,
    /// What stands before the token in links whose visits are counted, such as `https://go.example.com/c`; empty when it is not
    /// known.
    pub link_base: String,
}

fn table<P, V, D>() -> Table<Arc<Deps<P, V, D>>>
where
    P: Publisher + Send + Sync + 'static,
    V: Provider + Send + Sync + 'static,
    D: Downloads + Send + Sync + 'static,
{
    let asking = &[Kind::NotFound, Kind::SenderNotSet, Kind::TemplateNotSendable];
    let following =
        &[Kind::SenderNotSet, Kind::TemplateNotSendable, Kind::CampaignState, Kind::AgainUnderWay, Kind::NoRecipients];
    Table::new("Campaigns", "AlimTalk messages to the customers of groups, and what became of each.")
        .for_staff()
        .add(route!(ask::ask::<P, V, D>).answers(asking))
        .add(route!(preflight::preflight::<P, V, D>).answers(asking))
        .add(route!(test::test::<P, V, D>).answers(asking))
        .add(route!(again::again::<P, V, D>).answers(following))
        .add(route!(show::list::<P, V, D>))
        .add(route!(progress::find::<P, V, D>))
        .add(route!(control::pause::<P, V, D>).answers(&[Kind::CampaignState]))
        .add(route!(control::resume::<P, V, D>).answers(&[Kind::CampaignState, Kind::TemplateNotSendable]))
        .add(route!(control::cancel::<P, V, D>).answers(&[Kind::CampaignState]))
        .add(route!(messages::list::<P, V, D>))
        .add(route!(messages::show::<P, V, D>))
        .add(route!(clicks::list::<P, V, D>))
        .add(route!(received::list::<P, V, D>))
        .add(route!(balance::show::<P, V, D>).answers(&[Kind::ProviderRefused, Kind::ProviderUnavailable]))
        .add(route!(export::export::<P, V, D>).answers(&[Kind::ExportTooLarge]))
}

/// The routes of this function.
pub fn routes<P, V, D>(deps: Deps<P, V, D>) -> Router
where
    P: Publisher + Send + Sync + 'static,
    V: Provider + Send + Sync + 'static,
    D: Downloads + Send + Sync + 'static,
{
    table().router(Arc::new(deps))
}

/// The documentation of these routes.
#[must_use]
pub fn openapi() -> OpenApi {
    table::<SnsPublisher, Aligo, S3Downloads>().document()
}
