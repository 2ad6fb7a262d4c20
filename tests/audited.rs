//! docs/audit.md names every route of staff, either as written down or as being about nobody, and the code does what it says.

mod code;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::document::{FUNCTIONS, listed, resolved};

use code::Code;

/// `GET /v1/customers`, with the actions that it may write; none for a route that is about nobody.
type Routes = BTreeMap<String, BTreeSet<String>>;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn page() -> String {
    fs::read_to_string(root().join("docs/audit.md")).expect("there is the page")
}

/// The routes of the page. A route that stands there twice is a mistake.
fn told(page: &str) -> Routes {
    let mut routes = Routes::new();
    for line in page.lines() {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [route, second, ..] = cells.as_slice() else { continue };
        let Some(route) = route.strip_prefix('`').and_then(|text| text.strip_suffix('`')).filter(|text| text.contains(" /v1/"))
        else {
            continue;
        };
        let actions = second.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        let before = routes.insert(route.to_owned(), actions);
        assert!(before.is_none(), "{route} stands in docs/audit.md twice");
    }
    routes
}

/// The routes that answer `not-staff`, with the folder of their function.
fn of_staff() -> BTreeMap<String, &'static str> {
    let mut routes = BTreeMap::new();
    for (folder, openapi) in FUNCTIONS {
        let document = serde_json::to_value(shared::http::openapi::assemble([openapi()])).expect("a document is JSON");
        for (method, path, operation) in listed(&document) {
            let refusal = resolved(&operation["responses"]["403"], &document);
            let examples: &Value = &refusal["content"]["application/problem+json"]["examples"];
            if !examples["not-staff.en"].is_null() {
                routes.insert(format!("{} {path}", method.to_uppercase()), folder);
            }
        }
    }
    routes
}

/// The code of every function with routes, which `change` may have changed.
fn read(change: &dyn Fn(&str) -> String) -> BTreeMap<&'static str, Code> {
    let folders = FUNCTIONS.map(|(folder, _)| folder);
    folders.into_iter().map(|folder| (folder, Code::read(&root().join("functions").join(folder).join("src"), change))).collect()
}

/// The code as it is.
fn code() -> BTreeMap<&'static str, Code> {
    read(&str::to_owned)
}

/// What is wrong with the page, or with the code.
fn faults(page: &str, code: &BTreeMap<&'static str, Code>) -> Vec<String> {
    let (told, of_staff) = (told(page), of_staff());
    let mut faults = Vec::new();
    let mut handlers = BTreeSet::new();
    for (folder, code) in code {
        for (route, reached) in code.routes() {
            handlers.insert(route.to_owned());
            let Some(actions) = told.get(route) else {
                if reached.contains("Staff::identify(") {
                    faults.push(format!("{route} ({folder}) asks for whom the caller works and is not in docs/audit.md"));
                }
                continue;
            };
            let records = reached.contains("audit::record(");
            let unwritten = actions.iter().filter(|action| !records || !reached.contains(&format!("\"{action}\"")));
            faults.extend(unwritten.map(|action| format!("{route}: {folder} never writes {action}")));
            if records && actions.is_empty() {
                faults.push(format!("{route} ({folder}) writes a line and is about nobody"));
            }
        }
    }
    for (route, folder) in &of_staff {
        if !told.contains_key(route) {
            faults.push(format!("{route} ({folder}) is for staff and not in docs/audit.md"));
        }
        if !handlers.contains(route) {
            faults.push(format!("{route} ({folder}) has no handler that was found"));
        }
    }
    for (route, actions) in &told {
        if !of_staff.contains_key(route) {
            faults.push(format!("{route} is not for staff"));
        }
        let silent = actions.iter().filter(|action| !staff::ACTIONS.iter().any(|(name, ..)| name == action));
        faults.extend(silent.map(|action| format!("{route}: {action} has no words in functions/staff/src/words.rs")));
    }
    for (name, ..) in staff::ACTIONS {
        if !page.contains(&format!("`{name}`")) {
            faults.push(format!("{name} has words and is not in docs/audit.md"));
        }
    }
    faults
}

#[test]
fn every_route_of_staff_is_written_down_or_named_as_being_about_nobody() {
    let faults = faults(&page(), &code());
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Actions stand in the code as the argument of `audit::record`, or in a function called `action`.
#[test]
fn every_action_in_the_code_has_words() {
    let mut unknown = Vec::new();
    let code = code();
    for text in code.values().flat_map(Code::texts) {
        for call in text.split("audit::record(").skip(1) {
            let arguments = call.split(").await").next().unwrap_or_default();
            let literals = arguments.split('"').skip(1).step_by(2).map(str::to_owned);
            unknown.extend(literals.filter(|action| !staff::ACTIONS.iter().any(|(name, ..)| name == action)));
        }
    }
    assert!(unknown.is_empty(), "without words in functions/staff/src/words.rs: {unknown:?}");
}

#[test]
fn a_page_that_forgets_or_invents_a_route_or_an_action_is_noticed() {
    let (page, code) = (page(), code());
    let before = faults(&page, &code);
    for (spoiled_by, spoiled, expected) in [
        (
            "a route that is gone",
            page.replace("| `GET /v1/customers` |", "| GET |"),
            "GET /v1/customers (customers) is for staff",
        ),
        ("another route", page.replace("| `GET /v1/stats` |", "| `GET /v1/stat` |"), "GET /v1/stat is not for staff"),
        (
            "another action",
            page.replace("`customer.export`", "`customer.exported`"),
            "customers never writes customer.exported",
        ),
        ("an action without words", page.replace("`message.show`", "`messages.exported`"), "messages.exported has no words"),
    ] {
        let new: Vec<_> = faults(&spoiled, &code).into_iter().filter(|fault| !before.contains(fault)).collect();
        assert!(new.iter().any(|fault| fault.contains(expected)), "spoiled by {spoiled_by}: {new:?}");
    }
    assert!(of_staff().len() > 60 && told(&page).len() >= of_staff().len() - before.len(), "the page and the API are read");
}

/// Another handler of the same function writes the same action, and the handler does what it does through others.
#[test]
fn a_handler_that_writes_no_line_any_more_or_becomes_one_of_staff_is_noticed() {
    for (from, to, expected) in [
        (
            "audit::record(tx, ambient, &staff, \"customer.delete\"",
            "nothing(tx, ambient, &staff, \"customer.delete\"",
            "POST /v1/customers/delete: customers never writes customer.delete",
        ),
        (
            "decide(&deps, &caller, user, Step::Decline)",
            "refuse(&deps, &caller, user, Step::Decline)",
            "POST /v1/members/{userId}/decline: memberships never writes member.decline",
        ),
        (
            "view(&mut connection, &deps, &caller).await.map(Json)",
            "view(&Staff::identify(&mut connection, &caller), &deps).await.map(Json)",
            "GET /v1/me (memberships) asks for whom the caller works",
        ),
    ] {
        let spoiled = faults(&page(), &read(&|text| text.replace(from, to)));
        assert!(matches!(spoiled.as_slice(), [only] if only.starts_with(expected)), "{from}: {spoiled:?}");
    }
}
