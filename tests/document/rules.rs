//! What a document of OpenAPI 3.1 must hold, and what ours must hold besides.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::testing::document::fits;

use super::{fields, listed};

/// One thing that a document must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// It says that it is OpenAPI 3.1, and what of.
    Head,
    /// Every reference leads to something.
    Reference,
    /// Every operation has a name that no other has.
    OperationId,
    /// Every operation says in one line what it is for.
    Summary,
    /// Every operation belongs to a section that is described.
    Tag,
    /// The parameters in a path are those that the operation declares.
    PathParameter,
    /// Every parameter has a name, a place and a schema, once.
    Parameter,
    /// Every answer is described, and one of them is good.
    Response,
    /// Whoever asks for a token refers to a scheme that exists.
    Security,
    /// Components have names that references can hold.
    ComponentName,
    /// Every field of every schema says what it is.
    Field,
    /// Schemas do not speak OpenAPI 3.0.
    Dialect,
    /// Every request body has an example that fits it.
    Example,
}

impl Rule {
    /// All rules, for the test that each has a negative control.
    pub const ALL: [Self; 13] = [
        Self::Head,
        Self::Reference,
        Self::OperationId,
        Self::Summary,
        Self::Tag,
        Self::PathParameter,
        Self::Parameter,
        Self::Response,
        Self::Security,
        Self::ComponentName,
        Self::Field,
        Self::Dialect,
        Self::Example,
    ];
}

/// What is wrong, and where.
pub type Fault = (Rule, String);

/// What is wrong with a document.
pub fn faults(document: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut check = |holds: bool, rule: Rule, place: &str| {
        if !holds {
            faults.push((rule, place.to_owned()));
        }
    };
    check(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1.")), Rule::Head, "openapi");
    check(document["info"]["title"].is_string() && document["info"]["version"].is_string(), Rule::Head, "info");
    references(document, document, &mut check);
    operations(document, &mut check);
    components(document, &mut check);
    faults
}

fn references(value: &Value, document: &Value, check: &mut impl FnMut(bool, Rule, &str)) {
    if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
        let found = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        check(found.is_some(), Rule::Reference, reference);
    }
    match value {
        Value::Array(values) => values.iter().for_each(|value| references(value, document, check)),
        Value::Object(_) => fields(value).for_each(|(_, value)| references(value, document, check)),
        _ => {}
    }
}

fn operations(document: &Value, check: &mut impl FnMut(bool, Rule, &str)) {
    let mut names = BTreeSet::new();
    let sections = list(&document["tags"]).filter(|tag| tag["description"].is_string()).filter_map(|tag| tag["name"].as_str());
    let sections: BTreeSet<_> = sections.collect();
    for (method, path, operation) in listed(document) {
        let place = format!("{method} {path}");
        let name = operation["operationId"].as_str().unwrap_or_default();
        let plain = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(|b| b.is_ascii_alphanumeric());
        check(plain && names.insert(name), Rule::OperationId, &place);
        let summary = operation["summary"].as_str().unwrap_or_default();
        let line = !summary.is_empty() && summary.is_ascii() && !summary.contains('\n') && !summary.ends_with('.');
        check(line && summary.len() <= 90, Rule::Summary, &place);
        let tags: BTreeSet<_> = list(&operation["tags"]).filter_map(Value::as_str).collect();
        check(tags.len() == 1 && tags.is_subset(&sections), Rule::Tag, &place);
        parameters(document, path, operation, &place, check);
        responses(document, operation, &place, check);
        for scheme in list(&operation["security"]).flat_map(fields) {
            check(document["components"]["securitySchemes"].get(scheme.0).is_some(), Rule::Security, &place);
        }
        check(operation["security"].is_array(), Rule::Security, &place);
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        if !operation["requestBody"].is_null() {
            let example = &resolved(body, document)["example"];
            check(example.is_object() && fits(example, body, document).is_ok(), Rule::Example, &place);
        }
    }
}

fn parameters(document: &Value, path: &str, operation: &Value, place: &str, check: &mut impl FnMut(bool, Rule, &str)) {
    let (mut declared, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for parameter in list(&operation["parameters"]) {
        let parameter = resolved(parameter, document);
        let (name, within) = (parameter["name"].as_str().unwrap_or_default(), parameter["in"].as_str().unwrap_or_default());
        let placed = ["path", "query", "header"].contains(&within);
        let described = within == "path" || parameter["description"].is_string();
        let complete = !name.is_empty() && placed && parameter["schema"].is_object() && described;
        check(complete && seen.insert((within, name)), Rule::Parameter, place);
        if within == "path" {
            declared.insert(name);
            check(parameter["required"] == true, Rule::PathParameter, place);
        }
    }
    let named: BTreeSet<_> = path.split(['{', '}']).skip(1).step_by(2).collect();
    check(declared == named, Rule::PathParameter, place);
}

fn responses(document: &Value, operation: &Value, place: &str, check: &mut impl FnMut(bool, Rule, &str)) {
    let responses: Vec<_> = fields(&operation["responses"]).collect();
    for (status, response) in &responses {
        let known = status.parse::<u16>().is_ok_and(|status| (200..600).contains(&status));
        let described = resolved(response, document)["description"].as_str().is_some_and(|text| !text.is_empty());
        check(known && described, Rule::Response, place);
    }
    check(responses.iter().any(|(status, _)| status.starts_with(['2', '3'])), Rule::Response, place);
}

fn components(document: &Value, check: &mut impl FnMut(bool, Rule, &str)) {
    for (_, kind) in fields(&document["components"]) {
        for (name, _) in fields(kind) {
            let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
            check(plain && !name.is_empty(), Rule::ComponentName, name);
        }
    }
    for (name, schema) in fields(&document["components"]["schemas"]) {
        check(schema["description"].is_string(), Rule::Field, name);
        properties(schema, name, check);
    }
}

/// A field is described by itself or by the type that it refers to.
fn properties(schema: &Value, place: &str, check: &mut impl FnMut(bool, Rule, &str)) {
    check(schema.get("nullable").is_none(), Rule::Dialect, place);
    for (name, property) in fields(&schema["properties"]) {
        let place = format!("{place}.{name}");
        let choices = list(&property["oneOf"]).chain(list(&property["anyOf"]));
        let said =
            std::iter::once(property).chain(choices).any(|part| part["description"].is_string() || part["$ref"].is_string());
        check(said, Rule::Field, &place);
        properties(property, &place, check);
    }
    let parts = ["oneOf", "anyOf", "allOf"].into_iter().flat_map(|kind| list(&schema[kind]));
    let inner = ["items", "additionalProperties"].into_iter().filter_map(|kind| schema.get(kind));
    parts.chain(inner).for_each(|part| properties(part, place, check));
}

/// What a reference stands for, or the thing itself.
pub fn resolved<'a>(value: &'a Value, document: &'a Value) -> &'a Value {
    let reference = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    reference.map_or(value, |pointer| document.pointer(pointer).unwrap_or(&Value::Null))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
