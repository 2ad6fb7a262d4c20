//! Roles and policies: nothing more than the use case needs, and nothing less.

use std::collections::BTreeSet;

use serde_json::Value;

use super::project::{Function, is_attribute, list, mentioned, reference};
use super::{Findings, Project, Rule};

/// What people upload, and what they download. Nobody is granted the whole bucket.
const UPLOADS: &str = "${UploadBucket.Arn}/imports/*";
const DOWNLOADS: &str = "${UploadBucket.Arn}/exports/*";

/// The key by which the console says for whom it asks, and who else knows it: those who count visitors.
const CONSOLE_SECRET: &str = "ConsoleSecret";
const COUNTS_VISITORS: [&str; 1] = ["SignupWithReferral"];

/// What a function may be granted beyond the two shared policies.
const SHARED_POLICIES: [&str; 2] = ["DatabasePolicy", "NetworkPolicy"];

pub fn check(project: &Project, findings: &mut Findings) {
    for kind in ["AWS::IAM::Role", "AWS::IAM::ManagedPolicy"] {
        for (id, resource) in project.resources(kind) {
            for statement in statements(&resource["Properties"]) {
                least_privilege(id, statement, findings);
            }
        }
    }
    for function in project.functions() {
        own_role(project, &function, findings);
        grants(project, &function, findings);
        uploads(project, &function, findings);
        public(project, &function, findings);
        pages(project, &function, findings);
    }
    conditional_access(project, findings);
}

/// The statements of a role's inline policies or of a managed policy, both sides of every condition.
fn statements(properties: &Value) -> Vec<&Value> {
    documents(properties)
        .flat_map(|document| list(&document["Statement"]))
        .flat_map(|statement| match statement.get("Fn::If") {
            Some(choice) => choice.as_array().map_or(&[][..], |choice| &choice[1..]),
            None => std::slice::from_ref(statement),
        })
        .collect()
}

/// The policy documents of a role or of a managed policy.
fn documents(properties: &Value) -> impl Iterator<Item = &Value> {
    let inline = list(&properties["Policies"]).iter().map(|policy| &policy["PolicyDocument"]);
    inline.chain([&properties["PolicyDocument"]])
}

fn least_privilege(id: &str, statement: &Value, findings: &mut Findings) {
    let mut check = |holds, reason: &str| findings.check(holds, Rule::LeastPrivilege, id, reason);
    check(statement.get("NotAction").is_none() && statement.get("NotResource").is_none(), "grants by exception");
    let actions: Vec<_> = list(&statement["Action"]).iter().filter_map(Value::as_str).collect();
    check(!actions.is_empty() && actions.iter().all(|action| !action.contains('*')), "has a wildcard among its actions");

    // EC2 takes no resources for the interfaces of a function in a VPC, SNS none for a message to a phone.
    let takes_no_resource =
        actions.iter().all(|action| action.starts_with("ec2:")) || id == "PhoneVerificationRole" && actions == ["sns:Publish"];
    for resource in list(&statement["Resource"]) {
        let text = resource.as_str().or_else(|| resource["Fn::Sub"].as_str()).unwrap_or("");
        let narrow = !text.contains('*') || [UPLOADS, DOWNLOADS].contains(&text);
        check(narrow || takes_no_resource, "has a wildcard among its resources");
    }
}

fn own_role(project: &Project, function: &Function<'_>, findings: &mut Findings) {
    let mut check = |holds, reason: &str| findings.check(holds, Rule::OwnRole, function.id, reason);
    let role = format!("{}Role", function.name);
    check(is_attribute(&function.properties["Role"], &role, "Arn"), "must have its own role: SAM's grant all queues and logs");
    let managed = list(&project.properties(&role)["ManagedPolicyArns"]);
    let shared = managed.iter().all(|policy| {
        let policy = policy.get("Fn::If").map_or(policy, |choice| &choice[1]);
        reference(policy).is_some_and(|id| SHARED_POLICIES.contains(&id))
    });
    check(shared, "its role may have no managed policy but the stack's own");
}

