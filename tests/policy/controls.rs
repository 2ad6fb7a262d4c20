//! Ways to spoil what the template says about access and about the API. The other ways stand beside the tests.

use serde_json::json;

use super::{Example, Project, Rule};

/// One way to spoil the project, and the rule that must notice.
pub struct Control {
    /// The rule.
    pub rule: Rule,
    /// The way in words.
    pub spoiled_by: &'static str,
    /// The way.
    pub spoil: fn(&mut Project),
}

/// A way to spoil the project.
pub const fn control(rule: Rule, spoiled_by: &'static str, spoil: fn(&mut Project)) -> Control {
    Control { rule, spoiled_by, spoil }
}

/// Roles and policies.
pub const ACCESS: &[Control] = &[
    control(Rule::OwnRole, "the role of a neighbour", |project| {
        project.set("/Resources/StatsFunction/Properties/Role", json!({"Fn::GetAtt": ["GroupsRole", "Arn"]}));
    }),
    control(Rule::OwnRole, "the role that SAM would make", |project| {
        project.remove("/Resources/StatsFunction/Properties/Role");
    }),
    control(Rule::OwnRole, "a managed policy of AWS", |project| {
        let policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole";
        project.set("/Resources/GrantPointsRole/Properties/ManagedPolicyArns/-", json!(policy));
    }),
    control(Rule::LeastPrivilege, "every action of a service", |project| {
        project.set("/Resources/SendRole/Properties/Policies/0/PolicyDocument/Statement/1/Action", json!("sns:*"));
    }),
    control(Rule::LeastPrivilege, "every resource", |project| {
        let resources = json!([{"Ref": "CampaignRequestedTopic"}, {"Ref": "BundlePreparedTopic"}, "*"]);
        project.set("/Resources/SendRole/Properties/Policies/0/PolicyDocument/Statement/1/Resource", resources);
    }),
    control(Rule::LeastPrivilege, "every object of the bucket", |project| {
        let everything = json!({"Fn::Sub": "${UploadBucket.Arn}/*"});
        project.set("/Resources/BulkImportRole/Properties/Policies/0/PolicyDocument/Statement/1/Resource", everything);
    }),
    control(Rule::LeastPrivilege, "everything but one action", |project| {
        let statement = "/Resources/SendRole/Properties/Policies/0/PolicyDocument/Statement/1/NotAction";
        project.set(statement, json!("sns:DeleteTopic"));
    }),
    control(Rule::LeastPrivilege, "a wildcard in the policy of all", |project| {
        let choice = "/Resources/DatabasePolicy/Properties/PolicyDocument/Statement/0/Fn::If/2/Resource";
        project.set(choice, json!("arn:aws:secretsmanager:*:*:secret:*"));
    }),
    control(Rule::LeastPrivilege, "uploads handed out to people", |project| {
        let uploads = json!({"Fn::Sub": "${UploadBucket.Arn}/imports/*"});
        let statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": uploads});
        project.set("/Resources/CustomersRole/Properties/Policies/0/PolicyDocument/Statement/-", statement);
    }),
    control(Rule::PublicDocuments, "documents with a way into the database", |project| {
        project.set("/Resources/ApiDocsRole/Properties/ManagedPolicyArns/-", json!({"Ref": "DatabasePolicy"}));
        // Its connections shall not be what is wrong.
        project.set("/Resources/ApiDocsFunction/Properties/ReservedConcurrentExecutions", json!(1));
    }),
    control(Rule::PublicDocuments, "documents with a way to downloads", |project| {
        let downloads = json!({"Fn::Sub": "${UploadBucket.Arn}/exports/*"});
        let statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": downloads});
        project.set(
            "/Resources/ApiDocsFunction/Properties/Environment",
            json!({"Variables": {"UPLOAD_BUCKET": {"Ref": "UploadBucket"}}}),
        );
        project.set("/Resources/ApiDocsRole/Properties/Policies/0/PolicyDocument/Statement/-", statement);
    }),
    control(Rule::Pages, "pages with a way into the database", |project| {
        project.set("/Resources/ConsoleRole/Properties/ManagedPolicyArns/-", json!({"Ref": "DatabasePolicy"}));
        // Its connections shall not be what is wrong.
        project.set("/Resources/ConsoleFunction/Properties/ReservedConcurrentExecutions", json!(1));
    }),
    control(Rule::Pages, "pages with a way to accounts", |project| {
        let statement =
            json!({"Effect": "Allow", "Action": "cognito-idp:AdminGetUser", "Resource": {"Fn::GetAtt": ["UserPool", "Arn"]}});
        project.set("/Resources/ConsoleRole/Properties/Policies/0/PolicyDocument/Statement/-", statement);
        let variables = "/Resources/ConsoleFunction/Properties/Environment/Variables";
        project.set(&format!("{variables}/USER_POOL_ID"), json!({"Ref": "UserPool"}));
    }),
    control(Rule::Pages, "a function that can say for whom it asks, as the console can", |project| {
        let statement =
            json!({"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": {"Ref": "ConsoleSecret"}});
        project.set("/Resources/StatsRole/Properties/Policies/0/PolicyDocument/Statement/-", statement);
        let variables = json!({"Variables": {"CONSOLE_SECRET_ARN": {"Ref": "ConsoleSecret"}}});
        project.set("/Resources/StatsFunction/Properties/Environment", variables);
    }),
    control(Rule::UnusedGrant, "a topic that the function does not know", |project| {
        let statement = json!({"Effect": "Allow", "Action": "sns:Publish", "Resource": {"Ref": "PointsEarnedTopic"}});
        project.set("/Resources/StatsRole/Properties/Policies/0/PolicyDocument/Statement/-", statement);
    }),
    control(Rule::MissingGrant, "a topic that the function may not publish to", |project| {
        project.remove("/Resources/SendRole/Properties/Policies/0/PolicyDocument/Statement/1");
    }),
    control(Rule::MissingGrant, "the address of the bucket, in a function that shows it to no browser", |project| {
        let variables = json!({"Variables": {"UPLOADS_URL": {"Fn::Sub": "${UploadOrigin}/${UploadBucket}/"}}});
        project.set("/Resources/StatsFunction/Properties/Environment", variables);
    }),
    control(Rule::MissingGrant, "a queue that the function may not read", |project| {
        project.remove("/Resources/GrantPointsRole/Properties/Policies/0/PolicyDocument/Statement/1");
    }),
    control(Rule::ConditionalAccess, "a VPC for everybody", |project| {
        project.set("/Globals/Function/VpcConfig", json!({"SubnetIds": {"Ref": "PrivateSubnetIds"}}));
    }),
    control(Rule::ConditionalAccess, "network interfaces without a VPC", |project| {
        project.remove("/Resources/NetworkPolicy/Condition");
    }),
    control(Rule::ConditionalAccess, "network interfaces for one role, always", |project| {
        project.set("/Resources/SendRole/Properties/ManagedPolicyArns/-", json!({"Ref": "NetworkPolicy"}));
    }),
    control(Rule::ConditionalAccess, "tokens for the database, always", |project| {
        let statement = json!({"Effect": "Allow", "Action": "rds-db:connect", "Resource": "arn:aws:rds-db:::dbuser:db/user"});
        project.set("/Resources/DatabasePolicy/Properties/PolicyDocument/Statement/-", statement);
    }),
];

