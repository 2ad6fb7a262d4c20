//! What keeps data: topics, queues, the bucket, secrets, accounts.

use std::collections::BTreeSet;

use serde_json::json;

use super::project::{list, mentioned, reference};
use super::{Findings, Project, Rule};

pub fn check(project: &Project, findings: &mut Findings) {
    for (id, queue) in project.resources("AWS::SQS::Queue") {
        findings.check(queue["Properties"]["SqsManagedSseEnabled"] == true, Rule::Encryption, id, "is not encrypted");
    }
    for (id, topic) in project.resources("AWS::SNS::Topic") {
        // CloudWatch may not use the key of SNS, and an alarm says nothing about people.
        let is_told_alarms = project
            .resources("AWS::CloudWatch::Alarm")
            .any(|(_, alarm)| list(&alarm["Properties"]["AlarmActions"]).iter().any(|action| reference(action) == Some(id)));
        let encrypted = topic["Properties"].get("KmsMasterKeyId").is_some();
        findings.check(encrypted || is_told_alarms, Rule::Encryption, id, "is not encrypted");
    }
    buckets(project, findings);
    for id in ["LinkSecret", "UserPool"] {
        let resource = &project.template["Resources"][id];
        let kept = resource["DeletionPolicy"] == "Retain" && resource["UpdateReplacePolicy"] == "Retain";
        findings.check(kept, Rule::Retained, id, "cannot be made again, so it must survive the stack");
    }
}

fn buckets(project: &Project, findings: &mut Findings) {
    for (id, bucket) in project.resources("AWS::S3::Bucket") {
        let mut check = |holds, reason: &str| findings.check(holds, Rule::Bucket, id, reason);
        let properties = &bucket["Properties"];
        check(properties.get("BucketEncryption").is_some(), "is not encrypted");
        let private = json!({"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true});
        check(properties["PublicAccessBlockConfiguration"] == private, "can be made public");
        let forgets = list(&properties["LifecycleConfiguration"]["Rules"])
            .iter()
            .any(|rule| rule["Status"] == "Enabled" && rule["ExpirationInDays"].as_u64().is_some_and(|days| days <= 30));
        check(forgets, "keeps personal data for ever");
        for prefix in written(project, id) {
            let forgets = list(&properties["LifecycleConfiguration"]["Rules"]).iter().any(|rule| rule["Prefix"] == *prefix);
            check(forgets, &format!("keeps what is written below {prefix} for ever"));
        }
        let tls_only = project.resources("AWS::S3::BucketPolicy").any(|(_, policy)| {
            let policy = &policy["Properties"];
            reference(&policy["Bucket"]) == Some(id)
                && list(&policy["PolicyDocument"]["Statement"]).iter().any(|statement| {
                    statement["Effect"] == "Deny"
                        && statement["Condition"]["Bool"]["aws:SecureTransport"] == "false"
                        && mentioned(&statement["Resource"]).contains(id)
                })
        });
        check(tls_only, "answers without TLS");
    }
}

/// The prefixes below which functions may write to the bucket.
fn written(project: &Project, bucket: &str) -> BTreeSet<String> {
    let arn = format!("${{{bucket}.Arn}}/");
    project
        .resources("AWS::IAM::Role")
        .flat_map(|(_, role)| list(&role["Properties"]["Policies"]))
        .flat_map(|policy| list(&policy["PolicyDocument"]["Statement"]))
        .filter(|statement| list(&statement["Action"]).iter().any(|action| action == "s3:PutObject"))
        .flat_map(|statement| list(&statement["Resource"]))
        .filter_map(|resource| Some(resource["Fn::Sub"].as_str()?.strip_prefix(&arn)?.trim_end_matches('*').to_owned()))
        .filter(|prefix| !prefix.is_empty())
        .collect()
}
