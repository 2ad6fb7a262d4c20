//! Consumers and their queues.

use serde_json::{Value, json};

use super::project::{Function, is_attribute, list, mentioned, reference};
use super::{Findings, Project, Rule};

/// SQS keeps messages no longer than 14 days.
const FOURTEEN_DAYS: u64 = 14 * 24 * 60 * 60;

pub fn check(project: &Project, findings: &mut Findings) {
    for function in project.functions().filter(Function::is_consumer) {
        for (event, source) in function.events("SQS") {
            event_source(&function, event, source, findings);
            visibility(project, &function, source, findings);
        }
        dead_letters(project, &function, findings);
    }
    for (id, subscription) in project.resources("AWS::SNS::Subscription") {
        if subscription["Properties"]["Protocol"] == "sqs" {
            subscribed(id, &subscription["Properties"], findings);
        }
    }
    queue_policies(project, findings);
    schedules(project, findings);
}

fn event_source(function: &Function<'_>, event: &str, source: &Value, findings: &mut Findings) {
    findings.check(
        list(&source["FunctionResponseTypes"]).contains(&json!("ReportBatchItemFailures")),
        Rule::PartialResponses,
        function.id,
        &format!("{event}: without ReportBatchItemFailures one bad record returns the whole batch"),
    );
    let reads_files = function.properties["Environment"]["Variables"].get("UPLOAD_BUCKET").is_some();
    findings.check(
        !reads_files || source["BatchSize"] == 1,
        Rule::FileBatch,
        function.id,
        "a file that kills the process takes the rest of its batch along",
    );
}

fn visibility(project: &Project, function: &Function<'_>, source: &Value, findings: &mut Findings) {
    let queue = format!("{}Queue", function.name);
    findings.check(
        is_attribute(&source["Queue"], &queue, "Arn"),
        Rule::DeadLetterQueue,
        function.id,
        &format!("must consume {queue}, the queue named after it"),
    );
    let window = source["MaximumBatchingWindowInSeconds"].as_u64().unwrap_or(0);
    let needed = function.timeout.saturating_mul(6).saturating_add(window);
    let seconds = project.properties(&queue)["VisibilityTimeout"].as_u64().unwrap_or(0);
    findings.check(
        seconds >= needed,
        Rule::Visibility,
        &queue,
        &format!("invisible for {seconds} s, but six timeouts and the window are {needed} s"),
    );
}

fn dead_letters(project: &Project, function: &Function<'_>, findings: &mut Findings) {
    let (queue, dead) = (format!("{}Queue", function.name), format!("{}DeadLetterQueue", function.name));
    let redrive = &project.properties(&queue)["RedrivePolicy"];
    findings.check(
        is_attribute(&redrive["deadLetterTargetArn"], &dead, "Arn"),
        Rule::DeadLetterQueue,
        &queue,
        &format!("must hand over to {dead}"),
    );
    findings.check(
        redrive.is_null() || redrive["maxReceiveCount"] == 5,
        Rule::ReceiveCount,
        &queue,
        "a message is tried five times: fewer lose it to throttling, more delay the alarm",
    );
    findings.check(
        project.properties(&dead)["MessageRetentionPeriod"] == FOURTEEN_DAYS,
        Rule::DeadLetterQueue,
        &dead,
        "must keep messages for 14 days",
    );
}

fn subscribed(id: &str, subscription: &Value, findings: &mut Findings) {
    let mut check = |holds, reason: &str| findings.check(holds, Rule::Subscription, id, reason);
    check(subscription["RawMessageDelivery"] == true, "must deliver raw messages");
    let endpoint = subscription["Endpoint"]["Fn::GetAtt"][0].as_str().unwrap_or("");
    let dead = endpoint.strip_suffix("Queue").map(|name| format!("{name}DeadLetterQueue")).unwrap_or_default();
    check(
        is_attribute(&subscription["RedrivePolicy"]["deadLetterTargetArn"], &dead, "Arn"),
        "SNS gives up at once when a queue refuses: it needs the consumer's dead-letter queue",
    );
}

/// Who may put messages into a queue: `(queue, what feeds it)`.
fn feeds(project: &Project) -> Vec<(&str, &str)> {
    let mut feeds = Vec::new();
    for (_, subscription) in project.resources("AWS::SNS::Subscription") {
        let properties = &subscription["Properties"];
        let Some(topic) = reference(&properties["TopicArn"]) else { continue };
        let queues = [&properties["Endpoint"], &properties["RedrivePolicy"]];
        feeds.extend(queues.into_iter().flat_map(mentioned).filter(|id| id.ends_with("Queue")).map(|queue| (queue, topic)));
    }
    for (bucket, resource) in project.resources("AWS::S3::Bucket") {
        let notification = &resource["Properties"]["NotificationConfiguration"];
        feeds.extend(mentioned(notification).into_iter().map(|queue| (queue, bucket)));
    }
    feeds
}

fn queue_policies(project: &Project, findings: &mut Findings) {
    let policies: Vec<_> = project.resources("AWS::SQS::QueuePolicy").map(|(id, policy)| (id, &policy["Properties"])).collect();
    for (id, policy) in &policies {
        for statement in list(&policy["PolicyDocument"]["Statement"]) {
            let source = &statement["Condition"]["ArnEquals"]["aws:SourceArn"];
            let narrow = !source.is_null() && statement["Action"] == "sqs:SendMessage";
            findings.check(narrow, Rule::QueuePolicy, id, "must allow sending only, and to one aws:SourceArn");
        }
    }
    for (queue, source) in feeds(project) {
        let allowed = policies.iter().any(|(_, policy)| {
            let covers = list(&policy["Queues"]).iter().any(|listed| reference(listed) == Some(queue));
            let allows = list(&policy["PolicyDocument"]["Statement"]).iter().any(|statement| {
                mentioned(&statement["Resource"]).contains(queue) && comes_from(&statement["Condition"], source)
            });
            covers && allows
        });
        findings.check(allowed, Rule::QueuePolicy, queue, &format!("does not let {source} in"));
    }
}

/// Whether the condition lets the topic or bucket in. A bucket's ARN is spelled out, since the bucket waits for the policy.
fn comes_from(condition: &Value, source: &str) -> bool {
    let arn = &condition["ArnEquals"]["aws:SourceArn"];
    reference(arn) == Some(source)
        || arn["Fn::Sub"].as_str().is_some_and(|arn| source == "UploadBucket" && arn.contains(":s3:::"))
}

fn schedules(project: &Project, findings: &mut Findings) {
    for function in project.functions() {
        for (event, schedule) in function.events("Schedule") {
            let retries = &schedule["RetryPolicy"];
            let limited = retries.get("MaximumRetryAttempts").is_some() && retries.get("MaximumEventAgeInSeconds").is_some();
            findings.check(limited, Rule::Schedule, function.id, &format!("{event} is retried for a day by default"));
        }
    }
}
