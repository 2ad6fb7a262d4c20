//! The documentation of the API says what the code does, names every route of the template and no other, and is committed.

mod audited;
mod document;
#[expect(dead_code, reason = "the rules of the template use the rest")]
#[path = "policy/project.rs"]
mod project;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use document::{FUNCTIONS, Operation, Rule, assembled, faults, fields, listed, operations, resolved};
use project::{Project, entries};
use serde_json::{Value, json};
use shared::http::Kind;
use shared::http::openapi::GATEWAY;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn committed() -> PathBuf {
    root().join("functions/api-docs/openapi.json")
}

/// The document as it is committed: readable, and the same for the same code.
fn written() -> String {
    format!("{}\n", serde_json::to_string_pretty(&assembled()).expect("a document is JSON"))
}

#[test]
fn the_committed_document_is_what_the_code_says() {
    let known = fs::read_to_string(committed()).unwrap_or_default();
    let known: Value = serde_json::from_str(&known).unwrap_or_default();
    assert!(known == assembled(), "functions/api-docs/openapi.json is out of date. Bring it up to date: make openapi");
}

/// Run by `make openapi`.
#[test]
#[ignore = "writes functions/api-docs/openapi.json"]
fn renew_the_committed_document() {
    fs::write(committed(), written()).expect("the document can be written");
}

/// The routes of the template as operations: an event is named as its operation is, but for the first letter. Pages are none.
fn deployed(project: &Project) -> BTreeSet<Operation> {
    let mut routes = BTreeSet::new();
    for function in project.functions().filter(|function| !function.shows_pages()) {
        for (event, route) in function.events("Api") {
            let text = |key: &str| route[key].as_str().unwrap_or_default().to_owned();
            let name = format!("{}{}", event[..1].to_lowercase(), &event[1..]);
            routes.insert((function.folder().unwrap_or_default().to_owned(), text("Method"), text("Path"), name));
        }
    }
    routes
}

#[test]
fn every_route_of_the_template_is_documented_by_its_function_and_the_reverse() {
    let (deployed, documented) = (deployed(&Project::read()), operations());
    let undocumented: Vec<_> = deployed.difference(&documented).collect();
    let undeployed: Vec<_> = documented.difference(&deployed).collect();
    assert!(undocumented.is_empty() && undeployed.is_empty(), "undocumented: {undocumented:#?}\nnot deployed: {undeployed:#?}");
}

#[test]
fn a_route_that_only_one_side_knows_is_noticed() {
    let project = Project::read();
    for (spoiled_by, path, value) in [
        ("a route that is gone", "/Resources/StatsFunction/Properties/Events/ShowStats", None),
        ("another method", "/Resources/StatsFunction/Properties/Events/ShowStats/Properties/Method", Some(json!("POST"))),
        ("another path", "/Resources/StatsFunction/Properties/Events/ShowStats/Properties/Path", Some(json!("/v1/stat"))),
        ("another function", "/Resources/StatsFunction/Properties/CodeUri", Some(json!("target/lambda/send/"))),
    ] {
        let mut spoiled = project.clone();
        match value {
            Some(value) => spoiled.set(path, value),
            None => spoiled.remove(path),
        }
        assert_ne!(deployed(&spoiled), deployed(&project), "spoiled by {spoiled_by}");
    }
    let deployed = deployed(&project);
    let without = |folder: &str| operations().into_iter().filter(|(of, ..)| of != folder).collect::<BTreeSet<_>>();
    for (folder, _) in FUNCTIONS {
        assert!(deployed.difference(&without(folder)).next().is_some(), "nobody misses {folder}");
    }
}

#[test]
fn no_function_answers_a_route_past_its_table() {
    for (folder, _) in FUNCTIONS {
        let sources = root().join("functions").join(folder).join("src");
        for file in fs::read_dir(sources).expect("the function has sources") {
            let path = file.expect("the folder can be read").path();
            let text = fs::read_to_string(&path).unwrap_or_default();
            assert!(!text.contains(".route(") && !text.contains("Router::new"), "{} adds a route by itself", path.display());
        }
    }
}

#[test]
fn the_document_breaks_no_rule() {
    let faults = faults(&assembled());
    assert!(faults.is_empty(), "{faults:#?}");
}

