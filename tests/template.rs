//! The template holds what the project promises: dead-letter queues, alarms, partial responses, least privilege.
//!
//! Each rule has a negative control: the template is spoiled in memory, and exactly that rule must object.

mod policy;

use std::collections::BTreeSet;

use policy::controls::{ACCESS, API, Control, control};
use policy::{Project, Rule, violations};
use serde_json::json;

const FUNCTIONS: &[Control] = &[
    control(Rule::FunctionFolder, "a folder without a function", |project| {
        project.function_folders.insert("forgotten".to_owned());
    }),
    control(Rule::FunctionFolder, "a function without a folder", |project| {
        project.function_folders.remove("send");
    }),
    control(Rule::FunctionFolder, "a function that runs another's binary", |project| {
        project.set("/Resources/StatsFunction/Properties/CodeUri", json!("target/lambda/send/"));
        project.function_folders.remove("stats");
        project.event_folders.remove("stats");
    }),
    control(Rule::EventFolder, "events of no function", |project| {
        project.event_folders.insert("forgotten".to_owned());
    }),
    control(Rule::Runtime, "another runtime for all", |project| {
        project.set("/Globals/Function/Runtime", json!("provided.al2"));
    }),
    control(Rule::Runtime, "an architecture of its own", |project| {
        project.set("/Resources/SendFunction/Properties/Architectures", json!(["x86_64"]));
    }),
    control(Rule::Unwind, "release binaries that abort", |project| {
        project.manifest = project.manifest.replace("panic = \"unwind\"", "panic = \"abort\"");
    }),
    control(Rule::LogRetention, "a log group that never forgets", |project| {
        project.remove("/Resources/SendLogGroup/Properties/RetentionInDays");
    }),
    control(Rule::LogRetention, "a function without a log group", |project| {
        project.remove("/Resources/SendFunction/Properties/LoggingConfig");
        project.remove("/Resources/SendRole/Properties/Policies/0/PolicyDocument/Statement/0");
    }),
    control(Rule::HttpTimeout, "an HTTP function slower than API Gateway waits", |project| {
        project.set("/Resources/TemplatesFunction/Properties/Timeout", json!(30));
    }),
    control(Rule::HttpTimeout, "a slow default for all", |project| project.set("/Globals/Function/Timeout", json!(60))),
    control(Rule::TopicVariable, "a topic under another name", |project| {
        let topic = json!({"Ref": "CampaignRequestedTopic"});
        project.remove("/Resources/SendFunction/Properties/Environment/Variables/CAMPAIGN_REQUESTED_TOPIC_ARN");
        project.set("/Resources/SendFunction/Properties/Environment/Variables/TOPIC_ARN", topic);
    }),
    control(Rule::Unbounded, "an HTTP function that may take every connection", |project| {
        project.remove("/Resources/SendFunction/Properties/ReservedConcurrentExecutions");
    }),
    control(Rule::MaximumConcurrency, "a consumer that may take every connection", |project| {
        project.remove("/Resources/DeliverBundleFunction/Properties/Events/DeliverBundleQueue/Properties/ScalingConfig");
    }),
    control(Rule::ReservedConsumer, "reserved concurrency on a consumer", |project| {
        project.set("/Resources/GrantPointsFunction/Properties/ReservedConcurrentExecutions", json!(2));
    }),
    control(Rule::ConcurrencyBudget, "one consumer far over the budget", |project| {
        let scaling = "/Resources/DeliverBundleFunction/Properties/Events/DeliverBundleQueue/Properties/ScalingConfig";
        project.set(&format!("{scaling}/MaximumConcurrency"), json!(50));
    }),
    control(Rule::ConcurrencyBudget, "a consumer with many connections", |project| {
        let variables = "/Resources/ParseImportFunction/Properties/Environment/Variables";
        project.set(&format!("{variables}/DATABASE_CONNECTIONS"), json!("10"));
    }),
    control(Rule::ConcurrencyBudget, "more for every HTTP function", |project| {
        project.set("/Parameters/HttpConcurrency/Default", json!(10));
    }),
];