/// The API and sign-in.
pub const API: &[Control] = &[
    control(Rule::Authorizer, "a public route besides the redirect", |project| {
        let auth = json!({"Authorizer": "NONE"});
        project.set("/Resources/StatsFunction/Properties/Events/ShowStats/Properties/Auth", auth);
    }),
    control(Rule::Authorizer, "a redirect that wants a token", |project| {
        project.remove("/Resources/TrackClickFunction/Properties/Events/OpenLink/Properties/Auth");
    }),
    control(Rule::Authorizer, "documents that want a token", |project| {
        project.remove("/Resources/ApiDocsFunction/Properties/Events/ShowDocs/Properties/Auth");
    }),
    control(Rule::Authorizer, "pages for those alone who are signed in", |project| {
        project.remove("/Resources/ConsoleFunction/Properties/Events/Everything/Properties/Auth");
    }),
    control(Rule::Authorizer, "no authorizer by default", |project| {
        project.remove("/Resources/Api/Properties/Auth/DefaultAuthorizer");
    }),
    control(Rule::ExampleRequest, "a route without an example", |project| {
        project.examples.retain(|example| example.route != "/v1/stats/series");
    }),
    control(Rule::ExampleRequest, "an example of a route that is gone", |project| {
        let [folder, method, route, path] = ["send", "POST", "/v1/gone", "/v1/gone"].map(str::to_owned);
        project.examples.insert(Example { folder, method, route, path });
    }),
    control(Rule::ExampleRequest, "an example whose path is another route's", |project| {
        let [folder, method, route, path] = ["send", "GET", "/v1/campaigns/{campaignId}", "/v1/campaigns/"].map(str::to_owned);
        project.examples.insert(Example { folder, method, route, path });
    }),
    control(Rule::ExampleRequest, "pages without an example", |project| {
        project.examples.retain(|example| example.route != "/{proxy+}");
    }),
    control(Rule::ExampleRequest, "an example that is of no page's method", |project| {
        let [folder, method, route, path] = ["console", "TRACE", "/{proxy+}", "/sign-in"].map(str::to_owned);
        project.examples.insert(Example { folder, method, route, path });
    }),
    control(Rule::Throttling, "no limit", |project| project.remove("/Resources/Api/Properties/MethodSettings/0")),
    control(Rule::Throttling, "a limit of a route that is gone", |project| {
        project.set("/Resources/Api/Properties/MethodSettings/1/ResourcePath", json!("/~1gone"));
    }),
    control(Rule::Throttling, "a public route that shares the limit of all", |project| {
        let settings = project.template["Resources"]["Api"]["Properties"]["MethodSettings"].as_array_mut().expect("a list");
        settings.retain(|setting| setting["ResourcePath"] != "/~1docs");
    }),
    control(Rule::Throttling, "forms that share the limit of all", |project| {
        let settings = project.template["Resources"]["Api"]["Properties"]["MethodSettings"].as_array_mut().expect("a list");
        settings.retain(|setting| setting["ResourcePath"] != "/~1{proxy+}" || setting["HttpMethod"] != "POST");
    }),
    control(Rule::Throttling, "a first page that shares the limit of all", |project| {
        let settings = project.template["Resources"]["Api"]["Properties"]["MethodSettings"].as_array_mut().expect("a list");
        settings.retain(|setting| setting["ResourcePath"] != "/" || setting["HttpMethod"] != "GET");
    }),
    control(Rule::AccessLog, "no access log", |project| project.remove("/Resources/Api/Properties/AccessLogSetting")),
    control(Rule::AccessLog, "addresses in the access log", |project| {
        let format = "$context.requestId $context.identity.sourceIp";
        project.set("/Resources/Api/Properties/AccessLogSetting/Format", json!(format));
    }),
    control(Rule::AccessLog, "link tokens in the access log", |project| {
        project.set("/Resources/Api/Properties/AccessLogSetting/Format", json!("$context.requestId $context.path"));
    }),
    control(Rule::GatewayResponse, "an error of the gateway's own shape", |project| {
        project.remove("/Resources/Api/Properties/GatewayResponses/THROTTLED");
    }),
    control(Rule::BinaryMedia, "pictures only for those who accept nothing else", |project| {
        project.set("/Resources/Api/Properties/BinaryMediaTypes", json!(["image~1png"]));
    }),
    control(Rule::Authorizer, "QR codes for those who are signed in", |project| {
        project.remove("/Resources/ReferralCodesFunction/Properties/Events/DrawInvitation/Properties/Auth");
    }),
    control(Rule::UserPool, "a sign-in that tells who has an account", |project| {
        project.remove("/Resources/UserPoolClient/Properties/PreventUserExistenceErrors");
    }),
    control(Rule::UserPool, "a client whom anybody can use, past the API", |project| {
        project.set("/Resources/UserPoolClient/Properties/GenerateSecret", json!(false));
    }),
    control(Rule::LeastPrivilege, "a role of its own for text messages that may do more", |project| {
        let actions = json!(["sns:Publish", "sns:CreateTopic"]);
        project.set("/Resources/PhoneVerificationRole/Properties/Policies/0/PolicyDocument/Statement/0/Action", actions);
    }),
    control(Rule::UserPool, "a role for text messages that goes when they are switched off", |project| {
        project.set("/Resources/PhoneVerificationRole/Condition", json!("ProvesPhones"));
    }),
    control(Rule::UserPool, "a short password", |project| {
        project.set("/Resources/UserPool/Properties/Policies/PasswordPolicy/MinimumLength", json!(6));
    }),
];
