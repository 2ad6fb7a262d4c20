//! Functions: folders, names, log groups, and how many run at once.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::project::{Function, entries, reference};
use super::{Findings, Project, Rule};

pub fn check(project: &Project, findings: &mut Findings) {
    folders(project, findings);
    runtime(project, findings);
    for function in project.functions() {
        names(&function, findings);
        log_group(&function, findings);
        topic_variables(&function, findings);
        let answers_http = !function.events("Api").is_empty();
        findings.check(
            !answers_http || function.timeout < 29,
            Rule::HttpTimeout,
            function.id,
            "API Gateway gives up after 29 s, so it must answer before",
        );
    }
    for (id, group) in project.resources("AWS::Logs::LogGroup") {
        findings.check(group["Properties"].get("RetentionInDays").is_some(), Rule::LogRetention, id, "keeps logs for ever");
    }
    concurrency(project, findings);
}

fn folders(project: &Project, findings: &mut Findings) {
    let deployed: BTreeSet<_> = project.functions().filter_map(|function| function.folder()).collect();
    for folder in &project.function_folders {
        findings.check(deployed.contains(folder.as_str()), Rule::FunctionFolder, folder, "the folder has no function");
    }
    for folder in &project.event_folders {
        findings.check(deployed.contains(folder.as_str()), Rule::EventFolder, folder, "the events belong to no function");
    }
    for folder in deployed {
        findings.check(project.function_folders.contains(folder), Rule::FunctionFolder, folder, "the function has no folder");
    }
}

fn names(function: &Function<'_>, findings: &mut Findings) {
    let derived = function.folder().map(|folder| format!("{}Function", pascal(folder)));
    findings.check(
        derived.as_deref() == Some(function.id),
        Rule::FunctionFolder,
        function.id,
        "CodeUri must be target/lambda/<folder>/ and the logical id derive from the folder",
    );
}

fn runtime(project: &Project, findings: &mut Findings) {
    let globals = &project.template["Globals"]["Function"];
    let expected = [
        ("Runtime", json!("provided.al2023")),
        ("Handler", json!("bootstrap")),
        ("Architectures", json!([{"Ref": "Architecture"}])),
    ];
    for (key, value) in &expected {
        findings.check(globals[key] == *value, Rule::Runtime, "Globals", &format!("{key} must be {value}"));
        for function in project.functions() {
            findings.check(function.properties.get(key).is_none(), Rule::Runtime, function.id, &format!("has its own {key}"));
        }
    }
    let release = project.manifest.split("\n[").find(|section| section.starts_with("profile.release]"));
    let unwinds = release.is_some_and(|section| section.contains("panic = \"unwind\""));
    findings.check(unwinds, Rule::Unwind, "Cargo.toml", "cargo-lambda makes release binaries abort unless told otherwise");
}

fn log_group(function: &Function<'_>, findings: &mut Findings) {
    let own = format!("{}LogGroup", function.name);
    findings.check(
        reference(&function.properties["LoggingConfig"]["LogGroup"]) == Some(own.as_str()),
        Rule::LogRetention,
        function.id,
        &format!("must write to {own}"),
    );
}

fn topic_variables(function: &Function<'_>, findings: &mut Findings) {
    for (variable, value) in entries(&function.properties["Environment"]["Variables"]) {
        let Some(topic) = reference(value).and_then(|id| id.strip_suffix("Topic")) else { continue };
        let expected = format!("{}_TOPIC_ARN", screaming(topic));
        findings.check(variable == expected, Rule::TopicVariable, function.id, &format!("{variable} should be {expected}"));
    }
}

/// Connections that each environment of a function may hold: one, unless it is told otherwise.
fn connections(function: &Function<'_>) -> u64 {
    let told = &function.properties["Environment"]["Variables"]["DATABASE_CONNECTIONS"];
    told.as_str().map_or(1, |told| told.parse().unwrap_or(u64::MAX / 1_000_000))
}

/// Each environment holds its connections, so the sum over what may run at once must fit the database.
fn concurrency(project: &Project, findings: &mut Findings) {
    let mut sum = 0;
    for function in project.functions() {
        let reserved = &function.properties["ReservedConcurrentExecutions"];
        if function.is_consumer() {
            findings.check(
                reserved.is_null(),
                Rule::ReservedConsumer,
                function.id,
                "reserved concurrency throttles the poller and uses up receipts",
            );
            for (event, source) in function.events("SQS") {
                let maximum = project.number(&source["ScalingConfig"]["MaximumConcurrency"]);
                findings.check(
                    maximum.is_some_and(|maximum| maximum >= 2),
                    Rule::MaximumConcurrency,
                    function.id,
                    &format!("{event} needs a MaximumConcurrency, of at least 2"),
                );
                sum += maximum.unwrap_or(0) * connections(&function);
            }
        } else {
            let reserved = project.number(reserved);
            findings.check(reserved.is_some(), Rule::Unbounded, function.id, "nothing bounds how often it runs at once");
            if project.uses_database(&function) {
                sum += reserved.unwrap_or(0) * connections(&function);
            }
        }
    }
    let connections = project.template["Parameters"]["DatabaseConnections"]["Default"].as_u64();
    findings.check(
        connections.is_some_and(|connections| sum <= connections),
        Rule::ConcurrencyBudget,
        "DatabaseConnections",
        &format!("{sum} connections may be held at once, of {}", connections.map_or(Value::Null, Value::from)),
    );
}

/// `grant-points` as `GrantPoints`.
pub fn pascal(kebab: &str) -> String {
    kebab
        .split('-')
        .flat_map(|word| word.chars().take(1).map(|first| first.to_ascii_uppercase()).chain(word.chars().skip(1)))
        .collect()
}

/// `PointsEarned` as `POINTS_EARNED`.
fn screaming(pascal: &str) -> String {
    let mut name = String::new();
    for character in pascal.chars() {
        if character.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(character.to_ascii_uppercase());
    }
    name
}