const QUEUES: &[Control] = &[
    control(Rule::DeadLetterQueue, "a queue without a dead-letter queue", |project| {
        project.remove("/Resources/GrantPointsQueue/Properties/RedrivePolicy");
    }),
    control(Rule::DeadLetterQueue, "the dead-letter queue of a neighbour", |project| {
        let neighbour = json!({"Fn::GetAtt": ["RecordClicksDeadLetterQueue", "Arn"]});
        project.set("/Resources/GrantPointsQueue/Properties/RedrivePolicy/deadLetterTargetArn", neighbour);
    }),
    control(Rule::DeadLetterQueue, "a dead-letter queue that forgets within four days", |project| {
        project.remove("/Resources/GrantPointsDeadLetterQueue/Properties/MessageRetentionPeriod");
    }),
    control(Rule::ReceiveCount, "a single try", |project| {
        project.set("/Resources/GrantPointsQueue/Properties/RedrivePolicy/maxReceiveCount", json!(1));
    }),
    control(Rule::PartialResponses, "answers for the whole batch", |project| {
        let source = "/Resources/GrantPointsFunction/Properties/Events/GrantPointsQueue/Properties";
        project.remove(&format!("{source}/FunctionResponseTypes"));
    }),
    control(Rule::Visibility, "a visibility below six timeouts", |project| {
        project.set("/Resources/DeliverBundleQueue/Properties/VisibilityTimeout", json!(359));
    }),
    control(Rule::Visibility, "a visibility without the batching window", |project| {
        project.set("/Resources/GrantPointsQueue/Properties/VisibilityTimeout", json!(120));
    }),
    control(Rule::Visibility, "a longer timeout", |project| {
        project.set("/Resources/GrantPointsFunction/Properties/Timeout", json!(60));
    }),
    control(Rule::FileBatch, "several files at once", |project| {
        project.set("/Resources/ParseImportFunction/Properties/Events/ParseImportQueue/Properties/BatchSize", json!(10));
    }),
    control(Rule::Subscription, "a subscription that drops what it cannot deliver", |project| {
        project.remove("/Resources/GrantPointsSubscription/Properties/RedrivePolicy");
    }),
    control(Rule::Subscription, "a subscription that wraps its messages", |project| {
        project.remove("/Resources/GrantPointsSubscription/Properties/RawMessageDelivery");
    }),
    control(Rule::QueuePolicy, "a queue that every topic may fill", |project| {
        let statement = "/Resources/GrantPointsQueuePolicy/Properties/PolicyDocument/Statement/0";
        project.set(&format!("{statement}/Condition"), json!({}));
    }),
    control(Rule::QueuePolicy, "a queue that its topic may not fill", |project| {
        let arn = "/Resources/GrantPointsQueuePolicy/Properties/PolicyDocument/Statement/0/Condition/ArnEquals/aws:SourceArn";
        project.set(arn, json!({"Ref": "BundleAcceptedTopic"}));
    }),
    control(Rule::QueuePolicy, "a dead-letter queue closed to the topic", |project| {
        project.remove("/Resources/GrantPointsQueuePolicy/Properties/Queues/1");
    }),
    control(Rule::QueuePolicy, "a queue closed to the bucket", |project| {
        project.remove("/Resources/ParseImportQueuePolicy");
    }),
    control(Rule::QueuePolicy, "a queue of the bucket closed to its topic", |project| {
        project.remove("/Resources/ParseImportQueuePolicy/Properties/PolicyDocument/Statement/1");
    }),
    control(Rule::Schedule, "a schedule that is retried for a day", |project| {
        project.remove("/Resources/ReconcileFunction/Properties/Events/EveryMinute/Properties/RetryPolicy");
    }),
];

