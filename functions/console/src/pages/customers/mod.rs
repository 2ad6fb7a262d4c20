//! Customers of the clinic.

mod all;
mod edit;
mod export;
mod fields;
mod list;
mod one;
pub mod selection;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::response::Redirect;
use axum::routing::{get, post};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::site::Deps;

/// A customer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Customer {
    id: String,
    name: String,
    phone: String,
    attributes: BTreeMap<String, String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    advertising_consent_at: Option<DateTime<Utc>>,
    /// Only lists tell them.
    #[serde(default)]
    group_names: Vec<String>,
}

/// One of the clinic's own columns.
#[derive(Debug, Deserialize)]
pub struct Column {
    /// What it is called.
    pub name: String,
}

/// Its routes. Addresses that only take forms lead back to the list when somebody opens them, for another language for instance.
pub fn routes() -> Router<Arc<Deps>> {
    let to_list = || get(|| async { Redirect::to("/customers") });
    Router::new()
        .route("/customers", get(list::show))
        .route("/customers/new", get(edit::new).post(edit::add))
        .route("/customers/selection", to_list().post(selection::act))
        .route("/customers/all", to_list().post(all::step))
        .route("/customers/export", to_list().post(export::export))
        .route("/customers/{id}", get(one::show).post(edit::change))
        .route("/customers/{id}/delete", to_list().merge(post(one::delete)))
}
