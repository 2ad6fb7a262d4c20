//! The API and sign-in.

use serde_json::Value;

use super::functions::pascal;
use super::project::{DOCUMENTS, Example, PAGES, entries, list};
use super::{Findings, Project, Rule};

/// The route that people open from a message, without an account.
const REDIRECT: &str = "/c/{token}";

/// What people use before they have an account.
const OPEN: &[&str] = &[
    "/v1/accounts",
    "/v1/accounts/confirm",
    "/v1/accounts/resend",
    "/v1/sessions",
    "/v1/sessions/refresh",
    "/v1/sessions/end",
    "/v1/password/forgot",
    "/v1/password/reset",
    "/v1/invitations/{code}",
    "/v1/invitations/{code}/qr",
    "/v1/staff/invitations/preview",
];

/// The methods that pages know. Their routes take any; API Gateway has a limit for each that it stands for.
const OF_PAGES: [&str; 3] = ["GET", "HEAD", "POST"];

/// What an access log may not hold: addresses, agents, claims, and paths with ids and link tokens in them.
const PERSONAL: [&str; 4] = ["$context.identity", "$context.authorizer", "$context.path", "$context.customDomain"];

/// What API Gateway answers by itself, and must answer as a problem document.
const PROBLEMS: [&str; 5] = ["UNAUTHORIZED", "ACCESS_DENIED", "THROTTLED", "DEFAULT_4XX", "DEFAULT_5XX"];

pub fn check(project: &Project, findings: &mut Findings) {
    let api = project.properties("Api");
    authorizers(project, api, findings);
    throttling(project, api, findings);
    examples(project, findings);
    let binary = list(&api["BinaryMediaTypes"]) == [Value::from("*~1*")];
    findings.check(binary, Rule::BinaryMedia, "Api", "browsers would get pictures as text");

    let format = api["AccessLogSetting"]["Format"].as_str().unwrap_or("");
    findings.check(format.contains("$context.requestId"), Rule::AccessLog, "Api", "access must be logged");
    for variable in PERSONAL {
        findings.check(!format.contains(variable), Rule::AccessLog, "Api", &format!("{variable} is personal data"));
    }
    for response in PROBLEMS {
        let header = &api["GatewayResponses"][response]["ResponseParameters"]["Headers"]["Content-Type"];
        findings.check(
            *header == "'application/problem+json'",
            Rule::GatewayResponse,
            "Api",
            &format!("{response} is no problem document"),
        );
    }
    for (id, client) in project.resources("AWS::Cognito::UserPoolClient") {
        let silent = client["Properties"]["PreventUserExistenceErrors"] == "ENABLED";
        let closed = client["Properties"]["GenerateSecret"] == true;
        findings.check(silent && closed, Rule::UserPool, id, "tells strangers who has an account");
    }
    for (id, pool) in project.resources("AWS::Cognito::UserPool") {
        let length = pool["Properties"]["Policies"]["PasswordPolicy"]["MinimumLength"].as_u64();
        findings.check(length.is_some_and(|length| length >= 12), Rule::UserPool, id, "takes short passwords");
        let message = "a pool refuses changes when the role that it once sent text messages as is gone";
        for role in roles_of_messages(&pool["Properties"]["SmsConfiguration"]) {
            let role = &project.template["Resources"][role];
            let stays = role.get("Condition").is_none() && role["DeletionPolicy"] == "Retain";
            findings.check(stays, Rule::UserPool, id, message);
        }
    }
}

/// The roles that a pool may send text messages as, wherever they stand below a condition.
fn roles_of_messages(configuration: &Value) -> Vec<&str> {
    match configuration {
        Value::Array(values) => values.iter().flat_map(roles_of_messages).collect(),
        Value::Object(values) => match values.get("SnsCallerArn") {
            Some(role) => role["Fn::GetAtt"][0].as_str().into_iter().collect(),
            None => values.values().flat_map(roles_of_messages).collect(),
        },
        _ => Vec::new(),
    }
}

/// The routes of all functions: method, path, and the authorizer if the route names one.
fn routes(project: &Project) -> Vec<(&str, &str, Option<&str>)> {
    project
        .functions()
        .flat_map(|function| function.events("Api"))
        .map(|(_, route)| {
            (route["Method"].as_str().unwrap_or(""), route["Path"].as_str().unwrap_or(""), route["Auth"]["Authorizer"].as_str())
        })
        .collect()
}