/// A way to spoil the document, and the rule that must notice. Without a value, what is there is removed.
type Control = (Rule, &'static str, Option<fn() -> Value>);

const CONTROLS: &[Control] = &[
    (Rule::Head, "/openapi", Some(|| json!("3.0.3"))),
    (Rule::Head, "/info/title", None),
    (Rule::Reference, "/components/schemas/Problem", None),
    (Rule::Reference, "/components/examples/not-staff.ko", None),
    (Rule::OperationId, "/paths/~1v1~1stats/get/operationId", Some(|| json!("showMe"))),
    (Rule::OperationId, "/paths/~1v1~1stats/get/operationId", None),
    (Rule::Summary, "/paths/~1v1~1stats/get/summary", None),
    (Rule::Summary, "/paths/~1v1~1stats/get/summary", Some(|| json!("Two\nlines"))),
    (Rule::Tag, "/paths/~1v1~1stats/get/tags", Some(|| json!(["Elsewhere"]))),
    (Rule::PathParameter, "/paths/~1v1~1campaigns~1{campaignId}/get/parameters", Some(|| json!([]))),
    (Rule::Parameter, "/paths/~1v1~1members/get/parameters/1/schema", None),
    (Rule::Parameter, "/paths/~1v1~1members/get/parameters/1/description", None),
    (Rule::Response, "/paths/~1v1~1stats/get/responses/200", None),
    (Rule::Response, "/paths/~1v1~1stats/get/responses/200/description", None),
    (Rule::Security, "/components/securitySchemes/idToken", None),
    (Rule::Security, "/paths/~1v1~1stats/get/security", None),
    (Rule::ComponentName, "/components/schemas/Page<Member>", Some(|| json!({"type": "object", "description": "A page."}))),
    (Rule::Field, "/components/schemas/Clinic/properties/name/description", None),
    (Rule::Field, "/components/schemas/Clinic/description", None),
    (Rule::Dialect, "/components/schemas/Clinic/properties/name/nullable", Some(|| json!(true))),
    (Rule::Example, "/components/schemas/NewCampaign/example", None),
    (Rule::Example, "/components/schemas/NewCampaign/example/surplus", Some(|| json!(1))),
];

#[test]
fn a_spoiled_document_breaks_exactly_the_rule_meant() {
    let document = assembled();
    let before = faults(&document);
    for (rule, place, value) in CONTROLS {
        let mut spoiled = document.clone();
        let (parent, name) = place.rsplit_once('/').expect("a place has a parent");
        let parent = spoiled.pointer_mut(parent).and_then(Value::as_object_mut).unwrap_or_else(|| panic!("no {parent}"));
        match value {
            Some(value) => parent.insert(name.replace("~1", "/"), value()),
            None => parent.remove(name),
        };
        let broken: BTreeSet<_> =
            faults(&spoiled).into_iter().filter(|fault| !before.contains(fault)).map(|(rule, _)| rule).collect();
        assert_eq!(broken, BTreeSet::from([*rule]), "spoiled at {place}");
    }
    let controlled: BTreeSet<_> = CONTROLS.iter().map(|(rule, ..)| *rule).collect();
    assert_eq!(controlled, Rule::ALL.into_iter().collect());
}

#[test]
fn every_kind_of_problem_has_an_example_in_both_languages_and_an_operation_that_answers_it() {
    let document = assembled();
    let answered: BTreeSet<_> = listed(&document)
        .flat_map(|(_, _, operation)| fields(&operation["responses"]))
        .flat_map(|(_, response)| fields(&resolved(response, &document)["content"]["application/problem+json"]["examples"]))
        .map(|(name, _)| name.as_str())
        .collect();
    for kind in Kind::ALL {
        for language in ["ko", "en"] {
            let name = format!("{}.{language}", kind.code());
            let example = &document["components"]["examples"][&name]["value"];
            assert_eq!(example["type"], format!("https://dangol.dev/problems/{}", kind.code()));
            assert_eq!(example["status"], kind.status().as_u16());
            // Unknown methods are those of no operation.
            assert!(answered.contains(name.as_str()) || *kind == Kind::MethodNotAllowed, "no operation answers {name}");
        }
    }
}

#[test]
fn what_the_gateway_answers_is_documented_as_the_template_has_it() {
    let (project, document) = (Project::read(), assembled());
    let mut met = BTreeSet::new();
    for (name, response) in entries(&project.properties("Api")["GatewayResponses"]) {
        let body = response["ResponseTemplates"]["application/json"].as_str().unwrap_or_default();
        let body: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{name}: {error}"));
        let code = body["type"].as_str().and_then(|kind| kind.rsplit('/').next()).unwrap_or_default().to_owned();
        if let Some(kind) = Kind::ALL.iter().find(|kind| kind.code() == code) {
            assert!(body["status"].is_null() || body["status"] == kind.status().as_u16(), "{name}");
            continue;
        }
        let example = &document["components"]["examples"][&code]["value"];
        for (member, value) in entries(&body) {
            assert_eq!(&example[member], value, "{name}: {member}");
        }
        met.insert(code);
    }
    assert_eq!(met, GATEWAY.iter().map(|problem| problem.code.to_owned()).collect());
}
