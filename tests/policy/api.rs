//! The API and sign-in.

use serde_json::Value;

use super::project::{entries, list};
use super::{Findings, Project, Rule};

/// The one route that people without an account open.
const PUBLIC_PATH: &str = "/c/{token}";

/// What an access log may not hold: addresses, agents, claims, and paths with ids and link tokens in them.
const PERSONAL: [&str; 4] = ["$context.identity", "$context.authorizer", "$context.path", "$context.customDomain"];

/// What API Gateway answers by itself, and must answer as a problem document.
const PROBLEMS: [&str; 5] = ["UNAUTHORIZED", "ACCESS_DENIED", "THROTTLED", "DEFAULT_4XX", "DEFAULT_5XX"];

pub fn check(project: &Project, findings: &mut Findings) {
    let api = project.properties("Api");
    authorizers(project, api, findings);
    throttling(project, api, findings);

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
        findings.check(silent, Rule::UserPool, id, "tells strangers who has an account");
    }
    for (id, pool) in project.resources("AWS::Cognito::UserPool") {
        let length = pool["Properties"]["Policies"]["PasswordPolicy"]["MinimumLength"].as_u64();
        findings.check(length.is_some_and(|length| length >= 12), Rule::UserPool, id, "takes short passwords");
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

fn authorizers(project: &Project, api: &Value, findings: &mut Findings) {
    let default = api["Auth"]["DefaultAuthorizer"].as_str();
    let defined = default.is_some_and(|name| entries(&api["Auth"]["Authorizers"]).any(|(known, _)| known == name));
    findings.check(defined, Rule::Authorizer, "Api", "routes need an authorizer by default");
    for (method, path, authorizer) in routes(project) {
        let expected = if path == PUBLIC_PATH { Some("NONE") } else { None };
        findings.check(
            authorizer == expected,
            Rule::Authorizer,
            &format!("{method} {path}"),
            "only the redirect is public, and nothing else has an authorizer of its own",
        );
    }
}

fn throttling(project: &Project, api: &Value, findings: &mut Findings) {
    let settings = list(&api["MethodSettings"]);
    let everything = settings.iter().any(|setting| setting["ResourcePath"] == "/*" && setting["HttpMethod"] == "*");
    findings.check(everything, Rule::Throttling, "Api", "the stage has no limit for all routes");
    for setting in settings {
        let (rate, burst) = (&setting["ThrottlingRateLimit"], &setting["ThrottlingBurstLimit"]);
        let path = setting["ResourcePath"].as_str().unwrap_or("");
        findings.check(rate.is_number() && burst.is_number(), Rule::Throttling, path, "sets no limit");
        // API Gateway wants every slash but the first as ~1.
        let plain = path.strip_prefix('/').unwrap_or(path).replace("~1", "/");
        let exists = path == "/*"
            || routes(project).iter().any(|(method, route, _)| setting["HttpMethod"] == *method && *route == plain);
        findings.check(exists, Rule::Throttling, path, "limits a route that does not exist");
    }
}