/// Whoever adds a route can try it by `sam local invoke`, and the examples do not outlive the routes.
fn examples(project: &Project, findings: &mut Findings) {
    for function in project.functions() {
        for (_, route) in function.events("Api") {
            let (method, path) = (route["Method"].as_str().unwrap_or(""), route["Path"].as_str().unwrap_or(""));
            let shown = project.examples.iter().any(|example| {
                pascal(&example.folder) == function.name && takes(method, &example.method) && example.route == path
            });
            findings.check(shown, Rule::ExampleRequest, &format!("{method} {path}"), "has no example in events/");
        }
    }
    for example in &project.examples {
        let Example { folder, method, route, path } = example;
        let function = project.functions().find(|function| pascal(folder) == function.name);
        let exists = function.is_some_and(|function| {
            let is_of = |event: &Value| event["Method"].as_str().is_some_and(|known| takes(known, method));
            function.events("Api").iter().any(|(_, event)| is_of(event) && event["Path"] == **route)
        });
        let subject = format!("{folder}: {method} {path}");
        findings.check(exists, Rule::ExampleRequest, &subject, "is no request to a route of its function");
        findings.check(fits(path, route), Rule::ExampleRequest, &subject, &format!("is no path of {route}"));
    }
}

/// Whether a route of this method takes requests of that one.
fn takes(route: &str, method: &str) -> bool {
    route == method || route == "ANY" && OF_PAGES.contains(&method)
}

/// Whether the path is one of the route: `/c/abc` of `/c/{token}`, `/a/b` of `/{proxy+}`.
fn fits(path: &str, route: &str) -> bool {
    let (mut path, mut route) = (path.split('/'), route.split('/'));
    loop {
        match (path.next(), route.next()) {
            (None, None) => return true,
            (Some(part), Some(pattern)) if pattern.ends_with("+}") && !part.is_empty() => return true,
            (Some(part), Some(pattern)) if part == pattern || (pattern.starts_with('{') && !part.is_empty()) => {}
            _ => return false,
        }
    }
}

fn authorizers(project: &Project, api: &Value, findings: &mut Findings) {
    let default = api["Auth"]["DefaultAuthorizer"].as_str();
    let defined = default.is_some_and(|name| entries(&api["Auth"]["Authorizers"]).any(|(known, _)| known == name));
    findings.check(defined, Rule::Authorizer, "Api", "routes need an authorizer by default");
    for (method, path, authorizer) in routes(project) {
        let expected = if is_public(path) { Some("NONE") } else { None };
        findings.check(
            authorizer == expected,
            Rule::Authorizer,
            &format!("{method} {path}"),
            "only the redirect, the documents, the pages and what comes before an account are public, and nothing else has an authorizer of its own",
        );
    }
}

fn is_public(path: &str) -> bool {
    path == REDIRECT || DOCUMENTS.contains(&path) || PAGES.contains(&path) || OPEN.contains(&path)
}

fn throttling(project: &Project, api: &Value, findings: &mut Findings) {
    let settings = list(&api["MethodSettings"]);
    let everything = settings.iter().any(|setting| setting["ResourcePath"] == "/*" && setting["HttpMethod"] == "*");
    findings.check(everything, Rule::Throttling, "Api", "the stage has no limit for all routes");
    for setting in settings {
        let (rate, burst) = (&setting["ThrottlingRateLimit"], &setting["ThrottlingBurstLimit"]);
        let path = setting["ResourcePath"].as_str().unwrap_or("");
        findings.check(rate.is_number() && burst.is_number(), Rule::Throttling, path, "sets no limit");
        let method = setting["HttpMethod"].as_str().unwrap_or("");
        let exists =
            path == "/*" || routes(project).iter().any(|(known, route, _)| takes(known, method) && pattern(route) == path);
        findings.check(exists, Rule::Throttling, path, "limits a route that does not exist");
    }
    // Anybody may call them, again and again.
    for (method, path, _) in routes(project).into_iter().filter(|(_, path, _)| is_public(path)) {
        let pattern = pattern(path);
        let methods = if method == "ANY" { &OF_PAGES[..] } else { &[method] };
        let limited = methods.iter().all(|method| {
            settings.iter().any(|setting| setting["ResourcePath"] == *pattern && setting["HttpMethod"] == *method)
        });
        findings.check(limited, Rule::Throttling, path, "is public and has no limit of its own");
    }
}

/// A route as the settings of a stage have it: every slash but the first is `~1`, and the root is a slash alone.
fn pattern(route: &str) -> String {
    if route == "/" { route.to_owned() } else { format!("/{}", route.replace('/', "~1")) }
}
