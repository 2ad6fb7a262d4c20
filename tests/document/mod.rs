//! The documentation of the API as the code tells it, and what a document must hold.

mod rules;

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use utoipa::openapi::OpenApi;

pub use rules::{Rule, faults, resolved};

/// A function, by the name of its folder, and what it says about its routes.
type Part = (&'static str, fn() -> OpenApi);

/// What each function with routes says about them.
pub const FUNCTIONS: [Part; 17] = [
    ("register-clinic", register_clinic::openapi),
    ("staff", staff::openapi),
    ("customers", customers::openapi),
    ("groups", groups::openapi),
    ("suppressions", suppressions::openapi),
    ("bulk-import", bulk_import::openapi),
    ("templates", templates::openapi),
    ("send", send::openapi),
    ("track-click", track_click::openapi),
    ("stats", stats::openapi),
    ("signup-with-referral", signup_with_referral::openapi),
    ("memberships", memberships::openapi),
    ("withdraw", withdraw::openapi),
    ("points", points::openapi),
    ("referral-codes", referral_codes::openapi),
    ("accounts", accounts::openapi),
    ("api-docs", api_docs::openapi),
];

/// An operation by the folder of its function, its method, its path and its name.
pub type Operation = (String, String, String, String);

/// The whole document.
pub fn assembled() -> Value {
    let document = shared::http::openapi::assemble(FUNCTIONS.map(|(_, openapi)| openapi()));
    serde_json::to_value(document).expect("a document is JSON")
}

/// The operations of all functions.
pub fn operations() -> BTreeSet<Operation> {
    let mut operations = BTreeSet::new();
    for (folder, openapi) in FUNCTIONS {
        let document = serde_json::to_value(openapi()).expect("a document is JSON");
        for (method, path, operation) in listed(&document) {
            let name = operation["operationId"].as_str().unwrap_or_default();
            operations.insert((folder.to_owned(), method.to_uppercase(), path.to_owned(), name.to_owned()));
        }
    }
    operations
}

/// The operations of a document: method, path and the operation itself.
pub fn listed(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    fields(&document["paths"])
        .flat_map(|(path, item)| fields(item).map(move |(method, operation)| (method.as_str(), path.as_str(), operation)))
}

/// The fields of an object; none of anything else.
pub fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}