const ALARMS: &[Control] = &[
    control(Rule::DeadLetterAlarm, "an alarm on the messages sent", |project| {
        project.set("/Resources/GrantPointsDeadLetterAlarm/Properties/MetricName", json!("NumberOfMessagesSent"));
    }),
    control(Rule::DeadLetterAlarm, "an alarm on the wrong queue", |project| {
        let queue = json!({"Fn::GetAtt": ["GrantPointsQueue", "QueueName"]});
        project.set("/Resources/GrantPointsDeadLetterAlarm/Properties/Dimensions/0/Value", queue);
    }),
    control(Rule::DeadLetterAlarm, "an alarm that waits for ten", |project| {
        project.set("/Resources/GrantPointsDeadLetterAlarm/Properties/Threshold", json!(10));
    }),
    control(Rule::DeadLetterAlarm, "no alarm", |project| {
        project.remove("/Resources/GrantPointsDeadLetterAlarm");
        project.runbooks.remove("grant-points-dead-letter.md");
    }),
    control(Rule::DelayAlarm, "no alarm on the oldest message", |project| project.remove("/Resources/GrantPointsDelayAlarm")),
    control(Rule::Schedule, "a schedule whose errors nobody sees", |project| {
        project.set("/Resources/RelayOutboxErrorsAlarm/Properties/MetricName", json!("Invocations"));
    }),
    control(Rule::Runbook, "an alarm that tells nobody", |project| {
        project.remove("/Resources/GrantPointsDelayAlarm/Properties/AlarmActions");
    }),
    control(Rule::Runbook, "an alarm without a runbook", |project| {
        project.set("/Resources/GrantPointsDelayAlarm/Properties/AlarmDescription", json!("Messages wait."));
    }),
    control(Rule::Runbook, "a runbook that is gone", |project| {
        project.runbooks.remove("queue-delay.md");
    }),
    control(Rule::OrphanRunbook, "a runbook without an alarm", |project| {
        project.runbooks.insert("forgotten.md".to_owned());
    }),
];

const STORAGE: &[Control] = &[
    control(Rule::Encryption, "a queue in plain text", |project| {
        project.set("/Resources/GrantPointsQueue/Properties/SqsManagedSseEnabled", json!(false));
    }),
    control(Rule::Encryption, "a topic in plain text", |project| {
        project.remove("/Resources/PointsEarnedTopic/Properties/KmsMasterKeyId");
    }),
    control(Rule::Bucket, "a bucket in plain text", |project| {
        project.remove("/Resources/UploadBucket/Properties/BucketEncryption");
    }),
    control(Rule::Bucket, "a bucket that can be made public", |project| {
        let block = "/Resources/UploadBucket/Properties/PublicAccessBlockConfiguration";
        project.set(&format!("{block}/BlockPublicPolicy"), json!(false));
    }),
    control(Rule::Bucket, "a bucket that keeps files for ever", |project| {
        project.remove("/Resources/UploadBucket/Properties/LifecycleConfiguration");
    }),
    control(Rule::Bucket, "a bucket that keeps downloads for ever", |project| {
        project.remove("/Resources/UploadBucket/Properties/LifecycleConfiguration/Rules/1");
    }),
    control(Rule::Bucket, "a bucket that answers without TLS", |project| project.remove("/Resources/UploadBucketPolicy")),
    control(Rule::Retained, "a key that goes with the stack", |project| project.remove("/Resources/LinkSecret/DeletionPolicy")),
    control(Rule::Retained, "accounts that go when the pool is replaced", |project| {
        project.set("/Resources/UserPool/UpdateReplacePolicy", json!("Delete"));
    }),
];

fn controls() -> impl Iterator<Item = &'static Control> {
    [FUNCTIONS, ACCESS, QUEUES, ALARMS, API, STORAGE].into_iter().flatten()
}

#[test]
fn the_template_breaks_no_rule() {
    let broken: Vec<_> = violations(&Project::read()).iter().map(ToString::to_string).collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn a_spoiled_template_breaks_exactly_the_rule_meant() {
    let project = Project::read();
    let before = violations(&project);
    for Control { rule, spoiled_by, spoil } in controls() {
        let mut spoiled = project.clone();
        spoil(&mut spoiled);
        let after = violations(&spoiled);
        let broken: BTreeSet<_> =
            after.iter().filter(|violation| !before.contains(violation)).map(|found| found.rule).collect();
        assert_eq!(broken, BTreeSet::from([*rule]), "spoiled by {spoiled_by}: {after:#?}");
    }
}

#[test]
fn every_rule_has_a_negative_control() {
    let controlled: BTreeSet<_> = controls().map(|control| control.rule).collect();
    let uncontrolled: Vec<_> = Rule::ALL.into_iter().filter(|rule| !controlled.contains(rule)).collect();
    assert_eq!(uncontrolled, []);
}
