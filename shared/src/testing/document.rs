//! Holds answers to what the documentation of the API says about them: in tests, an answer of a kind, a status or a shape that
//! is not documented makes the test fail that got it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::MethodRouter;
use serde_json::{Map, Value};

use crate::http::Problem;

/// Holds a route to the operation that documents it.
pub(crate) fn hold<S: Clone + Send + Sync + 'static>(
    route: MethodRouter<S>,
    document: &Arc<Value>,
    path: &str,
    method: &str,
) -> MethodRouter<S> {
    let (document, pointer) = (Arc::clone(document), format!("/paths/{}/{method}", path.replace('/', "~1")));
    route.route_layer(middleware::from_fn(move |request: Request, next: Next| {
        let (document, pointer) = (Arc::clone(&document), pointer.clone());
        async move { check(&document, &pointer, next.run(request).await).await }
    }))
}

async fn check(document: &Value, pointer: &str, response: Response) -> Response {
    let operation = document.pointer(pointer).unwrap_or_else(|| panic!("{pointer} is not documented"));
    let name = operation["operationId"].as_str().unwrap_or(pointer);
    let status = response.status().as_str().to_owned();
    let known = resolve(&operation["responses"][&status], document);
    if let Some(problem) = response.extensions().get::<Problem>() {
        let code = problem.kind().code();
        let listed = &known["content"]["application/problem+json"]["examples"][format!("{code}.en")];
        assert!(!listed.is_null(), "{name} answers `{code}`, which is not documented: add it to `.answers(&[..])`");
        return response;
    }
    assert!(!known.is_null(), "{name} answers {status}, which is not documented");
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    if kind.is_empty() {
        return response;
    }
    let content = &known["content"][kind.split(';').next().unwrap_or_default()];
    assert!(!content.is_null(), "{name} answers {status} as {kind}, which is not documented");
    if kind != "application/json" {
        return response;
    }
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, 10 << 20).await.expect("the body is complete");
    let answer = serde_json::from_slice(&bytes).expect("an answer that says so is JSON");
    if let Err(why) = fits(&answer, &content["schema"], document) {
        panic!("{name} answers {status} otherwise than documented: {why}");
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// Whether a value is as a schema of the document says. A field that the schema does not name does not fit.
///
/// # Errors
/// Where it is not, and why.
pub fn fits(value: &Value, schema: &Value, document: &Value) -> Result<(), String> {
    fit(value, schema, document, "$")
}

fn fit(value: &Value, schema: &Value, document: &Value, at: &str) -> Result<(), String> {
    let schema = resolve(schema, document);
    if let Some(choices) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
        let fitting = choices.iter().any(|choice| fit(value, choice, document, at).is_ok());
        return fitting.then_some(()).ok_or_else(|| format!("{at}: {value} fits none of the choices"));
    }
    if schema.get("allOf").is_some() {
        return object(value, &united(schema, document), document, at);
    }
    let types = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        Value::String(only) => vec![only.as_str()],
        _ => return Ok(()),
    };
    let is = |kind: &str| match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        _ => value.is_object(),
    };
    if !types.iter().any(|kind| is(kind)) {
        return Err(format!("{at}: {value} is not {types:?}"));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return Err(format!("{at}: {value} is none of {words:?}"));
    }
    if let Some(items) = value.as_array() {
        let mut items = items.iter().enumerate();
        return items.try_for_each(|(place, item)| fit(item, &schema["items"], document, &format!("{at}[{place}]")));
    }
    if value.is_object() { object(value, schema, document, at) } else { Ok(()) }
}

fn object(value: &Value, schema: &Value, document: &Value, at: &str) -> Result<(), String> {
    let fields = value.as_object().ok_or_else(|| format!("{at}: {value} is no object"))?;
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if let Some(missing) = required.into_iter().find(|name| !fields.contains_key(*name)) {
        return Err(format!("{at}: `{missing}` is missing"));
    }
    for (name, field) in fields {
        let at = format!("{at}.{name}");
        match (schema["properties"].get(name), &schema["additionalProperties"]) {
            (Some(property), _) => fit(field, property, document, &at)?,
            (None, rest @ Value::Object(_)) => {
                fit(&Value::from(name.as_str()), &schema["propertyNames"], document, &at)?;
                fit(field, rest, document, &at)?;
            }
            (None, Value::Bool(true)) => {}
            // An object of which nothing is said may hold anything.
            (None, _) if schema.get("properties").is_none() => {}
            (None, _) => return Err(format!("{at} is not documented")),
        }
    }
    Ok(())
}

/// The parts of an `allOf` as one schema.
fn united(schema: &Value, document: &Value) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for part in schema["allOf"].as_array().into_iter().flatten() {
        let part = resolve(part, document);
        let part = if part.get("allOf").is_some() { united(part, document) } else { part.clone() };
        properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
        required.extend(part["required"].as_array().cloned().unwrap_or_default());
    }
    let united = BTreeMap::from([("properties", Value::from(properties)), ("required", Value::from(required))]);
    united.into_iter().collect()
}

/// What a reference stands for, or the thing itself.
fn resolve<'a>(schema: &'a Value, document: &'a Value) -> &'a Value {
    match schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => document.pointer(pointer).map_or(&Value::Null, |known| resolve(known, document)),
        None => schema,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judged(value: &Value) -> Result<(), String> {
        let document = json!({"components": {"schemas": {
            "Word": {"type": "string", "enum": ["a", "b"]},
            "Base": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}},
            "Thing": {"allOf": [
                {"$ref": "#/components/schemas/Base"},
                {"type": "object", "properties": {
                    "word": {"oneOf": [{"$ref": "#/components/schemas/Word"}, {"type": "null"}]},
                    "list": {"type": ["array", "null"], "items": {"type": "string"}},
                    "map": {"type": "object", "propertyNames": {"type": "string", "enum": ["k"]},
                        "additionalProperties": {"type": "boolean"}},
                }},
            ]},
        }}});
        fits(value, &json!({"$ref": "#/components/schemas/Thing"}), &document)
    }

    #[test]
    fn what_is_as_documented_fits() {
        for value in [
            json!({"id": 1}),
            json!({"id": 1, "word": null, "list": null}),
            json!({"id": 1, "word": "a", "list": ["x"], "map": {"k": true}}),
        ] {
            assert_eq!(judged(&value), Ok(()), "{value}");
        }
    }

    #[test]
    fn what_is_otherwise_is_named_by_its_place() {
        for (value, place) in [
            (json!({}), "$: `id`"),
            (json!({"id": "1"}), "$.id"),
            (json!({"id": 1, "more": 1}), "$.more"),
            (json!({"id": 1, "word": "c"}), "$.word"),
            (json!({"id": 1, "list": ["x", 2]}), "$.list[1]"),
            (json!({"id": 1, "map": {"k": 1}}), "$.map.k"),
            (json!({"id": 1, "map": {"x": true}}), "$.map.x"),
            (json!([]), "$"),
        ] {
            let why = judged(&value).unwrap_err();
            assert!(why.starts_with(place), "{why}");
        }
    }
}
