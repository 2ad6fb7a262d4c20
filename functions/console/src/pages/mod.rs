//! The pages, a module for each subject.

pub mod account;
pub mod again;
pub mod audit;
pub mod broken;
pub mod campaigns;
pub mod clinic;
pub mod codes;
pub mod customers;
pub mod dashboard;
pub mod groups;
pub mod imports;
pub mod invite;
pub mod me;
pub mod members;
pub mod points;
pub mod send;
pub mod settings;
pub mod staff;
pub mod suppressions;
pub mod templates;

use std::sync::Arc;

use axum::Router;

use crate::site::Deps;

/// All of them.
pub fn routes() -> Router<Arc<Deps>> {
    Router::new()
        .merge(account::routes())
        .merge(audit::routes())
        .merge(campaigns::routes())
        .merge(clinic::routes())
        .merge(codes::routes())
        .merge(customers::routes())
        .merge(dashboard::routes())
        .merge(groups::routes())
        .merge(imports::routes())
        .merge(invite::routes())
        .merge(me::routes())
        .merge(members::routes())
        .merge(points::routes())
        .merge(send::routes())
        .merge(settings::routes())
        .merge(staff::routes())
        .merge(suppressions::routes())
        .merge(templates::routes())
}