fn grants(project: &Project, function: &Function<'_>, findings: &mut Findings) {
    let role = project.properties(&format!("{}Role", function.name));
    let granted: BTreeSet<_> = statements(role).into_iter().flat_map(|statement| mentioned(&statement["Resource"])).collect();
    let mut environment = function.properties["Environment"].clone();
    if let (true, Some(variables)) = (function.shows_pages(), environment["Variables"].as_object_mut()) {
        // Only browsers go there, each with a grant in the address that it was given.
        variables.remove("UPLOADS_URL");
    }
    let variables = mentioned(&environment);
    let mut used = variables.clone();
    used.extend(function.events("SQS").into_iter().flat_map(|(_, source)| mentioned(source)));
    used.extend(mentioned(&function.properties["LoggingConfig"]));

    for id in granted.difference(&used) {
        findings.check(
            false,
            Rule::UnusedGrant,
            function.id,
            &format!("is granted {id}, which its configuration does not name"),
        );
    }
    for id in used {
        // A user pool's client is granted with its pool.
        let id = if id == "UserPoolClient" { "UserPool" } else { id };
        let is_resource = project.template["Resources"].get(id).is_some();
        findings.check(!is_resource || granted.contains(id), Rule::MissingGrant, function.id, &format!("is not granted {id}"));
    }
}

/// A function that answers people and may read uploads could hand one clinic the list of another.
fn uploads(project: &Project, function: &Function<'_>, findings: &mut Findings) {
    let role = project.properties(&format!("{}Role", function.name));
    let reads = statements(role).into_iter().any(|statement| {
        let gets = list(&statement["Action"]).iter().any(|action| action == "s3:GetObject");
        gets && list(&statement["Resource"]).iter().any(|resource| resource["Fn::Sub"] == UPLOADS)
    });
    findings.check(!reads || function.is_consumer(), Rule::LeastPrivilege, function.id, "reads uploads, and is no worker");
}

/// Who answers anybody, and needs nothing to do so, is given nothing.
fn public(project: &Project, function: &Function<'_>, findings: &mut Findings) {
    if !function.serves_documents() {
        return;
    }
    let holds = reached(project, function).is_empty() && !project.uses_database(function);
    findings.check(holds, Rule::PublicDocuments, function.id, "answers anybody, so it may reach nothing but its log");
}

/// What a function is granted besides its log and the database.
fn reached<'a>(project: &'a Project, function: &Function<'_>) -> BTreeSet<&'a str> {
    let role = project.properties(&format!("{}Role", function.name));
    let granted = statements(role).into_iter().flat_map(|statement| mentioned(&statement["Resource"]));
    let log = format!("{}LogGroup", function.name);
    granted.filter(|id| *id != log).collect()
}

/// Pages are a client of the API. What they could reach past it, nobody would have asked for with a token.
fn pages(project: &Project, function: &Function<'_>, findings: &mut Findings) {
    let mut check = |holds, reason: &str| findings.check(holds, Rule::Pages, function.id, reason);
    let reached = reached(project, function);
    if function.shows_pages() {
        let nothing_else = reached == BTreeSet::from([CONSOLE_SECRET]) && !project.uses_database(function);
        check(nothing_else, "shows pages, so it may reach nothing but the API, its log and its key");
    } else {
        let knows = reached.contains(CONSOLE_SECRET);
        check(!knows || COUNTS_VISITORS.contains(&function.name), "could say to be asked by anybody, as the console can");
    }
}

fn conditional_access(project: &Project, findings: &mut Findings) {
    let vpc = &project.template["Globals"]["Function"]["VpcConfig"]["Fn::If"][0];
    findings.check(vpc == "InVpc", Rule::ConditionalAccess, "Globals", "functions are in a VPC only under InVpc");
    let network = &project.template["Resources"]["NetworkPolicy"]["Condition"];
    findings.check(network == "InVpc", Rule::ConditionalAccess, "NetworkPolicy", "is made only under InVpc");
    for kind in ["AWS::IAM::Role", "AWS::IAM::ManagedPolicy"] {
        for (id, resource) in project.resources(kind) {
            let properties = &resource["Properties"];
            let by_token = documents(properties).flat_map(|document| list(&document["Statement"])).all(|statement| {
                let choice = &statement["Fn::If"];
                !connects(statement) && !connects(&choice[2]) && (choice[0] == "UsesIam" || !connects(&choice[1]))
            });
            findings.check(by_token, Rule::ConditionalAccess, id, "signs in to the database by token without UsesIam");
            let always = list(&properties["ManagedPolicyArns"]).iter().any(|policy| reference(policy) == Some("NetworkPolicy"));
            findings.check(!always, Rule::ConditionalAccess, id, "has NetworkPolicy without a condition");
        }
    }
}

/// Whether it is a statement about signing in to the database by token.
fn connects(statement: &Value) -> bool {
    list(&statement["Action"]).iter().any(|action| action == "rds-db:connect")
}
