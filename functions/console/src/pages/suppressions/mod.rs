//! Who wants no messages.

mod list;
mod one;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;

use crate::parts;
use crate::site::{Deps, Site};

/// A number to which nothing is sent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Suppression {
    id: String,
    phone: String,
    #[serde(default)]
    customer: Option<Customer>,
    reason: String,
    reason_code: String,
    #[serde(default)]
    note: Option<String>,
    since: DateTime<Utc>,
    by: Somebody,
    #[serde(default)]
    lifted_at: Option<DateTime<Utc>>,
    #[serde(default)]
    lifted_by: Option<Somebody>,
    #[serde(default)]
    lifted_because: Option<String>,
}

/// The customer who has the number.
#[derive(Debug, Deserialize)]
struct Customer {
    id: String,
    name: String,
}

/// Who added or lifted one.
#[derive(Debug, Deserialize)]
struct Somebody {
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

/// Its routes.
pub fn routes() -> Router<Arc<Deps>> {
    Router::new()
        .route("/suppressions", get(list::show).post(list::add))
        .route("/suppressions/lifted", get(list::lifted))
        .route("/suppressions/{id}", get(one::show).post(one::lift))
}

/// Who it was, in words.
fn who(site: &Site, somebody: &Somebody) -> String {
    let words = &site.words().suppressions;
    let nameless = match somebody.kind.as_deref() {
        Some("system") => words.system,
        Some("unknown") => words.somebody,
        _ => words.former_staff,
    };
    somebody.name.clone().unwrap_or_else(|| nameless.to_owned())
}

/// The customer who has the number, as a link.
fn whose(site: &Site, customer: Option<&Customer>) -> Markup {
    html! {
        @match customer {
            Some(customer) => a href={ "/customers/" (parts::encoded(&customer.id)) } { (customer.name) },
            None => span.muted { (site.words().suppressions.no_customer) },
        }
    }
}
