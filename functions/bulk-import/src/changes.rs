//! What a row changes of a customer whom the clinic has already.

use std::collections::BTreeSet;

use serde::Serialize;
use shared::db::import_rows::review::{Known, ReviewRow};
use shared::model::customer::MAX_ATTRIBUTES;
use utoipa::ToSchema;

/// A field of a customer that a row changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RowChange)]
pub struct Change {
    /// `name`, or `attributes.` and a header.
    field: String,
    /// What it is, or was; `null` for nothing.
    from: Option<String>,
    /// What the row makes of it.
    to: String,
}

/// Whether the customer would have more columns than one may have: then the row changes none of them.
pub fn overflows(row: &ReviewRow, known: &Known) -> bool {
    let headers: BTreeSet<&String> = known.attributes.keys().chain(row.attributes.keys()).collect();
    headers.len() > MAX_ATTRIBUTES
}

/// What the row changes of what is known. A cell that is empty in the file changes nothing.
pub fn changes(row: &ReviewRow, known: &Known) -> Vec<Change> {
    let name = (row.name != known.name).then(|| Change {
        field: "name".to_owned(),
        from: Some(known.name.clone()),
        to: row.name.clone(),
    });
    let attributes = row.attributes.iter().filter(|(header, value)| known.attributes.get(*header) != Some(value));
    let attributes = attributes.map(|(header, value)| Change {
        field: format!("attributes.{header}"),
        from: known.attributes.get(header).cloned(),
        to: value.clone(),
    });
    let none = overflows(row, known);
    name.into_iter().chain(attributes.filter(|_| !none)).collect()
}
